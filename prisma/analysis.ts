/** What analyses are made from, as the scope of the connection may see it. */
import type pg from 'pg';
import type { AnalysisFacts, Citation, Named } from '../domain/analysis.ts';
import { RECURRENCE_DAYS } from '../domain/figures.ts';
import { HAZARD_TYPES, isHazardType } from '../domain/hazard-types.ts';
import type { NeverFixed } from '../domain/never-fixed.ts';
import { NEVER_FIXED_REPORTS } from '../domain/never-fixed.ts';

/** The query of domain/never-fixed.ts; `tenantId`: of one enterprise. */
export const readNeverFixed = async (client: pg.ClientBase, k: number, tenantId: string | null): Promise<NeverFixed[]> => {
  const { rows } = await client.query<NeverFixed>(
    `WITH c AS (
       SELECT h.id, h.tenant_id, h.type, h.asset_id, h.state, h.report_count, h.reported_at, f.accepted_at,
         CASE WHEN h.asset_id IS NULL THEN h.id ELSE jsonb_build_array(h.tenant_id, h.asset_id, h.type)::text END AS subject
       FROM hazard h JOIN hazard_figure f ON f.hazard_id = h.id WHERE h.state NOT IN ('merged', 'redirected') AND ($2::text IS NULL OR h.tenant_id = $2)
     ), fixed AS (SELECT subject, max(accepted_at) AS at FROM c GROUP BY 1)
     SELECT min(c.tenant_id) AS "tenantId", min(c.type) AS type, min(c.asset_id) AS "assetId", sum(c.report_count)::int AS reports, array_agg(c.id ORDER BY c.reported_at, c.id) AS "hazardIds"
     FROM c JOIN fixed USING (subject) WHERE c.accepted_at IS NULL AND (c.state <> 'dismissed' OR c.reported_at > coalesce(fixed.at, '-infinity'))
     GROUP BY subject HAVING sum(c.report_count) >= $1 ORDER BY 4 DESC, (array_agg(c.id ORDER BY c.reported_at, c.id))[1]`, [k, tenantId],
  );
  return rows;
};

interface CaseRow { tenant_id: string; id: string; number: string; key: string | null }

