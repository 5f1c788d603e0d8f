/** What holds for every route: the permission table, the description, live events, words for refusals. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiDocument, openApiText, refusalsOf } from '../../api/openapi.ts';
import { languageOf } from '../../api/problem.ts';
import type { Route } from '../../api/route.ts';
import { ROUTES } from '../../api/routes/index.ts';
import { REFUSALS } from '../../domain/errors.ts';
import { PERSON_COMMANDS } from '../../domain/hazard.ts';
import type { Action } from '../../domain/permissions.ts';
import { may, PERMISSIONS, ROLES } from '../../domain/permissions.ts';
import { addToOutbox } from '../../prisma/outbox.ts';
import type { ParkPerson } from '../factories/park.ts';
import type { Visitor, World } from './world.ts';
import { startWorld, until } from './world.ts';

let w: World;
let portalDir: string;
beforeAll(async () => {
  portalDir = await mkdtemp(join(tmpdir(), 'parkwarden-portal-'));
  await mkdir(join(portalDir, 'assets'));
  await writeFile(join(portalDir, 'index.html'), '<!doctype html><title>portal</title>');
  await writeFile(join(portalDir, 'assets', 'a.js'), '1');
  w = await startWorld({ registerWaitMs: 0, updateMs: 500, portalDir });
});
afterAll(async () => {
  await w?.close();
  await rm(portalDir, { recursive: true, force: true });
});

const everybody = (): ParkPerson[] => [...Object.values(w.park.people), w.park.enterprises[0]!.officer];
const call = (v: Visitor, r: Route, path: string) =>
  v.send<Record<string, unknown>>(r.method.toUpperCase(), path, {
    ...(r.body ? { json: {} } : r.raw?.body ? { bytes: Buffer.from('x') } : {}), headers: { 'Idempotency-Key': crypto.randomUUID() },
  });

describe('who may call what', () => {
  const guarded = ROUTES.filter((r) => r.access in PERMISSIONS);
  const pathOf = (r: Route) => r.path.replace('{sha256}', 'a'.repeat(64)).replace('{version}', '1').replace(/\{\w+\}/g, 'nothing1');

  test.each(ROLES)('[C-102] %s: every guarded route answers 403 exactly where the table says no', async (role) => {
    const v = await w.as(everybody().find((p) => p.role === role)!);
    for (const r of guarded) {
      const reply = await call(v, r, pathOf(r));
      const where = `${role} ${r.method} ${r.path}`;
      if (may(role, r.access)) expect({ where, code: reply.body?.code }).not.toEqual({ where, code: 'permission.denied' });
      // An answer to HEAD has no body.
      else if (r.method === 'head') expect({ where, status: reply.status }).toEqual({ where, status: 403 });
      else expect({ where, status: reply.status, code: reply.body.code, action: reply.body.action }).toEqual({ where, status: 403, code: 'permission.denied', action: r.access });
    }
  });

  test('every route says who may; a refusal is in the audit with who and what', async () => {
    for (const r of ROUTES) expect(['public', 'session', 'session.before_password_change', ...Object.keys(PERMISSIONS)]).toContain(r.access);
    expect(ROUTES.filter((r) => r.access === 'public').map((r) => `${r.method} ${r.path}`)).toEqual(['post /api/v1/session', 'get /healthz', 'get /readyz']);
    const { rows } = await w.db.pool.query<{ actor_id: string; action: string }>("SELECT actor_id, action FROM audit_event WHERE outcome = 'permission.denied'");
    const pairs = new Set(rows.map((r) => `${r.actor_id} ${r.action}`));
    for (const p of everybody()) for (const r of guarded) expect({ who: p.role, action: r.access, audited: pairs.has(`${p.personId} ${r.access}`) }).toEqual({ who: p.role, action: r.access, audited: !may(p.role, r.access) });
  });

  test.each(ROLES)('[C-102] %s: every act on a case is refused by permission exactly where the table says no', async (role) => {
    const person = everybody().find((p) => p.role === role)!;
    const v = await w.as(person);
    const hazardId = await seedHazard(`hz-${role}`, 'ent-1');
    await w.db.pool.query("INSERT INTO access_grant (id, org_id, tenant_id, purpose, approved_by, starts_at, expires_at) VALUES ('g1', $1, 'ent-1', 'x', 'x', now() - interval '1 hour', now() + interval '1 hour') ON CONFLICT DO NOTHING", [w.park.orgs.regulator]);
    const acts: [string, Record<string, unknown>][] = [
      ['triage', { grade: 'general', reason: 'x' }], ['dispatch', { responsibleId: w.park.enterprises[0]!.officer.personId }], ['returnDispatch', { reason: 'x' }], ['start', {}], ['progress', { note: 'x', evidence: [] }],
      ['submit', { note: 'x', evidence: [] }], ['accept', { note: 'x' }], ['reject', { reason: 'x' }], ['dismiss', { reason: 'x' }],
    ];
    for (const [act, more] of acts) {
      const reply = await v.act(hazardId, { act, ...more });
      const where = `${role} ${act}`;
      // The engine is away in this test: whoever may act gets as far as to it.
      if (may(role, 'hazard.read') && may(role, `hazard.${act}`)) expect({ where, code: reply.body.code }).not.toEqual({ where, code: 'permission.denied' });
      else expect({ where, status: reply.status, no: ['permission.denied', 'hazard.acceptor_from_enterprise', 'hazard.self_acceptance'].includes(reply.body.code) }).toEqual({ where, status: 403, no: true });
    }
  });
});

const seedHazard = async (id: string, tenantId: string): Promise<string> => {
  const snapshot = {
    hazardId: id, tenantId, type: 'leak', grade: null, title: 't', description: 'd', state: 'reported', origin: 'manual', seq: 1, cycle: 1, assetId: null, zoneId: null, point: null, event: null, statutory: false,
    reportedAt: 0, dueAt: null, overdue: false, needsOwner: false, responsibleId: null, rectifierIds: [], reporterIds: [], reportIds: [], rejections: 0, supervision: 0, supervisionOpen: false, supervisionExhausted: false, deadlines: [], lastAt: 0, closedAt: null,
  };
  await w.db.pool.query(
    `INSERT INTO hazard (id, tenant_id, number, type, title, description, state, origin, seq, reported_at, snapshot, updated_at) VALUES ($1, $2, $1, 'leak', 't', 'd', 'reported', 'manual', 1, now(), $3, now())`, [id, tenantId, JSON.stringify(snapshot)],
  );
  return id;
};

describe('the description', () => {
  const document = openApiDocument() as { openapi: string; paths: Record<string, Record<string, { responses: Record<string, unknown>; operationId: string; parameters?: { name: string; in: string }[] }>>; components: { schemas: Record<string, unknown> } };

  test('is OpenAPI 3.1, names every route and nothing else, and every reference in it leads somewhere', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const described = Object.entries(document.paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m} ${path}`)).sort();
    expect(described).toEqual(ROUTES.map((r) => `${r.method} ${r.path}`).sort());
    const ids = Object.values(document.paths).flatMap((m) => Object.values(m).map((o) => o.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, name] of openApiText().matchAll(/"#\/components\/schemas\/(\w+)"/g)) expect(Object.keys(document.components.schemas)).toContain(name);
    for (const [path, methods] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
      for (const o of Object.values(methods)) expect((o.parameters ?? []).filter((p) => p.in === 'path').map((p) => p.name)).toEqual(inPath);
    }
  });

  test('is served with its page, without anything from elsewhere; every refusal that it names has words in zh and en', async () => {
    const v = w.visitor();
    expect((await v.get('/openapi.json')).body).toEqual(JSON.parse(openApiText()));
    const page = await v.get('/api');
    expect(page.headers.get('Content-Security-Policy')).toMatch(/default-src 'self'/);
    expect(String(page.body)).not.toMatch(/https?:\/\//);
    expect((await v.get('/api/page.js')).status).toBe(200);
    for (const r of ROUTES) {
      for (const code of refusalsOf(r)) {
        expect(REFUSALS[code].zh).toMatch(/[\u4e00-\u9fff]/);
        expect(REFUSALS[code].en).toMatch(/^[A-Z]/);
      }
    }
  });

  test('problems speak the language of the reader', async () => {
    const v = w.visitor();
    const [zh, en, other] = await Promise.all(['zh-CN,en;q=0.5', 'en-GB,zh;q=0.2', 'fr'].map((l) => v.get('/api/v1/session', { 'Accept-Language': l })));
    expect([zh!.body.title, en!.body.title, other!.body.title]).toEqual([REFUSALS['auth.required'].zh, REFUSALS['auth.required'].en, REFUSALS['auth.required'].zh]);
    expect(languageOf('en;q=0')).toBe('zh');
    expect(zh!.body).toMatchObject({ type: 'urn:parkwarden:problem:auth.required', status: 401, titleZh: REFUSALS['auth.required'].zh, titleEn: REFUSALS['auth.required'].en });
    expect(zh!.body.instance).toBe(`urn:request:${zh!.headers.get('X-Request-Id')}`);
  });
});

describe('pages', () => {
  test('the portal is served under every address that is its own, and never under those of the API', async () => {
    const v = w.visitor();
    const html = { Accept: 'text/html' };
    for (const path of ['/', '/hazards/1', '/notices']) expect(String((await v.get(path, html)).body)).toContain('portal');
    const page = await v.get('/', html);
    expect(page.headers.get('Content-Security-Policy')).toMatch(/worker-src 'self' blob:/);
    expect(page.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect((await v.get('/assets/a.js')).headers.get('Cache-Control')).toMatch(/immutable/);
    for (const path of ['/api/v1/none', '/internal/flow/registry', '/api/none', '/assets/none.js', '/.env']) expect({ path, code: (await v.get(path, html)).body.code }).toEqual({ path, code: 'request.not_found' });
  });

  test('health and metrics', async () => {
    const v = w.visitor();
    expect((await v.get<{ ok: boolean }>('/readyz')).body.ok).toBe(true);
    const was = w.deps.components.broker;
    w.deps.components.broker = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const down = await v.get<{ components: { broker: unknown } }>('/readyz');
    w.deps.components.broker = was;
    expect({ status: down.status, broker: down.body.components.broker }).toEqual({ status: 503, broker: { ok: false, detail: 'connect ECONNREFUSED' } });
    expect(String((await v.get('/metrics')).body)).toMatch(/parkwarden_http_request_duration_seconds_count\{method="GET",route="\/readyz",status="503"\} 1/);
  });
});

describe('rows of others', () => {
  test('the database shows an enterprise its own rows even where a query forgets to ask', async () => {
    await seedHazard('hz-one', 'ent-1');
    await seedHazard('hz-two', 'ent-2');
    const tenantsOf = (scope: 'tenant' | 'park' | 'plant', tenantId: string) =>
      w.deps.database.pgTransaction({ scope, tenantId }, async (c) => (await c.query<{ tenant_id: string }>('SELECT DISTINCT tenant_id FROM hazard ORDER BY 1')).rows.map((r) => r.tenant_id));
    expect(await tenantsOf('tenant', 'ent-1')).toEqual(['ent-1']);
    expect(await tenantsOf('tenant', 'ent-2')).toEqual(['ent-2']);
    expect(await tenantsOf('park', 'org-admin')).toEqual(['ent-1', 'ent-2']);
    expect(await tenantsOf('plant', 'org-admin')).toEqual([]);
    expect((await w.deps.database.pool.query('SELECT FROM hazard')).rowCount).toBe(0);
  });

  test('registry, map and readings end at the own fence; the rating office gets the rating and nothing else', async () => {
    const officer = await w.as(w.park.enterprises[0]!.officer);
    const inspector = await w.as(w.park.people.inspector);
    const other = w.park.enterprises[1]!;
    const assets = async (v: Visitor) => new Set((await v.get<{ items: { tenantId: string }[] }>('/api/v1/assets?limit=200')).body.items.map((a) => a.tenantId));
    expect(await assets(officer)).toEqual(new Set(['ent-1']));
    expect(await assets(inspector)).toEqual(new Set(['ent-1', 'ent-2']));
    expect((await officer.get(`/api/v1/assets/${other.tank.id}`)).status).toBe(404);
    expect((await officer.get(`/api/v1/sensors/${other.tank.sensors.pressure.id}/readings`)).status).toBe(404);
    expect((await inspector.get(`/api/v1/sensors/${other.tank.sensors.pressure.id}/readings`)).body).toEqual({ items: [] });
    expect((await officer.get<{ sensors: { limits: unknown; statutory: boolean }[] }>('/api/v1/assets/tank-1')).body.sensors.map((s) => s.statutory)).toEqual([true, false]);
    expect((await officer.get<{ items: { id: string }[] }>('/api/v1/enterprises')).body.items.map((o) => o.id)).toEqual(['ent-1']);
    const invest = await w.as(w.park.people.investment);
    expect((await invest.get('/api/v1/ratings/ent-1')).body).toEqual({ rating: 'B' });
    expect((await invest.get(`/api/v1/ratings/${w.park.orgs.admin}`)).status).toBe(404);
  });
});

describe('live events', () => {
  interface Told { id: string; event?: string; data?: string }
  const stream = async (v: Visitor, lastEventId?: string) => {
    const ended = new AbortController();
    const response = await fetch(`${w.base}/api/v1/events`, { headers: { Cookie: v.cookie, ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}) }, signal: ended.signal });
    expect(response.headers.get('Content-Type')).toMatch(/^text\/event-stream/);
    const told: Told[] = [];
    void (async () => {
      let text = '';
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const fields = Object.fromEntries(text.slice(0, end).split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
          text = text.slice(end + 2);
          if (fields.id) told.push(fields as unknown as Told);
        }
      }
    })().catch(() => {});
    await until('the position', async () => told.length > 0);
    return { told, events: () => told.filter((t) => t.data).map((t) => (JSON.parse(t.data!) as { id: string }).id), last: () => told.at(-1)!.id, end: () => ended.abort() };
  };
  let n = 0;
  const happen = (id: string, tenantId: string, type: 'hazard.changed' | 'alarm.changed' = 'hazard.changed') =>
    w.db.pgTransaction({ scope: 'service' }, (c) => addToOutbox(c, [{ topic: 'event', key: `e${++n}`, tenantId, payload: { type, id, state: 's' } }]));

  test('reach whom they concern, in order, and nobody else', async () => {
    const [park, one, two, plant] = await Promise.all([w.park.people.inspector, w.park.enterprises[0]!.officer, w.park.enterprises[1]!.officer, w.park.people.processOwner].map(async (p) => await stream(await w.as(p))));
    await happen('h1', 'ent-1');
    await happen('h2', 'ent-2');
    await happen('a1', 'ent-1', 'alarm.changed');
    await until('all', async () => park!.events().length === 3 && one!.events().length === 2 && two!.events().length === 1 && plant!.events().length === 1);
    expect([park!.events(), one!.events(), two!.events(), plant!.events()]).toEqual([['h1', 'h2', 'a1'], ['h1', 'a1'], ['h2'], ['a1']]);
    expect(park!.told.at(-1)).toMatchObject({ event: 'alarm.changed' });
    for (const s of [park, one, two, plant]) s!.end();
  });

  test('go on after the last one seen, without gap or repeat, also past a transaction that commits late', async () => {
    const v = await w.as(w.park.people.inspector);
    const first = await stream(v);
    await happen('r1', 'ent-1');
    await until('r1', async () => first.events().length === 1);
    const at = first.last();
    first.end();
    const slow = await w.db.pool.connect();
    await slow.query('BEGIN');
    await addToOutbox(slow, [{ topic: 'event', key: 'late', tenantId: 'ent-1', payload: { type: 'hazard.changed', id: 'late' } }]);
    await happen('r2', 'ent-1');
    const second = await stream(v, at);
    await happen('r3', 'ent-1');
    await slow.query('COMMIT');
    slow.release();
    await until('three', async () => second.events().length >= 3);
    expect(second.events().toSorted()).toEqual(['late', 'r2', 'r3']);
    expect(second.events()[0]).toBe('late');
    second.end();
    await until('nobody reads', async () => w.deps.live.readers() === 0);
  });
});

test('while the database is away a call is 503 and the process lives; afterwards it answers again', async () => {
  const v = await w.as(w.park.people.inspector);
  const { rows } = await w.db.pool.query<{ name: string }>('SELECT current_database() AS name');
  const admin = await import('pg').then(({ default: pg }) => new pg.Client({ connectionString: process.env.TEST_POSTGRES_ADMIN_URL }));
  await admin.connect();
  await admin.query(`ALTER DATABASE ${rows[0]!.name} ALLOW_CONNECTIONS false`);
  await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [rows[0]!.name]);
  const away = await v.get('/api/v1/hazards');
  expect({ status: away.status, code: away.body.code }).toEqual({ status: 503, code: 'service.unavailable' });
  expect((await v.get('/healthz')).status).toBe(200);
  await admin.query(`ALTER DATABASE ${rows[0]!.name} ALLOW_CONNECTIONS true`);
  await admin.end();
  await until('it answers again', async () => (await v.get('/api/v1/hazards')).status === 200);
});

test('the actions of the table are words of the glossary of routes: none is unused without reason', () => {
  const used = new Set<string>(ROUTES.map((r) => r.access));
  const acts = PERSON_COMMANDS.map((name): Action => `hazard.${name}`).filter((action) => !used.has(action));
  const elsewhere: Action[] = [...acts, 'delegation.manage', 'flow.edit', 'telemetry.quarantine.read'];
  expect(Object.keys(PERMISSIONS).filter((a) => !used.has(a)).sort()).toEqual([...elsewhere].sort());
});
