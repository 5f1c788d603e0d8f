/**
 * The statutory calendars of the park: signed, by version, never edited. What does not verify does not count: its year is
 * then as if it were not loaded, which refuses terms instead of reckoning them by data that somebody changed.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Calendar, CalendarYear } from '../domain/calendar.ts';
import { parseCalendarYear } from '../domain/calendar.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Refusal, Result } from '../domain/errors.ts';
import { ok, refuse } from '../domain/errors.ts';
import type { VersionedCalendar } from '../domain/standards/calendar.ts';
import { SHIPPED_CALENDARS } from '../domain/standards/calendar.ts';
import { sha256Of } from '../platform/hash.ts';
import { createLogger } from '../platform/logger.ts';
import type { SigningKey } from '../platform/signing-key.ts';
import { isSignedBy, keyIdOf, normalPublicKey } from '../platform/signing-key.ts';

/** As in a file that somebody publishes. */
export interface SignedCalendar extends VersionedCalendar {
  /** `value`: base64 of the Ed25519 signature over `signedText`. */
  signature: { keyId: string; value: string };
}

const MAX_VERSION = 1_000_000;
/** Name of the park's own key. */
export const PARK_KEY = '园区 / Park';

/** What is signed: JSON with sorted keys and without spaces, version included, so that an old version cannot pose as a new one. */
const signedText = ({ version, calendar }: VersionedCalendar): string => canonicalJson({ version, calendar });

export const signCalendar = ({ version, calendar }: VersionedCalendar, key: SigningKey): SignedCalendar => ({
  version, calendar, signature: { keyId: key.keyId, value: key.sign(signedText({ version, calendar })) },
});

/** Content of a calendar file: `{version, calendar, signature?}`. Refuses with calendar.invalid and the field. */
export const parseCalendarFile = (text: string): Result<VersionedCalendar & { signature?: SignedCalendar['signature'] }> => {
  const wrong = (field: string) => refuse('calendar.invalid', { field });
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return wrong('file');
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return wrong('file');
  const { version, calendar, signature, ...rest } = file as Record<string, unknown>;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) return wrong(unknown);
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1 || version > MAX_VERSION) return wrong('version');
  const year = parseCalendarYear(calendar);
  if (!year.ok) return year;
  if (signature === undefined) return ok({ version, calendar: year.value });
  const { keyId, value } = (signature ?? {}) as Record<string, unknown>;
  if (typeof keyId !== 'string' || typeof value !== 'string') return wrong('signature');
  return ok({ version, calendar: year.value, signature: { keyId, value } });
};

interface KeyRow { id: string; kind: 'park' | 'publisher'; name: string; public_key: string; revoked_at: Date | null }
interface Row {
  year: number; version: number; data: unknown; sha256: string; signature: string; key_id: string; source: string; loaded_at: Date; loaded_by: string;
  key: Omit<KeyRow, 'revoked_at'> & { revoked: boolean };
}

export type CalendarProblem = 'content' | 'signature' | 'key_revoked';

export interface CalendarRecord {
  year: number;
  version: number;
  source: string;
  sha256: string;
  signer: { keyId: string; kind: 'park' | 'publisher'; name: string };
  loadedAt: Date;
  loadedBy: string;
  /** Why it does not count; null where it does. */
  problem: CalendarProblem | null;
}

const knownKeyId = (publicKey: string): string | null => {
  try {
    return keyIdOf(publicKey);
  } catch {
    return null;
  }
};

const problemOf = (row: Row): CalendarProblem | null => {
  const text = canonicalJson({ version: row.version, calendar: row.data });
  const calendar = parseCalendarYear(row.data);
  // The columns beside the data are read by people: they must say what was signed.
  if (!calendar.ok || calendar.value.year !== row.year || calendar.value.source !== row.source || sha256Of(text) !== row.sha256) return 'content';
  if (knownKeyId(row.key.public_key) !== row.key_id || !isSignedBy(row.key.public_key, text, row.signature)) return 'signature';
  return row.key.revoked ? 'key_revoked' : null;
};

