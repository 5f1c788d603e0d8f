/** 登录: sign in and out, choose the membership, change the password. */
import type { z } from 'zod';
import { checkPassword } from '../../domain/accounts.ts';
import { may, PERMISSIONS } from '../../domain/permissions.ts';
import { hashPassword } from '../../platform/passwords.ts';
import { DELEGATION_LIVE } from '../../prisma/affiliations.ts';
import type { Database } from '../../prisma/client.ts';
import { audit } from '../audit.ts';
import { asService } from '../deps.ts';
import { Refused, unwrap } from '../problem.ts';
import { route } from '../route.ts';
import type { Membership, SessionMembership } from '../schemas/session.ts';
import { MembershipBody, PasswordBody, Session, SignInBody } from '../schemas/session.ts';
import type { SignedIn } from '../sign-in.ts';
import type { Ref } from '../views/refs.ts';

export const membershipsOf = async (database: Database, personIds: readonly string[]): Promise<Map<string, z.input<typeof Membership>[]>> => {
  const { rows } = await asService(database, (client) =>
    client.query<{ person_id: string; membership: z.input<typeof Membership> }>(
      `SELECT m.person_id, json_build_object('id', m.id, 'role', m.role, 'org', json_build_object('id', o.id, 'kind', o.kind, 'nameZh', o.name_zh, 'nameEn', o.name_en)) AS membership
       FROM membership m JOIN organisation o ON o.id = m.org_id WHERE m.person_id = ANY ($1) ORDER BY m.id`, [personIds],
    ),
  );
  return new Map([...Map.groupBy(rows, (r) => r.person_id)].map(([personId, of]) => [personId, of.map((r) => r.membership)]));
};

/** Memberships of others that this person may act in now. */
const delegatedTo = async (database: Database, personId: string): Promise<z.input<typeof SessionMembership>[]> => {
  const { rows } = await asService(database, (client) =>
    client.query<{ membership: z.input<typeof Membership>; delegator: Ref; until: Date }>(
      `SELECT json_build_object('id', m.id, 'role', m.role, 'org', json_build_object('id', o.id, 'kind', o.kind, 'nameZh', o.name_zh, 'nameEn', o.name_en)) AS membership,
         json_build_object('id', p.id, 'nameZh', p.name_zh, 'nameEn', p.name_en) AS delegator, max(d.ends_at) AS until
       FROM delegation d JOIN membership m ON m.id = d.membership_id JOIN organisation o ON o.id = m.org_id JOIN person p ON p.id = m.person_id
       WHERE d.delegate_id = $1 AND ${DELEGATION_LIVE} GROUP BY m.id, o.id, p.id ORDER BY m.id`, [personId],
    ),
  );
  return rows.map((r) => ({ ...r.membership, delegator: r.delegator, until: r.until.toISOString() }));
};

const sessionOf = async (database: Database, s: SignedIn): Promise<z.input<typeof Session>> => {
  const own = (await membershipsOf(database, [s.actor.personId])).get(s.actor.personId) ?? [];
  const memberships = [...own.map((m) => ({ ...m, delegator: null, until: null })), ...(await delegatedTo(database, s.actor.personId))];
  return {
    account: { id: s.accountId, username: s.username },
    person: s.person,
    membership: memberships.find((m) => m.id === s.membershipId)!,
    memberships,
    permissions: Object.keys(PERMISSIONS).filter((action) => may(s.actor.role, action)),
    csrfToken: s.csrfToken,
    mustChangePassword: s.mustChangePassword,
    expiresAt: s.expiresAt.toISOString(),
  };
};

const path = '/api/v1/session';
const tag = 'session';

export const sessionRoutes = [
  route({
    method: 'post', path, tag, summary: 'Sign in 登录', access: 'public', body: SignInBody, response: Session, refusals: ['auth.failed', 'auth.locked'],
    handle: async ({ body, signIn, deps, req, res }) => {
      if (req.get('Sec-Fetch-Site') === 'cross-site') throw new Refused('auth.csrf');
      const { token } = await signIn.signIn(body.username, body.password, req.ip ?? '');
      signIn.setCookie(res, token);
      return { body: await sessionOf(deps.database, await signIn.byToken(token)) };
    },
  }),
  route({
    method: 'get', path, tag, summary: 'Who is signed in 当前会话', access: 'session.before_password_change', response: Session,
    handle: async ({ session, deps }) => ({ body: await sessionOf(deps.database, session) }),
  }),
  route({
    method: 'delete', path, tag, summary: 'Sign out 退出', access: 'session.before_password_change',
    handle: async ({ session, deps, signIn, res }) => {
      await asService(deps.database, async (client) => {
        await client.query('DELETE FROM session WHERE token_sha = $1', [session.tokenSha]);
        await audit.signOut(client, { personId: session.actor.personId, accountId: session.accountId });
      });
      signIn.clearCookie(res);
      return { body: null };
    },
  }),
  route({
    method: 'put', path: '/api/v1/session/membership', tag, summary: 'Act in another membership 切换身份', access: 'session', body: MembershipBody, response: Session,
    handle: async ({ body, session, deps, signIn, req }) => {
      const changed = await asService(deps.database, async (client) => {
        const { rowCount } = await client.query(
          `UPDATE session SET membership_id = m.id FROM membership m WHERE session.token_sha = $1 AND m.id = $2
           AND (m.person_id = $3 OR EXISTS (SELECT FROM delegation d WHERE d.membership_id = m.id AND d.delegate_id = $3 AND ${DELEGATION_LIVE}))`, [session.tokenSha, body.membershipId, session.actor.personId],
        );
        if (rowCount === 1) await audit.membership(client, { personId: session.actor.personId, membershipId: body.membershipId });
        return rowCount === 1;
      });
      if (!changed) throw new Refused('request.not_found', { field: 'membershipId' });
      return { body: await sessionOf(deps.database, (await signIn.find(req))!) };
    },
  }),
  route({
    method: 'post', path: '/api/v1/session/password', tag, summary: 'Change the own password 修改密码', access: 'session.before_password_change', body: PasswordBody, refusals: ['auth.failed', 'auth.locked', 'auth.password_weak'],
    handle: async ({ body, session, deps, signIn }) => {
      await signIn.checkOwnPassword(session, body.current);
      unwrap(checkPassword(body.next, session.username));
      if (body.next === body.current) throw new Refused('auth.password_weak', { field: 'next', detail: { rule: 'unchanged' } });
      const hash = await hashPassword(body.next);
      await asService(deps.database, async (client) => {
        await client.query('UPDATE account SET password_hash = $2, must_change_password = false WHERE id = $1', [session.accountId, hash]);
        await client.query('DELETE FROM session WHERE account_id = $1 AND token_sha <> $2', [session.accountId, session.tokenSha]);
        await audit.password(client, { personId: session.actor.personId, accountId: session.accountId, outcome: 'ok' });
      });
      return { body: null };
    },
  }),
];
