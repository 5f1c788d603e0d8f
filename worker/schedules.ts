/** What the engine starts by the clock. Made or brought up to date whenever a worker starts; one of a name at a time. */
import type { Client, ScheduleSpec } from '@temporalio/client';
import { ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { CLOSURE_QUEUE } from '../workflows/ids.ts';
import { RUNNING_EFFECT_WORKFLOW } from '../workflows/running-effect/messages.ts';
import { SELF_AUDIT_WORKFLOW } from '../workflows/self-audit/messages.ts';

export interface ParkSchedule {
  id: string;
  spec: ScheduleSpec;
  workflow: string;
  args: unknown[];
}

const TIMEZONE = 'Asia/Shanghai';

export const SCHEDULES: readonly ParkSchedule[] = [
  { id: 'self-audit', spec: { cronExpressions: ['30 2 * * *'], timezone: TIMEZONE }, workflow: SELF_AUDIT_WORKFLOW, args: [] },
  // A week that was missed for longer than the catch-up is made up for by the next run.
  { id: 'running-effect', spec: { cronExpressions: ['0 3 * * 1'], timezone: TIMEZONE }, workflow: RUNNING_EFFECT_WORKFLOW, args: [] },
];

/** A run that was missed while the engine was down starts when it is back, within this. */
const CATCH_UP = '1 day';

export const ensureSchedules = async (client: Client, schedules: readonly ParkSchedule[] = SCHEDULES): Promise<void> => {
  for (const { id, spec, workflow, args } of schedules) {
    const wanted = {
      spec,
      action: { type: 'startWorkflow' as const, workflowType: workflow, workflowId: `schedule/${id}`, taskQueue: CLOSURE_QUEUE, args },
      policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP },
    };
    try {
      await client.schedule.create({ scheduleId: id, ...wanted });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule.getHandle(id).update((before) => ({ ...before, ...wanted }));
    }
  }
};
