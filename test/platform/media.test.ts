/** What the process that looks into files makes of them: good ones, bad ones, and ones that ask too much. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import sharp from 'sharp';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import { DECODING_LIMITS, EVIDENCE_LIMITS } from '../../domain/evidence.ts';
import { NO_CLAIM, printable } from '../../platform/media/claim.ts';
import { exifClaim } from '../../platform/media/exif.ts';
import type { InspectLimits, Inspection } from '../../platform/media/inspect.ts';
import { createInspect } from '../../platform/media/inspect.ts';
import { inspectMp4, Mp4Fault } from '../../platform/media/mp4.ts';
import { pictureFault } from '../../platform/media/picture.ts';
import { kindOf, pixelsOf } from '../../platform/media/sniff.ts';
import { animatedPng, animatedWebp, manyFrames, photoWithExif, pixelBomb, PLACE, smallVideo, videoWithPlace } from './media-files.ts';

const LIMITS: InspectLimits = { pixels: EVIDENCE_LIMITS.pixels, viewPx: EVIDENCE_LIMITS.viewPx, thumbnailPx: EVIDENCE_LIMITS.thumbnailPx, ...DECODING_LIMITS };

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'parkwarden-media-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

/** The answer, and the copies by name. */
const look = async (bytes: Buffer, limits: Partial<InspectLimits> = {}): Promise<{ found: Inspection; copies: Record<string, Buffer> }> => {
  const folder = await mkdtemp(join(base, 'f-'));
  const path = join(base, `${folder.slice(-6)}.file`);
  await writeFile(path, bytes);
  const found = await createInspect({ ...LIMITS, ...limits })(path, folder);
  const copies: Record<string, Buffer> = {};
  for (const name of await readdir(folder)) copies[name] = await readFile(join(folder, name));
  expect((await readFile(path)).equals(bytes)).toBe(true);
  return { found, copies };
};

describe('a photo', () => {
  test('its time, place and camera are claimed; its copies are upright and say nothing of them', async () => {
    const bytes = await photoWithExif();
    const { found, copies } = await look(bytes);
    expect(found).toMatchObject({ ok: true, mediaType: 'image/jpeg', claim: { capturedAt: '2026-11-24T01:30:00.000Z', capturedLocal: '2026-11-24T09:30:00', camera: 'Camera <b> Model 1', position: { altitudeM: 4.5 } } });
    if (!found.ok) throw new Error('refused');
    expect(found.claim.position!.latitude).toBeCloseTo(PLACE.latitude, 4);
    expect(found.claim.position!.longitude).toBeCloseTo(PLACE.longitude, 4);
    expect((await sharp(bytes).metadata()).exif).toBeDefined();
    for (const name of ['view', 'thumbnail']) {
      const { exif, xmp, iptc, icc, width, height, format, orientation } = await sharp(copies[name]!).metadata();
      expect({ exif, xmp, iptc, icc, width, height, format, orientation }).toEqual({ exif: undefined, xmp: undefined, iptc: undefined, icc: undefined, width: 20, height: 40, format: 'jpeg', orientation: undefined });
      expect(copies[name]!.toString('latin1')).not.toMatch(/script|Exif|Camera/);
    }
  });

  test.each(['jpeg', 'png', 'webp'] as const)('%s: a large one has a copy of 2,560 and a thumbnail of 480 pixels', async (kind) => {
    const bytes = await sharp({ create: { width: 4000, height: 1000, channels: 3, background: '#345' } })[kind]().toBuffer();
    const { found, copies } = await look(bytes);
    expect(found).toEqual({ ok: true, mediaType: `image/${kind}`, claim: NO_CLAIM, copies: ['view', 'thumbnail'] });
    const sizes = await Promise.all(['view', 'thumbnail'].map(async (name) => (({ width, height, format }) => [width, height, format])(await sharp(copies[name]!).metadata())));
    expect(sizes).toEqual([[2560, 640, kind], [480, 120, kind]]);
  });

  test('a place in the southern hemisphere is south; one that does not exist is not claimed', async () => {
    const at = async (latitude: string, ref: string) => {
      const metadata = await sharp(await sharp(makePhoto('x')).withExif({ IFD3: { GPSLatitudeRef: ref, GPSLatitude: latitude, GPSLongitudeRef: 'W', GPSLongitude: '58/1 30/1 0/1' } }).jpeg().toBuffer()).metadata();
      return exifClaim(metadata.exif!).position;
    };
    expect(await at('34/1 36/1 0/1', 'S')).toEqual({ latitude: -34.6, longitude: -58.5, altitudeM: null });
    expect(await at('134/1 36/1 0/1', 'N')).toBeNull();
    expect(await at('1/0 0/1 0/1', 'N')).toBeNull();
  });

  test('metadata that is broken claims what can be read of it; its text is one printable line', async () => {
    const whole = (await sharp(await photoWithExif()).metadata()).exif!;
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 20 }), fc.nat(whole.length), (changes, end) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      const { position, capturedAt, camera } = exifClaim(bytes.subarray(0, end));
      expect(position === null || (Math.abs(position.latitude) <= 90 && Math.abs(position.longitude) <= 180)).toBe(true);
      expect(capturedAt === null || new Date(capturedAt).toISOString() === capturedAt).toBe(true);
      expect(camera ?? '').not.toMatch(/\p{C}/u);
    }), { numRuns: 2000 });
    expect(printable('a\u202Eb\0c\nd' + 'x'.repeat(300))!.length).toBe(100);
    expect(printable('a\u202Eb\0c\nd')).toBe('a b c d');
  });
});

