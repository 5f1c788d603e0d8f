import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { InspectionKind } from '../../domain/inspections.ts';

export const INSPECTION_EXPIRY = 'inspectionExpiry';

/** One asset and kind of inspection. */
export interface InspectionExpiryInput {
  tenantId: string;
  assetId: string;
  kind: InspectionKind;
  /** What an earlier run of the workflow knew. */
  known?: InspectionDue;
}

/** A due date as it was recorded. Messages come in any order and more than once: the highest seq counts. */
export interface InspectionDue {
  inspectionId: string;
  seq: number;
  /** Epoch ms. */
  dueAt: number;
}

export const inspectionDueSignal = defineSignal<[InspectionDue]>('inspectionDue');
export const inspectionDueQuery = defineQuery<InspectionDue | null>('inspectionDue');
