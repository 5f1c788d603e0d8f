/**
 * 通知书: kinds, and which facts each must carry. Facts are free of language: names in zh and en, instants in epoch ms,
 * codes. Wording is in templates/; nothing is issued with an empty placeholder.
 */
import { HAZARD_ORIGINS, HAZARD_TYPES } from './hazard-types.ts';
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import { TASK_KINDS } from './tasks.ts';

export const NOTICE_KINDS = [
  'alarm', 'dispatch', 'reminder', 'overdue', 'supervision', 'rejection', 'acceptance',
  'extension', 'handover', 'returned', 'merged', 'reopened', 'look_back', 'listing', 'delisting', 'major_report', 'task',
] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export const NOTICE_RECIPIENTS = ['enterprise', 'emergency_office', 'park_admin', 'reporter', 'regulator', 'owner'] as const;
/**
 * Who receives a notice, resolved to organisations when it is issued. `regulator`: whoever has a live grant for the tenant,
 * may be nobody, as may `reporter`. `owner`: of a task only.
 */
export type NoticeRecipient = (typeof NOTICE_RECIPIENTS)[number];

export type Language = 'zh' | 'en';
export const LANGUAGES: readonly Language[] = ['zh', 'en'];

export interface Named {
  zh: string;
  en: string;
}

/** Longest text of one fact in a notice, in characters; the record keeps the whole. */
export const FACT_TEXT_LIMIT = 2_000;
/** A notice whose mail server keeps saying "later" is given up on after so long; the inbox has it anyway. */
export const MAIL_GIVE_UP_MS = 5 * 24 * 60 * 60_000;

type Form =
  | 'text'
  | 'named'
  /** At least one Named. */
  | 'names'
  | 'instant'
  | 'number'
  | 'count'
  | 'flag'
  | 'path'
  | 'timezone'
  | { one: readonly string[] }
  | { some: readonly string[] };

/** Every fact that a notice may carry, and its form. */
const FACTS = {
  park: 'named',
  /** Who issues the notice. */
  office: 'named',
  recipient: 'named',
  /** As what the recipient gets it: more than one where one organisation is several recipients. */
  roles: { some: NOTICE_RECIPIENTS },
  isCopy: 'flag',
  /** 主送. */
  addressees: 'names',
  /** 抄送. */
  copies: 'names',
  issuedAt: 'instant',
  timezone: 'timezone',
  /** Number of the paper. */
  paper: 'text',
  /** Page of the portal about the matter, without host. */
  path: 'path',

  enterprise: 'named',
  place: 'named',

  number: 'text',
  title: 'text',
  description: 'text',
  type: { one: Object.keys(HAZARD_TYPES) },
  grade: { one: ['general', 'major'] },
  state: { one: ['reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived', 'dismissed', 'merged', 'redirected'] },
  origin: { one: HAZARD_ORIGINS },
  reportedAt: 'instant',
  responsible: 'named',
  evidenceCount: 'count',
  dueAt: 'instant',
  note: 'text',
  deadline: { one: ['triage', 'dispatch', 'rectify', 'item', 'supervision', 'delist', 'look_back'] },
  /** Level of supervision; 0 = none. */
  level: 'count',
  cause: { one: ['overdue', 'review_overdue', 'rejected', 'supervision_breached'] },
  missedDueAt: 'instant',
  reason: 'text',
  rejections: 'count',
  judge: 'named',
  /** What became of an extension or a pause. */
  decision: { one: ['asked', 'granted', 'refused', 'withdrawn', 'paused', 'resumed'] },
  previousDueAt: 'instant',
  pausedUntil: 'instant',
  previousResponsible: 'named',
  /** The act that brought the notice, as on the record. */
  act: 'text',
  /** Number of the case that a duplicate was merged into, or that took the matter over. */
  otherNumber: 'text',
  cycle: 'count',
  /** Number of the look-back. */
  lookBack: 'count',
  lookBackOutcome: { one: ['due', 'passed', 'failed'] },
  /** By whom a case is listed (挂牌). */
  listing: { one: ['park', 'county', 'city', 'province'] },

  taskKind: { one: TASK_KINDS },
  taskTitle: 'named',
  phase: { one: ['assigned', 'overdue', 'escalated'] },
  owner: 'named',

  asset: 'named',
  assetCode: 'text',
  substance: 'text',
  sensor: 'named',
  alarmLevel: { one: ['HH', 'H', 'L', 'LL', 'sustained'] },
  alarmState: { one: ['unacknowledged', 'acknowledged', 'returned_unacknowledged', 'normal'] },
  /** Whether a person judged the alarm real or false. */
  judgement: { one: ['real', 'false'] },
  value: 'number',
  limit: 'number',
  unit: 'text',
  raisedAt: 'instant',
  statutory: 'flag',
  /** Rung of the alarm ladder; 0 = told at once. */
  rung: 'count',
} as const satisfies Record<string, Form>;

