/**
 * The built portal served from files under a strict security policy, with answers given by the test in place of the API:
 * for what a real park seldom does (refusals, lost answers, a session that ends).
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { Page, Request, Route } from 'playwright-core';
import type { RefusalCode } from '../../domain/errors.ts';
import { REFUSALS } from '../../domain/errors.ts';
import type { Role } from '../../domain/permissions.ts';
import { PERMISSIONS } from '../../domain/permissions.ts';
import type { Alarm, Hazard, ParkGeoJson, ProblemBody, Session } from '../../portal/src/api/types.ts';

const root = join(import.meta.dirname, '../..');
const KINDS: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

export const servePortal = async (): Promise<{ origin: string; stop: () => Promise<void> }> => {
  await promisify(execFile)(process.execPath, [join(root, 'portal/build.ts')], { env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' } });
  const dist = join(root, 'portal/dist');
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
    const file = extname(path) === '' ? 'index.html' : path;
    readFile(join(dist, file)).then(
      (bytes) => response.writeHead(200, { 'Content-Type': KINDS[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': POLICY }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};

export type Answer = { status?: number; json?: unknown; body?: string; contentType?: string } | 'lost';
export type Answers = Record<string, (request: Request) => Answer>;

export const refusal = (code: RefusalCode, errors?: ProblemBody['errors']): Answer => {
  const { status, zh, en } = REFUSALS[code];
  return { status, json: { type: 'about:blank', title: zh, status, code, titleZh: zh, titleEn: en, ...(errors ? { errors } : {}) } };
};

/** Answers by "METHOD /path" (without query); `*` stands for one part. Unknown calls are 404. Gives the calls seen. */
export const answer = async (page: Page, answers: Answers): Promise<Request[]> => {
  const seen: Request[] = [];
  const find = (request: Request) => {
    const path = new URL(request.url()).pathname.replace('/api/v1', '');
    const parts = path.split('/');
    return Object.entries(answers).find(([key]) => {
      const [method, pattern = ''] = key.split(' ');
      const wanted = pattern.split('/');
      return method === request.method() && wanted.length === parts.length && wanted.every((w, i) => w === '*' || w === parts[i]);
    })?.[1];
  };
  await page.route('**/api/v1/**', async (route: Route, request: Request) => {
    seen.push(request);
    const given = find(request)?.(request) ?? refusal('request.not_found');
    if (given === 'lost') return route.abort('connectionreset');
    const { status = 200, json, body, contentType } = given;
    return route.fulfill({ status, contentType: contentType ?? (status >= 400 ? 'application/problem+json' : 'application/json'), body: body ?? (json === undefined ? '' : JSON.stringify(json)) });
  });
  return seen;
};

const named = (nameZh: string, nameEn: string) => ({ nameZh, nameEn });
export const ENTERPRISE = { id: 'ent-1', ...named('沧澜聚苯材料有限公司', 'Canglan Polystyrene Materials') };
export const TANK = { id: 'tank-3', code: 'A-3', ...named('3号苯乙烯储罐', 'Styrene tank 3'), pathZh: '园区/A区/3号苯乙烯储罐', pathEn: 'Park / Zone A / Styrene tank 3' };

export const sessionOf = (role: Role, change: Partial<Session> = {}): Session => {
  const isEnterprise = role === 'enterprise_safety_officer';
  const membership = { id: `m-${role}`, role, org: { ...(isEnterprise ? ENTERPRISE : { id: 'org-1', ...named('应急管理办公室', 'Emergency office') }), kind: isEnterprise ? ('enterprise' as const) : ('park_department' as const) }, delegator: null, until: null };
  return {
    account: { id: 'account-1', username: 'somebody' },
    person: { id: 'person-1', ...named('陆承安', "Lu Cheng'an") },
    membership,
    memberships: [membership],
    permissions: (Object.keys(PERMISSIONS) as (keyof typeof PERMISSIONS)[]).filter((action) => (PERMISSIONS[action] as readonly Role[]).includes(role)),
    csrfToken: 'token-1',
    mustChangePassword: false,
    expiresAt: '2099-01-01T00:00:00.000Z',
    ...change,
  };
};

export const hazardOf = (change: Partial<Hazard> = {}): Hazard => ({
  id: 'hazard-1', number: 'YH-2026-0001', title: '3号储罐压力超限', type: 'over_limit', grade: 'major', state: 'rectifying', origin: 'sensor', tenant: ENTERPRISE, asset: TANK,
  reportedAt: '2026-11-24T01:00:00.000Z', dueAt: '2099-01-01T00:00:00.000Z', overdue: false, supervision: 0, supervisionOpen: false, needsOwner: false, closedAt: null,
  description: '压力超限', seq: 7, cycle: 1, rejections: 0, statutory: true, responsible: null, point: null, source: null, allowedActs: ['progress', 'submit'], deadlines: [], evidence: [],
  acceptedAt: null, reportCount: 1, planned: true, items: [], extension: null, extensions: 0, paused: null, signatures: [], signers: [], listed: null, mergedInto: null, absorbed: [], predecessorId: null, successorId: null, lookBacks: [], ...change,
});

export const alarmOf = (change: Partial<Alarm> = {}): Alarm => ({
  id: 'alarm-1', level: 'HH', state: 'unacknowledged', value: 22.4, limit: 18, unit: 'kPa', statutory: true, asset: TANK, substance: null, tenant: ENTERPRISE,
  sensor: { id: 'sensor-1', ...named('压力', 'pressure'), kind: 'pressure' }, rule: { id: 'rule-1', version: 3 }, raisedAt: '2026-11-24T01:00:00.000Z', storedAt: '2026-11-24T01:00:00.000Z',
  clearedAt: null, acknowledgedAt: null, acknowledgedBy: null, confirmed: null, confirmReason: null, escalation: 0, closedAt: null, hazardId: 'hazard-1', allowedActs: ['acknowledge', 'confirm'], ...change,
});

export const mapOf = (alarm: Alarm | null): ParkGeoJson => ({
  type: 'FeatureCollection',
  features: [
    { type: 'Feature', id: 'zone-a', geometry: { type: 'Polygon', coordinates: [[[120.7, 33.2], [120.72, 33.2], [120.72, 33.21], [120.7, 33.21], [120.7, 33.2]]] }, properties: { kind: 'zone', code: 'A', ...named('A区', 'Zone A') } },
    {
      type: 'Feature', id: TANK.id, geometry: { type: 'Point', coordinates: [120.71, 33.205] },
      properties: {
        kind: 'asset', assetKind: 'storage_tank', code: TANK.code, nameZh: TANK.nameZh, nameEn: TANK.nameEn, pathZh: TANK.pathZh, pathEn: TANK.pathEn, tenantId: ENTERPRISE.id, substance: null, openHazards: 1,
        alarm: alarm && { id: alarm.id, level: alarm.level, state: alarm.state, value: alarm.value, limit: alarm.limit, unit: alarm.unit, raisedAt: alarm.raisedAt },
      },
    },
  ],
});

export const page = <T>(...items: T[]): Answer => ({ json: { items, nextCursor: null } });
/** A live line that stays silent; the browser opens it again when it ends. */
export const silentLine: Answer = { contentType: 'text/event-stream', body: 'retry: 60000\n\n: open\n\n' };
