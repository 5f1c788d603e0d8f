import { z } from 'zod';
import { AUDIT_AREAS } from '../../domain/self-audit.ts';
import { list } from './common.ts';

const status = z.enum(['ok', 'violated', 'not_checked']);
const summary = {
  id: z.string(), startedAt: z.string(), snapshotAt: z.string().meta({ description: 'The database was read as of this instant' }), finishedAt: z.string(),
  outcome: status, checked: z.number(), violated: z.number(), notChecked: z.number(),
};
const finding = {
  id: z.string(), severity: z.enum(['error', 'warning']), status, violations: z.number(),
  records: z.array(z.string()).meta({ description: 'The first of them by name' }), note: z.string().nullable(),
};

export const SelfAuditList = list(z.object(summary).meta({ id: 'SelfAuditSummary' }));
export const SelfAudit = z
  .object({
    ...summary,
    findings: z.array(z.object({ ...finding, area: z.enum(AUDIT_AREAS), zh: z.string(), en: z.string() })),
    signed: z
      .object({
        report: z.object({ format: z.string(), reportId: z.string(), startedAt: z.string(), snapshotAt: z.string(), finishedAt: z.string(), findings: z.array(z.object(finding)) }),
        signature: z.object({ keyId: z.string(), publicKey: z.string(), value: z.string() }),
      })
      .meta({ description: 'Kept as a file it is checked by npm run audit -- --verify FILE' }),
  })
  .meta({ id: 'SelfAudit' });
