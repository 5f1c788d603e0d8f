import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LOCK_OUT, SESSION } from '../../domain/accounts.ts';
import { ROLES } from '../../domain/permissions.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

let w: World;
beforeAll(async () => {
  w = await startWorld();
});
afterAll(() => w?.close());

const audits = async (action: string): Promise<{ outcome: string; actor_id: string | null; detail: Record<string, unknown> }[]> =>
  (await w.db.pool.query<{ outcome: string; actor_id: string | null; detail: Record<string, unknown> }>('SELECT outcome, actor_id, detail FROM audit_event WHERE action = $1 ORDER BY at, id', [action])).rows;

describe('signing in', () => {
  test('gives a session with person, membership and permissions; the cookie is known as its hash only', async () => {
    const v = w.visitor();
    const reply = await v.signIn('inspector1');
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ account: { username: 'inspector1' }, person: { id: w.park.people.inspector.personId }, membership: { role: 'inspector', org: { kind: 'park_department' } }, mustChangePassword: false });
    const permissions = (reply.body as unknown as { permissions: string[] }).permissions;
    expect(permissions).toContain('hazard.triage');
    expect(permissions).not.toContain('account.manage');
    const [cookie] = reply.headers.getSetCookie();
    expect(cookie).toMatch(/^pw_session=[\w-]{43};.*HttpOnly.*SameSite=Strict/i);
    const token = v.cookie.split('=')[1]!;
    const { rows } = await w.db.pool.query("SELECT FROM session WHERE token_sha = $1 OR to_jsonb(session)::text LIKE '%' || $1 || '%'", [token]);
    expect(rows).toHaveLength(0);
    expect((await v.get('/api/v1/session')).status).toBe(200);
  });

  test('over https the cookie is a __Host- cookie with Secure', async () => {
    const secure = await startWorld({ publicUrl: 'https://park.example', enterprises: 1 });
    try {
      const reply = await secure.visitor().signIn('inspector1');
      expect(reply.headers.getSetCookie()[0]).toMatch(/^__Host-pw_session=.*Path=\/.*Secure/);
      expect(reply.headers.get('Strict-Transport-Security')).toBeTruthy();
    } finally {
      await secure.close();
    }
  });

  test('a wrong password and an unknown name are answered alike, and both are audited', async () => {
    const wrong = await w.visitor().signIn('office1', 'not-the-password');
    const unknown = await w.visitor().signIn('nobody-here', 'not-the-password');
    for (const reply of [wrong, unknown]) expect({ status: reply.status, code: reply.body.code }).toEqual({ status: 401, code: 'auth.failed' });
    expect({ ...wrong.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
    const rows = await audits('session.sign_in');
    expect(rows.filter((r) => r.outcome === 'failed').map((r) => r.detail.username)).toEqual(['office1', 'nobody-here']);
    expect(JSON.stringify(rows)).not.toContain('not-the-password');
  });

  test(`${LOCK_OUT.attempts} wrong passwords lock the account, even against the right one, until the time is over`, async () => {
    const { username, accountId } = w.park.people.admin;
    for (let i = 0; i < LOCK_OUT.attempts; i++) expect((await w.visitor().signIn(username, `wrong-${i}`)).body.code).toBe('auth.failed');
    const locked = await w.visitor().signIn(username);
    expect({ status: locked.status, code: locked.body.code }).toEqual({ status: 423, code: 'auth.locked' });
    expect(locked.headers.get('Retry-After')).toBe(String(LOCK_OUT.forMs / 1000));
    expect((await audits('session.sign_in')).at(-1)).toMatchObject({ outcome: 'locked', actor_id: w.park.people.admin.personId });
    await w.db.pool.query("UPDATE account SET locked_until = now() - interval '1 second' WHERE id = $1", [accountId]);
    expect((await w.visitor().signIn(username)).status).toBe(200);
  });

  test('many guesses at once are no way around the lock', async () => {
    const { username } = w.park.people.investment;
    const replies = await Promise.all(Array.from({ length: 12 }, (_, i) => w.visitor().signIn(username, `guess-${i}`)));
    expect(replies.filter((r) => r.body.code === 'auth.failed')).toHaveLength(LOCK_OUT.attempts);
    expect(replies.filter((r) => r.body.code === 'auth.locked')).toHaveLength(12 - LOCK_OUT.attempts);
    expect((await w.visitor().signIn(username)).body.code).toBe('auth.locked');
  });

  test('a disabled account does not sign in', async () => {
    const gone = await w.park.addPerson({ username: 'gone1', role: 'inspector', orgId: w.park.orgs.inspection });
    expect((await w.visitor().signIn('gone1')).status).toBe(200);
    await w.db.pool.query('UPDATE account SET disabled_at = now() WHERE id = $1', [gone.accountId]);
    expect((await w.visitor().signIn('gone1')).body.code).toBe('auth.failed');
  });
});

