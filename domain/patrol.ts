/**
 * 巡检计划: when its occurrences are. Times of day are those of the park: UTC+8 without summer time, as for the calendar
 * (domain/calendar.ts).
 */
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const OFFSET = 8 * 60 * MINUTE;

/** Every so long from the beginning of the plan, or at times of day ("06:00"), ascending. */
export type PatrolSchedule = { everyMs: number } | { timesOfDay: readonly string[] };

export interface PatrolPlan {
  planId: string;
  schedule: PatrolSchedule;
  graceMs: number;
  /** Epoch ms; the first occurrence is not before it. */
  validFrom: number;
  /** Exclusive; null while open. */
  validTo: number | null;
  endedAt: number | null;
}

export const PATROL_LIMITS = { everyMs: { min: 15 * MINUTE, max: 366 * DAY }, timesOfDay: 48, graceMs: { max: 7 * DAY } } as const;

/**
 * After a standstill only the occurrences of the last day get their tasks: what was due before cannot be walked any more,
 * and hundreds of tasks at once hide the one that can.
 */
export const PATROL_CATCH_UP_MS = DAY;

const minutesOf = (time: string): number | null => {
  const match = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time);
  return match ? Number(match[1]) * 60 + Number(match[2]) : null;
};

/** Refusal `patrol.schedule_invalid`, naming the field. */
export const checkSchedule = (plan: Pick<PatrolPlan, 'schedule' | 'graceMs' | 'validFrom' | 'validTo'>): Result<true> => {
  const { schedule } = plan;
  if ('everyMs' in schedule) {
    const { min, max } = PATROL_LIMITS.everyMs;
    if (!Number.isSafeInteger(schedule.everyMs) || schedule.everyMs < min || schedule.everyMs > max) return refuse('patrol.schedule_invalid', { field: 'schedule.everyMs', detail: { min, max } });
  } else {
    const minutes = schedule.timesOfDay.map(minutesOf);
    const isAscending = minutes.every((m, i) => m !== null && (i === 0 || m > minutes[i - 1]!));
    if (minutes.length === 0 || minutes.length > PATROL_LIMITS.timesOfDay || !isAscending) return refuse('patrol.schedule_invalid', { field: 'schedule.timesOfDay' });
  }
  if (!Number.isSafeInteger(plan.graceMs) || plan.graceMs < 0 || plan.graceMs > PATROL_LIMITS.graceMs.max) return refuse('patrol.schedule_invalid', { field: 'graceMs', detail: { max: PATROL_LIMITS.graceMs.max } });
  if (plan.validTo !== null && plan.validTo <= plan.validFrom) return refuse('patrol.schedule_invalid', { field: 'validTo' });
  return ok(true);
};

/** The first occurrence after an instant; null: the plan is over by then. */
export const nextOccurrence = (plan: PatrolPlan, after: number): number | null => {
  const end = Math.min(plan.validTo ?? Infinity, plan.endedAt ?? Infinity);
  const from = Math.max(after + 1, plan.validFrom);
  const at = 'everyMs' in plan.schedule ? plan.validFrom + Math.ceil((from - plan.validFrom) / plan.schedule.everyMs) * plan.schedule.everyMs : nextTimeOfDay(plan.schedule.timesOfDay, from);
  return at < end ? at : null;
};

const nextTimeOfDay = (times: readonly string[], from: number): number => {
  const midnight = Math.floor((from + OFFSET) / DAY) * DAY - OFFSET;
  for (const day of [midnight, midnight + DAY]) {
    for (const time of times) {
      const at = day + minutesOf(time)! * MINUTE;
      if (at >= from) return at;
    }
  }
  throw new Error('a schedule without times of day');
};
