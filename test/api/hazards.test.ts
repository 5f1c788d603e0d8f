/** Cases over HTTP, decided by the real engine and the real worker. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { commandIdOf } from '../../api/idempotency.ts';
import type { Visitor, World } from './world.ts';
import { startWorld, until } from './world.ts';

let w: World;
let officer: Visitor;
let inspector: Visitor;
let office: Visitor;
beforeAll(async () => {
  w = await startWorld({ engine: true });
  officer = await w.as(w.park.enterprises[0]!.officer);
  inspector = await w.as(w.park.people.inspector);
  office = await w.as(w.park.people.office);
}, 120_000);
afterAll(() => w?.close());

let shade = 0;
const body = async (by: Visitor, more: Record<string, unknown> = {}) => ({
  type: 'leak', description: '法兰处滴漏 / Dripping flange', assetId: w.park.enterprises[0]!.pump.id, photos: [await by.photo(++shade)], clientAt: new Date().toISOString(), ...more,
});

type Reported = { hazardId: string; reportId: string; joined: boolean; status: string };
/** A case of its own: types other than those of the open cases of the asset do not join. */
const report = async (by: Visitor = inspector, more: Record<string, unknown> = {}): Promise<string> => {
  await w.db.pool.query("UPDATE hazard_report SET received_at = received_at - interval '2 hours'");
  const reply = await by.post<Reported>('/api/v1/hazards', await body(by, more));
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  return reply.body.hazardId;
};
const get = async (id: string, by: Visitor = inspector) => (await by.get<{ state: string; seq: number; allowedActs: string[]; responsible: { id: string } | null; evidence: { id: string; purpose: string; sha256: string | null; supersedesId: string | null }[] }>(`/api/v1/hazards/${id}`)).body;
const inState = (id: string, state: string) => until(`${id} ${state}`, async () => (await get(id)).state === state);
/** Reported, triaged and, since one officer answers for it, dispatched by rule. */
const dispatched = async (): Promise<string> => {
  const id = await report();
  expect((await inspector.act(id, { act: 'triage', grade: 'general', reason: '一般隐患' })).status).toBe(200);
  await inState(id, 'dispatched');
  return id;
};
const submitted = async (): Promise<string> => {
  const id = await dispatched();
  expect((await officer.act(id, { act: 'start' })).status).toBe(200);
  expect((await officer.act(id, { act: 'submit', note: '已更换垫片', evidence: [await officer.photo(++shade)] })).body.hazard.state).toBe('submitted');
  return id;
};
const refusedRows = async (id: string) =>
  (await w.db.pool.query<{ command: string; refusal_code: string; actor_id: string; from_state: string; to_state: string | null; seq: number | null }>('SELECT command, refusal_code, actor_id, from_state, to_state, seq FROM hazard_transition WHERE hazard_id = $1 AND refusal_code IS NOT NULL ORDER BY recorded_at', [id])).rows;

