/**
 * `npm run test:upgrade -- [--cases 200]`: cases in all states are open under the first version of the workflow; then its
 * worker is replaced by today's while people act, and all cases go on to their end. Then the same from today's version to one
 * with another build id. The real engine, its record on disk, the real database, the real activities. Nothing may be lost,
 * every history must replay, and the record must be what the domain says. Prints the counts; ends with 1 where anything is wrong.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import type { HazardCase, PersonCommand } from '../../domain/hazard.ts';
import { caseOf, isFinished } from '../../domain/hazard.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { verifyAllChains } from '../../prisma/chain.ts';
import type { Database } from '../../prisma/client.ts';
import type { WorkflowMessage } from '../../prisma/outbox.ts';
import { loadPolicyAt } from '../../prisma/policies.ts';
import { buildBundle } from '../../worker/build-bundle.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import { CLOSURE_QUEUE } from '../../workflows/ids.ts';
import { checkRecord } from '../chaos/oracle.ts';
import { randomOf } from '../chaos/random.ts';
import { inBatches, replayHistories } from '../chaos/verify.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import startPostgres from '../global-setup.ts';
import type { Case } from '../workflows/park.ts';
import { ACCEPT, activitiesOf, openCase, PEOPLE, photo, REJECT, reportAt, seedPark, SUBMIT, TRIAGE } from '../workflows/park.ts';
import { bundleOfVersion } from './old-version.ts';

const S = 1_000;

/** In force for all: long, but for the type of which every deadline runs out. */
const LATE: HazardType = 'fire_facility';
const POLICY: Partial<ParkPolicy> = {
  rectifyMs: { general: 3_600 * S, major: 7_200 * S, byType: { [LATE]: { general: 4 * S, major: 4 * S } } },
  supervisionMs: { 1: 4 * S, 2: 4 * S, 3: 4 * S },
  remindBeforeMs: [2 * S],
  lookBackMs: { general: [3 * S], major: [2 * S, 4 * S] },
  lookBackGraceMs: 60 * S,
  classCheckMs: null,
};

/** How far a case is when the worker is replaced. */
const STAGES = ['reported', 'joined', 'triaged', 'dispatched', 'returned', 'rectifying', 'submitted', 'rejected', 'major', 'overdue', 'supervised', 'exhausted'] as const;
type Stage = (typeof STAGES)[number];

interface Life { found: Case; stage: Stage; enterprise: 'ent-1' | 'ent-2'; officer: Actor; acted: { commandId: string; seq: number; command: string }[] }

export interface Counts { cases: number; byStage: Record<string, number>; openAtSwitch: number; actedDuringSwitch: number; ended: number; acts: number; transitions: number; replayed: number; chains: number; wrong: string[] }

const onSite = { evidence: [photo], site: { type: 'Point' as const, coordinates: [121, 31] as [number, number] } };

/** An act that is sent until it is answered, and its answer kept. */
const act = async (life: Life, actor: Actor, command: PersonCommand, commandId: string): Promise<HazardCase> => {
  const done = await life.found.act(actor, command, commandId);
  life.acted.push({ commandId, seq: done.transition.seq, command: command.name });
  return done.case;
};

