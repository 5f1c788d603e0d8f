/** 隐患 case: which moves there are, who may make them, and what each must say. */
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import { metresBetween } from './geo.ts';
import type { CommandName, DeadlineKind, EvidenceItem, GeoPoint, HazardCase, HazardCommand, HazardState, OpenDeadline, PersonCommandName, RectificationItem } from './hazard-case.ts';
import { ALSO_BY_SYSTEM, CLOSED_STATES, LISTING_LEVELS, PERSON_COMMANDS } from './hazard-case.ts';
import { HAZARD_GRADES, isHazardType } from './hazard-types.ts';
import { isBlankText } from './notices.ts';
import type { Actor } from './permissions.ts';
import { may } from './permissions.ts';
import type { ParkPolicy } from './policy.ts';

const OPEN: readonly HazardState[] = ['reported', 'triaged', 'dispatched', 'rectifying', 'submitted'];
/** From the dispatch to the acceptance the rectification deadline runs. */
const UNACCEPTED: readonly HazardState[] = ['dispatched', 'rectifying', 'submitted'];
const AT_WORK: readonly HazardState[] = ['dispatched', 'rectifying'];

/** Every legal move: command → states it may start from and the state it leads to ('same' stays). `open` starts a case. */
export const MOVES: Record<Exclude<CommandName, 'open'>, { from: readonly HazardState[]; to: HazardState | 'same' }> = {
  join: { from: [...OPEN, 'accepted'], to: 'same' },
  triage: { from: ['reported'], to: 'triaged' },
  dismiss: { from: ['reported'], to: 'dismissed' },
  reconsider: { from: ['dismissed'], to: 'reported' },
  merge: { from: ['reported', 'triaged'], to: 'merged' },
  unmerge: { from: ['merged'], to: 'reported' },
  absorb: { from: OPEN, to: 'same' },
  release: { from: [...OPEN, 'accepted', 'archived'], to: 'same' },
  redirect: { from: ['reported', 'triaged', 'dispatched'], to: 'redirected' },
  needsOwner: { from: ['triaged'], to: 'same' },
  dispatch: { from: ['triaged'], to: 'dispatched' },
  returnDispatch: { from: ['dispatched'], to: 'triaged' },
  reassess: { from: ['triaged', ...AT_WORK], to: 'reported' },
  handover: { from: UNACCEPTED, to: 'same' },
  start: { from: ['dispatched'], to: 'rectifying' },
  plan: { from: AT_WORK, to: 'same' },
  progress: { from: ['rectifying'], to: 'same' },
  split: { from: AT_WORK, to: 'same' },
  requestExtension: { from: AT_WORK, to: 'same' },
  withdrawExtension: { from: UNACCEPTED, to: 'same' },
  decideExtension: { from: UNACCEPTED, to: 'same' },
  pause: { from: AT_WORK, to: 'same' },
  resume: { from: AT_WORK, to: 'same' },
  submit: { from: ['rectifying'], to: 'submitted' },
  withdraw: { from: ['submitted'], to: 'rectifying' },
  addSigner: { from: UNACCEPTED, to: 'same' },
  sign: { from: ['submitted'], to: 'same' },
  acceptItems: { from: ['submitted'], to: 'rectifying' },
  reject: { from: ['submitted'], to: 'rectifying' },
  accept: { from: ['submitted'], to: 'accepted' },
  list: { from: ['triaged', ...UNACCEPTED], to: 'same' },
  delist: { from: ['accepted'], to: 'same' },
  archive: { from: ['accepted'], to: 'archived' },
  lookBackDue: { from: ['archived'], to: 'same' },
  lookBack: { from: ['archived'], to: 'same' },
  reopen: { from: ['archived'], to: 'triaged' },
  remind: { from: [...OPEN, 'accepted', 'archived'], to: 'same' },
  breach: { from: [...OPEN, 'accepted', 'archived'], to: 'same' },
  supervise: { from: UNACCEPTED, to: 'same' },
  supervisionBreached: { from: UNACCEPTED, to: 'same' },
};

export const isClosed = (c: Pick<HazardCase, 'state'>): boolean => (CLOSED_STATES as readonly string[]).includes(c.state);

