/**
 * 统计指标: every figure as data: which cases it counts, what it makes of them, and the words that stand beside it. A figure
 * is reckoned from exactly the cases that its list shows (domain/hazard-filter.ts). Months are months of Asia/Shanghai, which
 * has been UTC+8 throughout. Instants are epoch ms.
 */
import type { TransitionRecord } from './hazard-case.ts';
import type { CaseFacts, HazardFilter } from './hazard-filter.ts';
import { matches } from './hazard-filter.ts';
import type { SupervisionLevel } from './supervision.ts';

const HOUR = 3_600_000;
const SHANGHAI = 8 * HOUR;

/** Recurrence: so long after the acceptance of the case before. The park's own choice; a question can name another. */
export const RECURRENCE_DAYS = 90;
/** Rows of one export. */
export const MAX_EXPORT_CASES = 20_000;
export const MAX_PERIOD_DAYS = 3_660;

export type Measure =
  | { kind: 'count' }
  | { kind: 'share'; part: HazardFilter }
  | { kind: 'quantile'; q: 0.5 | 0.9; of: 'rectifiedMs' | 'wholeMs' }
  | { kind: 'sum'; of: 'extensions' };

export interface FigureDefinition {
  code: string;
  unit: 'cases' | 'share' | 'ms' | 'extensions';
  /** By which instant a case falls into a period. */
  dated: 'reported' | 'accepted';
  of: HazardFilter;
  measure: Measure;
  name: { zh: string; en: string };
  definition: { zh: string; en: string };
}

const COUNTED: HazardFilter = { counted: true };
const QUANTILE = {
  zh: '分位数取最近秩法：升序排列后第 p·n 件(向上取整)的实际用时，不插值。',
  en: 'Quantiles by nearest rank: the time of case number p·n, rounded up, in ascending order, never interpolated.',
};
const LEFT_OUT = { zh: '不计驳回(非隐患)、已合并和已改派的隐患。', en: 'Dismissed, merged and redirected cases are left out.' };
const RECTIFIED = {
  zh: '每一轮从首次派发起算，至该轮验收合格止；重新开启过的隐患把各轮用时相加，按一件计。退回派发、重新分级和暂停期间计入。',
  en: 'Each cycle runs from its first dispatch to its acceptance; a reopened case counts once, with the time of all its cycles added up. Declined dispatches, reassessment and pauses are included.',
};

const words = (zh: string, en: string) => ({ zh, en });
const accepted = (sentence: { zh: string; en: string }, more: { zh: string; en: string } = words('', '')) =>
  words(`期间内验收合格且至今有效的隐患。${sentence.zh}${more.zh}${LEFT_OUT.zh}`, `Cases accepted in the period whose acceptance still stands. ${sentence.en} ${more.en} ${LEFT_OUT.en}`.replaceAll('  ', ' '));
const reported = (sentence: { zh: string; en: string }) => words(`期间内上报的隐患。${sentence.zh}${LEFT_OUT.zh}`, `Cases reported in the period. ${sentence.en} ${LEFT_OUT.en}`.replaceAll('  ', ' '));

