/** One self-audit: every invariant over one snapshot of the database, the evidence store and the engine. Reads only. */
import type pg from 'pg';
import type { Finding, InvariantId, SelfAuditReport } from '../../domain/self-audit.ts';
import { INVARIANT_IDS, INVARIANTS, SELF_AUDIT } from '../../domain/self-audit.ts';
import type { AuditContext, Check } from './check.ts';
import { NotChecked } from './check.ts';
import { CHECKS } from './registry.ts';

export type SelfAuditInput = Omit<AuditContext, 'client' | 'fresh'> & {
  reportId: string;
  /** Its connections see everything. */
  pool: pg.Pool;
};

const look = async (check: Check, context: AuditContext): Promise<Pick<Finding, 'violations' | 'records' | 'note'>> => {
  if ('sql' in check) {
    const { rows } = await context.client.query<{ record: string; total: string }>(`SELECT record, count(*) OVER () AS total FROM (${check.sql}) v ORDER BY record LIMIT ${SELF_AUDIT.named}`);
    return { violations: Number(rows[0]?.total ?? 0), records: rows.map((r) => r.record), note: null };
  }
  const found = { violations: 0, records: [] as string[], note: null as string | null };
  try {
    const reading = check.read(context);
    for (;;) {
      const { value, done } = await reading.next();
      if (done) {
        found.note = value ?? null;
        return found;
      }
      found.violations += 1;
      if (found.records.length < SELF_AUDIT.named) found.records.push(value as string);
    }
  } catch (error) {
    // What was found before the reading broke off is found all the same.
    if (found.violations === 0) throw error;
    return { ...found, note: (error as Error).message };
  }
};

/** Looks at the invariants one after the other in the caller's transaction. What cannot be looked at is `not_checked`, with the reason. */
export const findAll = async (context: AuditContext, ids: readonly InvariantId[] = INVARIANT_IDS): Promise<Finding[]> => {
  const findings: Finding[] = [];
  for (const id of ids) {
    const { severity } = INVARIANTS[id];
    context.alive();
    await context.client.query('SAVEPOINT invariant');
    try {
      const found = await look(CHECKS[id], context);
      findings.push({ id, severity, status: found.violations > 0 ? 'violated' : 'ok', ...found });
      await context.client.query('RELEASE SAVEPOINT invariant');
    } catch (error) {
      await context.client.query('ROLLBACK TO SAVEPOINT invariant');
      findings.push({ id, severity, status: 'not_checked', violations: 0, records: [], note: error instanceof NotChecked ? error.message : String((error as Error).message ?? error) });
    }
  }
  return findings;
};

/** Throws where the database cannot be read at all. */
export const runSelfAudit = async ({ pool, reportId, ...context }: SelfAuditInput): Promise<SelfAuditReport> => {
  const startedAt = new Date().toISOString();
  const client = await pool.connect();
  let broken: Error | undefined;
  const onLost = (error: Error): void => { broken = error; };
  client.on('error', onLost);
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { rows } = await client.query<{ now: Date }>('SELECT now() AS now');
    const findings = await findAll({ ...context, client, fresh: pool });
    await client.query('COMMIT');
    return { format: 'parkwarden.self-audit/1', reportId, startedAt, snapshotAt: rows[0]!.now.toISOString(), finishedAt: new Date().toISOString(), findings };
  } catch (error) {
    await client.query('ROLLBACK').catch((rollback: Error) => { broken = rollback; });
    throw error;
  } finally {
    client.off('error', onLost);
    client.release(broken);
  }
};