/** Closed, and nothing more will happen by itself. */
export const isFinished = (c: HazardCase): boolean => isClosed(c) && !c.lookBacks.some((l) => l.state === 'pending' || l.state === 'due');

/** Acts that judge the rectification: for nobody who had a part in it. */
export const JUDGING: readonly CommandName[] = ['sign', 'acceptItems', 'accept', 'reject', 'lookBack'];
/** Ways out of the enterprise's clock: not for a case that is overdue or supervised. */
const WAYS_OUT: readonly CommandName[] = ['returnDispatch', 'reassess', 'redirect', 'pause', 'requestExtension'];
/** What waits while the clock of the enterprise stands still. */
const NOT_WHILE_PAUSED: readonly CommandName[] = ['start', 'submit', 'split', 'returnDispatch', 'reassess', 'redirect', 'pause', 'requestExtension'];

/** The person who acts, and the one for whom they act. */
export const personsOf = (actor: Actor): string[] => (actor.delegatorId ? [actor.personId, actor.delegatorId] : [actor.personId]);

const checkSeparation = (c: HazardCase, actor: Actor): Result<true> => {
  if (personsOf(actor).some((p) => c.rectifierIds.includes(p) || c.responsibleId === p)) return refuse('hazard.self_acceptance');
  if (actor.orgId === c.tenantId || actor.orgIds.includes(c.tenantId)) return refuse('hazard.acceptor_from_enterprise');
  return ok(true);
};

/**
 * Whether this actor may make this move now. Separation of duties is looked at before the role, so that a self-acceptance
 * is always named as what it is, and the role before the state.
 */
export const checkMove = (c: HazardCase, name: CommandName, actor: Actor | null): Result<true> => {
  if (name === 'open') return refuse('hazard.illegal_move', { detail: { state: c.state, command: name } });
  const isPerson = (PERSON_COMMANDS as readonly string[]).includes(name);
  if (actor) {
    if (!isPerson) return refuse('permission.denied', { detail: { action: `hazard.${name}` } });
    if (JUDGING.includes(name)) {
      const separate = checkSeparation(c, actor);
      if (!separate.ok) return separate;
    }
    if (!may(actor.role, `hazard.${name}`)) return refuse('permission.denied', { detail: { action: `hazard.${name}` } });
    // An enterprise acts on its own cases only; to others the case does not exist.
    if (actor.orgKind === 'enterprise' && actor.orgId !== c.tenantId) return refuse('hazard.not_found');
    if (name === 'dismiss') {
      if (personsOf(actor).some((p) => c.reporterIds.includes(p))) return refuse('hazard.reporter_dismisses');
      if (c.statutory) return refuse('hazard.statutory_dismissal');
    }
  } else if (isPerson && !ALSO_BY_SYSTEM.includes(name)) {
    return refuse('permission.denied', { detail: { action: `hazard.${name}` } });
  }
  if (!MOVES[name].from.includes(c.state)) return refuse('hazard.illegal_move', { detail: { state: c.state, command: name } });
  if (WAYS_OUT.includes(name) && (c.overdue || c.supervision > 0)) return refuse('hazard.overdue', { detail: { state: c.state, command: name, overdue: c.overdue, supervision: c.supervision } });
  if (c.paused && NOT_WHILE_PAUSED.includes(name)) return refuse('hazard.paused', { detail: { until: c.paused.until } });
  return checkSituation(c, name, actor);
};

