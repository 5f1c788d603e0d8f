/**
 * 隐患 case: the states, the moves, who may make them, and what each move brings with it. Pure: the workflow applies steps,
 * the API asks what an actor may do, tests and the simulator use it as the oracle.
 *
 * Six steps of the closed loop (C-018): find and report → `reported`, `triaged`; dispatch → `dispatched`; rectify →
 * `rectifying`, `submitted`; accept → `accepted`; archive → `archived`. `dismissed` ends a report that is no hazard.
 * Times are epoch milliseconds.
 */
import type { HazardGrade, HazardType } from './hazard-types.ts';
import { HAZARD_GRADES, isHazardType } from './hazard-types.ts';
import type { NoticeKind, NoticeRecipient } from './notices.ts';
import { isBlankText } from './notices.ts';
import type { Actor } from './permissions.ts';
import { may } from './permissions.ts';
import type { ParkPolicy } from './policy.ts';
import { rectifyMs } from './policy.ts';
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import type { SupervisionCause, SupervisionLevel } from './supervision.ts';
import { levelAfterOverdue, levelAfterRejection, supervisionCopies } from './supervision.ts';

export const HAZARD_STATES = ['reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived', 'dismissed'] as const;
export type HazardState = (typeof HAZARD_STATES)[number];

export type HazardOrigin = 'sensor' | 'manual' | 'floor';
export type DeadlineKind = 'triage' | 'dispatch' | 'rectify' | 'supervision';

/** A file in the evidence store (by SHA-256), or a sensor event, or the words of a report. */
export interface EvidenceItem {
  sha256?: string;
  mediaType?: string;
  /** What the camera or phone claims; never proof. */
  capturedAt?: number;
  /** A sensor event's facts, or the words of a report without photo. */
  detail?: Record<string, unknown>;
  /** The id of the evidence that this one supersedes. The old one stays readable. */
  supersedes?: string;
}

export interface HazardReport {
  reportId: string;
  origin: HazardOrigin;
  type: HazardType;
  title: string;
  description: string;
  reporterId: string | null;
  assetId: string | null;
  zoneId: string | null;
  point: { type: 'Point'; coordinates: [number, number] } | null;
  statutory: boolean;
  /** For origin sensor and floor. */
  event: { eventId: string; ruleId: string; ruleVersion: number; flowVersion: number | null; nodeId: string | null } | null;
  receivedAt: number;
  clientAt: number | null;
  evidence: EvidenceItem[];
}

export interface OpenDeadline {
  kind: DeadlineKind;
  level: 0 | SupervisionLevel;
  startedAt: number;
  dueAt: number;
  /** Instants of reminders still to come, ascending. */
  reminders: number[];
  breached: boolean;
  basis: string;
}

export interface HazardCase {
  hazardId: string;
  tenantId: string;
  type: HazardType;
  grade: HazardGrade | null;
  title: string;
  description: string;
  state: HazardState;
  origin: HazardOrigin;
  /** Number of the last recorded transition; the first is 1. */
  seq: number;
  cycle: number;
  assetId: string | null;
  zoneId: string | null;
  point: HazardReport['point'];
  event: HazardReport['event'];
  statutory: boolean;
  reportedAt: number;
  /** Due instant that the enterprise works against now: rectification, or the open supervision's. */
  dueAt: number | null;
  overdue: boolean;
  needsOwner: boolean;
  responsibleId: string | null;
  rectifierIds: string[];
  reporterIds: string[];
  reportIds: string[];
  rejections: number;
  /** Highest level reached; 0 = none. */
  supervision: 0 | SupervisionLevel;
  supervisionOpen: boolean;
  supervisionExhausted: boolean;
  deadlines: OpenDeadline[];
  lastAt: number;
  closedAt: number | null;
}

