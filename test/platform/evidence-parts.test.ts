/** Unfinished uploads on the disk: where they stand, who may write into which, what is thrown away. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from '@jest/globals';
import type { EvidenceParts, Piece } from '../../platform/evidence-parts.ts';
import { openEvidenceParts } from '../../platform/evidence-parts.ts';

const FILE = Buffer.from('a file of fifty bytes, of which twenty come first..');
const TOTAL = FILE.length;
const HASH = createHash('sha256').update(FILE).digest('hex');
const LIMITS = { unfinishedMs: 60_000, personFiles: 3, personBytes: 100, allBytes: 250, freeBytes: 0 };

let root: string;
let parts: EvidenceParts;
const made: string[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parkwarden-parts-'));
  made.push(root);
  parts = await openEvidenceParts(root, LIMITS);
});
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

async function* coming(bytes: Buffer, error?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7);
  if (error) throw error;
}
const piece = (start: number, end: number, more: Partial<Piece> = {}): Piece => ({ start, end, total: TOTAL, content: coming(FILE.subarray(start, end)), refuseHead: () => null, ...more });
const append = (owner: string, p: Piece, anew = false) => parts.append(owner, HASH, p, anew);
const files = async (): Promise<string[]> => (await readdir(root, { recursive: true, withFileTypes: true })).filter((f) => !f.isDirectory()).map((f) => f.name);

test('pieces in their order are the file; its hash is that of what is on the disk', async () => {
  expect(await append('p', piece(0, 20))).toMatchObject({ ok: true, complete: false, part: { received: 20 } });
  expect(await append('p', piece(20, TOTAL))).toMatchObject({ ok: true, complete: true, part: { received: TOTAL } });
  const part = (await parts.find('p', HASH))!;
  expect(await parts.hasHash(part, HASH)).toBe(true);
  await writeFile(part.path, FILE.toString().replace('fifty', 'sixty'));
  expect(await parts.hasHash(part, HASH)).toBe(false);
});

test('another process goes on where the file ends', async () => {
  await append('p', piece(0, 20));
  parts = await openEvidenceParts(root, LIMITS);
  expect(await parts.find('p', HASH)).toMatchObject({ received: 20, total: TOTAL });
  expect(await append('p', piece(20, TOTAL))).toMatchObject({ ok: true, complete: true });
});

test('a gap, an overlap and a first piece that is not the first change nothing', async () => {
  expect(await append('p', piece(10, 20))).toEqual({ ok: false, reason: 'offset', received: 0 });
  await append('p', piece(0, 20));
  for (const [from, to] of [[21, 30], [19, 30], [0, 20]] as const) expect(await append('p', piece(from, to))).toEqual({ ok: false, reason: 'offset', received: 20 });
  expect(await parts.find('p', HASH)).toMatchObject({ received: 20 });
  expect(await append('p', piece(20, TOTAL))).toMatchObject({ ok: true, complete: true });
});

test.each([
  ['longer than it says', piece(20, 30, { content: coming(FILE.subarray(20, 31)) })],
  ['shorter than it says', piece(20, 30, { content: coming(FILE.subarray(20, 29)) })],
  ['of another total', piece(20, 30, { total: TOTAL + 1 })],
])('a piece %s ends the upload, and nothing of it is kept', async (_what, lie) => {
  await append('p', piece(0, 20));
  expect(await append('p', lie)).toEqual({ ok: false, reason: 'range' });
  expect(await files()).toEqual([]);
});

test('of a piece that breaks off, what came is kept', async () => {
  const broken = await append('p', piece(0, 40, { content: coming(FILE.subarray(0, 28), new Error('gone')) }));
  expect(broken).toEqual({ ok: false, reason: 'broken', received: 28 });
  expect(await append('p', piece(28, TOTAL))).toMatchObject({ ok: true, complete: true });
});

test('the first bytes are asked about once, also when they come in two pieces; refused, nothing is kept', async () => {
  const heads: string[] = [];
  const refuseHead = (head: Buffer): string | null => {
    heads.push(head.toString());
    return head.toString().startsWith('a file') ? null : 'no';
  };
  await append('p', piece(0, 5, { refuseHead }));
  await append('p', piece(5, 30, { refuseHead }));
  await append('p', piece(30, TOTAL, { refuseHead }));
  expect(heads).toEqual([FILE.subarray(0, 16).toString()]);
  expect(await append('q', piece(0, TOTAL, { content: coming(Buffer.alloc(TOTAL, 'x')), refuseHead }))).toEqual({ ok: false, reason: 'head', why: 'no' });
  expect(await append('q', { ...piece(0, 3), total: 3, content: coming(Buffer.from('xyz')), refuseHead })).toEqual({ ok: false, reason: 'head', why: 'no' });
  expect(await files()).toHaveLength(1);
});

test('two people with one hash do not touch each other', async () => {
  await append('p', piece(0, 20));
  await append('q', piece(0, 30, { content: coming(Buffer.alloc(30, 'z')) }));
  await append('p', piece(20, TOTAL));
  expect(await parts.hasHash((await parts.find('p', HASH))!, HASH)).toBe(true);
  await parts.discard('q', HASH);
  expect(await parts.find('p', HASH)).toMatchObject({ received: TOTAL });
});

test('one person, and all together, can begin so much and no more; what is finished or thrown away makes room', async () => {
  const hash = (n: number): string => String(n).padStart(64, '0');
  const begin = (owner: string, n: number, total = 50) => parts.append(owner, hash(n), { ...piece(0, 10), total }, false);
  // At once: none of them may overlook the others.
  const outcomes = await Promise.all([1, 2, 3].map((n) => begin('p', n)));
  expect(outcomes.filter((o) => o.ok)).toHaveLength(2);
  expect(outcomes.find((o) => !o.ok)).toEqual({ ok: false, reason: 'quota' });
  // Whichever of them came first.
  await parts.discard('p', hash(1 + outcomes.findIndex((o) => o.ok)));
  expect(await begin('p', 4)).toMatchObject({ ok: true });
  expect(await begin('q', 5, 100)).toMatchObject({ ok: true });
  expect(await begin('r', 6, 60)).toEqual({ ok: false, reason: 'full' });
  expect(await begin('r', 7, 20)).toMatchObject({ ok: true });
  // However small they are.
  for (const n of [8, 9]) expect(await begin('r', n, 10)).toMatchObject({ ok: true });
  expect(await begin('r', 10, 10)).toEqual({ ok: false, reason: 'quota' });
});

test('begun anew, the first attempt is forgotten', async () => {
  await append('p', piece(0, 20, { content: coming(Buffer.alloc(20, 'z')) }));
  expect(await append('p', piece(0, TOTAL), true)).toMatchObject({ ok: true, complete: true });
  expect(await parts.hasHash((await parts.find('p', HASH))!, HASH)).toBe(true);
  expect(await files()).toHaveLength(1);
});

test('what nobody has touched for long is thrown away', async () => {
  await append('p', piece(0, 20));
  await append('q', piece(0, 20));
  const old = new Date(Date.now() - LIMITS.unfinishedMs - 1000);
  await utimes((await parts.find('p', HASH))!.path, old, old);
  expect(await parts.sweep()).toBe(1);
  expect(await parts.find('p', HASH)).toBeNull();
  expect(await parts.find('q', HASH)).toMatchObject({ received: 20 });
});

test('too little left on the disk: refused before anything is written', async () => {
  parts = await openEvidenceParts(root, { ...LIMITS, freeBytes: Number.MAX_SAFE_INTEGER });
  expect(await append('p', piece(0, 20))).toEqual({ ok: false, reason: 'full' });
  expect(await files()).toEqual([]);
});

(process.platform === 'linux' ? test : test.skip)('the disk full in the middle: refused, and the room is given back', async () => {
  const path = join(root, createHash('sha256').update('p').digest('hex').slice(0, 32), `${HASH}.${TOTAL}`);
  await mkdir(dirname(path), { recursive: true });
  await symlink('/dev/full', path);
  expect(await append('p', piece(0, 20))).toEqual({ ok: false, reason: 'full' });
  expect(await files()).toEqual([]);
});

test('a later holder has the earlier one let go, and waits for its end', async () => {
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = parts.hold('p', HASH, () => { order.push('asked'); gate.resolve(); }, async () => {
    await gate.promise;
    order.push('first ends');
    throw new Error('broken');
  });
  const second = parts.hold('p', HASH, () => {}, async () => void order.push('second'));
  await expect(first).rejects.toThrow('broken');
  await second;
  expect(order).toEqual(['asked', 'first ends', 'second']);
});
