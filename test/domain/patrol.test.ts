import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PatrolPlan, PatrolSchedule } from '../../domain/patrol.ts';
import { checkSchedule, nextOccurrence, PATROL_LIMITS } from '../../domain/patrol.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const shanghai = (text: string): number => Date.parse(`${text}+08:00`);
const plan = (schedule: PatrolSchedule, more: Partial<PatrolPlan> = {}): PatrolPlan => ({ planId: 'p', schedule, graceMs: 0, validFrom: shanghai('2026-11-24T10:00:00'), validTo: null, endedAt: null, ...more });

describe('the occurrences of a plan', () => {
  test('every so long from its beginning, the beginning included', () => {
    const p = plan({ everyMs: 2 * HOUR });
    expect(nextOccurrence(p, 0)).toBe(p.validFrom);
    expect(nextOccurrence(p, p.validFrom)).toBe(p.validFrom + 2 * HOUR);
    expect(nextOccurrence(p, p.validFrom + 2 * HOUR - 1)).toBe(p.validFrom + 2 * HOUR);
  });
  test('at times of day of the park, over midnight', () => {
    const p = plan({ timesOfDay: ['00:00', '06:30', '22:00'] });
    expect(nextOccurrence(p, 0)).toBe(shanghai('2026-11-24T22:00:00'));
    expect(nextOccurrence(p, shanghai('2026-11-24T22:00:00'))).toBe(shanghai('2026-11-25T00:00:00'));
    expect(nextOccurrence(p, shanghai('2026-11-25T00:00:00'))).toBe(shanghai('2026-11-25T06:30:00'));
  });
  test('end where the plan ends or was ended', () => {
    const p = plan({ everyMs: HOUR }, { validTo: shanghai('2026-11-24T12:00:00') });
    expect(nextOccurrence(p, p.validFrom + 30 * MINUTE)).toBe(p.validFrom + HOUR);
    expect(nextOccurrence(p, p.validFrom + HOUR)).toBeNull();
    expect(nextOccurrence(plan({ everyMs: HOUR }, { endedAt: p.validFrom + 1 }), p.validFrom)).toBeNull();
  });
  test('are ascending, none left out and none twice, from wherever one asks', () => {
    const schedules = fc.oneof(
      fc.integer({ min: 15, max: 3_000 }).map((m) => ({ everyMs: m * MINUTE })),
      fc.uniqueArray(fc.integer({ min: 0, max: 1_439 }), { minLength: 1, maxLength: 8 }).map((list) => ({ timesOfDay: list.sort((a, b) => a - b).map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`) })),
    );
    fc.assert(fc.property(schedules, fc.nat({ max: 10 * DAY }), (schedule, ahead) => {
      const p = plan(schedule);
      const from = p.validFrom + ahead;
      const first = nextOccurrence(p, from)!;
      expect(first).toBeGreaterThan(from);
      const second = nextOccurrence(p, first)!;
      expect(second).toBeGreaterThan(first);
      // Whoever asks in between gets the same.
      expect(nextOccurrence(p, first - 1)).toBe(first);
      expect(nextOccurrence(p, Math.floor((first + second) / 2))).toBe(second);
    }));
  });
});

test.each<[string, PatrolSchedule, string]>([
  ['too often', { everyMs: PATROL_LIMITS.everyMs.min - 1 }, 'schedule.everyMs'],
  ['never', { everyMs: Infinity }, 'schedule.everyMs'],
  ['at no time', { timesOfDay: [] }, 'schedule.timesOfDay'],
  ['at a time that is none', { timesOfDay: ['24:00'] }, 'schedule.timesOfDay'],
  ['at times out of order', { timesOfDay: ['10:00', '09:00'] }, 'schedule.timesOfDay'],
])('a schedule %s is refused by its field', (_what, schedule, field) => {
  expect(checkSchedule(plan(schedule))).toMatchObject({ ok: false, refusal: { code: 'patrol.schedule_invalid', field } });
});

test('a grace that is no time and an end before the beginning are refused', () => {
  const good = plan({ everyMs: HOUR });
  expect(checkSchedule(good).ok).toBe(true);
  expect(checkSchedule({ ...good, graceMs: -1 })).toMatchObject({ refusal: { field: 'graceMs' } });
  expect(checkSchedule({ ...good, validTo: good.validFrom })).toMatchObject({ refusal: { field: 'validTo' } });
});
