/** 证据 files: what is taken in, and how much of it. */
const MB = 1024 * 1024;

export const EVIDENCE_LIMITS = {
  photoBytes: 15 * MB,
  videoBytes: 500 * MB,
  /** Width times height of a photo, of one frame. */
  pixels: 50_000_000,
  /** Files of one report or act. */
  files: 20,
  /** Longest edge of the copy that others see, and of its thumbnail. */
  viewPx: 2560,
  thumbnailPx: 480,
} as const;

/** 未完成的上传: what somebody has begun to upload and may go on with. */
export const UPLOAD_LIMITS = {
  /** Untouched for so long, it is thrown away. */
  unfinishedMs: 48 * 60 * 60_000,
  /** Files that one person has begun: those of several acts. */
  personFiles: 60,
  /** Declared sizes of what one person, and of what all together have begun. */
  personBytes: 1024 * MB,
  allBytes: 20 * 1024 * MB,
  /** Left free on the disk for records and telemetry. */
  freeBytes: 512 * MB,
  /** What the portal sends at a time. */
  chunkBytes: 8 * MB,
  /** What of a refused body is still read, so that the answer arrives; beyond it the connection ends with the answer. */
  drainBytes: 16 * MB,
} as const;

/** A file is decoded in a process of its own. */
export const DECODING_LIMITS = {
  timeoutMs: 30_000,
  /** Of the whole process; about 600 MB of it are mapped by the runtime and not used. */
  memoryMb: 1024,
  atOnce: 2,
} as const;

export const MEDIA_TYPES = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'video/mp4': 'mp4' } as const;
export type MediaType = keyof typeof MEDIA_TYPES;

export const maxBytesOf = (mediaType: MediaType): number => (mediaType === 'video/mp4' ? EVIDENCE_LIMITS.videoBytes : EVIDENCE_LIMITS.photoBytes);
