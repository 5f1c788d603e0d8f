/** 任务: waits for one task until due + grace, tells whoever the ladder names while it is not done, and takes the word that it is. */
import { allHandlersFinished, condition, proxyActivities, setHandler } from '@temporalio/workflow';
import type { Activities } from '../../activities/index.ts';
import type { TaskFacts, TaskRung } from '../../domain/tasks.ts';
import { checkComplete, isToldAtOnce, nextTaskRung } from '../../domain/tasks.ts';
import { accepted, refusalFailure } from '../refusal.ts';
import type { DutyTaskInput } from './messages.ts';
import { completeTaskUpdate, taskStateQuery } from './messages.ts';

const { openTask, tellTask, recordTaskDone } = proxyActivities<Activities>({
  startToCloseTimeout: '10 seconds',
  retry: { initialInterval: '200 milliseconds', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

export async function dutyTask({ taskId }: DutyTaskInput): Promise<TaskFacts | null> {
  let task: TaskFacts | null = null;
  let ladder: TaskRung[] = [];
  let loaded = false;
  /** What goes on the record goes there in turn. */
  let tail: Promise<void> = Promise.resolve();
  const isDone = (): boolean => task?.doneAt != null;

  setHandler(taskStateQuery, () => task);
  const present = (): TaskFacts => {
    if (!task) throw refusalFailure({ code: 'task.not_found' });
    return task;
  };
  setHandler(
    completeTaskUpdate,
    async ({ actor, result, note, evidence }) => {
      await condition(() => loaded);
      accepted(checkComplete(present(), actor, { result, note, evidence }));
      const at = Date.now();
      const after = { ...present(), doneAt: at, doneBy: actor.personId };
      task = after;
      tail = tail.then(() => recordTaskDone({ taskId, doneBy: actor.personId, at, result, note, evidence }));
      await tail;
      return after;
    },
    // Before the record is read the handler decides: it waits for it.
    { validator: ({ actor, result, note, evidence }) => void (loaded && accepted(checkComplete(present(), actor, { result, note, evidence }))) },
  );

  ({ task, ladder } = await openTask({ taskId }));
  loaded = true;
  if (task && !isDone() && task.escalation === 0 && isToldAtOnce(task.kind)) {
    const at = Date.now();
    tail = tail.then(() => tellTask({ taskId, phase: 'assigned', rung: 0, recipients: ['owner'], at }));
  }
  while (task && !isDone()) {
    const rung = nextTaskRung(task, ladder);
    if (!rung) {
      await condition(isDone);
      break;
    }
    const left = rung.at - Date.now();
    if (left > 0 && (await condition(isDone, left))) break;
    if (isDone()) break;
    const at = Date.now();
    task = { ...task, overdueAt: task.overdueAt ?? task.dueAt + task.graceMs, escalation: rung.rung };
    tail = tail.then(() => tellTask({ taskId, phase: rung.rung === 1 ? 'overdue' : 'escalated', rung: rung.rung, recipients: rung.recipients, at }));
  }
  await tail;
  await condition(allHandlersFinished);
  return task;
}