export const readAnalysisFacts = async (client: pg.ClientBase, { from, to, tenantId }: { from: number; to: number; tenantId: string | null }): Promise<AnalysisFacts> => {
  const period = [new Date(from), new Date(to), tenantId];
  const names = new Map((await client.query<{ id: string; zh: string; en: string }>('SELECT id, name_zh AS zh, name_en AS en FROM organisation')).rows.map(({ id, zh, en }) => [id, { zh, en }]));
  const nameOf = (id: string): Named => names.get(id) ?? { zh: id, en: id };
  const typeOf = (type: string): Named => (isHazardType(type) ? { zh: HAZARD_TYPES[type].zh, en: HAZARD_TYPES[type].en } : { zh: type, en: type });
  const cite = (r: CaseRow): Citation => ({ kind: 'hazard', id: r.id, label: r.number });
  /** Cases `h`, each once; `key` groups them further. */
  const cases = async (from_: string, key = 'NULL::text'): Promise<CaseRow[]> =>
    (await client.query<CaseRow>(`SELECT DISTINCT h.tenant_id, h.id, h.number, ${key} AS key, h.reported_at FROM ${from_} AND ($1::timestamptz IS NOT NULL AND $2::timestamptz IS NOT NULL) AND ($3::text IS NULL OR h.tenant_id = $3) ORDER BY h.reported_at, h.id`, period)).rows;
  const transitions = (condition: string): Promise<CaseRow[]> => cases(`hazard_transition t JOIN hazard h ON h.id = t.hazard_id WHERE t.seq IS NOT NULL AND t.server_at >= $1 AND t.server_at < $2 AND ${condition}`);
  const byEnterprise = (rows: CaseRow[]): { enterprise: Named; cases: Citation[] }[] => [...Map.groupBy(rows, (r) => r.tenant_id)].map(([id, of]) => ({ enterprise: nameOf(id), cases: of.map(cite) }));

  const counted = "h.state NOT IN ('dismissed', 'merged', 'redirected')";
  const late = await cases("deadline d JOIN hazard h ON h.id = d.hazard_id WHERE d.breached_at >= $1 AND d.breached_at < $2 AND d.kind IN ('triage', 'dispatch', 'look_back', 'delist')", 'd.kind');
  const recurred = await cases(`hazard h JOIN hazard_figure f ON f.hazard_id = h.id WHERE h.reported_at >= $1 AND h.reported_at < $2 AND ${counted} AND h.reported_at - f.recurs_after <= ${RECURRENCE_DAYS} * interval '24 hours'`, 'h.type');
  const supervised = await cases('supervision s JOIN hazard h ON h.id = s.hazard_id JOIN hazard_figure f ON f.hazard_id = h.id WHERE s.opened_at >= $1 AND s.opened_at < $2', 'f.highest_supervision::text');
  const never = await readNeverFixed(client, NEVER_FIXED_REPORTS, tenantId);
  const numbers = new Map((await client.query<{ id: string; number: string }>('SELECT id, number FROM hazard WHERE id = ANY ($1)', [never.flatMap((x) => x.hazardIds)])).rows.map((r) => [r.id, r.number]));
  const { rows: ignored } = await client.query<{ owner_org_id: string; id: string }>(
    `SELECT owner_org_id, id FROM task WHERE due_at >= $1 AND due_at < $2 AND overdue_at IS NOT NULL AND ($3::text IS NULL OR owner_org_id = $3) ORDER BY due_at, id`, period,
  );
  const { rows: unjudged } = await client.query<{ tenant_id: string; id: string }>(
    `SELECT tenant_id, id FROM alarm WHERE raised_at >= $1 AND raised_at < $2 AND statutory AND confirmed IS NULL AND ($3::text IS NULL OR tenant_id = $3) ORDER BY raised_at, id`, period,
  );
  return {
    overdue: byEnterprise(await cases("deadline d JOIN hazard h ON h.id = d.hazard_id WHERE d.breached_at >= $1 AND d.breached_at < $2 AND d.kind IN ('rectify', 'item')")),
    parkLate: [...Map.groupBy(late, (r) => r.key as 'triage' | 'dispatch' | 'look_back' | 'delist')].map(([what, of]) => ({ what, cases: of.map(cite) })),
    neverFixed: never.map((x) => ({ enterprise: nameOf(x.tenantId), type: typeOf(x.type), reports: x.reports, cases: x.hazardIds.map((id) => ({ kind: 'hazard', id, label: numbers.get(id) ?? id })) })),
    recurred: [...Map.groupBy(recurred, (r) => JSON.stringify([r.tenant_id, r.key]))].map(([, of]) => ({ enterprise: nameOf(of[0]!.tenant_id), type: typeOf(of[0]!.key!), days: RECURRENCE_DAYS, cases: of.map(cite) })),
    rejected: byEnterprise(await transitions("t.command = 'reject'")),
    supervised: [...Map.groupBy(supervised, (r) => Number(r.key))].sort(([a], [b]) => a - b).map(([level, of]) => ({ level, cases: of.map(cite) })),
    exhausted: (await transitions("t.command = 'supervisionBreached' AND t.payload->>'level' = '3'")).map(cite),
    reopened: byEnterprise(await transitions("t.command = 'reopen'")),
    openMajor: byEnterprise(await cases("hazard h WHERE h.reported_at < $2 AND h.grade = 'major' AND h.closed_at IS NULL")),
    ignored: [...Map.groupBy(ignored, (r) => r.owner_org_id)].map(([id, of]) => ({ enterprise: nameOf(id), tasks: of.map((t) => ({ kind: 'task', id: t.id, label: t.id })) })),
    unjudged: [...Map.groupBy(unjudged, (r) => r.tenant_id)].map(([id, of]) => ({ enterprise: nameOf(id), alarms: of.map((a) => ({ kind: 'alarm', id: a.id, label: a.id })) })),
  };
};
