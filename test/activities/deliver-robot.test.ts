/** Group robots against a server that signs, limits and closes like the providers' own. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { deliver } from '../../activities/deliver.ts';
import { issueAlarmNotices } from '../../activities/notices.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Channels } from './channel-park.ts';
import { startChannels } from './channel-park.ts';
import { seedNoticePark } from './notice-park.ts';

let database: TestDatabase;
let db: Database;
let channels: Channels;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedNoticePark(db);
});
afterAll(() => database.drop());
beforeEach(async () => {
  channels = await startChannels(['duty', 'wecom-duty']);
  await db.pool.query(`UPDATE organisation SET robot = 'duty', phone = '13800000001' WHERE id = 'eo'; DELETE FROM delivery; DELETE FROM notice; DELETE FROM alarm WHERE id <> 'episode-1'; DELETE FROM outbox; DELETE FROM task; DELETE FROM channel_block`);
});
afterEach(() => channels.close());

const newMessage = async (level = 'H', statutory = false): Promise<{ deliveryId: string; key: string }> => {
  const id = randomUUID();
  await db.pool.query(
    `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
     SELECT $1, tenant_id, sensor_id, asset_id, $2, state, rule_id, rule_version, now(), value, limit_value, unit, $3 FROM alarm WHERE id = 'episode-1'`,
    [id, level, statutory],
  );
  await db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: id, recipients: ['emergency_office'], rung: 0 }, channels.settings));
  const { rows } = await db.pool.query<{ id: string }>(`SELECT d.id FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE n.alarm_id = $1 AND d.channel = 'robot'`, [id]);
  return { deliveryId: rows[0]!.id, key: `channel/${rows[0]!.id}` };
};
const stateOf = async (deliveryId: string) => (await db.pool.query<{ state: string; provider_code: string | null }>('SELECT state, provider_code FROM delivery WHERE id = $1', [deliveryId])).rows[0]!;

test.each(['duty', 'wecom-duty'])('%s: subject, matter and address, once', async (robot) => {
  await db.pool.query(`UPDATE organisation SET robot = $1 WHERE id = 'eo'`, [robot]);
  const message = await newMessage();
  expect(await deliver(db, channels.ports, message)).toBe('sent');
  expect(await deliver(db, channels.ports, message)).toBe('already_sent');
  expect(channels.robots.seen).toHaveLength(1);
  expect(channels.robots.seen[0]).toMatchObject({ robot, mobiles: [] });
  expect(channels.robots.seen[0]!.text).toMatch(/^【报警】3号储罐 高限（H） 21\.34 kPa\n3号储罐（A-3.*\nhttps:\/\/park\.example\//s);
});

test('a robot that somebody else has closed is left alone for ten minutes; what is not urgent waits for its digest, what is goes another way', async () => {
  // Another system has used up the robot.
  for (let i = 0; i < 21; i++) await channels.ports.robot!.send(null as never, { address: 'duty', lane: 'plain', org: { phone: null, language: 'zh' }, notice: null, digest: { counts: { alarm: 2 }, subjects: [] } } as never, '').catch(() => {});
  const calls = channels.robots.calls;
  const first = await newMessage();
  await expect(deliver(db, channels.ports, first)).rejects.toMatchObject({ outcome: 'closed', code: '130101' });
  expect(await stateOf(first.deliveryId)).toMatchObject({ state: 'pending', provider_code: '130101' });
  expect(await deliver(db, channels.ports, first)).toBe('in_digest');
  const red = await newMessage('HH', true);
  expect(await deliver(db, channels.ports, red)).toBe('failed');
  expect(await stateOf(red.deliveryId)).toMatchObject({ state: 'failed', provider_code: 'address_closed' });
  // The closed robot was called once.
  expect(channels.robots.calls).toBe(calls + 1);
  const { rows } = await db.pool.query<{ wait_s: number }>(`SELECT extract(epoch FROM due_at - now())::int AS wait_s FROM delivery WHERE state = 'collecting'`);
  expect(rows[0]!.wait_s).toBeGreaterThan(590);
  // The voice call that would have followed in three minutes is due now.
  const { rows: due } = await db.pool.query(`SELECT FROM notice WHERE lane = 'red' AND channel_step_at <= now()`);
  expect(due).toHaveLength(1);
});

test('an answer that is lost: a robot knows no key and cannot be asked, so it is not called again and a person looks', async () => {
  channels.robots.loseAnswers = 1;
  const message = await newMessage();
  expect(await deliver(db, channels.ports, message)).toBe('unknown');
  expect(await deliver(db, channels.ports, message)).toBe('unknown');
  expect((await stateOf(message.deliveryId)).state).toBe('unknown');
  expect(channels.robots.seen).toHaveLength(1);
  const { rows } = await db.pool.query(`SELECT FROM task WHERE kind = 'notice_undeliverable' AND owner_org_id = 'eo'`);
  expect(rows).toHaveLength(1);
});

test('a process that was killed while the robot was called does not call it again', async () => {
  const message = await newMessage();
  // What is on record when the process dies between the call and its answer.
  await db.pool.query(`UPDATE delivery SET state = 'unknown', unknown_at = now() WHERE id = $1`, [message.deliveryId]);
  expect(await deliver(db, channels.ports, message)).toBe('unknown');
  expect(channels.robots.seen).toHaveLength(0);
  expect(await stateOf(message.deliveryId)).toMatchObject({ state: 'unknown', provider_code: 'interrupted' });
});

test('a wrong secret of ours is told as what it is', async () => {
  const { openRobots } = await import('../../platform/robots.ts');
  const robots = openRobots({ IM_ROBOTS: [{ name: 'duty', kind: 'dingtalk', url: channels.robots.url('dingtalk', 'duty'), secret: 'SECwrong' }] });
  await expect(robots.get('duty')!.send({ text: 'x', mobiles: [] })).rejects.toMatchObject({ outcome: 'refused', code: '310000' });
});
