/**
 * The shape of one rejected and accepted case, and nothing of its meaning: as many signals, updates with validators, timers,
 * activities and children as hazardClosure has on the same way, with nothing in them.
 */
import { allHandlersFinished, ApplicationFailure, condition, defineSignal, defineUpdate, proxyActivities, setHandler, startChild } from '@temporalio/workflow';
import type { ChildWorkflowHandle } from '@temporalio/workflow';

const { nothing } = proxyActivities<{ nothing(): Promise<void> }>({ startToCloseTimeout: '30 seconds' });
const DAY = 86_400_000;

export const beginSignal = defineSignal('begin');
export const actUpdate = defineUpdate<string, [string]>('act');
const closeSignal = defineSignal('close');

const FROM: Record<string, string> = { triage: 'reported', start: 'dispatched', submit: 'rectifying', reject: 'submitted', accept: 'submitted' };
const TO: Record<string, string> = { triage: 'triaged', start: 'rectifying', submit: 'submitted', reject: 'rectifying', accept: 'archived' };

export async function bareChild(): Promise<void> {
  let closed = false;
  setHandler(closeSignal, () => {
    closed = true;
  });
  await condition(() => closed, DAY);
}

export async function bareCase(): Promise<void> {
  let begun = false;
  let state = '';
  let deadline = 0;
  let child: ChildWorkflowHandle<typeof bareChild> | null = null;
  setHandler(beginSignal, () => {
    begun = true;
  });
  const byRule = async (): Promise<void> => {
    await nothing();
    state = 'dispatched';
    deadline += 1;
    await nothing();
  };
  setHandler(
    actUpdate,
    async (name) => {
      state = TO[name]!;
      if (name === 'triage') {
        deadline += 1;
        void byRule();
      }
      if (name === 'reject') child = await startChild(bareChild);
      if (name === 'accept') await child?.signal(closeSignal);
      await nothing();
      return state;
    },
    {
      validator: (name) => {
        if (state !== FROM[name]) throw ApplicationFailure.nonRetryable('refused', 'refused');
      },
    },
  );
  await condition(() => begun);
  await nothing();
  state = 'reported';
  await nothing();
  while (state !== 'archived') {
    const now = deadline;
    await condition(() => deadline !== now || state === 'archived', DAY);
  }
  await (child as ChildWorkflowHandle<typeof bareChild> | null)?.result();
  await condition(allHandlersFinished);
}
