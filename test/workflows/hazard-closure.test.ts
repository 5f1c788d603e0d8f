import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pg from 'pg';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import { ACCEPT, activitiesOf, bringTo, DAY, HOUR, openCase, PEOPLE, photo, REJECT, reportAt, SUBMIT, TRIAGE } from './park.ts';
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
