/** What triage and dispatch go by, over HTTP: taxonomy, proposals, responsibility rules, due dates of inspections. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import type { Visitor, World } from './world.ts';
import { countRows, startWorld } from './world.ts';

let w: World;
let officer: Visitor;
let other: Visitor;
let inspector: Visitor;
let admin: Visitor;
beforeAll(async () => {
  w = await startWorld({ registerWaitMs: 0 });
  officer = await w.as(w.park.enterprises[0]!.officer);
  other = await w.as(w.park.enterprises[1]!.officer);
  inspector = await w.as(w.park.people.inspector);
  admin = await w.as(w.park.people.admin);
}, 120_000);
afterAll(() => w?.close());

const errorFields = (reply: { body: { errors?: { field: string }[] } }): string[] => (reply.body.errors ?? []).map((e) => e.field);

describe('reports', () => {
  let shade = 0;
  const body = async (by: Visitor, more: Record<string, unknown> = {}) => ({
    type: 'mixed_storage', description: '溶剂与氧化剂同库', assetId: w.park.enterprises[0]!.pump.id, photos: [await by.photo(++shade)], clientAt: new Date().toISOString(),
    fields: { substanceA: '甲苯', substanceB: '过氧化氢', storageKind: 'warehouse', quantity: 1.5, category: '2' }, ...more,
  });
  const stored = async (hazardId: string) => (await w.db.pool.query<{ fields: unknown; source: number; message: { fields?: unknown; source?: number } }>('SELECT fields, source, message FROM hazard_report WHERE hazard_id = $1', [hazardId])).rows;

  test('keep the fields of their type and their source, and take the source of their way where they name none', async () => {
    const whole = await body(inspector, { source: 4 });
    const reply = await inspector.post<{ hazardId: string }>('/api/v1/hazards', whole);
    expect(reply.status).toBe(202);
    expect(await stored(reply.body.hazardId)).toEqual([expect.objectContaining({ fields: whole.fields, source: 4, message: expect.objectContaining({ fields: whole.fields, source: 4 }) })]);
    const plain = await inspector.post<{ hazardId: string }>('/api/v1/hazards', await body(inspector, { type: 'other', fields: undefined }));
    expect(await stored(plain.body.hazardId)).toEqual([expect.objectContaining({ fields: null, source: 1 })]);
  });

  test('without photo, place or a field of their type are refused with the whole list, and nothing is stored', async () => {
    const before = await countRows(w.db);
    const empty = await inspector.post('/api/v1/hazards', await body(inspector, { photos: [], assetId: undefined, description: ' ', fields: { quantity: -1, colour: 'red' }, source: 99 }));
    expect({ status: empty.status, code: empty.body.code }).toEqual({ status: 422, code: 'hazard.report_incomplete' });
    expect(errorFields(empty)).toEqual(['photos', 'description', 'location', 'source', 'fields.substanceA', 'fields.substanceB', 'fields.storageKind', 'fields.quantity', 'fields.colour']);
    for (const e of empty.body.errors!) expect(e.messageZh && e.messageEn).toBeTruthy();
    const after = await countRows(w.db);
    // The picture of the attempt and the kept answer are not of the report.
    for (const table of ['hazard', 'hazard_report', 'outbox', 'evidence']) {
      expect(before[`public.${table}`]).toEqual(expect.any(Number));
      expect([table, after[`public.${table}`]]).toEqual([table, before[`public.${table}`]]);
    }
    for (const [missing, more] of [['photos', { photos: [] }], ['location', { assetId: undefined, tenantId: 'ent-1' }], ['fields.substanceB', { fields: { substanceA: '甲苯', storageKind: 'yard' } }]] as const) {
      expect(errorFields(await inspector.post('/api/v1/hazards', await body(inspector, more)))).toEqual([missing]);
    }
    expect((await inspector.post('/api/v1/hazards', await body(inspector, { fields: { substanceA: { x: 1 } } }))).body.code).toBe('request.invalid');
  });
});

describe('the taxonomy', () => {
  interface Taxonomy {
    types: { type: string; fields: { key: string; required: boolean }[]; checklist: unknown[]; anchors: { clause: string | null }[]; exchange: { type: number } }[];
    packs: { id: string; complete: boolean; criteria: { id: string; when: unknown; facts: string[] }[] }[];
    facts: { fact: string }[];
    codes: Record<string, { code: number }[]>;
    exchangeFields: { key: string }[];
  }

  test('is read by whoever is signed in, with the criteria in force at the instant asked for', async () => {
    expect((await w.visitor().get('/api/v1/taxonomy')).status).toBe(401);
    const now = (await officer.get<Taxonomy>('/api/v1/taxonomy')).body;
    expect([...new Set(now.types.map((t) => t.exchange.type))].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(now.types.find((t) => t.type === 'mixed_storage')).toMatchObject({ fields: expect.arrayContaining([expect.objectContaining({ key: 'substanceA', required: true })]) });
    expect(now.packs.map((p) => p.id)).toEqual(['order-10', 'aq-3067-2026']);
    expect(now.codes.source!.map((s) => s.code)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(Object.keys(now.codes)).toEqual(['source', 'treatment', 'type', 'category', 'state', 'cause', 'checkResult']);
    expect(now.exchangeFields.map((f) => f.key)).toEqual(['treatment', 'category', 'cause', 'stage']);
    const known = new Set(now.facts.map((f) => f.fact));
    for (const c of now.packs.flatMap((p) => p.criteria)) expect(c.facts.every((f) => known.has(f))).toBe(true);
    const before = (await officer.get<Taxonomy>(`/api/v1/taxonomy?at=${encodeURIComponent('2026-09-29T23:59:59+08:00')}`)).body;
    expect(before.packs.map((p) => p.id)).toEqual(['order-10', 'saws-2017-121']);
    expect(before.packs[0]!.criteria.find((c) => c.id === 'order-10:13-1')!.when).toEqual({
      all: [{ fact: 'confinedSpaceToxicRisk', is: true }, { fact: 'confinedSpaceLedger', is: false }, { fact: 'confinedSpaceSign', is: false }],
    });
  });
});

/** A case on the record, as its workflow leaves it after the report. */
const aCase = async (type: string, fields: Record<string, unknown> | null = null): Promise<string> => {
  const id = randomUUID();
  await w.db.pool.query(
    `INSERT INTO hazard (id, tenant_id, number, asset_id, zone_id, type, title, description, state, origin, seq, reported_at, snapshot, updated_at)
     VALUES ($1, 'ent-1', $1, 'pump-1', $2, $3, 't', 'd', 'reported', 'manual', 1, now(), '{}', now())`, [id, w.park.enterprises[0]!.zoneId, type],
  );
  await w.db.pool.query(
    `INSERT INTO hazard_report (id, tenant_id, hazard_id, origin, type, title, description, message, dedupe_key, fields) VALUES ($1, 'ent-1', $2, 'manual', $3, 't', 'd', '{}', $1, $4)`,
    [randomUUID(), id, type, fields === null ? null : JSON.stringify(fields)],
  );
  return id;
};

