/**
 * Files by their content, below DATA_DIR/evidence/ab/cd: `{sha256}` is the original, `{sha256}.view` the copy that others see,
 * `{sha256}.thumbnail` a small one. A file appears under its name only when it is complete and on disk; whatever is interrupted
 * leaves something in `tmp/` that is never read, or a part to go on with (platform/evidence-parts.ts).
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { EvidenceParts, PartLimits } from './evidence-parts.ts';
import { openEvidenceParts } from './evidence-parts.ts';

export type EvidenceCopy = 'original' | 'view' | 'thumbnail';

export interface EvidenceStore {
  parts: EvidenceParts;
  /** Bytes of the file, or null where there is none. */
  size(sha256: string, copy?: EvidenceCopy): Promise<number | null>;
  exists(sha256: string, copy?: EvidenceCopy): Promise<boolean>;
  /** `range` with its last byte. */
  read(sha256: string, range?: { start: number; end: number }, copy?: EvidenceCopy): Readable;
  /** For processes that look into a file. */
  path(sha256: string): string;
  /** An empty folder on the disk of the store, gone when `run` has ended. */
  inFolder<T>(run: (folder: string) => Promise<T>): Promise<T>;
  /**
   * Puts copies in place, and `original` (a file on the same disk, which stays where it is) with them. `copies` are files of
   * `folder`; where the view is not among them, the original is its own view. The original comes last: where it is, all is.
   */
  keep(sha256: string, folder: string, copies: readonly EvidenceCopy[], original: string): Promise<void>;
}

const SHA256 = /^[0-9a-f]{64}$/;
/** Something temporary that is older than this belongs to nobody. */
const STALE_MS = 24 * 60 * 60_000;

/** Brings a file, or what a folder lists, to disk. */
const sync = async (path: string): Promise<void> => {
  const opened = await open(path, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
};

export const openEvidenceStore = async (dataDir: string, limits: PartLimits): Promise<EvidenceStore> => {
  const root = resolve(dataDir, 'evidence');
  const tmp = join(root, 'tmp');
  await mkdir(tmp, { recursive: true });
  for (const name of await readdir(tmp)) {
    const path = join(tmp, name);
    const found = await stat(path).catch(() => null);
    if (found && Date.now() - found.mtimeMs > STALE_MS) await rm(path, { force: true, recursive: true });
  }
  const parts = await openEvidenceParts(join(root, 'parts'), limits);
  await parts.sweep();

  const folderOf = (sha256: string): string => {
    if (!SHA256.test(sha256)) throw new Error('not a SHA-256');
    return join(root, sha256.slice(0, 2), sha256.slice(2, 4));
  };
  const pathOf = (sha256: string, copy: EvidenceCopy): string => join(folderOf(sha256), copy === 'original' ? sha256 : `${sha256}.${copy}`);
  const size = async (sha256: string, copy: EvidenceCopy = 'original'): Promise<number | null> => {
    try {
      return (await stat(pathOf(sha256, copy))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  };
  /** A second name for the same bytes; a copy of them where the disk knows no second names. */
  const alias = (from: string, to: string): Promise<void> => link(from, to).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOSPC' ? Promise.reject(error) : copyFile(from, to)));

  return {
    parts,
    size,
    exists: async (sha256, copy) => (await size(sha256, copy)) !== null,
    read: (sha256, range, copy = 'original') => createReadStream(pathOf(sha256, copy), range),
    path: (sha256) => pathOf(sha256, 'original'),
    inFolder: async (run) => {
      const folder = join(tmp, randomUUID());
      await mkdir(folder);
      try {
        return await run(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    keep: async (sha256, folder, copies, original) => {
      const from = (copy: EvidenceCopy): string => join(folder, copy);
      if (!copies.includes('view')) await alias(original, from('view'));
      const isNew = original !== pathOf(sha256, 'original');
      if (isNew) await alias(original, from('original'));
      const placed = [...new Set<EvidenceCopy>([...copies, 'view']), ...(isNew ? (['original'] as const) : [])];
      await mkdir(folderOf(sha256), { recursive: true });
      for (const copy of placed) {
        await sync(from(copy));
        await rename(from(copy), pathOf(sha256, copy));
      }
      for (const path of [folderOf(sha256), join(root, sha256.slice(0, 2)), root]) await sync(path);
    },
  };
};
