import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runFloor } from '../../ingest/floor.ts';
import { createMetrics } from '../../ingest/metrics.ts';
import { createPipeline } from '../../ingest/pipeline.ts';
import { loadRuleBook } from '../../ingest/rule-book.ts';
import type { Database } from '../../prisma/client.ts';
import { takeEvent } from '../../prisma/sensor-events.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { pressure, quiet, seedPark } from './world.ts';

let database: TestDatabase;
let db: Database;

beforeEach(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedPark(db);
});
afterEach(() => database.drop());

const over = async (gatewayId = 'gw-1'): Promise<string> => {
  const book = await loadRuleBook(db, quiet);
  const pipeline = createPipeline({ database: db, book: () => book, metrics: createMetrics(), log: quiet });
  await pipeline.store([{ topic: `pw/v1/${gatewayId}/readings`, payload: Buffer.from(JSON.stringify(pressure(0, 110))), retain: false, receivedAt: Date.now() }]);
  return (await db.pool.query<{ id: string }>('SELECT id FROM sensor_event')).rows[0]!.id;
};
const grace = (ms: number) => db.pool.query("INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('p1', 'park', '2020-01-01', $1)", [JSON.stringify({ floorGraceMs: ms })]);
const round = () => runFloor(db, createMetrics(), quiet);
const take = (eventId: string, by: 'flow' | 'floor', extras = {}) => db.pgTransaction({ scope: 'service' }, (client) => takeEvent(client, eventId, by, extras));

describe('the statutory floor', () => {
  test('takes up an event that no flow handled within the grace, once', async () => {
    await grace(0);
    const eventId = await over();
    expect(await round()).toEqual([eventId]);
    expect(await round()).toEqual([]);
    const { rows } = await db.pool.query<{ message: { evidence: unknown[] } }>('SELECT origin, type, tenant_id, asset_id, zone_id, statutory, event_id, rule_id, rule_version, dedupe_key, message FROM hazard_report');
    expect(rows).toEqual([expect.objectContaining({ origin: 'floor', type: 'over_limit', tenant_id: 'ent-1', asset_id: 'tank-1', zone_id: 'zone-a', statutory: true, event_id: eventId, rule_id: 'registry:s-p:H', rule_version: 1, dedupe_key: `event/${eventId}` })]);
    expect(rows[0]!.message.evidence).toEqual([expect.objectContaining({ detail: expect.objectContaining({ value: 110, limit: 100, unit: 'kPa', sensorId: 's-p' }) })]);
    expect((await db.pool.query('SELECT handled_by, handled_at IS NOT NULL AS handled FROM sensor_event')).rows).toEqual([{ handled_by: 'floor', handled: true }]);
    expect((await db.pool.query("SELECT payload->>'workflow' AS workflow FROM outbox WHERE topic = 'workflow' ORDER BY id")).rows).toEqual([{ workflow: 'alarmHandling' }, { workflow: 'hazardClosure' }]);
  });

  test('waits out the grace', async () => {
    await grace(60_000);
    const eventId = await over();
    expect(await round()).toEqual([]);
    await db.pool.query("UPDATE sensor_event SET stored_at = stored_at - interval '60 seconds'");
    expect(await round()).toEqual([eventId]);
  });

  test('leaves alone what a flow handled, and what is not statutory', async () => {
    await grace(0);
    const eventId = await over();
    expect(await take(eventId, 'flow', { flowVersion: 7, nodeId: 'n9', title: '储罐超压' })).toMatchObject({ joined: false, duplicate: false });
    expect(await round()).toEqual([]);
    expect((await db.pool.query('SELECT origin, flow_version, node_id, title FROM hazard_report')).rows).toEqual([{ origin: 'sensor', flow_version: 7, node_id: 'n9', title: '储罐超压' }]);
    await db.pool.query('DELETE FROM sensor_event');
    await over('gw-2');
    expect(await round()).toEqual([]);
  });

  test('a flow that comes late finds the case of the floor', async () => {
    await grace(0);
    const eventId = await over();
    await round();
    const late = await take(eventId, 'flow');
    expect(late).toMatchObject({ duplicate: true });
    expect((await db.pool.query('SELECT hazard_id FROM hazard_report')).rows).toEqual([{ hazard_id: late!.hazardId }]);
    expect((await db.pool.query('SELECT handled_by FROM sensor_event')).rows).toEqual([{ handled_by: 'floor' }]);
  });

  test('flow and floor at the same moment make one report', async () => {
    const eventId = await over();
    const results = await Promise.all([take(eventId, 'flow'), take(eventId, 'floor'), take(eventId, 'flow'), take(eventId, 'floor')]);
    expect(new Set(results.map((r) => r!.hazardId)).size).toBe(1);
    expect(results.filter((r) => !r!.duplicate)).toHaveLength(1);
  });

  test('an unknown event and one that only cleared give nothing', async () => {
    const eventId = await over();
    await db.pool.query("UPDATE sensor_event SET kind = 'cleared' WHERE id = $1", [eventId]);
    for (const id of [eventId, '999999', 'x', '1; DROP', '9'.repeat(30)]) expect(await take(id, 'flow')).toBeNull();
    expect((await db.pool.query('SELECT FROM hazard_report')).rowCount).toBe(0);
  });
});
