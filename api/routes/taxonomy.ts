/** 分类与判定: types, fields and criteria, and what the criteria propose for a case. */
import { z } from 'zod';
import type { Facts } from '../../domain/criteria.ts';
import { factsIn, packsAt, proposeGrade } from '../../domain/criteria.ts';
import { CRITERIA_PACKS, FACTS, factsOfFields } from '../../domain/criteria-packs.ts';
import type { ExchangeCodes } from '../../domain/exchange.ts';
import { codesOf, EXCHANGE_TABLES, exchangeOf } from '../../domain/exchange.ts';
import type { FieldValue, HazardGrade, HazardOrigin, HazardType, TypeField } from '../../domain/hazard-types.ts';
import { EXCHANGE_FIELDS, HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { asActor } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { CaseReports, ExchangeAnswer, GradeProposal, ProposalBody, Taxonomy, TaxonomyQuery } from '../schemas/triage.ts';
import { iso, isoOrNull, personRefs, refOf } from '../views/refs.ts';

const params = z.object({ id });
const codeTables = Object.fromEntries(
  Object.entries(EXCHANGE_TABLES).map(([name, table]) => [name, Object.entries(table).map(([code, words]) => ({ code: Number(code), ...words }))]),
) as Record<keyof typeof EXCHANGE_TABLES, { code: number; zh: string; en: string }[]>;
const fieldOf = ({ choices, ...field }: TypeField) => ({ ...field, ...(choices ? { choices: [...choices] } : {}) });

const taxonomy = route({
  method: 'get', path: '/api/v1/taxonomy', tag: 'triage', summary: 'Types of hazards, their fields, and the criteria in force at an instant 隐患分类与判定标准', access: 'session', query: TaxonomyQuery, response: Taxonomy,
  handle: async ({ query: q }) => ({
    body: {
      types: (Object.entries(HAZARD_TYPES) as [HazardType, (typeof HAZARD_TYPES)[HazardType]][]).map(([type, t]) => ({
        type, zh: t.zh, en: t.en, photo: t.photo, expiry: t.expiry === true, fields: t.fields.map(fieldOf), checklist: [...t.checklist], anchors: [...t.anchors], exchange: t.exchange,
      })),
      exchangeFields: EXCHANGE_FIELDS.map(fieldOf),
      codes: codeTables,
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
  method: 'post', path: '/api/v1/hazards/{id}/grade-proposal', tag: 'triage', summary: 'What the criteria in force say of a case with these facts 判定建议', access: 'hazard.triage', params, body: ProposalBody,
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

interface ReportRow { id: string; origin: HazardOrigin; type: HazardType; title: string; description: string; received_at: Date; reporter_id: string | null; source: number | null; fields: Record<string, FieldValue> | null }

const reports = route({
  method: 'get', path: '/api/v1/hazards/{id}/reports', tag: 'triage', summary: 'The reports of a case with the fields of their types, oldest first 上报内容', access: 'hazard.read', params, response: CaseReports, refusals: ['hazard.not_found'],
  handle: async ({ params: p, session, deps }) => {
    const { rows } = await asActor(deps.database, session, (client) =>
      client.query<ReportRow>('SELECT id, origin, type, title, description, received_at, reporter_id, source, fields FROM hazard_report WHERE hazard_id = $1 ORDER BY received_at, id', [p.id]),
    );
    if (rows.length === 0) throw new Refused('hazard.not_found');
    const people = await personRefs(deps.database, rows.map((r) => r.reporter_id));
    return {
      body: {
        items: rows.map((r) => ({
          id: r.id, origin: r.origin, type: r.type, title: r.title, description: r.description, receivedAt: iso(r.received_at), reporter: refOf(people, r.reporter_id), source: r.source, fields: r.fields ?? {},
        })),
      },
    };
  },
});

interface ExchangeRow {
  type: HazardType; grade: HazardGrade | null; state: string; cycle: number; due_at: Date | null; overdue: boolean; supervision: number; rejections: number; reported_at: Date;
  accepted_at: Date | null; acceptor_id: string | null; triaged: ExchangeCodes | null; fields: Record<string, FieldValue> | null; source: number | null;
}

const exchange = route({
  method: 'get', path: '/api/v1/hazards/{id}/exchange', tag: 'triage', summary: 'The case as the authority sees it; null while it is none for it 数据交换视图', access: 'hazard.read', params, response: ExchangeAnswer, refusals: ['hazard.not_found'],
  handle: async ({ params: p, session, deps }) => {
    const { rows } = await asActor(deps.database, session, (client) =>
      client.query<ExchangeRow>(
        `SELECT h.type, h.grade, h.state, h.cycle, h.due_at, h.overdue, h.supervision, h.rejections, h.reported_at, a.server_at AS accepted_at, a.actor_id AS acceptor_id, t.payload->'codes' AS triaged, r.fields, r.source
         FROM hazard h
         LEFT JOIN LATERAL (SELECT server_at, actor_id FROM hazard_transition WHERE hazard_id = h.id AND to_state = 'accepted' AND from_state IS DISTINCT FROM 'accepted' AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1) a ON true
         LEFT JOIN LATERAL (SELECT payload FROM hazard_transition WHERE hazard_id = h.id AND command = 'triage' AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1) t ON true
         LEFT JOIN LATERAL (SELECT fields, source FROM hazard_report WHERE hazard_id = h.id ORDER BY received_at, id LIMIT 1) r ON true
         WHERE h.id = $1`,
        [p.id],
      ),
    );
    const h = rows[0];
    if (!h) throw new Refused('hazard.not_found');
    // What triage says of a code goes before what the first report says.
    const codes = { ...codesOf(h.fields, h.source), ...codesOf(h.triaged as Record<string, number> | null, h.triaged?.source) };
    const record = exchangeOf(
      {
        type: h.type, grade: h.grade, state: h.state, cycle: h.cycle, dueAt: h.due_at?.getTime() ?? null, overdue: h.overdue, supervision: h.supervision, rejections: h.rejections, reportedAt: h.reported_at.getTime(),
        acceptedAt: h.accepted_at?.getTime() ?? null, acceptorId: h.acceptor_id,
      },
      codes,
    );
    if (!record) return { body: { record: null } };
    const { acceptorId, acceptedAt, ...rest } = record;
    const people = await personRefs(deps.database, [acceptorId]);
    return { body: { record: { ...rest, acceptor: refOf(people, acceptorId), acceptedAt: isoOrNull(acceptedAt === null ? null : new Date(acceptedAt)) } } };
  },
});

export const taxonomyRoutes = [taxonomy, proposal, reports, exchange];
