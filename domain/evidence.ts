/** 证据 files: what is taken in, and how much of it. */
export const EVIDENCE_LIMITS = {
  bytes: 20 * 1024 * 1024,
  /** Width times height of a photo. */
  pixels: 50_000_000,
  /** Files of one report or act. */
  files: 20,
} as const;

export const MEDIA_TYPES = { 'image/jpeg': 'jpg', 'image/png': 'png', 'image/webp': 'webp', 'video/mp4': 'mp4' } as const;
export type MediaType = keyof typeof MEDIA_TYPES;
