/** Tasks, patrol plans, message templates and receipts over HTTP, on a real database and engine. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { issueAlarmNotices } from '../../activities/notices.ts';
import type { Reply, Visitor, World } from './world.ts';
import { startWorld } from './world.ts';

interface TaskBody {
  id: string; kind: string; titleZh: string; owner: { id: string }; person: { id: string } | null; asset: { id: string } | null; dueAt: string; overdueAt: string | null; doneAt: string | null; doneBy: { id: string } | null; result: string | null; note: string | null; canComplete: boolean;
}
interface ListOf<T> { items: T[]; nextCursor: string | null }

let world: World;
let office: Visitor;
let admin: Visitor;
let officer: Visitor;
let other: Visitor;
beforeAll(async () => {
  world = await startWorld({ engine: true });
  const { people, enterprises } = world.park;
  [office, admin, officer, other] = await Promise.all([world.as(people.office), world.as(people.admin), world.as(enterprises[0]!.officer), world.as(enterprises[1]!.officer)]);
});
afterAll(() => world?.close());

const key = () => ({ 'Idempotency-Key': randomUUID() });
const post = <T>(who: Visitor, path: string, json: object = {}, headers: Record<string, string> = key()): Promise<Reply<T>> => who.send<T>('POST', path, { json, headers });
const get = <T>(who: Visitor, path: string): Promise<Reply<T>> => who.send<T>('GET', path);
const inHours = (n: number): string => new Date(Date.now() + n * 3_600_000).toISOString();
const until = async <T>(what: () => Promise<T | null>): Promise<T> => {
  const end = performance.now() + 20_000;
  for (;;) {
    const found = await what();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error('did not come to it');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

describe('a task', () => {
  const ask = (more: object = {}) => ({ kind: 'stop_and_inspect', titleZh: '停机检查', titleEn: 'Stop and inspect', note: '氮封阀动作异常', ownerOrgId: 'ent-1', assetId: 'tank-1', dueAt: inHours(2), ...more });

  test('is asked by the park, seen and done by its owner, seen by no other enterprise', async () => {
    const headers = key();
    const asked = await post<TaskBody>(office, '/api/v1/tasks', ask(), headers);
    expect(asked).toMatchObject({ status: 201, body: { kind: 'stop_and_inspect', owner: { id: 'ent-1' }, asset: { id: 'tank-1' }, doneAt: null, canComplete: false } });
    expect((await post<TaskBody>(office, '/api/v1/tasks', ask({ titleZh: '另一件事' }), headers)).body.code).toBe('request.idempotency_mismatch');
    const { id } = asked.body;

    expect((await get<TaskBody>(officer, `/api/v1/tasks/${id}`)).body).toMatchObject({ id, canComplete: true });
    expect((await get<TaskBody>(other, `/api/v1/tasks/${id}`)).body.code).toBe('task.not_found');
    expect((await get<ListOf<TaskBody>>(other, '/api/v1/tasks')).body.items).toEqual([]);
    expect((await get<ListOf<TaskBody>>(officer, '/api/v1/tasks?open=true&assetId=tank-1&mine=true')).body.items.map((t) => t.id)).toEqual([id]);

    // The owner hears of it at once.
    await until(async () => ((await get<ListOf<{ kind: string }>>(officer, '/api/v1/notices')).body.items.some((n) => n.kind === 'task') ? true : null));
    expect((await post<TaskBody>(other, `/api/v1/tasks/${id}/complete`, { result: 'done' })).body.code).toBe('task.not_found');
    expect((await post<TaskBody>(office, `/api/v1/tasks/${id}/complete`, { result: 'done' })).body.code).toBe('permission.denied');
    expect((await post<TaskBody>(officer, `/api/v1/tasks/${id}/complete`, { result: 'not_possible' })).body).toMatchObject({ code: 'task.note_required' });
    expect((await post<TaskBody>(officer, `/api/v1/tasks/${id}/complete`, { result: 'done', evidence: ['0'.repeat(64)] })).body.code).toBe('hazard.evidence_unknown');

    const done = key();
    const first = await post<TaskBody>(officer, `/api/v1/tasks/${id}/complete`, { result: 'done', note: '已更换' }, done);
    expect(first).toMatchObject({ status: 200, body: { result: 'done', note: '已更换', doneBy: { id: 'p-officer1' }, canComplete: false } });
    expect((await post<TaskBody>(officer, `/api/v1/tasks/${id}/complete`, { result: 'done', note: '已更换' }, done)).body).toEqual(first.body);
    expect((await post<TaskBody>(officer, `/api/v1/tasks/${id}/complete`, { result: 'done' })).body.code).toBe('task.done_already');
    expect((await get<ListOf<TaskBody>>(officer, '/api/v1/tasks?open=true')).body.items).toEqual([]);
    expect((await get<ListOf<TaskBody>>(office, '/api/v1/tasks?assetId=tank-1')).body.items.map((t) => t.id)).toEqual([id]);
  });

  test.each([
    ['an asset of another enterprise', { assetId: 'tank-2' }, 'task.asset_unknown'],
    ['a regulator', { ownerOrgId: 'org-regulator', assetId: undefined }, 'task.owner_invalid'],
    ['a person of another organisation', { ownerPersonId: 'p-officer2' }, 'task.owner_invalid'],
    ['an instant that has passed', { dueAt: '2020-01-01T00:00:00Z' }, 'task.due_invalid'],
    ['an unknown hazard', { hazardId: 'nowhere' }, 'hazard.not_found'],
    ['a kind of the system', { kind: 'patrol' }, 'request.invalid'],
  ])('%s is refused and leaves nothing', async (_what, more, code) => {
    const before = (await world.db.pool.query('SELECT FROM task')).rowCount;
    expect((await post<TaskBody>(office, '/api/v1/tasks', ask(more))).body.code).toBe(code);
    expect((await world.db.pool.query('SELECT FROM task')).rowCount).toBe(before);
  });

  test('enterprises give no tasks', async () => {
    expect((await post<TaskBody>(officer, '/api/v1/tasks', ask())).body.code).toBe('permission.denied');
  });
});

describe('a patrol plan', () => {
  const body = (more: object = {}) => ({ nameZh: '罐区巡检', nameEn: 'Tank farm patrol', ownerOrgId: 'ent-1', assetId: 'tank-1', schedule: { everyMs: 3_600_000 }, graceMs: 1_800_000, validFrom: new Date(Date.now() - 1_000).toISOString(), ...more });

  test('makes its tasks, is read by its owner and the park, and is ended once', async () => {
    const made = await post<{ id: string; nextAt: string | null }>(officer, '/api/v1/patrol-plans', body());
    expect(made).toMatchObject({ status: 201, body: { owner: { id: 'ent-1' }, nextAt: expect.any(String) } });
    const { id } = made.body;
    const task = await until(async () => (await get<ListOf<TaskBody>>(officer, `/api/v1/tasks?planId=${id}`)).body.items[0] ?? null);
    expect(task).toMatchObject({ kind: 'patrol', titleZh: '罐区巡检' });
    expect((await get<ListOf<{ id: string }>>(other, '/api/v1/patrol-plans')).body.items).toEqual([]);
    expect((await get<ListOf<{ id: string }>>(office, '/api/v1/patrol-plans?active=true')).body.items.map((p) => p.id)).toContain(id);
    expect((await post(other, `/api/v1/patrol-plans/${id}/end`)).body.code).toBe('patrol.not_found');
    expect((await post<{ endedAt: string; nextAt: null }>(officer, `/api/v1/patrol-plans/${id}/end`)).body).toMatchObject({ endedAt: expect.any(String), nextAt: null });
    expect((await post(officer, `/api/v1/patrol-plans/${id}/end`)).body.code).toBe('patrol.ended');
  });

  test.each([
    ['of another enterprise', { ownerOrgId: 'ent-2', assetId: 'tank-2' }, 'permission.denied'],
    ['every minute', { schedule: { everyMs: 60_000 } }, 'patrol.schedule_invalid'],
    ['at no time of day', { schedule: { timesOfDay: ['24:00'] } }, 'patrol.schedule_invalid'],
    ['of no place', { assetId: undefined }, 'patrol.place_invalid'],
    ['of an asset of another enterprise', { assetId: 'tank-2' }, 'patrol.place_invalid'],
  ])('%s is refused', async (_what, more, code) => {
    expect((await post(officer, '/api/v1/patrol-plans', body(more))).body.code).toBe(code);
  });
});

describe('a template of text messages', () => {
  const body = (more: object = {}) => ({ channel: 'sms', kind: 'task', language: 'zh', sign: '园区安全', body: '${task}应于${due}前完成。', providerCode: 'SMS_1001', approval: 'approved', ...more });

  test('is kept with its versions; what breaks the rules of the providers is refused by field', async () => {
    expect((await post<{ version: number }>(admin, '/api/v1/sms-templates', body())).body.version).toBe(1);
    expect((await post<{ version: number }>(admin, '/api/v1/sms-templates', body({ approval: 'refused' }))).body.version).toBe(2);
    const { body: list } = await get<{ items: { version: number; isCurrent: boolean; approval: string }[] }>(admin, '/api/v1/sms-templates');
    expect(list.items.map((t) => [t.version, t.isCurrent, t.approval])).toEqual([[2, true, 'refused'], [1, false, 'approved']]);
    expect((await post(admin, '/api/v1/sms-templates', body({ body: '请看 www.park.cn' }))).body).toMatchObject({ status: 422, code: 'sms.link_denied' });
    expect((await post(admin, '/api/v1/sms-templates', body({ body: '${task}${due}' }))).body.code).toBe('sms.variables_adjacent');
    expect((await post(office, '/api/v1/sms-templates', body())).body.code).toBe('permission.denied');
    await expect(world.db.pool.query(`UPDATE sms_template SET body = 'x'`)).rejects.toThrow('append-only');
  });
});

test('the administration says where notices reach an organisation; nobody else does', async () => {
  const path = '/api/v1/organisations/ent-2/contacts';
  const contacts = { email: 'duty@e2.example', phone: '13800000009', robot: 'duty', language: 'en' };
  expect((await admin.send('PUT', path, { json: contacts })).body).toEqual(contacts);
  expect((await get(admin, path)).body).toEqual(contacts);
  expect((await admin.send('PUT', path, { json: { ...contacts, phone: 'call me' } })).body).toMatchObject({ code: 'request.invalid', errors: [expect.objectContaining({ field: 'phone' })] });
  expect((await officer.send('PUT', path, { json: contacts })).body.code).toBe('permission.denied');
  expect((await get(admin, '/api/v1/organisations/nowhere/contacts')).status).toBe(404);
  expect((await world.db.pool.query(`SELECT FROM audit_event WHERE action = 'contact.change' AND object = 'organisation/ent-2'`)).rowCount).toBe(1);
});

describe('receipts', () => {
  test('opened and acknowledged are on record, by people of the recipient only; the park reads where it went', async () => {
    const episode = randomUUID();
    await world.db.pool.query(
      `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory) VALUES ($1, 'ent-1', 'pressure-1', 'tank-1', 'HH', 'unacknowledged', 'r', 1, now(), 210, 200, 'kPa', true)`,
      [episode],
    );
    await world.db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: episode, recipients: ['enterprise'], rung: 0 }, { smtpEnabled: false, publicUrl: null }));
    const { rows } = await world.db.pool.query<{ id: string }>('SELECT id FROM notice WHERE alarm_id = $1', [episode]);
    const path = `/api/v1/notices/${rows[0]!.id}`;
    expect((await get<{ lane: string }>(officer, path)).body.lane).toBe('red');
    expect((await post(office, `${path}/acknowledge`)).body.code).toBe('notice.not_recipient');
    expect((await post(other, `${path}/acknowledge`)).body.code).toBe('notice.not_found');
    const first = await post<{ acknowledgedAt: string; readAt: string }>(officer, `${path}/acknowledge`);
    expect(first.body).toMatchObject({ acknowledgedAt: expect.any(String), readAt: expect.any(String) });
    expect((await post<{ acknowledgedAt: string }>(officer, `${path}/acknowledge`)).body.acknowledgedAt).toBe(first.body.acknowledgedAt);
    expect((await get<{ items: object[] }>(office, `${path}/deliveries`)).body.items).toEqual([
      expect.objectContaining({ channel: 'inbox', state: 'sent', sentAt: expect.any(String), openedAt: expect.any(String), acknowledgedAt: expect.any(String) }),
    ]);
    expect((await get(officer, `${path}/deliveries`)).body.code).toBe('permission.denied');
  });

  test('a regulator reads the notices to it while it has a grant, and not after', async () => {
    const regulator = await world.as(world.park.people.regulator);
    await world.db.pool.query(`INSERT INTO notice (id, tenant_id, kind, recipient_org_id, language, subject, body_html, body_text, data, template_sha, issued_at, dedupe_key) VALUES ('to-regulator', 'ent-1', 'major_report', 'org-regulator', 'zh', 's', '<p>h</p>', 't', '{}', 'x', now(), 'to-regulator')`);
    expect((await get(regulator, '/api/v1/notices/to-regulator')).body.code).toBe('notice.not_found');
    await world.db.pool.query(`INSERT INTO access_grant (id, org_id, tenant_id, purpose, approved_by, starts_at, expires_at) VALUES ('g-1', 'org-regulator', 'ent-1', 'inspection', 'p-admin1', now() - interval '1 hour', now() + interval '1 hour')`);
    expect((await get(regulator, '/api/v1/notices/to-regulator')).status).toBe(200);
    await world.db.pool.query(`UPDATE access_grant SET expires_at = now() WHERE id = 'g-1'`);
    expect((await get(regulator, '/api/v1/notices/to-regulator')).body.code).toBe('notice.not_found');
  });
});
