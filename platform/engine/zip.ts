/** Takes single files out of a zip archive (stored or deflated, below 4 GB), so that no unzip command is needed. */
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_SIZE = 22;
const MAX_COMMENT = 0xffff;
const LOCAL_SIZE = 30;

interface Entry {
  name: string;
  method: number;
  packedSize: number;
  size: number;
  offset: number;
}

const readAt = async (archive: string, length: number, position: number): Promise<Buffer> => {
  const file = await open(archive, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const readDirectory = async (archive: string): Promise<Entry[]> => {
  const file = await open(archive, 'r');
  const { size } = await file.stat().finally(() => file.close());
  const tailStart = Math.max(0, size - END_SIZE - MAX_COMMENT);
  const tail = await readAt(archive, size - tailStart, tailStart);
  let end = tail.length - END_SIZE;
  while (end >= 0 && tail.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error('not a zip archive, or an incomplete one');
  const count = tail.readUInt16LE(end + 10);
  const directory = await readAt(archive, tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16));
  const entries: Entry[] = [];
  for (let at = 0, i = 0; i < count; i += 1) {
    if (directory.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('damaged zip directory');
    const nameLength = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      method: directory.readUInt16LE(at + 10),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
};

/** Writes the one entry whose name ends in `suffix` to `target` and gives its size in bytes. */
export const extractEntry = async (archive: string, suffix: string, target: string): Promise<number> => {
  const entry = (await readDirectory(archive)).find((e) => e.name.endsWith(suffix));
  if (!entry) throw new Error(`no file ${suffix} in the archive`);
  const header = await readAt(archive, LOCAL_SIZE, entry.offset);
  if (header.readUInt32LE(0) !== LOCAL_HEADER) throw new Error('damaged zip entry');
  const start = entry.offset + LOCAL_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = createReadStream(archive, { start, end: start + entry.packedSize - 1 });
  const out = createWriteStream(target, { flush: true });
  if (entry.method === 8) await pipeline(packed, createInflateRaw(), out);
  else if (entry.method === 0) await pipeline(packed, out);
  else throw new Error(`compression method ${entry.method} is not supported`);
  if (out.bytesWritten !== entry.size) throw new Error(`${entry.name} is incomplete`);
  return out.bytesWritten;
};
