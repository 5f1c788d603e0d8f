import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { Broker } from '../../ingest/broker/broker.ts';
import { startBroker } from '../../ingest/broker/broker.ts';
import { createMetrics } from '../../ingest/metrics.ts';
import { createPipeline } from '../../ingest/pipeline.ts';
import { loadRuleBook } from '../../ingest/rule-book.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Ingest, TestGateway } from './world.ts';
import { connectGateway, GATEWAY_SECRET, pressure, quiet, seedPark, seqsOf, SERVICE_PASSWORD, startIngest, until } from './world.ts';

let database: TestDatabase;
let db: Database;
let broker: Broker;
let ingest: Ingest;
let gateway: TestGateway;

beforeEach(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedPark(db);
  broker = await startBroker({ port: 0, servicePassword: SERVICE_PASSWORD, gatewaySecret: GATEWAY_SECRET, log: quiet });
  ingest = await startIngest(database, broker.port);
  gateway = await connectGateway(broker.port);
});
afterEach(async () => {
  await gateway.end();
  await ingest.stop();
  await broker.close();
  await database.drop();
});

const rows = async <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> => (await db.pool.query<T>(sql, values)).rows;
const count = async (table: string): Promise<number> => Number((await rows<{ n: string }>(`SELECT count(*) AS n FROM ${table}`))[0]!.n);
const receipted = (seq: number): Promise<boolean> => until(`receipt of ${seq}`, () => seqsOf(gateway.receipts).has(seq));

