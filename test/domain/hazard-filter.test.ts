import { expect, test } from '@jest/globals';
import type { CaseFacts } from '../../domain/hazard-filter.ts';
import { matches } from '../../domain/hazard-filter.ts';

const DAY = 86_400_000;
const c: CaseFacts = {
  hazardId: 'h', tenantId: 'e', type: 'leak', grade: null, state: 'archived', assetId: null, overdue: false, supervision: 0, reportedAt: 100 * DAY, closedAt: 110 * DAY, firstDispatchedAt: 101 * DAY, acceptedAt: 109 * DAY,
  everAccepted: true, rectifiedMs: 8 * DAY, reviews: 1, reopenings: 0, extensions: 0, everOverdue: false, highestSupervision: 0, recursAfter: 70 * DAY,
};

test('From is inclusive and To exclusive; what has no such instant lies in no period', () => {
  expect([matches({ reportedFrom: 100 * DAY }, c), matches({ reportedTo: 100 * DAY }, c), matches({ acceptedFrom: 109 * DAY, acceptedTo: 109 * DAY + 1 }, c)]).toEqual([true, false, true]);
  expect(matches({ acceptedTo: 999 * DAY }, { ...c, acceptedAt: null })).toBe(false);
  expect([matches({ grade: 'none' }, c), matches({ grade: 'general' }, c)]).toEqual([true, false]);
});

test('first try, recurrence and length at their limits', () => {
  expect([matches({ firstTry: true }, c), matches({ firstTry: true }, { ...c, reviews: 2 }), matches({ firstTry: true }, { ...c, reopenings: 1 }), matches({ firstTry: false }, { ...c, acceptedAt: null })]).toEqual([true, false, false, true]);
  expect([matches({ recurredWithinDays: 30 }, c), matches({ recurredWithinDays: 29 }, c), matches({ recurredWithinDays: 999 }, { ...c, recursAfter: null })]).toEqual([true, false, false]);
  expect([matches({ rectifiedOverDays: 7 }, c), matches({ rectifiedOverDays: 8 }, c)]).toEqual([true, false]);
  expect([matches({ counted: true }, { ...c, state: 'merged' }), matches({ counted: false }, { ...c, state: 'redirected' }), matches({ open: false }, { ...c, state: 'dismissed' })]).toEqual([false, true, true]);
});
