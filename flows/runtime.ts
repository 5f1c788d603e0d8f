/**
 * The process in which flows run: Node-RED under our own Express on the loopback, with an empty environment. Started by
 * main.ts, which sends the settings as the first message and takes the heartbeat; ends when main.ts ends.
 */
import { createServer, Server } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import express from 'express';
import type { RequestHandler } from 'express';
import RED from 'node-red';
import { FLOW_WATCH } from '../domain/flows.ts';
import { clearEnvironment } from '../platform/environment.ts';
import { deriveSecret, FLOW_EDITOR_ROOT, FLOW_PROOF_HEADER, verifyFlowActor } from '../platform/flow-proof.ts';
import { createLogger } from '../platform/logger.ts';
import { createGateway } from './gateway.ts';
import { createPump } from './pump.ts';
import { createSettings } from './settings.ts';
import { createStorage } from './storage.ts';

export interface RuntimeSettings {
  port: number;
  gatewayPort: number;
  token: string;
  logLevel: string;
}

export type RuntimeMessage = { kind: 'beat'; version: number; ready: boolean };

const LISTEN_TRIES = 50;
const END_MS = 3_500;

const start = async (settings: RuntimeSettings): Promise<void> => {
  const logger = createLogger('flows', settings.logLevel);
  const ending = new AbortController();
  const gateway = createGateway(settings.gatewayPort, settings.token);
  const verify = (proof: unknown) => verifyFlowActor(settings.token, proof, Date.now());
  const storage = createStorage(gateway, ending.signal);

  let started = false;
  let reloading = false;
  const beat = (): void => {
    if (process.connected) process.send?.({ kind: 'beat', version: storage.version(), ready: started } satisfies RuntimeMessage);
  };
  const pump = createPump({
    gateway,
    logger,
    signal: ending.signal,
    onOtherVersion: (version) => {
      // Rolled back, deployed by the setup, or quarantined: the record decides which flows run.
      if (reloading || version === storage.version()) return;
      reloading = true;
      logger.info({ from: storage.version(), to: version }, 'another flow version is in force; loading it');
      void RED.runtime.flows
        .setFlows({ flows: { flows: [] }, deploymentType: 'reload', user: undefined })
        .catch((err: Error) => logger.error({ err }, 'flows could not be loaded'))
        .finally(() => {
          reloading = false;
        });
    },
  });

  const app = express();
  app.disable('x-powered-by');
  app.get('/healthz', (_req, res) => res.json({ ok: true }));
  app.get('/readyz', (_req, res) => res.status(started ? 200 : 503).json({ ok: started, flowVersion: storage.version(), openEvents: pump.open() }));

  const requireProof: RequestHandler = (req, res, next) => {
    if (verify(req.headers[FLOW_PROOF_HEADER])) next();
    else res.status(401).json({ code: 'auth.required' });
  };
  // The editor offers usage reports to its makers; nothing leaves this park.
  const noTelemetry: RequestHandler = (req, _res, next) => {
    if (typeof req.body === 'object' && req.body !== null) delete (req.body as Record<string, unknown>).telemetryEnabled;
    // Node-RED's own body parser knows by this that the body has been read.
    Object.assign(req, { _body: true });
    next();
  };
  app.use(FLOW_EDITOR_ROOT, requireProof);
  app.get(`${FLOW_EDITOR_ROOT}parkwarden/registry`, async (_req, res) => {
    res.json(await gateway.call('GET', 'registry'));
  });
  app.post(`${FLOW_EDITOR_ROOT}settings/user`, express.json({ limit: '1mb' }), noTelemetry);

  const server = createServer(app);
  // Node-RED hears of an upgrade only after the proof was checked.
  const behindProof = new Server();
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (verify(req.headers[FLOW_PROOF_HEADER])) behindProof.emit('upgrade', req, socket, head);
    else socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
  });
  RED.init(
    behindProof,
    createSettings({ storageModule: storage.module, signals: pump.signals, verify, logger, credentialSecret: deriveSecret(settings.token, 'flow-credentials') }),
  );
  app.use(FLOW_EDITOR_ROOT, RED.httpAdmin as express.Express);

  interface HookEvent {
    msg?: { _msgid?: unknown };
    destination?: { id: string; node?: { _expectedDoneCount: number } };
  }
  RED.hooks.add('preDeliver.parkwarden', (event: HookEvent) => pump.delivered(event.msg));
  RED.hooks.add('onReceive.parkwarden', (event: HookEvent) => pump.received(event.msg, event.destination?.id ?? '', (event.destination?.node?._expectedDoneCount ?? 1) > 0));
  RED.hooks.add('onComplete.parkwarden', (event: HookEvent) => pump.completed(event.msg));
  RED.events.on('flows:stopping', () => pump.flowsStopping());
  RED.events.on('flows:started', () => {
    started = true;
    // Before anything is handed out: the watcher must know which version it was that never answered again.
    beat();
    pump.flowsStarted(storage.version());
  });

  for (let attempt = 1; ; attempt += 1) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(settings.port, '127.0.0.1', () => {
          server.off('error', reject);
          resolve();
        });
      });
      break;
    } catch (error) {
      // The process before us may still be on its way out.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === LISTEN_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  setInterval(beat, FLOW_WATCH.heartbeatMs);
  await RED.start();
  beat();
  const pumping = pump.run();
  logger.info({ port: settings.port }, 'flows are up');

  const end = async (): Promise<void> => {
    setTimeout(() => process.exit(1), END_MS).unref();
    ending.abort(new Error('the process ends'));
    await pumping;
    await RED.stop();
    process.exit(0);
  };
  process.once('SIGTERM', () => void end());
};

// Nothing of the environment is for flows; what is needed comes by message.
clearEnvironment();
process.on('disconnect', () => process.exit(0));
process.once('message', (settings: RuntimeSettings) => {
  start(settings).catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
});
