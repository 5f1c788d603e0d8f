/** The embedded broker as a process of its own, on loopback. With MQTT_URL given there is nothing for it to do. */
import { loadConfig } from '../../platform/config.ts';
import { createLogger } from '../../platform/logger.ts';
import { startBroker } from './broker.ts';

const config = loadConfig();
const log = createLogger('broker', config.LOG_LEVEL);

const main = async (): Promise<void> => {
  const { MQTT_PASSWORD: servicePassword, MQTT_GATEWAY_SECRET: gatewaySecret, MQTT_PORT: port } = config;
  if (!servicePassword || !gatewaySecret) throw new Error('MQTT_PASSWORD and MQTT_GATEWAY_SECRET are needed: without them anybody could publish');
  const broker = await startBroker({ port, servicePassword, gatewaySecret, log });
  log.info({ port: broker.port }, 'listening');

  let ending = false;
  const end = (signal: string): void => {
    if (ending) return;
    ending = true;
    log.info({ signal, dropped: broker.dropped() }, 'ending');
    setTimeout(() => process.exit(0), 5_000).unref();
    void broker.close().then(() => process.exit(0));
  };
  process.on('SIGTERM', () => end('SIGTERM'));
  process.on('SIGINT', () => end('SIGINT'));
};

main().catch((error: Error) => {
  log.fatal({ err: error }, 'broker cannot start');
  process.exit(1);
});
