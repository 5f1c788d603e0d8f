/**
 * What a case may do, written down on its own: from the rules in words and not from domain/hazard*.ts, so that a change there
 * cannot change both. Random people, clocks and messages live it; `World` checks every step.
 */
import type { Calendar, Term } from '../../domain/calendar.ts';
import { SHIPPED_CALENDAR } from '../../domain/standards/calendar.ts';
import type { AbsorbMessage, CaseTimer, CommandName, DeadlineKind, HazardCase, HazardCommand, HazardReport, HazardState, OpenDeadline, ReleaseMessage, Step } from '../../domain/hazard.ts';
import { allowedActs, checkCommand, checkMove, consequences, dueMove, nextTimer, openCase, PERSON_COMMANDS, step, supervisionTimer } from '../../domain/hazard.ts';
import type { Actor, Role } from '../../domain/permissions.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Random } from '../chaos/random.ts';
import { randomOf } from '../chaos/random.ts';
import { CALENDAR_DAYS } from './calendar-days.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const photo = { sha256: 'b'.repeat(64), mediaType: 'image/jpeg' };
const HERE = { type: 'Point' as const, coordinates: [121, 31] as [number, number] };
/** About 1.1 km away. */
const AWAY = { type: 'Point' as const, coordinates: [121, 31.01] as [number, number] };

export type Name = Exclude<CommandName, 'open'>;
export const isPersonAct = (name: string): boolean => (PERSON_COMMANDS as readonly string[]).includes(name);

const same = (...states: HazardState[]): Partial<Record<HazardState, HazardState>> => Object.fromEntries(states.map((s) => [s, s]));
const to = (state: HazardState, ...from: HazardState[]): Partial<Record<HazardState, HazardState>> => Object.fromEntries(from.map((s) => [s, state]));

/** command → state → state after it; what is not here is illegal. */
export const WANTED: Record<Name, Partial<Record<HazardState, HazardState>>> = {
  join: same('reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted'),
  triage: to('triaged', 'reported'),
  dismiss: to('dismissed', 'reported'),
  reconsider: to('reported', 'dismissed'),
  merge: to('merged', 'reported', 'triaged'),
  unmerge: to('reported', 'merged'),
  absorb: same('reported', 'triaged', 'dispatched', 'rectifying', 'submitted'),
  release: same('reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived'),
  redirect: to('redirected', 'reported', 'triaged', 'dispatched'),
  needsOwner: same('triaged'),
  dispatch: to('dispatched', 'triaged'),
  returnDispatch: to('triaged', 'dispatched'),
  reassess: to('reported', 'triaged', 'dispatched', 'rectifying'),
  handover: same('dispatched', 'rectifying', 'submitted'),
  start: to('rectifying', 'dispatched'),
  plan: same('dispatched', 'rectifying'),
  progress: same('rectifying'),
  split: same('dispatched', 'rectifying'),
  requestExtension: same('dispatched', 'rectifying'),
  withdrawExtension: same('dispatched', 'rectifying', 'submitted'),
  decideExtension: same('dispatched', 'rectifying', 'submitted'),
  pause: same('dispatched', 'rectifying'),
  resume: same('dispatched', 'rectifying'),
  submit: to('submitted', 'rectifying'),
  withdraw: to('rectifying', 'submitted'),
  addSigner: same('dispatched', 'rectifying', 'submitted'),
  sign: same('submitted'),
  acceptItems: to('rectifying', 'submitted'),
  reject: to('rectifying', 'submitted'),
  accept: to('accepted', 'submitted'),
  list: same('triaged', 'dispatched', 'rectifying', 'submitted'),
  delist: same('accepted'),
  archive: to('archived', 'accepted'),
  lookBackDue: same('archived'),
  lookBack: same('archived'),
  reopen: to('triaged', 'archived'),
  remind: same('reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived'),
  breach: same('reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived'),
  supervise: same('dispatched', 'rectifying', 'submitted'),
  supervisionBreached: same('dispatched', 'rectifying', 'submitted'),
};
export const COMMANDS = Object.keys(WANTED) as Name[];

// ---- who ----

const park = (personId: string, role: Role, more: Partial<Actor> = {}): Actor => ({ personId, role, orgId: 'office', orgKind: 'park_department', orgIds: ['office'], ...more });
const firm = (personId: string, orgId: string): Actor => ({ personId, role: 'enterprise_safety_officer', orgId, orgKind: 'enterprise', orgIds: [orgId] });

export const PEOPLE: readonly Actor[] = [
  park('p-admin', 'park_admin'), park('p-office', 'emergency_office'), park('p-inspector', 'inspector'), park('p-inspector-2', 'inspector'),
  firm('p-officer', 'ent-1'), firm('p-worker', 'ent-1'), firm('p-foreign', 'ent-2'),
  // Disguises: of the enterprise as well, the officer under a second role, one who acts for the officer, one who acts for an inspector.
  park('p-double', 'inspector', { orgIds: ['office', 'ent-1', 'ent-2'] }), park('p-officer', 'inspector'), park('p-stand-in', 'inspector', { delegatorId: 'p-officer' }),
  park('p-deputy', 'inspector', { delegatorId: 'p-inspector' }),
  park('p-invest', 'investment_office'), { personId: 'p-regulator', role: 'regulator', orgId: 'reg', orgKind: 'regulator', orgIds: ['reg'] },
];
const ADMIN: readonly Role[] = ['park_admin'];
const OFFICE: readonly Role[] = ['park_admin', 'emergency_office'];
const PARK: readonly Role[] = ['park_admin', 'emergency_office', 'inspector'];
const FIRM: readonly Role[] = ['enterprise_safety_officer'];
const MAY: Record<(typeof PERSON_COMMANDS)[number], readonly Role[]> = {
  triage: PARK, dispatch: PARK, dismiss: OFFICE, reconsider: OFFICE, merge: PARK, unmerge: PARK, redirect: OFFICE, reassess: OFFICE, reopen: OFFICE,
  returnDispatch: FIRM, start: FIRM, plan: FIRM, progress: FIRM, submit: FIRM, withdraw: FIRM, requestExtension: FIRM, withdrawExtension: FIRM,
  split: [...PARK, ...FIRM], handover: [...PARK, ...FIRM], decideExtension: OFFICE, pause: ADMIN, resume: ADMIN, list: ADMIN, delist: ADMIN, addSigner: OFFICE,
  sign: PARK, acceptItems: PARK, accept: PARK, reject: PARK, lookBack: PARK,
};
const JUDGES = ['sign', 'acceptItems', 'accept', 'reject', 'lookBack'];
const LEAVES_THE_CLOCK = ['returnDispatch', 'reassess', 'redirect', 'pause', 'requestExtension'];
const WAITS_WHILE_PAUSED = ['start', 'submit', 'split', ...LEAVES_THE_CLOCK];
const SYSTEM_TOO = ['dispatch', 'resume', 'unmerge', 'reopen'];

const personsOf = (a: Actor): string[] => [a.personId, ...(a.delegatorId ? [a.delegatorId] : [])];
const hadAPart = (c: HazardCase, a: Actor): boolean => personsOf(a).some((p) => c.rectifierIds.includes(p) || c.responsibleId === p);
const ofEnterprise = (c: HazardCase, a: Actor): boolean => [a.orgId, ...a.orgIds].includes(c.tenantId);
const theRectify = (c: HazardCase): OpenDeadline | undefined => c.deadlines.find((d) => d.kind === 'rectify');
const said = (text: string | undefined): boolean => (text ?? '').replaceAll('\u200b', '').trim() !== '';
const hasPhoto = (cmd: object): boolean => ((cmd as { evidence?: { sha256?: string }[] }).evidence ?? []).some((e) => e.sha256 !== undefined);
const supervised = (c: HazardCase): boolean => c.overdue || c.supervision > 0;

