/**
 * Which cases a list or a figure is about: one filter for both, so that a number and the list behind it cannot differ. What
 * the database asks (prisma/hazard-filter.ts) is what `matches` says here; a test holds them together. Instants are epoch ms.
 */
import { CLOSED_STATES } from './hazard-case.ts';
import type { HazardState } from './hazard-case.ts';
import type { HazardGrade, HazardType } from './hazard-types.ts';
import type { SupervisionLevel } from './supervision.ts';

const DAY = 86_400_000;

/** What figures and lists know of a case; of all its cycles together unless it says otherwise. */
export interface CaseFacts {
  hazardId: string;
  tenantId: string;
  type: HazardType;
  grade: HazardGrade | null;
  state: HazardState;
  assetId: string | null;
  overdue: boolean;
  supervision: 0 | SupervisionLevel;
  reportedAt: number;
  closedAt: number | null;
  /** First dispatch of the first cycle that has one. */
  firstDispatchedAt: number | null;
  /** The acceptance in force: null before it and after a reopening. */
  acceptedAt: number | null;
  everAccepted: boolean;
  /** Sum over the cycles that were accepted: acceptance - first dispatch of the cycle. */
  rectifiedMs: number | null;
  /** Decisions of a review: acceptances, rejections, acceptances of a part. */
  reviews: number;
  reopenings: number;
  /** Extensions granted. */
  extensions: number;
  /** A deadline of rectification passed, of the case or of an item. */
  everOverdue: boolean;
  highestSupervision: 0 | SupervisionLevel;
  /** The last acceptance of a case of the same type at the same enterprise before this one was reported. */
  recursAfter: number | null;
}

/** All that are given must hold. `From` is inclusive, `To` exclusive. */
export interface HazardFilter {
  state?: HazardState | undefined;
  /** none: not graded yet. */
  grade?: HazardGrade | 'none' | undefined;
  tenantId?: string | undefined;
  type?: HazardType | undefined;
  assetId?: string | undefined;
  /** Now. */
  overdue?: boolean | undefined;
  /** In this cycle. */
  supervised?: boolean | undefined;
  open?: boolean | undefined;
  /** Cases that figures count: not dismissed, merged or redirected. */
  counted?: boolean | undefined;
  reportedFrom?: number | undefined;
  reportedTo?: number | undefined;
  acceptedFrom?: number | undefined;
  acceptedTo?: number | undefined;
  closedFrom?: number | undefined;
  closedTo?: number | undefined;
  dispatched?: boolean | undefined;
  /** Accepted as a whole by the first decision on it, and never reopened. */
  firstTry?: boolean | undefined;
  everOverdue?: boolean | undefined;
  highestSupervision?: 0 | SupervisionLevel | undefined;
  extended?: boolean | undefined;
  reopened?: boolean | undefined;
  /** Reported at most so many days after the acceptance of a case of the same type at the same enterprise. */
  recurredWithinDays?: number | undefined;
  /** Rectification took longer than so many days. */
  rectifiedOverDays?: number | undefined;
}

export const FILTER_LIMITS = { days: 3_660 } as const;

/** Not what a rectification was needed for, or counted with another case. */
export const UNCOUNTED_STATES = ['dismissed', 'merged', 'redirected'] as const satisfies readonly HazardState[];

const isOneOf = (states: readonly string[], state: string): boolean => states.includes(state);

/** Whether a filter takes a case; the words that a list looks for are the database's to find. */
export const matches = (f: HazardFilter, c: CaseFacts): boolean => {
  const is = <T>(wanted: T | undefined, value: T): boolean => wanted === undefined || wanted === value;
  const within = (from: number | undefined, to: number | undefined, at: number | null): boolean =>
    (from === undefined && to === undefined) || (at !== null && (from === undefined || at >= from) && (to === undefined || at < to));
  return (
    is(f.state, c.state) && (f.grade === undefined || f.grade === (c.grade ?? 'none')) && is(f.tenantId, c.tenantId) && is(f.type, c.type) && is<string | null>(f.assetId, c.assetId) &&
    is(f.overdue, c.overdue) && is(f.supervised, c.supervision > 0) && is(f.open, !isOneOf(CLOSED_STATES, c.state)) && is(f.counted, !isOneOf(UNCOUNTED_STATES, c.state)) &&
    within(f.reportedFrom, f.reportedTo, c.reportedAt) && within(f.acceptedFrom, f.acceptedTo, c.acceptedAt) && within(f.closedFrom, f.closedTo, c.closedAt) &&
    is(f.dispatched, c.firstDispatchedAt !== null) && is(f.firstTry, c.acceptedAt !== null && c.reviews === 1 && c.reopenings === 0) && is(f.everOverdue, c.everOverdue) &&
    is(f.highestSupervision, c.highestSupervision) && is(f.extended, c.extensions > 0) && is(f.reopened, c.reopenings > 0) &&
    (f.recurredWithinDays === undefined || (c.recursAfter !== null && c.reportedAt - c.recursAfter <= f.recurredWithinDays * DAY)) &&
    (f.rectifiedOverDays === undefined || (c.rectifiedMs !== null && c.rectifiedMs > f.rectifiedOverDays * DAY))
  );
};
