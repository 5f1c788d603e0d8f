/** 双轨: what a sensor found and what a person reported of one asset, through the real intake and the real case. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { HazardReport } from '../../domain/hazard.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { SensorEventFacts } from '../../domain/sensor-report.ts';
import { reportOfEvent } from '../../domain/sensor-report.ts';
import type { Database } from '../../prisma/client.ts';
import { takeReport } from '../../prisma/intake.ts';
import type { WorkflowMessage } from '../../prisma/outbox.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import { Case, MINUTE, reportAt } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

let park: VirtualPark;
let database: Database;
beforeAll(async () => {
  park = await startVirtualPark();
  database = park.database;
});
afterAll(() => park?.close());

const WINDOW = DEFAULT_POLICY.mergeWindowMs;

const take = async (report: Omit<HazardReport, 'reportId'>) => {
  const taken = await database.pgTransaction({ scope: 'service' }, (tx) => takeReport(tx, { tenantId: 'ent-1', dedupeKey: randomUUID(), policy: DEFAULT_POLICY, report }));
  const tell = createWorkflowReceiver(park.env.client, database);
  const { rows } = await database.pool.query<{ payload: WorkflowMessage }>(`UPDATE outbox SET delivered_at = now() WHERE topic = 'workflow' AND delivered_at IS NULL RETURNING payload`);
  for (const { payload } of rows) await tell(payload);
  return taken;
};
const bySensor = (assetId: string, at: number) => {
  const facts: SensorEventFacts = {
    eventId: '1', episodeId: randomUUID(), ruleId: 'registry:s1:HH', ruleVersion: 1, flowVersion: null, nodeId: null, level: 'HH', value: 130, limit: 120, unit: 'kPa', at, storedAt: at, statutory: true,
    asset: { id: assetId, code: 'A-3', nameZh: '苯乙烯储罐', nameEn: 'Styrene tank', zoneId: 'zone-a', point: { type: 'Point', coordinates: [121, 31] } }, sensor: { id: 's1', nameZh: '压力', nameEn: 'Pressure', kind: 'pressure' },
  };
  return take(reportOfEvent(facts, 'sensor', at));
};
const byPerson = (assetId: string, at: number) => take(reportAt(at, { assetId, type: 'leak' }));
const evidenceOf = async (hazardId: string, n: number): Promise<string[]> => {
  await new Case(park.env.client, hazardId, 'ent-1').until((c) => c.state === 'reported');
  const end = performance.now() + 20_000;
  for (;;) {
    const { rows } = await database.pool.query<{ purpose: string }>('SELECT purpose FROM evidence WHERE hazard_id = $1 ORDER BY purpose', [hazardId]);
    if (rows.length >= n || performance.now() > end) return rows.map((r) => r.purpose);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

test('[C-012] a sensor and a person within the merge window are one case of one queue with two pieces of evidence, whoever came first', async () => {
  const now = await park.env.currentTimeMs();
  const sensor = await bySensor('a1', now);
  const person = await byPerson('a1', now + WINDOW);
  expect(person).toMatchObject({ hazardId: sensor.hazardId, joined: true });
  expect(await evidenceOf(sensor.hazardId, 2)).toEqual(['report', 'sensor']);

  const first = await byPerson('a2', now);
  const second = await bySensor('a2', now + MINUTE);
  expect(second).toMatchObject({ hazardId: first.hazardId, joined: true });
  expect(await evidenceOf(first.hazardId, 2)).toEqual(['report', 'sensor']);

  const { rows } = await database.pool.query<{ origin: string; state: string }>('SELECT origin, state FROM hazard ORDER BY origin');
  expect(rows).toEqual([{ origin: 'manual', state: 'reported' }, { origin: 'sensor', state: 'reported' }]);
});

test('a moment after the window they are two', async () => {
  const now = await park.env.currentTimeMs();
  const sensor = await bySensor('a1', now + 10 * WINDOW);
  const person = await byPerson('a1', now + 11 * WINDOW + 1);
  expect(person.joined).toBe(false);
  expect(person.hazardId).not.toBe(sensor.hazardId);
});
