/** Evidence files over HTTP: in pieces, after a broken line, after kill -9; what others see of them; what is refused. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, unlink } from 'node:fs/promises';
import type { ClientRequest } from 'node:http';
import { request } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import { EVIDENCE_LIMITS, UPLOAD_LIMITS } from '../../domain/evidence.ts';
import { animatedPng, manyFrames, photoWithExif, pixelBomb, PLACE, plainVideo, smallVideo, videoWithPlace } from '../platform/media-files.ts';
import type { Reply, World } from './world.ts';
import { countRows, startWorld, until, Visitor } from './world.ts';

let w: World;
let officer: Visitor;
let inspector: Visitor;
let admin: Visitor;
let stranger: Visitor;
let regulator: Visitor;
let dataDir: string;
beforeAll(async () => {
  w = await startWorld({ registerWaitMs: 0 });
  officer = await w.as(w.park.enterprises[0]!.officer);
  stranger = await w.as(w.park.enterprises[1]!.officer);
  inspector = await w.as(w.park.people.inspector);
  admin = await w.as(w.park.people.admin);
  regulator = await w.as(w.park.people.regulator);
  dataDir = dirname(dirname(dirname(dirname(w.deps.evidence.path('a'.repeat(64))))));
});
afterAll(() => w?.close());

const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
type Stored = { sha256: string; bytes: number; mediaType: string; offset: number; total: number };
const piece = (by: Visitor, bytes: Buffer, start: number, end: number, options: { hash?: string; total?: number; range?: string } = {}): Promise<Reply<Stored>> =>
  by.send('PUT', `/api/v1/blobs/${options.hash ?? sha256Of(bytes)}`, {
    bytes: bytes.subarray(start, end), headers: { 'Content-Type': 'application/octet-stream', 'Content-Range': options.range ?? `bytes ${start}-${end - 1}/${options.total ?? bytes.length}` },
  });
const finish = (by: Visitor, hash: string, total: number): Promise<Reply<Stored>> => by.send('PUT', `/api/v1/blobs/${hash}`, { headers: { 'Content-Range': `bytes */${total}` } });
const standing = async (by: Visitor, hash: string): Promise<{ offset: number; complete: boolean; total: number | null }> => {
  const { status, headers } = await by.send('HEAD', `/api/v1/blobs/${hash}`);
  expect(status).toBe(204);
  const total = headers.get('Upload-Length');
  return { offset: Number(headers.get('Upload-Offset')), complete: headers.get('Upload-Complete') === '?1', total: total === null ? null : Number(total) };
};
/** A call whose body the test writes by itself. */
const begin = (by: Visitor, hash: string, headers: Record<string, string | number>): ClientRequest => {
  const call = request(`${by.base}/api/v1/blobs/${hash}`, { method: 'PUT', headers: { Cookie: by.cookie, 'X-CSRF-Token': by.csrf, 'Content-Type': 'video/mp4', ...headers } });
  call.on('error', () => {});
  return call;
};
let cases = 0;
/** A case of the first enterprise with these files on record. */
const caseWith = async (...hashes: string[]): Promise<string> => {
  const id = `hz-${++cases}`;
  await w.db.pool.query(
    `INSERT INTO hazard (id, tenant_id, number, type, title, description, state, origin, seq, reported_at, snapshot, updated_at) VALUES ($1, 'ent-1', $1, 'leak', 't', 'd', 'reported', 'manual', 1, now(), '{}', now())`, [id],
  );
  for (const [i, hash] of hashes.entries()) {
    await w.db.pool.query("INSERT INTO evidence (id, tenant_id, hazard_id, purpose, sha256, media_type, detail, dedupe_key) VALUES ($1, 'ent-1', $2, 'report', $3, (SELECT media_type FROM blob WHERE sha256 = $3), '{}', $1)", [`ev-${id}-${i}`, id, hash]);
  }
  return id;
};
const download = async (by: Visitor, path: string, headers: Record<string, string> = {}): Promise<{ status: number; bytes: Buffer; headers: Record<string, string> }> => {
  const response = await fetch(`${by.base}/api/v1/blobs/${path}`, { headers: { Cookie: by.cookie, ...headers } });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()), headers: Object.fromEntries(response.headers) };
};
/** Everything in the store and in parts, by name. */
const filesOnDisk = async (): Promise<string[]> => (await readdir(join(dataDir, 'evidence'), { recursive: true, withFileTypes: true })).filter((f) => !f.isDirectory()).map((f) => f.name).sort();

describe('in pieces', () => {
  test('a file goes on where it stands, and is one file at the end', async () => {
    const bytes = makePhoto('pieces', 300, 300);
    const hash = sha256Of(bytes);
    expect(await standing(officer, hash)).toEqual({ offset: 0, complete: false, total: null });
    const first = await piece(officer, bytes, 0, 1000);
    expect(first).toMatchObject({ status: 202, body: { sha256: hash, offset: 1000, total: bytes.length } });
    expect(first.headers.get('Upload-Offset')).toBe('1000');
    expect(await standing(officer, hash)).toEqual({ offset: 1000, complete: false, total: bytes.length });
    const last = await piece(officer, bytes, 1000, bytes.length);
    expect(last).toMatchObject({ status: 201, body: { sha256: hash, bytes: bytes.length, mediaType: 'image/png' } });
    expect(await standing(officer, hash)).toEqual({ offset: bytes.length, complete: true, total: bytes.length });
    // The answer was lost, the last piece comes again; and somebody asks to finish what is finished.
    expect(await piece(officer, bytes, 1000, bytes.length)).toMatchObject({ status: 200, body: { sha256: hash } });
    expect(await finish(officer, hash, bytes.length)).toMatchObject({ status: 200, body: { sha256: hash, mediaType: 'image/png' } });
    expect((await filesOnDisk()).filter((name) => name.startsWith(hash))).toEqual([hash, `${hash}.thumbnail`, `${hash}.view`]);
  });

  test('of a line that breaks, what came is kept, also of a whole file; a new call takes over from one that hangs', async () => {
    const bytes = makePhoto('breaks', 400, 400);
    const hash = sha256Of(bytes);
    const broken = begin(officer, hash, { 'Content-Length': bytes.length });
    broken.write(bytes.subarray(0, 700));
    await until('some has arrived', async () => (await standing(officer, hash)).offset === 700);
    broken.destroy();
    const hanging = begin(officer, hash, { 'Content-Length': 500, 'Content-Range': `bytes 700-1199/${bytes.length}` });
    hanging.write(bytes.subarray(700, 900));
    await until('more has arrived', async () => (await standing(officer, hash)).offset === 900);
    expect(await piece(officer, bytes, 900, bytes.length)).toMatchObject({ status: 201, body: { sha256: hash } });
    hanging.destroy();
  });

  test('refused with a code, and nothing kept: what contradicts itself or the hash', async () => {
    const bytes = makePhoto('lies', 300, 300);
    const hash = sha256Of(bytes);
    const before = { rows: await countRows(w.db), files: await filesOnDisk() };
    const total = bytes.length;
    for (const range of ['bytes 0-9', 'bytes 9-0/100', 'bytes 0-100/100', `bytes 0-9/${total}`, 'bytes 0-99/*', 'chunks 0-99/100', 'bytes -1-98/100', 'bytes 0-99/1e3', `bytes 0-99/${'9'.repeat(20)}`, 'bytes 0-49/100, bytes 50-99/100']) {
      expect({ range, code: (await piece(officer, bytes, 0, 100, { range })).body.code }).toEqual({ range, code: 'blob.range' });
    }
    // A gap, an overlap, another total.
    expect(await piece(officer, bytes, 500, 600)).toMatchObject({ status: 409, body: { code: 'blob.offset', offset: 0 } });
    expect((await piece(officer, bytes, 0, 500)).status).toBe(202);
    const overlap = await piece(officer, bytes, 400, 600);
    expect(overlap).toMatchObject({ status: 409, body: { code: 'blob.offset', offset: 500 } });
    expect(overlap.headers.get('Upload-Offset')).toBe('500');
    expect((await finish(officer, hash, total)).body.code).toBe('blob.offset');
    expect((await piece(officer, bytes, 500, 600, { total: total + 1 })).body.code).toBe('blob.range');
    expect((await standing(officer, hash)).offset).toBe(0);
    // All of it, and it is not what its name says.
    const wrong = 'e'.repeat(64);
    expect((await piece(officer, bytes, 0, 500, { hash: wrong })).status).toBe(202);
    expect(await piece(officer, bytes, 500, total, { hash: wrong })).toMatchObject({ status: 422, body: { code: 'blob.hash_mismatch' } });
    expect({ rows: await countRows(w.db), files: await filesOnDisk() }).toEqual(before);
  });

  test('two people send the same file at once: one file, both on record; a third who sends other bytes under its hash harms nobody', async () => {
    const bytes = makePhoto('twice', 300, 300);
    const hash = sha256Of(bytes);
    for (const by of [officer, inspector]) expect((await piece(by, bytes, 0, 400)).status).toBe(202);
    const garbage = Buffer.concat([bytes.subarray(0, 400), Buffer.alloc(bytes.length - 400)]);
    const [a, b, c] = await Promise.all([piece(officer, bytes, 400, bytes.length), piece(inspector, bytes, 400, bytes.length), piece(stranger, garbage, 0, bytes.length, { hash })]);
    expect([a.status, b.status].sort()).toEqual([200, 201]);
    expect(c.body.code).toBe('blob.hash_mismatch');
    const { rows } = await w.db.pool.query<{ person_id: string }>('SELECT person_id FROM blob_upload WHERE sha256 = $1', [hash]);
    expect(rows.map((r) => r.person_id).sort()).toEqual([w.park.enterprises[0]!.officer.personId, w.park.people.inspector.personId].sort());
    expect((await readFile(w.deps.evidence.path(hash))).equals(bytes)).toBe(true);
    // Whoever has not sent it learns nothing of it.
    expect(await standing(stranger, hash)).toEqual({ offset: 0, complete: false, total: null });
    expect((await finish(stranger, hash, bytes.length)).body.code).toBe('blob.offset');
  });

  test('all has arrived and the process ended before it was a file: finished by the next call', async () => {
    const bytes = makePhoto('unfinished', 100, 100);
    const hash = sha256Of(bytes);
    const personId = w.park.enterprises[0]!.officer.personId;
    await w.deps.evidence.parts.append(personId, hash, { start: 0, end: bytes.length, total: bytes.length, content: Readable.from([bytes]), refuseHead: () => null }, false);
    expect(await standing(officer, hash)).toEqual({ offset: bytes.length, complete: false, total: bytes.length });
    expect(await finish(officer, hash, bytes.length)).toMatchObject({ status: 201, body: { mediaType: 'image/png' } });
    expect(await w.deps.evidence.parts.find(personId, hash)).toBeNull();
  });

  test('one person cannot begin without end', async () => {
    const total = EVIDENCE_LIMITS.videoBytes;
    const hash = (n: number): string => String(n).padStart(64, '7');
    const head = smallVideo().subarray(0, 100);
    const asked = Math.floor(UPLOAD_LIMITS.personBytes / total) + 1;
    for (let n = 1; n < asked; n++) expect((await piece(inspector, head, 0, 100, { hash: hash(n), total })).status).toBe(202);
    expect(await piece(inspector, head, 0, 100, { hash: hash(asked), total })).toMatchObject({ status: 429, body: { code: 'blob.quota' } });
    for (let n = 1; n < asked; n++) await w.deps.evidence.parts.discard(w.park.people.inspector.personId, hash(n));
  });

  (process.platform === 'linux' ? test : test.skip)('the disk is full: 503, nothing is stored, and later it works', async () => {
    const bytes = makePhoto('full', 200, 200);
    const hash = sha256Of(bytes);
    const rows = await countRows(w.db);
    // A device that is always full, in the place of the part.
    const part = join(dataDir, 'evidence/parts', createHash('sha256').update(w.park.enterprises[0]!.officer.personId).digest('hex').slice(0, 32), `${hash}.${bytes.length}`);
    await mkdir(dirname(part), { recursive: true });
    await symlink('/dev/full', part);
    const refused = await piece(officer, bytes, 0, bytes.length);
    expect(refused).toMatchObject({ status: 503, body: { code: 'blob.storage_full' } });
    expect(refused.headers.get('Retry-After')).toBeTruthy();
    expect((await filesOnDisk()).filter((name) => name.startsWith(hash))).toEqual([]);
    expect(await countRows(w.db)).toEqual(rows);
    expect((await piece(officer, bytes, 0, bytes.length)).status).toBe(201);
  });
});

describe('what others see', () => {
  test('a copy without time, place and words of the file; the original for two roles, on record; the claim for the park', async () => {
    const bytes = await photoWithExif('seen');
    const { sha256, mediaType } = (await officer.upload(bytes, { headers: { 'Content-Disposition': 'attachment; filename="../../x%E2%80%AEgpj.exe"' } })).body;
    expect(mediaType).toBe('image/jpeg');
    // Not yet part of a case: nobody sees it, its uploader neither.
    for (const by of [officer, inspector]) expect((await by.get(`/api/v1/blobs/${sha256}`)).body.code).toBe('blob.not_found');
    await caseWith(sha256);

    const seen = await download(officer, sha256);
    expect(seen.headers).toMatchObject({
      'content-type': 'image/jpeg', 'x-content-type-options': 'nosniff', 'content-security-policy': "sandbox; default-src 'none'", 'cache-control': 'private, max-age=3600, immutable',
      'content-disposition': `attachment; filename="${sha256.slice(0, 16)}.jpg"`, 'content-length': String(seen.bytes.length),
    });
    const metadata = await sharp(seen.bytes).metadata();
    expect([metadata.width, metadata.height, metadata.exif, metadata.orientation]).toEqual([20, 40, undefined, undefined]);
    expect(seen.bytes.toString('latin1')).not.toMatch(/script|Exif|Camera/);
    expect((await sharp((await download(officer, `${sha256}?size=thumbnail`)).bytes).metadata()).width).toBe(20);
    expect((await officer.get(`/api/v1/blobs/${sha256}?size=original`)).body.code).toBe('request.invalid');
    expect((await stranger.get(`/api/v1/blobs/${sha256}`)).body.code).toBe('blob.not_found');

    const original = await download(admin, `${sha256}/original`);
    expect(original.bytes.equals(bytes)).toBe(true);
    expect(original.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'x-content-type-options': 'nosniff', 'content-security-policy': "sandbox; default-src 'none'", 'content-disposition': `attachment; filename="${sha256.slice(0, 16)}-original.jpg"`, 'cache-control': 'no-store' });
    for (const by of [officer, inspector, regulator]) expect((await by.get(`/api/v1/blobs/${sha256}/original`)).body).toMatchObject({ code: 'permission.denied', action: 'evidence.original' });
    const { rows } = await w.db.pool.query('SELECT actor_id, outcome FROM audit_event WHERE action = $1 AND object = $2', ['evidence.original', `blob/${sha256}`]);
    expect(rows).toEqual([{ actor_id: w.park.people.admin.personId, outcome: 'ok' }]);

    const claim = await inspector.get<{ point: { coordinates: [number, number] }; camera: string }>(`/api/v1/blobs/${sha256}/claim`);
    expect(claim.body).toMatchObject({ sha256, capturedAt: '2026-11-24T01:30:00.000Z', capturedLocal: '2026-11-24T09:30:00', altitudeM: 4.5, camera: 'Camera <b> Model 1' });
    expect(claim.body.point.coordinates.map((c) => c.toFixed(3))).toEqual([PLACE.longitude.toFixed(3), PLACE.latitude.toFixed(3)]);
    expect(claim.headers.get('Content-Type')).toMatch(/^application\/json/);
    for (const by of [officer, stranger, regulator]) expect((await by.get(`/api/v1/blobs/${sha256}/claim`)).body).toMatchObject({ code: 'permission.denied', action: 'evidence.claim' });
    // Asked by itself, the database shows it to the park only.
    const shown = await Promise.all((['park', 'tenant', 'grant', 'plant'] as const).map((scope) => w.deps.database.pgTransaction({ scope, tenantId: 'ent-1' }, async (client) => (await client.query('SELECT FROM blob_claim')).rowCount! > 0)));
    expect(shown).toEqual([true, false, false, false]);
  });

  test('a video without its places, whole or by range', async () => {
    const bytes = videoWithPlace();
    const { sha256 } = (await officer.upload(bytes, { mediaType: 'video/mp4' })).body;
    await caseWith(sha256);
    const whole = await download(officer, sha256);
    expect(whole.headers).toMatchObject({ 'content-type': 'video/mp4', 'accept-ranges': 'bytes', 'content-disposition': `attachment; filename="${sha256.slice(0, 16)}.mp4"` });
    expect(whole.bytes.toString('latin1')).not.toMatch(/31\.23|PLACE|home/);
    expect(whole.bytes.toString('latin1')).toContain('PICTURES AND SOUND');
    const part = await download(officer, sha256, { Range: 'bytes=10-19' });
    expect(part).toMatchObject({ status: 206, headers: { 'content-range': `bytes 10-19/${bytes.length}`, 'content-length': '10' } });
    expect(part.bytes.equals(whole.bytes.subarray(10, 20))).toBe(true);
    expect((await download(officer, sha256, { Range: 'bytes=-5' })).bytes.equals(whole.bytes.subarray(-5))).toBe(true);
    expect(await download(officer, sha256, { Range: `bytes=${bytes.length}-` })).toMatchObject({ status: 416, headers: { 'content-range': `bytes */${bytes.length}` } });
    expect((await download(officer, sha256, { Range: 'bytes=0-1,5-6' })).status).toBe(200);
    expect((await inspector.get(`/api/v1/blobs/${sha256}/claim`)).body).toMatchObject({ point: { coordinates: [121.4737, 31.2305] } });
    expect((await download(admin, `${sha256}/original`)).bytes.equals(bytes)).toBe(true);
  });

  test('a file from before copies were made gets them when somebody asks for it', async () => {
    const bytes = await photoWithExif('old');
    const { sha256 } = (await officer.upload(bytes)).body;
    await caseWith(sha256);
    for (const copy of ['view', 'thumbnail']) await unlink(`${w.deps.evidence.path(sha256)}.${copy}`);
    const both = await Promise.all([download(officer, sha256), download(inspector, sha256)]);
    for (const { status, bytes: got } of both) expect([status, (await sharp(got).metadata()).exif]).toEqual([200, undefined]);
    expect((await readFile(w.deps.evidence.path(sha256))).equals(bytes)).toBe(true);
  });
});

describe('what is not taken in', () => {
  const BAD: [string, string, () => Buffer | Promise<Buffer>][] = [
    ['a PNG of 50 MB', 'blob.too_large', () => Buffer.concat([makePhoto('big'), Buffer.alloc(50 * 1024 * 1024)])],
    ['268 million pixels in a small PNG', 'blob.pixels', () => pixelBomb()],
    ['a GIF of 10,000 frames', 'blob.media_type', () => manyFrames()],
    ['an animated PNG', 'blob.frames', () => animatedPng()],
    ['a zip', 'blob.media_type', () => Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(5000)])],
    ['an SVG', 'blob.media_type', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>')],
    ['a page', 'blob.media_type', () => Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['a GIF that is a script', 'blob.media_type', () => Buffer.from('GIF89a=1;alert(1)//and more bytes')],
    ['a PDF that is a page', 'blob.media_type', () => Buffer.from('%PDF-1.7\n<html><script>alert(1)</script>')],
    ['a photo with a page behind it', 'blob.media_type', () => Buffer.concat([makePhoto('page'), Buffer.from('<html>x</html>')])],
    ['half a JPEG', 'blob.undecodable', async () => (await photoWithExif('half')).subarray(0, 700)],
    ['the beginning of a video', 'blob.undecodable', () => smallVideo().subarray(0, 60)],
  ];
  test.each(BAD.map(([what, code, make]) => ({ what, code, make })))('$what: $code', async ({ code, make }) => {
    const bytes = await make();
    const before = { rows: await countRows(w.db), files: await filesOnDisk() };
    const reply = await officer.upload(bytes, { mediaType: 'image/jpeg' });
    expect(reply.body.code).toBe(code);
    expect({ rows: await countRows(w.db), files: await filesOnDisk() }).toEqual(before);
  });

  test('a body of more than any file may have: by what it says, before it is read', async () => {
    const call = begin(officer, 'd'.repeat(64), { 'Content-Length': EVIDENCE_LIMITS.videoBytes + 1 });
    call.flushHeaders();
    const [answer] = (await once(call, 'response')) as [{ statusCode: number }];
    expect(answer.statusCode).toBe(413);
    call.destroy();
  });
});

describe('an API process of its own', () => {
  let folder: string;
  let api: ChildProcess | null = null;
  const freePort = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  };
  const startApi = async (): Promise<string> => {
    const [port, internal] = [await freePort(), await freePort()];
    api = spawn(process.execPath, [join(import.meta.dirname, '../../api/main.ts')], {
      env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: w.database.url, DATA_DIR: folder, INTERNAL_TOKEN: randomUUID(), API_PORT: String(port), INTERNAL_PORT: String(internal), TEMPORAL_ADDRESS: '127.0.0.1:9', LOG_LEVEL: 'error' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const base = `http://127.0.0.1:${port}`;
    await until('the API answers', () => fetch(`${base}/healthz`).then((r) => r.ok, () => false), 60_000);
    return base;
  };
  const kill = async (): Promise<void> => {
    if (!api || api.exitCode !== null || api.signalCode !== null) return;
    api.kill('SIGKILL');
    await once(api, 'exit');
  };
  const signedIn = async (base: string): Promise<Visitor> => {
    const by = new Visitor(base);
    expect((await by.signIn(w.park.enterprises[0]!.officer.username)).status).toBe(200);
    return by;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parkwarden-blobs-'));
  });
  afterAll(async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  });

  test('killed in the middle of a piece, started again: the upload goes on where it stood', async () => {
    const bytes = smallVideo('frame '.repeat(200_000));
    const hash = sha256Of(bytes);
    let by = await signedIn(await startApi());
    expect((await piece(by, bytes, 0, 300_000)).status).toBe(202);
    const open = begin(by, hash, { 'Content-Length': 300_000, 'Content-Range': `bytes 300000-599999/${bytes.length}` });
    open.write(bytes.subarray(300_000, 450_000));
    await until('half of the second piece has arrived', async () => (await standing(by, hash)).offset === 450_000);
    await kill();
    open.destroy();
    by = await signedIn(await startApi());
    expect(await standing(by, hash)).toEqual({ offset: 450_000, complete: false, total: bytes.length });
    expect(await piece(by, bytes, 450_000, bytes.length)).toMatchObject({ status: 201, body: { sha256: hash, bytes: bytes.length, mediaType: 'video/mp4' } });
    expect((await readFile(join(folder, 'evidence', hash.slice(0, 2), hash.slice(2, 4), hash))).equals(bytes)).toBe(true);
    expect((await readdir(join(folder, 'evidence/parts'), { recursive: true, withFileTypes: true })).filter((f) => f.isFile())).toEqual([]);
    await kill();
  }, 120_000);

  (process.platform === 'linux' ? test : test.skip)('a video of 200 MB passes through, and does not stay in memory', async () => {
    const MB = 1024 * 1024;
    const frame = Buffer.alloc(MB, 'frame after frame ');
    const { head, tail } = plainVideo(200 * MB);
    const hash = createHash('sha256').update(head);
    for (let i = 0; i < 200; i++) hash.update(frame);
    const sha256 = hash.update(tail).digest('hex');
    const total = head.length + 200 * MB + tail.length;
    const memoryMb = async (what: 'VmHWM' | 'VmRSS'): Promise<number> => Number(new RegExp(`${what}:\\s+(\\d+) kB`).exec(await readFile(`/proc/${api!.pid}/status`, 'utf8'))![1]) / 1024;

    const by = await signedIn(await startApi());
    const before = await memoryMb('VmRSS');
    const call = begin(by, sha256, { 'Content-Length': total });
    const answered = once(call, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
    await pipeline(Readable.from((function* () {
      yield head;
      for (let i = 0; i < 200; i++) yield frame;
      yield tail;
    })()), call);
    const [answer] = await answered;
    answer.resume();
    expect(answer.statusCode).toBe(201);
    const grown = (await memoryMb('VmHWM')) - before;
    console.log(`memory of the API grew by ${Math.round(grown)} MB at most while 200 MB were taken in`);
    expect(grown).toBeLessThan(150);
    expect((await stat(join(folder, 'evidence', sha256.slice(0, 2), sha256.slice(2, 4), sha256))).size).toBe(total);
    await kill();
  }, 180_000);
});