export type FactName = keyof typeof FACTS;
type ValueOf<F> = F extends 'named' ? Named
  : F extends 'names' ? Named[]
  : F extends 'instant' | 'number' | 'count' ? number
  : F extends 'flag' ? boolean
  : F extends { some: readonly string[] } ? string[]
  : string;
export type NoticeFacts = { [N in FactName]?: ValueOf<(typeof FACTS)[N]> | null };

const PAPER = ['park', 'office', 'recipient', 'roles', 'isCopy', 'addressees', 'copies', 'issuedAt', 'timezone', 'paper', 'path'] as const;
const HAZARD = ['enterprise', 'place', 'number', 'title', 'description', 'type', 'grade', 'state', 'origin', 'reportedAt', 'responsible', 'evidenceCount'] as const;

/** The facts of each kind: all of them and no others. */
export const NOTICE_FACTS: Record<NoticeKind, readonly FactName[]> = {
  alarm: [...PAPER, 'enterprise', 'place', 'asset', 'assetCode', 'substance', 'sensor', 'alarmLevel', 'alarmState', 'judgement', 'value', 'limit', 'unit', 'raisedAt', 'statutory', 'rung'],
  dispatch: [...PAPER, ...HAZARD, 'dueAt', 'note'],
  reminder: [...PAPER, ...HAZARD, 'deadline', 'level', 'dueAt'],
  overdue: [...PAPER, ...HAZARD, 'deadline', 'level', 'dueAt'],
  supervision: [...PAPER, ...HAZARD, 'level', 'cause', 'dueAt', 'missedDueAt', 'reason', 'rejections'],
  rejection: [...PAPER, ...HAZARD, 'dueAt', 'reason', 'rejections', 'judge'],
  acceptance: [...PAPER, ...HAZARD, 'note', 'judge'],
  extension: [...PAPER, ...HAZARD, 'decision', 'dueAt', 'previousDueAt', 'pausedUntil', 'reason', 'judge'],
  handover: [...PAPER, ...HAZARD, 'previousResponsible', 'dueAt', 'reason', 'judge'],
  returned: [...PAPER, ...HAZARD, 'act', 'otherNumber', 'reason', 'judge'],
  merged: [...PAPER, ...HAZARD, 'act', 'otherNumber', 'reason', 'judge'],
  reopened: [...PAPER, ...HAZARD, 'cycle', 'dueAt', 'reason', 'judge'],
  look_back: [...PAPER, ...HAZARD, 'lookBack', 'lookBackOutcome', 'dueAt', 'note'],
  listing: [...PAPER, ...HAZARD, 'listing', 'dueAt', 'reason'],
  delisting: [...PAPER, ...HAZARD, 'reason', 'judge'],
  major_report: [...PAPER, ...HAZARD, 'dueAt', 'reason', 'judge'],
  task: [...PAPER, 'enterprise', 'place', 'number', 'taskKind', 'taskTitle', 'phase', 'owner', 'responsible', 'dueAt', 'note', 'rung'],
};

const NULLABLE_FACTS: readonly FactName[] = [
  'copies', 'title', 'description', 'grade', 'responsible', 'note', 'missedDueAt', 'reason', 'substance', 'judgement', 'previousDueAt', 'pausedUntil', 'previousResponsible', 'otherNumber',
];
const NULLABLE_IN: Partial<Record<NoticeKind, readonly FactName[]>> = {
  extension: ['dueAt', 'judge'],
  handover: ['dueAt', 'judge'],
  returned: ['judge'],
  merged: ['judge'],
  reopened: ['dueAt', 'judge'],
  look_back: ['dueAt'],
  listing: ['dueAt'],
  delisting: ['judge'],
  major_report: ['dueAt', 'judge'],
  task: ['number'],
};

/**
 * Facts that can be absent by nature: null, said so in the notice ("未指定", "none") or left out with its whole sentence.
 * Every other fact is needed.
 */
export const isNullable = (kind: NoticeKind, name: FactName): boolean => NULLABLE_FACTS.includes(name) || (NULLABLE_IN[kind]?.includes(name) ?? false);

