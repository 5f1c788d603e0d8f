/**
 * The load: gateways that publish QoS 1. `saturate` keeps so many messages on their way and counts those that are told as
 * stored; `rate` publishes at a fixed rate with a share over the limit. Prints one JSON line when it is done.
 */
import { parseArgs } from 'node:util';
import type { MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import type { Receipt } from '../../domain/telemetry.ts';
import { readingsTopic } from '../../domain/telemetry.ts';
import { loadConfig } from '../../platform/config.ts';
import { mqttConnectionOptions, mqttUrl } from '../../platform/mqtt.ts';

/** Messages on their way at once; a park's gateways keep some dozens each. */
const WINDOW = 2_000;
const CONNECTIONS = 4;
const WARM_UP_MS = 2_000;

const { values } = parseArgs({
  options: {
    mode: { type: 'string' }, seconds: { type: 'string' }, gateways: { type: 'string' }, sensors: { type: 'string' }, boot: { type: 'string' },
    rate: { type: 'string', default: '0' }, 'alarm-share': { type: 'string', default: '0' }, normal: { type: 'string' }, over: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const gateways = Number(values.gateways);
const sensors = Number(values.sensors);
const alarmEvery = Number(values['alarm-share']) > 0 ? Math.round(1 / Number(values['alarm-share'])) : Infinity;

const config = loadConfig();
const connection = await mqttConnectionOptions(config);
const clients: MqttClient[] = [];
for (let i = 0; i < CONNECTIONS; i++) clients.push(await mqtt.connectAsync(mqttUrl(config), { ...connection, clientId: `parkwarden-load-${i}` }));

let published = 0;
let alarms = 0;
let stored = 0;
const seqs = new Int32Array(gateways);
/** Publish instants by gateway and sequence number. */
const sentAt = Array.from({ length: gateways }, () => [] as number[]);
const latencies: number[] = [];
let measuring = false;

const publish = (): void => {
  const n = published++;
  const gateway = n % gateways;
  const over = n % alarmEvery === alarmEvery - 1;
  // Alarms go round the sensors, so that each opens an episode of its own.
  const sensor = over ? Math.floor(alarms++ / gateways) % sensors : Math.floor(n / gateways) % sensors;
  const owner = over ? alarms % gateways : gateway;
  const seq = seqs[owner]!++;
  const now = Date.now();
  sentAt[owner]![seq] = performance.now();
  const body = `{"boot":"${values.boot}","seq":${seq},"at":${now},"sentAt":${now},"points":[{"point":"p${sensor}","value":${over ? values.over : Number(values.normal) + (n % 7)},"unit":"kPa"}]}`;
  clients[owner % CONNECTIONS]!.publish(readingsTopic(`bench-${owner}`), body, { qos: 1 });
};

const tell = await mqtt.connectAsync(mqttUrl(config), { ...connection, clientId: 'parkwarden-load-receipts' });
tell.on('message', (topic, payload) => {
  const receipt = JSON.parse(payload.toString()) as Receipt | { count: number };
  if ('count' in receipt) stored += receipt.count;
  else if (receipt.boot === values.boot) {
    const gateway = Number(topic.split('/')[2]!.slice('bench-'.length));
    for (const [from, to] of receipt.stored) {
      stored += to - from + 1;
      if (measuring) for (let seq = from; seq <= to; seq++) latencies.push(performance.now() - sentAt[gateway]![seq]!);
    }
  }
});
await tell.subscribeAsync('pw/v1/+/receipt', { qos: 1 });

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));
const percentile = (sorted: number[], p: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? NaN) * 10) / 10;

if (values.mode === 'saturate') {
  let from = { stored: 0, at: 0 };
  const start = performance.now();
  const end = start + WARM_UP_MS + seconds * 1_000;
  while (performance.now() < end) {
    while (published - stored < WINDOW) publish();
    if (!measuring && performance.now() - start > WARM_UP_MS) {
      measuring = true;
      from = { stored, at: performance.now() };
    }
    await tick();
  }
  const rate = (stored - from.stored) / ((performance.now() - from.at) / 1_000);
  console.log(JSON.stringify({ perSecond: Math.round(rate), measured: stored - from.stored }));
} else {
  const start = performance.now();
  measuring = true;
  for (;;) {
    const elapsed = performance.now() - start;
    if (elapsed > seconds * 1_000) break;
    const due = Math.floor((elapsed / 1_000) * Number(values.rate));
    while (published < due) publish();
    await tick();
  }
  const wait = performance.now() + 30_000;
  while (stored < published && performance.now() < wait) await tick();
  latencies.sort((a, b) => a - b);
  console.log(JSON.stringify({ published, stored, alarms, publishToReceiptMs: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) } }));
}
process.exit(0);
