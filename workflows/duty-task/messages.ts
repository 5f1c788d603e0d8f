import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Actor } from '../../domain/permissions.ts';
import type { CompleteTask, TaskFacts } from '../../domain/tasks.ts';

export const DUTY_TASK = 'dutyTask';

export interface DutyTaskInput {
  taskId: string;
  tenantId: string;
}

export interface CompleteTaskInput extends CompleteTask {
  commandId: string;
  actor: Actor;
}

/** Refused with the codes of domain/tasks.ts checkComplete, or `task.not_found`. */
export const completeTaskUpdate = defineUpdate<TaskFacts, [CompleteTaskInput]>('completeTask');
export const taskStateQuery = defineQuery<TaskFacts | null>('taskState');
