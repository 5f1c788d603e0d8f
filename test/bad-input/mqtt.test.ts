/** Bad input over MQTT: each gets its stated answer, none is stored as a value, raises anything or stops ingest. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { PAYLOAD_LIMIT } from '../../domain/telemetry.ts';
import type { Broker } from '../../ingest/broker/broker.ts';
import { startBroker } from '../../ingest/broker/broker.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Ingest, TestGateway } from '../ingest/world.ts';
import { connectGateway, GATEWAY_SECRET, pressure, quiet, seedPark, seqsOf, SERVICE_PASSWORD, startIngest, until } from '../ingest/world.ts';

let database: TestDatabase;
let db: Database;
let broker: Broker;
let ingest: Ingest;
const gateways = new Map<string, TestGateway>();

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedPark(db);
  broker = await startBroker({ port: 0, servicePassword: SERVICE_PASSWORD, gatewaySecret: GATEWAY_SECRET, log: quiet });
  ingest = await startIngest(database, broker.port);
  for (const id of ['gw-1', 'gw-unknown']) gateways.set(id, await connectGateway(broker.port, id));
});
afterAll(async () => {
  for (const gateway of gateways.values()) await gateway.end();
  await ingest.stop();
  await broker.close();
  await database.drop();
});

const raw = (value: string, seq: number): string => `{"boot":"boot-1","seq":${seq},"at":${Date.now()},"points":[{"point":"p","value":${value},"unit":"kPa"}]}`;
let seq = 0;

/** [what, reason, body by sequence number, gateway, whether the gateway is receipted] */
const CASES: [string, string, (seq: number) => unknown, string, boolean][] = [
  ['NaN', 'payload.not_json', (n) => raw('NaN', n), 'gw-1', false],
  ['Infinity', 'payload.not_json', (n) => raw('Infinity', n), 'gw-1', false],
  ['1e309', 'value.not_finite', (n) => raw('1e309', n), 'gw-1', true],
  ['-1e309', 'value.not_finite', (n) => raw('-1e309', n), 'gw-1', true],
  ['null', 'value.not_number', (n) => pressure(n, null), 'gw-1', true],
  ['"12,5"', 'value.not_number', (n) => pressure(n, '12,5'), 'gw-1', true],
  ['"150"', 'value.not_number', (n) => pressure(n, '150'), 'gw-1', true],
  ['an object as value', 'value.not_number', (n) => pressure(n, { $gt: 0 }), 'gw-1', true],
  ['MPa instead of kPa', 'unit.mismatch', (n) => pressure(n, 0, { points: [{ point: 'p', value: 0.15, unit: 'MPa' }] }), 'gw-1', true],
  ['no unit', 'unit.mismatch', (n) => pressure(n, 0, { points: [{ point: 'p', value: 150 }] }), 'gw-1', true],
  ['unknown point', 'point.unknown', (n) => pressure(n, 0, { points: [{ point: 'zz', value: 150, unit: 'kPa' }] }), 'gw-1', true],
  ['a point with control characters and a lone surrogate', 'point.unknown', (n) => pressure(n, 0, { points: [{ point: 'a\u0000\ud800', value: 1, unit: 'kPa' }] }), 'gw-1', true],
  ['a point that is no object', 'point.invalid', (n) => pressure(n, 0, { points: ['p'] }), 'gw-1', true],
  ['no points', 'payload.invalid', (n) => pressure(n, 0, { points: [] }), 'gw-1', true],
  ['device of another', 'device.mismatch', (n) => pressure(n, 150, { device: 'gw-2' }), 'gw-1', false],
  ['unknown device', 'device.unknown', (n) => pressure(n, 150), 'gw-unknown', false],
  ['64 KB and one byte', 'payload.too_large', () => new Uint8Array(PAYLOAD_LIMIT + 1).fill(0x20), 'gw-1', false],
  ['200 KB', 'payload.too_large', () => new Uint8Array(200 * 1024).fill(0x31), 'gw-1', false],
  ['invalid UTF-8', 'payload.not_utf8', () => Uint8Array.of(0x7b, 0xc3, 0x28, 0x7d), 'gw-1', false],
  ['truncated JSON', 'payload.not_json', (n) => raw('1', n).slice(0, -3), 'gw-1', false],
  ['60,000 brackets', 'payload.too_deep', () => '['.repeat(60_000), 'gw-1', false],
  ['empty payload', 'payload.not_json', () => '', 'gw-1', false],
  ['seq -1', 'payload.invalid', () => pressure(-1, 150), 'gw-1', false],
  ['seq 1.5', 'payload.invalid', () => pressure(1.5, 150), 'gw-1', false],
  ['seq as text', 'payload.invalid', (n) => ({ ...pressure(0, 150), seq: `${n}'; DROP TABLE sensor; --` }), 'gw-1', false],
  ['boot of 65 characters', 'payload.invalid', (n) => pressure(n, 150, { boot: 'b'.repeat(65) }), 'gw-1', false],
  ['no time', 'time.invalid', (n) => pressure(n, 150, { at: undefined }), 'gw-1', true],
  ['a time without offset', 'time.invalid', (n) => pressure(n, 150, { at: '2026-11-24T08:00:00' }), 'gw-1', true],
  ['30 February', 'time.invalid', (n) => pressure(n, 150, { at: '2026-02-30T08:00:00Z' }), 'gw-1', true],
  ['prototype pollution', 'point.unknown', (n) => `{"__proto__":{"polluted":1},"boot":"boot-1","seq":${n},"at":${Date.now()},"points":[{"point":"__proto__","value":1,"unit":"kPa"}]}`, 'gw-1', true],
];

