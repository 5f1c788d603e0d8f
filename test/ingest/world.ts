/** A small park with gateways, a real broker, and ingest in this process or as a real child, for the tests of telemetry. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { pino } from 'pino';
import type { Receipt } from '../../domain/telemetry.ts';
import { readingsTopic, receiptTopic } from '../../domain/telemetry.ts';
import { gatewayPassword } from '../../platform/mqtt.ts';
import type { Database } from '../../prisma/client.ts';
import type { Metrics } from '../../ingest/metrics.ts';
import { createMetrics } from '../../ingest/metrics.ts';
import { createPipeline } from '../../ingest/pipeline.ts';
import type { RuleBookWatch } from '../../ingest/rule-book.ts';
import { watchRuleBook } from '../../ingest/rule-book.ts';
import type { Subscriber } from '../../ingest/subscriber.ts';
import { subscribe } from '../../ingest/subscriber.ts';
import type { TestDatabase } from '../db.ts';

export const ROOT = join(import.meta.dirname, '../..');
export const SERVICE_PASSWORD = 'service-password-of-the-test';
export const GATEWAY_SECRET = 'gateway-secret-of-the-test-0123456789';
export const quiet = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });

export const until = async <T>(what: string, probe: () => Promise<T | null | undefined | false> | T | null | undefined | false, timeoutMs = 20_000): Promise<T> => {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value !== null && value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`timed out waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/**
 * Two enterprises. `gw-1` of `ent-1` has sensor `s-p` (point `p`, kPa, H 100, HH 120, statutory, range 0-200) and `s-t` (point `t`, ℃, no
 * limits); `gw-2` of `ent-2` has `s-2` (point `p`, kPa, H 100).
 */
export const seedPark = async (db: Database): Promise<void> => {
  await db.pool.query(`
    INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'park', '园区', 'Park', '{}');
    INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('zone-a', 'park', 'A', 'A区', 'Zone A', '{}');
    INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('ent-1', 'park', 'enterprise', 'E1', '甲企业', 'Enterprise 1'), ('ent-2', 'park', 'enterprise', 'E2', '乙企业', 'Enterprise 2');
    INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('unit-1', 'ent-1', 'zone-a', 'U1', '罐区', 'Tank farm'), ('unit-2', 'ent-2', 'zone-a', 'U2', '罐区', 'Tank farm');
    INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, substance, point) VALUES
      ('tank-1', 'ent-1', 'zone-a', 'unit-1', 'storage_tank', 'A-3', '苯乙烯储罐A-3', 'Styrene tank A-3', 'styrene', '{"type":"Point","coordinates":[120.1,30.2]}'),
      ('tank-2', 'ent-2', 'zone-a', 'unit-2', 'storage_tank', 'B-1', '储罐B-1', 'Tank B-1', NULL, '{"type":"Point","coordinates":[120.2,30.2]}');
    INSERT INTO gateway (id, tenant_id, name_zh, name_en) VALUES ('gw-1', 'ent-1', '网关1', 'Gateway 1'), ('gw-2', 'ent-2', '网关2', 'Gateway 2');
    INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en, range_low, range_high, limit_h, limit_hh, statutory) VALUES
      ('s-p', 'ent-1', 'tank-1', 'gw-1', 'p', 'pressure', 'kPa', '罐顶压力', 'Top pressure', 0, 200, 100, 120, true),
      ('s-t', 'ent-1', 'tank-1', 'gw-1', 't', 'temperature', '℃', '温度', 'Temperature', NULL, NULL, NULL, NULL, false),
      ('s-2', 'ent-2', 'tank-2', 'gw-2', 'p', 'pressure', 'kPa', '压力', 'Pressure', 0, 200, 100, NULL, false);
  `);
};

export interface Ingest {
  metrics: Metrics;
  rules: RuleBookWatch;
  subscriber: Subscriber;
  stop(): Promise<void>;
}

