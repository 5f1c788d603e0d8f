import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RuleEvent, RuleSpec, RuleState, Sample, SustainedSpec, ThresholdSpec } from '../../domain/rules.ts';
import { carryOver, evaluate, INITIAL_STATE, isRuleSpec, isSameState, registryRules } from '../../domain/rules.ts';

const target = { ruleId: 'r', sensorId: 's', assetId: 'a', tenantId: 't', unit: '℃', statutory: false };
const HOUR = 3_600_000;
const overTemperature: SustainedSpec = { ...target, kind: 'sustained', direction: 'above', limit: 80, durationMs: 3 * HOUR, maxGapMs: 60_000, gapPolicy: 'reset' };
const threshold = (over: Partial<ThresholdSpec> = {}): ThresholdSpec => ({ ...target, kind: 'threshold', level: 'H', limit: 10, hysteresis: 0, onDelayMs: 0, offDelayMs: 0, ...over });

type Found = RuleEvent & { index: number };

const run = (spec: RuleSpec, samples: readonly Sample[], restartAfter: (index: number) => boolean = () => false): { events: Found[]; state: RuleState } => {
  let state = INITIAL_STATE;
  const events: Found[] = [];
  samples.forEach((sample, index) => {
    const result = evaluate(spec, state, sample);
    state = restartAfter(index) ? (JSON.parse(JSON.stringify(result.state)) as RuleState) : result.state;
    if (result.event) events.push({ ...result.event, index });
  });
  return { events, state };
};

/** Readings each `stepMs` from 0 to `untilMs`, the last one exactly there. */
const steady = (value: number, untilMs: number, stepMs = 30_000): Sample[] => {
  const samples: Sample[] = [];
  for (let at = 0; at < untilMs; at += stepMs) samples.push({ at, value });
  return [...samples, { at: untilMs, value }];
};

describe('sustained over the limit', () => {
  test('raises at 3 h and not at 2 h 59 m 59 s', () => {
    expect(run(overTemperature, steady(80.1, 3 * HOUR - 1_000)).events).toEqual([]);
    expect(run(overTemperature, steady(80.1, 3 * HOUR)).events).toMatchObject([{ kind: 'raised', at: 3 * HOUR, value: 80.1 }]);
  });

  test('bears the exact instant when readings fall beside it', () => {
    const samples = steady(81, 3 * HOUR - 10_000).concat({ at: 3 * HOUR + 15_000, value: 82 });
    expect(run(overTemperature, samples).events).toMatchObject([{ kind: 'raised', at: 3 * HOUR, value: 82 }]);
  });

  test('one reading of exactly 80.0 starts over', () => {
    const samples = steady(80.1, 3 * HOUR).map((s) => (s.at === 2 * HOUR ? { ...s, value: 80 } : s));
    expect(run(overTemperature, samples).events).toEqual([]);
    const later = steady(80.1, 5 * HOUR + 30_000).map((s) => (s.at === 2 * HOUR ? { ...s, value: 80 } : s));
    expect(run(overTemperature, later).events).toMatchObject([{ kind: 'raised', at: 5 * HOUR + 30_000 }]);
  });

  test('a gap is dealt with by its policy; exactly maxGap is no gap', () => {
    const samples = steady(80.1, 3 * HOUR).filter((s) => s.at <= HOUR || s.at > HOUR + 60_000);
    expect(run(overTemperature, samples).events).toEqual([]);
    expect(run({ ...overTemperature, gapPolicy: 'hold' }, samples).events).toHaveLength(1);
    const unknown = run({ ...overTemperature, gapPolicy: 'unknown' }, samples);
    expect(unknown.events).toEqual([]);
    expect(unknown.state.unknown).toBe(true);
    expect(run(overTemperature, samples).state.unknown).toBe(false);
    const within = steady(80.1, 3 * HOUR).filter((s) => s.at !== HOUR);
    expect(run(overTemperature, within).events).toHaveLength(1);
  });

  test('unknown ends with a reading within the limit, or with a full duration', () => {
    const spec: SustainedSpec = { ...overTemperature, gapPolicy: 'unknown' };
    const gap = [{ at: 0, value: 81 }, { at: 600_000, value: 81 }];
    expect(run(spec, gap).state.unknown).toBe(true);
    expect(run(spec, [...gap, { at: 620_000, value: 79 }]).state.unknown).toBe(false);
    const full = steady(81, 3 * HOUR).map((s) => ({ ...s, at: s.at + 600_000 }));
    const result = run(spec, [{ at: 0, value: 81 }, ...full]);
    expect(result.events).toMatchObject([{ kind: 'raised', at: 3 * HOUR + 600_000 }]);
    expect(result.state.unknown).toBe(false);
  });

  test('an open episode lasts through a gap and clears at the first reading within the limit', () => {
    const samples = [...steady(81, 3 * HOUR), { at: 9 * HOUR, value: 81 }, { at: 9 * HOUR + 1, value: 80 }];
    expect(run(overTemperature, samples).events).toMatchObject([{ kind: 'raised' }, { kind: 'cleared', at: 9 * HOUR + 1 }]);
  });
});

