/** 疑似重复: open cases that may be about the same hazard as this one, and why. */
import { z } from 'zod';
import type { DuplicateFacts } from '../../domain/duplicates.ts';
import { DUPLICATE_REASONS, DUPLICATE_RULE, findDuplicates } from '../../domain/duplicates.ts';
import { CLOSED_STATES } from '../../domain/hazard.ts';
import { asActor } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { HazardSummary } from '../schemas/hazards.ts';
import type { HazardRow } from '../views/hazards.ts';
import { SELECT_HAZARD, summaryOf } from '../views/hazards.ts';

const Duplicates = z.object({
  items: z.array(z.object({ hazard: HazardSummary, score: z.number(), reasons: z.array(z.enum(DUPLICATE_REASONS)), metres: z.number().nullable(), words: z.number() })),
});
/** Open cases of one enterprise within the window are not more; the nearest in time are looked at. */
const MOST = 1_000;

type Row = HazardRow & { asset_id: string | null; zone_id: string | null; asset_point: DuplicateFacts['point']; asset_zone: string | null };

const factsOf = (h: Row): DuplicateFacts => ({
  hazardId: h.id, tenantId: h.tenant_id, type: h.type as DuplicateFacts['type'], assetId: h.asset_id, zoneId: h.zone_id ?? h.asset_zone, point: (h.point as DuplicateFacts['point']) ?? h.asset_point,
  reportedAt: h.reported_at.getTime(), description: h.description,
});
const SELECT = SELECT_HAZARD.replace('SELECT h.*', 'SELECT h.*, a.point AS asset_point, a.zone_id AS asset_zone');

export const duplicateRoutes = [
  route({
    method: 'get', path: '/api/v1/hazards/{id}/duplicates', tag: 'hazards', summary: 'Cases that may be about the same hazard 疑似重复', access: 'hazard.merge', params: z.object({ id }), response: Duplicates, refusals: ['hazard.not_found'],
    handle: async ({ params: p, session, deps }) => {
      const { of, rows } = await asActor(deps.database, session, async (client) => {
        const { rows: found } = await client.query<Row>(`${SELECT} WHERE h.id = $1`, [p.id]);
        const of = found[0];
        if (!of) throw new Refused('hazard.not_found');
        const { rows } = await client.query<Row>(
          `${SELECT} WHERE h.tenant_id = $1 AND h.id <> $2 AND h.state <> ALL ($3) AND h.reported_at BETWEEN $4 AND $5 ORDER BY abs(extract(epoch FROM h.reported_at - $6::timestamptz)) LIMIT $7`,
          [of.tenant_id, of.id, [...CLOSED_STATES], new Date(of.reported_at.getTime() - DUPLICATE_RULE.windowMs), new Date(of.reported_at.getTime() + DUPLICATE_RULE.windowMs), of.reported_at, MOST],
        );
        return { of, rows };
      });
      const byId = new Map(rows.map((h) => [h.id, h]));
      return { body: { items: findDuplicates(factsOf(of), rows.map(factsOf)).map(({ hazardId, ...why }) => ({ hazard: summaryOf(byId.get(hazardId)!), ...why })) } };
    },
  }),
];
