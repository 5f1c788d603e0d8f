/**
 * Rules over a sensor's readings. A rule is data (RuleSpec); its state is a small object that ingest keeps in the
 * transaction that stores the reading, so a restart loses nothing. Evaluation is by event time.
 */
export const ALARM_LEVELS = ['HH', 'H', 'L', 'LL'] as const;
export type AlarmLevel = (typeof ALARM_LEVELS)[number];

interface RuleTarget {
  /** `registry:{sensorId}:{level}` or `flow:{nodeId}:{sensorId}`. */
  ruleId: string;
  sensorId: string;
  assetId: string;
  tenantId: string;
  /** Unit of the sensor's registry entry; limits are in it. */
  unit: string;
  statutory: boolean;
}

export interface ThresholdSpec extends RuleTarget {
  kind: 'threshold';
  level: AlarmLevel;
  limit: number;
  /** The value must come back by this much behind the limit before the episode can clear. >= 0. */
  hysteresis: number;
  onDelayMs: number;
  offDelayMs: number;
}

export interface SustainedSpec extends RuleTarget {
  kind: 'sustained';
  direction: 'above' | 'below';
  limit: number;
  /** "Over the limit continuously for so long": raised exactly when the duration is reached, by event time (C-062). */
  durationMs: number;
  /** Readings further apart than this are a gap (default 2 x the sensor's interval). */
  maxGapMs: number;
  /** What a gap means: reset = start over; hold = the condition is taken to have gone on; unknown = no raise until a full duration without gap, and the state says unknown. */
  gapPolicy: 'reset' | 'hold' | 'unknown';
}

export type RuleSpec = ThresholdSpec | SustainedSpec;
