/**
 * The container of an MP4 video: its boxes are walked, nothing is decoded. Gives what the file claims of its origin, and which
 * bytes a copy must overwrite so that it claims nothing: positions stay where they are, so no table of the video changes.
 */
import type { MediaClaim } from './claim.ts';
import { NO_CLAIM, positionOf } from './claim.ts';

export class Mp4Fault extends Error {
  override name = 'Mp4Fault';
}

/** Bytes from a place in the file; fewer only at its end. */
export type ReadAt = (at: number, length: number) => Buffer;

interface Box {
  type: string;
  at: number;
  /** First byte of what is in it. */
  body: number;
  end: number;
}

export interface Mp4Findings {
  claim: MediaClaim;
  durationS: number | null;
  /** Boxes that become `free` boxes of the same size. */
  free: { at: number }[];
  /** Bytes that become zero: [from, to). */
  zero: { from: number; to: number }[];
}

const MAX_BOXES = 50_000;
const MAX_SAMPLES = 1_000_000;
const MAX_TEXT_BYTES = 1024 * 1024;
/** Seconds from 1904, where the format counts from, to 1970. */
const EPOCH_1904_S = 2_082_844_800;
/** What a player needs, at each level. Anything else (words about the video, space in which anything may stand) is taken out. */
const NEEDED = {
  file: new Set(['ftyp', 'styp', 'moov', 'mdat', 'moof', 'mfra', 'sidx']),
  movie: new Set(['mvhd', 'trak', 'mvex', 'iods']),
  // Not `tref`: tracks that are taken out are not referred to.
  track: new Set(['tkhd', 'edts', 'mdia', 'tapt']),
  media: new Set(['mdhd', 'hdlr', 'minf', 'elng']),
} as const;
/** Tracks with pictures or sound. Any other (positions second by second, say) is taken out with its samples. */
const SHOWN = new Set(['vide', 'soun']);
/** ISO 6709, as phones write it. */
const ISO_6709 = /([+-]\d{2}(?:\.\d{1,10})?)([+-]\d{3}(?:\.\d{1,10})?)([+-]\d{1,6}(?:\.\d{1,10})?)?(?:CRS[\w:]{0,20})?\//;

