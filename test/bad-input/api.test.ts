/** Bad input over HTTP: each kind gets its stated problem, and no table has a row more or less than before. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EVIDENCE_LIMITS } from '../../domain/evidence.ts';
import { REFUSALS } from '../../domain/errors.ts';
import type { Reply, Visitor, World } from '../api/world.ts';
import { countRows, png, startWorld } from '../api/world.ts';

let w: World;
let v: Visitor;
let admin: Visitor;
beforeAll(async () => {
  w = await startWorld({ enterprises: 1, registerWaitMs: 0 });
  v = await w.as(w.park.people.inspector);
  admin = await w.as(w.park.people.admin);
});
afterAll(() => w?.close());

const report = (more: Record<string, unknown> = {}) => ({ type: 'over_limit', description: 'x', assetId: 'pump-1', photos: [], clientAt: new Date().toISOString(), ...more });
const raw = (text: string | Buffer, headers: Record<string, string> = {}) =>
  v.send('POST', '/api/v1/hazards', { ...(typeof text === 'string' ? { text } : { bytes: text }), headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID(), ...headers } });
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const jpeg = (width: number, height: number): Buffer => Buffer.from([0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0, 0xff, 0xd9]);
const endless = (bytes: number): ReadableStream => {
  let sent = 0;
  return new ReadableStream({
    pull: (c) => {
      if (sent >= bytes) return c.close();
      sent += 65_536;
      c.enqueue(new Uint8Array(65_536));
    },
  });
};

const CASES: [string, string, () => Promise<Reply<unknown>>, string?][] = [
  ['no JSON', 'request.malformed', () => raw('{"type":')],
  ['bytes that are no UTF-8 JSON', 'request.malformed', () => raw(Buffer.from([0xff, 0xfe, 0x00]))],
  ['a top-level string', 'request.malformed', () => raw('"text"')],
  ['nesting without end', 'request.malformed', () => raw(nested(5_000))],
  ['more than 256 KB', 'request.too_large', () => raw(JSON.stringify(report({ description: 'x'.repeat(300_000) })))],
  ['a form instead of JSON', 'request.media_type', () => raw('type=leak', { 'Content-Type': 'application/x-www-form-urlencoded' })],
  ['an encoding that we do not know', 'request.media_type', () => raw('{}', { 'Content-Encoding': 'zstd9' })],
  ['wrong types', 'request.invalid', () => v.post('/api/v1/hazards', report({ description: 7, photos: 'no' })), 'description'],
  ['a field that is not defined', 'request.invalid', () => v.post('/api/v1/hazards', report({ role: 'park_admin' })), 'role'],
  ['a forged reporter and state', 'request.invalid', () => v.post('/api/v1/hazards', report({ reporterId: 'p-x', state: 'archived' })), 'reporterId'],
  ['NUL in text', 'request.invalid', () => v.post('/api/v1/hazards', report({ description: 'a\0b' })), 'description'],
  ['a lone surrogate', 'request.invalid', () => v.post('/api/v1/hazards', report({ description: 'a\ud800b' })), 'description'],
  ['a description longer than allowed', 'request.invalid', () => v.post('/api/v1/hazards', report({ description: 'x'.repeat(4_001) })), 'description'],
  ['a date that does not exist', 'request.invalid', () => v.post('/api/v1/hazards', report({ clientAt: '2026-02-31T00:00:00Z' })), 'clientAt'],
  ['a place off the earth', 'request.invalid', () => v.post('/api/v1/hazards', report({ point: { type: 'Point', coordinates: [1e9, 0] } })), 'point.coordinates.0'],
  ['an unknown hazard type', 'hazard.report_incomplete', () => v.post('/api/v1/hazards', report({ type: 'constructor' })), 'type'],
  ['more files than allowed', 'request.invalid', () => v.post('/api/v1/hazards', report({ photos: Array.from({ length: EVIDENCE_LIMITS.files + 1 }, () => ({ sha256: 'a'.repeat(64), mediaType: 'image/png' })) })), 'photos'],
  ['an asset that is not there', 'hazard.asset_unknown', () => v.post('/api/v1/hazards', report({ assetId: 'nowhere' })), 'assetId'],
  ['SQL for an id', 'request.invalid', () => v.post('/api/v1/hazards', report({ assetId: "x' OR '1'='1" })), 'assetId'],
  ['no Idempotency-Key', 'request.idempotency_required', () => v.send('POST', '/api/v1/hazards', { json: report() }), 'Idempotency-Key'],
  ['a short Idempotency-Key', 'request.invalid', () => v.post('/api/v1/hazards', report(), { key: 'short' }), 'Idempotency-Key'],
  ['no CSRF token', 'auth.csrf', () => v.send('POST', '/api/v1/hazards', { json: report(), headers: { 'X-CSRF-Token': '' } })],
  ['a cross-site call', 'auth.csrf', () => v.send('POST', '/api/v1/hazards', { json: report(), headers: { 'Sec-Fetch-Site': 'cross-site' } })],
  ['a forged cursor', 'request.cursor_invalid', () => v.get(`/api/v1/hazards?cursor=${Buffer.from('["x","y"]').toString('base64url')}`), 'cursor'],
  ['a cursor that is no base64', 'request.cursor_invalid', () => v.get('/api/v1/alarms?cursor=%00%ff'), 'cursor'],
  ['a limit beyond the limit', 'request.invalid', () => v.get('/api/v1/hazards?limit=100000'), 'limit'],
  ['a parameter twice', 'request.invalid', () => v.get('/api/v1/hazards?state=reported&state=archived'), 'state'],
  ['an unknown filter', 'request.invalid', () => v.get('/api/v1/hazards?drop=table'), 'drop'],
  ['a path that climbs', 'request.not_found', () => v.get('/api/v1/hazards/..%2f..%2fetc%2fpasswd')],
  ['an escape that cannot be decoded', 'request.malformed', () => v.get('/api/v1/hazards/%E0%A4%A')],
  ['a method that the resource has not', 'request.method', () => v.send('DELETE', '/api/v1/hazards')],
  ['a resource that is not there', 'request.not_found', () => v.get('/api/v1/nothing')],
  ['an act on nothing', 'hazard.not_found', () => v.act('00000000-0000-0000-0000-000000000000', { act: 'triage', grade: 'general', reason: 'x' })],
  ['an act that does not exist', 'request.invalid', () => v.act('x1', { act: 'archive' }), 'act'],
  ['content that is not what its hash says', 'blob.hash_mismatch', () => v.upload(png(2, 2, 1), { sha256: 'a'.repeat(64) })],
  ['a hash that is none', 'request.not_found', () => v.upload(png(2, 2, 1), { sha256: 'nohash' })],
  ['an SVG named PNG', 'blob.media_type', () => v.upload(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'))],
  ['a page named JPEG', 'blob.media_type', () => v.upload(Buffer.from('<!doctype html><script>alert(1)</script>'), { mediaType: 'image/jpeg' })],
  ['a GIF', 'blob.media_type', () => v.upload(Buffer.from('GIF89a=1;alert(1)'))],
  ['a picture that is a page too', 'blob.media_type', () => v.upload(Buffer.concat([png(2, 2, 3), Buffer.from('<script>alert(1)</script>')]))],
  ['an empty file', 'blob.media_type', () => v.upload(Buffer.alloc(0))],
  ['a small PNG that claims 268 million pixels', 'blob.pixels', () => v.upload(png(2, 2, 4, { width: 16_383, height: 16_383 }))],
  ['a small JPEG that claims 65,000 x 65,000', 'blob.pixels', () => v.upload(jpeg(65_000, 65_000), { mediaType: 'image/jpeg' })],
  ['a photo of more than 15 MB', 'blob.too_large', () => v.upload(Buffer.concat([png(2, 2, 5), Buffer.alloc(EVIDENCE_LIMITS.photoBytes)]))],
  ['a body that does not say how long it is', 'blob.range', () => v.send('PUT', `/api/v1/blobs/${'c'.repeat(64)}`, { bytes: endless(64 * 1024 * 1024), headers: { 'Content-Type': 'video/mp4' } }), 'Content-Length'],
  ['a password that is too weak', 'auth.password_weak', () => v.post('/api/v1/session/password', { current: 'correct-horse-battery', next: 'short' }), 'next'],
  ['a user name with a slash', 'request.invalid', () => admin.post('/api/v1/accounts', { username: '../root', person: { nameZh: 'a', nameEn: 'b' }, memberships: [{ orgId: 'ent-1', role: 'inspector' }] }), 'username'],
  ['a role that does not exist', 'request.invalid', () => admin.post('/api/v1/accounts', { username: 'root1', person: { nameZh: 'a', nameEn: 'b' }, memberships: [{ orgId: 'ent-1', role: 'root' }] }), 'memberships.0.role'],
  ['a position that is none', 'request.cursor_invalid', () => v.get('/api/v1/events', { 'Last-Event-ID': '1; DROP TABLE outbox' })],
];

/** What may be counted although the input was bad: an attempt under its key, and a refusal in the audit. */
const NOTES = ['public.idempotency_key', 'public.audit_event'];