const SELECT = `SELECT c.*, json_build_object('id', k.id, 'kind', k.kind, 'name', k.name, 'public_key', k.public_key, 'revoked', k.revoked_at IS NOT NULL) AS key
  FROM statutory_calendar c JOIN statutory_calendar_key k ON k.id = c.key_id`;

const recordOf = (row: Row): CalendarRecord => ({
  year: row.year, version: row.version, source: row.source, sha256: row.sha256, signer: { keyId: row.key.id, kind: row.key.kind, name: row.key.name },
  loadedAt: row.loaded_at, loadedBy: row.loaded_by, problem: problemOf(row),
});

/**
 * The newest version of every year, ascending, and the calendar of those that verify. Where the newest does not verify its
 * year is missing from the calendar: an older version was superseded and does not come back.
 */
export const readCalendars = async (client: pg.ClientBase | pg.Pool): Promise<{ years: CalendarRecord[]; calendar: Calendar }> => {
  const { rows } = await client.query<Row>(`SELECT DISTINCT ON (year) * FROM (${SELECT}) c ORDER BY year, version DESC`);
  const years = rows.map(recordOf);
  return { years, calendar: rows.filter((_, i) => years[i]?.problem === null).map((row) => row.data as CalendarYear) };
};

const logProblem = ({ year, version, signer, problem }: CalendarRecord): void =>
  createLogger('calendar', 'error').error({ year, version, keyId: signer.keyId, problem }, 'the statutory calendar does not verify and is not used');

/** The calendar that terms are reckoned by. `onProblem` hears of every year that is loaded and does not verify; default: it is logged. */
export const loadCalendar = async (client: pg.ClientBase | pg.Pool, onProblem: (record: CalendarRecord) => void = logProblem): Promise<Calendar> => {
  const { years, calendar } = await readCalendars(client);
  for (const record of years) if (record.problem !== null) onProblem(record);
  return calendar;
};

/** The newest version of a year as a file to hand on; null where none is loaded. Not verified here: who imports it does. */
export const exportCalendar = async (client: pg.ClientBase | pg.Pool, year: number): Promise<SignedCalendar | null> => {
  const { rows } = await client.query<Row>(`${SELECT} WHERE c.year = $1 ORDER BY c.version DESC LIMIT 1`, [year]);
  const row = rows[0];
  return row ? { version: row.version, calendar: row.data as CalendarYear, signature: { keyId: row.key_id, value: row.signature } } : null;
};

const audit = (client: pg.ClientBase, action: string, object: string, outcome: string, detail: Record<string, unknown>): Promise<unknown> =>
  client.query('INSERT INTO audit_event (id, actor_id, action, object, outcome, detail) VALUES ($1, NULL, $2, $3, $4, $5)', [randomUUID(), action, object, outcome, JSON.stringify(detail)]);

/** One import at a time: the versions that are there are read and written in one go. */
const lock = (client: pg.ClientBase): Promise<unknown> => client.query("SELECT pg_advisory_xact_lock(hashtextextended('statutory_calendar', 0))");

/** From now on calendars signed with this key count. Gives the id of the key. Throws where it is no Ed25519 public key. */
export const trustCalendarKey = async (client: pg.ClientBase, key: { kind: 'park' | 'publisher'; name: string; publicKey: string }, by: string): Promise<string> => {
  const id = keyIdOf(key.publicKey);
  const { rowCount } = await client.query('INSERT INTO statutory_calendar_key (id, kind, name, public_key, recorded_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING', [
    id, key.kind, key.name, normalPublicKey(key.publicKey), by,
  ]);
  if (rowCount !== 0) await audit(client, 'calendar.trust', `calendar-key/${id}`, 'ok', { kind: key.kind, name: key.name, by });
  return id;
};

