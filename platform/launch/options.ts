/** The options of `npm start`, laid over the environment: an option wins, then a variable, then the default. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Config } from '../config.ts';
import { ConfigError, parseConfig, SETTINGS } from '../config.ts';

type Env = Record<string, string | undefined>;
type PortName = Extract<keyof typeof SETTINGS, `${string}_PORT`>;

export interface LaunchOptions {
  config: Config;
  /** What the processes get: the environment of `npm start` with every port and the data folder written out. */
  env: Record<string, string>;
  help: boolean;
}

export const PORT_NAMES = Object.keys(SETTINGS).filter((name): name is PortName => name.endsWith('_PORT'));

/** API_PORT → api-port */
export const optionOf = (name: string): string => name.toLowerCase().replaceAll('_', '-');

export const HELP = `ParkWarden 园安

  npm start [-- options]        runs a park on this machine 在本机运行一个园区

Options 选项 (each also as an environment variable 亦可用环境变量)
  --data FOLDER                 DATA_DIR        folder of all data 数据目录 (data)
  --empty                       EMPTY=true      a park without demo data 不含演示数据
  --no-simulator                SIMULATOR=false no simulated gateways 不运行模拟器
  --port-offset N               PORT_OFFSET     added to every port not given 所有端口加 N
${PORT_NAMES.map((name) => `  ${`--${optionOf(name)} N`.padEnd(29)} ${name.padEnd(15)} ${SETTINGS[name].what} (${SETTINGS[name].example})`).join('\n')}
  --help                        this text 显示本说明

Further settings by environment variable 其他设置
${Object.entries(SETTINGS)
  .filter(([name]) => !PORT_NAMES.includes(name as PortName) && !['DATA_DIR', 'EMPTY', 'SIMULATOR', 'PORT_OFFSET'].includes(name))
  .map(([name, { what }]) => `  ${name.padEnd(22)} ${what}`)
  .join('\n')}`;

const readArguments = (argv: string[]) => {
  const ports = Object.fromEntries(PORT_NAMES.map((name) => [optionOf(name), { type: 'string' as const }]));
  try {
    return parseArgs({
      args: argv,
      options: { ...ports, data: { type: 'string' }, empty: { type: 'boolean' }, simulator: { type: 'boolean' }, 'port-offset': { type: 'string' }, help: { type: 'boolean', short: 'h' } },
      allowNegative: true,
    }).values;
  } catch (error) {
    throw new ConfigError(`${(error as Error).message.split('. ')[0]}. See npm start -- --help`, { cause: error });
  }
};

/** Throws ConfigError, naming each bad option or variable. */
export const parseOptions = (argv: string[], environment: Env): LaunchOptions => {
  const options = readArguments(argv) as Record<string, string | boolean | undefined>;
  const env: Env = { ...environment };
  if (options.data !== undefined) env.DATA_DIR = String(options.data);
  if (options.empty !== undefined) env.EMPTY = String(options.empty);
  if (options.simulator !== undefined) env.SIMULATOR = String(options.simulator);
  if (options['port-offset'] !== undefined) env.PORT_OFFSET = String(options['port-offset']);
  for (const name of PORT_NAMES) {
    const value = options[optionOf(name)];
    if (value !== undefined) env[name] = String(value);
  }
  const given = parseConfig(env);
  for (const name of PORT_NAMES) {
    if (env[name] === undefined || env[name] === '') env[name] = String(given[name] + given.PORT_OFFSET);
  }
  env.DATA_DIR = resolve(given.DATA_DIR);
  env.PORT_OFFSET = '0'; // it is in the ports now
  const config = parseConfig(env);
  const seen = new Map<number, string>();
  for (const name of PORT_NAMES) {
    const other = seen.get(config[name]);
    if (other) throw new ConfigError(`${other} and ${name} are both ${config[name]}: give one of them another port, for example --${optionOf(name)} ${config[name] + 100}`);
    seen.set(config[name], name);
  }
  return { config, env: Object.fromEntries(Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined)), help: options.help === true };
};