/** A supervision for a missed deadline names the deadline, one for a rejection names the reason; an extension that was granted names the new deadline. */
const neededBy = (facts: NoticeFacts): FactName[] => {
  if (facts.decision === 'granted') return ['dueAt'];
  if (facts.cause === 'rejected') return ['reason'];
  return facts.cause === undefined || facts.cause === null ? [] : ['missedDueAt'];
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** Nothing that a reader could see: white space and invisible characters only. */
export const isBlankText = (text: string): boolean => !/[^\p{Z}\p{C}]/u.test(text);
const isBlank = (value: unknown): boolean => value === undefined || value === null || (typeof value === 'string' && isBlankText(value));

const isEmpty = (form: Form, value: unknown): boolean => {
  if (isBlank(value)) return true;
  if (form === 'named') return isObject(value) && (isBlank(value.zh) || isBlank(value.en));
  if (form === 'names') return Array.isArray(value) && (value.length === 0 || value.some((v) => isEmpty('named', v)));
  return typeof form === 'object' && 'some' in form && Array.isArray(value) && value.length === 0;
};

const isNamed = (value: unknown): boolean => isObject(value) && typeof value.zh === 'string' && typeof value.en === 'string';

const hasForm = (form: Form, value: unknown): boolean => {
  switch (form) {
    case 'text':
    case 'timezone':
      return typeof value === 'string';
    case 'path':
      return typeof value === 'string' && /^(\/[\w.~%-]+)+$/.test(value);
    case 'named':
      return isNamed(value);
    case 'names':
      return Array.isArray(value) && value.every(isNamed);
    case 'instant':
    case 'count':
      return Number.isSafeInteger(value) && (form === 'instant' || (value as number) >= 0);
    case 'number':
      return Number.isFinite(value);
    case 'flag':
      return typeof value === 'boolean';
    default:
      return 'one' in form
        ? typeof value === 'string' && form.one.includes(value)
        : Array.isArray(value) && value.every((v) => typeof v === 'string' && form.some.includes(v));
  }
};

/**
 * Whether these are the facts of a notice of this kind. Refusals: `notice.kind_unknown`, `notice.fact_unknown`,
 * `notice.placeholder_empty`, `notice.fact_invalid`; the last three name every field in `detail.fields`.
 */
export const checkFacts = (kind: string, facts: unknown): Result<NoticeFacts> => {
  if (!(NOTICE_KINDS as readonly string[]).includes(kind)) return refuse('notice.kind_unknown', { field: 'kind' });
  if (!isObject(facts)) return refuse('notice.fact_invalid', { field: 'facts' });
  const wanted: readonly FactName[] = NOTICE_FACTS[kind as NoticeKind];
  const no = (code: 'notice.fact_unknown' | 'notice.placeholder_empty' | 'notice.fact_invalid', fields: string[]) =>
    refuse(code, { field: fields[0]!, detail: { kind, fields } });

  const unknown = Object.keys(facts).filter((name) => !(wanted as readonly string[]).includes(name));
  if (unknown.length > 0) return no('notice.fact_unknown', unknown);
  const own = (name: FactName): unknown => (Object.hasOwn(facts, name) ? facts[name] : undefined);
  const needed = neededBy(facts as NoticeFacts);
  const empty = wanted.filter((name) => isEmpty(FACTS[name], own(name)) && !(own(name) === null && isNullable(kind as NoticeKind, name) && !needed.includes(name)));
  if (empty.length > 0) return no('notice.placeholder_empty', empty);
  const wrong = wanted.filter((name) => own(name) !== null && !hasForm(FACTS[name], own(name)));
  return wrong.length > 0 ? no('notice.fact_invalid', wrong) : ok(facts as NoticeFacts);
};

/**
 * Text from people as it may stand in a notice: one line, no control characters, nothing that turns the reading direction
 * or hides, not longer than the limit (then `more` says that the record has the rest).
 */
export const noticeText = (text: string, more: string, limit: number = FACT_TEXT_LIMIT): string => {
  // Cut first: a text of megabytes must not cost its length.
  const head = text.length > limit * 4 ? text.slice(0, limit * 4) : text;
  const clean = head.toWellFormed().replace(/\s+/gu, ' ').replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}]/gu, '').trim();
  const points = [...clean];
  return points.length > limit || head.length < text.length ? `${points.slice(0, limit).join('')}${more}` : clean;
};
