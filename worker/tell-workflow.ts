/** Outbox rows for the engine: signal with start, under an id that the matter itself has. */
import type { Client } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { rerouteLateReport } from '../activities/hazards.ts';
import type { Database } from '../prisma/client.ts';
import type { WorkflowMessage } from '../prisma/outbox.ts';
import { ALARM_HANDLING, sensorAlarmSignal } from '../workflows/alarm-handling/messages.ts';
import { HAZARD_CLOSURE, hazardReportSignal } from '../workflows/hazard-closure/messages.ts';
import { alarmHandlingId, CLOSURE_QUEUE, hazardClosureId } from '../workflows/ids.ts';

/** Below the lease of a row (relay.ts), also when a second call follows the first. */
const DEADLINE_MS = 3_500;

/**
 * Brings a message to its workflow. Where that has ended: a report whose case is closed opens a case of its own, an alarm
 * message whose alarm is closed has nothing left to say; and a workflow that ended without closing its matter (it was
 * terminated, or the engine has lost it) is started again and goes on from the record.
 */
export const createWorkflowReceiver = (client: Client, database: Database) => {
  const signalWithStart = async (message: WorkflowMessage, workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'): Promise<void> => {
    const options = { taskQueue: CLOSURE_QUEUE, workflowIdReusePolicy };
    await client.withDeadline(Date.now() + DEADLINE_MS, async () => {
      if (message.workflow === 'hazardClosure') {
        await client.workflow.signalWithStart(HAZARD_CLOSURE, {
          ...options, workflowId: hazardClosureId(message.input.hazardId), args: [message.input], signal: hazardReportSignal, signalArgs: [message.signal],
        });
      } else {
        await client.workflow.signalWithStart(ALARM_HANDLING, {
          ...options, workflowId: alarmHandlingId(message.input.episodeId), args: [message.input], signal: sensorAlarmSignal, signalArgs: [message.signal],
        });
      }
    });
  };

  const isClosed = async (message: WorkflowMessage): Promise<boolean> => {
    const { rowCount } = message.workflow === 'hazardClosure'
      ? await database.pool.query('SELECT FROM hazard WHERE id = $1 AND closed_at IS NOT NULL', [message.input.hazardId])
      : await database.pool.query('SELECT FROM alarm WHERE id = $1 AND closed_at IS NOT NULL', [message.input.episodeId]);
    return rowCount === 1;
  };

  return async (message: WorkflowMessage): Promise<void> => {
    try {
      await signalWithStart(message, 'REJECT_DUPLICATE');
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (!(await isClosed(message))) await signalWithStart(message, 'ALLOW_DUPLICATE');
      else if (message.workflow === 'hazardClosure') {
        const late = { hazardId: message.input.hazardId, reportId: message.signal.reportId };
        await database.pgTransaction({ scope: 'service' }, (tx) => rerouteLateReport(tx, late));
      }
    }
  };
};
