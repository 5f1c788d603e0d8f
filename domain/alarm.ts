/**
 * 报警 episode: states of ISA-18.2, derived from two facts (acknowledged? returned to normal?), and when it is over:
 * returned, acknowledged and judged real or false by a person.
 */
import type { Actor } from './permissions.ts';
import { may } from './permissions.ts';
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import { isBlankText } from './notices.ts';
import type { NoticeRecipient } from './notices.ts';
import type { ParkPolicy } from './policy.ts';

export type AlarmState = 'unacknowledged' | 'acknowledged' | 'returned_unacknowledged' | 'normal';

/** Gravest first: which of several alarms of one asset is shown. */
export const ALARM_SEVERITY = ['HH', 'LL', 'sustained', 'H', 'L'] as const;

export interface AlarmFacts {
  episodeId: string;
  tenantId: string;
  raisedAt: number;
  clearedAt: number | null;
  acknowledgedAt: number | null;
  acknowledgedBy: string | null;
  /** true = real, false = false alarm, null = not judged. */
  confirmed: boolean | null;
  /** Rung of the ladder that was told last; 0 = those told at once. */
  escalation: number;
}

export const alarmState = (a: Pick<AlarmFacts, 'acknowledgedAt' | 'clearedAt'>): AlarmState =>
  a.clearedAt === null
    ? a.acknowledgedAt === null ? 'unacknowledged' : 'acknowledged'
    : a.acknowledgedAt === null ? 'returned_unacknowledged' : 'normal';

export const isAlarmOver = (a: AlarmFacts): boolean => alarmState(a) === 'normal' && a.confirmed !== null;

/** The ladder climbs until somebody acknowledged; an acknowledged alarm that nobody judges is no silent end: see isAlarmOver. */
export const climbs = (a: AlarmFacts): boolean => a.acknowledgedAt === null;

export interface AlarmRung {
  /** 0 = told at once; those of the judge ladder follow the last of the alarm ladder. */
  rung: number;
  at: number;
  recipients: NoticeRecipient[];
}

/** The next rung to be told, after rung `a.escalation`: of the alarm ladder from `toldAt`, or of the judge ladder from the acknowledgement. */
export const nextRung = (a: AlarmFacts, toldAt: number, policy: Pick<ParkPolicy, 'alarmLadder' | 'judgeLadder'>): AlarmRung | null => {
  const first = policy.alarmLadder.length;
  const [rungs, from, offset] =
    a.acknowledgedAt === null ? [policy.alarmLadder, toldAt, 0] as const : a.confirmed === null ? [policy.judgeLadder, a.acknowledgedAt, first] as const : [[], 0, 0] as const;
  const rung = Math.max(a.escalation + 1, offset);
  const next = rungs[rung - offset];
  return next ? { rung, at: from + next.afterMs, recipients: next.recipients } : null;
};

const scope = (a: AlarmFacts, actor: Actor, action: string): Result<true> => {
  if (!may(actor.role, action)) return refuse('permission.denied', { detail: { action } });
  if (actor.orgKind === 'enterprise' && actor.orgId !== a.tenantId) return refuse('alarm.not_found');
  return isAlarmOver(a) ? refuse('alarm.closed') : ok(true);
};

export const checkAcknowledge = (a: AlarmFacts, actor: Actor): Result<true> => {
  const allowed = scope(a, actor, 'alarm.acknowledge');
  if (!allowed.ok) return allowed;
  return a.acknowledgedAt === null ? ok(true) : refuse('alarm.already_acknowledged', { detail: { acknowledgedBy: a.acknowledgedBy } });
};

export const checkConfirm = (a: AlarmFacts, actor: Actor, real: boolean, reason: string): Result<true> => {
  const allowed = scope(a, actor, 'alarm.confirm');
  if (!allowed.ok) return allowed;
  if (a.confirmed !== null) return refuse('alarm.already_judged');
  return !real && isBlankText(reason) ? refuse('alarm.reason_required', { field: 'reason' }) : ok(true);
};
