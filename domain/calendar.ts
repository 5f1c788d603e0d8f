/**
 * 法定日历: days off, make-up workdays and special periods as data, and the end of a term (期间) reckoned by them. The data
 * of a year comes from the State Council's yearly notice; a year without data is refused, never guessed.
 *
 * A day is a day of Asia/Shanghai. That zone has been UTC+8 without summer time since 1992, so a fixed offset is exact for
 * every instant a park can record; and unlike Intl it does not depend on the time zone tables of the runtime, so a
 * replayed workflow reckons the same end as years before.
 */
import { ok, refuse } from './errors.ts';
import type { Result } from './errors.ts';

export interface CalendarPeriod {
  name: { zh: string; en: string };
  /** YYYY-MM-DD, first day. */
  from: string;
  /** YYYY-MM-DD, last day, included. */
  to: string;
}

export interface CalendarYear {
  year: number;
  /** Days off by the State Council's notice, weekends inside a holiday included; all within the year. */
  holidays: CalendarPeriod[];
  /** Make-up workdays (调休上班): Saturdays and Sundays that are worked, YYYY-MM-DD. */
  workdays: string[];
  /** Special periods (特殊时段), of the state or of the park. They change no deadline; they upgrade special work. */
  special?: CalendarPeriod[];
  /** The instrument: number and date of the State Council's notice. */
  source: string;
}

export type Calendar = readonly CalendarYear[];

/** `ms` counts instants, `workingDays` and `calendarDays` count whole days after the starting day. */
export type Term = { ms: number } | { workingDays: number } | { calendarDays: number };

const DAY = 24 * 3_600_000;
const SHANGHAI = 8 * 3_600_000;

const dayNumberAt = (at: number): number => Math.floor((at + SHANGHAI) / DAY);
const dayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY;
const dayName = (number: number): string => new Date(number * DAY).toISOString().slice(0, 10);
/** Day 0 was a Thursday. */
const isWeekend = (number: number): boolean => [2, 3].includes(((number % 7) + 7) % 7);
const startOf = (number: number): number => number * DAY - SHANGHAI;

/** The Asia/Shanghai day (YYYY-MM-DD) of an instant (epoch ms); 00:00 belongs to the new day. */
export const dayOf = (at: number): string => dayName(dayNumberAt(at));

const yearOf = (calendar: Calendar, day: string): Result<CalendarYear> => {
  const year = Number(day.slice(0, 4));
  const found = calendar.find((y) => y.year === year);
  return found ? ok(found) : refuse('calendar.year_missing', { detail: { year } });
};

const within = (period: CalendarPeriod, day: string): boolean => period.from <= day && day <= period.to;

/** Refuses with calendar.year_missing {year} when the year of the day is not loaded. */
export const isWorkingDay = (calendar: Calendar, day: string): Result<boolean> => {
  const year = yearOf(calendar, day);
  if (!year.ok) return year;
  if (year.value.workdays.includes(day)) return ok(true);
  return ok(!year.value.holidays.some((h) => within(h, day)) && !isWeekend(dayNumber(day)));
};

/**
 * When a term that began at `from` ends (epoch ms). Days are reckoned by 民法典 第二百零一条 (the starting day does not
 * count), 第二百零三条 (the last day ends at 24:00; a last day that is a statutory day off gives way to the day after the days
 * off) and 第二百零四条. An end at 24:00 is 00:00 Asia/Shanghai of the following day.
 * Refuses with calendar.year_missing {year} when a year it needs is not loaded.
 */
export const termEnd = (calendar: Calendar, from: number, term: Term): Result<number> => {
  if ('ms' in term) return ok(from + term.ms);
  let day = dayNumberAt(from);
  let left = 'workingDays' in term ? term.workingDays : 1;
  if ('calendarDays' in term) day += term.calendarDays - 1;
  while (left > 0) {
    day += 1;
    const working = isWorkingDay(calendar, dayName(day));
    if (!working.ok) return working;
    if (working.value) left -= 1;
  }
  return ok(startOf(day + 1));
};
