import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { alarmState } from '../../domain/alarm.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { HazardReport } from '../../domain/hazard.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
});
afterAll(() => database.drop());

describe('append-only records', () => {
  test('audit events can be neither changed nor removed, by nobody', async () => {
    await db.pool.query(`INSERT INTO audit_event (id, action, outcome, detail) VALUES ('a1', 'test', 'ok', '{}')`);
    await expect(db.pool.query(`UPDATE audit_event SET outcome = 'x'`)).rejects.toThrow(/append-only/);
    await expect(db.pool.query(`DELETE FROM audit_event`)).rejects.toThrow(/append-only/);
  });
  test.each(['hazard_transition', 'evidence', 'audit_event', 'flow_version'])('%s has the guard', async (table) => {
    const { rows } = await db.pool.query(`SELECT FROM pg_trigger WHERE tgrelid = $1::regclass AND tgname = 'append_only' AND tgenabled = 'O'`, [table]);
    expect(rows).toHaveLength(1);
  });
});

test('the alarm state of the database is the alarm state of the domain', async () => {
  for (const clearedAt of [null, 1]) {
    for (const acknowledgedAt of [null, 2]) {
      const { rows } = await db.pool.query<{ state: string }>('SELECT pw_alarm_state(to_timestamp($1), to_timestamp($2)) AS state', [clearedAt, acknowledgedAt]);
      expect(rows[0]?.state).toBe(alarmState({ clearedAt, acknowledgedAt }));
    }
  }
});

describe('intake', () => {
  const report = (more: Partial<HazardReport> = {}): Omit<HazardReport, 'reportId'> => ({
    origin: 'sensor', type: 'over_limit', title: 't', description: 'd', reporterId: null, assetId: 'asset-1', zoneId: null, point: null, statutory: true,
    event: { eventId: '1', ruleId: 'r', ruleVersion: 1, flowVersion: 1, nodeId: 'n' }, receivedAt: 1_000_000, clientAt: null, evidence: [], ...more,
  });
  const take = (dedupeKey: string, more: Partial<HazardReport> = {}) =>
    db.pgTransaction({ scope: 'service' }, (client) => takeReport(client, { tenantId: 'ent-1', dedupeKey, report: report(more), policy: DEFAULT_POLICY }));

  test('a sensor event and a person’s report of one asset at the same time become one case with one message each', async () => {
    const [a, b] = await Promise.all([take('event/1'), take('manual/1', { origin: 'manual', type: 'leak', event: null })]);
    expect(a.hazardId).toBe(b.hazardId);
    expect([a.joined, b.joined].sort()).toEqual([false, true]);
    const { rows } = await db.pool.query(`SELECT key FROM outbox WHERE payload->'input'->>'hazardId' = $1`, [a.hazardId]);
    expect(rows).toHaveLength(2);
  });
  test('ten deliveries of one event are one report', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => take('event/2', { assetId: 'asset-2' })));
    expect(new Set(results.map((r) => r.reportId)).size).toBe(1);
    expect(results.filter((r) => !r.duplicate)).toHaveLength(1);
  });
  test('outside the window a case of its own is opened', async () => {
    const first = await take('event/3', { assetId: 'asset-3' });
    const late = await take('event/4', { assetId: 'asset-3', receivedAt: 1_000_000 + DEFAULT_POLICY.mergeWindowMs + 1 });
    expect(late.hazardId).not.toBe(first.hazardId);
  });
});