/** What the case must be like for the move, whatever the move says. */
const checkSituation = (c: HazardCase, name: CommandName, actor: Actor | null): Result<true> => {
  switch (name) {
    case 'resume':
      return c.paused ? ok(true) : refuse('hazard.illegal_move', { detail: { command: name, paused: false } });
    // What is listed is watched from outside: it goes nowhere on the quiet.
    case 'merge':
    case 'redirect':
      return c.listed ? refuse('hazard.already_listed') : ok(true);
    case 'reassess':
      return c.listed && actor?.role !== 'park_admin' ? refuse('hazard.decision_level', { detail: { role: 'park_admin' } }) : ok(true);
    case 'requestExtension':
      return c.extension ? refuse('hazard.extension_pending') : ok(true);
    case 'withdrawExtension':
    case 'decideExtension':
      return c.extension ? ok(true) : refuse('hazard.extension_none');
    case 'withdraw':
      return c.signatures.length > 0 ? refuse('hazard.review_begun') : ok(true);
    case 'list':
      if (c.grade !== 'major') return refuse('hazard.not_major');
      return c.listed ? refuse('hazard.already_listed') : ok(true);
    case 'delist':
      return c.listed ? ok(true) : refuse('hazard.illegal_move', { detail: { command: name, listed: false } });
    case 'archive':
      return c.listed ? refuse('hazard.illegal_move', { detail: { command: name, listed: true } }) : ok(true);
    case 'acceptItems':
      return c.items.filter((i) => i.state !== 'accepted').length > 1 ? ok(true) : refuse('hazard.items_complete');
    case 'sign':
      // One person accepts alone where nobody else has to sign.
      if (!needsTwo(c) && c.signers.length === 0) return refuse('hazard.illegal_move', { detail: { command: name, grade: c.grade } });
      return actor && c.signatures.some((s) => shares(s, actor)) ? refuse('hazard.already_signed') : ok(true);
    case 'accept': {
      const open = c.items.filter((i) => i.state === 'open').map((i) => i.itemId);
      if (open.length > 0) return refuse('hazard.items_open', { detail: { itemIds: open } });
      const missing = missingSignatures(c, actor);
      return missing.length > 0 ? refuse('hazard.signature_missing', { detail: { missing } }) : ok(true);
    }
    case 'lookBack':
      return c.lookBacks.some((l) => l.state === 'due') ? ok(true) : refuse('hazard.look_back_not_due');
    case 'needsOwner':
      return c.needsOwner ? refuse('hazard.illegal_move', { detail: { command: name } }) : ok(true);
    default:
      return ok(true);
  }
};

/** Signed in person, or by somebody who acted for them. */
const hasSigned = (c: HazardCase, personId: string): boolean => c.signatures.some((s) => s.personId === personId || s.delegatorId === personId);

/** Who has signed or is to sign does not become the one whose work is judged. */
const isSigner = (c: HazardCase, personId: string): boolean => c.signers.includes(personId) || hasSigned(c, personId);

const shares = (s: { personId: string; delegatorId: string | null }, actor: Actor): boolean =>
  personsOf(actor).some((p) => p === s.personId || p === s.delegatorId);

/** The acts that this person may do on this case now, for the page and for the API's case view. */
export const allowedActs = (c: HazardCase, actor: Actor): PersonCommandName[] =>
  PERSON_COMMANDS.filter((name) => checkMove(c, name, actor).ok);

// ---- what a command must say ----

export const MAX_ITEMS = 50;

const blank = (text: string | undefined): boolean => isBlankText(text ?? '');
const hasFile = (evidence: readonly EvidenceItem[] | undefined): boolean => (evidence ?? []).some((e) => e.sha256 !== undefined);

export const findDeadline = (c: HazardCase, kind: DeadlineKind, level: number, item?: string): OpenDeadline | undefined =>
  c.deadlines.find((d) => d.kind === kind && d.level === level && d.item === item);

export const rectifyDeadline = (c: HazardCase): OpenDeadline | undefined => findDeadline(c, 'rectify', 0);

/** Items that a submission or a decision is about: those named, or all in the state. */
export const itemsOf = (c: HazardCase, state: RectificationItem['state'], itemIds: readonly string[] | undefined): RectificationItem[] | null => {
  const all = c.items.filter((i) => i.state === state);
  if (!itemIds) return all;
  const named = all.filter((i) => itemIds.includes(i.itemId));
  return named.length === new Set(itemIds).size ? named : null;
};

/** Grades that need two people and the place: what the law calls major. */
const needsTwo = (c: HazardCase): boolean => c.grade === 'major';

