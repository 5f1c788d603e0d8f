/** 检验到期: the case that opens when an inspection has run out. */
import type { InspectionKind } from '../domain/inspections.ts';
import { expiryKey, reportOfExpiry } from '../domain/inspections.ts';
import type { HazardReport } from '../domain/hazard.ts';
import { takeReport } from '../prisma/intake.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { ActivityDeps } from './deps.ts';

export interface OpenExpiryCaseInput {
  inspectionId: string;
}

/** An expiry joins whatever open case of the same expiry the asset has, however long ago that was reported. */
const MERGE_WINDOW_MS = 50 * 365 * 24 * 3_600_000;

interface Row {
  tenant_id: string;
  asset_id: string;
  kind: InspectionKind;
  due_at: Date;
  found_at: Date;
  certificate: string | null;
  is_newest: boolean;
  zone_id: string;
  code: string;
  name_zh: string;
  name_en: string;
  point: HazardReport['point'];
}

export const createInspectionActivities = ({ database }: Pick<ActivityDeps, 'database'>) => ({
  /** Gives the case, or null where a newer inspection is on record. Run again it gives the same case. */
  openExpiryCase: ({ inspectionId }: OpenExpiryCaseInput): Promise<{ hazardId: string } | null> =>
    database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<Row>(
        `SELECT i.tenant_id, i.asset_id, i.kind, i.due_at, greatest(i.due_at, i.recorded_at) AS found_at, i.certificate, a.zone_id, a.code, a.name_zh, a.name_en, a.point,
           NOT EXISTS (SELECT FROM asset_inspection n WHERE n.asset_id = i.asset_id AND n.kind = i.kind AND n.seq > i.seq) AS is_newest
         FROM asset_inspection i JOIN asset a ON a.tenant_id = i.tenant_id AND a.id = i.asset_id WHERE i.id = $1`,
        [inspectionId],
      );
      const i = rows[0];
      if (!i) throw new Error(`inspection ${inspectionId} is not on record`);
      if (!i.is_newest) return null;
      // The instant at which it ran out, also when no process was there to see it: the deadlines of the case count from then.
      const receivedAt = i.found_at.getTime();
      const policy = await loadPolicyAt(client, receivedAt);
      const report = reportOfExpiry(
        { inspectionId, kind: i.kind, dueAt: i.due_at.getTime(), certificate: i.certificate, asset: { id: i.asset_id, zoneId: i.zone_id, code: i.code, nameZh: i.name_zh, nameEn: i.name_en, point: i.point } }, receivedAt,
      );
      const { hazardId } = await takeReport(client, { tenantId: i.tenant_id, dedupeKey: expiryKey(inspectionId), report, policy: { ...policy, mergeWindowMs: MERGE_WINDOW_MS } });
      return { hazardId };
    }),
});
