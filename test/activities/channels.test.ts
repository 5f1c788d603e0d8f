/** Grouping, digests, ladders and receipts, over a real database and servers that enforce the providers' limits. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { askProviders, climbChannels, closeDigests } from '../../activities/channels.ts';
import { issueAlarmNotices } from '../../activities/notices.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import type { Channels } from './channel-park.ts';
import { addTemplate, relayChannels, startChannels } from './channel-park.ts';
import { seedNoticePark } from './notice-park.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

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
  channels = await startChannels(['duty', 'wecom-ent']);
  await db.pgTransaction({ scope: 'service' }, async (c) => {
    await c.query(`UPDATE organisation SET robot = 'duty', phone = '13800000001' WHERE id = 'eo'`);
    await c.query(`UPDATE organisation SET robot = 'wecom-ent', phone = '13800000002' WHERE id = 'ent'`);
    await c.query(`DELETE FROM delivery; DELETE FROM notice; DELETE FROM alarm WHERE id <> 'episode-1'; DELETE FROM outbox; DELETE FROM task; DELETE FROM channel_block`);
  });
  await addTemplate(db, channels.sms, 'sms', 'alarm', '${asset}报警：${sensor} ${level}，请立即核实处置。');
  await addTemplate(db, channels.sms, 'sms', 'digest', '您有 ${count} 条未处理的安全通知，请登录系统查看。');
  await addTemplate(db, channels.voice, 'voice', 'alarm', '${asset}发生报警，请立即核实处置。');
});
afterEach(() => channels.close());

const raise = async (level: 'HH' | 'H', statutory: boolean): Promise<string> => {
  const id = randomUUID();
  await db.pool.query(
    `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
     SELECT $1, tenant_id, sensor_id, asset_id, $2, state, rule_id, rule_version, now(), value, limit_value, unit, $3 FROM alarm WHERE id = 'episode-1'`,
    [id, level, statutory],
  );
  await db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: id, recipients: ['enterprise', 'emergency_office'], rung: 0 }, channels.settings));
  return id;
};
const relay = () => relayChannels(db, channels.ports);
const states = async (channel: string, address?: string) =>
  (await db.pool.query<{ state: string; n: number }>(
    `SELECT state, count(*)::int AS n FROM delivery WHERE channel = $1 AND ($2::text IS NULL OR address = $2) AND notice_id IS NOT NULL GROUP BY state ORDER BY state`, [channel, address ?? null])).rows.map((r) => `${r.state} ${r.n}`);
/** The database's clock goes on. */
const pass = (ms: number) =>
  db.pool.query(`UPDATE delivery SET sent_at = sent_at - $1 * interval '1 millisecond', unknown_at = unknown_at - $1 * interval '1 millisecond', created_at = created_at - $1 * interval '1 millisecond', due_at = due_at - $1 * interval '1 millisecond', query_at = query_at - $1 * interval '1 millisecond'`, [ms]);

