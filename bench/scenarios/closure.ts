/**
 * Closure: cases a second from the report to the archive, over one rejection with its second supervision, on the embedded
 * engine and a PostgreSQL with every safety on, beside the bare limit on the same engine in the same run: a workflow of the
 * same shape whose activities do nothing (bench/closure/bare-workflow.ts). People, worker, engine and PostgreSQL share the
 * machine. Bare and ours take turns. Ours goes the whole way: intake, outbox, relay, workflow, record, notices.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection, WorkflowUpdateFailedError } from '@temporalio/client';
import pg from 'pg';
import type { HazardReport, PersonCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import { openDatabase } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import { hazardUpdates } from '../../workflows/hazard-closure/messages.ts';
import { hazardClosureId } from '../../workflows/ids.ts';
import type { BenchOptions } from '../run.ts';
import { freePort, startEngine, startPostgres, startScript, stopAll } from '../servers.ts';

const AT_ONCE = 8;
const ROUNDS = 2;
const UPDATES_PER_CASE = 6;
const FIRST_RETRY_MS = 15;
const MAX_RETRY_MS = 240;

const INSPECTOR: Actor = { personId: 'p-inspector', role: 'inspector', orgId: 'office', orgKind: 'park_department', orgIds: ['office'] };
const OFFICER: Actor = { personId: 'p-officer', role: 'enterprise_safety_officer', orgId: 'e', orgKind: 'enterprise', orgIds: ['e'] };
const photo = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg' };

const seed = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, options: '-c pw.scope=service' });
  await client.connect();
  await client.query(`
    INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'park', '园区', 'Park', '{}');
    INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('z', 'park', 'A', 'A区', 'Zone A', '{}');
    INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('e', 'park', 'enterprise', 'E', '化工企业', 'Chemicals'), ('office', 'park', 'park_department', 'O', '应急办', 'Emergency office'), ('admin', 'park', 'park_department', 'P', '管委会', 'Administration');
    INSERT INTO person (id, name_zh, name_en) VALUES ('p-inspector', '检查员', 'Inspector'), ('p-officer', '安全员', 'Officer'), ('p-admin', '管理员', 'Administrator');
    INSERT INTO membership (id, person_id, org_id, role) VALUES ('1', 'p-inspector', 'office', 'emergency_office'), ('2', 'p-officer', 'e', 'enterprise_safety_officer'), ('3', 'p-admin', 'admin', 'park_admin');`);
  await client.end();
};

const report = (): Omit<HazardReport, 'reportId'> => ({
  origin: 'manual', type: 'leak', title: '法兰泄漏', description: '法兰处滴漏', reporterId: 'p-inspector', assetId: null, zoneId: 'z', point: { type: 'Point', coordinates: [120, 30] },
  statutory: false, event: null, receivedAt: Date.now(), clientAt: Date.now(), evidence: [photo],
});

const LIFE: [Actor, PersonCommand][] = [
  [INSPECTOR, { name: 'triage', grade: 'general', reason: '现场核实' }],
  [OFFICER, { name: 'start' }],
  [OFFICER, { name: 'submit', note: '更换垫片', evidence: [photo] }],
  [INSPECTOR, { name: 'reject', reason: '仍有滴漏' }],
  [OFFICER, { name: 'submit', note: '更换法兰', evidence: [photo] }],
  [INSPECTOR, { name: 'accept', note: '合格' }],
];

/** An act waits until the case has come so far: the first for its workflow, `start` for the dispatch by rule. */
const untilTaken = async (act: () => Promise<unknown>): Promise<void> => {
  for (let wait = FIRST_RETRY_MS; ; wait = Math.min(2 * wait, MAX_RETRY_MS)) {
    try {
      await act();
      return;
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError) && (error as { name?: string }).name !== 'WorkflowNotFoundError') throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
};

