import { z } from 'zod';
import { GROUPINGS } from '../../domain/figures.ts';
import { FILTER_LIMITS } from '../../domain/hazard-filter.ts';
import { HAZARD_GRADES } from '../../domain/hazard-types.ts';
import { id, instant, named } from './common.ts';
import { hazardType } from './hazards.ts';

const language = z.enum(['zh', 'en']).optional().meta({ description: 'Of the file; else by Accept-Language' });
const period = { from: instant, to: instant };
const narrow = { tenantId: id.optional(), type: hazardType.optional(), grade: z.enum([...HAZARD_GRADES, 'none']).optional() };

const recurrenceDays = z.coerce.number().int().min(1).max(FILTER_LIMITS.days).optional();
export const FiguresQuery = z.strictObject({ ...period, groupBy: z.enum(GROUPINGS).default('none'), recurrenceDays, ...narrow });
export const FiguresFileQuery = z.strictObject({ ...period, groupBy: z.enum(GROUPINGS).default('none'), recurrenceDays, ...narrow, language });
export const MonthlyListQuery = z.strictObject({ month: z.string().regex(/^[0-9]{4}-(0[1-9]|1[0-2])$/), language });

/** Query of GET /api/v1/hazards that lists exactly these cases. */
const ListQuery = z.record(z.string(), z.string()).meta({ id: 'ListQuery', description: 'Query of GET /api/v1/hazards that lists exactly these cases' });
export const Figure = z
  .object({
    code: z.string(), value: z.number().nullable(), cases: z.number().int(), list: ListQuery,
    part: z.object({ cases: z.number().int(), list: ListQuery }).optional().meta({ description: 'Of a share: the cases that make it up' }),
  })
  .meta({ id: 'Figure' });
export const Figures = z
  .object({
    from: z.string(), to: z.string(), groupBy: z.enum(GROUPINGS),
    definitions: z.array(z.object({ code: z.string(), unit: z.enum(['cases', 'share', 'ms', 'extensions']), ...named, definitionZh: z.string(), definitionEn: z.string() })),
    groups: z.array(z.object({ key: z.string(), ...named, figures: z.array(Figure) })),
  })
  .meta({ id: 'Figures' });