/** On site (现场验收): a photo of the place, and a position not farther from the hazard than the policy says where that is known. */
const checkOnSite = (c: HazardCase, cmd: { evidence?: EvidenceItem[]; site?: GeoPoint }, policy: ParkPolicy): Result<true> => {
  if (!needsTwo(c)) return ok(true);
  if (!hasFile(cmd.evidence)) return refuse('hazard.evidence_required', { field: 'evidence' });
  if (!cmd.site) return refuse('hazard.on_site_required', { field: 'site' });
  if (!c.point) return ok(true);
  const metres = Math.round(metresBetween(c.point.coordinates, cmd.site.coordinates));
  return metres <= policy.onSiteRadiusM ? ok(true) : refuse('hazard.not_on_site', { field: 'site', detail: { metres, allowed: policy.onSiteRadiusM } });
};

const reasonNeeded = (reason: string): Result<true> => (blank(reason) ? refuse('hazard.reason_required', { field: 'reason' }) : ok(true));
const illegal = (detail: Record<string, unknown>) => refuse('hazard.illegal_move', { detail });

/** Whether the case knows already what another tells it, or later news of it: messages may come late and in any order. */
export const hasHeard = (c: HazardCase, { hazardId, seq }: { hazardId: string; seq?: number }): boolean =>
  seq === undefined ? c.absorbed.includes(hazardId) : (c.heard[hazardId]?.seq ?? 0) >= seq;

