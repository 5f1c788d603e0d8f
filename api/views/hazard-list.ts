/** The list of cases: any filter, in keyset pages, over rows without snapshot. */
import { z } from 'zod';
import type { HazardFilter } from '../../domain/hazard-filter.ts';
import { scopeOf } from '../../domain/permissions.ts';
import type { Actor } from '../../domain/permissions.ts';
import { conditionsOf, needsFigure, parameters } from '../../prisma/hazard-filter.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor } from '../deps.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import type { HazardList, HazardQuery } from '../schemas/hazards.ts';
import type { SignedIn } from '../sign-in.ts';
import type { HazardRow } from './hazards.ts';
import { summaryOf } from './hazards.ts';
import { ASSET_PATH, ASSET_REF, orgRef } from './refs.ts';

/** The filter of a query: its instants as epoch ms. */
export const filterOf = (q: z.output<typeof HazardQuery>): HazardFilter => {
  const ms = (at: string | undefined): number | undefined => (at === undefined ? undefined : Date.parse(at));
  const { q: _words, cursor: _cursor, limit: _limit, sort: _sort, ...rest } = q;
  return {
    ...rest,
    highestSupervision: rest.highestSupervision as HazardFilter['highestSupervision'],
    reportedFrom: ms(q.reportedFrom), reportedTo: ms(q.reportedTo), acceptedFrom: ms(q.acceptedFrom), acceptedTo: ms(q.acceptedTo), closedFrom: ms(q.closedFrom), closedTo: ms(q.closedTo),
  };
};

const dueCursor = z.tuple([z.union([z.iso.datetime(), z.literal('infinity')]), id]);
const DUE = "coalesce(h.due_at, 'infinity'::timestamptz)";
const COLUMNS = `h.id, h.tenant_id, h.number, h.title, h.type, h.grade, h.state, h.origin, h.reported_at, h.due_at, h.overdue, h.supervision, h.supervision_open, h.needs_owner, h.closed_at, h.asset_id`;

/**
 * What row-level security will say anyway, in a form that an index can serve: without it the rows of one enterprise would be
 * looked for among all.
 */
export const ownRows = (actor: Actor, $: (value: unknown) => string): string[] => {
  const scope = scopeOf(actor.role);
  if (scope === 'tenant') return [`h.tenant_id = ${$(actor.orgId)}`];
  return scope === 'grant' ? ['h.tenant_id IN (SELECT pw_granted())'] : [];
};

export const readHazardList = async (deps: Pick<ApiDeps, 'database'>, session: Pick<SignedIn, 'actor'>, q: z.output<typeof HazardQuery>): Promise<z.input<typeof HazardList>> => {
  const filter = filterOf(q);
  const { values, $ } = parameters();
  const conditions = [...ownRows(session.actor, $), ...conditionsOf(filter, $)];
  const words = q.q?.trim();
  if (words) conditions.push(`strpos(h.search, lower(${$(words)})) > 0`);
  const byDue = q.sort === 'due';
  const after = decodeCursor(byDue ? dueCursor : timeCursor, q.cursor);
  if (after) conditions.push(byDue ? `(${DUE}, h.id) > (${$(after[0])}::timestamptz, ${$(after[1])})` : `(h.reported_at, h.id) < (${$(after[0])}::timestamptz, ${$(after[1])})`);
  const order = (h: string): string => (byDue ? `${DUE.replace('h.', `${h}.`)}, ${h}.id` : `${h}.reported_at DESC, ${h}.id DESC`);
  const sql = `WITH page AS MATERIALIZED (
      SELECT ${COLUMNS} FROM hazard h ${needsFigure(filter) ? 'JOIN hazard_figure f ON f.hazard_id = h.id' : ''}
      ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY ${order('h')} LIMIT ${$(q.limit + 1)})
    SELECT p.*, CASE WHEN t.id IS NULL THEN NULL ELSE ${orgRef('t')} END AS tenant, CASE WHEN a.id IS NULL THEN NULL ELSE ${ASSET_REF} END AS asset
    FROM page p LEFT JOIN organisation t ON t.id = p.tenant_id LEFT JOIN asset a ON a.tenant_id = p.tenant_id AND a.id = p.asset_id ${ASSET_PATH} ORDER BY ${order('p')}`;
  const { rows: found } = await asActor(deps.database, session, (client) => client.query<HazardRow>(sql, values));
  const { rows, nextCursor } = paged(found, q.limit, (h) => [byDue ? (h.due_at?.toISOString() ?? 'infinity') : h.reported_at.toISOString(), h.id]);
  return { items: rows.map(summaryOf), nextCursor };
};
