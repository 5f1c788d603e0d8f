/** What the pages read, and under which key it is kept; live events mark keys as old (app/live-events.tsx). */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { keptFor } from '../offline/kept.ts';
import { call, query } from './client.ts';
import type { Action } from '../../../domain/permissions.ts';
import type { Affiliation, Alarm, ArchivePackage, Asset, AssetDetail, Board, ChainState, Delegation, Duplicate, FlowVersion, Hazard, HazardSummary, Notice, NoticeSummary, Organisation, OrgRef, Page, ParkGeoJson, Person, Reading, ResponsibleAt, Taxonomy, TimelineItem } from './types.ts';

export interface HazardFilters {
  state?: string;
  grade?: string;
  tenantId?: string;
  type?: string;
  assetId?: string;
  overdue?: string;
  supervised?: string;
  open?: string;
  q?: string;
  /** What lies behind a figure. */
  counted?: string;
  reportedFrom?: string;
  reportedTo?: string;
  acceptedFrom?: string;
  acceptedTo?: string;
  closedFrom?: string;
  closedTo?: string;
  dispatched?: string;
  firstTry?: string;
  everOverdue?: string;
  highestSupervision?: string;
  extended?: string;
  reopened?: string;
  recurredWithinDays?: string;
  rectifiedOverDays?: string;
}

/** All pages of a list that is small by nature (assets, enterprises). */
const all = async <T>(path: string, signal: AbortSignal): Promise<T[]> => {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: Page<T> = await call<Page<T>>('GET', query(path, { limit: 200, cursor }), { signal });
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor);
  return items;
};

const paged = <T>(key: unknown[], path: string, params: Record<string, string | boolean | undefined>, limit: number) =>
  infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => call<Page<T>>('GET', query(path, { ...params, cursor: pageParam, limit }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
  });

export const hazardsQuery = (filters: HazardFilters) => paged<HazardSummary>(['hazards', filters], '/api/v1/hazards', { ...filters }, 50);
export const hazardQuery = (id: string) => queryOptions({ queryKey: ['hazard', id], queryFn: ({ signal }) => call<Hazard>('GET', `/api/v1/hazards/${id}`, { signal }) });
export const timelineQuery = (id: string) => queryOptions({ queryKey: ['timeline', id], queryFn: ({ signal }) => call<{ items: TimelineItem[] }>('GET', `/api/v1/hazards/${id}/timeline`, { signal }) });
export const alarmsQuery = (open: boolean) => paged<Alarm>(['alarms', open], '/api/v1/alarms', { open }, 50);
export const mapQuery = () => queryOptions({ queryKey: ['map'], queryFn: ({ signal }) => keptFor('map', () => call<ParkGeoJson>('GET', '/api/v1/map', { signal })), networkMode: 'always' });
export const assetsQuery = () => queryOptions({ queryKey: ['assets'], queryFn: ({ signal }) => keptFor('assets', () => all<Asset>('/api/v1/assets', signal)), networkMode: 'always', staleTime: 300_000 });
export const enterprisesQuery = () => queryOptions({ queryKey: ['enterprises'], queryFn: ({ signal }) => keptFor('enterprises', () => all<OrgRef>('/api/v1/enterprises', signal)), networkMode: 'always', staleTime: 300_000 });
/** Values are not told by live events: the panel that shows them asks again. */
export const assetQuery = (id: string) => queryOptions({ queryKey: ['asset', id], queryFn: ({ signal }) => call<AssetDetail>('GET', `/api/v1/assets/${id}`, { signal }), refetchInterval: 5000 });
export const readingsQuery = (sensorId: string) =>
  queryOptions({
    queryKey: ['readings', sensorId],
    queryFn: ({ signal }) => {
      const to = Date.now();
      return call<{ items: Reading[] }>('GET', query(`/api/v1/sensors/${sensorId}/readings`, { from: new Date(to - TREND_MS).toISOString(), limit: 2000 }), { signal });
    },
    refetchInterval: 15_000,
  });
export const TREND_MS = 30 * 60_000;
export const noticesQuery = (params: { unread?: boolean; hazardId?: string }) => paged<NoticeSummary>(['notices', params], '/api/v1/notices', params, 50);
export const noticeQuery = (id: string) => queryOptions({ queryKey: ['notice', id], queryFn: ({ signal }) => call<Notice>('GET', `/api/v1/notices/${id}`, { signal }) });
export const flowVersionsQuery = () => paged<FlowVersion>(['flow-versions'], '/api/v1/flow-versions', {}, 50);
export const ratingQuery = (enterpriseId: string) => queryOptions({ queryKey: ['rating', enterpriseId], queryFn: ({ signal }) => call<{ rating: string | null }>('GET', `/api/v1/ratings/${enterpriseId}`, { signal }) });

export const boardQuery = () => queryOptions({ queryKey: ['board'], queryFn: ({ signal }) => call<Board>('GET', '/api/v1/triage-board', { signal }) });
export const duplicatesQuery = (id: string) => queryOptions({ queryKey: ['duplicates', id], queryFn: ({ signal }) => call<{ items: Duplicate[] }>('GET', `/api/v1/hazards/${id}/duplicates`, { signal }) });
export const chainQuery = (id: string, seq: number) => queryOptions({ queryKey: ['chain', id, seq], queryFn: ({ signal }) => call<ChainState>('GET', `/api/v1/hazards/${id}/chain`, { signal }) });
export const responsibleQuery = (id: string, at: string) => queryOptions({ queryKey: ['responsible', id, at], queryFn: ({ signal }) => call<ResponsibleAt>('GET', query(`/api/v1/hazards/${id}/responsible`, { at }), { signal }) });
export const packagesQuery = (id: string, seq: number) => queryOptions({ queryKey: ['packages', id, seq], queryFn: ({ signal }) => call<{ items: ArchivePackage[] }>('GET', `/api/v1/hazards/${id}/packages`, { signal }) });
export const taxonomyQuery = () => queryOptions({ queryKey: ['taxonomy'], queryFn: ({ signal }) => call<Taxonomy>('GET', '/api/v1/taxonomy', { signal }), staleTime: 600_000 });
export const personsQuery = (params: { may?: Action; orgId?: string }) =>
  queryOptions({ queryKey: ['persons', params], queryFn: ({ signal }) => call<{ items: Person[] }>('GET', query('/api/v1/persons', params), { signal }), staleTime: 60_000 });
export const organisationsQuery = () => queryOptions({ queryKey: ['organisations'], queryFn: ({ signal }) => call<{ items: Organisation[] }>('GET', '/api/v1/organisations', { signal }), staleTime: 300_000 });
export const delegationsQuery = () => paged<Delegation>(['delegations'], '/api/v1/delegations', {}, 50);
export const affiliationsQuery = () => paged<Affiliation>(['affiliations'], '/api/v1/affiliations', {}, 50);
