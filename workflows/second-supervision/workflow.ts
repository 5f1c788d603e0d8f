/** 二次督办: waits out one level of supervision of one case. What happened goes on the case's record, by the case. */
import { condition, getExternalWorkflowHandle, setHandler, workflowInfo } from '@temporalio/workflow';
import { hazardClosureId } from '../ids.ts';
import type { SecondSupervisionInput, SecondSupervisionResult } from './messages.ts';
import { closeSupervisionSignal, supervisionReminderSignal } from './messages.ts';

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
  return { outcome: (await closedBefore(input.dueAt)) ? 'closed' : 'breached' };
}
