import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { CalendarYear } from '../../domain/calendar.ts';
import { isWorkingDay, termEnd } from '../../domain/calendar.ts';
import { SHIPPED_CALENDARS } from '../../domain/standards/calendar.ts';
import { preparePostgres, waitForPostgres } from '../../platform/postgres.ts';
import type { SigningKey } from '../../platform/signing-key.ts';
import { isSignedBy, keyIdOf, openSigningKey } from '../../platform/signing-key.ts';
import type { CalendarRecord, SignedCalendar } from '../../prisma/calendars.ts';
import { exportCalendar, importCalendar, loadCalendar, loadShippedCalendars, parseCalendarFile, readCalendars, revokeCalendarKey, signCalendar, trustCalendarKey } from '../../prisma/calendars.ts';
import type { Database } from '../../prisma/client.ts';
import { setup } from '../../prisma/setup.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { freePort } from '../postgres.ts';

const root = join(import.meta.dirname, '../..');

const year2027: CalendarYear = {
  year: 2027,
  holidays: [{ name: { zh: '元旦', en: "New Year's Day" }, from: '2027-01-01', to: '2027-01-03' }],
  workdays: [],
  source: 'a test notice',
};

/** A key that is not the park's. */
const publisherKey = (): SigningKey => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { keyId: keyIdOf(pem), publicKey: pem, sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64') };
};

