/** The API on a real database, with or without the real engine and worker, and people who call it over HTTP. */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import pino from 'pino';
import type { ArchiveSettings } from '../../activities/archive.ts';
import { openArchive } from '../../activities/archive.ts';
import { createActivities } from '../../activities/index.ts';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/deps.ts';
import { createEngine, ENGINE_CHANNEL } from '../../api/engine.ts';
import { createEvidenceInspect } from '../../api/evidence.ts';
import { createLiveEvents } from '../../api/live.ts';
import { UPLOAD_LIMITS } from '../../domain/evidence.ts';
import { openArchiveStore } from '../../platform/archive-store.ts';
import { openEvidenceStore } from '../../platform/evidence-store.ts';
import { encodePng, pngChunk } from '../../deploy/demo-park/photo.ts';
import type { Database } from '../../prisma/client.ts';
import { buildBundle } from '../../worker/build-bundle.ts';
import { startRelay } from '../../worker/relay.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import { CLOSURE_QUEUE } from '../../workflows/ids.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv } from '../engine.ts';
import type { ParkPerson, TestPark } from '../factories/park.ts';
import { createPark, PASSWORD } from '../factories/park.ts';

export const quiet = pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' });

export interface Problem {
  status: number;
  code: string;
  title: string;
  titleZh: string;
  titleEn: string;
  detail: string;
  errors?: { field: string; code: string; messageZh: string; messageEn: string }[];
  [fact: string]: unknown;
}
export interface Reply<T = Record<string, unknown>> {
  status: number;
  body: T & Problem;
  headers: Headers;
}

/** Somebody with a browser. */
export class Visitor {
  readonly base: string;
  cookie = '';
  csrf = '';
  constructor(base: string) {
    this.base = base;
  }

  async signIn(username: string, password: string = PASSWORD): Promise<Reply<{ csrfToken: string }>> {
    const reply = await this.send<{ csrfToken: string }>('POST', '/api/v1/session', { json: { username, password } });
    if (reply.status === 200) {
      this.cookie = reply.headers.getSetCookie().map((c) => c.split(';')[0]!).join('; ');
      this.csrf = reply.body.csrfToken;
    }
    return reply;
  }

  get<T = Record<string, unknown>>(path: string, headers: Record<string, string> = {}): Promise<Reply<T>> {
    return this.send<T>('GET', path, { headers });
  }

  post<T = Record<string, unknown>>(path: string, json: unknown, options: { key?: string; headers?: Record<string, string> } = {}): Promise<Reply<T>> {
    return this.send<T>('POST', path, { json, headers: { 'Idempotency-Key': options.key ?? randomUUID(), ...options.headers } });
  }

  act<T = { transition: { seq: number | null; command: string; to: string }; hazard: Record<string, unknown> & { seq: number; state: string; allowedActs: string[] } }>(
    hazardId: string, json: unknown, options: { key?: string; headers?: Record<string, string> } = {},
  ): Promise<Reply<T>> {
    return this.post<T>(`/api/v1/hazards/${hazardId}/acts`, json, options);
  }

  upload(bytes: Buffer, options: { sha256?: string; mediaType?: string; headers?: Record<string, string> } = {}): Promise<Reply<{ sha256: string; bytes: number; mediaType: string }>> {
    const sha256 = options.sha256 ?? createHash('sha256').update(bytes).digest('hex');
    return this.send('PUT', `/api/v1/blobs/${sha256}`, { bytes, headers: { 'Content-Type': options.mediaType ?? 'image/png', ...options.headers } });
  }

  async photo(shade: number): Promise<{ sha256: string; mediaType: string }> {
    const { status, body } = await this.upload(png(2, 2, shade));
    if (status !== 200 && status !== 201) throw new Error(`upload: ${status} ${JSON.stringify(body)}`);
    return { sha256: body.sha256, mediaType: body.mediaType };
  }

