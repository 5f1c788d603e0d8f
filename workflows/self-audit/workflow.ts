/** 自查: one run of the self-audit, by the nightly Schedule. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { SelfAuditActivities, SelfAuditResult } from '../../activities/self-audit.ts';

const { auditPark } = proxyActivities<SelfAuditActivities>({
  startToCloseTimeout: '4 hours',
  heartbeatTimeout: '2 minutes',
  retry: { initialInterval: '1 minute', backoffCoefficient: 2, maximumInterval: '15 minutes', maximumAttempts: 8 },
});

/** The report has the id of the run: tried again, it is the same report. */
export async function selfAudit(): Promise<SelfAuditResult> {
  return await auditPark({ reportId: workflowInfo().runId });
}
