/** The gateways of the demo park: publishes what signals.ts says over MQTT, as real gateways would (gateway.ts). */
import { loadConfig } from '../../platform/config.ts';
import { createLogger } from '../../platform/logger.ts';
import { gatewayPassword, mqttConnectionOptions, mqttUrl } from '../../platform/mqtt.ts';
import { Gateway } from './gateway.ts';
import type { SensorSeed } from './park.ts';
import { GATEWAYS, SENSORS } from './park.ts';
import { valueAt } from './signals.ts';

/** Sensors of one gateway whose instant has come; one message a second at most. */
export const dueSensors = (sensors: readonly SensorSeed[], second: number): SensorSeed[] => sensors.filter((s) => second % s.intervalS === 0);

if (import.meta.main) {
  const config = loadConfig();
  const log = createLogger('simulator', config.LOG_LEVEL);
  const shared = await mqttConnectionOptions(config);
  const gateways = GATEWAYS.map(({ id }) => ({
    sensors: SENSORS.filter((s) => s.gatewayId === id),
    gateway: new Gateway({
      url: mqttUrl(config),
      // At the embedded broker every gateway has an account of its own; elsewhere the park's account publishes for all.
      connection: config.MQTT_URL === undefined && config.MQTT_GATEWAY_SECRET ? { ...shared, username: id, password: gatewayPassword(config.MQTT_GATEWAY_SECRET, id) } : shared,
      gatewayId: id,
      onError: (error) => log.debug({ gateway: id, error: error.message }, 'the broker is away, readings are kept'),
    }),
  }));

  const start = performance.now();
  let second = -1;
  const tick = (): void => {
    // A late timer leaves no second out.
    const now = Math.floor((performance.now() - start) / 1000);
    while (second < now) {
      second += 1;
      const at = new Date(Date.now() - (now - second) * 1000);
      for (const { gateway, sensors } of gateways) {
        const due = dueSensors(sensors, second);
        if (due.length > 0) gateway.publish(due.map((s) => ({ point: s.point, value: valueAt(s, second), unit: s.unit })), at);
      }
    }
  };
  tick();
  const ticking = setInterval(tick, 200);
  const reporting = setInterval(() => {
    log.info({ waiting: gateways.reduce((n, g) => n + g.gateway.waiting, 0), lost: gateways.reduce((n, g) => n + g.gateway.lost, 0) }, 'readings without receipt');
  }, 60_000);

  log.info({ gateways: gateways.length, sensors: SENSORS.length }, 'the simulator publishes');

  const stop = (): void => {
    clearInterval(ticking);
    clearInterval(reporting);
    void Promise.all(gateways.map(({ gateway }) => gateway.close())).then(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}