export type PersonCommand =
  | { name: 'triage'; grade: HazardGrade; type?: HazardType; reason: string }
  | { name: 'dispatch'; responsibleId: string; note?: string }
  | { name: 'returnDispatch'; reason: string }
  | { name: 'start'; note?: string }
  | { name: 'progress'; note: string; evidence: EvidenceItem[] }
  | { name: 'submit'; note: string; evidence: EvidenceItem[] }
  | { name: 'accept'; note: string; evidence?: EvidenceItem[] }
  | { name: 'reject'; reason: string }
  | { name: 'dismiss'; reason: string };

export type SystemCommand =
  | { name: 'open'; report: HazardReport }
  | { name: 'join'; report: HazardReport }
  | { name: 'dispatch'; responsibleId: string; note?: string }
  | { name: 'needsOwner' }
  | { name: 'remind'; deadline: DeadlineKind; level: 0 | SupervisionLevel; remindAt: number }
  | { name: 'breach'; deadline: DeadlineKind; level: 0 | SupervisionLevel }
  | { name: 'supervise'; level: SupervisionLevel; cause: SupervisionCause }
  | { name: 'supervisionBreached'; level: SupervisionLevel }
  | { name: 'archive' };

export type HazardCommand = PersonCommand | SystemCommand;
export type CommandName = HazardCommand['name'];

export const PERSON_COMMANDS = ['triage', 'dispatch', 'returnDispatch', 'start', 'progress', 'submit', 'accept', 'reject', 'dismiss'] as const satisfies readonly PersonCommand['name'][];
export type PersonCommandName = (typeof PERSON_COMMANDS)[number];

const OPEN: readonly HazardState[] = ['reported', 'triaged', 'dispatched', 'rectifying', 'submitted'];
/** From the dispatch to the acceptance the rectification deadline runs. */
const UNACCEPTED: readonly HazardState[] = ['dispatched', 'rectifying', 'submitted'];

/** Every legal move: command → states it may start from and the state it leads to ('same' stays). `open` starts a case. */
export const MOVES: Record<Exclude<CommandName, 'open'>, { from: readonly HazardState[]; to: HazardState | 'same' }> = {
  join: { from: [...OPEN, 'accepted'], to: 'same' },
  triage: { from: ['reported'], to: 'triaged' },
  dismiss: { from: ['reported'], to: 'dismissed' },
  needsOwner: { from: ['triaged'], to: 'same' },
  dispatch: { from: ['triaged'], to: 'dispatched' },
  returnDispatch: { from: ['dispatched'], to: 'triaged' },
  start: { from: ['dispatched'], to: 'rectifying' },
  progress: { from: ['rectifying'], to: 'same' },
  submit: { from: ['rectifying'], to: 'submitted' },
  reject: { from: ['submitted'], to: 'rectifying' },
  accept: { from: ['submitted'], to: 'accepted' },
  archive: { from: ['accepted'], to: 'archived' },
  remind: { from: OPEN, to: 'same' },
  breach: { from: OPEN, to: 'same' },
  supervise: { from: UNACCEPTED, to: 'same' },
  supervisionBreached: { from: UNACCEPTED, to: 'same' },
};

export const isClosed = (c: Pick<HazardCase, 'state'>): boolean => c.state === 'archived' || c.state === 'dismissed';

export interface StepContext {
  /** One per command, chosen by its sender; the key of every effect. */
  commandId: string;
  /** null: the system itself. */
  actor: Actor | null;
  at: number;
  clientAt?: number | null;
  policy: ParkPolicy;
}

/** A transition as it goes on the record. */
export interface TransitionRecord {
  seq: number;
  command: CommandName;
  commandId: string;
  from: HazardState | null;
  to: HazardState;
  actorId: string | null;
  actorOrgId: string | null;
  actorRole: string | null;
  serverAt: number;
  clientAt: number | null;
  clockSkew: boolean;
  reason: string | null;
  payload: Record<string, unknown>;
}

