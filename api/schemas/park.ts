import { z } from 'zod';
import { LANES } from '../../domain/channels.ts';
import { NOTICE_KINDS } from '../../domain/notices.ts';
import { AssetRef, flag, id, instant, list, named, OrgRef, page, PersonRef, text } from './common.ts';

const level = z.enum(['HH', 'H', 'L', 'LL', 'sustained']);
const alarmState = z.enum(['unacknowledged', 'acknowledged', 'returned_unacknowledged', 'normal']);
const nullableTime = z.string().nullable();

export const AlarmQuery = z.strictObject({ open: flag.optional(), ...page });
export const Alarm = z
  .object({
    id: z.string(), level, state: alarmState, value: z.number(), limit: z.number(), unit: z.string(), statutory: z.boolean(), asset: AssetRef, substance: z.string().nullable(), tenant: OrgRef,
    sensor: z.object({ id: z.string(), ...named, kind: z.string() }), rule: z.object({ id: z.string(), version: z.number() }), raisedAt: z.string(), storedAt: z.string(),
    clearedAt: nullableTime, acknowledgedAt: nullableTime, acknowledgedBy: PersonRef.nullable(), confirmed: z.boolean().nullable(), confirmReason: z.string().nullable(),
    escalation: z.number(), closedAt: nullableTime, hazardId: z.string().nullable(), allowedActs: z.array(z.enum(['acknowledge', 'confirm'])),
  })
  .meta({ id: 'Alarm' });
export const AlarmList = list(Alarm);
export const AcknowledgeBody = z.strictObject({});
export const ConfirmBody = z.strictObject({ real: z.boolean(), reason: text(2_000).optional() });

const geometry = z.record(z.string(), z.unknown()).meta({ description: 'GeoJSON geometry, WGS-84' });
export const ParkMap = z
  .object({
    type: z.literal('FeatureCollection'),
    features: z.array(
      z.object({
        type: z.literal('Feature'),
        id: z.string(),
        geometry,
        properties: z.discriminatedUnion('kind', [
          z.object({ kind: z.literal('park'), code: z.string(), ...named }),
          z.object({ kind: z.literal('zone'), code: z.string(), ...named }),
          z.object({
            kind: z.literal('asset'), assetKind: z.string(), code: z.string(), ...named, pathZh: z.string(), pathEn: z.string(), tenantId: z.string(), substance: z.string().nullable(), openHazards: z.number(),
            alarm: z.object({ id: z.string(), level, state: alarmState, value: z.number(), limit: z.number(), unit: z.string(), raisedAt: z.string() }).nullable(),
          }),
        ]),
      }),
    ),
  })
  .meta({ id: 'ParkMap' });

export const AssetQuery = z.strictObject({ tenantId: id.optional(), zoneId: id.optional(), ...page });
const asset = { id: z.string(), code: z.string(), ...named, pathZh: z.string(), pathEn: z.string(), tenantId: z.string(), kind: z.string(), substance: z.string().nullable(), point: z.record(z.string(), z.unknown()).nullable() };
export const Asset = z.object(asset).meta({ id: 'Asset' });
export const AssetList = list(Asset);
const limitValue = z.number().nullable();
export const AssetDetail = z
  .object({
    ...asset,
    sensors: z.array(
      z.object({
        id: z.string(), ...named, kind: z.string(), unit: z.string(), limits: z.object({ LL: limitValue, L: limitValue, H: limitValue, HH: limitValue }), statutory: z.boolean(),
        latest: z.object({ value: z.number(), at: z.string(), quality: z.string() }).nullable(),
      }),
    ),
  })
  .meta({ id: 'AssetDetail' });
export const OrgList = list(OrgRef);
export const PageQuery = z.strictObject(page);
export const ReadingsQuery = z.strictObject({ from: instant.optional(), to: instant.optional(), limit: z.coerce.number().int().min(1).max(5_000).default(1_000) });
export const Readings = z.object({ items: z.array(z.object({ at: z.string(), value: z.number(), quality: z.string() })) });
export const Rating = z.strictObject({ rating: z.string().nullable() });

export const NoticeQuery = z.strictObject({ unread: flag.optional(), hazardId: id.optional(), ...page });
const notice = {
  id: z.string(), kind: z.enum(NOTICE_KINDS), subject: z.string(), recipient: OrgRef, isCopy: z.boolean(), language: z.enum(['zh', 'en']), issuedAt: z.string(), readAt: nullableTime,
  acknowledgedAt: nullableTime, lane: z.enum(LANES), hazardId: z.string().nullable(), alarmId: z.string().nullable(), taskId: z.string().nullable(),
};
export const NoticeSummary = z.object(notice).meta({ id: 'NoticeSummary' });
export const NoticeList = list(NoticeSummary);
export const Notice = z.object({ ...notice, html: z.string(), text: z.string() }).meta({ id: 'Notice' });

const flowVersion = { version: z.number(), author: PersonRef.nullable(), createdAt: z.string(), note: z.string().nullable(), rollbackOf: z.number().nullable(), sha256: z.string() };
export const FlowVersion = z.object(flowVersion).meta({ id: 'FlowVersion' });
export const FlowVersionList = list(FlowVersion);
export const FlowVersionDetail = z.object({ ...flowVersion, flows: z.unknown(), rules: z.array(z.object({ ruleId: z.string(), version: z.number(), spec: z.unknown() })) });
export const versionParams = z.object({ version: z.coerce.number().int().min(1).max(2_147_483_647) });
export const RollbackBody = z.strictObject({ note: text(2_000).optional() });
export const RollbackAnswer = z.object({ version: z.number(), rules: z.number(), sha256: z.string() });
