import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { compileFlows, FLOW_WATCH, takeToken } from '../../domain/flows.ts';
import type { FlowNode } from '../../domain/flows.ts';
import { advanceCursor, deployFlows, flowsInForce, getFlowVersion, listFlowVersions, loadFlowRegistry, readCursor, reportFlowFault, rollbackFlows } from '../../prisma/flow-store.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Database } from '../../prisma/client.ts';
import { node, seed, TAB, thresholdFlow } from './harness.ts';

const service = { scope: 'service' } as const;
let db: TestDatabase;
let database: Database;

beforeAll(async () => {
  db = await createTestDatabase();
  database = db.open();
  await seed(database.pool);
});
beforeEach(async () => {
  // As the owner, without the guard: each test begins with an empty record of flows.
  const admin = new pg.Client({ connectionString: db.url });
  await admin.connect();
  await admin.query('ALTER TABLE flow_version DISABLE TRIGGER ALL; ALTER TABLE audit_event DISABLE TRIGGER ALL; DELETE FROM flow_version; DELETE FROM rule_version; DELETE FROM audit_event; DELETE FROM event_cursor; ALTER TABLE flow_version ENABLE TRIGGER ALL; ALTER TABLE audit_event ENABLE TRIGGER ALL');
  await admin.end();
});
afterAll(() => db.drop());

const deploy = async (flows: unknown[], author: { personId: string } | null = null) => {
  const result = await database.pgTransaction(service, (client) => deployFlows(client, { flows, author }));
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};
const rules = async () =>
  (await database.pool.query<{ rule_id: string; version: number; flow_version: number; active: boolean }>('SELECT rule_id, version, flow_version, active_to IS NULL AS active FROM rule_version ORDER BY rule_id, version')).rows;
const two = (limit: number): FlowNode[] => [...thresholdFlow({ limit }), node('su1', 'pw-sustained', { sensorId: 's-t', direction: 'above', limit: '45', durationS: '600', gapPolicy: 'reset' }, [[], []])];

describe('deploying', () => {
  test('an equal rule keeps its version over deploys, a changed one gets the next, one that vanished ends', async () => {
    const first = await deploy(two(240));
    const second = await deploy(two(230));
    const third = await deploy(two(230).slice(0, 3));
    expect(await rules()).toEqual([
      { rule_id: 'flow:su1:s-t', version: 1, flow_version: first.version, active: false },
      { rule_id: 'flow:thr1:s-p', version: 1, flow_version: first.version, active: false },
      { rule_id: 'flow:thr1:s-p', version: 2, flow_version: second.version, active: true },
    ]);
    expect([first.rules, second.rules, third.rules]).toEqual([2, 2, 1]);
    expect(third.version).toBeGreaterThan(second.version);
  });

  test('the same content again is no new version; written in another order it is still the same', async () => {
    const first = await deploy(thresholdFlow());
    const reordered = thresholdFlow().map((n) => Object.fromEntries(Object.entries(n).reverse()));
    expect(await deploy(reordered)).toMatchObject({ version: first.version, unchanged: true });
    expect(await listFlowVersions(database.pool, 10)).toHaveLength(1);
  });

  test('a rollback is a new version with the old content, its rules and its origin', async () => {
    const first = await deploy(thresholdFlow({ limit: 240 }), { personId: 'p-owner' });
    await deploy([TAB]);
    expect((await rules()).filter((r) => r.active)).toEqual([]);
    const back = await database.pgTransaction(service, (client) => rollbackFlows(client, { version: first.version, author: { personId: 'p-owner' }, note: 'too quiet' }));
    expect(back).toMatchObject({ ok: true, value: { sha256: first.sha256, unchanged: false } });
    const [newest] = await listFlowVersions(database.pool, 10);
    expect(newest).toMatchObject({ rollbackOf: first.version, note: 'too quiet', authorId: 'p-owner' });
    expect(await getFlowVersion(database.pool, newest!.version)).toMatchObject({ flows: thresholdFlow({ limit: 240 }), rules: [{ ruleId: 'flow:thr1:s-p', version: 2, spec: { limit: 240 } }] });
    expect(await getFlowVersion(database.pool, first.version)).toMatchObject({ rules: [{ version: 1 }] });
    const unknown = await database.pgTransaction(service, (client) => rollbackFlows(client, { version: 4_711, author: null }));
    expect(unknown).toMatchObject({ ok: false, refusal: { code: 'flow.version_unknown' } });
  });

  test('ingest hears of it when it is committed, and the record says who did it', async () => {
    const listener = new pg.Client({ connectionString: db.url });
    await listener.connect();
    await listener.query('LISTEN pw_rules');
    const heard = new Promise<string>((resolve) => listener.once('notification', (n) => resolve(n.channel)));
    const deployed = await deploy(thresholdFlow(), { personId: 'p-owner' });
    expect(await heard).toBe('pw_rules');
    await listener.end();
    const { rows } = await database.pool.query('SELECT actor_id, action, object, outcome FROM audit_event');
    expect(rows).toEqual([{ actor_id: 'p-owner', action: 'flow.deploy', object: `flow/${deployed.version}`, outcome: 'ok' }]);
  });

  test('twenty at once are twenty versions, and the rules are those of the last', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => deploy(thresholdFlow({ limit: 200 + i }))));
    const current = await flowsInForce(database.pool);
    const active = await database.pool.query<{ spec: { limit: number } }>('SELECT spec FROM rule_version WHERE active_to IS NULL');
    expect(active.rows.map((r) => r.spec.limit)).toEqual([current!.flows.find((n) => n.id === 'thr1')!.limit]);
    expect(await listFlowVersions(database.pool, 100)).toHaveLength(20);
  });
});

