/** What must be noticed: a case that waits a moment first, which no recorded case did. */
import { sleep } from '@temporalio/workflow';
import type { HazardClosureInput } from '../../workflows/hazard-closure/messages.ts';
import { hazardClosure as original } from '../../workflows/hazard-closure/workflow.ts';

export async function hazardClosure(input: HazardClosureInput): Promise<unknown> {
  await sleep(1);
  return await original(input);
}