// ---- terms of working days, by counting days of the public tables ----

const SHANGHAI = 8 * HOUR;
/** null: a year that no table says. */
const endOfWorkingDays = (from: number, days: number, known: readonly number[]): number | null => {
  let day = Math.floor((from + SHANGHAI) / DAY);
  for (let left = days; left > 0; ) {
    day += 1;
    const date = new Date(day * DAY);
    const year = date.getUTCFullYear();
    const kind = known.includes(year) ? CALENDAR_DAYS[year]?.[date.getUTCMonth()]?.[date.getUTCDate() - 1] : undefined;
    if (kind === undefined) return null;
    if (kind === 'W' || kind === 'M') left -= 1;
  }
  return (day + 1) * DAY - SHANGHAI;
};

export interface Rules {
  policy: ParkPolicy;
  calendar: Calendar;
  /** Years of the calendar. */
  years: readonly number[];
}

const termOf = (rules: Rules, c: HazardCase): Term => rules.policy.rectifyTerm?.[c.grade ?? 'general'] ?? { ms: rules.policy.rectifyMs[c.grade ?? 'general'] };
const rectifyEnd = (rules: Rules, c: HazardCase, from: number): number | null => {
  const term = termOf(rules, c);
  return 'ms' in term ? from + term.ms : endOfWorkingDays(from, 'workingDays' in term ? term.workingDays : 0, rules.years);
};

// ---- what stands against a command ----

/** Every code that would be a right answer; empty: it must be taken. */
export const objections = (c: HazardCase, cmd: HazardCommand, actor: Actor | null, at: number, rules: Rules): string[] => {
  const { policy } = rules;
  const found: string[] = [];
  const no = (code: string, holds: boolean): void => {
    if (holds) found.push(code);
  };
  const name = cmd.name as Name;
  no('hazard.illegal_move', WANTED[name][c.state] === undefined);
  if (actor) {
    no('permission.denied', !isPersonAct(name) || !MAY[name as keyof typeof MAY].includes(actor.role));
    no('hazard.not_found', actor.orgKind === 'enterprise' && actor.orgId !== c.tenantId);
    if (JUDGES.includes(name)) {
      no('hazard.self_acceptance', hadAPart(c, actor));
      no('hazard.acceptor_from_enterprise', ofEnterprise(c, actor));
    }
  } else no('permission.denied', isPersonAct(name) && !SYSTEM_TOO.includes(name));
  no('hazard.overdue', LEAVES_THE_CLOCK.includes(name) && supervised(c));
  no('hazard.paused', c.paused !== null && WAITS_WHILE_PAUSED.includes(name));
  if ('reason' in cmd) no('hazard.reason_required', isPersonAct(name) && !said(cmd.reason));
  const open = c.items.filter((i) => i.state === 'open');
  const submitted = c.items.filter((i) => i.state === 'submitted');
  const named = 'itemIds' in cmd ? cmd.itemIds : undefined;
  const among = (items: typeof c.items): boolean => items.length > 0 && (named === undefined || (named.length > 0 && named.every((id) => items.some((i) => i.itemId === id))));
  const onSite = (s: { evidence?: { sha256?: string }[]; site?: { coordinates: [number, number] } }): void => {
    no('hazard.evidence_required', c.grade === 'major' && !hasPhoto(s));
    no('hazard.on_site_required', c.grade === 'major' && !s.site);
    no('hazard.not_on_site', c.grade === 'major' && c.point !== null && s.site !== undefined && s.site.coordinates[1] !== HERE.coordinates[1]);
  };
  const due = theRectify(c);
  switch (cmd.name) {
    case 'triage':
      no('request.invalid', (cmd.grade as string) !== 'general' && (cmd.grade as string) !== 'major');
      no('hazard.type_unknown', (cmd.type as string | undefined) === 'unheard-of');
      break;
    case 'dismiss':
      no('hazard.reporter_dismisses', !!actor && personsOf(actor).some((p) => c.reporterIds.includes(p)));
      no('hazard.statutory_dismissal', c.statutory);
      break;
    case 'dispatch':
      no('hazard.responsible_invalid', !said(cmd.responsibleId) || isSigner(c, cmd.responsibleId));
      no('calendar.year_missing', c.state === 'triaged' && rectifyEnd(rules, c, at - c.used.rectify) === null);
      break;
    case 'handover':
      no('hazard.responsible_invalid', !said(cmd.responsibleId) || cmd.responsibleId === c.responsibleId || isSigner(c, cmd.responsibleId));
      break;
    case 'redirect':
      no('hazard.tenant_invalid', !said(cmd.tenantId) || cmd.tenantId === c.tenantId);
      no('request.invalid', !said(cmd.successorId) || cmd.successorId === c.hazardId);
      no('hazard.already_listed', c.listed !== null);
      break;
    case 'reassess':
      no('hazard.decision_level', c.listed !== null && actor?.role !== 'park_admin');
      break;
    case 'merge':
      no('hazard.merge_target', !said(cmd.intoHazardId) || cmd.intoHazardId === c.hazardId);
      no('hazard.already_listed', c.listed !== null);
      break;
    case 'plan':
      no('request.invalid', !said(cmd.interimMeasures) || !said(cmd.measures) || !(cmd.costYuan >= 0 && cmd.costYuan < Infinity));
      break;
    case 'progress':
      no('request.invalid', !said(cmd.note) && !hasPhoto(cmd));
      break;
    case 'split': {
      const ids = [...c.items.map((i) => i.itemId), ...cmd.items.map((i) => i.itemId)];
      no('hazard.item_invalid', cmd.items.length === 0 || ids.length > 50 || new Set(ids).size < ids.length || cmd.items.some((i) => !said(i.itemId) || !said(i.title) ||
        (i.dueAt !== null && !(i.dueAt > at && i.dueAt <= (due?.dueAt ?? Infinity)))));
      break;
    }
    case 'submit':
      no('hazard.item_unknown', !among(open));
      no('hazard.evidence_required', !hasPhoto(cmd));
      no('hazard.plan_required', c.grade === 'major' && !c.planned);
      break;
    case 'withdraw':
      no('hazard.review_begun', c.signatures.length > 0);
      break;
    case 'requestExtension':
      no('hazard.extension_pending', c.extension !== null);
      no('hazard.extension_limit', c.extensions >= policy.extension.maxCount || (due !== undefined && cmd.dueAt > due.dueAt + policy.extension.maxMs[c.grade ?? 'general']));
      no('hazard.extension_invalid', due === undefined || !(cmd.dueAt > due.dueAt && cmd.dueAt > at));
      no('hazard.overdue', !due || due.breached);
      break;
    case 'withdrawExtension':
      no('hazard.extension_none', c.extension === null);
      break;
    case 'decideExtension': {
      const until = cmd.dueAt ?? c.extension?.dueAt ?? 0;
      no('hazard.extension_none', c.extension === null);
      no('hazard.decision_level', !!actor && actor.role !== 'park_admin' && (c.grade === 'major' || c.extensions > 0));
      no('hazard.overdue', cmd.granted && (!due || due.breached || supervised(c)));
      no('hazard.extension_invalid', cmd.granted && !(until > (due?.dueAt ?? 0) && until > at && until <= (c.extension?.dueAt ?? 0)));
      break;
    }
    case 'pause':
      no('request.invalid', !(cmd.until > at));
      no('hazard.pause_limit', c.pauses >= policy.pause.maxCount || cmd.until - at > policy.pause.maxMs);
      break;
    case 'resume':
      no('hazard.illegal_move', c.paused === null);
      break;
    case 'addSigner':
      no('request.invalid', !said(cmd.personId) || c.signers.includes(cmd.personId));
      no('hazard.self_acceptance', c.rectifierIds.includes(cmd.personId) || c.responsibleId === cmd.personId);
      no('hazard.acceptor_from_enterprise', cmd.orgIds.includes(c.tenantId));
      break;
    case 'sign':
      no('hazard.illegal_move', c.grade !== 'major' && c.signers.length === 0);
      no('hazard.already_signed', !!actor && c.signatures.some((s) => oneOf(s, actor)));
      no('hazard.reason_required', !said(cmd.note));
      onSite(cmd);
      break;
    case 'acceptItems':
      no('hazard.item_unknown', !among(submitted));
      no('hazard.items_complete', c.items.every((i) => i.state === 'accepted' || (i.state === 'submitted' && cmd.itemIds.includes(i.itemId))) || c.items.filter((i) => i.state !== 'accepted').length <= 1);
      onSite(cmd);
      break;
    case 'accept':
      no('hazard.items_open', open.length > 0);
      no('hazard.reason_required', !said(cmd.note));
      no('hazard.signature_missing', c.signers.some((p) => !c.rectifierIds.includes(p) && !(actor && personsOf(actor).includes(p)) && !c.signatures.some((s) => s.personId === p || s.delegatorId === p)) ||
        (c.grade === 'major' && !c.signatures.some((s) => actor && !oneOf(s, actor))));
      onSite(cmd);
      break;
    case 'reject':
      no('hazard.item_unknown', !among(submitted));
      break;
    case 'list':
      no('hazard.not_major', c.grade !== 'major');
      no('hazard.already_listed', c.listed !== null);
      no('request.invalid', !['park', 'county', 'city', 'province'].includes(cmd.level));
      break;
    case 'delist':
      no('hazard.illegal_move', c.listed === null);
      break;
    case 'archive':
      no('hazard.illegal_move', c.listed !== null);
      break;
    case 'lookBack':
      no('hazard.look_back_not_due', !c.lookBacks.some((l) => l.n === cmd.n && l.state === 'due'));
      no('hazard.reason_required', !said(cmd.note));
      no('hazard.evidence_required', !hasPhoto(cmd));
      break;
    case 'needsOwner':
      no('hazard.illegal_move', c.needsOwner);
      break;
    case 'remind':
      no('hazard.illegal_move', !c.deadlines.some((d) => isIt(d, cmd) && d.reminders.includes(cmd.remindAt)));
      break;
    case 'breach':
      no('hazard.illegal_move', !c.deadlines.some((d) => isIt(d, cmd) && !d.breached && !(c.paused && ['rectify', 'item'].includes(d.kind))));
      break;
    case 'supervise':
      no('hazard.illegal_move', cmd.level <= c.supervision || c.paused !== null);
      break;
    case 'supervisionBreached':
      no('hazard.illegal_move', !c.supervisionOpen || c.supervision !== cmd.level);
      break;
    case 'absorb':
      no('hazard.illegal_move', cmd.hazardId === c.hazardId || (c.heard[cmd.hazardId]?.seq ?? 0) >= (cmd.seq ?? 0));
      break;
    case 'release':
      no('hazard.illegal_move', (c.heard[cmd.hazardId]?.seq ?? 0) >= (cmd.seq ?? 0));
      break;
    case 'unmerge':
      no('hazard.illegal_move', 'seq' in cmd && cmd.seq !== c.seq);
      break;
    case 'lookBackDue':
      no('hazard.illegal_move', !c.lookBacks.some((l) => l.n === cmd.n && l.state === 'pending'));
      break;
    case 'join':
      no('hazard.illegal_move', cmd.reports.length === 0);
      break;
    case 'open':
    case 'start':
    case 'returnDispatch':
    case 'reopen':
    case 'reconsider':
      break;
  }
  return found;
};

