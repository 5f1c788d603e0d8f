/**
 * An act and news of a case that reach its workflow in one task, right after a task that brought nothing to do: on replay the
 * engine gives all of it at once, and the same commands must come in the same order.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { Database } from '../../prisma/client.ts';
import { buildBundle } from '../../worker/build-bundle.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import { activitiesOf, bringTo, openCase, PEOPLE, reportAt, seedPark, startWorker } from '../workflows/park.ts';

let env: TestWorkflowEnvironment;
let testDatabase: TestDatabase;
let database: Database;
let stop: () => Promise<void>;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  env = await startLocalEnv();
  stop = await startWorker(env.nativeConnection, activitiesOf(database));
}, 120_000);
afterAll(async () => {
  await stop();
  await env.teardown();
  await testDatabase.drop();
});

test('acts and news at once leave a history that replays', async () => {
  const ROUNDS = 30;
  const found = await openCase(env.client, database, Date.now());
  await bringTo(found, 'rectifying');
  const news = (): Promise<void> => found.report({ ...reportAt(Date.now(), { origin: 'sensor', reporterId: null, evidence: [{ detail: { value: 21.4 } }] }), reportId: randomUUID() });
  for (let round = 1; round <= ROUNDS; round += 1) {
    // The record of it leaves nothing to do: the next task follows an empty one.
    await news();
    await found.until((c) => c.reportCount === 2 * round);
    await new Promise((resolve) => setTimeout(resolve, 30));
    await Promise.all([found.act(PEOPLE.officer, { name: 'progress', note: `第 ${round} 次`, evidence: [] }), news()]);
    await found.until((c) => c.reportCount === 2 * round + 1);
  }
  const history = await found.handle.fetchHistory();
  // At least once an act and news came in one task: accepted and signalled between two starts of a task.
  const types = (history.events ?? []).map((e) => (e.workflowExecutionUpdateAcceptedEventAttributes ? 'act' : e.workflowExecutionSignaledEventAttributes ? 'news' : e.workflowTaskCompletedEventAttributes ? 'done' : e.workflowTaskScheduledEventAttributes ? 'task' : ''));
  expect(types.filter((t, i) => t === 'task' && types[i - 1] === 'done' && types[i + 1] === 'news').length).toBeGreaterThan(0);
  await Worker.runReplayHistory({ workflowBundle: await buildBundle() }, history);
}, 180_000);
