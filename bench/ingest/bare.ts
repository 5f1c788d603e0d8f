/**
 * The bare limit of ingest: the same subscriber (batches, PUBACK after the commit) on a plain table, written through
 * unnest; no rules, no dedupe, no judgement.
 */
import mqtt from 'mqtt';
import pg from 'pg';
import { pino } from 'pino';
import { createMetrics } from '../../ingest/metrics.ts';
import { subscribe } from '../../ingest/subscriber.ts';
import { loadConfig } from '../../platform/config.ts';
import { mqttConnectionOptions, mqttUrl } from '../../platform/mqtt.ts';

const config = loadConfig();
const pool = new pg.Pool({ connectionString: config.DATABASE_URL, max: 2 });
await pool.query('CREATE TABLE IF NOT EXISTS bare_reading (gateway text, seq bigint, at timestamptz, point text, value float8)');
const connection = await mqttConnectionOptions(config);
const counter = await mqtt.connectAsync(mqttUrl(config), { ...connection, clientId: 'parkwarden-bare-counter' });

const subscriber = subscribe({
  url: mqttUrl(config), connection, clientId: 'parkwarden-bare', shareGroup: undefined, metrics: createMetrics(), log: pino({ level: 'warn' }),
  pipeline: {
    store: async (batch) => {
      const rows = batch.flatMap((m) => {
        const body = JSON.parse(Buffer.from(m.payload).toString()) as { seq: number; at: number; points: { point: string; value: number }[] };
        return body.points.map((p) => ({ gateway: m.topic, seq: body.seq, at: new Date(body.at), point: p.point, value: p.value }));
      });
      await pool.query('INSERT INTO bare_reading SELECT * FROM unnest($1::text[], $2::bigint[], $3::timestamptz[], $4::text[], $5::float8[])', [
        rows.map((r) => r.gateway), rows.map((r) => r.seq), rows.map((r) => r.at), rows.map((r) => r.point), rows.map((r) => r.value),
      ]);
      // One message per batch tells the load how far storing has come.
      counter.publish('pw/v1/bare/receipt', JSON.stringify({ count: batch.length }), { qos: 1 });
      return [];
    },
  },
});
const ready = setInterval(() => {
  if (!subscriber.status().ok) return;
  clearInterval(ready);
  console.log('ready');
}, 20);
process.on('SIGTERM', () => void subscriber.stop().then(() => process.exit(0)));
