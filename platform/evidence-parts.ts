/**
 * Unfinished uploads: DATA_DIR/evidence/parts/{owner}/{sha256}.{total}, one file for each person and file, as long as what has
 * arrived. Nobody writes into another's part; a part of a killed process is gone on with where its file ends. What is in it is
 * believed only when the whole of it has the hash.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

export interface PartLimits {
  unfinishedMs: number;
  /** Parts that one owner has begun. */
  personFiles: number;
  /** Declared sizes of what one owner, and of what all have begun. */
  personBytes: number;
  allBytes: number;
  /** Left free on the disk. */
  freeBytes: number;
}

export interface Part {
  path: string;
  received: number;
  total: number;
}

/** [start, end) of the file that `content` is. */
export interface Piece {
  start: number;
  end: number;
  total: number;
  content: AsyncIterable<Uint8Array>;
  /** Asked once, with the first 16 bytes of the file: a reason to refuse it, or null. */
  refuseHead: (head: Buffer) => string | null;
}

export type PieceOutcome =
  | { ok: true; part: Part; complete: boolean }
  /** `broken`: the sender went away; what came is kept. `offset`: the piece does not begin where the part ends. */
  | { ok: false; reason: 'broken' | 'offset'; received: number }
  /** `range`: longer or shorter than it said, or another total. `quota`: the owner has begun too much. `full`: no room. `head`: see `why`. */
  | { ok: false; reason: 'range' | 'quota' | 'full' }
  | { ok: false; reason: 'head'; why: string };

export interface EvidenceParts {
  find(owner: string, sha256: string): Promise<Part | null>;
  /** One at a time for each part. A later caller asks the one before it to let go (`letGo`), and waits for its end. */
  hold<T>(owner: string, sha256: string, letGo: () => void, run: () => Promise<T>): Promise<T>;
  /** Within `hold`. A piece from 0 begins anew where `anew` says so. Refused for any reason but `broken` and `offset`, the part is gone. */
  append(owner: string, sha256: string, piece: Piece, anew: boolean): Promise<PieceOutcome>;
  hasHash(part: Part, sha256: string): Promise<boolean>;
  discard(owner: string, sha256: string): Promise<void>;
  /** Throws away what nobody has touched for too long; gives the number of parts. */
  sweep(): Promise<number>;
}

const HEAD_BYTES = 16;
const HASH_BYTES = 256 * 1024;
const NAME = /^([0-9a-f]{64})\.(\d{1,15})$/;

export const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

const writeAll = async (file: FileHandle, bytes: Uint8Array, position: number): Promise<void> => {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
};

