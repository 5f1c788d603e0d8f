/** Puts random lives on the record as they happened: all cases together, in the order of their transitions. */
import type { CaseFacts } from '../../domain/hazard-filter.ts';
import { factsOf } from '../../domain/figures.ts';
import type { HazardCase, Step } from '../../domain/hazard.ts';
import type { Database } from '../../prisma/client.ts';
import type { Life } from '../domain/random-lives.ts';
import { recordsOf } from '../domain/random-lives.ts';

const date = (ms: number | null): Date | null => (ms === null ? null : new Date(ms));

const inOrder = (lives: readonly Life[]): { life: Life; step: Step }[] =>
  lives.flatMap((life) => life.steps.map((step) => ({ life, step }))).sort((a, b) => a.step.record.serverAt - b.step.record.serverAt || a.step.record.seq - b.step.record.seq);

export const storeLives = async (database: Database, lives: readonly Life[]): Promise<void> => {
  let number = 0;
  await database.pgTransaction({ scope: 'service' }, async (client) => {
    const project = (c: HazardCase, isNew: boolean) =>
      isNew
        ? client.query(
            `INSERT INTO hazard (id, tenant_id, number, type, grade, title, description, state, origin, seq, reported_at, due_at, overdue, supervision, snapshot, closed_at, updated_at, responsible_id, asset_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $11, $17, $18)`,
            [c.hazardId, c.tenantId, `HZ-T-${String((number += 1)).padStart(6, '0')}`, c.type, c.grade, c.title, c.description, c.state, c.origin, c.seq, date(c.reportedAt), date(c.dueAt), c.overdue, c.supervision, JSON.stringify(c), date(c.closedAt), c.responsibleId, c.assetId],
          )
        : client.query(
            `UPDATE hazard SET type = $2, grade = $3, state = $4, seq = $5, cycle = $6, due_at = $7, overdue = $8, supervision = $9, snapshot = $10, closed_at = $11, extensions = $12, report_count = $13, merged_into = $14, successor_id = $15, responsible_id = $16 WHERE id = $1`,
            [c.hazardId, c.type, c.grade, c.state, c.seq, c.cycle, date(c.dueAt), c.overdue, c.supervision, JSON.stringify(c), date(c.closedAt), c.extensions, c.reportCount, c.mergedInto, c.successorId, c.responsibleId],
          );
    for (const { life, step: { next, record: r } } of inOrder(lives)) {
      const isLast = life.steps.at(-1)!.record === r;
      if (r.command === 'open' || r.command === 'triage' || isLast) await project(next, r.command === 'open');
      await client.query(
        `INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, cycle, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, payload, dedupe_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $1)`,
        [`${life.hazardId}/${r.seq}`, life.tenantId, life.hazardId, r.seq, r.cycle, r.commandId, r.command, r.from, r.to, r.actorId, r.actorOrgId, r.actorRole, date(r.serverAt), JSON.stringify(r.payload)],
      );
    }
  });
};

/** What figures know of every case, from the cases themselves. */
export const factsOfLives = (lives: readonly Life[]): CaseFacts[] => {
  const now = new Map<string, { type: string; acceptedAt: number | null; tenantId: string }>();
  const recursAfter = new Map<string, number | null>();
  for (const { life, step: { next, record: r } } of inOrder(lives)) {
    if (r.command === 'open' || r.command === 'triage') {
      const before = [...now].filter(([id, o]) => id !== life.hazardId && o.tenantId === life.tenantId && o.type === next.type && o.acceptedAt !== null && o.acceptedAt <= next.reportedAt).map(([, o]) => o.acceptedAt!);
      recursAfter.set(life.hazardId, before.length > 0 ? Math.max(...before) : null);
    }
    now.set(life.hazardId, { type: next.type, acceptedAt: next.acceptedAt, tenantId: life.tenantId });
  }
  return lives.map((life) => {
    const c = life.steps.at(-1)!.next;
    return {
      hazardId: c.hazardId, tenantId: c.tenantId, type: c.type, grade: c.grade, state: c.state, assetId: c.assetId, overdue: c.overdue, supervision: c.supervision, reportedAt: c.reportedAt, closedAt: c.closedAt,
      ...factsOf(recordsOf(life)), recursAfter: recursAfter.get(life.hazardId) ?? null,
    };
  });
};
