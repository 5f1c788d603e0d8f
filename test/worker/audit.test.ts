/** `npm run audit` as its own process, on a real database, with the engine away. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import type { SignedSelfAudit } from '../../domain/self-audit.ts';
import { INVARIANT_IDS } from '../../domain/self-audit.ts';
import { openSigningKey } from '../../platform/signing-key.ts';
import { buildRichPark, settleRichPark } from '../activities/audit/rich-park.ts';
import type { RichPark } from '../activities/audit/rich-park.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';

const script = resolve(import.meta.dirname, '../../worker/audit.ts');
let testDatabase: TestDatabase;
let park: RichPark;
let superuser: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  park = await buildRichPark(testDatabase.open());
  superuser = new pg.Client({ connectionString: testDatabase.url });
  await superuser.connect();
  await superuser.query(settleRichPark);
}, 120_000);
afterAll(async () => {
  await superuser?.end();
  await testDatabase?.drop();
  if (park) await rm(park.dataDir, { recursive: true, force: true });
});

const audit = (args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> =>
  new Promise((done) => {
    execFile(process.execPath, [script, ...args], { env: { PATH: process.env.PATH ?? '', DATA_DIR: park.dataDir, DATABASE_URL: testDatabase.url, ...env } }, (error, out, err) => done({ code: typeof error?.code === 'number' ? error.code : 0, out, err }));
  });

test('a park in order: all that can be looked at is ok, the engine is not checked, and the signed report says so', async () => {
  const { code, out } = await audit([]);
  expect(out).toMatch(/record-chain-whole +ok/);
  expect(out).toMatch(/engine-open-case-runs +NOT CHECKED/);
  expect(out).toMatch(new RegExp(`${INVARIANT_IDS.length} invariants .* 0 violated`));
  expect(code).toBe(3);

  const folder = join(park.dataDir, 'audit');
  const [name] = await readdir(folder);
  const file = join(folder, name!);
  const { report, signature } = JSON.parse(await readFile(file, 'utf8')) as SignedSelfAudit;
  const { rows } = await superuser.query('SELECT outcome, violated, not_checked, report, signature FROM audit_report WHERE id = $1', [report.reportId]);
  expect(rows).toEqual([{ outcome: 'not_checked', violated: 0, not_checked: INVARIANT_IDS.filter((id) => id.startsWith('engine-')).length, report, signature: signature.value }]);
  // Somebody at the screen asked for it: it is nobody's task.
  expect((await superuser.query(`SELECT FROM task WHERE dedupe_key LIKE 'self-audit/%'`)).rowCount).toBe(0);

  expect(await audit(['--verify', file])).toMatchObject({ code: 0, out: expect.stringContaining('verifies') });
  const changed = join(park.dataDir, 'changed.json');
  await writeFile(changed, (await readFile(file, 'utf8')).replace('"not_checked"', '"ok"'));
  expect(await audit(['--verify', changed])).toMatchObject({ code: 2, out: expect.stringContaining('changed after it was signed') });
  await writeFile(changed, 'no report');
  expect(await audit(['--verify', changed])).toMatchObject({ code: 2, out: expect.stringContaining('no report of a self-audit') });

  // An outsider has only the public key, and no data folder of this park.
  const elsewhere = await mkdtemp(join(tmpdir(), 'parkwarden-audit-key-'));
  try {
    const key = join(elsewhere, 'park.pem');
    await writeFile(key, signature.publicKey);
    expect(await audit(['--verify', file, '--key', key], { DATA_DIR: elsewhere })).toMatchObject({ code: 0 });
    expect(await audit(['--verify', file], { DATA_DIR: elsewhere })).toMatchObject({ code: 3, err: expect.stringContaining('--key') });
    await writeFile(key, (await openSigningKey(elsewhere)).publicKey);
    expect(await audit(['--verify', file, '--key', key])).toMatchObject({ code: 2, out: expect.stringContaining('another key') });
  } finally {
    await rm(elsewhere, { recursive: true, force: true });
  }
}, 60_000);

test('a violation is named with its record, outweighs what was not checked, and ends with code 2', async () => {
  await superuser.query(`SET session_replication_role = replica; UPDATE evidence SET sha256 = repeat('f', 64) WHERE hazard_id = '${park.cases.dispatched}'`);
  try {
    const { code, out } = await audit(['--out', join(park.dataDir, 'mine.json'), '--every-file']);
    expect(code).toBe(2);
    expect(out).toMatch(/evidence-on-record +VIOLATED 不符 +1/);
    expect(out).toMatch(/evidence\/[0-9a-f-]{36}/);
    expect(await audit(['--verify', join(park.dataDir, 'mine.json')])).toMatchObject({ code: 0, out: expect.stringContaining('violated') });
  } finally {
    await superuser.query(`UPDATE evidence SET sha256 = '${park.photo.sha256}' WHERE sha256 = repeat('f', 64)`);
  }
}, 60_000);

test('without a database, or called wrongly, it says so and never "ok"', async () => {
  expect(await audit([], { DATABASE_URL: 'postgresql://nobody@127.0.0.1:9/none' })).toMatchObject({ code: 3, err: expect.stringContaining('cannot be read') });
  expect(await audit([], { DATABASE_URL: '' })).toMatchObject({ code: 78, err: expect.stringContaining('No park runs') });
  expect(await audit(['--all'])).toMatchObject({ code: 64 });
}, 60_000);
