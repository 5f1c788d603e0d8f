/**
 * 隐患 case from its first report to the archive and its look-backs. What is decided is in domain/hazard.ts; here is when, in
 * which order, and that it is on the record before anybody is answered.
 *
 * Decisions are made synchronously on one plain HazardCase and put on the record by one writer in that order. Whatever has
 * come due is decided before anything that arrives later, at the instant it was due: a worker that was down moves no
 * deadline, and no act slips past one.
 *
 * `whole`: cases that began under the first version of this workflow (no marker in their history) end with the archive, as
 * that version ended them. What that version decided stays decided by its rules; from its replacement on today's hold.
 */
import {
  allHandlersFinished, ApplicationFailure, condition, continueAsNew, getExternalWorkflowHandle, log, ParentClosePolicy, patched, proxyActivities, setHandler, startChild, workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { Calendar } from '../../domain/calendar.ts';
import { refuse } from '../../domain/errors.ts';
import type { CaseTimer, HazardCase, HazardCommand, HazardEffect, HazardReport, Step, StepContext } from '../../domain/hazard.ts';
import { checkCommand, consequences, dispatchesByRule, dueMove, hasHeard, isClosed, isFinished, nextTimer, openCase, PERSON_COMMANDS, step, supervisionTimer } from '../../domain/hazard.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { secondSupervisionId } from '../ids.ts';
import { accepted, refusalFailure } from '../refusal.ts';
import { closeSupervisionSignal, SECOND_SUPERVISION, supervisionBreachedSignal, supervisionReminderSignal } from '../second-supervision/messages.ts';
import type { secondSupervision } from '../second-supervision/workflow.ts';
import type { CaseMessage, HazardActInput, HazardActResult, HazardClosureInput } from './messages.ts';
import { caseMessageSignal, hazardReportSignal, hazardStateQuery, hazardUpdates, TAKES_UP_AGAIN } from './messages.ts';

const { openHazard, recordSteps, findResponsible, chooseResponsible, rerouteReport, readCalendar, tellCase } = proxyActivities<Activities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Documents are made one after the other, apart from everything that somebody waits for. A worker that died at one is replaced after the minute. */
const { archiveCase } = proxyActivities<Activities>({
  startToCloseTimeout: '60 seconds',
  retry: { initialInterval: '2 seconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

type OpenSupervision = Extract<HazardEffect, { kind: 'supervision'; op: 'open' }>;

/** A life goes on as a new run long before the engine's limits (51,200 events, 10,000 signals, 2,000 updates of one run). */
const RUN_LIMITS = { events: 8_000, signals: 4_000, acts: 800 } as const;
/** Messages remembered to take none twice; a second delivery follows the first closely. */
const SEEN_LIMIT = 1_000;
const JOIN_LIMIT = 200;
/** Reports carried over undecided, in characters of JSON: the input of a run is limited to 2 MB, and a character may take 3 bytes. */
const CARRIED_LIMIT = 500_000;
/** A supervision whose own workflow does not say that its time is over is taken up by the case after so long. */
const SUPERVISION_GRACE_MS = 60_000;

/** What the first version of this workflow did not know. */
const FIRST_VERSION: Pick<ParkPolicy, 'lookBackMs' | 'remindAfterMs'> = { lookBackMs: { general: [], major: [], byType: {} }, remindAfterMs: [] };

export async function hazardClosure({ hazardId, tenantId, carried }: HazardClosureInput): Promise<HazardCase | null> {
  const whole = patched('closed-loop');
  let c: HazardCase | null = carried?.case ?? null;
  let policy: ParkPolicy = carried?.policy ?? DEFAULT_POLICY;
  let calendar: Calendar = carried?.calendar ?? [];
  let chainHead: string | null = carried?.chainHead ?? null;
  const seen = new Set(carried?.seen);
  const waiting: HazardReport[] = [...(carried?.waiting ?? [])];
  const messages: CaseMessage[] = [];
  const late: HazardReport[] = [];
  let signals = 0;
  let acts = 0;
  /** There is no such case: a message was for nobody. */
  let nobody = false;
  let leaving = false;

  /** Whether a message comes for the first time. */
  const isNew = (id: string): boolean => {
    if (seen.has(id)) return false;
    seen.add(id);
    if (seen.size > SEEN_LIMIT) seen.delete(seen.values().next().value!);
    return true;
  };

  // ---- the record ----
  const unrecorded: Step[] = [];
  let recordedSeq = c?.seq ?? 0;
  let tasks = 0;

  /** Runs beside the case; the case does not end before it. */
  const beside = (run: () => Promise<void>): void => {
    tasks += 1;
    void run().finally(() => {
      tasks -= 1;
    });
  };

  /**
   * All that was decided is on its way to the record. On replay the engine may give what came in two workflow tasks in one, an
   * act before the end of the writing that it followed. So that commands still come in the same order, none of a step goes out
   * before everything that came with it is decided, and clocks are set after that.
   */
  const handedOver = (): boolean => !whole || unrecorded.length === 0;
  let writing = false;
  const write = (): void => {
    if (writing) return;
    writing = true;
    beside(async () => {
      // Only when everything that came together is decided: see handedOver.
      if (whole) await Promise.resolve();
      while (unrecorded.length > 0) {
        const steps = unrecorded.splice(0);
        const recorded = await recordSteps({ hazardId, tenantId, steps, chainHead });
        chainHead = recorded?.chainHead ?? null;
        recordedSeq = steps.at(-1)!.record.seq;
        takeWaiting();
      }
      writing = false;
      takeWaiting();
    });
  };

  const take = (taken: Step): void => {
    c = taken.next;
    unrecorded.push(taken);
    for (const effect of taken.effects) {
      if (effect.kind === 'package' && whole) beside(() => pack(taken.next));
      if (effect.kind !== 'supervision') continue;
      if (effect.op === 'open') watch(effect);
      else if (effect.outcome !== 'exhausted') release(effect.level, effect.outcome);
    }
    write();
  };

  const pack = async ({ cycle, seq }: HazardCase): Promise<void> => {
    await condition(() => recordedSeq >= seq);
    await archiveCase({ hazardId, tenantId, cycle });
  };

  /** Decides a command and everything that follows from it. Throws the refusal, having changed nothing. */
  const decide = (command: HazardCommand, context: Omit<StepContext, 'policy' | 'calendar'>): Step => {
    const taken = accepted(c ? step(c, command, { ...context, policy, calendar, ...(whole || patched('rules-of-today') ? {} : { rules: 1 }) }) : refuse('hazard.not_started'));
    take(taken);
    for (const [index, follow] of consequences(taken.next, command, policy).entries()) {
      if (c && checkCommand(c, follow, null, context.at, policy).ok) decide(follow, { commandId: `${context.commandId}/${index + 1}`, actor: null, at: context.at });
    }
    if (dispatchesByRule(command.name)) beside(dispatchByRule);
    return taken;
  };

  const decideBySystem = (command: HazardCommand, at: number): void => {
    if (c && checkCommand(c, command, null, at, policy).ok) decide(command, { commandId: `${hazardId}/${c.seq + 1}`, actor: null, at });
  };

  const catchUp = (now: number): void => {
    for (let due = c && dueMove(c, now); due; due = c && dueMove(c, now)) {
      const before = c;
      decideBySystem(due.command, due.at);
      if (c === before) return;
    }
  };

  /** Runs what needs a year of the calendar; loads the calendar and tries once more where the year is missing. */
  const withCalendar = async <T>(decision: () => T): Promise<T> => {
    try {
      return decision();
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'calendar.year_missing') throw error;
      calendar = await readCalendar();
      catchUp(Date.now());
      return decision();
    }
  };

  // ---- dispatch ----
  const dispatchByRule = async (): Promise<void> => {
    // As the first version waited, step for step: what comes back in one task is taken in the same order.
    const responsible = whole ? await responsibleByRule() : { personIds: await findResponsible({ tenantId }), ruleId: null, reason: 'rule' };
    catchUp(Date.now());
    if (c?.state !== 'triaged' || c.needsOwner) return;
    try {
      await withCalendar(() => {
        if (responsible.reason === 'rule' && responsible.personIds.length === 1) decideBySystem({ name: 'dispatch', responsibleId: responsible.personIds[0]!, ...(responsible.ruleId ? { ruleId: responsible.ruleId } : {}) }, Date.now());
        else decideBySystem({ name: 'needsOwner', ...(whole ? { cause: responsible.reason } : {}) }, Date.now());
      });
      // Whom the rule names cannot have it, for example because they are to sign the acceptance: somebody else decides.
      if (whole && c?.state === 'triaged' && !c.needsOwner) decideBySystem({ name: 'needsOwner', cause: 'refused' }, Date.now());
    } catch (error) {
      // A person decides, and is told what is missing.
      if (!(error instanceof ApplicationFailure)) throw error;
      decideBySystem({ name: 'needsOwner', cause: error.type ?? 'refused' }, Date.now());
    }
  };

  const responsibleByRule = async (): Promise<{ personIds: string[]; ruleId: string | null; reason: string }> => {
    // The rule reads the case as triaged.
    const triaged = c!.seq;
    await condition(() => recordedSeq >= triaged);
    return await chooseResponsible({ tenantId, hazardId });
  };

  // ---- supervision ----
  /** Levels whose own workflow keeps the time; the case keeps the time of a level that lost its workflow. */
  const watched = new Map<number, { started: boolean; close: 'accepted' | 'escalated' | null }>((carried?.watched ?? []).map((level) => [level, { started: true, close: null }]));

  const watch = ({ level, cause, openedAt, dueAt, reminders }: Omit<OpenSupervision, 'kind' | 'op'>): void => {
    const entry: NonNullable<ReturnType<typeof watched.get>> = { started: false, close: null };
    watched.set(level, entry);
    const forget = (): void => {
      if (watched.get(level) === entry) watched.delete(level);
    };
    beside(async () => {
      try {
        const child = await startChild<typeof secondSupervision>(SECOND_SUPERVISION, {
          workflowId: secondSupervisionId(hazardId, c!.cycle, level),
          args: [{ hazardId, tenantId, level, cause, openedAt, dueAt, reminders }],
          // It outlives this run of the case.
          ...(whole ? { parentClosePolicy: ParentClosePolicy.ABANDON } : {}),
        });
        entry.started = true;
        if (entry.close) release(level, entry.close);
        if (whole) return;
        const { outcome } = await child.result();
        if (outcome === 'breached') catchUp(Math.max(Date.now(), dueAt));
        forget();
      } catch (error) {
        log.error('supervision lost its workflow; the case keeps its time', { level, error: String(error) });
        forget();
      }
    });
  };

  const release = (level: number, outcome: 'accepted' | 'escalated'): void => {
    const entry = watched.get(level);
    if (!entry) return;
    entry.close = outcome;
    if (!entry.started) return;
    if (whole) watched.delete(level);
    const supervision = getExternalWorkflowHandle(secondSupervisionId(hazardId, c!.cycle, level));
    beside(async () => {
      await supervision.signal(closeSupervisionSignal, { outcome }).catch(() => {
        // It has ended by itself in the meantime.
      });
    });
  };

  // ---- what arrives ----
  setHandler(hazardStateQuery, () => c);

  /** Reports that came while the record was being written join together. */
  const takeWaiting = (): void => {
    if (!c || leaving) return;
    if (isClosed(c)) late.push(...waiting.splice(0));
    while (waiting.length > 0 && !(whole && writing && unrecorded.length > 0)) {
      const reports = waiting.splice(0, whole ? JOIN_LIMIT : 1);
      decide({ name: 'join', reports }, { commandId: `report/${reports[0]!.reportId}`, actor: null, at: Date.now(), clientAt: reports[0]!.clientAt });
    }
  };

  setHandler(hazardReportSignal, (report) => {
    signals += 1;
    if (!isNew(report.reportId)) return;
    catchUp(Date.now());
    waiting.push(report);
    takeWaiting();
  });

  const takeMessage = (message: CaseMessage): void => {
    catchUp(Date.now());
    if (message.name === 'mergeRefused') {
      decideBySystem({ name: 'unmerge', reason: message.reason, ...(message.seq === undefined ? {} : { seq: message.seq }) }, Date.now());
      return;
    }
    const { messageId: _, ...command } = message;
    const now = Date.now();
    const taken = c ? checkCommand(c, command, null, now, policy) : refuse('hazard.not_started');
    if (taken.ok) decide(command, { commandId: `case/${message.messageId}`, actor: null, at: now });
    else if (command.name === 'absorb' && !(c && hasHeard(c, command))) {
      beside(() => tellCase({ from: hazardId, hazardId: command.hazardId, message: { messageId: `${message.messageId}/refused`, name: 'mergeRefused', ...(command.seq === undefined ? {} : { seq: command.seq }), reason: `目标隐患已不能并入 / the target cannot take it: ${taken.refusal.code}` } }));
    }
  };

  setHandler(caseMessageSignal, (message) => {
    signals += 1;
    if (!isNew(message.messageId)) return;
    if (c) takeMessage(message);
    else messages.push(message);
  });

  setHandler(supervisionReminderSignal, ({ remindAt }) => catchUp(Math.max(Date.now(), remindAt)));
  setHandler(supervisionBreachedSignal, ({ level, dueAt }) => {
    watched.delete(level);
    catchUp(Math.max(Date.now(), dueAt));
  });

  const act = async (input: HazardActInput): Promise<HazardActResult> => {
    acts += 1;
    if (!c) await condition(() => c !== null || nobody);
    catchUp(Date.now());
    const { record } = await withCalendar(() => decide(input.command, { commandId: input.commandId, actor: input.actor, at: Date.now(), clientAt: input.clientAt }));
    // Of the case after the act and all that followed from it at once.
    const after = c!;
    await condition(() => recordedSeq >= after.seq);
    return { transition: record, case: after };
  };
  const validator = ({ command, actor }: HazardActInput): void => {
    if (c) accepted(checkCommand(c, command, actor, Date.now(), policy));
    else if (!TAKES_UP_AGAIN.includes(command.name)) throw refusalFailure({ code: 'hazard.not_started' });
  };
  for (const name of PERSON_COMMANDS) {
    const only = (input: HazardActInput): void => {
      if (input.command.name !== name) throw refusalFailure({ code: 'request.invalid', field: 'command' });
      validator(input);
    };
    setHandler(hazardUpdates[name], (input: HazardActInput) => act(input), { validator: only as never });
  }

  // ---- the life of the case ----
  if (!c) {
    await condition(() => waiting.length > 0 || messages.length > 0 || acts > 0);
    const first = waiting[0];
    const opened = await openHazard({ hazardId, reportedAt: first?.receivedAt ?? Date.now() });
    policy = { ...DEFAULT_POLICY, ...opened.policy, ...(whole ? {} : FIRST_VERSION) };
    calendar = opened.calendar ?? [];
    if (opened.existing) {
      chainHead = opened.chainHead ?? null;
      for (const id of opened.reportIds ?? []) isNew(id);
      const known = new Set(opened.reportIds);
      waiting.splice(0, waiting.length, ...waiting.filter((r) => !known.has(r.reportId)));
      recordedSeq = opened.existing.seq;
      c = opened.existing;
      const timer = supervisionTimer(opened.existing);
      const d = opened.existing.deadlines.find((x) => x.kind === 'supervision' && !x.breached);
      if (timer && d && d.level !== 0) watch({ level: d.level, cause: 'overdue', openedAt: d.startedAt, dueAt: d.dueAt, reminders: d.reminders });
      if (opened.existing.state === 'triaged' && !opened.existing.needsOwner) beside(dispatchByRule);
    } else if (first) {
      waiting.shift();
      take(openCase({ hazardId, tenantId, report: first }, { commandId: `report/${first.reportId}`, actor: null, at: first.receivedAt, clientAt: first.clientAt, policy }));
    } else {
      nobody = true;
      await condition(allHandlersFinished);
      return null;
    }
  }
  catchUp(Date.now());
  takeWaiting();
  for (const message of messages.splice(0)) takeMessage(message);

  const timer = (): CaseTimer | null => {
    if (!c) return null;
    const own = nextTimer(c);
    const kept = watched.has(c.supervision);
    const supervision = kept && !whole ? null : supervisionTimer(c);
    const later = supervision && kept ? { ...supervision, at: supervision.at + SUPERVISION_GRACE_MS } : supervision;
    return own && later ? (later.at < own.at ? later : own) : own ?? later;
  };
  /** Nobody is left waiting: acts are answered, supervisions told, late reports sent on. */
  const isQuiet = (): boolean => tasks === 0 && unrecorded.length === 0 && allHandlersFinished();
  const isLong = (): boolean => {
    const info = workflowInfo();
    return whole && (info.continueAsNewSuggested || info.historyLength > RUN_LIMITS.events || signals > RUN_LIMITS.signals || acts > RUN_LIMITS.acts);
  };

  for (;;) {
    while (!isFinished(c!) && !isLong()) {
      if (!handedOver()) await condition(handedOver);
      const due = timer();
      const changed = (): boolean => handedOver() && (isFinished(c!) || late.length > 0 || isLong() || timer()?.at !== due?.at);
      const left = due ? due.at - Date.now() : 0;
      const before = c;
      if (left > 0) await condition(changed, left);
      else if (due) catchUp(Date.now());
      if (left <= 0 && c === before) await condition(changed);
      catchUp(Date.now());
      for (const report of late.splice(0)) await rerouteReport({ hazardId, reportId: report.reportId });
    }
    if (!isFinished(c!)) {
      leaving = true;
      await condition(isQuiet);
      if (JSON.stringify(waiting).length > CARRIED_LIMIT) {
        // Too many have come in the meantime: they are taken in first.
        leaving = false;
        takeWaiting();
        await condition(() => waiting.length < JOIN_LIMIT);
        continue;
      }
      await continueAsNew<typeof hazardClosure>({
        hazardId, tenantId,
        carried: { case: c!, policy, calendar, chainHead, seen: [...seen], waiting: [...waiting, ...late], watched: [...watched.keys()] },
      });
    }
    for (const report of late.splice(0)) await rerouteReport({ hazardId, reportId: report.reportId });
    await condition(() => late.length > 0 || !isFinished(c!) || isQuiet());
    if (late.length === 0 && isFinished(c!) && isQuiet()) return c;
  }
}
