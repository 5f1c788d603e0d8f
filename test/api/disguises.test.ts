/** 自我验收的伪装: whoever rectified, or is of the enterprise, tries to judge the case in every disguise, over HTTP. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { ParkPerson } from '../factories/park.ts';
import type { Visitor, World } from './world.ts';
import { startWorld, until } from './world.ts';

let w: World;
let officer: Visitor;
let inspector: Visitor;
let office: Visitor;
let admin: Visitor;
let shade = 0;
const DAY = 86_400_000;
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

beforeAll(async () => {
  w = await startWorld({ engine: true });
  officer = await w.as(w.park.enterprises[0]!.officer);
  inspector = await w.as(w.park.people.inspector);
  office = await w.as(w.park.people.office);
  admin = await w.as(w.park.people.admin);
}, 120_000);
afterAll(() => w?.close());

const state = async (id: string) => (await inspector.get<{ state: string; seq: number; needsOwner: boolean }>(`/api/v1/hazards/${id}`)).body;

/** A case of the first enterprise, rectified by its officer and handed in. */
const submitted = async (): Promise<string> => {
  await w.db.pool.query("UPDATE hazard_report SET received_at = received_at - interval '2 hours'");
  const reported = await inspector.post<{ hazardId: string }>('/api/v1/hazards', {
    type: 'leak', description: '法兰处滴漏', assetId: w.park.enterprises[0]!.pump.id, photos: [await inspector.photo(++shade)], clientAt: new Date().toISOString(),
  });
  const id = reported.body.hazardId;
  expect((await inspector.act(id, { act: 'triage', grade: 'general', reason: '一般隐患' })).status).toBe(200);
  const { state: now } = await until('dispatched, or left to a person', async () => {
    const c = await state(id);
    return c.state === 'dispatched' || c.needsOwner ? c : null;
  });
  if (now === 'triaged') expect((await inspector.act(id, { act: 'dispatch', responsibleId: w.park.enterprises[0]!.officer.personId })).status).toBe(200);
  expect((await officer.act(id, { act: 'start' })).status).toBe(200);
  expect((await officer.act(id, { act: 'submit', note: '已更换垫片', evidence: [await officer.photo(++shade)] })).status).toBe(200);
  return id;
};

/** Every judging act is refused with the code, the case does not move, and the refusal alone is on the record. */
const refusedEverywhere = async (by: Visitor, id: string, code: string): Promise<void> => {
  const before = await state(id);
  for (const act of [{ act: 'accept', note: '合格' }, { act: 'sign', note: '同意' }, { act: 'reject', reason: '走过场' }]) {
    const { rowCount: rowsBefore } = await w.db.pool.query('SELECT FROM hazard_transition WHERE hazard_id = $1', [id]);
    const reply = await by.act(id, act);
    expect({ act: act.act, status: reply.status, code: reply.body.code }).toEqual({ act: act.act, status: 403, code });
    const { rows } = await w.db.pool.query<{ seq: number | null; command: string; refusal_code: string }>('SELECT seq, command, refusal_code FROM hazard_transition WHERE hazard_id = $1 ORDER BY recorded_at', [id]);
    expect(rows).toHaveLength((rowsBefore ?? 0) + 1);
    expect(rows.at(-1)).toEqual({ seq: null, command: act.act, refusal_code: code });
  }
  expect(await state(id)).toMatchObject({ state: 'submitted', seq: before.seq });
};

const signIn = async (person: ParkPerson, membershipId?: string): Promise<Visitor> => {
  const visitor = w.visitor();
  expect((await visitor.signIn(person.username)).status).toBe(200);
  if (membershipId) {
    const switched = await visitor.send<{ membership: { id: string } }>('PUT', '/api/v1/session/membership', { json: { membershipId } });
    expect({ status: switched.status, id: switched.body.membership?.id }).toEqual({ status: 200, id: membershipId });
  }
  return visitor;
};