  async send<T>(method: string, path: string, what: { json?: unknown; text?: string; bytes?: Buffer | ReadableStream; headers?: Record<string, string> } = {}): Promise<Reply<T>> {
    const response = await fetch(this.base + path, {
      method,
      headers: {
        ...(this.cookie ? { Cookie: this.cookie } : {}),
        ...(this.csrf && method !== 'GET' ? { 'X-CSRF-Token': this.csrf } : {}),
        ...(what.json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...what.headers,
      },
      ...(what.json === undefined && what.text === undefined && what.bytes === undefined ? {} : { body: (what.text ?? what.bytes ?? JSON.stringify(what.json)) as never }),
      ...(what.bytes instanceof ReadableStream ? { duplex: 'half' } : {}),
    } as RequestInit);
    const text = await response.text();
    let body: unknown = text;
    try {
      body = text === '' ? null : JSON.parse(text);
    } catch {
      // A page or a file.
    }
    return { status: response.status, body: body as T & Problem, headers: response.headers };
  }
}

export interface World {
  base: string;
  database: TestDatabase;
  /** Sees everything. */
  db: Database;
  park: TestPark;
  deps: ApiDeps;
  /** A visitor who is signed in; one per person. */
  as(person: ParkPerson): Promise<Visitor>;
  visitor(): Visitor;
  /** Stops and starts what decides cases. */
  worker: { start(): Promise<void>; stop(): Promise<void> } | null;
  close(): Promise<void>;
}

const startDeciding = async (database: TestDatabase, address: string, archive: ArchiveSettings): Promise<() => Promise<void>> => {
  const db = database.open();
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const tellWorkflow = createWorkflowReceiver(new Client({ connection }), db);
  const later = () => Promise.reject(new Error('not in this test'));
  const relay = startRelay(db, { workflow: ({ payload }) => tellWorkflow(payload), smtp: later, urgent: later, channel: later, notify: later, actuate: later }, quiet, { delivered: () => {}, failed: () => {} });
  const worker = await Worker.create({
    connection: native, taskQueue: CLOSURE_QUEUE, workflowBundle: await buildBundle(), activities: createActivities({ database: db, notices: { smtpEnabled: false, publicUrl: null }, archive }),
  });
  const ended = worker.run();
  return async () => {
    worker.shutdown();
    await Promise.all([relay.stop(), ended]);
    await connection.close();
    await native.close();
  };
};

export const startWorld = async (options: { engine?: boolean; enterprises?: number; registerWaitMs?: number; updateMs?: number; portalDir?: string; publicUrl?: string } = {}): Promise<World> => {
  const database = await createTestDatabase();
  const db = database.open();
  const park = await createPark(db, { enterprises: options.enterprises ?? 2 });
  const dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-api-'));
  // A runtime that no worker uses would keep the process alive for ever.
  if (options.engine) Runtime.install({ logger: new DefaultLogger('ERROR', () => {}), telemetryOptions: { logging: { filter: 'ERROR', forward: {} } }, shutdownSignals: [] });
  const env = options.engine ? await startLocalEnv() : null;
  const address = env ? (env.connection as Connection).options.address : '127.0.0.1:9';
  const apiDb = database.open({ defaultScope: 'none', maxConnections: 20 });
  const connection = Connection.lazy({ address, channelArgs: ENGINE_CHANNEL });
  const live = createLiveEvents(apiDb, quiet);
  const fine = async () => ({ ok: true });
  const deps: ApiDeps = {
    database: apiDb, engine: createEngine(connection, 'default', { updateMs: options.updateMs ?? 10_000 }), live, logger: quiet, publicUrl: options.publicUrl ?? null, trustProxy: 0, portalDir: options.portalDir ?? null,
    evidence: await openEvidenceStore(dataDir, UPLOAD_LIMITS), inspect: createEvidenceInspect(), archive: openArchiveStore(dataDir), registerWaitMs: options.registerWaitMs ?? 10_000,
    components: { database: fine, engine: fine, broker: fine, ingest: fine, flows: fine, worker: fine },
  };
  const server = createServer(createApp(deps));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const archive = openArchive(dataDir);
  let stopDeciding: (() => Promise<void>) | null = env ? await startDeciding(database, address, archive) : null;
  const visitors = new Map<string, Visitor>();
  return {
    base, database, db, park, deps,
    visitor: () => new Visitor(base),
    as: async (person) => {
      const known = visitors.get(person.accountId);
      if (known) return known;
      const visitor = new Visitor(base);
      const reply = await visitor.signIn(person.username);
      if (reply.status !== 200) throw new Error(`${person.username}: ${reply.status} ${JSON.stringify(reply.body)}`);
      visitors.set(person.accountId, visitor);
      return visitor;
    },
    worker: env && {
      start: async () => {
        stopDeciding ??= await startDeciding(database, address, archive);
      },
      stop: async () => {
        await stopDeciding?.();
        stopDeciding = null;
      },
    },
    close: async () => {
      live.close();
      server.closeAllConnections();
      server.close();
      await stopDeciding?.();
      archive.close();
      await connection.close();
      await env?.teardown();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

/** A real picture of one shade, a file of its own for each shade; `claim` writes other dimensions into its header. */
export const png = (width: number, height: number, shade: number, claim?: { width: number; height: number }): Buffer =>
  encodePng(width, height, () => [shade], { claim, chunks: [pngChunk('tEXt', Buffer.from(`k\0${shade}`))] });

/** Rows of every table, so that a test can say that nothing was stored. */
export const countRows = async (db: Database): Promise<Record<string, number>> => {
  const { rows: tables } = await db.pool.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> '_prisma_migrations' ORDER BY 1`,
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) counts[name] = Number((await db.pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${name}`)).rows[0]!.n);
  return counts;
};

export const until = async <T>(what: string, look: () => Promise<T | null | undefined | false>, limitMs = 30_000): Promise<T> => {
  const end = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`);
    await delay(50);
  }
};
