/** 统计指标 from the record: the definitions of domain/figures.ts, in two statements over narrow rows. */
import type pg from 'pg';
import type { FigureDefinition, FigureValue, Grouping, Period } from '../domain/figures.ts';
import { figureDefinitions } from '../domain/figures.ts';
import type { HazardFilter } from '../domain/hazard-filter.ts';
import { conditionsOf, parameters } from './hazard-filter.ts';

export interface FigureQuestion extends Period {
  groupBy: Grouping;
  recurrenceDays: number;
  /** Narrows all figures. */
  base: Pick<HazardFilter, 'tenantId' | 'type' | 'grade' | 'assetId'>;
}

const DATED = { reported: 'h.reported_at', accepted: 'f.accepted_at' } as const;
const MS = { rectifiedMs: 'f.rectified_ms', wholeMs: 'round(extract(epoch FROM f.accepted_at - h.reported_at) * 1000)::bigint' } as const;

const keyOf = (grouping: Grouping, dated: 'reported' | 'accepted'): string => {
  switch (grouping) {
    case 'none':
      return "''";
    case 'enterprise':
      return 'h.tenant_id';
    case 'type':
      return 'h.type';
    case 'grade':
      return "coalesce(h.grade, 'none')";
    case 'month':
      return `to_char(${DATED[dated]} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')`;
  }
};

/** Figures by group, as the scope of the connection may see them; groups without any case of a kind lack its figures. */
export const readFigures = async (client: pg.ClientBase, question: FigureQuestion): Promise<Map<string, Map<string, FigureValue>>> => {
  const groups = new Map<string, Map<string, FigureValue>>();
  const definitions = figureDefinitions(question.recurrenceDays);
  for (const dated of ['reported', 'accepted'] as const) {
    const some = definitions.filter((d) => d.dated === dated);
    const { values, $ } = parameters();
    const where = conditionsOf({ ...question.base, ...(dated === 'reported' ? { reportedFrom: question.from, reportedTo: question.to } : { acceptedFrom: question.from, acceptedTo: question.to }) }, $);
    const columns = some.flatMap((d, i) => columnsOf(d, i, $));
    const { rows } = await client.query<Record<string, string | null>>(
      `SELECT ${keyOf(question.groupBy, dated)} AS key, ${columns.join(', ')} FROM hazard h JOIN hazard_figure f ON f.hazard_id = h.id WHERE ${where.join(' AND ')} GROUP BY 1`, values,
    );
    for (const row of rows) {
      const group = groups.get(row.key!) ?? new Map<string, FigureValue>();
      groups.set(row.key!, group);
      for (const [i, d] of some.entries()) group.set(d.code, valueOf(d, { cases: Number(row[`n${i}`]), value: row[`v${i}`] == null ? null : Number(row[`v${i}`]) }));
    }
  }
  return groups;
};

const columnsOf = (d: FigureDefinition, i: number, $: (value: unknown) => string): string[] => {
  const of = conditionsOf(d.of, $).join(' AND ');
  const columns = [`count(*) FILTER (WHERE ${of}) AS n${i}`];
  if (d.measure.kind === 'share') columns.push(`count(*) FILTER (WHERE ${of} AND ${conditionsOf(d.measure.part, $).join(' AND ')}) AS v${i}`);
  if (d.measure.kind === 'quantile') columns.push(`percentile_disc(${d.measure.q}) WITHIN GROUP (ORDER BY ${MS[d.measure.of]}) FILTER (WHERE ${of}) AS v${i}`);
  if (d.measure.kind === 'sum') columns.push(`sum(f.extensions) FILTER (WHERE ${of}) AS v${i}`);
  return columns;
};

const valueOf = (d: FigureDefinition, { cases, value }: { cases: number; value: number | null }): FigureValue => {
  switch (d.measure.kind) {
    case 'count':
      return { value: cases, cases };
    case 'share':
      return { value: cases === 0 ? null : (value ?? 0) / cases, cases, part: value ?? 0 };
    case 'quantile':
      return { value, cases };
    case 'sum':
      return { value: value ?? 0, cases };
  }
};
