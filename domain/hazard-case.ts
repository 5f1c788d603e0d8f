/** 隐患 case: what it is made of, the commands it takes, and what a step of it leaves behind. Times are epoch milliseconds. */
import type { HazardGrade, HazardOrigin, HazardType } from './hazard-types.ts';
import type { NoticeKind, NoticeRecipient } from './notices.ts';
import type { SupervisionCause, SupervisionLevel } from './supervision.ts';

export const HAZARD_STATES = [
  'reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived',
  /** Ends of a report that is no hazard, that is another's duplicate, or that went to the wrong enterprise. */
  'dismissed', 'merged', 'redirected',
] as const;
export type HazardState = (typeof HAZARD_STATES)[number];

export const CLOSED_STATES = ['archived', 'dismissed', 'merged', 'redirected'] as const satisfies readonly HazardState[];

export type { HazardOrigin };

/** look_back and item deadlines carry the number of the look-back or the id of the item. */
export const DEADLINE_KINDS = ['triage', 'dispatch', 'rectify', 'item', 'supervision', 'delist', 'look_back'] as const;
export type DeadlineKind = (typeof DEADLINE_KINDS)[number];

/** A file in the evidence store (by SHA-256), or a sensor event, or the words of a report. */
export interface EvidenceItem {
  sha256?: string;
  mediaType?: string;
  /** What the camera or phone claims; never proof. */
  capturedAt?: number;
  /** A sensor event's facts, or the words of a report without photo. */
  detail?: Record<string, unknown>;
  /** The id of the evidence that this one supersedes. The old one stays readable. */
  supersedes?: string;
}

export interface GeoPoint {
  type: 'Point';
  coordinates: [number, number];
}

export interface HazardReport {
  reportId: string;
  origin: HazardOrigin;
  type: HazardType;
  title: string;
  description: string;
  reporterId: string | null;
  assetId: string | null;
  zoneId: string | null;
  point: GeoPoint | null;
  statutory: boolean;
  /** For origin sensor and floor. */
  event: { eventId: string; ruleId: string; ruleVersion: number; flowVersion: number | null; nodeId: string | null } | null;
  receivedAt: number;
  clientAt: number | null;
  evidence: EvidenceItem[];
  /** What the type of hazard asks for. */
  fields?: Record<string, string | number | boolean>;
  /** Code of domain/exchange.ts. */
  source?: number;
  /** The case that was redirected to this enterprise, and the time of triage that the park has used on it. */
  predecessor?: { hazardId: string; usedTriageMs: number };
}

export interface OpenDeadline {
  kind: DeadlineKind;
  level: 0 | SupervisionLevel;
  /** Item or look-back; absent where the deadline is of the whole case. */
  item?: string;
  startedAt: number;
  /** The term counts from here: before startedAt where its holder has used time of it already. */
  countsFrom: number;
  dueAt: number;
  /** Instants of reminders still to come, ascending. */
  reminders: number[];
  breached: boolean;
  basis: string;
}

/** 整改项: what is done and what is left are items of their own. */
export interface RectificationItem {
  itemId: string;
  title: string;
  state: 'open' | 'submitted' | 'accepted';
  /** Its own deadline, never after that of the case. */
  dueAt: number | null;
  rejections: number;
}

export interface LookBack {
  n: number;
  dueAt: number;
  state: 'pending' | 'due' | 'passed' | 'failed';
}

export interface Signature {
  personId: string;
  delegatorId: string | null;
  at: number;
}

