/**
 * 园区策略 ParkPolicy: every deadline, window and ladder of a park. Dated: a case is judged by the policy in force when it
 * was reported. Defaults are the park's own management choices unless a clause is cited beside them.
 */
import type { DayWindow, Term } from './calendar.ts';
import { DEFAULT_NIGHT } from './calendar.ts';
import type { ChannelPolicy } from './channels.ts';
import { DEFAULT_CHANNELS } from './channels.ts';
import type { HazardGrade, HazardType } from './hazard-types.ts';
import type { NoticeRecipient } from './notices.ts';
import type { RunningEffectPolicy } from './running-effect.ts';
import type { TaskRung } from './tasks.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export interface ParkPolicy {
  /** Names the source of a deadline on the record. */
  id: string;
  /** 分级: report → triage. */
  triageMs: number;
  /** 派发: triage → dispatch. */
  dispatchMs: number;
  /** 整改: dispatch → acceptance, by grade; a type can have its own. */
  rectifyMs: Record<HazardGrade, number> & { byType?: Partial<Record<HazardType, Partial<Record<HazardGrade, number>>>> };
  /** Terms that go before rectifyMs: by working days or calendar days of the statutory calendar. */
  rectifyTerm?: Partial<Record<HazardGrade, Term>> & { byType?: Partial<Record<HazardType, Partial<Record<HazardGrade, Term>>>> };
  /** 延期: at most so many per cycle, each at most so long. */
  extension: { maxCount: number; maxMs: Record<HazardGrade, number> };
  /** 暂停: at most so many per cycle, each at most so long. */
  pause: { maxCount: number; maxMs: number };
  /** 回头看: so long after the archiving; a type can have its own. */
  lookBackMs: Record<HazardGrade, number[]> & { byType?: Partial<Record<HazardType, number[]>> };
  /** Due look-back → its result. */
  lookBackGraceMs: number;
  /** Firms alike look for the same class of hazard within this time after a case was closed; null: they are not asked. */
  classCheckMs: number | null;
  /** 摘牌: acceptance of a listed hazard → delisting. */
  delistMs: number;
  /** An acceptance on site is made at most so far from the hazard. */
  onSiteRadiusM: number;
  /** 督办 deadlines by level 1..3. */
  supervisionMs: Record<1 | 2 | 3, number>;
  /** Reminders so long before the rectification or supervision deadline; those that already passed at the start are left out. */
  remindBeforeMs: number[];
  /** Reminders so long after a deadline that was missed, until what was due is done. Supervision has its levels instead. */
  remindAfterMs: number[];
  /** Sensor and manual reports of one asset within this window of the case's last report join the case. */
  mergeWindowMs: number;
  /** From this number of rejections on, supervision is level 3 (C-024: the third). */
  rejectionsForLevel3: number;
  /** Client and server clocks differing by more are flagged. */
  clockSkewMs: number;
  /** Alarm not acknowledged so long after it was first told → next rung. Rung 0 is told at once. */
  alarmLadder: { afterMs: number; recipients: NoticeRecipient[] }[];
  /** Alarm acknowledged and not judged real or false: who is told, so long after the acknowledgement. */
  judgeLadder: { afterMs: number; recipients: NoticeRecipient[] }[];
  /** Task not done: who is told, so long after due + grace. */
  taskLadder: TaskRung[];
  /** 运行效果: weights and deductions of the weekly score; absent: DEFAULT_RUNNING_EFFECT. */
  runningEffect?: RunningEffectPolicy;
  /** 通知渠道: urgency, steps and budgets. */
  channels: ChannelPolicy;
  /** 夜间, when special work is managed one level up (domain/calendar.ts upgradeReasons). */
  night: DayWindow;
  /** A statutory event that no flow handled within this time is taken up by the floor. */
  floorGraceMs: number;
}