describe('self-acceptance in disguise', () => {
  test('a second account of the rectifier, with a role of the park', async () => {
    const { officer: rectifier } = w.park.enterprises[0]!;
    const second = await w.park.addPerson({ username: 'second.account', role: 'inspector', orgId: w.park.orgs.inspection, personId: rectifier.personId });
    const id = await submitted();
    await refusedEverywhere(await signIn(second, second.membershipId), id, 'hazard.self_acceptance');
    await w.db.pool.query('DELETE FROM session WHERE membership_id = $1', [second.membershipId]);
    await w.db.pool.query('DELETE FROM membership WHERE id = $1', [second.membershipId]);
  }, 60_000);

  test('a second role: a person of the enterprise who is an inspector too', async () => {
    const colleague = await w.park.addPerson({ username: 'colleague', role: 'inspector', orgId: w.park.orgs.inspection });
    const id = await submitted();
    const elsewhere = await w.park.addPerson({ username: 'colleague.firm', role: 'enterprise_safety_officer', orgId: w.park.enterprises[0]!.id, personId: colleague.personId });
    await refusedEverywhere(await signIn(colleague, colleague.membershipId), id, 'hazard.acceptor_from_enterprise');
    await w.db.pool.query('DELETE FROM membership WHERE id = $1', [elsewhere.membershipId]);
    // Without the second role nothing stands in the way.
    expect((await (await signIn(colleague, colleague.membershipId)).act(id, { act: 'accept', note: '合格' })).status).toBe(200);
  }, 60_000);

  test("a contractor's person, and the contractor's contractor, as long as they work there", async () => {
    const contractor = w.park.enterprises[1]!;
    const helper = await w.park.addPerson({ username: 'contractor.inspector', role: 'inspector', orgId: w.park.orgs.inspection });
    await w.park.addPerson({ username: 'contractor.firm', role: 'enterprise_safety_officer', orgId: contractor.id, personId: helper.personId });
    const id = await submitted();
    const visitor = await signIn(helper, helper.membershipId);
    expect((await inspector.post('/api/v1/affiliations', { contractorId: contractor.id, principalId: 'ent-1' })).body.code).toBe('permission.denied');
    expect((await admin.post('/api/v1/affiliations', { contractorId: 'ent-1', principalId: 'ent-1' })).body).toMatchObject({ code: 'affiliation.invalid', errors: [{ field: 'principalId' }] });
    const works = await admin.post<{ id: string }>('/api/v1/affiliations', { contractorId: contractor.id, principalId: 'ent-1' });
    expect(works.status).toBe(201);
    // At once, in a session that began before.
    await refusedEverywhere(visitor, id, 'hazard.acceptor_from_enterprise');
    // One more between them.
    await w.db.pool.query("INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('sub', 'park', 'enterprise', 'SUB', '分包公司', 'Subcontractor')");
    const chain = await w.park.addPerson({ username: 'sub.inspector', role: 'inspector', orgId: w.park.orgs.inspection });
    await w.park.addPerson({ username: 'sub.firm', role: 'enterprise_safety_officer', orgId: 'sub', personId: chain.personId });
    expect((await admin.post('/api/v1/affiliations', { contractorId: 'sub', principalId: contractor.id })).status).toBe(201);
    await refusedEverywhere(await signIn(chain, chain.membershipId), id, 'hazard.acceptor_from_enterprise');
    expect((await admin.post(`/api/v1/affiliations/${works.body.id}/end`, {})).status).toBe(204);
    expect((await visitor.act(id, { act: 'accept', note: '合格' })).status).toBe(200);
  }, 60_000);

  test('a delegated signer: the rectifier acts for somebody, or somebody acts for the rectifier', async () => {
    const { officer: rectifier } = w.park.enterprises[0]!;
    const id = await submitted();
    // To the enterprise no seat of the park is handed.
    const toFirm = await office.post('/api/v1/delegations', { membershipId: w.park.people.office.membershipId, delegateId: rectifier.personId, reason: '出差', startsAt: soon(0), endsAt: soon(DAY) });
    expect(toFirm.body).toMatchObject({ status: 422, code: 'delegation.delegate_invalid', errors: [{ field: 'delegateId' }] });
    // The rectifier as a delegate, however the delegation came about.
    await w.db.pool.query(`INSERT INTO delegation (id, membership_id, delegate_id, reason, starts_at, ends_at, created_by) VALUES ('d-1', $1, $2, 'x', now() - interval '1 minute', now() + interval '1 hour', 'x')`, [
      w.park.people.office.membershipId, rectifier.personId,
    ]);
    await refusedEverywhere(await signIn(rectifier, w.park.people.office.membershipId), id, 'hazard.self_acceptance');
    // A clean inspector who acts for a person of the rectifier: the delegator counts as much as the delegate.
    const both = await w.park.addPerson({ username: 'rectifier.park', role: 'inspector', orgId: w.park.orgs.inspection, personId: rectifier.personId });
    await w.db.pool.query(`INSERT INTO delegation (id, membership_id, delegate_id, reason, starts_at, ends_at, created_by) VALUES ('d-2', $1, $2, 'x', now() - interval '1 minute', now() + interval '1 hour', 'x')`, [
      both.membershipId, w.park.people.inspector.personId,
    ]);
    await refusedEverywhere(await signIn(w.park.people.inspector, both.membershipId), id, 'hazard.self_acceptance');
    await w.db.pool.query("DELETE FROM delegation WHERE id IN ('d-1', 'd-2')");
    await w.db.pool.query('DELETE FROM session WHERE membership_id = $1', [both.membershipId]);
    await w.db.pool.query('DELETE FROM membership WHERE id = $1', [both.membershipId]);
  }, 60_000);

  test('an added signer who is of the enterprise, of its contractor, or rectified it', async () => {
    const { officer: rectifier } = w.park.enterprises[0]!;
    const id = await submitted();
    const added = async (personId: string) => {
      const reply = await office.act(id, { act: 'addSigner', personId, reason: '会签' });
      return { status: reply.status, code: reply.body.code, field: reply.body.errors?.[0]?.field };
    };
    const ofFirm = await w.park.addPerson({ username: 'signer.park', role: 'inspector', orgId: w.park.orgs.inspection });
    await w.park.addPerson({ username: 'signer.firm', role: 'enterprise_safety_officer', orgId: 'ent-1', personId: ofFirm.personId });
    expect(await added(ofFirm.personId)).toEqual({ status: 403, code: 'hazard.acceptor_from_enterprise', field: 'personId' });
    const ofContractor = await w.park.addPerson({ username: 'signer2.park', role: 'inspector', orgId: w.park.orgs.inspection });
    await w.park.addPerson({ username: 'signer2.firm', role: 'enterprise_safety_officer', orgId: 'ent-2', personId: ofContractor.personId });
    expect((await admin.post('/api/v1/affiliations', { contractorId: 'ent-2', principalId: 'ent-1' })).status).toBe(201);
    expect(await added(ofContractor.personId)).toEqual({ status: 403, code: 'hazard.acceptor_from_enterprise', field: 'personId' });
    const seat = await w.park.addPerson({ username: 'signer3.park', role: 'inspector', orgId: w.park.orgs.inspection, personId: rectifier.personId });
    expect(await added(rectifier.personId)).toEqual({ status: 403, code: 'hazard.self_acceptance', field: 'personId' });
    await w.db.pool.query('DELETE FROM membership WHERE id = $1', [seat.membershipId]);
    expect(await state(id)).toMatchObject({ state: 'submitted' });
    // Whoever becomes one of the enterprise after they were added cannot sign either.
    const later = await w.park.addPerson({ username: 'signer4.park', role: 'inspector', orgId: w.park.orgs.inspection });
    expect(await added(later.personId)).toMatchObject({ status: 200 });
    await w.park.addPerson({ username: 'signer4.firm', role: 'enterprise_safety_officer', orgId: 'ent-1', personId: later.personId });
    await refusedEverywhere(await signIn(later, later.membershipId), id, 'hazard.acceptor_from_enterprise');
  }, 60_000);
});

