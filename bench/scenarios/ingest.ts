/**
 * Ingest: messages per second from the broker into the record with dedupe, judgement, rules, alarms and receipts, beside the
 * bare limit (bench/ingest/bare.ts) on the same broker and the same PostgreSQL; and how long it takes from the publish of a
 * reading over its limit to the start of its workflow at 1,000 messages a second of which 1 % are over.
 *
 * Load: 50 gateways with 10 sensors each (two rules a sensor), one point a message, QoS 1. Load, broker, ingest and PostgreSQL
 * share the machine, so both figures contain the cost of the load. Bare and ours take turns.
 */
import { randomBytes } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { ALARM_HANDLING } from '../../workflows/alarm-handling/messages.ts';
import type { BenchOptions } from '../run.ts';
import type { BenchProcess } from '../servers.ts';
import { freePort, startEngine, startPostgres, startScript, stopAll, until } from '../servers.ts';

const GATEWAYS = 50;
const SENSORS = 10;
const ROUNDS = 2;
const RATE = 1_000;
const ALARM_SHARE = 0.01;

const seed = async (url: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, options: '-c pw.scope=service' });
  await client.connect();
  await client.query(`
    INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'park', '园区', 'Park', '{}');
    INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('z', 'park', 'A', 'A', 'A', '{}');
    INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('e', 'park', 'enterprise', 'E', 'E', 'E'), ('o', 'park', 'park_department', 'emergency_office', 'O', 'O'), ('a', 'park', 'park_department', 'park_admin', 'P', 'P');
    INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('u', 'e', 'z', 'U', 'U', 'U');`);
  await client.query(`INSERT INTO gateway (id, tenant_id, name_zh, name_en) SELECT 'bench-' || g, 'e', 'G', 'G' FROM generate_series(0, $1::int - 1) g`, [GATEWAYS]);
  await client.query(
    `INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, point) SELECT 'a-' || g || '-' || s, 'e', 'z', 'u', 'storage_tank', 'A-' || g || '-' || s, 'T', 'T', '{"type":"Point","coordinates":[120,30]}'
     FROM generate_series(0, $1::int - 1) g, generate_series(0, $2::int - 1) s`, [GATEWAYS, SENSORS]);
  await client.query(
    `INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en, range_low, range_high, limit_h, limit_hh, statutory)
     SELECT 's-' || g || '-' || s, 'e', 'a-' || g || '-' || s, 'bench-' || g, 'p' || s, 'pressure', 'kPa', 'P', 'P', 0, 200, 100, 150, false
     FROM generate_series(0, $1::int - 1) g, generate_series(0, $2::int - 1) s`, [GATEWAYS, SENSORS]);
  await client.end();
};

const mean = (numbers: number[]): number => Math.round(numbers.reduce((sum, n) => sum + n, 0) / numbers.length);
const percentile = (sorted: number[], p: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN);

const startBare = (env: Record<string, string>): Promise<BenchProcess> => startScript('bench/ingest/bare.ts', env, { text: 'ready' });
const startOurs = async (env: Record<string, string>): Promise<BenchProcess> => {
  const port = await freePort();
  return await startScript('ingest/main.ts', { ...env, INGEST_PORT: String(port) }, { port });
};

const load = async (env: Record<string, string>, args: string[]): Promise<Record<string, unknown>> => {
  const child: BenchProcess = await startScript('bench/ingest/load.ts', env, null, [...args, '--gateways', String(GATEWAYS), '--sensors', String(SENSORS), '--boot', randomBytes(4).toString('hex'), '--normal', '50', '--over', '110']);
  const code = await child.ended;
  const result = child.lines.at(-1);
  if (code !== 0 || !result) throw new Error(`load ended with ${code}:\n${child.output()}`);
  return result;
};

