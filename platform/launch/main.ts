/** `npm start`: a whole park on this machine, from an empty folder to ready, and kept alive until Ctrl-C. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Config, SETTINGS } from '../config.ts';
import { ConfigError } from '../config.ts';
import { provideTemporalCli } from '../engine/provide.ts';
import { postmasterPid, preparePostgres, removePostmasterLock, waitForDatabase, waitForPostgres } from '../postgres.ts';
import { say, sayNow, sayPairs, step } from './console.ts';
import { engineArguments, keepEngineAddress, waitForEngine } from './engine.ts';
import { isPostgres, markOf } from './identity.ts';
import { HELP, optionOf, parseOptions } from './options.ts';
import { endLeftOvers, readProcesses, releaseDataFolder, takeDataFolder } from './run-folder.ts';
import type { ProcessName } from './run-folder.ts';
import { dataSecrets, parkKind } from './secrets.ts';
import { createSupervisor, EX_CONFIG, killGroup, startReaper } from './supervisor.ts';
import type { Supervisor } from './supervisor.ts';

const run = promisify(execFile);
const root = dirname(dirname(import.meta.dirname));
const STOP_LIMIT_MS = 15_000;
const WAITING_NOTE_EVERY_MS = 30_000;
const SETUP_TIMEOUT_MS = 300_000;

type PortName = Extract<keyof typeof SETTINGS, `${string}_PORT`>;
type Env = Record<string, string>;

/** Settings of the process in which process owners' own code runs: it gets no address or password of database, engine, broker or mail. */
const FLOWS_SETTINGS = ['PATH', 'HOME', 'TZ', 'LANG', 'LC_ALL', 'TMPDIR', 'NODE_ENV', 'NODE_EXTRA_CA_CERTS', 'FLOWS_PORT', 'INTERNAL_PORT', 'INTERNAL_TOKEN', 'API_PORT', 'PUBLIC_URL', 'DATA_DIR', 'LOG_LEVEL'];

/** Ports that this start needs, with the address they are opened on. */
const ownPorts = (config: Config): [PortName, string][] => {
  const ports: [PortName, string][] = [['API_PORT', config.API_HOST], ['INTERNAL_PORT', '127.0.0.1'], ['FLOWS_PORT', '127.0.0.1'], ['WORKER_PORT', '127.0.0.1'], ['INGEST_PORT', '127.0.0.1']];
  if (!config.DATABASE_URL) ports.push(['POSTGRES_PORT', '127.0.0.1']);
  if (!config.TEMPORAL_ADDRESS) ports.push(['TEMPORAL_PORT', '127.0.0.1'], ['TEMPORAL_UI_PORT', '127.0.0.1']);
  if (!config.MQTT_URL) ports.push(['MQTT_PORT', '127.0.0.1']);
  return ports;
};

const canListen = (port: number, host: string): Promise<NodeJS.ErrnoException | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', resolve);
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });

