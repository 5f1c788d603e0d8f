/** Connections to the MQTT broker from the settings, and the credentials of gateways at the embedded broker. */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IClientOptions } from 'mqtt';
import type { Config } from './config.ts';

/** User of our own processes at the embedded broker; its password is MQTT_PASSWORD. */
export const MQTT_SERVICE_USER = 'service';

/** Password of a gateway at the embedded broker (user name = gateway id): HMAC-SHA256 in hex. */
export const gatewayPassword = (secret: string, gatewayId: string): string => createHmac('sha256', secret).update(gatewayId, 'utf8').digest('hex');

export const mqttUrl = (config: Pick<Config, 'MQTT_URL' | 'MQTT_PORT'>): string => config.MQTT_URL ?? `mqtt://127.0.0.1:${config.MQTT_PORT}`;

/**
 * Options for `mqtt.connect(mqttUrl(config), …)`: MQTT 5, credentials, TLS. The broker's certificate is always verified, by
 * MQTT_CA where it is given. Throws when that file cannot be read.
 */
export const mqttConnectionOptions = async (config: Config): Promise<IClientOptions> => {
  const options: IClientOptions = {
    protocolVersion: 5,
    username: config.MQTT_USERNAME ?? MQTT_SERVICE_USER,
    reconnectPeriod: 1_000,
    connectTimeout: 10_000,
    keepalive: 30,
    rejectUnauthorized: true,
  };
  if (config.MQTT_PASSWORD) options.password = config.MQTT_PASSWORD;
  if (config.MQTT_CA) options.ca = await readFile(config.MQTT_CA);
  return options;
};
