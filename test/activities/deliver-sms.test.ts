/** Text messages against a provider that enforces its rules, loses answers and can be asked. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { askProviders } from '../../activities/channels.ts';
import { deliver } from '../../activities/deliver.ts';
import { issueAlarmNotices } from '../../activities/notices.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Channels } from './channel-park.ts';
import { addTemplate, relayChannels, startChannels } from './channel-park.ts';
import { seedNoticePark } from './notice-park.ts';

const MINUTE = 60_000;

let database: TestDatabase;
let db: Database;
let channels: Channels;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedNoticePark(db);
  await db.pool.query(`UPDATE organisation SET phone = '13800000002' WHERE id = 'ent'`);
});
afterAll(() => database.drop());
beforeEach(async () => {
  channels = await startChannels([]);
  await db.pool.query(`DELETE FROM delivery; DELETE FROM notice; DELETE FROM alarm WHERE id <> 'episode-1'; DELETE FROM outbox; DELETE FROM task`);
});
afterEach(() => channels.close());

/** A red alarm notice to the enterprise; gives its text message. */
const newMessage = async (): Promise<{ deliveryId: string; key: string }> => {
  const id = randomUUID();
  await db.pool.query(
    `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
     SELECT $1, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, now(), value, limit_value, unit, statutory FROM alarm WHERE id = 'episode-1'`,
    [id],
  );
  await db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: id, recipients: ['enterprise'], rung: 0 }, channels.settings));
  const { rows } = await db.pool.query<{ id: string }>(`SELECT d.id FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE n.alarm_id = $1 AND d.channel = 'sms'`, [id]);
  return { deliveryId: rows[0]!.id, key: `channel/${rows[0]!.id}` };
};
const stateOf = async (deliveryId: string) =>
  (await db.pool.query<{ state: string; attempts: number; provider_code: string | null; queries: number; query_at: Date | null }>('SELECT state, attempts, provider_code, queries, query_at FROM delivery WHERE id = $1', [deliveryId])).rows[0]!;
const tasks = async () => (await db.pool.query<{ detail: { code: string; deliveryId?: string } }>(`SELECT detail FROM task WHERE kind = 'notice_undeliverable'`)).rows.map((r) => r.detail);
const soon = () => Date.now() + MINUTE + 1_000;
const GOOD = '${asset}报警：${sensor} ${level}，请立即核实处置。';

test('goes out from the approved template with the facts of the record, once however often it is asked for', async () => {
  await addTemplate(db, channels.sms, 'sms', 'alarm', GOOD);
  const message = await newMessage();
  expect(await deliver(db, channels.ports, message)).toBe('sent');
  expect(await deliver(db, channels.ports, message)).toBe('already_sent');
  expect(channels.sms.sent).toEqual([expect.objectContaining({ phone: '13800000002', template: 'SMS_alarm_sms', variables: { asset: '3号储罐 A-3', sensor: '储罐压力', level: 'HH' }, outId: message.deliveryId })]);
  expect(await stateOf(message.deliveryId)).toMatchObject({ state: 'sent', provider_code: 'OK', attempts: 1 });
});

test('a value that is too long is shortened to 35 characters; the provider takes it', async () => {
  await addTemplate(db, channels.sms, 'sms', 'alarm', '${place}发生报警，请核实。');
  await db.pool.query(`UPDATE unit SET name_zh = '苯乙烯罐区一期常压储罐组' WHERE id = 'unit'`);
  expect(await deliver(db, channels.ports, await newMessage())).toBe('sent');
  expect([...channels.sms.sent[0]!.variables.place!]).toHaveLength(35);
  expect(channels.sms.sent[0]!.variables.place).toMatch(/^滨海精细化工园区.*…$/);
});

describe('nothing goes to the provider that it would refuse', () => {
  test('a kind of notice without approved template is failed and a task', async () => {
    await addTemplate(db, channels.sms, 'sms', 'alarm', GOOD, 'pending');
    const message = await newMessage();
    expect(await deliver(db, channels.ports, message)).toBe('failed');
    expect(channels.sms.calls.send).toBe(0);
    expect(await stateOf(message.deliveryId)).toMatchObject({ state: 'failed', provider_code: 'sms.template_missing' });
    expect(await tasks()).toEqual([expect.objectContaining({ code: 'sms.template_missing', deliveryId: message.deliveryId })]);
  });

  test('a template that the provider has withdrawn is failed with its code and a task', async () => {
    await addTemplate(db, channels.sms, 'sms', 'alarm', GOOD);
    channels.sms.templates.get('SMS_alarm_sms')!.approved = false;
    const message = await newMessage();
    expect(await deliver(db, channels.ports, message)).toBe('failed');
    expect(await tasks()).toEqual([expect.objectContaining({ code: 'isv.SMS_TEMPLATE_ILLEGAL' })]);
    expect(channels.sms.sent).toEqual([]);
  });
});

describe('an answer that is lost', () => {
  beforeEach(() => addTemplate(db, channels.sms, 'sms', 'alarm', GOOD));

  test('after it was sent: unknown, the provider is asked, and nothing is sent twice', async () => {
    channels.sms.loseAnswers = 1;
    const message = await newMessage();
    expect(await deliver(db, channels.ports, message)).toBe('unknown');
    expect((await stateOf(message.deliveryId)).state).toBe('unknown');
    expect(await askProviders(db, channels.ports, soon())).toBe(1);
    expect((await stateOf(message.deliveryId)).state).toBe('delivered');
    expect(await deliver(db, channels.ports, message)).toBe('already_sent');
    expect(channels.sms.sent).toHaveLength(1);
    expect(await tasks()).toEqual([]);
  });

  test('before anything was sent: the provider has never had it, and it is sent under the same key', async () => {
    channels.sms.loseRequests = 1;
    const message = await newMessage();
    expect(await deliver(db, channels.ports, message)).toBe('unknown');
    await db.pool.query('UPDATE outbox SET delivered_at = now()');
    await askProviders(db, channels.ports, soon());
    expect((await stateOf(message.deliveryId)).state).toBe('pending');
    expect(await relayChannels(db, channels.ports)).toEqual(['sent']);
    expect(channels.sms.sent).toHaveLength(1);
  });

  test('and a provider that does not say either: a person after three questions, and the message is not sent again', async () => {
    channels.sms.loseAnswers = 1;
    channels.sms.isSilent = true;
    const message = await newMessage();
    await deliver(db, channels.ports, message);
    for (let i = 1; i <= 3; i++) {
      expect(await tasks()).toEqual([]);
      expect(await askProviders(db, channels.ports, soon() + i * 2 * MINUTE)).toBe(1);
    }
    expect(channels.sms.calls.query).toBe(3);
    expect(await stateOf(message.deliveryId)).toMatchObject({ state: 'unknown', queries: 3, query_at: null });
    expect(await tasks()).toEqual([expect.objectContaining({ deliveryId: message.deliveryId })]);
    expect(await askProviders(db, channels.ports, soon() + 60 * MINUTE)).toBe(0);
    expect(channels.sms.sent).toHaveLength(1);
  });
});
