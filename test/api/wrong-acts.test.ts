/** 错误操作: what must not be done to a case, over HTTP. Each is refused with its code, and leaves nothing but the refusal. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { takeReport } from '../../prisma/intake.ts';
import type { Visitor, World } from './world.ts';
import { countRows, startWorld, until } from './world.ts';

const DAY = 86_400_000;
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

let w: World;
let people: Record<'officer' | 'stranger' | 'inspector' | 'office' | 'admin', Visitor>;
/** One case in each situation; a refused act changes none of them. */
let cases: Record<'reported' | 'byOffice' | 'statutory' | 'triaged' | 'dispatched' | 'asked' | 'paused' | 'submitted' | 'supervised' | 'majorOpen' | 'majorSubmitted' | 'majorAsked' | 'archived' | 'dismissed' | 'merged' | 'elsewhere', string>;
let photo: { sha256: string; mediaType: string };
/** Rows of every table before the next act. */
let counted: Record<string, number>;
let site: { type: 'Point'; coordinates: [number, number] };

type Act = Record<string, unknown> & { act: string };
interface Wrong {
  what: string;
  of: keyof typeof cases;
  by: keyof typeof people;
  act: () => Act;
  status: number;
  code: string;
  /** To others the case does not exist: not even the refusal is put down on it. */
  unseen?: true;
}

