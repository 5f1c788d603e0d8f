/** 二次督办: waits out one level of supervision of one case. What happened goes on the case's record, by the case. */
import { condition, getExternalWorkflowHandle, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import { hazardClosureId } from '../ids.ts';
import type { SecondSupervisionInput, SecondSupervisionResult } from './messages.ts';
import { closeSupervisionSignal, supervisionBreachedSignal, supervisionReminderSignal } from './messages.ts';

export async function secondSupervision(input: SecondSupervisionInput): Promise<SecondSupervisionResult> {
  let closed = false;
  setHandler(closeSupervisionSignal, () => {
    closed = true;
  });
  /** Whether the supervision was closed before the instant. */
  const closedBefore = async (at: number): Promise<boolean> => {
    const left = at - Date.now();
    return closed || (left > 0 && (await condition(() => closed, left)));
  };

  const theCase = getExternalWorkflowHandle(workflowInfo().parent?.workflowId ?? hazardClosureId(input.hazardId));
  for (const remindAt of input.reminders) {
    if (await closedBefore(remindAt)) return { outcome: 'closed' };
    await theCase.signal(supervisionReminderSignal, { level: input.level, remindAt });
  }
  if (await closedBefore(input.dueAt)) return { outcome: 'closed' };
  // A case that has gone on as a new run no longer waits for this result.
  if (patched('tell-breach')) {
    await theCase.signal(supervisionBreachedSignal, { level: input.level, dueAt: input.dueAt }).catch(() => {
      // It was accepted at this instant and has ended.
    });
  }
  return { outcome: 'breached' };
}
