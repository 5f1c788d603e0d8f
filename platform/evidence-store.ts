/**
 * Files by their content: DATA_DIR/evidence/ab/cd/{sha256}. A file appears under its name only when it is complete, hashed
 * and on disk; whatever is interrupted leaves a file in `tmp/` that is never read.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export type PutOutcome = { ok: true; sha256: string; bytes: number; head: Buffer } | { ok: false; reason: 'too_large' | 'hash_mismatch' | 'refused'; bytes: number };

export interface EvidenceStore {
  /**
   * Takes a stream in. It is kept only when it has the hash `sha256`, at most `maxBytes`, and `admit` says yes to its first
   * bytes (up to 512 KB) and its size; nothing is left behind otherwise. The same content twice is one file.
   */
  put(sha256: string, content: AsyncIterable<Uint8Array>, maxBytes: number, admit?: (head: Buffer, bytes: number) => boolean): Promise<PutOutcome>;
  /** Bytes of the file, or null where there is none. */
  size(sha256: string): Promise<number | null>;
  exists(sha256: string): Promise<boolean>;
  read(sha256: string, range?: { start: number; end: number }): Readable;
}

const SHA256 = /^[0-9a-f]{64}$/;
/** Enough for the size of a picture to be in it, behind all that cameras write first. */
const HEAD_BYTES = 512 * 1024;
/** A temporary file older than this belongs to nobody. */
const STALE_MS = 24 * 60 * 60_000;

const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

export const openEvidenceStore = async (dataDir: string): Promise<EvidenceStore> => {
  const root = join(dataDir, 'evidence');
  const tmp = join(root, 'tmp');
  await mkdir(tmp, { recursive: true });
  for (const name of await readdir(tmp)) {
    const path = join(tmp, name);
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true });
  }
  const folderOf = (sha256: string): string => {
    if (!SHA256.test(sha256)) throw new Error('not a SHA-256');
    return join(root, sha256.slice(0, 2), sha256.slice(2, 4));
  };
  const pathOf = (sha256: string): string => join(folderOf(sha256), sha256);
  const size = async (sha256: string): Promise<number | null> => {
    try {
      return (await stat(pathOf(sha256))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  };

  return {
    size,
    exists: async (sha256) => (await size(sha256)) !== null,
    read: (sha256, range) => createReadStream(pathOf(sha256), range),
    put: async (sha256, content, maxBytes, admit = () => true) => {
      const folder = folderOf(sha256);
      const path = join(tmp, randomUUID());
      const file = await open(path, 'wx', 0o600);
      const hash = createHash('sha256');
      const heads: Buffer[] = [];
      let headBytes = 0;
      let bytes = 0;
      try {
        for await (const chunk of content) {
          bytes += chunk.byteLength;
          if (bytes > maxBytes) return { ok: false, reason: 'too_large', bytes };
          if (headBytes < HEAD_BYTES) {
            const part = Buffer.from(chunk.subarray(0, HEAD_BYTES - headBytes));
            heads.push(part);
            headBytes += part.length;
          }
          hash.update(chunk);
          await file.writeFile(chunk);
        }
        const head = Buffer.concat(heads);
        if (hash.digest('hex') !== sha256) return { ok: false, reason: 'hash_mismatch', bytes };
        if (!admit(head, bytes)) return { ok: false, reason: 'refused', bytes };
        await file.sync();
        await mkdir(folder, { recursive: true });
        await rename(path, pathOf(sha256));
        await syncFolder(folder);
        await syncFolder(join(root, sha256.slice(0, 2)));
        await syncFolder(root);
        return { ok: true, sha256, bytes, head };
      } finally {
        await file.close();
        await rm(path, { force: true });
      }
    },
  };
};