describe('a session', () => {
  test('ends when idle, at its limit, when the account is disabled and by signing out', async () => {
    const v = await w.as(w.park.people.inspector);
    expect((await v.get('/api/v1/session')).status).toBe(200);
    const sha = "(SELECT token_sha FROM session WHERE account_id = $1 ORDER BY created_at DESC LIMIT 1)";
    await w.db.pool.query(`UPDATE session SET last_seen_at = now() - make_interval(secs => $2) WHERE token_sha = ${sha}`, [w.park.people.inspector.accountId, SESSION.idleMs / 1000 + 1]);
    expect((await v.get('/api/v1/session')).body.code).toBe('auth.required');

    const u = w.visitor();
    await u.signIn('inspector1');
    await w.db.pool.query(`UPDATE session SET expires_at = now() - interval '1 second' WHERE token_sha = ${sha}`, [w.park.people.inspector.accountId]);
    expect((await u.get('/api/v1/session')).status).toBe(401);

    const x = w.visitor();
    await x.signIn('inspector1');
    expect((await x.send('DELETE', '/api/v1/session')).status).toBe(204);
    expect((await x.get('/api/v1/session')).status).toBe(401);
  });

  test('activity keeps it alive', async () => {
    const v = w.visitor();
    await v.signIn('office1');
    const id = w.park.people.office.accountId;
    await w.db.pool.query('UPDATE session SET last_seen_at = now() - make_interval(secs => $2) WHERE account_id = $1', [id, SESSION.touchMs / 1000 + 5]);
    await v.get('/api/v1/session');
    const { rows } = await w.db.pool.query<{ quiet: number }>('SELECT max(extract(epoch FROM now() - last_seen_at))::float8 AS quiet FROM session WHERE account_id = $1', [id]);
    expect(rows[0]!.quiet).toBeLessThan(SESSION.touchMs / 1000);
  });

  test('whatever changes something needs the CSRF token', async () => {
    const v = w.visitor();
    await v.signIn('inspector1');
    const good = v.csrf;
    for (const csrf of ['', 'x', good.slice(0, -1)]) {
      v.csrf = csrf;
      const reply = await v.post('/api/v1/hazards', {});
      expect({ status: reply.status, code: reply.body.code }).toEqual({ status: 403, code: 'auth.csrf' });
    }
    v.csrf = good;
    expect((await v.post('/api/v1/hazards', {})).body.code).toBe('request.invalid');
  });

  test('without one every call but sign-in and health is 401', async () => {
    const v = w.visitor();
    for (const path of ['/api/v1/session', '/api/v1/hazards', '/api/v1/alarms', '/api/v1/map', '/api/v1/notices', '/api/v1/events', '/api/v1/accounts', '/api/v1/flow-versions', `/api/v1/blobs/${'a'.repeat(64)}`]) {
      expect({ path, code: (await v.get(path)).body.code }).toEqual({ path, code: 'auth.required' });
    }
    expect((await v.get('/healthz')).status).toBe(200);
  });

  test('another membership of the same person can be chosen, one of somebody else cannot', async () => {
    const two = await w.park.addPerson({ username: 'two1', role: 'inspector', orgId: w.park.orgs.inspection });
    await w.db.pool.query("INSERT INTO membership (id, person_id, org_id, role) VALUES ('m-two-b', $1, $2, 'process_owner')", [two.personId, w.park.orgs.admin]);
    const v = w.visitor();
    await v.signIn('two1');
    const switched = await v.send<{ membership: { role: string }; permissions: string[] }>('PUT', '/api/v1/session/membership', { json: { membershipId: 'm-two-b' } });
    expect(switched.body.membership.role).toBe('process_owner');
    expect(switched.body.permissions).toContain('flow.edit');
    expect((await v.get('/api/v1/hazards')).body.code).toBe('permission.denied');
    expect((await v.send('PUT', '/api/v1/session/membership', { json: { membershipId: w.park.people.admin.membershipId } })).status).toBe(404);
  });
});

describe('passwords', () => {
  test('a first password must be changed before anything else; weak ones are refused; other sessions end', async () => {
    const fresh = await w.park.addPerson({ username: 'fresh1', role: 'inspector', orgId: w.park.orgs.inspection });
    await w.db.pool.query('UPDATE account SET must_change_password = true WHERE id = $1', [fresh.accountId]);
    const [v, other] = [w.visitor(), w.visitor()];
    await v.signIn('fresh1');
    await other.signIn('fresh1');
    expect((await v.get('/api/v1/hazards')).body.code).toBe('auth.password_change_required');
    expect((await v.get<{ mustChangePassword: boolean }>('/api/v1/session')).body.mustChangePassword).toBe(true);
    const change = (next: string, current = 'correct-horse-battery') => v.post('/api/v1/session/password', { current, next });
    for (const weak of ['short', 'fresh1fresh1', 'Password-1234', 'aaaaaaaaaaaaaaa', 'correct-horse-battery']) {
      expect({ weak, code: (await change(weak)).body.code }).toEqual({ weak, code: 'auth.password_weak' });
    }
    expect((await change('a-brand-new-secret', 'wrong')).body.code).toBe('auth.failed');
    expect((await change('a-brand-new-secret')).status).toBe(204);
    expect((await v.get('/api/v1/hazards')).status).toBe(200);
    expect((await other.get('/api/v1/session')).status).toBe(401);
    expect((await w.visitor().signIn('fresh1')).body.code).toBe('auth.failed');
    expect((await w.visitor().signIn('fresh1', 'a-brand-new-secret')).status).toBe(200);
  });
});

