/** 巡检计划: makes the task of each occurrence at its instant, once, for as long as the plan lasts. */
import { condition, continueAsNew, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import { nextOccurrence, PATROL_CATCH_UP_MS } from '../../domain/patrol.ts';
import type { PatrolPlanInput } from './messages.ts';
import { patrolPlanChangedSignal } from './messages.ts';

const { openPatrolPlan, addPatrolTask } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Occurrences of one run; the next run goes on where this one ends. */
const OCCURRENCES_PER_RUN = 200;

export async function patrolPlan({ planId, tenantId, doneUntil }: PatrolPlanInput): Promise<void> {
  let changed = false;
  setHandler(patrolPlanChangedSignal, () => {
    changed = true;
  });
  let until = doneUntil ?? 0;
  let made = 0;
  for (;;) {
    changed = false;
    const plan = await openPatrolPlan({ planId });
    if (!plan) return;
    while (!changed) {
      const at = nextOccurrence(plan, Math.max(until, Date.now() - PATROL_CATCH_UP_MS));
      if (at === null) {
        // A plan that has run out may have been changed at this very moment.
        if (changed) break;
        return;
      }
      const left = at - Date.now();
      if (left > 0 && (await condition(() => changed, left))) break;
      await addPatrolTask({ planId, at });
      until = at;
      made += 1;
      if (made >= OCCURRENCES_PER_RUN || workflowInfo().continueAsNewSuggested) await continueAsNew<typeof patrolPlan>({ planId, tenantId, doneUntil: until });
    }
  }
}
