import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { endedWeeks } from '../../domain/running-effect.ts';
import type { Database } from '../../prisma/client.ts';
import { MISSED_WEEKS } from '../../prisma/running-effect.ts';
import { ensureSchedules } from '../../worker/schedules.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import { activitiesOf, seedPark, startWorker } from './park.ts';
import { until } from '../api/world.ts';

let testDatabase: TestDatabase;
let database: Database;
let env: TestWorkflowEnvironment;
let stopWorker: (() => Promise<void>) | undefined;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  await database.pool.query("UPDATE organisation SET created_at = '2026-01-01'");
  env = await startLocalEnv();
  stopWorker = await startWorker(env.nativeConnection, activitiesOf(database));
}, 120_000);
afterAll(async () => {
  await stopWorker?.();
  await env?.teardown();
  await testDatabase?.drop();
});

test('the weekly Schedule scores the weeks that have ended, once each, however often it fires', async () => {
  await ensureSchedules(env.client);
  await ensureSchedules(env.client);
  const schedule = env.client.schedule.getHandle('running-effect');
  const { spec, policies, info } = await schedule.describe();
  expect([spec.timezone, policies.overlap]).toEqual(['Asia/Shanghai', ScheduleOverlapPolicy.SKIP]);
  // Monday 03:00 in Shanghai is Sunday 19:00 UTC.
  expect([info.nextActionTimes[0]!.getUTCDay(), info.nextActionTimes[0]!.toISOString().slice(11, 16)]).toEqual([0, '19:00']);

  const rows = async () => (await database.pool.query<{ tenant_id: string; week: string }>('SELECT tenant_id, week, score, detail, computed_at FROM running_effect ORDER BY week, tenant_id')).rows;
  await schedule.trigger();
  const scored = await until('the scores', async () => ((await rows()).length > 0 ? await rows() : null));
  const weeks = endedWeeks(Date.now(), MISSED_WEEKS);
  expect(scored.map((r) => `${r.week} ${r.tenant_id}`)).toEqual([...weeks].sort().flatMap((week) => ['ent-1', 'ent-2', 'ent-3'].map((id) => `${week} ${id}`)));

  // A Schedule names its workflows by the second: two of one second would be one.
  await delay(1_100);
  await schedule.trigger();
  await until('the second run', async () => {
    const { info: now } = await schedule.describe();
    return now.numActionsTaken >= 2 && now.runningActions.length === 0;
  });
  expect(await rows()).toEqual(scored);
});
