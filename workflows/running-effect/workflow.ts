/** 运行效果: the scores of the week that has ended, by the weekly Schedule. */
import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';

const { scoreWeeks } = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  retry: { initialInterval: '10 seconds', backoffCoefficient: 2, maximumInterval: '15 minutes' },
});

/** Gives the weeks that were scored. */
export async function runningEffect(): Promise<string[]> {
  return await scoreWeeks({ now: Date.now() });
}
