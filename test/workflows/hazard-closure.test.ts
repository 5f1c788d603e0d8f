import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Connection } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pg from 'pg';
import type { HazardCase, PersonCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { openSigningKey } from '../../platform/signing-key.ts';
import { importCalendar, PARK_KEY, signCalendar, trustCalendarKey } from '../../prisma/calendars.ts';
import { verifyChain } from '../../prisma/chain.ts';
import type { Database } from '../../prisma/client.ts';
import type { WorkflowMessage } from '../../prisma/outbox.ts';
import { createEngine } from '../../api/engine.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import type { HazardActInput, HazardActResult } from '../../workflows/hazard-closure/messages.ts';
import { HAZARD_CLOSURE, hazardUpdates } from '../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId } from '../../workflows/ids.ts';
import { ACCEPT, activitiesOf, bringTo, Case, DAY, HOUR, openCase, PEOPLE, photo, REJECT, reportAt, SUBMIT, TRIAGE } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

let env: TestWorkflowEnvironment;
let database: Database;
let park: VirtualPark;
const now = () => env.currentTimeMs();

beforeAll(async () => {
  park = await startVirtualPark();
  ({ env, database } = park);
});
afterAll(() => park?.close());

interface Row {
  [column: string]: unknown;
}
const rows = async (sql: string, ...values: unknown[]): Promise<Row[]> => (await database.pool.query<Row>(sql, values)).rows;
const noticesOf = (hazardId: string, kind: string) =>
  rows('SELECT recipient_org_id AS org, is_copy, dedupe_key FROM notice WHERE hazard_id = $1 AND kind = $2 ORDER BY issued_at, is_copy, recipient_org_id', hazardId, kind);

describe('the way of one case', () => {
  test('from the report to the archive: six steps, each on the record in order, with the time of server and client [C-025]', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'rectifying');
    await found.act(PEOPLE.officer, { name: 'progress', note: '备件已到', evidence: [photo] }, 'cmd-progress', (await now()) - 10 * 60_000);
    await found.act(PEOPLE.officer, SUBMIT, 'cmd-submit', await now());
    const done = await found.act(PEOPLE.inspector, ACCEPT);
    expect(done.transition).toMatchObject({ command: 'accept', from: 'submitted', to: 'accepted', actorId: 'p-inspector' });
    expect(done.case.state).toBe('archived');
    await found.closed();

    const record = await rows('SELECT seq, command, to_state, server_at, client_at, clock_skew, command_id FROM hazard_transition WHERE hazard_id = $1 ORDER BY seq', found.hazardId);
    expect(record.map((r) => r.command)).toEqual(['open', 'triage', 'dispatch', 'start', 'progress', 'submit', 'accept', 'archive']);
    expect(record.map((r) => r.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(record.map((r) => (r.server_at as Date).getTime())).toEqual(record.map((r) => (r.server_at as Date).getTime()).toSorted((a, b) => a - b));
    expect(record.find((r) => r.command_id === 'cmd-progress')).toMatchObject({ clock_skew: true });
    expect(record.find((r) => r.command_id === 'cmd-submit')).toMatchObject({ clock_skew: false });
    const [hazard] = await rows('SELECT number, state, closed_at, snapshot FROM hazard WHERE id = $1', found.hazardId);
    expect(hazard!.number).toMatch(/^HZ-\d{4}-\d{6}$/);
    expect(hazard).toMatchObject({ state: 'archived', snapshot: done.case });
    const deadlines = await rows('SELECT kind, met_at, breached_at, withdrawn_at FROM deadline WHERE hazard_id = $1', found.hazardId);
    expect(deadlines.map((d) => [d.kind, d.met_at !== null, d.breached_at, d.withdrawn_at]).sort()).toEqual([['dispatch', true, null, null], ['rectify', true, null, null], ['triage', true, null, null]]);
    expect((await rows('SELECT purpose FROM evidence WHERE hazard_id = $1 ORDER BY recorded_at', found.hazardId)).map((r) => r.purpose)).toEqual(['report', 'progress', 'submission']);
  });

  test('the dispatch and the copy to the emergency office are written by one transaction [C-021]', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'dispatched');
    await found.act(PEOPLE.officer, { name: 'start' });
    const papers = await rows(
      `SELECT n.xmin::text AS tx, n.is_copy, n.recipient_org_id AS org FROM notice n WHERE n.hazard_id = $1 AND n.kind = 'dispatch'
       UNION ALL SELECT t.xmin::text, NULL, 'transition' FROM hazard_transition t WHERE t.hazard_id = $1 AND t.command = 'dispatch' ORDER BY org`,
      found.hazardId,
    );
    expect(papers.map((p) => [p.org, p.is_copy])).toEqual([['ent-1', false], ['park-office', true], ['transition', null]]);
    expect(new Set(papers.map((p) => p.tx)).size).toBe(1);
  });

  test('killed while the copy is written, the dispatch is not on the record either; both come later [C-021]', async () => {
    const superuser = new pg.Client({ connectionString: park.url });
    await superuser.connect();
    await superuser.query(`CREATE FUNCTION kill_at_copy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN IF NEW.is_copy THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;
      CREATE TRIGGER kill_at_copy BEFORE INSERT ON notice FOR EACH ROW EXECUTE FUNCTION kill_at_copy()`);
    try {
      const found = await openCase(env.client, database, await now());
      await found.until((c) => c.state === 'reported');
      await found.act(PEOPLE.inspector, TRIAGE);
      await found.until((c) => c.state === 'dispatched');
      await new Promise((resolve) => setTimeout(resolve, 500));
      expect(await noticesOf(found.hazardId, 'dispatch')).toEqual([]);
      expect(await rows(`SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'dispatch'`, found.hazardId)).toEqual([]);
      await superuser.query('DROP TRIGGER kill_at_copy ON notice');
      await found.act(PEOPLE.officer, { name: 'start' });
      expect((await noticesOf(found.hazardId, 'dispatch')).map((n) => n.is_copy)).toEqual([false, true]);
    } finally {
      await superuser.query('DROP FUNCTION kill_at_copy CASCADE');
      await superuser.end();
    }
  });

  test('acceptance by the rectifier or anybody of the enterprise is refused by code and changes nothing [C-023]', async () => {
    const found = await openCase(env.client, database, await now());
    const before = await bringTo(found, 'submitted');
    expect(await found.refusal(PEOPLE.officer, ACCEPT)).toBe('hazard.self_acceptance');
    expect(await found.refusal({ ...PEOPLE.inspector, personId: 'p-officer' }, ACCEPT)).toBe('hazard.self_acceptance');
    expect(await found.refusal({ ...PEOPLE.officer, personId: 'p-other' }, ACCEPT)).toBe('hazard.acceptor_from_enterprise');
    expect(await found.refusal({ ...PEOPLE.inspector, orgIds: ['park-office', 'ent-1'] }, ACCEPT)).toBe('hazard.acceptor_from_enterprise');
    expect(await found.state()).toEqual(before);
    expect(await rows('SELECT seq FROM hazard_transition WHERE hazard_id = $1 AND seq > $2', found.hazardId, before.seq)).toEqual([]);
    expect(await found.refusal(PEOPLE.inspector, ACCEPT)).toBeNull();
  });

  test('the same command twice is one act with one answer', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'dispatched');
    const [first, second] = await Promise.all([found.act(PEOPLE.officer, { name: 'start' }, 'once'), found.act(PEOPLE.officer, { name: 'start' }, 'once')]);
    expect(second).toEqual(first);
    expect(await found.act(PEOPLE.officer, { name: 'start' }, 'once')).toEqual(first);
    expect(await rows(`SELECT FROM hazard_transition WHERE hazard_id = $1 AND command = 'start'`, found.hazardId)).toHaveLength(1);
  });

  test('an enterprise with several safety officers, or none, is left to a person, who is told', async () => {
    for (const tenantId of ['ent-2', 'ent-3']) {
      const found = await openCase(env.client, database, await now(), { tenantId });
      await found.until((c) => c.state === 'reported');
      await found.act(PEOPLE.inspector, TRIAGE);
      const c = await found.until((x) => x.needsOwner);
      expect(c).toMatchObject({ state: 'triaged', responsibleId: null });
      await found.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague' });
      expect(await noticesOf(found.hazardId, 'reminder')).toMatchObject([{ org: 'park-office', is_copy: false }]);
      expect(await rows('SELECT needs_owner, responsible_id FROM hazard WHERE id = $1', found.hazardId)).toEqual([{ needs_owner: false, responsible_id: 'p-colleague' }]);
    }
  });

  test('a dispatch that the enterprise returns waits for a person and is not sent to the same one again', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'dispatched');
    const returned = await found.act(PEOPLE.officer, { name: 'returnDispatch', reason: '非本企业设备' });
    expect(returned.case).toMatchObject({ state: 'triaged', needsOwner: true, responsibleId: null });
  });

  test('a report joins the open case once; one that comes after the end opens a case of its own', async () => {
    const at = await now();
    const found = await openCase(env.client, database, at, { report: { assetId: 'a1' } });
    const joined = await openCase(env.client, database, at + 1_000, { report: { assetId: 'a1' } });
    expect(joined.hazardId).toBe(found.hazardId);
    const { message } = (await rows('SELECT message FROM hazard_report WHERE hazard_id = $1 ORDER BY received_at DESC LIMIT 1', found.hazardId))[0]! as { message: Parameters<typeof found.report>[0] };
    await found.report(message);
    await found.until((c) => c.reportCount === 2);
    await bringTo(found, 'submitted');
    await found.act(PEOPLE.inspector, ACCEPT);
    await found.closed();
    expect((await rows(`SELECT command FROM hazard_transition WHERE hazard_id = $1 AND command IN ('open', 'join') ORDER BY seq`, found.hazardId)).map((r) => r.command)).toEqual(['open', 'join']);

    // A report whose row is of this case but which the case never got.
    await database.pool.query(
      `INSERT INTO hazard_report (id, tenant_id, hazard_id, origin, type, title, description, message, dedupe_key) VALUES ('late', 'ent-1', $1, 'manual', 'leak', 't', 'd', $2, 'late')`,
      [found.hazardId, JSON.stringify({ ...reportAt(at), reportId: 'late' })],
    );
    await activitiesOf(database).rerouteReport({ hazardId: found.hazardId, reportId: 'late' });
    await activitiesOf(database).rerouteReport({ hazardId: found.hazardId, reportId: 'late' });
    await activitiesOf(database).rerouteReport({ hazardId: found.hazardId, reportId: message.reportId });
    const moved = (await rows(`SELECT hazard_id FROM hazard_report WHERE id = 'late'`))[0]!.hazard_id as string;
    expect(moved).not.toBe(found.hazardId);
    expect(await rows(`SELECT key FROM outbox WHERE topic = 'workflow' AND key LIKE '%/report/late'`)).toEqual([{ key: `hazard/${moved}/report/late` }]);
    expect((await rows('SELECT hazard_id FROM hazard_report WHERE id = $1', message.reportId))[0]!.hazard_id).toBe(found.hazardId);
  });
});

