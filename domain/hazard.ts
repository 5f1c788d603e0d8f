/**
 * 隐患 case: what each command does to it and what it brings with it. Pure: the workflow applies steps, the API asks what an
 * actor may do, tests and the simulator use it as the oracle. Which moves there are: hazard-moves.ts.
 *
 * Six steps of the closed loop (C-018): find and report → `reported`, `triaged`; dispatch → `dispatched`; rectify →
 * `rectifying`, `submitted`; accept → `accepted`; archive → `archived`. Reopening starts a new cycle of the same case.
 * Times are epoch milliseconds.
 */
import type { Calendar, Term } from './calendar.ts';
import { termEnd } from './calendar.ts';
import type { RefusalCode, Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import type {
  CommandName, DeadlineKind, EvidenceItem, HazardCase, HazardCommand, HazardEffect, HazardReport, LookBack, NoticeEffect, OpenDeadline, RectificationItem, Step, SystemCommand, TransitionRecord,
} from './hazard-case.ts';
import { checkCommand, findDeadline, itemsOf, MOVES, rectifyDeadline } from './hazard-moves.ts';
import type { NoticeKind, NoticeRecipient } from './notices.ts';
import type { Actor } from './permissions.ts';
import type { ParkPolicy } from './policy.ts';
import { lookBacksOf, rectifyTerm } from './policy.ts';
import type { SupervisionCause, SupervisionLevel } from './supervision.ts';
import { levelAfterOverdue, levelAfterRejection, supervisionCopies } from './supervision.ts';

export * from './hazard-case.ts';
export * from './hazard-moves.ts';

export interface StepContext {
  /** One per command, chosen by its sender; the key of every effect. */
  commandId: string;
  /** null: the system itself. */
  actor: Actor | null;
  at: number;
  clientAt?: number | null;
  policy: ParkPolicy;
  /** Years that are loaded: a term of working days needs them. */
  calendar?: Calendar;
  /** 1: what the first version of the workflow decided is decided once more as it was. Absent: the rules of today. */
  rules?: 1;
}

/** Refusals that the first version did not know where it asked for nothing: a plan, a second person, the place, the way out of an overdue case. */
const LATER_RULES: readonly RefusalCode[] = ['hazard.plan_required', 'hazard.signature_missing', 'hazard.evidence_required', 'hazard.on_site_required', 'hazard.overdue'];

/** The whole case as one item, until it is split. */
const WHOLE = 'whole';
const wholeItem = (title: string): RectificationItem => ({ itemId: WHOLE, title, state: 'open', dueAt: null, rejections: 0 });

/** Acts that begin a clock which the case may have had before. */
const BEGINS_ANEW: readonly CommandName[] = ['dispatch', 'returnDispatch', 'reassess', 'merge', 'unmerge', 'reconsider', 'decideExtension', 'resume', 'reopen'];

const isRectification = (kind: DeadlineKind): boolean => kind === 'rectify' || kind === 'item';
const remindersOf = (kind: DeadlineKind, at: number, dueAt: number, policy: ParkPolicy): number[] => {
  const before = isRectification(kind) || kind === 'supervision' ? policy.remindBeforeMs.map((ms) => dueAt - ms) : [];
  const after = kind === 'supervision' ? [] : policy.remindAfterMs.map((ms) => dueAt + ms);
  return [...before, ...after].filter((t) => t > at).sort((a, b) => a - b);
};

/** Opens a case from its first report. `at` is the instant of the report. */
export const openCase = (input: { hazardId: string; tenantId: string; report: HazardReport }, ctx: StepContext): Step => {
  const { report } = input;
  const usedTriage = report.predecessor?.usedTriageMs ?? 0;
  const countsFrom = ctx.at - usedTriage;
  const dueAt = Math.max(ctx.at, countsFrom + ctx.policy.triageMs);
  const triage: OpenDeadline = {
    kind: 'triage', level: 0, startedAt: ctx.at, countsFrom, dueAt, reminders: remindersOf('triage', ctx.at, dueAt, ctx.policy), breached: false, basis: `${ctx.policy.id}#triageMs`,
  };
  const next: HazardCase = {
    hazardId: input.hazardId,
    tenantId: input.tenantId,
    type: report.type,
    grade: null,
    title: report.title,
    description: report.description,
    state: 'reported',
    origin: report.origin,
    seq: 1,
    cycle: 1,
    assetId: report.assetId,
    zoneId: report.zoneId,
    point: report.point,
    event: report.event,
    statutory: report.statutory,
    reportedAt: ctx.at,
    dueAt: null,
    overdue: false,
    needsOwner: false,
    responsibleId: null,
    rectifierIds: [],
    reporterIds: report.reporterId ? [report.reporterId] : [],
    reportCount: 1,
    rejections: 0,
    supervision: 0,
    supervisionOpen: false,
    supervisionExhausted: false,
    deadlines: [triage],
    items: [wholeItem(report.title)],
    planned: false,
    extension: null,
    extensions: 0,
    paused: null,
    pauses: 0,
    used: { triage: 0, dispatch: 0, rectify: 0 },
    signatures: [],
    signers: [],
    listed: null,
    mergedInto: null,
    absorbed: [],
    heard: {},
    predecessorId: report.predecessor?.hazardId ?? null,
    successorId: null,
    lookBacks: [],
    acceptedAt: null,
    lastAt: ctx.at,
    closedAt: null,
  };
  return {
    next,
    record: recordOf(null, next, { name: 'open', report }, ctx),
    effects: [{ kind: 'deadline', op: 'start', deadline: triage, at: ctx.at }, reportEvidence(report)],
  };
};

/** A case as an earlier version left it on the record: what that version did not know has its first value. */
export const caseOf = (snapshot: Partial<HazardCase> & Pick<HazardCase, 'hazardId' | 'title' | 'state' | 'deadlines'> & { reportIds?: string[] }): HazardCase => {
  const { reportIds, ...known } = snapshot;
  return {
    reportCount: reportIds?.length ?? 1, planned: false, extension: null, extensions: 0, paused: null, pauses: 0, used: { triage: 0, dispatch: 0, rectify: 0 }, signatures: [], signers: [], listed: null,
    mergedInto: null, absorbed: [], heard: {}, predecessorId: null, successorId: null, lookBacks: [],
    acceptedAt: snapshot.state === 'accepted' || snapshot.state === 'archived' ? (snapshot.closedAt ?? snapshot.lastAt ?? null) : null,
    items: [{ ...wholeItem(snapshot.title), state: snapshot.state === 'submitted' ? 'submitted' : snapshot.state === 'accepted' || snapshot.state === 'archived' ? 'accepted' : 'open' }],
    ...known,
    deadlines: snapshot.deadlines.map((d) => ({ ...d, countsFrom: d.countsFrom ?? d.startedAt })),
  } as HazardCase;
};

const reportEvidence = (report: HazardReport): HazardEffect => ({
  kind: 'evidence',
  purpose: report.origin === 'sensor' || report.origin === 'floor' ? 'sensor' : 'report',
  items: report.evidence,
  uploaderId: report.reporterId,
});

const reasonOf = (cmd: HazardCommand): string | null => {
  if ('reason' in cmd) return cmd.reason;
  if ('note' in cmd) return cmd.note ?? null;
  return null;
};

const recordOf = (before: HazardCase | null, next: HazardCase, cmd: HazardCommand, ctx: StepContext): TransitionRecord => {
  const { name, ...said } = cmd;
  const clientAt = ctx.clientAt ?? null;
  const reports = cmd.name === 'open' ? [cmd.report] : cmd.name === 'join' ? cmd.reports : [];
  return {
    seq: next.seq,
    cycle: next.cycle,
    command: name,
    commandId: ctx.commandId,
    from: before?.state ?? null,
    to: next.state,
    actorId: ctx.actor?.personId ?? reports[0]?.reporterId ?? null,
    actorOrgId: ctx.actor?.orgId ?? null,
    actorRole: ctx.actor?.role ?? null,
    serverAt: next.lastAt,
    clientAt,
    clockSkew: clientAt !== null && Math.abs(clientAt - ctx.at) > ctx.policy.clockSkewMs,
    reason: reasonOf(cmd),
    payload: { ...said, ...(ctx.actor?.delegatorId ? { onBehalfOf: ctx.actor.delegatorId } : {}) },
  };
};

/**
 * Applies one command. Refuses without any change, or gives the case after it, the transition for the record and all
 * effects that belong into the same transaction.
 */
export const step = (before: HazardCase, cmd: HazardCommand, ctx: StepContext): Result<Step> => {
  // Server time never runs backwards within a case. An act that begins a clock anew comes strictly after what was
  // before, so that every deadline of a case has an instant of its own, by which the record tells them apart.
  const isFirst = ctx.rules === 1;
  const at = Math.max(ctx.at, before.lastAt + (!isFirst && (ctx.actor || cmd.name === 'resume') && BEGINS_ANEW.includes(cmd.name) ? 1 : 0));
  const checked = checkCommand(before, cmd, ctx.actor, at, ctx.policy);
  if (!checked.ok && !(isFirst && LATER_RULES.includes(checked.refusal.code))) return checked;
  if (cmd.name === 'open') return refuse('hazard.illegal_move');

  const move = MOVES[cmd.name];
  const next: HazardCase = {
    ...before,
    seq: before.seq + 1,
    state: move.to === 'same' ? before.state : move.to,
    lastAt: at,
    deadlines: before.deadlines.map((d) => ({ ...d, reminders: [...d.reminders] })),
    items: before.items.map((i) => ({ ...i })),
    lookBacks: before.lookBacks.map((l) => ({ ...l })),
    // The first version gave every clock its whole term again.
    used: isFirst ? { triage: 0, dispatch: 0, rectify: 0 } : { ...before.used },
  };
  const effects: HazardEffect[] = [];
  const { policy, actor } = ctx;

  const begin = (deadline: Omit<OpenDeadline, 'startedAt' | 'reminders' | 'breached'>): OpenDeadline => {
    const begun: OpenDeadline = { ...deadline, startedAt: at, reminders: remindersOf(deadline.kind, at, deadline.dueAt, policy), breached: false };
    next.deadlines.push(begun);
    effects.push({ kind: 'deadline', op: 'start', deadline: begun, at });
    return begun;
  };
  /** `used`: what the holder has used of the term already. A term that is used up is due at once. */
  const start = (kind: DeadlineKind, level: 0 | SupervisionLevel, ms: number, basis: string, used = 0, item?: string): OpenDeadline =>
    begin({ kind, level, ...(item === undefined ? {} : { item }), countsFrom: at - used, dueAt: Math.max(at, at - used + ms), basis: `${policy.id}#${basis}` });
  // A deadline ends once: one that was breached is not met afterwards, however late the act comes.
  const endThose = (op: 'met' | 'withdrawn', those: (d: OpenDeadline) => boolean): void => {
    for (const deadline of next.deadlines.filter((d) => those(d))) {
      if (!deadline.breached) effects.push({ kind: 'deadline', op, deadline, at });
      if (deadline.kind === 'triage' || deadline.kind === 'dispatch' || deadline.kind === 'rectify') next.used[deadline.kind] = at - deadline.countsFrom;
    }
    next.deadlines = next.deadlines.filter((d) => !those(d));
  };
  const end = (op: 'met' | 'withdrawn', ...kinds: DeadlineKind[]): void => endThose(op, (d) => kinds.includes(d.kind));
  /** The same deadline with another due instant: the old one is withdrawn, the new one starts. */
  const moveDeadline = (deadline: OpenDeadline, to: { dueAt: number; countsFrom: number }, basis: string): void => {
    effects.push({ kind: 'deadline', op: 'withdrawn', deadline, at });
    next.deadlines = next.deadlines.filter((d) => d !== deadline);
    begin({ kind: deadline.kind, level: deadline.level, ...(deadline.item === undefined ? {} : { item: deadline.item }), ...to, basis });
  };
  const notify = (notice: NoticeKind, to: NoticeRecipient, more: Partial<NoticeEffect> = {}): void => {
    effects.push({ kind: 'notice', notice, to, isCopy: false, level: next.supervision, dueAt: next.dueAt, ...more });
  };
  const evidence = (purpose: Extract<HazardEffect, { kind: 'evidence' }>['purpose'], items: EvidenceItem[] | undefined): void => {
    if (items?.length) effects.push({ kind: 'evidence', purpose, items, uploaderId: actor?.personId ?? null });
  };
  const involve = (...people: (string | null | undefined)[]): void => {
    const fresh = people.filter((p): p is string => !!p && !next.rectifierIds.includes(p));
    if (fresh.length > 0) next.rectifierIds = [...next.rectifierIds, ...new Set(fresh)];
  };
  const rectifier = (): void => involve(actor?.personId, actor?.delegatorId);
  const closeSupervision = (outcome: 'accepted' | 'escalated' | 'exhausted'): void => {
    if (!next.supervisionOpen || next.supervision === 0) return;
    effects.push({ kind: 'supervision', op: 'close', level: next.supervision, outcome, at });
    next.supervisionOpen = false;
    if (outcome !== 'exhausted') end(outcome === 'accepted' ? 'met' : 'withdrawn', 'supervision');
  };
  const setItems = (those: readonly RectificationItem[], change: Partial<RectificationItem>): void => {
    next.items = next.items.map((i) => (those.some((t) => t.itemId === i.itemId) ? { ...i, ...change } : i));
  };
  const rejectItems = (those: readonly RectificationItem[]): void => {
    next.items = next.items.map((i) => (those.some((t) => t.itemId === i.itemId) ? { ...i, state: 'open', rejections: i.rejections + 1 } : i));
    next.rejections += 1;
  };
  const backToOpen = (): void => setItems(itemsOf(next, 'submitted', undefined) ?? [], { state: 'open' });
  const sign = (): void => {
    if (actor) next.signatures = [...next.signatures, { personId: actor.personId, delegatorId: actor.delegatorId ?? null, at }];
  };
  /** The end of every clock of a case that is decided elsewhere. */
  const stopClocks = (): void => {
    end('withdrawn', 'triage', 'dispatch', 'rectify', 'item');
    next.items = next.items.map((i) => (i.state === 'accepted' ? i : { ...i, dueAt: null }));
    next.dueAt = null;
    next.needsOwner = false;
    next.extension = null;
    next.paused = null;
  };
  const notifyDelisting = (): void => {
    notify('delisting', 'enterprise', { dueAt: null });
    notify('delisting', 'emergency_office', { isCopy: true, dueAt: null });
    notify('delisting', 'regulator', { isCopy: true, dueAt: null });
  };
  const triageClock = (): void => {
    start('triage', 0, policy.triageMs, 'triageMs', next.used.triage);
  };
  /** News of a duplicate, and the reports that it brings now. */
  const hear = (hazardId: string, seq: number | undefined, reportCount: number): void => {
    next.reportCount += reportCount - (before.absorbed.includes(hazardId) ? (before.heard[hazardId]?.reportCount ?? 0) : 0);
    next.heard = { ...next.heard, [hazardId]: { seq: seq ?? 0, reportCount } };
  };
  const unfreeze = (): void => {
    if (!next.paused) return;
    const stood = at - next.paused.at;
    next.paused = null;
    for (const d of next.deadlines.filter((x) => x.kind === 'rectify' || x.kind === 'item')) moveDeadline(d, { dueAt: d.dueAt + stood, countsFrom: d.countsFrom + stood }, `${d.basis}+pause`);
    next.items = next.items.map((i) => (i.dueAt === null ? i : { ...i, dueAt: i.dueAt + stood }));
    next.dueAt = rectifyDeadline(next)?.dueAt ?? next.dueAt;
  };

  switch (cmd.name) {
    case 'join': {
      const reporters = cmd.reports.map((r) => r.reporterId).filter((r): r is string => r !== null && !before.reporterIds.includes(r));
      if (reporters.length > 0) next.reporterIds = [...before.reporterIds, ...new Set(reporters)];
      next.reportCount += cmd.reports.length;
      next.statutory = next.statutory || cmd.reports.some((r) => r.statutory);
      next.event = next.event ?? cmd.reports.find((r) => r.event)?.event ?? null;
      effects.push(...cmd.reports.map(reportEvidence));
      break;
    }
    case 'triage':
      next.grade = cmd.grade;
      next.type = cmd.type ?? next.type;
      end('met', 'triage');
      start('dispatch', 0, policy.dispatchMs, 'dispatchMs', next.used.dispatch);
      // A major hazard is reported to the authority and told to the staff (安全生产法 art. 41, L-68).
      if (cmd.grade === 'major') {
        notify('major_report', 'enterprise');
        notify('major_report', 'regulator', { isCopy: true });
        notify('major_report', 'emergency_office', { isCopy: true });
      }
      break;
    case 'needsOwner':
      next.needsOwner = true;
      // The dispatch waits for a person: whoever dispatches is told until when.
      notify('reminder', 'emergency_office', { deadline: 'dispatch', dueAt: findDeadline(next, 'dispatch', 0)?.dueAt ?? null });
      break;
    case 'dispatch': {
      const grade = next.grade ?? 'general';
      const term = rectifyTerm(policy, grade, next.type);
      const from = at - next.used.rectify;
      const due = termEnd(ctx.calendar ?? [], from, term);
      if (!due.ok) return due;
      next.responsibleId = cmd.responsibleId;
      involve(cmd.responsibleId);
      next.needsOwner = false;
      end('met', 'dispatch');
      next.dueAt = begin({ kind: 'rectify', level: 0, countsFrom: from, dueAt: Math.max(at, due.value), basis: `${policy.id}#${termBasis(term, grade)}` }).dueAt;
      notify('dispatch', 'enterprise');
      notify('dispatch', 'emergency_office', { isCopy: true });
      break;
    }
    case 'returnDispatch':
      next.responsibleId = null;
      stopClocks();
      start('dispatch', 0, policy.dispatchMs, 'dispatchMs', next.used.dispatch);
      notify('returned', 'emergency_office', { dueAt: null });
      break;
    case 'reassess':
      stopClocks();
      if (before.responsibleId) notify('returned', 'enterprise', { dueAt: null });
      if (before.listed) notifyDelisting();
      next.responsibleId = null;
      next.listed = null;
      triageClock();
      break;
    case 'redirect':
      stopClocks();
      next.successorId = cmd.successorId;
      next.closedAt = at;
      effects.push({ kind: 'successor', hazardId: cmd.successorId, tenantId: cmd.tenantId, usedTriageMs: next.used.triage });
      if (before.responsibleId) notify('returned', 'enterprise', { dueAt: null });
      break;
    case 'handover':
      next.responsibleId = cmd.responsibleId;
      involve(cmd.responsibleId);
      notify('handover', 'enterprise');
      notify('handover', 'emergency_office', { isCopy: true });
      break;
    case 'start':
      rectifier();
      break;
    case 'plan':
      next.planned = true;
      rectifier();
      break;
    case 'progress':
      rectifier();
      evidence('progress', cmd.evidence);
      break;
    case 'split': {
      const untouched = next.items.length === 1 && next.items[0]!.itemId === WHOLE && next.items[0]!.state === 'open';
      next.items = [...(untouched ? [] : next.items), ...cmd.items.map((i): RectificationItem => ({ ...i, state: 'open', rejections: 0 }))];
      for (const item of cmd.items) {
        if (item.dueAt !== null) begin({ kind: 'item', level: 0, item: item.itemId, countsFrom: at, dueAt: item.dueAt, basis: 'split' });
      }
      // Who of the park divides the work has no part in doing it.
      if (actor?.orgKind === 'enterprise') rectifier();
      break;
    }
    case 'requestExtension':
      next.extension = { dueAt: cmd.dueAt, requestedAt: at };
      evidence('extension', cmd.evidence);
      notify('extension', 'emergency_office', { decision: 'asked', previousDueAt: rectifyDeadline(next)?.dueAt ?? null, dueAt: cmd.dueAt });
      notify('extension', 'park_admin', { decision: 'asked', previousDueAt: rectifyDeadline(next)?.dueAt ?? null, dueAt: cmd.dueAt, isCopy: true });
      break;
    case 'withdrawExtension':
      next.extension = null;
      notify('extension', 'emergency_office', { decision: 'withdrawn', previousDueAt: null, dueAt: next.dueAt });
      break;
    case 'decideExtension': {
      const due = rectifyDeadline(next);
      const previousDueAt = due?.dueAt ?? null;
      if (cmd.granted && due) {
        next.extensions += 1;
        moveDeadline(due, { dueAt: cmd.dueAt ?? before.extension!.dueAt, countsFrom: due.countsFrom }, `${policy.id}#extension.${next.extensions}`);
        next.dueAt = rectifyDeadline(next)!.dueAt;
      }
      next.extension = null;
      notify('extension', 'enterprise', { decision: cmd.granted ? 'granted' : 'refused', previousDueAt, dueAt: next.dueAt });
      notify('extension', 'emergency_office', { decision: cmd.granted ? 'granted' : 'refused', previousDueAt, dueAt: next.dueAt, isCopy: true });
      break;
    }
    case 'pause':
      next.paused = { at, until: cmd.until };
      next.pauses += 1;
      notify('extension', 'enterprise', { decision: 'paused', previousDueAt: next.dueAt, dueAt: cmd.until });
      notify('extension', 'emergency_office', { decision: 'paused', previousDueAt: next.dueAt, dueAt: cmd.until, isCopy: true });
      break;
    case 'resume': {
      const previousDueAt = next.dueAt;
      unfreeze();
      notify('extension', 'enterprise', { decision: 'resumed', previousDueAt });
      notify('extension', 'emergency_office', { decision: 'resumed', previousDueAt, isCopy: true });
      break;
    }
    case 'submit':
      rectifier();
      setItems(itemsOf(before, 'open', cmd.itemIds) ?? [], { state: 'submitted' });
      evidence('submission', cmd.evidence);
      break;
    case 'withdraw':
      backToOpen();
      break;
    case 'addSigner':
      next.signers = [...next.signers, cmd.personId];
      break;
    case 'sign':
      sign();
      evidence('acceptance', cmd.evidence);
      break;
    case 'acceptItems': {
      const accepted = itemsOf(before, 'submitted', cmd.itemIds) ?? [];
      const left = (itemsOf(before, 'submitted', undefined) ?? []).filter((i) => !accepted.includes(i));
      setItems(accepted, { state: 'accepted' });
      endThose('met', (d) => d.kind === 'item' && accepted.some((i) => i.itemId === d.item));
      next.signatures = [];
      evidence('acceptance', cmd.evidence);
      if (left.length > 0) {
        rejectItems(left);
        notify('rejection', 'enterprise');
      } else notify('acceptance', 'enterprise');
      break;
    }
    case 'reject': {
      const named = itemsOf(before, 'submitted', cmd.itemIds) ?? [];
      rejectItems(named);
      backToOpen();
      next.signatures = [];
      notify('rejection', 'enterprise');
      break;
    }
    case 'accept':
      sign();
      evidence('acceptance', cmd.evidence);
      setItems(next.items, { state: 'accepted' });
      closeSupervision('accepted');
      end('met', 'rectify', 'item', 'supervision');
      next.dueAt = null;
      next.extension = null;
      next.acceptedAt = at;
      if (next.listed) start('delist', 0, policy.delistMs, 'delistMs');
      notify('acceptance', 'enterprise', { dueAt: null });
      notify('acceptance', 'emergency_office', { isCopy: true, dueAt: null });
      break;
    case 'list':
      next.listed = { at, level: cmd.level };
      notify('listing', 'enterprise');
      notify('listing', 'emergency_office', { isCopy: true });
      notify('listing', 'regulator', { isCopy: true });
      break;
    case 'delist':
      next.listed = null;
      end('met', 'delist');
      notifyDelisting();
      break;
    case 'dismiss':
      end('met', 'triage');
      next.closedAt = at;
      break;
    case 'reconsider':
      next.closedAt = null;
      triageClock();
      break;
    case 'merge':
      stopClocks();
      next.mergedInto = cmd.intoHazardId;
      next.closedAt = at;
      effects.push({ kind: 'tellCase', hazardId: cmd.intoHazardId, message: { name: 'absorb', hazardId: next.hazardId, seq: next.seq, reportCount: next.reportCount, statutory: next.statutory, reporterIds: next.reporterIds } });
      notify('merged', 'reporter', { dueAt: null });
      notify('merged', 'emergency_office', { isCopy: true, dueAt: null });
      break;
    case 'unmerge':
      if (actor) effects.push({ kind: 'tellCase', hazardId: before.mergedInto!, message: { name: 'release', hazardId: next.hazardId, seq: next.seq } });
      next.mergedInto = null;
      next.closedAt = null;
      next.grade = null;
      triageClock();
      break;
    case 'absorb':
      next.absorbed = [...new Set([...next.absorbed, cmd.hazardId])];
      hear(cmd.hazardId, cmd.seq, cmd.reportCount);
      next.statutory = next.statutory || cmd.statutory;
      next.reporterIds = [...new Set([...next.reporterIds, ...cmd.reporterIds])];
      break;
    case 'release':
      next.absorbed = next.absorbed.filter((id) => id !== cmd.hazardId);
      hear(cmd.hazardId, cmd.seq, 0);
      break;
    case 'archive':
      next.closedAt = at;
      next.lookBacks = lookBacksOf(policy, next.grade ?? 'general', next.type).map((after, index): LookBack => ({ n: index + 1, dueAt: at + after, state: 'pending' }));
      effects.push({ kind: 'package' });
      if (policy.classCheckMs !== null) effects.push({ kind: 'classCheck', dueAt: at + policy.classCheckMs });
      break;
    case 'lookBackDue':
      setLookBack(next, cmd.n, 'due');
      notify('look_back', 'emergency_office', { lookBack: cmd.n, dueAt: start('look_back', 0, policy.lookBackGraceMs, 'lookBackGraceMs', 0, String(cmd.n)).dueAt });
      break;
    case 'lookBack':
      setLookBack(next, cmd.n, cmd.passed ? 'passed' : 'failed');
      endThose('met', (d) => d.kind === 'look_back' && d.item === String(cmd.n));
      evidence('look_back', cmd.evidence);
      if (!cmd.passed) notify('look_back', 'enterprise', { lookBack: cmd.n, dueAt: null });
      break;
    case 'reopen':
      end('withdrawn', 'look_back');
      Object.assign(next, {
        cycle: before.cycle + 1, items: [wholeItem(before.title)], planned: false, extensions: 0, pauses: 0, used: { triage: 0, dispatch: 0, rectify: 0 }, signatures: [], signers: [],
        rejections: 0, supervision: 0, supervisionOpen: false, supervisionExhausted: false, overdue: false, responsibleId: null, needsOwner: false, lookBacks: [], acceptedAt: null, closedAt: null,
      } satisfies Partial<HazardCase>);
      start('dispatch', 0, policy.dispatchMs, 'dispatchMs');
      notify('reopened', 'enterprise', { dueAt: null });
      notify('reopened', 'emergency_office', { isCopy: true, dueAt: null });
      break;
    case 'remind': {
      const d = findDeadline(next, cmd.deadline, cmd.level, cmd.item);
      if (d) {
        d.reminders = d.reminders.filter((t) => t !== cmd.remindAt);
        const of = { deadline: cmd.deadline, level: cmd.level, dueAt: d.dueAt };
        if (!d.breached) notify('reminder', 'enterprise', of);
        else if (isRectification(cmd.deadline)) notify('overdue', 'enterprise', of);
        else notify('overdue', 'emergency_office', of);
      }
      break;
    }
    case 'breach': {
      const d = findDeadline(next, cmd.deadline, cmd.level, cmd.item);
      if (d) {
        d.breached = true;
        d.reminders = d.reminders.filter((t) => t > d.dueAt);
        effects.push({ kind: 'deadline', op: 'breached', deadline: d, at });
        if (isRectification(cmd.deadline)) {
          next.overdue = true;
          // What was not decided in time is not granted afterwards.
          if (cmd.deadline === 'rectify') next.extension = null;
          notify('overdue', 'enterprise', { deadline: cmd.deadline, dueAt: d.dueAt });
          notify('overdue', 'emergency_office', { deadline: cmd.deadline, dueAt: d.dueAt, isCopy: true });
        } else {
          notify('overdue', 'emergency_office', { deadline: cmd.deadline, dueAt: d.dueAt });
          notify('overdue', 'park_admin', { deadline: cmd.deadline, dueAt: d.dueAt, isCopy: true });
        }
      }
      break;
    }
    case 'supervise': {
      closeSupervision('escalated');
      next.supervision = cmd.level;
      next.supervisionOpen = true;
      const d = start('supervision', cmd.level, policy.supervisionMs[cmd.level], `supervisionMs.${cmd.level}`);
      next.dueAt = d.dueAt;
      effects.push({ kind: 'supervision', op: 'open', level: cmd.level, cause: cmd.cause, openedAt: at, dueAt: d.dueAt, reminders: d.reminders });
      for (const { to, isCopy } of supervisionCopies(cmd.level, cmd.cause)) notify('supervision', to, { isCopy, level: cmd.level, cause: cmd.cause, dueAt: d.dueAt });
      break;
    }
    case 'supervisionBreached': {
      const d = findDeadline(next, 'supervision', cmd.level);
      if (d) {
        d.breached = true;
        d.reminders = [];
        effects.push({ kind: 'deadline', op: 'breached', deadline: d, at });
      }
      next.overdue = true;
      if (cmd.level === 3) {
        closeSupervision('exhausted');
        next.supervisionExhausted = true;
        notify('overdue', 'park_admin', { deadline: 'supervision', level: cmd.level });
        notify('overdue', 'emergency_office', { deadline: 'supervision', level: cmd.level, isCopy: true });
      }
      break;
    }
  }
  return ok({ next, record: recordOf(before, next, cmd, ctx), effects });
};

const termBasis = (term: Term, grade: string): string =>
  'ms' in term ? `rectifyMs.${grade}` : 'workingDays' in term ? `rectifyTerm.${grade}.workingDays.${term.workingDays}` : `rectifyTerm.${grade}.calendarDays.${term.calendarDays}`;

const setLookBack = (c: HazardCase, n: number, state: LookBack['state']): void => {
  c.lookBacks = c.lookBacks.map((l) => (l.n === n ? { ...l, state } : l));
};

/** What the system itself must do right after a step, in order. */
export const consequences = (after: HazardCase, cmd: HazardCommand, policy: ParkPolicy): SystemCommand[] => {
  const supervise = (level: SupervisionLevel, cause: SupervisionCause): SystemCommand[] =>
    level > after.supervision ? [{ name: 'supervise', level, cause }] : [];
  switch (cmd.name) {
    case 'breach':
      if (cmd.deadline !== 'rectify' && cmd.deadline !== 'item') return [];
      return supervise(levelAfterOverdue(after.supervision), isUnderReview(after, cmd.item) ? 'review_overdue' : 'overdue');
    case 'reject':
      return supervise(levelAfterRejection(after.rejections, policy.rejectionsForLevel3), 'rejected');
    case 'acceptItems':
      return after.rejections > 0 ? supervise(levelAfterRejection(after.rejections, policy.rejectionsForLevel3), 'rejected') : [];
    case 'supervisionBreached':
      return cmd.level < 3 ? supervise((cmd.level + 1) as SupervisionLevel, 'supervision_breached') : [];
    case 'returnDispatch':
      return [{ name: 'needsOwner' }];
    case 'accept':
      return after.listed ? [] : [{ name: 'archive' }];
    case 'delist':
      return [{ name: 'archive' }];
    case 'lookBack':
      return cmd.passed ? [] : [{ name: 'reopen', reason: cmd.note }];
    default:
      return [];
  }
};

/** All of it submitted in time and not judged in time: the lateness is the reviewer's. */
const isUnderReview = (c: HazardCase, itemId: string | undefined): boolean =>
  c.state === 'submitted' && c.items.every((i) => i.state !== 'open' || (itemId !== undefined && i.itemId !== itemId));

/** Whether a case is sent to its owner by rule right after this command. */
export const dispatchesByRule = (name: HazardCommand['name']): boolean => name === 'triage' || name === 'reopen';

/** An instant at which a case must move by itself, and how. */
export interface CaseTimer {
  at: number;
  command: SystemCommand;
}

/** The next move of the open supervision: a reminder, or that its deadline has passed. */
export const supervisionTimer = (c: HazardCase): CaseTimer | null => {
  const { supervision: level } = c;
  const d = c.supervisionOpen ? c.deadlines.find((x) => x.kind === 'supervision' && x.level === level && !x.breached) : undefined;
  if (!d || level === 0) return null;
  const reminder = d.reminders[0];
  return reminder === undefined
    ? { at: d.dueAt, command: { name: 'supervisionBreached', level } }
    : { at: reminder, command: { name: 'remind', deadline: 'supervision', level, remindAt: reminder } };
};

/** What has come due by `now`, earliest first, of the case and of its supervision. */
export const dueMove = (c: HazardCase, now: number): CaseTimer | null =>
  [nextTimer(c), supervisionTimer(c)].filter((t) => t !== null && t.at <= now).sort((a, b) => a!.at - b!.at)[0] ?? null;

/**
 * The next instant at which the case must move by itself, and how. Supervision has a workflow of its own that keeps its
 * timers (supervisionTimer), so its deadline is not in here.
 */
export const nextTimer = (c: HazardCase): CaseTimer | null => {
  let best: CaseTimer | null = null;
  const offer = (at: number, command: SystemCommand): void => {
    if (!best || at < best.at) best = { at, command };
  };
  if (c.paused) offer(c.paused.until, { name: 'resume', reason: '暂停期满 / the pause has ended' });
  for (const l of c.lookBacks) if (l.state === 'pending') offer(l.dueAt, { name: 'lookBackDue', n: l.n });
  for (const d of c.deadlines) {
    if (d.kind === 'supervision' || (c.paused && isRectification(d.kind))) continue;
    const of = { deadline: d.kind, level: d.level, ...(d.item === undefined ? {} : { item: d.item }) };
    const reminder = d.reminders[0];
    if (reminder !== undefined) offer(reminder, { name: 'remind', ...of, remindAt: reminder });
    if (!d.breached) offer(d.dueAt, { name: 'breach', ...of });
  }
  return best;
};
