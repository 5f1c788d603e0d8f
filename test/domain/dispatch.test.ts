import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from '@jest/globals';
import type { DispatchFacts, ResponsibilityRule } from '../../domain/dispatch.ts';
import { chooseResponsible, isMoreSpecific, isRuleInForce, ruleMatches } from '../../domain/dispatch.ts';

interface GoldenRule extends Omit<ResponsibilityRule, 'validFrom' | 'validTo'> { validFrom: string; validTo: string | null }
interface GoldenHazard extends DispatchFacts { id: string; expected: string }
interface Golden {
  at: string;
  firms: { id: string; officers: string[]; units: { id: string; zoneId: string; assets: { id: string; kind: string }[] }[] }[];
  rules: GoldenRule[];
  hazards: GoldenHazard[];
}

const golden = JSON.parse(readFileSync(new URL('./dispatch.golden.json', import.meta.url), 'utf8')) as Golden;
const AT = Date.parse(golden.at);
const rules: ResponsibilityRule[] = golden.rules.map((r) => ({ ...r, validFrom: Date.parse(r.validFrom), validTo: r.validTo === null ? null : Date.parse(r.validTo) }));
const officersOf = (tenantId: string): string[] => golden.firms.find((f) => f.id === tenantId)!.officers;
const answer = (h: DispatchFacts, given = rules, at = AT, officers = officersOf(h.tenantId)) => chooseResponsible({ rules: given, facts: h, officers, at });
const personOf = (h: DispatchFacts): string => {
  const choice = answer(h);
  return choice.kind === 'chosen' ? choice.personId : 'needs owner';
};

/**
 * The oracle knows nothing of selectors that contain one another: a rule is the set of all hazards of the firm that it covers,
 * one rule is more specific than another when its set is a proper part of the other's, and what is not known is tried in every
 * way in which it could be.
 */
type Concrete = readonly [zone: string | null, unit: string | null, asset: string | null, kind: string | null, type: string, grade: string, category: number];
const ZONES = ['zone-1', 'zone-2', 'zone-3', 'zone-4', 'zone-elsewhere'];
const universeOf = (firm: Golden['firms'][number]): Concrete[] => {
  const kinds = [...new Set(golden.firms.flatMap((f) => f.units.flatMap((u) => u.assets.map((a) => a.kind)))), 'other'];
  const places = [
    ...firm.units.flatMap((u) => [...u.assets.map((a) => [u.zoneId, u.id, a.id, a.kind] as const), ...kinds.map((k) => [u.zoneId, u.id, `new ${k} of ${u.id}`, k] as const)]),
    ...ZONES.flatMap((z) => [[z, null, null, null] as const, ...kinds.map((k) => [z, `new unit of ${z}`, `new ${k} of ${z}`, k] as const)]),
  ];
  const types = [...new Set([...golden.hazards.map((h) => h.hazardType), ...golden.rules.map((r) => r.hazardType ?? 'other'), 'other'])];
  return places.flatMap((p) => types.flatMap((t) => ['general', 'major'].flatMap((g) => [0, 1, 2, 3].map((c) => [...p, t, g, c] as const))));
};
const covers = (r: ResponsibilityRule, [zone, unit, asset, kind, type, grade, category]: Concrete): boolean =>
  ([[r.zoneId, zone], [r.unitId, unit], [r.assetId, asset], [r.assetKind, kind], [r.hazardType, type], [r.grade, grade], [r.category, category]] as const).every(([asked, is]) => asked === null || asked === is);
const oracleOf = (firm: Golden['firms'][number], given = rules, universe = universeOf(firm)) => {
  const mine = given.filter((r) => r.tenantId === firm.id && r.validFrom <= AT && (r.validTo ?? Infinity) > AT);
  const extent = new Map(mine.map((r) => [r.id, new Set(universe.flatMap((x, i) => (covers(r, x) ? [i] : [])))]));
  const isProperPart = (a: Set<number>, b: Set<number>): boolean => a.size < b.size && [...a].every((i) => b.has(i));
  return (h: GoldenHazard): string => {
    const answers = new Set<string>();
    for (const zone of h.zoneId ? [h.zoneId] : ZONES) {
      for (const category of h.category === null ? [0, 1, 2, 3] : [h.category]) {
        const matching = mine.filter((r) => covers(r, [zone, h.unitId, h.assetId, h.assetKind, h.hazardType, h.grade!, category]));
        const best = matching.filter((r) => !matching.some((o) => isProperPart(extent.get(o.id)!, extent.get(r.id)!)));
        const people = [...new Set(best.map((r) => r.personId))];
        if (best.length === 0) answers.add(firm.officers.length === 1 ? firm.officers[0]! : 'needs owner');
        else answers.add(people.length === 1 && firm.officers.includes(people[0]!) ? people[0]! : 'needs owner');
      }
    }
    return answers.size === 1 ? [...answers][0]! : 'needs owner';
  };
};