describe('delegation', () => {
  test('the delegate acts in the membership of another, as long as it lasts and not a moment longer', async () => {
    const { office: giver, inspector: taker } = w.park.people;
    const visitor = await signIn(taker);
    type Session = { membership: { id: string; delegator: { id: string } | null; until: string | null }; memberships: { id: string; delegator: { id: string } | null }[] };
    const switchTo = (membershipId: string) => visitor.send<Session>('PUT', '/api/v1/session/membership', { json: { membershipId } });
    expect((await switchTo(giver.membershipId)).status).toBe(404);
    const asked = { membershipId: giver.membershipId, delegateId: taker.personId, reason: '出差三天', startsAt: soon(-1000), endsAt: soon(3 * DAY) };
    expect((await visitor.post('/api/v1/delegations', asked)).body.code).toBe('permission.denied');
    expect((await office.post('/api/v1/delegations', { ...asked, endsAt: soon(400 * DAY) })).body).toMatchObject({ code: 'delegation.term_invalid', errors: [{ field: 'endsAt' }] });
    const key = randomUUID();
    const given = await office.post<{ id: string; person: { id: string } }>('/api/v1/delegations', asked, { key });
    expect(given).toMatchObject({ status: 201, body: { person: { id: giver.personId }, delegate: { id: taker.personId } } });
    expect((await office.post<{ id: string }>('/api/v1/delegations', asked, { key })).body.id).toBe(given.body.id);
    expect((await visitor.get<Session>('/api/v1/session')).body.memberships.find((m) => m.id === giver.membershipId)).toMatchObject({ delegator: { id: giver.personId } });
    expect((await switchTo(giver.membershipId)).body.membership).toMatchObject({ delegator: { id: giver.personId }, until: asked.endsAt });
    // What the delegator may do, in the name of the delegate; but not hand it on.
    expect((await visitor.get('/api/v1/delegations')).status).toBe(200);
    expect((await visitor.post('/api/v1/delegations', { ...asked, delegateId: w.park.people.admin.personId })).body.code).toBe('permission.denied');
    const id = await submitted();
    expect((await admin.act(id, { act: 'addSigner', personId: taker.personId, reason: '会签' })).status).toBe(200);
    const signed = await visitor.act<{ hazard: { signatures: { person: { id: string } }[] } }>(id, { act: 'sign', note: '同意' });
    expect(signed.body.hazard.signatures).toMatchObject([{ person: { id: taker.personId } }]);
    // Ended, the session in it is over at once.
    expect((await office.post(`/api/v1/delegations/${given.body.id}/end`, {})).status).toBe(204);
    expect((await visitor.get('/api/v1/session')).body).toMatchObject({ status: 401, code: 'auth.required' });
    expect((await visitor.act(id, { act: 'accept', note: '合格' })).status).toBe(401);
    // The delegator and the delegate are one vote: neither signs a second time.
    expect((await office.act(id, { act: 'sign', note: '同意' })).body.code).toBe('hazard.already_signed');
    const { rows } = await w.db.pool.query<{ action: string }>("SELECT action FROM audit_event WHERE object = $1 ORDER BY at", [`delegation/${given.body.id}`]);
    expect(rows.map((r) => r.action)).toEqual(['delegation.create', 'delegation.end']);
  }, 60_000);

  test('others do not see or end it', async () => {
    const given = await office.post<{ id: string }>('/api/v1/delegations', { membershipId: w.park.people.office.membershipId, delegateId: w.park.people.admin.personId, reason: '值班', startsAt: soon(0), endsAt: soon(DAY) });
    expect(given.status).toBe(201);
    expect((await officer.get<{ items: unknown[] }>('/api/v1/delegations')).body.items).toEqual([]);
    expect((await officer.post(`/api/v1/delegations/${given.body.id}/end`, {})).status).toBe(404);
    expect((await admin.post(`/api/v1/delegations/${given.body.id}/end`, {})).status).toBe(204);
  });
});

