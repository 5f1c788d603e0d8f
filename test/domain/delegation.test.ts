import { describe, expect, test } from '@jest/globals';
import type { AffiliationOffer, DelegationOffer } from '../../domain/delegation.ts';
import { checkAffiliation, checkDelegation, DELEGATION_LIMITS } from '../../domain/delegation.ts';

const NOW = 1_000_000_000;
const DAY = 86_400_000;
const offer = (change: Partial<DelegationOffer> = {}): DelegationOffer => ({
  personId: 'a', org: { id: 'office', kind: 'park_department' }, delegateId: 'b', delegateOrgs: [{ id: 'inspection', kind: 'park_department' }], startsAt: NOW, endsAt: NOW + DAY, ...change,
});
const code = (r: ReturnType<typeof checkDelegation>) => (r.ok ? 'ok' : `${r.refusal.code} ${r.refusal.field}`);

describe('delegation', () => {
  test.each<[string, Partial<DelegationOffer>, string]>([
    ['to a person of another department of the park', {}, 'ok'],
    ['to oneself', { delegateId: 'a' }, 'delegation.delegate_invalid delegateId'],
    ['of the park to an enterprise', { delegateOrgs: [{ id: 'ent-1', kind: 'enterprise' }] }, 'delegation.delegate_invalid delegateId'],
    ['within an enterprise', { org: { id: 'ent-1', kind: 'enterprise' }, delegateOrgs: [{ id: 'ent-1', kind: 'enterprise' }] }, 'ok'],
    ['to another enterprise', { org: { id: 'ent-1', kind: 'enterprise' }, delegateOrgs: [{ id: 'ent-2', kind: 'enterprise' }] }, 'delegation.delegate_invalid delegateId'],
    ['of an enterprise to the park', { org: { id: 'ent-1', kind: 'enterprise' } }, 'delegation.delegate_invalid delegateId'],
    ['that ends before it starts', { startsAt: NOW + 2 * DAY }, 'delegation.term_invalid endsAt'],
    ['that has ended already', { startsAt: NOW - 2 * DAY, endsAt: NOW }, 'delegation.term_invalid endsAt'],
    ['of the longest term', { endsAt: NOW + DELEGATION_LIMITS.maxMs }, 'ok'],
    ['for too long', { endsAt: NOW + DELEGATION_LIMITS.maxMs + 1 }, 'delegation.term_invalid endsAt'],
  ])('%s', (_name, change, expected) => expect(code(checkDelegation(offer(change), NOW))).toBe(expected));
});

describe('affiliation', () => {
  const works = (change: Partial<AffiliationOffer> = {}): AffiliationOffer => ({ contractorId: 'c', contractorKind: 'enterprise', principalId: 'p', principalKind: 'enterprise', validFrom: NOW, validTo: null, ...change });
  test.each<[string, Partial<AffiliationOffer>, string]>([
    ['a contractor of an enterprise', {}, 'ok'],
    ['of itself', { principalId: 'c' }, 'affiliation.invalid principalId'],
    ['of a department', { principalKind: 'park_department' }, 'affiliation.invalid principalId'],
    ['of nobody', { principalKind: null }, 'affiliation.invalid principalId'],
    ['by a regulator', { contractorKind: 'regulator' }, 'affiliation.invalid contractorId'],
    ['that has ended', { validFrom: NOW - DAY, validTo: NOW }, 'affiliation.invalid validTo'],
  ])('%s', (_name, change, expected) => expect(code(checkAffiliation(works(change), NOW))).toBe(expected));
});
