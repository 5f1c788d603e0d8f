/** The nightly self-audit. Run again after a crash it writes nothing twice. */
import { heartbeat } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import type { SelfAuditOutcome } from '../domain/self-audit.ts';
import { outcomeOf, SELF_AUDIT } from '../domain/self-audit.ts';
import { openArchiveStore } from '../platform/archive-store.ts';
import { openSigningKey } from '../platform/signing-key.ts';
import type { Database } from '../prisma/client.ts';
import { createEngineView } from './audit/engine-view.ts';
import { openEvidenceFiles } from './audit/files.ts';
import { recordReport, signReport } from './audit/report.ts';
import { runSelfAudit } from './audit/run.ts';

export interface SelfAuditDeps {
  /** Opened with defaultScope 'service'. */
  database: Database;
  client: Client;
  dataDir: string;
}

export interface SelfAuditResult {
  reportId: string;
  outcome: SelfAuditOutcome;
  violated: number;
  notChecked: number;
}

export const createSelfAuditActivities = ({ database, client, dataDir }: SelfAuditDeps) => ({
  auditPark: async ({ reportId }: { reportId: string }): Promise<SelfAuditResult> => {
    const { rows } = await database.pool.query<{ outcome: SelfAuditOutcome; violated: number; not_checked: number }>('SELECT outcome, violated, not_checked FROM audit_report WHERE id = $1', [reportId]);
    if (rows[0]) return { reportId, outcome: rows[0].outcome, violated: rows[0].violated, notChecked: rows[0].not_checked };
    const report = await runSelfAudit({
      reportId, pool: database.pool, files: await openEvidenceFiles(dataDir), archive: openArchiveStore(dataDir), engine: createEngineView(client), settleMs: SELF_AUDIT.engineSettleMs, hashBytes: SELF_AUDIT.hashBytes, alive: () => heartbeat(),
    });
    const signed = signReport(report, await openSigningKey(dataDir));
    await database.pgTransaction({ scope: 'service' }, (tx) => recordReport(tx, signed, { task: true }));
    const count = (status: string): number => report.findings.filter((f) => f.status === status).length;
    return { reportId, outcome: outcomeOf(report.findings), violated: count('violated'), notChecked: count('not_checked') };
  },
});
export type SelfAuditActivities = ReturnType<typeof createSelfAuditActivities>;
