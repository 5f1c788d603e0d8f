import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Calendar } from '../../domain/calendar.ts';
import type { AbsorbMessage, HazardCase, HazardReport, PersonCommand, PersonCommandName, ReleaseMessage, TransitionRecord } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { ParkPolicy } from '../../domain/policy.ts';

export const HAZARD_CLOSURE = 'hazardClosure';

/** Started with its first message: a report, a message of another case, or an act that takes a closed case up again. */
export interface HazardClosureInput {
  hazardId: string;
  tenantId: string;
  /** From the run before, where a long life goes on as a new one. */
  carried?: CarriedCase;
}

export interface CarriedCase {
  case: HazardCase;
  policy: ParkPolicy;
  calendar: Calendar;
  /** Hash of the last transition on record. */
  chainHead: string | null;
  /** Ids of messages taken lately: a second delivery changes nothing. */
  seen: string[];
  /** Reports that arrived and are not decided yet. */
  waiting: HazardReport[];
  /** Levels of supervision whose own workflow keeps the time. */
  watched: number[];
}

/** A report that opens the case or joins it. Deduplicated by reportId. */
export const hazardReportSignal = defineSignal<[HazardReport]>('hazardReport');

/** From another case, about a duplicate. Deduplicated by messageId. */
export type CaseMessage = { messageId: string } & (
  | AbsorbMessage
  | ReleaseMessage
  /** The case that this one was merged into cannot take it. seq: the merge that is refused. */
  | { name: 'mergeRefused'; reason: string; seq?: number }
);
export const caseMessageSignal = defineSignal<[CaseMessage]>('caseMessage');

export interface HazardActInput<C extends PersonCommand = PersonCommand> {
  /** Chosen by the sender, the same on every retry; also the Temporal update id. */
  commandId: string;
  actor: Actor;
  clientAt: number | null;
  command: C;
}

/** What the sender of an act gets back: the transition as it went on the record, and the case after it. */
export interface HazardActResult {
  transition: TransitionRecord;
  case: HazardCase;
}

/** Acts on a case whose workflow has ended: sent with a start. */
export const TAKES_UP_AGAIN: readonly PersonCommandName[] = ['reopen', 'reconsider', 'unmerge'];

const act = <N extends PersonCommandName>(name: string) =>
  defineUpdate<HazardActResult, [HazardActInput<Extract<PersonCommand, { name: N }>>]>(name);

/** People act by update. A refused act fails with an ApplicationFailure whose type is the refusal code. */
export const hazardUpdates = {
  triage: act<'triage'>('triageHazard'),
  dispatch: act<'dispatch'>('dispatchHazard'),
  returnDispatch: act<'returnDispatch'>('returnDispatch'),
  start: act<'start'>('startRectification'),
  plan: act<'plan'>('planRectification'),
  progress: act<'progress'>('reportProgress'),
  split: act<'split'>('splitItems'),
  submit: act<'submit'>('submitRectification'),
  withdraw: act<'withdraw'>('withdrawSubmission'),
  requestExtension: act<'requestExtension'>('requestExtension'),
  withdrawExtension: act<'withdrawExtension'>('withdrawExtension'),
  decideExtension: act<'decideExtension'>('decideExtension'),
  handover: act<'handover'>('handOver'),
  redirect: act<'redirect'>('redirectHazard'),
  reassess: act<'reassess'>('reassessHazard'),
  pause: act<'pause'>('pauseRectification'),
  resume: act<'resume'>('resumeRectification'),
  addSigner: act<'addSigner'>('addSigner'),
  sign: act<'sign'>('signAcceptance'),
  acceptItems: act<'acceptItems'>('acceptItems'),
  accept: act<'accept'>('acceptRectification'),
  reject: act<'reject'>('rejectRectification'),
  list: act<'list'>('listHazard'),
  delist: act<'delist'>('delistHazard'),
  dismiss: act<'dismiss'>('dismissHazard'),
  merge: act<'merge'>('mergeHazard'),
  unmerge: act<'unmerge'>('unmergeHazard'),
  reopen: act<'reopen'>('reopenHazard'),
  reconsider: act<'reconsider'>('reconsiderHazard'),
  lookBack: act<'lookBack'>('recordLookBack'),
} as const satisfies Record<PersonCommandName, unknown>;

export const hazardStateQuery = defineQuery<HazardCase | null>('hazardState');