const checkContent = (c: HazardCase, cmd: HazardCommand, actor: Actor | null, at: number, policy: ParkPolicy): Result<true> => {
  switch (cmd.name) {
    case 'triage':
      if (!(HAZARD_GRADES as readonly string[]).includes(cmd.grade)) return refuse('request.invalid', { field: 'grade' });
      if (cmd.type !== undefined && !isHazardType(cmd.type)) return refuse('hazard.type_unknown', { field: 'type' });
      return reasonNeeded(cmd.reason);
    case 'returnDispatch':
    case 'reassess':
    case 'withdraw':
    case 'withdrawExtension':
    case 'resume':
    case 'delist':
    case 'dismiss':
    case 'reopen':
    case 'reconsider':
      return reasonNeeded(cmd.reason);
    case 'reject':
      if (!itemsOf(c, 'submitted', cmd.itemIds)?.length) return refuse('hazard.item_unknown', { field: 'itemIds' });
      return reasonNeeded(cmd.reason);
    case 'dispatch':
      return blank(cmd.responsibleId) || isSigner(c, cmd.responsibleId) ? refuse('hazard.responsible_invalid', { field: 'responsibleId' }) : ok(true);
    case 'handover':
      if (blank(cmd.responsibleId) || cmd.responsibleId === c.responsibleId || isSigner(c, cmd.responsibleId)) return refuse('hazard.responsible_invalid', { field: 'responsibleId' });
      return reasonNeeded(cmd.reason);
    case 'redirect':
      if (blank(cmd.tenantId) || cmd.tenantId === c.tenantId) return refuse('hazard.tenant_invalid', { field: 'tenantId' });
      if (blank(cmd.successorId) || cmd.successorId === c.hazardId) return refuse('request.invalid', { field: 'successorId' });
      return reasonNeeded(cmd.reason);
    case 'merge':
      if (blank(cmd.intoHazardId) || cmd.intoHazardId === c.hazardId) return refuse('hazard.merge_target', { field: 'intoHazardId' });
      return reasonNeeded(cmd.reason);
    case 'plan':
      if (blank(cmd.interimMeasures)) return refuse('request.invalid', { field: 'interimMeasures' });
      if (blank(cmd.measures)) return refuse('request.invalid', { field: 'measures' });
      return Number.isFinite(cmd.costYuan) && cmd.costYuan >= 0 ? ok(true) : refuse('request.invalid', { field: 'costYuan' });
    case 'progress':
      return blank(cmd.note) && !hasFile(cmd.evidence) ? refuse('request.invalid', { field: 'note' }) : ok(true);
    case 'split':
      return checkSplit(c, cmd, at);
    case 'submit':
      if (!itemsOf(c, 'open', cmd.itemIds)?.length) return refuse('hazard.item_unknown', { field: 'itemIds' });
      if (!hasFile(cmd.evidence)) return refuse('hazard.evidence_required', { field: 'evidence' });
      // 重大隐患: measures, money, people, time and a plan for emergencies are settled before it counts as rectified (安全生产法 art. 41).
      return c.grade === 'major' && !c.planned ? refuse('hazard.plan_required') : ok(true);
    case 'requestExtension':
      return checkExtension(c, cmd, at, policy);
    case 'decideExtension':
      return checkDecision(c, cmd, actor, at);
    case 'pause': {
      if (!Number.isSafeInteger(cmd.until) || cmd.until <= at) return refuse('request.invalid', { field: 'until' });
      if (c.pauses >= policy.pause.maxCount || cmd.until - at > policy.pause.maxMs) return refuse('hazard.pause_limit', { field: 'until', detail: { ...policy.pause, pauses: c.pauses } });
      return reasonNeeded(cmd.reason);
    }
    case 'addSigner':
      if (blank(cmd.personId) || c.signers.includes(cmd.personId)) return refuse('request.invalid', { field: 'personId' });
      if (c.rectifierIds.includes(cmd.personId) || c.responsibleId === cmd.personId) return refuse('hazard.self_acceptance', { field: 'personId' });
      if (cmd.orgIds.includes(c.tenantId)) return refuse('hazard.acceptor_from_enterprise', { field: 'personId' });
      return reasonNeeded(cmd.reason);
    case 'sign': {
      if (blank(cmd.note)) return refuse('hazard.reason_required', { field: 'note' });
      return checkOnSite(c, cmd, policy);
    }
    case 'acceptItems': {
      const accepted = itemsOf(c, 'submitted', cmd.itemIds);
      if (!accepted?.length) return refuse('hazard.item_unknown', { field: 'itemIds' });
      if (c.items.every((i) => i.state === 'accepted' || accepted.includes(i))) return refuse('hazard.items_complete', { field: 'itemIds' });
      if (blank(cmd.reason)) return refuse('hazard.reason_required', { field: 'reason' });
      return checkOnSite(c, cmd, policy);
    }
    case 'accept': {
      if (blank(cmd.note)) return refuse('hazard.reason_required', { field: 'note' });
      return checkOnSite(c, cmd, policy);
    }
    case 'list':
      if (!(LISTING_LEVELS as readonly string[]).includes(cmd.level)) return refuse('request.invalid', { field: 'level' });
      return reasonNeeded(cmd.reason);
    case 'lookBack':
      if (!c.lookBacks.some((l) => l.n === cmd.n && l.state === 'due')) return refuse('hazard.look_back_not_due', { field: 'n' });
      if (blank(cmd.note)) return refuse('hazard.reason_required', { field: 'note' });
      return hasFile(cmd.evidence) ? ok(true) : refuse('hazard.evidence_required', { field: 'evidence' });
    case 'remind': {
      const d = findDeadline(c, cmd.deadline, cmd.level, cmd.item);
      return d?.reminders.includes(cmd.remindAt) ? ok(true) : illegal({ command: cmd.name });
    }
    case 'breach': {
      const d = findDeadline(c, cmd.deadline, cmd.level, cmd.item);
      // A clock that stands still does not run out.
      return d && !d.breached && !(c.paused && (d.kind === 'rectify' || d.kind === 'item')) ? ok(true) : illegal({ command: cmd.name });
    }
    case 'supervise':
      return cmd.level > c.supervision && !c.paused ? ok(true) : illegal({ command: cmd.name, level: c.supervision });
    case 'supervisionBreached':
      return c.supervisionOpen && c.supervision === cmd.level ? ok(true) : illegal({ command: cmd.name });
    case 'unmerge':
      // While it is merged nothing else happens to a case: a refusal of an earlier merge is no news.
      return 'seq' in cmd && cmd.seq !== c.seq ? illegal({ command: cmd.name }) : reasonNeeded(cmd.reason);
    case 'absorb':
      return hasHeard(c, cmd) || cmd.hazardId === c.hazardId ? illegal({ command: cmd.name }) : ok(true);
    case 'release':
      return cmd.seq === undefined ? (c.absorbed.includes(cmd.hazardId) ? ok(true) : illegal({ command: cmd.name })) : hasHeard(c, cmd) ? illegal({ command: cmd.name }) : ok(true);
    case 'lookBackDue':
      return c.lookBacks.some((l) => l.n === cmd.n && l.state === 'pending') ? ok(true) : illegal({ command: cmd.name });
    case 'join':
      return cmd.reports.length > 0 ? ok(true) : illegal({ command: cmd.name });
    case 'needsOwner':
    case 'open':
    case 'start':
    case 'archive':
      return ok(true);
  }
};