let testDatabase: TestDatabase;
let database: Database;
let dataDir: string;
let parkKey: SigningKey;
beforeEach(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-calendar-'));
  parkKey = await openSigningKey(dataDir);
});
afterEach(async () => {
  await testDatabase.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const service = <T>(run: (client: pg.PoolClient) => Promise<T>): Promise<T> => database.pgTransaction({ scope: 'service' }, run);
const load = (file: SignedCalendar) => service((client) => importCalendar(client, file, 'test'));
const trust = (key: SigningKey, kind: 'park' | 'publisher' = 'publisher') => service((client) => trustCalendarKey(client, { kind, name: 'test', publicKey: key.publicKey }, 'test'));
/** The calendar, and what was reported of it. */
const loaded = async (): Promise<{ years: number[]; problems: [number, string | null][]; calendar: Awaited<ReturnType<typeof loadCalendar>> }> => {
  const problems: CalendarRecord[] = [];
  const calendar = await service((client) => loadCalendar(client, (record) => problems.push(record)));
  return { years: calendar.map((y) => y.year), problems: problems.map((p) => [p.year, p.problem]), calendar };
};
const stored = async () => (await database.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM statutory_calendar')).rows[0]!.n;
/** What nobody but the owner of the database can do: writes past the triggers. */
const tamper = async (sql: string): Promise<void> => {
  const client = new pg.Client({ connectionString: testDatabase.url });
  await client.connect();
  try {
    await client.query(`SET session_replication_role = replica; ${sql}`);
  } finally {
    await client.end();
  }
};

describe('set-up of a park', () => {
  test('loads 2024-2026, signed with the park\'s own key; 2027 is refused until it is loaded', async () => {
    await setup(testDatabase.url, dataDir);
    const before = await loaded();
    expect([before.years, before.problems]).toEqual([[2024, 2025, 2026], []]);
    expect(before.calendar).toEqual(SHIPPED_CALENDARS.map(({ calendar }) => calendar));
    const from = Date.parse('2026-12-24T01:00:00Z');
    expect(termEnd(before.calendar, from, { workingDays: 6 })).toEqual({ ok: false, refusal: { code: 'calendar.year_missing', detail: { year: 2027 } } });
    expect(await load(signCalendar({ version: 1, calendar: year2027 }, parkKey))).toEqual({ ok: true, value: { year: 2027, version: 1, outcome: 'loaded', counts: true } });
    expect(termEnd((await loaded()).calendar, from, { workingDays: 6 })).toEqual({ ok: true, value: Date.parse('2027-01-05T00:00:00+08:00') });
  });

  test('does nothing the second time, and does not take back what the park loaded itself', async () => {
    await setup(testDatabase.url, dataDir);
    const corrected = { version: 2, calendar: { ...SHIPPED_CALENDARS[2]!.calendar, source: 'a correction' } };
    expect((await load(signCalendar(corrected, parkKey))).ok).toBe(true);
    await setup(testDatabase.url, dataDir);
    expect(await stored()).toBe(4);
    expect((await loaded()).calendar.at(-1)).toEqual(corrected.calendar);
  });

  test('starts without the calendars when the park revoked its own key, and says which years', async () => {
    await service((client) => trustCalendarKey(client, { kind: 'park', name: 'test', publicKey: parkKey.publicKey }, 'test'));
    await service((client) => revokeCalendarKey(client, parkKey.keyId, 'test'));
    const refused = await service((client) => loadShippedCalendars(client, parkKey, 'test'));
    expect(refused.map(({ year, refusal }) => [year, refusal.code])).toEqual([[2024, 'calendar.key_unknown'], [2025, 'calendar.key_unknown'], [2026, 'calendar.key_unknown']]);
  });
});

describe('the park\'s own key', () => {
  test('is readable by its owner only, and stays the same', async () => {
    expect((await stat(join(dataDir, 'signing-key.pem'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['signing-key.pem']);
    expect((await openSigningKey(dataDir)).keyId).toBe(parkKey.keyId);
    expect(await readFile(join(dataDir, 'signing-key.pem'), 'utf8')).toContain('PRIVATE KEY');
    expect(parkKey.publicKey).toContain('BEGIN PUBLIC KEY');
  });
  test('is one key for processes that open it at once', async () => {
    const fresh = await mkdtemp(join(tmpdir(), 'parkwarden-key-'));
    try {
      const keys = await Promise.all(Array.from({ length: 8 }, () => openSigningKey(fresh)));
      expect(new Set(keys.map((k) => k.keyId)).size).toBe(1);
      expect(await readdir(fresh)).toEqual(['signing-key.pem']);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
  });
  test('a signature holds for its text, its key and its spelling only', () => {
    const signature = parkKey.sign('x');
    expect(isSignedBy(parkKey.publicKey, 'x', signature)).toBe(true);
    expect(isSignedBy(parkKey.publicKey, 'y', signature)).toBe(false);
    expect(isSignedBy(publisherKey().publicKey, 'x', signature)).toBe(false);
    expect(isSignedBy(parkKey.publicKey, 'x', `${signature} `)).toBe(false);
    expect(isSignedBy('no key', 'x', signature)).toBe(false);
    expect(() => keyIdOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' }).toString())).toThrow(/Ed25519/);
    expect(() => keyIdOf(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toThrow(/private key/);
  });
});

describe('an import', () => {
  test('is refused whole when one byte of the signature or of what was signed is another', async () => {
    await trust(parkKey, 'park');
    const good = signCalendar({ version: 1, calendar: year2027 }, parkKey);
    const bytes = Buffer.from(good.signature.value, 'base64');
    for (const index of [0, 31, 32, 63]) {
      const flipped = Buffer.from(bytes);
      flipped[index] = flipped[index]! ^ 1;
      expect(await load({ ...good, signature: { ...good.signature, value: flipped.toString('base64') } })).toMatchObject({ ok: false, refusal: { code: 'calendar.signature_invalid' } });
    }
    const changed: SignedCalendar[] = [
      { ...good, version: 2 },
      { ...good, calendar: { ...year2027, workdays: ['2027-02-06'] } },
      { ...good, calendar: { ...year2027, source: `${year2027.source} ` } },
      { ...good, calendar: { ...year2027, holidays: [{ ...year2027.holidays[0]!, to: '2027-01-04' }] } },
    ];
    for (const file of changed) expect(await load(file)).toMatchObject({ ok: false, refusal: { code: 'calendar.signature_invalid' } });
    expect(await stored()).toBe(0);
    expect((await load(good)).ok).toBe(true);
  });

  test('is refused with a key that the park does not know, and taken once it trusts it', async () => {
    const publisher = publisherKey();
    const file = signCalendar({ version: 1, calendar: year2027 }, publisher);
    expect(await load(file)).toMatchObject({ refusal: { code: 'calendar.key_unknown', detail: { keyId: publisher.keyId } } });
    expect(await stored()).toBe(0);
    await trust(publisher);
    expect(await load(file)).toMatchObject({ ok: true, value: { outcome: 'loaded' } });
    // The park's key does not make another's signature good.
    await trust(parkKey, 'park');
    expect(await load({ ...file, version: 2, signature: { ...file.signature, keyId: parkKey.keyId } })).toMatchObject({ refusal: { code: 'calendar.signature_invalid' } });
  });

  test('done twice, or twice at once, stores one version', async () => {
    await trust(parkKey, 'park');
    const file = signCalendar({ version: 1, calendar: year2027 }, parkKey);
    // Connections that are open already: all begin in the same instant.
    await Promise.all(Array.from({ length: 10 }, () => database.pool.query('SELECT pg_sleep(0.05)')));
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => load(file)));
    expect(outcomes.map((o) => o.ok && o.value.outcome).sort()).toEqual([...Array<string>(9).fill('kept'), 'loaded']);
    expect(await stored()).toBe(1);
    expect((await database.pool.query("SELECT FROM audit_event WHERE action = 'calendar.import'")).rowCount).toBe(1);
    // The same content by another signer is the same version; another order of fields is the same text.
    const publisher = publisherKey();
    await trust(publisher);
    const { source, workdays, holidays, year } = year2027;
    expect(await load(signCalendar({ calendar: { source, workdays, holidays, year }, version: 1 }, publisher))).toMatchObject({ ok: true, value: { outcome: 'kept' } });
  });

  test('of a newer version supersedes; of an older one does not; of other content under the same version is refused', async () => {
    await trust(parkKey, 'park');
    const worked: CalendarYear = { ...year2027, workdays: ['2027-02-06'] };
    const saturday = async () => isWorkingDay((await loaded()).calendar, '2027-02-06');
    expect((await load(signCalendar({ version: 2, calendar: year2027 }, parkKey))).ok).toBe(true);
    expect(await saturday()).toEqual({ ok: true, value: false });
    expect(await load(signCalendar({ version: 3, calendar: worked }, parkKey))).toMatchObject({ value: { outcome: 'loaded', counts: true } });
    expect(await saturday()).toEqual({ ok: true, value: true });
    expect(await load(signCalendar({ version: 1, calendar: year2027 }, parkKey))).toMatchObject({ value: { outcome: 'loaded', counts: false } });
    expect(await saturday()).toEqual({ ok: true, value: true });
    expect(await load(signCalendar({ version: 3, calendar: year2027 }, parkKey))).toMatchObject({ refusal: { code: 'calendar.version_taken' } });
    expect(await stored()).toBe(3);
  });

  test('of a file that is none is refused with the field', () => {
    const good = JSON.stringify(signCalendar({ version: 1, calendar: year2027 }, parkKey));
    expect(parseCalendarFile(good)).toEqual({ ok: true, value: JSON.parse(good) });
    const fields = ['no json', '[]', '{}', '{"version":0}', '{"version":1}', '{"version":1,"calendar":{"year":"x"}}', '{"version":1,"more":2}', good.replace('"keyId"', '"key"')].map((text) => {
      const result = parseCalendarFile(text);
      return result.ok ? 'taken' : `${result.refusal.code} ${result.refusal.field}`;
    });
    expect(fields).toEqual([
      'calendar.invalid file', 'calendar.invalid file', 'calendar.invalid version', 'calendar.invalid version', 'calendar.invalid calendar', 'calendar.invalid year', 'calendar.invalid more', 'calendar.invalid signature',
    ]);
  });
});

describe('a calendar that was changed in the database', () => {
  beforeEach(async () => {
    await setup(testDatabase.url, dataDir);
  });
  const changes: [string, string, string][] = [
    ['a make-up workday less', `UPDATE statutory_calendar SET data = jsonb_set(data, '{workdays}', '[]') WHERE year = 2026`, 'content'],
    ['a make-up workday less, with its hash made to fit', `UPDATE statutory_calendar SET data = jsonb_set(data, '{source}', '"x"'), source = 'x', sha256 = encode(sha256('x'), 'hex') WHERE year = 2026`, 'content'],
    ['another version number', 'UPDATE statutory_calendar SET version = 7 WHERE year = 2026', 'content'],
    ['the data of another year', 'UPDATE statutory_calendar SET data = (SELECT data FROM statutory_calendar WHERE year = 2025) WHERE year = 2026', 'content'],
    ['another source beside the data', `UPDATE statutory_calendar SET source = 'x' WHERE year = 2026`, 'content'],
    ['another signature', 'UPDATE statutory_calendar SET signature = (SELECT signature FROM statutory_calendar WHERE year = 2025) WHERE year = 2026', 'signature'],
  ];
  test.each(changes)('%s: the year counts as not loaded and is reported', async (_, sql, problem) => {
    await tamper(sql);
    const { years, problems, calendar } = await loaded();
    expect([years, problems]).toEqual([[2024, 2025], [[2026, problem]]]);
    expect(isWorkingDay(calendar, '2026-03-04')).toMatchObject({ refusal: { code: 'calendar.year_missing', detail: { year: 2026 } } });
  });

  test('data, hash and version that fit together still need the key', async () => {
    const forger = publisherKey();
    const forged = signCalendar({ version: 2, calendar: { ...SHIPPED_CALENDARS[2]!.calendar, workdays: [] } }, forger);
    // Its own key under the park's id: an id belongs to one key.
    await tamper(`INSERT INTO statutory_calendar SELECT 2026, 2, ${pg.escapeLiteral(JSON.stringify(forged.calendar))}, sha256, ${pg.escapeLiteral(forged.signature.value)}, key_id, source, now(), 'x' FROM statutory_calendar WHERE year = 2026`);
    expect((await loaded()).problems).toEqual([[2026, 'content']]);
    await tamper(`UPDATE statutory_calendar_key SET public_key = ${pg.escapeLiteral(forger.publicKey)}`);
    expect((await loaded()).years).toEqual([]);
  });

  test('an older version does not come back for a newest one that does not verify', async () => {
    expect((await load(signCalendar({ version: 2, calendar: { ...SHIPPED_CALENDARS[2]!.calendar, source: 'a correction' } }, parkKey))).ok).toBe(true);
    await tamper("UPDATE statutory_calendar SET signature = 'x' WHERE year = 2026 AND version = 2");
    expect((await loaded()).years).toEqual([2024, 2025]);
    // A next version brings the year back.
    expect((await load(signCalendar({ version: 3, calendar: SHIPPED_CALENDARS[2]!.calendar }, parkKey))).ok).toBe(true);
    expect((await loaded()).years).toEqual([2024, 2025, 2026]);
  });

  test('rows are append-only for our own processes, and of a key only the revocation is added', async () => {
    for (const sql of ["UPDATE statutory_calendar SET source = 'x'", 'DELETE FROM statutory_calendar', "UPDATE statutory_calendar_key SET name = 'x'", 'DELETE FROM statutory_calendar_key', "UPDATE statutory_calendar_key SET name = 'x', revoked_at = now(), revoked_by = 'x'"]) {
      await expect(service((client) => client.query(sql))).rejects.toThrow(/append-only/);
    }
    expect(await service((client) => revokeCalendarKey(client, parkKey.keyId, 'test'))).toBe(true);
    expect(await service((client) => revokeCalendarKey(client, parkKey.keyId, 'test'))).toBe(false);
    await expect(service((client) => client.query('UPDATE statutory_calendar_key SET revoked_at = NULL, revoked_by = NULL'))).rejects.toThrow(/append-only/);
    const { years, problems } = await loaded();
    expect([years, problems]).toEqual([[], [[2024, 'key_revoked'], [2025, 'key_revoked'], [2026, 'key_revoked']]]);
  });

  test('who is signed in reads it, and nobody without a scope; nobody but our own processes writes', async () => {
    const read = (scope: 'park' | 'tenant' | 'plant' | 'grant' | 'rating' | 'none') => database.pgTransaction({ scope, tenantId: 'x' }, async (client) => (await readCalendars(client)).calendar.length);
    expect(await Promise.all((['park', 'tenant', 'plant', 'grant', 'rating', 'none'] as const).map(read))).toEqual([3, 3, 3, 3, 0, 0]);
    for (const scope of ['rating', 'none'] as const) expect(await database.pgTransaction({ scope, tenantId: 'x' }, async (client) => (await client.query('SELECT FROM statutory_calendar_key')).rowCount)).toBe(0);
    await expect(database.pgTransaction({ scope: 'park', tenantId: 'x' }, (client) => importCalendar(client, signCalendar({ version: 1, calendar: year2027 }, parkKey), 'x'))).rejects.toThrow(/row-level security/);
  });
});

describe('npm run calendar', () => {
  const run = (...args: string[]) => runWith({ DATABASE_URL: testDatabase.url, DATA_DIR: dataDir }, args);
  const runWith = async (settings: Record<string, string>, args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const env = { PATH: process.env.PATH, ...settings };
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['prisma/calendar-command.ts', ...args], { cwd: root, env });
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { code, out: stdout, err: stderr };
    }
  };
  const write = async (name: string, content: string): Promise<string> => {
    const path = join(dataDir, name);
    await writeFile(path, content);
    return path;
  };

  test('imports a year, lists and exports it; another park that trusts the key takes the export', async () => {
    const file = await write('2027.json', JSON.stringify({ version: 1, calendar: year2027 }));
    expect(await run('import', file)).toMatchObject({ code: 1, err: expect.stringContaining('not signed') });
    expect(await run('import', file, '--sign')).toMatchObject({ code: 0, out: expect.stringContaining('2027 version 1: loaded') });
    expect(await run('import', file, '--sign')).toMatchObject({ code: 0, out: expect.stringContaining('there already') });
    const listed = await run('list');
    expect(listed.out.trim().split('\t').slice(0, 4)).toEqual(['2027', 'v1', 'ok', 'park']);
    const exported = await run('export', '2027');
    expect(JSON.parse(exported.out)).toEqual(await service((client) => exportCalendar(client, 2027)));

    const other = await createTestDatabase();
    try {
      const otherDb = other.open();
      const signed = parseCalendarFile(exported.out);
      if (!signed.ok || !signed.value.signature) throw new Error('the export is no signed file');
      const take = () => otherDb.pgTransaction({ scope: 'service' }, (client) => importCalendar(client, signed.value as SignedCalendar, 'test'));
      expect(await take()).toMatchObject({ refusal: { code: 'calendar.key_unknown' } });
      await otherDb.pgTransaction({ scope: 'service' }, (client) => trustCalendarKey(client, { kind: 'publisher', name: 'first park', publicKey: parkKey.publicKey }, 'test'));
      expect(await take()).toMatchObject({ ok: true, value: { outcome: 'loaded' } });
    } finally {
      await other.drop();
    }
  }, 60_000);

  test('trusts a publisher, refuses a changed file, revokes', async () => {
    const publisher = publisherKey();
    const pem = await write('publisher.pem', publisher.publicKey);
    const signed = signCalendar({ version: 1, calendar: year2027 }, publisher);
    const file = await write('signed.json', JSON.stringify(signed));
    expect(await run('import', file)).toMatchObject({ code: 1, err: expect.stringContaining('calendar.key_unknown') });
    expect(await run('trust', pem)).toMatchObject({ code: 64 });
    expect(await run('trust', pem, '--name', 'A publisher')).toMatchObject({ code: 0, out: `${publisher.keyId}: trusted 已登记\n` });
    const changed = await write('changed.json', JSON.stringify(signed).replace('2027-01-03', '2027-01-04'));
    expect(await run('import', changed)).toMatchObject({ code: 1, err: expect.stringContaining('calendar.signature_invalid') });
    expect(await stored()).toBe(0);
    expect(await run('import', file)).toMatchObject({ code: 0, out: expect.stringContaining('loaded') });
    expect(await run('revoke', publisher.keyId)).toMatchObject({ code: 0 });
    expect((await run('list')).out).toContain('key_revoked');
    expect(await run('trust', file, '--name', 'x')).toMatchObject({ code: 1, err: expect.stringContaining('no Ed25519 public key') });
  }, 60_000);

  test('finds the database that npm start runs in a data folder, and says where none runs', async () => {
    expect(await runWith({}, ['list', '--data', dataDir])).toMatchObject({ code: 78, err: expect.stringContaining('No park runs on') });
    const server = await preparePostgres(join(dataDir, 'postgres'), await freePort(), { fsync: 'off' });
    const child = spawn(server.command, server.args, { uid: server.uid, gid: server.gid, stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      await waitForPostgres(server.url);
      await setup(server.url, dataDir);
      const listed = await runWith({}, ['list', '--data', dataDir]);
      expect(listed.out.trim().split('\n').map((line) => line.split('\t').slice(0, 4))).toEqual([2024, 2025, 2026].map((year) => [String(year), 'v1', 'ok', 'park']));
    } finally {
      child.kill('SIGINT');
      await ended;
    }
    expect(await runWith({}, ['list', '--data', dataDir])).toMatchObject({ code: 78 });
  }, 120_000);

  test('says how it is used, and what is not there', async () => {
    expect(await run()).toMatchObject({ code: 64 });
    expect(await run('import')).toMatchObject({ code: 64 });
    expect(await run('list', '--what')).toMatchObject({ code: 64 });
    expect(await run('export', '1999')).toMatchObject({ code: 1, err: expect.stringContaining('not loaded') });
    expect(await run('import', join(dataDir, 'nothing.json'))).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') });
  }, 60_000);
});
