/** Due dates of inspections on the record, and the workflow that waits for each. */
import type pg from 'pg';
import type { InspectionKind } from '../domain/inspections.ts';
import { addToOutbox } from './outbox.ts';

export interface InspectionRow {
  id: string;
  tenant_id: string;
  asset_id: string;
  kind: string;
  seq: number;
  due_at: Date;
  certificate: string | null;
  recorded_at: Date;
  recorded_by: string;
}

export interface InspectionInput {
  /** One inspection per id, whatever is retried. */
  id: string;
  tenantId: string;
  assetId: string;
  kind: InspectionKind;
  /** Epoch ms. */
  dueAt: number;
  certificate: string | null;
  recordedBy: string;
}

/** Supersedes the newest inspection of the asset and kind, and tells its workflow, in the caller's transaction. */
export const recordInspection = async (client: pg.ClientBase, i: InspectionInput): Promise<InspectionRow> => {
  // One at a time of an asset and kind: each has its own place in the order.
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`inspection/${i.assetId}/${i.kind}`]);
  const { rows: known } = await client.query<InspectionRow>('SELECT * FROM asset_inspection WHERE id = $1', [i.id]);
  if (known[0]) return known[0];
  const { rows } = await client.query<InspectionRow>(
    `INSERT INTO asset_inspection (id, tenant_id, asset_id, kind, seq, due_at, certificate, recorded_by)
     SELECT $1, $2, $3, $4, coalesce(max(seq), 0) + 1, $5, $6, $7 FROM asset_inspection WHERE asset_id = $3 AND kind = $4 RETURNING *`,
    [i.id, i.tenantId, i.assetId, i.kind, new Date(i.dueAt), i.certificate, i.recordedBy],
  );
  const row = rows[0]!;
  await addToOutbox(client, [
    {
      topic: 'workflow', key: `inspection/${i.id}`, tenantId: i.tenantId,
      payload: { workflow: 'inspectionExpiry', input: { tenantId: i.tenantId, assetId: i.assetId, kind: i.kind }, signal: { inspectionId: i.id, seq: row.seq, dueAt: i.dueAt } },
    },
  ]);
  return row;
};
