import { execFile } from 'node:child_process';
import { createServer, request } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import { createFlowEditor } from '../../api/routes/flow-editor.ts';
import { FLOW_NODE_TYPES } from '../../domain/flows.ts';
import { FLOW_PROOF_HEADER, signFlowActor } from '../../platform/flow-proof.ts';
import type { FlowProcess, Gateway, World } from './harness.ts';
import { createWorld, EDITOR, LOGGER, READER, startFlows, startGateway, thresholdFlow, TOKEN } from './harness.ts';

let world: World;
let gateway: Gateway;
let flows: FlowProcess;
let front: Server;
let base: string;

const SESSIONS: Record<string, { personId: string; role: string; mustChangePassword?: boolean }> = {
  owner: { personId: 'p-owner', role: 'process_owner' },
  admin: { personId: 'p-admin', role: 'park_admin' },
  inspector: { personId: 'p-reader', role: 'inspector' },
  unknown: { personId: 'p-x', role: 'something_new' },
  fresh: { personId: 'p-owner', role: 'process_owner', mustChangePassword: true },
};

beforeAll(async () => {
  world = await createWorld();
  gateway = await startGateway(world.database);
  flows = await startFlows(gateway.port, world.dataDir);
  await flows.ready();
  const editor = createFlowEditor({
    flowsPort: flows.port,
    token: TOKEN,
    publicUrl: null,
    logger: LOGGER,
    findSession: async (req) => {
      const who = SESSIONS[/who=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''];
      return who ? { nameZh: '李工', nameEn: 'Li', mustChangePassword: false, ...who } : null;
    },
  });
  front = createServer(express().use(editor.handler).use((_req, res) => res.status(404).end('portal')));
  front.on('upgrade', editor.upgrade);
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
});
afterAll(async () => {
  front?.closeAllConnections();
  front?.close();
  await flows?.kill();
  await gateway?.stop();
  await world?.drop();
});

const as = async (who: string | null, path: string, init: { method?: string; body?: unknown; headers?: Record<string, string> } = {}) => {
  const response = await fetch(`${base}${path}`, {
    method: init.method ?? 'GET',
    headers: { ...(who === null ? {} : { cookie: `who=${who}` }), ...(init.body === undefined ? {} : { 'content-type': 'application/json' }), ...init.headers },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
    redirect: 'manual',
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
};

describe('without proof', () => {
  test('every admin route that Node-RED has answers 401, and says nothing', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['test/flows/list-routes.ts']);
    const routes = stdout.trim().split('\n').map((line) => JSON.parse(line) as { method: string; path: string });
    expect(routes.length).toBeGreaterThan(70);
    for (const known of ['GET /flows', 'POST /flows', 'GET /', 'GET /settings', 'POST /inject/x', 'GET /diagnostics', 'POST /auth/token']) {
      expect(routes.map((r) => `${r.method} ${r.path}`)).toContain(known);
    }
    const forged: Record<string, string>[] = [{}, { [FLOW_PROOF_HEADER]: 'x.y' }, { [FLOW_PROOF_HEADER]: signFlowActor('another token of at least 32 characters', EDITOR, Date.now()) }, { [FLOW_PROOF_HEADER]: signFlowActor(TOKEN, EDITOR, Date.now() - 120_000) }];
    for (const { method, path } of routes) {
      for (const headers of method === 'GET' ? forged : forged.slice(0, 2)) {
        const answer = await flows.admin(`/flow-editor${path}`, { actor: null, method, headers });
        expect({ path, method, ...answer }).toEqual({ path, method, status: 401, text: '{"code":"auth.required"}' });
      }
    }
  });

  test('nothing else is served', async () => {
    for (const path of ['/', '/flows', '/red/red.min.js', '/parkwarden/registry', '/flow-editor/parkwarden/registry', '/flow-editor/comms']) {
      expect([401, 404]).toContain((await flows.admin(path, { actor: null })).status);
    }
  });

  test('nothing can be installed, whoever asks', async () => {
    for (const body of [{ module: 'node-red-contrib-x' }, { module: 'https://example.org/x.tgz' }]) {
      expect([401, 404]).toContain((await flows.admin('/flow-editor/nodes', { method: 'POST', body })).status);
    }
    expect((await flows.admin('/flow-editor/nodes/parkwarden-flows', { method: 'DELETE' })).status).toBe(401);
  });
});

