/** The limits of evidence files fit each other. */
import { expect, test } from '@jest/globals';
import { DECODING_LIMITS, EVIDENCE_LIMITS, maxBytesOf, MEDIA_TYPES, UPLOAD_LIMITS } from '../../domain/evidence.ts';
import type { MediaType } from '../../domain/evidence.ts';

test('a photo has at most 15 MB and 50 million pixels, a video at most 500 MB', () => {
  expect(Object.fromEntries((Object.keys(MEDIA_TYPES) as MediaType[]).map((kind) => [kind, maxBytesOf(kind) / 1024 / 1024]))).toEqual({ 'image/jpeg': 15, 'image/png': 15, 'image/webp': 15, 'video/mp4': 500 });
  expect(EVIDENCE_LIMITS.pixels).toBe(50_000_000);
});

test('one person can have the largest video under way, and a second one; all together more than one person', () => {
  expect(UPLOAD_LIMITS.personBytes).toBeGreaterThanOrEqual(2 * EVIDENCE_LIMITS.videoBytes);
  expect(UPLOAD_LIMITS.personFiles).toBeGreaterThanOrEqual(2 * EVIDENCE_LIMITS.files);
  expect(UPLOAD_LIMITS.allBytes).toBeGreaterThan(UPLOAD_LIMITS.personBytes);
  expect(UPLOAD_LIMITS.drainBytes).toBeGreaterThan(UPLOAD_LIMITS.chunkBytes);
});

test('the decoder has room for a photo of the most pixels beside what the runtime maps', () => {
  expect(DECODING_LIMITS.memoryMb - 600).toBeGreaterThan((EVIDENCE_LIMITS.pixels * 4) / 1024 / 1024);
});
