/** The worker process: workflows and activities of the closure queue, and the relay of the outbox. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import mqtt from 'mqtt';
import { deliverActuation, publisherOf } from '../activities/actuators.ts';
import type { ChannelPorts } from '../activities/deliver.ts';
import { deliver } from '../activities/deliver.ts';
import { robotPort } from '../activities/deliver-robot.ts';
import { smtpPort } from '../activities/deliver-smtp.ts';
import { textMessagePort } from '../activities/deliver-sms.ts';
import { openArchive } from '../activities/archive.ts';
import { createActivities } from '../activities/index.ts';
import { issueAlarmNotices } from '../activities/notices.ts';
import { createSelfAuditActivities } from '../activities/self-audit.ts';
import { loadConfig } from '../platform/config.ts';
import { createLogger } from '../platform/logger.ts';
import { openMailer } from '../platform/mailer.ts';
import { configuredChannels } from '../platform/provider.ts';
import { openRobots } from '../platform/robots.ts';
import { openTextMessages } from '../platform/text-messages.ts';
import { mqttConnectionOptions, mqttUrl } from '../platform/mqtt.ts';
import { temporalConnectionOptions } from '../platform/temporal.ts';
import { openDatabase } from '../prisma/client.ts';
import { CLOSURE_QUEUE } from '../workflows/ids.ts';
import { buildBundle } from './build-bundle.ts';
import { startChannelClock } from './channel-clock.ts';
import { serveHealth } from '../platform/health.ts';
import { createMetrics } from './metrics.ts';
import { startRelay } from './relay.ts';
import { ensureSchedules } from './schedules.ts';
import { createWorkflowReceiver } from './tell-workflow.ts';

const END_WITHIN_MS = 9_000;
const GRACE = '6 seconds';
/** Each keeps a workflow in memory so that it need not be replayed; about 0.5 MB with its isolated objects. */
const CACHED_WORKFLOWS = 500;
const DATABASE_CONNECTIONS = 12;
const ENGINE_RETRY_MS = 1_000;
/** So long a task waits for the worker that has the case in memory before another takes it: short, for when that worker was killed. */
const STICKY = '3 seconds';

const config = loadConfig();
const log = createLogger('worker', config.LOG_LEVEL);

const main = async (): Promise<void> => {
  if (!config.DATABASE_URL) throw new Error('DATABASE_URL is not set: the worker does not start a database of its own');
  const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => log[levels[level]](meta ?? {}, message)),
    telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
    shutdownSignals: [],
  });

  const database = openDatabase({
    url: config.DATABASE_URL, defaultScope: 'service', maxConnections: DATABASE_CONNECTIONS, applicationName: 'parkwarden-worker',
    onError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const engine = await temporalConnectionOptions(config);
  const mailer = openMailer(config);
  const broker = mqtt.connect(mqttUrl(config), { ...(await mqttConnectionOptions(config)), clientId: `parkwarden-worker-${randomUUID().slice(0, 8)}` });
  let brokerAway = false;
  broker.on('error', (error) => {
    if (!brokerAway) log.warn({ reason: error.message }, 'the broker is away');
    brokerAway = true;
  });
  broker.on('connect', () => {
    brokerAway = false;
  });
  const metrics = createMetrics();

  const notices = { smtpEnabled: config.SMTP_URL !== undefined, channels: configuredChannels(config), publicUrl: config.PUBLIC_URL ?? null };
  const { sms, voice } = openTextMessages(config);
  const ports: ChannelPorts = {
    smtp: mailer && smtpPort(mailer, notices.publicUrl), robot: robotPort(openRobots(config), notices.publicUrl), sms: sms && textMessagePort('sms', sms), voice: voice && textMessagePort('voice', voice),
  };
  const archive = openArchive(config.DATA_DIR);
  const client = new Client({ connection: Connection.lazy(engine), namespace: config.TEMPORAL_NAMESPACE });
  const tellWorkflow = createWorkflowReceiver(client, database);
  const actuators = { db: database, publisher: publisherOf(broker) };
  const relay = startRelay(
    database,
    {
      workflow: ({ payload }) => tellWorkflow(payload),
      smtp: async ({ key, payload }) => void (await deliver(database, ports, { deliveryId: payload.deliveryId, key })),
      urgent: async ({ key, payload }) => void (await deliver(database, ports, { deliveryId: payload.deliveryId, key })),
      channel: async ({ key, payload }) => void (await deliver(database, ports, { deliveryId: payload.deliveryId, key })),
      notify: ({ payload }) => database.pgTransaction({ scope: 'service' }, (tx) => issueAlarmNotices(tx, { ...payload, rung: 0 }, notices)),
      actuate: async ({ payload }) => void (await deliverActuation(actuators, payload)),
    },
    log,
    metrics.relay,
  );

  const clock = startChannelClock(database, notices, ports, log);

  let worker: Worker | null = null;
  let ended: Promise<void> = Promise.resolve();
  let ending = false;
  const health = await serveHealth(config.WORKER_PORT, metrics.registry, () => ({
    workflows: worker?.getState() === 'RUNNING' ? { ok: true } : { ok: false, detail: 'not connected to the engine yet' },
    relay: relay.ok() ? { ok: true } : { ok: false, detail: 'the outbox cannot be read' },
  }));

  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'ending');
    setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
    if (worker?.getState() === 'RUNNING') worker.shutdown();
    await Promise.all([relay.stop(), clock.stop(), ended]);
    await broker.endAsync(true);
    mailer?.close();
    archive.close();
    await database.close();
    health.closeAllConnections();
    health.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));

  const workflowBundle = await buildBundle(join(config.DATA_DIR, 'cache'));
  const activities = { ...createActivities({ database, notices, archive }), ...createSelfAuditActivities({ database, client, dataDir: config.DATA_DIR }) };
  const connect = async (): Promise<Worker | null> => {
    while (!ending) {
      let connection: NativeConnection | undefined;
      try {
        connection = await NativeConnection.connect(engine);
        await ensureSchedules(client);
        return await Worker.create({
          connection, namespace: config.TEMPORAL_NAMESPACE, taskQueue: CLOSURE_QUEUE, workflowBundle, activities, maxCachedWorkflows: CACHED_WORKFLOWS, stickyQueueScheduleToStartTimeout: STICKY,
          maxConcurrentActivityTaskExecutions: DATABASE_CONNECTIONS * 2, shutdownGraceTime: GRACE, shutdownForceTime: '8 seconds',
        });
      } catch (error) {
        await connection?.close().catch(() => {});
        log.warn({ reason: (error as Error).message }, 'the engine is away');
        await delay(ENGINE_RETRY_MS);
      }
    }
    return null;
  };
  worker = await connect();
  ended = (worker?.run() ?? Promise.resolve()).catch((error: Error) => {
    log.fatal({ err: error }, 'the worker ended');
    process.exit(1);
  });
  log.info({ queue: CLOSURE_QUEUE }, 'working');
  await ended;
};

main().catch((error: Error) => {
  log.fatal({ err: error }, 'the worker cannot start');
  process.exit(1);
});
