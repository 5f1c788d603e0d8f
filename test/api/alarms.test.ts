/** Alarms and notices over HTTP, handled by the real engine. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addToOutbox } from '../../prisma/outbox.ts';
import type { World } from './world.ts';
import { startWorld, until } from './world.ts';

let w: World;
beforeAll(async () => {
  w = await startWorld({ engine: true });
}, 120_000);
afterAll(() => w?.close());

type AlarmBody = { id: string; state: string; allowedActs: string[]; acknowledgedBy: { id: string } | null; confirmed: boolean | null; closedAt: string | null };

const raise = async (level = 'HH'): Promise<string> => {
  const id = `ep-${randomUUID()}`;
  const message = (kind: 'raised' | 'cleared') =>
    ({ topic: 'workflow', key: `${id}/${kind}`, tenantId: 'ent-1', payload: { workflow: 'alarmHandling', input: { episodeId: id, tenantId: 'ent-1' }, signal: { kind, eventId: '1', at: Date.now() } } }) as const;
  await w.db.pgTransaction({ scope: 'service' }, async (c) => {
    await c.query(
      `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
       VALUES ($1, 'ent-1', 'pressure-1', 'tank-1', $2, 'unacknowledged', 'registry:pressure-1:HH', 1, now(), 210, 200, 'kPa', true)`, [id, level],
    );
    await addToOutbox(c, [message('raised')]);
  });
  return id;
};
const ready = (id: string) => until('the first notices', async () => (await w.db.pool.query('SELECT FROM notice WHERE alarm_id = $1', [id])).rowCount! > 0);

test('an alarm is acknowledged and judged by those who may, once; others do not see it', async () => {
  const [office, officer, stranger, plant] = await Promise.all([w.park.people.office, w.park.enterprises[0]!.officer, w.park.enterprises[1]!.officer, w.park.people.processOwner].map((p) => w.as(p)));
  const id = await raise();
  await ready(id);
  expect((await officer!.get<AlarmBody>(`/api/v1/alarms/${id}`)).body).toMatchObject({
    state: 'unacknowledged', level: 'HH', asset: { code: 'T-1', pathEn: 'Model chemical park/Zone A/Chemical Works 1/Tank farm/Styrene tank' }, substance: 'styrene', tenant: { id: 'ent-1' }, allowedActs: ['acknowledge', 'confirm'], hazardId: null,
  });
  expect((await stranger!.get(`/api/v1/alarms/${id}`)).body.code).toBe('alarm.not_found');
  expect((await stranger!.post(`/api/v1/alarms/${id}/acknowledge`, {})).body.code).toBe('alarm.not_found');
  expect((await plant!.get<AlarmBody>(`/api/v1/alarms/${id}`)).body.allowedActs).toEqual([]);
  expect((await plant!.post(`/api/v1/alarms/${id}/acknowledge`, {})).body).toMatchObject({ status: 403, code: 'permission.denied' });

  const key = randomUUID();
  const first = await officer!.post<AlarmBody>(`/api/v1/alarms/${id}/acknowledge`, {}, { key });
  expect(first).toMatchObject({ status: 200, body: { state: 'acknowledged', acknowledgedBy: { id: w.park.enterprises[0]!.officer.personId } } });
  expect((await officer!.post(`/api/v1/alarms/${id}/acknowledge`, {}, { key })).body).toEqual(first.body);
  expect((await office!.post(`/api/v1/alarms/${id}/acknowledge`, {})).body).toMatchObject({ status: 409, code: 'alarm.already_acknowledged' });

  expect((await office!.post(`/api/v1/alarms/${id}/confirm`, { real: false })).body).toMatchObject({ status: 422, code: 'alarm.reason_required' });
  expect((await office!.post<AlarmBody>(`/api/v1/alarms/${id}/confirm`, { real: true })).body).toMatchObject({ confirmed: true, allowedActs: [] });
  expect((await officer!.post(`/api/v1/alarms/${id}/confirm`, { real: false, reason: 'x' })).body.code).toBe('alarm.already_judged');
});

test('the list pages newest first; the map shows the gravest open alarm of an asset', async () => {
  const officer = await w.as(w.park.enterprises[0]!.officer);
  const grave = await raise('HH');
  const slight = await raise('H');
  await ready(grave);
  const { items, nextCursor } = (await officer.get<{ items: AlarmBody[]; nextCursor: string }>('/api/v1/alarms?limit=1')).body;
  expect(items.map((a) => a.id)).toEqual([slight]);
  expect((await officer.get<{ items: AlarmBody[] }>(`/api/v1/alarms?limit=1&cursor=${nextCursor}`)).body.items.map((a) => a.id)).toEqual([grave]);
  const map = (await officer.get<{ features: { id: string; properties: { alarm?: { id: string; level: string; raisedAt: string } | null } }[] }>('/api/v1/map')).body.features;
  expect(map.find((f) => f.id === 'tank-1')!.properties.alarm).toMatchObject({ level: 'HH', raisedAt: expect.stringMatching(/^\d{4}-.*Z$/) });
  expect(map.find((f) => f.id === 'pump-1')!.properties.alarm).toBeNull();
  expect(map.some((f) => f.id === 'tank-2')).toBe(false);
});

test('the inbox holds what is addressed to the own organisation; only its people mark it as read; the PDF is a PDF', async () => {
  const [office, officer, stranger] = await Promise.all([w.park.people.office, w.park.enterprises[0]!.officer, w.park.enterprises[1]!.officer].map((p) => w.as(p)));
  await ready(await raise());
  type Inbox = { items: { id: string; kind: string; recipient: { id: string }; readAt: string | null }[] };
  const inbox = (await officer!.get<Inbox>('/api/v1/notices')).body.items;
  expect(inbox.length).toBeGreaterThan(0);
  expect(new Set(inbox.map((n) => n.recipient.id))).toEqual(new Set(['ent-1']));
  expect((await stranger!.get<Inbox>('/api/v1/notices')).body.items).toEqual([]);
  const { id } = inbox[0]!;
  expect((await stranger!.get(`/api/v1/notices/${id}`)).body.code).toBe('notice.not_found');
  expect((await stranger!.get(`/api/v1/notices/${id}/document.pdf`)).status).toBe(404);
  expect((await office!.post(`/api/v1/notices/${id}/read`, undefined)).body.code).toBe('permission.denied');
  expect((await officer!.post(`/api/v1/notices/${id}/read`, undefined)).status).toBe(204);
  expect((await officer!.get<{ readAt: string; html: string; text: string }>(`/api/v1/notices/${id}`)).body).toMatchObject({ readAt: expect.any(String), html: expect.stringContaining('<'), text: expect.any(String) });
  expect((await officer!.get<Inbox>('/api/v1/notices?unread=true')).body.items.map((n) => n.id)).not.toContain(id);
  const pdf = await fetch(`${w.base}/api/v1/notices/${id}/document.pdf`, { headers: { Cookie: officer!.cookie } });
  expect(pdf.headers.get('Content-Type')).toBe('application/pdf');
  expect(Buffer.from(await pdf.arrayBuffer()).toString('latin1', 0, 5)).toBe('%PDF-');
});
