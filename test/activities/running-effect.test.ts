import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { weekPeriod } from '../../domain/running-effect.ts';
import type { Database } from '../../prisma/client.ts';
import { readRunningEffect } from '../../prisma/running-effect.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { activitiesOf, seedPark } from '../workflows/people.ts';

const WEEK = '2026-11-16';
const { from, to } = weekPeriod(WEEK);
let testDatabase: TestDatabase;
let database: Database;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  await database.pool.query("UPDATE organisation SET created_at = '2026-01-01'");
});
afterAll(() => testDatabase?.drop());

const hazard = async (id: string, tenantId: string, grade = 'general') => {
  await database.pool.query(`INSERT INTO hazard (id, tenant_id, number, type, grade, title, description, state, origin, seq, reported_at, snapshot, updated_at) VALUES ($1, $2, $1, 'leak', $3, 't', 'd', 'rectifying', 'manual', 1, $4, '{}', $4)`, [id, tenantId, grade, new Date(from)]);
};
const deadline = (hazardId: string, tenantId: string, due: number, end: 'met_at' | 'breached_at' | 'withdrawn_at') =>
  database.pool.query(`INSERT INTO deadline (id, tenant_id, hazard_id, kind, started_at, due_at, ${end}, basis) VALUES ($1, $2, $3, 'rectify', $4, $5, $5, 'b')`, [`${hazardId}/${due}`, tenantId, hazardId, new Date(due - 1_000), new Date(due)]);
const transition = (hazardId: string, tenantId: string, seq: number, command: string, at: number, payload: object = {}) =>
  database.pool.query(`INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, server_at, payload, dedupe_key) VALUES ($1, $2, $3, $4, $1, $5, $6, $7, $1)`, [`${hazardId}/${seq}`, tenantId, hazardId, seq, command, new Date(at), JSON.stringify(payload)]);

test('the score of a week rests on what fell into it, and on nothing of the weeks beside it', async () => {
  for (const id of ['met', 'late', 'extended', 'before', 'after']) await hazard(id, 'ent-1');
  await hazard('major', 'ent-2', 'major');
  await deadline('met', 'ent-1', from, 'met_at');
  await deadline('late', 'ent-1', to - 1, 'breached_at');
  // An extension withdraws the deadline; the one that stands lies in the next week.
  await deadline('extended', 'ent-1', from + 1, 'withdrawn_at');
  await deadline('extended', 'ent-1', to + 1, 'met_at');
  await deadline('before', 'ent-1', from - 1, 'breached_at');
  await deadline('after', 'ent-1', to, 'breached_at');
  await deadline('major', 'ent-2', from + 5, 'breached_at');
  await transition('late', 'ent-1', 2, 'supervise', to - 1, { level: 1 });
  await transition('late', 'ent-1', 3, 'supervise', to + 1, { level: 2 });
  await transition('before', 'ent-1', 2, 'reject', from - 1);
  await transition('met', 'ent-1', 2, 'supervisionBreached', from + 1, { level: 2 });

  expect(await activitiesOf(database).scoreWeeks({ now: to })).toContain(WEEK);
  const scores = await database.pgTransaction({ scope: 'service' }, (client) => readRunningEffect(client, WEEK));
  const of = (tenantId: string) => scores.find((s) => s.tenantId === tenantId)!.detail;
  expect(of('ent-1')).toMatchObject({ basis: 'rectification', rectification: { of: 2, done: 1, records: [{ kind: 'hazard', id: 'late' }] }, veto: false, before: 42, score: 42 });
  expect(of('ent-1').deductions.map((d) => [d.code, d.records.map((r) => r.id)])).toEqual([['overdue', ['late']], ['supervised', ['late']]]);
  expect(of('ent-2')).toMatchObject({ veto: true, score: 0, vetoes: [{ records: [{ kind: 'hazard', id: 'major' }] }] });
  expect(of('ent-3')).toMatchObject({ basis: 'none', score: 100 });
  // Scored too early, the week is not there: it has not ended.
  expect(await activitiesOf(database).scoreWeeks({ now: to })).toEqual([]);
});