/** Nothing that this key signed counts any more. Gives whether it counted before. A revoked key does not come back. */
export const revokeCalendarKey = async (client: pg.ClientBase, keyId: string, by: string): Promise<boolean> => {
  const { rowCount } = await client.query('UPDATE statutory_calendar_key SET revoked_at = now(), revoked_by = $2 WHERE id = $1 AND revoked_at IS NULL', [keyId, by]);
  if (rowCount !== 0) await audit(client, 'calendar.revoke', `calendar-key/${keyId}`, 'ok', { by });
  return rowCount !== 0;
};

export interface Imported {
  year: number;
  version: number;
  /** kept: this version is there already with the same content. */
  outcome: 'loaded' | 'kept';
  /** Whether it is the newest version of its year, the one that counts. */
  counts: boolean;
}

/**
 * Loads one calendar, in the caller's transaction. Refuses with calendar.invalid; calendar.key_unknown for a key that the
 * park does not know or has revoked; calendar.signature_invalid; calendar.version_taken when this version is there with
 * other content or does not verify. Nothing is stored then.
 */
export const importCalendar = async (client: pg.ClientBase, file: SignedCalendar, by: string): Promise<Result<Imported>> => {
  const calendar = parseCalendarYear(file.calendar);
  if (!calendar.ok) return calendar;
  const { year, source } = calendar.value;
  const { version, signature } = file;
  if (!Number.isInteger(version) || version < 1 || version > MAX_VERSION) return refuse('calendar.invalid', { field: 'version' });
  const text = signedText({ version, calendar: calendar.value });
  await lock(client);
  const { rows: keys } = await client.query<KeyRow>('SELECT * FROM statutory_calendar_key WHERE id = $1 AND revoked_at IS NULL', [signature.keyId]);
  const key = keys[0];
  if (!key) return refuse('calendar.key_unknown', { field: 'signature.keyId', detail: { keyId: signature.keyId } });
  if (knownKeyId(key.public_key) !== key.id || !isSignedBy(key.public_key, text, signature.value)) return refuse('calendar.signature_invalid', { field: 'signature.value', detail: { year, version } });

  const { rows: known } = await client.query<Row>(`${SELECT} WHERE c.year = $1 ORDER BY c.version DESC`, [year]);
  const same = known.find((row) => row.version === version);
  const counts = known.every((row) => row.version <= version);
  if (same) {
    if (same.sha256 !== sha256Of(text) || problemOf(same) !== null) return refuse('calendar.version_taken', { field: 'version', detail: { year, version } });
    return ok({ year, version, outcome: 'kept', counts });
  }
  await client.query('INSERT INTO statutory_calendar (year, version, data, sha256, signature, key_id, source, loaded_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', [
    year, version, JSON.stringify(calendar.value), sha256Of(text), signature.value, key.id, source, by,
  ]);
  await audit(client, 'calendar.import', `calendar/${year}`, 'ok', { version, sha256: sha256Of(text), keyId: key.id, by });
  return ok({ year, version, outcome: 'loaded', counts });
};

/**
 * Signs with the park's own key, and loads, what ships with the product and is not there yet. A year of which the park has
 * this version or a newer one is left alone. Gives the years that could not be loaded, as after the park revoked its key.
 */
export const loadShippedCalendars = async (client: pg.ClientBase, key: SigningKey, by: string): Promise<{ year: number; refusal: Refusal }[]> => {
  await lock(client);
  const { rows } = await client.query<{ year: number; version: number }>('SELECT year, max(version) AS version FROM statutory_calendar GROUP BY year');
  const newest = new Map(rows.map((r) => [r.year, r.version]));
  const missing = SHIPPED_CALENDARS.filter(({ version, calendar }) => (newest.get(calendar.year) ?? 0) < version);
  if (missing.length > 0) await trustCalendarKey(client, { kind: 'park', name: PARK_KEY, publicKey: key.publicKey }, by);
  const refused: { year: number; refusal: Refusal }[] = [];
  for (const shipped of missing) {
    const imported = await importCalendar(client, signCalendar(shipped, key), by);
    if (!imported.ok) refused.push({ year: shipped.calendar.year, refusal: imported.refusal });
  }
  return refused;
};