const reason = '说明';
const unknownFile = [{ sha256: 'c'.repeat(64), mediaType: 'image/jpeg' }];
const away = { type: 'Point', coordinates: [121.3, 31.3] };
const WRONG: Wrong[] = [
  { what: 'accept what nobody has triaged', of: 'reported', by: 'inspector', act: () => ({ act: 'accept', note: reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'dispatch what nobody has triaged', of: 'reported', by: 'inspector', act: () => ({ act: 'dispatch', responsibleId: w.park.enterprises[0]!.officer.personId }), status: 409, code: 'hazard.illegal_move' },
  { what: 'triage without a reason', of: 'reported', by: 'inspector', act: () => ({ act: 'triage', grade: 'general', reason: ' ' }), status: 422, code: 'hazard.reason_required' },
  { what: 'triage by the enterprise', of: 'reported', by: 'officer', act: () => ({ act: 'triage', grade: 'general', reason }), status: 403, code: 'permission.denied' },
  { what: 'dismiss as an inspector', of: 'reported', by: 'inspector', act: () => ({ act: 'dismiss', reason }), status: 403, code: 'permission.denied' },
  { what: 'dismiss one\'s own report', of: 'byOffice', by: 'office', act: () => ({ act: 'dismiss', reason }), status: 403, code: 'hazard.reporter_dismisses' },
  { what: 'dismiss what a statutory limit opened', of: 'statutory', by: 'office', act: () => ({ act: 'dismiss', reason }), status: 409, code: 'hazard.statutory_dismissal' },
  { what: 'merge into itself', of: 'reported', by: 'inspector', act: () => ({ act: 'merge', intoHazardId: cases.reported, reason }), status: 422, code: 'hazard.merge_target' },
  { what: 'merge into a case of another enterprise', of: 'reported', by: 'inspector', act: () => ({ act: 'merge', intoHazardId: cases.elsewhere, reason }), status: 422, code: 'hazard.merge_target' },
  { what: 'merge into a closed case', of: 'reported', by: 'inspector', act: () => ({ act: 'merge', intoHazardId: cases.dismissed, reason }), status: 422, code: 'hazard.merge_target' },
  { what: 'redirect to the same enterprise', of: 'reported', by: 'office', act: () => ({ act: 'redirect', tenantId: 'ent-1', reason }), status: 422, code: 'hazard.tenant_invalid' },
  { what: 'redirect to an office', of: 'reported', by: 'office', act: () => ({ act: 'redirect', tenantId: w.park.orgs.admin, reason }), status: 422, code: 'hazard.tenant_invalid' },
  { what: 'list what has no grade', of: 'reported', by: 'admin', act: () => ({ act: 'list', level: 'park', reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'dispatch to a person of another enterprise', of: 'triaged', by: 'inspector', act: () => ({ act: 'dispatch', responsibleId: w.park.enterprises[1]!.officer.personId }), status: 422, code: 'hazard.responsible_invalid' },
  { what: 'start what is not dispatched', of: 'triaged', by: 'officer', act: () => ({ act: 'start' }), status: 409, code: 'hazard.illegal_move' },
  { what: 'list a general hazard', of: 'triaged', by: 'admin', act: () => ({ act: 'list', level: 'city', reason }), status: 409, code: 'hazard.not_major' },
  { what: 'act on the case of another enterprise', of: 'dispatched', by: 'stranger', act: () => ({ act: 'start' }), status: 404, code: 'hazard.not_found', unseen: true },
  { what: 'report progress before the start', of: 'dispatched', by: 'officer', act: () => ({ act: 'progress', note: reason, evidence: [] }), status: 409, code: 'hazard.illegal_move' },
  { what: 'ask for an earlier deadline', of: 'dispatched', by: 'officer', act: () => ({ act: 'requestExtension', dueAt: soon(DAY), reason }), status: 422, code: 'hazard.extension_invalid' },
  { what: 'ask for more time than the policy gives', of: 'dispatched', by: 'officer', act: () => ({ act: 'requestExtension', dueAt: soon(60 * DAY), reason }), status: 409, code: 'hazard.extension_limit' },
  { what: 'grant what nobody asked for', of: 'dispatched', by: 'office', act: () => ({ act: 'decideExtension', granted: true, reason }), status: 409, code: 'hazard.extension_none' },
  { what: 'withdraw what nobody asked for', of: 'dispatched', by: 'officer', act: () => ({ act: 'withdrawExtension', reason }), status: 409, code: 'hazard.extension_none' },
  { what: 'resume what runs', of: 'dispatched', by: 'admin', act: () => ({ act: 'resume', reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'pause for longer than the policy gives', of: 'dispatched', by: 'admin', act: () => ({ act: 'pause', until: soon(90 * DAY), reason }), status: 409, code: 'hazard.pause_limit' },
  { what: 'pause until an instant that has passed', of: 'dispatched', by: 'admin', act: () => ({ act: 'pause', until: soon(-DAY), reason }), status: 422, code: 'request.invalid' },
  { what: 'pause as the emergency office', of: 'dispatched', by: 'office', act: () => ({ act: 'pause', until: soon(DAY), reason }), status: 403, code: 'permission.denied' },
  { what: 'give a part more time than the case has', of: 'dispatched', by: 'officer', act: () => ({ act: 'split', items: [{ title: '一', dueAt: soon(60 * DAY) }, { title: '二' }], reason }), status: 422, code: 'hazard.item_invalid' },
  { what: 'hand over to whoever has it', of: 'dispatched', by: 'officer', act: () => ({ act: 'handover', responsibleId: w.park.enterprises[0]!.officer.personId, reason }), status: 422, code: 'hazard.responsible_invalid' },
  { what: 'add a signer who may not sign', of: 'dispatched', by: 'admin', act: () => ({ act: 'addSigner', personId: w.park.people.investment.personId, reason }), status: 422, code: 'request.invalid' },
  { what: 'ask for time twice', of: 'asked', by: 'officer', act: () => ({ act: 'requestExtension', dueAt: soon(9 * DAY), reason }), status: 409, code: 'hazard.extension_pending' },
  { what: 'hand in without a file', of: 'asked', by: 'officer', act: () => ({ act: 'submit', note: reason, evidence: [] }), status: 422, code: 'hazard.evidence_required' },
  { what: 'hand in with a file that was never uploaded', of: 'asked', by: 'officer', act: () => ({ act: 'submit', note: reason, evidence: unknownFile }), status: 422, code: 'hazard.evidence_unknown' },
  { what: 'hand in a part that is none', of: 'asked', by: 'officer', act: () => ({ act: 'submit', note: reason, evidence: [photo], itemIds: [randomUUID()] }), status: 422, code: 'hazard.item_unknown' },
  { what: 'hand in while the clock stands still', of: 'paused', by: 'officer', act: () => ({ act: 'submit', note: reason, evidence: [photo] }), status: 409, code: 'hazard.paused' },
  { what: 'return a case whose clock stands still', of: 'paused', by: 'admin', act: () => ({ act: 'reassess', reason }), status: 409, code: 'hazard.paused' },
  { what: 'sign where one accepts alone', of: 'submitted', by: 'inspector', act: () => ({ act: 'sign', note: reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'reject a part that is none', of: 'submitted', by: 'inspector', act: () => ({ act: 'reject', reason, itemIds: [randomUUID()] }), status: 422, code: 'hazard.item_unknown' },
  { what: 'accept the last part instead of the case', of: 'submitted', by: 'inspector', act: () => ({ act: 'acceptItems', itemIds: ['whole'], reason }), status: 409, code: 'hazard.items_complete' },
  { what: 'return what is handed in', of: 'submitted', by: 'officer', act: () => ({ act: 'returnDispatch', reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'ask for time under supervision', of: 'supervised', by: 'officer', act: () => ({ act: 'requestExtension', dueAt: soon(9 * DAY), reason }), status: 409, code: 'hazard.overdue' },
  { what: 'take a supervised case back to the triage', of: 'supervised', by: 'admin', act: () => ({ act: 'reassess', reason }), status: 409, code: 'hazard.overdue' },
  { what: 'hand in a major one without a plan', of: 'majorOpen', by: 'officer', act: () => ({ act: 'submit', note: reason, evidence: [photo] }), status: 409, code: 'hazard.plan_required' },
  { what: 'list twice', of: 'majorOpen', by: 'admin', act: () => ({ act: 'list', level: 'county', reason }), status: 409, code: 'hazard.already_listed' },
  { what: 'take a listed one back to the triage without the head of the park', of: 'majorOpen', by: 'office', act: () => ({ act: 'reassess', reason }), status: 403, code: 'hazard.decision_level' },
  { what: 'grant time for a major one without the head of the park', of: 'majorAsked', by: 'office', act: () => ({ act: 'decideExtension', granted: true, reason }), status: 403, code: 'hazard.decision_level' },
  { what: 'accept a major one alone', of: 'majorSubmitted', by: 'inspector', act: () => ({ act: 'accept', note: reason, evidence: [photo], site }), status: 409, code: 'hazard.signature_missing' },
  { what: 'sign twice', of: 'majorSubmitted', by: 'inspector', act: () => ({ act: 'sign', note: reason, evidence: [photo], site }), status: 409, code: 'hazard.already_signed' },
  { what: 'sign a major one without a photo of the place', of: 'majorSubmitted', by: 'office', act: () => ({ act: 'sign', note: reason, site }), status: 422, code: 'hazard.evidence_required' },
  { what: 'accept a major one from the desk', of: 'majorSubmitted', by: 'office', act: () => ({ act: 'accept', note: reason, evidence: [photo] }), status: 422, code: 'hazard.on_site_required' },
  { what: 'accept a major one from somewhere else', of: 'majorSubmitted', by: 'office', act: () => ({ act: 'accept', note: reason, evidence: [photo], site: away }), status: 422, code: 'hazard.not_on_site' },
  { what: 'withdraw what is being reviewed', of: 'majorSubmitted', by: 'officer', act: () => ({ act: 'withdraw', reason }), status: 409, code: 'hazard.review_begun' },
  { what: 'look back before it is due', of: 'archived', by: 'inspector', act: () => ({ act: 'lookBack', n: 1, passed: true, note: reason, evidence: [photo] }), status: 409, code: 'hazard.look_back_not_due' },
  { what: 'edit what is archived', of: 'archived', by: 'inspector', act: () => ({ act: 'triage', grade: 'major', reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'reopen as an inspector', of: 'archived', by: 'inspector', act: () => ({ act: 'reopen', reason }), status: 403, code: 'permission.denied' },
  { what: 'reopen what was dismissed', of: 'dismissed', by: 'office', act: () => ({ act: 'reopen', reason }), status: 409, code: 'hazard.illegal_move' },
  { what: 'triage a duplicate that was merged', of: 'merged', by: 'inspector', act: () => ({ act: 'triage', grade: 'general', reason }), status: 409, code: 'hazard.illegal_move' },
];

type Seen = { state: string; seq: number; needsOwner: boolean };
const get = async (id: string): Promise<Seen> => (await people.inspector.get<Seen>(`/api/v1/hazards/${id}`)).body;

const bring = async (): Promise<void> => {
  const { officer, inspector, office, admin } = people;
  let shade = 1;
  const report = async (by: Visitor = inspector, enterprise = 0): Promise<string> => {
    await w.db.pool.query("UPDATE hazard_report SET received_at = received_at - interval '2 hours'");
    const reply = await by.post<{ hazardId: string }>('/api/v1/hazards', {
      type: 'leak', description: '法兰处滴漏', assetId: w.park.enterprises[enterprise]!.pump.id, photos: [await by.photo((shade += 1))], clientAt: new Date().toISOString(),
    });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body.hazardId;
  };
  const act = async (id: string, by: Visitor, said: Act): Promise<string> => {
    const reply = await by.act(id, said);
    if (reply.status !== 200) throw new Error(`${said.act}: ${JSON.stringify(reply.body)}`);
    return id;
  };
  const dispatched = async (grade: 'general' | 'major' = 'general'): Promise<string> => {
    const id = await act(await report(), inspector, { act: 'triage', grade, reason });
    await until('dispatched', async () => (await get(id)).state === 'dispatched');
    return id;
  };
  const rectifying = async (grade: 'general' | 'major' = 'general'): Promise<string> => await act(await dispatched(grade), officer, { act: 'start' });
  const submitted = async (): Promise<string> => await act(await rectifying(), officer, { act: 'submit', note: reason, evidence: [photo] });
  const plan = { act: 'plan', interimMeasures: '围挡', measures: '更换', costYuan: 1_000 };

  const reported = await report();
  const triaged = await act(await dispatched(), officer, { act: 'returnDispatch', reason });
  await until('left to a person', async () => (await get(triaged)).needsOwner);
  const majorSubmitted = await rectifying('major');
  await act(majorSubmitted, officer, plan);
  await act(majorSubmitted, officer, { act: 'submit', note: reason, evidence: [photo] });
  await act(majorSubmitted, inspector, { act: 'sign', note: reason, evidence: [photo], site });
  const majorOpen = await act(await rectifying('major'), admin, { act: 'list', level: 'city', reason });
  const archived = await act(await submitted(), inspector, { act: 'accept', note: reason });
  await until('its package', async () => (await w.db.pool.query('SELECT FROM archive_package WHERE hazard_id = $1', [archived])).rowCount === 1);
  const { hazardId: statutory } = await w.db.pgTransaction({ scope: 'service' }, (tx) => takeReport(tx, {
    tenantId: 'ent-1', dedupeKey: randomUUID(), policy: DEFAULT_POLICY,
    report: { origin: 'floor', type: 'over_limit', title: '超压', description: '超过法定限值', reporterId: null, assetId: w.park.enterprises[0]!.tank.id, zoneId: null, point: null, statutory: true, event: null, receivedAt: Date.now(), clientAt: null, evidence: [{ detail: { value: 1 } }] },
  }));
  await until('the statutory case', async () => (await get(statutory)).state === 'reported');
  cases = {
    reported, triaged, majorSubmitted, majorOpen, archived, statutory,
    byOffice: await report(office),
    elsewhere: await report(inspector, 1),
    dispatched: await dispatched(),
    asked: await act(await rectifying(), officer, { act: 'requestExtension', dueAt: soon(9 * DAY), reason }),
    majorAsked: await act(await rectifying('major'), officer, { act: 'requestExtension', dueAt: soon(20 * DAY), reason }),
    paused: await act(await rectifying(), admin, { act: 'pause', until: soon(5 * DAY), reason }),
    submitted: await submitted(),
    supervised: await act(await submitted(), inspector, { act: 'reject', reason }),
    dismissed: await act(await report(), office, { act: 'dismiss', reason }),
    merged: await act(await report(), inspector, { act: 'merge', intoHazardId: reported, reason }),
  };
  await until('the merge to be heard', async () => (await w.db.pool.query(`SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'absorb'`, [reported])).rowCount === 1);
};

/** What others hear of by and by is done: nothing is under way any more. */
const quiet = async (): Promise<Record<string, number>> => {
  let before = await countRows(w.db);
  return await until('quiet', async () => {
    const { rows } = await w.db.pool.query(`SELECT FROM outbox WHERE delivered_at IS NULL AND topic = 'workflow'`);
    const now = await countRows(w.db);
    const still = rows.length === 0 && JSON.stringify(now) === JSON.stringify(before);
    before = now;
    return still && now;
  });
};

beforeAll(async () => {
  w = await startWorld({ engine: true });
  people = {
    officer: await w.as(w.park.enterprises[0]!.officer), stranger: await w.as(w.park.enterprises[1]!.officer), inspector: await w.as(w.park.people.inspector),
    office: await w.as(w.park.people.office), admin: await w.as(w.park.people.admin),
  };
  photo = await people.officer.photo(1);
  for (const visitor of Object.values(people)) await visitor.photo(1);
  const { rows } = await w.db.pool.query<{ point: typeof site }>('SELECT point FROM asset WHERE id = $1', [w.park.enterprises[0]!.pump.id]);
  site = rows[0]!.point;
  await bring();
  counted = await quiet();
}, 180_000);
afterAll(() => w?.close());

test('there are at least forty of them, with more than thirty codes', () => {
  expect(WRONG.length).toBeGreaterThanOrEqual(40);
  expect(new Set(WRONG.map((x) => x.code)).size).toBeGreaterThanOrEqual(30);
});

test.each(WRONG)('$what: $status $code', async ({ of, by, act, status, code, unseen }) => {
  const id = cases[of];
  const whole = async () => (await w.db.pool.query('SELECT * FROM hazard ORDER BY id')).rows;
  const before = await whole();
  const said = act();
  const reply = await people[by].act(id, said);
  expect({ status: reply.status, code: reply.body.code }).toEqual({ status, code });
  expect(reply.body.titleZh.length * reply.body.titleEn.length).toBeGreaterThan(0);
  expect(await whole()).toEqual(before);
  const after = await quiet();
  const more = Object.fromEntries(Object.entries(after).map(([table, n]) => [table, n - counted[table]!]).filter(([, n]) => n !== 0));
  counted = after;
  // The key of the request, and the refusal with who tried it.
  expect(more).toEqual(unseen ? { 'public.idempotency_key': 1 } : { 'public.idempotency_key': 1, 'public.hazard_transition': 1, 'public.audit_event': 1 });
  if (unseen) return;
  const { rows } = await w.db.pool.query('SELECT seq, command, refusal_code, to_state FROM hazard_transition WHERE hazard_id = $1 ORDER BY recorded_at DESC LIMIT 1', [id]);
  expect(rows).toEqual([{ seq: null, command: said.act, refusal_code: code, to_state: null }]);
}, 30_000);
