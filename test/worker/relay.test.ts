import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { createLogger } from '../../platform/logger.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import type { OutboxMessage } from '../../prisma/outbox.ts';
import { addToOutbox } from '../../prisma/outbox.ts';
import type { Receivers, Relay } from '../../worker/relay.ts';
import { startRelay } from '../../worker/relay.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import { ACCEPT, activitiesOf, bringTo, Case, PEOPLE, reportAt, seedPark, startWorker, SUBMIT } from '../workflows/park.ts';

let env: TestWorkflowEnvironment;
let testDatabase: TestDatabase;
let database: Database;
let stopWorker: () => Promise<void>;
const log = createLogger('test', 'fatal');
const silent = { delivered: () => {}, failed: () => {} };
const none: Receivers = { workflow: async () => {}, smtp: async () => {}, urgent: async () => {}, channel: async () => {}, actuate: async () => {}, notify: async () => {} };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  env = await startLocalEnv();
  stopWorker = await startWorker(env.nativeConnection, activitiesOf(database));
});
afterAll(async () => {
  await stopWorker?.();
  await env?.teardown();
  await testDatabase?.drop();
});

const until = async (what: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + 40_000;
  while (!(await what())) {
    if (performance.now() > end) throw new Error('did not come to it');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
const withRelay = async (receivers: Receivers, run: (relay: Relay) => Promise<void>): Promise<void> => {
  const relay = startRelay(database, receivers, log, silent);
  try {
    await run(relay);
  } finally {
    await relay.stop();
  }
};
const rowOf = async (key: string) => (await database.pool.query<{ delivered_at: Date | null; attempts: number; last_error: string | null }>('SELECT delivered_at, attempts, last_error FROM outbox WHERE key = $1', [key])).rows[0]!;
const add = (...messages: OutboxMessage[]) => database.pgTransaction({ scope: 'service' }, (tx) => addToOutbox(tx, messages));
const mail = (key: string): OutboxMessage => ({ topic: 'smtp', key, tenantId: 'ent-1', payload: { deliveryId: key } });
const report = (assetId: string | null = null) =>
  database.pgTransaction({ scope: 'service' }, (tx) => takeReport(tx, { tenantId: 'ent-1', dedupeKey: randomUUID(), report: reportAt(Date.now(), { assetId }), policy: DEFAULT_POLICY }));
const transitions = async (hazardId: string, command: string) =>
  (await database.pool.query('SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = $2', [hazardId, command])).rowCount;

test('a row that no receiver takes holds nobody up, waits longer each time, and says why', async () => {
  await add(mail('poison'), ...Array.from({ length: 30 }, (_, i) => mail(`good-${i}`)));
  const taken: string[] = [];
  await withRelay(
    {
      ...none,
      smtp: async ({ key }) => {
        if (key === 'poison') throw new Error('cannot be read');
        taken.push(key);
      },
    },
    async () => until(async () => taken.length === 30 && (await rowOf('poison')).last_error !== null),
  );
  expect(new Set(taken).size).toBe(30);
  expect(await rowOf('poison')).toMatchObject({ delivered_at: null, last_error: 'cannot be read' });
  expect((await rowOf('good-7')).delivered_at).not.toBeNull();
  await database.pool.query(`DELETE FROM outbox WHERE key = 'poison'`);
});

test('live events are left to their readers', async () => {
  await add({ topic: 'event', key: 'an-event', tenantId: null, payload: { type: 'alarm.changed', id: 'x' } }, mail('after-event'));
  await withRelay(none, async () => until(async () => (await rowOf('after-event')).delivered_at !== null));
  expect(await rowOf('an-event')).toMatchObject({ delivered_at: null, attempts: 0 });
});

test('of two relays each row is taken by one, and a new row wakes them', async () => {
  const taken: string[] = [];
  const receivers: Receivers = { ...none, actuate: async ({ key }) => void taken.push(key) };
  await withRelay(receivers, async () =>
    withRelay(receivers, async () => {
      await add(...Array.from({ length: 100 }, (_, i): OutboxMessage => ({ topic: 'actuate', key: `beacon-${i}`, tenantId: 'ent-1', payload: { actuationId: `${i}` } })));
      await until(async () => taken.length >= 100);
    }),
  );
  expect(taken.toSorted()).toEqual([...new Set(taken)].toSorted());
});

test('the same message delivered again and again is one report of one case', async () => {
  const { hazardId, reportId } = await report();
  const tell = createWorkflowReceiver(env.client, database);
  await withRelay({ ...none, workflow: async ({ payload }) => { await tell(payload); await tell(payload); } }, async () => {
    await until(async () => (await transitions(hazardId, 'open')) === 1);
    await database.pool.query('UPDATE outbox SET delivered_at = NULL, next_attempt_at = now() WHERE key = $1', [`hazard/${hazardId}/report/${reportId}`]);
    await until(async () => (await rowOf(`hazard/${hazardId}/report/${reportId}`)).delivered_at !== null);
  });
  const found = new Case(env.client, hazardId, 'ent-1');
  await bringTo(found, 'submitted');
  await found.act(PEOPLE.inspector, ACCEPT);
  await found.closed();
  expect(await transitions(hazardId, 'open')).toBe(1);
  expect(await transitions(hazardId, 'join')).toBe(0);

  // Once more after the case has closed: it is part of that case, not a new one.
  const { rows } = await database.pool.query<{ payload: Parameters<typeof tell>[0] }>('SELECT payload FROM outbox WHERE key = $1', [`hazard/${hazardId}/report/${reportId}`]);
  await tell(rows[0]!.payload);
  expect((await database.pool.query('SELECT hazard_id FROM hazard_report WHERE id = $1', [reportId])).rows).toEqual([{ hazard_id: hazardId }]);
});

test('a report that meets a closed case opens a case of its own', async () => {
  const { hazardId } = await report('a1');
  const tell = createWorkflowReceiver(env.client, database);
  const receivers: Receivers = { ...none, workflow: ({ payload }) => tell(payload) };
  await withRelay(receivers, async () => until(async () => (await transitions(hazardId, 'open')) === 1));
  const found = new Case(env.client, hazardId, 'ent-1');
  await bringTo(found, 'submitted');
  // It is taken in for the open case, and on its way when the case closes.
  const late = await report('a1');
  expect(late).toMatchObject({ hazardId, joined: true });
  await found.act(PEOPLE.inspector, ACCEPT);
  await found.closed();
  await withRelay(receivers, async () =>
    until(async () => {
      const { rows } = await database.pool.query<{ hazard_id: string }>('SELECT hazard_id FROM hazard_report WHERE id = $1', [late.reportId]);
      return rows[0]!.hazard_id !== hazardId && (await transitions(rows[0]!.hazard_id, 'open')) === 1;
    }),
  );
});

test('a workflow that was terminated goes on from the record with the next message', async () => {
  const { hazardId } = await report('a2');
  const tell = createWorkflowReceiver(env.client, database);
  const receivers: Receivers = { ...none, workflow: ({ payload }) => tell(payload) };
  await withRelay(receivers, async () => {
    await until(async () => (await transitions(hazardId, 'open')) === 1);
    const found = new Case(env.client, hazardId, 'ent-1');
    const before = await bringTo(found, 'rectifying');
    await found.handle.terminate('test');
    expect((await report('a2')).hazardId).toBe(hazardId);
    const again = new Case(env.client, hazardId, 'ent-1');
    const after = await again.until((c) => c.reportCount === 2);
    expect(after).toMatchObject({ state: 'rectifying', dueAt: before.dueAt, seq: before.seq + 1 });
    await again.act(PEOPLE.officer, SUBMIT);
    await again.act(PEOPLE.inspector, ACCEPT);
    expect(await again.closed()).toMatchObject({ state: 'archived' });
  });
});

test('killed between telling the workflow and marking the row: told again, on the record once', async () => {
  const { hazardId, reportId } = await report();
  const key = `hazard/${hazardId}/report/${reportId}`;
  const child = spawn(process.execPath, [new URL('./relay-that-dies.ts', import.meta.url).pathname, testDatabase.url, env.address], { stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  expect(code).toBe('SIGKILL');
  expect(await rowOf(key)).toMatchObject({ delivered_at: null, attempts: 1 });
  // Its lease runs out; here at once.
  await database.pool.query('UPDATE outbox SET next_attempt_at = now() WHERE key = $1', [key]);
  const tell = createWorkflowReceiver(env.client, database);
  await withRelay({ ...none, workflow: ({ payload }) => tell(payload) }, async () => until(async () => (await rowOf(key)).delivered_at !== null));
  await until(async () => (await transitions(hazardId, 'open')) === 1);
  const found = new Case(env.client, hazardId, 'ent-1');
  await found.act(PEOPLE.inspector, { name: 'triage', grade: 'general', reason: 'r' });
  expect(await transitions(hazardId, 'open')).toBe(1);
  expect(await transitions(hazardId, 'join')).toBe(0);
});