/** All figures, in the order in which they are shown. `recurrenceDays`: whole days. */
export const figureDefinitions = (recurrenceDays: number = RECURRENCE_DAYS): readonly FigureDefinition[] => [
  { code: 'reported', unit: 'cases', dated: 'reported', of: COUNTED, measure: { kind: 'count' }, name: words('上报隐患', 'Reported'), definition: reported(words('', '')) },
  {
    code: 'open', unit: 'cases', dated: 'reported', of: { ...COUNTED, open: true }, measure: { kind: 'count' }, name: words('未闭环', 'Still open'),
    definition: reported(words('其中尚未归档的件数。', 'Those not archived yet.')),
  },
  { code: 'accepted', unit: 'cases', dated: 'accepted', of: COUNTED, measure: { kind: 'count' }, name: words('验收合格', 'Accepted'), definition: accepted(words('', '')) },
  {
    code: 'rectificationMedian', unit: 'ms', dated: 'accepted', of: COUNTED, measure: { kind: 'quantile', q: 0.5, of: 'rectifiedMs' }, name: words('整改周期中位数', 'Rectification cycle, median'),
    definition: accepted(RECTIFIED, QUANTILE),
  },
  {
    code: 'rectificationP90', unit: 'ms', dated: 'accepted', of: COUNTED, measure: { kind: 'quantile', q: 0.9, of: 'rectifiedMs' }, name: words('整改周期第 90 百分位', 'Rectification cycle, 90th percentile'),
    definition: accepted(RECTIFIED, QUANTILE),
  },
  {
    code: 'wholeMedian', unit: 'ms', dated: 'accepted', of: COUNTED, measure: { kind: 'quantile', q: 0.5, of: 'wholeMs' }, name: words('上报至验收中位数', 'Report to acceptance, median'),
    definition: accepted(words('从首次上报起算，至有效的验收止，重新开启后的时间计入。', 'From the first report to the acceptance that stands, reopenings included.'), QUANTILE),
  },
  {
    code: 'wholeP90', unit: 'ms', dated: 'accepted', of: COUNTED, measure: { kind: 'quantile', q: 0.9, of: 'wholeMs' }, name: words('上报至验收第 90 百分位', 'Report to acceptance, 90th percentile'),
    definition: accepted(words('从首次上报起算，至有效的验收止，重新开启后的时间计入。', 'From the first report to the acceptance that stands, reopenings included.'), QUANTILE),
  },
  {
    code: 'firstTry', unit: 'share', dated: 'accepted', of: COUNTED, measure: { kind: 'share', part: { firstTry: true } }, name: words('一次验收合格率', 'Accepted at first try'),
    definition: accepted(words('其中首次审查即整体验收合格、且未被重新开启的占比；退回整改或部分验收都不算一次合格。', 'The share of those accepted as a whole by the first decision and never reopened; a rejection or the acceptance of a part is not the first try.')),
  },
  {
    code: 'reopened', unit: 'share', dated: 'accepted', of: COUNTED, measure: { kind: 'share', part: { reopened: true } }, name: words('重新开启率', 'Reopened'),
    definition: accepted(words('其中曾被重新开启的占比。', 'The share of those that were reopened before.')),
  },
  {
    code: 'overdue', unit: 'share', dated: 'reported', of: { ...COUNTED, dispatched: true }, measure: { kind: 'share', part: { everOverdue: true } }, name: words('整改逾期率', 'Overdue rate'),
    definition: reported(words('其中已派发的隐患里，曾超过整改期限或整改项期限(任一轮)的占比。', 'Of those dispatched, the share that passed a deadline of rectification, of the case or of an item, in any cycle.')),
  },
  ...([1, 2, 3] as const).map((level): FigureDefinition => ({
    code: `supervision${level}`, unit: 'cases', dated: 'reported', of: { ...COUNTED, highestSupervision: level }, measure: { kind: 'count' }, name: words(`最高督办级别 ${level} 级`, `Highest supervision: level ${level}`),
    definition: reported(words(`其中最高曾进入 ${level} 级督办的件数(任一轮)。`, `Those whose supervision went up to level ${level} and no further, in any cycle.`)),
  })),
  {
    code: 'extensions', unit: 'extensions', dated: 'reported', of: { ...COUNTED, extended: true }, measure: { kind: 'sum', of: 'extensions' }, name: words('批准延期次数', 'Extensions granted'),
    definition: reported(words('批准的延期次数之和；列表为至少延期一次的隐患。', 'The extensions granted, added up; the list shows the cases with at least one.')),
  },
  {
    code: 'recurrence', unit: 'share', dated: 'reported', of: COUNTED, measure: { kind: 'share', part: { recurredWithinDays: recurrenceDays } }, name: words('同类复发率', 'Recurrence'),
    definition: reported(words(
      `其中在本企业同类隐患验收合格后 ${recurrenceDays} 日内又上报的占比。以上报时(分级改变类型时，以分级时)有效的验收为准。`,
      `The share reported within ${recurrenceDays} days after the acceptance of a case of the same type at the same enterprise, by the acceptances that stood when it was reported, or graded where that changed its type.`,
    )),
  },
];

/** `from` inclusive, `to` exclusive. */
export interface Period {
  from: number;
  to: number;
}

