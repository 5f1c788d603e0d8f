/**
 * Puts the demo park into a database that prisma/setup.ts has prepared: registry, people, accounts, and the first flows
 * where none are deployed yet. One transaction; a second run changes nothing.
 *
 * The accounts' random passwords are in DATA_DIR/demo-accounts.json (mode 0600) and nowhere else in clear. The last line
 * on stdout is JSON: `{"changed": number, "flowVersion": number | null}`; flowVersion is that of flows deployed in this run.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { loadConfig } from '../../platform/config.ts';
import { hashPassword } from '../../platform/passwords.ts';
import { openDatabase } from '../../prisma/client.ts';
import { deployFlows } from '../../prisma/flow-store.ts';
import type { PersonSeed } from './park.ts';
import { ASSETS, GATEWAYS, ORGANISATIONS, PARK, PEOPLE, SENSORS, UNITS, ZONES } from './park.ts';

/** As in DATA_DIR/demo-accounts.json. */
export interface DemoAccount { username: string; password: string; role: string; orgId: string; nameZh: string }

type Cell = string | number | boolean | null | object;

/** Inserts or brings up to date; gives the number of rows that were not already so. */
const upsert = async (client: pg.ClientBase, table: string, rows: readonly Record<string, Cell>[]): Promise<number> => {
  let changed = 0;
  for (const row of rows) {
    const names = Object.keys(row);
    const others = names.filter((n) => n !== 'id');
    const { rowCount } = await client.query(
      `INSERT INTO ${table} AS t (${names.join(', ')}) VALUES (${names.map((_, i) => `$${i + 1}`).join(', ')})
       ON CONFLICT (id) DO UPDATE SET ${others.map((n) => `${n} = excluded.${n}`).join(', ')}
       WHERE (${others.map((n) => `t.${n}`).join(', ')}) IS DISTINCT FROM (${others.map((n) => `excluded.${n}`).join(', ')})`,
      names.map((n) => (typeof row[n] === 'object' && row[n] !== null ? JSON.stringify(row[n]) : row[n])),
    );
    changed += rowCount ?? 0;
  }
  return changed;
};

const names = (x: { nameZh: string; nameEn: string }) => ({ name_zh: x.nameZh, name_en: x.nameEn });

const seedRegistry = async (client: pg.ClientBase): Promise<number> => {
  let changed = 0;
  const add = async (table: string, rows: readonly Record<string, Cell>[]): Promise<void> => { changed += await upsert(client, table, rows); };
  await add('park', [{ id: PARK.id, code: PARK.code, ...names(PARK), timezone: PARK.timezone, boundary: PARK.boundary }]);
  await add('zone', ZONES.map((z) => ({ id: z.id, park_id: PARK.id, code: z.code, ...names(z), polygon: z.polygon, elevation_m: z.elevationM })));
  await add('organisation', ORGANISATIONS.map((o) => ({ id: o.id, park_id: PARK.id, kind: o.kind, code: o.code, ...names(o), safety_rating: o.safetyRating })));
  await add('unit', UNITS.map((u) => ({ id: u.id, tenant_id: u.tenantId, zone_id: u.zoneId, code: u.code, ...names(u) })));
  await add('asset', ASSETS.map((a) => ({ id: a.id, tenant_id: a.tenantId, zone_id: a.zoneId, unit_id: a.unitId, kind: a.kind, code: a.code, ...names(a), substance: a.substance, point: a.point })));
  await add('gateway', GATEWAYS.map((g) => ({ id: g.id, tenant_id: g.tenantId, ...names(g) })));
  await add('sensor', SENSORS.map((s) => ({
    id: s.id, tenant_id: s.tenantId, asset_id: s.assetId, gateway_id: s.gatewayId, point: s.point, kind: s.kind, unit: s.unit, ...names(s), range_low: s.range[0], range_high: s.range[1],
    limit_ll: s.limits.LL ?? null, limit_l: s.limits.L ?? null, limit_h: s.limits.H ?? null, limit_hh: s.limits.HH ?? null, statutory: s.statutory, legal_basis: s.legalBasis, interval_s: s.intervalS,
  })));
  await add('person', PEOPLE.map((p) => ({ id: p.id, ...names(p) })));
  await add('membership', PEOPLE.flatMap((p) => p.memberships.map((m) => ({ id: `${p.id}.${m.orgId}.${m.role}`, person_id: p.id, org_id: m.orgId, role: m.role }))));
  return changed;
};

const accountOf = (p: PersonSeed, password: string): DemoAccount => ({ username: p.username, password, role: p.memberships[0]!.role, orgId: p.memberships[0]!.orgId, nameZh: p.nameZh });

/**
 * Creates the accounts that are missing. Their passwords are on disk before they are in the database, so that a kill
 * between the two leaves no account that nobody can enter.
 */
const seedAccounts = async (client: pg.ClientBase, dataDir: string): Promise<number> => {
  const { rows } = await client.query<{ username: string }>('SELECT username FROM account');
  const missing = PEOPLE.filter((p) => !rows.some((r) => r.username === p.username));
  if (missing.length === 0) return 0;
  const file = join(dataDir, 'demo-accounts.json');
  const written = JSON.parse(await readFile(file, 'utf8').catch(() => '[]')) as DemoAccount[];
  const accounts = new Map(written.map((a) => [a.username, a]));
  for (const p of missing) if (!accounts.has(p.username)) accounts.set(p.username, accountOf(p, randomBytes(15).toString('base64url')));
  await mkdir(dataDir, { recursive: true });
  await writeFile(`${file}.new`, `${JSON.stringify([...accounts.values()], null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  const hashes = await Promise.all(missing.map((p) => hashPassword(accounts.get(p.username)!.password)));
  for (const [i, p] of missing.entries()) {
    await client.query('INSERT INTO account (id, person_id, username, password_hash, must_change_password) VALUES ($1, $2, $3, $4, false)', [`account-${p.id}`, p.id, p.username, hashes[i]]);
  }
  return missing.length;
};

export const readFlows = async (): Promise<unknown[]> => JSON.parse(await readFile(join(import.meta.dirname, 'flows.json'), 'utf8')) as unknown[];

export const seedDemoPark = async (databaseUrl: string, dataDir: string): Promise<{ changed: number; flowVersion: number | null }> => {
  const database = openDatabase({ url: databaseUrl, defaultScope: 'service', maxConnections: 1, applicationName: 'parkwarden-seed' });
  try {
    return await database.pgTransaction({ scope: 'service' }, async (client) => {
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('setup', 0))");
      const changed = (await seedRegistry(client)) + (await seedAccounts(client, dataDir));
      const { rowCount } = await client.query('SELECT FROM flow_version LIMIT 1');
      if (rowCount !== 0) return { changed, flowVersion: null };
      const deployed = await deployFlows(client, { flows: await readFlows(), author: null, note: '示范园区 / demo park' });
      if (!deployed.ok) throw new Error(`flows.json is refused: ${JSON.stringify(deployed)}`);
      return { changed: changed + 1, flowVersion: deployed.value.version };
    });
  } finally {
    await database.close();
  }
};

if (import.meta.main) {
  const config = loadConfig();
  if (!config.DATABASE_URL) {
    console.error('DATABASE_URL is not set: the demo park is seeded by `npm start`, or give the database.');
    process.exit(78);
  }
  console.log(JSON.stringify(await seedDemoPark(config.DATABASE_URL, config.DATA_DIR)));
}
