/** An alarm as the reader may see it: rows → JSON. */
import type { z } from 'zod';
import type { AlarmFacts, AlarmState } from '../../domain/alarm.ts';
import { checkAcknowledge, checkConfirm } from '../../domain/alarm.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { Alarm } from '../schemas/park.ts';
import type { AssetRef, Ref } from './refs.ts';
import { ASSET_PATH, ASSET_REF, iso, isoOrNull, orgRef, refOf } from './refs.ts';

export interface AlarmRow {
  id: string; tenant_id: string; level: string; state: AlarmState; value: number; limit_value: number; unit: string; statutory: boolean; asset: AssetRef; substance: string | null; tenant: Ref;
  sensor: Ref & { kind: string }; rule_id: string; rule_version: number; raised_at: Date; stored_at: Date; cleared_at: Date | null; acknowledged_at: Date | null; acknowledged_by: string | null;
  confirmed: boolean | null; confirm_reason: string | null; escalation: number; closed_at: Date | null; hazard_id: string | null;
}

/**
 * The case of an alarm is the one that its event was reported to, once that case is on the record. A reader without cases (the process owner) sees no report
 * and so no case.
 */
export const SELECT_ALARM = `SELECT al.*, a.substance, ${ASSET_REF} AS asset, ${orgRef('o')} AS tenant,
  json_build_object('id', s.id, 'nameZh', s.name_zh, 'nameEn', s.name_en, 'kind', s.kind) AS sensor,
  (SELECT h.id FROM sensor_event e JOIN hazard_report r ON r.event_id = e.id JOIN hazard h ON h.tenant_id = r.tenant_id AND h.id = r.hazard_id WHERE e.episode_id = al.id AND e.kind = 'raised' ORDER BY r.received_at LIMIT 1) AS hazard_id
FROM alarm al JOIN asset a ON a.tenant_id = al.tenant_id AND a.id = al.asset_id ${ASSET_PATH} JOIN sensor s ON s.tenant_id = al.tenant_id AND s.id = al.sensor_id`;

const factsOf = (a: AlarmRow): AlarmFacts => ({
  episodeId: a.id, tenantId: a.tenant_id, raisedAt: a.raised_at.getTime(), clearedAt: a.cleared_at?.getTime() ?? null, acknowledgedAt: a.acknowledged_at?.getTime() ?? null,
  acknowledgedBy: a.acknowledged_by, confirmed: a.confirmed, escalation: a.escalation,
});

export const alarmOf = (a: AlarmRow, actor: Actor, people: Map<string, Ref>): z.input<typeof Alarm> => ({
  id: a.id, level: a.level as never, state: a.state, value: a.value, limit: a.limit_value, unit: a.unit, statutory: a.statutory, asset: a.asset, substance: a.substance, tenant: a.tenant, sensor: a.sensor,
  rule: { id: a.rule_id, version: a.rule_version }, raisedAt: iso(a.raised_at), storedAt: iso(a.stored_at), clearedAt: isoOrNull(a.cleared_at), acknowledgedAt: isoOrNull(a.acknowledged_at),
  acknowledgedBy: refOf(people, a.acknowledged_by), confirmed: a.confirmed, confirmReason: a.confirm_reason, escalation: a.escalation, closedAt: isoOrNull(a.closed_at), hazardId: a.hazard_id,
  allowedActs: a.closed_at
    ? []
    : [...(checkAcknowledge(factsOf(a), actor).ok ? (['acknowledge'] as const) : []), ...(checkConfirm(factsOf(a), actor, true, '').ok ? (['confirm'] as const) : [])],
});