describe('a proposal for a grade', () => {
  interface Proposal { grade: string; items: { criterionId: string; result: boolean | null; zh: string; facts: Record<string, unknown> }[]; incompletePacks: string[] }
  const propose = (by: Visitor, id: string, facts: Record<string, unknown>, more: Record<string, unknown> = {}) => by.post<Proposal>(`/api/v1/hazards/${id}/grade-proposal`, { facts, ...more });

  test('names criterion, clause and facts, takes what the report says, and lets the person say otherwise', async () => {
    const id = await aCase('confined_space_protection', { ledger: false, warningSign: false, spaceKind: 'pit', workInProgress: false });
    const { body, status } = await propose(inspector, id, { sector: 'industry_trade', confinedSpaceToxicRisk: true });
    expect(status).toBe(200);
    expect(body).toMatchObject({ grade: 'major', incompletePacks: ['order-10'] });
    expect(body.items.find((i) => i.criterionId === 'order-10:13-1')).toMatchObject({
      result: true, clause: '第十三条第(一)项', facts: { sector: 'industry_trade', confinedSpaceToxicRisk: true, confinedSpaceLedger: false, confinedSpaceSign: false },
    });
    const otherwise = (await propose(inspector, id, { sector: 'industry_trade', confinedSpaceToxicRisk: true, confinedSpaceSign: true })).body;
    expect(otherwise.grade).toBe('to_judge');
    expect(otherwise.items.find((i) => i.criterionId === 'order-10:13-1')!.result).toBe(false);
    expect((await propose(inspector, id, { sector: 'industry_trade', confinedSpaceToxicRisk: true, confinedSpaceLedger: null })).body.items.find((i) => i.criterionId === 'order-10:13-1')!.result).toBeNull();
    // Nothing was decided.
    expect((await w.db.pool.query('SELECT grade, state FROM hazard WHERE id = $1', [id])).rows).toEqual([{ grade: null, state: 'reported' }]);
  });

  test('is for whoever grades, of cases that they see, with facts that there are', async () => {
    const id = await aCase('leak');
    expect((await propose(officer, id, {})).body.code).toBe('permission.denied');
    expect((await propose(inspector, 'nothing', {})).body.code).toBe('hazard.not_found');
    const wrong = await propose(inspector, id, { sector: 'moon', confinedSpaceSign: 'yes', toString: true });
    expect(wrong.body.code).toBe('request.invalid');
    expect(errorFields(wrong)).toEqual(['facts.sector', 'facts.confinedSpaceSign', 'facts.toString']);
    expect((await propose(inspector, id, { sector: 'chemical' }, { type: 'mixed_storage' })).body.items.map((i) => i.criterionId)).toEqual(['aq-3067-2026:5.2.8', 'aq-3067-2026:5.5.8', 'aq-3067-2026:5.5.9']);
  });
});

