/** Tasks, patrol plans, templates of text messages and receipts. */
import { z } from 'zod';
import { CHANNELS, DELIVERY_STATES } from '../../domain/channels.ts';
import { LANGUAGES } from '../../domain/notices.ts';
import { SMS_APPROVALS, SMS_CHANNELS, SMS_KINDS, SMS_LIMITS } from '../../domain/sms.ts';
import { TASK_KINDS, TASK_RESULTS } from '../../domain/tasks.ts';
import { AssetRef, flag, id, instant, list, OrgRef, page, PersonRef, sha256, text } from './common.ts';

const nullableTime = z.string().nullable();
const title = text(200).min(1);

export const TaskQuery = z.strictObject({
  open: flag.optional(), overdue: flag.optional(), mine: flag.optional(), kind: z.enum(TASK_KINDS).optional(), assetId: id.optional(), hazardId: id.optional(), planId: id.optional(), ...page,
});
export const Task = z
  .object({
    id: z.string(), kind: z.enum(TASK_KINDS), titleZh: z.string(), titleEn: z.string(), detail: z.record(z.string(), z.unknown()), tenant: OrgRef, owner: OrgRef, person: PersonRef.nullable(),
    hazardId: z.string().nullable(), asset: AssetRef.nullable(), createdAt: z.string(), createdBy: PersonRef.nullable(), dueAt: z.string(), graceMs: z.number(), overdueAt: nullableTime, escalation: z.number(),
    doneAt: nullableTime, doneBy: PersonRef.nullable(), result: z.enum(TASK_RESULTS).nullable(), note: z.string().nullable(), evidence: z.array(z.string()), canComplete: z.boolean(),
  })
  .meta({ id: 'Task' });
export const TaskList = list(Task);
/** What the park can ask for by hand; the other kinds come from the system. */
export const TaskBody = z.strictObject({
  kind: z.enum(['stop_and_inspect', 'other']), titleZh: title, titleEn: title, note: text(2_000).optional(), ownerOrgId: id, ownerPersonId: id.optional(), assetId: id.optional(), hazardId: id.optional(), dueAt: instant,
});
export const CompleteTaskBody = z.strictObject({ result: z.enum(TASK_RESULTS), note: text(2_000).optional(), evidence: z.array(sha256).max(20).optional() });

const schedule = z.union([z.strictObject({ everyMs: z.number() }), z.strictObject({ timesOfDay: z.array(z.string().max(5)).max(48) })]);
export const PatrolPlan = z
  .object({
    id: z.string(), nameZh: z.string(), nameEn: z.string(), owner: OrgRef, person: PersonRef.nullable(), assetId: z.string().nullable(), zoneId: z.string().nullable(), route: z.string().nullable(), schedule,
    graceMs: z.number(), validFrom: z.string(), validTo: nullableTime, endedAt: nullableTime, createdAt: z.string(), createdBy: PersonRef.nullable(), nextAt: nullableTime,
  })
  .meta({ id: 'PatrolPlan' });
export const PatrolPlanQuery = z.strictObject({ active: flag.optional(), ...page });
export const PatrolPlanList = list(PatrolPlan);
export const PatrolPlanBody = z.strictObject({
  nameZh: title, nameEn: title, ownerOrgId: id, ownerPersonId: id.optional(), assetId: id.optional(), zoneId: id.optional(), route: text(500).min(1).optional(), schedule, graceMs: z.number(), validFrom: instant, validTo: instant.optional(),
});

export const SmsTemplate = z
  .object({
    id: z.string(), channel: z.enum(SMS_CHANNELS), kind: z.enum(SMS_KINDS), language: z.enum(LANGUAGES as unknown as ['zh', 'en']), version: z.number(), sign: z.string(), body: z.string(), allowsLink: z.boolean(),
    providerCode: z.string(), approval: z.enum(SMS_APPROVALS), recordedAt: z.string(), recordedBy: PersonRef.nullable(), isCurrent: z.boolean(),
  })
  .meta({ id: 'SmsTemplate' });
export const SmsTemplateList = z.object({ items: z.array(SmsTemplate), variables: z.record(z.string(), z.array(z.string())).meta({ description: 'The variables that a kind can have' }) });
export const SmsTemplateBody = z.strictObject({
  channel: z.enum(SMS_CHANNELS), kind: z.enum(SMS_KINDS), language: z.enum(LANGUAGES as unknown as ['zh', 'en']), sign: text(100), body: text(SMS_LIMITS.text * 4), allowsLink: z.boolean().default(false), providerCode: text(200), approval: z.enum(SMS_APPROVALS),
});

export const Delivery = z
  .object({
    channel: z.enum(CHANNELS), address: z.string(), state: z.enum(DELIVERY_STATES), providerCode: z.string().nullable(), error: z.string().nullable(), attempts: z.number(), inDigest: z.boolean(),
    createdAt: z.string(), sentAt: nullableTime, deliveredAt: nullableTime, openedAt: nullableTime, acknowledgedAt: nullableTime, failedAt: nullableTime, unknownAt: nullableTime,
  })
  .meta({ id: 'Delivery' });
export const DeliveryList = z.object({ items: z.array(Delivery) });