export interface HazardCase {
  hazardId: string;
  tenantId: string;
  type: HazardType;
  grade: HazardGrade | null;
  title: string;
  description: string;
  state: HazardState;
  origin: HazardOrigin;
  /** Number of the last recorded transition; the first is 1. */
  seq: number;
  /** 1, and one more with each reopening. */
  cycle: number;
  assetId: string | null;
  zoneId: string | null;
  point: GeoPoint | null;
  event: HazardReport['event'];
  statutory: boolean;
  reportedAt: number;
  /** Due instant that the enterprise works against now: rectification, or the open supervision's. */
  dueAt: number | null;
  overdue: boolean;
  needsOwner: boolean;
  responsibleId: string | null;
  /** Everybody who was ever responsible or rectified, in whatever cycle: none of them judges the case. */
  rectifierIds: string[];
  reporterIds: string[];
  reportCount: number;
  rejections: number;
  /** Highest level reached in this cycle; 0 = none. */
  supervision: 0 | SupervisionLevel;
  supervisionOpen: boolean;
  supervisionExhausted: boolean;
  deadlines: OpenDeadline[];
  items: RectificationItem[];
  /** A plan of rectification with interim measures is on record in this cycle. */
  planned: boolean;
  extension: { dueAt: number; requestedAt: number } | null;
  /** Extensions granted in this cycle. */
  extensions: number;
  paused: { at: number; until: number } | null;
  pauses: number;
  /** Time that the holder of each clock has used in spans that have ended. */
  used: { triage: number; dispatch: number; rectify: number };
  signatures: Signature[];
  /** People who must sign before the acceptance, beyond the rule. */
  signers: string[];
  /** 挂牌督办. */
  listed: { at: number; level: ListingLevel } | null;
  mergedInto: string | null;
  /** Duplicates that were merged into this case. */
  absorbed: string[];
  /** Of each case that was ever merged into this one: its transition that this one heard of last, and the reports that it brought. */
  heard: Record<string, { seq: number; reportCount: number }>;
  predecessorId: string | null;
  successorId: string | null;
  lookBacks: LookBack[];
  acceptedAt: number | null;
  lastAt: number;
  closedAt: number | null;
}

export const LISTING_LEVELS = ['park', 'county', 'city', 'province'] as const;
export type ListingLevel = (typeof LISTING_LEVELS)[number];

/** Codes of domain/exchange.ts, as the triage records them. */
export interface ExchangeCodes {
  source?: number;
  treatment?: number;
  category?: number;
  cause?: number;
  stage?: number;
}

export type PersonCommand =
  | { name: 'triage'; grade: HazardGrade; type?: HazardType; reason: string; criteria?: { criterionId: string; result: string }[]; codes?: ExchangeCodes }
  | { name: 'dispatch'; responsibleId: string; note?: string; ruleId?: string }
  | { name: 'returnDispatch'; reason: string }
  | { name: 'start'; note?: string }
  | { name: 'plan'; interimMeasures: string; measures: string; costYuan: number; emergencyPlan?: string }
  | { name: 'progress'; note: string; evidence: EvidenceItem[] }
  | { name: 'split'; items: { itemId: string; title: string; dueAt: number | null }[]; reason: string }
  | { name: 'submit'; note: string; evidence: EvidenceItem[]; itemIds?: string[] }
  | { name: 'withdraw'; reason: string }
  | { name: 'requestExtension'; dueAt: number; reason: string; evidence?: EvidenceItem[] }
  | { name: 'withdrawExtension'; reason: string }
  | { name: 'decideExtension'; granted: boolean; dueAt?: number; reason: string }
  | { name: 'handover'; responsibleId: string; reason: string }
  | { name: 'redirect'; tenantId: string; successorId: string; reason: string }
  | { name: 'reassess'; reason: string }
  | { name: 'pause'; until: number; reason: string }
  | { name: 'resume'; reason: string }
  | { name: 'addSigner'; personId: string; orgIds: string[]; reason: string }
  | { name: 'sign'; note: string; evidence?: EvidenceItem[]; site?: GeoPoint }
  | { name: 'acceptItems'; itemIds: string[]; reason: string; evidence?: EvidenceItem[]; site?: GeoPoint }
  | { name: 'accept'; note: string; evidence?: EvidenceItem[]; site?: GeoPoint }
  | { name: 'reject'; reason: string; itemIds?: string[] }
  | { name: 'list'; level: ListingLevel; reason: string }
  | { name: 'delist'; reason: string }
  | { name: 'dismiss'; reason: string }
  | { name: 'merge'; intoHazardId: string; reason: string }
  | { name: 'unmerge'; reason: string }
  | { name: 'reopen'; reason: string }
  | { name: 'reconsider'; reason: string }
  | { name: 'lookBack'; n: number; passed: boolean; note: string; evidence?: EvidenceItem[] };

/** What a duplicate tells the case that it was merged into. seq: the transition of the duplicate; absent from older messages. */
export interface AbsorbMessage {
  name: 'absorb';
  hazardId: string;
  seq?: number;
  reportCount: number;
  statutory: boolean;
  reporterIds: string[];
}

/** The duplicate is a case of its own again, and takes its reports with it. */
export interface ReleaseMessage {
  name: 'release';
  hazardId: string;
  seq?: number;
}

