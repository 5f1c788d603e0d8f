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

/**
 * What the notice for one year says. A notice may also change days of the December before (the one for 2019 made
 * 2018-12-29 a workday), so days of year - 1 from December on are allowed, and there the later notice wins.
 */
export interface CalendarYear {
  year: number;
  /** Days off by the State Council's notice, weekends inside a holiday included. */
  holidays: CalendarPeriod[];
  /** Make-up workdays (调休上班): Saturdays and Sundays that are worked, YYYY-MM-DD. */
  workdays: string[];
  /** Special periods (特殊时段), of the state or of the park. They change no deadline; they upgrade special work. */
  special?: CalendarPeriod[];
  /** The instrument: number and date of the State Council's notice. */
  source: string;
}

/** At most one entry for a year. */
export type Calendar = readonly CalendarYear[];

/** `ms` counts instants; `workingDays` and `calendarDays` (whole numbers from 1 on) count days after the starting day. */
export type Term = { ms: number } | { workingDays: number } | { calendarDays: number };

export const DAY_KINDS = ['workday', 'makeup_workday', 'rest_day', 'holiday'] as const;
export type DayKind = (typeof DAY_KINDS)[number];

/** A day of the calendar: what it is and why. */
export interface CalendarDay {
  day: string;
  kind: DayKind;
  /** Name of the holiday; null on other days. */
  name: CalendarPeriod['name'] | null;
  /** Names of the special periods that it lies in. */
  special: CalendarPeriod['name'][];
}

export const CALENDAR_LIMITS = {
  /** Longest term in days: ten years, so that a slip of the pen ends in a refusal. */
  termDays: 3_660,
  /** Days of one answer. */
  span: 366,
  periods: 100,
  text: 200,
  firstYear: 2000,
  lastYear: 2999,
} as const;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SHANGHAI = 8 * HOUR;

const dayNumberAt = (at: number): number => Math.floor((at + SHANGHAI) / DAY);
const dayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY;
const dayName = (number: number): string => new Date(number * DAY).toISOString().slice(0, 10);
/** Day 0 was a Thursday. */
const isWeekend = (number: number): boolean => number % 7 === 2 || number % 7 === 3;
const startOf = (number: number): number => number * DAY - SHANGHAI;

/** The Asia/Shanghai day (YYYY-MM-DD) of an instant (epoch ms); 00:00 belongs to the new day. */
export const dayOf = (at: number): string => dayName(dayNumberAt(at));

const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '' && value.length <= CALENDAR_LIMITS.text;
/** Whether it is a day that exists, written YYYY-MM-DD. */
export const isDay = (value: unknown): value is string =>
  typeof value === 'string' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value) && Number.isFinite(dayNumber(value)) && dayName(dayNumber(value)) === value;

const within = (period: CalendarPeriod, day: string): boolean => period.from <= day && day <= period.to;

/** The notices that say something about a day, the later one first. */
const noticesFor = (calendar: Calendar, day: string): Result<CalendarYear[]> => {
  if (!isDay(day)) return refuse('calendar.invalid', { field: 'day' });
  const year = Number(day.slice(0, 4));
  if (!calendar.some((y) => y.year === year)) return refuse('calendar.year_missing', { detail: { year } });
  return ok(calendar.filter((y) => y.year === year || y.year === year + 1).sort((a, b) => b.year - a.year));
};

/** Refuses with calendar.year_missing {year} when the year of the day is not loaded. */
export const calendarDay = (calendar: Calendar, day: string): Result<CalendarDay> => {
  const notices = noticesFor(calendar, day);
  if (!notices.ok) return notices;
  // A special period may run over the end of its year.
  const special = calendar.flatMap((y) => y.special ?? []).filter((s) => within(s, day)).map((s) => s.name);
  for (const notice of notices.value) {
    if (notice.workdays.includes(day)) return ok({ day, kind: 'makeup_workday', name: null, special });
    const holiday = notice.holidays.find((h) => within(h, day));
    if (holiday) return ok({ day, kind: 'holiday', name: holiday.name, special });
  }
  return ok({ day, kind: isWeekend(dayNumber(day)) ? 'rest_day' : 'workday', name: null, special });
};

