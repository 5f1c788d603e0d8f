import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import type { InspectionKind } from '../../domain/inspections.ts';
import type { Database } from '../../prisma/client.ts';
import type { InspectionRow } from '../../prisma/inspections.ts';
import { recordInspection } from '../../prisma/inspections.ts';
import type { WorkflowMessage } from '../../prisma/outbox.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import { inspectionExpiryId } from '../../workflows/ids.ts';
import type { InspectionDue } from '../../workflows/inspection-expiry/messages.ts';
import { DAY, HOUR } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

let park: VirtualPark;
let env: TestWorkflowEnvironment;
let database: Database;
let tell: (message: WorkflowMessage) => Promise<void>;
beforeAll(async () => {
  park = await startVirtualPark();
  ({ env, database } = park);
  tell = createWorkflowReceiver(env.client, database);
});
afterAll(() => park?.close());

/** Hands over what is in the outbox, as the relay does; gives what it handed over. */
const deliver = async (): Promise<WorkflowMessage[]> => {
  const { rows } = await database.pool.query<{ id: string; payload: WorkflowMessage }>(`SELECT id, payload FROM outbox WHERE topic = 'workflow' AND delivered_at IS NULL ORDER BY id`);
  for (const { id, payload } of rows) {
    await tell(payload);
    await database.pool.query('UPDATE outbox SET delivered_at = now() WHERE id = $1', [id]);
  }
  return rows.map((r) => r.payload);
};
const record = (assetId: string, kind: InspectionKind, dueAt: number): Promise<InspectionRow> =>
  database.pgTransaction({ scope: 'service' }, (tx) => recordInspection(tx, { id: randomUUID(), tenantId: 'ent-1', assetId, kind, dueAt, certificate: 'TS-7', recordedBy: 'p-officer' }));
const reports = async (assetId: string, type: string) =>
  (await database.pool.query<{ hazard_id: string; received_at: Date; dedupe_key: string; fields: Record<string, unknown>; source: number }>('SELECT hazard_id, received_at, dedupe_key, fields, source FROM hazard_report WHERE asset_id = $1 AND type = $2 ORDER BY received_at, id', [assetId, type])).rows;
