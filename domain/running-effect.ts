/**
 * 运行效果: the weekly score of an enterprise's dual prevention (L-77). The provincial platform publishes the fields and not
 * the formula, so weights and deductions are the park's own choice, kept as data in its policy; what is fixed here is that
 * every part and every deduction is shown with the records behind it. Pure.
 *
 * Score = task rate × its weight + rectification rate × its weight - deductions, from 0 to 100. A rate of a week in which
 * nothing was due has no value, and its weight goes to the other one; with neither, the score starts at 100 and `basis` says
 * so. A veto makes the score 0. Weeks run from Monday 00:00 Asia/Shanghai, UTC+8 throughout.
 */
const DAY = 86_400_000;
const SHANGHAI = 8 * 3_600_000;
/** 1970-01-05 was a Monday. */
const FIRST_MONDAY = 4;

export interface RunningEffectPolicy {
  /** Points of a full week; together 100. */
  taskWeight: number;
  rectificationWeight: number;
  /** 包保: a task of a named person that was not done in time. */
  duty: { perTask: number; most: number };
  /** 隐患治理: what went wrong with cases in the week; at most `most` together. */
  treatment: { overdue: number; rejected: number; supervised: number; reopened: number; most: number };
  /** 隐患过少: found fewer than `share` of what its peers found (median). Not judged with fewer peers or finds than this. */
  tooFew: { points: number; share: number; minPeers: number; minMedian: number };
  /** 一票否决. */
  veto: { supervisionExhausted: boolean; majorOverdue: boolean };
}

export const DEFAULT_RUNNING_EFFECT: RunningEffectPolicy = {
  taskWeight: 50,
  rectificationWeight: 50,
  duty: { perTask: 2, most: 10 },
  treatment: { overdue: 5, rejected: 2, supervised: 3, reopened: 5, most: 30 },
  tooFew: { points: 10, share: 0.5, minPeers: 5, minMedian: 2 },
  veto: { supervisionExhausted: true, majorOverdue: true },
};

export interface RecordRef {
  kind: 'task' | 'hazard';
  id: string;
}

/** What the record says of an enterprise in a week. */
export interface RunningEffectInput {
  tenantId: string;
  /** Tasks that were due in the week; `named`: of a person, not of the enterprise as a whole. */
  tasks: readonly { id: string; inTime: boolean; named: boolean }[];
  /** Cases whose deadline of rectification fell into the week. */
  due: readonly { hazardId: string; met: boolean; major: boolean }[];
  /** Cases to which it happened in the week. */
  rejected: readonly string[];
  supervised: readonly string[];
  reopened: readonly string[];
  /** Supervision of the last level ran out. */
  exhausted: readonly string[];
  /** Cases that people of the enterprise reported themselves. */
  found: readonly string[];
}

export type DeductionCode = 'duty' | 'overdue' | 'rejected' | 'supervised' | 'reopened' | 'too_few' | 'treatment_limit';

export interface Rate {
  weight: number;
  /** null: nothing was due. */
  rate: number | null;
  of: number;
  done: number;
  points: number;
  /** Those that were not done. */
  records: RecordRef[];
}

export interface Deduction {
  code: DeductionCode;
  /** Taken off; negative where a limit gives back. */
  points: number;
  records: RecordRef[];
  zh: string;
  en: string;
}

export interface RunningEffect {
  week: string;
  tenantId: string;
  score: number;
  /** Without the veto. */
  before: number;
  veto: boolean;
  vetoes: { zh: string; en: string; records: RecordRef[] }[];
  basis: 'both' | 'tasks' | 'rectification' | 'none';
  tasks: Rate;
  rectification: Rate;
  deductions: Deduction[];
  peers: { count: number; median: number | null; found: number; judged: boolean };
}

/** Monday of the week of an instant, YYYY-MM-DD. */
export const weekOf = (at: number): string => {
  const day = Math.floor((at + SHANGHAI) / DAY);
  return new Date((day - ((day - FIRST_MONDAY) % 7)) * DAY).toISOString().slice(0, 10);
};
/** Whether it is the Monday of a week. */
export const isWeek = (week: string): boolean => /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(week) && Number.isFinite(Date.parse(week)) && weekOf(Date.parse(week) - SHANGHAI) === week;
/** `from` inclusive, `to` exclusive, epoch ms. */
export const weekPeriod = (week: string): { from: number; to: number } => ({ from: Date.parse(week) - SHANGHAI, to: Date.parse(week) - SHANGHAI + 7 * DAY });
/** The weeks that had ended by an instant, the newest first. */
export const endedWeeks = (at: number, count: number): string[] => Array.from({ length: count }, (_, n) => weekOf(weekPeriod(weekOf(at)).from - 1 - n * 7 * DAY));

const hazards = (ids: readonly string[]): RecordRef[] => ids.map((id) => ({ kind: 'hazard', id }));
const round = (points: number): number => Math.round(points * 100) / 100;