export const GROUPINGS = ['none', 'enterprise', 'type', 'grade', 'month'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** YYYY-MM of an instant. */
export const monthOf = (at: number): string => new Date(at + SHANGHAI).toISOString().slice(0, 7);
export const isMonth = (month: string): boolean => /^[0-9]{4}-(0[1-9]|1[0-2])$/.test(month);
export const monthPeriod = (month: string): Period => {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return { from: Date.UTC(year, number - 1) - SHANGHAI, to: Date.UTC(year, number) - SHANGHAI };
};

export const datedAt = (d: FigureDefinition, c: CaseFacts): number | null => (d.dated === 'reported' ? c.reportedAt : c.acceptedAt);

/** The group that a case belongs to; '' where all are one. */
export const groupKey = (grouping: Grouping, d: FigureDefinition, c: CaseFacts): string => {
  switch (grouping) {
    case 'none':
      return '';
    case 'enterprise':
      return c.tenantId;
    case 'type':
      return c.type;
    case 'grade':
      return c.grade ?? 'none';
    case 'month':
      return monthOf(datedAt(d, c) ?? 0);
  }
};

/** What narrows a list to a group of a period. */
export const groupFilter = (grouping: Grouping, key: string, d: FigureDefinition, period: Period): HazardFilter => {
  const span = grouping === 'month' ? monthPeriod(key) : period;
  const from = Math.max(span.from, period.from);
  const to = Math.min(span.to, period.to);
  return {
    ...(d.dated === 'reported' ? { reportedFrom: from, reportedTo: to } : { acceptedFrom: from, acceptedTo: to }),
    ...(grouping === 'enterprise' ? { tenantId: key } : grouping === 'type' ? { type: key as never } : grouping === 'grade' ? { grade: key as never } : {}),
  };
};

export interface FigureValue {
  /** null: no case to reckon it from. */
  value: number | null;
  /** Cases that it is reckoned from: the length of its list. */
  cases: number;
  /** Of a share: the cases that make it up. */
  part?: number;
}

/** Nearest rank: the smallest of the values that at least the share `q` of them does not exceed. */
export const quantile = (values: readonly number[], q: number): number | null =>
  values.length === 0 ? null : [...values].sort((a, b) => a - b)[Math.ceil(q * values.length) - 1]!;

const timeOf = (c: CaseFacts, of: 'rectifiedMs' | 'wholeMs'): number | null => (of === 'rectifiedMs' ? c.rectifiedMs : c.acceptedAt === null ? null : c.acceptedAt - c.reportedAt);

/** The figure over cases; `filter` narrows to a group and a period. The database says the same (prisma/figures.ts). */
export const figureOf = (d: FigureDefinition, filter: HazardFilter, cases: readonly CaseFacts[]): FigureValue => {
  const counted = cases.filter((c) => matches(d.of, c) && matches(filter, c));
  const n = counted.length;
  switch (d.measure.kind) {
    case 'count':
      return { value: n, cases: n };
    case 'share': {
      const { part } = d.measure;
      const those = counted.filter((c) => matches(part, c)).length;
      return { value: n === 0 ? null : those / n, cases: n, part: those };
    }
    case 'quantile': {
      const { of, q } = d.measure;
      return { value: quantile(counted.map((c) => timeOf(c, of)).filter((ms) => ms !== null), q), cases: n };
    }
    case 'sum':
      return { value: counted.reduce((sum, c) => sum + c.extensions, 0), cases: n };
  }
};

type Told = Pick<CaseFacts, 'firstDispatchedAt' | 'acceptedAt' | 'everAccepted' | 'rectifiedMs' | 'reviews' | 'reopenings' | 'extensions' | 'everOverdue' | 'highestSupervision'>;

/** What the transitions of a case tell for figures, ascending in seq. */
export const factsOf = (transitions: readonly Pick<TransitionRecord, 'cycle' | 'command' | 'serverAt' | 'payload'>[]): Told => {
  const facts: Told = { firstDispatchedAt: null, acceptedAt: null, everAccepted: false, rectifiedMs: null, reviews: 0, reopenings: 0, extensions: 0, everOverdue: false, highestSupervision: 0 };
  const dispatchedAt = new Map<number, number>();
  for (const t of transitions) {
    switch (t.command) {
      case 'dispatch':
        facts.firstDispatchedAt ??= t.serverAt;
        if (!dispatchedAt.has(t.cycle)) dispatchedAt.set(t.cycle, t.serverAt);
        break;
      case 'accept':
        facts.acceptedAt = t.serverAt;
        facts.everAccepted = true;
        facts.reviews += 1;
        if (dispatchedAt.has(t.cycle)) facts.rectifiedMs = (facts.rectifiedMs ?? 0) + t.serverAt - dispatchedAt.get(t.cycle)!;
        break;
      case 'reject':
      case 'acceptItems':
        facts.reviews += 1;
        break;
      case 'reopen':
        facts.acceptedAt = null;
        facts.reopenings += 1;
        break;
      case 'decideExtension':
        if (t.payload.granted === true) facts.extensions += 1;
        break;
      case 'breach':
        if (t.payload.deadline === 'rectify' || t.payload.deadline === 'item') facts.everOverdue = true;
        break;
      case 'supervise':
        facts.highestSupervision = Math.max(facts.highestSupervision, Number(t.payload.level)) as 0 | SupervisionLevel;
        break;
      default:
    }
  }
  return facts;
};