export type HazardEffect =
  | { kind: 'deadline'; op: 'start' | 'met' | 'breached' | 'withdrawn'; deadline: OpenDeadline; at: number }
  | { kind: 'supervision'; op: 'open'; level: SupervisionLevel; cause: SupervisionCause; openedAt: number; dueAt: number; reminders: number[] }
  | { kind: 'supervision'; op: 'close'; level: SupervisionLevel; outcome: 'accepted' | 'escalated' | 'exhausted'; at: number }
  | { kind: 'notice'; notice: NoticeKind; to: NoticeRecipient; isCopy: boolean; level: 0 | SupervisionLevel; cause?: SupervisionCause; deadline?: DeadlineKind; dueAt: number | null }
  | { kind: 'evidence'; purpose: 'report' | 'sensor' | 'progress' | 'submission' | 'acceptance'; items: EvidenceItem[]; uploaderId: string | null };

export interface Step {
  next: HazardCase;
  record: TransitionRecord;
  effects: HazardEffect[];
}

// ---- who may do what ----

/**
 * Whether this actor may make this move now. Separation of duties is looked at before the role, so that a self-acceptance
 * is always named as what it is, and the role before the state.
 */
export const checkMove = (c: HazardCase, name: CommandName, actor: Actor | null): Result<true> => {
  if (name === 'open') return refuse('hazard.illegal_move', { detail: { state: c.state, command: name } });
  const isPerson = (PERSON_COMMANDS as readonly string[]).includes(name);
  if (actor) {
    if (!isPerson) return refuse('permission.denied', { detail: { action: `hazard.${name}` } });
    if (name === 'accept' || name === 'reject') {
      if (c.rectifierIds.includes(actor.personId) || c.responsibleId === actor.personId) return refuse('hazard.self_acceptance');
      if (actor.orgId === c.tenantId || actor.orgIds.includes(c.tenantId)) return refuse('hazard.acceptor_from_enterprise');
    }
    if (!may(actor.role, `hazard.${name}`)) return refuse('permission.denied', { detail: { action: `hazard.${name}` } });
    // An enterprise acts on its own cases only; to others the case does not exist.
    if (actor.orgKind === 'enterprise' && actor.orgId !== c.tenantId) return refuse('hazard.not_found');
    // Returning a dispatch is no way out of a deadline that has passed, nor of supervision.
    if (name === 'returnDispatch' && (c.overdue || c.supervision > 0)) return refuse('hazard.illegal_move', { detail: { state: c.state, command: name, overdue: c.overdue, supervision: c.supervision } });
    if (name === 'dismiss') {
      if (c.reporterIds.includes(actor.personId)) return refuse('hazard.reporter_dismisses');
      if (c.statutory) return refuse('hazard.statutory_dismissal');
    }
  } else if (isPerson && name !== 'dispatch') {
    return refuse('permission.denied', { detail: { action: `hazard.${name}` } });
  }
  if (!MOVES[name].from.includes(c.state)) return refuse('hazard.illegal_move', { detail: { state: c.state, command: name } });
  return ok(true);
};

/** The acts that this person may do on this case now, for the page and for the API's case view. */
export const allowedActs = (c: HazardCase, actor: Actor): PersonCommandName[] =>
  PERSON_COMMANDS.filter((name) => checkMove(c, name, actor).ok);

const blank = (text: string | undefined): boolean => isBlankText(text ?? '');
const hasFile = (evidence: readonly EvidenceItem[] | undefined): boolean => (evidence ?? []).some((e) => e.sha256 !== undefined);

