/** Progress with photos and video, and their versions, decided by the real engine and the real worker. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import sharp from 'sharp';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import { videoWithPlace } from '../platform/media-files.ts';
import type { Visitor, World } from './world.ts';
import { startWorld, until } from './world.ts';

let w: World;
let officer: Visitor;
let inspector: Visitor;
let admin: Visitor;
beforeAll(async () => {
  w = await startWorld({ engine: true });
  officer = await w.as(w.park.enterprises[0]!.officer);
  inspector = await w.as(w.park.people.inspector);
  admin = await w.as(w.park.people.admin);
}, 120_000);
afterAll(() => w?.close(), 60_000);

interface Item {
  id: string;
  purpose: string;
  sha256: string;
  mediaType: string;
  capturedAt: string | null;
  recordedAt: string;
  uploader: { id: string } | null;
  supersedesId: string | null;
  supersededById: string | null;
}
const evidenceOf = async (id: string, by: Visitor): Promise<Item[]> => (await by.get<{ evidence: Item[] }>(`/api/v1/hazards/${id}`)).body.evidence;
const download = async (by: Visitor, path: string): Promise<Buffer> => {
  const response = await fetch(`${w.base}/api/v1/blobs/${path}`, { headers: { Cookie: by.cookie } });
  expect({ path, status: response.status }).toEqual({ path, status: 200 });
  return Buffer.from(await response.arrayBuffer());
};

test('[C-022] photos and video as progress: SHA-256, capture time and uploader; a replacement is a new version, and the old one can be read as before', async () => {
  const reported = await inspector.post<{ hazardId: string }>('/api/v1/hazards', { type: 'leak', description: '法兰处滴漏', assetId: w.park.enterprises[0]!.pump.id, photos: [await inspector.photo(1)], clientAt: new Date().toISOString() });
  expect(reported.status).toBe(201);
  const id = reported.body.hazardId;
  expect((await inspector.act(id, { act: 'triage', grade: 'general', reason: '一般隐患' })).status).toBe(200);
  await until('dispatched', async () => (await officer.get<{ state: string }>(`/api/v1/hazards/${id}`)).body.state === 'dispatched');
  expect((await officer.act(id, { act: 'start' })).status).toBe(200);

  const files = { photo: makePhoto('before', 120, 90), video: videoWithPlace(), better: makePhoto('after', 140, 90) };
  const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  const send = async (bytes: Buffer, capturedAt: string, supersedes?: string) => {
    const { body } = await officer.upload(bytes, { mediaType: 'application/octet-stream' });
    expect(body.sha256).toBe(hash(bytes));
    return { sha256: body.sha256, mediaType: body.mediaType, capturedAt, ...(supersedes ? { supersedes } : {}) };
  };
  const times = ['2026-11-24T01:00:00.000Z', '2026-11-24T01:05:00.000Z', '2026-11-24T03:00:00.000Z'] as const;
  expect((await officer.act(id, { act: 'progress', note: '已拆除旧垫片', evidence: [await send(files.photo, times[0]), await send(files.video, times[1])] })).status).toBe(200);
  const [first] = (await evidenceOf(id, officer)).filter((e) => e.sha256 === hash(files.photo));
  expect((await officer.act(id, { act: 'progress', note: '换用更清晰的照片', evidence: [await send(files.better, times[2], first!.id)] })).status).toBe(200);

  for (const by of [officer, inspector]) {
    const progress = (await evidenceOf(id, by)).filter((e) => e.purpose === 'progress');
    const of = (bytes: Buffer): Item => progress.find((e) => e.sha256 === hash(bytes))!;
    expect(progress).toHaveLength(3);
    const uploader = { id: w.park.enterprises[0]!.officer.personId };
    expect(of(files.photo)).toMatchObject({ mediaType: 'image/png', capturedAt: times[0], uploader, supersedesId: null, supersededById: of(files.better).id });
    expect(of(files.better)).toMatchObject({ mediaType: 'image/png', capturedAt: times[2], uploader, supersedesId: of(files.photo).id, supersededById: null });
    expect(of(files.video)).toMatchObject({ mediaType: 'video/mp4', capturedAt: times[1], uploader, supersedesId: null, supersededById: null });
    // Both versions, each as its own picture; and the video.
    const width = async (bytes: Buffer): Promise<number> => (await sharp(await download(by, hash(bytes))).metadata()).width;
    expect([await width(files.photo), await width(files.better)]).toEqual([120, 140]);
    expect((await download(by, hash(files.video))).toString('latin1')).toContain('PICTURES AND SOUND');
  }
  for (const bytes of Object.values(files)) expect((await download(admin, `${hash(bytes)}/original`)).equals(bytes)).toBe(true);

  // Only one version can come after another, and only within its case.
  const third = await send(makePhoto('third'), times[2], first!.id);
  expect((await officer.act(id, { act: 'progress', note: 'x', evidence: [third] })).body.code).toBe('hazard.evidence_unknown');
  await expect(w.db.pool.query('UPDATE evidence SET sha256 = $1 WHERE id = $2', [hash(files.better), first!.id])).rejects.toThrow(/append-only/);
  await expect(w.db.pool.query('DELETE FROM evidence WHERE id = $1', [first!.id])).rejects.toThrow(/append-only/);
}, 120_000);
