import { defineSignal } from '@temporalio/workflow';

export const PATROL_PLAN = 'patrolPlan';

export interface PatrolPlanInput {
  planId: string;
  tenantId: string;
  /** After continue-as-new: occurrences up to this instant (epoch ms) have their tasks. */
  doneUntil?: number;
}

/** The plan on record has changed: read it again. */
export const patrolPlanChangedSignal = defineSignal<[]>('patrolPlanChanged');
