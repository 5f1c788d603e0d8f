/** 分类与判定: types, fields and criteria, and what the criteria propose for a case. */
import { z } from 'zod';
import type { Facts } from '../../domain/criteria.ts';
import { factsIn, packsAt, proposeGrade } from '../../domain/criteria.ts';
import { CRITERIA_PACKS, FACTS, factsOfFields } from '../../domain/criteria-packs.ts';
import { EXCHANGE_SOURCES } from '../../domain/exchange.ts';
import type { FieldValue, HazardType, TypeField } from '../../domain/hazard-types.ts';
import { EXCHANGE_FIELDS, HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { asActor } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { GradeProposal, ProposalBody, Taxonomy, TaxonomyQuery } from '../schemas/triage.ts';

const fieldOf = ({ choices, ...field }: TypeField) => ({ ...field, ...(choices ? { choices: [...choices] } : {}) });

const taxonomy = route({
  method: 'get', path: '/api/v1/taxonomy', tag: 'triage', summary: 'Types of hazards, their fields, and the criteria in force at an instant 隐患分类与判定标准', access: 'session', query: TaxonomyQuery, response: Taxonomy,
  handle: async ({ query: q }) => ({
    body: {
      types: (Object.entries(HAZARD_TYPES) as [HazardType, (typeof HAZARD_TYPES)[HazardType]][]).map(([type, t]) => ({
        type, zh: t.zh, en: t.en, photo: t.photo, expiry: t.expiry === true, fields: t.fields.map(fieldOf), checklist: [...t.checklist], anchors: [...t.anchors], exchange: t.exchange,
      })),
      exchangeFields: EXCHANGE_FIELDS.map(fieldOf),
      sources: Object.entries(EXCHANGE_SOURCES).map(([code, words]) => ({ code: Number(code), ...words })),
      facts: Object.entries(FACTS).map(([fact, { values, ...words }]) => ({ fact, ...words, ...(values ? { values: [...values] } : {}) })),
      packs: packsAt(CRITERIA_PACKS, q.at ? Date.parse(q.at) : Date.now()).map((p) => ({
        id: p.id, instrument: p.instrument, from: p.from, to: p.to, complete: p.complete, applies: { ...p.applies },
        criteria: p.criteria.map((c) => ({
          id: c.id, clause: c.clause, zh: c.zh, en: c.en, types: [...c.types], when: c.when && { ...c.when }, unless: c.unless ? { ...c.unless } : null,
          facts: [...new Set([...factsIn(p.applies), ...(c.when ? factsIn(c.when) : []), ...(c.unless ? factsIn(c.unless) : [])])],
        })),
      })),
    },
  }),
});

/** Every fact that there is not, or that has another value than it can have. */
const checkFacts = (facts: Facts): void => {
  const errors = Object.entries(facts).flatMap(([fact, value]) => {
    const spec = Object.hasOwn(FACTS, fact) ? FACTS[fact]! : null;
    if (spec && (value === null || (spec.values ? spec.values.some((v) => v.value === value) : typeof value === 'boolean'))) return [];
    return [{ field: `facts.${fact}`, code: 'request.invalid', messageZh: spec ? '取值无效' : '没有此项事实', messageEn: spec ? 'is not a value of this fact' : 'There is no such fact' }];
  });
  if (errors.length > 0) throw new Refused('request.invalid', { field: errors[0]!.field, detail: { errors } });
};

const criteria = new Map(CRITERIA_PACKS.flatMap((p) => p.criteria.map((c) => [c.id, c] as const)));

const proposal = route({
  method: 'post', path: '/api/v1/hazards/{id}/grade-proposal', tag: 'triage', summary: 'What the criteria in force say of a case with these facts 判定建议', access: 'hazard.triage', params: z.object({ id }), body: ProposalBody,
  response: GradeProposal, refusals: ['hazard.not_found'],
  handle: async ({ params: p, body, session, deps }) => {
    checkFacts(body.facts);
    const found = await asActor(deps.database, session, async (client) => {
      const { rows } = await client.query<{ type: HazardType }>('SELECT type FROM hazard WHERE id = $1', [p.id]);
      const { rows: reports } = await client.query<{ fields: Record<string, FieldValue> }>('SELECT fields FROM hazard_report WHERE hazard_id = $1 AND fields IS NOT NULL ORDER BY received_at, id', [p.id]);
      return rows[0] && { type: rows[0].type, reports };
    });
    if (!found) throw new Refused('hazard.not_found');
    // What a report says holds until the person at triage says otherwise; of two reports the later.
    const facts: Facts = Object.assign({}, ...found.reports.map((r) => factsOfFields(r.fields)), body.facts);
    const { items, ...rest } = proposeGrade(CRITERIA_PACKS, body.type ?? found.type, facts, Date.now());
    return { body: { ...rest, items: items.map((i) => ({ ...i, zh: criteria.get(i.criterionId)!.zh, en: criteria.get(i.criterionId)!.en })) } };
  },
});

export const taxonomyRoutes = [taxonomy, proposal];
