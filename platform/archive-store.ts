/**
 * Files that we made ourselves and that stay as they are, by their content: DATA_DIR/archive/ab/cd/{sha256}. They lie apart
 * from what was uploaded. A file appears under its name only when it is complete and on disk.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface ArchiveStore {
  /** Keeps the content and gives its SHA-256; the same content twice is one file. */
  put(content: Uint8Array): Promise<string>;
  /** Bytes of the file, or null where there is none. */
  size(sha256: string): Promise<number | null>;
  /** Whether the file is there and still has its hash. */
  isIntact(sha256: string): Promise<boolean>;
  /** The whole file. Throws where there is none, or where it no longer has its hash. */
  load(sha256: string): Promise<Buffer>;
  stream(sha256: string): Readable;
}

const SHA256 = /^[0-9a-f]{64}$/;
/** Something half written that is older than this belongs to nobody. */
const STALE_MS = 24 * 60 * 60_000;
const hashOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Brings what a folder lists to disk. */
const syncFolder = async (path: string): Promise<void> => {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
};

export const openArchiveStore = (dataDir: string): ArchiveStore => {
  const root = join(dataDir, 'archive');
  const folders = (sha256: string): string[] => [root, join(root, sha256.slice(0, 2)), join(root, sha256.slice(0, 2), sha256.slice(2, 4))];
  const pathOf = (sha256: string): string => {
    if (!SHA256.test(sha256)) throw new Error('not a SHA-256');
    return join(folders(sha256)[2]!, sha256);
  };
  const tmp = join(root, 'tmp');
  /** What a killed process left half written. */
  const sweep = async (): Promise<void> => {
    await mkdir(tmp, { recursive: true });
    for (const name of await readdir(tmp)) {
      const left = await stat(join(tmp, name)).catch(() => null);
      if (left && Date.now() - left.mtimeMs > STALE_MS) await rm(join(tmp, name), { force: true });
    }
  };
  let swept: Promise<void> | null = null;

  return {
    put: async (content) => {
      const sha256 = hashOf(content);
      const path = pathOf(sha256);
      swept ??= sweep().catch((error: unknown) => {
        swept = null;
        throw error;
      });
      await swept;
      const part = join(tmp, randomUUID());
      try {
        const file = await open(part, 'wx', 0o600);
        try {
          await file.writeFile(content);
          await file.sync();
        } finally {
          await file.close();
        }
        await mkdir(folders(sha256)[2]!, { recursive: true });
        await rename(part, path);
        for (const folder of folders(sha256).reverse()) await syncFolder(folder);
      } finally {
        await rm(part, { force: true });
      }
      return sha256;
    },
    size: async (sha256) => {
      try {
        return (await stat(pathOf(sha256))).size;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
        throw error;
      }
    },
    isIntact: async (sha256) => {
      const hash = createHash('sha256');
      try {
        await pipeline(createReadStream(pathOf(sha256)), hash);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
      return hash.digest('hex') === sha256;
    },
    load: async (sha256) => {
      const content = await readFile(pathOf(sha256));
      if (hashOf(content) !== sha256) throw new Error(`the archive file ${sha256} was changed`);
      return content;
    },
    stream: (sha256) => createReadStream(pathOf(sha256)),
  };
};
