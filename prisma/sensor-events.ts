/**
 * Taking a sensor event up as a case. Flows and the statutory floor come through here with the same dedupe key, so an event
 * is one report, whoever was first.
 */
import type pg from 'pg';
import type { HazardReport } from '../domain/hazard.ts';
import type { ReportExtras, SensorEventFacts } from '../domain/sensor-report.ts';
import { reportOfEvent } from '../domain/sensor-report.ts';
import type { IntakeResult } from './intake.ts';
import { joinOpenCase, takeReport } from './intake.ts';
import { loadPolicyAt } from './policies.ts';

interface EventRow {
  id: string; tenant_id: string; episode_id: string; rule_id: string; rule_version: number; flow_version: number | null; node_id: string | null;
  kind: string; level: string; value: number; limit_value: number; unit: string; at: Date; stored_at: Date; statutory: boolean;
  sensor_id: string; sensor_kind: string; sensor_zh: string; sensor_en: string;
  asset_id: string; asset_code: string; asset_zh: string; asset_en: string; zone_id: string; point: HazardReport['point'];
}

const readEvent = async (client: pg.ClientBase, eventId: string): Promise<EventRow | null> => {
  if (!/^\d{1,18}$/.test(eventId)) return null;
  const { rows } = await client.query<EventRow>(
    `SELECT e.id, e.tenant_id, e.episode_id, e.rule_id, e.rule_version, e.flow_version, e.node_id, e.kind, e.level, e.value, e.limit_value, e.unit, e.at, e.stored_at,
       e.statutory, s.id AS sensor_id, s.kind AS sensor_kind, s.name_zh AS sensor_zh, s.name_en AS sensor_en,
       a.id AS asset_id, a.code AS asset_code, a.name_zh AS asset_zh, a.name_en AS asset_en, a.zone_id, a.point
     FROM sensor_event e JOIN sensor s ON s.id = e.sensor_id JOIN asset a ON a.id = e.asset_id
     WHERE e.id = $1 FOR UPDATE OF e`,
    [eventId],
  );
  return rows[0] ?? null;
};

const factsOf = (r: EventRow): SensorEventFacts => ({
  eventId: r.id, episodeId: r.episode_id, ruleId: r.rule_id, ruleVersion: r.rule_version, flowVersion: r.flow_version, nodeId: r.node_id,
  level: r.level, value: r.value, limit: r.limit_value, unit: r.unit, at: r.at.getTime(), storedAt: r.stored_at.getTime(), statutory: r.statutory,
  sensor: { id: r.sensor_id, kind: r.sensor_kind, nameZh: r.sensor_zh, nameEn: r.sensor_en },
  asset: { id: r.asset_id, code: r.asset_code, nameZh: r.asset_zh, nameEn: r.asset_en, zoneId: r.zone_id, point: r.point },
});

/**
 * Takes the event up within the caller's transaction: report `event/{eventId}`, its case, and who handled it (the first
 * one stays on the record). Gives null for an unknown event and for one that is not `raised`.
 */
export const takeEvent = async (client: pg.ClientBase, eventId: string, handledBy: 'flow' | 'floor', extras: ReportExtras = {}): Promise<IntakeResult | null> => {
  const row = await readEvent(client, eventId);
  if (!row || row.kind !== 'raised') return null;
  const receivedAt = Date.now();
  const report = reportOfEvent(factsOf(row), handledBy === 'flow' ? 'sensor' : 'floor', receivedAt, extras);
  const result = await takeReport(client, { tenantId: row.tenant_id, dedupeKey: `event/${eventId}`, report, policy: await loadPolicyAt(client, receivedAt) });
  await client.query('UPDATE sensor_event SET handled_at = now(), handled_by = $2 WHERE id = $1 AND handled_at IS NULL', [eventId, handledBy]);
  return result;
};

/**
 * Adds the event (raised or cleared) as evidence to the open case of its asset, once for each node that asks. Gives null
 * where no case is open or the event is unknown.
 */
export const signalEvent = async (client: pg.ClientBase, eventId: string, from: { nodeId: string; flowVersion: number; note: string }): Promise<IntakeResult | null> => {
  const row = await readEvent(client, eventId);
  if (!row) return null;
  const facts = factsOf(row);
  const cleared =
    row.kind === 'cleared'
      ? {
          title: `${facts.asset.nameZh}${facts.sensor.nameZh}恢复正常 / ${facts.asset.nameEn}: ${facts.sensor.nameEn} back to normal`,
          description: `实测 ${facts.value} ${facts.unit}，限值 ${facts.limit} ${facts.unit}。\nMeasured ${facts.value} ${facts.unit}, limit ${facts.limit} ${facts.unit}.`,
        }
      : {};
  const note = from.note.trim() === '' ? {} : { description: from.note };
  const report = reportOfEvent(facts, 'sensor', Date.now(), { ...cleared, ...note, flowVersion: from.flowVersion, nodeId: from.nodeId });
  return await joinOpenCase(client, { tenantId: row.tenant_id, dedupeKey: `signal/${eventId}/${from.nodeId}`, report });
};

/** Statutory events that nobody took up within `graceMs` of being stored, oldest first. */
export const overdueStatutoryEvents = async (client: pg.ClientBase | pg.Pool, graceMs: number, limit: number): Promise<string[]> => {
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM sensor_event WHERE handled_at IS NULL AND statutory AND kind = 'raised' AND stored_at <= now() - make_interval(secs => $1) ORDER BY stored_at LIMIT $2`,
    [graceMs / 1000, limit],
  );
  return rows.map((r) => r.id);
};