test('[C-020] 200 golden hazards of a park of 12 firms go to the right person, and what is ambiguous to nobody', () => {
  expect(golden.hazards).toHaveLength(200);
  expect(golden.firms).toHaveLength(12);
  expect(golden.hazards.map((h) => `${h.id} ${personOf(h)}`)).toEqual(golden.hazards.map((h) => `${h.id} ${h.expected}`));
  // The golden file says what the oracle says.
  const oracles = new Map(golden.firms.map((f) => [f.id, oracleOf(f)]));
  expect(golden.hazards.map((h) => `${h.id} ${h.expected}`)).toEqual(golden.hazards.map((h) => `${h.id} ${oracles.get(h.tenantId)!(h)}`));

  const choices = golden.hazards.map((h) => ({ h, choice: answer(h) }));
  const ambiguous = choices.flatMap(({ choice }) => (choice.kind === 'ambiguous' ? [choice.reason] : []));
  expect(ambiguous.length).toBeGreaterThanOrEqual(40);
  expect([...new Set(ambiguous)].sort()).toEqual(['fact_unknown', 'not_a_member', 'rules_disagree']);
  // Each chosen person comes with the department of the rule that named them.
  for (const { h, choice } of choices) {
    if (choice.kind !== 'chosen') continue;
    const rule = rules.find((r) => r.id === choice.ruleId);
    expect({ id: h.id, person: choice.personId, department: choice.department }).toEqual({ id: h.id, person: rule?.personId ?? officersOf(h.tenantId)[0], department: rule?.department ?? null });
  }
  expect(new Set(choices.map(({ choice }) => choice.kind))).toEqual(new Set(['chosen', 'ambiguous', 'none']));
});