const isIt = (d: OpenDeadline, cmd: { deadline: DeadlineKind; level: number; item?: string }): boolean => d.kind === cmd.deadline && d.level === cmd.level && d.item === cmd.item;
const oneOf = (s: { personId: string; delegatorId: string | null }, a: Actor): boolean => personsOf(a).some((p) => p === s.personId || p === s.delegatorId);
/** Who has signed or is to sign does not become the one whose work is judged. */
const isSigner = (c: HazardCase, personId: string): boolean => c.signers.includes(personId) || c.signatures.some((s) => s.personId === personId || s.delegatorId === personId);

// ---- who is told of what ----

/** notice/recipient, a copy with a star. */
const wantedNotices = (before: HazardCase, cmd: HazardCommand, after: HazardCase): string[] => {
  const both = (kind: string): string[] => [`${kind}/enterprise`, `${kind}/emergency_office*`];
  const three = (kind: string): string[] => [...both(kind), `${kind}/regulator*`];
  switch (cmd.name) {
    case 'triage': return cmd.grade === 'major' ? ['major_report/enterprise', 'major_report/regulator*', 'major_report/emergency_office*'] : [];
    case 'needsOwner': return ['reminder/emergency_office'];
    case 'dispatch': return both('dispatch');
    case 'returnDispatch': return ['returned/emergency_office'];
    case 'reassess': return [...(before.responsibleId ? ['returned/enterprise'] : []), ...(before.listed ? three('delisting') : [])];
    case 'redirect': return before.responsibleId ? ['returned/enterprise'] : [];
    case 'handover': return both('handover');
    case 'requestExtension': return ['extension/emergency_office', 'extension/park_admin*'];
    case 'withdrawExtension': return ['extension/emergency_office'];
    case 'decideExtension': case 'pause': case 'resume': return both('extension');
    case 'acceptItems': return [after.rejections > before.rejections ? 'rejection/enterprise' : 'acceptance/enterprise'];
    case 'reject': return ['rejection/enterprise'];
    case 'accept': return both('acceptance');
    case 'list': return three('listing');
    case 'delist': return three('delisting');
    case 'merge': return ['merged/reporter', 'merged/emergency_office*'];
    case 'reopen': return both('reopened');
    case 'lookBackDue': return ['look_back/emergency_office'];
    case 'lookBack': return cmd.passed ? [] : ['look_back/enterprise'];
    case 'remind': {
      if (!before.deadlines.find((d) => isIt(d, cmd))?.breached) return ['reminder/enterprise'];
      return [['rectify', 'item'].includes(cmd.deadline) ? 'overdue/enterprise' : 'overdue/emergency_office'];
    }
    case 'breach': return ['rectify', 'item'].includes(cmd.deadline) ? both('overdue') : ['overdue/emergency_office', 'overdue/park_admin*'];
    case 'supervise': {
      const [first, second] = cmd.cause === 'review_overdue' ? ['emergency_office', 'enterprise'] : ['enterprise', 'emergency_office'];
      return [`supervision/${first}`, `supervision/${second}*`, ...(cmd.level >= 2 || cmd.cause === 'review_overdue' ? ['supervision/park_admin*'] : [])];
    }
    case 'supervisionBreached': return cmd.level === 3 ? ['overdue/park_admin', 'overdue/emergency_office*'] : [];
    default: return [];
  }
};

// ---- random content ----

let reports = 0;
export const reportOf = (random: Random, at: number, more: Partial<HazardReport> = {}): HazardReport => ({
  reportId: `r${(reports += 1)}`, origin: random.pick(['manual', 'sensor']), type: 'leak', title: '泄漏', description: '描述', reporterId: random.pick([null, 'p-office', 'p-worker']), assetId: 'a1', zoneId: null,
  point: random.next() < 0.7 ? HERE : null, statutory: random.next() < 0.1, event: null, receivedAt: at, clientAt: at, evidence: [photo], ...more,
});

const MAX_ITEMS = 50;

