/** Evidence files: hashed on the device, stored by their content. */
import { MEDIA_TYPES } from '../../../domain/evidence.ts';
import { call } from './client.ts';
import type { EvidenceRef } from './types.ts';

export const ACCEPTED_MEDIA = Object.keys(MEDIA_TYPES).join(',');

/** Browsers give the hash function only to pages from https or from this machine. */
export const canHash = (): boolean => typeof crypto.subtle !== 'undefined';

export const sha256Of = async (file: Blob): Promise<string> =>
  [...new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()))].map((b) => b.toString(16).padStart(2, '0')).join('');

/** Uploads a file unless the store has it already. The same file twice is the same evidence. */
export const uploadFile = async (file: File): Promise<EvidenceRef> => {
  const sha256 = await sha256Of(file);
  const stored = await call<{ sha256: string; mediaType: string }>('PUT', `/api/v1/blobs/${sha256}`, { raw: file });
  return { sha256: stored.sha256, mediaType: stored.mediaType, capturedAt: new Date(file.lastModified).toISOString() };
};
