/** The portal's uploads against the real API, over a line that breaks. */
import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import { EVIDENCE_LIMITS, UPLOAD_LIMITS } from '../../domain/evidence.ts';
import { setCsrfToken } from '../../portal/src/api/client.ts';
import type { UploadProgress } from '../../portal/src/api/uploads.ts';
import { sha256Of, uploadFile } from '../../portal/src/api/uploads.ts';
import type { World } from '../api/world.ts';
import { startWorld } from '../api/world.ts';
import { smallVideo } from '../platform/media-files.ts';

type Call = { method: string; range: string | null; bytes: number };
/** What happens to the n-th call: it never arrives, or its answer gets lost. */
type Fault = 'lost' | 'answer lost' | undefined;

let w: World;
const realFetch = globalThis.fetch;
let calls: Call[] = [];
let faults: (call: Call, n: number) => Fault = () => undefined;

beforeAll(async () => {
  w = await startWorld({ registerWaitMs: 0 });
  const { cookie, csrf } = await w.as(w.park.people.inspector);
  setCsrfToken(csrf);
  globalThis.fetch = async (path, init) => {
    const headers = new Headers(init?.headers);
    const body = init?.body as Blob | undefined;
    const call: Call = { method: init?.method ?? 'GET', range: headers.get('Content-Range'), bytes: body?.size ?? 0 };
    const fault = faults(call, calls.push(call));
    if (fault === 'lost') throw new TypeError('fetch failed');
    headers.set('Cookie', cookie);
    const response = await realFetch(w.base + String(path), { ...init, headers });
    if (fault === 'answer lost') throw new TypeError('fetch failed');
    return response;
  };
});
afterEach(() => {
  calls = [];
  faults = () => undefined;
});
afterAll(async () => {
  globalThis.fetch = realFetch;
  await w?.close();
});

const waits: number[] = [];
const pause = async (ms: number): Promise<void> => void waits.push(ms);
const fileOf = (bytes: Buffer, name: string, type: string): File => new File([new Uint8Array(bytes)], name, { type, lastModified: Date.parse('2026-11-24T02:00:00Z') });
const video = (seed: string): { file: File; hash: string } => {
  const bytes = smallVideo(seed.repeat(Math.ceil((2.5 * UPLOAD_LIMITS.chunkBytes) / seed.length)));
  return { file: fileOf(bytes, 'valve.mp4', 'video/mp4'), hash: createHash('sha256').update(bytes).digest('hex') };
};

test('a hash is the same in pieces as in one', async () => {
  const { file, hash } = video('any words at all ');
  expect(await sha256Of(file)).toBe(hash);
  expect(await sha256Of(new Blob([]))).toBe(createHash('sha256').digest('hex'));
});

test('a photo is one call; when its answer is lost, it is asked for again', async () => {
  const file = fileOf(makePhoto('portal'), 'photo.png', 'image/png');
  expect(await uploadFile(file, undefined, pause)).toEqual({ sha256: await sha256Of(file), mediaType: 'image/png', capturedAt: '2026-11-24T02:00:00.000Z' });
  expect(calls).toEqual([{ method: 'PUT', range: null, bytes: file.size }]);
  calls = [];
  faults = (_, n) => (n === 1 ? 'answer lost' : undefined);
  await uploadFile(file, undefined, pause);
  expect(calls.map((c) => [c.method, c.range])).toEqual([['PUT', null], ['HEAD', null], ['PUT', `bytes */${file.size}`]]);
});

test('a video goes in pieces over a line that breaks again and again; no piece that arrived is sent twice, and progress only grows', async () => {
  const { file, hash } = video('frame by frame ');
  faults = (_, n) => (n === 3 || n === 4 ? 'lost' : n === 7 ? 'answer lost' : undefined);
  const seen: UploadProgress[] = [];
  expect(await uploadFile(file, (progress) => seen.push(progress), pause)).toMatchObject({ sha256: hash, mediaType: 'video/mp4' });
  const [size, chunk] = [file.size, UPLOAD_LIMITS.chunkBytes];
  expect(calls.map((c) => [c.method, c.range])).toEqual([
    ['HEAD', null],
    ['PUT', `bytes 0-${chunk - 1}/${size}`],
    ['PUT', `bytes ${chunk}-${2 * chunk - 1}/${size}`],
    ['HEAD', null],
    ['HEAD', null],
    ['PUT', `bytes ${chunk}-${2 * chunk - 1}/${size}`],
    ['PUT', `bytes ${2 * chunk}-${size - 1}/${size}`],
    ['HEAD', null],
    ['PUT', `bytes */${size}`],
  ]);
  expect(Math.max(...calls.map((c) => c.bytes))).toBe(chunk);
  expect(waits.length).toBeGreaterThanOrEqual(3);
  for (const stages of [['hashing'], ['sending', 'waiting']]) {
    const done = seen.filter((p) => stages.includes(p.stage)).map((p) => p.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  }
  expect(seen.map((p) => p.stage)).toEqual(expect.arrayContaining(['hashing', 'sending', 'waiting']));
});

test('chosen again after the page was closed, a video goes on where it stood', async () => {
  const { file, hash } = video('another film ');
  faults = (_, n) => (n >= 3 ? 'lost' : undefined);
  await expect(uploadFile(file, undefined, pause)).rejects.toMatchObject({ status: 0, code: 'network.unreachable' });
  calls = [];
  faults = () => undefined;
  expect((await uploadFile(file, undefined, pause)).sha256).toBe(hash);
  expect(calls[1]!.range).toBe(`bytes ${UPLOAD_LIMITS.chunkBytes}-${2 * UPLOAD_LIMITS.chunkBytes - 1}/${file.size}`);
});

test('a refusal is told at once and not tried again; what is too large is not even hashed', async () => {
  await expect(uploadFile(fileOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'x.png', 'image/png'), undefined, pause)).rejects.toMatchObject({ code: 'blob.media_type' });
  expect(calls).toHaveLength(1);
  const seen: UploadProgress[] = [];
  await expect(uploadFile(fileOf(Buffer.alloc(EVIDENCE_LIMITS.photoBytes + 1), 'x.png', 'image/png'), (p) => seen.push(p), pause)).rejects.toMatchObject({ code: 'blob.too_large' });
  expect([calls.length, seen]).toEqual([1, []]);
});
