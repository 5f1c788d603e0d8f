/** A report of the self-audit: signed with the park's key, kept on the record, and checked again from its file. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { SelfAuditOutcome, SelfAuditReport, SignedSelfAudit } from '../../domain/self-audit.ts';
import { INVARIANTS, outcomeOf, SELF_AUDIT } from '../../domain/self-audit.ts';
import type { SigningKey } from '../../platform/signing-key.ts';
import { isSignedBy, keyIdOf } from '../../platform/signing-key.ts';
import { addTask } from '../../prisma/tasks.ts';

export const signReport = (report: SelfAuditReport, key: SigningKey): SignedSelfAudit => ({
  report,
  signature: { keyId: key.keyId, publicKey: key.publicKey, value: key.sign(canonicalJson(report)) },
});

/** The file that people keep: readable, its signature independent of white space. */
export const reportFile = (signed: SignedSelfAudit): string => `${JSON.stringify(signed, null, 2)}\n`;

/** unreadable: no report; altered: the signature does not hold; other_key: it holds, by a key that is not the one given. */
export type Verification = { ok: true; report: SelfAuditReport } | { ok: false; reason: 'unreadable' | 'altered' | 'other_key' };

/** Whether the file is what the holder of `publicKey` (PEM) signed. */
export const verifyReportFile = (text: string, publicKey: string): Verification => {
  try {
    const { report, signature } = JSON.parse(text) as SignedSelfAudit;
    if (report.format !== 'parkwarden.self-audit/1' || !Array.isArray(report.findings)) return { ok: false, reason: 'unreadable' };
    if (keyIdOf(signature.publicKey) !== signature.keyId || !isSignedBy(signature.publicKey, canonicalJson(report), signature.value)) return { ok: false, reason: 'altered' };
    return signature.keyId === keyIdOf(publicKey) ? { ok: true, report } : { ok: false, reason: 'other_key' };
  } catch {
    return { ok: false, reason: 'unreadable' };
  }
};

const describe = (report: SelfAuditReport): { zh: string; en: string } => {
  const violated = report.findings.filter((f) => f.status === 'violated');
  return { zh: `自查发现 ${violated.length} 项不符，请核查`, en: `The self-audit found ${violated.length} invariants violated: look into them` };
};

/**
 * Puts the report on the record once, with its audit event; with `task`, what was violated is a task of the park's
 * administration, unless one about exactly this is open already. Gives whether it was new.
 */
export const recordReport = async (client: pg.ClientBase, signed: SignedSelfAudit, options: { task: boolean }): Promise<boolean> => {
  const { report, signature } = signed;
  const outcome: SelfAuditOutcome = outcomeOf(report.findings);
  const count = (status: string): number => report.findings.filter((f) => f.status === status).length;
  const { rowCount } = await client.query(
    `INSERT INTO audit_report (id, started_at, snapshot_at, finished_at, outcome, checked, violated, not_checked, report, key_id, public_key, signature)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (id) DO NOTHING`,
    [
      report.reportId, report.startedAt, report.snapshotAt, report.finishedAt, outcome, report.findings.length - count('not_checked'), count('violated'), count('not_checked'),
      JSON.stringify(report), signature.keyId, signature.publicKey, signature.value,
    ],
  );
  if (rowCount === 0) return false;
  const violated = report.findings.filter((f) => f.status === 'violated').map(({ id, violations }) => ({ id, violations }));
  await client.query('INSERT INTO audit_event (id, actor_id, action, object, outcome, detail) VALUES ($1, NULL, $2, $3, $4, $5)', [
    randomUUID(), 'self_audit.run', `self-audit/${report.reportId}`, outcome, JSON.stringify({ violated, notChecked: count('not_checked'), keyId: signature.keyId }),
  ]);
  if (options.task && violated.length > 0) {
    const named = violated.map((v) => ({ ...v, zh: INVARIANTS[v.id].zh, en: INVARIANTS[v.id].en }));
    const { rows } = await client.query<{ id: string }>(
      `SELECT o.id FROM organisation o
       WHERE o.kind = 'park_department' AND NOT EXISTS (SELECT FROM task t WHERE t.dedupe_key LIKE 'self-audit/%' AND t.done_at IS NULL AND t.detail->'violated' = $1::jsonb) ORDER BY EXISTS (SELECT FROM membership m WHERE m.org_id = o.id AND m.role = 'park_admin') DESC, o.code LIMIT 1`,
      [JSON.stringify(named)],
    );
    const park = rows[0]?.id;
    if (park !== undefined) {
      await addTask(client, {
        tenantId: park, ownerOrgId: park, ownerPersonId: null, kind: 'other', title: describe(report), hazardId: null, assetId: null,
        detail: { selfAudit: report.reportId, violated: named },
        dueAt: Date.parse(report.finishedAt) + SELF_AUDIT.taskMs, dedupeKey: `self-audit/${report.reportId}`,
      });
    }
  }
  return true;
};
