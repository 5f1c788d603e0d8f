import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { IClientOptions, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { pino } from 'pino';
import type { Broker } from '../../ingest/broker/broker.ts';
import { PACKET_LIMIT, startBroker } from '../../ingest/broker/broker.ts';
import { gatewayPassword } from '../../platform/mqtt.ts';
import { connectGateway, freePort, GATEWAY_SECRET, SERVICE_PASSWORD, spawnProcess, until } from './world.ts';

let broker: Broker;
const lines: string[] = [];
const clients: MqttClient[] = [];
const open = (options: IClientOptions): MqttClient => {
  const client = mqtt.connect(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 5, reconnectPeriod: 0, ...options });
  client.on('error', () => {});
  clients.push(client);
  return client;
};
const service = (options: IClientOptions = {}): MqttClient => open({ username: 'service', password: SERVICE_PASSWORD, ...options });
const gateway = (id: string, options: IClientOptions = {}): MqttClient => open({ username: id, password: gatewayPassword(GATEWAY_SECRET, id), ...options });
const refusal = (client: MqttClient): Promise<number | undefined> =>
  new Promise((resolve) => {
    client.on('error', (error) => resolve((error as { code?: number }).code));
    client.on('connect', () => resolve(0));
  });

beforeAll(async () => {
  const log = pino({ level: 'warn' }, { write: (line: string) => { lines.push(line); } });
  broker = await startBroker({ port: 0, servicePassword: SERVICE_PASSWORD, gatewaySecret: GATEWAY_SECRET, log });
});
afterAll(async () => {
  for (const client of clients) client.end(true);
  await broker.close();
});

describe('who may connect', () => {
  test.each<[string, IClientOptions]>([
    ['nobody', {}],
    ['service with a wrong password', { username: 'service', password: 'x' }],
    ['service with a gateway password', { username: 'service', password: gatewayPassword(GATEWAY_SECRET, 'service') }],
    ['a gateway with the password of another', { username: 'gw-1', password: gatewayPassword(GATEWAY_SECRET, 'gw-2') }],
    ['a gateway under the name of our own session', { username: 'gw-1', password: gatewayPassword(GATEWAY_SECRET, 'gw-1'), clientId: 'parkwarden-ingest' }],
  ])('%s may not', async (_name, options) => {
    expect(await refusal(open(options))).toBeGreaterThanOrEqual(128);
    expect(lines.at(-1)).toContain('connection denied');
  });

  test('a gateway may not take over the session of another', async () => {
    const first = gateway('gw-1', { clientId: 'shared-name' });
    await until('connected', () => first.connected);
    expect(await refusal(gateway('gw-2', { clientId: 'shared-name' }))).toBeGreaterThanOrEqual(128);
    expect(first.connected).toBe(true);
  });

  test('the process does not start without its secrets', async () => {
    const child = spawnProcess('ingest/broker/main.ts', { MQTT_PORT: String(await freePort()), MQTT_PASSWORD: SERVICE_PASSWORD });
    const code = await new Promise((resolve) => child.process.once('exit', resolve));
    expect(code).toBe(1);
    expect(child.output()).toContain('MQTT_GATEWAY_SECRET');
  });
});

describe('who may publish and read what', () => {
  test.each(['pw/v1/gw-2/readings', 'pw/v1/gw-1/receipt', 'pw/v1/actuators/beacon-1/command', '$SYS/x', 'pw/v1/gw-1/readings/x'])('gw-1 may not publish to %s; it is told so, and logged', async (topic) => {
    const all = service();
    const seen: string[] = [];
    all.on('message', (t) => seen.push(t));
    await all.subscribeAsync('#', { qos: 1 });
    const client = gateway('gw-1');
    await until('connected', () => client.connected);
    const before = lines.length;
    await expect(client.publishAsync(topic, 'x', { qos: 1 })).rejects.toMatchObject({ code: 0x87 });
    expect(lines.slice(before).some((line) => line.includes('publish denied') && line.includes(topic))).toBe(true);
    await client.publishAsync('pw/v1/gw-1/readings', 'ok', { qos: 1 });
    await until('its own topic', () => seen.includes('pw/v1/gw-1/readings'));
    expect(seen).not.toContain(topic);
    expect(client.connected).toBe(true);
  });

  test.each(['#', 'pw/v1/+/receipt', 'pw/v1/gw-2/receipt', 'pw/v1/gw-1/readings', 'pw/v1/actuators/#'])('gw-1 may not read %s', async (topic) => {
    const client = gateway('gw-1');
    await until('connected', () => client.connected);
    const granted = await client.subscribeAsync(topic, { qos: 1 }).catch((error: Error) => error);
    expect(granted instanceof Error || granted.every((g) => g.qos >= 128)).toBe(true);
    expect(lines.some((line) => line.includes('subscription denied') && line.includes(topic))).toBe(true);
  });

  test('a last will goes through the same permission', async () => {
    const all = service();
    const seen: string[] = [];
    all.on('message', (t) => seen.push(t));
    await all.subscribeAsync('pw/#', { qos: 1 });
    const client = gateway('gw-1', { will: { topic: 'pw/v1/actuators/beacon-1/command', payload: Buffer.from('on'), qos: 1 } });
    await until('connected', () => client.connected);
    client.stream.destroy();
    await all.publishAsync('pw/v1/after', 'x', { qos: 1 });
    await until('later message', () => seen.includes('pw/v1/after'));
    await until('denied', () => lines.some((line) => line.includes('publish denied') && line.includes('beacon-1')));
    expect(seen).not.toContain('pw/v1/actuators/beacon-1/command');
  });
});

describe('hostile input', () => {
  test('a packet over the limit disconnects its sender with 0x95 and nobody else', async () => {
    const other = await connectGateway(broker.port, 'gw-2');
    const client = gateway('gw-1');
    await until('connected', () => client.connected);
    const closed = new Promise((resolve) => client.once('close', () => resolve(true)));
    // The client itself would keep to the limit that the broker announces.
    // PUBLISH, QoS 1, remaining length 10 MB.
    client.stream.write(Buffer.concat([Buffer.from([0x32, 0x80, 0x80, 0x80, 0x05]), Buffer.alloc(PACKET_LIMIT * 2)]));
    await closed;
    expect(other.client.connected).toBe(true);
    await other.send('x');
    await other.end();
  });

  test('bytes that are no MQTT, and a connection that says nothing, harm nobody', async () => {
    const other = await connectGateway(broker.port, 'gw-2');
    for (const bytes of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(64, 0xff), Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0x7f]), Buffer.from([0x30, 0x02, 0x00])]) {
      const socket = connect(broker.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(bytes);
      await new Promise((resolve) => { socket.once('close', resolve); setTimeout(() => { socket.destroy(); resolve(null); }, 300); });
    }
    expect(other.client.connected).toBe(true);
    await other.send('still there');
    await other.end();
  });
});
