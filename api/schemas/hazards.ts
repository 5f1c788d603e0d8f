import { z } from 'zod';
import { wrongCodes } from '../../domain/exchange.ts';
import { EVIDENCE_LIMITS, MEDIA_TYPES } from '../../domain/evidence.ts';
import { HAZARD_STATES, LISTING_LEVELS, MAX_ITEMS, PERSON_COMMANDS } from '../../domain/hazard.ts';
import { FILTER_LIMITS } from '../../domain/hazard-filter.ts';
import { HAZARD_GRADES, HAZARD_ORIGINS } from '../../domain/hazard-types.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import type { MediaType } from '../../domain/evidence.ts';
import { NOTICE_KINDS } from '../../domain/notices.ts';
import { REPORT_LIMITS } from '../../domain/report.ts';
import { AssetRef, flag, id, instant, list, OrgRef, page, PersonRef, Point, sha256, text } from './common.ts';

export const hazardType = z.enum(Object.keys(HAZARD_TYPES) as [HazardType, ...HazardType[]]);
const grade = z.enum(HAZARD_GRADES);
const state = z.enum(HAZARD_STATES);
const mediaType = z.enum(Object.keys(MEDIA_TYPES) as [MediaType, ...MediaType[]]);

export const EvidenceRef = z.strictObject({ sha256, mediaType, capturedAt: instant.optional(), supersedes: id.optional() }).meta({ id: 'EvidenceRef', description: 'A file that was uploaded before' });
const evidence = z.array(EvidenceRef).max(EVIDENCE_LIMITS.files);

export const ReportBody = z
  .strictObject({
    type: z.string().max(64),
    title: text(REPORT_LIMITS.title).optional(),
    description: text(REPORT_LIMITS.description),
    assetId: id.optional(),
    zoneId: id.optional(),
    point: Point.optional(),
    tenantId: id.optional(),
    photos: z.array(z.strictObject({ sha256, mediaType, capturedAt: instant.optional() })).max(EVIDENCE_LIMITS.files),
    /** Keys and values as the type asks for them: GET /api/v1/taxonomy. */
    fields: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,39}$/), z.union([text(REPORT_LIMITS.fieldText), z.number(), z.boolean()])).refine((f) => Object.keys(f).length <= REPORT_LIMITS.fields, { error: 'too many fields' }).optional(),
    source: z.number().int().optional(),
    clientAt: instant,
  })
  .meta({ id: 'ReportBody' });
export const ReportAnswer = z.object({ hazardId: z.string(), reportId: z.string(), joined: z.boolean(), status: z.enum(['registered', 'processing']) });

