/** 登录会话: who is calling. The cookie holds a secret of which the database knows the SHA-256 only. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { LOCK_OUT, SESSION } from '../domain/accounts.ts';
import type { Actor, OrganisationKind, Role } from '../domain/permissions.ts';
import { hashPassword, verifyPassword } from '../platform/passwords.ts';
import { DELEGATION_LIVE, orgIdsOf } from '../prisma/affiliations.ts';
import type { Database } from '../prisma/client.ts';
import { audit } from './audit.ts';
import { asService } from './deps.ts';
import { Refused } from './problem.ts';

export interface SignedIn {
  accountId: string;
  username: string;
  membershipId: string;
  actor: Actor;
  person: { id: string; nameZh: string; nameEn: string };
  csrfToken: string;
  mustChangePassword: boolean;
  expiresAt: Date;
  tokenSha: string;
}

interface SessionRow {
  account_id: string; username: string; membership_id: string; csrf_token: string; must_change_password: boolean; expires_at: Date; quiet_ms: number;
  person_id: string; name_zh: string; name_en: string; role: Role; org_id: string; kind: OrganisationKind; org_ids: string[]; delegator_id: string | null;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** In a membership of their own, or in that of somebody who delegated it for now: when the delegation ends, so does the session. */
const FIND = `
SELECT s.account_id, a.username, s.membership_id, s.csrf_token, a.must_change_password, s.expires_at, extract(epoch FROM now() - s.last_seen_at)::float8 * 1000 AS quiet_ms,
  p.id AS person_id, p.name_zh, p.name_en, m.role, m.org_id, o.kind, CASE WHEN m.person_id <> p.id THEN m.person_id END AS delegator_id, ${orgIdsOf('ARRAY[p.id, m.person_id]')} AS org_ids
FROM session s JOIN account a ON a.id = s.account_id JOIN person p ON p.id = a.person_id
JOIN membership m ON m.id = s.membership_id AND (m.person_id = p.id OR EXISTS (SELECT FROM delegation d WHERE d.membership_id = m.id AND d.delegate_id = p.id AND ${DELEGATION_LIVE}))
JOIN organisation o ON o.id = m.org_id
WHERE s.token_sha = $1 AND a.disabled_at IS NULL AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(secs => $2)`;

export interface SignIn {
  /** The session of a request, or null. Notes it as a sign of life. */
  find(req: Pick<IncomingMessage, 'headers'>): Promise<SignedIn | null>;
  /**
   * The session that may go on: 401 without one; for calls that change something the CSRF token must be right (403); until a
   * first password is changed nothing else may be done (403).
   */
  require(req: Request, options?: { beforePasswordChange?: boolean }): Promise<SignedIn>;
  /** Whether a session is still good, without keeping it alive. */
  isGood(session: SignedIn): Promise<boolean>;
  signIn(username: string, password: string, address: string): Promise<{ token: string }>;
  /** The session behind a token that `signIn` gave. */
  byToken(token: string): Promise<SignedIn>;
  /** Checks the password of whoever is signed in; wrong ones count towards the lock-out. */
  checkOwnPassword(session: SignedIn, password: string): Promise<void>;
  setCookie(res: Response, token: string): void;
  clearCookie(res: Response): void;
}

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS'];

