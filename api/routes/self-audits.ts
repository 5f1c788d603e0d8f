/** 自查报告: what the self-audit found, night by night. */
import { z } from 'zod';
import type { InvariantId, SelfAuditOutcome, SelfAuditReport } from '../../domain/self-audit.ts';
import { INVARIANTS } from '../../domain/self-audit.ts';
import { asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { PageQuery } from '../schemas/park.ts';
import { SelfAudit, SelfAuditList } from '../schemas/self-audit.ts';
import { iso } from '../views/refs.ts';

const tag = 'administration';

interface Row {
  id: string; started_at: Date; snapshot_at: Date; finished_at: Date; outcome: SelfAuditOutcome; checked: number; violated: number; not_checked: number;
  report: SelfAuditReport; key_id: string; public_key: string; signature: string;
}

const SUMMARY = 'id, started_at, snapshot_at, finished_at, outcome, checked, violated, not_checked';

const summaryOf = (r: Omit<Row, 'report' | 'key_id' | 'public_key' | 'signature'>) => ({
  id: r.id, startedAt: iso(r.started_at), snapshotAt: iso(r.snapshot_at), finishedAt: iso(r.finished_at), outcome: r.outcome, checked: r.checked, violated: r.violated, notChecked: r.not_checked,
});

/** What a later version no longer knows keeps its id. */
const wordsOf = (invariant: string) => {
  const known = Object.hasOwn(INVARIANTS, invariant) ? INVARIANTS[invariant as InvariantId] : null;
  return { area: known?.area ?? 'record', zh: known?.zh ?? invariant, en: known?.en ?? invariant };
};

export const selfAuditRoutes = [
  route({
    method: 'get', path: '/api/v1/self-audits', tag, summary: 'Reports of the self-audit, newest first 自查报告', access: 'audit.read', query: PageQuery, response: SelfAuditList,
    handle: async ({ query: q, deps }) => {
      const after = decodeCursor(timeCursor, q.cursor);
      const { rows: found } = await asService(deps.database, (client) =>
        client.query<Row>(`SELECT ${SUMMARY} FROM audit_report WHERE ($1::timestamptz IS NULL OR (finished_at, id) < ($1, $2)) ORDER BY finished_at DESC, id DESC LIMIT $3`, [after?.[0] ?? null, after?.[1] ?? null, q.limit + 1]),
      );
      const { rows, nextCursor } = paged(found, q.limit, (r) => [r.finished_at.toISOString(), r.id]);
      return { body: { items: rows.map(summaryOf), nextCursor } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/self-audits/{id}', tag, summary: 'One report with its findings and its signature 自查报告', access: 'audit.read', params: z.object({ id }), response: SelfAudit, refusals: ['self_audit.not_found'],
    handle: async ({ params: p, deps }) => {
      const { rows } = await asService(deps.database, (client) => client.query<Row>('SELECT * FROM audit_report WHERE id = $1', [p.id]));
      const row = rows[0];
      if (!row) throw new Refused('self_audit.not_found');
      const { report, key_id, public_key, signature } = row;
      return { body: { ...summaryOf(row), findings: report.findings.map((f) => ({ ...f, ...wordsOf(f.id) })), signed: { report, signature: { keyId: key_id, publicKey: public_key, value: signature } } } };
    },
  }),
];
