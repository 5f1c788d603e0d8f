import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { HazardCase, HazardCommand, Step } from '../../domain/hazard.ts';
import { consequences, openCase, step } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { ACCEPT, activitiesOf, HOUR, PEOPLE, photo, REJECT, reportAt, seedPark, SUBMIT, TRIAGE } from '../workflows/people.ts';

const T0 = Date.UTC(2026, 10, 24, 17, 0, 0);
let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
});
afterAll(() => testDatabase?.drop());

const begin = (): Step => {
  const report = { ...reportAt(T0), reportId: randomUUID() };
  return openCase({ hazardId: randomUUID(), tenantId: 'ent-1', report }, { commandId: randomUUID(), actor: null, at: T0, policy: DEFAULT_POLICY });
};
const take = (steps: Step[], command: HazardCommand, actor: Actor | null): Step[] => {
  const c = steps.at(-1)!.next;
  const taken = step(c, command, { commandId: randomUUID(), actor, at: c.lastAt + HOUR, policy: DEFAULT_POLICY });
  if (!taken.ok) throw new Error(JSON.stringify(taken.refusal));
  return consequences(taken.value.next, command, DEFAULT_POLICY).reduce((all, follow) => take(all, follow, null), [...steps, taken.value]);
};
const record = (steps: Step[]) => activitiesOf(database).recordSteps({ hazardId: steps[0]!.next.hazardId, tenantId: 'ent-1', steps });
const TABLES = ['hazard', 'hazard_transition', 'deadline', 'supervision', 'evidence', 'notice', 'delivery', 'outbox'];
const everything = async (): Promise<Record<string, unknown[]>> =>
  Object.fromEntries(await Promise.all(TABLES.map(async (table) => [table, (await database.pool.query(`SELECT * FROM ${table} ORDER BY id`)).rows] as const)));

const wholeLife = (): Step[] => {
  const dispatched = take(take([begin()], TRIAGE, PEOPLE.inspector), { name: 'dispatch', responsibleId: 'p-officer' }, null);
  const submitted = take(take(dispatched, { name: 'start' }, PEOPLE.officer), SUBMIT, PEOPLE.officer);
  return take(take(take(submitted, REJECT, PEOPLE.inspector), SUBMIT, PEOPLE.officer), ACCEPT, PEOPLE.inspector);
};

test('steps recorded again, at once or later, change nothing', async () => {
  const steps = wholeLife();
  await record(steps.slice(0, 4));
  await record(steps.slice(4));
  const before = await everything();
  expect(before.hazard_transition).toHaveLength(steps.length);
  expect(before.supervision).toMatchObject([{ level: 2, cause: 'rejected', outcome: 'accepted' }]);
  await record(steps.slice(4));
  await record(steps.slice(0, 4));
  await record(steps);
  expect(await everything()).toEqual(before);
});

test('one transaction for all steps gives the same rows as one for each', async () => {
  const rowsOf = async (hazardId: string) => {
    const of = async (sql: string) => (await database.pool.query<Record<string, unknown>>(sql, [hazardId])).rows;
    return {
      deadlines: await of('SELECT kind, level, started_at, due_at, met_at, breached_at, withdrawn_at, basis FROM deadline WHERE hazard_id = $1 ORDER BY kind, level'),
      supervision: await of('SELECT level, cause, opened_at, closed_at, outcome FROM supervision WHERE hazard_id = $1'),
      evidence: await of('SELECT purpose, sha256, uploader_id, recorded_at FROM evidence WHERE hazard_id = $1 ORDER BY recorded_at'),
      notices: await of('SELECT kind, recipient_org_id, is_copy, issued_at FROM notice WHERE hazard_id = $1 ORDER BY issued_at, kind, is_copy, recipient_org_id'),
    };
  };
  const together = wholeLife();
  await record(together);
  const apart = wholeLife();
  for (const one of apart) await record([one]);
  expect(await rowsOf(apart[0]!.next.hazardId)).toEqual(await rowsOf(together[0]!.next.hazardId));
});

test('the number counts within the year of the park, whatever UTC says', async () => {
  const steps = [begin()];
  steps[0]!.next.reportedAt = Date.UTC(2026, 11, 31, 17, 0, 0);
  await record(steps);
  const { rows } = await database.pool.query<{ number: string }>('SELECT number FROM hazard WHERE id = $1', [steps[0]!.next.hazardId]);
  expect(rows[0]!.number).toMatch(/^HZ-2027-\d{6}$/);
});

test('evidence is superseded once; a second claim and one on a foreign file stay on the record as claims', async () => {
  let steps = take(take([begin()], TRIAGE, PEOPLE.inspector), { name: 'dispatch', responsibleId: 'p-officer' }, null);
  steps = take(take(steps, { name: 'start' }, PEOPLE.officer), { name: 'progress', note: 'n', evidence: [photo] }, PEOPLE.officer);
  await record(steps);
  const hazardId = steps[0]!.next.hazardId;
  const evidence = async () => (await database.pool.query<{ id: string; supersedes_id: string | null; detail: { supersedes?: string } }>(`SELECT id, supersedes_id, detail FROM evidence WHERE hazard_id = $1 AND purpose = 'progress' ORDER BY recorded_at, id`, [hazardId])).rows;
  const old = (await evidence())[0]!.id;
  const foreign = (await database.pool.query<{ id: string }>('SELECT id FROM evidence WHERE hazard_id <> $1 LIMIT 1', [hazardId])).rows[0]!.id;
  const more = (c: Step[], supersedes: string[]): Step[] => take(c, { name: 'progress', note: 'n', evidence: supersedes.map((id) => ({ ...photo, supersedes: id })) }, PEOPLE.officer);
  const next: Step[] = more(more(steps, [old, old]), [old, foreign]).slice(steps.length);
  await record(next);
  await record(next);
  const all = await evidence();
  expect(all).toHaveLength(5);
  expect(all.filter((e) => e.supersedes_id !== null)).toMatchObject([{ supersedes_id: old }]);
  expect(all.filter((e) => e.detail.supersedes === old)).toHaveLength(3);
  const snapshot: HazardCase = next.at(-1)!.next;
  expect((await database.pool.query<{ snapshot: HazardCase }>('SELECT snapshot FROM hazard WHERE id = $1', [hazardId])).rows[0]!.snapshot).toEqual(snapshot);
});

test('a case that is on the record is opened from there, under the policy of its report', async () => {
  const steps = [begin()];
  await record(steps);
  const opened = await activitiesOf(database).openHazard({ hazardId: steps[0]!.next.hazardId, reportedAt: T0 + 99 * HOUR });
  expect(opened).toEqual({ policy: DEFAULT_POLICY, existing: steps[0]!.next, calendar: [], chainHead: expect.stringMatching(/^[0-9a-f]{64}$/), reportIds: [] });
  expect((await activitiesOf(database).openHazard({ hazardId: 'none', reportedAt: T0 })).existing).toBeNull();
});