describe('behind the sign-in', () => {
  test('the process owner gets the editor with our palette and no word to the outside', async () => {
    const page = await as('owner', '/flow-editor/', { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(page.text).toContain('ParkWarden 园安');
    expect(page.text).toContain('pickers.js');
    expect(page.headers.get('content-security-policy')).toContain("connect-src 'self'");
    const settings = JSON.parse((await as('owner', '/flow-editor/settings')).text) as Record<string, never>;
    expect(settings).toMatchObject({ user: { username: '李工' }, telemetryEnabled: false, editorTheme: { tours: false, projects: { enabled: false } }, externalModules: { palette: { allowInstall: false } } });
    const nodes = await as('owner', '/flow-editor/nodes', { headers: { accept: 'application/json' } });
    const types = (JSON.parse(nodes.text) as { types: string[] }[]).flatMap((set) => set.types);
    expect(types.filter((t) => !FLOW_NODE_TYPES.includes(t))).toEqual(['unknown']);
    expect(types.filter((t) => t.startsWith('pw-'))).toHaveLength(7);
  });

  test('each node has help and labels in zh and en, and the examples can be imported', async () => {
    for (const [language, word] of [['zh-CN', '阈值'], ['en-US', 'threshold']] as const) {
      const html = await as('owner', '/flow-editor/nodes', { headers: { accept: 'text/html', 'accept-language': language } });
      const catalog = await as('owner', `/flow-editor/locales/parkwarden-flows/pw-threshold?lng=${language}`);
      expect(catalog.text).toContain(word);
      for (const type of FLOW_NODE_TYPES.filter((t) => t.startsWith('pw-'))) {
        expect(html.text).toContain(`data-help-name="${type}"`);
        expect(html.text).toContain(`data-template-name="${type}"`);
      }
      expect(html.text).toContain(language === 'zh-CN' ? '部署后编译为规则' : 'Deployed, it becomes a rule');
    }
    const examples = JSON.parse((await as('owner', '/flow-editor/library/examples/flows/parkwarden-flows')).text) as { fn: string }[];
    expect(examples).toHaveLength(3);
    for (const { fn } of examples) {
      const example = await as('owner', `/flow-editor/library/examples/flows/parkwarden-flows/${encodeURIComponent(fn)}`);
      const types = (JSON.parse(example.text) as { type: string }[]).map((n) => n.type);
      expect(types.filter((t) => !FLOW_NODE_TYPES.includes(t))).toEqual([]);
    }
    const registry = JSON.parse((await as('owner', '/flow-editor/parkwarden/registry')).text) as { sensors: { id: string }[]; actuators: { id: string }[] };
    expect(registry.sensors.map((s) => s.id)).toEqual(['s-p', 's-r', 's-t']);
    expect(registry.actuators.map((a) => a.id)).toEqual(['b-1']);
  });

  test('no session, no permission, an unknown role, a first password: not a byte of it', async () => {
    expect(await as(null, '/flow-editor/settings')).toMatchObject({ status: 401, text: expect.stringContaining('auth.required') });
    expect(await as(null, '/flow-editor/', { headers: { accept: 'text/html' } })).toMatchObject({ status: 302 });
    expect(await as('inspector', '/flow-editor/settings')).toMatchObject({ status: 403, text: expect.stringContaining('permission.denied') });
    expect(await as('unknown', '/flow-editor/flows')).toMatchObject({ status: 403 });
    expect(await as('fresh', '/flow-editor/flows')).toMatchObject({ status: 403, text: expect.stringContaining('auth.password_change_required') });
    expect(await as('owner', '/elsewhere')).toMatchObject({ status: 404, text: 'portal' });
  });

  test('who may only read can look and not deploy', async () => {
    expect((await as('admin', '/flow-editor/flows')).status).toBe(200);
    const origin = { origin: base };
    expect(await as('admin', '/flow-editor/flows', { method: 'POST', body: thresholdFlow(), headers: origin })).toMatchObject({ status: 403 });
    expect((await flows.deploy(thresholdFlow(), READER)).status).toBe(401);
    expect((await world.pool.query('SELECT FROM flow_version')).rowCount).toBe(0);
  });

  test('a write from another page is refused; from ours it is a deploy in the name of the owner', async () => {
    const deploy = (headers: Record<string, string>) => as('owner', '/flow-editor/flows', { method: 'POST', body: { flows: thresholdFlow() }, headers: { 'Node-RED-API-Version': 'v2', ...headers } });
    for (const headers of [{}, { origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }]) {
      expect(await deploy(headers as never)).toMatchObject({ status: 403, text: expect.stringContaining('auth.csrf') });
    }
    expect((await world.pool.query('SELECT FROM flow_version')).rowCount).toBe(0);
    expect(await deploy({ origin: base })).toMatchObject({ status: 200 });
    const { rows } = await world.pool.query('SELECT author_id FROM flow_version');
    expect(rows).toEqual([{ author_id: 'p-owner' }]);
  });

  test('usage reports to the makers of the editor cannot be switched on', async () => {
    const saved = await as('owner', '/flow-editor/settings/user', { method: 'POST', body: { telemetryEnabled: true, editor: { view: { grid: 30 } } }, headers: { origin: base } });
    expect(saved.status).toBe(204);
    expect(JSON.parse((await as('owner', '/flow-editor/settings/user')).text)).toEqual({ editor: { view: { grid: 30 } } });
    const settings = JSON.parse((await as('owner', '/flow-editor/settings')).text) as { telemetryEnabled: boolean };
    expect(settings.telemetryEnabled).toBe(false);
  });

  const upgrade = (port: number, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const req = request({ host: '127.0.0.1', port, path: '/flow-editor/comms', headers: { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers } });
      req.on('upgrade', (res, socket) => {
        socket.destroy();
        resolve(res.statusCode ?? 0);
      });
      req.on('response', (res) => {
        res.resume();
        resolve(res.statusCode ?? 0);
      });
      req.on('error', reject);
      req.end();
    });

  test('the websocket takes the same way', async () => {
    const { port } = front.address() as AddressInfo;
    expect(await upgrade(port, { cookie: 'who=owner', origin: base })).toBe(101);
    expect(await upgrade(port, { cookie: 'who=owner', origin: 'https://evil.example' })).toBe(403);
    expect(await upgrade(port, { cookie: 'who=inspector', origin: base })).toBe(403);
    expect(await upgrade(port, { origin: base })).toBe(401);
    expect(await upgrade(flows.port, {})).toBe(401);
  });
});