describe('deadlines', () => {
  test('unaccepted on the due instant: second supervision opens exactly then, level by level, and is exhausted after the third', async () => {
    const found = await openCase(env.client, database, await now());
    const c = await bringTo(found, 'dispatched');
    const due = c.dueAt!;
    await env.sleep(due - (await now()) + 9 * DAY);
    await found.until((x) => x.supervisionExhausted);
    const levels = await rows('SELECT level, cause, opened_at, due_at, closed_at, outcome FROM supervision WHERE hazard_id = $1 ORDER BY level', found.hazardId);
    const ms = DEFAULT_POLICY.supervisionMs;
    expect(levels).toEqual([
      { level: 1, cause: 'overdue', opened_at: new Date(due), due_at: new Date(due + ms[1]), closed_at: new Date(due + ms[1]), outcome: 'escalated' },
      { level: 2, cause: 'supervision_breached', opened_at: new Date(due + ms[1]), due_at: new Date(due + ms[1] + ms[2]), closed_at: new Date(due + ms[1] + ms[2]), outcome: 'escalated' },
      { level: 3, cause: 'supervision_breached', opened_at: new Date(due + ms[1] + ms[2]), due_at: new Date(due + ms[1] + ms[2] + ms[3]), closed_at: new Date(due + ms[1] + ms[2] + ms[3]), outcome: 'exhausted' },
    ]);
    // Each reminder of rectification and of every level once, each level with its notice and copies.
    const reminders = await rows(`SELECT server_at FROM hazard_transition WHERE hazard_id = $1 AND command = 'remind' ORDER BY seq`, found.hazardId);
    const wanted = [due, due + ms[1], due + ms[1] + ms[2], due + ms[1] + ms[2] + ms[3]].flatMap((d, i) =>
      DEFAULT_POLICY.remindBeforeMs.filter((b) => i === 0 || b < ms[i as 1 | 2 | 3]).map((b) => d - b).sort((a, b) => a - b));
    const after = DEFAULT_POLICY.remindAfterMs.map((ms) => due + ms);
    expect(reminders.map((r) => (r.server_at as Date).getTime())).toEqual([...wanted, ...after].sort((a, b) => a - b));
    expect(await noticesOf(found.hazardId, 'reminder')).toHaveLength(wanted.length);
    expect((await noticesOf(found.hazardId, 'supervision')).map((n) => [n.org, n.is_copy])).toEqual([
      ['ent-1', false], ['park-office', true], ['ent-1', false], ['park-admin', true], ['park-office', true], ['ent-1', false], ['park-admin', true], ['park-office', true],
    ]);
    await found.act(PEOPLE.officer, { name: 'start' });
    await found.act(PEOPLE.officer, SUBMIT);
    expect((await found.act(PEOPLE.inspector, ACCEPT)).case.state).toBe('archived');
    await found.closed();
    const ends = await rows('SELECT kind, level, num_nonnulls(met_at, breached_at, withdrawn_at) AS ends FROM deadline WHERE hazard_id = $1', found.hazardId);
    expect(ends.filter((d) => d.ends !== 1)).toEqual([]);
  });

  test('a rejection opens level 2 with its own deadline, the third level 3, each with notice and copy [C-024]', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'submitted');
    const levels: number[] = [];
    for (let n = 1; n <= 3; n += 1) {
      await env.sleep(HOUR);
      levels.push((await found.act(PEOPLE.inspector, REJECT)).case.supervision);
      if (n < 3) await found.act(PEOPLE.officer, SUBMIT);
    }
    expect(levels).toEqual([2, 2, 3]);
    const supervision = await rows('SELECT level, cause, outcome, opened_at, due_at FROM supervision WHERE hazard_id = $1 ORDER BY level', found.hazardId);
    expect(supervision.map((s) => [s.level, s.cause, s.outcome, (s.due_at as Date).getTime() - (s.opened_at as Date).getTime()])).toEqual([
      [2, 'rejected', 'escalated', DEFAULT_POLICY.supervisionMs[2]], [3, 'rejected', null, DEFAULT_POLICY.supervisionMs[3]],
    ]);
    expect(await noticesOf(found.hazardId, 'rejection')).toHaveLength(3);
    expect((await noticesOf(found.hazardId, 'supervision')).map((n) => [n.org, n.is_copy])).toEqual([
      ['ent-1', false], ['park-admin', true], ['park-office', true], ['ent-1', false], ['park-admin', true], ['park-office', true],
    ]);
    await found.act(PEOPLE.officer, SUBMIT);
    await found.act(PEOPLE.inspector, ACCEPT);
    await found.closed();
    expect((await rows('SELECT outcome FROM supervision WHERE hazard_id = $1 ORDER BY level', found.hazardId)).map((r) => r.outcome)).toEqual(['escalated', 'accepted']);
  });

  test('a report that nobody triages is told to the emergency office when its time has passed', async () => {
    const found = await openCase(env.client, database, await now());
    await found.until((c) => c.state === 'reported');
    await env.sleep(DEFAULT_POLICY.triageMs + HOUR);
    await found.until((c) => c.deadlines[0]?.breached === true);
    await found.act(PEOPLE.office, { name: 'dismiss', reason: '非隐患' });
    expect((await noticesOf(found.hazardId, 'overdue')).map((n) => [n.org, n.is_copy])).toEqual([['park-office', false], ['park-admin', true]]);
  });
});

