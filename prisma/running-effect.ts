/** 运行效果: what the record says of each enterprise in a week, and the scores that were computed from it. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { RunningEffect, RunningEffectInput } from '../domain/running-effect.ts';
import { DEFAULT_RUNNING_EFFECT, endedWeeks, runningEffect, weekPeriod } from '../domain/running-effect.ts';
import { loadPolicyAt } from './policies.ts';

type Ids = Record<string, string[]>;
const byTenant = (rows: readonly { tenant_id: string; hazard_id: string }[]): Ids => {
  const ids: Ids = {};
  for (const { tenant_id, hazard_id } of rows) (ids[tenant_id] ??= []).push(hazard_id);
  return ids;
};

export const readRunningEffectInputs = async (client: pg.ClientBase, week: string): Promise<RunningEffectInput[]> => {
  const { from, to } = weekPeriod(week);
  const period = [new Date(from), new Date(to)];
  const read = async <T extends pg.QueryResultRow>(sql: string): Promise<T[]> => (await client.query<T>(sql, period)).rows;
  const enterprises = (await client.query<{ id: string }>("SELECT id FROM organisation WHERE kind = 'enterprise' AND created_at < $1 ORDER BY id", [period[1]])).rows;
  const tasks = await read<{ owner_org_id: string; id: string; named: boolean; in_time: boolean }>(
    `SELECT owner_org_id, id, owner_person_id IS NOT NULL AS named, coalesce(done_at <= due_at + grace_ms * interval '1 millisecond' AND result <> 'not_possible', false) AS in_time
     FROM task WHERE due_at >= $1 AND due_at < $2 ORDER BY id`,
  );
  // Of a case, the deadline that stood: an extension withdraws the one before it.
  const due = await read<{ tenant_id: string; hazard_id: string; met: boolean; major: boolean }>(
    `SELECT d.tenant_id, d.hazard_id, bool_and(d.met_at IS NOT NULL) AS met, bool_or(h.grade = 'major') AS major FROM deadline d JOIN hazard h ON h.id = d.hazard_id
     WHERE d.kind = 'rectify' AND d.withdrawn_at IS NULL AND d.due_at >= $1 AND d.due_at < $2 AND (d.met_at IS NOT NULL OR d.breached_at IS NOT NULL) GROUP BY 1, 2 ORDER BY 2`,
  );
  const commands = (command: string): Promise<{ tenant_id: string; hazard_id: string }[]> =>
    read(`SELECT DISTINCT tenant_id, hazard_id FROM hazard_transition WHERE seq IS NOT NULL AND server_at >= $1 AND server_at < $2 AND ${command} ORDER BY 2`);
  const rejected = byTenant(await commands("command = 'reject'"));
  const supervised = byTenant(await commands("command = 'supervise'"));
  const reopened = byTenant(await commands("command = 'reopen'"));
  const exhausted = byTenant(await commands("command = 'supervisionBreached' AND payload->>'level' = '3'"));
  const found = byTenant(await read(
    `SELECT DISTINCT r.tenant_id, r.hazard_id FROM hazard_report r JOIN hazard h ON h.id = r.hazard_id
     WHERE r.received_at >= $1 AND r.received_at < $2 AND h.state <> 'dismissed' AND EXISTS (SELECT FROM membership m WHERE m.person_id = r.reporter_id AND m.org_id = r.tenant_id) ORDER BY 2`,
  ));
  return enterprises.map(({ id }) => ({
    tenantId: id,
    tasks: tasks.filter((t) => t.owner_org_id === id).map((t) => ({ id: t.id, named: t.named, inTime: t.in_time })),
    due: due.filter((d) => d.tenant_id === id).map((d) => ({ hazardId: d.hazard_id, met: d.met, major: d.major })),
    rejected: rejected[id] ?? [], supervised: supervised[id] ?? [], reopened: reopened[id] ?? [], exhausted: exhausted[id] ?? [], found: found[id] ?? [],
  }));
};

/** So many weeks back a score that was missed is still made up for. */
export const MISSED_WEEKS = 4;

/**
 * Scores every week that has ended by `now` and has no score yet, as far back as MISSED_WEEKS. A score once written stays:
 * run again, this writes nothing. Gives the weeks that were written.
 */
export const recordRunningEffect = async (client: pg.ClientBase, now: number): Promise<string[]> => {
  const written: string[] = [];
  for (const week of endedWeeks(now, MISSED_WEEKS)) {
    const { rows } = await client.query<{ tenant_id: string }>('SELECT tenant_id FROM running_effect WHERE week = $1', [week]);
    const there = new Set(rows.map((r) => r.tenant_id));
    const inputs = await readRunningEffectInputs(client, week);
    const missing = inputs.filter((i) => !there.has(i.tenantId));
    if (missing.length === 0) continue;
    const policy = (await loadPolicyAt(client, weekPeriod(week).to)).runningEffect ?? DEFAULT_RUNNING_EFFECT;
    for (const input of missing) {
      const peers = inputs.filter((i) => i.tenantId !== input.tenantId).map((i) => i.found.length);
      const effect = runningEffect(week, input, peers, policy);
      await client.query('INSERT INTO running_effect (id, tenant_id, week, score, veto, detail, computed_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, week) DO NOTHING', [
        createHash('sha256').update(`running-effect/${input.tenantId}/${week}`).digest('hex').slice(0, 32), input.tenantId, week, effect.score, effect.veto, JSON.stringify({ ...effect, policy }), new Date(now),
      ]);
    }
    written.push(week);
  }
  return written;
};

export interface RunningEffectRow {
  tenantId: string;
  nameZh: string;
  nameEn: string;
  computedAt: Date;
  detail: RunningEffect;
}

export const readRunningEffect = async (client: pg.ClientBase, week: string): Promise<RunningEffectRow[]> => {
  const { rows } = await client.query<RunningEffectRow>(
    `SELECT r.tenant_id AS "tenantId", coalesce(o.name_zh, r.tenant_id) AS "nameZh", coalesce(o.name_en, r.tenant_id) AS "nameEn", r.computed_at AS "computedAt", r.detail
     FROM running_effect r LEFT JOIN organisation o ON o.id = r.tenant_id WHERE r.week = $1 ORDER BY r.score, r.tenant_id`, [week],
  );
  return rows;
};
