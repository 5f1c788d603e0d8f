/** Figures with the words and the lists that belong to them, and the same as an Excel file. */
import type pg from 'pg';
import type { z } from 'zod';
import type { FigureDefinition, FigureValue } from '../../domain/figures.ts';
import { figureDefinitions, figureOf, groupFilter, MAX_EXPORT_CASES, MAX_PERIOD_DAYS, RECURRENCE_DAYS } from '../../domain/figures.ts';
import type { HazardFilter } from '../../domain/hazard-filter.ts';
import { inLanguage } from '../../domain/bilingual.ts';
import { HAZARD_TYPES, isHazardType } from '../../domain/hazard-types.ts';
import type { Language } from '../../domain/notices.ts';
import { scopeOf } from '../../domain/permissions.ts';
import type { FigureQuestion } from '../../prisma/figures.ts';
import { readFigures } from '../../prisma/figures.ts';
import { conditionsOf, needsFigure, parameters } from '../../prisma/hazard-filter.ts';
import type { WorkbookSheet } from '../../templates/workbook.ts';
import { word } from '../../templates/words.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor } from '../deps.ts';
import { Refused } from '../problem.ts';
import type { Figures, FiguresQuery } from '../schemas/figures.ts';
import type { SignedIn } from '../sign-in.ts';
import { ownRows } from './hazard-list.ts';
import type { Ref } from './refs.ts';
import { orgRefs, personRefs, refOf } from './refs.ts';

type Query = z.output<typeof FiguresQuery>;
const DAY = 86_400_000;

/** The question of a query; an enterprise asks about itself only. */
export const questionOf = (q: Query, { actor }: Pick<SignedIn, 'actor'>): FigureQuestion => {
  const from = Date.parse(q.from);
  const to = Date.parse(q.to);
  if (to <= from || to - from > MAX_PERIOD_DAYS * DAY) throw new Refused('request.invalid', { field: 'to', detail: { maxDays: MAX_PERIOD_DAYS } });
  const tenantId = scopeOf(actor.role) === 'tenant' ? actor.orgId : q.tenantId;
  return { from, to, groupBy: q.groupBy, recurrenceDays: q.recurrenceDays ?? RECURRENCE_DAYS, base: { tenantId, type: q.type, grade: q.grade } };
};

/** A filter as the query of the list. */
export const listQuery = (filter: HazardFilter): Record<string, string> =>
  Object.fromEntries(
    Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, /(From|To)$/.test(name) ? new Date(value as number).toISOString() : String(value)]),
  );

const figureView = (d: FigureDefinition, question: FigureQuestion, key: string, value: FigureValue): z.input<typeof Figures>['groups'][number]['figures'][number] => {
  const list = { ...question.base, ...d.of, ...groupFilter(question.groupBy, key, d, question) };
  return {
    code: d.code, value: value.value, cases: value.cases, list: listQuery(list),
    ...(d.measure.kind === 'share' ? { part: { cases: value.part ?? 0, list: listQuery({ ...list, ...d.measure.part }) } } : {}),
  };
};

const groupNames = async (client: pg.ClientBase, question: FigureQuestion, keys: readonly string[]): Promise<(key: string) => Omit<Ref, 'id'>> => {
  const both = (key: string, words: (language: Language) => string) => ({ nameZh: words('zh') || key, nameEn: words('en') || key });
  switch (question.groupBy) {
    case 'enterprise': {
      const refs = await orgRefs(client, keys);
      return (key) => ({ nameZh: refs.get(key)?.nameZh ?? key, nameEn: refs.get(key)?.nameEn ?? key });
    }
    case 'type':
      return (key) => both(key, (language) => (isHazardType(key) ? HAZARD_TYPES[key][language] : key));
    case 'grade':
      return (key) => both(key, (language) => (key === 'none' ? { zh: '未分级', en: 'not graded yet' }[language] : word('grade', key, language)));
    case 'none':
      return () => ({ nameZh: '全部', nameEn: 'All' });
    case 'month':
      return (key) => ({ nameZh: key, nameEn: key });
  }
};

