/**
 * 双重预防数据交换: the codes that the authority takes, and our case as it sees it. The authority knows three states, a date and
 * no history: what a projection leaves out is named in `lost` and stays in our record.
 */
import type { FieldValue, HazardGrade, HazardOrigin, HazardType } from './hazard-types.ts';
import { HAZARD_TYPES } from './hazard-types.ts';

interface Words {
  zh: string;
  en: string;
}
const words = (zh: string, en: string): Words => ({ zh, en });

export const EXCHANGE_LEVELS = { general: 0, major: 1 } as const;
export const EXCHANGE_SOURCES: Readonly<Record<number, Words>> = {
  1: words('日常排查', 'Daily check'), 2: words('综合性排查', 'Comprehensive check'), 3: words('专业性排查', 'Professional check'), 4: words('季节性排查', 'Seasonal check'),
  5: words('重点时段及节假日前排查', 'Check before key periods and holidays'), 6: words('事故类比排查', 'Check after a similar accident'), 7: words('复产复工前排查', 'Check before a restart'),
  8: words('外聘专家诊断式排查', 'External experts'), 9: words('管控措施失效', 'Control measure failed'), 10: words('其他', 'Other'),
};
export const EXCHANGE_TREATMENTS: Readonly<Record<number, Words>> = { 0: words('即查即改', 'Fixed at once'), 1: words('限期整改', 'Within a deadline') };
export const EXCHANGE_TYPES: Readonly<Record<number, Words>> = {
  1: words('安全', 'Safety'), 2: words('工艺', 'Process'), 3: words('电气', 'Electrical'), 4: words('仪表', 'Instrument'), 5: words('消防', 'Fire'), 6: words('总图', 'Layout'), 7: words('设备', 'Equipment'), 8: words('其他', 'Other'),
};
export const EXCHANGE_CATEGORIES: Readonly<Record<number, Words>> = {
  0: words('其他', 'Other'), 1: words('主要负责人登记', 'Registered by the main responsible person'), 2: words('技术负责人登记', 'Registered by the technical responsible person'), 3: words('操作负责人登记', 'Registered by the operating responsible person'),
};
export const EXCHANGE_STATES: Readonly<Record<number, Words>> = { 0: words('整改中', 'Rectifying'), 1: words('待验收', 'Awaiting acceptance'), 9: words('已验收', 'Accepted') };
export const EXCHANGE_CAUSES: Readonly<Record<number, Words>> = { 1: words('人的不安全行为', 'Unsafe act'), 2: words('物的不安全状态', 'Unsafe state'), 3: words('管理缺陷', 'Management defect') };
/** The words of the ten stages could not be read: a code only. */
export const EXCHANGE_STAGES = { min: 1, max: 10 } as const;
export const EXCHANGE_CHECK_RESULTS: Readonly<Record<number, Words>> = { 0: words('正常', 'Normal'), 1: words('存在隐患', 'Hazard'), 2: words('未排查', 'Not checked'), 3: words('其他', 'Other') };

/** Every table of codes, by its name. */
export const EXCHANGE_TABLES = {
  source: EXCHANGE_SOURCES, treatment: EXCHANGE_TREATMENTS, type: EXCHANGE_TYPES, category: EXCHANGE_CATEGORIES, state: EXCHANGE_STATES, cause: EXCHANGE_CAUSES, checkResult: EXCHANGE_CHECK_RESULTS,
} as const satisfies Record<string, Readonly<Record<number, Words>>>;

export const isExchangeSource = (source: unknown): source is number => typeof source === 'number' && Object.hasOwn(EXCHANGE_SOURCES, source);

/** Source of a report that names none: what a rule found is a control measure that failed, what a person found a daily check. */
export const defaultSource = (origin: HazardOrigin): number => (origin === 'manual' ? 1 : 9);

/** Codes of a case that a person gives, on the report or at triage. Absent is not known. */
export interface ExchangeCodes {
  source?: number;
  treatment?: number;
  category?: number;
  cause?: number;
  stage?: number;
}

const CODES: Record<keyof ExchangeCodes, (code: number) => boolean> = {
  source: (c) => Object.hasOwn(EXCHANGE_SOURCES, c),
  treatment: (c) => Object.hasOwn(EXCHANGE_TREATMENTS, c),
  category: (c) => Object.hasOwn(EXCHANGE_CATEGORIES, c),
  cause: (c) => Object.hasOwn(EXCHANGE_CAUSES, c),
  stage: (c) => Number.isInteger(c) && c >= EXCHANGE_STAGES.min && c <= EXCHANGE_STAGES.max,
};
export const EXCHANGE_CODES = Object.keys(CODES) as (keyof ExchangeCodes)[];

