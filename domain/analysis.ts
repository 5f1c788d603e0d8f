/**
 * 分析报告: where the management of hazards has gaps, said in sentences that are made from the record. A sentence exists only
 * with the records that it rests on: `sentence` gives none without, and nothing else makes one. Pure.
 */
export interface Citation {
  kind: 'hazard' | 'task' | 'alarm';
  id: string;
  /** As a person would look it up: the number of the case, else the id. */
  label: string;
}

declare const made: unique symbol;
/** Only `sentence` makes one. */
export interface Sentence {
  readonly [made]: true;
  readonly zh: string;
  readonly en: string;
  readonly cites: readonly [Citation, ...Citation[]];
}

/** null where there is nothing to rest on. A record that is named twice is cited once. */
export const sentence = (zh: string, en: string, cites: readonly Citation[]): Sentence | null => {
  const [first, ...rest] = [...new Map(cites.map((c) => [`${c.kind}/${c.id}`, c])).values()];
  return first ? ({ zh, en, cites: [first, ...rest] } as unknown as Sentence) : null;
};

export interface Named {
  zh: string;
  en: string;
}

/** What the record says of a period. Each list holds the records themselves; counts are their lengths. */
export interface AnalysisFacts {
  /** Cases past a deadline of rectification in the period, by enterprise. */
  overdue: { enterprise: Named; cases: Citation[] }[];
  /** Deadlines of the park itself that passed: grading, dispatch, review. */
  parkLate: { what: 'triage' | 'dispatch' | 'look_back' | 'delist'; cases: Citation[] }[];
  /** 屡报未改. */
  neverFixed: { enterprise: Named; type: Named; reports: number; cases: Citation[] }[];
  /** Recurrence: reported again within so many days after an acceptance. */
  recurred: { enterprise: Named; type: Named; days: number; cases: Citation[] }[];
  /** Rejected in review in the period. */
  rejected: { enterprise: Named; cases: Citation[] }[];
  /** Highest level of supervision that was reached. */
  supervised: { level: number; cases: Citation[] }[];
  /** The last level of supervision ran out. */
  exhausted: Citation[];
  reopened: { enterprise: Named; cases: Citation[] }[];
  /** Major hazards that are still open. */
  openMajor: { enterprise: Named; cases: Citation[] }[];
  /** Reminders and tasks that nobody dealt with in time. */
  ignored: { enterprise: Named; tasks: Citation[] }[];
  /** Alarms over a statutory limit that nobody acknowledged or judged. */
  unjudged: { enterprise: Named; alarms: Citation[] }[];
}

export interface AnalysisSection {
  code: string;
  title: Named;
  sentences: Sentence[];
}

const PARK_DUTY = {
  triage: { zh: '分级', en: 'grading' }, dispatch: { zh: '派发', en: 'dispatch' }, look_back: { zh: '回头看', en: 'look-back' }, delist: { zh: '摘牌', en: 'delisting' },
} as const;

/** Sections in fixed order; one without a sentence is left out. */
export const analyse = (f: AnalysisFacts): AnalysisSection[] => {
  const section = (code: string, zh: string, en: string, sentences: (Sentence | null)[]): AnalysisSection => ({ code, title: { zh, en }, sentences: sentences.filter((s) => s !== null) });
  const n = (records: readonly Citation[], singular: string, plural: string): string => `${records.length} ${records.length === 1 ? singular : plural}`;
  return [
    section('rectification', '整改责任落实', 'Rectification by the enterprises', [
      ...f.overdue.map(({ enterprise: e, cases }) => sentence(`${e.zh}有 ${cases.length} 件隐患超过整改期限。`, `${e.en} let ${n(cases, 'case', 'cases')} pass the deadline of rectification.`, cases)),
      ...f.openMajor.map(({ enterprise: e, cases }) => sentence(`${e.zh}有 ${cases.length} 件重大隐患尚未闭环。`, `${e.en} has ${n(cases, 'major hazard', 'major hazards')} still open.`, cases)),
    ]),
    section('quality', '整改质量', 'Quality of the rectification', [
      ...f.rejected.map(({ enterprise: e, cases }) => sentence(`${e.zh}有 ${cases.length} 件隐患的整改在验收中被退回。`, `The rectification of ${n(cases, 'case', 'cases')} at ${e.en} was rejected in review.`, cases)),
      ...f.reopened.map(({ enterprise: e, cases }) => sentence(`${e.zh}有 ${cases.length} 件已闭环的隐患被重新开启。`, `${n(cases, 'closed case', 'closed cases')} at ${e.en} had to be reopened.`, cases)),
    ]),
    section('recurrence', '屡报未改与同类复发', 'Reported again and again', [
      ...f.neverFixed.map(({ enterprise: e, type: t, reports, cases }) => sentence(`${e.zh}的“${t.zh}”已被上报 ${reports} 次，至今没有有效的验收合格。`, `“${t.en}” at ${e.en} was reported ${reports} times and has no acceptance that stands.`, cases)),
      ...f.recurred.map(({ enterprise: e, type: t, days, cases }) => sentence(`${e.zh}的“${t.zh}”在同类隐患验收合格后 ${days} 日内又被上报 ${cases.length} 次。`, `“${t.en}” at ${e.en} came back ${n(cases, 'time', 'times')} within ${days} days after a case of the same type was accepted.`, cases)),
    ]),
    section('supervision', '督办效果', 'Effect of supervision', [
      ...f.supervised.map(({ level, cases }) => sentence(`有 ${cases.length} 件隐患进入 ${level} 级督办。`, `${n(cases, 'case', 'cases')} went up to level ${level} of supervision.`, cases)),
      sentence(`有 ${f.exhausted.length} 件隐患在三级督办期满时仍未整改合格。`, `The last level of supervision ran out for ${n(f.exhausted, 'case', 'cases')} before acceptance.`, f.exhausted),
    ]),
    section('park', '园区自身履职', 'Duties of the park itself', f.parkLate.map(({ what, cases }) =>
      sentence(`园区${PARK_DUTY[what].zh}超过规定时限 ${cases.length} 件。`, `The park was late with the ${PARK_DUTY[what].en} of ${n(cases, 'case', 'cases')}.`, cases))),
    section('prompts', '提醒与报警处置', 'Prompts and alarms', [
      ...f.ignored.map(({ enterprise: e, tasks }) => sentence(`${e.zh}有 ${tasks.length} 项提醒或任务逾期未办。`, `${e.en} left ${n(tasks, 'prompt or task', 'prompts or tasks')} undone past its time.`, tasks)),
      ...f.unjudged.map(({ enterprise: e, alarms }) => sentence(`${e.zh}有 ${alarms.length} 条法定限值报警至今未研判。`, `${n(alarms, 'alarm', 'alarms')} over a statutory limit at ${e.en} ${alarms.length === 1 ? 'has' : 'have'} not been judged.`, alarms)),
    ]),
  ].filter((s) => s.sentences.length > 0);
};