export const openEvidenceParts = async (root: string, limits: PartLimits): Promise<EvidenceParts> => {
  await mkdir(root, { recursive: true });
  const folderOf = (owner: string): string => join(root, createHash('sha256').update(owner).digest('hex').slice(0, 32));

  const list = async (folder: string): Promise<(Part & { sha256: string; touched: number })[]> => {
    const parts = [];
    for (const name of await readdir(folder).catch(() => [])) {
      const [, sha256, total] = NAME.exec(name) ?? [];
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      if (sha256 && total && found) parts.push({ sha256, path, received: found.size, total: Number(total), touched: found.mtimeMs });
    }
    return parts;
  };
  const listAll = async () => (await Promise.all((await readdir(root)).map((owner) => list(join(root, owner))))).flat();
  const find = async (owner: string, sha256: string): Promise<Part | null> => {
    const found = (await list(folderOf(owner))).find((p) => p.sha256 === sha256);
    return found ? { path: found.path, received: found.received, total: found.total } : null;
  };
  const discard = async (owner: string, sha256: string): Promise<void> => {
    for (const part of await list(folderOf(owner))) if (part.sha256 === sha256) await rm(part.path, { force: true });
  };

  /** One at a time, so that two new parts cannot both take the last of a quota. */
  let beginning: Promise<unknown> = Promise.resolve();
  const begin = (owner: string, sha256: string, total: number): Promise<'quota' | 'full' | Part> => {
    const begun = beginning.then(async () => {
      await discard(owner, sha256);
      const sum = (parts: readonly Part[]): number => parts.reduce((bytes, p) => bytes + p.total, 0);
      const all = await listAll();
      const own = await list(folderOf(owner));
      if (own.length >= limits.personFiles || sum(own) + total > limits.personBytes) return 'quota';
      const { bavail, bsize } = await statfs(root);
      const reserved = all.reduce((bytes, p) => bytes + Math.max(0, p.total - p.received), 0);
      if (sum(all) + total > limits.allBytes || bavail * bsize - reserved - total < limits.freeBytes) return 'full';
      const path = join(folderOf(owner), `${sha256}.${total}`);
      await mkdir(folderOf(owner), { recursive: true });
      await (await open(path, 'wx', 0o600)).close();
      return { path, received: 0, total };
    });
    beginning = begun.catch(() => {});
    return begun;
  };

  const write = async (part: Part, piece: Piece): Promise<PieceOutcome> => {
    const file = await open(part.path, 'r+');
    let at = piece.start;
    let headSeen = at >= HEAD_BYTES;
    try {
      for await (const chunk of piece.content) {
        if (at + chunk.byteLength > piece.end) return { ok: false, reason: 'range' };
        await writeAll(file, chunk, at);
        at += chunk.byteLength;
        if (headSeen || at < Math.min(HEAD_BYTES, piece.total)) continue;
        headSeen = true;
        const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
        const why = piece.refuseHead(buffer.subarray(0, bytesRead));
        if (why) return { ok: false, reason: 'head', why };
      }
      await file.sync();
    } catch (error) {
      if (isFull(error)) return { ok: false, reason: 'full' };
      if (['write', 'fsync'].includes((error as NodeJS.ErrnoException).syscall ?? '')) throw error;
      await file.sync();
      return { ok: false, reason: 'broken', received: at };
    } finally {
      await file.close();
    }
    if (at !== piece.end) return { ok: false, reason: 'range' };
    return { ok: true, part: { ...part, received: at }, complete: at === part.total };
  };

  const holders = new Map<string, { letGo: () => void; ended: Promise<unknown> }>();

  return {
    find,
    discard,
    hold: async (owner, sha256, letGo, run) => {
      const key = `${owner}/${sha256}`;
      const before = holders.get(key);
      before?.letGo();
      const result = (before?.ended ?? Promise.resolve()).then(run);
      const mine = { letGo, ended: result.catch(() => {}) };
      holders.set(key, mine);
      try {
        return await result;
      } finally {
        if (holders.get(key) === mine) holders.delete(key);
      }
    },
    append: async (owner, sha256, piece, anew) => {
      let part = anew ? null : await find(owner, sha256);
      if (piece.start !== (part?.received ?? 0)) return { ok: false, reason: 'offset', received: part?.received ?? 0 };
      if (part && part.total !== piece.total) {
        await discard(owner, sha256);
        return { ok: false, reason: 'range' };
      }
      try {
        if (!part) {
          const begun = await begin(owner, sha256, piece.total);
          if (typeof begun === 'string') return { ok: false, reason: begun };
          part = begun;
        }
        const outcome = await write(part, piece);
        if (!outcome.ok && outcome.reason !== 'broken') await discard(owner, sha256);
        return outcome;
      } catch (error) {
        if (!isFull(error)) throw error;
        await discard(owner, sha256);
        return { ok: false, reason: 'full' };
      }
    },
    hasHash: async (part, sha256) => {
      const hash = createHash('sha256');
      // One buffer for the whole of it: a stream would leave as much garbage as the file is long.
      const buffer = Buffer.alloc(HASH_BYTES);
      const file = await open(part.path, 'r');
      try {
        for (let read = -1; read !== 0; hash.update(buffer.subarray(0, read))) read = (await file.read(buffer, 0, HASH_BYTES, null)).bytesRead;
      } finally {
        await file.close();
      }
      return hash.digest('hex') === sha256;
    },
    sweep: async () => {
      const old = (await listAll()).filter((p) => Date.now() - p.touched > limits.unfinishedMs);
      for (const { path } of old) await rm(path, { force: true });
      return old.length;
    },
  };
};
