/** 屡报未改: what was reported many times and never fixed (C-050). Pure. Instants are epoch ms. */
import type { HazardState } from './hazard-case.ts';

export interface ReportedCase {
  hazardId: string;
  tenantId: string;
  type: string;
  assetId: string | null;
  state: HazardState;
  /** Reports of the case, with those of the duplicates merged into it. */
  reportCount: number;
  reportedAt: number;
  /** The acceptance in force. */
  acceptedAt: number | null;
}

export interface NeverFixed {
  tenantId: string;
  type: string;
  assetId: string | null;
  reports: number;
  /** Oldest first. */
  hazardIds: string[];
}

/** From so many reports on. */
export const NEVER_FIXED_REPORTS = 3;

/** What a case is about: the same class of hazard at the same asset, or the case itself where no asset is known. */
const subjectOf = (c: ReportedCase): string => (c.assetId === null ? c.hazardId : JSON.stringify([c.tenantId, c.assetId, c.type]));

/**
 * Subjects with at least `k` reports and no acceptance that stands behind them: reports of open and reopened cases count, and
 * reports that were dismissed since the subject was last fixed, because each dismissal lets the next report open a case of
 * its own. Merged and redirected cases are counted with the case that has them. Most reports first.
 */
export const neverFixed = (cases: readonly ReportedCase[], k: number): NeverFixed[] => {
  const counted = cases.filter((c) => c.state !== 'merged' && c.state !== 'redirected');
  const subjects = Map.groupBy(counted, subjectOf);
  const found: NeverFixed[] = [];
  for (const of of subjects.values()) {
    const fixedAt = Math.max(-Infinity, ...of.map((c) => c.acceptedAt ?? -Infinity));
    const unfixed = of.filter((c) => c.acceptedAt === null && (c.state !== 'dismissed' || c.reportedAt > fixedAt)).sort((a, b) => a.reportedAt - b.reportedAt || (a.hazardId < b.hazardId ? -1 : 1));
    const reports = unfixed.reduce((sum, c) => sum + c.reportCount, 0);
    const first = unfixed[0];
    if (first && reports >= k) found.push({ tenantId: first.tenantId, type: first.type, assetId: first.assetId, reports, hazardIds: unfixed.map((c) => c.hazardId) });
  }
  return found.sort((a, b) => b.reports - a.reports || (a.hazardIds[0]! < b.hazardIds[0]! ? -1 : 1));
};
