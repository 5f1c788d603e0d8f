/** Conditions of domain/hazard-filter.ts in SQL, over `h` hazard and `f` its hazard_figure. */
import type { HazardFilter } from '../domain/hazard-filter.ts';
import { UNCOUNTED_STATES } from '../domain/hazard-filter.ts';

/** Collects the values of a statement: `$(value)` gives its placeholder. */
export const parameters = (): { values: unknown[]; $: (value: unknown) => string } => {
  const values: unknown[] = [];
  return { values, $: (value) => `$${values.push(value)}` };
};

/** What needs `f`. */
const OF_FIGURE = ['acceptedFrom', 'acceptedTo', 'dispatched', 'firstTry', 'everOverdue', 'highestSupervision', 'extended', 'reopened', 'recurredWithinDays', 'rectifiedOverDays'] as const satisfies (keyof HazardFilter)[];
export const needsFigure = (filter: HazardFilter): boolean => OF_FIGURE.some((name) => filter[name] !== undefined);

export const FIRST_TRY = '(f.accepted_at IS NOT NULL AND f.reviews = 1 AND f.reopenings = 0)';
const uncounted = UNCOUNTED_STATES.map((state) => `'${state}'`).join(', ');

/** All conditions, to be joined by AND. A condition that is not given is not there. */
export const conditionsOf = (filter: HazardFilter, $: (value: unknown) => string): string[] => {
  const conditions: string[] = [];
  const add = <T>(value: T | undefined, sql: (placeholder: string) => string, as: (value: T) => unknown = (v) => v): void => {
    if (value !== undefined) conditions.push(sql($(as(value))));
  };
  /** A flag is written into the statement, so that the planner knows it. */
  const flag = (value: boolean | undefined, sql: string): void => {
    if (value !== undefined) conditions.push(value ? sql : `NOT ${sql}`);
  };
  const instant = (ms: number): Date => new Date(ms);
  add(filter.state, (p) => `h.state = ${p}`);
  if (filter.grade === 'none') conditions.push('h.grade IS NULL');
  else add(filter.grade, (p) => `h.grade = ${p}`);
  add(filter.tenantId, (p) => `h.tenant_id = ${p}`);
  add(filter.type, (p) => `h.type = ${p}`);
  add(filter.assetId, (p) => `h.asset_id = ${p}`);
  flag(filter.overdue, 'h.overdue');
  flag(filter.supervised, '(h.supervision > 0)');
  flag(filter.open, '(h.closed_at IS NULL)');
  flag(filter.counted, `(h.state NOT IN (${uncounted}))`);
  add(filter.reportedFrom, (p) => `h.reported_at >= ${p}`, instant);
  add(filter.reportedTo, (p) => `h.reported_at < ${p}`, instant);
  add(filter.acceptedFrom, (p) => `f.accepted_at >= ${p}`, instant);
  add(filter.acceptedTo, (p) => `f.accepted_at < ${p}`, instant);
  add(filter.closedFrom, (p) => `h.closed_at >= ${p}`, instant);
  add(filter.closedTo, (p) => `h.closed_at < ${p}`, instant);
  flag(filter.dispatched, '(f.first_dispatched_at IS NOT NULL)');
  flag(filter.firstTry, FIRST_TRY);
  flag(filter.everOverdue, 'f.ever_overdue');
  add(filter.highestSupervision, (p) => `f.highest_supervision = ${p}`);
  flag(filter.extended, '(f.extensions > 0)');
  flag(filter.reopened, '(f.reopenings > 0)');
  add(filter.recurredWithinDays, (p) => `h.reported_at - f.recurs_after <= ${p}::int * interval '24 hours'`);
  add(filter.rectifiedOverDays, (p) => `f.rectified_ms > ${p}::bigint * 86400000`);
  return conditions;
};
