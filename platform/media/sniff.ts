/** What kind of file its bytes say it is, and how large the picture is. Headers only; nothing is decoded. */
export type SniffedKind = 'image/jpeg' | 'image/png' | 'image/webp' | 'video/mp4';

const ascii = (b: Buffer, from: number, to: number): string => b.toString('latin1', from, to);

const MP4_BRANDS = new Set(['isom', 'iso2', 'iso3', 'iso4', 'iso5', 'iso6', 'mp41', 'mp42', 'avc1', 'M4V ', 'mmp4', 'MSNV', 'dash', '3gp4', '3gp5', '3gp6', 'qt  ']);

const jpegPixels = (b: Buffer): number | null => {
  let at = 2;
  while (at + 9 < b.length) {
    if (b[at] !== 0xff) return null;
    const marker = b[at + 1]!;
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += 2;
      continue;
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return b.readUInt16BE(at + 5) * b.readUInt16BE(at + 7);
    if (marker === 0xd9 || marker === 0xda) return null;
    const length = b.readUInt16BE(at + 2);
    if (length < 2) return null;
    at += 2 + length;
  }
  return null;
};

const pngPixels = (b: Buffer): number | null => (b.length >= 33 && b.readUInt32BE(8) === 13 && ascii(b, 12, 16) === 'IHDR' ? b.readUInt32BE(16) * b.readUInt32BE(20) : null);

const webpPixels = (b: Buffer): number | null => {
  if (b.length < 30) return null;
  switch (ascii(b, 12, 16)) {
    case 'VP8X':
      return (1 + b.readUIntLE(24, 3)) * (1 + b.readUIntLE(27, 3));
    case 'VP8L': {
      if (b[20] !== 0x2f) return null;
      const bits = b.readUInt32LE(21);
      return (1 + (bits & 0x3fff)) * (1 + ((bits >>> 14) & 0x3fff));
    }
    case 'VP8 ':
      return b.readUIntBE(23, 3) === 0x9d012a ? (b.readUInt16LE(26) & 0x3fff) * (b.readUInt16LE(28) & 0x3fff) : null;
    default:
      return null;
  }
};

/** From the first 16 bytes of a file; null for anything that is not taken in. */
export const kindOf = (head: Buffer): SniffedKind | null => {
  if (head.length < 16) return null;
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'image/jpeg';
  if (ascii(head, 0, 8) === '\x89PNG\r\n\x1a\n') return 'image/png';
  if (ascii(head, 0, 4) === 'RIFF' && ascii(head, 8, 12) === 'WEBP') return 'image/webp';
  if (ascii(head, 4, 8) === 'ftyp' && head.readUInt32BE(0) >= 16 && MP4_BRANDS.has(ascii(head, 8, 12))) return 'video/mp4';
  return null;
};

/** Width times height as a photo's header says; null where it says none. */
export const pixelsOf = (kind: Exclude<SniffedKind, 'video/mp4'>, file: Buffer): number | null => {
  const pixels = kind === 'image/jpeg' ? jpegPixels(file) : kind === 'image/png' ? pngPixels(file) : webpPixels(file);
  return pixels === 0 ? null : pixels;
};
