import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { reportAt, seedPark } from '../workflows/people.ts';

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
});
afterAll(() => testDatabase?.drop());
beforeEach(async () => {
  await database.pool.query(`UPDATE responsibility_rule SET valid_to = now(), ended_by = 'p-admin' WHERE valid_to IS NULL`);
});

const rule = async (tenantId: string, personId: string, more: Record<string, unknown> = {}): Promise<string> => {
  const id = randomUUID();
  const row = { id, tenant_id: tenantId, person_id: personId, valid_from: new Date(Date.now() - 60_000), recorded_by: 'p-admin', ...more };
  const columns = Object.keys(row);
  await database.pool.query(`INSERT INTO responsibility_rule (${columns.join(', ')}) VALUES (${columns.map((_, i) => `$${i + 1}`).join(', ')})`, Object.values(row));
  return id;
};

/** A case as it is on record after its triage. */
const graded = async (tenantId: string, more: { assetId?: string; type?: string; grade?: string; fields?: Record<string, string> } = {}): Promise<string> => {
  const taken = await database.pgTransaction({ scope: 'service' }, (tx) =>
    takeReport(tx, { tenantId, dedupeKey: randomUUID(), policy: { ...DEFAULT_POLICY, mergeWindowMs: 0 }, report: reportAt(Date.now(), { assetId: more.assetId ?? null, ...(more.fields ? { fields: more.fields } : {}) }) }),
  );
  const id = taken.hazardId;
  await database.pool.query(
    `INSERT INTO hazard (id, tenant_id, number, asset_id, zone_id, type, grade, title, description, state, origin, seq, reported_at, snapshot, updated_at)
     VALUES ($1, $2, $1, $3, 'zone-a', $4, $5, 't', 'd', 'triaged', 'manual', 2, now(), '{}', now())`,
    [id, tenantId, more.assetId ?? null, more.type ?? 'leak', more.grade ?? 'general'],
  );
  return id;
};
const choose = async (tenantId: string, hazardId: string) => createDispatchActivities({ database }).chooseResponsible({ tenantId, hazardId });

test('without rules the only safety officer of the firm is chosen, and nobody where there are two or none', async () => {
  expect(await choose('ent-1', await graded('ent-1'))).toEqual({ personIds: ['p-officer'], ruleId: null, reason: 'rule' });
  expect(await choose('ent-2', await graded('ent-2'))).toEqual({ personIds: [], ruleId: null, reason: 'none' });
  expect(await choose('ent-3', await graded('ent-3'))).toEqual({ personIds: [], ruleId: null, reason: 'none' });
});

test('the rule for the unit of the asset is found from the record, and the one that ended no more', async () => {
  const ended = await rule('ent-1', 'p-officer', { unit_id: 'u1' });
  expect(await choose('ent-1', await graded('ent-1', { assetId: 'a1' }))).toEqual({ personIds: ['p-officer'], ruleId: ended, reason: 'rule' });
  await database.pool.query(`UPDATE responsibility_rule SET valid_to = now(), ended_by = 'p-admin' WHERE id = $1`, [ended]);
  expect(await choose('ent-1', await graded('ent-1', { assetId: 'a1' }))).toEqual({ personIds: ['p-officer'], ruleId: null, reason: 'rule' });
});

test('rules that disagree leave the case to a person, and say between whom', async () => {
  await rule('ent-2', 'p-colleague', { hazard_type: 'leak' });
  await rule('ent-2', 'p-colleague2', { grade: 'general' });
  expect(await choose('ent-2', await graded('ent-2'))).toEqual({ personIds: ['p-colleague', 'p-colleague2'], ruleId: null, reason: 'ambiguous' });
  expect(await choose('ent-2', await graded('ent-2', { grade: 'major' }))).toMatchObject({ personIds: ['p-colleague'], reason: 'rule' });
});

test('the 包保 category is that of the triage, else that of the report', async () => {
  const technical = await rule('ent-2', 'p-colleague', { category: 2 });
  const operating = await rule('ent-2', 'p-colleague2', { category: 3 });
  const hazardId = await graded('ent-2', { fields: { category: '3' } });
  expect(await choose('ent-2', hazardId)).toEqual({ personIds: ['p-colleague2'], ruleId: operating, reason: 'rule' });
  await database.pool.query(
    `INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, server_at, payload, dedupe_key) VALUES ($1, 'ent-2', $2, 2, $1, 'triage', now(), '{"codes":{"category":2}}', $1)`, [randomUUID(), hazardId],
  );
  expect(await choose('ent-2', hazardId)).toEqual({ personIds: ['p-colleague'], ruleId: technical, reason: 'rule' });
  expect(await choose('ent-2', await graded('ent-2'))).toMatchObject({ reason: 'ambiguous' });
});

test('somebody whose accounts are all disabled has left: their rule names nobody', async () => {
  await rule('ent-1', 'p-officer');
  const hazardId = await graded('ent-1');
  await database.pool.query(`INSERT INTO account (id, person_id, username, password_hash) VALUES ('acc', 'p-officer', 'officer', 'x')`);
  expect((await choose('ent-1', hazardId)).reason).toBe('rule');
  await database.pool.query(`UPDATE account SET disabled_at = now() WHERE id = 'acc'`);
  expect(await choose('ent-1', hazardId)).toEqual({ personIds: ['p-officer'], ruleId: null, reason: 'ambiguous' });
  await database.pool.query(`DELETE FROM account WHERE id = 'acc'`);
});

test('a rule is never edited nor removed, only ended once; a case that is not on record is no answer', async () => {
  const id = await rule('ent-1', 'p-officer');
  const refused = (sql: string) => expect(database.pool.query(sql, [id])).rejects.toMatchObject({ code: '23001' });
  await refused(`UPDATE responsibility_rule SET person_id = 'p-office' WHERE id = $1`);
  await refused(`UPDATE responsibility_rule SET valid_to = now(), ended_by = 'p-admin', grade = 'major' WHERE id = $1`);
  await refused('DELETE FROM responsibility_rule WHERE id = $1');
  await database.pool.query(`UPDATE responsibility_rule SET valid_to = now(), ended_by = 'p-admin' WHERE id = $1`, [id]);
  await refused(`UPDATE responsibility_rule SET valid_to = now() + interval '1 day' WHERE id = $1`);
  await expect(choose('ent-1', 'nothing')).rejects.toThrow('not on record');
  await expect(choose('ent-2', await graded('ent-1'))).rejects.toThrow('not on record');
});
