import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { ParkPolicy } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import type { Case } from './park.ts';
import { ACCEPT, activitiesOf, bringTo, openCase, PEOPLE, seedPark, startWorker, SUBMIT } from './park.ts';

let env: TestWorkflowEnvironment;
let testDatabase: TestDatabase;
let database: Database;

const ms = { 1: 3_000, 2: 3_100, 3: 3_200 } as const;
const RECTIFY_MS = 5_000;
const POLICY: Partial<ParkPolicy> = { rectifyMs: { general: RECTIFY_MS, major: RECTIFY_MS }, supervisionMs: ms, remindBeforeMs: [700], remindAfterMs: [] };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  env = await startLocalEnv();
  // In real time, so that workers can be away while time goes on: the same rules, days made into seconds.
  await database.pool.query(`INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('fast', 'park', '2020-01-01', $1)`, [JSON.stringify(POLICY)]);
});
afterAll(async () => {
  await env?.teardown();
  await testDatabase?.drop();
});

const withWorker = async <T>(run: () => Promise<T>): Promise<T> => {
  const stop = await startWorker(env.nativeConnection, activitiesOf(database));
  try {
    return await run();
  } finally {
    await stop();
  }
};
const until = (at: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, at - Date.now())));
const rows = async (sql: string, ...values: unknown[]) => (await database.pool.query<Record<string, unknown>>(sql, values)).rows;
const supervision = async (hazardId: string) => await rows('SELECT level, opened_at, due_at, outcome FROM supervision WHERE hazard_id = $1 ORDER BY level', hazardId);
const end = async (found: Case): Promise<void> => {
  const c = await found.state();
  if (c?.state === 'dispatched') await found.act(PEOPLE.officer, { name: 'start' });
  if (c?.state !== 'submitted') await found.act(PEOPLE.officer, SUBMIT);
  await found.act(PEOPLE.inspector, ACCEPT);
  await found.closed();
};

const chain = (due: number) => [
  { level: 1, opened_at: new Date(due), due_at: new Date(due + ms[1]), outcome: 'escalated' },
  { level: 2, opened_at: new Date(due + ms[1]), due_at: new Date(due + ms[1] + ms[2]), outcome: 'escalated' },
  { level: 3, opened_at: new Date(due + ms[1] + ms[2]), due_at: new Date(due + ms[1] + ms[2] + ms[3]), outcome: 'exhausted' },
];

test('whatever instant all workers were down: supervision opens at the very instants all the same, level by level [C-029]', async () => {
  // Five cases, each at another point of its way when the workers go and when one comes back.
  const cases: { found: Case; due: number }[] = [];
  await withWorker(async () => {
    const start = Date.now();
    for (let n = 0; n < 5; n += 1) {
      await until(start + n * 1_300);
      const found = await openCase(env.client, database, Date.now());
      cases.push({ found, due: (await bringTo(found, 'dispatched')).dueAt! });
    }
    await until(cases[4]!.due - 1_000);
  });
  await until(cases[4]!.due + 2_100);
  await withWorker(async () => {
    for (const { found, due } of cases) {
      await found.until((c) => c.supervisionExhausted, 40_000);
      await end(found);
      expect(await supervision(found.hazardId)).toEqual(chain(due));
      const moves = await rows(`SELECT command, server_at FROM hazard_transition WHERE hazard_id = $1 AND command IN ('remind', 'breach', 'supervisionBreached') ORDER BY seq`, found.hazardId);
      const ends = [due, due + ms[1], due + ms[1] + ms[2], due + ms[1] + ms[2] + ms[3]];
      expect(moves.map((m) => [m.command, (m.server_at as Date).getTime()])).toEqual(ends.flatMap((at, n) => [['remind', at - 700], [n === 0 ? 'breach' : 'supervisionBreached', at]]));
      const notices = await rows(`SELECT kind, count(*)::int AS n FROM notice WHERE hazard_id = $1 AND kind IN ('overdue', 'supervision', 'reminder') GROUP BY kind ORDER BY kind`, found.hazardId);
      expect(notices).toEqual([{ kind: 'overdue', n: 4 }, { kind: 'reminder', n: 4 }, { kind: 'supervision', n: 8 }]);
    }
  });
});

test('an acceptance that reaches the case after its due instant does not slip past it, though no worker ran at that instant', async () => {
  let found!: Case;
  let due = 0;
  await withWorker(async () => {
    found = await openCase(env.client, database, Date.now());
    due = (await bringTo(found, 'submitted')).dueAt!;
  });
  await until(due + 200);
  // Sent while nobody works; the due timer and the act are handed to the next worker together.
  const accepting = found.act(PEOPLE.inspector, ACCEPT);
  await withWorker(async () => {
    expect((await accepting).case).toMatchObject({ state: 'archived', overdue: true, supervision: 1, supervisionOpen: false });
    await found.closed();
  });
  const record = await rows(`SELECT command, server_at FROM hazard_transition WHERE hazard_id = $1 AND seq >= (SELECT seq FROM hazard_transition WHERE hazard_id = $1 AND command = 'breach') ORDER BY seq`, found.hazardId);
  expect(record.map((r) => r.command)).toEqual(['breach', 'supervise', 'accept', 'archive']);
  expect((record[0]!.server_at as Date).getTime()).toBe(due);
  expect(await supervision(found.hazardId)).toMatchObject([{ level: 1, outcome: 'accepted', opened_at: new Date(due) }]);
});
