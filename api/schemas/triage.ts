/** 分类、判定与责任: what triage and dispatch go by. */
import { z } from 'zod';
import { EXCHANGE_TABLES } from '../../domain/exchange.ts';
import { HAZARD_GRADES, HAZARD_ORIGINS } from '../../domain/hazard-types.ts';
import type { InspectionKind } from '../../domain/inspections.ts';
import { INSPECTION_KINDS } from '../../domain/inspections.ts';
import { flag, id, instant, list, OrgRef, page, PersonRef, text } from './common.ts';
import { hazardType } from './hazards.ts';

const words = { zh: z.string(), en: z.string() };
const choice = z.object({ value: z.string(), ...words });
const TypeField = z
  .object({
    key: z.string(), ...words, kind: z.enum(['text', 'number', 'date', 'choice', 'boolean']), required: z.boolean(), unit: z.string().optional(), min: z.number().optional(), max: z.number().optional(),
    integer: z.boolean().optional(), choices: z.array(choice).optional(),
  })
  .meta({ id: 'TypeField', description: 'date: civil date YYYY-MM-DD' });
const code = z.object({ code: z.number(), ...words });
const expression = z.record(z.string(), z.unknown()).meta({ description: '{all: […]}, {any: […]}, {not: …} or {fact, is}' });

export const TaxonomyQuery = z.strictObject({ at: instant.optional() });
export const Taxonomy = z
  .object({
    types: z.array(
      z.object({
        type: hazardType, ...words, photo: z.boolean(), expiry: z.boolean(), fields: z.array(TypeField), checklist: z.array(z.object({ key: z.string(), ...words })),
        anchors: z.array(z.object({ instrument: z.string(), clause: z.string().nullable() })), exchange: z.object({ type: z.number(), treatment: z.number() }),
      }),
    ),
    exchangeFields: z.array(TypeField),
    codes: z.object(Object.fromEntries(Object.keys(EXCHANGE_TABLES).map((name) => [name, z.array(code)])) as Record<keyof typeof EXCHANGE_TABLES, z.ZodArray<typeof code>>),
    facts: z.array(z.object({ fact: z.string(), ...words, values: z.array(choice).optional() })),
    packs: z.array(
      z.object({
        id: z.string(), instrument: z.string(), from: z.string().nullable(), to: z.string().nullable(), complete: z.boolean(), applies: expression,
        criteria: z.array(z.object({ id: z.string(), clause: z.string(), ...words, types: z.array(hazardType), when: expression.nullable(), unless: expression.nullable(), facts: z.array(z.string()) })),
      }),
    ),
  })
  .meta({ id: 'Taxonomy' });

const factValue = z.union([z.boolean(), text(64)]);
const truth = z.boolean().nullable();
export const ProposalBody = z.strictObject({ facts: z.record(z.string().max(64), factValue.nullable()), type: hazardType.optional() }).meta({ id: 'ProposalBody', description: 'null: not known' });
export const GradeProposal = z
  .object({
    grade: z.enum(['major', 'general', 'to_judge']),
    items: z.array(z.object({ criterionId: z.string(), instrument: z.string(), clause: z.string(), zh: z.string(), en: z.string(), result: truth, textMissing: z.boolean(), facts: z.record(z.string(), factValue.nullable()) })),
    incompletePacks: z.array(z.string()),
  })
  .meta({ id: 'GradeProposal', description: 'A proposal: a person decides' });

const category = z.union([z.literal(1), z.literal(2), z.literal(3)]).meta({ description: '包保: 1 main, 2 technical, 3 operating person' });
const grade = z.enum(HAZARD_GRADES);
const assetKind = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/);
export const RuleBody = z
  .strictObject({
    tenantId: id.optional(), personId: id, department: text(100).optional(), zoneId: id.optional(), unitId: id.optional(), assetId: id.optional(), assetKind: assetKind.optional(), hazardType: hazardType.optional(),
    grade: grade.optional(), category: category.optional(), validFrom: instant.optional(), supersedes: id.optional(),
  })
  .meta({ id: 'ResponsibilityRuleBody' });
export const ResponsibilityRule = z
  .object({
    id: z.string(), tenant: OrgRef, person: PersonRef, department: z.string().nullable(), zoneId: z.string().nullable(), unitId: z.string().nullable(), assetId: z.string().nullable(), assetKind: z.string().nullable(),
    hazardType: hazardType.nullable(), grade: grade.nullable(), category: category.nullable(), validFrom: z.string(), validTo: z.string().nullable(), recordedAt: z.string(), recordedBy: PersonRef,
    endedBy: PersonRef.nullable(),
  })
  .meta({ id: 'ResponsibilityRule' });
export const RuleQuery = z.strictObject({ tenantId: id.optional(), inForce: flag.optional(), ...page });
export const RuleList = list(ResponsibilityRule);
export const EndRuleBody = z.strictObject({});

export const InspectionBody = z
  .strictObject({ kind: z.enum(Object.keys(INSPECTION_KINDS) as [InspectionKind, ...InspectionKind[]]), dueAt: instant, certificate: text(100).optional() })
  .meta({ id: 'InspectionBody', description: 'dueAt: from here on the inspection is no longer good' });
export const Inspection = z
  .object({ id: z.string(), assetId: z.string(), kind: InspectionBody.shape.kind, seq: z.number(), dueAt: z.string(), certificate: z.string().nullable(), recordedAt: z.string(), recordedBy: PersonRef, superseded: z.boolean() })
  .meta({ id: 'Inspection' });
export const InspectionList = z.object({ items: z.array(Inspection) });

export const CaseReports = z.object({
  items: z.array(
    z.object({
      id: z.string(), origin: z.enum(HAZARD_ORIGINS), type: hazardType, title: z.string(), description: z.string(), receivedAt: z.string(), reporter: PersonRef.nullable(), source: z.number().nullable(),
      fields: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  ),
});
export const ExchangeRecord = z
  .object({
    level: z.number(), source: z.number(), treatment: z.number(), type: z.number(), category: z.number(), cause: z.number().nullable(), stage: z.number().nullable(), state: z.number(),
    foundOn: z.string(), dueOn: z.string().nullable(), acceptor: PersonRef.nullable(), acceptedAt: z.string().nullable(), lost: z.array(z.string()),
  })
  .meta({ id: 'ExchangeRecord', description: 'Codes: GET /api/v1/taxonomy. lost: what of the case the authority does not learn' });
export const ExchangeAnswer = z.object({ record: ExchangeRecord.nullable() });