const reason = text(2_000);
const clientAt = instant.optional();
const code = z.number().int().min(0).max(99);
const itemIds = z.array(id).min(1).max(MAX_ITEMS);
export const ActBody = z
  .discriminatedUnion('act', [
    z.strictObject({
      clientAt, act: z.literal('triage'), grade, type: hazardType.optional(), reason,
      criteria: z.array(z.strictObject({ criterionId: id, result: z.string().max(40) })).max(100).optional().meta({ description: 'What was judged of the major criteria' }),
      codes: z.strictObject({ source: code, treatment: code, category: code, cause: code, stage: code }).partial().refine((given) => wrongCodes(given).length === 0, { error: 'no code of the exchange' }).optional().meta({ description: 'Codes of the exchange with the authority' }),
    }),
    z.strictObject({ clientAt, act: z.literal('dispatch'), responsibleId: id, note: reason.optional() }),
    z.strictObject({ clientAt, act: z.literal('returnDispatch'), reason }),
    z.strictObject({ clientAt, act: z.literal('start'), note: reason.optional() }),
    z.strictObject({ clientAt, act: z.literal('plan'), interimMeasures: reason, measures: reason, costYuan: z.number().min(0).max(1e12), emergencyPlan: reason.optional() }),
    z.strictObject({ clientAt, act: z.literal('progress'), note: reason, evidence }),
    z.strictObject({ clientAt, act: z.literal('split'), items: z.array(z.strictObject({ title: text(REPORT_LIMITS.title), dueAt: instant.optional() })).min(1).max(MAX_ITEMS), reason }),
    z.strictObject({ clientAt, act: z.literal('submit'), note: reason, evidence, itemIds: itemIds.optional() }),
    z.strictObject({ clientAt, act: z.literal('withdraw'), reason }),
    z.strictObject({ clientAt, act: z.literal('requestExtension'), dueAt: instant, reason, evidence: evidence.optional() }),
    z.strictObject({ clientAt, act: z.literal('withdrawExtension'), reason }),
    z.strictObject({ clientAt, act: z.literal('decideExtension'), granted: z.boolean(), dueAt: instant.optional(), reason }),
    z.strictObject({ clientAt, act: z.literal('handover'), responsibleId: id, reason }),
    z.strictObject({ clientAt, act: z.literal('redirect'), tenantId: id, reason }),
    z.strictObject({ clientAt, act: z.literal('reassess'), reason }),
    z.strictObject({ clientAt, act: z.literal('pause'), until: instant, reason }),
    z.strictObject({ clientAt, act: z.literal('resume'), reason }),
    z.strictObject({ clientAt, act: z.literal('addSigner'), personId: id, reason }),
    z.strictObject({ clientAt, act: z.literal('sign'), note: reason, evidence: evidence.optional(), site: Point.optional() }),
    z.strictObject({ clientAt, act: z.literal('acceptItems'), itemIds, reason, evidence: evidence.optional(), site: Point.optional() }),
    z.strictObject({ clientAt, act: z.literal('accept'), note: reason, evidence: evidence.optional(), site: Point.optional() }),
    z.strictObject({ clientAt, act: z.literal('reject'), reason, itemIds: itemIds.optional() }),
    z.strictObject({ clientAt, act: z.literal('list'), level: z.enum(LISTING_LEVELS), reason }),
    z.strictObject({ clientAt, act: z.literal('delist'), reason }),
    z.strictObject({ clientAt, act: z.literal('dismiss'), reason }),
    z.strictObject({ clientAt, act: z.literal('merge'), intoHazardId: id, reason }),
    z.strictObject({ clientAt, act: z.literal('unmerge'), reason }),
    z.strictObject({ clientAt, act: z.literal('reopen'), reason }),
    z.strictObject({ clientAt, act: z.literal('reconsider'), reason }),
    z.strictObject({ clientAt, act: z.literal('lookBack'), n: z.number().int().min(1).max(100), passed: z.boolean(), note: reason, evidence }),
  ])
  .meta({ id: 'ActBody' });
export type ActBody = z.output<typeof ActBody>;

const days = z.coerce.number().int().min(0).max(FILTER_LIMITS.days);
/** What lies behind a figure (docs/interfaces/http.md, Figures). From is inclusive, To exclusive. */
const figureFilters = {
  counted: flag.optional().meta({ description: 'true: not dismissed, merged or redirected' }),
  reportedFrom: instant.optional(), reportedTo: instant.optional(), acceptedFrom: instant.optional(), acceptedTo: instant.optional(), closedFrom: instant.optional(), closedTo: instant.optional(),
  dispatched: flag.optional(), firstTry: flag.optional(), everOverdue: flag.optional(), highestSupervision: z.coerce.number().int().min(0).max(3).optional(), extended: flag.optional(), reopened: flag.optional(),
  recurredWithinDays: days.optional(), rectifiedOverDays: days.optional(),
};

export const HazardQuery = z.strictObject({
  state: state.optional(), grade: z.enum([...HAZARD_GRADES, 'none']).optional(), tenantId: id.optional(), type: hazardType.optional(), assetId: id.optional(),
  overdue: flag.optional(), supervised: flag.optional(), open: flag.optional(), needsOwner: flag.optional(), q: text(100).optional(), ...page, ...figureFilters,
  sort: z.enum(['reported', 'due']).default('reported').meta({ description: 'reported: newest report first; due: what is due first comes first, cases without a running deadline last' }),
});