describe('accounts and grants', () => {
  test('an administrator creates an account that must change its password, and can end it', async () => {
    const admin = await w.as(w.park.people.admin);
    const ent = w.park.enterprises[0]!;
    const made = await admin.post<{ accountId: string; initialPassword: string }>('/api/v1/accounts', { username: 'new.officer', person: { nameZh: '王安', nameEn: 'Wang An' }, memberships: [{ orgId: ent.id, role: 'enterprise_safety_officer' }] });
    expect(made.status).toBe(201);
    const v = w.visitor();
    const session = await v.signIn('new.officer', made.body.initialPassword);
    expect(session.body).toMatchObject({ mustChangePassword: true, membership: { role: 'enterprise_safety_officer', org: { id: ent.id } } });
    const { rows } = await w.db.pool.query("SELECT FROM idempotency_key WHERE response::text LIKE '%' || $1 || '%'", [made.body.initialPassword]);
    expect(rows).toHaveLength(0);
    const list = await admin.get<{ items: { username: string }[] }>('/api/v1/accounts?limit=200');
    expect(list.body.items.map((a) => a.username)).toContain('new.officer');
    expect(JSON.stringify(list.body)).not.toContain('argon2');
    expect((await admin.post('/api/v1/accounts', { username: 'new.officer', person: { nameZh: '王', nameEn: 'W' }, memberships: [{ orgId: ent.id, role: 'enterprise_safety_officer' }] })).body.code).toBe('account.username_taken');
    expect((await admin.post('/api/v1/accounts', { username: 'odd1', person: { nameZh: '王', nameEn: 'W' }, memberships: [{ orgId: ent.id, role: 'park_admin' }] })).body.code).toBe('account.role_mismatch');
    expect((await admin.post(`/api/v1/accounts/${made.body.accountId}/disable`, undefined)).status).toBe(204);
    expect((await v.get('/api/v1/session')).status).toBe(401);
    expect((await admin.post(`/api/v1/accounts/${w.park.people.admin.accountId}/disable`, undefined)).body.code).toBe('account.disables_itself');
    expect((await audits('account.create')).map((r) => r.detail.username)).toEqual(['new.officer']);
  });

  test('a grant lets a regulator read one enterprise until it ends', async () => {
    const admin = await w.as(w.park.people.admin);
    const regulator = await w.as(w.park.people.regulator);
    const [one, two] = w.park.enterprises;
    const assets = async () => (await regulator.get<{ features: { properties: { kind: string; tenantId?: string } }[] }>('/api/v1/map')).body.features.flatMap((f) => (f.properties.kind === 'asset' ? [f.properties.tenantId] : []));
    expect(await assets()).toEqual([]);
    const grant = { orgId: w.park.orgs.regulator, tenantId: one!.id, purpose: '事故调查', startsAt: new Date(Date.now() - 1_000).toISOString(), expiresAt: new Date(Date.now() + 3_600_000).toISOString() };
    expect((await admin.post('/api/v1/grants', { ...grant, expiresAt: grant.startsAt })).body).toMatchObject({ code: 'grant.invalid', errors: [{ field: 'expiresAt' }] });
    expect((await admin.post('/api/v1/grants', { ...grant, orgId: two!.id })).body.code).toBe('grant.invalid');
    const made = await admin.post<{ id: string }>('/api/v1/grants', grant);
    expect(made.status).toBe(201);
    expect(new Set(await assets())).toEqual(new Set([one!.id]));
    await w.db.pool.query("UPDATE access_grant SET expires_at = clock_timestamp() WHERE id = $1", [made.body.id]);
    expect(await assets()).toEqual([]);
    expect((await audits('grant.create'))[0]).toMatchObject({ actor_id: w.park.people.admin.personId, detail: { purpose: '事故调查' } });
  });
});

test('every role is somebody in the test park', () => {
  const roles = new Set([...Object.values(w.park.people), ...w.park.enterprises.map((e) => e.officer)].map((p) => p.role));
  expect([...roles].sort()).toEqual([...ROLES].sort());
});
