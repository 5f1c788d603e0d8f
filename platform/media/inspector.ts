/**
 * One file, in a process of its own: what it is, what it claims, and copies that others may see. Nothing else runs here, and
 * nothing of the park is here to be reached: no environment, no connection, writing in one folder only. The process is ended
 * from outside when it takes too long, and may be ended by its memory limit (platform/media/inspect.ts).
 */
import { closeSync, constants, copyFileSync, fstatSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { NO_CLAIM } from './claim.ts';
import { exifClaim } from './exif.ts';
import type { InspectOptions, Inspection } from './inspect.ts';
import { inspectMp4, Mp4Fault } from './mp4.ts';
import { pictureFault } from './picture.ts';
import type { SniffedKind } from './sniff.ts';
import { kindOf, pixelsOf } from './sniff.ts';

const ZEROS = Buffer.alloc(1024 * 1024);

const [path = '', folder = '', given = ''] = process.argv.slice(2);
const options = JSON.parse(given) as InspectOptions;

const writeCopy = (name: 'view' | 'thumbnail', bytes: Buffer): void => {
  const file = openSync(join(folder, name), 'wx', 0o600);
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  closeSync(file);
};

const photo = async (mediaType: Exclude<SniffedKind, 'video/mp4'>): Promise<Inspection> => {
  const file = readFileSync(path);
  const pixels = pixelsOf(mediaType, file);
  if (pixels === null) return { ok: false, reason: 'undecodable' };
  if (pixels > options.pixels) return { ok: false, reason: 'pixels', pixels };
  const fault = pictureFault(mediaType, file);
  if (fault) return { ok: false, reason: fault === 'page' ? 'media_type' : fault === 'animated' ? 'frames' : 'undecodable' };

  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'] });
  const decoder = (bytes: Buffer) => sharp(bytes, { limitInputPixels: options.pixels, failOn: 'error', sequentialRead: true, pages: 1 });
  const smaller = (bytes: Buffer, edge: number): Promise<Buffer> =>
    decoder(bytes).autoOrient().resize({ width: edge, height: edge, fit: 'inside', withoutEnlargement: true }).toColourspace('srgb').toBuffer();

  const metadata = await decoder(file).metadata();
  if ((metadata.pages ?? 1) > 1) return { ok: false, reason: 'frames' };
  const view = await smaller(file, options.viewPx);
  writeCopy('view', view);
  writeCopy('thumbnail', await smaller(view, options.thumbnailPx));
  return { ok: true, mediaType, claim: metadata.exif ? exifClaim(metadata.exif) : NO_CLAIM, copies: ['view', 'thumbnail'] };
};

const video = (): Inspection => {
  const source = openSync(path, 'r');
  const found = inspectMp4(fstatSync(source).size, (at, length) => {
    const bytes = Buffer.alloc(length);
    let got = 0;
    for (let n = -1; got < length && n !== 0; got += n) n = readSync(source, bytes, got, length - got, at + got);
    return bytes.subarray(0, got);
  });
  closeSync(source);
  if (found.free.length === 0 && found.zero.length === 0) return { ok: true, mediaType: 'video/mp4', claim: found.claim, copies: [] };
  const target = join(folder, 'view');
  copyFileSync(path, target, constants.COPYFILE_FICLONE);
  const copy = openSync(target, 'r+');
  for (const { at } of found.free) writeSync(copy, 'free', at + 4, 'latin1');
  for (const { from, to } of found.zero) for (let at = from; at < to; ) at += writeSync(copy, ZEROS, 0, Math.min(ZEROS.length, to - at), at);
  closeSync(copy);
  return { ok: true, mediaType: 'video/mp4', claim: found.claim, copies: ['view'] };
};

const inspect = async (): Promise<Inspection> => {
  const head = Buffer.alloc(16);
  const file = openSync(path, 'r');
  const mediaType = kindOf(head.subarray(0, readSync(file, head, 0, 16, 0)));
  closeSync(file);
  if (!mediaType) return { ok: false, reason: 'media_type' };
  try {
    return mediaType === 'video/mp4' ? video() : await photo(mediaType);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT') return { ok: false, reason: 'full' };
    // What the system refuses is our fault; what the decoder refuses is the file's.
    if (code !== undefined && !(error instanceof Mp4Fault)) throw error;
    return { ok: false, reason: 'undecodable' };
  }
};

// From here on, what happens is the file's doing.
process.stdout.write('\n');
process.stdout.write(JSON.stringify(await inspect()));