describe('reporting', () => {
  test('a report without photo or place is refused, naming all that is missing at once, and nothing is stored', async () => {
    const before = await w.db.pool.query('SELECT count(*) FROM hazard_report');
    const reply = await inspector.post('/api/v1/hazards', { type: 'leak', description: ' ', photos: [], clientAt: new Date().toISOString(), tenantId: 'ent-1' });
    expect({ status: reply.status, code: reply.body.code }).toEqual({ status: 422, code: 'hazard.report_incomplete' });
    expect(reply.body.errors!.map((e) => e.field)).toEqual(['photos', 'description', 'location']);
    for (const e of reply.body.errors!) expect(e.messageZh && e.messageEn).toBeTruthy();
    expect((await w.db.pool.query('SELECT count(*) FROM hazard_report')).rows).toEqual(before.rows);
    const photoOnly = await inspector.post('/api/v1/hazards', await body(inspector, { photos: [] }));
    expect(photoOnly.body.errors!.map((e) => e.field)).toEqual(['photos']);
    const placeOnly = await officer.post('/api/v1/hazards', await body(officer, { assetId: undefined }));
    expect(placeOnly.body.errors!.map((e) => e.field)).toEqual(['location']);
  });

  test('a complete one is registered and belongs to the enterprise of its asset', async () => {
    const reply = await inspector.post<Reported>('/api/v1/hazards', await body(inspector));
    expect(reply.status).toBe(201);
    expect(reply.body).toMatchObject({ joined: false, status: 'registered' });
    const hazard = await get(reply.body.hazardId, officer);
    expect(hazard).toMatchObject({ state: 'reported', tenant: { id: 'ent-1' }, asset: { id: w.park.enterprises[0]!.pump.id, pathZh: '示范化工园区/A区/第1化工有限公司/罐区/输送泵' }, origin: 'manual' });
    expect(hazard.evidence).toMatchObject([{ purpose: 'report' }]);
    // The same thing at the same asset within the window joins.
    const second = await officer.post<Reported>('/api/v1/hazards', await body(officer));
    expect(second.body).toMatchObject({ hazardId: reply.body.hazardId, joined: true });
    expect((await get(reply.body.hazardId)).evidence).toHaveLength(2);
  });

  test('an enterprise reports for itself only; the park names the enterprise where no asset says it', async () => {
    const other = w.park.enterprises[1]!;
    expect((await officer.post('/api/v1/hazards', await body(officer, { assetId: other.pump.id }))).body).toMatchObject({ status: 422, code: 'hazard.asset_unknown' });
    const point = { type: 'Point', coordinates: [121.01, 31.01] };
    expect((await officer.post('/api/v1/hazards', await body(officer, { assetId: undefined, point, tenantId: other.id }))).body.code).toBe('hazard.tenant_invalid');
    expect((await inspector.post('/api/v1/hazards', await body(inspector, { assetId: undefined, point }))).body.code).toBe('hazard.tenant_required');
    expect((await inspector.post('/api/v1/hazards', await body(inspector, { assetId: undefined, point, tenantId: w.park.orgs.admin }))).body.code).toBe('hazard.tenant_invalid');
    expect((await inspector.post('/api/v1/hazards', await body(inspector, { tenantId: other.id }))).body.code).toBe('hazard.tenant_invalid');
    const mine = await officer.post<Reported>('/api/v1/hazards', await body(officer, { assetId: undefined, point, type: 'wiring_ageing', fields: { defect: 'joint', explosionZone: 'none' } }));
    expect(mine.status).toBe(201);
    expect(await get(mine.body.hazardId)).toMatchObject({ tenant: { id: 'ent-1' }, point, asset: null });
  });

  test('a photo that was never uploaded is refused', async () => {
    const reply = await inspector.post('/api/v1/hazards', await body(inspector, { photos: [{ sha256: 'b'.repeat(64), mediaType: 'image/jpeg' }] }));
    expect(reply.body).toMatchObject({ status: 422, code: 'hazard.evidence_unknown', errors: [{ field: 'photos.0.sha256' }] });
  });
});