/** The days from `from` to `to`, both included; refuses spans that are upside down or longer than CALENDAR_LIMITS.span. */
export const calendarDays = (calendar: Calendar, from: string, to: string): Result<CalendarDay[]> => {
  if (!isDay(from)) return refuse('calendar.invalid', { field: 'from' });
  if (!isDay(to) || to < from || dayNumber(to) - dayNumber(from) >= CALENDAR_LIMITS.span) return refuse('calendar.invalid', { field: 'to' });
  const days: CalendarDay[] = [];
  for (let number = dayNumber(from); number <= dayNumber(to); number += 1) {
    const day = calendarDay(calendar, dayName(number));
    if (!day.ok) return day;
    days.push(day.value);
  }
  return ok(days);
};

/** Refuses with calendar.year_missing {year} when the year of the day is not loaded. */
export const isWorkingDay = (calendar: Calendar, day: string): Result<boolean> => {
  const found = calendarDay(calendar, day);
  return found.ok ? ok(found.value.kind === 'workday' || found.value.kind === 'makeup_workday') : found;
};

const isDayCount = (days: number): boolean => Number.isInteger(days) && days >= 1 && days <= CALENDAR_LIMITS.termDays;

/**
 * When a term that began at `from` ends (epoch ms). Terms in days follow 民法典: 第二百零一条 the starting day does not count;
 * 第二百零三条 the last day ends at 24:00, which is 00:00 Asia/Shanghai of the following day, and a last day that is a day off
 * (法定休假日, weekends among them) gives way to the first working day after it; 第二百零四条 unless a law says otherwise, as
 * for terms in working days (行政强制法 第六十九条).
 * Refuses with calendar.year_missing {year} when a year that it needs is not loaded, with calendar.term_invalid when the
 * term is none.
 */
export const termEnd = (calendar: Calendar, from: number, term: Term): Result<number> => {
  if (!Number.isFinite(from)) return refuse('calendar.term_invalid', { field: 'from' });
  if ('ms' in term) return Number.isFinite(term.ms) && term.ms >= 0 ? ok(from + term.ms) : refuse('calendar.term_invalid', { field: 'ms' });
  const counted = 'workingDays' in term;
  const days = counted ? term.workingDays : term.calendarDays;
  if (!isDayCount(days)) return refuse('calendar.term_invalid', { field: counted ? 'workingDays' : 'calendarDays' });
  let day = dayNumberAt(from) + (counted ? 0 : days - 1);
  for (let left = counted ? days : 1; left > 0; ) {
    day += 1;
    const working = isWorkingDay(calendar, dayName(day));
    if (!working.ok) return working;
    if (working.value) left -= 1;
  }
  return ok(startOf(day + 1));
};

/** A part of the day in Asia/Shanghai, ms since midnight, end exclusive; from > to runs over midnight, from = to is all day. */
export interface DayWindow {
  fromMs: number;
  toMs: number;
}

/** 夜间, 22:00-06:00 as in 噪声污染防治法 第八十八条; GB 30871 names no hours, so a park may choose others. */
export const DEFAULT_NIGHT: DayWindow = { fromMs: 22 * HOUR, toMs: 6 * HOUR };

/** Needs no calendar: night is night on every day. */
export const isNight = (at: number, { fromMs, toMs }: DayWindow): boolean => {
  const time = at - startOf(dayNumberAt(at));
  return fromMs < toMs ? fromMs <= time && time < toMs : fromMs <= time || time < toMs;
};

/** Names of the special periods in force at an instant. Refuses with calendar.year_missing: unknown is not "none". */
export const specialPeriodsAt = (calendar: Calendar, at: number): Result<CalendarPeriod['name'][]> => {
  const day = calendarDay(calendar, dayOf(at));
  return day.ok ? ok(day.value.special) : day;
};

