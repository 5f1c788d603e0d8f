/** The engine against the record, on a real engine: cases that run, and what somebody does to their workflows. */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { createEngineView } from '../../../activities/audit/engine-view.ts';
import { openEvidenceFiles } from '../../../activities/audit/files.ts';
import { verifyReportFile } from '../../../activities/audit/report.ts';
import { runSelfAudit } from '../../../activities/audit/run.ts';
import type { SelfAuditResult } from '../../../activities/self-audit.ts';
import { createSelfAuditActivities } from '../../../activities/self-audit.ts';
import type { Finding, InvariantId, SelfAuditReport } from '../../../domain/self-audit.ts';
import { openArchiveStore } from '../../../platform/archive-store.ts';
import { openSigningKey } from '../../../platform/signing-key.ts';
import type { LinkRow } from '../../../prisma/chain.ts';
import { rowRecord, TRANSITION_COLUMNS, transitionHash } from '../../../prisma/chain.ts';
import type { Database } from '../../../prisma/client.ts';
import { ensureSchedules } from '../../../worker/schedules.ts';
import { HAZARD_CLOSURE } from '../../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId, secondSupervisionId } from '../../../workflows/ids.ts';
import { SECOND_SUPERVISION } from '../../../workflows/second-supervision/messages.ts';
import { SELF_AUDIT_WORKFLOW } from '../../../workflows/self-audit/messages.ts';
import type { TestDatabase } from '../../db.ts';
import { createTestDatabase } from '../../db.ts';
import { startLocalEnv } from '../../engine.ts';
import type { Case } from '../../workflows/park.ts';
import { activitiesOf, bringTo, HOUR, openCase, PEOPLE, REJECT, seedPark, startWorker, TRIAGE } from '../../workflows/park.ts';
import { addFile } from './rich-park.ts';

type EngineId = Extract<InvariantId, `engine-${string}`>;
const ENGINE_IDS: EngineId[] = ['engine-open-case-runs', 'engine-closed-case-rests', 'engine-state-agrees', 'engine-supervision-agrees', 'engine-supervision-watched', 'engine-open-task-runs', 'engine-no-strays'];

let testDatabase: TestDatabase;
let database: Database;
let env: TestWorkflowEnvironment;
let client: Client;
let dataDir: string;
let stopWorker: (() => Promise<void>) | undefined;
let superuser: pg.Client;
const cases: Record<'dispatched' | 'supervised' | 'dismissed', Case> = {} as never;

