/** 地图与档案: map, enterprises, assets, readings, ratings. */
import { z } from 'zod';
import { ALARM_SEVERITY } from '../../domain/alarm.ts';
import { asActor } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged } from '../schemas/common.ts';
import { AssetDetail, AssetList, AssetQuery, OrgList, PageQuery, ParkMap, Rating, Readings, ReadingsQuery } from '../schemas/park.ts';
import type { AssetRef, Ref } from '../views/refs.ts';
import { ASSET_PATH, ASSET_REF, iso, orgRef } from '../views/refs.ts';

const params = z.object({ id });
const codeCursor = z.tuple([z.string().max(200), id]);

interface AssetRow { id: string; code: string; tenant_id: string; kind: string; substance: string | null; point: Record<string, unknown> | null; ref: AssetRef }
const assetOf = (a: AssetRow) => ({ ...a.ref, tenantId: a.tenant_id, kind: a.kind, substance: a.substance, point: a.point });
const SELECT_ASSET = `SELECT a.id, a.code, a.tenant_id, a.kind, a.substance, a.point, ${ASSET_REF} AS ref FROM asset a ${ASSET_PATH}`;

const map = route({
  method: 'get', path: '/api/v1/map', tag: 'map', summary: 'The park as GeoJSON, with open alarms and cases 园区地图', access: 'map.read', response: ParkMap,
  handle: async ({ session, deps }) => {
    const { areas, assets } = await asActor(deps.database, session, async (client) => ({
      areas: (
        await client.query<{ kind: 'park' | 'zone'; id: string; code: string; name_zh: string; name_en: string; geometry: Record<string, unknown> }>(
          `SELECT 'park' AS kind, id, code, name_zh, name_en, boundary AS geometry FROM park UNION ALL (SELECT 'zone', id, code, name_zh, name_en, polygon FROM zone ORDER BY code)`,
        )
      ).rows,
      assets: (
        await client.query<AssetRow & { open_hazards: number; alarm: { id: string; level: string; state: string; value: number; limit: number; unit: string; raisedAt: string } | null }>(
          `SELECT a.id, a.code, a.tenant_id, a.kind, a.substance, a.point, ${ASSET_REF} AS ref, coalesce(h.n, 0)::int AS open_hazards,
             CASE WHEN al.id IS NULL THEN NULL ELSE json_build_object('id', al.id, 'level', al.level, 'state', al.state, 'value', al.value, 'limit', al.limit_value, 'unit', al.unit,
               'raisedAt', to_char(al.raised_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) END AS alarm
           FROM asset a ${ASSET_PATH}
           LEFT JOIN (SELECT asset_id, count(*) AS n FROM hazard WHERE closed_at IS NULL GROUP BY asset_id) h ON h.asset_id = a.id
           LEFT JOIN (SELECT DISTINCT ON (asset_id) * FROM alarm WHERE closed_at IS NULL ORDER BY asset_id, array_position($1::text[], level), raised_at DESC) al ON al.asset_id = a.id
           ORDER BY a.code, a.id`,
          [ALARM_SEVERITY],
        )
      ).rows,
    }));
    return {
      body: {
        type: 'FeatureCollection' as const,
        features: [
          ...areas.map((a) => ({ type: 'Feature' as const, id: a.id, geometry: a.geometry, properties: { kind: a.kind as 'park', code: a.code, nameZh: a.name_zh, nameEn: a.name_en } })),
          ...assets.map((a) => ({
            type: 'Feature' as const, id: a.id, geometry: a.point ?? {},
            properties: {
              kind: 'asset' as const, assetKind: a.kind, code: a.code, nameZh: a.ref.nameZh, nameEn: a.ref.nameEn, pathZh: a.ref.pathZh, pathEn: a.ref.pathEn, tenantId: a.tenant_id, substance: a.substance,
              openHazards: a.open_hazards, alarm: a.alarm as never,
            },
          })),
        ],
      },
    };
  },
});