describe('threshold', () => {
  test.each([
    ['H', 10, 10.001],
    ['HH', 10, 11],
    ['L', 10, 9.999],
    ['LL', 10, -4],
  ] as const)('%s: %d is within the limit, %d crosses it', (level, within, beyond) => {
    expect(run(threshold({ level }), [{ at: 1, value: within }]).events).toEqual([]);
    expect(run(threshold({ level }), [{ at: 1, value: beyond }]).events).toMatchObject([{ kind: 'raised', at: 1 }]);
  });

  test('a value that oscillates in the band is one episode', () => {
    const samples = [11, 9.5, 11, 9.1, 12, 9, 8].map((value, i) => ({ at: i * 1_000, value }));
    expect(run(threshold({ hysteresis: 1 }), samples).events).toMatchObject([{ kind: 'raised', at: 0 }, { kind: 'cleared', at: 5_000 }]);
  });

  test('delays are reached at their exact instant, by event time', () => {
    const spec = threshold({ onDelayMs: 10_000, offDelayMs: 20_000 });
    const samples = [{ at: 0, value: 11 }, { at: 9_999, value: 11 }, { at: 12_000, value: 13 }, { at: 30_000, value: 5 }, { at: 55_000, value: 6 }];
    expect(run(spec, samples).events).toMatchObject([{ kind: 'raised', at: 10_000, value: 13 }, { kind: 'cleared', at: 50_000, value: 6 }]);
    expect(run(spec, [{ at: 0, value: 11 }, { at: 9_000, value: 10 }, { at: 12_000, value: 11 }]).events).toEqual([]);
  });
});

// The oracle knows no state: it looks for whole runs in the whole stream, straight from the definition.
const oracle = (spec: RuleSpec, x: readonly Sample[]): Found[] => {
  const high = spec.kind === 'threshold' ? spec.level === 'H' || spec.level === 'HH' : spec.direction === 'above';
  const crossed = (i: number): boolean => (high ? x[i]!.value > spec.limit : x[i]!.value < spec.limit);
  const back = (i: number): boolean => {
    if (spec.kind === 'sustained') return !crossed(i);
    return high ? x[i]!.value <= spec.limit - spec.hysteresis : x[i]!.value >= spec.limit + spec.hysteresis;
  };
  const breaks = (i: number): boolean => spec.kind === 'sustained' && spec.gapPolicy !== 'hold' && x[i]!.at - x[i - 1]!.at > spec.maxGapMs;
  const firstAfter = (from: number, holds: (i: number) => boolean, mayBreak: boolean, need: number): { index: number; at: number } | null => {
    for (let end = from; end < x.length; end++) {
      if (!holds(end)) continue;
      let start = end;
      while (start > from && holds(start - 1) && !(mayBreak && breaks(start))) start--;
      if (x[end]!.at - x[start]!.at >= need) return { index: end, at: x[start]!.at + need };
    }
    return null;
  };
  const found: Found[] = [];
  let from = 0;
  for (;;) {
    const raised = firstAfter(from, crossed, true, spec.kind === 'threshold' ? spec.onDelayMs : spec.durationMs);
    if (!raised) return found;
    found.push({ kind: 'raised', at: raised.at, value: x[raised.index]!.value, index: raised.index });
    const cleared = firstAfter(raised.index + 1, back, false, spec.kind === 'threshold' ? spec.offDelayMs : 0);
    if (!cleared) return found;
    found.push({ kind: 'cleared', at: cleared.at, value: x[cleared.index]!.value, index: cleared.index });
    from = cleared.index + 1;
  }
};