const oneOfOurs = async (client: Client, database: Database): Promise<void> => {
  const { hazardId } = await database.pgTransaction({ scope: 'service' }, (tx) => takeReport(tx, { tenantId: 'e', dedupeKey: randomUUID(), report: report(), policy: DEFAULT_POLICY }));
  const handle = client.workflow.getHandle(hazardClosureId(hazardId));
  for (const [actor, command] of LIFE) {
    const commandId = randomUUID();
    await untilTaken(() => handle.executeUpdate(hazardUpdates[command.name].name, { args: [{ commandId, actor, clientAt: Date.now(), command }] }));
  }
};

/** The last act is answered when the case is archived on the record; its package and document follow, and belong to the full life. */
const untilPackaged = async (database: Database): Promise<void> => {
  const missing = `SELECT count(*)::int AS n FROM hazard h LEFT JOIN archive_package p ON p.hazard_id = h.id WHERE h.state = 'archived' AND p.pdf_sha256 IS NULL`;
  while ((await database.pool.query<{ n: number }>(missing)).rows[0]!.n > 0) await new Promise((resolve) => setTimeout(resolve, 100));
};

const oneBare = async (client: Client): Promise<void> => {
  const handle = await client.workflow.signalWithStart('bareCase', { workflowId: randomUUID(), taskQueue: 'bare', signal: 'begin', signalArgs: [], args: [] });
  for (const [, { name }] of LIFE) await untilTaken(() => handle.executeUpdate('act', { args: [name] }));
  await handle.result();
};

/** Cases a second: AT_ONCE are under way; none is begun after the time, and the time counts until the last has ended and `rest` is done. */
const measure = async (live: () => Promise<void>, seconds: number, rest: () => Promise<void> = async () => {}): Promise<number> => {
  const start = performance.now();
  const end = start + seconds * 1_000;
  let done = 0;
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < end) {
        await live();
        done += 1;
      }
    }),
  );
  await rest();
  return done / ((performance.now() - start) / 1_000);
};

const round2 = (n: number): number => Math.round(n * 100) / 100;
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0) / numbers.length;

export const run = async ({ seconds }: BenchOptions): Promise<object> => {
  try {
    const databaseUrl = await startPostgres();
    await seed(databaseUrl);
    const address = await startEngine();
    const client = new Client({ connection: await Connection.connect({ address }) });
    const database = openDatabase({ url: databaseUrl, defaultScope: 'service' });
    const startOurs = async () => {
      const port = await freePort();
      return await startScript('worker/main.ts', { DATABASE_URL: databaseUrl, TEMPORAL_ADDRESS: address, WORKER_PORT: String(port), MQTT_PORT: String(await freePort()), LOG_LEVEL: 'error' }, { port });
    };
    const bare: number[] = [];
    const ours: number[] = [];
    for (let n = 0; n < ROUNDS; n += 1) {
      const bareWorker = await startScript('bench/closure/bare-worker.ts', {}, { text: 'ready' }, [address]);
      await measure(() => oneBare(client), 2);
      bare.push(await measure(() => oneBare(client), seconds));
      await bareWorker.stop();

      const worker = await startOurs();
      await measure(() => oneOfOurs(client, database), 2, () => untilPackaged(database));
      ours.push(await measure(() => oneOfOurs(client, database), seconds, () => untilPackaged(database)));
      await worker.stop();
    }
    const { rows } = await database.pool.query<{ closed: number; transitions: number; notices: number }>(
      `SELECT (SELECT count(*)::int FROM hazard WHERE closed_at IS NOT NULL) AS closed, (SELECT count(*)::int FROM hazard_transition) AS transitions, (SELECT count(*)::int FROM notice) AS notices`,
    );
    await database.close();
    await client.connection.close();
    return {
      casesPerSecond: round2(mean(ours)), barePerSecond: round2(mean(bare)), ratio: round2(mean(ours) / mean(bare)), updatesPerSecond: round2(mean(ours) * UPDATES_PER_CASE),
      rounds: { ours: ours.map(round2), bare: bare.map(round2) }, casesAtOnce: AT_ONCE, recorded: rows[0],
    };
  } finally {
    await stopAll();
  }
};
