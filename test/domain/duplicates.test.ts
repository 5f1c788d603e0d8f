import { describe, expect, test } from '@jest/globals';
import type { DuplicateFacts } from '../../domain/duplicates.ts';
import { DUPLICATE_RULE, findDuplicates, wordsInCommon } from '../../domain/duplicates.ts';

const HOUR = 3_600_000;
const caseOf = (hazardId: string, change: Partial<DuplicateFacts> = {}): DuplicateFacts => ({
  hazardId, tenantId: 'ent-1', type: 'leak', assetId: 'tank-1', zoneId: 'zone-a', point: { coordinates: [121, 31] }, reportedAt: 1000 * HOUR, description: '三号储罐出料法兰处滴漏', ...change,
});
const OF = caseOf('of');

describe('near duplicates', () => {
  // Worked out by hand from the weights: asset 0.4, near 0.3, zone 0.1, type 0.25, time 0.15, words 0.3.
  const GOLDEN: { name: string; other: DuplicateFacts; expected: { score: number; reasons: string[] } | null }[] = [
    { name: 'the same asset, type, hour and words', other: caseOf('b'), expected: { score: 1, reasons: ['same_asset', 'same_type', 'close_in_time', 'similar_words'] } },
    { name: 'the same asset and type, a month later, in other words', other: caseOf('b', { reportedAt: 1720 * HOUR, description: 'seal worn' }), expected: { score: 0.65, reasons: ['same_asset', 'same_type'] } },
    { name: 'the same asset at the same hour, another type and other words', other: caseOf('b', { type: 'over_limit', description: 'level high' }), expected: { score: 0.55, reasons: ['same_asset', 'close_in_time'] } },
    { name: 'the same asset and nothing else', other: caseOf('b', { type: 'over_limit', reportedAt: 1720 * HOUR, description: 'level high' }), expected: null },
    { name: 'no asset, but 50 m away, the same type and day', other: caseOf('b', { assetId: null, point: { coordinates: [121.0005, 31] }, description: 'drips' }), expected: { score: 0.7, reasons: ['near', 'same_type', 'close_in_time'] } },
    { name: '200 m away in the same zone, the same type and day', other: caseOf('b', { assetId: null, point: { coordinates: [121.002, 31] }, description: 'drips' }), expected: null },
    { name: 'without any place, but in the same words', other: caseOf('b', { assetId: null, point: null, zoneId: null }), expected: { score: 0.7, reasons: ['same_type', 'close_in_time', 'similar_words'] } },
    { name: 'another enterprise', other: caseOf('b', { tenantId: 'ent-2' }), expected: null },
    { name: 'beyond the window', other: caseOf('b', { reportedAt: OF.reportedAt + DUPLICATE_RULE.windowMs + 1 }), expected: null },
    { name: 'the case itself', other: caseOf('of'), expected: null },
  ];
  test.each(GOLDEN)('$name', ({ other, expected }) => {
    const [found] = findDuplicates(OF, [other]);
    expect(found ? { score: found.score, reasons: found.reasons } : null).toEqual(expected);
    // It is the same seen from the other case.
    const [back] = findDuplicates(other, [OF]);
    expect(back?.score ?? null).toBe(expected?.score ?? null);
  });

  test('the likeliest comes first, and no more than so many', () => {
    const many = Array.from({ length: 9 }, (_, i) => caseOf(`c${i}`, i === 7 ? {} : { type: 'over_limit', description: 'y' }));
    const found = findDuplicates(OF, many);
    expect(found).toHaveLength(DUPLICATE_RULE.most);
    expect(found[0]!.hazardId).toBe('c7');
    expect(found.slice(1).map((c) => c.hazardId)).toEqual(['c0', 'c1', 'c2', 'c3']);
  });

  test('words: without case, width and punctuation; nothing in common is 0; empty words are like nothing', () => {
    expect(wordsInCommon('Flange  LEAKS!', 'flange leaks')).toBe(1);
    expect(wordsInCommon('Ａ３', 'a3')).toBe(1);
    expect(wordsInCommon('法兰滴漏', '电线老化')).toBe(0);
    expect(wordsInCommon('', '')).toBe(0);
    expect(wordsInCommon('abcd', 'abce')).toBe(0.5);
  });
});