export const run = async ({ seconds }: BenchOptions): Promise<object> => {
  try {
    const databaseUrl = await startPostgres();
    await seed(databaseUrl);
    const secrets = { MQTT_PASSWORD: randomBytes(16).toString('hex'), MQTT_GATEWAY_SECRET: randomBytes(32).toString('hex') };
    // A broker of its own for each part: it would go on queueing for the session of the part before.
    const startBroker = async (): Promise<{ env: Record<string, string>; broker: BenchProcess }> => {
      const env = { ...secrets, DATABASE_URL: databaseUrl, MQTT_PORT: String(await freePort()), LOG_LEVEL: 'warn' };
      return { env, broker: await startScript('ingest/broker/main.ts', { ...env, LOG_LEVEL: 'info' }, { text: 'listening' }) };
    };

    const bare: number[] = [];
    const ours: number[] = [];
    const saturate = ['--mode', 'saturate', '--seconds', String(seconds), '--alarm-share', String(ALARM_SHARE)];
    for (let round = 0; round < ROUNDS; round++) {
      for (const [figures, start] of [[bare, startBare], [ours, startOurs]] as const) {
        const { env, broker } = await startBroker();
        const receiver = await start(env);
        figures.push(Number((await load(env, saturate)).perSecond));
        await receiver.stop();
        await broker.stop();
      }
    }
    const figure = mean(ours);
    const limit = mean(bare);

    const alarmLatency = await measureLatency(databaseUrl, (await startBroker()).env, seconds).catch((error: Error) => ({ unavailable: error.message }));
    return {
      load: { gateways: GATEWAYS, sensors: GATEWAYS * SENSORS, rules: GATEWAYS * SENSORS * 2, pointsPerMessage: 1, alarmShare: ALARM_SHARE },
      messagesPerSecond: { ours: figure, bareLimit: limit, ratio: Math.round((figure / limit) * 1_000) / 1_000, runs: { ours, bare } },
      alarmLatency,
    };
  } finally {
    await stopAll();
  }
};

/** Publish → start of the workflow, by the engine's own record of the start. */
const measureLatency = async (databaseUrl: string, env: Record<string, string>, seconds: number): Promise<object> => {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c pw.scope=service' });
  await client.connect();
  const address = await startEngine();
  // Episodes of the parts before are none of this one's.
  await client.query("UPDATE outbox SET delivered_at = now() WHERE delivered_at IS NULL");
  await client.query('DELETE FROM telemetry.rule_state');
  const since = (await client.query<{ id: string }>('SELECT coalesce(max(id), 0) AS id FROM sensor_event')).rows[0]!.id;
  const workerPort = await freePort();
  await startScript('worker/main.ts', { ...env, TEMPORAL_ADDRESS: address, WORKER_PORT: String(workerPort) }, { port: workerPort });
  await startOurs(env);

  const result = await load(env, ['--mode', 'rate', '--seconds', String(seconds), '--rate', String(RATE), '--alarm-share', String(ALARM_SHARE)]);
  const { rows: episodes } = await client.query<{ episode_id: string; at: Date }>("SELECT episode_id, at FROM sensor_event WHERE kind = 'raised' AND id > $1", [since]);
  const published = new Map(episodes.map((e) => [`alarm/${e.episode_id}`, e.at.getTime()]));
  const temporal = new Client({ connection: await Connection.connect({ address }) });
  const started = new Map<string, number>();
  await until('all workflows started', async () => {
    for await (const workflow of temporal.workflow.list({ query: `WorkflowType = '${ALARM_HANDLING}'` })) started.set(workflow.workflowId, workflow.startTime.getTime());
    return [...published.keys()].every((id) => started.has(id));
  });
  await temporal.connection.close();
  await client.end();
  const latencies = [...published].map(([id, at]) => started.get(id)! - at).sort((a, b) => a - b);
  return {
    messagesPerSecond: RATE, alarmShare: ALARM_SHARE, ...result, episodes: latencies.length,
    publishToWorkflowStartedMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), max: latencies.at(-1) ?? null },
  };
};
