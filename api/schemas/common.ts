/** Schemas that several resources share. */
import { z } from 'zod';
import { Refused } from '../problem.ts';

export const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/);
export const instant = z.iso.datetime({ offset: true }).meta({ description: 'ISO 8601 with offset' });
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/).meta({ description: 'SHA-256 in lower-case hex' });

/** PostgreSQL takes no NUL, JSON no lone surrogate. */
const storable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();
export const text = (max: number) => z.string().max(max).refine(storable, { error: 'not storable' });

export const named = { nameZh: z.string(), nameEn: z.string() };
export const OrgRef = z.object({ id: z.string(), ...named }).meta({ id: 'OrgRef' });
export const PersonRef = z.object({ id: z.string(), ...named }).meta({ id: 'PersonRef' });
export const AssetRef = z.object({ id: z.string(), code: z.string(), ...named, pathZh: z.string(), pathEn: z.string() }).meta({ id: 'AssetRef', description: '园区/区域/企业/装置/设备' });
export const Point = z
  .strictObject({ type: z.literal('Point'), coordinates: z.tuple([z.number().min(-180).max(180), z.number().min(-90).max(90)]) })
  .meta({ id: 'Point', description: 'GeoJSON, WGS-84' });

export const flag = z.enum(['true', 'false']).transform((v) => v === 'true');
export const limit = z.coerce.number().int().min(1).max(200).default(50);
export const cursor = z.string().min(1).max(400);
export const page = { cursor: cursor.optional(), limit };

export const list = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** Cursors are opaque to clients: the keys of the last row. */
export const encodeCursor = (...keys: (string | number)[]): string => Buffer.from(JSON.stringify(keys)).toString('base64url');

export const decodeCursor = <T extends z.ZodType>(schema: T, given: string | undefined): z.output<T> | null => {
  if (given === undefined) return null;
  try {
    return schema.parse(JSON.parse(Buffer.from(given, 'base64url').toString('utf8')));
  } catch {
    throw new Refused('request.cursor_invalid', { field: 'cursor' });
  }
};

/** Rows were read one beyond the limit: cuts them and gives the cursor. */
export const paged = <T>(rows: readonly T[], max: number, keys: (row: T) => (string | number)[]): { rows: T[]; nextCursor: string | null } => {
  const kept = rows.slice(0, max);
  const last = kept.at(-1);
  return { rows: kept, nextCursor: rows.length > max && last ? encodeCursor(...keys(last)) : null };
};

export const timeCursor = z.tuple([z.iso.datetime(), id]);
