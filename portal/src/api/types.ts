/** The messages of docs/interfaces/http.md as the portal reads them. Times are ISO 8601 in UTC. */
import type { AlarmState } from '../../../domain/alarm.ts';
import type { HazardOrigin, HazardState } from '../../../domain/hazard.ts';
import type { HazardGrade } from '../../../domain/hazard-types.ts';
import type { HazardType } from '../../../domain/hazard-types.ts';
import type { NoticeKind } from '../../../domain/notices.ts';
import type { Action, OrganisationKind, Role } from '../../../domain/permissions.ts';

export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface Named {
  nameZh: string;
  nameEn: string;
}
export interface OrgRef extends Named {
  id: string;
}
export interface PersonRef extends Named {
  id: string;
}
export interface AssetRef extends Named {
  id: string;
  code: string;
  pathZh: string;
  pathEn: string;
}
export interface Point {
  type: 'Point';
  coordinates: [number, number];
}

export interface Membership {
  id: string;
  role: Role;
  org: OrgRef & { kind: OrganisationKind };
}
export interface Session {
  account: { id: string; username: string };
  person: PersonRef;
  membership: Membership;
  memberships: Membership[];
  permissions: Action[];
  csrfToken: string;
  mustChangePassword: boolean;
  expiresAt: string;
}

export interface EvidenceRef {
  sha256: string;
  mediaType: string;
  capturedAt?: string;
  supersedes?: string;
}
export interface ReportBody {
  type: HazardType;
  title?: string;
  description: string;
  assetId?: string;
  zoneId?: string;
  point?: Point;
  tenantId?: string;
  photos: EvidenceRef[];
  fields?: Record<string, string | number | boolean>;
  source?: number;
  clientAt: string;
}
export interface ReportAnswer {
  hazardId: string;
  reportId: string;
  joined: boolean;
  status: 'registered' | 'processing';
}

export type ActBody = { clientAt?: string } & (
  | { act: 'triage'; grade: HazardGrade; type?: HazardType; reason: string }
  | { act: 'dispatch'; responsibleId: string; note?: string }
  | { act: 'returnDispatch'; reason: string }
  | { act: 'start'; note?: string }
  | { act: 'progress'; note: string; evidence: EvidenceRef[] }
  | { act: 'submit'; note: string; evidence: EvidenceRef[] }
  | { act: 'accept'; note: string; evidence?: EvidenceRef[] }
  | { act: 'reject'; reason: string }
  | { act: 'dismiss'; reason: string }
);
export type ActName = ActBody['act'];

export interface HazardSummary {
  id: string;
  number: string;
  title: string;
  type: HazardType;
  grade: HazardGrade | null;
  state: HazardState;
  origin: HazardOrigin;
  tenant: OrgRef;
  asset: AssetRef | null;
  reportedAt: string;
  dueAt: string | null;
  overdue: boolean;
  supervision: 0 | 1 | 2 | 3;
  supervisionOpen: boolean;
  needsOwner: boolean;
  closedAt: string | null;
}

export interface EvidenceItem {
  id: string;
  purpose: string;
  sha256: string | null;
  mediaType: string | null;
  capturedAt: string | null;
  recordedAt: string;
  uploader: PersonRef | null;
  supersedesId: string | null;
  supersededById: string | null;
  detail: Record<string, unknown> | null;
}

export interface Hazard extends HazardSummary {
  description: string;
  seq: number;
  cycle: number;
  rejections: number;
  statutory: boolean;
  responsible: PersonRef | null;
  point: Point | null;
  source: { eventId: string; ruleId: string; ruleVersion: number; flowVersion: number | null; nodeId: string | null } | null;
  allowedActs: ActName[];
  responsibleCandidates?: PersonRef[];
  deadlines: { kind: string; level: number; startedAt: string; dueAt: string; metAt: string | null; breachedAt: string | null; basis: string }[];
  evidence: EvidenceItem[];
}

