import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import mqtt from 'mqtt';
import type { MqttClient } from 'mqtt';
import { Gateway } from '../../deploy/demo-park/gateway.ts';
import { SENSORS } from '../../deploy/demo-park/park.ts';
import type { Receipt } from '../../domain/telemetry.ts';
import { readingsTopic, receiptTopic } from '../../domain/telemetry.ts';
import type { Broker } from '../../ingest/broker/broker.ts';
import { startBroker } from '../../ingest/broker/broker.ts';
import { createLogger } from '../../platform/logger.ts';
import { gatewayPassword, MQTT_SERVICE_USER } from '../../platform/mqtt.ts';

const SECRET = 'a secret of this test, thirty-two characters or more';
const SERVICE = 'the password of the service in this test';
const GATEWAY = 'gw-styrene-1';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const broker = async (port = 0): Promise<Broker> => {
  const started = await startBroker({ port, servicePassword: SERVICE, gatewaySecret: SECRET, log: createLogger('test-broker', 'fatal') });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= started.close());
  ends.push(close);
  return { ...started, close };
};

interface Heard { device: string; boot: string; seq: number; at: string; sentAt: string; points: { point: string; value: number; unit: string }[] }

/** Hears all gateways; receipts are sent by hand, in the documented form. */
const listen = async (port: number): Promise<{ heard: Heard[]; client: MqttClient; receipt: (gatewayId: string, receipt: Receipt) => Promise<unknown> }> => {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5, username: MQTT_SERVICE_USER, password: SERVICE, reconnectPeriod: 100 });
  const heard: Heard[] = [];
  client.on('message', (topic, payload) => { if (topic.endsWith('/readings')) heard.push(JSON.parse(payload.toString()) as Heard); });
  await client.subscribeAsync(readingsTopic('+'), { qos: 1 });
  ends.push(() => client.endAsync(true));
  return { heard, client, receipt: (gatewayId, receipt) => client.publishAsync(receiptTopic(gatewayId), JSON.stringify(receipt), { qos: 1 }) };
};

const gatewayAt = (port: number): Gateway => {
  const gateway = new Gateway({ url: `mqtt://127.0.0.1:${port}`, connection: { protocolVersion: 5, username: GATEWAY, password: gatewayPassword(SECRET, GATEWAY) }, gatewayId: GATEWAY });
  ends.push(() => gateway.close());
  return gateway;
};

const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within 30 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const point = (value: number) => [{ point: 'a3.pressure', value, unit: 'kPa' }];

describe('a gateway of the demo park', () => {
  test('keeps what is not receipted and sends it again, in order, to a broker that came back with nothing', async () => {
    let running = await broker();
    const { port } = running;
    let application = await listen(port);
    const gateway = gatewayAt(port);
    await until('connected', () => gateway.connected);
    for (let i = 0; i < 5; i++) gateway.publish(point(i));
    await until('five messages heard', () => application.heard.length === 5);
    expect(gateway.waiting).toBe(5);
    await application.receipt(GATEWAY, { boot: gateway.boot, seq: 1, stored: [[0, 1], [3, 3]], quarantined: [], at: new Date().toISOString() });
    await until('three of them receipted', () => gateway.waiting === 2);

    await application.client.endAsync(true);
    await running.close();
    await until('the line is down', () => !gateway.connected);
    gateway.publish(point(5));
    gateway.publish(point(6));
    running = await broker(port);
    application = await listen(port);

    await until('what waited is sent', () => application.heard.length >= 4);
    expect(application.heard.map((h) => h.seq)).toEqual([2, 4, 5, 6]);
    expect(application.heard.map((h) => h.points[0]!.value)).toEqual([2, 4, 5, 6]);
    expect(new Set(application.heard.map((h) => h.boot))).toEqual(new Set([gateway.boot]));
    await application.receipt(GATEWAY, { boot: gateway.boot, seq: 6, stored: [[2, 2], [4, 6]], quarantined: [], at: new Date().toISOString() });
    await until('nothing waits', () => gateway.waiting === 0);
    expect(gateway.lost).toBe(0);
  });

  test('takes no notice of a receipt for another boot', async () => {
    const running = await broker();
    const application = await listen(running.port);
    const gateway = gatewayAt(running.port);
    gateway.publish(point(1));
    await until('heard', () => application.heard.length === 1);
    await application.receipt(GATEWAY, { boot: 'another boot', seq: 0, stored: [[0, 0]], quarantined: [], at: new Date().toISOString() });
    gateway.publish(point(2));
    await until('the next is heard', () => application.heard.length === 2);
    await application.receipt(GATEWAY, { boot: gateway.boot, seq: null, stored: [[1, 1]], quarantined: [], at: new Date().toISOString() });
    await until('the second is receipted', () => gateway.waiting === 1);
    expect(gateway.waiting).toBe(1);
  });
});

describe('the simulator', () => {
  test('publishes every sensor in its registered unit at once, goes on, and ends cleanly on SIGTERM', async () => {
    const running = await broker();
    const { heard } = await listen(running.port);
    const child = spawn(process.execPath, [join(import.meta.dirname, '../../deploy/demo-park/simulator.ts')], {
      env: { PATH: process.env.PATH ?? '', MQTT_PORT: String(running.port), MQTT_PASSWORD: SERVICE, MQTT_GATEWAY_SECRET: SECRET, LOG_LEVEL: 'error' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exit = once(child, 'exit');
    ends.push(async () => { child.kill('SIGKILL'); });
    const seen = (): Set<string> => new Set(heard.flatMap((h) => h.points.map((p) => `${h.device}/${p.point}/${p.unit}`)));
    await until('every sensor', () => seen().size >= SENSORS.length);
    expect([...seen()].sort()).toEqual(SENSORS.map((s) => `${s.gatewayId}/${s.point}/${s.unit}`).sort());
    await until('a second round', () => heard.some((h) => h.seq > 0));
    child.kill('SIGTERM');
    expect(await exit).toEqual([0, null]);
  });
});
