import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { HazardCase, HazardReport, PersonCommand, PersonCommandName, TransitionRecord } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';

export const HAZARD_CLOSURE = 'hazardClosure';

/** Started by signal-with-start: the first report travels as a signal like every later one. */
export interface HazardClosureInput {
  hazardId: string;
  tenantId: string;
}

/** A report that opens the case or joins it. Deduplicated by reportId. */
export const hazardReportSignal = defineSignal<[HazardReport]>('hazardReport');

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

const act = <N extends PersonCommandName>(name: string) =>
  defineUpdate<HazardActResult, [HazardActInput<Extract<PersonCommand, { name: N }>>]>(name);

/** People act by update. A refused act fails with an ApplicationFailure whose type is the refusal code. */
export const hazardUpdates = {
  triage: act<'triage'>('triageHazard'),
  dispatch: act<'dispatch'>('dispatchHazard'),
  returnDispatch: act<'returnDispatch'>('returnDispatch'),
  start: act<'start'>('startRectification'),
  progress: act<'progress'>('reportProgress'),
  submit: act<'submit'>('submitRectification'),
  accept: act<'accept'>('acceptRectification'),
  reject: act<'reject'>('rejectRectification'),
  dismiss: act<'dismiss'>('dismissHazard'),
} as const satisfies Record<PersonCommandName, unknown>;

export const hazardStateQuery = defineQuery<HazardCase | null>('hazardState');