/** Ingest without its process: rules, pipeline and subscriber, ready to receive. */
export const startIngest = async (database: TestDatabase, brokerPort: number, clientId = 'parkwarden-ingest'): Promise<Ingest> => {
  const db = database.open({ maxConnections: 4 });
  const metrics = createMetrics();
  const rules = watchRuleBook(db, database.url, quiet);
  await until('rules loaded', () => rules.loaded());
  const pipeline = createPipeline({ database: db, book: rules.current, metrics, log: quiet });
  const subscriber = subscribe({
    url: `mqtt://127.0.0.1:${brokerPort}`, connection: { protocolVersion: 5, username: 'service', password: SERVICE_PASSWORD, reconnectPeriod: 100 },
    clientId, shareGroup: undefined, pipeline, metrics, log: quiet,
  });
  await until('ingest subscribed', () => subscriber.status().ok);
  return { metrics, rules, subscriber, stop: async () => { await subscriber.stop(); await rules.stop(); } };
};

export interface TestGateway {
  client: MqttClient;
  receipts: Receipt[];
  /** Publishes as QoS 1 and waits for the broker's PUBACK. */
  send(body: unknown, options?: { retain?: boolean; topic?: string }): Promise<void>;
  end(): Promise<void>;
}

export const connectGateway = async (brokerPort: number, gatewayId = 'gw-1', protocolVersion: 4 | 5 = 5): Promise<TestGateway> => {
  const client = mqtt.connect(`mqtt://127.0.0.1:${brokerPort}`, { protocolVersion, username: gatewayId, password: gatewayPassword(GATEWAY_SECRET, gatewayId), reconnectPeriod: 100 });
  const receipts: Receipt[] = [];
  client.on('message', (_topic, payload) => receipts.push(JSON.parse(payload.toString()) as Receipt));
  client.on('error', () => {});
  client.on('connect', () => client.subscribe(receiptTopic(gatewayId), { qos: 1 }));
  await until('gateway connected', () => client.connected);
  await client.subscribeAsync(receiptTopic(gatewayId), { qos: 1 });
  return {
    client, receipts,
    send: async (body, options = {}) => {
      const payload = body instanceof Uint8Array ? Buffer.from(body) : typeof body === 'string' ? body : JSON.stringify(body);
      await client.publishAsync(options.topic ?? readingsTopic(gatewayId), payload, { qos: 1, retain: options.retain ?? false });
    },
    end: async () => { await client.endAsync(true); },
  };
};

/** A message of gw-1 with one pressure. */
export const pressure = (seq: number, value: unknown, over: Record<string, unknown> = {}): Record<string, unknown> => ({
  boot: 'boot-1', seq, at: Date.now(), points: [{ point: 'p', value, unit: 'kPa' }], ...over,
});

export const seqsOf = (receipts: readonly Receipt[]): Set<number> =>
  new Set(receipts.flatMap((r) => r.stored.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i))));

export interface Child {
  process: ChildProcess;
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** One of our processes, as a user would start it. */
export const spawnProcess = (script: string, env: Record<string, string>): Child => {
  const child = spawn(process.execPath, [join(ROOT, script)], { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  return {
    process: child,
    output: () => output,
    kill: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
    },
  };
};

export const spawnBroker = async (port: number): Promise<Child> => {
  const child = spawnProcess('ingest/broker/main.ts', { MQTT_PORT: String(port), MQTT_PASSWORD: SERVICE_PASSWORD, MQTT_GATEWAY_SECRET: GATEWAY_SECRET });
  await until('broker listening', () => child.output().includes('listening'));
  return child;
};

export const spawnIngest = async (databaseUrl: string, brokerPort: number, port: number): Promise<Child> => {
  const child = spawnProcess('ingest/main.ts', { DATABASE_URL: databaseUrl, MQTT_PORT: String(brokerPort), MQTT_PASSWORD: SERVICE_PASSWORD, INGEST_PORT: String(port) });
  await until(`ingest ready: ${child.output()}`, () => fetch(`http://127.0.0.1:${port}/readyz`).then((r) => r.ok, () => false));
  return child;
};
