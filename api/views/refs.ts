/** How people, organisations and places are named in answers. */
import type pg from 'pg';
import type { Database } from '../../prisma/client.ts';
import { asService } from '../deps.ts';

export interface Ref {
  id: string;
  nameZh: string;
  nameEn: string;
}
export interface AssetRef extends Ref {
  code: string;
  pathZh: string;
  pathEn: string;
}

export const iso = (at: Date): string => at.toISOString();
export const isoOrNull = (at: Date | null): string | null => at?.toISOString() ?? null;

/** SQL: an asset as AssetRef; needs `a` asset, `u` unit, `z` zone, `pk` park, `o` organisation. */
export const ASSET_REF = `json_build_object('id', a.id, 'code', a.code, 'nameZh', a.name_zh, 'nameEn', a.name_en,
  'pathZh', concat_ws('/', pk.name_zh, z.name_zh, o.name_zh, u.name_zh, a.name_zh), 'pathEn', concat_ws('/', pk.name_en, z.name_en, o.name_en, u.name_en, a.name_en))`;
/** SQL: joins an asset `a` to what ASSET_REF needs. */
export const ASSET_PATH = `LEFT JOIN unit u ON u.tenant_id = a.tenant_id AND u.id = a.unit_id LEFT JOIN zone z ON z.id = a.zone_id LEFT JOIN park pk ON pk.id = z.park_id LEFT JOIN organisation o ON o.id = a.tenant_id`;

export const orgRef = (alias: string): string => `json_build_object('id', ${alias}.id, 'nameZh', ${alias}.name_zh, 'nameEn', ${alias}.name_en)`;

export const orgRefs = async (client: pg.ClientBase, ids: readonly string[]): Promise<Map<string, Ref>> => {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<Ref>('SELECT id, name_zh AS "nameZh", name_en AS "nameEn" FROM organisation WHERE id = ANY ($1)', [ids]);
  return new Map(rows.map((r) => [r.id, r]));
};

/** Names of people who took part in what the reader may see: the person table itself is open to no reader. */
export const personRefs = async (database: Database, ids: readonly (string | null)[]): Promise<Map<string, Ref>> => {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (wanted.length === 0) return new Map();
  const { rows } = await asService(database, (client) => client.query<Ref>('SELECT id, name_zh AS "nameZh", name_en AS "nameEn" FROM person WHERE id = ANY ($1)', [wanted]));
  return new Map(rows.map((r) => [r.id, r]));
};

export const refOf = (refs: Map<string, Ref>, id: string | null): Ref | null => (id === null ? null : (refs.get(id) ?? { id, nameZh: id, nameEn: id }));