/** What a command says: what is asked for in most draws (`right`), and now and then something that is not. */
export const contentOf = (name: Name, c: HazardCase, at: number, random: Random, others: readonly string[], right: boolean): HazardCommand => {
  const wrong = (): boolean => !right && random.next() < 0.35;
  const reason = wrong() ? ' \u200b' : '说明';
  const evidence = wrong() ? [] : [photo];
  const site = wrong() ? undefined : wrong() ? AWAY : HERE;
  const onSite = { evidence, ...(site ? { site } : {}) };
  const id = (state: string): string => random.pick([...c.items.filter((i) => i.state === state), ...c.items].slice(0, 2))?.itemId ?? 'none';
  const due = theRectify(c)?.dueAt ?? at;
  const person = (): string => (wrong() ? random.pick(['', c.responsibleId ?? '', ...c.signers, 'p-inspector']) : random.pick(['p-officer', 'p-worker', 'p-third'].filter((p) => p !== c.responsibleId && !isSigner(c, p))));
  const open = c.deadlines.filter((d) => !d.breached && d.kind !== 'supervision');
  const d = open.length > 0 ? random.pick(open) : undefined;
  const withReminder = c.deadlines.find((x) => x.reminders.length > 0);
  const of = (x: OpenDeadline | undefined) => ({ deadline: x?.kind ?? ('rectify' as const), level: x?.level ?? (0 as const), ...(x?.item === undefined ? {} : { item: x.item }) });
  switch (name) {
    case 'join': return { name, reports: wrong() ? [] : Array.from({ length: random.int(1, 3) }, () => reportOf(random, at)) };
    case 'triage': return { name, grade: wrong() ? ('severe' as 'major') : random.pick(['general', 'major']), reason, ...(wrong() ? { type: 'unheard-of' as 'leak' } : random.next() < 0.2 ? { type: 'fire_facility' } : {}) };
    case 'dispatch': return { name, responsibleId: person() };
    case 'handover': return { name, responsibleId: person(), reason };
    case 'start': case 'needsOwner': case 'archive': return { name };
    case 'plan': return { name, interimMeasures: wrong() ? '' : '围挡', measures: wrong() ? '' : '更换', costYuan: wrong() ? random.pick([-1, NaN, Infinity]) : 100 };
    case 'progress': return { name, note: wrong() ? '' : '进展', evidence };
    case 'split': {
      const n = wrong() ? random.pick([0, MAX_ITEMS + 1]) : random.int(1, 3);
      return { name, reason, items: Array.from({ length: n }, (_, i) => ({ itemId: wrong() ? id('open') : `i${c.seq}.${i}`, title: wrong() ? '' : `项${i}`, dueAt: wrong() ? at - random.pick([0, DAY, -400 * DAY]) : random.next() < 0.5 && due - at > 2 ? random.int(at + 1, due) : null })) };
    }
    case 'submit': return { name, note: '完成', evidence, ...(wrong() ? { itemIds: ['none'] } : random.next() < 0.4 ? { itemIds: [id('open')] } : {}) };
    case 'requestExtension': return { name, dueAt: wrong() ? due + random.pick([0, 500 * DAY]) : due + random.int(1, 7 * DAY), reason };
    case 'decideExtension': return { name, granted: random.next() < 0.7, reason, ...(wrong() ? { dueAt: due + random.pick([0, 600 * DAY]) } : {}) };
    case 'redirect': return { name, tenantId: wrong() ? random.pick(['', c.tenantId]) : c.tenantId === 'ent-1' ? 'ent-2' : 'ent-1', successorId: wrong() ? random.pick(['', c.hazardId]) : `${c.hazardId}+${c.seq}`, reason };
    case 'pause': return { name, until: wrong() ? at + random.pick([0, 31 * DAY]) : at + random.int(1, 20 * DAY), reason };
    case 'addSigner': return { name, personId: wrong() ? random.pick(['', 'p-officer', ...c.signers]) : random.pick(['p-office', 'p-inspector', 'p-inspector-2', 'p-admin']), orgIds: wrong() ? [c.tenantId] : ['office'], reason };
    case 'sign': case 'accept': return { name, note: reason, ...onSite };
    case 'acceptItems': return { name, itemIds: wrong() ? random.pick([['none'], []]) : random.next() < 0.2 ? c.items.map((i) => i.itemId) : [id('submitted')], reason, ...onSite };
    case 'reject': return { name, reason, ...(wrong() ? { itemIds: ['none'] } : random.next() < 0.3 ? { itemIds: [id('submitted')] } : {}) };
    case 'list': return { name, level: wrong() ? ('world' as 'park') : random.pick(['park', 'county', 'city', 'province']), reason };
    case 'merge': return { name, intoHazardId: wrong() || others.length === 0 ? random.pick(['', c.hazardId]) : random.pick(others), reason };
    case 'returnDispatch': case 'withdraw': case 'withdrawExtension': case 'reassess': case 'resume': case 'delist': case 'dismiss': case 'unmerge': case 'reopen': case 'reconsider': return { name, reason };
    case 'lookBack': return { name, n: wrong() ? 9 : c.lookBacks.find((l) => l.state === 'due')?.n ?? 1, passed: random.next() < 0.5, note: reason, evidence };
    case 'lookBackDue': return { name, n: c.lookBacks.find((l) => l.state === 'pending')?.n ?? 1 };
    case 'remind': return { name, ...of(withReminder), remindAt: withReminder?.reminders[0] ?? 0 };
    case 'breach': return { name, ...of(d) };
    case 'supervise': return { name, level: random.int(1, 3) as 1 | 2 | 3, cause: random.pick(['overdue', 'review_overdue', 'rejected']) };
    case 'supervisionBreached': return { name, level: random.pick([c.supervision || 1, random.int(1, 3)]) as 1 | 2 | 3 };
    case 'absorb': return { name, hazardId: wrong() ? c.hazardId : 'elsewhere', seq: random.int(1, 99), reportCount: 1, statutory: false, reporterIds: [] };
    case 'release': return { name, hazardId: 'elsewhere', seq: random.int(1, 99) };
  }
};

// ---- the world ----

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};
const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
};

type Clock = 'triage' | 'dispatch' | 'rectify';
const CLOCK_OF: Partial<Record<HazardState, Clock>> = { reported: 'triage', triaged: 'dispatch', dispatched: 'rectify', rectifying: 'rectify', submitted: 'rectify' };

interface Tracked {
  c: HazardCase;
  /** Time that each clock has run in this cycle, by states only. */
  ran: Record<Clock, number>;
  /** Where the rectification must be due. */
  rectifyDue: number | null;
  started: Map<string, number>;
  ends: Map<string, number>;
  pausedMs: number;
  /** Reports that came to this case itself. */
  own: number;
  reports: Set<string>;
  lookBacksDue: number[];
  extensionsGranted: number;
}

type Message = { to: string; from: string; body: AbsorbMessage | ReleaseMessage | { name: 'mergeRefused'; seq: number } };

export interface Seen {
  legal: Set<string>;
  refused: Set<string>;
  codes: Set<string>;
  commands: number;
  /** How far lives went. */
  reached: Map<string, number>;
}
export const nothingSeen = (): Seen => ({ legal: new Set(), refused: new Set(), codes: new Set(), commands: 0, reached: new Map() });

const BASE: ParkPolicy = { ...DEFAULT_POLICY, pause: { maxCount: 2, maxMs: 30 * DAY } };
export const ALL_RULES: readonly Rules[] = [
  { policy: BASE, calendar: [], years: [] },
  { policy: { ...BASE, id: 'short', triageMs: HOUR, dispatchMs: HOUR, rectifyMs: { general: 2 * DAY, major: 4 * DAY }, lookBackMs: { general: [DAY, 2 * DAY], major: [DAY, 2 * DAY, 3 * DAY] }, rejectionsForLevel3: 2 }, calendar: [], years: [] },
  { policy: { ...BASE, id: 'days', rectifyTerm: { general: { workingDays: 7 }, major: { workingDays: 15 } } }, calendar: SHIPPED_CALENDAR, years: [2024, 2025, 2026] },
];

