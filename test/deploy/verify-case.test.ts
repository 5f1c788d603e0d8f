/** The offline verifier as people call it. What it finds in a package is tested in test/domain/archive.test.ts. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { verifyPackage } from '../../deploy/verify-case.ts';
import type { PackageContent } from '../../domain/archive.ts';
import { NOT_INCLUDED, PACKAGE_FORMAT, packageText } from '../../domain/archive.ts';
import { chainContent } from '../../domain/chain.ts';
import type { TransitionRecord } from '../../domain/hazard-case.ts';

const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
const photo = Buffer.from('a photo');
const record: TransitionRecord = {
  seq: 1, cycle: 1, command: 'archive', commandId: 'c', from: null, to: 'archived', actorId: null, actorOrgId: null, actorRole: null, serverAt: 1_790_000_000_000, clientAt: null, clockSkew: false, reason: null, payload: { evidence: [{ sha256: sha256(photo) }] },
};
const hash = sha256(chainContent('hz', record, null));
const content: PackageContent = {
  format: PACKAGE_FORMAT, park: { id: 'park', code: 'P', name: { zh: '园区', en: 'Park' }, timezone: 'Asia/Shanghai' },
  case: {
    id: 'hz', number: 'HZ-2026-000001', tenantId: 'ent', cycle: 1, origin: 'manual', type: 'leak', grade: null, title: 't', description: 'd', statutory: false, reportedAt: 0, acceptedAt: null, archivedAt: 0, responsibleId: null,
    asset: null, zone: null, point: null,
  },
  chain: { algorithm: 'sha256', lastSeq: 1, head: hash }, transitions: [{ ...record, prevHash: null, hash }], items: [], deadlines: [], supervisions: [],
  evidence: [{ id: 'e-1', cycle: 1, purpose: 'report', sha256: sha256(photo), bytes: photo.length, mediaType: 'image/png', detail: {}, uploaderId: null, capturedAt: null, recordedAt: 0, supersedesId: null, supersededById: null }],
  notices: [], rules: [], policy: { id: 'default', content: {} }, calendars: [], decisions: [], refusals: [], people: [], organisations: [], notIncluded: NOT_INCLUDED,
};
const text = packageText(content, sha256);

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parkwarden-verify-'));
  await writeFile(join(dir, 'good.json'), text);
  await writeFile(join(dir, 'bad.json'), text.replace('"seq":1', '"seq":2'));
  await mkdir(join(dir, 'store', 'ab', 'cd'), { recursive: true });
  await writeFile(join(dir, 'store', 'ab', 'cd', sha256(photo)), photo);
  await writeFile(join(dir, 'store', 'ab', 'cd', `${sha256(photo)}.view`), 'a copy without metadata');
  await mkdir(join(dir, 'changed'));
  await writeFile(join(dir, 'changed', `${sha256(photo)}.jpg`), 'another photo');
  await mkdir(join(dir, 'empty'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const call = (...args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../deploy/verify-case.ts'), ...args], { cwd: dir }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out: stdout + stderr });
    });
  });

test('a good package', async () => {
  expect(await call('good.json')).toEqual({ code: 0, out: expect.stringMatching(/^OK\. HZ-2026-000001, cycle 1: 1 transitions, 1 evidence files not looked at; chain ends with [0-9a-f]{64}; file [0-9a-f]{64}\n$/) });
  expect(await call('good.json', '--evidence', 'store', '--sha256', sha256(text))).toEqual({ code: 0, out: expect.stringContaining('1 evidence files;') });
});

test('a bad one is named, with an exit code of its own', async () => {
  expect(await call('bad.json')).toEqual({ code: 1, out: expect.stringMatching(/^NOT VERIFIED\. transition 2 stands where 1 is expected/) });
  expect(await call('good.json', '--sha256', 'a'.repeat(64))).toEqual({ code: 1, out: expect.stringContaining('NOT VERIFIED. file has the SHA-256') });
  expect(await call('good.json', '--evidence', 'empty')).toEqual({ code: 1, out: expect.stringContaining('NOT VERIFIED. evidence e-1') });
  expect(await call('good.json', '--evidence', 'changed')).toEqual({ code: 1, out: expect.stringContaining('was changed') });
});

test('a wrong call and a file that cannot be read are not a verdict', async () => {
  for (const args of [[], ['a', 'b'], ['good.json', '--sha256', 'x'], ['good.json', '--unknown']]) expect(await call(...args)).toMatchObject({ code: 64, out: expect.stringContaining('usage') });
  expect((await call('none.json')).code).toBe(66);
  expect((await call('good.json', '--evidence', 'nowhere')).code).toBe(66);
});

test('bytes that are no UTF-8, and a byte order mark, are found', async () => {
  expect(await verifyPackage(Buffer.concat([Buffer.from(text.slice(0, 40)), Buffer.from([0xff]), Buffer.from(text.slice(40))]))).toMatchObject({ problem: { record: 'file', what: 'is not UTF-8' } });
  expect(await verifyPackage(Buffer.from(`\ufeff${text}`))).toMatchObject({ problem: { record: 'file' } });
  expect(await verifyPackage(Buffer.from(text))).toMatchObject({ problem: null });
});