const checkContent = (c: HazardCase, cmd: HazardCommand): Result<true> => {
  switch (cmd.name) {
    case 'triage':
      if (!(HAZARD_GRADES as readonly string[]).includes(cmd.grade)) return refuse('request.invalid', { field: 'grade' });
      if (cmd.type !== undefined && !isHazardType(cmd.type)) return refuse('hazard.type_unknown', { field: 'type' });
      return blank(cmd.reason) ? refuse('hazard.reason_required', { field: 'reason' }) : ok(true);
    case 'returnDispatch':
    case 'reject':
    case 'dismiss':
      return blank(cmd.reason) ? refuse('hazard.reason_required', { field: 'reason' }) : ok(true);
    case 'dispatch':
      return blank(cmd.responsibleId) ? refuse('hazard.responsible_invalid', { field: 'responsibleId' }) : ok(true);
    case 'progress':
      return blank(cmd.note) && !hasFile(cmd.evidence) ? refuse('request.invalid', { field: 'note' }) : ok(true);
    case 'submit':
      return hasFile(cmd.evidence) ? ok(true) : refuse('hazard.evidence_required', { field: 'evidence' });
    case 'accept':
      return blank(cmd.note) ? refuse('hazard.reason_required', { field: 'note' }) : ok(true);
    case 'join':
      return c.reportIds.includes(cmd.report.reportId) ? refuse('hazard.illegal_move', { detail: { duplicate: cmd.report.reportId } }) : ok(true);
    case 'remind': {
      const d = findDeadline(c, cmd.deadline, cmd.level);
      return d?.reminders.includes(cmd.remindAt) ? ok(true) : refuse('hazard.illegal_move', { detail: { command: cmd.name } });
    }
    case 'breach': {
      const d = findDeadline(c, cmd.deadline, cmd.level);
      return d && !d.breached ? ok(true) : refuse('hazard.illegal_move', { detail: { command: cmd.name } });
    }
    case 'supervise':
      return cmd.level > c.supervision ? ok(true) : refuse('hazard.illegal_move', { detail: { command: cmd.name, level: c.supervision } });
    case 'supervisionBreached':
      return c.supervisionOpen && c.supervision === cmd.level ? ok(true) : refuse('hazard.illegal_move', { detail: { command: cmd.name } });
    case 'needsOwner':
      return c.needsOwner ? refuse('hazard.illegal_move', { detail: { command: cmd.name } }) : ok(true);
    case 'open':
    case 'start':
    case 'archive':
      return ok(true);
  }
};

/** Whether a command would be taken: the validator of every update. */
export const checkCommand = (c: HazardCase, cmd: HazardCommand, actor: Actor | null): Result<true> => {
  const move = checkMove(c, cmd.name, actor);
  return move.ok ? checkContent(c, cmd) : move;
};

// ---- the moves ----

const findDeadline = (c: HazardCase, kind: DeadlineKind, level: number): OpenDeadline | undefined =>
  c.deadlines.find((d) => d.kind === kind && d.level === level);

const startDeadline = (kind: DeadlineKind, level: 0 | SupervisionLevel, at: number, ms: number, policy: ParkPolicy, basis: string): OpenDeadline => {
  const dueAt = at + ms;
  const remind = kind === 'rectify' || kind === 'supervision' ? policy.remindBeforeMs : [];
  return {
    kind,
    level,
    startedAt: at,
    dueAt,
    reminders: remind.map((before) => dueAt - before).filter((t) => t > at).sort((a, b) => a - b),
    breached: false,
    basis: `${policy.id}#${basis}`,
  };
};

/** Opens a case from its first report. `at` is the instant of the report. */
export const openCase = (
  input: { hazardId: string; tenantId: string; report: HazardReport },
  ctx: StepContext,
): Step => {
  const { report } = input;
  const triage = startDeadline('triage', 0, ctx.at, ctx.policy.triageMs, ctx.policy, 'triageMs');
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
    reportIds: [report.reportId],
    rejections: 0,
    supervision: 0,
    supervisionOpen: false,
    supervisionExhausted: false,
    deadlines: [triage],
    lastAt: ctx.at,
    closedAt: null,
  };
  return {
    next,
    record: recordOf(null, next, { name: 'open', report }, ctx),
    effects: [{ kind: 'deadline', op: 'start', deadline: triage, at: ctx.at }, reportEvidence(report)],
  };
};

const reportEvidence = (report: HazardReport): HazardEffect => ({
  kind: 'evidence',
  purpose: report.origin === 'manual' ? 'report' : 'sensor',
  items: report.evidence,
  uploaderId: report.reporterId,
});

const reasonOf = (cmd: HazardCommand): string | null => {
  if ('reason' in cmd) return cmd.reason;
  if ('note' in cmd) return cmd.note ?? null;
  return null;
};