/** What the relay would have delivered is delivered by hand here. */
const settle = (): Promise<unknown> => superuser.query('UPDATE outbox SET delivered_at = now() WHERE delivered_at IS NULL');

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-audit-'));
  await mkdir(join(dataDir, 'evidence'), { recursive: true });
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  superuser = new pg.Client({ connectionString: testDatabase.url });
  await superuser.connect();
  await superuser.query('SET session_replication_role = replica');
  await seedPark(database);
  env = await startLocalEnv();
  client = env.client;
  stopWorker = await startWorker(env.nativeConnection, { ...activitiesOf(database), ...createSelfAuditActivities({ database, client, dataDir }) });
  const open = (): Promise<Case> => openCase(client, database, Date.now());
  cases.dispatched = await open();
  await bringTo(cases.dispatched, 'dispatched');
  cases.supervised = await open();
  await bringTo(cases.supervised, 'submitted');
  await cases.supervised.act(PEOPLE.inspector, REJECT);
  cases.dismissed = await open();
  await cases.dismissed.until((c) => c.state === 'reported');
  await cases.dismissed.act(PEOPLE.office, { name: 'dismiss', reason: '非隐患' });
  await cases.dismissed.handle.result();
  // What the evidence of these cases names: a file whose hash is not that name.
  await superuser.query(`UPDATE evidence SET sha256 = $1`, [(await addFile(database, dataDir, 'a photo')).sha256]);
  await settle();
}, 120_000);
afterAll(async () => {
  await stopWorker?.();
  await env?.teardown();
  await superuser?.end();
  await testDatabase?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const audit = async (engine: Client | null = client): Promise<SelfAuditReport> =>
  await runSelfAudit({ reportId: randomUUID(), pool: database.pool, files: await openEvidenceFiles(dataDir), archive: openArchiveStore(dataDir), engine: engine && createEngineView(engine, 2_000), settleMs: 500, hashBytes: null, alive: () => {} });
const violated = ({ findings }: SelfAuditReport): Finding[] => findings.filter((f) => f.status === 'violated');

/** The list of workflows that the engine gives is some seconds behind. */
const listed = async (workflowId: string, running: boolean): Promise<void> => {
  for (let i = 0; i < 300; i++) {
    let found = false;
    for await (const { workflowId: id } of client.workflow.list({ query: `ExecutionStatus = 'Running'` })) found ||= id === workflowId;
    if (found === running) return;
    await delay(100);
  }
  throw new Error(`${workflowId} is not listed as ${running ? 'running' : 'ended'}`);
};
const terminate = async (workflowId: string): Promise<void> => {
  await client.workflow.getHandle(workflowId).terminate('test');
  await listed(workflowId, false);
};

test('cases at work agree with their workflows', async () => {
  await listed(hazardClosureId(cases.dispatched.hazardId), true);
  await listed(hazardClosureId(cases.dismissed.hazardId), false);
  const report = await audit();
  expect(violated(report)).toEqual([]);
  expect(report.findings.filter((f) => f.status === 'not_checked')).toEqual([]);
});

test('cases that are at work while they are looked at give no false alarm', async () => {
  const photo = await addFile(database, dataDir, 'a photo of what is being done');
  const evidence = [photo];
  let atWork = true;
  const work = Promise.all(
    Array.from({ length: 10 }, async () => {
      const found = await openCase(client, database, Date.now(), { report: { evidence } });
      await found.until((c) => c.state === 'reported');
      await found.act(PEOPLE.inspector, TRIAGE);
      await found.until((c) => c.state === 'dispatched');
      await found.act(PEOPLE.officer, { name: 'start' });
      for (let round = 0; round < 4; round++) {
        await found.act(PEOPLE.officer, { name: 'submit', note: '已更换', evidence });
        await found.act(PEOPLE.inspector, REJECT);
      }
    }),
  ).finally(() => {
    atWork = false;
  });
  let looks = 0;
  do {
    expect(violated(await audit())).toEqual([]);
    looks += 1;
  } while (atWork);
  await work;
  expect(violated(await audit())).toEqual([]);
  expect(looks).toBeGreaterThan(1);
}, 120_000);

describe('every disagreement is found, by the invariant that it violates and by no other', () => {
  /** Done, and undone after the look. */
  const PLANTS: Record<EngineId, () => Promise<{ record: string; undo: () => Promise<unknown> }>> = {
    'engine-state-agrees': async () => {
      const { hazardId } = cases.dispatched;
      // A forger who moves the case on the record, with a transition that the workflow knows nothing of.
      const { rows } = await superuser.query<{ seq: number }>('SELECT seq FROM hazard WHERE id = $1', [hazardId]);
      const seq = rows[0]!.seq + 1;
      await superuser.query(
        `INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, from_state, to_state, server_at, payload, dedupe_key, cycle, prev_hash)
         SELECT 'forged', tenant_id, hazard_id, $2::int, 'forged', 'supervise', to_state, to_state, server_at, '{}', hazard_id || '/' || $2::int, cycle, hash FROM hazard_transition WHERE hazard_id = $1 AND seq = $2::int - 1`, [hazardId, seq],
      );
      const { rows: [forged] } = await superuser.query<LinkRow>(`SELECT ${TRANSITION_COLUMNS} FROM hazard_transition WHERE id = 'forged'`);
      const hash = transitionHash(hazardId, rowRecord(forged!), forged!.prev_hash);
      await superuser.query(`UPDATE hazard_transition SET hash = $1 WHERE id = 'forged'`, [hash]);
      await superuser.query(`UPDATE hazard SET seq = $2, chain_head = $3, snapshot = jsonb_set(snapshot, '{seq}', to_jsonb($2::int)) WHERE id = $1`, [hazardId, seq, hash]);
      return {
        record: `hazard/${hazardId}`,
        undo: async () => {
          await superuser.query(`UPDATE hazard SET seq = $2, chain_head = $3, snapshot = jsonb_set(snapshot, '{seq}', to_jsonb($2::int)) WHERE id = $1`, [hazardId, seq - 1, forged!.prev_hash]);
          await superuser.query(`DELETE FROM hazard_transition WHERE id = 'forged'`);
        },
      };
    },
    'engine-no-strays': async () => {
      const hazardId = randomUUID();
      const handle = await client.workflow.start(HAZARD_CLOSURE, { workflowId: hazardClosureId(hazardId), taskQueue: CLOSURE_QUEUE, args: [{ hazardId, tenantId: 'ent-1' }] });
      await listed(handle.workflowId, true);
      return { record: `workflow/${handle.workflowId}`, undo: () => terminate(handle.workflowId) };
    },
    'engine-supervision-agrees': async () => {
      const { hazardId } = cases.dispatched;
      const handle = await client.workflow.start(SECOND_SUPERVISION, {
        workflowId: secondSupervisionId(hazardId, 1, 1), taskQueue: CLOSURE_QUEUE, args: [{ hazardId, tenantId: 'ent-1', level: 1, cause: 'overdue', openedAt: Date.now(), dueAt: Date.now() + HOUR, reminders: [] }],
      });
      await listed(handle.workflowId, true);
      return { record: `workflow/${handle.workflowId}`, undo: () => terminate(handle.workflowId) };
    },
    'engine-supervision-watched': async () => {
      const { hazardId } = cases.supervised;
      const workflowId = secondSupervisionId(hazardId, 1, 2);
      await terminate(workflowId);
      return {
        record: `hazard/${hazardId}/supervision/1/2`,
        undo: async () => {
          await client.workflow.start(SECOND_SUPERVISION, {
            workflowId, taskQueue: CLOSURE_QUEUE, args: [{ hazardId, tenantId: 'ent-1', level: 2, cause: 'rejected', openedAt: Date.now(), dueAt: Date.now() + HOUR, reminders: [] }],
          });
          await listed(workflowId, true);
        },
      };
    },
    'engine-open-task-runs': async () => {
      await superuser.query(`INSERT INTO task (id, tenant_id, kind, title_zh, title_en, detail, owner_org_id, created_at, due_at, dedupe_key)
        VALUES ('forgotten', 'ent-1', 'other', '任务', 'Task', '{}', 'ent-1', now() - interval '1 hour', now() + interval '1 hour', 'forgotten')`);
      return { record: 'task/forgotten', undo: () => superuser.query(`DELETE FROM task WHERE id = 'forgotten'`) };
    },
    'engine-closed-case-rests': async () => {
      const { hazardId } = cases.dismissed;
      await superuser.query(`UPDATE hazard SET updated_at = now() - interval '1 hour' WHERE id = $1`, [hazardId]);
      // Nobody tells it anything: it waits for ever.
      const handle = await client.workflow.start(HAZARD_CLOSURE, { workflowId: hazardClosureId(hazardId), taskQueue: CLOSURE_QUEUE, args: [{ hazardId, tenantId: 'ent-1' }] });
      await listed(handle.workflowId, true);
      return { record: `hazard/${hazardId}`, undo: () => terminate(handle.workflowId) };
    },
    'engine-open-case-runs': async () => {
      const { hazardId } = cases.dispatched;
      await terminate(hazardClosureId(hazardId));
      return { record: `hazard/${hazardId}`, undo: () => Promise.resolve() };
    },
  };

  test('there is a plant for each', () => expect(Object.keys(PLANTS).sort()).toEqual([...ENGINE_IDS].sort()));

  for (const [id, plant] of Object.entries(PLANTS)) {
    test(`[B-24] ${id}`, async () => {
      const { record, undo } = await plant();
      try {
        const found = violated(await audit());
        expect(found.map((f) => [f.id, f.records])).toEqual([[id, [record]]]);
      } finally {
        await undo();
      }
    }, 60_000);
  }
});

test('without the engine nothing is said of it, and it is never "ok"', async () => {
  const connection = Connection.lazy({ address: '127.0.0.1:9' });
  try {
    const { findings } = await audit(new Client({ connection }));
    expect(Object.fromEntries(findings.filter((f) => f.id.startsWith('engine-')).map((f) => [f.id, f.status]))).toEqual(Object.fromEntries(ENGINE_IDS.map((id) => [id, 'not_checked'])));
  } finally {
    await connection.close();
  }
}, 60_000);

test('the nightly run signs its report, puts it on the record once and makes what it found somebody\'s task', async () => {
  await ensureSchedules(client);
  await ensureSchedules(client);
  const schedule = await client.schedule.getHandle('self-audit').describe();
  expect(schedule.spec.timezone).toBe('Asia/Shanghai');
  // 02:30 in Shanghai is 18:30 UTC.
  expect(schedule.info.nextActionTimes[0]!.toISOString()).toMatch(/T18:30:00/);

  // The case whose workflow was terminated above is still without one.
  const result = await client.workflow.execute<() => Promise<SelfAuditResult>>(SELF_AUDIT_WORKFLOW, { workflowId: 'schedule/self-audit', taskQueue: CLOSURE_QUEUE });
  expect(result).toMatchObject({ outcome: 'violated', violated: 1 });
  const activities = createSelfAuditActivities({ database, client, dataDir });
  expect(await activities.auditPark({ reportId: result.reportId })).toEqual(result);

  const { rows } = await database.pool.query<{ outcome: string; report: SelfAuditReport; key_id: string; public_key: string; signature: string }>('SELECT * FROM audit_report');
  expect(rows).toHaveLength(1);
  const { report, key_id, public_key, signature } = rows[0]!;
  const text = JSON.stringify({ report, signature: { keyId: key_id, publicKey: public_key, value: signature } });
  const key = await openSigningKey(dataDir);
  expect(verifyReportFile(text, key.publicKey)).toMatchObject({ ok: true });
  expect(verifyReportFile(text.replace('engine-open-case-runs', 'engine-state-agrees'), key.publicKey)).toEqual({ ok: false, reason: 'altered' });
  await expect(database.pool.query(`UPDATE audit_report SET outcome = 'ok'`)).rejects.toThrow('append-only');

  // The next night finds the same: a task about it is open already.
  const next = await client.workflow.execute<() => Promise<SelfAuditResult>>(SELF_AUDIT_WORKFLOW, { workflowId: 'schedule/self-audit', taskQueue: CLOSURE_QUEUE });
  expect(next).toMatchObject({ outcome: 'violated', violated: 1 });
  expect(next.reportId).not.toBe(result.reportId);
  expect((await database.pool.query('SELECT kind, owner_org_id, detail FROM task')).rows).toMatchObject([{ kind: 'other', owner_org_id: 'park-admin', detail: { selfAudit: result.reportId, violated: [{ id: 'engine-open-case-runs', violations: 1 }] } }]);
  expect((await database.pool.query(`SELECT outcome, object FROM audit_event WHERE action = 'self_audit.run' ORDER BY at`)).rows).toEqual([result, next].map(({ reportId }) => ({ outcome: 'violated', object: `self-audit/${reportId}` })));
}, 60_000);