/** The names among the codes whose value is none of the exchange; triage and reports refuse these. */
export const wrongCodes = (codes: ExchangeCodes): (keyof ExchangeCodes)[] => EXCHANGE_CODES.filter((name) => codes[name] !== undefined && !CODES[name](codes[name]));

/** The codes among the fields of a report (hazard-types EXCHANGE_FIELDS), where a choice is kept as text, and its source. What is no code is left out. */
export const codesOf = (fields: Readonly<Record<string, FieldValue>> | null | undefined, source?: number | null): ExchangeCodes => {
  const codes: ExchangeCodes = {};
  for (const name of EXCHANGE_CODES) {
    const given = name === 'source' ? source : fields?.[name];
    const code = typeof given === 'string' && /^\d{1,2}$/.test(given) ? Number(given) : given;
    if (typeof code === 'number' && CODES[name](code)) codes[name] = code;
  }
  return codes;
};

/** What of a case the projection looks at. Instants are epoch ms. */
export interface ExchangeCase {
  type: HazardType;
  grade: HazardGrade | null;
  /** Our state; one that is not known here counts as rectifying, never as accepted. */
  state: string;
  cycle: number;
  dueAt: number | null;
  overdue: boolean;
  supervision: number;
  rejections: number;
  reportedAt: number;
  acceptedAt: number | null;
  acceptorId: string | null;
}

export type LostInExchange = 'reopened' | 'rejections' | 'supervision' | 'overdue' | 'due_time' | 'sub_state';

export interface ExchangeRecord {
  level: 0 | 1;
  source: number;
  treatment: number;
  type: number;
  category: number;
  cause: number | null;
  stage: number | null;
  state: 0 | 1 | 9;
  /** Civil dates of China, YYYY-MM-DD. */
  foundOn: string;
  dueOn: string | null;
  /** Required with state 9. */
  acceptorId: string | null;
  acceptedAt: number | null;
  lost: LostInExchange[];
}

const CHINA_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 24 * 3_600_000;
/** The civil date in China of an instant. */
export const chinaDate = (at: number): string => new Date(at + CHINA_OFFSET_MS).toISOString().slice(0, 10);

const NOT_EXPORTED = ['reported', 'dismissed', 'merged', 'redirected'];
const ACCEPTED = ['accepted', 'archived'];
/** States that the authority's "rectifying" and "accepted" do not tell apart from others. */
const SAME_AS_OTHERS = ['triaged', 'dispatched', 'archived'];

/**
 * The case as the authority sees it, or null while it is none for the authority: not graded yet, dismissed, or gone into another. A case that is
 * accepted without an acceptor or a time on record is not exported as accepted but as awaiting acceptance.
 */
export const exchangeOf = (c: ExchangeCase, codes: ExchangeCodes): ExchangeRecord | null => {
  if (c.grade === null || NOT_EXPORTED.includes(c.state)) return null;
  const spec = HAZARD_TYPES[c.type].exchange;
  const accepted = ACCEPTED.includes(c.state);
  const state = accepted ? (c.acceptorId !== null && c.acceptedAt !== null ? 9 : 1) : c.state === 'submitted' ? 1 : 0;
  const lost: LostInExchange[] = [];
  if (c.cycle > 1) lost.push('reopened');
  if (c.rejections > 0) lost.push('rejections');
  if (c.supervision > 0) lost.push('supervision');
  if (c.overdue) lost.push('overdue');
  if (c.dueAt !== null && (c.dueAt + CHINA_OFFSET_MS) % DAY_MS !== 0) lost.push('due_time');
  if (SAME_AS_OTHERS.includes(c.state)) lost.push('sub_state');
  return {
    level: EXCHANGE_LEVELS[c.grade], source: codes.source ?? 10, treatment: codes.treatment ?? spec.treatment, type: spec.type, category: codes.category ?? 0, cause: codes.cause ?? null,
    stage: codes.stage ?? null, state, foundOn: chinaDate(c.reportedAt), dueOn: c.dueAt === null ? null : chinaDate(c.dueAt),
    acceptorId: state === 9 ? c.acceptorId : null, acceptedAt: state === 9 ? c.acceptedAt : null, lost,
  };
};