const recordOf = (before: HazardCase | null, next: HazardCase, cmd: HazardCommand, ctx: StepContext): TransitionRecord => {
  const { name, ...payload } = cmd;
  const clientAt = ctx.clientAt ?? null;
  return {
    seq: next.seq,
    command: name,
    commandId: ctx.commandId,
    from: before?.state ?? null,
    to: next.state,
    actorId: ctx.actor?.personId ?? ('report' in cmd ? cmd.report.reporterId : null),
    actorOrgId: ctx.actor?.orgId ?? null,
    actorRole: ctx.actor?.role ?? null,
    serverAt: next.lastAt,
    clientAt,
    clockSkew: clientAt !== null && Math.abs(clientAt - ctx.at) > ctx.policy.clockSkewMs,
    reason: reasonOf(cmd),
    payload,
  };
};

/**
 * Applies one command. Refuses without any change, or gives the case after it, the transition for the record and all
 * effects that belong into the same transaction.
 */
export const step = (before: HazardCase, cmd: HazardCommand, ctx: StepContext): Result<Step> => {
  const checked = checkCommand(before, cmd, ctx.actor);
  if (!checked.ok) return checked;
  if (cmd.name === 'open') return refuse('hazard.illegal_move');

  // Server time never runs backwards within a case.
  const at = Math.max(ctx.at, before.lastAt);
  const move = MOVES[cmd.name];
  const next: HazardCase = {
    ...before,
    seq: before.seq + 1,
    state: move.to === 'same' ? before.state : move.to,
    lastAt: at,
    deadlines: before.deadlines.map((d) => ({ ...d, reminders: [...d.reminders] })),
  };
  const effects: HazardEffect[] = [];
  const { policy, actor } = ctx;

  const start = (kind: DeadlineKind, level: 0 | SupervisionLevel, ms: number, basis: string): OpenDeadline => {
    const deadline = startDeadline(kind, level, at, ms, policy, basis);
    next.deadlines.push(deadline);
    effects.push({ kind: 'deadline', op: 'start', deadline, at });
    return deadline;
  };
  // A deadline ends once: one that was breached is not met afterwards, however late the act comes.
  const end = (op: 'met' | 'withdrawn', ...kinds: DeadlineKind[]): void => {
    for (const deadline of next.deadlines.filter((d) => kinds.includes(d.kind) && !d.breached)) effects.push({ kind: 'deadline', op, deadline, at });
    next.deadlines = next.deadlines.filter((d) => !kinds.includes(d.kind));
  };
  const notify = (notice: NoticeKind, to: NoticeRecipient, more: Partial<Extract<HazardEffect, { kind: 'notice' }>> = {}): void => {
    effects.push({ kind: 'notice', notice, to, isCopy: false, level: next.supervision, dueAt: next.dueAt, ...more });
  };
  const evidence = (purpose: 'progress' | 'submission' | 'acceptance', items: EvidenceItem[] | undefined): void => {
    if (items?.length) effects.push({ kind: 'evidence', purpose, items, uploaderId: actor?.personId ?? null });
  };
  const rectifier = (): void => {
    if (actor && !next.rectifierIds.includes(actor.personId)) next.rectifierIds = [...next.rectifierIds, actor.personId];
  };
  const closeSupervision = (outcome: 'accepted' | 'escalated' | 'exhausted'): void => {
    if (!next.supervisionOpen || next.supervision === 0) return;
    effects.push({ kind: 'supervision', op: 'close', level: next.supervision, outcome, at });
    next.supervisionOpen = false;
    if (outcome !== 'exhausted') end(outcome === 'accepted' ? 'met' : 'withdrawn', 'supervision');
  };

  switch (cmd.name) {
    case 'join': {
      next.reportIds = [...next.reportIds, cmd.report.reportId];
      if (cmd.report.reporterId && !next.reporterIds.includes(cmd.report.reporterId)) next.reporterIds = [...next.reporterIds, cmd.report.reporterId];
      next.statutory = next.statutory || cmd.report.statutory;
      next.event = next.event ?? cmd.report.event;
      effects.push(reportEvidence(cmd.report));
      break;
    }
    case 'triage':
      next.grade = cmd.grade;
      next.type = cmd.type ?? next.type;
      end('met', 'triage');
      start('dispatch', 0, policy.dispatchMs, 'dispatchMs');
      break;
    case 'needsOwner':
      next.needsOwner = true;
      // The dispatch waits for a person: whoever dispatches is told until when.
      notify('reminder', 'emergency_office', { deadline: 'dispatch', dueAt: findDeadline(next, 'dispatch', 0)?.dueAt ?? null });
      break;
    case 'dispatch': {
      next.responsibleId = cmd.responsibleId;
      next.needsOwner = false;
      end('met', 'dispatch');
      const grade = next.grade ?? 'general';
      const due = start('rectify', 0, rectifyMs(policy, grade, next.type), `rectifyMs.${grade}`);
      next.dueAt = due.dueAt;
      notify('dispatch', 'enterprise');
      notify('dispatch', 'emergency_office', { isCopy: true });
      break;
    }
    case 'returnDispatch':
      next.responsibleId = null;
      next.dueAt = null;
      end('withdrawn', 'rectify');
      start('dispatch', 0, policy.dispatchMs, 'dispatchMs');
      break;
    case 'start':
      rectifier();
      break;
    case 'progress':
      rectifier();
      evidence('progress', cmd.evidence);
      break;
    case 'submit':
      rectifier();
      evidence('submission', cmd.evidence);
      break;
    case 'reject':
      next.rejections += 1;
      notify('rejection', 'enterprise');
      break;
    case 'accept':
      evidence('acceptance', cmd.evidence);
      closeSupervision('accepted');
      end('met', 'rectify', 'supervision');
      next.dueAt = null;
      notify('acceptance', 'enterprise', { dueAt: null });
      notify('acceptance', 'emergency_office', { isCopy: true, dueAt: null });
      break;
    case 'dismiss':
      end('met', 'triage');
      next.closedAt = at;
      break;
    case 'archive':
      next.closedAt = at;
      break;
    case 'remind': {
      const d = findDeadline(next, cmd.deadline, cmd.level);
      if (d) {
        d.reminders = d.reminders.filter((t) => t !== cmd.remindAt);
        notify('reminder', 'enterprise', { deadline: cmd.deadline, level: cmd.level, dueAt: d.dueAt });
      }
      break;
    }
    case 'breach': {
      const d = findDeadline(next, cmd.deadline, cmd.level);
      if (d) {
        d.breached = true;
        d.reminders = [];
        effects.push({ kind: 'deadline', op: 'breached', deadline: d, at });
        if (cmd.deadline === 'rectify') {
          next.overdue = true;
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

/** What the system itself must do right after a step, in order. */
export const consequences = (after: HazardCase, cmd: HazardCommand, policy: ParkPolicy): SystemCommand[] => {
  const supervise = (level: SupervisionLevel, cause: SupervisionCause): SystemCommand[] =>
    level > after.supervision ? [{ name: 'supervise', level, cause }] : [];
  switch (cmd.name) {
    case 'breach':
      if (cmd.deadline !== 'rectify') return [];
      return supervise(levelAfterOverdue(after.supervision), after.state === 'submitted' ? 'review_overdue' : 'overdue');
    case 'reject':
      return supervise(levelAfterRejection(after.rejections, policy.rejectionsForLevel3), 'rejected');
    case 'supervisionBreached':
      return cmd.level < 3 ? supervise((cmd.level + 1) as SupervisionLevel, 'supervision_breached') : [];
    case 'returnDispatch':
      return [{ name: 'needsOwner' }];
    case 'accept':
      return [{ name: 'archive' }];
    default:
      return [];
  }
};

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
  for (const d of c.deadlines) {
    if (d.kind === 'supervision' || d.breached) continue;
    const reminder = d.reminders[0];
    if (reminder !== undefined) offer(reminder, { name: 'remind', deadline: d.kind, level: d.level, remindAt: reminder });
    offer(d.dueAt, { name: 'breach', deadline: d.kind, level: d.level });
  }
  return best;
};