/** Skips to an instant; what is due then has happened afterwards. */
const skipTo = async (at: number): Promise<void> => {
  const left = at - (await env.currentTimeMs());
  if (left > 0) await env.sleep(left);
};
const cases = async (hazardId: string) => (await database.pool.query<{ type: string; state: string; reported_at: Date; asset_id: string }>('SELECT type, state, reported_at, asset_id FROM hazard WHERE id = $1', [hazardId])).rows;
const until = async (what: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + 20_000;
  while (!(await what())) {
    if (performance.now() > end) throw new Error('did not come to it');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
const handle = (assetId: string, kind: InspectionKind) => env.client.workflow.getHandle(inspectionExpiryId(assetId, kind));

test('[C-014] the special types have fields, a checklist and a clause, and an inspection that runs out opens a case by itself at its due instant, once', async () => {
  for (const type of ['special_equipment_inspection_expired', 'wiring_ageing', 'confined_space_protection', 'mixed_storage'] as const) {
    const { fields, checklist, anchors } = HAZARD_TYPES[type];
    expect([type, fields.some((f) => f.required), checklist.length > 0, anchors.some((a) => a.clause !== null)]).toEqual([type, true, true, true]);
  }
  const due = (await env.currentTimeMs()) + 40 * DAY;
  const inspection = await record('a1', 'special_equipment', due);
  const [message] = await deliver();
  await skipTo(due - 1_000);
  expect(await reports('a1', 'special_equipment_inspection_expired')).toEqual([]);
  await skipTo(due);
  await handle('a1', 'special_equipment').result();
  const { closeTime } = await handle('a1', 'special_equipment').describe();
  expect(Math.abs(closeTime!.getTime() - due)).toBeLessThan(HOUR);
  const [report, ...others] = await reports('a1', 'special_equipment_inspection_expired');
  expect(others).toEqual([]);
  expect(report).toMatchObject({ received_at: new Date(due), dedupe_key: `inspection/${inspection.id}/expired`, source: 9, fields: { certificateNo: 'TS-7' } });
  await deliver();
  await until(async () => (await cases(report!.hazard_id)).length === 1);
  expect(await cases(report!.hazard_id)).toMatchObject([{ type: 'special_equipment_inspection_expired', state: 'reported', reported_at: new Date(due), asset_id: 'a1' }]);
  expect((await database.pool.query('SELECT purpose, uploader_id FROM evidence WHERE hazard_id = $1', [report!.hazard_id])).rows).toEqual([{ purpose: 'report', uploader_id: null }]);
  // Told again, at once and a day later: nothing more comes of it.
  await tell(message!);
  await skipTo(due + DAY);
  await tell(message!);
  expect(await reports('a1', 'special_equipment_inspection_expired')).toHaveLength(1);
});

test('a newer date takes the place of the one that is waited for, whatever order the two are told in', async () => {
  const now = await env.currentTimeMs();
  const first = now + 10 * DAY;
  const second = now + 100 * DAY;
  await record('a2', 'safety_accessory', first);
  await record('a2', 'safety_accessory', second);
  const { rows } = await database.pool.query<{ id: string; payload: WorkflowMessage }>(`UPDATE outbox SET delivered_at = now() WHERE topic = 'workflow' AND delivered_at IS NULL RETURNING id, payload`);
  const [older, newer] = rows.sort((a, b) => Number(a.id) - Number(b.id)).map((r) => r.payload);
  await tell(newer!);
  await tell(older!);
  expect(await handle('a2', 'safety_accessory').query<InspectionDue>('inspectionDue')).toMatchObject({ seq: 2, dueAt: second });
  await skipTo(second - HOUR);
  expect(await reports('a2', 'safety_accessory_calibration_expired')).toEqual([]);
  await skipTo(second);
  await handle('a2', 'safety_accessory').result();
  expect(await reports('a2', 'safety_accessory_calibration_expired')).toMatchObject([{ received_at: new Date(second) }]);
});

test('a date that is replaced while it is waited for opens nothing; the new one does, when it comes', async () => {
  const now = await env.currentTimeMs();
  const first = now + 5 * DAY;
  await record('a2', 'gas_detector', first);
  await deliver();
  await skipTo(first - DAY);
  const second = first + 30 * DAY;
  await record('a2', 'gas_detector', second);
  await deliver();
  await skipTo(second - DAY);
  expect(await reports('a2', 'gas_detector_calibration_expired')).toEqual([]);
  await skipTo(second);
  await handle('a2', 'gas_detector').result();
  expect(await reports('a2', 'gas_detector_calibration_expired')).toMatchObject([{ received_at: new Date(second) }]);
});

test('an inspection that ran out again while its case is still open joins that case; one that had run out when it was recorded is taken up at once', async () => {
  const past = (await env.currentTimeMs()) - DAY;
  await record('a1', 'lightning_protection', past);
  await deliver();
  await handle('a1', 'lightning_protection').result();
  const [first] = await reports('a1', 'lightning_test_expired');
  expect(first).toBeDefined();
  await deliver();
  const due = (await env.currentTimeMs()) + 60 * DAY;
  await record('a1', 'lightning_protection', due);
  await deliver();
  await skipTo(due);
  await handle('a1', 'lightning_protection').result();
  const all = await reports('a1', 'lightning_test_expired');
  expect(all).toHaveLength(2);
  expect(all[1]).toMatchObject({ hazard_id: first!.hazard_id, received_at: new Date(due) });
});

test('what the record says counts: an inspection that was superseded opens nothing, though nobody has told the workflow yet', async () => {
  const due = (await env.currentTimeMs()) + 3 * DAY;
  await record('a1', 'safety_accessory', due);
  await deliver();
  // Recorded, and its message is not delivered.
  const next = await record('a1', 'safety_accessory', due + 50 * DAY);
  await skipTo(due);
  await handle('a1', 'safety_accessory').result();
  expect(await reports('a1', 'safety_accessory_calibration_expired')).toEqual([]);
  await deliver();
  await skipTo(due + 50 * DAY);
  await handle('a1', 'safety_accessory').result();
  expect(await reports('a1', 'safety_accessory_calibration_expired')).toMatchObject([{ dedupe_key: `inspection/${next.id}/expired` }]);
});
