import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Calendar, CalendarYear, DayKind, Term } from '../../domain/calendar.ts';
import { CALENDAR_LIMITS, calendarDay, calendarDays, dayOf, DEFAULT_NIGHT, isDay, isNight, isWorkingDay, parseCalendarYear, specialPeriodsAt, termEnd, upgradeReasons } from '../../domain/calendar.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { SHIPPED_CALENDAR, SHIPPED_CALENDARS } from '../../domain/standards/calendar.ts';
import { CALENDAR_DAYS } from './calendar-days.ts';

const HOUR = 3_600_000;
/** An instant by the clock on the wall in Shanghai. */
const shanghai = (text: string): number => Date.parse(`${text.includes('T') ? text : `${text}T00:00:00`}+08:00`);
const onTheWall = (at: number): string => new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short', timeStyle: 'medium' }).format(at);
const end = (from: string, term: Term, calendar: Calendar = SHIPPED_CALENDAR): string => {
  const result = termEnd(calendar, shanghai(from), term);
  return result.ok ? onTheWall(result.value) : `${result.refusal.code} ${String(result.refusal.detail?.year ?? result.refusal.field)}`;
};
const period = (zh: string, from: string, to: string) => ({ name: { zh, en: zh }, from, to });

describe('every day of 2024-2026', () => {
  const letters: Record<DayKind, string> = { workday: 'W', makeup_workday: 'M', rest_day: 'R', holiday: 'H' };
  for (const [year, months] of Object.entries(CALENDAR_DAYS)) {
    test(`${year}: the kind of each day, and whether it is worked`, () => {
      expect(months).toHaveLength(12);
      for (const [index, wanted] of months.entries()) {
        const month = `${year}-${String(index + 1).padStart(2, '0')}`;
        const days = Array.from({ length: 31 }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`).filter(isDay);
        const kinds = days.map((day) => {
          const found = calendarDay(SHIPPED_CALENDAR, day);
          return found.ok ? letters[found.value.kind] : '?';
        });
        expect([month, kinds.join('')]).toEqual([month, wanted]);
        const worked = days.map((day) => {
          const working = isWorkingDay(SHIPPED_CALENDAR, day);
          return working.ok && working.value;
        });
        expect([month, worked]).toEqual([month, [...wanted].map((letter) => letter === 'W' || letter === 'M')]);
      }
    });
  }

  test('the notices give as many days off as they say: 28, 28 and 33', () => {
    expect(Object.values(CALENDAR_DAYS).map((months) => months.join('').replaceAll(/[^H]/g, '').length)).toEqual([28, 28, 33]);
    expect(Object.values(CALENDAR_DAYS).map((months) => months.join('').length)).toEqual([366, 365, 365]);
  });

  test('a holiday has its name in both languages', () => {
    expect(calendarDay(SHIPPED_CALENDAR, '2026-02-17')).toEqual({ ok: true, value: { day: '2026-02-17', kind: 'holiday', name: { zh: '春节', en: 'Spring Festival' }, special: [] } });
    expect(calendarDay(SHIPPED_CALENDAR, '2026-02-14')).toEqual({ ok: true, value: { day: '2026-02-14', kind: 'makeup_workday', name: null, special: [] } });
  });
});

describe('a year that is not loaded', () => {
  const missing = (year: number) => ({ ok: false, refusal: { code: 'calendar.year_missing', detail: { year } } });
  test('is refused with the year to load, on both sides, even where the day would be a plain Wednesday', () => {
    expect(isWorkingDay(SHIPPED_CALENDAR, '2027-03-10')).toEqual(missing(2027));
    expect(isWorkingDay(SHIPPED_CALENDAR, '2023-12-31')).toEqual(missing(2023));
    expect(upgradeReasons(SHIPPED_CALENDAR, shanghai('2027-03-10T23:00:00'), DEFAULT_NIGHT)).toEqual(missing(2027));
    expect(specialPeriodsAt(SHIPPED_CALENDAR, shanghai('2027-03-10'))).toEqual(missing(2027));
    expect(calendarDays(SHIPPED_CALENDAR, '2026-12-30', '2027-01-02')).toEqual(missing(2027));
  });

  test('refuses a term that reaches into it, and no term that ends before it; loading it lifts the refusal', () => {
    expect(end('2026-12-24T09:00:00', { workingDays: 5 })).toBe('2027-01-01 00:00:00');
    expect(end('2026-12-24T09:00:00', { workingDays: 6 })).toBe('calendar.year_missing 2027');
    expect(end('2026-12-24T09:00:00', { calendarDays: 7 })).toBe('2027-01-01 00:00:00');
    expect(end('2026-12-24T09:00:00', { calendarDays: 8 })).toBe('calendar.year_missing 2027');
    expect(end('2026-12-24T09:00:00', { ms: 400 * 24 * HOUR })).toBe('2028-01-28 09:00:00');
    const loaded: Calendar = [...SHIPPED_CALENDAR, { year: 2027, holidays: [period('元旦', '2027-01-01', '2027-01-03')], workdays: [], source: 'test' }];
    expect(end('2026-12-24T09:00:00', { workingDays: 6 }, loaded)).toBe('2027-01-05 00:00:00');
    expect(end('2026-12-24T09:00:00', { calendarDays: 8 }, loaded)).toBe('2027-01-05 00:00:00');
  });
});

describe('the notice of the next year', () => {
  // As the notice for 2019 did: 30 and 31 December 2018 off, 29 December worked.
  const year = (n: number): CalendarYear => ({ year: n, holidays: [period('元旦', `${n}-01-01`, `${n}-01-01`)], workdays: [], source: 'test' });
  const notice2019: CalendarYear = { ...year(2019), holidays: [period('元旦', '2018-12-30', '2019-01-01')], workdays: ['2018-12-29'] };
  test('changes the last days of December of the year before once it is loaded', () => {
    expect(end('2018-12-28T10:00:00', { workingDays: 1 }, [year(2018)])).toBe('2019-01-01 00:00:00');
    expect(end('2018-12-28T10:00:00', { workingDays: 1 }, [year(2018), notice2019])).toBe('2018-12-30 00:00:00');
    expect(end('2018-12-28T10:00:00', { workingDays: 2 }, [notice2019, year(2018)])).toBe('2019-01-03 00:00:00');
  });
  test('wins where both notices say something of a day', () => {
    const before: CalendarYear = { ...year(2018), holidays: [period('x', '2018-12-29', '2018-12-29')], workdays: ['2018-12-30'] };
    for (const calendar of [[before, notice2019], [notice2019, before]]) {
      expect(['2018-12-29', '2018-12-30'].map((day) => isWorkingDay(calendar, day))).toEqual([{ ok: true, value: true }, { ok: true, value: false }]);
    }
  });
  test('does not stand in for the year before', () => {
    expect(end('2018-12-28T10:00:00', { workingDays: 1 }, [notice2019])).toBe('calendar.year_missing 2018');
  });
});

describe('terms', () => {
  test('in working days across the Spring Festival of 2026 with its make-up Saturdays', () => {
    // Thursday 12 February: 13 Friday, 14 make-up Saturday, 15-23 off, 24 Tuesday.
    expect(end('2026-02-12T16:30:00', { workingDays: 1 })).toBe('2026-02-14 00:00:00');
    expect(end('2026-02-12T16:30:00', { workingDays: 2 })).toBe('2026-02-15 00:00:00');
    expect(end('2026-02-12T16:30:00', { workingDays: 3 })).toBe('2026-02-25 00:00:00');
    // 25, 26, 27, and 28 make-up Saturday; Sunday 1 March is off.
    expect(end('2026-02-12T16:30:00', { workingDays: 7 })).toBe('2026-03-01 00:00:00');
    expect(end('2026-02-12T16:30:00', { workingDays: 8 })).toBe('2026-03-03 00:00:00');
    // From within the days off.
    expect(end('2026-02-17T12:00:00', { workingDays: 1 })).toBe('2026-02-25 00:00:00');
  });

  test('in calendar days: the last day gives way to the next working day, days off before it count', () => {
    expect(end('2026-02-12T16:30:00', { calendarDays: 1 })).toBe('2026-02-14 00:00:00');
    // The second day is the make-up Saturday, which is worked.
    expect(end('2026-02-12T16:30:00', { calendarDays: 2 })).toBe('2026-02-15 00:00:00');
    // Third to eleventh lie in the festival: all end with 24 February, as the twelfth does.
    for (const calendarDays of [3, 7, 11, 12]) expect(end('2026-02-12T16:30:00', { calendarDays })).toBe('2026-02-25 00:00:00');
    expect(end('2026-02-12T16:30:00', { calendarDays: 13 })).toBe('2026-02-26 00:00:00');
    // 15 days from 1 October 2026 over the National Day and the make-up Saturday of 10 October.
    expect(end('2026-10-01T08:00:00', { calendarDays: 15 })).toBe('2026-10-17 00:00:00');
    expect(end('2026-10-01T08:00:00', { calendarDays: 9 })).toBe('2026-10-11 00:00:00');
    // A plain weekend: Saturday 13 June gives way to Monday 15 June.
    expect(end('2026-06-12T08:00:00', { calendarDays: 1 })).toBe('2026-06-16 00:00:00');
  });

  test('in milliseconds: neither days off nor a calendar matter', () => {
    expect(end('2026-02-14T23:59:59', { ms: 1_000 })).toBe('2026-02-15 00:00:00');
    expect(end('2026-02-14T12:00:00', { ms: 24 * HOUR }, [])).toBe('2026-02-15 12:00:00');
    expect(termEnd([], 5, { ms: 0 })).toEqual({ ok: true, value: 5 });
  });

  test('midnight belongs to the new day: a term that begins at 00:00 does not count that day, one a millisecond before does', () => {
    const midnight = shanghai('2026-03-04');
    expect([dayOf(midnight - 1), dayOf(midnight), dayOf(midnight + 24 * HOUR - 1)]).toEqual(['2026-03-03', '2026-03-04', '2026-03-04']);
    const ends = (from: number, term: Term): string => {
      const result = termEnd(SHIPPED_CALENDAR, from, term);
      return result.ok ? onTheWall(result.value) : result.refusal.code;
    };
    for (const term of [{ workingDays: 1 }, { calendarDays: 1 }]) {
      expect(ends(midnight - 1, term)).toBe('2026-03-05 00:00:00');
      expect(ends(midnight, term)).toBe('2026-03-06 00:00:00');
      expect(ends(midnight + 24 * HOUR - 1, term)).toBe('2026-03-06 00:00:00');
    }
    // The end itself lies in the day after the last one, so it is over at that instant and not before.
    const result = termEnd(SHIPPED_CALENDAR, midnight, { workingDays: 1 });
    expect(result.ok && [dayOf(result.value - 1), dayOf(result.value)]).toEqual(['2026-03-05', '2026-03-06']);
  });

  test('over the end of a year, where the UTC year is still the old one', () => {
    // 00:30 on 1 January 2026 in Shanghai is 16:30 on 31 December 2025 in UTC.
    expect(dayOf(shanghai('2026-01-01T00:30:00'))).toBe('2026-01-01');
    expect(end('2025-12-31T23:30:00', { workingDays: 1 })).toBe('2026-01-05 00:00:00');
    expect(end('2026-01-01T00:30:00', { workingDays: 1 })).toBe('2026-01-05 00:00:00');
  });

  test('that are none are refused with the field', () => {
    for (const term of [{ workingDays: 0 }, { workingDays: -1 }, { workingDays: 1.5 }, { workingDays: Number.NaN }, { workingDays: CALENDAR_LIMITS.termDays + 1 }]) {
      expect(termEnd(SHIPPED_CALENDAR, 0, term)).toEqual({ ok: false, refusal: { code: 'calendar.term_invalid', field: 'workingDays' } });
    }
    for (const term of [{ calendarDays: 0 }, { calendarDays: 0.5 }, { calendarDays: Infinity }]) {
      expect(termEnd(SHIPPED_CALENDAR, 0, term)).toEqual({ ok: false, refusal: { code: 'calendar.term_invalid', field: 'calendarDays' } });
    }
    for (const ms of [-1, Number.NaN, Infinity]) expect(termEnd(SHIPPED_CALENDAR, 0, { ms })).toEqual({ ok: false, refusal: { code: 'calendar.term_invalid', field: 'ms' } });
    expect(termEnd(SHIPPED_CALENDAR, Number.NaN, { ms: 1 })).toEqual({ ok: false, refusal: { code: 'calendar.term_invalid', field: 'from' } });
  });
});

describe('properties of terms, on random calendars', () => {
  const first = shanghai('2024-01-01');
  const DAY = 24 * HOUR;
  const at = fc.integer({ min: first, max: shanghai('2026-06-30') });
  const days = fc.integer({ min: 1, max: 60 });
  /** Three years whose holidays and make-up workdays are anywhere. */
  const calendar = fc
    .array(fc.tuple(fc.integer({ min: 0, max: 1_090 }), fc.integer({ min: 0, max: 9 }), fc.boolean()), { maxLength: 40 })
    .map((draws): Calendar => {
      const years = [2024, 2025, 2026].map((year): CalendarYear => ({ year, holidays: [], workdays: [], source: 'test' }));
      for (const [start, length, worked] of draws) {
        const [from, to] = [dayOf(first + start * DAY), dayOf(first + (start + length) * DAY)];
        const year = years.find((y) => String(y.year) === from.slice(0, 4));
        if (year && to.slice(0, 4) === from.slice(0, 4)) {
          if (worked) year.workdays.push(from);
          else year.holidays.push(period('x', from, to));
        }
      }
      return years;
    });
  const some = fc.oneof(fc.constant(SHIPPED_CALENDAR), calendar);
  const valueOf = (calendar_: Calendar, from: number, term: Term): number => {
    const result = termEnd(calendar_, from, term);
    if (!result.ok) throw new Error(result.refusal.code);
    return result.value;
  };
  const working = (c: Calendar, day: string): boolean => {
    const result = isWorkingDay(c, day);
    if (!result.ok) throw new Error(result.refusal.code);
    return result.value;
  };
  /** 2026 has days enough for every term drawn unless a calendar has hardly any working days; those are refused. */
  const reckoned = (c: Calendar, from: number, term: Term): boolean => termEnd(c, from, term).ok;

  test('a term in days ends at a midnight of Shanghai, after its start, on a working day', () => {
    fc.assert(
      fc.property(some, at, days, fc.boolean(), (c, from, n, counted) => {
        const term: Term = counted ? { workingDays: n } : { calendarDays: n };
        fc.pre(reckoned(c, from, term));
        const to = valueOf(c, from, term);
        expect(onTheWall(to).slice(11)).toBe('00:00:00');
        expect(to).toBeGreaterThan(from);
        expect(working(c, dayOf(to - 1))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('exactly n working days lie between the starting day and the end', () => {
    fc.assert(
      fc.property(some, at, days, (c, from, n) => {
        fc.pre(reckoned(c, from, { workingDays: n }));
        const to = valueOf(c, from, { workingDays: n });
        let count = 0;
        for (let t = shanghai(dayOf(from)) + DAY; t < to; t += DAY) if (working(c, dayOf(t))) count += 1;
        expect(count).toBe(n);
      }),
      { numRuns: 500 },
    );
  });

  test('a calendar term ends on its n-th day, or later with nothing but days off between', () => {
    fc.assert(
      fc.property(some, at, days, (c, from, n) => {
        fc.pre(reckoned(c, from, { calendarDays: n }));
        const to = valueOf(c, from, { calendarDays: n });
        const plain = shanghai(dayOf(from)) + (n + 1) * DAY;
        expect(to).toBeGreaterThanOrEqual(plain);
        for (let t = plain - DAY; t < to - DAY; t += DAY) expect(working(c, dayOf(t))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('a later start never ends earlier, a longer term never ends earlier, and a term in working days never ends before the same in calendar days', () => {
    fc.assert(
      fc.property(some, at, fc.integer({ min: 0, max: 30 * DAY }), days, (c, from, later, n) => {
        for (const term of [{ workingDays: n }, { calendarDays: n }, { ms: n * HOUR }] satisfies Term[]) {
          fc.pre(reckoned(c, from + later, term));
          expect(valueOf(c, from + later, term)).toBeGreaterThanOrEqual(valueOf(c, from, term));
        }
        for (const name of ['workingDays', 'calendarDays'] as const) {
          const [one, more] = [{ [name]: n } as unknown as Term, { [name]: n + 1 } as unknown as Term];
          fc.pre(reckoned(c, from, more));
          const [a, b] = [valueOf(c, from, one), valueOf(c, from, more)];
          if (name === 'workingDays') expect(b).toBeGreaterThan(a);
          else expect(b).toBeGreaterThanOrEqual(a);
        }
        expect(valueOf(c, from, { workingDays: n })).toBeGreaterThanOrEqual(valueOf(c, from, { calendarDays: n }));
      }),
      { numRuns: 1_000 },
    );
  });

  test('the day of an instant is the one on the wall in Shanghai, for every instant since 1992', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1992, 0, 1), max: Date.UTC(2100, 0, 1) }), (instant) => {
        expect(dayOf(instant)).toBe(onTheWall(instant).slice(0, 10));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what upgrades special work', () => {
  const reasons = (at: string, calendar: Calendar = SHIPPED_CALENDAR) => {
    const result = upgradeReasons(calendar, shanghai(at), DEFAULT_POLICY.night);
    return result.ok ? result.value : result.refusal.code;
  };
  test('holidays, rest days and nights, and none on a working day, a make-up Saturday included', () => {
    expect(reasons('2026-02-13T10:00:00')).toEqual([]);
    expect(reasons('2026-02-14T10:00:00')).toEqual([]);
    expect(reasons('2026-02-15T10:00:00')).toEqual(['holiday']);
    expect(reasons('2026-03-01T10:00:00')).toEqual(['rest_day']);
    expect(reasons('2026-02-13T23:00:00')).toEqual(['night']);
    expect(reasons('2026-02-15T23:00:00')).toEqual(['holiday', 'night']);
  });
  test('the night begins at 22:00:00 and ends at 06:00:00 of the park\'s clock, on every day', () => {
    const nights = ['T21:59:59', 'T22:00:00', 'T23:59:59', 'T00:00:00', 'T05:59:59', 'T06:00:00'].map((time) => isNight(shanghai(`2026-03-04${time}`), DEFAULT_NIGHT));
    expect(nights).toEqual([false, true, true, true, true, false]);
    expect(isNight(shanghai('2030-03-04T03:00:00'), DEFAULT_NIGHT)).toBe(true);
  });
  test('another night by policy: within one day, and all day', () => {
    const window = { fromMs: 0, toMs: 5 * HOUR };
    expect(['T23:59:59', 'T00:00:00', 'T04:59:59', 'T05:00:00'].map((time) => isNight(shanghai(`2026-03-04${time}`), window))).toEqual([false, true, true, false]);
    expect(isNight(shanghai('2026-03-04T12:00:00'), { fromMs: 3, toMs: 3 })).toBe(true);
  });
  test('special periods, from 00:00 of the first day to 24:00 of the last, over the end of a year too; no deadline moves by them', () => {
    const special = [period('重大活动', '2025-12-30', '2026-01-05')];
    const calendar = SHIPPED_CALENDAR.map((y) => (y.year === 2025 ? { ...y, special } : y));
    expect(reasons('2025-12-29T21:59:59', calendar)).toEqual([]);
    expect(reasons('2025-12-30T10:00:00', calendar)).toEqual(['special_period']);
    expect(reasons('2026-01-05T21:00:00', calendar)).toEqual(['special_period']);
    expect(reasons('2026-01-06T10:00:00', calendar)).toEqual([]);
    expect(specialPeriodsAt(calendar, shanghai('2026-01-05T23:59:59'))).toEqual({ ok: true, value: [{ zh: '重大活动', en: '重大活动' }] });
    for (const term of [{ workingDays: 5 }, { calendarDays: 5 }]) expect(end('2025-12-29T09:00:00', term, calendar)).toBe(end('2025-12-29T09:00:00', term));
  });
});

describe('calendar data from outside', () => {
  const good = (): Record<string, unknown> => structuredClone(SHIPPED_CALENDARS[2]!.calendar) as unknown as Record<string, unknown>;
  test('what ships with the product is valid, and each year is there once', () => {
    for (const { calendar } of SHIPPED_CALENDARS) expect(parseCalendarYear(calendar)).toEqual({ ok: true, value: calendar });
    expect(SHIPPED_CALENDARS.map(({ calendar }) => calendar.year)).toEqual([2024, 2025, 2026]);
  });
  const wrong: [string, string, (year: Record<string, unknown>) => void][] = [
    ['no source', 'source', (y) => delete y.source],
    ['a field that nobody knows', 'extra', (y) => (y.extra = 1)],
    ['a year as text', 'year', (y) => (y.year = '2026')],
    ['no holiday at all', 'holidays', (y) => (y.holidays = [])],
    ['a day that does not exist', 'holidays.0', (y) => (y.holidays = [period('x', '2026-02-30', '2026-02-30')])],
    ['a holiday that ends before it begins', 'holidays.0', (y) => (y.holidays = [period('x', '2026-02-03', '2026-02-02')])],
    ['a holiday without English name', 'holidays.0', (y) => (y.holidays = [{ name: { zh: 'x' }, from: '2026-02-03', to: '2026-02-03' }])],
    ['a holiday of another year', 'holidays.0', (y) => (y.holidays = [period('x', '2027-01-01', '2027-01-01')])],
    ['holidays that overlap', 'holidays.1', (y) => (y.holidays = [period('x', '2026-02-03', '2026-02-05'), period('y', '2026-02-05', '2026-02-06')])],
    ['a make-up workday on a Wednesday', 'workdays.0', (y) => (y.workdays = ['2026-03-04'])],
    ['a make-up workday within a holiday', 'workdays.0', (y) => (y.workdays = ['2026-02-15'])],
    ['a make-up workday twice', 'workdays.1', (y) => (y.workdays = ['2026-02-14', '2026-02-14'])],
    ['a day with a time', 'workdays.0', (y) => (y.workdays = ['2026-02-14T00:00:00Z'])],
    ['a special period of another year', 'special.0', (y) => (y.special = [period('x', '2025-02-03', '2026-02-05')])],
  ];
  test.each(wrong)('%s is refused', (_, field, change) => {
    const data = good();
    change(data);
    expect(parseCalendarYear(data)).toEqual({ ok: false, refusal: { code: 'calendar.invalid', field } });
  });
  test('anything at all is refused or taken, never thrown at', () => {
    fc.assert(fc.property(fc.anything(), (value) => typeof parseCalendarYear(value).ok === 'boolean'));
    for (const value of [null, [], 'x', 7]) expect(parseCalendarYear(value).ok).toBe(false);
  });
  test('days and spans that are none are refused', () => {
    for (const day of ['2026-02-30', '2026-2-3', '', '2026-13-01', '2026-02-03T00:00', '+02026-01']) {
      expect(isDay(day)).toBe(false);
      expect(isWorkingDay(SHIPPED_CALENDAR, day)).toEqual({ ok: false, refusal: { code: 'calendar.invalid', field: 'day' } });
    }
    expect(calendarDays(SHIPPED_CALENDAR, '2026-02-03', '2026-02-02')).toMatchObject({ refusal: { code: 'calendar.invalid', field: 'to' } });
    expect(calendarDays(SHIPPED_CALENDAR, '2025-01-01', '2026-01-01').ok).toBe(true);
    expect(calendarDays(SHIPPED_CALENDAR, '2024-12-31', '2026-01-01')).toMatchObject({ refusal: { code: 'calendar.invalid', field: 'to' } });
  });
});