describe('ways beyond the straight one', () => {
  const PHOTO = { evidence: [photo], site: { type: 'Point' as const, coordinates: [121, 31] as [number, number] } };
  const deliver = async (): Promise<void> => {
    const receive = createWorkflowReceiver(env.client, database);
    const { rows: waiting } = await database.pool.query<{ id: string; payload: WorkflowMessage }>(`UPDATE outbox SET delivered_at = now() WHERE topic = 'workflow' AND payload->>'workflow' = 'hazardClosure' AND delivered_at IS NULL RETURNING id, payload`);
    for (const { payload } of waiting) if (payload.workflow === 'hazardClosure' && (!('signal' in payload) || payload.signal.predecessor)) await receive(payload);
  };
  /** An act on a case whose workflow has ended, as the API sends it. */
  const takeUp = async (found: Case, actor: Actor, command: PersonCommand): Promise<HazardCase> => {
    await found.handle.result();
    const input: HazardActInput = { commandId: randomUUID(), actor, clientAt: null, command };
    const update = hazardUpdates[command.name] as unknown as UpdateDefinition<HazardActResult, [HazardActInput]>;
    const tenantId = (await found.state())!.tenantId;
    const taken = await createEngine(env.connection as Connection, 'default').update(hazardClosureId(found.hazardId), update, [input], input.commandId, { workflow: HAZARD_CLOSURE, taskQueue: CLOSURE_QUEUE, input: { hazardId: found.hazardId, tenantId } });
    if (!taken.ok) throw new Error(JSON.stringify(taken.refusal));
    return taken.value.case;
  };
  /** Rows that are written a moment after the case has decided. */
  const recorded = async (sql: string, ...values: unknown[]): Promise<Row[]> => {
    for (const end = performance.now() + 20_000; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
      const found = await rows(sql, ...values);
      if (found.length > 0) return found;
    }
    throw new Error(`nothing on record: ${sql}`);
  };
  const deadlines = (hazardId: string, kind: string) => rows('SELECT due_at, met_at, breached_at, withdrawn_at FROM deadline WHERE hazard_id = $1 AND kind = $2 ORDER BY started_at', hazardId, kind);

  test('an extension is asked for, decided by the right level, and moves the deadline; the old one stays on the record as withdrawn', async () => {
    const found = await openCase(env.client, database, await now());
    const { dueAt } = await bringTo(found, 'rectifying');
    const later = dueAt! + 3 * DAY;
    await found.act(PEOPLE.officer, { name: 'requestExtension', dueAt: later, reason: '备件未到' });
    expect((await found.state())!.dueAt).toBe(dueAt);
    const granted = await found.act(PEOPLE.office, { name: 'decideExtension', granted: true, reason: '同意' });
    expect(granted.case).toMatchObject({ dueAt: later, extensions: 1, extension: null });
    // A second one is for the head of the park.
    await found.act(PEOPLE.officer, { name: 'requestExtension', dueAt: later + DAY, reason: '仍未到' });
    expect(await found.refusal(PEOPLE.office, { name: 'decideExtension', granted: false, reason: '不同意' })).toBe('hazard.decision_level');
    expect((await found.act(PEOPLE.admin, { name: 'decideExtension', granted: false, reason: '不同意' })).case.dueAt).toBe(later);
    expect((await deadlines(found.hazardId, 'rectify')).map((d) => [(d.due_at as Date).getTime(), d.withdrawn_at !== null])).toEqual([[dueAt, true], [later, false]]);
    await env.sleep(later - (await now()) - HOUR);
    expect((await found.state())!.overdue).toBe(false);
    await env.sleep(2 * HOUR);
    expect(await found.until((c) => c.overdue)).toMatchObject({ supervision: 1 });
  });

  test('of what is fixed in part, what is left is an item with its own deadline, at which it is supervised', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'rectifying');
    const own = (await now()) + 2 * DAY;
    await found.act(PEOPLE.officer, { name: 'split', reason: '分项整改', items: [{ itemId: 'gasket', title: '更换垫片', dueAt: null }, { itemId: 'tray', title: '增设托盘', dueAt: own }] });
    await found.act(PEOPLE.officer, { name: 'submit', note: '垫片已换', evidence: [photo], itemIds: ['gasket'] });
    expect(await found.refusal(PEOPLE.inspector, ACCEPT)).toBe('hazard.items_open');
    expect((await found.act(PEOPLE.inspector, { name: 'acceptItems', itemIds: ['gasket'], reason: '该项合格', evidence: [photo] })).case).toMatchObject({ state: 'rectifying', rejections: 0 });
    await env.sleep(2 * DAY + HOUR);
    expect(await found.until((c) => c.supervision === 1)).toMatchObject({ overdue: true });
    expect((await recorded(`SELECT breached_at FROM deadline WHERE hazard_id = $1 AND kind = 'item' AND breached_at IS NOT NULL`, found.hazardId)).map((d) => (d.breached_at as Date).getTime())).toEqual([own]);
    // The notice names the deadline of the part.
    const [notice] = await rows(`SELECT data FROM notice WHERE hazard_id = $1 AND kind = 'supervision' LIMIT 1`, found.hazardId);
    expect((notice!.data as { facts: { missedDueAt: number } }).facts.missedDueAt).toBe(own);
    await found.act(PEOPLE.officer, { name: 'submit', note: '托盘已装', evidence: [photo] });
    expect((await found.act(PEOPLE.inspector, ACCEPT)).case.state).toBe('archived');
    expect(await rows('SELECT item_id, state FROM hazard_item WHERE hazard_id = $1 ORDER BY item_id', found.hazardId)).toEqual([{ item_id: 'gasket', state: 'accepted' }, { item_id: 'tray', state: 'accepted' }]);
  });

  test('a part that is sent back while another is accepted is a rejection: supervised, and notified with its reason', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'rectifying');
    await found.act(PEOPLE.officer, { name: 'split', reason: '分项整改', items: [{ itemId: 'a', title: '一', dueAt: null }, { itemId: 'b', title: '二', dueAt: null }] });
    await found.act(PEOPLE.officer, SUBMIT);
    expect((await found.act(PEOPLE.inspector, { name: 'acceptItems', itemIds: ['a'], reason: '二项不合格' })).case).toMatchObject({ state: 'rectifying', supervision: 2, rejections: 1 });
    const facts = await rows(`SELECT DISTINCT kind, data->'facts'->>'reason' AS reason FROM notice WHERE hazard_id = $1 AND kind IN ('rejection', 'supervision') ORDER BY kind`, found.hazardId);
    expect(facts).toEqual([{ kind: 'rejection', reason: '二项不合格' }, { kind: 'supervision', reason: '二项不合格' }]);
  });

  test('a major hazard is accepted on site by two persons, and while it is listed it is not archived', async () => {
    const found = await openCase(env.client, database, await now());
    await found.until((c) => c.state === 'reported');
    await found.act(PEOPLE.inspector, { name: 'triage', grade: 'major', reason: '构成重大隐患' });
    await found.until((c) => c.state === 'dispatched');
    await found.act(PEOPLE.admin, { name: 'list', level: 'city', reason: '市级挂牌' });
    await found.act(PEOPLE.officer, { name: 'start' });
    expect(await found.refusal(PEOPLE.officer, SUBMIT)).toBe('hazard.plan_required');
    await found.act(PEOPLE.officer, { name: 'plan', interimMeasures: '停用', measures: '更换法兰', costYuan: 50_000 });
    await found.act(PEOPLE.officer, SUBMIT);
    expect(await found.refusal(PEOPLE.inspector, { ...ACCEPT, ...PHOTO })).toBe('hazard.signature_missing');
    expect(await found.refusal(PEOPLE.inspector, { name: 'sign', note: '合格', evidence: [photo] })).toBe('hazard.on_site_required');
    await found.act(PEOPLE.inspector, { name: 'sign', note: '合格', ...PHOTO });
    expect(await found.refusal(PEOPLE.inspector, { ...ACCEPT, ...PHOTO })).toBe('hazard.signature_missing');
    expect((await found.act(PEOPLE.office, { ...ACCEPT, ...PHOTO })).case).toMatchObject({ state: 'accepted', closedAt: null });
    // Nobody has taken it off the list in time: the park is told.
    await env.sleep(DEFAULT_POLICY.delistMs + HOUR);
    await found.until((c) => c.deadlines.some((d) => d.kind === 'delist' && d.breached));
    expect((await found.act(PEOPLE.admin, { name: 'delist', reason: '验收合格，予以摘牌' })).case).toMatchObject({ state: 'archived', listed: null });
    expect((await rows(`SELECT command FROM hazard_transition WHERE hazard_id = $1 AND command IN ('accept', 'breach', 'delist', 'archive') ORDER BY seq`, found.hazardId)).map((r) => r.command)).toEqual(['accept', 'breach', 'delist', 'archive']);
  });

  test('while the clock stands still nothing runs out; at its instant it goes on with what was left', async () => {
    const found = await openCase(env.client, database, await now());
    const { dueAt } = await bringTo(found, 'rectifying');
    const until = (await now()) + 20 * DAY;
    const { transition } = await found.act(PEOPLE.admin, { name: 'pause', until, reason: '装置停产检修' });
    expect(await found.refusal(PEOPLE.officer, SUBMIT)).toBe('hazard.paused');
    await env.sleep(20 * DAY + HOUR);
    const c = await found.until((x) => x.paused === null);
    expect(c).toMatchObject({ overdue: false, dueAt: dueAt! + (until - transition.serverAt) });
    const [resumed] = await rows(`SELECT server_at, actor_id FROM hazard_transition WHERE hazard_id = $1 AND command = 'resume'`, found.hazardId);
    expect([(resumed!.server_at as Date).getTime(), resumed!.actor_id]).toEqual([until, null]);
  });

  test('a duplicate is merged into the case that was there, and a merge that was wrong is undone with the time that it had used', async () => {
    const [first, second] = [await openCase(env.client, database, await now()), await openCase(env.client, database, await now())];
    await first.until((c) => c.state === 'reported');
    await second.until((c) => c.state === 'reported');
    await env.sleep(5 * HOUR);
    const merged = await second.act(PEOPLE.inspector, { name: 'merge', intoHazardId: first.hazardId, reason: '同一处泄漏' });
    expect(merged.case).toMatchObject({ state: 'merged', mergedInto: first.hazardId, deadlines: [] });
    await deliver();
    expect(await first.until((c) => c.reportCount === 2)).toMatchObject({ absorbed: [second.hazardId] });
    const back = await takeUp(second, PEOPLE.inspector, { name: 'unmerge', reason: '两处不同的法兰' });
    expect(back).toMatchObject({ state: 'reported', mergedInto: null });
    expect(back.deadlines[0]!.dueAt - back.lastAt).toBe(DEFAULT_POLICY.triageMs - merged.case.used.triage);
    await deliver();
    expect(await first.until((c) => c.reportCount === 1)).toMatchObject({ absorbed: [] });
  });

  test('a case at the wrong enterprise goes on as a case of the right one, with the time of the triage that is used', async () => {
    const found = await openCase(env.client, database, await now());
    await found.until((c) => c.state === 'reported');
    await env.sleep(10 * HOUR);
    const { case: sent } = await found.act(PEOPLE.office, { name: 'redirect', tenantId: 'ent-2', successorId: `${found.hazardId}-2`, reason: '管廊属二号化工' });
    expect(sent).toMatchObject({ state: 'redirected', successorId: `${found.hazardId}-2`, deadlines: [] });
    await deliver();
    const successor = new Case(env.client, `${found.hazardId}-2`, 'ent-2');
    const c = await successor.until((x) => x.state === 'reported');
    expect(c).toMatchObject({ tenantId: 'ent-2', predecessorId: found.hazardId });
    expect(c.deadlines[0]!.dueAt).toBe(sent.closedAt! + DEFAULT_POLICY.triageMs - sent.used.triage);
    expect(await recorded(`SELECT sha256 FROM evidence WHERE hazard_id = $1 AND purpose = 'report'`, successor.hazardId)).toEqual([{ sha256: photo.sha256 }]);
  });

  test('a look-back that fails opens a new cycle that inherits the history; one that is passed ends the case', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'submitted');
    await found.act(PEOPLE.inspector, ACCEPT);
    await env.sleep(30 * DAY + HOUR);
    const due = await found.until((c) => c.lookBacks[0]?.state === 'due');
    const [asked] = await rows(`SELECT server_at FROM hazard_transition WHERE hazard_id = $1 AND command = 'lookBackDue'`, found.hazardId);
    expect((asked!.server_at as Date).getTime()).toBe(due.closedAt! + 30 * DAY);
    expect(await found.refusal(PEOPLE.officer, { name: 'lookBack', n: 1, passed: true, note: '完好', evidence: [photo] })).toBe('hazard.self_acceptance');
    const failed = await found.act(PEOPLE.inspector, { name: 'lookBack', n: 1, passed: false, note: '再次滴漏', evidence: [photo] });
    expect(failed.case).toMatchObject({ state: 'triaged', cycle: 2, rectifierIds: ['p-officer'], closedAt: null });
    await found.until((c) => c.state === 'dispatched');
    await found.act(PEOPLE.officer, { name: 'start' });
    await found.act(PEOPLE.officer, SUBMIT);
    await found.act(PEOPLE.inspector, ACCEPT);
    await env.sleep(30 * DAY + HOUR);
    await found.until((c) => c.lookBacks[0]?.state === 'due');
    await found.act(PEOPLE.inspector, { name: 'lookBack', n: 1, passed: true, note: '完好', evidence: [photo] });
    expect(await found.handle.result()).toMatchObject({ state: 'archived', cycle: 2 });
    expect(await rows('SELECT DISTINCT cycle FROM evidence WHERE hazard_id = $1 ORDER BY cycle', found.hazardId)).toEqual([{ cycle: 1 }, { cycle: 2 }]);
    expect(await rows('SELECT cycle FROM archive_package WHERE hazard_id = $1 ORDER BY cycle', found.hazardId)).toEqual([{ cycle: 1 }, { cycle: 2 }]);
    expect(await verifyChain(database.pool, found.hazardId)).toBeNull();
  });

  test('after five cycles all evidence of all cycles verifies [B-10]', async () => {
    const found = await openCase(env.client, database, await now());
    await bringTo(found, 'submitted');
    await found.act(PEOPLE.inspector, ACCEPT);
    for (let cycle = 2; cycle <= 5; cycle += 1) {
      await env.sleep(HOUR);
      expect((await found.act(PEOPLE.office, { name: 'reopen', reason: `第${cycle}次复查不合格` })).case.cycle).toBe(cycle);
      await found.until((c) => c.state === 'dispatched');
      await found.act(PEOPLE.officer, { name: 'start' });
      await found.act(PEOPLE.officer, { name: 'submit', note: `第${cycle}次整改`, evidence: [{ sha256: String(cycle).repeat(64), mediaType: 'image/jpeg' }] });
      await found.act(PEOPLE.inspector, ACCEPT);
    }
    expect(await rows(`SELECT cycle, sha256 FROM evidence WHERE hazard_id = $1 AND purpose = 'submission' ORDER BY cycle`, found.hazardId)).toEqual(
      [photo.sha256, ...[2, 3, 4, 5].map((n) => String(n).repeat(64))].map((sha256, i) => ({ cycle: i + 1, sha256 })));
    expect(await verifyChain(database.pool, found.hazardId)).toBeNull();
    await found.until((c) => c.cycle === 5);
    for (const end = performance.now() + 20_000; (await rows('SELECT cycle FROM archive_package WHERE hazard_id = $1', found.hazardId)).length < 5 && performance.now() < end; ) await new Promise((r) => setTimeout(r, 50));
    expect((await rows('SELECT cycle FROM archive_package WHERE hazard_id = $1 ORDER BY cycle', found.hazardId)).map((r) => r.cycle)).toEqual([1, 2, 3, 4, 5]);
  });

  test('a report that was dismissed is taken up again, and its triage goes on where it stood', async () => {
    const found = await openCase(env.client, database, await now());
    await found.until((c) => c.state === 'reported');
    await env.sleep(3 * HOUR);
    const dismissed = (await found.act(PEOPLE.office, { name: 'dismiss', reason: '误报' })).case;
    const back = await takeUp(found, PEOPLE.admin, { name: 'reconsider', reason: '复核后认为成立' });
    expect(back).toMatchObject({ state: 'reported', closedAt: null });
    expect(back.deadlines[0]!.dueAt - back.lastAt).toBe(DEFAULT_POLICY.triageMs - dismissed.used.triage);
  });

  test('a deadline that needs a year without data is not guessed: the case waits for a person, and goes on once the year is loaded', async () => {
    const year = new Date((await now()) + 20 * DAY).getUTCFullYear();
    await database.pool.query(`INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('days', 'park', '2020-01-01', $1)`, [JSON.stringify({ rectifyTerm: { general: { workingDays: 3 }, major: { workingDays: 3 } } })]);
    try {
      const found = await openCase(env.client, database, await now());
      await found.until((c) => c.state === 'reported');
      await found.act(PEOPLE.inspector, TRIAGE);
      await found.until((c) => c.needsOwner);
      expect((await recorded(`SELECT payload->>'cause' AS cause FROM hazard_transition WHERE hazard_id = $1 AND command = 'needsOwner'`, found.hazardId))[0]!.cause).toBe('calendar.year_missing');
      const before = await found.state();
      expect(await found.refusal(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-officer' })).toBe('calendar.year_missing');
      expect(await found.state()).toEqual(before);
      const key = await openSigningKey(mkdtempSync(join(tmpdir(), 'parkwarden-key-')));
      await database.pgTransaction({ scope: 'service' }, async (client) => {
        await trustCalendarKey(client, { kind: 'park', name: PARK_KEY, publicKey: key.publicKey }, 'test');
        for (const y of [year - 1, year, year + 1]) {
          const loaded = await importCalendar(client, signCalendar({ version: 1, calendar: { year: y, holidays: [{ name: { zh: '元旦', en: 'New Year' }, from: `${y}-01-01`, to: `${y}-01-01` }], workdays: [], source: '测试' } }, key), 'test');
          if (!loaded.ok) throw new Error(JSON.stringify(loaded.refusal));
        }
      });
      const { case: c } = await found.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-officer' });
      // Due at midnight of Asia/Shanghai.
      expect((c.dueAt! + 8 * HOUR) % DAY).toBe(0);
      expect(c.dueAt! - c.lastAt).toBeGreaterThan(3 * DAY);
    } finally {
      await database.pool.query(`DELETE FROM park_policy WHERE id = 'days'`);
    }
  });

  test('firms alike are asked to look for the same class, each once [C-016]', async () => {
    await database.pool.query(`INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('u2', 'ent-2', 'zone-a', 'U2', '罐区', 'Tank farm');
      INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, point) VALUES ('b1', 'ent-2', 'zone-a', 'u2', 'storage_tank', 'B-1', '储罐', 'Tank', '{"type":"Point","coordinates":[121,31]}')`);
    for (let n = 0; n < 2; n += 1) {
      const found = await openCase(env.client, database, await now(), { report: { assetId: 'a2', type: 'bund_defect' } });
      await bringTo(found, 'submitted');
      await found.act(PEOPLE.inspector, ACCEPT);
      await env.sleep(2 * HOUR);
    }
    expect(await recorded(`SELECT owner_org_id FROM task WHERE kind = 'class_check' AND detail->>'type' = 'bund_defect'`)).toEqual([{ owner_org_id: 'ent-2' }]);
  });

  test('the park patrol finds a crane without its inspection mark: from the report to the archive and the look-back [C-019]', async () => {
    const begun = performance.now();
    await database.pool.query(`INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, point) VALUES ('crane', 'ent-1', 'zone-a', 'u1', 'crane', 'C-1', '桥式起重机', 'Bridge crane', '{"type":"Point","coordinates":[121,31]}')`);
    const found = await openCase(env.client, database, await now(), {
      report: { assetId: 'crane', type: 'special_equipment_inspection_expired', title: '起重机未张贴检验合格标志', description: '巡查发现桥式起重机无检验合格标志', fields: { dueOn: '2026-01-31' } },
    });
    await found.until((c) => c.state === 'reported');
    await env.sleep(HOUR);
    await found.act(PEOPLE.inspector, { name: 'triage', grade: 'general', reason: '限期整改', codes: { treatment: 1 } });
    expect(await found.until((c) => c.state === 'dispatched')).toMatchObject({ responsibleId: 'p-officer', needsOwner: false });
    await env.sleep(5 * HOUR);
    await found.act(PEOPLE.officer, { name: 'start', note: '已停用并报检' });
    await found.act(PEOPLE.officer, { name: 'plan', interimMeasures: '停用、挂牌上锁', measures: '申报定期检验', costYuan: 6_000 });
    await env.sleep(3 * DAY);
    await found.act(PEOPLE.officer, { name: 'progress', note: '检验机构已到场', evidence: [photo] });
    await env.sleep(DAY);
    await found.act(PEOPLE.officer, { name: 'submit', note: '检验合格，标志已张贴', evidence: [photo] });
    expect((await found.act(PEOPLE.inspector, { name: 'accept', note: '现场复核，标志有效', evidence: [photo] })).case.state).toBe('archived');
    await env.sleep(30 * DAY + HOUR);
    await found.until((c) => c.lookBacks[0]?.state === 'due');
    await found.act(PEOPLE.inspector, { name: 'lookBack', n: 1, passed: true, note: '标志完好', evidence: [photo] });
    await found.handle.result();
    expect((await rows('SELECT command FROM hazard_transition WHERE hazard_id = $1 ORDER BY seq', found.hazardId)).map((r) => r.command)).toEqual(
      ['open', 'triage', 'dispatch', 'start', 'plan', 'progress', 'remind', 'submit', 'accept', 'archive', 'lookBackDue', 'lookBack']);
    expect((await rows('SELECT kind, is_copy FROM notice WHERE hazard_id = $1 ORDER BY issued_at, kind, is_copy', found.hazardId)).map((n) => `${n.kind}${n.is_copy ? '*' : ''}`)).toEqual(
      ['dispatch', 'dispatch*', 'reminder', 'acceptance', 'acceptance*', 'look_back']);
    expect(await rows('SELECT cycle FROM archive_package WHERE hazard_id = $1', found.hazardId)).toEqual([{ cycle: 1 }]);
    expect(await verifyChain(database.pool, found.hazardId)).toBeNull();
    expect(performance.now() - begun).toBeLessThan(60_000);
  });
});
