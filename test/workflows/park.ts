/** A small park on a real database, a worker with the real activities, and the people of its cases. */
import { randomUUID } from 'node:crypto';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import type { NativeConnection } from '@temporalio/worker';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../activities/index.ts';
import type { HazardCase, HazardReport, PersonCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import { buildBundle } from '../../worker/build-bundle.ts';
import type { HazardActInput, HazardActResult } from '../../workflows/hazard-closure/messages.ts';
import { HAZARD_CLOSURE, hazardReportSignal, hazardUpdates } from '../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId } from '../../workflows/ids.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const photo = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg' };

export const PEOPLE = {
  inspector: { personId: 'p-inspector', role: 'inspector', orgId: 'park-office', orgKind: 'park_department', orgIds: ['park-office'] },
  office: { personId: 'p-office', role: 'emergency_office', orgId: 'park-office', orgKind: 'park_department', orgIds: ['park-office'] },
  officer: { personId: 'p-officer', role: 'enterprise_safety_officer', orgId: 'ent-1', orgKind: 'enterprise', orgIds: ['ent-1'] },
  colleague: { personId: 'p-colleague', role: 'enterprise_safety_officer', orgId: 'ent-2', orgKind: 'enterprise', orgIds: ['ent-2'] },
  colleague2: { personId: 'p-colleague2', role: 'enterprise_safety_officer', orgId: 'ent-2', orgKind: 'enterprise', orgIds: ['ent-2'] },
} as const satisfies Record<string, Actor>;

/** Park department with emergency office and admin in one; ent-1 has one safety officer, ent-2 two, ent-3 none. */
export const seedPark = async (database: Database): Promise<void> => {
  const client = await database.pool.connect();
  try {
    await client.query(`
      INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'P', '示范园区', 'Model park', '{}');
      INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES
        ('park-office', 'park', 'park_department', 'PO', '应急管理办公室', 'Emergency office'), ('park-admin', 'park', 'park_department', 'PA', '管委会', 'Park administration'),
        ('ent-1', 'park', 'enterprise', 'E1', '一号化工', 'Chem One'), ('ent-2', 'park', 'enterprise', 'E2', '二号化工', 'Chem Two'), ('ent-3', 'park', 'enterprise', 'E3', '三号化工', 'Chem Three');
      INSERT INTO person (id, name_zh, name_en) VALUES ('p-inspector', '检查员', 'Inspector'), ('p-office', '值班员', 'Duty officer'), ('p-admin', '管理员', 'Administrator'),
        ('p-officer', '安全员甲', 'Officer A'), ('p-colleague', '安全员乙', 'Officer B'), ('p-colleague2', '安全员丙', 'Officer C');
      INSERT INTO membership (id, person_id, org_id, role) VALUES ('m1', 'p-inspector', 'park-office', 'inspector'), ('m2', 'p-office', 'park-office', 'emergency_office'),
        ('m3', 'p-admin', 'park-admin', 'park_admin'), ('m4', 'p-officer', 'ent-1', 'enterprise_safety_officer'), ('m5', 'p-colleague', 'ent-2', 'enterprise_safety_officer'),
        ('m6', 'p-colleague2', 'ent-2', 'enterprise_safety_officer');
      INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('zone-a', 'park', 'A', 'A区', 'Zone A', '{}');
      INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('u1', 'ent-1', 'zone-a', 'U1', '罐区', 'Tank farm');
      INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, substance, point) VALUES
        ('a1', 'ent-1', 'zone-a', 'u1', 'storage_tank', 'A-3', '苯乙烯储罐', 'Styrene tank', 'styrene', '{"type":"Point","coordinates":[121,31]}'),
        ('a2', 'ent-1', 'zone-a', 'u1', 'storage_tank', 'A-4', '丙烯腈储罐', 'Acrylonitrile tank', 'acrylonitrile', '{"type":"Point","coordinates":[121,31]}');
      INSERT INTO gateway (id, tenant_id, name_zh, name_en) VALUES ('gw1', 'ent-1', '网关', 'Gateway');
      INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en) VALUES ('s1', 'ent-1', 'a1', 'gw1', 'p', 'pressure', 'kPa', '压力', 'Pressure');`);
  } finally {
    client.release();
  }
};

export const activitiesOf = (database: Database) => createActivities({ database, notices: { smtpEnabled: false, publicUrl: 'http://park.example' } });

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

export const reportAt = (at: number, more: Partial<HazardReport> = {}): Omit<HazardReport, 'reportId'> => ({
  origin: 'manual', type: 'leak', title: '法兰泄漏', description: '法兰处滴漏', reporterId: 'p-inspector', assetId: null, zoneId: 'zone-a', point: { type: 'Point', coordinates: [121, 31] },
  statutory: false, event: null, receivedAt: at, clientAt: at, evidence: [photo], ...more,
});

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

export const TRIAGE = { name: 'triage', grade: 'general', reason: '未泄漏至环境' } as const;
export const SUBMIT: PersonCommand = { name: 'submit', note: '更换垫片', evidence: [photo] };
export const ACCEPT = { name: 'accept', note: '复查合格' } as const;
export const REJECT = { name: 'reject', reason: '仍有滴漏' } as const;

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
