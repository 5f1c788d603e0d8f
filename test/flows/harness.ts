/** A small park on a real database, the real gateway on a port of its own, and the real flow process as a child. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { createInternalApp } from '../../api/internal/app.ts';
import type { FlowNode } from '../../domain/flows.ts';
import { createLogger } from '../../platform/logger.ts';
import { FLOW_PROOF_HEADER, signFlowActor } from '../../platform/flow-proof.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';

export const TOKEN = 'a-token-for-tests-of-at-least-32-characters';
export const LOGGER = createLogger('test', process.env.TEST_LOG_LEVEL ?? 'fatal');

export const EDITOR = { personId: 'p-owner', name: '李工', edit: true, language: 'zh' as const };
export const READER = { personId: 'p-reader', name: 'Reader', edit: false, language: 'en' as const };

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createTcpServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

export const until = async <T>(what: string, check: () => Promise<T | null | undefined | false>, timeoutMs = 40_000): Promise<T> => {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Two enterprises, three sensors (one statutory), a beacon, a process owner and somebody who only reads. */
export const seed = async (pool: pg.Pool): Promise<void> => {
  const polygon = '{"type":"Polygon","coordinates":[]}';
  const point = '{"type":"Point","coordinates":[120.1,30.2]}';
  await pool.query(`INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'park', '园区', 'Park', $1)`, [polygon]);
  await pool.query(`INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('zone-a', 'park', 'A', 'A区', 'Zone A', $1)`, [polygon]);
  await pool.query(
    `INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('ent-1', 'park', 'enterprise', 'e1', '企业一', 'Enterprise 1'),
     ('ent-2', 'park', 'enterprise', 'e2', '企业二', 'Enterprise 2'), ('org-park', 'park', 'park_department', 'park_admin', '管委会', 'Park administration')`,
  );
  await pool.query(`INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) VALUES ('u-1', 'ent-1', 'zone-a', 'U1', '罐区', 'Tank farm'), ('u-2', 'ent-2', 'zone-a', 'U2', '车间', 'Shop')`);
  await pool.query(
    `INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, point) VALUES
     ('a-3', 'ent-1', 'zone-a', 'u-1', 'storage_tank', 'A-3', '苯乙烯储罐', 'Styrene tank', $1), ('r-1', 'ent-2', 'zone-a', 'u-2', 'reactor', 'R-1', '反应釜', 'Reactor', $1),
     ('b-1', 'ent-1', 'zone-a', 'u-1', 'beacon', 'B-1', '声光报警器', 'Beacon', $1)`,
    [point],
  );
  await pool.query(`INSERT INTO gateway (id, tenant_id, name_zh, name_en) VALUES ('gw-1', 'ent-1', '网关', 'Gateway'), ('gw-2', 'ent-2', '网关', 'Gateway')`);
  await pool.query(
    `INSERT INTO sensor (id, tenant_id, asset_id, gateway_id, point, kind, unit, name_zh, name_en, limit_h, limit_hh, statutory, interval_s) VALUES
     ('s-p', 'ent-1', 'a-3', 'gw-1', 'p', 'pressure', 'kPa', '压力', 'pressure', 200, 250, true, 5), ('s-t', 'ent-1', 'a-3', 'gw-1', 't', 'temperature', '°C', '温度', 'temperature', 40, 50, false, 5),
     ('s-r', 'ent-2', 'r-1', 'gw-2', 't', 'temperature', '°C', '温度', 'temperature', 90, 110, false, 5)`,
  );
  await pool.query(`INSERT INTO person (id, name_zh, name_en) VALUES ('p-owner', '李工', 'Li'), ('p-reader', '王工', 'Wang')`);
  await pool.query(`INSERT INTO membership (id, person_id, org_id, role) VALUES ('m-1', 'p-owner', 'org-park', 'process_owner'), ('m-2', 'p-reader', 'org-park', 'inspector')`);
};

let episodes = 0;

/** What ingest writes when a rule raises or clears; gives the id of the event. */
export const addEvent = async (
  pool: pg.Pool,
  event: { sensorId?: string; ruleId: string; kind?: 'raised' | 'cleared'; statutory?: boolean; value?: number; episodeId?: string; storedAt?: Date },
): Promise<string> => {
  const sensorId = event.sensorId ?? 's-p';
  const { rows } = await pool.query<{ id: string }>(
    `INSERT INTO sensor_event (tenant_id, sensor_id, asset_id, episode_id, rule_id, rule_version, kind, level, value, limit_value, unit, at, stored_at, statutory)
     SELECT s.tenant_id, s.id, s.asset_id, $2, $3, 1, $4, 'HH', $5, 250, s.unit, now(), coalesce($7, now()), $6 FROM sensor s WHERE s.id = $1 RETURNING id::text`,
    [sensorId, event.episodeId ?? `ep-${(episodes += 1)}`, event.ruleId, event.kind ?? 'raised', event.value ?? 260, event.statutory ?? false, event.storedAt ?? null],
  );
  return rows[0]!.id;
};

export interface Gateway {
  port: number;
  /** `before`: the call never gets in; `after`: it is done and its answer is lost; null: all goes on. */
  hold(path: string, when: 'before' | 'after' | null): void;
  /** Calls of that path that were held. */
  held(): number;
  call(path: string, options?: { body?: unknown; token?: string; raw?: string }): Promise<{ status: number; body: Record<string, unknown> & { errors?: { code: string; field: string }[] } }>;
  stop(): Promise<void>;
}

