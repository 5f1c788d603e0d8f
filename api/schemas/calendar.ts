/** Schemas of the statutory calendar. */
import { z } from 'zod';
import { CALENDAR_LIMITS, DAY_KINDS, isDay } from '../../domain/calendar.ts';
import { named } from './common.ts';

const day = z.string().refine(isDay, { error: 'no day' }).meta({ description: 'YYYY-MM-DD, a day of Asia/Shanghai', format: 'date' });

export const CalendarQuery = z.strictObject({
  from: day,
  to: day.meta({ description: `YYYY-MM-DD, included; at most ${CALENDAR_LIMITS.span} days`, format: 'date' }),
});
export const CalendarDay = z
  .object({ day: z.string(), kind: z.enum(DAY_KINDS), nameZh: z.string().nullable(), nameEn: z.string().nullable(), special: z.array(z.object(named)) })
  .meta({ id: 'CalendarDay', description: '工作日 / 调休上班 / 休息日 / 放假; name of the holiday; special periods' });
export const CalendarDays = z.object({ items: z.array(CalendarDay) });

export const CalendarYears = z.object({
  items: z.array(
    z
      .object({
        year: z.number().int(), version: z.number().int(), source: z.string(), sha256: z.string(),
        signer: z.object({ keyId: z.string(), kind: z.enum(['park', 'publisher']), name: z.string() }), loadedAt: z.string(),
        problem: z.enum(['content', 'signature', 'key_revoked']).nullable().meta({ description: 'Why the year does not count; null where it does' }),
      })
      .meta({ id: 'CalendarYear' }),
  ),
});
