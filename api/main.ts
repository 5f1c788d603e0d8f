/** The process `api`: portal, API, live events, the flow editor's door, and on its own loopback port the gateway for flows. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { UPLOAD_LIMITS } from '../domain/evidence.ts';
import type { Config } from '../platform/config.ts';
import { loadConfig } from '../platform/config.ts';
import { openArchiveStore } from '../platform/archive-store.ts';
import { openEvidenceStore } from '../platform/evidence-store.ts';
import { createLogger } from '../platform/logger.ts';
import { mqttUrl } from '../platform/mqtt.ts';
import { temporalConnectionOptions } from '../platform/temporal.ts';
import { openDatabase } from '../prisma/client.ts';
import { createApp } from './app.ts';
import type { ApiDeps, ComponentState } from './deps.ts';
import { createEngine, ENGINE_CHANNEL } from './engine.ts';
import { createEvidenceInspect } from './evidence.ts';
import { createInternalApp } from './internal/app.ts';
import { createLiveEvents } from './live.ts';
import { createFlowEditor } from './routes/flow-editor.ts';
import { createSignIn } from './sign-in.ts';

const END_MS = 9_000;
const REGISTER_WAIT_MS = 5_000;
const CHECK_MS = 3_000;
const SWEEP_MS = 60 * 60_000;

const config: Config = loadConfig();
const logger = createLogger('api', config.LOG_LEVEL);
if (!config.DATABASE_URL || !config.INTERNAL_TOKEN) {
  console.error('DATABASE_URL and INTERNAL_TOKEN must be set: `npm start` does so, or give the database and a secret of >= 32 characters.');
  process.exit(78);
}

const database = openDatabase({ url: config.DATABASE_URL, defaultScope: 'none', maxConnections: 20, applicationName: 'parkwarden-api', onError: (error) => logger.warn({ err: error }, 'lost a database connection') });
// Lazy: the engine may come later than we do, and come back.
const connection = Connection.lazy({ ...(await temporalConnectionOptions(config)), channelArgs: ENGINE_CHANNEL });
const engine = createEngine(connection, config.TEMPORAL_NAMESPACE);
const live = createLiveEvents(database, logger);
const publicUrl = config.PUBLIC_URL ?? null;
const signIn = createSignIn(database, publicUrl);

const ready = (port: number) => async (): Promise<ComponentState> => {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(CHECK_MS) });
  const text = await response.text();
  return response.ok ? { ok: true } : { ok: false, detail: text.slice(0, 200) };
};

const brokerAnswers = (): Promise<ComponentState> => {
  const url = new URL(mqttUrl(config));
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port: Number(url.port || (url.protocol === 'mqtts:' ? 8883 : 1883)), timeout: CHECK_MS });
    const end = (state: ComponentState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.once('connect', () => end({ ok: true }));
    socket.once('timeout', () => end({ ok: false, detail: 'no answer' }));
    socket.once('error', (error) => end({ ok: false, detail: error.message }));
  });
};

const deps: ApiDeps = {
  database,
  engine,
  live,
  logger,
  publicUrl,
  evidence: await openEvidenceStore(config.DATA_DIR, UPLOAD_LIMITS),
  inspect: createEvidenceInspect(),
  archive: openArchiveStore(config.DATA_DIR),
  trustProxy: config.TRUST_PROXY,
  portalDir: join(import.meta.dirname, '..', 'portal', 'dist'),
  registerWaitMs: REGISTER_WAIT_MS,
  components: {
    database: async () => {
      await database.pool.query('SELECT 1');
      return { ok: true };
    },
    engine: async () => {
      await engine.check();
      return { ok: true };
    },
    broker: brokerAnswers,
    ingest: ready(config.INGEST_PORT),
    flows: ready(config.FLOWS_PORT),
    worker: ready(config.WORKER_PORT),
  },
};

const flowEditor = createFlowEditor({
  flowsPort: config.FLOWS_PORT,
  token: config.INTERNAL_TOKEN,
  publicUrl,
  logger,
  findSession: async (req) => {
    const session = await signIn.find(req);
    return session && { personId: session.person.id, nameZh: session.person.nameZh, nameEn: session.person.nameEn, role: session.actor.role, mustChangePassword: session.mustChangePassword };
  },
});
const internal = createInternalApp({ database, token: config.INTERNAL_TOKEN, logger });

const server = createServer(createApp(deps, { signIn, before: [flowEditor.handler] }));
server.on('upgrade', flowEditor.upgrade);
server.headersTimeout = 20_000;
server.requestTimeout = 120_000;
const internalServer = createServer(internal.app);

const listen = (what: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    what.once('error', reject);
    what.listen(port, host, resolve);
  });
await listen(internalServer, config.INTERNAL_PORT, '127.0.0.1');
await listen(server, config.API_PORT, config.API_HOST);
logger.info({ host: config.API_HOST, port: config.API_PORT, internalPort: config.INTERNAL_PORT }, 'listening');

// Uploads that nobody goes on with.
setInterval(() => void deps.evidence.parts.sweep().catch((error: Error) => logger.error({ err: error }, 'cannot throw away unfinished uploads')), SWEEP_MS).unref();

let ending = false;
const end = (): void => {
  if (ending) return;
  ending = true;
  logger.info('ending');
  setTimeout(() => process.exit(1), END_MS).unref();
  live.close();
  internal.close();
  const closed = [server, internalServer].map((s) => new Promise((resolve) => s.close(resolve)));
  setInterval(() => {
    server.closeIdleConnections();
    internalServer.closeIdleConnections();
  }, 100).unref();
  void Promise.all(closed)
    .then(() => Promise.allSettled([database.close(), connection.close()]))
    .then(() => process.exit(0));
};
process.on('SIGTERM', end);
process.on('SIGINT', end);
