import { z } from 'zod';
import { FILTER_LIMITS } from '../../domain/hazard-filter.ts';
import { AssetRef, id, instant, named, OrgRef, PersonRef } from './common.ts';
import { HazardSummary } from './hazards.ts';

const language = z.enum(['zh', 'en']).optional();
const nullableTime = z.string().nullable();

export const ResponsibleQuery = z.strictObject({ at: instant.optional() });
export const Responsible = z
  .object({
    at: z.string(), what: z.enum(['triage', 'dispatch', 'rectify', 'review', 'delist', 'look_back']).nullable(), holder: z.enum(['park', 'enterprise']).nullable(),
    tenant: OrgRef.nullable(), person: PersonRef.nullable(), paused: z.boolean(), sinceSeq: z.number().int(), since: nullableTime, continuedBy: z.string().nullable(),
  })
  .meta({ id: 'Responsible' });

export const NeverFixedQuery = z.strictObject({ k: z.coerce.number().int().min(2).max(1_000).optional(), tenantId: id.optional() });
export const NeverFixed = z.object({ k: z.number(), items: z.array(z.object({ tenant: OrgRef, type: z.string(), asset: AssetRef.nullable(), reports: z.number().int(), hazards: z.array(z.object({ id: z.string(), number: z.string(), state: z.string() })) })) });

export const HistoryQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(FILTER_LIMITS.days).default(30) });
export const AssetHistory = z
  .object({
    asset: AssetRef, from: z.string(), to: z.string(),
    open: z.array(HazardSummary), closed: z.array(HazardSummary),
    ignoredPrompts: z.array(z.object({ id: z.string(), kind: z.string(), titleZh: z.string(), titleEn: z.string(), dueAt: z.string(), doneAt: nullableTime, owner: z.object({ id: z.string(), ...named }), hazardId: z.string().nullable() })),
    alarms: z.array(z.object({ id: z.string(), level: z.string(), state: z.string(), value: z.number(), limit: z.number(), unit: z.string(), raisedAt: z.string(), clearedAt: nullableTime, confirmed: z.boolean().nullable(), statutory: z.boolean() })),
  })
  .meta({ id: 'AssetHistory', description: 'Of the last days: cases that were open in it, prompts that nobody dealt with in time, alarms' });

export const RunningEffectQuery = z.strictObject({ week: z.string().optional() });
const ref = z.object({ kind: z.enum(['task', 'hazard']), id: z.string() });
const rate = z.object({ weight: z.number(), rate: z.number().nullable(), of: z.number(), done: z.number(), points: z.number(), records: z.array(ref) });
export const RunningEffects = z
  .object({
    week: z.string(), from: z.string(), to: z.string(),
    items: z.array(z.object({
      tenant: OrgRef, computedAt: z.string(), score: z.number(), before: z.number(), veto: z.boolean(), basis: z.enum(['both', 'tasks', 'rectification', 'none']),
      vetoes: z.array(z.object({ zh: z.string(), en: z.string(), records: z.array(ref) })), tasks: rate, rectification: rate,
      deductions: z.array(z.object({ code: z.string(), points: z.number(), zh: z.string(), en: z.string(), records: z.array(ref) })),
      peers: z.object({ count: z.number(), median: z.number().nullable(), found: z.number(), judged: z.boolean() }),
    })),
  })
  .meta({ id: 'RunningEffects', description: 'Weights and deductions are the choice of the park' });

export const ReportQuery = z.strictObject({ from: instant, to: instant, tenantId: id.optional() });
export const ReportFileQuery = z.strictObject({ from: instant, to: instant, tenantId: id.optional(), language });
export const AnalysisReport = z
  .object({
    from: z.string(), to: z.string(),
    sections: z.array(z.object({
      code: z.string(), titleZh: z.string(), titleEn: z.string(),
      sentences: z.array(z.object({ zh: z.string(), en: z.string(), cites: z.array(z.object({ kind: z.enum(['hazard', 'task', 'alarm']), id: z.string(), label: z.string() })).min(1) })),
    })),
  })
  .meta({ id: 'AnalysisReport' });
