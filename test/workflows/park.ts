/** A worker with the real activities, and cases as their people see them. */
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { HazardCase, HazardReport, PersonCommand } from '../../domain/hazard.ts';
import { isClosed } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import { buildBundle } from '../../worker/build-bundle.ts';
import type { HazardActInput, HazardActResult } from '../../workflows/hazard-closure/messages.ts';
import { HAZARD_CLOSURE, hazardReportSignal, hazardUpdates } from '../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId } from '../../workflows/ids.ts';
import { PEOPLE, reportAt, SUBMIT, TRIAGE } from './people.ts';

export * from './people.ts';

Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR', forward: {} } } });

/** Starts a worker; the answer stops it and waits for its end. */
export const startWorker = async (connection: NativeConnection, activities: object, options: { bundle?: { codePath: string }; maxCachedWorkflows?: number } = {}): Promise<() => Promise<void>> => {
  const worker = await Worker.create({
    connection,
    taskQueue: CLOSURE_QUEUE,
    workflowBundle: options.bundle ?? (await buildBundle()),
    activities,
    maxCachedWorkflows: options.maxCachedWorkflows ?? 100,
    shutdownGraceTime: '5 seconds',
  });
  const ended = worker.run();
  return async () => {
    worker.shutdown();
    await ended;
  };
};

export class Case {
  readonly hazardId: string;
  readonly handle: WorkflowHandle;
  private readonly tenantId: string;
  private readonly client: Client;
  constructor(client: Client, hazardId: string, tenantId: string) {
    this.client = client;
    this.hazardId = hazardId;
    this.tenantId = tenantId;
    this.handle = client.workflow.getHandle(hazardClosureId(hazardId));
  }

  async report(report: HazardReport): Promise<void> {
    await this.client.workflow.signalWithStart(HAZARD_CLOSURE, {
      workflowId: hazardClosureId(this.hazardId), taskQueue: CLOSURE_QUEUE, args: [{ hazardId: this.hazardId, tenantId: this.tenantId }], signal: hazardReportSignal, signalArgs: [report],
    });
  }

  async act(actor: Actor, command: PersonCommand, commandId: string = randomUUID(), clientAt: number | null = null): Promise<HazardActResult> {
    const input: HazardActInput = { commandId, actor, clientAt, command };
    return await this.handle.executeUpdate<HazardActResult, [HazardActInput]>(hazardUpdates[command.name].name, { args: [input], updateId: commandId });
  }

  /** The code of the refusal, or null where the act was taken. */
  async refusal(actor: Actor, command: PersonCommand): Promise<string | null> {
    try {
      await this.act(actor, command);
      return null;
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) return (error.cause as ApplicationFailure).type ?? String(error.cause);
      throw error;
    }
  }

  state(): Promise<HazardCase | null> {
    return this.handle.query<HazardCase | null>('hazardState');
  }

  /** Waits until the case is closed; it may have look-backs to come. */
  closed(): Promise<HazardCase> {
    return this.until(isClosed);
  }

  /** Waits for a state of the case; the limit is generous and never a measure of speed. */
  async until(what: (c: HazardCase) => boolean, limitMs = 20_000): Promise<HazardCase> {
    const end = performance.now() + limitMs;
    for (;;) {
      const c = await this.state().catch(() => null);
      if (c && what(c)) return c;
      if (performance.now() > end) throw new Error(`the case did not come to it: ${JSON.stringify(c)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A report through the real intake, delivered to its workflow as the relay would. */
export const openCase = async (client: Client, database: Database, at: number, options: { tenantId?: string; report?: Partial<HazardReport>; policy?: ParkPolicy } = {}): Promise<Case> => {
  const tenantId = options.tenantId ?? 'ent-1';
  const taken = await database.pgTransaction({ scope: 'service' }, (tx) =>
    takeReport(tx, { tenantId, dedupeKey: randomUUID(), report: reportAt(at, options.report), policy: options.policy ?? DEFAULT_POLICY }),
  );
  const { rows } = await database.pool.query<{ message: HazardReport }>('SELECT message FROM hazard_report WHERE id = $1', [taken.reportId]);
  const found = new Case(client, taken.hazardId, tenantId);
  await found.report(rows[0]!.message);
  return found;
};

/** Brings a new case of an enterprise with one safety officer to the state. */
export const bringTo = async (found: Case, state: 'dispatched' | 'rectifying' | 'submitted'): Promise<HazardCase> => {
  await found.until((c) => c.state === 'reported');
  await found.act(PEOPLE.inspector, TRIAGE);
  let c = await found.until((x) => x.state === 'dispatched');
  if (state === 'dispatched') return c;
  c = (await found.act(PEOPLE.officer, { name: 'start' })).case;
  if (state === 'submitted') c = (await found.act(PEOPLE.officer, SUBMIT)).case;
  return c;
};