describe('choosing people', () => {
  test('those who may do something, and for an enterprise its own only', async () => {
    const signers = (await office.get<{ items: { id: string }[] }>('/api/v1/persons?may=hazard.sign')).body.items.map((p) => p.id);
    expect(signers).toEqual(expect.arrayContaining([w.park.people.inspector.personId, w.park.people.office.personId]));
    expect(signers).not.toContain(w.park.enterprises[0]!.officer.personId);
    const own = await officer.get<{ items: { id: string; memberships: { org: { id: string } }[] }[] }>('/api/v1/persons');
    expect(new Set(own.body.items.flatMap((p) => p.memberships.map((m) => m.org.id)))).toEqual(new Set(['ent-1']));
    expect((await officer.get<{ items: unknown[] }>('/api/v1/persons?orgId=ent-2')).body.items).toEqual([]);
    expect((await officer.get<{ items: { id: string }[] }>('/api/v1/organisations')).body.items.map((o) => o.id)).toEqual(['ent-1']);
  });
});

describe('the chain of a case', () => {
  test('is reckoned again for whoever may see the case, and names the record that was changed', async () => {
    const id = await submitted();
    type Chain = { holds: boolean; transitions: number; head: string; problem: { record: string } | null };
    const chainOf = async (by: Visitor) => by.get<Chain>(`/api/v1/hazards/${id}/chain`);
    expect((await chainOf(officer)).body).toMatchObject({ holds: true, transitions: (await state(id)).seq, problem: null });
    expect((await chainOf(await w.as(w.park.enterprises[1]!.officer))).status).toBe(404);
    const owner = new pg.Client({ connectionString: w.database.url });
    await owner.connect();
    await owner.query(`ALTER TABLE hazard_transition DISABLE TRIGGER ALL; UPDATE hazard_transition SET reason = 'changed' WHERE hazard_id = '${id}' AND seq = 2; ALTER TABLE hazard_transition ENABLE TRIGGER ALL`);
    await owner.end();
    expect((await chainOf(officer)).body).toMatchObject({ holds: false, problem: { record: 'transition 2' } });
  }, 60_000);
});