const enterprises = route({
  method: 'get', path: '/api/v1/enterprises', tag: 'registry', summary: 'Enterprises 企业', access: 'enterprise.read', query: PageQuery, response: OrgList,
  handle: async ({ query: q, session, deps }) => {
    const after = decodeCursor(codeCursor, q.cursor);
    const { rows: found } = await asActor(deps.database, session, (client) =>
      client.query<{ code: string; ref: Ref }>(
        `SELECT o.code, ${orgRef('o')} AS ref FROM organisation o WHERE o.kind = 'enterprise' AND ($1::text IS NULL OR (o.code, o.id) > ($1, $2)) ORDER BY o.code, o.id LIMIT $3`, [after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
      ),
    );
    const { rows, nextCursor } = paged(found, q.limit, (o) => [o.code, o.ref.id]);
    return { body: { items: rows.map((o) => o.ref), nextCursor } };
  },
});

const assets = route({
  method: 'get', path: '/api/v1/assets', tag: 'registry', summary: 'Assets 设备', access: 'registry.read', query: AssetQuery, response: AssetList,
  handle: async ({ query: q, session, deps }) => {
    const after = decodeCursor(codeCursor, q.cursor);
    const { rows: found } = await asActor(deps.database, session, (client) =>
      client.query<AssetRow>(
        `${SELECT_ASSET} WHERE ($1::text IS NULL OR a.tenant_id = $1) AND ($2::text IS NULL OR a.zone_id = $2) AND ($3::text IS NULL OR (a.code, a.id) > ($3, $4)) ORDER BY a.code, a.id LIMIT $5`,
        [q.tenantId ?? null, q.zoneId ?? null, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
      ),
    );
    const { rows, nextCursor } = paged(found, q.limit, (a) => [a.code, a.id]);
    return { body: { items: rows.map(assetOf), nextCursor } };
  },
});

interface SensorRow {
  id: string; name_zh: string; name_en: string; kind: string; unit: string; limit_ll: number | null; limit_l: number | null; limit_h: number | null; limit_hh: number | null; statutory: boolean;
  value: number | null; at: Date | null; quality: string | null;
}

const asset = route({
  method: 'get', path: '/api/v1/assets/{id}', tag: 'registry', summary: 'One asset with its sensors 设备详情', access: 'registry.read', params, response: AssetDetail,
  handle: async ({ params: p, session, deps }) => {
    const found = await asActor(deps.database, session, async (client) => {
      const { rows } = await client.query<AssetRow>(`${SELECT_ASSET} WHERE a.id = $1`, [p.id]);
      const { rows: sensors } = await client.query<SensorRow>('SELECT s.*, l.value, l.at, l.quality FROM sensor s LEFT JOIN telemetry.latest l ON l.sensor_id = s.id WHERE s.asset_id = $1 ORDER BY s.id', [p.id]);
      return rows[0] ? { row: rows[0], sensors } : null;
    });
    if (!found) throw new Refused('request.not_found');
    return {
      body: {
        ...assetOf(found.row),
        sensors: found.sensors.map((s) => ({
          id: s.id, nameZh: s.name_zh, nameEn: s.name_en, kind: s.kind, unit: s.unit, limits: { LL: s.limit_ll, L: s.limit_l, H: s.limit_h, HH: s.limit_hh }, statutory: s.statutory,
          latest: s.value === null || !s.at ? null : { value: s.value, at: iso(s.at), quality: s.quality ?? '' },
        })),
      },
    };
  },
});

const readings = route({
  method: 'get', path: '/api/v1/sensors/{id}/readings', tag: 'registry', summary: 'Readings, ascending; the newest of the span 读数', access: 'telemetry.read', params, query: ReadingsQuery, response: Readings,
  handle: async ({ params: p, query: q, session, deps }) => {
    const rows = await asActor(deps.database, session, async (client) => {
      if ((await client.query('SELECT FROM sensor WHERE id = $1', [p.id])).rowCount === 0) return null;
      const found = await client.query<{ at: Date; value: number; quality: string }>(
        `SELECT * FROM (SELECT at, value, quality FROM telemetry.reading WHERE sensor_id = $1 AND at >= coalesce($2::timestamptz, now() - interval '1 hour') AND at <= coalesce($3::timestamptz, 'infinity') ORDER BY at DESC LIMIT $4) r ORDER BY at`,
        [p.id, q.from ?? null, q.to ?? null, q.limit],
      );
      return found.rows;
    });
    if (!rows) throw new Refused('request.not_found');
    return { body: { items: rows.map((r) => ({ at: iso(r.at), value: r.value, quality: r.quality })) } };
  },
});

const rating = route({
  method: 'get', path: '/api/v1/ratings/{enterpriseId}', tag: 'registry', summary: 'The safety rating of an enterprise and nothing else 安全评级', access: 'rating.read', params: z.object({ enterpriseId: id }), response: Rating,
  handle: async ({ params: p, session, deps }) => {
    const { rows } = await asActor(deps.database, session, (client) => client.query<{ rating: string | null }>("SELECT safety_rating AS rating FROM organisation WHERE id = $1 AND kind = 'enterprise'", [p.enterpriseId]));
    if (!rows[0]) throw new Refused('request.not_found');
    return { body: { rating: rows[0].rating } };
  },
});

export const registryRoutes = [map, enterprises, assets, asset, readings, rating];