export class World {
  readonly rules: Rules;
  readonly seen: Seen;
  readonly log: string[] = [];
  readonly cases = new Map<string, Tracked>();
  private messages: Message[] = [];
  /** A message came to a case that could not hear it, or was never sent: counts of reports are then at least, not exactly, right. */
  unheard = false;
  now: number;

  constructor(rules: Rules, seen: Seen, startAt: number) {
    this.rules = rules;
    this.seen = seen;
    this.now = startAt;
  }

  open(hazardId: string, tenantId: string, report: HazardReport, at: number): void {
    const { next, effects } = openCase({ hazardId, tenantId, report }, { commandId: 'open', actor: null, at, policy: this.rules.policy });
    const used = report.predecessor?.usedTriageMs ?? 0;
    const tracked: Tracked = {
      c: freeze(next), ran: { triage: used, dispatch: 0, rectify: 0 }, rectifyDue: null, started: new Map(), ends: new Map(), pausedMs: 0, own: 1, reports: new Set([report.reportId]), lookBacksDue: [], extensionsGranted: 0,
    };
    for (const e of effects) if (e.kind === 'deadline') tracked.started.set(keyOf(e.deadline), 1);
    must(next.deadlines[0]!.dueAt === Math.max(at, at - used + this.rules.policy.triageMs), 'the triage is not due by its term');
    this.cases.set(hazardId, tracked);
  }

  get(hazardId: string): Tracked {
    return this.cases.get(hazardId)!;
  }

  /** Everything that has come due on any case, at its own instant. */
  catchUp(): void {
    for (const t of [...this.cases.values()]) {
      for (let due = dueMove(t.c, this.now); due; due = dueMove(t.c, this.now)) {
        const { seq } = t.c;
        this.checkTimer(t.c, due);
        this.do(t.c.hazardId, due.command, null, due.at);
        must(t.c.seq > seq, `what had come due was refused: ${JSON.stringify(due)}`);
      }
    }
  }

  /** What comes due comes at an instant that the case names. */
  private checkTimer(c: HazardCase, { at, command }: CaseTimer): void {
    const named = command.name === 'remind' ? c.deadlines.some((d) => d.reminders.includes(at))
      : command.name === 'breach' || command.name === 'supervisionBreached' ? c.deadlines.some((d) => d.dueAt === at && !d.breached)
      : command.name === 'lookBackDue' ? c.lookBacks.some((l) => l.dueAt === at && l.state === 'pending')
      : command.name === 'resume' ? c.paused?.until === at : false;
    must(named, `nothing of the case is due then: ${JSON.stringify({ at, command })}`);
  }

  /** One command by one actor; gives whether it was taken. */
  do(hazardId: string, cmd: HazardCommand, actor: Actor | null, at = this.now): boolean {
    const t = this.get(hazardId);
    const before = t.c;
    const name = cmd.name as Name;
    this.seen.commands += 1;
    const line = `${hazardId} ${before.state} +${((at - before.lastAt) / HOUR).toFixed(2)}h ${actor ? `${actor.personId}(${actor.role})` : 'system'}: ${JSON.stringify(cmd)}`;
    this.log.push(line);
    const against = objections(before, cmd, actor, Math.max(at, before.lastAt), this.rules);
    const context = { commandId: 'x', actor, at, policy: this.rules.policy, calendar: this.rules.calendar };
    const result = step(before, cmd, context);
    const checked = checkCommand(before, cmd, actor, Math.max(at, before.lastAt), this.rules.policy);
    must(checked.ok || !result.ok, 'the check refuses what the step takes');
    if (!result.ok) {
      const { code } = result.refusal;
      this.log[this.log.length - 1] = `${line} → ${code}`;
      must(against.includes(code), `refused with ${code}; ${against.length === 0 ? 'nothing stands against it' : `wanted ${against.join(' or ')}`}`);
      if (actor && JUDGES.includes(name) && isPersonAct(name)) {
        const self = ['hazard.self_acceptance', 'hazard.acceptor_from_enterprise'].filter((x) => against.includes(x));
        if (self.length > 0) must(code === self[0], `a self-acceptance is named as what it is, not ${code}`);
      }
      this.seen.codes.add(code);
      if (WANTED[name][before.state] === undefined) this.seen.refused.add(`${name}/${before.state}`);
      if (actor && isPersonAct(name) && !checkMove(before, name, actor).ok) must(!allowedActs(before, actor).includes(name as never), 'the page offers what is refused');
      return false;
    }
    must(against.length === 0, `taken, although ${against.join(', ')}`);
    this.seen.legal.add(`${name}/${before.state}`);
    freeze(result.value);
    t.c = result.value.next;
    this.check(t, before, cmd, actor, at, result.value);
    for (const effect of result.value.effects) {
      if (effect.kind === 'tellCase') this.messages.push({ to: effect.hazardId, from: hazardId, body: effect.message });
      if (effect.kind === 'successor') {
        this.open(effect.hazardId, effect.tenantId, { ...reportOf(noChoice, t.c.lastAt), statutory: t.c.statutory, predecessor: { hazardId, usedTriageMs: effect.usedTriageMs } }, t.c.lastAt);
      }
    }
    for (const follow of consequences(t.c, cmd, this.rules.policy)) {
      // Late is whoever had the next step: the park only where everything had been handed in.
      if (follow.name === 'supervise' && cmd.name === 'breach') {
        const waits = before.state === 'submitted' && before.items.every((i) => (cmd.item === undefined || i.itemId === cmd.item ? i.state !== 'open' : true));
        must(follow.cause === (waits ? 'review_overdue' : 'overdue'), `supervised for ${follow.cause}`);
      }
      if (checkCommand(t.c, follow, null, at, this.rules.policy).ok) this.do(hazardId, follow, null, at);
    }
    this.checkSettled(t);
    return true;
  }

  /** Messages between cases arrive late and in any order. */
  deliver(random: Random | null): void {
    while (this.messages.length > 0) {
      const [message] = this.messages.splice(random ? random.int(0, this.messages.length - 1) : 0, 1);
      this.hear(message!);
      if (random && random.next() < 0.5) return;
    }
  }

  private hear({ to, from, body }: Message): void {
    const t = this.cases.get(to);
    const refuse = (seq: number): void => {
      this.messages.push({ to: from, from: to, body: { name: 'mergeRefused', seq } });
    };
    if (!t) {
      if (body.name === 'absorb') refuse(body.seq!);
    } else if (body.name === 'mergeRefused') this.do(to, { name: 'unmerge', reason: '目标不能并入', seq: body.seq }, null);
    else if (!this.do(to, body, null)) {
      const known = (t.c.heard[body.hazardId]?.seq ?? 0) >= body.seq!;
      if (body.name === 'absorb' && !known) refuse(body.seq!);
      if (!known) this.unheard = true;
    }
  }

  // ---- what must hold ----