export const createSignIn = (database: Database, publicUrl: string | null): SignIn => {
  const secure = publicUrl?.startsWith('https:') ?? false;
  const cookieName = secure ? '__Host-pw_session' : 'pw_session';
  const cookie = { httpOnly: true, sameSite: 'strict', secure, path: '/' } as const;
  // Somebody who is not there costs as much time as somebody who is.
  const nobody = hashPassword(randomBytes(16).toString('hex'));

  const tokenOf = (req: Pick<IncomingMessage, 'headers'>): string | null => {
    for (const part of (req.headers.cookie ?? '').split(';')) {
      const [name, ...value] = part.trim().split('=');
      if (name === cookieName) return value.join('=');
    }
    return null;
  };

  const load = async (tokenSha: string, touch: boolean): Promise<SignedIn | null> => {
    const row = await asService(database, async (client) => {
      const { rows } = await client.query<SessionRow>(FIND, [tokenSha, SESSION.idleMs / 1000]);
      if (rows[0] && touch && rows[0].quiet_ms > SESSION.touchMs) await client.query('UPDATE session SET last_seen_at = now() WHERE token_sha = $1', [tokenSha]);
      return rows[0];
    });
    if (!row) return null;
    return {
      accountId: row.account_id, username: row.username, membershipId: row.membership_id, csrfToken: row.csrf_token, mustChangePassword: row.must_change_password, expiresAt: row.expires_at,
      tokenSha, person: { id: row.person_id, nameZh: row.name_zh, nameEn: row.name_en },
      actor: { personId: row.person_id, role: row.role, orgId: row.org_id, orgKind: row.kind, orgIds: row.org_ids, ...(row.delegator_id ? { delegatorId: row.delegator_id } : {}) },
    };
  };

  const find = async (req: Pick<IncomingMessage, 'headers'>): Promise<SignedIn | null> => {
    const token = tokenOf(req);
    return token === null ? null : await load(sha256(token), true);
  };

  /** Counts the attempt before it is looked at, so that many at once are no way around the lock. */
  const attempt = async (accountId: string, hash: string, password: string): Promise<'ok' | 'failed' | 'locked'> => {
    const counted = await asService(database, async (client) => {
      const { rows } = await client.query<{ failed_attempts: number }>(
        `UPDATE account SET failed_attempts = CASE WHEN locked_until IS NOT NULL THEN 1 ELSE failed_attempts + 1 END, locked_until = NULL
         WHERE id = $1 AND (locked_until IS NULL OR locked_until <= now()) AND (failed_attempts < $2 OR locked_until IS NOT NULL) RETURNING failed_attempts`,
        [accountId, LOCK_OUT.attempts],
      );
      // So many are being looked at just now: one of them locks or frees the account.
      return rows[0]?.failed_attempts ?? null;
    });
    if (counted === null) {
      await verifyPassword(await nobody, password);
      await asService(database, (client) =>
        client.query('UPDATE account SET locked_until = now() + make_interval(secs => $2) WHERE id = $1 AND locked_until IS NULL AND failed_attempts >= $3', [accountId, LOCK_OUT.forMs / 1000, LOCK_OUT.attempts]),
      );
      return 'locked';
    }
    const isRight = await verifyPassword(hash, password);
    await asService(database, (client) =>
      isRight
        ? client.query('UPDATE account SET failed_attempts = 0, locked_until = NULL WHERE id = $1', [accountId])
        : client.query('UPDATE account SET locked_until = now() + make_interval(secs => $2) WHERE id = $1 AND locked_until IS NULL AND failed_attempts >= $3', [accountId, LOCK_OUT.forMs / 1000, LOCK_OUT.attempts]),
    );
    return isRight ? 'ok' : 'failed';
  };

  const refuseAttempt = (outcome: 'failed' | 'locked'): never => {
    if (outcome === 'locked') throw new Refused('auth.locked', { detail: { retryAfterS: LOCK_OUT.forMs / 1000 } });
    throw new Refused('auth.failed');
  };

  return {
    find,
    require: async (req, options = {}) => {
      const session = await find(req);
      if (!session) throw new Refused('auth.required');
      if (!SAFE_METHODS.includes(req.method)) {
        const given = Buffer.from(sha256(req.get('X-CSRF-Token') ?? ''));
        if (!timingSafeEqual(given, Buffer.from(sha256(session.csrfToken))) || req.get('Sec-Fetch-Site') === 'cross-site') throw new Refused('auth.csrf');
      }
      if (session.mustChangePassword && !options.beforePasswordChange) throw new Refused('auth.password_change_required');
      return session;
    },
    isGood: async (session) => {
      const now = await load(session.tokenSha, false);
      return now !== null && now.membershipId === session.membershipId && now.actor.role === session.actor.role;
    },
    signIn: async (username, password, address) => {
      const { rows } = await asService(database, (client) =>
        client.query<{ id: string; person_id: string; password_hash: string; disabled_at: Date | null; membership_id: string | null }>(
          `SELECT a.id, a.person_id, a.password_hash, a.disabled_at,
             (SELECT m.id FROM membership m WHERE m.person_id = a.person_id ORDER BY m.id LIMIT 1) AS membership_id FROM account a WHERE a.username = $1`,
          [username.toLowerCase()],
        ),
      );
      const account = rows[0];
      const note = (outcome: 'ok' | 'failed' | 'locked' | 'disabled') =>
        asService(database, (client) => audit.signIn(client, { personId: account?.person_id ?? null, accountId: account?.id ?? null, username: username.slice(0, 64), outcome, address }));
      if (!account) {
        await verifyPassword(await nobody, password);
        await note('failed');
        return refuseAttempt('failed');
      }
      const outcome = await attempt(account.id, account.password_hash, password);
      if (outcome !== 'ok') {
        await note(outcome);
        return refuseAttempt(outcome);
      }
      if (account.disabled_at || !account.membership_id) {
        await note('disabled');
        return refuseAttempt('failed');
      }
      const token = randomBytes(32).toString('base64url');
      await asService(database, async (client) => {
        await client.query('DELETE FROM session WHERE expires_at < now()');
        await client.query('INSERT INTO session (token_sha, account_id, membership_id, csrf_token, expires_at) VALUES ($1, $2, $3, $4, now() + make_interval(secs => $5))', [
          sha256(token), account.id, account.membership_id, randomBytes(24).toString('base64url'), SESSION.maxMs / 1000,
        ]);
        await audit.signIn(client, { personId: account.person_id, accountId: account.id, username, outcome: 'ok', address });
      });
      return { token };
    },
    byToken: async (token) => {
      const session = await load(sha256(token), false);
      if (!session) throw new Refused('auth.required');
      return session;
    },
    checkOwnPassword: async (session, password) => {
      const { rows } = await asService(database, (client) => client.query<{ password_hash: string }>('SELECT password_hash FROM account WHERE id = $1', [session.accountId]));
      const outcome = rows[0] ? await attempt(session.accountId, rows[0].password_hash, password) : 'failed';
      if (outcome === 'ok') return;
      await asService(database, (client) => audit.password(client, { personId: session.actor.personId, accountId: session.accountId, outcome }));
      refuseAttempt(outcome);
    },
    setCookie: (res, token) => void res.cookie(cookieName, token, { ...cookie, maxAge: SESSION.maxMs }),
    clearCookie: (res) => void res.clearCookie(cookieName, cookie),
  };
};
