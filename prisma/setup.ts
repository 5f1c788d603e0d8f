/**
 * Brings the database to where the park can run: migrations, the statutory calendars that ship with the product, and on a
 * new database the park's own organisations and the first account. Safe to run at every start; changes nothing the second time.
 *
 * The last line on stdout is JSON: `{"applied": string[], "adminSecret": {"username", "password"} | null}`. adminSecret is
 * there only in the run that created the first account; the password is stored nowhere in clear.
 * `--demo` and `--empty` are taken so that the caller's words can be passed on; the demo park itself is seeded by
 * deploy/demo-park/seed.ts.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { loadConfig } from '../platform/config.ts';
import { hashPassword } from '../platform/passwords.ts';
import { openSigningKey } from '../platform/signing-key.ts';
import { loadShippedCalendars } from './calendars.ts';
import { openDatabase } from './client.ts';
import { applyMigrations } from './migrate.ts';

/** Organisations that every park has: the codes by which notices find them. */
const PARK_ORGANISATIONS = [
  { id: 'org-park-admin', code: 'park_admin', nameZh: '园区管理委员会', nameEn: 'Park administration' },
  { id: 'org-emergency', code: 'emergency_office', nameZh: '应急管理办公室', nameEn: 'Emergency management office' },
] as const;

const PARK_ID = 'park';
const ADMIN_USERNAME = 'admin';

export interface SetupResult {
  applied: string[];
  adminSecret: { username: string; password: string } | null;
}

/** `dataDir` keeps the key that the park signs its calendars with. */
export const setup = async (databaseUrl: string, dataDir: string): Promise<SetupResult> => {
  const applied = await applyMigrations(databaseUrl);
  const database = openDatabase({ url: databaseUrl, defaultScope: 'service', maxConnections: 1, applicationName: 'parkwarden-setup' });
  try {
    const password = randomBytes(18).toString('base64url');
    const key = await openSigningKey(dataDir);
    const created = await database.pgTransaction({ scope: 'service' }, async (client) => {
      // Two starts at once create one account.
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('setup', 0))");
      await client.query(
        `INSERT INTO park (id, code, name_zh, name_en, boundary) SELECT $1, 'park', '园区', 'Park', '{"type":"Polygon","coordinates":[]}'
         WHERE NOT EXISTS (SELECT FROM park)`,
        [PARK_ID],
      );
      for (const org of PARK_ORGANISATIONS) {
        await client.query(
          `INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) SELECT $1, p.id, 'park_department', $2, $3, $4 FROM (SELECT id FROM park ORDER BY created_at LIMIT 1) p
           ON CONFLICT DO NOTHING`,
          [org.id, org.code, org.nameZh, org.nameEn],
        );
      }
      for (const { year, refusal } of await loadShippedCalendars(client, key, 'setup')) console.error(`the calendar of ${year} was not loaded: ${refusal.code}`);
      const { rowCount } = await client.query('SELECT FROM account LIMIT 1');
      if (rowCount !== 0) return false;
      const personId = randomUUID();
      await client.query("INSERT INTO person (id, name_zh, name_en) VALUES ($1, '系统管理员', 'Administrator')", [personId]);
      await client.query("INSERT INTO membership (id, person_id, org_id, role) SELECT $1, $2, id, 'park_admin' FROM organisation WHERE code = 'park_admin'", [randomUUID(), personId]);
      await client.query('INSERT INTO account (id, person_id, username, password_hash, must_change_password) VALUES ($1, $2, $3, $4, true)', [
        randomUUID(), personId, ADMIN_USERNAME, await hashPassword(password),
      ]);
      return true;
    });
    return { applied, adminSecret: created ? { username: ADMIN_USERNAME, password } : null };
  } finally {
    await database.close();
  }
};

if (import.meta.main) {
  parseArgs({ options: { demo: { type: 'boolean' }, empty: { type: 'boolean' } } });
  const { DATABASE_URL, DATA_DIR } = loadConfig();
  if (!DATABASE_URL) {
    console.error('DATABASE_URL is not set: the park is set up by `npm start`, or give the database.');
    process.exit(78);
  }
  console.log(JSON.stringify(await setup(DATABASE_URL, DATA_DIR)));
}
