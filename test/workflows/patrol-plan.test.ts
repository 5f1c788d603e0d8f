/** Patrol plans in virtual time. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Database } from '../../prisma/client.ts';
import { CLOSURE_QUEUE, patrolPlanId } from '../../workflows/ids.ts';
import { PATROL_PLAN, patrolPlanChangedSignal } from '../../workflows/patrol-plan/messages.ts';
import { startLocalEnv } from '../engine.ts';
import { activitiesOf, DAY, HOUR, MINUTE, startWorker } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

let park: VirtualPark;
let env: TestWorkflowEnvironment;
let database: Database;
beforeAll(async () => {
  park = await startVirtualPark();
  ({ env, database } = park);
});
afterAll(() => park?.close());

const insert = async (schedule: object, from: number, to: number | null): Promise<string> => {
  const planId = randomUUID();
  await database.pool.query(
    `INSERT INTO patrol_plan (id, tenant_id, name_zh, name_en, asset_id, schedule, grace_ms, owner_org_id, valid_from, valid_to, created_by) VALUES ($1, 'ent-1', '罐区巡检', 'Tank farm patrol', 'a1', $2, $3, 'ent-1', $4, $5, 'p-office')`,
    [planId, JSON.stringify(schedule), 30 * MINUTE, new Date(from), to === null ? null : new Date(to)],
  );
  return planId;
};
const plan = async (schedule: object, from: number, to: number | null = null): Promise<{ planId: string; handle: WorkflowHandle }> => {
  const planId = await insert(schedule, from, to);
  return { planId, handle: await start(planId) };
};
const start = (planId: string): Promise<WorkflowHandle> =>
  env.client.workflow.signalWithStart(PATROL_PLAN, { workflowId: patrolPlanId(planId), taskQueue: CLOSURE_QUEUE, args: [{ planId, tenantId: 'ent-1' }], signal: patrolPlanChangedSignal, signalArgs: [] });
const dues = async (planId: string): Promise<number[]> =>
  (await database.pool.query<{ due_at: Date }>(`SELECT due_at FROM task WHERE kind = 'patrol' AND detail->>'planId' = $1 ORDER BY due_at`, [planId])).rows.map((r) => r.due_at.getTime());
const until = async (what: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + 30_000;
  while (!(await what())) {
    if (performance.now() > end) throw new Error('did not come to it');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const every = (from: number, ms: number, n: number): number[] => Array.from({ length: n }, (_, i) => from + i * ms);

test('each occurrence has its task once, at its instant, over a change of run, until the plan is over', async () => {
  const from = (await env.currentTimeMs()) + HOUR;
  // More occurrences than one run makes.
  const { planId, handle } = await plan({ everyMs: 30 * MINUTE }, from, from + 205 * 30 * MINUTE);
  await env.sleep(HOUR - MINUTE);
  expect(await dues(planId)).toEqual([]);
  await env.sleep(2 * MINUTE);
  await until(async () => (await dues(planId)).length === 1);
  await env.sleep(5 * DAY);
  await handle.result();
  expect(await dues(planId)).toEqual(every(from, 30 * MINUTE, 205));
});

test('at times of day of the park', async () => {
  const now = await env.currentTimeMs();
  const { planId } = await plan({ timesOfDay: ['06:00', '22:30'] }, now);
  await env.sleep(2 * DAY);
  // Told again of the plan, it makes none twice.
  await start(planId);
  await env.sleep(2 * DAY + MINUTE);
  await until(async () => (await dues(planId)).length === 8);
  const times = (await dues(planId)).map((at) => new Date(at + 8 * HOUR).toISOString().slice(11, 16));
  expect(new Set(times)).toEqual(new Set(['06:00', '22:30']));
  expect(new Set(await dues(planId)).size).toBe(8);
  await database.pool.query(`UPDATE patrol_plan SET ended_at = $2, ended_by = 'p-office' WHERE id = $1`, [planId, new Date(await env.currentTimeMs())]);
  await start(planId);
});

test('a plan that is ended makes no more', async () => {
  const from = await env.currentTimeMs();
  const { planId, handle } = await plan({ everyMs: HOUR }, from + HOUR);
  await env.sleep(2 * HOUR + MINUTE);
  await until(async () => (await dues(planId)).length === 2);
  await database.pool.query(`UPDATE patrol_plan SET ended_at = $2, ended_by = 'p-office' WHERE id = $1`, [planId, new Date(await env.currentTimeMs())]);
  await start(planId);
  await handle.result();
  await env.sleep(DAY);
  expect(await dues(planId)).toHaveLength(2);
});

test('after a standstill only the occurrences of the last day are made up for', async () => {
  const now = await env.currentTimeMs();
  const { planId, handle } = await plan({ everyMs: HOUR }, now - 10 * DAY, now + HOUR);
  await handle.result();
  const made = await dues(planId);
  expect(made.length).toBeGreaterThanOrEqual(23);
  expect(made.length).toBeLessThanOrEqual(26);
  expect(made[0]!).toBeGreaterThanOrEqual(now - DAY);
});

test('a worker that is replaced makes none twice and misses none', async () => {
  const local = await startLocalEnv();
  try {
    let stop = await startWorker(local.nativeConnection, activitiesOf(database));
    const from = Date.now() + 500;
    const planId = await insert({ everyMs: 400 }, from, from + 30 * 400);
    const handle = await local.client.workflow.start(PATROL_PLAN, { workflowId: patrolPlanId(planId), taskQueue: CLOSURE_QUEUE, args: [{ planId, tenantId: 'ent-1' }] });
    await until(async () => (await dues(planId)).length >= 5);
    await stop();
    stop = await startWorker(local.nativeConnection, activitiesOf(database));
    await handle.result();
    await stop();
    expect(await dues(planId)).toEqual(every(from, 400, 30));
  } finally {
    await local.teardown();
  }
});
