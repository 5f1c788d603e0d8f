import { describe, expect, it, test } from '@jest/globals';
import type { CriteriaPack, Expression, Facts } from '../../domain/criteria.ts';
import { evaluate, factsIn, packsAt, proposeGrade } from '../../domain/criteria.ts';
import { CRITERIA_PACKS, FACTS } from '../../domain/criteria-packs.ts';
import { isHazardType } from '../../domain/hazard-types.ts';

const BEFORE = Date.parse('2026-09-29T23:59:59+08:00');
const AFTER = Date.parse('2026-09-30T00:00:00+08:00');
const resultOf = (id: string, facts: Facts, at = AFTER) => proposeGrade(CRITERIA_PACKS, 'confined_space_protection', facts, at).items.find((i) => i.criterionId === id)?.result;

describe('three values', () => {
  const yes: Expression = { fact: 'y', is: true };
  const no: Expression = { fact: 'n', is: true };
  const unknown: Expression = { fact: 'u', is: true };
  const facts: Facts = { y: true, n: false, w: 'red', u: null };
  const of = (e: Expression) => evaluate(e, facts);

  it('one no settles "all", one yes settles "any", and what is not known stays so', () => {
    expect([of({ all: [yes, yes] }), of({ all: [yes, unknown] }), of({ all: [no, unknown] })]).toEqual([true, null, false]);
    expect([of({ any: [no, no] }), of({ any: [no, unknown] }), of({ any: [yes, unknown] })]).toEqual([false, null, true]);
    expect([of({ not: yes }), of({ not: no }), of({ not: unknown })]).toEqual([false, true, null]);
    expect([of({ all: [] }), of({ any: [] })]).toEqual([true, false]);
  });

  it('a fact is the very value, and one that nobody gave is not known, whatever its name', () => {
    expect([of({ fact: 'w', is: 'red' }), of({ fact: 'w', is: 'blue' }), of({ fact: 'toString', is: true })]).toEqual([true, false, null]);
    expect(factsIn({ all: [yes, { not: { any: [no, yes] } }] })).toEqual(['y', 'n']);
  });

  it('an exception takes the criterion away, and one that is not known leaves it to be judged', () => {
    const pack: CriteriaPack = {
      id: 'p', instrument: 'i', from: null, to: null, applies: { all: [] }, complete: true,
      criteria: [{ id: 'c', clause: '1', zh: 'x', en: 'x', types: ['leak'], when: { fact: 'a', is: true }, unless: { fact: 'exempt', is: true } }],
    };
    const gradeOf = (facts: Facts) => proposeGrade([pack], 'leak', facts, 0).grade;
    expect([gradeOf({ a: true, exempt: false }), gradeOf({ a: true, exempt: true }), gradeOf({ a: true }), gradeOf({ a: false })]).toEqual(['major', 'general', 'to_judge', 'general']);
  });
});

test('[L-75] the confined-space item of order 10 needs no ledger and no clear warning sign; either alone is no major hazard', () => {
  const base = { sector: 'industry_trade', confinedSpaceToxicRisk: true };
  const item = (confinedSpaceLedger: boolean | null, confinedSpaceSign: boolean | null) => resultOf('order-10:13-1', { ...base, confinedSpaceLedger, confinedSpaceSign });
  expect(item(false, false)).toBe(true);
  expect([item(false, true), item(true, false), item(true, true)]).toEqual([false, false, false]);
  // Not known is not safe; it is not proven either.
  expect([item(false, null), item(null, false), item(null, null)]).toEqual([null, null, null]);
  expect([item(true, null), item(null, true)]).toEqual([false, false]);
  const both = proposeGrade(CRITERIA_PACKS, 'confined_space_protection', { ...base, confinedSpaceLedger: false, confinedSpaceSign: false }, AFTER);
  expect(both.grade).toBe('major');
  // It is one finding, not two.
  expect(both.items.filter((i) => i.result === true).map((i) => [i.criterionId, i.clause])).toEqual([['order-10:13-1', '第十三条第(一)项']]);
  expect(both.items[0]!.facts).toMatchObject({ sector: 'industry_trade', confinedSpaceLedger: false, confinedSpaceSign: false });
  // A finding on site, not a clause: without the toxic risk, or at a firm for which the order is not made, there is none.
  expect(resultOf('order-10:13-1', { ...base, confinedSpaceToxicRisk: false, confinedSpaceLedger: false, confinedSpaceSign: false })).toBe(false);
  expect(resultOf('order-10:13-1', { ...base, sector: 'chemical', confinedSpaceLedger: false, confinedSpaceSign: false })).toBeUndefined();
  // The item beside it is made of alternatives.
  expect(resultOf('order-10:13-2', { ...base, confinedSpaceGuardian: false })).toBe(true);
  expect(resultOf('order-10:13-2', { ...base, confinedSpaceGuardian: true, confinedSpaceApproved: true })).toBeNull();
});

