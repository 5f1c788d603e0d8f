/** What the pages read, and under which key it is kept; live events mark keys as old (app/live-events.tsx). */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { keptFor } from '../offline/kept.ts';
import { call, query } from './client.ts';
import type { Action } from '../../../domain/permissions.ts';
import type { Account, Affiliation, Alarm, AnalysisReport, ArchivePackage, Asset, AssetDetail, AssetHistory, Board, CalendarDay, CalendarYear, ChainState, Delegation, Delivery, Duplicate, FigureGrouping, Figures, FlowVersion, Grant, Hazard, HazardSummary, NeverFixed, Notice, NoticeSummary, Organisation, OrgRef, Page, ParkGeoJson, PatrolPlan, Person, Reading, ResponsibilityRule, ResponsibleAt, RunningEffects, SelfAudit, SelfAuditSummary, SmsTemplate, Task, Taxonomy, TimelineItem } from './types.ts';

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

export interface FiguresParams {
  from: string;
  to: string;
  groupBy: FigureGrouping;
  tenantId?: string;
  type?: string;
}
export const figuresQuery = (params: FiguresParams) => queryOptions({ queryKey: ['figures', params], queryFn: ({ signal }) => call<Figures>('GET', query('/api/v1/figures', { ...params }), { signal }) });
export const runningEffectQuery = (week: string | undefined) => queryOptions({ queryKey: ['running-effect', week], queryFn: ({ signal }) => call<RunningEffects>('GET', query('/api/v1/running-effect', { week }), { signal }) });
export const neverFixedQuery = (k: number | undefined) => queryOptions({ queryKey: ['never-fixed', k], queryFn: ({ signal }) => call<NeverFixed>('GET', query('/api/v1/analysis/never-fixed', { k }), { signal }) });
export const analysisQuery = (params: { from: string; to: string; tenantId?: string }) => queryOptions({ queryKey: ['analysis', params], queryFn: ({ signal }) => call<AnalysisReport>('GET', query('/api/v1/analysis/report', params), { signal }) });
export const assetHistoryQuery = (id: string, days: number) => queryOptions({ queryKey: ['asset-history', id, days], queryFn: ({ signal }) => call<AssetHistory>('GET', query(`/api/v1/assets/${id}/hazard-history`, { days }), { signal }) });
export const selfAuditsQuery = () => paged<SelfAuditSummary>(['self-audits'], '/api/v1/self-audits', {}, 50);
export const selfAuditQuery = (id: string) => queryOptions({ queryKey: ['self-audit', id], queryFn: ({ signal }) => call<SelfAudit>('GET', `/api/v1/self-audits/${id}`, { signal }) });
export const calendarQuery = (from: string, to: string) => queryOptions({ queryKey: ['calendar', from, to], queryFn: ({ signal }) => call<{ items: CalendarDay[] }>('GET', query('/api/v1/calendar', { from, to }), { signal }), retry: false });
export const calendarYearsQuery = () => queryOptions({ queryKey: ['calendar-years'], queryFn: ({ signal }) => call<{ items: CalendarYear[] }>('GET', '/api/v1/calendar/years', { signal }) });
export const rulesQuery = (tenantId: string | undefined) => paged<ResponsibilityRule>(['rules', tenantId], '/api/v1/responsibility-rules', { tenantId, inForce: true }, 100);
export const policyQuery = () => queryOptions({ queryKey: ['policy'], queryFn: ({ signal }) => call<{ at: string; policy: Record<string, unknown> & { id: string } }>('GET', '/api/v1/policy', { signal }) });
export const accountsQuery = () => paged<Account>(['accounts'], '/api/v1/accounts', {}, 50);
export const grantsQuery = () => paged<Grant>(['grants'], '/api/v1/grants', {}, 50);

export interface TaskFilters {
  open?: string;
  overdue?: string;
  mine?: string;
  kind?: string;
  hazardId?: string;
  planId?: string;
}
export const tasksQuery = (filters: TaskFilters) => paged<Task>(['tasks', filters], '/api/v1/tasks', { ...filters }, 50);
export const taskQuery = (id: string) => queryOptions({ queryKey: ['tasks', 'one', id], queryFn: ({ signal }) => call<Task>('GET', `/api/v1/tasks/${id}`, { signal }) });
export const patrolPlansQuery = (active: boolean) => paged<PatrolPlan>(['patrol-plans', active], '/api/v1/patrol-plans', active ? { active: true } : {}, 50);
export const smsTemplatesQuery = () => queryOptions({ queryKey: ['sms-templates'], queryFn: ({ signal }) => call<{ items: SmsTemplate[]; variables: Record<string, string[]> }>('GET', '/api/v1/sms-templates', { signal }) });
export const deliveriesQuery = (noticeId: string) => queryOptions({ queryKey: ['deliveries', noticeId], queryFn: ({ signal }) => call<{ items: Delivery[] }>('GET', `/api/v1/notices/${noticeId}/deliveries`, { signal }) });