describe('what is refused', () => {
  const refused = async (bytes: Buffer, limits: Partial<InspectLimits> = {}) => {
    const { found, copies } = await look(bytes, limits);
    expect(Object.keys(copies)).toEqual([]);
    return found;
  };
  const jpeg = () => sharp(makePhoto('jpeg', 200, 200)).jpeg().toBuffer();

  /** Of 49 million pixels, within all limits; the decoder has to hold all of it. */
  const interlaced = () => sharp({ create: { width: 7000, height: 7000, channels: 4, background: '#345' } }).png({ progressive: true }).toBuffer();

  test('the most pixels that are allowed can be decoded, also where the decoder has to hold all of them', async () => {
    expect((await look(await interlaced())).found).toMatchObject({ ok: true, copies: ['view', 'thumbnail'] });
  });
  test('a small file of 268 million pixels: by its header, before anything is decoded', async () => {
    const bomb = pixelBomb();
    expect(bomb.length).toBeLessThan(1_000_000);
    expect(await refused(bomb)).toEqual({ ok: false, reason: 'pixels', pixels: 16_383 ** 2 });
  });
  test('more than one frame', async () => {
    expect(await refused(animatedPng())).toEqual({ ok: false, reason: 'frames' });
    expect(await refused(await animatedWebp())).toEqual({ ok: false, reason: 'frames' });
    expect(await refused(manyFrames())).toEqual({ ok: false, reason: 'media_type' });
  });
  test('SVG, HTML, PDF, archives; pictures with a page behind them or a document around them', async () => {
    const texts = ['<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', '<!doctype html><script>alert(1)</script>', '%PDF-1.7\n<html>', 'GIF89a=1;alert(1)', 'PK\u0003\u0004 word/document.xml and more'];
    for (const text of texts) expect(await refused(Buffer.from(text))).toEqual({ ok: false, reason: 'media_type' });
    const page = Buffer.from('<html><script>alert(1)</script>');
    for (const picture of [makePhoto('p'), await jpeg(), await sharp(makePhoto('w')).webp().toBuffer()]) expect(await refused(Buffer.concat([picture, page]))).toEqual({ ok: false, reason: 'media_type' });
    const document = Buffer.concat([(await jpeg()).subarray(0, 2), Buffer.from([0xff, 0xfe, 0, 11]), Buffer.from('%PDF-1.7\n'), (await jpeg()).subarray(2)]);
    expect(await refused(document)).toEqual({ ok: false, reason: 'media_type' });
  });
  test('pictures that end too soon or are damaged', async () => {
    const whole = await jpeg();
    for (const picture of [whole, makePhoto('cut', 200, 200), await sharp(makePhoto('cut', 200, 200)).webp().toBuffer()]) {
      expect(await refused(picture.subarray(0, Math.floor(picture.length * 0.6)))).toEqual({ ok: false, reason: 'undecodable' });
    }
    const png = makePhoto('damaged', 200, 200);
    png.fill(0x55, 200, 260);
    expect(await refused(png)).toEqual({ ok: false, reason: 'undecodable' });
  });
  test('a photo with data of the camera behind it is none of these', async () => {
    expect((await look(Buffer.concat([await jpeg(), Buffer.alloc(5000, 7)]))).found.ok).toBe(true);
  });
  test('what takes longer than allowed is ended', async () => {
    expect(await refused(await interlaced(), { timeoutMs: 1 })).toEqual({ ok: false, reason: 'undecodable' });
  });
  (process.platform === 'linux' ? test : test.skip)('what needs more memory than allowed is ended, whatever its header says', async () => {
    expect(await refused(await interlaced(), { memoryMb: 740 })).toEqual({ ok: false, reason: 'undecodable' });
  });

  (process.platform === 'linux' ? test : test.skip)('a process that does not come up is no judgement on the file', async () => {
    await expect(look(makePhoto('fine'), { memoryMb: 300 })).rejects.toThrow(/inspector of files failed/);
  });

  test('random damage anywhere is refused or shown, and is never taken for our own fault', async () => {
    const files = [await photoWithExif('damage'), makePhoto('damage', 120, 80), await sharp(makePhoto('damage', 120, 80)).webp().toBuffer(), videoWithPlace()];
    await fc.assert(fc.asyncProperty(fc.constantFrom(...files), fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 8 }), async (file, changes) => {
      const bytes = Buffer.from(file);
      for (const [at, value] of changes) bytes[16 + (at % (bytes.length - 16))] = value;
      const { found, copies } = await look(bytes);
      if (found.ok) for (const copy of Object.values(copies)) expect(copy.toString('latin1')).not.toMatch(/Exif|<script/);
      else expect(['undecodable', 'media_type', 'pixels', 'frames']).toContain(found.reason);
    }), { numRuns: 15 });
  });

  test('random damage to the headers is refused or read, and never breaks the walk', () => {
    const files = [makePhoto('fuzz', 20, 20), smallVideo(), videoWithPlace()];
    fc.assert(fc.property(fc.constantFrom(...files), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 12 }), fc.nat(), (file, changes, cut) => {
      const bytes = Buffer.from(file.subarray(0, 16 + (cut % file.length)));
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      const kind = kindOf(bytes);
      if (kind === null) return;
      if (kind === 'video/mp4') {
        try {
          for (const { from, to } of inspectMp4(bytes.length, (at, length) => bytes.subarray(at, at + length)).zero) expect(from >= 0 && to <= bytes.length).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Mp4Fault);
        }
      } else {
        pixelsOf(kind, bytes);
        pictureFault(kind, bytes);
      }
    }), { numRuns: 2000 });
  });
});