/** Figures as the reader may see them; groups in the order of their keys. */
export const readFiguresView = async (deps: Pick<ApiDeps, 'database'>, session: Pick<SignedIn, 'actor'>, question: FigureQuestion): Promise<z.input<typeof Figures>> => {
  const { groups, nameOf } = await asActor(deps.database, session, async (client) => {
    const found = await readFigures(client, question);
    if (question.groupBy === 'none' && found.size === 0) found.set('', new Map());
    return { groups: found, nameOf: await groupNames(client, question, [...found.keys()]) };
  });
  const definitions = figureDefinitions(question.recurrenceDays);
  return {
    from: new Date(question.from).toISOString(), to: new Date(question.to).toISOString(), groupBy: question.groupBy,
    definitions: definitions.map((d) => ({ code: d.code, unit: d.unit, nameZh: d.name.zh, nameEn: d.name.en, definitionZh: d.definition.zh, definitionEn: d.definition.en })),
    groups: [...groups]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, values]) => ({ key, ...nameOf(key), figures: definitions.map((d) => figureView(d, question, key, values.get(d.code) ?? figureOf(d, {}, []))) })),
  };
};

// ---- as a file ----

const COLUMNS = {
  code: { zh: '指标', en: 'Figure' }, unit: { zh: '单位', en: 'Unit' }, definition: { zh: '定义', en: 'Definition' }, group: { zh: '分组', en: 'Group' }, cases: { zh: '件数', en: 'Cases' }, part: { zh: '其中', en: 'Of those' },
  value: { zh: '数值', en: 'Value' }, number: { zh: '隐患编号', en: 'Number' }, title: { zh: '标题', en: 'Title' }, description: { zh: '描述', en: 'Description' }, enterprise: { zh: '企业', en: 'Enterprise' }, type: { zh: '类型', en: 'Type' },
  grade: { zh: '级别', en: 'Grade' }, state: { zh: '状态', en: 'State' }, reportedAt: { zh: '上报时间(北京时间)', en: 'Reported (China Standard Time)' }, dispatchedAt: { zh: '首次派发时间(北京时间)', en: 'First dispatched (China Standard Time)' },
  dueAt: { zh: '整改期限(北京时间)', en: 'Due (China Standard Time)' }, acceptedAt: { zh: '验收时间(北京时间)', en: 'Accepted (China Standard Time)' }, rectifiedDays: { zh: '整改用时(天)', en: 'Rectification (days)' }, overdue: { zh: '曾逾期', en: 'Was overdue' },
  supervision: { zh: '最高督办级别', en: 'Highest supervision' }, responsible: { zh: '责任人', en: 'Responsible' }, extensions: { zh: '延期次数', en: 'Extensions' }, reopenings: { zh: '重新开启次数', en: 'Reopenings' },
} as const;
type ColumnName = keyof typeof COLUMNS;
const UNITS = { cases: { zh: '件', en: 'cases' }, share: { zh: '占比', en: 'share' }, ms: { zh: '天', en: 'days' }, extensions: { zh: '次', en: 'extensions' } } as const;
const WIDTHS: Partial<Record<ColumnName, number>> = { definition: 90, title: 30, description: 50, enterprise: 26, number: 18, reportedAt: 20, dispatchedAt: 20, dueAt: 20, acceptedAt: 20, code: 26, group: 26, type: 20 };
const columnsOf = (names: readonly ColumnName[], language: Language): WorkbookSheet['columns'] => names.map((name) => ({ title: COLUMNS[name][language], width: WIDTHS[name] ?? 12 }));

const days = (ms: number): number => Math.round((ms / DAY) * 1_000) / 1_000;

