/** 任务: something that somebody must have done by an instant, and who is told when it was not. Pure. */
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import type { Actor } from './permissions.ts';

export const TASK_KINDS = ['notice_undeliverable', 'class_check', 'stop_and_inspect', 'patrol', 'look_back', 'sensor_fault', 'other'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

export const TASK_RESULTS = ['done', 'not_needed', 'not_possible'] as const;
export type TaskResult = (typeof TASK_RESULTS)[number];

/** What a running task is decided by. Instants are epoch ms. */
export interface TaskFacts {
  taskId: string;
  tenantId: string;
  kind: TaskKind;
  ownerOrgId: string;
  dueAt: number;
  graceMs: number;
  doneAt: number | null;
  doneBy: string | null;
  overdueAt: number | null;
  /** Rungs of the task ladder that were told. */
  escalation: number;
}

/** Who hears of a task that is not done: so long after due + grace. `owner` is the organisation that has it to do. */
export interface TaskRung {
  afterMs: number;
  recipients: ('owner' | 'emergency_office' | 'park_admin')[];
}

/** Whether the owner is told when the task is made. A patrol comes by its plan; an undeliverable notice is told where tasks are listed. */
export const isToldAtOnce = (kind: TaskKind): boolean => kind !== 'patrol' && kind !== 'notice_undeliverable';

/** The next rung of a task that is not done and the instant it is due; null: done, or the ladder is at its end. */
export const nextTaskRung = (task: TaskFacts, ladder: readonly TaskRung[]): { rung: number; at: number; recipients: TaskRung['recipients'] } | null => {
  const next = ladder[task.escalation];
  if (task.doneAt !== null || !next) return null;
  return { rung: task.escalation + 1, at: task.dueAt + task.graceMs + next.afterMs, recipients: next.recipients };
};

export interface CompleteTask {
  result: TaskResult;
  note: string;
  /** SHA-256 of the files. */
  evidence: readonly string[];
}

/**
 * Whether this person may say that the task is done: somebody of its owner, or of the park's administration for it. What
 * was not done as asked needs words. Refusals: `permission.denied`, `task.done_already`, `task.note_required`.
 */
export const checkComplete = (task: TaskFacts, actor: Actor, { result, note }: CompleteTask): Result<void> => {
  if (actor.orgId !== task.ownerOrgId && actor.role !== 'park_admin') return refuse('permission.denied', { detail: { action: 'task.complete' } });
  if (task.doneAt !== null) return refuse('task.done_already', { detail: { doneAt: task.doneAt } });
  if (result !== 'done' && !/[^\p{Z}\p{C}]/u.test(note)) return refuse('task.note_required', { field: 'note' });
  return ok(undefined);
};