export const UPGRADE_REASONS = ['holiday', 'rest_day', 'night', 'special_period'] as const;
export type UpgradeReason = (typeof UPGRADE_REASONS)[number];

/**
 * Why special work at an instant is to be managed one level up (GB 30871-2022 5.1.1: holidays, rest days, nights and other
 * special circumstances); empty where it is not. Several reasons together are still one level. A make-up workday is none.
 */
export const upgradeReasons = (calendar: Calendar, at: number, night: DayWindow): Result<UpgradeReason[]> => {
  const day = calendarDay(calendar, dayOf(at));
  if (!day.ok) return day;
  const holds: Record<UpgradeReason, boolean> = {
    holiday: day.value.kind === 'holiday',
    rest_day: day.value.kind === 'rest_day',
    night: isNight(at, night),
    special_period: day.value.special.length > 0,
  };
  return ok(UPGRADE_REASONS.filter((reason) => holds[reason]));
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const hasOnly = (value: Record<string, unknown>, names: readonly string[]): boolean => Object.keys(value).every((name) => names.includes(name));

const isPeriod = (value: unknown): value is CalendarPeriod =>
  isRecord(value) && hasOnly(value, ['name', 'from', 'to']) && isRecord(value.name) && hasOnly(value.name, ['zh', 'en']) && isText(value.name.zh) && isText(value.name.en) &&
  isDay(value.from) && isDay(value.to) && value.from <= value.to;

/**
 * Data from outside as a CalendarYear. Refuses with calendar.invalid and the field that is wrong: fields that are not known,
 * days that do not exist or belong to another year, make-up workdays that are no Saturday or Sunday, overlaps.
 */
export const parseCalendarYear = (value: unknown): Result<CalendarYear> => {
  const wrong = (field: string) => refuse('calendar.invalid', { field });
  if (!isRecord(value)) return wrong('calendar');
  const unknown = Object.keys(value).find((name) => !['year', 'holidays', 'workdays', 'special', 'source'].includes(name));
  if (unknown !== undefined) return wrong(unknown);
  const { year, holidays, workdays, special = [], source } = value;
  if (typeof year !== 'number' || !Number.isInteger(year) || year < CALENDAR_LIMITS.firstYear || year > CALENDAR_LIMITS.lastYear) return wrong('year');
  if (!isText(source)) return wrong('source');
  const [first, last] = [`${year - 1}-12-01`, `${year}-12-31`];
  const belongs = (day: string): boolean => first <= day && day <= last;
  // A year without a single holiday is a mistake, never a notice.
  if (!Array.isArray(holidays) || holidays.length === 0 || holidays.length > CALENDAR_LIMITS.periods) return wrong('holidays');
  const off: CalendarPeriod[] = [];
  for (const [i, period] of (holidays as unknown[]).entries()) {
    if (!isPeriod(period) || !belongs(period.from) || !belongs(period.to) || off.some((h) => h.from <= period.to && period.from <= h.to)) return wrong(`holidays.${i}`);
    off.push(period);
  }
  if (!Array.isArray(workdays) || workdays.length > CALENDAR_LIMITS.periods) return wrong('workdays');
  const worked: string[] = [];
  for (const [i, day] of (workdays as unknown[]).entries()) {
    if (!isDay(day) || !belongs(day) || !isWeekend(dayNumber(day)) || off.some((h) => within(h, day)) || worked.includes(day)) return wrong(`workdays.${i}`);
    worked.push(day);
  }
  if (!Array.isArray(special) || special.length > CALENDAR_LIMITS.periods) return wrong('special');
  for (const [i, period] of (special as unknown[]).entries()) if (!isPeriod(period) || Number(period.from.slice(0, 4)) !== year) return wrong(`special.${i}`);
  return ok({ year, holidays: off, workdays: worked, ...(special.length > 0 ? { special: special as CalendarPeriod[] } : {}), source });
};