describe('near duplicates', () => {
  test('are proposed with the reasons, within the enterprise only, and not to the enterprise', async () => {
    const report = async (enterprise: number, more: Record<string, unknown>) => {
      await w.db.pool.query("UPDATE hazard_report SET received_at = received_at - interval '2 hours'");
      return (await inspector.post<{ hazardId: string }>('/api/v1/hazards', {
        type: 'escape_route_blocked', description: '装卸平台疏散通道被托盘堵塞', assetId: w.park.enterprises[enterprise]!.tank.id, photos: [await inspector.photo(++shade)], clientAt: new Date().toISOString(), ...more,
      })).body.hazardId;
    };
    const first = await report(0, {});
    const again = await report(0, { description: '疏散通道被托盘堵塞，无法通行' });
    const other = await report(1, {});
    const found = await inspector.get<{ items: { hazard: { id: string }; score: number; reasons: string[] }[] }>(`/api/v1/hazards/${again}/duplicates`);
    expect(found.status).toBe(200);
    expect(found.body.items[0]).toMatchObject({ hazard: { id: first }, reasons: ['same_asset', 'same_type', 'close_in_time', 'similar_words'] });
    expect(found.body.items.map((i) => i.hazard.id)).not.toContain(other);
    type Board = { lanes: { lane: string; count: number; items: { hazard: { id: string; state: string }; since: string; dueAt: string | null; thumbnail: string | null; duplicates: number }[] }[] };
    const board = (await inspector.get<Board>('/api/v1/triage-board')).body;
    expect(board.lanes.map((l) => l.lane)).toEqual(['reported', 'needs_owner', 'extension', 'review', 'look_back', 'listed']);
    const fresh = board.lanes[0]!.items.find((i) => i.hazard.id === again)!;
    expect(fresh).toMatchObject({ hazard: { state: 'reported' }, thumbnail: expect.stringMatching(/^[0-9a-f]{64}$/), duplicates: 1 });
    expect(Date.parse(fresh.dueAt!)).toBeGreaterThan(Date.parse(fresh.since));
    for (const lane of board.lanes) expect(lane.count).toBeGreaterThanOrEqual(lane.items.length);
    expect((await officer.get('/api/v1/triage-board')).status).toBe(403);
    expect((await officer.get(`/api/v1/hazards/${again}/duplicates`)).status).toBe(403);
    expect((await inspector.get(`/api/v1/hazards/${randomUUID()}/duplicates`)).status).toBe(404);
  });
});