const rateOf = (all: readonly { ref: RecordRef; ok: boolean }[]): Pick<Rate, 'rate' | 'of' | 'done' | 'records'> => {
  const done = all.filter((x) => x.ok).length;
  return { rate: all.length === 0 ? null : done / all.length, of: all.length, done, records: all.filter((x) => !x.ok).map((x) => x.ref) };
};

export const median = (values: readonly number[]): number | null => {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** The score of one enterprise; `peers`: what each of the others found in the same week. */
export const runningEffect = (week: string, input: RunningEffectInput, peers: readonly number[], policy: RunningEffectPolicy): RunningEffect => {
  const tasks = rateOf(input.tasks.map((t) => ({ ref: { kind: 'task', id: t.id }, ok: t.inTime })));
  const rectification = rateOf(input.due.map((d) => ({ ref: { kind: 'hazard', id: d.hazardId }, ok: d.met })));
  const full = policy.taskWeight + policy.rectificationWeight;
  const taskWeight = tasks.rate === null ? 0 : rectification.rate === null ? full : policy.taskWeight;
  const rectificationWeight = rectification.rate === null ? 0 : tasks.rate === null ? full : policy.rectificationWeight;
  const basis = tasks.rate !== null ? (rectification.rate !== null ? 'both' : 'tasks') : rectification.rate !== null ? 'rectification' : 'none';

  const deductions: Deduction[] = [];
  const take = (code: DeductionCode, points: number, records: RecordRef[], zh: string, en: string): void => {
    if (points !== 0) deductions.push({ code, points: round(points), records, zh, en });
  };
  const missed = input.tasks.filter((t) => t.named && !t.inTime);
  take('duty', Math.min(policy.duty.most, missed.length * policy.duty.perTask), missed.map((t) => ({ kind: 'task', id: t.id })),
    `包保履职：${missed.length} 项落实到人的任务未按时完成，每项 ${policy.duty.perTask} 分，最多 ${policy.duty.most} 分`, `Duties: ${missed.length} tasks of named persons not done in time, ${policy.duty.perTask} points each, at most ${policy.duty.most}`);
  const overdue = input.due.filter((d) => !d.met).map((d) => d.hazardId);
  const { treatment } = policy;
  for (const [code, ids, zh, en] of [
    ['overdue', overdue, '整改逾期', 'past the deadline of rectification'], ['rejected', input.rejected, '验收退回', 'rejected in review'], ['supervised', input.supervised, '进入督办', 'put under supervision'], ['reopened', input.reopened, '重新开启', 'reopened'],
  ] as const) take(code, ids.length * treatment[code], hazards(ids), `隐患治理：${ids.length} 件${zh}，每件 ${treatment[code]} 分`, `Hazard treatment: ${ids.length} ${en}, ${treatment[code]} points each`);
  const treated = deductions.filter((d) => d.code in treatment).reduce((sum, d) => sum + d.points, 0);
  take('treatment_limit', Math.min(0, treatment.most - treated), [], `隐患治理扣分最多 ${treatment.most} 分`, `Hazard treatment takes off at most ${treatment.most} points`);

  const middle = median(peers);
  const judged = peers.length >= policy.tooFew.minPeers && middle !== null && middle >= policy.tooFew.minMedian;
  const found = input.found.length;
  if (judged && found < policy.tooFew.share * middle) {
    take('too_few', policy.tooFew.points, hazards(input.found), `自查隐患过少：本企业 ${found} 件，其他 ${peers.length} 家企业中位数 ${middle} 件`, `Too few hazards found: ${found}, against a median of ${middle} of ${peers.length} other enterprises`);
  }

  const vetoes: RunningEffect['vetoes'] = [];
  if (policy.veto.supervisionExhausted && input.exhausted.length > 0) vetoes.push({ zh: '三级督办期满仍未整改合格', en: 'The third level of supervision ran out without acceptance', records: hazards(input.exhausted) });
  const majors = input.due.filter((d) => d.major && !d.met).map((d) => d.hazardId);
  if (policy.veto.majorOverdue && majors.length > 0) vetoes.push({ zh: '重大隐患整改逾期', en: 'A major hazard is past its deadline of rectification', records: hazards(majors) });

  const earned = { tasks: (tasks.rate ?? 0) * taskWeight, rectification: (rectification.rate ?? 0) * rectificationWeight };
  const start = basis === 'none' ? full : earned.tasks + earned.rectification;
  const before = round(Math.min(100, Math.max(0, start - deductions.reduce((sum, d) => sum + d.points, 0))));
  return {
    week, tenantId: input.tenantId, score: vetoes.length > 0 ? 0 : before, before, veto: vetoes.length > 0, vetoes, basis,
    tasks: { weight: taskWeight, ...tasks, points: round(earned.tasks) },
    rectification: { weight: rectificationWeight, ...rectification, points: round(earned.rectification) },
    deductions, peers: { count: peers.length, median: middle, found, judged },
  };
};
