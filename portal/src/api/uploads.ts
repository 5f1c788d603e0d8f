/** Evidence files: hashed on the device piece by piece, sent in pieces, gone on with after a broken line. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { REFUSALS } from '../../../domain/errors.ts';
import { maxBytesOf, MEDIA_TYPES, UPLOAD_LIMITS } from '../../../domain/evidence.ts';
import type { MediaType } from '../../../domain/evidence.ts';
import { call, Problem } from './client.ts';
import type { EvidenceRef } from './types.ts';

export const ACCEPTED_MEDIA = Object.keys(MEDIA_TYPES).join(',');

/** `waiting`: the line is broken, or the server is away; it goes on by itself. */
export interface UploadProgress {
  stage: 'hashing' | 'sending' | 'waiting';
  done: number;
  total: number;
}
type OnProgress = (progress: UploadProgress) => void;

const HASH_BYTES = 2 * 1024 * 1024;
/** In a row, without a byte more in between. */
const MAX_ATTEMPTS = 8;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30_000;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Never more of the file in memory than a piece. */
export const sha256Of = async (file: Blob, onProgress: OnProgress = () => {}): Promise<string> => {
  const hash = sha256.create();
  for (let at = 0; at < file.size; at += HASH_BYTES) {
    hash.update(new Uint8Array(await file.slice(at, at + HASH_BYTES).arrayBuffer()));
    onProgress({ stage: 'hashing', done: Math.min(at + HASH_BYTES, file.size), total: file.size });
  }
  return bytesToHex(hash.digest());
};

interface Stored {
  sha256: string;
  mediaType: string;
}
type Answer = Stored | { sha256: string; offset: number; total: number };

/** The file is not at fault: the line, the server or its disk is. */
const isTransient = (problem: Problem): boolean => problem.status === 0 || problem.status >= 500 || problem.code === 'request.rate_limited';

const send = (path: string, file: Blob, start: number): Promise<Answer> => {
  const end = Math.min(start + UPLOAD_LIMITS.chunkBytes, file.size);
  if (start === 0 && end === file.size) return call<Answer>('PUT', path, { raw: file });
  const range = start === file.size ? `bytes */${file.size}` : `bytes ${start}-${end - 1}/${file.size}`;
  return call<Answer>('PUT', path, { raw: file.slice(start, end, file.type), contentRange: range });
};

/** How much of it has arrived. */
const standingOf = async (path: string): Promise<number> => {
  let offset = 0;
  await call('HEAD', path, { onHeaders: (headers) => { offset = Number(headers.get('Upload-Offset') ?? 0); } });
  return offset;
};

/** Sends what is missing. `pause` waits between attempts. Throws Problem when it is refused, or when nothing arrives for long. */
const sendAll = async (path: string, file: Blob, onProgress: OnProgress, pause: (ms: number) => Promise<void>): Promise<Stored> => {
  // What fits into one piece is sent without asking.
  let offset: number | null = file.size <= UPLOAD_LIMITS.chunkBytes ? 0 : null;
  let furthest = 0;
  for (let attempt = 0; ; ) {
    try {
      offset ??= await standingOf(path);
      if (offset > furthest) {
        furthest = offset;
        attempt = 0;
      }
      onProgress({ stage: 'sending', done: offset, total: file.size });
      const answer = await send(path, file, offset);
      if (!('offset' in answer)) return answer;
      offset = answer.offset;
    } catch (failure) {
      if (!(failure instanceof Problem) || !(isTransient(failure) || failure.code === 'blob.offset')) throw failure;
      if (++attempt >= MAX_ATTEMPTS) throw failure;
      onProgress({ stage: 'waiting', done: furthest, total: file.size });
      offset = null;
      if (failure.code !== 'blob.offset') await pause(Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_WAIT_MS) * (0.75 + Math.random() / 2));
    }
  }
};

/** What the file will be named by, known without the server. */
export const localRef = async (file: File, onProgress: OnProgress = () => {}): Promise<EvidenceRef> => ({
  sha256: await sha256Of(file, onProgress), mediaType: file.type, capturedAt: new Date(file.lastModified).toISOString(),
});

/** The same file twice is the same evidence. Chosen again after a reload, an upload goes on where it stood. */
export const uploadFile = async (file: File, onProgress: OnProgress = () => {}, pause: (ms: number) => Promise<void> = wait): Promise<EvidenceRef> => {
  if (file.type in MEDIA_TYPES && file.size > maxBytesOf(file.type as MediaType)) {
    const { status, zh, en } = REFUSALS['blob.too_large'];
    throw new Problem({ status, code: 'blob.too_large', titleZh: zh, titleEn: en });
  }
  const hash = await sha256Of(file, onProgress);
  const stored = await sendAll(`/api/v1/blobs/${hash}`, file, onProgress, pause);
  return { sha256: stored.sha256, mediaType: stored.mediaType, capturedAt: new Date(file.lastModified).toISOString() };
};