  private check(t: Tracked, before: HazardCase, cmd: HazardCommand, actor: Actor | null, at: number, { next, record, effects }: Step): void {
    const name = cmd.name as Name;
    must(next.seq === before.seq + 1 && record.seq === next.seq, 'seq goes up by one');
    must(record.serverAt === next.lastAt && next.lastAt >= before.lastAt && next.lastAt >= at, 'time runs backwards');
    must(next.lastAt - Math.max(at, before.lastAt) <= (actor || name === 'resume' ? 1 : 0), 'the act is recorded at another instant than it came');
    must(record.from === before.state && record.to === next.state && record.cycle === next.cycle && record.command === name, 'the record is of another step');
    must(next.state === WANTED[name][before.state], `${name} led from ${before.state} to ${next.state}`);
    must(next.hazardId === before.hazardId && next.tenantId === before.tenantId && next.reportedAt === before.reportedAt, 'a case stays what it is');

    this.checkClocks(t, before, cmd, next);
    this.checkDeadlines(t, before, cmd, next, effects);

    // Supervision only rises within a cycle, and ends by acceptance or exhaustion.
    if (name !== 'reopen') must(next.supervision >= before.supervision && next.rejections >= before.rejections, 'supervision or rejections went down within the cycle');
    if (before.supervisionOpen && !next.supervisionOpen) must(name === 'accept' || next.supervisionExhausted, 'supervision ended otherwise than by acceptance or exhaustion');
    if (before.supervisionExhausted && name !== 'reopen') must(next.supervisionExhausted, 'exhausted supervision is forgotten');
    const closes = effects.filter((e) => e.kind === 'supervision' && e.op === 'close');
    const opens = effects.filter((e) => e.kind === 'supervision' && e.op === 'open');
    must(opens.length === (name === 'supervise' ? 1 : 0), 'supervision opens by supervise only');
    must(closes.length === (before.supervisionOpen && (name === 'supervise' || name === 'accept' || (name === 'supervisionBreached' && before.supervision === 3)) ? 1 : 0), 'each open supervision is closed once');

    // An overdue or supervised case never leaves its clock.
    if (supervised(before) && name !== 'reopen' && before.state !== 'archived' && before.state !== 'accepted') {
      must(['dispatched', 'rectifying', 'submitted', 'accepted'].includes(next.state), `an overdue case went to ${next.state}`);
      must(next.overdue === before.overdue || next.overdue, 'overdue is forgotten within the cycle');
      must(theRectify(next)?.dueAt === theRectify(before)?.dueAt || next.state === 'accepted', 'the due instant of an overdue or supervised case moved');
    }

    // Judged by nobody who had a part in it or is of the enterprise, and a major one by two.
    if (JUDGES.includes(name)) must(!!actor && !hadAPart(before, actor) && !ofEnterprise(before, actor), 'judged by one of the other side');
    must(before.rectifierIds.every((p) => next.rectifierIds.includes(p)), 'history of rectifiers is lost');
    must(before.reporterIds.every((p) => next.reporterIds.includes(p)), 'a reporter is lost');
    must(next.statutory || !before.statutory, 'a statutory case is one no more');
    must(!next.signatures.some((s) => next.rectifierIds.includes(s.personId) || (s.delegatorId !== null && next.rectifierIds.includes(s.delegatorId))), 'somebody who signed had a part in the rectification');
    if (name === 'accept') {
      const persons = next.signatures.map((s) => new Set([s.personId, ...(s.delegatorId ? [s.delegatorId] : [])]));
      must(before.grade !== 'major' || persons.some((a) => persons.some((b) => [...a].every((p) => !b.has(p)))), 'a major hazard was accepted by one person');
      must(before.signers.every((p) => next.rectifierIds.includes(p) || next.signatures.some((s) => s.personId === p || s.delegatorId === p)), 'accepted without a signer');
      must(before.items.every((i) => i.state !== 'open') && next.items.every((i) => i.state === 'accepted'), 'accepted with items left');
      must(next.acceptedAt === next.lastAt, 'when it was accepted');
    }
    if (name === 'dismiss') must(!!actor && !before.statutory && personsOf(actor).every((p) => !before.reporterIds.includes(p)), 'dismissed against the rule');

    // Caps.
    must(next.pauses <= this.rules.policy.pause.maxCount && next.extensions <= this.rules.policy.extension.maxCount, 'a cap is exceeded');
    if (before.paused && !next.paused) t.pausedMs += next.lastAt - before.paused.at;
    must(t.pausedMs <= this.rules.policy.pause.maxCount * this.rules.policy.pause.maxMs, 'paused longer than the policy allows');
    if (name === 'decideExtension') t.extensionsGranted += (cmd as { granted: boolean }).granted ? 1 : 0;
    must(next.extensions === t.extensionsGranted || name === 'reopen', 'extensions are counted');
    // A listed case is taken off the list by a decision only.
    if (before.listed && !next.listed) must(name === 'delist' || (name === 'reassess' && actor?.role === 'park_admin'), 'a listed case was taken off the list on the quiet');

    if (name === 'reopen') {
      must(next.cycle === before.cycle + 1, 'reopening is a new cycle');
      must(next.rejections + next.extensions + next.pauses + next.supervision + next.used.triage + next.used.rectify + next.signatures.length + next.signers.length === 0 && !next.overdue && !next.planned, 'counters start anew');
      Object.assign(t, { ran: { triage: 0, dispatch: 0, rectify: 0 }, pausedMs: 0, extensionsGranted: 0, lookBacksDue: [] });
    } else must(next.cycle === before.cycle, 'the cycle changes by reopening only');

    if (name === 'archive') {
      must(next.lookBacks.map((l) => l.dueAt - next.lastAt).join() === this.rules.policy.lookBackMs[next.grade ?? 'general'].join(), 'look-backs are not at their instants');
      must(effects.filter((e) => e.kind === 'package' || e.kind === 'classCheck').length === 2, 'an archived case has its package and is told to firms alike');
    }
    if (name === 'lookBackDue') {
      const n = (cmd as { n: number }).n;
      must(!t.lookBacksDue.includes(n), 'a look-back comes twice');
      t.lookBacksDue.push(n);
      must(next.lastAt === before.lookBacks.find((l) => l.n === n)!.dueAt || at !== before.lookBacks.find((l) => l.n === n)!.dueAt, 'a look-back does not come at its instant');
    }

    // Reports.
    if (cmd.name === 'join') {
      t.own += cmd.reports.length;
      for (const r of cmd.reports) t.reports.add(r.reportId);
    }
    const brought = 'hazardId' in cmd && before.absorbed.includes(cmd.hazardId) ? before.heard[cmd.hazardId]!.reportCount : 0;
    const change = cmd.name === 'join' ? cmd.reports.length : cmd.name === 'absorb' ? cmd.reportCount - brought : -brought;
    must(next.reportCount === before.reportCount + change, 'the reports do not add up');

    const notices = effects.filter((e) => e.kind === 'notice').map((e) => `${e.notice}/${e.to}${e.isCopy ? '*' : ''}`);
    must(notices.join() === wantedNotices(before, cmd, next).join(), `told ${notices.join()}; wanted ${wantedNotices(before, cmd, next).join()}`);
    const files = 'evidence' in cmd && cmd.evidence && cmd.evidence.length > 0 && name !== 'reject' ? 1 : cmd.name === 'join' ? cmd.reports.length : 0;
    must(effects.filter((e) => e.kind === 'evidence').length === files, 'evidence that came is not on the record');
  }

