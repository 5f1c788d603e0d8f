/** The few tags of EXIF that are kept as a claim. What cannot be read is not claimed. */
import type { MediaClaim } from './claim.ts';
import { instantOf, NO_CLAIM, positionOf, printable } from './claim.ts';

const SIZES: Record<number, number> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8 };
const MAX_TAGS = 512;
const MAX_BYTES = 4096;

type Directory = Map<number, { type: number; count: number; at: number }>;

const readClaim = (exif: Buffer): MediaClaim => {
  const tiff = exif.toString('latin1', 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif;
  const order = tiff.toString('latin1', 0, 4);
  if (tiff.length < 8 || (order !== 'II*\0' && order !== 'MM\0*')) return NO_CLAIM;
  const little = order === 'II*\0';
  const u16 = (at: number): number => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at));
  const u32 = (at: number): number => (little ? tiff.readUInt32LE(at) : tiff.readUInt32BE(at));

  const directory = (at: number): Directory => {
    const tags: Directory = new Map();
    if (at + 2 > tiff.length) return tags;
    const count = Math.min(u16(at), MAX_TAGS);
    for (let i = 0, entry = at + 2; i < count && entry + 12 <= tiff.length; i++, entry += 12) {
      const type = u16(entry + 2);
      const bytes = (SIZES[type] ?? 0) * u32(entry + 4);
      const value = bytes <= 4 ? entry + 8 : u32(entry + 8);
      if (bytes > 0 && bytes <= MAX_BYTES && value + bytes <= tiff.length) tags.set(u16(entry), { type, count: u32(entry + 4), at: value });
    }
    return tags;
  };
  const text = (from: Directory, tag: number): string => {
    const found = from.get(tag);
    return found && (found.type === 2 || found.type === 7) ? tiff.toString('utf8', found.at, found.at + found.count).split('\0')[0]! : '';
  };
  const number = (from: Directory, tag: number): number => {
    const found = from.get(tag);
    return found?.type === 4 ? u32(found.at) : found?.type === 3 ? u16(found.at) : found?.type === 1 ? tiff[found.at]! : Number.NaN;
  };
  const rationals = (from: Directory, tag: number): number[] => {
    const found = from.get(tag);
    return found?.type === 5 ? Array.from({ length: found.count }, (_, i) => u32(found.at + i * 8) / u32(found.at + i * 8 + 4)) : [];
  };
  const degrees = (from: Directory, tag: number, negative: string): number => {
    const [d = Number.NaN, m = 0, s = 0] = rationals(from, tag);
    return (d + m / 60 + s / 3600) * (text(from, tag - 1).trim().toUpperCase() === negative ? -1 : 1);
  };

  const main = directory(u32(4));
  const camera = directory(number(main, 0x8769));
  const gps = directory(number(main, 0x8825));

  const written = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)/.exec(text(camera, 0x9003) || text(main, 0x0132));
  const capturedLocal = written && instantOf(`${written[1]}-${written[2]}-${written[3]}T${written[4]}Z`) ? `${written[1]}-${written[2]}-${written[3]}T${written[4]}` : null;
  const offset = /^[+-]\d\d:\d\d/.exec(text(camera, 0x9011))?.[0];
  const day = /^(\d{4}):(\d\d):(\d\d)/.exec(text(gps, 0x1d));
  const [h = Number.NaN, m = Number.NaN, s = Number.NaN] = rationals(gps, 0x07);
  const two = (n: number): string => String(Math.trunc(n)).padStart(2, '0');
  const satellite = day && Number.isFinite(h + m + s) ? instantOf(`${day[1]}-${day[2]}-${day[3]}T${two(h)}:${two(m)}:${two(s)}Z`) : null;
  const altitude = rationals(gps, 0x06)[0];
  return {
    capturedAt: satellite ?? (capturedLocal && offset ? instantOf(`${capturedLocal}${offset}`) : null),
    capturedLocal,
    position: positionOf(degrees(gps, 0x02, 'S'), degrees(gps, 0x04, 'W'), altitude === undefined ? null : altitude * (number(gps, 0x05) === 1 ? -1 : 1)),
    camera: printable(`${text(main, 0x010f)} ${text(main, 0x0110)}`),
  };
};

/** `exif` as a decoder gives it: with or without the leading `Exif\0\0`. Never throws. */
export const exifClaim = (exif: Buffer): MediaClaim => {
  try {
    return readClaim(exif);
  } catch {
    return NO_CLAIM; // an offset that leads out of it
  }
};
