/** The files of the evidence store, read only: what is there, and whether it is what its name says. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface EvidenceFiles {
  /** Bytes of the file; null where there is none. */
  size(sha256: string): Promise<number | null>;
  /** SHA-256 of what lies under the name. */
  hash(sha256: string): Promise<string>;
  /** Every file by its name, with the instant of its last change (epoch ms). */
  all(): AsyncGenerator<{ sha256: string; changedAt: number }>;
}

const SHA256 = /^[0-9a-f]{64}$/;
const FOLDER = /^[0-9a-f]{2}$/;

/** null: this data folder has no evidence store. */
export const openEvidenceFiles = async (dataDir: string): Promise<EvidenceFiles | null> => {
  const root = join(dataDir, 'evidence');
  if (!(await access(root).then(() => true, () => false))) return null;
  const pathOf = (sha256: string): string => join(root, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
  return {
    size: async (sha256) => {
      if (!SHA256.test(sha256)) return null;
      return await stat(pathOf(sha256)).then((s) => s.size, (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
    },
    hash: async (sha256) => {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(pathOf(sha256))) hash.update(chunk as Buffer);
      return hash.digest('hex');
    },
    all: async function* () {
      for await (const first of await opendir(root)) {
        if (!first.isDirectory() || !FOLDER.test(first.name)) continue;
        for await (const second of await opendir(join(root, first.name))) {
          if (!second.isDirectory() || !FOLDER.test(second.name)) continue;
          for await (const file of await opendir(join(root, first.name, second.name))) {
            if (!SHA256.test(file.name)) continue;
            const found = await stat(join(root, first.name, second.name, file.name)).catch(() => null);
            if (found) yield { sha256: file.name, changedAt: found.mtimeMs };
          }
        }
      }
    },
  };
};
