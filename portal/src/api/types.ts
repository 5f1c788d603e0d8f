/** The messages of docs/interfaces/http.md as the portal reads them. Times are ISO 8601 in UTC. */
import type { AlarmState } from '../../../domain/alarm.ts';
import type { Channel, DeliveryState, Lane } from '../../../domain/channels.ts';
import type { DuplicateReason } from '../../../domain/duplicates.ts';
import type { HazardOrigin, HazardState, ListingLevel, PersonCommandName } from '../../../domain/hazard-case.ts';
import type { HazardGrade } from '../../../domain/hazard-types.ts';
import type { HazardType } from '../../../domain/hazard-types.ts';
import type { NoticeKind } from '../../../domain/notices.ts';
import type { Action, OrganisationKind, Role } from '../../../domain/permissions.ts';
import type { SmsApproval, SmsChannel, SmsKind } from '../../../domain/sms.ts';
import type { TaskKind, TaskResult } from '../../../domain/tasks.ts';

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
/** `delegator`: whose membership it is where it was delegated, until `until`. */
export interface SessionMembership extends Membership {
  delegator: PersonRef | null;
  until: string | null;
}
export interface Session {
  account: { id: string; username: string };
  person: PersonRef;
  membership: SessionMembership;
  memberships: SessionMembership[];
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

export interface TriageCodes {
  source?: number;
  treatment?: number;
  category?: number;
  cause?: number;
  stage?: number;
}
export type ActBody = { clientAt?: string } & (
  | { act: 'triage'; grade: HazardGrade; type?: HazardType; reason: string; criteria?: { criterionId: string; result: string }[]; codes?: TriageCodes }
  | { act: 'dispatch'; responsibleId: string; note?: string }
  | { act: 'start'; note?: string }
  | { act: 'plan'; interimMeasures: string; measures: string; costYuan: number; emergencyPlan?: string }
  | { act: 'progress'; note: string; evidence: EvidenceRef[] }
  | { act: 'split'; items: { title: string; dueAt?: string }[]; reason: string }
  | { act: 'submit'; note: string; evidence: EvidenceRef[]; itemIds?: string[] }
  | { act: 'requestExtension'; dueAt: string; reason: string; evidence?: EvidenceRef[] }
  | { act: 'decideExtension'; granted: boolean; dueAt?: string; reason: string }
  | { act: 'handover'; responsibleId: string; reason: string }
  | { act: 'redirect'; tenantId: string; reason: string }
  | { act: 'pause'; until: string; reason: string }
  | { act: 'addSigner'; personId: string; reason: string }
  | { act: 'sign' | 'accept'; note: string; evidence?: EvidenceRef[]; site?: Point }
  | { act: 'acceptItems'; itemIds: string[]; reason: string; evidence?: EvidenceRef[]; site?: Point }
  | { act: 'reject'; reason: string; itemIds?: string[] }
  | { act: 'list'; level: ListingLevel; reason: string }
  | { act: 'merge'; intoHazardId: string; reason: string }
  | { act: 'lookBack'; n: number; passed: boolean; note: string; evidence: EvidenceRef[] }
  | { act: 'returnDispatch' | 'withdraw' | 'withdrawExtension' | 'reassess' | 'resume' | 'delist' | 'dismiss' | 'unmerge' | 'reopen' | 'reconsider'; reason: string }
);
export type ActName = PersonCommandName;

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

export interface HazardItem {
  itemId: string;
  title: string;
  state: 'open' | 'submitted' | 'accepted';
  dueAt: string | null;
  rejections: number;
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
  acceptedAt: string | null;
  reportCount: number;
  planned: boolean;
  items: HazardItem[];
  extension: { dueAt: string; requestedAt: string } | null;
  extensions: number;
  paused: { at: string; until: string } | null;
  signatures: { person: PersonRef | null; at: string }[];
  signers: (PersonRef | null)[];
  listed: { at: string; level: ListingLevel } | null;
  mergedInto: string | null;
  absorbed: string[];
  predecessorId: string | null;
  successorId: string | null;
  lookBacks: { n: number; dueAt: string; state: 'pending' | 'due' | 'passed' | 'failed' }[];
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

export interface Duplicate {
  hazard: HazardSummary;
  score: number;
  reasons: DuplicateReason[];
  metres: number | null;
  words: number;
}
export interface BoardItem {
  hazard: HazardSummary;
  since: string;
  dueAt: string | null;
  thumbnail: string | null;
  reportCount: number;
  statutory: boolean;
  extensionDueAt: string | null;
  listed: ListingLevel | null;
  duplicates: number;
}
export type BoardLane = 'reported' | 'needs_owner' | 'extension' | 'review' | 'look_back' | 'listed';
export interface Board {
  lanes: { lane: BoardLane; count: number; items: BoardItem[] }[];
}
export interface ResponsibleAt {
  what: 'triage' | 'dispatch' | 'rectify' | 'review' | 'delist' | 'look_back' | null;
  holder: 'park' | 'enterprise' | null;
  person: PersonRef | null;
  paused: boolean;
  since: string | null;
}
export interface ChainState {
  holds: boolean;
  transitions: number;
  head: string | null;
  problem: { record: string; what: string } | null;
}
export interface ArchivePackage {
  cycle: number;
  format: string;
  json: { sha256: string; bytes: number };
  document: { sha256: string; bytes: number } | null;
  chainHead: string;
  lastSeq: number;
  madeAt: string;
}

interface Words {
  zh: string;
  en: string;
}
export interface Taxonomy {
  facts: (Words & { fact: string; values?: (Words & { value: string })[] })[];
  packs: { id: string; instrument: string; complete: boolean; criteria: (Words & { id: string; clause: string; types: string[]; facts: string[] })[] }[];
}
export interface GradeProposal {
  grade: 'major' | 'general' | 'to_judge';
  items: (Words & { criterionId: string; instrument: string; clause: string; result: boolean | null; textMissing: boolean; facts: Record<string, boolean | string | null> })[];
  incompletePacks: string[];
}

export interface Person extends PersonRef {
  memberships: Membership[];
}
export interface Organisation extends OrgRef {
  kind: OrganisationKind;
}
export interface Delegation {
  id: string;
  membership: Membership;
  person: PersonRef;
  delegate: PersonRef;
  reason: string;
  startsAt: string;
  endsAt: string;
  createdBy: PersonRef;
  createdAt: string;
}
export interface Affiliation {
  id: string;
  contractor: OrgRef;
  principal: OrgRef;
  validFrom: string;
  validTo: string | null;
}

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
  acknowledgedAt: string | null;
  lane: Lane;
  hazardId: string | null;
  alarmId: string | null;
  taskId: string | null;
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

export interface Figure {
  code: string;
  value: number | null;
  cases: number;
  list: Record<string, string>;
  part?: { cases: number; list: Record<string, string> };
}
export interface FigureDefinition extends Named {
  code: string;
  unit: 'cases' | 'share' | 'ms' | 'extensions';
  definitionZh: string;
  definitionEn: string;
}
export type FigureGrouping = 'none' | 'enterprise' | 'type' | 'grade' | 'month';
export interface Figures {
  from: string;
  to: string;
  groupBy: FigureGrouping;
  definitions: FigureDefinition[];
  groups: (Named & { key: string; figures: Figure[] })[];
}
export interface RecordRef {
  kind: 'task' | 'hazard';
  id: string;
}
interface EffectRate {
  weight: number;
  rate: number | null;
  of: number;
  done: number;
  points: number;
  records: RecordRef[];
}
export interface RunningEffects {
  week: string;
  from: string;
  to: string;
  items: {
    tenant: OrgRef;
    computedAt: string;
    score: number;
    before: number;
    veto: boolean;
    basis: 'both' | 'tasks' | 'rectification' | 'none';
    vetoes: (Words & { records: RecordRef[] })[];
    tasks: EffectRate;
    rectification: EffectRate;
    deductions: (Words & { code: string; points: number; records: RecordRef[] })[];
    peers: { count: number; median: number | null; found: number; judged: boolean };
  }[];
}
export interface NeverFixed {
  k: number;
  items: { tenant: OrgRef; type: string; asset: AssetRef | null; reports: number; hazards: { id: string; number: string; state: string }[] }[];
}
export interface AnalysisReport {
  from: string;
  to: string;
  sections: { code: string; titleZh: string; titleEn: string; sentences: (Words & { cites: { kind: 'hazard' | 'task' | 'alarm'; id: string; label: string }[] })[] }[];
}
export interface AssetHistory {
  asset: AssetRef;
  from: string;
  to: string;
  open: HazardSummary[];
  closed: HazardSummary[];
  ignoredPrompts: { id: string; kind: string; titleZh: string; titleEn: string; dueAt: string; doneAt: string | null; owner: OrgRef; hazardId: string | null }[];
  alarms: { id: string; level: string; state: string; value: number; limit: number; unit: string; raisedAt: string; clearedAt: string | null; confirmed: boolean | null; statutory: boolean }[];
}

export interface SelfAuditSummary {
  id: string;
  startedAt: string;
  snapshotAt: string;
  finishedAt: string;
  outcome: 'ok' | 'violated' | 'not_checked';
  checked: number;
  violated: number;
  notChecked: number;
}
export interface SelfAudit extends SelfAuditSummary {
  findings: (Words & { id: string; severity: 'error' | 'warning'; status: 'ok' | 'violated' | 'not_checked'; violations: number; records: string[]; note: string | null; area: string })[];
  signed: { report: Record<string, unknown>; signature: { keyId: string; publicKey: string; value: string } };
}
export interface CalendarDay {
  day: string;
  kind: 'workday' | 'makeup_workday' | 'rest_day' | 'holiday';
  nameZh: string | null;
  nameEn: string | null;
  special: Named[];
}
export interface CalendarYear {
  year: number;
  version: number;
  source: string;
  sha256: string;
  signer: { keyId: string; kind: 'park' | 'publisher'; name: string };
  loadedAt: string;
  problem: 'content' | 'signature' | 'key_revoked' | null;
}
export interface ResponsibilityRule {
  id: string;
  tenant: OrgRef;
  person: PersonRef;
  department: string | null;
  zoneId: string | null;
  unitId: string | null;
  assetId: string | null;
  assetKind: string | null;
  hazardType: HazardType | null;
  grade: HazardGrade | null;
  category: 1 | 2 | 3 | null;
  validFrom: string;
  validTo: string | null;
  recordedAt: string;
  recordedBy: PersonRef;
  endedBy: PersonRef | null;
}
export interface Account {
  id: string;
  username: string;
  person: PersonRef;
  memberships: Membership[];
  mustChangePassword: boolean;
  lockedUntil: string | null;
  disabledAt: string | null;
}
export interface Grant {
  id: string;
  org: OrgRef;
  tenant: OrgRef;
  purpose: string;
  approvedBy: PersonRef;
  startsAt: string;
  expiresAt: string;
  createdAt: string;
}

export interface Task {
  id: string;
  kind: TaskKind;
  titleZh: string;
  titleEn: string;
  detail: Record<string, unknown>;
  tenant: OrgRef;
  owner: OrgRef;
  person: PersonRef | null;
  hazardId: string | null;
  asset: AssetRef | null;
  createdAt: string;
  createdBy: PersonRef | null;
  dueAt: string;
  graceMs: number;
  overdueAt: string | null;
  escalation: number;
  doneAt: string | null;
  doneBy: PersonRef | null;
  result: TaskResult | null;
  note: string | null;
  evidence: string[];
  canComplete: boolean;
}
export interface PatrolPlan extends Named {
  id: string;
  owner: OrgRef;
  person: PersonRef | null;
  assetId: string | null;
  zoneId: string | null;
  route: string | null;
  schedule: { everyMs: number } | { timesOfDay: string[] };
  graceMs: number;
  validFrom: string;
  validTo: string | null;
  endedAt: string | null;
  createdAt: string;
  createdBy: PersonRef | null;
  nextAt: string | null;
}
export interface SmsTemplate {
  id: string;
  channel: SmsChannel;
  kind: SmsKind;
  language: 'zh' | 'en';
  version: number;
  sign: string;
  body: string;
  allowsLink: boolean;
  providerCode: string;
  approval: SmsApproval;
  recordedAt: string;
  recordedBy: PersonRef | null;
  isCurrent: boolean;
}
export interface Delivery {
  channel: Channel;
  address: string;
  state: DeliveryState;
  providerCode: string | null;
  error: string | null;
  attempts: number;
  inDigest: boolean;
  createdAt: string;
  sentAt: string | null;
  deliveredAt: string | null;
  openedAt: string | null;
  acknowledgedAt: string | null;
  failedAt: string | null;
  unknownAt: string | null;
}
