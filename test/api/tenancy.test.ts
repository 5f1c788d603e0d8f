/** One enterprise asks for whatever belongs to another, in every way that the interface has. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Visitor, World } from './world.ts';
import { startWorld } from './world.ts';

const REQUESTS = 10_000;
const AT_ONCE = 8;
const MARKER = 'only-for-the-second-firm';

let w: World;
let mine: Visitor;
/** Ids of rows of the other enterprise, by what they are. */
let theirs: string[];

beforeAll(async () => {
  w = await startWorld({ engine: true });
  const [own, other] = w.park.enterprises;
  const inspector = await w.as(w.park.people.inspector);
  theirs = [other!.id, other!.tank.id, other!.pump.id, other!.unitId, other!.gatewayId, other!.tank.sensors.pressure.id, other!.officer.personId, other!.officer.membershipId];
  for (const firm of [own!, other!]) {
    const photo = await inspector.photo(firm === own ? 10 : 20);
    const text = firm === own ? 'for the first firm' : MARKER;
    const reported = await inspector.post<{ hazardId: string }>('/api/v1/hazards', {
      type: 'leak', title: text, description: text, assetId: firm.tank.id, photos: [photo], clientAt: new Date().toISOString(),
    });
    const { hazardId } = reported.body;
    const triaged = await inspector.act(hazardId, { act: 'triage', grade: 'major', reason: text });
    expect([reported.status, triaged.status]).toEqual([201, 200]);
    if (firm === other) theirs.push(hazardId, photo.sha256);
  }
  const episode = randomUUID();
  await w.db.pool.query(
    `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
     VALUES ($1, $2, $3, $4, 'HH', 'unacknowledged', 'registry:x:HH', 1, now(), 1, 0, 'kPa', true)`,
    [episode, other!.id, other!.tank.sensors.pressure.id, other!.tank.id],
  );
  theirs.push(episode);
  // The automatic dispatch brings notices to both.
  for (let notices: string[] = []; notices.length === 0; await sleep(100)) {
    notices = (await w.db.pool.query<{ id: string }>('SELECT id FROM notice WHERE recipient_org_id = $1', [other!.id])).rows.map((r) => r.id);
    theirs.push(...notices);
  }
  mine = await w.as(own!.officer);
}, 120_000);
afterAll(() => w.close(), 60_000);

test(`[C-103] ${REQUESTS} random requests of one enterprise for what is another's: nothing of it in any answer`, async () => {
  const events = new AbortController();
  const stream = await fetch(`${w.base}/api/v1/events`, { headers: { Cookie: mine.cookie, 'Last-Event-ID': '0.0' }, signal: events.signal });
  let heard = '';
  const listening = (async () => {
    for await (const chunk of stream.body!) heard += Buffer.from(chunk).toString();
  })().catch(() => {});

  const id = fc.constantFrom(...theirs);
  const word = fc.oneof(id, fc.constant(MARKER), fc.constantFrom('', '%', '*', 'null', "' OR 1=1 --", '../', 'T-2', '第2'));
  const query = fc.dictionary(
    fc.constantFrom('tenantId', 'assetId', 'zoneId', 'hazardId', 'q', 'open', 'unread', 'cursor', 'limit', 'state', 'type', 'orgId', 'scope', 'role'),
    fc.oneof(word, fc.constantFrom('true', 'false', '200', 'park', 'park_admin', 'leak')),
    { maxKeys: 4 },
  );
  const path = fc.oneof(
    fc.constantFrom('hazards', 'alarms', 'notices', 'assets', 'enterprises', 'map', 'accounts', 'grants', 'flow-versions', 'session', 'events/x'),
    fc.tuple(fc.constantFrom('hazards', 'alarms', 'notices', 'assets', 'sensors', 'blobs', 'ratings', 'accounts', 'flow-versions'), id, fc.constantFrom('', '/timeline', '/document.pdf', '/readings', '/acts', '/read', '/acknowledge', '/confirm', '/disable', '/rollback'))
      .map(([resource, of, rest]) => `${resource}/${encodeURIComponent(of)}${rest}`),
  );
  const headers = fc.dictionary(fc.constantFrom('X-Tenant', 'X-Tenant-Id', 'X-Role', 'X-Forwarded-User', 'X-Original-URL', 'Forwarded'), fc.oneof(id, fc.constant('park_admin')), { maxKeys: 2 });
  const body = fc.dictionary(fc.constantFrom('act', 'reason', 'grade', 'note', 'tenantId', 'assetId', 'type', 'description', 'real', 'membershipId', 'photos', 'evidence'), fc.oneof(word, fc.constantFrom('accept', 'start', 'triage', 'leak', 'general')), { maxKeys: 5 });
  const request = fc.record({ method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE'), path, query, headers, body });

  const seed = Date.now();
  console.log(`seed ${seed}`);
  const requests = fc.sample(request, { numRuns: REQUESTS, seed });
  const statuses = new Map<number, number>();
  const leaks: unknown[] = [];
  const ask = async (r: (typeof requests)[number]): Promise<void> => {
    // Signing itself out would end the test, not the other enterprise's privacy.
    if (r.method === 'DELETE' && r.path === 'session') return;
    const url = `/api/v1/${r.path}?${new URLSearchParams(r.query)}`;
    const reply = await mine.send<unknown>(r.method, url, {
      headers: { ...r.headers, 'Idempotency-Key': randomUUID() }, ...(r.method === 'GET' ? {} : { json: r.body }),
    });
    statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
    const text = typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body);
    const sent = JSON.stringify(r) + url;
    const shown = [...theirs, MARKER, 'Chemical Works 2', '第2化工'].filter((secret) => text.includes(secret) && !sent.includes(secret));
    if (shown.length > 0 || text.includes(`"${MARKER}"`) || reply.status >= 500) leaks.push({ r, status: reply.status, shown });
  };
  for (let i = 0; i < requests.length; i += AT_ONCE) await Promise.all(requests.slice(i, i + AT_ONCE).map(ask));
  events.abort();
  await listening;

  expect(leaks).toEqual([]);
  expect(theirs.filter((secret) => heard.includes(secret))).toEqual([]);
  // It hears of its own, so the silence about the other means something; and both kinds of answer were met.
  expect(heard).toContain('hazard.changed');
  expect([statuses.get(200) ?? 0, statuses.get(404) ?? 0].every((n) => n > REQUESTS / 100)).toBe(true);
}, 300_000);
