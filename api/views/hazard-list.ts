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
const COLUMNS = `h.id, h.tenant_id, h.number, h.title, h.type, h.grade, h.state, h.origin, h.reported_at, h.due_at, h.overdue, h.supervision, h.supervision_open, h.needs_owner, h.closed_at`;

/**
 * What row-level security will say anyway, in a form that an index can serve: without it the rows of one enterprise would be
 * looked for among all.
 */
export const ownRows = (actor: Actor, $: (value: unknown) => string): string[] => {
  const scope = scopeOf(actor.role);
  if (scope === 'tenant') return [`h.tenant_id = ${$(actor.orgId)}`];
  return scope === 'grant' ? ['h.tenant_id IN (SELECT pw_granted())'] : [];
};

type Query = z.output<typeof HazardQuery>;

/** Words of so few cases are looked up in the index of words; those of more are met soon enough on the way. */
const RARE = 2_000;

const wordsOf = (q: Query): string | undefined => q.q?.trim().toLowerCase() || undefined;

/** For words that are looked for in the whole park: the cases that have them, or null where they are many. */
export const rareStatement = (actor: Actor, q: Query): { text: string; values: unknown[] } | null => {
  const words = wordsOf(q);
  return words && !q.tenantId && scopeOf(actor.role) === 'park' ? { text: 'SELECT pw_find_hazards(lower($1), $2) AS ids', values: [words, RARE] } : null;
};

/** The statement of a page, one row beyond its limit; `rare`: what rareStatement found. Throws `request.cursor_invalid`. */
export const listStatement = (actor: Actor, q: Query, rare: readonly string[] | null = null): { text: string; values: unknown[] } => {
  const filter = filterOf(q);
  const { values, $ } = parameters();
  const conditions = [...ownRows(actor, $), ...conditionsOf(filter, $)];
  const words = wordsOf(q);
  if (q.needsOwner !== undefined) conditions.push(`h.needs_owner = ${$(q.needsOwner)}`);
  if (words) conditions.push(rare ? `h.id = ANY (${$(rare)})` : `strpos(s.search, lower(${$(words)})) > 0`);
  const byDue = q.sort === 'due';
  const after = decodeCursor(byDue ? dueCursor : timeCursor, q.cursor);
  if (after) conditions.push(byDue ? `(${DUE}, h.id) > (${$(after[0])}::timestamptz, ${$(after[1])})` : `(h.reported_at, h.id) < (${$(after[0])}::timestamptz, ${$(after[1])})`);
  const order = byDue ? `${DUE}, h.id` : 'h.reported_at DESC, h.id DESC';
  // The page is found by the index hazard_list alone; only its rows are read.
  const text = `WITH page AS MATERIALIZED (
      SELECT h.id FROM hazard h ${needsFigure(filter) ? 'JOIN hazard_figure f ON f.hazard_id = h.id' : ''} ${words && !rare ? 'JOIN hazard_search s ON s.hazard_id = h.id' : ''}
      ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''} ORDER BY ${order} LIMIT ${$(q.limit + 1)})
    SELECT ${COLUMNS}, CASE WHEN t.id IS NULL THEN NULL ELSE ${orgRef('t')} END AS tenant, CASE WHEN a.id IS NULL THEN NULL ELSE ${ASSET_REF} END AS asset
    FROM page JOIN hazard h USING (id) LEFT JOIN organisation t ON t.id = h.tenant_id LEFT JOIN asset a ON a.tenant_id = h.tenant_id AND a.id = h.asset_id ${ASSET_PATH} ORDER BY ${order}`;
  return { text, values };
};

/** The indexes of the list stay in memory: priced as if on a turning disk, the planner reads whole tables instead. */
const LIST_SETTINGS = "SELECT set_config('random_page_cost', '1.1', true)";

export const readHazardList = async (deps: Pick<ApiDeps, 'database'>, session: Pick<SignedIn, 'actor'>, q: Query): Promise<z.input<typeof HazardList>> => {
  const found = await asActor(deps.database, session, async (client) => {
    await client.query(LIST_SETTINGS);
    const look = rareStatement(session.actor, q);
    const rare = look && (await client.query<{ ids: string[] | null }>(look)).rows[0]!.ids;
    return (await client.query<HazardRow>(listStatement(session.actor, q, rare))).rows;
  });
  const { rows, nextCursor } = paged(found, q.limit, (h) => [q.sort === 'due' ? (h.due_at?.toISOString() ?? 'infinity') : h.reported_at.toISOString(), h.id]);
  return { items: rows.map(summaryOf), nextCursor };
};