export const startGateway = async (database: Database, options: { port?: number; now?: () => number } = {}): Promise<Gateway> => {
  const internal = createInternalApp({ database, token: TOKEN, logger: LOGGER, ...(options.now ? { now: options.now } : {}) });
  let hold: { path: string; when: 'before' | 'after' } | null = null;
  let held = 0;
  const server: Server = createServer((req, res) => {
    if (hold && req.url?.endsWith(`/${hold.path}`)) {
      held += 1;
      if (hold.when === 'before') return;
      // Runs to its end; the answer goes nowhere.
      res.write = () => true;
      res.end = (() => res) as never;
    }
    internal.app(req, res);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    hold: (path, when) => {
      hold = when === null ? null : { path, when };
      held = 0;
    },
    held: () => held,
    call: async (path, { body, token = TOKEN, raw } = {}) => {
      const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
      const response = await fetch(`http://127.0.0.1:${port}/internal/flow/${path}`, {
        method: sent === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, ...(sent === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(sent === undefined ? {} : { body: sent }),
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as never) };
    },
    stop: async () => {
      internal.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export interface FlowProcess {
  port: number;
  child: ChildProcess;
  log(): string;
  /** A call to the editor's admin API in the name of an actor; null = without proof. */
  admin(path: string, options?: { actor?: typeof EDITOR | typeof READER | null; method?: string; body?: unknown; headers?: Record<string, string> }): Promise<{ status: number; text: string }>;
  deploy(flows: unknown[], actor?: typeof EDITOR | typeof READER): Promise<{ status: number; text: string }>;
  ready(): Promise<{ flowVersion: number; openEvents: number }>;
  runtimePid(): Promise<number>;
  /** kill -9 of watcher and runtime at once. */
  kill(): Promise<void>;
  stop(): Promise<number | null>;
}

export const startFlows = async (gatewayPort: number, dataDir: string): Promise<FlowProcess> => {
  const port = await freePort();
  const child = spawn(process.execPath, ['flows/main.ts'], {
    env: { FLOWS_PORT: String(port), INTERNAL_PORT: String(gatewayPort), INTERNAL_TOKEN: TOKEN, DATA_DIR: dataDir, PATH: process.env.PATH ?? '', CANARY_SECRET: 'canary-7f3a', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  child.stderr.on('data', (chunk: Buffer) => { output += chunk.toString(); });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const base = `http://127.0.0.1:${port}`;
  const runtimePid = async () => Number(await readFile(join(dataDir, 'flows', 'runtime.pid'), 'utf8'));
  const flows: FlowProcess = {
    port,
    child,
    log: () => output,
    admin: async (path, { actor = EDITOR, method = 'GET', body, headers = {} } = {}) => {
      const response = await fetch(`${base}${path}`, {
        method,
        headers: {
          ...(actor === null ? {} : { [FLOW_PROOF_HEADER]: signFlowActor(TOKEN, actor, Date.now()) }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        redirect: 'manual',
      });
      return { status: response.status, text: await response.text() };
    },
    deploy: (nodes, actor = EDITOR) => flows.admin('/flow-editor/flows', { method: 'POST', body: { flows: nodes }, actor, headers: { 'Node-RED-API-Version': 'v2' } }),
    ready: () =>
      until(`flows ready\n${output}`, async () => {
        const response = await fetch(`${base}/readyz`).catch(() => null);
        return response?.status === 200 ? ((await response.json()) as { flowVersion: number; openEvents: number }) : null;
      }).catch((error: Error) => {
        throw new Error(`${error.message}\n${output}`);
      }),
    runtimePid,
    kill: async () => {
      const pid = await runtimePid();
      child.kill('SIGKILL');
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended with its watcher.
      }
      await exited;
    },
    stop: async () => {
      child.kill('SIGTERM');
      return await exited;
    },
  };
  return flows;
};

export interface World {
  database: Database;
  pool: pg.Pool;
  dataDir: string;
  drop(): Promise<void>;
}

export const createWorld = async (): Promise<World> => {
  const test: TestDatabase = await createTestDatabase();
  const database = test.open();
  await seed(database.pool);
  const dataDir = await mkdtemp(join(tmpdir(), 'pw-flows-'));
  return {
    database,
    pool: database.pool,
    dataDir,
    drop: async () => {
      await test.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export const TAB: FlowNode = { id: 'tab1', type: 'tab', label: '流程', disabled: false };
export const node = (id: string, type: string, config: Record<string, unknown> = {}, wires: string[][] = [[]]): FlowNode => ({ id, type, z: 'tab1', x: 100, y: 100, name: '', wires, ...config });

/** A threshold on the statutory pressure, wired to a case. */
export const thresholdFlow = (config: Record<string, unknown> = {}): FlowNode[] => [
  TAB,
  node('thr1', 'pw-threshold', { sensorId: 's-p', level: 'HH', limit: '240', hysteresis: '5', onDelayS: '0', offDelayS: '0', ...config }, [['case1'], []]),
  node('case1', 'pw-start-case', { hazardType: 'over_limit', title: '', description: '' }),
];
