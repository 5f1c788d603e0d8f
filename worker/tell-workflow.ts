/** Outbox rows for the engine: started (signalled where it runs) under an id that the matter itself has. */
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { rerouteLateReport } from '../activities/hazards.ts';
import type { Database } from '../prisma/client.ts';
import type { WorkflowMessage } from '../prisma/outbox.ts';
import { ALARM_HANDLING, sensorAlarmSignal } from '../workflows/alarm-handling/messages.ts';
import { DUTY_TASK } from '../workflows/duty-task/messages.ts';
import { caseMessageSignal, HAZARD_CLOSURE, hazardReportSignal } from '../workflows/hazard-closure/messages.ts';
import { alarmHandlingId, CLOSURE_QUEUE, dutyTaskId, hazardClosureId, inspectionExpiryId, patrolPlanId } from '../workflows/ids.ts';
import { INSPECTION_EXPIRY, inspectionDueSignal } from '../workflows/inspection-expiry/messages.ts';
import { PATROL_PLAN, patrolPlanChangedSignal } from '../workflows/patrol-plan/messages.ts';

/** Below the lease of a row (relay.ts), also when a second call follows the first. */
const DEADLINE_MS = 3_500;

/** Of each matter: whether its record says that it is over. */
const CLOSED: Record<WorkflowMessage['workflow'], string> = {
  hazardClosure: 'SELECT FROM hazard WHERE id = $1 AND closed_at IS NOT NULL',
  alarmHandling: 'SELECT FROM alarm WHERE id = $1 AND closed_at IS NOT NULL',
  dutyTask: 'SELECT FROM task WHERE id = $1 AND done_at IS NOT NULL',
  // Superseded, or its case has been opened.
  inspectionExpiry: `SELECT FROM asset_inspection i WHERE i.id = $1 AND (EXISTS (SELECT FROM asset_inspection n WHERE n.asset_id = i.asset_id AND n.kind = i.kind AND n.seq > i.seq)
    OR EXISTS (SELECT FROM hazard_report r WHERE r.dedupe_key = 'inspection/' || i.id || '/expired'))`,
  patrolPlan: 'SELECT FROM patrol_plan WHERE id = $1 AND (ended_at IS NOT NULL OR valid_to <= now())',
};

const matterOf = (message: WorkflowMessage): string => {
  switch (message.workflow) {
    case 'hazardClosure':
      return message.input.hazardId;
    case 'alarmHandling':
      return message.input.episodeId;
    case 'dutyTask':
      return message.input.taskId;
    case 'patrolPlan':
      return message.input.planId;
    case 'inspectionExpiry':
      return message.signal.inspectionId;
  }
};

/**
 * Brings a message to its workflow. Where that has ended: a report whose case is closed opens a case of its own, a message
 * about any other matter that is closed has nothing left to say, but what one case tells another is always heard; and a workflow that ended without closing its matter (it
 * was terminated, or the engine has lost it) is started again and goes on from the record.
 */
export const createWorkflowReceiver = (client: Client, database: Database) => {
  const tell = async (message: WorkflowMessage, workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'): Promise<void> => {
    const options = { taskQueue: CLOSURE_QUEUE, workflowIdReusePolicy };
    await client.withDeadline(Date.now() + DEADLINE_MS, async () => {
      switch (message.workflow) {
        case 'hazardClosure': {
          const start = { ...options, workflowId: hazardClosureId(message.input.hazardId), args: [message.input] as [typeof message.input] };
          if ('message' in message) await client.workflow.signalWithStart(HAZARD_CLOSURE, { ...start, signal: caseMessageSignal, signalArgs: [message.message] });
          else await client.workflow.signalWithStart(HAZARD_CLOSURE, { ...start, signal: hazardReportSignal, signalArgs: [message.signal] });
          break;
        }
        case 'alarmHandling':
          await client.workflow.signalWithStart(ALARM_HANDLING, {
            ...options, workflowId: alarmHandlingId(message.input.episodeId), args: [message.input], signal: sensorAlarmSignal, signalArgs: [message.signal],
          });
          break;
        case 'dutyTask':
          await client.workflow.start(DUTY_TASK, { ...options, workflowId: dutyTaskId(message.input.taskId), args: [message.input], workflowIdConflictPolicy: 'USE_EXISTING' });
          break;
        case 'inspectionExpiry':
          await client.workflow.signalWithStart(INSPECTION_EXPIRY, {
            ...options, workflowId: inspectionExpiryId(message.input.assetId, message.input.kind), args: [message.input], signal: inspectionDueSignal, signalArgs: [message.signal],
          });
          break;
        case 'patrolPlan':
          await client.workflow.signalWithStart(PATROL_PLAN, {
            ...options, workflowId: patrolPlanId(message.input.planId), args: [message.input], signal: patrolPlanChangedSignal, signalArgs: [],
          });
          break;
      }
    });
  };

  return async (message: WorkflowMessage): Promise<void> => {
    try {
      await tell(message, 'REJECT_DUPLICATE');
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const { rowCount } = await database.pool.query(CLOSED[message.workflow], [matterOf(message)]);
      if (rowCount === 0 || 'message' in message) await tell(message, 'ALLOW_DUPLICATE');
      else if (message.workflow === 'hazardClosure') {
        const late = { hazardId: message.input.hazardId, reportId: message.signal.reportId };
        await database.pgTransaction({ scope: 'service' }, (tx) => rerouteLateReport(tx, late));
      }
    }
  };
};