test('what a flow means as rules: seconds become milliseconds, text numbers, disabled nodes and tabs nothing', async () => {
  const registry = await loadFlowRegistry(database.pool);
  const flows = two(250);
  expect(compileFlows(flows, registry)).toEqual([
    { ruleId: 'flow:thr1:s-p', sensorId: 's-p', assetId: 'a-3', tenantId: 'ent-1', unit: 'kPa', statutory: true, kind: 'threshold', level: 'HH', limit: 250, hysteresis: 5, onDelayMs: 0, offDelayMs: 0 },
    { ruleId: 'flow:su1:s-t', sensorId: 's-t', assetId: 'a-3', tenantId: 'ent-1', unit: '°C', statutory: false, kind: 'sustained', direction: 'above', limit: 45, durationMs: 600_000, maxGapMs: 10_000, gapPolicy: 'reset' },
  ]);
  expect(compileFlows(flows.map((n) => (n.id === 'thr1' ? { ...n, d: true } : n)), registry).map((r) => r.ruleId)).toEqual(['flow:su1:s-t']);
  expect(compileFlows(flows.map((n) => (n.type === 'tab' ? { ...n, disabled: true } : n)), registry)).toEqual([]);
});

test('the cursor goes forward only, by number and not by text', async () => {
  await advanceCursor(database.pool, 'flows', { tx: '99', id: '7' });
  await advanceCursor(database.pool, 'flows', { tx: '100', id: '3' });
  await advanceCursor(database.pool, 'flows', { tx: '99', id: '900' });
  expect(await readCursor(database.pool, 'flows')).toEqual({ tx: '100', id: '3' });
  expect(await readCursor(database.pool, 'other')).toEqual({ tx: '0', id: '0' });
});

test('a version that had to be killed too often goes out of service, with its rules; an old one does not', async () => {
  const good = await deploy(thresholdFlow({ limit: 240 }));
  const bad = await deploy(thresholdFlow({ limit: 230 }));
  const fault = (version: number) => database.pgTransaction(service, (client) => reportFlowFault(client, version, 'silent'));
  for (let kill = 1; kill < FLOW_WATCH.quarantineAfter; kill += 1) expect(await fault(bad.version)).toEqual({ quarantined: false, inForce: bad.version });
  expect(await fault(good.version)).toEqual({ quarantined: false, inForce: bad.version });
  expect(await fault(bad.version)).toEqual({ quarantined: true, inForce: good.version });
  const { rows } = await database.pool.query('SELECT spec FROM rule_version WHERE active_to IS NULL');
  expect(rows).toEqual([{ spec: expect.objectContaining({ limit: 240 }) }]);
  expect(await flowsInForce(database.pool)).toMatchObject({ version: good.version });
});

test('a token bucket gives its burst, then one after the time of one', () => {
  const rate = { burst: 2, perS: 10 };
  const a = takeToken(undefined, rate, 0);
  const b = takeToken(a.bucket, rate, 0);
  const c = takeToken(b.bucket, rate, 0);
  expect([a.waitMs, b.waitMs, c.waitMs]).toEqual([0, 0, 100]);
  expect(takeToken(c.bucket, rate, 50).waitMs).toBe(50);
  expect(takeToken(c.bucket, rate, 100).waitMs).toBe(0);
  expect(takeToken({ tokens: 0, at: 500 }, rate, 0).waitMs).toBe(100);
});
