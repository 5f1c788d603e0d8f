/** 账户与临时授权. */
import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { z } from 'zod';
import { roleFits } from '../../domain/accounts.ts';
import type { OrganisationKind } from '../../domain/permissions.ts';
import { hashPassword } from '../../platform/passwords.ts';
import { audit } from '../audit.ts';
import { asActor, asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, list, paged, timeCursor } from '../schemas/common.ts';
import { PageQuery } from '../schemas/park.ts';
import { Account, AccountBody, AccountCreated, Grant, GrantBody } from '../schemas/session.ts';
import type { Ref } from '../views/refs.ts';
import { iso, isoOrNull, orgRefs, personRefs, refOf } from '../views/refs.ts';
import { membershipsOf } from './session.ts';

const tag = 'administration';

const kindOf = async (client: pg.ClientBase, orgId: string): Promise<OrganisationKind | null> =>
  (await client.query<{ kind: OrganisationKind }>('SELECT kind FROM organisation WHERE id = $1', [orgId])).rows[0]?.kind ?? null;

const createAccount = route({
  method: 'post', path: '/api/v1/accounts', tag, summary: 'Create an account; its password is shown this once 新建账户', access: 'account.manage', body: AccountBody, response: AccountCreated, statuses: [201],
  refusals: ['account.username_taken', 'account.role_mismatch'],
  handle: async ({ body, session, deps }) => {
    const initialPassword = randomBytes(18).toString('base64url');
    const hash = await hashPassword(initialPassword);
    const accountId = randomUUID();
    const personId = await asService(deps.database, async (client) => {
      for (const [i, m] of body.memberships.entries()) {
        const kind = await kindOf(client, m.orgId);
        if (!kind) throw new Refused('request.invalid', { field: `memberships.${i}.orgId` });
        if (!roleFits(m.role, kind)) throw new Refused('account.role_mismatch', { field: `memberships.${i}.role` });
      }
      let person: string;
      if ('id' in body.person) {
        person = body.person.id;
        if ((await client.query('SELECT FROM person WHERE id = $1', [person])).rowCount === 0) throw new Refused('request.invalid', { field: 'person.id' });
      } else {
        person = randomUUID();
        await client.query('INSERT INTO person (id, name_zh, name_en, email) VALUES ($1, $2, $3, $4)', [person, body.person.nameZh, body.person.nameEn, body.person.email ?? null]);
      }
      const { rowCount } = await client.query('INSERT INTO account (id, person_id, username, password_hash, must_change_password) VALUES ($1, $2, $3, $4, true) ON CONFLICT (username) DO NOTHING', [accountId, person, body.username, hash]);
      if (rowCount === 0) throw new Refused('account.username_taken', { field: 'username' });
      for (const m of body.memberships) await client.query('INSERT INTO membership (id, person_id, org_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [randomUUID(), person, m.orgId, m.role]);
      await audit.accountCreated(client, { personId: session.actor.personId, accountId, username: body.username, roles: body.memberships.map((m) => `${m.role}@${m.orgId}`) });
      return person;
    });
    return { status: 201, body: { accountId, personId, initialPassword } };
  },
});

const listAccounts = route({
  method: 'get', path: '/api/v1/accounts', tag, summary: 'Accounts 账户', access: 'account.manage', query: PageQuery, response: list(Account),
  handle: async ({ query: q, deps }) => {
    const after = decodeCursor(z.tuple([z.string().max(200)]), q.cursor);
    const { rows: found } = await asService(deps.database, (client) =>
      client.query<{ id: string; username: string; person_id: string; must_change_password: boolean; locked_until: Date | null; disabled_at: Date | null }>(
        `SELECT id, username, person_id, must_change_password, CASE WHEN locked_until > now() THEN locked_until END AS locked_until, disabled_at FROM account WHERE ($1::text IS NULL OR username > $1) ORDER BY username LIMIT $2`,
        [after?.[0] ?? null, q.limit + 1],
      ),
    );
    const { rows, nextCursor } = paged(found, q.limit, (a) => [a.username]);
    const people = await personRefs(deps.database, rows.map((a) => a.person_id));
    const memberships = await membershipsOf(deps.database, rows.map((a) => a.person_id));
    return {
      body: {
        items: rows.map((a) => ({
          id: a.id, username: a.username, person: refOf(people, a.person_id)!, memberships: memberships.get(a.person_id) ?? [], mustChangePassword: a.must_change_password,
          lockedUntil: isoOrNull(a.locked_until), disabledAt: isoOrNull(a.disabled_at),
        })),
        nextCursor,
      },
    };
  },
});

const disableAccount = route({
  method: 'post', path: '/api/v1/accounts/{id}/disable', tag, summary: 'Disable an account and end its sessions 停用账户', access: 'account.manage', params: z.object({ id }), refusals: ['account.not_found', 'account.disables_itself'],
  handle: async ({ params: p, session, deps }) => {
    if (p.id === session.accountId) throw new Refused('account.disables_itself');
    await asService(deps.database, async (client) => {
      const { rowCount } = await client.query('UPDATE account SET disabled_at = coalesce(disabled_at, now()) WHERE id = $1', [p.id]);
      if (rowCount === 0) throw new Refused('account.not_found');
      await client.query('DELETE FROM session WHERE account_id = $1', [p.id]);
      await audit.accountDisabled(client, { personId: session.actor.personId, accountId: p.id });
    });
    return { body: null };
  },
});

interface GrantRow { id: string; org_id: string; tenant_id: string; purpose: string; approved_by: string; starts_at: Date; expires_at: Date; created_at: Date }

const grantOf = (g: GrantRow, orgs: Map<string, Ref>, people: Map<string, Ref>) => ({
  id: g.id, org: refOf(orgs, g.org_id)!, tenant: refOf(orgs, g.tenant_id)!, purpose: g.purpose, approvedBy: refOf(people, g.approved_by)!, startsAt: iso(g.starts_at), expiresAt: iso(g.expires_at), createdAt: iso(g.created_at),
});

const listGrants = route({
  method: 'get', path: '/api/v1/grants', tag, summary: 'Grants of regulators, newest first 临时授权', access: 'grant.manage', query: PageQuery, response: list(Grant),
  handle: async ({ query: q, session, deps }) => {
    const after = decodeCursor(timeCursor, q.cursor);
    const { found, orgs } = await asActor(deps.database, session, async (client) => {
      const { rows } = await client.query<GrantRow>(
        'SELECT * FROM access_grant WHERE ($1::timestamptz IS NULL OR (created_at, id) < ($1, $2)) ORDER BY created_at DESC, id DESC LIMIT $3', [after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
      );
      return { found: rows, orgs: await orgRefs(client, rows.flatMap((g) => [g.org_id, g.tenant_id])) };
    });
    const { rows, nextCursor } = paged(found, q.limit, (g) => [g.created_at.toISOString(), g.id]);
    const people = await personRefs(deps.database, rows.map((g) => g.approved_by));
    return { body: { items: rows.map((g) => grantOf(g, orgs, people)), nextCursor } };
  },
});

const createGrant = route({
  method: 'post', path: '/api/v1/grants', tag, summary: 'Let a regulator read one enterprise for a time 新建临时授权', access: 'grant.manage', idempotent: true, body: GrantBody, response: Grant, statuses: [201], refusals: ['grant.invalid'],
  handle: async ({ body, session, deps, commandId }) => {
    const { row, orgs } = await asService(deps.database, async (client) => {
      if ((await kindOf(client, body.orgId)) !== 'regulator') throw new Refused('grant.invalid', { field: 'orgId' });
      if ((await kindOf(client, body.tenantId)) !== 'enterprise') throw new Refused('grant.invalid', { field: 'tenantId' });
      if (Date.parse(body.expiresAt) <= Math.max(Date.parse(body.startsAt), Date.now())) throw new Refused('grant.invalid', { field: 'expiresAt' });
      const { rowCount } = await client.query('INSERT INTO access_grant (id, org_id, tenant_id, purpose, approved_by, starts_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING', [
        commandId, body.orgId, body.tenantId, body.purpose, session.actor.personId, body.startsAt, body.expiresAt,
      ]);
      if (rowCount === 1) await audit.grant(client, { personId: session.actor.personId, grantId: commandId, orgId: body.orgId, tenantId: body.tenantId, purpose: body.purpose, startsAt: body.startsAt, expiresAt: body.expiresAt });
      const { rows } = await client.query<GrantRow>('SELECT * FROM access_grant WHERE id = $1', [commandId]);
      return { row: rows[0]!, orgs: await orgRefs(client, [body.orgId, body.tenantId]) };
    });
    return { status: 201, body: grantOf(row, orgs, await personRefs(deps.database, [row.approved_by])) };
  },
});

export const administrationRoutes = [createAccount, listAccounts, disableAccount, listGrants, createGrant];
