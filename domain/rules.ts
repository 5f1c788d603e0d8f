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

/**
 * What a rule remembers between two readings; plain JSON. Times are epoch ms of event time.
 */
export interface RuleState {
  lastAt: number | null;
  /** Start of the run of readings beyond the limit that has not raised yet. */
  since: number | null;
  /** Start of the run of readings back behind the limit that has not cleared yet. */
  backSince: number | null;
  /** Instant at which the open episode was raised; null while there is none. */
  raisedAt: number | null;
  /** Episodes so far: tells two episodes with the same instant apart. */
  episodes: number;
  /** After a gap under gapPolicy unknown, until a full duration or a reading within the limit. */
  unknown: boolean;
}

export const INITIAL_STATE: RuleState = { lastAt: null, since: null, backSince: null, raisedAt: null, episodes: 0, unknown: false };

export interface Sample {
  at: number;
  value: number;
}

export interface RuleEvent {
  kind: 'raised' | 'cleared';
  /** The exact instant by event time, which can lie between the reading before and this one. */
  at: number;
  value: number;
}

export interface Evaluation {
  state: RuleState;
  event: RuleEvent | null;
}

/**
 * Takes one reading into account. Readings come in order of event time (equal times are allowed); older ones are not
 * evaluated (domain/telemetry.ts placeInOrder).
 *
 * Both kinds: a limit is crossed strictly - H, HH and above: value > limit; L, LL and below: value < limit - so a value equal
 * to the limit is within it. A delay or duration counts from the first reading of an unbroken run and is reached by a later
 * reading of the same run that is at least that much younger; the event bears the instant at which the time was reached, and
 * the value of that later reading. Silence raises nothing and clears nothing.
 *
 * threshold: cleared when the value has come back by the hysteresis (H: value <= limit - hysteresis, L: value >= limit +
 * hysteresis) for the off delay. A value in the band keeps an episode open and starts none. Gaps do not break a run.
 *
 * sustained: one reading within the limit starts over, and clears an open episode at once. A gap (readings further apart
 * than maxGapMs) is dealt with by gapPolicy while nothing is raised; an open episode lasts through gaps.
 */
export const evaluate = (spec: RuleSpec, state: RuleState, sample: Sample): Evaluation => {
  const evaluation = spec.kind === 'threshold' ? evaluateThreshold(spec, state, sample) : evaluateSustained(spec, state, sample);
  return { ...evaluation, state: { ...evaluation.state, lastAt: sample.at } };
};

const raise = (state: RuleState, at: number, value: number): Evaluation => ({
  state: { ...state, since: null, backSince: null, raisedAt: at, episodes: state.episodes + 1, unknown: false },
  event: { kind: 'raised', at, value },
});

const clear = (state: RuleState, at: number, value: number): Evaluation => ({
  state: { ...state, since: null, backSince: null, raisedAt: null },
  event: { kind: 'cleared', at, value },
});

const evaluateThreshold = (spec: ThresholdSpec, state: RuleState, { at, value }: Sample): Evaluation => {
  const high = spec.level === 'H' || spec.level === 'HH';
  if (state.raisedAt === null) {
    const crossed = high ? value > spec.limit : value < spec.limit;
    if (!crossed) return { state: { ...state, since: null }, event: null };
    const since = state.since ?? at;
    return at - since >= spec.onDelayMs ? raise(state, since + spec.onDelayMs, value) : { state: { ...state, since }, event: null };
  }
  const back = high ? value <= spec.limit - spec.hysteresis : value >= spec.limit + spec.hysteresis;
  if (!back) return { state: { ...state, backSince: null }, event: null };
  const backSince = state.backSince ?? at;
  return at - backSince >= spec.offDelayMs ? clear(state, backSince + spec.offDelayMs, value) : { state: { ...state, backSince }, event: null };
};

const evaluateSustained = (spec: SustainedSpec, state: RuleState, { at, value }: Sample): Evaluation => {
  const crossed = spec.direction === 'above' ? value > spec.limit : value < spec.limit;
  if (state.raisedAt !== null) return crossed ? { state, event: null } : clear(state, at, value);
  if (!crossed) return { state: { ...state, since: null, unknown: false }, event: null };
  const gap = spec.gapPolicy !== 'hold' && state.lastAt !== null && at - state.lastAt > spec.maxGapMs;
  const since = gap ? at : (state.since ?? at);
  const unknown = state.unknown || (gap && spec.gapPolicy === 'unknown');
  return at - since >= spec.durationMs ? raise(state, since + spec.durationMs, value) : { state: { ...state, since, unknown }, event: null };
};