  private checkClocks(t: Tracked, before: HazardCase, cmd: HazardCommand, next: HazardCase): void {
    const clock = CLOCK_OF[before.state];
    if (clock && !before.paused) t.ran[clock] += next.lastAt - before.lastAt;
    const { policy } = this.rules;
    // Where the rectification is due: by the term at the dispatch, then only by an extension or a pause.
    if (cmd.name === 'dispatch') {
      const end = rectifyEnd(this.rules, before, next.lastAt - t.ran.rectify);
      must(end !== null, 'a term was reckoned without its year');
      t.rectifyDue = Math.max(next.lastAt, end!);
    } else if (cmd.name === 'decideExtension' && cmd.granted) {
      const until = cmd.dueAt ?? before.extension!.dueAt;
      must(until > t.rectifyDue! && until - t.rectifyDue! <= policy.extension.maxMs[before.grade ?? 'general'], 'an extension is longer than the cap');
      t.rectifyDue = until;
    } else if (cmd.name === 'resume') t.rectifyDue! += next.lastAt - before.paused!.at;
    else if (!theRectify(next)) t.rectifyDue = null;
    must((theRectify(next)?.dueAt ?? null) === t.rectifyDue, 'the rectification is due at another instant than it must');
    if (cmd.name === 'reopen') return;
    for (const kind of ['triage', 'dispatch', 'rectify'] as const) {
      const d = next.deadlines.find((x) => x.kind === kind);
      const stands = kind === 'rectify' && next.paused ? next.lastAt - next.paused.at : 0;
      const reckoned = d ? next.lastAt - d.countsFrom - stands : next.used[kind];
      must(reckoned === t.ran[kind], `the time used of ${kind} does not add up: ${reckoned}, ran ${t.ran[kind]}`);
      if (d && kind !== 'rectify') must(d.dueAt === Math.max(d.startedAt, d.countsFrom + (kind === 'triage' ? policy.triageMs : policy.dispatchMs)), `the ${kind} is not due by its term`);
    }
  }

  private checkDeadlines(t: Tracked, before: HazardCase, cmd: HazardCommand, next: HazardCase, effects: Step['effects']): void {
    for (const e of effects) {
      if (e.kind !== 'deadline') continue;
      const key = keyOf(e.deadline);
      if (e.op === 'start') {
        must(!t.started.has(key), `two deadlines of one instant: ${key}`);
        t.started.set(key, next.seq);
        must(next.deadlines.includes(e.deadline), 'a deadline started and is not kept');
      } else {
        must(t.started.has(key) && !t.ends.has(key), `a deadline ends that did not start, or twice: ${key} ${e.op}`);
        t.ends.set(key, next.seq);
        if (e.op === 'breached') must(e.deadline.breached, 'breached and not marked');
        else must(!before.deadlines.some((d) => keyOf(d) === key && d.breached), 'a deadline that was breached is met or withdrawn afterwards');
      }
    }
    for (const d of before.deadlines) {
      const after = next.deadlines.find((x) => x.kind === d.kind && x.level === d.level && x.item === d.item);
      if (!after) must(t.ends.has(keyOf(d)), `a deadline vanished without an end: ${keyOf(d)}`);
      else if (after.dueAt !== d.dueAt || after.startedAt !== d.startedAt) {
        must((d.kind === 'rectify' && cmd.name === 'decideExtension') || (['rectify', 'item'].includes(d.kind) && cmd.name === 'resume'), `${cmd.name} moved the deadline of ${d.kind}`);
      } else must(after.countsFrom === d.countsFrom && (after.breached || !d.breached), 'a deadline changed on the quiet');
    }
    for (const d of next.deadlines) {
      must(t.started.has(keyOf(d)), `a deadline that was never started: ${keyOf(d)}`);
      must(d.breached === t.ends.has(keyOf(d)), `an ended deadline is kept, or a breach is not told: ${keyOf(d)}`);
      must(d.reminders.every((r, i) => i === 0 || r > d.reminders[i - 1]!) && !(d.breached && d.reminders.some((r) => r <= d.dueAt)), 'reminders out of order');
      const { remindBeforeMs, remindAfterMs } = this.rules.policy;
      must(d.reminders.every((r) => (r > d.dueAt ? d.kind !== 'supervision' && remindAfterMs.includes(r - d.dueAt) : ['rectify', 'item', 'supervision'].includes(d.kind) && remindBeforeMs.includes(d.dueAt - r))), 'a reminder at another instant than the policy says');
    }
  }

  /** After an act and all that follows from it at once: a state has exactly the deadlines that it must have. */
  private checkSettled(t: Tracked): void {
    const { c } = t;
    const kinds = c.deadlines.map((d) => `${d.kind}${d.item === undefined ? '' : `:${d.item}`}${d.level === 0 ? '' : `:${d.level}`}`).sort();
    const supervision = c.supervision > 0 ? [`supervision:${c.supervision}`] : [];
    const wanted = (() => {
      switch (c.state) {
        case 'reported': return ['triage'];
        case 'triaged': return ['dispatch'];
        case 'dispatched': case 'rectifying': case 'submitted': return ['rectify', ...c.items.filter((i) => i.dueAt !== null && i.state !== 'accepted').map((i) => `item:${i.itemId}`), ...supervision];
        case 'accepted': return c.listed ? ['delist'] : [];
        case 'archived': return c.lookBacks.filter((l) => l.state === 'due').map((l) => `look_back:${l.n}`);
        default: return [];
      }
    })().sort();
    must(kinds.join() === wanted.join(), `${c.state} has the deadlines ${kinds.join()}; wanted ${wanted.join()}`);
    for (const i of c.items) {
      const d = c.deadlines.find((x) => x.kind === 'item' && x.item === i.itemId);
      if (d) must(d.dueAt === i.dueAt && d.dueAt <= theRectify(c)!.dueAt, 'an item is due after its case, or its clock and its row differ');
    }
    const closed = ['archived', 'dismissed', 'merged', 'redirected'].includes(c.state);
    must((c.closedAt !== null) === closed, 'closed_at if and only if closed');
    must((c.mergedInto !== null) === (c.state === 'merged') && (c.successorId !== null) === (c.state === 'redirected'), 'a merged case has its target, a redirected one its successor');
    must((c.state === 'accepted' || c.state === 'archived') === c.items.every((i) => i.state === 'accepted'), 'accepted if and only if all items are');
    must(c.items.length > 0 && new Set(c.items.map((i) => i.itemId)).size === c.items.length && c.items.length <= MAX_ITEMS, 'items');
    must((c.state === 'submitted') === c.items.some((i) => i.state === 'submitted'), 'submitted if and only if an item is');
    must(!c.paused || (['dispatched', 'rectifying'].includes(c.state) && !supervised(c)), 'paused in a state without a clock, or overdue');
    must(!c.extension || ['dispatched', 'rectifying', 'submitted'].includes(c.state), 'an extension is asked of no clock');
    must(!c.supervisionOpen || (c.supervision > 0 && ['dispatched', 'rectifying', 'submitted'].includes(c.state)), 'supervision without a level or a clock');
    must((c.responsibleId !== null) === ['dispatched', 'rectifying', 'submitted', 'accepted', 'archived'].includes(c.state) || c.state === 'redirected', 'who is responsible');
    must(!c.needsOwner || c.state === 'triaged', 'needs an owner in another state than triaged');
    must(!closed || c.listed === null, 'closed and still listed');
    // Nothing waits without somebody's time running: an open clock, or one that ran out and was told.
    const timer = [nextTimer(c), supervisionTimer(c)].some((x) => x !== null);
    must(timer || closed || c.deadlines.some((d) => d.breached), `${c.state} waits for nothing`);
    if (c.dueAt !== null) must(c.deadlines.some((d) => d.dueAt === c.dueAt && ['rectify', 'supervision'].includes(d.kind)) , 'the due instant of the case is of none of its deadlines');
    if (c.supervisionOpen) must(c.dueAt === c.deadlines.find((d) => d.kind === 'supervision' && d.level === c.supervision)?.dueAt, 'a supervised case works against the supervision');
    this.seen.reached.set(c.state, (this.seen.reached.get(c.state) ?? 0) + 1);
  }

