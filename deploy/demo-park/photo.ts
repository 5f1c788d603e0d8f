/** Small real PNG files, for the demo park and for tests. */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';

export const pngChunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
};

interface PngOptions {
  /** Written into the header in place of the true size. */
  claim?: { width: number; height: number };
  /** Chunks between the picture and its end. */
  chunks?: readonly Buffer[];
}

/** `pixel` gives one value (grey) or three (red, green, blue) of 0-255. */
export const encodePng = (width: number, height: number, pixel: (x: number, y: number) => readonly number[], options: PngOptions = {}): Buffer => {
  const channels = pixel(0, 0).length;
  const rows = Buffer.alloc((1 + width * channels) * height);
  for (let y = 0, at = 0; y < height; y++) {
    at += 1;
    for (let x = 0; x < width; x++) for (const value of pixel(x, y)) rows[at++] = value & 255;
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(options.claim?.width ?? width, 0);
  header.writeUInt32BE(options.claim?.height ?? height, 4);
  header.set([8, channels === 3 ? 2 : 0, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(rows)), ...(options.chunks ?? []), pngChunk('IEND', Buffer.alloc(0))]);
};

/** A picture of its seed, so that two seeds are two photos. */
export const makePhoto = (seed: string, width = 96, height = 64): Buffer => {
  const hash = createHash('sha256').update(seed).digest();
  return encodePng(width, height, (x, y) => {
    const cell = hash[(Math.floor(y / 16) * 6 + Math.floor(x / 16)) % 32]!;
    return [cell, cell * 7 + x, cell * 13 + y];
  });
};
