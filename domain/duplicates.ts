/**
 * 疑似重复: open cases of the same enterprise that may be about the same hazard. It only proposes; a person merges. Pure, so
 * that the same two cases get the same score on every machine.
 */
import { metresBetween } from './geo.ts';
import type { HazardType } from './hazard-types.ts';

export interface DuplicateFacts {
  hazardId: string;
  tenantId: string;
  type: HazardType;
  assetId: string | null;
  zoneId: string | null;
  point: { coordinates: readonly [number, number] } | null;
  /** Epoch ms. */
  reportedAt: number;
  /** What was said; a title is often made of asset and type, and would say those twice. */
  description: string;
}

export const DUPLICATE_REASONS = ['same_asset', 'near', 'same_zone', 'same_type', 'close_in_time', 'similar_words'] as const;
export type DuplicateReason = (typeof DUPLICATE_REASONS)[number];

export interface DuplicateCandidate {
  hazardId: string;
  /** 0 to 1. */
  score: number;
  reasons: DuplicateReason[];
  /** Where both have a place. */
  metres: number | null;
  /** Share of three-letter pieces of the words that both have, 0 to 1. */
  words: number;
}

export const DUPLICATE_RULE = {
  nearM: 100,
  closeMs: 72 * 3_600_000,
  /** Older cases are not looked at. */
  windowMs: 90 * 86_400_000,
  similarWords: 0.3,
  minScore: 0.5,
  most: 5,
  weights: { same_asset: 0.4, near: 0.3, same_zone: 0.1, same_type: 0.25, close_in_time: 0.15, similar_words: 0.3 },
} as const;

/** Three letters at a time, without case, spaces and punctuation; a shorter text is one piece. */
const piecesOf = (text: string): Set<string> => {
  const letters = [...text.normalize('NFKC').toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '')];
  if (letters.length === 0) return new Set();
  if (letters.length < 3) return new Set([letters.join('')]);
  return new Set(letters.slice(2).map((_, i) => letters.slice(i, i + 3).join('')));
};

/** Dice's coefficient of the pieces: 1 for the same words, 0 for nothing in common. */
export const wordsInCommon = (a: string, b: string): number => {
  const [left, right] = [piecesOf(a), piecesOf(b)];
  if (left.size + right.size === 0) return 0;
  const both = [...left].filter((piece) => right.has(piece)).length;
  return (2 * both) / (left.size + right.size);
};

const round = (value: number): number => Math.round(value * 1000) / 1000;

const compare = (a: DuplicateFacts, b: DuplicateFacts): DuplicateCandidate => {
  const metres = a.point && b.point ? metresBetween(a.point.coordinates, b.point.coordinates) : null;
  const words = wordsInCommon(a.description, b.description);
  const sameAsset = a.assetId !== null && a.assetId === b.assetId;
  const near = !sameAsset && metres !== null && metres <= DUPLICATE_RULE.nearM;
  const holds: Record<DuplicateReason, boolean> = {
    same_asset: sameAsset,
    near,
    same_zone: !sameAsset && !near && a.zoneId !== null && a.zoneId === b.zoneId,
    same_type: a.type === b.type,
    close_in_time: Math.abs(a.reportedAt - b.reportedAt) <= DUPLICATE_RULE.closeMs,
    similar_words: words >= DUPLICATE_RULE.similarWords,
  };
  const reasons = DUPLICATE_REASONS.filter((reason) => holds[reason]);
  const score = Math.min(1, reasons.reduce((sum, reason) => sum + DUPLICATE_RULE.weights[reason], 0));
  return { hazardId: b.hazardId, score: round(score), reasons, metres: metres === null ? null : Math.round(metres), words: round(words) };
};

/** The likeliest first; of the same score the nearer in words, then by id. Needs a place or an asset in common, or the same words. */
export const findDuplicates = (of: DuplicateFacts, among: readonly DuplicateFacts[]): DuplicateCandidate[] =>
  among
    .filter((other) => other.hazardId !== of.hazardId && other.tenantId === of.tenantId && Math.abs(other.reportedAt - of.reportedAt) <= DUPLICATE_RULE.windowMs)
    .map((other) => compare(of, other))
    .filter((c) => c.score >= DUPLICATE_RULE.minScore && c.reasons.some((r) => r === 'same_asset' || r === 'near' || r === 'similar_words'))
    .sort((a, b) => b.score - a.score || b.words - a.words || (a.hazardId < b.hazardId ? -1 : 1))
    .slice(0, DUPLICATE_RULE.most);
