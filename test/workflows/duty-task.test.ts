/** Tasks in virtual time, with a real provider's stand-in for the text messages. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createActivities } from '../../activities/index.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { TaskFacts, TaskKind } from '../../domain/tasks.ts';
import type { Database } from '../../prisma/client.ts';
import { addTask } from '../../prisma/tasks.ts';
import { completeTaskUpdate, DUTY_TASK } from '../../workflows/duty-task/messages.ts';
import { CLOSURE_QUEUE, dutyTaskId } from '../../workflows/ids.ts';
import type { Channels } from '../activities/channel-park.ts';
import { addTemplate, relayChannels, startChannels } from '../activities/channel-park.ts';
import { archive, DAY, HOUR, MINUTE, PEOPLE } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

let park: VirtualPark;
let env: TestWorkflowEnvironment;
let database: Database;
let channels: Channels;
beforeAll(async () => {
  channels = await startChannels([]);
  park = await startVirtualPark({ activities: (db) => createActivities({ database: db, notices: channels.settings, archive }) });
  ({ env, database } = park);
  await database.pool.query(`UPDATE organisation SET phone = '13800000003' WHERE id = 'ent-1'; UPDATE organisation SET phone = '13800000004' WHERE id = 'park-office'; UPDATE organisation SET phone = '13800000005' WHERE id = 'park-admin'`);
  await addTemplate(database, channels.sms, 'sms', 'task', '${task}应于${due}前完成，请处理。');
});
afterAll(async () => {
  await park?.close();
  await channels?.close();
});

const add = async (kind: TaskKind, more: { dueInMs?: number; graceMs?: number; ownerOrgId?: string } = {}): Promise<{ taskId: string; handle: WorkflowHandle; dueAt: number }> => {
  const dueAt = (await env.currentTimeMs()) + (more.dueInMs ?? HOUR);
  const { taskId } = await database.pgTransaction({ scope: 'service' }, (client) =>
    addTask(client, {
      tenantId: 'ent-1', kind, title: { zh: '夜间巡检', en: 'Night patrol' }, detail: {}, hazardId: null, assetId: 'a1', ownerOrgId: more.ownerOrgId ?? 'ent-1', ownerPersonId: null, dueAt, graceMs: more.graceMs ?? 0, dedupeKey: randomUUID(),
    }));
  const handle = await env.client.workflow.start(DUTY_TASK, { workflowId: dutyTaskId(taskId), taskQueue: CLOSURE_QUEUE, args: [{ taskId, tenantId: 'ent-1' }] });
  return { taskId, handle, dueAt };
};
const complete = (handle: WorkflowHandle, actor: Actor, more: Partial<{ result: 'done' | 'not_needed' | 'not_possible'; note: string }> = {}): Promise<TaskFacts> => {
  const commandId = randomUUID();
  return handle.executeUpdate(completeTaskUpdate, { args: [{ commandId, actor, result: 'done', note: '', evidence: [], ...more }], updateId: commandId });
};
const refusal = async (run: Promise<unknown>): Promise<string> => {
  const error = await run.then(() => null, (e: unknown) => e);
  if (!(error instanceof WorkflowUpdateFailedError)) throw new Error('was not refused');
  return (error.cause as { type?: string }).type ?? '';
};
const row = async (taskId: string) =>
  (await database.pool.query<{ overdue_at: Date | null; escalation: number; done_at: Date | null; done_by: string | null; result: string | null; note: string | null }>('SELECT * FROM task WHERE id = $1', [taskId])).rows[0]!;
/** Instant after the task was due, phase and recipient of each notice. */
const notices = async (taskId: string, dueAt: number): Promise<string[]> =>
  (await database.pool.query<{ issued_at: Date; phase: string; org: string }>(`SELECT issued_at, data->'facts'->>'phase' AS phase, recipient_org_id AS org FROM notice WHERE task_id = $1 ORDER BY issued_at, org`, [taskId])).rows
    .map((n) => `${Math.round((n.issued_at.getTime() - dueAt) / MINUTE)} min ${n.phase} ${n.org}`);
