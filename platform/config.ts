/**
 * Settings of every process, parsed once. A bad value stops the start with the name, the form it has and an example.
 * `npm start` fills in what is missing for the embedded park and hands it to its processes through the environment.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

const port = (fallback: number) => z.coerce.number().int().min(1).max(65_535).default(fallback);
const flag = z.enum(['true', 'false']).transform((v) => v === 'true');
/** Secrets and phone numbers cross no network in the clear: http to this machine only. */
const providerUrl = z.url({ protocol: /^https?$/ }).refine((url) => url.startsWith('https:') || ['localhost', '127.0.0.1', '[::1]'].includes(URL.parse(url)?.hostname ?? ''));
const robots = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  })
  .pipe(z.array(z.strictObject({ name: z.string().regex(/^[\w.-]{1,64}$/), kind: z.enum(['dingtalk', 'wecom']), url: providerUrl, secret: z.string().min(1).optional() })).max(100))
  .refine((list) => new Set(list.map((r) => r.name)).size === list.length);

interface Setting {
  schema: z.ZodType;
  what: string;
  example: string;
}

const setting = <T extends z.ZodType>(schema: T, what: string, example: string): { schema: T; what: string; example: string } => ({ schema, what, example });

/** Every environment variable that ParkWarden reads: its form, what it is, an example. */
export const SETTINGS = {
  DATABASE_URL: setting(z.url({ protocol: /^postgres(ql)?$/ }).optional(), 'PostgreSQL >= 15; absent: embedded', 'postgresql://parkwarden@db.example:5432/parkwarden'),
  TEMPORAL_ADDRESS: setting(z.string().regex(/^[^\s:/]+:\d+$/).optional(), 'host:port of a Temporal frontend; absent: embedded', 'temporal.example:7233'),
  TEMPORAL_NAMESPACE: setting(z.string().min(1).default('default'), 'Temporal namespace', 'park.a1b2c'),
  TEMPORAL_API_KEY: setting(z.string().min(1).optional(), 'API key of Temporal Cloud', '(a key)'),
  TEMPORAL_TLS: setting(flag.optional(), 'TLS to Temporal; default: true with an API key or a client certificate', 'true'),
  TEMPORAL_TLS_CERT: setting(z.string().min(1).optional(), 'file with the client certificate', '/etc/parkwarden/temporal.crt'),
  TEMPORAL_TLS_KEY: setting(z.string().min(1).optional(), 'file with the client key', '/etc/parkwarden/temporal.key'),
  MQTT_URL: setting(z.url({ protocol: /^mqtts?$/ }).optional(), 'MQTT broker; absent: embedded', 'mqtts://broker.example:8883'),
  MQTT_USERNAME: setting(z.string().min(1).optional(), 'user name at the broker', 'parkwarden-ingest'),
  MQTT_PASSWORD: setting(z.string().min(1).optional(), 'password at the broker', '(a password)'),
  MQTT_CA: setting(z.string().min(1).optional(), 'file with the CA of the broker', '/etc/parkwarden/mqtt-ca.crt'),
  MQTT_GATEWAY_SECRET: setting(z.string().min(32).optional(), 'secret from which the passwords of gateways at the embedded broker are derived (>= 32 characters)', '(openssl rand -hex 32)'),
  MQTT_CLIENT_ID: setting(z.string().regex(/^[\w.-]{1,64}$/).default('parkwarden-ingest'), 'client id of ingest at the broker, its own for each of several', 'parkwarden-ingest-2'),
  MQTT_SHARE_GROUP: setting(z.string().regex(/^[\w.-]{1,64}$/).optional(), 'shared-subscription group, for several ingest processes at one broker', 'ingest'),
  SMTP_URL: setting(z.url({ protocol: /^smtps?$/ }).optional(), 'mail server for notices; absent: inbox only', 'smtp://user:password@mail.example:587'),
  SMTP_FROM: setting(z.string().min(3).optional(), 'sender of notices', '"园区安全" <safety@park.example>'),
  IM_ROBOTS: setting(robots.optional(), 'group robots of DingTalk and WeCom, as JSON; organisations name theirs; absent: none', '[{"name":"duty","kind":"dingtalk","url":"https://oapi.dingtalk.com/robot/send?access_token=...","secret":"SEC..."}]'),
  SMS_URL: setting(providerUrl.optional(), 'interface of the provider of text messages (docs/interfaces/messages.md); absent: none', 'https://sms.example/v1'),
  SMS_KEY_ID: setting(z.string().min(1).optional(), 'id of the key at SMS_URL', 'parkwarden'),
  SMS_SECRET: setting(z.string().min(16).optional(), 'key at SMS_URL (>= 16 characters)', '(a key)'),
  VOICE_URL: setting(providerUrl.optional(), 'interface of the provider of voice calls (docs/interfaces/messages.md); absent: none', 'https://voice.example/v1'),
  VOICE_KEY_ID: setting(z.string().min(1).optional(), 'id of the key at VOICE_URL', 'parkwarden'),
  VOICE_SECRET: setting(z.string().min(16).optional(), 'key at VOICE_URL (>= 16 characters)', '(a key)'),
  PUBLIC_URL: setting(z.url({ protocol: /^https?$/ }).optional(), 'address under which people reach the portal; https switches secure cookies on', 'https://park.example'),
  TRUST_PROXY: setting(z.coerce.number().int().min(0).max(10).default(0), 'number of reverse proxies in front of the API whose X-Forwarded-For is believed', '1'),
  API_HOST: setting(z.string().min(1).default('127.0.0.1'), 'address that the portal listens on', '0.0.0.0'),
  API_PORT: setting(port(8080), 'port of portal and API', '8080'),
  INTERNAL_PORT: setting(port(8081), 'loopback port of the gateway that flows speak to', '8081'),
  FLOWS_PORT: setting(port(8082), 'loopback port of the flow process', '8082'),
  WORKER_PORT: setting(port(8083), 'loopback port of the worker: health and metrics', '8083'),
  INGEST_PORT: setting(port(8084), 'loopback port of ingest: health and metrics', '8084'),
  POSTGRES_PORT: setting(port(5433), 'port of the embedded PostgreSQL', '5433'),
  TEMPORAL_PORT: setting(port(7234), 'port of the embedded engine', '7234'),
  TEMPORAL_UI_PORT: setting(port(8233), 'port of the engine UI', '8233'),
  MQTT_PORT: setting(port(1883), 'port of the embedded broker', '1883'),
  PORT_OFFSET: setting(z.coerce.number().int().min(0).max(50_000).default(0), '`npm start` adds this to every port that is not given, so that several parks run side by side', '100'),
  SIMULATOR: setting(flag.optional(), '`npm start` runs the simulator of the demo park', 'false'),
  EMPTY: setting(flag.optional(), '`npm start` sets up a park without demo data', 'true'),
  DATA_DIR: setting(z.string().min(1).default('data'), 'folder of all data', '/var/lib/parkwarden'),
  CACHE_DIR: setting(z.string().min(1).optional(), 'folder of downloaded executables, shared by clones; default: parkwarden in XDG_CACHE_HOME or ~/.cache', '/var/cache/parkwarden'),
  INTERNAL_TOKEN: setting(z.string().min(32).optional(), 'secret between the flow process and the API (>= 32 characters)', '(openssl rand -hex 32)'),
  LOG_LEVEL: setting(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'), 'least severe line that is logged', 'info'),
} as const satisfies Record<string, Setting>;

type SettingName = keyof typeof SETTINGS;
export type Config = { [N in SettingName]: z.output<(typeof SETTINGS)[N]['schema']> };

export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** Parses the environment. Throws ConfigError with one line per bad value; a secret's value is never repeated. */
export const parseConfig = (env: Record<string, string | undefined>): Config => {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, { schema, what, example }] of Object.entries(SETTINGS)) {
    const raw = env[name];
    const parsed = schema.safeParse(raw === '' ? undefined : raw);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}: ${what}. Example: ${name}=${example}`);
  }
  if (problems.length > 0) throw new ConfigError(`Bad settings:\n  ${problems.join('\n  ')}`);
  return values as Config;
};

/** The settings of this process; prints the problems and ends the process where there are any. */
export const loadConfig = (): Config => {
  try {
    return parseConfig(process.env);
  } catch (error) {
    console.error((error as Error).message);
    process.exit(78); // EX_CONFIG
  }
};

/** Folder of downloaded executables. It lies outside the clone, so that clones share it and `npm run reset` keeps it. */
export const cacheDir = (config: Pick<Config, 'CACHE_DIR'>): string => config.CACHE_DIR ?? join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'parkwarden');
