/** Sensor events in the order of prisma/cursor.ts, as nodes get them. */
import type pg from 'pg';
import type { Position } from '../../prisma/cursor.ts';
import { AFTER_POSITION } from '../../prisma/cursor.ts';

interface Named {
  id: string;
  nameZh: string;
  nameEn: string;
}

export interface SensorEventMessage {
  id: string;
  kind: 'raised' | 'cleared';
  episodeId: string;
  ruleId: string;
  ruleVersion: number;
  flowVersion: number | null;
  nodeId: string | null;
  level: string;
  value: number;
  limit: number;
  unit: string;
  at: string;
  storedAt: string;
  statutory: boolean;
  sensor: Named & { kind: string };
  asset: Named & { code: string; kind: string; pathZh: string; pathEn: string; substance: string | null };
  zone: { id: string; code: string };
  tenant: Named;
}

interface Row {
  tx: string; id: string; kind: 'raised' | 'cleared'; episode_id: string; rule_id: string; rule_version: number; flow_version: number | null; node_id: string | null;
  level: string; value: number; limit_value: number; unit: string; at: Date; stored_at: Date; statutory: boolean;
  sensor_id: string; sensor_kind: string; sensor_zh: string; sensor_en: string;
  asset_id: string; asset_code: string; asset_kind: string; asset_zh: string; asset_en: string; substance: string | null; path_zh: string; path_en: string;
  zone_id: string; zone_code: string; tenant_id: string; tenant_zh: string; tenant_en: string;
}

export const readEvents = async (client: pg.ClientBase | pg.Pool, after: Position, limit: number): Promise<{ event: SensorEventMessage; position: Position }[]> => {
  const { rows } = await client.query<Row>(
    `WITH e AS (SELECT * FROM sensor_event WHERE ${AFTER_POSITION} ORDER BY tx, id LIMIT $3)
     SELECT e.tx::text, e.id::text, e.kind, e.episode_id, e.rule_id, e.rule_version, e.flow_version, e.node_id, e.level, e.value, e.limit_value, e.unit, e.at, e.stored_at, e.statutory,
       s.id AS sensor_id, s.kind AS sensor_kind, s.name_zh AS sensor_zh, s.name_en AS sensor_en,
       a.id AS asset_id, a.code AS asset_code, a.kind AS asset_kind, a.name_zh AS asset_zh, a.name_en AS asset_en, a.substance,
       concat_ws('/', p.name_zh, z.name_zh, o.name_zh, u.name_zh, a.name_zh) AS path_zh, concat_ws('/', p.name_en, z.name_en, o.name_en, u.name_en, a.name_en) AS path_en,
       z.id AS zone_id, z.code AS zone_code, o.id AS tenant_id, o.name_zh AS tenant_zh, o.name_en AS tenant_en
     FROM e JOIN sensor s ON s.id = e.sensor_id JOIN asset a ON a.id = e.asset_id JOIN unit u ON u.id = a.unit_id JOIN zone z ON z.id = a.zone_id
       JOIN park p ON p.id = z.park_id JOIN organisation o ON o.id = e.tenant_id
     ORDER BY e.tx, e.id`,
    [after.tx, after.id, limit],
  );
  return rows.map((r) => ({
    position: { tx: r.tx, id: r.id },
    event: {
      id: r.id, kind: r.kind, episodeId: r.episode_id, ruleId: r.rule_id, ruleVersion: r.rule_version, flowVersion: r.flow_version, nodeId: r.node_id,
      level: r.level, value: r.value, limit: r.limit_value, unit: r.unit, at: r.at.toISOString(), storedAt: r.stored_at.toISOString(), statutory: r.statutory,
      sensor: { id: r.sensor_id, kind: r.sensor_kind, nameZh: r.sensor_zh, nameEn: r.sensor_en },
      asset: { id: r.asset_id, code: r.asset_code, kind: r.asset_kind, nameZh: r.asset_zh, nameEn: r.asset_en, pathZh: r.path_zh, pathEn: r.path_en, substance: r.substance },
      zone: { id: r.zone_id, code: r.zone_code },
      tenant: { id: r.tenant_id, nameZh: r.tenant_zh, nameEn: r.tenant_en },
    },
  }));
};