describe('packs', () => {
  it('change over at midnight in China between the criteria of 2017 and AQ 3067-2026', () => {
    expect(packsAt(CRITERIA_PACKS, BEFORE).map((p) => p.id)).toEqual(['order-10', 'saws-2017-121']);
    expect(packsAt(CRITERIA_PACKS, AFTER).map((p) => p.id)).toEqual(['order-10', 'aq-3067-2026']);
    expect(packsAt(CRITERIA_PACKS, Date.parse('2023-05-14T12:00:00+08:00')).map((p) => p.id)).toEqual(['saws-2017-121']);
  });

  it('make up nothing for a clause whose text is not there: it is always to be judged', () => {
    const pack = CRITERIA_PACKS.find((p) => p.id === 'aq-3067-2026')!;
    expect(pack.criteria).toHaveLength(53);
    expect(pack.criteria.every((c) => c.when === null)).toBe(true);
    const proposal = proposeGrade(CRITERIA_PACKS, 'mixed_storage', { sector: 'chemical', incompatibleMixed: false, storedByClass: true, overQuantity: false }, AFTER);
    expect(proposal).toMatchObject({ grade: 'to_judge', incompletePacks: ['aq-3067-2026'] });
    expect(proposal.items.every((i) => i.textMissing && i.result === null)).toBe(true);
  });

  it('hold what their instruments hold: 20 items of 2017, and of order 10 only what was read', () => {
    expect(CRITERIA_PACKS.map((p) => [p.id, p.criteria.length, p.complete])).toEqual([['order-10', 5, false], ['saws-2017-121', 20, true], ['aq-3067-2026', 53, false]]);
  });

  it('ask only for facts that have words, and name only types that there are', () => {
    const criteria = CRITERIA_PACKS.flatMap((p) => p.criteria);
    expect(new Set(criteria.map((c) => c.id)).size).toBe(criteria.length);
    const asked = new Set(CRITERIA_PACKS.flatMap((p) => [...factsIn(p.applies), ...p.criteria.flatMap((c) => (c.when ? factsIn(c.when) : []))]));
    expect([...asked].sort()).toEqual(Object.keys(FACTS).sort());
    for (const c of criteria) expect(c.types.length > 0 && c.types.every(isHazardType)).toBe(true);
  });
});

describe('a proposal', () => {
  const chemical = { sector: 'chemical' };
  it('is major where one criterion holds, to be judged where one is open, and general only where all are answered', () => {
    const grade = (facts: Facts) => proposeGrade(CRITERIA_PACKS, 'mixed_storage', { ...chemical, ...facts }, BEFORE).grade;
    expect(grade({ incompatibleMixed: true })).toBe('major');
    expect(grade({ incompatibleMixed: false })).toBe('to_judge');
    expect(grade({})).toBe('to_judge');
    expect(grade({ incompatibleMixed: false, storedByClass: true, overQuantity: false })).toBe('general');
    // Whom the firm is for is not known: no criterion can be ruled out, none be found.
    expect(proposeGrade(CRITERIA_PACKS, 'mixed_storage', { incompatibleMixed: true }, BEFORE).grade).toBe('to_judge');
  });

  it('keeps conjunctions together: an overhead line or a missing design alone is not enough', () => {
    const result = (n: number, facts: Facts) => proposeGrade(CRITERIA_PACKS, 'layout_distance', { ...chemical, ...facts }, BEFORE).items.find((i) => i.criterionId === `saws-2017-121:${n}`)!.result;
    expect([result(9, { overheadLine: true, overheadLineCompliant: true }), result(9, { overheadLine: true, overheadLineCompliant: false }), result(9, { overheadLine: true })]).toEqual([false, true, null]);
    expect([result(10, { plantInService: true, formallyDesigned: false, designDiagnosed: true }), result(10, { plantInService: true, formallyDesigned: false, designDiagnosed: false })]).toEqual([false, true]);
    expect([result(5, { majorSourceLevel12: true, emergencyCutOff: true, toxicOrLiquefied: false, independentSis: false }), result(5, { majorSourceLevel12: true, emergencyCutOff: true, toxicOrLiquefied: true, independentSis: false })]).toEqual([false, true]);
  });

  it('looks also at criteria of another type where somebody gave a fact for them', () => {
    expect(proposeGrade(CRITERIA_PACKS, 'other', { ...chemical, obsoleteTechnology: true }, BEFORE)).toMatchObject({ grade: 'major', items: [{ criterionId: 'saws-2017-121:11' }] });
  });
});
