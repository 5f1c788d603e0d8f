/** Where a photo ends, whether it moves, and whether it is a page or document as well. */
import type { SniffedKind } from './sniff.ts';

/** What follows the picture and reads as a page. Long enough that compressed data does not look like it by chance. */
const PAGE = /<!doctype|<html[\s>]|<head[\s>]|<body[\s>]|<script[\s>]|<svg[\s>]|<iframe|<\?php|%pdf-|javascript:/i;
const TAIL_BYTES = 64 * 1024;
/** Readers of PDF accept the mark this far into a file. */
const PDF_HEAD_BYTES = 1024;

interface Extent {
  /** First byte after the picture. */
  end: number;
  animated: boolean;
}

const pngExtent = (b: Buffer): Extent | null => {
  let animated = false;
  for (let at = 8; at + 12 <= b.length; ) {
    const type = b.toString('latin1', at + 4, at + 8);
    const next = at + 12 + b.readUInt32BE(at);
    if (next > b.length) return null;
    if (type === 'acTL') animated = true;
    if (type === 'IEND') return { end: next, animated };
    at = next;
  }
  return null;
};

const webpExtent = (b: Buffer): Extent | null => {
  const end = 8 + b.readUInt32LE(4);
  if (end > b.length) return null;
  return { end, animated: b.toString('latin1', 12, 16) === 'VP8X' && b.length > 20 && (b[20]! & 0x02) !== 0 };
};

const jpegExtent = (b: Buffer): Extent | null => {
  let at = 2;
  while (at + 2 <= b.length) {
    if (b[at] !== 0xff) return null;
    const marker = b[at + 1]!;
    if (marker === 0xd9) return { end: at + 2, animated: false };
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    if (at + 4 > b.length) return null;
    at += 2 + b.readUInt16BE(at + 2);
    if (marker !== 0xda) continue;
    // Coded data: up to a marker that is neither a stuffed byte nor a restart.
    for (;;) {
      at = b.indexOf(0xff, at);
      if (at < 0 || at + 1 >= b.length) return null;
      const next = b[at + 1]!;
      if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) break;
      at += next === 0xff ? 1 : 2;
    }
  }
  return null;
};

export type PictureFault = 'truncated' | 'animated' | 'page';

/** What is wrong with the structure of a photo; null: nothing. Text inside its metadata is no fault: no copy carries it. */
export const pictureFault = (kind: Exclude<SniffedKind, 'video/mp4'>, file: Buffer): PictureFault | null => {
  if (file.subarray(0, PDF_HEAD_BYTES).includes('%PDF-')) return 'page';
  const extent = kind === 'image/png' ? pngExtent(file) : kind === 'image/webp' ? webpExtent(file) : jpegExtent(file);
  if (!extent) return 'truncated';
  if (extent.animated) return 'animated';
  return PAGE.test(file.toString('latin1', extent.end, extent.end + TAIL_BYTES)) ? 'page' : null;
};