const checkSplit = (c: HazardCase, cmd: Extract<HazardCommand, { name: 'split' }>, at: number): Result<true> => {
  const due = rectifyDeadline(c)?.dueAt ?? Infinity;
  const known = new Set(c.items.map((i) => i.itemId));
  if (cmd.items.length === 0 || cmd.items.length + c.items.length > MAX_ITEMS) return refuse('hazard.item_invalid', { field: 'items', detail: { most: MAX_ITEMS } });
  for (const [index, item] of cmd.items.entries()) {
    if (blank(item.itemId) || known.has(item.itemId)) return refuse('hazard.item_invalid', { field: `items.${index}.itemId` });
    known.add(item.itemId);
    if (blank(item.title)) return refuse('hazard.item_invalid', { field: `items.${index}.title` });
    if (item.dueAt !== null && (!Number.isSafeInteger(item.dueAt) || item.dueAt <= at || item.dueAt > due)) return refuse('hazard.item_invalid', { field: `items.${index}.dueAt`, detail: { notAfter: due } });
  }
  return reasonNeeded(cmd.reason);
};

const checkExtension = (c: HazardCase, cmd: Extract<HazardCommand, { name: 'requestExtension' }>, at: number, policy: ParkPolicy): Result<true> => {
  const due = rectifyDeadline(c);
  if (!due || due.breached) return refuse('hazard.overdue');
  if (c.extensions >= policy.extension.maxCount) return refuse('hazard.extension_limit', { detail: { granted: c.extensions, most: policy.extension.maxCount } });
  if (!Number.isSafeInteger(cmd.dueAt) || cmd.dueAt <= due.dueAt || cmd.dueAt <= at) return refuse('hazard.extension_invalid', { field: 'dueAt', detail: { after: due.dueAt } });
  const most = due.dueAt + policy.extension.maxMs[c.grade ?? 'general'];
  if (cmd.dueAt > most) return refuse('hazard.extension_limit', { field: 'dueAt', detail: { notAfter: most } });
  return reasonNeeded(cmd.reason);
};

const checkDecision = (c: HazardCase, cmd: Extract<HazardCommand, { name: 'decideExtension' }>, actor: Actor | null, at: number): Result<true> => {
  // The right level: a major hazard, and every extension after the first, is for the head of the park.
  if (actor && actor.role !== 'park_admin' && (c.grade === 'major' || c.extensions > 0)) return refuse('hazard.decision_level', { detail: { role: 'park_admin' } });
  if (cmd.granted) {
    const due = rectifyDeadline(c);
    const until = cmd.dueAt ?? c.extension?.dueAt ?? 0;
    if (!due || due.breached || c.overdue || c.supervision > 0) return refuse('hazard.overdue');
    if (!Number.isSafeInteger(until) || until <= due.dueAt || until <= at || until > (c.extension?.dueAt ?? 0)) return refuse('hazard.extension_invalid', { field: 'dueAt', detail: { after: due.dueAt, notAfter: c.extension?.dueAt ?? null } });
  }
  return reasonNeeded(cmd.reason);
};

/** Who has still to sign before this person can accept: named signers, and for a major hazard one other person. */
export const missingSignatures = (c: HazardCase, actor: Actor | null): string[] => {
  // A signer who has had a part in the rectification since cannot sign any more, and is not waited for.
  const missing = c.signers.filter((p) => !c.rectifierIds.includes(p) && !hasSigned(c, p) && !(actor && personsOf(actor).includes(p)));
  const other = c.signatures.some((s) => actor && !shares(s, actor));
  return needsTwo(c) && !other ? [...missing, 'second_person'] : missing;
};

/** Whether a command would be taken: the validator of every update. `at`: now, epoch ms. */
export const checkCommand = (c: HazardCase, cmd: HazardCommand, actor: Actor | null, at: number, policy: ParkPolicy): Result<true> => {
  const move = checkMove(c, cmd.name, actor);
  return move.ok ? checkContent(c, cmd, actor, at, policy) : move;
};