describe('what a case was reported with', () => {
  test('is read by whoever sees the case, with fields and source', async () => {
    const id = await aCase('mixed_storage', { substanceA: '甲苯', category: '2' });
    const reply = await officer.get<{ items: { type: string; fields: Record<string, unknown>; reporter: unknown }[] }>(`/api/v1/hazards/${id}/reports`);
    expect(reply.body.items).toMatchObject([{ type: 'mixed_storage', origin: 'manual', fields: { substanceA: '甲苯', category: '2' }, reporter: null }]);
    expect((await other.get(`/api/v1/hazards/${id}/reports`)).body.code).toBe('hazard.not_found');
  });

  test('and graded with goes to the authority in its codes, and what it does not learn is named', async () => {
    const id = await aCase('mixed_storage', { category: '2', cause: '2' });
    const read = async (by: Visitor = inspector) => await by.get<{ record: Record<string, unknown> | null }>(`/api/v1/hazards/${id}/exchange`);
    expect((await read()).body.record).toBeNull();
    await w.db.pool.query(`UPDATE hazard SET grade = 'major', state = 'archived', supervision = 1, due_at = NULL, reported_at = '2026-11-24T23:30:00+08:00' WHERE id = $1`, [id]);
    const transition = (seq: number, command: string, to: string, payload: object) =>
      w.db.pool.query(`INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, to_state, actor_id, server_at, payload, dedupe_key) VALUES ($1, 'ent-1', $2, $3, $1, $4, $5, $6, '2026-12-01T00:00:00Z', $7, $1)`, [
        randomUUID(), id, seq, command, to, w.park.people.inspector.personId, JSON.stringify(payload),
      ]);
    await transition(2, 'triage', 'triaged', { codes: { category: 3, stage: 4 } });
    expect((await read()).body.record).toMatchObject({ state: 1, acceptor: null });
    await transition(3, 'accept', 'accepted', {});
    expect((await read()).body.record).toEqual({
      level: 1, source: 10, treatment: 0, type: 8, category: 3, cause: 2, stage: 4, state: 9, foundOn: '2026-11-24', dueOn: null,
      acceptor: expect.objectContaining({ id: w.park.people.inspector.personId }), acceptedAt: '2026-12-01T00:00:00.000Z', lost: ['supervision', 'sub_state'],
    });
    expect((await read(other)).body.code).toBe('hazard.not_found');
  });
});