// Each row is one argument: with fewer than the function takes, Jest would hand it a callback to wait for.
test.each(CASES.map((row) => ({ what: row[0], code: row[1], call: row[2], field: row[3] })))('$what: $code', async ({ code, call, field }) => {
  const before = await countRows(w.db);
  const reply = await call();
  expect({ status: reply.status, code: reply.body.code }).toEqual({ status: REFUSALS[code as keyof typeof REFUSALS].status, code });
  expect(reply.headers.get('Content-Type')).toMatch(/^application\/problem\+json/);
  expect(reply.body.titleZh).toBe(REFUSALS[code as keyof typeof REFUSALS].zh);
  if (field) expect(reply.body.errors!.map((e) => e.field)).toContain(field);
  const after = await countRows(w.db);
  for (const counts of [before, after]) for (const table of NOTES) delete counts[table];
  expect(after).toEqual(before);
  expect((await w.visitor().get('/healthz')).status).toBe(200);
});

test('an upload that breaks off is no file and no row', async () => {
  const before = await countRows(w.db);
  const { hostname, port } = new URL(w.base);
  await new Promise<void>((resolve) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`PUT /api/v1/blobs/${'d'.repeat(64)} HTTP/1.1\r\nHost: x\r\nCookie: ${v.cookie}\r\nX-CSRF-Token: ${v.csrf}\r\nContent-Type: image/png\r\nContent-Length: 1000000\r\n\r\n\x89PNG`);
      setTimeout(() => socket.destroy(), 100);
    });
    socket.on('close', () => resolve());
  });
  expect((await v.get('/api/v1/session')).status).toBe(200);
  expect(await w.deps.evidence.exists('d'.repeat(64))).toBe(false);
  expect(await countRows(w.db)).toEqual(before);
});