describe('many alarms at once', () => {
  test('an address gets one message a minute and channel with the count of the rest; every notice is in the inbox', async () => {
    for (let i = 0; i < 60; i++) await raise('H', false);
    await relay();
    // Two recipients, one message to each robot; the rest is in their digests.
    expect(channels.robots.seen.map((m) => m.robot).sort()).toEqual(['duty', 'wecom-ent']);
    expect(channels.robots.tooFast).toBe(0);
    expect(await states('robot', 'duty')).toEqual(['in_digest 59', 'sent 1']);
    expect(await states('inbox')).toEqual(['sent 120']);

    expect(await closeDigests(db, Date.now())).toBe(0);
    await pass(MINUTE + 1_000);
    expect(await closeDigests(db, Date.now())).toBe(2);
    await relay();
    const digest = channels.robots.seen.filter((m) => m.robot === 'duty')[1]!;
    expect(digest.text).toMatch(/^【通知汇总】59 条：报警 59\n/);
    expect(digest.text).toContain('……另有 49 条');
    expect(digest.text).toContain('https://park.example/notices');
    expect(channels.robots.seen).toHaveLength(4);
    // What was told of in a digest says in which.
    const { rows } = await db.pool.query<{ n: number; counts: object }>(`SELECT count(m.id)::int AS n, d.counts FROM delivery d JOIN delivery m ON m.digest_id = d.id WHERE d.notice_id IS NULL GROUP BY d.id, d.counts`);
    expect(rows).toEqual([{ n: 59, counts: { alarm: 59 } }, { n: 59, counts: { alarm: 59 } }]);
  });

  test('alarms over a statutory limit at its outermost level are never folded; what the robot cannot take goes on by text message', async () => {
    for (let i = 0; i < 30; i++) await raise('H', false);
    for (let i = 0; i < 25; i++) await raise('HH', true);
    await relay();
    // 18 in the window of the robot are ours to use: the provider's own limit of 20 is never touched.
    expect(channels.robots.tooFast).toBe(0);
    const toDuty = channels.robots.seen.filter((m) => m.robot === 'duty');
    expect(toDuty).toHaveLength(18);
    expect(toDuty.filter((m) => m.mobiles.includes('13800000001'))).toHaveLength(17);
    expect(await states('robot', 'duty')).toEqual(['failed 8', 'in_digest 29', 'sent 18']);
    // What is red waits in no queue of the others.
    expect((await db.pool.query<{ topic: string; n: number }>(`SELECT topic, count(*)::int AS n FROM outbox WHERE topic IN ('urgent', 'channel') GROUP BY topic ORDER BY topic`)).rows).toEqual([{ topic: 'channel', n: 60 }, { topic: 'urgent', n: 100 }]);
    // Each of the 25 red ones reached the phone at once.
    expect(channels.sms.sent.filter((m) => m.phone === '13800000001')).toHaveLength(25);
    const { rows } = await db.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE n.lane = 'red' AND d.state IN ('in_digest', 'collecting')`);
    expect(rows[0]!.n).toBe(0);
  });

  test('a single message that had to wait goes out as itself', async () => {
    await raise('H', false);
    await raise('H', false);
    await relay();
    await pass(MINUTE + 1_000);
    await closeDigests(db, Date.now());
    await relay();
    expect(await states('robot', 'duty')).toEqual(['sent 2']);
    expect(channels.robots.seen.filter((m) => m.robot === 'duty').map((m) => m.text.slice(0, 4))).toEqual(['【报警】', '【报警】']);
    expect((await db.pool.query('SELECT FROM delivery WHERE notice_id IS NULL')).rowCount).toBe(0);
  });
});

describe('the ladder of channels', () => {
  test('a red notice that nobody acknowledges is called by voice; an acknowledged alarm calls nobody', async () => {
    const waiting = await raise('HH', true);
    const taken = await raise('HH', true);
    await relay();
    await db.pool.query(`UPDATE alarm SET acknowledged_at = now(), acknowledged_by = 'li' WHERE id = $1`, [taken]);
    expect(await climbChannels(db, channels.settings, Date.now())).toBe(0);
    const later = Date.now() + 4 * MINUTE;
    expect(await climbChannels(db, channels.settings, later)).toBe(4);
    expect(await climbChannels(db, channels.settings, later)).toBe(0);
    await relay();
    expect(channels.voice.sent.map((m) => m.phone).sort()).toEqual(['13800000001', '13800000002']);
    const { rows } = await db.pool.query<{ alarm_id: string }>(`SELECT DISTINCT n.alarm_id FROM delivery d JOIN notice n ON n.id = d.notice_id WHERE d.channel = 'voice'`);
    expect(rows).toEqual([{ alarm_id: waiting }]);
  });

  test('other notices climb until somebody has opened them', async () => {
    await raise('H', false);
    await db.pool.query(`UPDATE notice SET read_at = now(), read_by = 'wang' WHERE recipient_org_id = 'ent'`);
    await climbChannels(db, channels.settings, Date.now() + 31 * MINUTE);
    await relay();
    expect(channels.sms.sent.map((m) => m.phone)).toEqual(['13800000001']);
    await climbChannels(db, channels.settings, Date.now() + 5 * HOUR);
    await relay();
    expect(channels.voice.sent.map((m) => m.phone)).toEqual(['13800000001']);
    const { rows } = await db.pool.query('SELECT FROM notice WHERE channel_step_at IS NOT NULL');
    expect(rows).toEqual([]);
  });

  test('two workers at once take each step once', async () => {
    for (let i = 0; i < 5; i++) await raise('HH', true);
    const at = Date.now() + 4 * MINUTE;
    const [a, b] = await Promise.all([climbChannels(db, channels.settings, at), climbChannels(db, channels.settings, at)]);
    expect(a + b).toBe(10);
    const { rows } = await db.pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM delivery WHERE channel = 'voice'`);
    expect(rows[0]!.n).toBe(10);
  });

  test('an organisation without a phone number is a task of the emergency office, once a day', async () => {
    await db.pool.query(`UPDATE organisation SET phone = NULL WHERE id = 'ent'`);
    await raise('HH', true);
    await raise('HH', true);
    const { rows } = await db.pool.query<{ kind: string; owner_org_id: string; tenant_id: string; detail: { channel: string; code: string } }>('SELECT kind, owner_org_id, tenant_id, detail FROM task');
    expect(rows).toEqual([expect.objectContaining({ kind: 'notice_undeliverable', owner_org_id: 'eo', tenant_id: 'ent', detail: expect.objectContaining({ channel: 'sms', code: 'no_address' }) })]);
  });
});

describe('receipts', () => {
  test('what the provider says of a message goes on its delivery', async () => {
    await raise('HH', true);
    await relay();
    expect(await states('sms')).toEqual(['sent 2']);
    expect(await askProviders(db, channels.ports, Date.now())).toBe(0);
    await pass(MINUTE + 1_000);
    expect(await askProviders(db, channels.ports, Date.now())).toBe(2);
    expect(await states('sms')).toEqual(['delivered 2']);
    const { rows } = await db.pool.query<{ provider_code: string; provider_id: string | null; delivered_at: Date | null; query_at: Date | null }>(`SELECT provider_code, provider_id, delivered_at, query_at FROM delivery WHERE channel = 'sms'`);
    for (const row of rows) expect(row).toMatchObject({ provider_code: 'DELIVERED', provider_id: expect.any(String), delivered_at: expect.any(Date), query_at: null });
  });

  test('a message that the provider could not bring is failed and a task', async () => {
    channels.sms.status = 'failed';
    await raise('HH', true);
    await relay();
    await pass(MINUTE + 1_000);
    await askProviders(db, channels.ports, Date.now());
    expect(await states('sms')).toEqual(['failed 2']);
    const { rows } = await db.pool.query<{ detail: { code: string } }>(`SELECT detail FROM task WHERE kind = 'notice_undeliverable'`);
    expect(rows.map((r) => r.detail.code)).toEqual(['PHONE_OFF', 'PHONE_OFF']);
  });
});
