/** 审计: one named function per audited matter. Rows are append-only; see prisma/migrations. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';

interface AuditRow {
  actorId: string | null;
  action: string;
  object: string | null;
  outcome: string;
  detail?: Record<string, unknown>;
}

const write = async (client: pg.ClientBase, { actorId, action, object, outcome, detail = {} }: AuditRow): Promise<void> => {
  await client.query('INSERT INTO audit_event (id, actor_id, action, object, outcome, detail) VALUES ($1, $2, $3, $4, $5, $6)', [
    randomUUID(), actorId, action, object, outcome, JSON.stringify(detail),
  ]);
};

export const audit = {
  signIn: (client: pg.ClientBase, input: { personId: string | null; accountId: string | null; username: string; outcome: 'ok' | 'failed' | 'locked' | 'disabled'; address: string }) =>
    write(client, { actorId: input.personId, action: 'session.sign_in', object: input.accountId && `account/${input.accountId}`, outcome: input.outcome, detail: { username: input.username, address: input.address } }),
  signOut: (client: pg.ClientBase, input: { personId: string; accountId: string }) =>
    write(client, { actorId: input.personId, action: 'session.sign_out', object: `account/${input.accountId}`, outcome: 'ok' }),
  membership: (client: pg.ClientBase, input: { personId: string; membershipId: string }) =>
    write(client, { actorId: input.personId, action: 'session.membership', object: `membership/${input.membershipId}`, outcome: 'ok' }),
  password: (client: pg.ClientBase, input: { personId: string; accountId: string; outcome: string }) =>
    write(client, { actorId: input.personId, action: 'account.password', object: `account/${input.accountId}`, outcome: input.outcome }),
  accountCreated: (client: pg.ClientBase, input: { personId: string; accountId: string; username: string; roles: string[] }) =>
    write(client, { actorId: input.personId, action: 'account.create', object: `account/${input.accountId}`, outcome: 'ok', detail: { username: input.username, roles: input.roles } }),
  accountDisabled: (client: pg.ClientBase, input: { personId: string; accountId: string }) =>
    write(client, { actorId: input.personId, action: 'account.disable', object: `account/${input.accountId}`, outcome: 'ok' }),
  grant: (client: pg.ClientBase, input: { personId: string; grantId: string; orgId: string; tenantId: string; purpose: string; startsAt: string; expiresAt: string }) => {
    const { personId, grantId, ...detail } = input;
    return write(client, { actorId: personId, action: 'grant.create', object: `grant/${grantId}`, outcome: 'ok', detail });
  },
  contactsChanged: (client: pg.ClientBase, input: { personId: string; orgId: string }) =>
    write(client, { actorId: input.personId, action: 'contact.change', object: `organisation/${input.orgId}`, outcome: 'ok' }),
  evidenceOriginal: (client: pg.ClientBase, input: { personId: string; sha256: string }) =>
    write(client, { actorId: input.personId, action: 'evidence.original', object: `blob/${input.sha256}`, outcome: 'ok' }),
  delegation: (client: pg.ClientBase, input: { personId: string; delegationId: string; act: 'create' | 'end'; detail: Record<string, unknown> }) =>
    write(client, { actorId: input.personId, action: `delegation.${input.act}`, object: `delegation/${input.delegationId}`, outcome: 'ok', detail: input.detail }),
  affiliation: (client: pg.ClientBase, input: { personId: string; affiliationId: string; act: 'create' | 'end'; detail: Record<string, unknown> }) =>
    write(client, { actorId: input.personId, action: `affiliation.${input.act}`, object: `affiliation/${input.affiliationId}`, outcome: 'ok', detail: input.detail }),
  responsibilityRule: (client: pg.ClientBase, input: { personId: string; ruleId: string; tenantId: string; outcome: 'recorded' | 'ended'; responsibleId: string; supersedes: string | null }) =>
    write(client, {
      actorId: input.personId, action: 'responsibility.manage', object: `responsibility_rule/${input.ruleId}`, outcome: input.outcome,
      detail: { tenantId: input.tenantId, responsibleId: input.responsibleId, supersedes: input.supersedes },
    }),
  /** A permission that was asked for and refused. */
  refused: (client: pg.ClientBase, input: { personId: string; role: string; action: string; object: string; code: string }) =>
    write(client, { actorId: input.personId, action: input.action, object: input.object, outcome: input.code, detail: { role: input.role } }),
};