const open = async (env: TestWorkflowEnvironment, database: Database, policy: ParkPolicy, n: number, first: boolean): Promise<Life> => {
  const stage = STAGES[n % STAGES.length]!;
  const enterprise = stage === 'triaged' || stage === 'returned' ? 'ent-2' : 'ent-1';
  const officer = enterprise === 'ent-2' ? PEOPLE.colleague : PEOPLE.officer;
  const isLate = ['overdue', 'supervised', 'exhausted'].includes(stage);
  const found = await openCase(env.client, database, Date.now(), { tenantId: enterprise, policy, report: isLate ? { type: LATE } : {} });
  const life: Life = { found, stage, enterprise, officer, acted: [] };
  const until = (what: (c: HazardCase) => boolean): Promise<HazardCase> => found.until(what, 120_000);
  const key = (name: string): string => `${n}-${name}`;
  await until((c) => c.state === 'reported');
  if (stage === 'reported') return life;
  if (stage === 'joined') {
    await found.report({ ...reportAt(Date.now()), reportId: key('again') });
    return life;
  }
  await act(life, PEOPLE.inspector, stage === 'major' ? { ...TRIAGE, grade: 'major' } : TRIAGE, key('triage'));
  if (enterprise === 'ent-2') {
    await until((c) => c.needsOwner);
    if (stage === 'triaged') return life;
    await act(life, PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague' }, key('dispatch'));
    await act(life, PEOPLE.colleague, { name: 'returnDispatch', reason: '设备已移交' }, key('return'));
    return life;
  }
  await until((c) => c.state === 'dispatched');
  if (stage === 'dispatched') return life;
  if (isLate) {
    await until((c) => (stage === 'overdue' ? c.overdue : stage === 'supervised' ? c.supervision >= 2 : c.supervisionExhausted));
    return life;
  }
  await act(life, officer, { name: 'start' }, key('start'));
  if (stage === 'rectifying') return life;
  // The first version knew no plan and asked for none.
  if (stage === 'major' && !first) await act(life, officer, { name: 'plan', interimMeasures: '停用', measures: '更换', costYuan: 1_000 }, key('plan'));
  await act(life, officer, SUBMIT, key('submit'));
  if (stage === 'rejected') await act(life, PEOPLE.inspector, REJECT, key('reject'));
  return life;
};

/** What the first version does not know is refused by its worker. */
const mayBe = (acting: Promise<HazardCase>): Promise<HazardCase | null> =>
  acting.catch((error: unknown) => {
    if (error instanceof WorkflowUpdateFailedError) return null;
    throw error;
  });

/** Brings a case from wherever it is to its end. */
const end = async (life: Life, n: number): Promise<void> => {
  const { found, officer } = life;
  const random = randomOf(1, `end ${n}`);
  let steps = 0;
  const key = (name: string): string => `${n}-end-${steps}-${name}`;
  for (const limit = performance.now() + 300_000; performance.now() < limit; steps += 1) {
    const known = await found.state().catch(() => null);
    if (!known) {
      await sleep(200);
      continue;
    }
    const c = caseOf(known);
    if (isFinished(c)) return;
    switch (c.state) {
      case 'reported':
        await act(life, PEOPLE.inspector, TRIAGE, key('triage'));
        break;
      case 'triaged':
        if (c.needsOwner) await act(life, PEOPLE.inspector, { name: 'dispatch', responsibleId: officer.personId }, key('dispatch'));
        else await sleep(100);
        break;
      case 'dispatched':
        await act(life, officer, { name: 'start' }, key('start'));
        break;
      case 'rectifying':
        if (c.grade === 'major' && !c.planned) await mayBe(act(life, officer, { name: 'plan', interimMeasures: '停用', measures: '更换', costYuan: 1_000 }, key('plan')));
        // What the first version did not know is for its cases too.
        if (c.items.length === 1 && random.next() < 0.3) await mayBe(act(life, PEOPLE.office, { name: 'split', reason: '分项', items: [{ itemId: 'a', title: '换阀', dueAt: null }, { itemId: 'b', title: '补漆', dueAt: null }] }, key('split')));
        if (!c.overdue && c.supervision === 0 && !c.extension && c.extensions === 0 && random.next() < 0.3) {
          const asked = await mayBe(act(life, officer, { name: 'requestExtension', dueAt: c.dueAt! + 600 * S, reason: '备件未到' }, key('ask')));
          if (asked?.extension) await act(life, PEOPLE.admin, { name: 'decideExtension', granted: true, reason: '同意' }, key('decide'));
        }
        await act(life, officer, SUBMIT, key('submit'));
        break;
      case 'submitted':
        if (c.grade === 'major' && c.signatures.length === 0) await mayBe(act(life, PEOPLE.office, { name: 'sign', note: '同意', ...onSite }, key('sign')));
        await act(life, PEOPLE.inspector, c.grade === 'major' ? { ...ACCEPT, ...onSite } : ACCEPT, key('accept'));
        break;
      case 'archived': {
        const due = c.lookBacks.find((l) => l.state === 'due');
        if (due) await act(life, PEOPLE.inspector, { name: 'lookBack', n: due.n, passed: true, note: '未见反弹', evidence: [photo] }, key('look-back'));
        else await sleep(500);
        break;
      }
      default:
        throw new Error(`${found.hazardId} is ${c.state}`);
    }
  }
  throw new Error(`${found.hazardId} did not come to its end: ${JSON.stringify(await found.state())}`);
};

/** One replacement of a worker, from an empty database to the end of all its cases. */
export const upgrade = async (from: { codePath: string; buildId?: string }, to: { codePath: string; buildId?: string }, cases: number, first: boolean, print: (line: string) => void): Promise<Counts> => {
  const folder = mkdtempSync(join(tmpdir(), 'parkwarden-upgrade-'));
  const testDatabase = await createTestDatabase();
  const database = testDatabase.open();
  const wrong: string[] = [];
  await seedPark(database);
  await database.pool.query("INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('upgrade', 'park', '2000-01-01', $1)", [POLICY]);
  const policy = await loadPolicyAt(database.pool, Date.now());
  const env = await startLocalEnv({ dbFilename: join(folder, 'engine.db'), extraArgs: ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal', '--log-level', 'never'] });
  const activities = activitiesOf(database);
  const start = async (bundle: { codePath: string; buildId?: string }): Promise<() => Promise<void>> => {
    const worker = await Worker.create({
      connection: env.nativeConnection, taskQueue: CLOSURE_QUEUE, workflowBundle: { codePath: bundle.codePath }, activities, maxCachedWorkflows: 150, shutdownGraceTime: '5 seconds', stickyQueueScheduleToStartTimeout: '2 seconds',
      ...(bundle.buildId === undefined ? {} : { buildId: bundle.buildId }),
    });
    const ended = worker.run();
    return async () => {
      worker.shutdown();
      await ended;
    };
  };
  let stop = await start(from);
  const receive = createWorkflowReceiver(env.client, database);
  let over = false;
  // What cases tell each other; reports were delivered when they were made, and a second delivery changes nothing.
  const relay = (async () => {
    while (!over) {
      const { rows } = await database.pool.query<{ id: string; payload: WorkflowMessage }>("SELECT id, payload FROM outbox WHERE topic = 'workflow' AND delivered_at IS NULL ORDER BY id LIMIT 20");
      for (const { id, payload } of rows) {
        if (await receive(payload).then(() => true, () => false)) await database.pool.query('UPDATE outbox SET delivered_at = now() WHERE id = $1', [id]);
      }
      await sleep(rows.length > 0 ? 20 : 300);
    }
  })();
  try {
    const lives: Life[] = [];
    await inBatches(Array.from({ length: cases }, (_, n) => n), 12, async (n) => {
      await open(env, database, policy, n, first).then((life) => lives.push(life), (error: Error) => wrong.push(`${STAGES[n % STAGES.length]} was not reached: ${error.message}`));
    });
    const states = (await database.pool.query<{ state: string; n: number }>('SELECT state, count(*)::int AS n FROM hazard WHERE closed_at IS NULL GROUP BY 1 ORDER BY 1')).rows;
    const openAtSwitch = states.reduce((sum, s) => sum + s.n, 0);
    print(`${openAtSwitch} cases are open: ${states.map((s) => `${s.state} ${s.n}`).join(', ')}`);

    const acts = (): number => lives.reduce((sum, life) => sum + life.acted.length, 0);
    const before = acts();
    const working = inBatches(lives.map((life, n) => ({ life, n })), 12, ({ life, n }) => end(life, n).catch((error: Error) => { wrong.push(`${life.stage}: ${error.message}`); }));
    // In the midst of the work.
    for (const limit = performance.now() + 30_000; acts() < before + cases / 4 && performance.now() < limit;) await sleep(20);
    await stop();
    const firstUntil = Date.now();
    const during = acts();
    // Nobody is there for a moment; people go on all the same.
    await sleep(1_000);
    stop = await start(to);
    print(`the worker is replaced; ${during - before} acts were answered by the old one meanwhile`);
    await working;
    const actedDuringSwitch = during - before;
    for (const limit = performance.now() + 60_000; performance.now() < limit; await sleep(500)) {
      const { rows } = await database.pool.query<{ n: number }>("SELECT count(*)::int AS n FROM outbox WHERE topic = 'workflow' AND delivered_at IS NULL");
      if (rows[0]!.n === 0) break;
    }
    await sleep(2_000);

    // Nothing is lost: every answered act is on record where it was said to be.
    const { rows: recorded } = await database.pool.query<{ hazard_id: string; seq: number; command: string; command_id: string }>('SELECT hazard_id, seq, command, command_id FROM hazard_transition WHERE seq IS NOT NULL');
    const known = new Set(recorded.map((r) => `${r.hazard_id}/${r.seq}/${r.command}/${r.command_id}`));
    for (const { found, acted } of lives) for (const a of acted) if (!known.has(`${found.hazardId}/${a.seq}/${a.command}/${a.commandId}`)) wrong.push(`${found.hazardId}/${a.seq} ${a.command} was answered and is not on record`);
    const client = await database.pool.connect();
    let chains: number;
    try {
      const noLookBacks = { general: [], major: [], byType: {} };
      const oracle = await checkRecord(client, { offices: { emergency_office: ['park-office'], park_admin: ['park-admin'] }, ...(first ? { firstUntil } : {}), policyFor: (p) => (first ? { ...p, lookBackMs: noLookBacks } : p) });
      wrong.push(...oracle.faults);
      chains = (await verifyAllChains(client, (p) => { wrong.push(`chain of ${p.hazardId}: ${p.record} ${p.what}`); })).cases;
    } finally {
      client.release();
    }
    const running: string[] = [];
    for await (const w of env.client.workflow.list({ query: "ExecutionStatus = 'Running'" })) running.push(w.workflowId);
    for (const id of running) wrong.push(`${id} is still running`);
    for await (const w of env.client.workflow.list({ query: "ExecutionStatus = 'Failed' OR ExecutionStatus = 'Terminated' OR ExecutionStatus = 'TimedOut'" })) wrong.push(`${w.workflowId} is ${w.status.name}`);
    const replayed = await replayHistories(env.client, 'WorkflowType != "none"', Infinity, wrong);
    const { rows: ended } = await database.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM hazard WHERE closed_at IS NOT NULL');
    return { cases, byStage: Object.fromEntries(states.map((s) => [s.state, s.n])), openAtSwitch, actedDuringSwitch, ended: ended[0]!.n, acts: acts(), transitions: recorded.length, replayed, chains, wrong };
  } finally {
    over = true;
    await relay.catch(() => {});
    await stop();
    await env.teardown();
    await testDatabase.drop();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** 1: the first version is replaced; 2: the version of today, by another build of it. */
const half = async (which: 1 | 2, cases: number): Promise<boolean> => {
  await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'parkwarden-next-'));
  try {
    const today = { ...(await buildBundle()), buildId: 'today' };
    const next = { codePath: join(folder, 'workflows.js'), buildId: 'next' };
    await writeFile(next.codePath, `${await readFile(today.codePath, 'utf8')}\n// the next build\n`);
    console.log(which === 1 ? 'first version → today:' : 'today → next build:');
    const [from, to] = which === 1 ? [await bundleOfVersion(1), today] : [today, next];
    const { wrong, ...counts } = await upgrade(from, to, cases, which === 1, (line) => console.log(`  ${line}`));
    console.log(JSON.stringify({ ...counts, wrong: wrong.length }, null, 1));
    for (const w of wrong.slice(0, 40)) console.log(`WRONG ${w.slice(0, 1_500)}`);
    return wrong.length === 0 && counts.openAtSwitch === cases && counts.ended === cases;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await globalThis.stopTestPostgres?.();
  }
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { cases: { type: 'string', default: '200' }, half: { type: 'string' } } });
  if (values.half !== undefined) process.exit((await half(values.half === '1' ? 1 : 2, Number(values.cases))) ? 0 : 1);
  // Each in a process of its own: what one has left behind does not meet the other.
  for (const which of ['1', '2']) {
    const code = await new Promise<number | null>((resolve) => spawn(process.execPath, [import.meta.filename, '--half', which, '--cases', values.cases], { stdio: 'inherit' }).once('exit', resolve));
    if (code !== 0) process.exitCode = 1;
  }
}
