import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { SustainedSpec } from '../../domain/rules.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Child, TestGateway } from './world.ts';
import { connectGateway, freePort, pressure, seedPark, seqsOf, spawnBroker, spawnIngest, until } from './world.ts';

let database: TestDatabase;
let db: Database;
let brokerPort: number;
let broker: Child;
let ingest: Child | null = null;
let gateway: TestGateway;
const ends: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedPark(db);
  brokerPort = await freePort();
  broker = await spawnBroker(brokerPort);
  gateway = await connectGateway(brokerPort);
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await ingest?.kill('SIGKILL');
  ingest = null;
  await gateway.end();
  await broker.kill('SIGKILL');
  await database.drop();
});

const rows = async <T extends object>(sql: string): Promise<T[]> => (await db.pool.query<T>(sql)).rows;
const count = async (table: string): Promise<number> => Number((await rows<{ n: string }>(`SELECT count(*) AS n FROM ${table}`))[0]!.n);
const start = async (viaPort = brokerPort): Promise<void> => { ingest = await spawnIngest(database.url, viaPort, await freePort()); };

/** Passes bytes on in both directions; with `mute` on, nothing more goes from the client to the broker. */
const proxyTo = async (target: number): Promise<{ port: number; mute(): void }> => {
  let muted = false;
  const sockets: Socket[] = [];
  const server: Server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    sockets.push(client, upstream);
    client.on('data', (chunk) => { if (!muted) upstream.write(chunk); });
    upstream.on('data', (chunk) => client.write(chunk));
    for (const [a, b] of [[client, upstream], [upstream, client]] as const) {
      a.on('error', () => {});
      a.on('close', () => b.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => { sockets.forEach((s) => s.destroy()); server.close(); });
  return { port: (server.address() as AddressInfo).port, mute: () => { muted = true; } };
};

describe('kill -9 of ingest', () => {
  test('after the commit and before PUBACK: the broker delivers again, nothing is stored or raised twice, the receipt comes', async () => {
    const proxy = await proxyTo(brokerPort);
    await start(proxy.port);
    proxy.mute();
    await gateway.send(pressure(0, 110));
    await gateway.send(pressure(1, 111));
    await until('committed', async () => (await count('telemetry.message')) === 2);
    expect(gateway.receipts).toEqual([]);
    await ingest!.kill('SIGKILL');
    await start();
    await until('receipts', () => seqsOf(gateway.receipts).size === 2);
    expect(await count('telemetry.reading')).toBe(2);
    expect(await count('alarm')).toBe(1);
    expect(await count('sensor_event')).toBe(1);
    expect(await count("outbox WHERE topic = 'workflow'")).toBe(1);
  });

  test('while the database is away: what was not committed was not acknowledged, and comes again without the gateway', async () => {
    const admin = new pg.Client({ connectionString: process.env.TEST_POSTGRES_ADMIN_URL });
    await admin.connect();
    ends.push(() => admin.end());
    const name = new URL(database.url).pathname.slice(1);
    await start();
    await gateway.send(pressure(0, 1));
    await until('receipt', () => seqsOf(gateway.receipts).has(0));
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    for (let seq = 1; seq <= 20; seq++) await gateway.send(pressure(seq, seq));
    await until('ingest tried to store', () => ingest!.output().includes('could not be stored'));
    await ingest!.kill('SIGKILL');
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await start();
    await until('all receipted', () => seqsOf(gateway.receipts).size === 21);
    expect(await count('telemetry.reading')).toBe(21);
  });

  test('at random moments under load: every message once, events take turns', async () => {
    await start();
    const begin = Date.now() - 7_200_000;
    let total = 0;
    let killing = true;
    const send = (async () => {
      while (killing || total < 200) {
        const seq = total++;
        await gateway.send(pressure(seq, Math.floor(seq / 20) % 2 === 1 ? 110 : 50, { at: begin + seq * 1_000, sentAt: Date.now() }));
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
    })();
    for (let kill = 0; kill < 3; kill++) {
      const before = await count('telemetry.message');
      await until('progress', async () => (await count('telemetry.message')) > before + 20);
      await ingest!.kill('SIGKILL');
      await start();
    }
    killing = false;
    await send;
    await until('all stored', async () => (await count('telemetry.message')) === total, 40_000);
    expect(await count('telemetry.reading')).toBe(total);
    expect(await rows('SELECT boot, contiguous FROM telemetry.boot')).toEqual([{ boot: 'boot-1', contiguous: String(total - 1) }]);
    // After a kill older messages can come behind newer ones; they are kept and raise nothing. What is over its limit now is raised.
    await gateway.send(pressure(total, 110, { at: begin + total * 1_000, sentAt: Date.now() }));
    await until('the alarm', async () => (await rows(`SELECT FROM alarm WHERE cleared_at IS NULL`)).length === 1);
    const events = await rows<{ kind: string }>('SELECT kind FROM sensor_event ORDER BY id');
    events.forEach((e, i) => expect(e.kind).toBe(i % 2 === 0 ? 'raised' : 'cleared'));
    expect(events.at(-1)?.kind).toBe('raised');
    expect(await count('alarm')).toBe(events.filter((e) => e.kind === 'raised').length);
  });
});

test('kill -9 of the broker: ingest and gateway come back by themselves, what was not receipted is sent again and stored once', async () => {
  await start();
  await gateway.send(pressure(0, 1));
  await until('receipt', () => seqsOf(gateway.receipts).has(0));
  await ingest!.kill('SIGTERM');
  // Acknowledged by the broker and by nobody else: its memory is lost with it.
  for (let seq = 1; seq <= 10; seq++) await gateway.send(pressure(seq, seq));
  await broker.kill('SIGKILL');
  broker = await spawnBroker(brokerPort);
  await start();
  await until('gateway connected', () => gateway.client.connected);
  const missing = Array.from({ length: 11 }, (_, seq) => seq).filter((seq) => !seqsOf(gateway.receipts).has(seq));
  expect(missing).toHaveLength(10);
  for (const seq of missing) await gateway.send(pressure(seq, seq));
  await until('all receipted', () => seqsOf(gateway.receipts).size === 11);
  expect(await count('telemetry.reading')).toBe(11);
  expect(await rows('SELECT contiguous FROM telemetry.boot')).toEqual([{ contiguous: '10' }]);

  await broker.kill('SIGKILL');
  broker = await spawnBroker(brokerPort);
  await until('gateway connected', () => gateway.client.connected);
  await until('ingest back', async () => {
    await gateway.send(pressure(11, 1));
    return seqsOf(gateway.receipts).has(11);
  });
  expect(await count('telemetry.reading')).toBe(12);
});

describe('[C-062] "over 80 ℃ continuously for 3 h"', () => {
  const HOUR = 3_600_000;
  const rule = async (over: Partial<SustainedSpec> = {}): Promise<void> => {
    const spec: SustainedSpec = {
      kind: 'sustained', ruleId: 'flow:n1:s-t', sensorId: 's-t', assetId: 'tank-1', tenantId: 'ent-1', unit: '℃', statutory: false,
      direction: 'above', limit: 80, durationMs: 3 * HOUR, maxGapMs: 2 * 30_000, gapPolicy: 'reset', ...over,
    };
    await db.pool.query("INSERT INTO rule_version (rule_id, version, origin, flow_version, node_id, spec, sha256) VALUES ('flow:n1:s-t', 1, 'flow', NULL, 'n1', $1, 'x')", [JSON.stringify(spec)]);
  };
  const begin = Date.now() - 4 * HOUR;
  let seq = 0;
  beforeEach(() => { seq = 0; });
  /** Sends readings each 30 s of event time; all are on record when it returns. */
  const sendRun = async (fromMs: number, toMs: number, value: (at: number) => number): Promise<void> => {
    for (let at = fromMs; at <= toMs; at += 30_000) {
      await gateway.send({ boot: 'boot-1', seq: seq++, at: begin + at, sentAt: Date.now(), points: [{ point: 't', value: value(at), unit: '℃' }] });
    }
    await until('receipted', () => seqsOf(gateway.receipts).size === seq);
  };
  const events = () => rows<{ kind: string; at: Date; level: string; node_id: string }>('SELECT kind, at, level, node_id FROM sensor_event ORDER BY id');

  test('not at 2 h 59 m 59 s, at 3 h exactly, through kill -9 in the middle', async () => {
    await rule();
    await start();
    await sendRun(0, HOUR, () => 80.1);
    await ingest!.kill('SIGKILL');
    await start();
    await sendRun(HOUR + 30_000, 2 * HOUR, () => 80.1);
    await ingest!.kill('SIGKILL');
    await start();
    await sendRun(2 * HOUR + 30_000, 3 * HOUR - 30_000, () => 80.1);
    await sendRun(3 * HOUR - 1_000, 3 * HOUR - 1_000, () => 80.1);
    expect(await events()).toEqual([]);
    await sendRun(3 * HOUR, 3 * HOUR, () => 80.1);
    expect(await events()).toEqual([{ kind: 'raised', at: new Date(begin + 3 * HOUR), level: 'sustained', node_id: 'n1' }]);
    expect(await count('alarm')).toBe(1);
  });

  test('one reading of 80.0 starts over', async () => {
    await rule();
    await start();
    await sendRun(0, 3 * HOUR + 30_000, (at) => (at === 2 * HOUR ? 80.0 : 80.1));
    expect(await events()).toEqual([]);
    const { state } = (await rows<{ state: { since: number } }>('SELECT state FROM telemetry.rule_state'))[0]!;
    expect(state.since).toBe(begin + 2 * HOUR + 30_000);
  });

  test.each(['reset', 'hold', 'unknown'] as const)('after a gap of more than 2 intervals the policy %s decides, through kill -9 in the gap', async (gapPolicy) => {
    await rule({ gapPolicy });
    await start();
    await sendRun(0, HOUR, () => 81);
    await ingest!.kill('SIGKILL');
    await start();
    await sendRun(HOUR + 90_000, 3 * HOUR, () => 81);
    expect((await events()).map((e) => e.at)).toEqual(gapPolicy === 'hold' ? [new Date(begin + 3 * HOUR)] : []);
    const { state } = (await rows<{ state: { unknown: boolean } }>('SELECT state FROM telemetry.rule_state'))[0]!;
    expect(state.unknown).toBe(gapPolicy === 'unknown');
  });
});