test.each(CASES)('%s → quarantine, %s', async (_what, reason, body, gatewayId, isReceipted) => {
  const gateway = gateways.get(gatewayId)!;
  const number = seq;
  const quarantined = async (): Promise<number> => (await ingest.metrics.quarantined.get()).values.find((v) => v.labels.reason === reason)?.value ?? 0;
  const before = await quarantined();
  await gateway.send(body(number));
  await until(`quarantined as ${reason}`, async () => (await quarantined()) === before + 1);
  if (isReceipted) {
    seq++;
    await until('receipted as quarantined', () => gateway.receipts.some((r) => r.quarantined.includes(number)));
  } else expect(seqsOf(gateway.receipts).has(number)).toBe(false);
  const { rows } = await db.pool.query<{ count: string; kept: string; longest: number }>(
    `SELECT (SELECT sum(count) FROM telemetry.quarantine_count WHERE reason = $1) AS count, count(*) AS kept, max(octet_length(raw)) AS longest FROM telemetry.quarantine WHERE reason = $1`,
    [reason],
  );
  expect(Number(rows[0]!.count)).toBe(before + 1);
  expect(Number(rows[0]!.kept)).toBeGreaterThan(0);
  expect(rows[0]!.longest).toBeLessThanOrEqual(PAYLOAD_LIMIT);
  for (const table of ['telemetry.reading', 'telemetry.latest', 'sensor_event', 'alarm', 'outbox']) {
    expect((await db.pool.query(`SELECT FROM ${table}`)).rowCount).toBe(0);
  }
  expect(ingest.subscriber.status().ok).toBe(true);
});

test('after all that a good reading is stored, beside a bad point in the same message', async () => {
  const gateway = gateways.get('gw-1')!;
  const number = seq++;
  await gateway.send(pressure(number, 0, { points: [{ point: 'p', value: 55, unit: 'kPa' }, { point: 't', value: null, unit: '℃' }, { point: 'p', value: 56, unit: 'kPa' }] }));
  await until('receipt', () => seqsOf(gateway.receipts).has(number));
  expect((await db.pool.query('SELECT sensor_id, value FROM telemetry.reading')).rows).toEqual([{ sensor_id: 's-p', value: 55 }]);
});

test('a flood of equal junk is counted, and kept once', async () => {
  const gateway = gateways.get('gw-1')!;
  await Promise.all(Array.from({ length: 50 }, () => gateway.send('junk')));
  const counted = async () => Number((await db.pool.query<{ n: string }>("SELECT sum(count) AS n FROM telemetry.quarantine_count WHERE reason = 'payload.not_json'")).rows[0]!.n);
  const kept = async () => (await db.pool.query("SELECT FROM telemetry.quarantine WHERE raw = 'junk'")).rowCount;
  await until('counted', async () => (await counted()) >= 50);
  expect(await kept()).toBe(1);
});