const checkPorts = async (config: Config): Promise<void> => {
  const problems: string[] = [];
  for (const [name, host] of ownPorts(config)) {
    const error = await canListen(config[name], host);
    if (!error) continue;
    const why = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened on ${host} (${error.code})`;
    problems.push(`${name} ${config[name]} ${why}: choose another with --${optionOf(name)} N or ${name}=N, or move all ports with --port-offset N`);
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
};

/** Deals with what a killed `npm start` left in this data folder. */
const cleanUp = async (dataDir: string): Promise<void> => {
  const ended = await endLeftOvers(readProcesses(dataDir));
  if (ended.length > 0) say(`  left over from a killed start, ended 已清理上次遗留进程: ${ended.join(', ')}`);
  const postgresDir = join(dataDir, 'postgres');
  const pid = await postmasterPid(postgresDir);
  if (pid === undefined) return;
  const mark = markOf(pid);
  if (mark === undefined || !isPostgres(pid, postgresDir)) {
    await removePostmasterLock(postgresDir);
    return;
  }
  await endLeftOvers({ postgres: { pid, mark, restarts: 0 } });
  say('  left over from a killed start, ended 已清理上次遗留进程: postgres');
};

const waitForPort = async (port: number): Promise<void> => {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = createConnection({ port, host: '127.0.0.1' }, () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await sleep(100);
  }
};

const waitUntilReady = async (name: ProcessName, url: string): Promise<void> => {
  let noteAt = performance.now() + WAITING_NOTE_EVERY_MS;
  for (;;) {
    let why: string;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      const body = await response.text();
      if (response.ok) return;
      why = body.slice(0, 200);
    } catch (error) {
      const { message, cause } = error as Error;
      why = cause instanceof Error && cause.message ? cause.message : message;
    }
    if (performance.now() > noteAt) {
      sayNow(`still waiting for ${name} 仍在等待: ${why}`);
      noteAt += WAITING_NOTE_EVERY_MS;
    }
    await sleep(150);
  }
};

/** Runs one of our scripts to its end and gives the last line that it printed. */
const runScript = async (script: string, args: string[], env: Env): Promise<string> => {
  try {
    const { stdout } = await run(process.execPath, [join(root, script), ...args], { env, cwd: root, timeout: SETUP_TIMEOUT_MS, maxBuffer: 64_000_000 });
    return stdout.trim().split('\n').at(-1) ?? '';
  } catch (error) {
    const { code, stdout, stderr, message } = error as { code?: unknown; stdout?: string; stderr?: string; message: string };
    const words = (stderr?.trim() || stdout?.trim() || message).slice(-2_000);
    throw code === EX_CONFIG ? new ConfigError(words) : new Error(`${script} failed: ${words}`, { cause: error });
  }
};

/**
 * The flow process is watched from within (flows/main.ts), which knows a flow that hangs from a slow start and keeps count.
 * It gets the time to do so: 40 checks are more than the slowest start that it allows.
 */
const FLOWS_HEALTH_MISSES = 40;

const start = async (config: Config, given: Env, supervisor: Supervisor): Promise<void> => {
  const before = performance.now();
  const dataDir = config.DATA_DIR;
  const kind = await parkKind(dataDir, config.EMPTY);
  const secrets = await dataSecrets(dataDir);
  const env: Env = { NODE_ENV: 'production', ...secrets, ...given };
  // Its own password belongs to the embedded broker; another broker's is given or there is none.
  if (config.MQTT_URL && !given.MQTT_PASSWORD) delete env.MQTT_PASSWORD;

  const local = (port: PortName, path = '') => `http://127.0.0.1:${config[port]}${path}`;
  const api = `http://${config.API_HOST.includes(':') ? `[${config.API_HOST}]` : config.API_HOST === '0.0.0.0' ? '127.0.0.1' : config.API_HOST}:${config.API_PORT}`;
  const bases = { worker: local('WORKER_PORT'), ingest: local('INGEST_PORT'), api, flows: local('FLOWS_PORT') };
  const node = (name: ProcessName, script: string, nodeEnv: Env = env) => {
    const base = name in bases ? bases[name as keyof typeof bases] : undefined;
    supervisor.start({ name, command: process.execPath, args: [join(root, script)], env: nodeEnv, ...(base ? { health: `${base}/healthz` } : {}), ...(name === 'flows' ? { healthMisses: FLOWS_HEALTH_MISSES } : {}) });
  };
  const nodeStep = (name: keyof typeof bases, label: string, script: string, nodeEnv?: Env) =>
    step(label, async () => {
      node(name, script, nodeEnv);
      await waitUntilReady(name, `${bases[name]}/readyz`);
      return { value: undefined, text: bases[name] };
    });

  const engine = step('engine 流程引擎', async () => {
    if (!config.TEMPORAL_ADDRESS) {
      const command = await provideTemporalCli((line) => say(`    ${line}`));
      const folder = join(dataDir, 'engine');
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await keepEngineAddress(config);
      supervisor.start({ name: 'engine', command, args: engineArguments(config, join(folder, 'engine.db')), env });
    }
    await waitForEngine(config);
    return { value: undefined, text: config.TEMPORAL_ADDRESS ?? `127.0.0.1:${config.TEMPORAL_PORT}` };
  });

  const broker = step('broker 消息代理', async () => {
    if (config.MQTT_URL) return { value: undefined, text: `${new URL(config.MQTT_URL).host} (given)` };
    node('broker', 'ingest/broker/main.ts');
    await waitForPort(config.MQTT_PORT);
    return { value: undefined, text: `mqtt://127.0.0.1:${config.MQTT_PORT}` };
  });

  const portal = step('portal 门户', async () => ({ value: undefined, text: await runScript('portal/build.ts', [], env) }));

  const database = (async () => {
    await step('PostgreSQL', async () => {
      if (config.DATABASE_URL) {
        await waitForDatabase(config.DATABASE_URL);
        return { value: undefined, text: `${new URL(config.DATABASE_URL).host} (given)` };
      }
      const server = await preparePostgres(join(dataDir, 'postgres'), config.POSTGRES_PORT, { max_connections: '200' }, (line) => say(`    ${line}`));
      supervisor.start({ name: 'postgres', command: server.command, args: server.args, env: { PATH: given.PATH ?? '', LC_ALL: 'C' }, uid: server.uid, gid: server.gid });
      await waitForPostgres(server.url);
      env.DATABASE_URL = server.url;
      return { value: undefined, text: `127.0.0.1:${config.POSTGRES_PORT}` };
    });
    const admin = await step('database 数据库', async () => {
      const { applied, adminSecret } = JSON.parse(await runScript('prisma/setup.ts', [`--${kind}`], env)) as { applied: string[]; adminSecret: { username: string; password: string } | null };
      return { value: adminSecret, text: applied.length > 0 ? `${applied.length} migrations applied` : 'up to date' };
    });
    if (kind === 'demo') {
      await step('demo park 演示园区', async () => {
        const { changed } = JSON.parse(await runScript('deploy/demo-park/seed.ts', [], env)) as { changed: number };
        return { value: undefined, text: changed > 0 ? `${changed} rows written` : 'up to date' };
      });
    }
    return admin;
  })();

  const processes = database.then(async () => {
    const flowsEnv = Object.fromEntries(FLOWS_SETTINGS.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
    await Promise.all([
      nodeStep('worker', 'worker 流程执行', 'worker/main.ts'),
      nodeStep('ingest', 'ingest 遥测接入', 'ingest/main.ts'),
      portal.then(() => nodeStep('api', 'api 接口', 'api/main.ts')),
      nodeStep('flows', 'flows 流程编排', 'flows/main.ts', flowsEnv),
    ]);
  });

  const [admin] = await Promise.all([database, engine, broker, portal, processes]);
  const simulated = kind === 'demo' && config.SIMULATOR !== false;
  if (simulated) {
    await step('simulator 模拟器', async () => {
      node('simulator', 'deploy/demo-park/simulator.ts');
      return { value: undefined, text: 'started' };
    });
  }

  say(`\nready in 就绪用时 ${((performance.now() - before) / 1000).toFixed(1)} s\n`);
  const portalUrl = config.PUBLIC_URL ?? api;
  sayPairs([
    ['portal 门户', portalUrl],
    ['flow editor 流程编辑器', `${portalUrl.replace(/\/$/, '')}/flow-editor/`],
    ...(config.TEMPORAL_ADDRESS ? [] : [['engine UI 引擎界面', local('TEMPORAL_UI_PORT')] as const]),
    ['API description 接口说明', `${api}/api`],
    ['MQTT', config.MQTT_URL ?? `mqtt://127.0.0.1:${config.MQTT_PORT}`],
    ['data 数据', dataDir],
    ...(kind === 'demo' ? [['demo accounts 演示账号', join(dataDir, 'demo-accounts.json')] as const] : []),
  ]);
  if (admin) {
    say('\nFirst sign-in, shown only this once; the password must be changed then. 首次登录凭据，仅显示一次，登录后须修改：');
    sayPairs([['user name 用户名', admin.username], ['password 密码', admin.password]]);
  }
  say('\nCtrl-C stops the park 停止园区');
};

const main = async (): Promise<number> => {
  const { config, env, help } = parseOptions(process.argv.slice(2), process.env);
  if (help) {
    say(HELP);
    return 0;
  }
  const dataDir = config.DATA_DIR;
  say('ParkWarden 园安');
  const launcher = await step('runtime 运行时', async () => {
    if (Number(process.versions.node.split('.')[0]) < 24) throw new Error(`Node ${process.versions.node} is too old: start through npm start, which brings Node 24`);
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const mine = await takeDataFolder(dataDir);
    return { value: mine, text: `Node ${process.versions.node}, data in ${dataDir}` };
  });

  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
  let reaper: ReturnType<typeof startReaper> | undefined;
  let supervisor: Supervisor | undefined;
  try {
    await cleanUp(dataDir);
    await checkPorts(config);
    reaper = startReaper(dataDir, launcher);
    supervisor = createSupervisor(dataDir, sayNow);
    await Promise.race([start(config, env, supervisor).then(() => stopped), stopped, supervisor.configError]);
    return 0;
  } finally {
    const before = performance.now();
    if (supervisor) {
      say('\nstopping 正在停止 …');
      const limit = setTimeout(() => process.exit(1), STOP_LIMIT_MS); // the reaper ends what is left
      await supervisor.stop();
      clearTimeout(limit);
      say(`stopped 已停止 (${((performance.now() - before) / 1000).toFixed(1)} s)`);
    }
    if (reaper) killGroup(reaper);
    releaseDataFolder(dataDir);
  }
};

const isConfigError = (error: unknown): boolean => error instanceof ConfigError || (error instanceof Error && isConfigError(error.cause));

try {
  process.exit(await main());
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exit(isConfigError(error) ? EX_CONFIG : 1);
}
