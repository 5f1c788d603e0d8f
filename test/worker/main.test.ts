/** The worker as a process: killed in the middle, replaced, and nothing is lost or there twice. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import { ACCEPT, bringTo, Case, PEOPLE, reportAt, seedPark } from '../workflows/park.ts';

let env: TestWorkflowEnvironment;
let testDatabase: TestDatabase;
let database: Database;
let dir: string;
let port: number;
let child: ChildProcess | undefined;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: found } = server.address() as { port: number };
      server.close(() => resolve(found));
    });
  });

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  env = await startLocalEnv();
  dir = await mkdtemp(join(tmpdir(), 'parkwarden-worker-'));
  port = await freePort();
});
afterAll(async () => {
  child?.kill('SIGKILL');
  await env?.teardown();
  await testDatabase?.drop();
  await rm(dir, { recursive: true, force: true });
});

const start = async (): Promise<ChildProcess> => {
  const started = spawn(process.execPath, [join(import.meta.dirname, '../../worker/main.ts')], {
    env: { PATH: process.env.PATH, DATABASE_URL: testDatabase.url, TEMPORAL_ADDRESS: env.address, WORKER_PORT: String(port), MQTT_PORT: String(await freePort()), DATA_DIR: dir, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  child = started;
  const end = performance.now() + 40_000;
  while (!(await fetch(`http://127.0.0.1:${port}/readyz`).then((r) => r.ok, () => false))) {
    if (performance.now() > end || started.exitCode !== null) throw new Error('the worker is not ready');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return started;
};
const exit = (process: ChildProcess): Promise<number | null> => new Promise((resolve) => process.once('exit', (code) => resolve(code)));

test('killed while cases are under way: the next one goes on, every answered act is on the record once', async () => {
  let worker = await start();
  const taken = await Promise.all(
    Array.from({ length: 4 }, (_, n) =>
      database.pgTransaction({ scope: 'service' }, (tx) => takeReport(tx, { tenantId: 'ent-1', dedupeKey: `kill-${n}`, report: reportAt(Date.now()), policy: DEFAULT_POLICY }))),
  );
  const cases = taken.map(({ hazardId }) => new Case(env.client, hazardId, 'ent-1'));
  await Promise.all(cases.map((found) => bringTo(found, 'submitted')));
  const accepting = cases.map((found) => found.act(PEOPLE.inspector, ACCEPT));
  const gone = exit(worker);
  worker.kill('SIGKILL');
  await gone;
  worker = await start();
  for (const result of await Promise.all(accepting)) expect(result.case.state).toBe('archived');
  for (const { hazardId } of taken) {
    const { rows } = await database.pool.query<{ command: string }>('SELECT command FROM hazard_transition WHERE hazard_id = $1 ORDER BY seq', [hazardId]);
    expect(rows.map((r) => r.command)).toEqual(['open', 'triage', 'dispatch', 'start', 'submit', 'accept', 'archive']);
    const { rows: notices } = await database.pool.query<{ kind: string; n: number }>('SELECT kind, count(*)::int AS n FROM notice WHERE hazard_id = $1 GROUP BY kind ORDER BY kind', [hazardId]);
    expect(notices).toEqual([{ kind: 'acceptance', n: 2 }, { kind: 'dispatch', n: 2 }]);
  }
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('parkwarden_outbox_delivered_total');

  const ended = exit(worker);
  worker.kill('SIGTERM');
  expect(await ended).toBe(0);
});