const nullableTime = z.string().nullable();
const summary = {
  id: z.string(), number: z.string(), title: z.string(), type: hazardType, grade: grade.nullable(), state, origin: z.enum(HAZARD_ORIGINS),
  tenant: OrgRef, asset: AssetRef.nullable(), reportedAt: z.string(), dueAt: nullableTime, overdue: z.boolean(),
  supervision: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]), supervisionOpen: z.boolean(), needsOwner: z.boolean(), closedAt: nullableTime,
};
export const HazardSummary = z.object(summary).meta({ id: 'HazardSummary' });
export const HazardList = list(HazardSummary);

export const EvidenceItem = z
  .object({
    id: z.string(), purpose: z.string(), sha256: z.string().nullable(), mediaType: z.string().nullable(), capturedAt: nullableTime, recordedAt: z.string(),
    uploader: PersonRef.nullable(), supersedesId: z.string().nullable(), supersededById: z.string().nullable(), detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'EvidenceItem' });

export const Hazard = z
  .object({
    ...summary,
    description: z.string(), seq: z.number(), cycle: z.number(), rejections: z.number(), statutory: z.boolean(), responsible: PersonRef.nullable(), point: Point.nullable(),
    source: z.object({ eventId: z.string(), ruleId: z.string(), ruleVersion: z.number(), flowVersion: z.number().nullable(), nodeId: z.string().nullable() }).nullable(),
    allowedActs: z.array(z.enum(PERSON_COMMANDS)),
    acceptedAt: nullableTime, reportCount: z.number(), planned: z.boolean(),
    items: z.array(z.object({ itemId: z.string(), title: z.string(), state: z.enum(['open', 'submitted', 'accepted']), dueAt: nullableTime, rejections: z.number() })),
    extension: z.object({ dueAt: z.string(), requestedAt: z.string() }).nullable(), extensions: z.number(),
    paused: z.object({ at: z.string(), until: z.string() }).nullable(),
    signatures: z.array(z.object({ person: PersonRef.nullable(), at: z.string() })), signers: z.array(PersonRef.nullable()),
    listed: z.object({ at: z.string(), level: z.enum(LISTING_LEVELS) }).nullable(),
    mergedInto: z.string().nullable(), absorbed: z.array(z.string()), predecessorId: z.string().nullable(), successorId: z.string().nullable(),
    lookBacks: z.array(z.object({ n: z.number(), dueAt: z.string(), state: z.enum(['pending', 'due', 'passed', 'failed']) })),
    responsibleCandidates: z.array(PersonRef).optional(),
    deadlines: z.array(z.object({ kind: z.string(), level: z.number(), startedAt: z.string(), dueAt: z.string(), metAt: nullableTime, breachedAt: nullableTime, basis: z.string() })),
    evidence: z.array(EvidenceItem),
  })
  .meta({ id: 'Hazard' });

export const Transition = z
  .object({
    seq: z.number().nullable(), command: z.string(), from: state.nullable(), to: state.nullable(), actor: PersonRef.nullable(), actorRole: z.string().nullable(),
    serverAt: z.string(), clientAt: nullableTime, clockSkew: z.boolean(), reason: z.string().nullable(), refusalCode: z.string().nullable(),
  })
  .meta({ id: 'Transition' });
export const ActAnswer = z.object({ transition: Transition, hazard: Hazard });

const at = z.string();
export const TimelineItem = z
  .discriminatedUnion('kind', [
    z.object({ at, kind: z.literal('transition'), transition: Transition }),
    z.object({ at, kind: z.literal('notice'), notice: z.object({ id: z.string(), kind: z.enum(NOTICE_KINDS), subject: z.string(), recipient: OrgRef, isCopy: z.boolean(), readAt: nullableTime }) }),
    z.object({ at, kind: z.literal('deadline'), event: z.enum(['started', 'met', 'breached', 'withdrawn']), deadline: z.object({ kind: z.string(), level: z.number(), dueAt: z.string() }) }),
    z.object({ at, kind: z.literal('supervision'), event: z.enum(['opened', 'closed']), level: z.number(), cause: z.string(), outcome: z.string().nullable(), dueAt: z.string() }),
  ])
  .meta({ id: 'TimelineItem' });
export const Timeline = z.object({ items: z.array(TimelineItem) });
