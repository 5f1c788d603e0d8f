/**
 * `npm run test:growth -- [--events 60000] [--at-once 16]`: one case is told of so many sensor events, by the real engine
 * with its record on disk, the real worker and the real database. The case must go on over many runs, lose none, take none
 * twice, and close like any other. Prints a table; ends with 1 where anything is wrong.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { verifyChain } from '../../prisma/chain.ts';
import { HAZARD_CLOSURE, hazardReportSignal } from '../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId } from '../../workflows/ids.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import startPostgres from '../global-setup.ts';
import { ACCEPT, activitiesOf, openCase, PEOPLE, reportAt, seedPark, startWorker, SUBMIT, TRIAGE } from '../workflows/park.ts';

const { values } = parseArgs({ options: { events: { type: 'string', default: '60000' }, 'at-once': { type: 'string', default: '16' } } });
const EVENTS = Number(values.events);
const AT_ONCE = Number(values['at-once']);
/** Every so many-th event is sent a second time, as after a lost answer. */
const REPEAT_EVERY = 50;

await startPostgres();
const folder = mkdtempSync(join(tmpdir(), 'parkwarden-growth-'));
const testDatabase = await createTestDatabase();
const database = testDatabase.open();
await seedPark(database);
const env = await startLocalEnv({ dbFilename: join(folder, 'engine.db'), extraArgs: ['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'] });
const stop = await startWorker(env.nativeConnection, activitiesOf(database));
const wrong: string[] = [];
try {
  const found = await openCase(env.client, database, Date.now());
  await found.until((c) => c.state === 'reported');
  const start = performance.now();
  let sent = 0;
  // As the relay does: what the engine does not take now is sent again.
  const tell = async (reportId: string): Promise<void> => {
    for (let wait = 100; ; wait = Math.min(2 * wait, 2_000)) {
      try {
        return await signal(reportId);
      } catch {
        refusedByEngine += 1;
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  };
  let refusedByEngine = 0;
  const signal = async (reportId: string): Promise<void> => {
    await env.client.workflow.signalWithStart(HAZARD_CLOSURE, {
      workflowId: hazardClosureId(found.hazardId), taskQueue: CLOSURE_QUEUE, args: [{ hazardId: found.hazardId, tenantId: 'ent-1' }], signal: hazardReportSignal,
      signalArgs: [{ ...reportAt(Date.now(), { origin: 'sensor', reporterId: null, evidence: [{ detail: { value: 21.4 } }] }), reportId }],
    });
  };
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (sent < EVENTS) {
        sent += 1;
        const again = sent % REPEAT_EVERY === 0;
        const reportId = randomUUID();
        await tell(reportId);
        if (again) await tell(reportId);
      }
    }),
  );
  const sentS = (performance.now() - start) / 1_000;
  await found.until((c) => c.reportCount === EVENTS + 1, 600_000);
  const takenS = (performance.now() - start) / 1_000;
  await found.act(PEOPLE.inspector, TRIAGE);
  await found.until((c) => c.state === 'dispatched');
  await found.act(PEOPLE.officer, { name: 'start' });
  await found.act(PEOPLE.officer, SUBMIT);
  await found.act(PEOPLE.inspector, ACCEPT);
  const end = await found.closed();

  const { rows } = await database.pool.query<{ evidence: number; transitions: number; most: number; gaps: number; snapshot: number }>(
    `SELECT (SELECT count(*)::int FROM evidence WHERE hazard_id = $1 AND purpose = 'sensor') AS evidence, count(*)::int AS transitions, max(seq) AS most, (max(seq) - count(*))::int AS gaps,
       (SELECT length(snapshot::text) FROM hazard WHERE id = $1) AS snapshot FROM hazard_transition WHERE hazard_id = $1 AND seq IS NOT NULL`, [found.hazardId],
  );
  const record = rows[0]!;
  const runs: number[] = [];
  for await (const run of env.client.workflow.list({ query: `WorkflowId = "${hazardClosureId(found.hazardId)}"` })) runs.push(run.historyLength);
  const chain = await database.pgTransaction({ scope: 'service' }, (client) => verifyChain(client, found.hazardId));
  if (end.reportCount !== EVENTS + 1) wrong.push(`reports ${end.reportCount}, sent ${EVENTS + 1}`);
  if (record.evidence !== EVENTS) wrong.push(`evidence ${record.evidence}, sent ${EVENTS}`);
  if (record.gaps !== 0) wrong.push(`${record.gaps} transitions are missing`);
  if (chain !== null) wrong.push(`chain: ${JSON.stringify(chain)}`);
  if (runs.length < 2) wrong.push('the life did not go on as a new run');
  console.log(JSON.stringify({
    events: EVENTS, sentTwice: Math.floor(EVENTS / REPEAT_EVERY), refusedByEngine, reports: end.reportCount, transitions: record.transitions, runs: runs.length, longestRunEvents: Math.max(...runs), snapshotBytes: record.snapshot,
    sentSeconds: Math.round(sentS), takenSeconds: Math.round(takenS), wrong,
  }, null, 1));
} finally {
  await stop();
  await env.teardown();
  await testDatabase.drop();
  await globalThis.stopTestPostgres?.();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(wrong.length > 0 ? 1 : 0);
