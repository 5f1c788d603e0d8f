/** 研判台: what waits for a decision of the park, in lanes; and whether the chain of a case holds. */
import type pg from 'pg';
import { z } from 'zod';
import type { DuplicateFacts } from '../../domain/duplicates.ts';
import { DUPLICATE_RULE, findDuplicates } from '../../domain/duplicates.ts';
import { CLOSED_STATES, LISTING_LEVELS } from '../../domain/hazard.ts';
import { verifyChain } from '../../prisma/chain.ts';
import { asActor, asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { HazardSummary } from '../schemas/hazards.ts';
import type { HazardRow } from '../views/hazards.ts';
import { SELECT_HAZARD, summaryOf } from '../views/hazards.ts';
import { iso, isoOrNull } from '../views/refs.ts';

const BOARD_LANES = ['reported', 'needs_owner', 'extension', 'review', 'look_back', 'listed'] as const;
type BoardLane = (typeof BOARD_LANES)[number];
/** Of each lane as many are shown, the one that is due first first; the count says how many there are. */
const SHOWN = 30;

const BoardItem = z
  .object({
    hazard: HazardSummary, since: z.string(), dueAt: z.string().nullable(), thumbnail: z.string().nullable().meta({ description: 'SHA-256 of the newest photo' }), reportCount: z.number(), statutory: z.boolean(),
    extensionDueAt: z.string().nullable(), listed: z.enum(LISTING_LEVELS).nullable(), duplicates: z.number(),
  })
  .meta({ id: 'BoardItem', description: 'since: start of the term that runs to dueAt' });
const Board = z.object({ lanes: z.array(z.object({ lane: z.enum(BOARD_LANES), count: z.number(), items: z.array(BoardItem) })) }).meta({ id: 'TriageBoard' });

/** Cases of a lane, and the deadline that runs there. */
const LANES: Record<BoardLane, { where: string; deadline: string }> = {
  reported: { where: "h.state = 'reported'", deadline: 'triage' },
  needs_owner: { where: "h.state = 'triaged'", deadline: 'dispatch' },
  extension: { where: "h.state IN ('dispatched', 'rectifying', 'submitted') AND h.snapshot->'extension' IS NOT NULL AND h.snapshot->'extension' <> 'null'", deadline: 'rectify' },
  review: { where: "h.state = 'submitted'", deadline: 'rectify' },
  look_back: { where: "h.state = 'archived' AND EXISTS (SELECT FROM deadline b WHERE b.hazard_id = h.id AND b.kind = 'look_back' AND b.met_at IS NULL AND b.withdrawn_at IS NULL)", deadline: 'look_back' },
  listed: { where: "h.listed AND h.state IN ('triaged', 'dispatched', 'rectifying', 'submitted', 'accepted')", deadline: 'rectify' },
};

type Row = HazardRow & {
  total: string; since: Date | null; lane_due: Date | null; thumbnail: string | null; asset_id: string | null; zone_id: string | null; asset_point: DuplicateFacts['point']; asset_zone: string | null;
};

const readLane = async (client: pg.ClientBase, lane: BoardLane): Promise<{ count: number; rows: Row[] }> => {
  const { where, deadline } = LANES[lane];
  const { rows } = await client.query<Row>(
    `WITH lane AS MATERIALIZED (
       SELECT h.id, count(*) OVER () AS total, d.started_at, d.due_at FROM hazard h
       LEFT JOIN LATERAL (SELECT started_at, due_at FROM deadline WHERE hazard_id = h.id AND kind = $1 AND level = 0 AND item ${lane === 'look_back' ? "<> ''" : "= ''"} AND met_at IS NULL AND withdrawn_at IS NULL ORDER BY due_at LIMIT 1) d ON true
       WHERE ${where} ORDER BY coalesce(d.due_at, 'infinity'), h.reported_at, h.id LIMIT $2)
     ${SELECT_HAZARD.replace('SELECT h.*', 'SELECT h.*, l.total, l.started_at AS since, l.due_at AS lane_due, a.point AS asset_point, a.zone_id AS asset_zone, photo.sha256 AS thumbnail').replace('FROM hazard h', 'FROM lane l JOIN hazard h ON h.id = l.id')}
     LEFT JOIN LATERAL (SELECT sha256 FROM evidence WHERE hazard_id = h.id AND media_type LIKE 'image/%' AND sha256 IS NOT NULL ORDER BY recorded_at DESC, id LIMIT 1) photo ON true
     ORDER BY coalesce(l.due_at, 'infinity'), h.reported_at, h.id`,
    [deadline, SHOWN],
  );
  return { count: Number(rows[0]?.total ?? 0), rows };
};

const factsOf = (h: Pick<Row, 'id' | 'tenant_id' | 'type' | 'asset_id' | 'zone_id' | 'asset_zone' | 'point' | 'asset_point' | 'reported_at' | 'description'>): DuplicateFacts => ({
  hazardId: h.id, tenantId: h.tenant_id, type: h.type as DuplicateFacts['type'], assetId: h.asset_id, zoneId: h.zone_id ?? h.asset_zone, point: (h.point as DuplicateFacts['point']) ?? h.asset_point,
  reportedAt: h.reported_at.getTime(), description: h.description,
});

/** Open cases of these enterprises that a new report could be the same as. */
const openFacts = async (client: pg.ClientBase, tenantIds: readonly string[]): Promise<DuplicateFacts[]> => {
  const { rows } = await client.query<Row>(
    `SELECT h.id, h.tenant_id, h.type, h.asset_id, h.zone_id, h.point, h.reported_at, h.description, a.point AS asset_point, a.zone_id AS asset_zone
     FROM hazard h LEFT JOIN asset a ON a.tenant_id = h.tenant_id AND a.id = h.asset_id
     WHERE h.tenant_id = ANY ($1) AND h.state <> ALL ($2) AND h.reported_at > now() - make_interval(secs => $3) ORDER BY h.reported_at DESC LIMIT 2000`,
    [tenantIds, [...CLOSED_STATES], DUPLICATE_RULE.windowMs / 1000],
  );
  return rows.map(factsOf);
};

const board = route({
  method: 'get', path: '/api/v1/triage-board', tag: 'triage', summary: 'What waits for a decision of the park 研判台', access: 'hazard.triage', response: Board,
  handle: async ({ session, deps }) => {
    const { lanes, open } = await asActor(deps.database, session, async (client) => {
      const lanes = [];
      for (const lane of BOARD_LANES) lanes.push({ lane, ...(await readLane(client, lane)) });
      const fresh = lanes.filter((l) => l.lane === 'reported').flatMap((l) => l.rows);
      return { lanes, open: fresh.length > 0 ? await openFacts(client, [...new Set(fresh.map((h) => h.tenant_id))]) : [] };
    });
    return {
      body: {
        lanes: lanes.map(({ lane, count, rows }) => ({
          lane, count,
          items: rows.map((h) => ({
            hazard: summaryOf(h), since: iso(h.since ?? h.reported_at), dueAt: isoOrNull(h.lane_due ?? h.due_at), thumbnail: h.thumbnail, reportCount: h.snapshot.reportCount ?? 1, statutory: h.statutory,
            extensionDueAt: h.snapshot.extension ? new Date(h.snapshot.extension.dueAt).toISOString() : null, listed: h.snapshot.listed?.level ?? null,
            duplicates: lane === 'reported' ? findDuplicates(factsOf(h), open).length : 0,
          })),
        })),
      },
    };
  },
});

const ChainState = z
  .object({ holds: z.boolean(), transitions: z.number(), head: z.string().nullable(), problem: z.object({ record: z.string(), what: z.string() }).nullable() })
  .meta({ id: 'ChainState', description: 'Reckoned again from the record at each call' });

const chain = route({
  method: 'get', path: '/api/v1/hazards/{id}/chain', tag: 'archive', summary: 'Whether the chain of a case holds 校验案卷链', access: 'hazard.read', params: z.object({ id }), response: ChainState, refusals: ['hazard.not_found'],
  handle: async ({ params: p, session, deps }) => {
    const { rowCount } = await asActor(deps.database, session, (client) => client.query('SELECT FROM hazard WHERE id = $1', [p.id]));
    if (rowCount === 0) throw new Refused('hazard.not_found');
    // Over the whole record: what the reader may not see is part of the chain too.
    return await asService(deps.database, async (client) => {
      const { rows } = await client.query<{ seq: number; chain_head: string | null }>('SELECT seq, chain_head FROM hazard WHERE id = $1', [p.id]);
      const problem = await verifyChain(client, p.id);
      return { body: { holds: problem === null, transitions: rows[0]!.seq, head: rows[0]!.chain_head, problem: problem && { record: problem.record, what: problem.what } } };
    });
  },
});

export const triageBoardRoutes = [board, chain];