describe('storing', () => {
  test('a reading is stored with its latest value, and the gateway gets a receipt after the commit', async () => {
    await gateway.send(pressure(0, 42.5));
    await receipted(0);
    expect(await rows('SELECT tenant_id, sensor_id, value, quality, late, seq FROM telemetry.reading')).toEqual([{ tenant_id: 'ent-1', sensor_id: 's-p', value: 42.5, quality: 'GOOD', late: false, seq: '0' }]);
    expect(await rows('SELECT sensor_id, value, quality FROM telemetry.latest')).toEqual([{ sensor_id: 's-p', value: 42.5, quality: 'GOOD' }]);
    expect(gateway.receipts[0]).toMatchObject({ boot: 'boot-1', seq: 0, stored: [[0, 0]], quarantined: [] });
  });

  test('what is stored is acknowledged to the broker too: a restart is delivered nothing again', async () => {
    for (let seq = 0; seq < 5; seq++) await gateway.send(pressure(seq, 1));
    await receipted(4);
    await ingest.stop();
    ingest = await startIngest(database, broker.port);
    await gateway.send(pressure(5, 1));
    await receipted(5);
    expect((await ingest.metrics.duplicates.get()).values[0]!.value).toBe(0);
  });

  test('broker and client speak MQTT 5; a gateway with 3.1.1 is served too', async () => {
    expect(gateway.client.options.protocolVersion).toBe(5);
    const old = await connectGateway(broker.port, 'gw-2', 4);
    await old.send({ boot: 'b', seq: 0, at: Date.now(), points: [{ point: 'p', value: 1, unit: 'kPa' }] });
    await until('receipt', () => old.receipts.length > 0);
    await old.end();
  });

  test('a message that comes three times is counted, receipted again and has one effect', async () => {
    const message = pressure(0, 150);
    await gateway.send(message);
    await receipted(0);
    await gateway.send(message);
    await gateway.send(message);
    await until('both counted', async () => (await ingest.metrics.duplicates.get()).values[0]!.value === 2);
    await until('receipted again', () => gateway.receipts.length >= 2);
    expect(await count('telemetry.reading')).toBe(1);
    expect(await count('sensor_event')).toBe(2);
    expect(await count('alarm')).toBe(2);
  });

  test('the receipt names the highest number without a gap; a gap that closes moves it on', async () => {
    await gateway.send(pressure(1, 1));
    await receipted(1);
    expect(gateway.receipts.at(-1)).toMatchObject({ seq: null, stored: [[1, 1]] });
    await gateway.send(pressure(2, 1));
    await receipted(2);
    await gateway.send(pressure(5, 1));
    await receipted(5);
    await gateway.send(pressure(0, 1));
    await receipted(0);
    expect(gateway.receipts.at(-1)).toMatchObject({ seq: 2, stored: [[0, 0]] });
    await gateway.send(pressure(3, 1));
    await gateway.send(pressure(4, 1));
    await receipted(4);
    expect(gateway.receipts.at(-1)).toMatchObject({ seq: 5 });
  });

  test('a new boot counts anew; late packets of the old one still find their row', async () => {
    await gateway.send(pressure(0, 1));
    await gateway.send(pressure(1, 1));
    await gateway.send(pressure(0, 2, { boot: 'boot-2' }));
    await until('receipts of both boots', () => gateway.receipts.some((r) => r.boot === 'boot-2') && seqsOf(gateway.receipts).has(1));
    await gateway.send(pressure(1, 1));
    await until('receipt of the late packet', () => gateway.receipts.filter((r) => r.boot === 'boot-1' && r.stored.some(([a, b]) => a <= 1 && b >= 1)).length >= 2);
    expect(await rows('SELECT boot, contiguous FROM telemetry.boot ORDER BY id')).toEqual([{ boot: 'boot-1', contiguous: '1' }, { boot: 'boot-2', contiguous: '0' }]);
    expect(await count('telemetry.reading')).toBe(3);
  });

  test.each<[string, number | string]>([
    ['1 h ahead', Date.now() + 3_600_000],
    ['1 day behind', Date.now() - 86_400_000],
    ['1970', '1970-01-01T00:00:10Z'],
    ['2099', '2099-01-01T00:00:00+08:00'],
  ])('a clock %s: both times are stored, event time is the receive time', async (_name, at) => {
    const before = Date.now();
    await gateway.send(pressure(0, 150, { at }));
    await receipted(0);
    const [reading] = await rows<{ at: Date; device_at: Date; received_at: Date; quality: string }>('SELECT at, device_at, received_at, quality FROM telemetry.reading');
    expect(reading).toMatchObject({ quality: 'CLOCK_SUSPECT', device_at: new Date(at) });
    expect(reading!.at).toEqual(reading!.received_at);
    expect(reading!.at.getTime()).toBeGreaterThanOrEqual(before);
    expect((await rows<{ at: Date }>('SELECT DISTINCT at FROM sensor_event'))[0]!.at).toEqual(reading!.at);
    expect(await rows('SELECT clock_suspect FROM telemetry.gateway_state')).toEqual([{ clock_suspect: true }]);
  });

  test('readings kept while the line was down keep their time; those older than the newest are late and raise nothing', async () => {
    const now = Date.now();
    await gateway.send(pressure(0, 50, { at: now - 3_600_000, sentAt: now }));
    await gateway.send(pressure(1, 60, { at: now, sentAt: now }));
    await receipted(1);
    await gateway.send(pressure(2, 150, { at: now - 1_800_000, sentAt: now }));
    await receipted(2);
    expect(await rows('SELECT value, late, quality, at FROM telemetry.reading ORDER BY seq')).toEqual([
      { value: 50, late: false, quality: 'GOOD', at: new Date(now - 3_600_000) },
      { value: 60, late: false, quality: 'GOOD', at: new Date(now) },
      { value: 150, late: true, quality: 'GOOD', at: new Date(now - 1_800_000) },
    ]);
    expect(await rows('SELECT value FROM telemetry.latest')).toEqual([{ value: 60 }]);
    expect(await count('alarm')).toBe(0);
  });

  test('a message that the database refuses goes to quarantine and holds up nobody', async () => {
    // Every rule of the tables is checked before, so the test brings its own.
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('ALTER TABLE telemetry.reading ADD CHECK (value <> 666)');
    await client.end();
    await Promise.all([0, 1, 2, 3, 4].map((seq) => gateway.send(pressure(seq, seq === 2 ? 666 : seq))));
    await receipted(4);
    await receipted(0);
    await until('quarantine', async () => (await count('telemetry.quarantine')) === 1);
    expect(await rows('SELECT reason, detail FROM telemetry.quarantine')).toEqual([{ reason: 'store.failed', detail: { code: '23514' } }]);
    expect((await rows<{ value: number }>('SELECT value FROM telemetry.reading ORDER BY value')).map((r) => r.value)).toEqual([0, 1, 3, 4]);
  });
});

