/**
 * 园区策略 ParkPolicy: every deadline, window and ladder of a park. Dated: a case is judged by the policy in force when it
 * was reported. Defaults are the park's own management choices unless a clause is cited beside them.
 */
import type { HazardGrade, HazardType } from './hazard-types.ts';
import type { NoticeRecipient } from './notices.ts';

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
  /** 督办 deadlines by level 1..3. */
  supervisionMs: Record<1 | 2 | 3, number>;
  /** Reminders so long before the rectification or supervision deadline; those that already passed at the start are left out. */
  remindBeforeMs: number[];
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
  /** A statutory event that no flow handled within this time is taken up by the floor. */
  floorGraceMs: number;
}

export const DEFAULT_POLICY: ParkPolicy = {
  id: 'default',
  triageMs: 24 * HOUR,
  dispatchMs: 24 * HOUR,
  rectifyMs: { general: 7 * 24 * HOUR, major: 15 * 24 * HOUR },
  supervisionMs: { 1: 3 * 24 * HOUR, 2: 3 * 24 * HOUR, 3: 2 * 24 * HOUR },
  remindBeforeMs: [72 * HOUR, 24 * HOUR, 2 * HOUR],
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
  floorGraceMs: 5_000,
};

export const rectifyMs = (policy: ParkPolicy, grade: HazardGrade, type: HazardType): number =>
  policy.rectifyMs.byType?.[type]?.[grade] ?? policy.rectifyMs[grade];

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
