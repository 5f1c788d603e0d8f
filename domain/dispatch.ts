/**
 * 派发规则: who of an enterprise answers for a hazard, by rules that are data.
 *
 * A rule names selectors and a person; it matches where all its selectors hold. Of two matching rules the more specific one
 * counts: the one that says everything that the other says, and more. Place nests: asset in unit in zone in the whole firm;
 * an asset says its kind too. Rules of which neither contains the other are of equal standing. Whenever rules of equal
 * standing name different persons, when what a rule asks for is not known of the hazard, or when the person named is no longer
 * a safety officer of the firm, nobody is chosen: the case needs an owner. Without any matching rule the only safety officer
 * of the firm is chosen where there is exactly one.
 */
import type { HazardGrade, HazardType } from './hazard-types.ts';

/** 包保 capacity: 1 main, 2 technical, 3 operating person (domain/exchange EXCHANGE_CATEGORIES). */
export type GuarantorCategory = 1 | 2 | 3;

export interface RuleSelectors {
  zoneId: string | null;
  unitId: string | null;
  assetId: string | null;
  assetKind: string | null;
  hazardType: HazardType | null;
  grade: HazardGrade | null;
  category: GuarantorCategory | null;
}

export interface ResponsibilityRule extends RuleSelectors {
  id: string;
  tenantId: string;
  personId: string;
  department: string | null;
  /** Epoch ms; `validTo` is exclusive, null while open. */
  validFrom: number;
  validTo: number | null;
}

/** What of a case the rules look at. A hazard without asset is at none; a zone, grade or category that is null is not known. */
export interface DispatchFacts {
  tenantId: string;
  zoneId: string | null;
  unitId: string | null;
  assetId: string | null;
  assetKind: string | null;
  hazardType: HazardType;
  grade: HazardGrade | null;
  /** 0: of no 包保 person. */
  category: 0 | GuarantorCategory | null;
}

export type AmbiguousReason = 'rules_disagree' | 'fact_unknown' | 'not_a_member';

export type DispatchChoice =
  /** ruleId null: no rule, the only safety officer of the firm. */
  | { kind: 'chosen'; personId: string; ruleId: string | null; department: string | null }
  | { kind: 'ambiguous'; reason: AmbiguousReason; ruleIds: string[]; personIds: string[] }
  | { kind: 'none' };

export interface DispatchInput {
  rules: readonly ResponsibilityRule[];
  facts: DispatchFacts;
  /** Safety officers of the firm now, each once. */
  officers: readonly string[];
  at: number;
}

const SELECTORS = ['zoneId', 'unitId', 'assetId', 'assetKind', 'hazardType', 'grade', 'category'] as const satisfies readonly (keyof RuleSelectors)[];
/** Selectors that a hazard can fail to tell. */
const MAY_BE_UNKNOWN: readonly (keyof RuleSelectors)[] = ['zoneId', 'grade', 'category'];

export const isRuleInForce = (rule: Pick<ResponsibilityRule, 'validFrom' | 'validTo'>, at: number): boolean => rule.validFrom <= at && (rule.validTo === null || at < rule.validTo);

/** true, false, or null: it would depend on what is not known. */
export const ruleMatches = (rule: ResponsibilityRule, facts: DispatchFacts): boolean | null => {
  if (rule.tenantId !== facts.tenantId) return false;
  let known = true;
  for (const selector of SELECTORS) {
    if (rule[selector] === null || rule[selector] === facts[selector]) continue;
    if (facts[selector] !== null || !MAY_BE_UNKNOWN.includes(selector)) return false;
    known = false;
  }
  return known ? true : null;
};

/** Whether `a` says everything that `b` says, of hazards that both match. */
const contains = (a: RuleSelectors, b: RuleSelectors): boolean => {
  const says: Record<keyof RuleSelectors, boolean> = {
    assetId: a.assetId !== null,
    unitId: a.unitId !== null || a.assetId !== null,
    zoneId: a.zoneId !== null || a.unitId !== null || a.assetId !== null,
    assetKind: a.assetKind !== null || a.assetId !== null,
    hazardType: a.hazardType !== null, grade: a.grade !== null, category: a.category !== null,
  };
  return SELECTORS.every((selector) => b[selector] === null || says[selector]);
};

export const isMoreSpecific = (a: RuleSelectors, b: RuleSelectors): boolean => contains(a, b) && !contains(b, a);

export const chooseResponsible = ({ rules, facts, officers, at }: DispatchInput): DispatchChoice => {
  const found = rules.filter((r) => isRuleInForce(r, at)).map((rule) => ({ rule, matches: ruleMatches(rule, facts) })).filter((r) => r.matches !== false);
  const certain = found.filter((r) => r.matches === true).map((r) => r.rule);
  // Only a rule that matches for certain outdoes another.
  const standing = found.filter(({ rule }) => !certain.some((other) => isMoreSpecific(other, rule))).sort((a, b) => (a.rule.id < b.rule.id ? -1 : 1));
  if (standing.length === 0) {
    const [only, ...others] = officers;
    return only !== undefined && others.length === 0 ? { kind: 'chosen', personId: only, ruleId: null, department: null } : { kind: 'none' };
  }
  const personIds = [...new Set(standing.map(({ rule }) => rule.personId))].sort();
  const ambiguous = (reason: AmbiguousReason): DispatchChoice => ({ kind: 'ambiguous', reason, ruleIds: standing.map(({ rule }) => rule.id), personIds });
  const chosen = standing.find((r) => r.matches === true)?.rule;
  if (!chosen || (personIds.length > 1 && standing.some((r) => r.matches === null))) return ambiguous('fact_unknown');
  if (personIds.length > 1) return ambiguous('rules_disagree');
  if (!officers.includes(chosen.personId)) return ambiguous('not_a_member');
  return { kind: 'chosen', personId: chosen.personId, ruleId: chosen.id, department: chosen.department };
};
