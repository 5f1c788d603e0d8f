/**
 * 重大隐患判定: criteria as data, judged over facts in three values. What is not known never counts as safe: an open question
 * makes the proposal "to be judged". A proposal is no decision: a person decides, with reasons (L-75).
 */
import type { HazardType } from './hazard-types.ts';
import { chinaDate } from './exchange.ts';

export type FactValue = boolean | string;
export type Facts = Readonly<Record<string, FactValue | null | undefined>>;

/** true, false, or null: not known. */
export type Truth = boolean | null;

export type Expression =
  | { all: readonly Expression[] }
  | { any: readonly Expression[] }
  | { not: Expression }
  | { fact: string; is: FactValue };

/** Kleene's three values: one false makes `all` false and one true makes `any` true, whatever else is not known. */
export const evaluate = (expression: Expression, facts: Facts): Truth => {
  if ('all' in expression) {
    const values = expression.all.map((e) => evaluate(e, facts));
    return values.includes(false) ? false : values.includes(null) ? null : true;
  }
  if ('any' in expression) {
    const values = expression.any.map((e) => evaluate(e, facts));
    return values.includes(true) ? true : values.includes(null) ? null : false;
  }
  if ('not' in expression) {
    const value = evaluate(expression.not, facts);
    return value === null ? null : !value;
  }
  const value = Object.hasOwn(facts, expression.fact) ? facts[expression.fact] : null;
  return value === null || value === undefined ? null : value === expression.is;
};

/** The facts that an expression asks for, each once. */
export const factsIn = (expression: Expression): string[] => {
  if ('all' in expression) return [...new Set(expression.all.flatMap(factsIn))];
  if ('any' in expression) return [...new Set(expression.any.flatMap(factsIn))];
  return 'not' in expression ? factsIn(expression.not) : [expression.fact];
};

export interface Criterion {
  id: string;
  /** Clause of the pack's instrument. */
  clause: string;
  zh: string;
  en: string;
  types: readonly HazardType[];
  /** null: the text of the clause is not available and must be obtained; it is never more than not known. */
  when: Expression | null;
  /** Where this holds the criterion does not. */
  unless?: Expression;
}

export interface CriteriaPack {
  id: string;
  instrument: string;
  /** Civil dates of China, both inclusive; null: without a beginning or end that is known. */
  from: string | null;
  to: string | null;
  /** Whom the instrument is for. */
  applies: Expression;
  /** Every criterion of the instrument is in the pack, with its text. */
  complete: boolean;
  criteria: readonly Criterion[];
}

export interface ProposalItem {
  criterionId: string;
  instrument: string;
  clause: string;
  result: Truth;
  /** The text of the clause is not available. */
  textMissing: boolean;
  /** Every fact that was looked at, null where it is not known. */
  facts: Record<string, FactValue | null>;
}

export interface GradeProposal {
  grade: 'major' | 'general' | 'to_judge';
  items: ProposalItem[];
  /** Packs in force that may apply and do not hold every criterion of their instrument: "general" cannot be proposed by them. */
  incompletePacks: string[];
}

export const packsAt = (packs: readonly CriteriaPack[], at: number): CriteriaPack[] => {
  const day = chinaDate(at);
  return packs.filter((p) => (p.from === null || p.from <= day) && (p.to === null || day <= p.to));
};

const conditionOf = (c: Criterion): Expression | null => (c.when && c.unless ? { all: [c.when, { not: c.unless }] } : c.when);

/**
 * What the criteria in force at `at` (epoch ms) say of a hazard of the type with these facts. Looked at are the criteria of the
 * type and those for which a fact was given.
 */
export const proposeGrade = (packs: readonly CriteriaPack[], type: HazardType, facts: Facts, at: number): GradeProposal => {
  const items: ProposalItem[] = [];
  const incompletePacks: string[] = [];
  for (const pack of packsAt(packs, at)) {
    const applies = evaluate(pack.applies, facts);
    if (applies === false) continue;
    if (!pack.complete) incompletePacks.push(pack.id);
    for (const criterion of pack.criteria) {
      const condition = conditionOf(criterion);
      const asked = [...new Set([...factsIn(pack.applies), ...(condition ? factsIn(condition) : [])])];
      const isGiven = condition !== null && factsIn(condition).some((f) => facts[f] !== null && facts[f] !== undefined);
      if (!criterion.types.includes(type) && !isGiven) continue;
      items.push({
        criterionId: criterion.id, instrument: pack.instrument, clause: criterion.clause, textMissing: condition === null,
        result: condition === null ? null : evaluate({ all: [pack.applies, condition] }, facts),
        facts: Object.fromEntries(asked.map((f) => [f, facts[f] ?? null])),
      });
    }
  }
  const results = items.map((i) => i.result);
  const grade = results.includes(true) ? 'major' : results.includes(null) || incompletePacks.length > 0 ? 'to_judge' : 'general';
  return { grade, items, incompletePacks };
};