describe('responsibility rules', () => {
  interface Rule { id: string; person: { id: string }; tenant: { id: string }; validFrom: string; validTo: string | null; endedBy: { id: string } | null; unitId: string | null }
  const personOf = (n: number): string => w.park.enterprises[n]!.officer.personId;
  const post = (by: Visitor, more: Record<string, unknown>, key = randomUUID()) => by.post<Rule>('/api/v1/responsibility-rules', { personId: personOf(0), ...more }, { key });
  const choose = async (hazardId: string) => await createDispatchActivities({ database: w.db }).chooseResponsible({ tenantId: 'ent-1', hazardId });

  test('an officer keeps those of their own firm, the park administration those of all; others may read or do neither', async () => {
    const mine = await post(officer, { unitId: 'unit-1', department: '生产部' });
    expect(mine).toMatchObject({ status: 201, body: { tenant: { id: 'ent-1' }, person: { id: personOf(0) }, unitId: 'unit-1', validTo: null } });
    expect((await post(officer, { tenantId: 'ent-2' })).body.code).toBe('hazard.tenant_invalid');
    expect((await post(admin, {})).body.code).toBe('hazard.tenant_required');
    expect((await post(admin, { tenantId: 'nobody' })).body.code).toBe('hazard.tenant_invalid');
    expect((await post(admin, { tenantId: 'ent-2', personId: personOf(1) })).status).toBe(201);
    expect((await post(inspector, { tenantId: 'ent-1' })).body.code).toBe('permission.denied');
    const seen = async (by: Visitor) => (await by.get<{ items: Rule[] }>('/api/v1/responsibility-rules')).body.items.map((r) => r.tenant.id).sort();
    expect(await seen(officer)).toEqual(['ent-1']);
    expect(await seen(other)).toEqual(['ent-2']);
    expect(await seen(inspector)).toEqual(['ent-1', 'ent-2']);
    expect((await (await w.as(w.park.people.regulator)).get('/api/v1/responsibility-rules')).body.code).toBe('permission.denied');
    expect((await other.post(`/api/v1/responsibility-rules/${mine.body.id}/end`, {})).body.code).toBe('responsibility.not_found');
    const { rows } = await w.db.pool.query(`SELECT outcome FROM audit_event WHERE object = $1`, [`responsibility_rule/${mine.body.id}`]);
    expect(rows).toEqual([{ outcome: 'recorded' }]);
  });

  test('name a safety officer of the firm, places of the firm, and never reach back', async () => {
    expect((await post(officer, { personId: personOf(1) })).body.code).toBe('responsibility.person_invalid');
    const wrong = await post(officer, { zoneId: 'none', unitId: 'unit-2', assetId: 'pump-2', validFrom: '2020-01-01T00:00:00Z' });
    expect(wrong.body.code).toBe('request.invalid');
    expect(errorFields(wrong)).toEqual(['zoneId', 'unitId', 'assetId', 'validFrom']);
    expect((await post(officer, { category: 4 })).body.code).toBe('request.invalid');
    expect((await post(officer, { supersedes: 'nothing' })).body.code).toBe('responsibility.not_found');
  });

  test('are ended once, and give way to another at one instant; what is asked again is answered again', async () => {
    const key = randomUUID();
    const first = await post(officer, { hazardType: 'leak' }, key);
    expect((await post(officer, { hazardType: 'leak' }, key)).body).toEqual(first.body);
    const second = await post(officer, { hazardType: 'leak', grade: 'major', supersedes: first.body.id });
    expect(second.status).toBe(201);
    const list = (await officer.get<{ items: Rule[] }>('/api/v1/responsibility-rules')).body.items;
    expect(list.find((r) => r.id === first.body.id)).toMatchObject({ validTo: second.body.validFrom, endedBy: { id: personOf(0) } });
    expect((await post(officer, { supersedes: first.body.id })).body.code).toBe('responsibility.ended');
    const endKey = randomUUID();
    const ended = await officer.post<Rule>(`/api/v1/responsibility-rules/${second.body.id}/end`, {}, { key: endKey });
    expect(ended).toMatchObject({ status: 200, body: { id: second.body.id, validTo: expect.any(String) } });
    expect((await officer.post(`/api/v1/responsibility-rules/${second.body.id}/end`, {}, { key: endKey })).body).toEqual(ended.body);
    expect((await officer.post(`/api/v1/responsibility-rules/${second.body.id}/end`, {})).body.code).toBe('responsibility.ended');
    expect((await officer.get<{ items: Rule[] }>('/api/v1/responsibility-rules?inForce=true')).body.items.map((r) => r.id)).not.toContain(second.body.id);
    // One that is ended before it begins never begins.
    const later = await post(officer, { hazardType: 'other', validFrom: new Date(Date.now() + 86_400_000).toISOString() });
    const never = await officer.post<Rule>(`/api/v1/responsibility-rules/${later.body.id}/end`, {});
    expect(never.body.validTo).toBe(later.body.validFrom);
  });

  test('decide who answers for a case, from when they are recorded', async () => {
    const id = await aCase('leak');
    const rule = await post(officer, { assetId: 'pump-1' });
    expect(await choose(id)).toEqual({ personIds: [personOf(0)], ruleId: rule.body.id, reason: 'rule' });
    const colleague = await w.park.addPerson({ username: 'colleague1', role: 'enterprise_safety_officer', orgId: 'ent-1' });
    expect((await post(officer, { assetId: 'pump-1', personId: colleague.personId })).status).toBe(201);
    expect(await choose(id)).toMatchObject({ reason: 'ambiguous' });
  });
});