export interface Transition {
  seq: number | null;
  command: string;
  from: HazardState | null;
  to: HazardState | null;
  actor: PersonRef | null;
  actorRole: string | null;
  serverAt: string;
  clientAt: string | null;
  clockSkew: boolean;
  reason: string | null;
  refusalCode: string | null;
}

export type TimelineItem = { at: string } & (
  | { kind: 'transition'; transition: Transition }
  | { kind: 'notice'; notice: { id: string; kind: NoticeKind; subject: string; recipient: OrgRef; isCopy: boolean; readAt: string | null } }
  | { kind: 'deadline'; event: 'started' | 'met' | 'breached' | 'withdrawn'; deadline: { kind: string; level: number; dueAt: string } }
  | { kind: 'supervision'; event: 'opened' | 'closed'; level: number; cause: string; outcome: string | null; dueAt: string }
);

export type AlarmMark = 'HH' | 'H' | 'L' | 'LL' | 'sustained';
export interface Alarm {
  id: string;
  level: AlarmMark;
  state: AlarmState;
  value: number;
  limit: number;
  unit: string;
  statutory: boolean;
  asset: AssetRef;
  substance: string | null;
  tenant: OrgRef;
  sensor: Named & { id: string; kind: string };
  rule: { id: string; version: number };
  raisedAt: string;
  storedAt: string;
  clearedAt: string | null;
  acknowledgedAt: string | null;
  acknowledgedBy: PersonRef | null;
  confirmed: boolean | null;
  confirmReason: string | null;
  escalation: number;
  closedAt: string | null;
  hazardId: string | null;
  allowedActs: ('acknowledge' | 'confirm')[];
}

export type Geometry =
  | { type: 'Point'; coordinates: [number, number] }
  | { type: 'Polygon'; coordinates: [number, number][][] }
  | { type: 'MultiPolygon'; coordinates: [number, number][][][] };
export interface AreaProperties extends Named {
  kind: 'park' | 'zone';
  code?: string;
}
export interface AssetProperties extends Named {
  kind: 'asset';
  assetKind: string;
  code: string;
  pathZh: string;
  pathEn: string;
  tenantId: string;
  substance: string | null;
  openHazards: number;
  alarm: { id: string; level: AlarmMark; state: AlarmState; value: number; limit: number; unit: string; raisedAt: string } | null;
}
export interface ParkFeature {
  type: 'Feature';
  id: string;
  geometry: Geometry;
  properties: AreaProperties | AssetProperties;
}
export interface ParkGeoJson {
  type: 'FeatureCollection';
  features: ParkFeature[];
}

export interface Asset extends AssetRef {
  tenantId: string;
  kind: string;
  substance: string | null;
  point: Point | null;
}
export interface AssetDetail extends Asset {
  sensors: (Named & {
    id: string;
    kind: string;
    unit: string;
    limits: Partial<Record<'LL' | 'L' | 'H' | 'HH', number | null>> | null;
    statutory: boolean;
    latest: { value: number; at: string; quality: string } | null;
  })[];
}
export interface Reading {
  at: string;
  value: number;
  quality: string;
}

export interface NoticeSummary {
  id: string;
  kind: NoticeKind;
  subject: string;
  recipient: OrgRef;
  isCopy: boolean;
  language: 'zh' | 'en';
  issuedAt: string;
  readAt: string | null;
  hazardId: string | null;
  alarmId: string | null;
}
export interface Notice extends NoticeSummary {
  html: string;
  text: string;
}

export interface FlowVersion {
  version: number;
  author: PersonRef | null;
  createdAt: string;
  note: string | null;
  rollbackOf: number | null;
  sha256: string;
}

export interface ProblemBody {
  type?: string;
  title?: string;
  status: number;
  detail?: string | null;
  code: string;
  titleZh: string;
  titleEn: string;
  errors?: { field: string; code: string; messageZh: string; messageEn: string }[];
  instance?: string;
}