  /** When no message is under way any more. */
  checkMessages(): void {
    this.deliver(null);
    for (const { c, own } of this.cases.values()) {
      if (c.mergedInto) {
        const target = this.cases.get(c.mergedInto);
        must(target !== undefined, 'merged into nothing');
        must(target!.c.absorbed.includes(c.hazardId), 'merged into a case that does not know it');
        for (let x: HazardCase = c, hops = 0; x.mergedInto; x = this.get(x.mergedInto).c, hops += 1) must(hops < this.cases.size, 'merged in a circle');
      }
      const absorbed = c.absorbed.filter((id) => this.cases.has(id)).map((id) => this.get(id).c);
      const sum = own + absorbed.reduce((n, d) => n + d.reportCount, 0);
      if (!this.unheard && !c.absorbed.includes('elsewhere')) must(c.reportCount === sum, `reports lost or counted twice: ${c.reportCount}, wanted ${sum}`);
      must(c.reportCount >= own, 'a report is lost');
      if (!this.unheard) for (const d of absorbed) must(d.mergedInto === c.hazardId, 'a case is absorbed and not merged');
      if (c.state === 'redirected') must(this.get(c.successorId!).c.predecessorId === c.hazardId, 'a successor that knows nothing of its predecessor');
    }
  }

  /** Whatever happened, people who had no part in it can still bring an open case to its archive. */
  finish(hazardId: string): void {
    const t = this.get(hazardId);
    const judges = [park('p-fresh-1', 'park_admin'), park('p-fresh-2', 'park_admin')];
    const admin = judges[0]!;
    const worker = firm('p-fresh-worker', t.c.tenantId);
    const says = { reason: '收尾', note: '收尾', evidence: [photo], site: HERE };
    const act = (cmd: HazardCommand, by: Actor | null): void => must(this.do(hazardId, cmd, by), `nobody can finish it: ${this.log.at(-1)}`);
    for (let turn = 0; turn < 12 && !['archived', 'dismissed', 'merged', 'redirected'].includes(t.c.state); turn += 1) {
      this.now += 2;
      this.catchUp();
      const { c } = t;
      if (c.paused) act({ name: 'resume', reason: '收尾' }, admin);
      else if (c.state === 'reported') act({ name: 'triage', grade: 'general', reason: '收尾' }, admin);
      else if (c.state === 'triaged') {
        if (rectifyEnd(this.rules, c, this.now - c.used.rectify) === null) return;
        act({ name: 'dispatch', responsibleId: 'p-fresh-worker' }, admin);
      } else if (c.state === 'dispatched') act({ name: 'start' }, worker);
      else if (c.state === 'rectifying') {
        if (!c.planned) act({ name: 'plan', interimMeasures: 'x', measures: 'x', costYuan: 1 }, worker);
        act({ name: 'submit', ...says }, worker);
      } else if (c.state === 'submitted') {
        if (t.c.items.some((i) => i.state === 'open')) act({ name: 'reject', reason: '收尾' }, admin);
        else {
          for (const p of t.c.signers.filter((x) => !t.c.rectifierIds.includes(x))) {
            const signer = PEOPLE.find((x) => x.personId === p && x.role !== 'enterprise_safety_officer')!;
            if (!t.c.signatures.some((s) => oneOf(s, signer))) act({ name: 'sign', ...says }, signer);
          }
          if (t.c.grade === 'major' && !t.c.signatures.some((s) => s.personId === judges[1]!.personId)) act({ name: 'sign', ...says }, judges[1]!);
          act({ name: 'accept', ...says }, admin);
        }
      } else if (t.c.state === 'accepted') act({ name: 'delist', reason: '收尾' }, admin);
    }
    must(['archived', 'dismissed', 'merged', 'redirected'].includes(t.c.state), 'the case cannot be finished');
  }
}

const keyOf = (d: OpenDeadline): string => `${d.kind}/${d.level}/${d.item ?? ''}/${d.startedAt}`;
const noChoice: Random = { next: () => 0.99, int: (low) => low, pick: (items) => items[0]!, shuffle: (items) => [...items] };

// ---- lives ----

export interface Choice {
  which: number;
  pick: number;
  actor: number;
  /** ms since the choice before. */
  gap: number;
  mode: 'helpful' | 'careless' | 'anything' | 'message' | 'report' | 'merge';
  seed: number;
}

/** Ways out and around are drawn less often than the way on, so that lives go far. */
const RARE: readonly string[] = ['dismiss', 'redirect', 'reassess', 'returnDispatch', 'merge', 'withdraw', 'reject'];

const NOT_YOU: readonly string[] = ['permission.denied', 'hazard.not_found', 'hazard.self_acceptance', 'hazard.acceptor_from_enterprise'];

/** Lives two cases that know each other, and their successors, through the choices. */
export const live = (choices: readonly Choice[], rules: Rules, startAt: number, seen: Seen): void => {
  const world = new World(rules, seen, startAt);
  try {
    for (const n of [1, 2]) world.open(`h${n}`, 'ent-1', reportOf(randomOf(n, 'open'), startAt, { reporterId: 'p-worker' }), startAt);
    for (const { which, pick, actor, gap, mode, seed } of choices) {
      const random = randomOf(seed, 'choice');
      world.now += gap;
      world.catchUp();
      const ids = [...world.cases.keys()];
      const hazardId = ids[which % ids.length]!;
      const { c } = world.get(hazardId);
      if (mode === 'message') {
        world.deliver(random);
        continue;
      }
      if (mode === 'report') {
        world.do(hazardId, contentOf('join', c, world.now, random, [], true), null);
        continue;
      }
      const others = ids.filter((id) => id !== hazardId && world.get(id).c.tenantId === c.tenantId);
      // Half of the draws take what is possible, so that lives get far; the others take anything.
      const likely = COMMANDS.filter((name) => isPersonAct(name) && WANTED[name][c.state] && (!RARE.includes(name) || random.next() < 0.2));
      const say = (name: Name, right = mode !== 'anything'): HazardCommand => contentOf(name, c, world.now, random, others, right);
      let command = say(mode === 'merge' ? 'merge' : COMMANDS[pick % COMMANDS.length]!);
      let people: readonly Actor[] = [];
      for (let n = 0; ['helpful', 'careless'].includes(mode) && people.length === 0 && n < Math.min(6, likely.length); n += 1) {
        command = say(likely[(pick + n) % likely.length]!);
        people = PEOPLE.filter((p) => !objections(c, command, p, world.now, rules).some((code) => mode === 'helpful' || NOT_YOU.includes(code)));
      }
      // Who may by their role, at the wrong moment or without saying what is asked for.
      if (mode === 'careless' && people.length > 0 && random.next() < 0.4) command = say(command.name as Name, false);
      const by = people.length > 0 ? people[actor % people.length]! : mode === 'merge' ? PEOPLE[actor % 4]! : actor % 5 === 0 ? null : PEOPLE[actor % PEOPLE.length]!;
      const taken = world.do(hazardId, command, by);
      // The system undoes a merge only where the other case has refused it.
      if (taken && command.name === 'unmerge' && !by) world.unheard = true;
      // What no life has met in this state is tried: refused to whoever else might do it, taken from the system where it has matter.
      for (const name of COMMANDS) {
        const { state } = world.get(hazardId).c;
        const legal = WANTED[name][state] !== undefined;
        if (legal ? isPersonAct(name) || seen.legal.has(`${name}/${state}`) : seen.refused.has(`${name}/${state}`)) continue;
        world.do(hazardId, say(name, true), isPersonAct(name) ? PEOPLE[actor % PEOPLE.length]! : null);
      }
    }
    world.checkMessages();
    for (const id of [...world.cases.keys()]) world.finish(id);
    world.checkMessages();
  } catch (error) {
    throw new Error(`${(error as Error).message}\nthe way there:\n  ${world.log.slice(-60).join('\n  ')}`, { cause: error });
  }
};