test('cases that need an owner are a queue of their own', async () => {
  const waiting = await aCase('leak');
  const owned = await aCase('leak');
  await w.db.pool.query('UPDATE hazard SET needs_owner = true WHERE id = $1', [waiting]);
  const ids = async (query: string) => (await inspector.get<{ items: { id: string }[] }>(`/api/v1/hazards?${query}`)).body.items.map((h) => h.id);
  expect(await ids('needsOwner=true')).toEqual([waiting]);
  expect(await ids('needsOwner=false&limit=200')).toEqual(expect.arrayContaining([owned]));
  expect(await ids('needsOwner=false&limit=200')).not.toContain(waiting);
});

test('codes that the exchange does not have are refused at triage', async () => {
  const id = await aCase('leak');
  const reply = await inspector.act(id, { act: 'triage', grade: 'general', reason: '一般', codes: { cause: 0 } });
  expect({ code: reply.body.code, fields: errorFields(reply) }).toEqual({ code: 'request.invalid', fields: ['codes'] });
});

describe('due dates of inspections', () => {
  interface Inspection { id: string; kind: string; seq: number; dueAt: string; superseded: boolean }
  const path = '/api/v1/assets/tank-1/inspections';

  test('are recorded by the firm or the park, supersede one another, and tell the workflow once', async () => {
    const key = randomUUID();
    const body = { kind: 'special_equipment', dueAt: '2027-03-31T00:00:00+08:00', certificate: 'TS-7' };
    const first = await officer.post<Inspection>(path, body, { key });
    expect(first).toMatchObject({ status: 201, body: { seq: 1, dueAt: '2027-03-30T16:00:00.000Z', superseded: false } });
    expect((await officer.post<Inspection>(path, body, { key })).body).toEqual(first.body);
    const second = await inspector.post<Inspection>(path, { kind: 'special_equipment', dueAt: '2028-03-31T00:00:00+08:00' });
    expect(second.body.seq).toBe(2);
    await officer.post(path, { kind: 'lightning_protection', dueAt: '2027-01-01T00:00:00Z' });
    expect((await officer.get<{ items: Inspection[] }>(path)).body.items.map((i) => [i.kind, i.seq, i.superseded])).toEqual([['lightning_protection', 1, false], ['special_equipment', 2, false], ['special_equipment', 1, true]]);
    const { rows } = await w.db.pool.query(`SELECT payload FROM outbox WHERE key = $1`, [`inspection/${first.body.id}`]);
    expect(rows).toEqual([{ payload: { workflow: 'inspectionExpiry', input: { tenantId: 'ent-1', assetId: 'tank-1', kind: 'special_equipment' }, signal: { inspectionId: first.body.id, seq: 1, dueAt: Date.parse(body.dueAt) } } }]);
  });

  test('of another firm do not exist, and a process owner only reads', async () => {
    expect((await other.post(path, { kind: 'special_equipment', dueAt: '2027-01-01T00:00:00Z' })).status).toBe(404);
    expect((await other.get(path)).status).toBe(404);
    const owner = await w.as(w.park.people.processOwner);
    expect((await owner.get<{ items: Inspection[] }>(path)).body.items).toHaveLength(3);
    expect((await owner.post(path, { kind: 'special_equipment', dueAt: '2027-01-01T00:00:00Z' })).body.code).toBe('permission.denied');
    expect((await officer.post(path, { kind: 'moon', dueAt: 'soon' })).body.code).toBe('request.invalid');
    await expect(w.db.pool.query('UPDATE asset_inspection SET due_at = now()')).rejects.toMatchObject({ code: '23001' });
  });
});
