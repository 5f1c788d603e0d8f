import { z } from 'zod';
import { PASSWORD_RULE } from '../../domain/accounts.ts';
import { DELEGATION_LIMITS } from '../../domain/delegation.ts';
import type { Action } from '../../domain/permissions.ts';
import { ORGANISATION_KINDS, PERMISSIONS, ROLES } from '../../domain/permissions.ts';
import { id, instant, named, OrgRef, PersonRef, text } from './common.ts';

export const Membership = z
  .object({ id: z.string(), role: z.enum(ROLES), org: z.object({ id: z.string(), kind: z.enum(ORGANISATION_KINDS), ...named }) })
  .meta({ id: 'Membership' });

/** `delegator`: whose membership it is where it was delegated, until `until`. */
export const SessionMembership = z.object({ ...Membership.shape, delegator: PersonRef.nullable(), until: z.string().nullable() }).meta({ id: 'SessionMembership' });

export const Session = z
  .object({
    account: z.object({ id: z.string(), username: z.string() }),
    person: PersonRef,
    membership: SessionMembership,
    memberships: z.array(SessionMembership),
    permissions: z.array(z.string()),
    csrfToken: z.string(),
    mustChangePassword: z.boolean(),
    expiresAt: z.string(),
  })
  .meta({ id: 'Session' });

const password = z.string().min(1).max(1_000);
export const SignInBody = z.strictObject({ username: text(64).min(1), password });
export const MembershipBody = z.strictObject({ membershipId: id });
export const PasswordBody = z.strictObject({ current: password, next: password.meta({ description: `At least ${PASSWORD_RULE.minLength} characters` }) });

export const username = z.string().regex(/^[a-z0-9][a-z0-9._-]{2,63}$/);
const name = text(80).trim().min(1);
export const AccountBody = z.strictObject({
  username,
  person: z.union([z.strictObject({ id }), z.strictObject({ nameZh: name, nameEn: name, email: z.email().max(200).optional() })]),
  memberships: z.array(z.strictObject({ orgId: id, role: z.enum(ROLES) })).min(1).max(10),
});
export const AccountCreated = z.object({ accountId: z.string(), personId: z.string(), initialPassword: z.string() });
export const Account = z
  .object({
    id: z.string(), username: z.string(), person: PersonRef, memberships: z.array(Membership), mustChangePassword: z.boolean(),
    lockedUntil: z.string().nullable(), disabledAt: z.string().nullable(),
  })
  .meta({ id: 'Account' });

export const GrantBody = z.strictObject({ orgId: id, tenantId: id, purpose: text(500).trim().min(1), startsAt: z.iso.datetime({ offset: true }), expiresAt: z.iso.datetime({ offset: true }) });
export const Grant = z
  .object({ id: z.string(), org: OrgRef, tenant: OrgRef, purpose: z.string(), approvedBy: PersonRef, startsAt: z.string(), expiresAt: z.string(), createdAt: z.string() })
  .meta({ id: 'Grant' });

export const Person = z.object({ ...PersonRef.shape, memberships: z.array(Membership) }).meta({ id: 'Person' });
export const PersonQuery = z.strictObject({ may: z.enum(Object.keys(PERMISSIONS) as [Action, ...Action[]]).optional(), orgId: id.optional(), q: text(100).optional() });
export const Organisation = z.object({ ...OrgRef.shape, kind: z.enum(ORGANISATION_KINDS) }).meta({ id: 'Organisation' });

export const DelegationBody = z.strictObject({ membershipId: id, delegateId: id, reason: text(DELEGATION_LIMITS.reason).trim().min(1), startsAt: instant, endsAt: instant });
export const Delegation = z
  .object({ id: z.string(), membership: Membership, person: PersonRef, delegate: PersonRef, reason: z.string(), startsAt: z.string(), endsAt: z.string(), createdBy: PersonRef, createdAt: z.string() })
  .meta({ id: 'Delegation', description: 'A person acts in the membership of another for a time' });
export const AffiliationBody = z.strictObject({ contractorId: id, principalId: id, validFrom: instant.optional(), validTo: instant.optional() });
export const Affiliation = z
  .object({ id: z.string(), contractor: OrgRef, principal: OrgRef, validFrom: z.string(), validTo: z.string().nullable() })
  .meta({ id: 'Affiliation', description: 'A contractor works for an enterprise' });
