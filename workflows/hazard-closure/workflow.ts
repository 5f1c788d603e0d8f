/**
 * 隐患 case from its first report to the archive. What is decided is in domain/hazard.ts; here is when, in which order, and
 * that it is on the record before anybody is answered.
 *
 * Decisions are made synchronously on one plain HazardCase and put on the record by one writer in that order. Whatever has
 * come due is decided before anything that arrives later, at the instant it was due: a worker that was down moves no
 * deadline, and no act slips past one.
 */
import { allHandlersFinished, condition, log, proxyActivities, setHandler, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { refuse } from '../../domain/errors.ts';
import type { CaseTimer, HazardCase, HazardCommand, HazardEffect, HazardReport, Step, StepContext } from '../../domain/hazard.ts';
import { checkCommand, consequences, dueMove, isClosed, nextTimer, openCase, PERSON_COMMANDS, step, supervisionTimer } from '../../domain/hazard.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { secondSupervisionId } from '../ids.ts';
import { accepted, refusalFailure } from '../refusal.ts';
import { closeSupervisionSignal, SECOND_SUPERVISION, supervisionReminderSignal } from '../second-supervision/messages.ts';
import type { secondSupervision } from '../second-supervision/workflow.ts';
import type { HazardActInput, HazardActResult, HazardClosureInput } from './messages.ts';
import { hazardReportSignal, hazardStateQuery, hazardUpdates } from './messages.ts';

const { openHazard, recordSteps, findResponsible, rerouteReport } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

type OpenSupervision = Extract<HazardEffect, { kind: 'supervision'; op: 'open' }>;

export async function hazardClosure({ hazardId, tenantId }: HazardClosureInput): Promise<HazardCase | null> {
  let c: HazardCase | null = null;
  let policy: ParkPolicy = DEFAULT_POLICY;
  const early: HazardReport[] = [];
  const late: HazardReport[] = [];

  // ---- the record ----
  const unrecorded: Step[] = [];
  let recordedSeq = 0;
  let tasks = 0;

  /** Runs beside the case; the case does not end before it. */
  const beside = (run: () => Promise<void>): void => {
    tasks += 1;
    void run().finally(() => {
      tasks -= 1;
    });
  };

  let writing = false;
  const write = (): void => {
    if (writing) return;
    writing = true;
    beside(async () => {
      while (unrecorded.length > 0) {
        const steps = unrecorded.splice(0);
        await recordSteps({ hazardId, tenantId, steps });
        recordedSeq = steps.at(-1)!.record.seq;
      }
      writing = false;
    });
  };

  const take = (taken: Step): void => {
    c = taken.next;
    unrecorded.push(taken);
    for (const effect of taken.effects) {
      if (effect.kind !== 'supervision') continue;
      if (effect.op === 'open') watch(effect);
      else if (effect.outcome !== 'exhausted') release(effect.level, effect.outcome);
    }
    write();
  };

  /** Decides a command and everything that follows from it. Throws the refusal, having changed nothing. */
  const decide = (command: HazardCommand, context: Omit<StepContext, 'policy'>): Step => {
    const taken = accepted(c ? step(c, command, { ...context, policy }) : refuse('hazard.not_started'));
    take(taken);
    for (const [index, follow] of consequences(taken.next, command, policy).entries()) {
      if (c && checkCommand(c, follow, null).ok) decide(follow, { commandId: `${context.commandId}/${index + 1}`, actor: null, at: context.at });
    }
    if (command.name === 'triage') beside(dispatchByRule);
    return taken;
  };

  const decideBySystem = (command: HazardCommand, at: number): void => {
    if (c && checkCommand(c, command, null).ok) decide(command, { commandId: `${hazardId}/${c.seq + 1}`, actor: null, at });
  };

  const catchUp = (now: number): void => {
    for (let due = c && dueMove(c, now); due; due = c && dueMove(c, now)) {
      const before = c;
      decideBySystem(due.command, due.at);
      if (c === before) return;
    }
  };

  // ---- dispatch ----
  const dispatchByRule = async (): Promise<void> => {
    const responsible = await findResponsible({ tenantId });
    catchUp(Date.now());
    if (c?.state !== 'triaged' || c.needsOwner) return;
    decideBySystem(responsible.length === 1 ? { name: 'dispatch', responsibleId: responsible[0]! } : { name: 'needsOwner' }, Date.now());
  };

  // ---- supervision ----
  /** Levels whose own workflow keeps the time; the case keeps the time of a level that lost its workflow. */
  const watched = new Map<number, { child: ChildWorkflowHandle<typeof secondSupervision> | null; close: 'accepted' | 'escalated' | null }>();

  const watch = ({ level, cause, openedAt, dueAt, reminders }: Omit<OpenSupervision, 'kind' | 'op'>): void => {
    const entry: NonNullable<ReturnType<typeof watched.get>> = { child: null, close: null };
    watched.set(level, entry);
    beside(async () => {
      try {
        entry.child = await startChild<typeof secondSupervision>(SECOND_SUPERVISION, {
          workflowId: secondSupervisionId(hazardId, level),
          args: [{ hazardId, tenantId, level, cause, openedAt, dueAt, reminders }],
        });
        if (entry.close) release(level, entry.close);
        const { outcome } = await entry.child.result();
        if (outcome === 'breached') catchUp(Math.max(Date.now(), dueAt));
      } catch (error) {
        log.error('supervision lost its workflow; the case keeps its time', { level, error: String(error) });
      } finally {
        watched.delete(level);
      }
    });
  };

  const release = (level: number, outcome: 'accepted' | 'escalated'): void => {
    const entry = watched.get(level);
    if (!entry) return;
    entry.close = outcome;
    const { child } = entry;
    if (!child) return;
    beside(async () => {
      await child.signal(closeSupervisionSignal, { outcome }).catch(() => {
        // It has ended by itself in the meantime.
      });
    });
  };

  // ---- what arrives ----
  setHandler(hazardStateQuery, () => c);

  const takeReport = (report: HazardReport): void => {
    if (!c || c.reportIds.includes(report.reportId)) return;
    if (isClosed(c)) {
      if (!late.some((r) => r.reportId === report.reportId)) late.push(report);
    } else decide({ name: 'join', report }, { commandId: `report/${report.reportId}`, actor: null, at: Date.now(), clientAt: report.clientAt });
  };

  setHandler(hazardReportSignal, (report) => {
    catchUp(Date.now());
    if (c) takeReport(report);
    else early.push(report);
  });

  setHandler(supervisionReminderSignal, ({ remindAt }) => catchUp(Math.max(Date.now(), remindAt)));

  const act = async (input: HazardActInput): Promise<HazardActResult> => {
    catchUp(Date.now());
    const { record } = decide(input.command, { commandId: input.commandId, actor: input.actor, at: Date.now(), clientAt: input.clientAt });
    const after = c!;
    await condition(() => recordedSeq >= after.seq);
    return { transition: record, case: after };
  };
  const validator = ({ command, actor }: HazardActInput): void => {
    if (!c) throw refusalFailure({ code: 'hazard.not_started' });
    accepted(checkCommand(c, command, actor));
  };
  for (const name of PERSON_COMMANDS) {
    const only = (input: HazardActInput): void => {
      if (input.command.name !== name) throw refusalFailure({ code: 'request.invalid', field: 'command' });
      validator(input);
    };
    setHandler(hazardUpdates[name], (input: HazardActInput) => act(input), { validator: only as never });
  }

  // ---- the life of the case ----
  await condition(() => early.length > 0);
  const first = early[0]!;
  const opened = await openHazard({ hazardId, reportedAt: first.receivedAt });
  policy = opened.policy;
  if (opened.existing) {
    c = opened.existing;
    recordedSeq = opened.existing.seq;
    const timer = supervisionTimer(opened.existing);
    const d = opened.existing.deadlines.find((x) => x.kind === 'supervision' && !x.breached);
    if (timer && d && d.level !== 0) watch({ level: d.level, cause: 'overdue', openedAt: d.startedAt, dueAt: d.dueAt, reminders: d.reminders });
    if (opened.existing.state === 'triaged' && !opened.existing.needsOwner) beside(dispatchByRule);
  } else {
    take(openCase({ hazardId, tenantId, report: first }, { commandId: `report/${first.reportId}`, actor: null, at: first.receivedAt, clientAt: first.clientAt, policy }));
  }
  catchUp(Date.now());
  for (const report of early.splice(0)) takeReport(report);

  const timer = (): CaseTimer | null => {
    if (!c) return null;
    const own = nextTimer(c);
    const supervision = watched.has(c.supervision) ? null : supervisionTimer(c);
    return own && supervision ? (supervision.at < own.at ? supervision : own) : own ?? supervision;
  };
  while (!isClosed(c!)) {
    const due = timer();
    const changed = (): boolean => isClosed(c!) || timer()?.at !== due?.at;
    const left = due ? due.at - Date.now() : 0;
    if (left > 0) await condition(changed, left);
    else await condition(changed);
    catchUp(Date.now());
  }

  // Nobody is left waiting: acts are answered, supervisions ended, late reports sent on.
  for (;;) {
    for (const report of late.splice(0)) await rerouteReport({ hazardId, reportId: report.reportId });
    await condition(() => late.length > 0 || (tasks === 0 && unrecorded.length === 0 && allHandlersFinished()));
    if (late.length === 0) return c;
  }
}