describe('the way of a case', () => {
  test('from report to archive, by people of both sides, each step on the record', async () => {
    const id = await submitted();
    const accepted = await inspector.act(id, { act: 'accept', note: '现场复核合格', clientAt: new Date().toISOString() });
    expect(accepted.status).toBe(200);
    expect(accepted.body.transition).toMatchObject({ command: 'accept', from: 'submitted', to: 'accepted', actor: { id: w.park.people.inspector.personId }, refusalCode: null, clockSkew: false });
    expect(accepted.headers.get('ETag')).toBe(`"${accepted.body.hazard.seq}"`);
    await inState(id, 'archived');
    const { items } = (await officer.get<{ items: { at: string; kind: string; transition?: { seq: number | null; command: string }; notice?: { kind: string; isCopy: boolean } }[] }>(`/api/v1/hazards/${id}/timeline`)).body;
    expect(items.map((i) => i.at)).toEqual(items.map((i) => i.at).toSorted());
    expect(items.filter((i) => i.kind === 'transition').map((i) => i.transition!.command)).toEqual(['open', 'triage', 'dispatch', 'start', 'submit', 'accept', 'archive']);
    expect(items.filter((i) => i.kind === 'transition').map((i) => i.transition!.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(items.filter((i) => i.kind === 'notice').map((i) => i.notice!.kind)).toEqual(['dispatch', 'acceptance']);
    const park = (await office.get<{ items: { kind: string; notice?: { isCopy: boolean } }[] }>(`/api/v1/hazards/${id}/timeline`)).body.items.filter((i) => i.kind === 'notice');
    expect(park.map((i) => i.notice!.isCopy).sort()).toEqual([false, false, true, true]);
  });

  test('what an actor may do now is on the case, and follows from its state', async () => {
    const id = await submitted();
    expect((await get(id, inspector)).allowedActs.sort()).toEqual(['accept', 'handover', 'reject']);
    expect((await get(id, officer)).allowedActs.sort()).toEqual(['handover', 'withdraw']);
    expect((await inspector.act(id, { act: 'reject', reason: '垫片规格不符' })).body.hazard).toMatchObject({ state: 'rectifying', rejections: 1 });
    expect((await get(id, officer)).allowedActs.sort()).toEqual(['handover', 'plan', 'progress', 'split', 'submit']);
    const first = (await get(id)).evidence.find((e) => e.purpose === 'submission')!;
    const again = await officer.act(id, { act: 'submit', note: '更换为正确规格', evidence: [{ ...(await officer.photo(++shade)), supersedes: first.id }] });
    expect(again.status).toBe(200);
    const { evidence } = await get(id);
    expect(evidence.find((e) => e.supersedesId === first.id)).toBeTruthy();
    expect(evidence.find((e) => e.id === first.id)).toMatchObject({ supersededById: evidence.find((e) => e.supersedesId === first.id)!.id });
    // What is superseded cannot be superseded again.
    await inspector.act(id, { act: 'reject', reason: '再次复核不合格' });
    expect((await officer.act(id, { act: 'submit', note: 'x', evidence: [{ ...(await officer.photo(++shade)), supersedes: first.id }] })).body.code).toBe('hazard.evidence_unknown');
  });
});

describe('refusals', () => {
  test('the rectifier may not accept: not as officer, not under a second account, not in another role of the same person', async () => {
    const ent = w.park.enterprises[0]!;
    const second = await w.as(await w.park.addPerson({ username: 'officer1b', role: 'inspector', orgId: w.park.orgs.inspection, personId: ent.officer.personId }));
    // The second membership made the person of two organisations; put back at the end for the other tests.
    const id = await submitted();
    for (const [who, name] of [[officer, 'as officer'], [second, 'second account and role']] as const) {
      if (who === second) expect((await second.send('PUT', '/api/v1/session/membership', { json: { membershipId: 'm-officer1b' } })).status).toBe(200);
      const reply = await who.act(id, { act: 'accept', note: 'ok' });
      expect({ name, status: reply.status, code: reply.body.code }).toEqual({ name, status: 403, code: 'hazard.self_acceptance' });
    }
    expect(await refusedRows(id)).toMatchObject([
      { command: 'accept', refusal_code: 'hazard.self_acceptance', actor_id: ent.officer.personId, from_state: 'submitted', to_state: null, seq: null },
      { command: 'accept', refusal_code: 'hazard.self_acceptance', actor_id: ent.officer.personId, seq: null },
    ]);
    const { items } = (await inspector.get<{ items: { kind: string; transition?: { refusalCode: string | null } }[] }>(`/api/v1/hazards/${id}/timeline`)).body;
    expect(items.filter((i) => i.transition?.refusalCode === 'hazard.self_acceptance')).toHaveLength(2);
    const { rows } = await w.db.pool.query("SELECT FROM audit_event WHERE object = $1 AND outcome = 'hazard.self_acceptance'", [`hazard/${id}`]);
    expect(rows).toHaveLength(2);
    expect((await inspector.act(id, { act: 'accept', note: 'ok' })).status).toBe(200);
    await w.db.pool.query("DELETE FROM session WHERE membership_id = 'm-officer1b'");
    await w.db.pool.query("DELETE FROM membership WHERE id = 'm-officer1b'");
  });

  test('nobody of the responsible enterprise may accept, in whatever organisation they act', async () => {
    const ent = w.park.enterprises[0]!;
    const both = await w.park.addPerson({ username: 'both1', role: 'inspector', orgId: w.park.orgs.inspection });
    const id = await submitted();
    await w.db.pool.query("INSERT INTO membership (id, person_id, org_id, role) VALUES ('m-both-ent', $1, $2, 'enterprise_safety_officer')", [both.personId, ent.id]);
    const v = w.visitor();
    await v.signIn('both1');
    await v.send('PUT', '/api/v1/session/membership', { json: { membershipId: 'm-both1' } });
    const reply = await v.act(id, { act: 'accept', note: 'ok' });
    expect(reply.body).toMatchObject({ status: 403, code: 'hazard.acceptor_from_enterprise' });
    await w.db.pool.query("DELETE FROM session WHERE account_id = $1", [both.accountId]);
    await w.db.pool.query("DELETE FROM membership WHERE id = 'm-both-ent'");
    expect((await inspector.act(id, { act: 'accept', note: 'ok' })).status).toBe(200);
  });

  test('a move that the state does not allow is 409 and stays on the record', async () => {
    const id = await report();
    const reply = await inspector.act(id, { act: 'accept', note: 'x' });
    expect(reply.body).toMatchObject({ status: 409, code: 'hazard.illegal_move', state: 'reported' });
    expect(await refusedRows(id)).toMatchObject([{ command: 'accept', refusal_code: 'hazard.illegal_move', from_state: 'reported', seq: null }]);
    expect((await get(id)).seq).toBe(1);
  });

  test('an act on a closed case is refused by the record', async () => {
    const id = await report();
    expect((await office.act(id, { act: 'dismiss', reason: '误报' })).status).toBe(200);
    await until('the workflow to end', async () => (await office.act(id, { act: 'triage', grade: 'general', reason: 'x' })).body.code === 'hazard.illegal_move');
    expect((await office.act(id, { act: 'dismiss', reason: 'again' })).body.code).toBe('hazard.illegal_move');
  });

  test('the reporter may not dismiss', async () => {
    const id = await report(office);
    expect((await office.act(id, { act: 'dismiss', reason: '误报' })).body).toMatchObject({ status: 403, code: 'hazard.reporter_dismisses' });
    expect((await inspector.act(id, { act: 'dismiss', reason: '误报' })).body).toMatchObject({ status: 403, code: 'permission.denied' });
  });

  test('a blank reason, a submission without file and a responsible person of another enterprise are named by their field', async () => {
    const id = await report();
    expect((await inspector.act(id, { act: 'triage', grade: 'general', reason: ' ' })).body).toMatchObject({ code: 'hazard.reason_required', errors: [{ field: 'reason' }] });
    await inspector.act(id, { act: 'triage', grade: 'general', reason: 'x' });
    await inState(id, 'dispatched');
    await officer.act(id, { act: 'returnDispatch', reason: '非本企业' });
    await inState(id, 'triaged');
    expect((await inspector.act(id, { act: 'dispatch', responsibleId: w.park.enterprises[1]!.officer.personId })).body).toMatchObject({ code: 'hazard.responsible_invalid', errors: [{ field: 'responsibleId' }] });
    expect((await inspector.get<{ responsibleCandidates: { id: string }[] }>(`/api/v1/hazards/${id}`)).body.responsibleCandidates.map((p) => p.id)).toEqual([w.park.enterprises[0]!.officer.personId]);
    expect((await inspector.act(id, { act: 'dispatch', responsibleId: w.park.enterprises[0]!.officer.personId })).status).toBe(200);
    await officer.act(id, { act: 'start' });
    expect((await officer.act(id, { act: 'submit', note: 'x', evidence: [] })).body).toMatchObject({ code: 'hazard.evidence_required', errors: [{ field: 'evidence' }] });
  });

  test('a case of another enterprise does not exist: reads, acts, timeline, file', async () => {
    const id = await submitted();
    const stranger = await w.as(w.park.enterprises[1]!.officer);
    const sha256 = (await get(id)).evidence[0]!.sha256!;
    const missing = await stranger.get('/api/v1/hazards/00000000-0000-0000-0000-000000000000');
    const theirs = await stranger.get(`/api/v1/hazards/${id}`);
    expect(theirs.status).toBe(404);
    expect({ ...theirs.body, instance: '' }).toEqual({ ...missing.body, instance: '' });
    expect((await stranger.get(`/api/v1/hazards/${id}/timeline`)).body.code).toBe('hazard.not_found');
    expect((await stranger.act(id, { act: 'start' })).body.code).toBe('hazard.not_found');
    expect((await stranger.get(`/api/v1/blobs/${sha256}`)).body.code).toBe('blob.not_found');
    expect((await officer.get(`/api/v1/blobs/${sha256}`)).status).toBe(200);
    expect(await refusedRows(id)).toEqual([]);
    const list = await stranger.get<{ items: unknown[] }>('/api/v1/hazards');
    expect(list.body.items).toEqual([]);
  });
});

describe('the same request again', () => {
  test('gives the same answer, once on the record; another body is a mismatch; also after the answer was lost', async () => {
    const key = randomUUID();
    await w.db.pool.query("UPDATE hazard_report SET received_at = received_at - interval '2 hours'");
    const asked = await body(inspector);
    const first = await inspector.post<Reported>('/api/v1/hazards', asked, { key });
    const second = await inspector.post<Reported>('/api/v1/hazards', asked, { key });
    expect(second).toMatchObject({ status: first.status, body: first.body });
    expect((await inspector.post('/api/v1/hazards', { ...asked, description: 'other' }, { key })).body).toMatchObject({ status: 422, code: 'request.idempotency_mismatch' });
    // As after a crash between effect and kept answer.
    await w.db.pool.query('UPDATE idempotency_key SET status = NULL, response = NULL WHERE key = $1', [key]);
    expect((await inspector.post<Reported>('/api/v1/hazards', asked, { key })).body).toEqual(first.body);
    expect((await w.db.pool.query('SELECT FROM hazard_report WHERE hazard_id = $1', [first.body.hazardId])).rowCount).toBe(1);

    const id = first.body.hazardId;
    const actKey = randomUUID();
    const act = { act: 'triage', grade: 'major', reason: '重大' };
    const acted = await inspector.act(id, act, { key: actKey });
    expect((await inspector.act(id, act, { key: actKey })).body).toEqual(acted.body);
    await w.db.pool.query('UPDATE idempotency_key SET status = NULL, response = NULL WHERE key = $1', [actKey]);
    expect((await inspector.act(id, act, { key: actKey })).body.transition).toEqual(acted.body.transition);
    expect((await w.db.pool.query("SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'triage'", [id])).rowCount).toBe(1);
    // The same key of another account is another request.
    expect(commandIdOf({ accountId: 'a', key: actKey })).not.toBe(commandIdOf({ accountId: 'b', key: actKey }));
    expect((await office.act(id, act, { key: actKey })).body.code).toBe('hazard.illegal_move');
  });

  test('a refused act stays refused under its key, once on the record', async () => {
    const id = await report();
    const key = randomUUID();
    const first = await inspector.act(id, { act: 'accept', note: 'x' }, { key });
    await w.db.pool.query('UPDATE idempotency_key SET status = NULL, response = NULL WHERE key = $1', [key]);
    const second = await inspector.act(id, { act: 'accept', note: 'x' }, { key });
    expect({ status: second.status, code: second.body.code, state: second.body.state }).toEqual({ status: first.status, code: first.body.code, state: 'reported' });
    expect(await refusedRows(id)).toHaveLength(1);
  });

  test('without key 428; two at once under one key: one is told to wait or gets the same answer', async () => {
    expect((await inspector.send('POST', '/api/v1/hazards', { json: await body(inspector) })).body).toMatchObject({ status: 428, code: 'request.idempotency_required' });
    const id = await report();
    const key = randomUUID();
    const act = { act: 'triage', grade: 'general', reason: 'x' };
    const replies = await Promise.all([inspector.act(id, act, { key }), inspector.act(id, act, { key })]);
    for (const r of replies) expect(r.status === 200 || r.body.code === 'request.idempotency_running').toBe(true);
    expect(replies.some((r) => r.status === 200)).toBe(true);
    expect((await w.db.pool.query("SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'triage'", [id])).rowCount).toBe(1);
  });
});

describe('at once', () => {
  test('two accept: one 200, one 409', async () => {
    const id = await submitted();
    const replies = await Promise.all([inspector.act(id, { act: 'accept', note: 'a' }), office.act(id, { act: 'accept', note: 'b' })]);
    expect(replies.map((r) => r.status).sort()).toEqual([200, 409]);
    expect(replies.find((r) => r.status === 409)!.body.code).toBe('hazard.illegal_move');
    expect((await w.db.pool.query("SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'accept' AND seq IS NOT NULL", [id])).rowCount).toBe(1);
  });

  test('an act on a case that has changed since it was read is 412, and nothing happened', async () => {
    const id = await report();
    const { seq } = await get(id);
    expect((await inspector.act(id, { act: 'triage', grade: 'general', reason: 'x' }, { headers: { 'If-Match': `"${seq}"` } })).status).toBe(200);
    await inState(id, 'dispatched');
    expect((await officer.act(id, { act: 'start' }, { headers: { 'If-Match': `"${seq}"` } })).body).toMatchObject({ status: 412, code: 'request.version_conflict' });
    expect((await get(id)).state).toBe('dispatched');
    const now = await officer.get<{ seq: number }>(`/api/v1/hazards/${id}`);
    expect((await officer.act(id, { act: 'start' }, { headers: { 'If-Match': now.headers.get('ETag')! } })).status).toBe(200);
  });
});

describe('lists', () => {
  test('filters, and pages by cursor without repeating or missing a case', async () => {
    const all = (await inspector.get<{ items: { id: string; state: string; type: string }[] }>('/api/v1/hazards?limit=200')).body.items;
    expect(all.length).toBeGreaterThan(5);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: { id: string }[]; nextCursor: string | null } = (await inspector.get<{ items: { id: string }[]; nextCursor: string | null }>(`/api/v1/hazards?limit=3${cursor ? `&cursor=${cursor}` : ''}`)).body;
      seen.push(...page.items.map((i) => i.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(all.map((i) => i.id));
    const archived = (await inspector.get<{ items: { state: string }[] }>('/api/v1/hazards?state=archived')).body.items;
    expect(archived.length).toBe(all.filter((h) => h.state === 'archived').length);
    const open = (await inspector.get<{ items: unknown[] }>('/api/v1/hazards?open=true')).body.items;
    expect(open).toHaveLength(all.filter((h) => h.state !== 'archived' && h.state !== 'dismissed').length);
    expect((await inspector.get<{ items: { type: string }[] }>('/api/v1/hazards?type=wiring_ageing')).body.items.map((h) => h.type)).toEqual(['wiring_ageing']);
    expect((await inspector.get<{ items: unknown[] }>(`/api/v1/hazards?q=${encodeURIComponent('法兰')}`)).body.items.length).toBeGreaterThan(0);
    expect((await inspector.get<{ items: unknown[] }>(`/api/v1/hazards?q=${encodeURIComponent('100%_')}`)).body.items).toEqual([]);
    expect((await inspector.get<{ items: unknown[] }>('/api/v1/hazards?tenantId=ent-2')).body.items).toEqual([]);
  });
});

describe('while the engine does not decide', () => {
  test('a report is safe (202) and taken up later; an act is 503 and succeeds later under the same key', async () => {
    const id = await dispatched();
    await w.worker!.stop();
    const key = randomUUID();
    const act = { act: 'start', note: '开始' };
    w.deps.registerWaitMs = 300;
    const away = await officer.act(id, act, { key });
    expect(away.body).toMatchObject({ status: 503, code: 'service.unavailable' });
    expect(away.body.detail).toMatch(/Idempotency-Key/);
    await w.db.pool.query("UPDATE hazard_report SET received_at = received_at - interval '2 hours'");
    const safe = await inspector.post<Reported>('/api/v1/hazards', await body(inspector));
    expect(safe).toMatchObject({ status: 202, body: { status: 'processing' } });
    expect((await inspector.act(safe.body.hazardId, { act: 'triage', grade: 'general', reason: 'x' })).body).toMatchObject({ status: 409, code: 'hazard.not_started' });
    w.deps.registerWaitMs = 10_000;
    await w.worker!.start();
    await until('the case to be registered', async () => (await inspector.get(`/api/v1/hazards/${safe.body.hazardId}`)).status === 200);
    const done = await until('the act to be decided', async () => {
      const reply = await officer.act(id, act, { key });
      return reply.status === 200 && reply;
    });
    expect(done.body.transition).toMatchObject({ command: 'start', to: 'rectifying' });
    expect((await w.db.pool.query("SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'start'", [id])).rowCount).toBe(1);
  }, 120_000);
});
