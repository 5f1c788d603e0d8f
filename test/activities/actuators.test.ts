/** Commands to sound-light alarms over the real broker. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import mqtt from 'mqtt';
import type { MqttClient } from 'mqtt';
import { deliverActuation, publisherOf } from '../../activities/actuators.ts';
import type { CommandPublisher } from '../../activities/actuators.ts';
import { startBroker } from '../../ingest/broker/broker.ts';
import type { Broker } from '../../ingest/broker/broker.ts';
import { createLogger } from '../../platform/logger.ts';
import { MQTT_SERVICE_USER } from '../../platform/mqtt.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { seedNoticePark } from './notice-park.ts';

let database: TestDatabase;
let db: Database;
let broker: Broker;
let client: MqttClient;
let beacon: MqttClient;
const heard: { topic: string; payload: { actuationId: string; command: string; issuedAt: string }; qos: number }[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedNoticePark(db);
  broker = await startBroker({ port: 0, servicePassword: 'a service password', gatewaySecret: 'a gateway secret', log: createLogger('broker', 'fatal') });
  const options = { protocolVersion: 5 as const, username: MQTT_SERVICE_USER, password: 'a service password' };
  client = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, options);
  beacon = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, options);
  beacon.on('message', (topic, payload, packet) => heard.push({ topic, payload: JSON.parse(payload.toString()), qos: packet.qos }));
  await beacon.subscribeAsync('pw/v1/actuators/+/command', { qos: 1 });
});
afterAll(async () => {
  await client.endAsync(true);
  await beacon.endAsync(true);
  await broker.close();
  await database.drop();
});

const newActuation = async (id: string, assetId: string, command: string, issuedAt: string): Promise<void> => {
  await db.pool.query(`INSERT INTO actuation (id, tenant_id, asset_id, command, issued_at, dedupe_key) VALUES ($1, 'ent', $2, $3, $4, $1)`, [id, assetId, command, issuedAt]);
};
const sentAt = async (id: string): Promise<Date | null> => (await db.pool.query<{ sent_at: Date | null }>('SELECT sent_at FROM actuation WHERE id = $1', [id])).rows[0]!.sent_at;
const heardOf = async (id: string, times: number): Promise<typeof heard> => {
  for (let i = 0; i < 200 && heard.filter((h) => h.payload.actuationId === id).length < times; i += 1) await new Promise((resolve) => setTimeout(resolve, 25));
  return heard.filter((h) => h.payload.actuationId === id);
};

describe('a command to a beacon', () => {
  test('is published once at QoS 1 and noted when the broker has it', async () => {
    await newActuation('a-1', 'beacon', 'on', '2026-11-20T08:00:00Z');
    const deps = { db, publisher: publisherOf(client) };
    expect(await deliverActuation(deps, { actuationId: 'a-1' })).toBe('sent');
    expect(await heardOf('a-1', 1)).toEqual([{ topic: 'pw/v1/actuators/beacon/command', payload: { actuationId: 'a-1', command: 'on', issuedAt: '2026-11-20T08:00:00.000Z' }, qos: 1 }]);
    expect(await sentAt('a-1')).not.toBeNull();
    expect(await deliverActuation(deps, { actuationId: 'a-1' })).toBe('already_sent');
    await newActuation('a-2', 'beacon', 'off', '2026-11-20T08:01:00Z');
    await Promise.all([deliverActuation(deps, { actuationId: 'a-2' }), deliverActuation(deps, { actuationId: 'a-2' })]);
    expect(await heardOf('a-2', 1)).toHaveLength(1);
    expect(heard.filter((h) => h.payload.actuationId === 'a-1')).toHaveLength(1);
  });

  test('that the broker did not take is not noted and comes again', async () => {
    await newActuation('a-3', 'beacon', 'on', '2026-11-20T08:02:00Z');
    const deaf: CommandPublisher = { publish: () => Promise.reject(new Error('not connected to the broker')) };
    await expect(deliverActuation({ db, publisher: deaf }, { actuationId: 'a-3' })).rejects.toThrow('not connected');
    expect(await sentAt('a-3')).toBeNull();
    expect(await deliverActuation({ db, publisher: publisherOf(client) }, { actuationId: 'a-3' })).toBe('sent');
  });

  test('waits in the record, not in this process, while the broker is away', async () => {
    const away = mqtt.connect('mqtt://127.0.0.1:1', { reconnectPeriod: 0 });
    away.on('error', () => {});
    await expect(publisherOf(away).publish('pw/v1/actuators/beacon/command', '{}')).rejects.toThrow('not connected');
    await away.endAsync(true);
  });

  test('that a later one has overtaken is not sent any more', async () => {
    await newActuation('a-4', 'beacon', 'on', '2026-11-20T09:00:00Z');
    await newActuation('a-5', 'beacon', 'off', '2026-11-20T09:01:00Z');
    const deps = { db, publisher: publisherOf(client) };
    expect(await deliverActuation(deps, { actuationId: 'a-5' })).toBe('sent');
    expect(await deliverActuation(deps, { actuationId: 'a-4' })).toBe('superseded');
    expect(await heardOf('a-5', 1)).toHaveLength(1);
    expect(heard.some((h) => h.payload.actuationId === 'a-4')).toBe(false);
  });
});

describe('what is not a beacon is never actuated', () => {
  test.each([['b-1', 'pump', 'off'], ['b-2', 'tank-a3', 'on'], ['b-3', 'unknown', 'on'], ['b-4', 'beacon', 'explode']])('%s: %s %s', async (id, asset, command) => {
    const published: string[] = [];
    await newActuation(id, asset, command, '2026-11-20T10:00:00Z');
    const publisher: CommandPublisher = { publish: (topic) => { published.push(topic); return Promise.resolve(); } };
    expect(await deliverActuation({ db, publisher }, { actuationId: id })).toBe('refused');
    expect(await deliverActuation({ db, publisher }, { actuationId: id })).toBe('refused');
    expect(published).toEqual([]);
    expect(await sentAt(id)).toBeNull();
    const { rows } = await db.pool.query(`SELECT object, outcome FROM audit_event WHERE action = 'actuation.send' AND detail->>'actuationId' = $1`, [id]);
    expect(rows).toEqual([{ object: asset, outcome: 'refused' }]);
  });
});