const streams = fc.array(fc.record({ step: fc.integer({ min: 0, max: 6 }), value: fc.integer({ min: 0, max: 8 }) }), { maxLength: 60 }).map((steps) => {
  let at = 1_000;
  return steps.map(({ step, value }) => ({ at: (at += step), value }));
});
const small = fc.integer({ min: 0, max: 8 });
const specs: fc.Arbitrary<RuleSpec> = fc.oneof(
  fc.record({ level: fc.constantFrom('HH', 'H', 'L', 'LL'), limit: small, hysteresis: fc.integer({ min: 0, max: 3 }), onDelayMs: small, offDelayMs: small }).map((r) => threshold(r as Partial<ThresholdSpec>)),
  fc.record({ direction: fc.constantFrom('above', 'below'), limit: small, durationMs: fc.integer({ min: 0, max: 20 }), maxGapMs: fc.integer({ min: 0, max: 6 }), gapPolicy: fc.constantFrom('reset', 'hold', 'unknown') })
    .map((r) => ({ ...overTemperature, ...r }) as SustainedSpec),
);

describe('against a brute-force oracle', () => {
  test('finds the same events on random streams, whatever moment the state is written out and read back', () => {
    fc.assert(
      fc.property(specs, streams, fc.array(fc.boolean(), { maxLength: 60 }), (spec, samples, restarts) => {
        expect(run(spec, samples, (i) => restarts[i] ?? false).events).toEqual(oracle(spec, samples));
      }),
      { numRuns: 50_000 },
    );
  });

  test('leaving out the writes that isSameState spares changes nothing', () => {
    fc.assert(
      fc.property(specs, streams, (spec, samples) => {
        let stored = INITIAL_STATE;
        const events: RuleEvent[] = [];
        for (const sample of samples) {
          const result = evaluate(spec, stored, sample);
          if (!isSameState(spec, stored, result.state)) stored = result.state;
          if (result.event) events.push(result.event);
        }
        expect(events).toEqual(run(spec, samples).events.map(({ index: _, ...event }) => event));
      }),
      { numRuns: 20_000 },
    );
  });

  test('raised and cleared take turns, and an event never lies after its reading', () => {
    fc.assert(
      fc.property(specs, streams, (spec, samples) => {
        const { events } = run(spec, samples);
        events.forEach((event, i) => {
          expect(event.kind).toBe(i % 2 === 0 ? 'raised' : 'cleared');
          expect(event.at).toBeLessThanOrEqual(samples[event.index]!.at);
        });
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('rules of the registry', () => {
  const sensor = { sensorId: 's', assetId: 'a', tenantId: 't', kind: 'pressure', unit: 'kPa', rangeLow: 0, rangeHigh: 400, limits: { HH: 120, H: 100, L: null, LL: 0 }, statutory: true };

  test('one per registered limit, told of at once, with a deadband that the value can come back from', () => {
    const rules = registryRules(sensor);
    expect(rules.map((r) => [r.ruleId, r.limit, r.hysteresis, r.onDelayMs])).toEqual([
      ['registry:s:HH', 120, 8, 0],
      ['registry:s:H', 100, 8, 0],
      ['registry:s:LL', 0, 0, 0],
    ]);
    expect(rules.every(isRuleSpec)).toBe(true);
    expect(rules.every((r) => r.statutory)).toBe(true);
    expect(registryRules({ ...sensor, rangeLow: null, limits: { HH: null, H: 1, L: null, LL: null } })[0]!.hysteresis).toBe(0.1);
  });

  test('data that is no rule is told apart', () => {
    for (const bad of [null, 1, {}, { ...threshold(), limit: 'x' }, { ...threshold(), level: 'X' }, { ...threshold(), onDelayMs: -1 }, { ...overTemperature, gapPolicy: '' }, { ...threshold(), kind: 'other' }, { ...threshold(), sensorId: '' }]) {
      expect(isRuleSpec(bad)).toBe(false);
    }
  });

  test('an open episode goes on under new limits; a run that had not raised starts over', () => {
    const open = run(threshold(), [{ at: 5, value: 11 }]).state;
    expect(evaluate(threshold({ limit: 12 }), carryOver(threshold(), threshold({ limit: 12 }), open), { at: 6, value: 11 }).event).toMatchObject({ kind: 'cleared', at: 6 });
    const pending = run(threshold({ onDelayMs: 10 }), [{ at: 5, value: 11 }]).state;
    expect(carryOver(threshold(), threshold({ limit: 12 }), pending).since).toBeNull();
    expect(carryOver(threshold(), overTemperature, open).raisedAt).toBeNull();
  });
});
