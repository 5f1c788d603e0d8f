/** 检验到期: waits for the due instant of the newest inspection of an asset and kind, and opens a case then. A newer date replaces the one waited for. */
import { condition, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { InspectionDue, InspectionExpiryInput } from './messages.ts';
import { inspectionDueQuery, inspectionDueSignal } from './messages.ts';

const { openExpiryCase } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '1 minute' },
});

export async function inspectionExpiry(input: InspectionExpiryInput): Promise<void> {
  let due: InspectionDue | null = input.known ?? null;
  setHandler(inspectionDueQuery, () => due);
  setHandler(inspectionDueSignal, (told) => {
    if (!due || told.seq > due.seq) due = told;
  });
  await condition(() => due !== null);

  for (;;) {
    const waited: InspectionDue = due!;
    const isReplaced = (): boolean => due!.seq !== waited.seq;
    const left = waited.dueAt - Date.now();
    if (left > 0) await condition(isReplaced, left);
    if (isReplaced()) {
      if (workflowInfo().continueAsNewSuggested) await continueAsNew<typeof inspectionExpiry>({ ...input, known: due! });
      continue;
    }
    await openExpiryCase({ inspectionId: waited.inspectionId });
    if (!isReplaced()) return;
  }
}