export const levelOf = (spec: RuleSpec): AlarmLevel | 'sustained' => (spec.kind === 'threshold' ? spec.level : 'sustained');

/** Readings further apart than this many intervals of the sensor are a gap, unless the rule says otherwise. */
export const GAP_INTERVALS = 2;

/**
 * Hysteresis (share of the measuring range, at most a tenth of the limit) and off delay of the registry's own rules, by kind of
 * sensor. The on delay is 0: a registered limit is told of at once. Values are the usual starting points of alarm design
 * (ISA-18.2: deadband and off delay by kind of signal), the park's own choice.
 */
const DEADBANDS: Record<string, { share: number; offDelayMs: number }> = {
  flow: { share: 0.05, offDelayMs: 15_000 },
  level: { share: 0.05, offDelayMs: 60_000 },
  pressure: { share: 0.02, offDelayMs: 15_000 },
  temperature: { share: 0.01, offDelayMs: 60_000 },
};
const OTHER_DEADBAND = { share: 0.01, offDelayMs: 60_000 };

export interface RegisteredSensor {
  sensorId: string;
  assetId: string;
  tenantId: string;
  kind: string;
  unit: string;
  rangeLow: number | null;
  rangeHigh: number | null;
  limits: Record<AlarmLevel, number | null>;
  statutory: boolean;
}

/** The rules that a sensor has by being registered with limits. No flow can remove or weaken them. */
export const registryRules = (sensor: RegisteredSensor): ThresholdSpec[] => {
  const band = DEADBANDS[sensor.kind] ?? OTHER_DEADBAND;
  const span = sensor.rangeLow !== null && sensor.rangeHigh !== null ? sensor.rangeHigh - sensor.rangeLow : Infinity;
  return ALARM_LEVELS.flatMap((level) => {
    const limit = sensor.limits[level];
    if (limit === null || !Number.isFinite(limit)) return [];
    return [{
      kind: 'threshold' as const, ruleId: `registry:${sensor.sensorId}:${level}`, sensorId: sensor.sensorId, assetId: sensor.assetId, tenantId: sensor.tenantId,
      unit: sensor.unit, statutory: sensor.statutory, level, limit,
      hysteresis: Math.min(Math.max(0, span) * band.share, Math.abs(limit) * 0.1), onDelayMs: 0, offDelayMs: band.offDelayMs,
    }];
  });
};

const isAmount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

/** Whether stored data is a rule that can be evaluated. */
export const isRuleSpec = (value: unknown): value is RuleSpec => {
  if (typeof value !== 'object' || value === null) return false;
  const s = value as Record<string, unknown>;
  if (![s.ruleId, s.sensorId, s.assetId, s.tenantId, s.unit].every(isText)) return false;
  if (typeof s.statutory !== 'boolean' || typeof s.limit !== 'number' || !Number.isFinite(s.limit)) return false;
  if (s.kind === 'threshold') return (ALARM_LEVELS as readonly unknown[]).includes(s.level) && isAmount(s.hysteresis) && isAmount(s.onDelayMs) && isAmount(s.offDelayMs);
  return s.kind === 'sustained' && (s.direction === 'above' || s.direction === 'below') && isAmount(s.durationMs) && isAmount(s.maxGapMs) &&
    (s.gapPolicy === 'reset' || s.gapPolicy === 'hold' || s.gapPolicy === 'unknown');
};

/**
 * State with which a new version of a rule starts: an open episode goes on under the new limits (it clears by them), a
 * run that had not raised yet starts over. Unlike kinds carry nothing.
 */
export const carryOver = (from: RuleSpec, to: RuleSpec, state: RuleState): RuleState =>
  from.kind === to.kind ? { ...INITIAL_STATE, lastAt: state.lastAt, raisedAt: state.raisedAt, episodes: state.episodes } : INITIAL_STATE;

/**
 * Whether a stored state may stand although `after` is newer: they differ in nothing that a later evaluation of the rule
 * looks at. Spares a write for nearly every reading.
 */
export const isSameState = (spec: RuleSpec, before: RuleState, after: RuleState): boolean => {
  const looksAtLastAt = spec.kind === 'sustained' && (spec.gapPolicy === 'unknown' || (spec.gapPolicy === 'reset' && after.since !== null));
  return (
    before.since === after.since && before.backSince === after.backSince && before.raisedAt === after.raisedAt && before.episodes === after.episodes &&
    before.unknown === after.unknown && (!looksAtLastAt || before.lastAt === after.lastAt)
  );
};