const until = async (what: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + 20_000;
  while (!(await what())) {
    if (performance.now() > end) throw new Error('did not come to it');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

test('[C-081] a patrol that was not done to plan: text message and system notice at due + grace, once; then it goes up, rung by rung', async () => {
  const { taskId, dueAt } = await add('patrol', { graceMs: 30 * MINUTE });
  await env.sleep(HOUR + 29 * MINUTE);
  expect(await notices(taskId, dueAt)).toEqual([]);
  expect((await row(taskId)).overdue_at).toBeNull();

  await env.sleep(2 * MINUTE);
  await until(async () => (await row(taskId)).escalation === 1);
  expect(await notices(taskId, dueAt)).toEqual(['30 min overdue ent-1']);
  expect((await row(taskId)).overdue_at?.getTime()).toBe(dueAt + 30 * MINUTE);
  await relayChannels(database, channels.ports);
  await relayChannels(database, channels.ports);
  expect(channels.sms.sent).toEqual([expect.objectContaining({ phone: '13800000003', variables: expect.objectContaining({ task: '夜间巡检' }) })]);
  const { rows } = await database.pool.query<{ channel: string; state: string }>(`SELECT d.channel, d.state FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE n.task_id = $1 ORDER BY channel`, [taskId]);
  expect(rows).toEqual([{ channel: 'inbox', state: 'sent' }, { channel: 'sms', state: 'sent' }]);

  await env.sleep(2 * DAY);
  await until(async () => (await row(taskId)).escalation === 3);
  expect(await notices(taskId, dueAt)).toEqual(['30 min overdue ent-1', '90 min escalated ent-1', '90 min escalated park-office', '1470 min escalated park-admin', '1470 min escalated park-office']);
});

test('[C-064] a reminder to stop and inspect has an owner and a deadline; done in time nobody hears more; ignored it stays visible as overdue', async () => {
  const done = await add('stop_and_inspect');
  const ignored = await add('stop_and_inspect');
  await until(async () => (await notices(done.taskId, done.dueAt)).length === 1);
  expect(await notices(done.taskId, done.dueAt)).toEqual(['-60 min assigned ent-1']);
  expect((await complete(done.handle, PEOPLE.officer, { note: '氮封阀已更换' })).doneBy).toBe('p-officer');
  expect(await done.handle.result()).toMatchObject({ doneBy: 'p-officer' });
  expect(await row(done.taskId)).toMatchObject({ done_by: 'p-officer', result: 'done', note: '氮封阀已更换', overdue_at: null, escalation: 0 });

  await env.sleep(3 * DAY);
  await until(async () => (await row(ignored.taskId)).escalation === 3);
  expect(await notices(done.taskId, done.dueAt)).toHaveLength(1);
  expect((await row(ignored.taskId)).overdue_at?.getTime()).toBe(ignored.dueAt);
  // It waits for ever: only a person ends it.
  await env.sleep(30 * DAY);
  expect(await row(ignored.taskId)).toMatchObject({ done_at: null, escalation: 3 });
  await complete(ignored.handle, PEOPLE.officer);
  expect((await row(ignored.taskId)).overdue_at).not.toBeNull();
});

test('others cannot end a task, nobody ends it twice, and what was not done needs words', async () => {
  const { handle, taskId } = await add('class_check');
  expect(await refusal(complete(handle, PEOPLE.colleague))).toBe('permission.denied');
  expect(await refusal(complete(handle, PEOPLE.inspector))).toBe('permission.denied');
  expect(await refusal(complete(handle, PEOPLE.officer, { result: 'not_needed', note: ' ' }))).toBe('task.note_required');
  expect((await row(taskId)).done_at).toBeNull();
  await complete(handle, PEOPLE.officer, { result: 'not_needed', note: '无同类设备' });
  await handle.result();
  expect(await row(taskId)).toMatchObject({ result: 'not_needed', note: '无同类设备' });
});

test('a workflow that was lost goes on from the record: nobody is told twice', async () => {
  const { handle, taskId, dueAt } = await add('other');
  await env.sleep(HOUR + MINUTE);
  await until(async () => (await row(taskId)).escalation === 1);
  await handle.terminate('lost');
  const again = await env.client.workflow.start(DUTY_TASK, { workflowId: dutyTaskId(taskId), taskQueue: CLOSURE_QUEUE, args: [{ taskId, tenantId: 'ent-1' }] });
  await env.sleep(2 * HOUR);
  await until(async () => (await row(taskId)).escalation === 2);
  expect(await notices(taskId, dueAt)).toEqual(['-60 min assigned ent-1', '0 min overdue ent-1', '60 min escalated ent-1', '60 min escalated park-office']);
  await complete(again, PEOPLE.officer);
});