describe('a video', () => {
  test('the place of the whole and of every second is taken out of the copy; pictures stay where they are', async () => {
    const bytes = videoWithPlace();
    const { found, copies } = await look(bytes);
    expect(found).toEqual({ ok: true, mediaType: 'video/mp4', copies: ['view'], claim: { capturedAt: '2026-11-24T01:30:00.000Z', capturedLocal: null, camera: null, position: { latitude: 31.2305, longitude: 121.4737, altitudeM: 4.5 } } });
    const view = copies.view!;
    expect(view.length).toBe(bytes.length);
    expect(view.indexOf('PICTURES AND SOUND')).toBe(bytes.indexOf('PICTURES AND SOUND'));
    expect(view.toString('latin1')).not.toMatch(/31\.23|121\.47|PLACE|home|udta|xyz|tref|cdsc/);
    // It is still a video, and nothing more can be taken out of it.
    const again = await look(view);
    expect(again.found).toMatchObject({ ok: true, claim: { position: null } });
    expect(again.copies.view!.equals(view)).toBe(true);
  });
  test('one of which nothing has to be taken out has no copy', async () => {
    expect(await look(smallVideo())).toMatchObject({ found: { ok: true, copies: [] }, copies: {} });
  });
  test('a file that only begins like one, ends within a box, or has anything behind its boxes is refused', async () => {
    const whole = smallVideo();
    for (const bytes of [whole.subarray(0, 40), whole.subarray(0, whole.length - 5), Buffer.concat([whole, Buffer.from('<script>alert(1)</script>')]), Buffer.concat([whole.subarray(0, 28), Buffer.alloc(100)])]) {
      expect((await look(bytes)).found).toEqual({ ok: false, reason: 'undecodable' });
    }
  });
});