export type SystemCommand =
  | { name: 'open'; report: HazardReport }
  /** Reports that arrived together. */
  | { name: 'join'; reports: HazardReport[] }
  | { name: 'dispatch'; responsibleId: string; note?: string; ruleId?: string }
  | { name: 'needsOwner'; cause?: string }
  | { name: 'remind'; deadline: DeadlineKind; level: 0 | SupervisionLevel; item?: string; remindAt: number }
  | { name: 'breach'; deadline: DeadlineKind; level: 0 | SupervisionLevel; item?: string }
  | { name: 'supervise'; level: SupervisionLevel; cause: SupervisionCause }
  | { name: 'supervisionBreached'; level: SupervisionLevel }
  | { name: 'resume'; reason: string }
  | AbsorbMessage
  | ReleaseMessage
  /** The case that this one was merged into could not take it. seq: the merge that this is about. */
  | { name: 'unmerge'; reason: string; seq?: number }
  | { name: 'lookBackDue'; n: number }
  | { name: 'reopen'; reason: string }
  | { name: 'archive' };

export type HazardCommand = PersonCommand | SystemCommand;
export type CommandName = HazardCommand['name'];

export const PERSON_COMMANDS = [
  'triage', 'dispatch', 'returnDispatch', 'start', 'plan', 'progress', 'split', 'submit', 'withdraw', 'requestExtension', 'withdrawExtension', 'decideExtension', 'handover',
  'redirect', 'reassess', 'pause', 'resume', 'addSigner', 'sign', 'acceptItems', 'accept', 'reject', 'list', 'delist', 'dismiss', 'merge', 'unmerge', 'reopen', 'reconsider', 'lookBack',
] as const satisfies readonly PersonCommand['name'][];
export type PersonCommandName = (typeof PERSON_COMMANDS)[number];

/** Of the acts of people, those that the system itself may also do. */
export const ALSO_BY_SYSTEM: readonly CommandName[] = ['dispatch', 'resume', 'unmerge', 'reopen'];

/** A transition as it goes on the record. */
export interface TransitionRecord {
  seq: number;
  cycle: number;
  command: CommandName;
  commandId: string;
  from: HazardState | null;
  to: HazardState;
  actorId: string | null;
  actorOrgId: string | null;
  actorRole: string | null;
  serverAt: number;
  clientAt: number | null;
  clockSkew: boolean;
  reason: string | null;
  payload: Record<string, unknown>;
}

export interface NoticeEffect {
  kind: 'notice';
  notice: NoticeKind;
  to: NoticeRecipient;
  isCopy: boolean;
  level: 0 | SupervisionLevel;
  cause?: SupervisionCause;
  deadline?: DeadlineKind;
  dueAt: number | null;
  previousDueAt?: number | null;
  decision?: 'asked' | 'granted' | 'refused' | 'withdrawn' | 'paused' | 'resumed';
  /** Number of the look-back. */
  lookBack?: number;
}

export type HazardEffect =
  | { kind: 'deadline'; op: 'start' | 'met' | 'breached' | 'withdrawn'; deadline: OpenDeadline; at: number }
  | { kind: 'supervision'; op: 'open'; level: SupervisionLevel; cause: SupervisionCause; openedAt: number; dueAt: number; reminders: number[] }
  | { kind: 'supervision'; op: 'close'; level: SupervisionLevel; outcome: 'accepted' | 'escalated' | 'exhausted'; at: number }
  | NoticeEffect
  | { kind: 'evidence'; purpose: 'report' | 'sensor' | 'progress' | 'submission' | 'acceptance' | 'extension' | 'look_back'; items: EvidenceItem[]; uploaderId: string | null }
  /** Told to another case: it takes the duplicate, or lets it go again. */
  | { kind: 'tellCase'; hazardId: string; message: AbsorbMessage | ReleaseMessage }
  /** A case of its own at the right enterprise, with the reports and evidence of this one. */
  | { kind: 'successor'; hazardId: string; tenantId: string; usedTriageMs: number }
  /** Whoever could have the same hazard is to look for it (C-016). */
  | { kind: 'classCheck'; dueAt: number }
  | { kind: 'package' };

export interface Step {
  next: HazardCase;
  record: TransitionRecord;
  effects: HazardEffect[];
}