describe('rules', () => {
  test('over the limit: one alarm, one event and one start of its workflow per episode, however many readings follow', async () => {
    for (let seq = 0; seq < 5; seq++) await gateway.send(pressure(seq, 110 + seq));
    await receipted(4);
    expect(await rows('SELECT kind, level, value, limit_value, unit, statutory, rule_id, rule_version FROM sensor_event')).toEqual([
      { kind: 'raised', level: 'H', value: 110, limit_value: 100, unit: 'kPa', statutory: true, rule_id: 'registry:s-p:H', rule_version: 1 },
    ]);
    const [alarm] = await rows<{ id: string }>("SELECT id FROM alarm WHERE state = 'unacknowledged' AND cleared_at IS NULL");
    const [event] = await rows<{ id: string; at: Date }>('SELECT id, at FROM sensor_event');
    expect(await rows('SELECT topic, key, tenant_id, payload FROM outbox ORDER BY id')).toEqual([
      { topic: 'workflow', key: `alarm/${alarm!.id}/raised`, tenant_id: 'ent-1', payload: { workflow: 'alarmHandling', input: { episodeId: alarm!.id, tenantId: 'ent-1' }, signal: { kind: 'raised', eventId: event!.id, at: event!.at.getTime() } } },
      { topic: 'event', key: `alarm/${alarm!.id}/changed/raised`, tenant_id: 'ent-1', payload: { type: 'alarm.changed', id: alarm!.id, state: 'unacknowledged' } },
    ]);
  });

  test('back to normal for the off delay: cleared, by event time; a value that oscillates stays one episode', async () => {
    const start = Date.now() - 60_000;
    const values = [110, 99, 110, 97, 110, 90, 90];
    for (const [seq, value] of values.entries()) await gateway.send(pressure(seq, value, { at: start + seq * 1_000, sentAt: Date.now() }));
    await gateway.send(pressure(7, 90, { at: start + 20_500, sentAt: Date.now() }));
    await receipted(7);
    expect(await rows('SELECT kind, at FROM sensor_event ORDER BY id')).toEqual([{ kind: 'raised', at: new Date(start) }, { kind: 'cleared', at: new Date(start + 20_000) }]);
    expect(await rows('SELECT state, cleared_at FROM alarm')).toEqual([{ state: 'returned_unacknowledged', cleared_at: new Date(start + 20_000) }]);
    expect((await rows<{ key: string }>("SELECT key FROM outbox WHERE topic = 'workflow' ORDER BY id")).map((r) => r.key.split('/')[2])).toEqual(['raised', 'cleared']);
  });

  test('silence clears nothing', async () => {
    await gateway.send(pressure(0, 110));
    await receipted(0);
    await ingest.rules.reload();
    expect(await rows('SELECT cleared_at FROM alarm')).toEqual([{ cleared_at: null }]);
  });

  test('a retained message that meets us at the subscription is stored and opens no episode', async () => {
    await ingest.stop();
    // A session of its own: the retained message then comes with its flag, as it does to every new subscriber.
    await gateway.send(pressure(0, 500), { retain: true });
    ingest = await startIngest(database, broker.port, 'parkwarden-ingest-new');
    await receipted(0);
    expect(await rows('SELECT value, retained FROM telemetry.reading')).toEqual([{ value: 500, retained: true }]);
    expect(await count('sensor_event')).toBe(0);
    expect(await count('telemetry.latest')).toBe(0);
  });

  test('an equal spec keeps its version and its state over restarts; a changed limit is a new version that goes on with the open episode', async () => {
    await gateway.send(pressure(0, 110));
    await receipted(0);
    await ingest.stop();
    ingest = await startIngest(database, broker.port);
    await gateway.send(pressure(1, 111));
    await receipted(1);
    expect(await count('alarm')).toBe(1);
    expect(await rows("SELECT version FROM rule_version WHERE rule_id = 'registry:s-p:H'")).toEqual([{ version: 1 }]);

    await db.pool.query("UPDATE sensor SET limit_h = 50 WHERE id = 's-p'");
    await until('new version in force', () => ingest.rules.current().rules.get('s-p')?.some((r) => r.version === 2));
    await gateway.send(pressure(2, 80));
    await receipted(2);
    expect(await rows('SELECT id, cleared_at FROM alarm')).toMatchObject([{ cleared_at: null }]);

    await db.pool.query("UPDATE sensor SET limit_h = NULL WHERE id = 's-p'");
    await until('episode of the withdrawn rule cleared', async () => (await rows<{ cleared_at: Date | null }>('SELECT cleared_at FROM alarm'))[0]!.cleared_at);
    expect(await rows('SELECT kind FROM sensor_event ORDER BY id')).toEqual([{ kind: 'raised' }, { kind: 'cleared' }]);
  });

  test('several processes that store the same messages at once, in any order, agree on one record', async () => {
    const book = await loadRuleBook(db, quiet);
    const pipelines = [1, 2, 3].map(() => createPipeline({ database: database.open({ maxConnections: 2 }), book: () => book, metrics: createMetrics(), log: quiet }));
    const start = Date.now() - 100_000;
    const values = Array.from({ length: 120 }, (_, i) => (Math.floor(i / 20) % 2 === 0 ? 50 : 110));
    const messages = values.map((value, seq) => ({ topic: 'pw/v1/gw-1/readings', payload: Buffer.from(JSON.stringify(pressure(seq, value, { at: start + seq * 800, sentAt: Date.now() }))), retain: false, receivedAt: Date.now() }));
    // Each message goes to two of the three, in batches of uneven size.
    await Promise.all(pipelines.map(async (pipeline, p) => {
      const mine = messages.filter((_, i) => i % 3 !== p);
      for (let i = 0; i < mine.length; i += 7 + p) await pipeline.store(mine.slice(i, i + 7 + p));
    }));
    expect(await count('telemetry.reading')).toBe(values.length);
    expect(await rows('SELECT contiguous FROM telemetry.boot')).toEqual([{ contiguous: String(values.length - 1) }]);
    const events = await rows<{ kind: string; episode_id: string }>("SELECT kind, episode_id FROM sensor_event WHERE level = 'H' ORDER BY id");
    events.forEach((e, i) => expect(e.kind).toBe(i % 2 === 0 ? 'raised' : 'cleared'));
    expect(await count('alarm')).toBe(events.filter((e) => e.kind === 'raised').length);
    expect(events.length).toBeGreaterThan(0);
  });
});

describe('when the database is away', () => {
  let admin: pg.Client;
  beforeAll(async () => {
    admin = new pg.Client({ connectionString: process.env.TEST_POSTGRES_ADMIN_URL });
    await admin.connect();
  });
  afterAll(() => admin.end());

  test('nothing is acknowledged meanwhile, and everything is stored once it is back', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await gateway.send(pressure(0, 1));
    await receipted(0);
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    for (let seq = 1; seq <= 20; seq++) await gateway.send(pressure(seq, seq === 10 ? 110 : 1));
    await until('ingest says that it cannot store', () => !ingest.subscriber.status().ok);
    expect(seqsOf(gateway.receipts)).toEqual(new Set([0]));
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await receipted(20);
    await until('ready again', () => ingest.subscriber.status().ok);
    expect(await count('telemetry.reading')).toBe(21);
    expect(await count('alarm')).toBe(1);
  });
});
