import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DemoAccount } from '../../deploy/demo-park/seed.ts';
import { seedDemoPark } from '../../deploy/demo-park/seed.ts';
import { PEOPLE } from '../../deploy/demo-park/park.ts';
import { verifyPassword } from '../../platform/passwords.ts';
import type { Database } from '../../prisma/client.ts';
import { setup } from '../../prisma/setup.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';

let testDatabase: TestDatabase;
let database: Database;
let dataDir: string;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-seed-'));
});
afterAll(async () => {
  await testDatabase.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const count = async (table: string): Promise<number> => Number((await database.pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]!.n);
const accounts = async (): Promise<DemoAccount[]> => JSON.parse(await readFile(join(dataDir, 'demo-accounts.json'), 'utf8')) as DemoAccount[];
/** Every row with the transaction that wrote it: shows any write, even of equal content. */
const versions = async (): Promise<unknown> => {
  const tables = ['park', 'zone', 'organisation', 'unit', 'asset', 'gateway', 'sensor', 'person', 'membership', 'account', 'flow_version', 'rule_version', 'statutory_calendar', 'statutory_calendar_key'];
  return Promise.all(tables.map(async (t) => [t, (await database.pool.query<{ v: string }>(`SELECT xmin::text || ctid::text AS v FROM ${t} ORDER BY ctid`)).rows.map((r) => r.v)]));
};

describe('setup of an empty database', () => {
  test('creates the offices and one account with a random password that must be changed', async () => {
    const first = await setup(testDatabase.url, dataDir);
    expect(first.adminSecret).toMatchObject({ username: 'admin' });
    expect(first.adminSecret!.password.length).toBeGreaterThanOrEqual(20);
    const { rows } = await database.pool.query<{ password_hash: string; must_change_password: boolean; role: string }>(
      'SELECT a.password_hash, a.must_change_password, m.role FROM account a JOIN membership m ON m.person_id = a.person_id',
    );
    expect(rows).toEqual([expect.objectContaining({ must_change_password: true, role: 'park_admin' })]);
    expect(await verifyPassword(rows[0]!.password_hash, first.adminSecret!.password)).toBe(true);
    expect(rows[0]!.password_hash).not.toContain(first.adminSecret!.password);
  });

  test('changes nothing the second time, also when two run at once', async () => {
    const before = await versions();
    const again = await Promise.all([setup(testDatabase.url, dataDir), setup(testDatabase.url, dataDir)]);
    expect(again).toEqual([{ applied: [], adminSecret: null }, { applied: [], adminSecret: null }]);
    expect(await versions()).toEqual(before);
  });
});

describe('the demo park in the database', () => {
  test('is seeded whole, with its flows deployed', async () => {
    expect(await seedDemoPark(testDatabase.url, dataDir)).toMatchObject({ flowVersion: 1 });
    expect(await count("organisation WHERE kind = 'enterprise'")).toBe(8);
    expect(await count('sensor')).toBe(60);
    expect(await count('asset')).toBe(45);
    const { rows } = await database.pool.query("SELECT kind, unit, limit_h, limit_hh, statutory FROM sensor WHERE id = 'sensor-a3-pressure'");
    expect(rows).toEqual([{ kind: 'pressure', unit: 'kPa', limit_h: 15, limit_hh: 18, statutory: true }]);
    expect(await count("rule_version WHERE active_to IS NULL AND rule_id = 'flow:a3-pressure-high:sensor-a3-pressure'")).toBe(1);
    expect(await count('organisation')).toBe(14);
  });

  test('gives every person a random password, in a file that only its owner reads', async () => {
    expect((await stat(join(dataDir, 'demo-accounts.json'))).mode & 0o777).toBe(0o600);
    const list = await accounts();
    expect(list.map((a) => a.username).sort()).toEqual(PEOPLE.map((p) => p.username).sort());
    expect(new Set(list.map((a) => a.password)).size).toBe(list.length);
    const { rows } = await database.pool.query<{ username: string; password_hash: string; must_change_password: boolean }>("SELECT username, password_hash, must_change_password FROM account WHERE username <> 'admin'");
    expect(rows).toHaveLength(list.length);
    expect(rows.every((r) => !r.must_change_password)).toBe(true);
    const one = rows.find((r) => r.username === 'han.xi')!;
    expect(await verifyPassword(one.password_hash, list.find((a) => a.username === 'han.xi')!.password)).toBe(true);
  });

  test('is not changed by a second run, nor are the passwords', async () => {
    const before = [await versions(), await accounts()];
    expect(await seedDemoPark(testDatabase.url, dataDir)).toEqual({ changed: 0, flowVersion: null });
    expect([await versions(), await accounts()]).toEqual(before);
  });

  test('brings back what differs, and leaves deployed flows alone', async () => {
    await database.pool.query("UPDATE sensor SET limit_h = 99 WHERE id = 'sensor-a3-pressure'");
    expect(await seedDemoPark(testDatabase.url, dataDir)).toEqual({ changed: 1, flowVersion: null });
    expect(await count("sensor WHERE id = 'sensor-a3-pressure' AND limit_h = 15")).toBe(1);
    expect(await count('flow_version')).toBe(1);
  });
});
