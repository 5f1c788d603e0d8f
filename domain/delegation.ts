/** 委托与承包: for how long and to whom a person may hand their duty, and who works for whom. Instants are epoch ms. */
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import type { OrganisationKind } from './permissions.ts';

export const DELEGATION_LIMITS = { maxMs: 90 * 86_400_000, reason: 500 } as const;

export interface DelegationOffer {
  /** Whose membership it is. */
  personId: string;
  org: { id: string; kind: OrganisationKind };
  delegateId: string;
  /** Organisations in which the delegate has a membership of their own. */
  delegateOrgs: readonly { id: string; kind: OrganisationKind }[];
  startsAt: number;
  endsAt: number;
}

/**
 * The delegate sees what the delegator sees, so they are of the same organisation; among the departments of the park one may
 * stand in for another.
 */
export const checkDelegation = (d: DelegationOffer, now: number): Result<true> => {
  if (d.delegateId === d.personId) return refuse('delegation.delegate_invalid', { field: 'delegateId' });
  const fits = d.delegateOrgs.some((o) => o.kind === d.org.kind && (o.id === d.org.id || o.kind === 'park_department'));
  if (!fits) return refuse('delegation.delegate_invalid', { field: 'delegateId' });
  if (d.endsAt <= Math.max(d.startsAt, now)) return refuse('delegation.term_invalid', { field: 'endsAt' });
  if (d.endsAt - d.startsAt > DELEGATION_LIMITS.maxMs) return refuse('delegation.term_invalid', { field: 'endsAt', detail: { maxMs: DELEGATION_LIMITS.maxMs } });
  return ok(true);
};

export interface AffiliationOffer {
  contractorId: string;
  contractorKind: OrganisationKind | null;
  principalId: string;
  principalKind: OrganisationKind | null;
  validFrom: number;
  validTo: number | null;
}

/** Both are enterprises of the park; nobody works for itself. */
export const checkAffiliation = (a: AffiliationOffer, now: number): Result<true> => {
  if (a.contractorKind !== 'enterprise') return refuse('affiliation.invalid', { field: 'contractorId' });
  if (a.principalKind !== 'enterprise' || a.principalId === a.contractorId) return refuse('affiliation.invalid', { field: 'principalId' });
  return a.validTo !== null && a.validTo <= Math.max(a.validFrom, now) ? refuse('affiliation.invalid', { field: 'validTo' }) : ok(true);
};