/** Throws Mp4Fault where the file is no whole, well-formed MP4. */
export const inspectMp4 = (size: number, read: ReadAt): Mp4Findings => {
  const found: Mp4Findings = { claim: { ...NO_CLAIM }, durationS: null, free: [], zero: [] };
  let boxes = 0;
  let samples = 0;

  const exactly = (at: number, length: number): Buffer => {
    const bytes = read(at, length);
    if (bytes.length < length) throw new Mp4Fault('the file ends within a box');
    return bytes;
  };
  const children = (from: number, to: number, isFile = false): Box[] => {
    const list: Box[] = [];
    for (let at = from; at < to; ) {
      if (++boxes > MAX_BOXES) throw new Mp4Fault('too many boxes');
      // Some writers end a list of boxes with four zero bytes.
      if (!isFile && to - at < 8) break;
      const head = exactly(at, Math.min(16, to - at));
      if (head.length < 8) throw new Mp4Fault('bytes behind the last box');
      const short = head.readUInt32BE(0);
      if (short === 1 && head.length < 16) throw new Mp4Fault('a box without its size');
      const length = short === 1 ? Number(head.readBigUInt64BE(8)) : short === 0 && isFile ? to - at : short;
      const headBytes = short === 1 ? 16 : 8;
      const type = head.toString('latin1', 4, 8);
      if (!/^[\x20-\x7e\xa9]{4}$/.test(type) || length < headBytes || at + length > to) throw new Mp4Fault('a box that does not fit');
      list.push({ type, at, body: at + headBytes, end: at + length });
      at += length;
    }
    return list;
  };
  const one = (list: readonly Box[], type: string): Box | undefined => list.find((b) => b.type === type);

  const erase = (box: Box): void => {
    if (box.type !== 'free') found.free.push({ at: box.at });
    if (box.end > box.body) found.zero.push({ from: box.body, to: box.end });
  };
  /** Reads what a box says of the place before it is overwritten. */
  const takeOut = (box: Box): void => {
    const text = read(box.body, Math.min(box.end - box.body, MAX_TEXT_BYTES)).toString('latin1');
    const [, latitude, longitude, altitude] = ISO_6709.exec(text) ?? [];
    if (latitude && longitude) found.claim.position ??= positionOf(Number(latitude), Number(longitude), altitude ? Number(altitude) : null);
    erase(box);
  };

  const table = (box: Box | undefined, entryBytes: number): { count: number; entries: Buffer } => {
    if (!box) throw new Mp4Fault('a track without its tables');
    const count = exactly(box.body, 8).readUInt32BE(4);
    if (count > MAX_SAMPLES || box.body + 8 + count * entryBytes > box.end) throw new Mp4Fault('a table that does not fit');
    return { count, entries: exactly(box.body + 8, count * entryBytes) };
  };
  /** Zeroes the samples of a track in the media data. */
  const eraseSamples = (stbl: readonly Box[], media: readonly Box[]): void => {
    const wide = one(stbl, 'co64');
    const offsets = table(wide ?? one(stbl, 'stco'), wide ? 8 : 4);
    const runs = table(one(stbl, 'stsc'), 12);
    const stsz = one(stbl, 'stsz');
    if (!stsz || stsz.end - stsz.body < 12) throw new Mp4Fault('a track without its tables');
    const sizes = exactly(stsz.body, 12);
    const fixed = sizes.readUInt32BE(4);
    const count = sizes.readUInt32BE(8);
    samples += count;
    if (samples > MAX_SAMPLES || (fixed === 0 && stsz.body + 12 + count * 4 > stsz.end)) throw new Mp4Fault('a table that does not fit');
    const each = fixed === 0 ? exactly(stsz.body + 12, count * 4) : null;
    let sample = 0;
    let run = 0;
    for (let chunk = 0; chunk < offsets.count && sample < count; chunk++) {
      while (run + 1 < runs.count && runs.entries.readUInt32BE((run + 1) * 12) <= chunk + 1) run++;
      const inChunk = runs.count === 0 ? 0 : runs.entries.readUInt32BE(run * 12 + 4);
      const from = wide ? Number(offsets.entries.readBigUInt64BE(chunk * 8)) : offsets.entries.readUInt32BE(chunk * 4);
      let to = from;
      for (let i = 0; i < inChunk && sample < count; i++, sample++) to += each ? each.readUInt32BE(sample * 4) : fixed;
      if (to === from) continue;
      if (!media.some((m) => from >= m.body && to <= m.end)) throw new Mp4Fault('a sample outside the media data');
      found.zero.push({ from, to });
    }
    if (sample < count) throw new Mp4Fault('samples without a place');
  };

  const track = (box: Box, media: readonly Box[], inFragments: boolean): void => {
    const inTrack = children(box.body, box.end);
    const mdia = one(inTrack, 'mdia');
    const inMedia = mdia ? children(mdia.body, mdia.end) : [];
    const hdlr = one(inMedia, 'hdlr');
    if (!mdia || !hdlr || hdlr.end - hdlr.body < 12) throw new Mp4Fault('a track without its kind');
    if (SHOWN.has(exactly(hdlr.body + 8, 4).toString('latin1'))) {
      for (const b of inTrack) if (!NEEDED.track.has(b.type)) takeOut(b);
      for (const b of inMedia) if (!NEEDED.media.has(b.type)) takeOut(b);
      return;
    }
    if (inFragments) throw new Mp4Fault('a track of data in fragments');
    const minf = one(inMedia, 'minf');
    const stbl = minf && one(children(minf.body, minf.end), 'stbl');
    if (stbl) eraseSamples(children(stbl.body, stbl.end), media);
    erase(box);
  };

  const file = children(0, size, true);
  if (file[0]?.type !== 'ftyp') throw new Mp4Fault('no ftyp box at the start');
  const movies = file.filter((b) => b.type === 'moov');
  const media = file.filter((b) => b.type === 'mdat');
  if (movies.length !== 1 || media.length === 0) throw new Mp4Fault('not one moov box with media data');
  const inMovie = children(movies[0]!.body, movies[0]!.end);
  const mvhd = one(inMovie, 'mvhd');
  if (!mvhd || !one(inMovie, 'trak')) throw new Mp4Fault('no track');
  const version = exactly(mvhd.body, 1)[0];
  const header = exactly(mvhd.body, Math.min(mvhd.end - mvhd.body, 32));
  if (header.length < (version === 1 ? 32 : 20)) throw new Mp4Fault('a short movie header');
  const created = (version === 1 ? Number(header.readBigUInt64BE(4)) : header.readUInt32BE(4)) - EPOCH_1904_S;
  const scale = header.readUInt32BE(version === 1 ? 20 : 12);
  const duration = version === 1 ? Number(header.readBigUInt64BE(24)) : header.readUInt32BE(16);
  if (created > 0 && created < 0xffffffff) found.claim.capturedAt = new Date(created * 1000).toISOString();
  if (scale > 0) found.durationS = duration / scale;

  const inFragments = file.some((b) => b.type === 'moof');
  for (const box of inMovie) {
    if (!NEEDED.movie.has(box.type)) takeOut(box);
    else if (box.type === 'trak') track(box, media, inFragments);
  }
  for (const box of file) if (!NEEDED.file.has(box.type)) takeOut(box);
  return found;
};