/** mulberry32 */
const randomOf = (seed: number) => {
  let a = seed;
  return (below: number): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

test('whatever the rules: a person is chosen only where the oracle chooses that person, in any order of the rules', () => {
  const random = randomOf(20_261_124);
  const pick = <T>(from: readonly T[]): T => from[random(from.length)]!;
  const maybe = <T>(from: readonly T[]): T | null => (random(3) === 0 ? pick(from) : null);
  const firm = golden.firms[3]!;
  const universe = universeOf(firm);
  const units = firm.units;
  const zones = units.map((u) => u.zoneId);
  let chosen = 0;
  let refused = 0;
  for (let n = 0; n < 150; n += 1) {
    const given = Array.from({ length: 1 + random(5) }, (_, i): ResponsibilityRule => {
      const unit = pick(units);
      const asset = pick(unit.assets);
      const place = random(5);
      return {
        id: `r${i}`, tenantId: firm.id, personId: pick([...firm.officers, 'gone']), department: null, validFrom: 0, validTo: null,
        zoneId: place === 1 ? unit.zoneId : null, unitId: place === 2 ? unit.id : null, assetId: place === 3 ? asset.id : null, assetKind: place === 4 ? asset.kind : null,
        hazardType: maybe(['leak', 'other'] as const), grade: maybe(['general', 'major'] as const), category: maybe([1, 2, 3] as const),
      };
    });
    const oracle = oracleOf(firm, given, universe);
    for (let m = 0; m < 4; m += 1) {
      const unit = pick(units);
      const asset = random(3) > 0 ? pick(unit.assets) : null;
      const facts: GoldenHazard = {
        id: '', expected: '', tenantId: firm.id, zoneId: asset ? unit.zoneId : maybe(zones), unitId: asset ? unit.id : null, assetId: asset?.id ?? null, assetKind: asset?.kind ?? null,
        hazardType: pick(['leak', 'other'] as const), grade: pick(['general', 'major'] as const), category: pick([null, 0, 1, 2, 3] as const),
      };
      const choice = answer(facts, given, AT, firm.officers);
      expect(answer(facts, given.toReversed(), AT, firm.officers)).toEqual(choice);
      if (choice.kind === 'chosen') {
        expect([JSON.stringify({ given, facts }), choice.personId]).toEqual([JSON.stringify({ given, facts }), oracle(facts)]);
        chosen += 1;
      } else refused += 1;
      // Where everything is known the two say the same.
      if (facts.zoneId !== null && facts.category !== null) expect(choice.kind === 'chosen' ? choice.personId : 'needs owner').toBe(oracle(facts));
    }
  }
  expect(Math.min(chosen, refused)).toBeGreaterThan(100);
});

const NO_SELECTOR = { zoneId: null, unitId: null, assetId: null, assetKind: null, hazardType: null, grade: null, category: null };
const ruleOf = (id: string, personId: string, more: Partial<ResponsibilityRule> = {}): ResponsibilityRule => ({ id, tenantId: 'f', personId, department: null, validFrom: 0, validTo: null, ...NO_SELECTOR, ...more });
const hazard: DispatchFacts = { tenantId: 'f', zoneId: 'z', unitId: 'u', assetId: 'a', assetKind: 'pump', hazardType: 'leak', grade: 'major', category: 0 };
const among = (...given: ResponsibilityRule[]) => answer(hazard, given, 10, ['p', 'q']);

describe('of two rules that match', () => {
  it('the one that says more counts, whatever their order', () => {
    const ladder = [ruleOf('firm', 'q'), ruleOf('zone', 'q', { zoneId: 'z' }), ruleOf('unit', 'q', { unitId: 'u' }), ruleOf('asset', 'p', { assetId: 'a' })];
    expect(among(...ladder)).toMatchObject({ kind: 'chosen', personId: 'p', ruleId: 'asset' });
    expect(among(...ladder.toReversed())).toMatchObject({ kind: 'chosen', personId: 'p', ruleId: 'asset' });
    for (let i = 1; i < ladder.length; i++) expect([isMoreSpecific(ladder[i]!, ladder[i - 1]!), isMoreSpecific(ladder[i - 1]!, ladder[i]!)]).toEqual([true, false]);
    expect(isMoreSpecific(ladder[3]!, ruleOf('kind', 'q', { assetKind: 'pump' }))).toBe(true);
  });

  it('neither counts where neither contains the other and they name two people', () => {
    expect(among(ruleOf('r1', 'p', { hazardType: 'leak' }), ruleOf('r2', 'q', { unitId: 'u' }))).toEqual({ kind: 'ambiguous', reason: 'rules_disagree', ruleIds: ['r1', 'r2'], personIds: ['p', 'q'] });
    expect(among(ruleOf('r1', 'p', { hazardType: 'leak' }), ruleOf('r2', 'p', { unitId: 'u' }))).toMatchObject({ kind: 'chosen', personId: 'p' });
    // A rule for both at once settles it.
    expect(among(ruleOf('r1', 'p', { hazardType: 'leak' }), ruleOf('r2', 'q', { unitId: 'u' }), ruleOf('r3', 'q', { unitId: 'u', hazardType: 'leak' }))).toMatchObject({ kind: 'chosen', ruleId: 'r3' });
  });
});

describe('nobody is chosen in silence', () => {
  it('when somebody named has left, also beside one who has not', () => {
    expect(among(ruleOf('r1', 'gone'))).toMatchObject({ kind: 'ambiguous', reason: 'not_a_member', personIds: ['gone'] });
    expect(among(ruleOf('r1', 'gone', { unitId: 'u' }), ruleOf('r2', 'p'))).toMatchObject({ kind: 'ambiguous', reason: 'not_a_member' });
  });

  it('when a more specific rule asks for what is not known', () => {
    const unknown = { ...hazard, category: null };
    const given = [ruleOf('r1', 'p'), ruleOf('r2', 'q', { category: 2 })];
    expect(answer(unknown, given, 10, ['p', 'q'])).toMatchObject({ kind: 'ambiguous', reason: 'fact_unknown' });
    expect(answer({ ...hazard, category: 2 }, given, 10, ['p', 'q'])).toMatchObject({ kind: 'chosen', personId: 'q' });
    expect(answer(hazard, given, 10, ['p', 'q'])).toMatchObject({ kind: 'chosen', personId: 'p' });
    expect(answer({ ...hazard, zoneId: null, unitId: null, assetId: null, assetKind: null }, [ruleOf('r1', 'p', { zoneId: 'z' })], 10, ['p'])).toMatchObject({ kind: 'ambiguous', reason: 'fact_unknown' });
    expect(ruleMatches(ruleOf('r', 'p', { assetId: 'a' }), { ...hazard, assetId: null })).toBe(false);
  });

  it('when no rule matches, unless the firm has exactly one safety officer', () => {
    const none = { rules: [ruleOf('r', 'p', { hazardType: 'other' }), ruleOf('of another firm', 'p', { tenantId: 'g' })], facts: hazard, at: 10 };
    expect(chooseResponsible({ ...none, officers: [] })).toEqual({ kind: 'none' });
    expect(chooseResponsible({ ...none, officers: ['p', 'q'] })).toEqual({ kind: 'none' });
    expect(chooseResponsible({ ...none, officers: ['q'] })).toEqual({ kind: 'chosen', personId: 'q', ruleId: null, department: null });
  });
});

it('a rule counts from its first instant up to and without its end', () => {
  const r = ruleOf('r', 'p', { validFrom: 5, validTo: 10 });
  expect([4, 5, 9, 10].map((at) => isRuleInForce(r, at))).toEqual([false, true, true, false]);
  expect(isRuleInForce(ruleOf('r', 'p', { validFrom: 5 }), 1e15)).toBe(true);
});