export const DEFAULT_POLICY: ParkPolicy = {
  id: 'default',
  triageMs: 24 * HOUR,
  dispatchMs: 24 * HOUR,
  rectifyMs: { general: 7 * 24 * HOUR, major: 15 * 24 * HOUR },
  extension: { maxCount: 2, maxMs: { general: 7 * 24 * HOUR, major: 30 * 24 * HOUR } },
  pause: { maxCount: 1, maxMs: 30 * 24 * HOUR },
  lookBackMs: { general: [30 * 24 * HOUR], major: [30 * 24 * HOUR, 60 * 24 * HOUR, 90 * 24 * HOUR] },
  lookBackGraceMs: 7 * 24 * HOUR,
  classCheckMs: 14 * 24 * HOUR,
  delistMs: 5 * 24 * HOUR,
  onSiteRadiusM: 500,
  supervisionMs: { 1: 3 * 24 * HOUR, 2: 3 * 24 * HOUR, 3: 2 * 24 * HOUR },
  remindBeforeMs: [72 * HOUR, 24 * HOUR, 2 * HOUR],
  remindAfterMs: [24 * HOUR, 96 * HOUR],
  mergeWindowMs: 60 * MINUTE,
  rejectionsForLevel3: 3,
  clockSkewMs: 2 * MINUTE,
  alarmLadder: [
    { afterMs: 0, recipients: ['enterprise', 'emergency_office'] },
    { afterMs: 5 * MINUTE, recipients: ['emergency_office'] },
    { afterMs: 15 * MINUTE, recipients: ['emergency_office', 'park_admin'] },
    { afterMs: 60 * MINUTE, recipients: ['park_admin'] },
  ],
  judgeLadder: [
    { afterMs: 60 * MINUTE, recipients: ['emergency_office'] },
    { afterMs: 24 * HOUR, recipients: ['emergency_office', 'park_admin'] },
  ],
  taskLadder: [
    { afterMs: 0, recipients: ['owner'] },
    { afterMs: HOUR, recipients: ['owner', 'emergency_office'] },
    { afterMs: 24 * HOUR, recipients: ['emergency_office', 'park_admin'] },
  ],
  channels: DEFAULT_CHANNELS,
  night: DEFAULT_NIGHT,
  floorGraceMs: 5_000,
};

export const rectifyMs = (policy: ParkPolicy, grade: HazardGrade, type: HazardType): number =>
  policy.rectifyMs.byType?.[type]?.[grade] ?? policy.rectifyMs[grade];

/** The term of a rectification: the type's own before the grade's, terms of days before those of milliseconds. */
export const rectifyTerm = (policy: ParkPolicy, grade: HazardGrade, type: HazardType): Term => {
  const ms = policy.rectifyMs.byType?.[type]?.[grade];
  return policy.rectifyTerm?.byType?.[type]?.[grade] ?? (ms === undefined ? undefined : { ms }) ?? policy.rectifyTerm?.[grade] ?? { ms: policy.rectifyMs[grade] };
};

/** After the archiving, ascending. */
export const lookBacksOf = (policy: ParkPolicy, grade: HazardGrade, type: HazardType): number[] => policy.lookBackMs.byType?.[type] ?? policy.lookBackMs[grade];

export interface DatedPolicy {
  id: string;
  validFrom: number;
  /** Exclusive; null while open. */
  validTo: number | null;
  recordedAt: number;
  policy: Partial<Omit<ParkPolicy, 'id'>>;
}

/** The policy in force at an instant: of those valid then, the one recorded last; absent fields fall back to the defaults. */
export const policyAt = (policies: readonly DatedPolicy[], at: number): ParkPolicy => {
  const inForce = policies
    .filter((p) => p.validFrom <= at && (p.validTo === null || at < p.validTo))
    .sort((a, b) => a.validFrom - b.validFrom || a.recordedAt - b.recordedAt)
    .at(-1);
  return inForce ? { ...DEFAULT_POLICY, ...inForce.policy, id: inForce.id } : DEFAULT_POLICY;
};
