/** The ingest process: telemetry from the broker into the record, rules, the statutory floor. */
import { loadConfig } from '../platform/config.ts';
import { createLogger } from '../platform/logger.ts';
import { mqttConnectionOptions, mqttUrl } from '../platform/mqtt.ts';
import { openDatabase } from '../prisma/client.ts';
import { startFloor } from './floor.ts';
import { serveHealth } from '../platform/health.ts';
import { createMetrics } from './metrics.ts';
import { createPipeline } from './pipeline.ts';
import { watchRuleBook } from './rule-book.ts';
import type { Subscriber } from './subscriber.ts';
import { subscribe } from './subscriber.ts';

const END_WITHIN_MS = 9_000;

const config = loadConfig();
const log = createLogger('ingest', config.LOG_LEVEL);

const main = async (): Promise<void> => {
  if (!config.DATABASE_URL) throw new Error('DATABASE_URL is not set: ingest does not start a database of its own');
  const connection = await mqttConnectionOptions(config);
  const database = openDatabase({
    url: config.DATABASE_URL, defaultScope: 'service', maxConnections: 4, applicationName: 'parkwarden-ingest',
    onError: (error) => log.warn({ err: error }, 'database connection lost'),
  });
  const metrics = createMetrics();
  const rules = watchRuleBook(database, config.DATABASE_URL, log);
  let subscriber: Subscriber | null = null;
  const health = await serveHealth(config.INGEST_PORT, metrics.registry, () => ({
    rules: { ok: rules.loaded(), detail: rules.loaded() ? undefined : 'rules not loaded yet' },
    broker: subscriber?.status() ?? { ok: false, detail: 'not connected yet' },
  }));
  const floor = startFloor(database, metrics, log);
  const pipeline = createPipeline({ database, book: rules.current, metrics, log });

  // Nothing is taken in before it can be judged: an unloaded registry would send good readings to quarantine.
  const waiting = setInterval(() => {
    if (!rules.loaded()) return;
    clearInterval(waiting);
    subscriber = subscribe({ url: mqttUrl(config), connection, clientId: config.MQTT_CLIENT_ID, shareGroup: config.MQTT_SHARE_GROUP, pipeline, metrics, log });
  }, 50);

  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info({ signal }, 'ending');
    setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
    clearInterval(waiting);
    await subscriber?.stop();
    await floor.stop();
    await rules.stop();
    await database.close();
    health.closeAllConnections();
    health.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void end('SIGTERM'));
  process.on('SIGINT', () => void end('SIGINT'));
};

main().catch((error: Error) => {
  log.fatal({ err: error }, 'ingest cannot start');
  process.exit(1);
});
