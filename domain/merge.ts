/** 合并: which report joins an open case of the same asset instead of opening its own (C-012). */
import type { HazardOrigin } from './hazard.ts';
import type { HazardType } from './hazard-types.ts';
import { HAZARD_TYPES } from './hazard-types.ts';

export interface MergeCandidate {
  origin: HazardOrigin;
  type: HazardType;
  receivedAt: number;
}

const isExpiry = (type: HazardType): boolean => HAZARD_TYPES[type].expiry === true;
const isManual = (origin: HazardOrigin): boolean => origin === 'manual';

/**
 * A machine's and a person's report of one asset within the window are one case; so are two of the same type. Two people
 * who report different things at one asset are two cases. An inspection that ran out is a matter of its own: no other joins it.
 */
export const joins = (earlier: MergeCandidate, report: MergeCandidate, mergeWindowMs: number): boolean =>
  report.receivedAt - earlier.receivedAt <= mergeWindowMs &&
  (earlier.type === report.type || (isManual(earlier.origin) !== isManual(report.origin) && !isExpiry(earlier.type) && !isExpiry(report.type)));
