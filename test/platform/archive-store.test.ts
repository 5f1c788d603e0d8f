import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ArchiveStore } from '../../platform/archive-store.ts';
import { openArchiveStore } from '../../platform/archive-store.ts';

let dir: string;
let store: ArchiveStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parkwarden-store-'));
  store = openArchiveStore(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));
const pathOf = (sha256: string): string => join(dir, 'archive', sha256.slice(0, 2), sha256.slice(2, 4), sha256);

test('a file is kept once under its hash, and nothing half written stays', async () => {
  const content = Buffer.from('a package');
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await Promise.all([store.put(content), store.put(content)])).toEqual([sha256, sha256]);
  expect(await readFile(pathOf(sha256))).toEqual(content);
  expect(await store.size(sha256)).toBe(content.length);
  expect(await store.load(sha256)).toEqual(content);
  expect(Buffer.concat(await store.stream(sha256).toArray() as Buffer[])).toEqual(content);
  expect(await readdir(join(dir, 'archive', 'tmp'))).toEqual([]);
});

test('what a killed process left half written goes after a day, and not before', async () => {
  const tmp = join(dir, 'archive', 'tmp');
  await writeFile(join(tmp, 'fresh'), 'x');
  await writeFile(join(tmp, 'old'), 'x');
  const old = new Date(Date.now() - 25 * 60 * 60_000);
  await utimes(join(tmp, 'old'), old, old);
  await openArchiveStore(dir).put(Buffer.from('a package'));
  expect(await readdir(tmp)).toEqual(['fresh']);
  await rm(join(tmp, 'fresh'));
});

test('what was changed on disk is found, what is not there is nothing', async () => {
  const sha256 = await store.put(Buffer.from('another package'));
  expect(await store.isIntact(sha256)).toBe(true);
  await writeFile(pathOf(sha256), 'another Package');
  expect(await store.isIntact(sha256)).toBe(false);
  await expect(store.load(sha256)).rejects.toThrow('was changed');
  // Put again it is whole again.
  await store.put(Buffer.from('another package'));
  expect(await store.isIntact(sha256)).toBe(true);
  const none = 'a'.repeat(64);
  expect([await store.size(none), await store.isIntact(none)]).toEqual([null, false]);
  await expect(store.load(none)).rejects.toThrow();
});

test('a name that is no hash reaches no file', async () => {
  for (const name of ['../../etc/passwd', '', 'A'.repeat(64), `${'a'.repeat(63)}/`]) {
    expect(() => store.stream(name)).toThrow('not a SHA-256');
    await expect(store.isIntact(name)).rejects.toThrow('not a SHA-256');
  }
});