/** Sheets of figures: definitions, then one row per group and figure. */
export const figureSheets = (figures: z.input<typeof Figures>, language: Language): WorkbookSheet[] => {
  const words = { zh: { definitions: '指标定义', figures: '指标' }, en: { definitions: 'Definitions', figures: 'Figures' } }[language];
  const of = new Map(figures.definitions.map((d) => [d.code, d]));
  const name = (d: { nameZh: string; nameEn: string }): string => (language === 'zh' ? d.nameZh : d.nameEn);
  const value = (unit: keyof typeof UNITS, v: number | null): WorkbookSheet['rows'][number][number] => (v === null ? null : unit === 'share' ? { share: v } : unit === 'ms' ? days(v) : v);
  return [
    { name: words.definitions, columns: columnsOf(['code', 'unit', 'definition'], language), rows: figures.definitions.map((d) => [name(d), UNITS[d.unit][language], language === 'zh' ? d.definitionZh : d.definitionEn]) },
    {
      name: words.figures, columns: columnsOf(['group', 'code', 'value', 'unit', 'cases', 'part'], language),
      rows: figures.groups.flatMap((g) => g.figures.map((f) => [name(g), name(of.get(f.code)!), value(of.get(f.code)!.unit, f.value), UNITS[of.get(f.code)!.unit][language], f.cases, f.part?.cases ?? null])),
    },
  ];
};

interface CaseRow {
  number: string; title: string; description: string; type: string; grade: string | null; state: string; reported_at: Date; first_dispatched_at: Date | null; due_at: Date | null; accepted_at: Date | null;
  rectified_ms: string | null; ever_overdue: boolean; highest_supervision: number; tenant_id: string; responsible_id: string | null; extensions: number; reopenings: number;
}

const CASES = ['number', 'title', 'description', 'enterprise', 'type', 'grade', 'state', 'responsible', 'reportedAt', 'dispatchedAt', 'dueAt', 'acceptedAt', 'rectifiedDays', 'overdue', 'supervision', 'extensions', 'reopenings'] as const satisfies ColumnName[];

/** A sheet of cases by report. Refusal: `figures.too_many` where they are more than one file takes. */
export const caseSheet = async (deps: Pick<ApiDeps, 'database'>, session: Pick<SignedIn, 'actor'>, filter: HazardFilter, language: Language): Promise<WorkbookSheet> => {
  const { values, $ } = parameters();
  const conditions = [...ownRows(session.actor, $), ...conditionsOf(filter, $)];
  const rows = await asActor(deps.database, session, async (client) => {
    const { rows: found } = await client.query<CaseRow>(
      `SELECT h.number, h.title, h.description, h.tenant_id, h.type, h.grade, h.state, h.reported_at, h.due_at, h.responsible_id, f.first_dispatched_at, f.accepted_at, f.rectified_ms, f.ever_overdue, f.highest_supervision, f.extensions, f.reopenings
       FROM hazard h ${needsFigure(filter) ? '' : 'LEFT'} JOIN hazard_figure f ON f.hazard_id = h.id WHERE ${conditions.join(' AND ')} ORDER BY h.reported_at, h.id LIMIT ${MAX_EXPORT_CASES + 1}`, values,
    );
    if (found.length > MAX_EXPORT_CASES) throw new Refused('figures.too_many', { detail: { most: MAX_EXPORT_CASES } });
    const refs = await orgRefs(client, [...new Set(found.map((r) => r.tenant_id))]);
    return found.map((r) => ({ ...r, enterprise: refs.get(r.tenant_id) ?? { id: r.tenant_id, nameZh: r.tenant_id, nameEn: r.tenant_id } }));
  });
  const people = await personRefs(deps.database as ApiDeps['database'], rows.map((r) => r.responsible_id));
  const named = (ref: Ref | null | undefined): string | null => (ref ? (language === 'zh' ? ref.nameZh : ref.nameEn) : null);
  return {
    name: { zh: '隐患清单', en: 'Cases' }[language],
    columns: columnsOf(CASES, language),
    rows: rows.map((r) => [
      r.number, inLanguage(r.title, language), inLanguage(r.description, language), named(r.enterprise), isHazardType(r.type) ? HAZARD_TYPES[r.type][language] : r.type, r.grade === null ? { zh: '未分级', en: 'not graded yet' }[language] : word('grade', r.grade, language),
      word('state', r.state, language), named(refOf(people, r.responsible_id)), r.reported_at, r.first_dispatched_at, r.due_at, r.accepted_at, r.rectified_ms === null ? null : days(Number(r.rectified_ms)), r.ever_overdue, r.highest_supervision, r.extensions, r.reopenings,
    ]),
  };
};
