import { defineSignal } from '@temporalio/workflow';
import type { SupervisionCause, SupervisionLevel } from '../../domain/supervision.ts';

export const SECOND_SUPERVISION = 'secondSupervision';

/** One level of supervision of one case, with its own deadline. Times are epoch milliseconds. */
export interface SecondSupervisionInput {
  hazardId: string;
  tenantId: string;
  level: SupervisionLevel;
  cause: SupervisionCause;
  openedAt: number;
  dueAt: number;
  reminders: number[];
}

export interface SecondSupervisionResult {
  outcome: 'closed' | 'breached';
}

/** From the case: accepted, or passed to a higher level. */
export const closeSupervisionSignal = defineSignal<[{ outcome: 'accepted' | 'escalated' }]>('closeSupervision');

/** To the case: a reminder of this level is due. Sent once; the case takes each instant once. */
export const supervisionReminderSignal = defineSignal<[{ level: SupervisionLevel; remindAt: number }]>('supervisionReminder');

/** To the case: the deadline of this level has passed. */
export const supervisionBreachedSignal = defineSignal<[{ level: SupervisionLevel; dueAt: number }]>('supervisionBreached');
