/**
 * The park of a kill run: a real one, started as a user starts it, without simulator, with database, engine and broker of its
 * own behind connections that can be cut; and what is done to its processes.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parseConfig } from '../../platform/config.ts';
import { provideTemporalCli } from '../../platform/engine/provide.ts';
import { engineArguments, waitForEngine } from '../../platform/launch/engine.ts';
import { readProcesses, releaseDataFolder, takeDataFolder } from '../../platform/launch/run-folder.ts';
import { dataSecrets } from '../../platform/launch/secrets.ts';
import type { Supervisor } from '../../platform/launch/supervisor.ts';
import { createSupervisor, killGroup, startReaper } from '../../platform/launch/supervisor.ts';
import { preparePostgres, waitForPostgres } from '../../platform/postgres.ts';
import type { RunningPark } from '../system/park.ts';
import { freePorts, startPark } from '../system/park.ts';
import { TcpProxy } from './tcp-proxy.ts';

const SERVICES = ['postgres', 'engine', 'broker'] as const;
export const TARGETS = ['worker', 'api', 'ingest', 'flows', ...SERVICES] as const;
export type Target = (typeof TARGETS)[number];
/** Connections of our processes. */
export const LINKS = ['database', 'engine', 'broker'] as const;
export type Link = (typeof LINKS)[number];

const run = promisify(execFile);

/** A process and all that it started. */
const treeOf = async (pid: number): Promise<number[]> => {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const rows = stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
  const tree = [pid];
  for (const parent of tree) tree.push(...rows.filter(([, ppid]) => ppid === parent).map(([child]) => child));
  return tree;
};

const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
};

interface Services {
  databaseUrl: string;
  engineAddress: string;
  mqttUrl: string;
  links: Record<Link, TcpProxy>;
  stop: () => Promise<void>;
}

/** Database, engine and broker as `npm start` runs them, kept alive by the same supervisor. */
const startServices = async (dataDir: string, secrets: Record<string, string>): Promise<Services> => {
  await mkdir(dataDir, { recursive: true });
  const [postgresPort, enginePort, uiPort, brokerPort] = (await freePorts(4)) as [number, number, number, number];
  const given = { PATH: process.env.PATH ?? '', DATA_DIR: dataDir, TEMPORAL_PORT: String(enginePort), TEMPORAL_UI_PORT: String(uiPort), MQTT_PORT: String(brokerPort), LOG_LEVEL: 'warn', NODE_ENV: 'production' };
  const config = parseConfig(given);
  const reaper = startReaper(dataDir, await takeDataFolder(dataDir));
  const supervisor: Supervisor = createSupervisor(dataDir, () => {});
  const links: TcpProxy[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(links.map((link) => link.close()));
    await supervisor.stop();
    killGroup(reaper);
    releaseDataFolder(dataDir);
  };
  try {
    const server = await preparePostgres(join(dataDir, 'postgres'), postgresPort, { max_connections: '200' });
    supervisor.start({ name: 'postgres', command: server.command, args: server.args, env: { PATH: given.PATH, LC_ALL: 'C' }, uid: server.uid, gid: server.gid });
    await mkdir(join(dataDir, 'engine'), { recursive: true });
    supervisor.start({ name: 'engine', command: await provideTemporalCli(() => {}), args: engineArguments(config, join(dataDir, 'engine', 'engine.db')), env: given });
    supervisor.start({ name: 'broker', command: process.execPath, args: [join(import.meta.dirname, '../../ingest/broker/main.ts')], env: { ...given, ...secrets } });
    await Promise.all([waitForPostgres(server.url), waitForEngine(config)]);
    for (const port of [postgresPort, enginePort, brokerPort]) links.push(await TcpProxy.to(port));
    return { databaseUrl: server.url, engineAddress: `127.0.0.1:${enginePort}`, mqttUrl: `mqtt://127.0.0.1:${brokerPort}`, links: { database: links[0]!, engine: links[1]!, broker: links[2]! }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

export class KillablePark {
  readonly running: RunningPark;
  private readonly services: Services;
  private readonly secrets: Record<string, string>;

  private constructor(running: RunningPark, services: Services, secrets: Record<string, string>) {
    this.running = running;
    this.services = services;
    this.secrets = secrets;
  }

  static async start(): Promise<KillablePark> {
    // A folder of our own: it stays when something was found.
    const dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-chaos-'));
    let services: Services | undefined;
    try {
      const secrets = await dataSecrets(dataDir);
      services = await startServices(join(dataDir, 'services'), secrets);
      const database = new URL(services.databaseUrl);
      database.port = String(services.links.database.port);
      const running = await startPark({
        dataDir, args: ['--no-simulator'],
        env: { LOG_LEVEL: 'warn', DATABASE_URL: database.href, TEMPORAL_ADDRESS: `127.0.0.1:${services.links.engine.port}`, MQTT_URL: `mqtt://127.0.0.1:${services.links.broker.port}`, MQTT_PASSWORD: secrets.MQTT_PASSWORD },
      });
      return new KillablePark(running, services, secrets);
    } catch (error) {
      await services?.stop();
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get dataDir(): string { return this.running.dataDir; }
  get url(): string { return this.running.urls.portal; }
  get engineAddress(): string { return this.services.engineAddress; }
  /** Of its superuser, past the connection that is cut. */
  get databaseUrl(): string { return this.services.databaseUrl; }
  get mqttUrl(): string { return this.services.mqttUrl; }
  get gatewaySecret(): string { return this.secrets.MQTT_GATEWAY_SECRET!; }
  get workerHealth(): string { return `http://127.0.0.1:${this.running.ports.WORKER_PORT}/readyz`; }

  /** Waits until every component says that it does its job. */
  async ready(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    let last = '';
    for (;;) {
      try {
        const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
        last = await response.text();
        if (response.status === 200) return;
      } catch (error) {
        last = (error as Error).message;
      }
      if (performance.now() > end) throw new Error(`the park is not ready after ${timeoutMs / 1000} s: ${last}\n${this.running.output().slice(-4_000)}`);
      await sleep(250);
    }
  }

  private pidOf(target: Target): number | undefined {
    const folder = (SERVICES as readonly string[]).includes(target) ? join(this.dataDir, 'services') : this.dataDir;
    return readProcesses(folder)[target]?.pid;
  }

  /** kill -9. Waits for the process to be there first; false where it did not come up in time. */
  async kill(target: Target, waitMs = 30_000): Promise<boolean> {
    const end = performance.now() + waitMs;
    for (;;) {
      const pid = this.pidOf(target);
      if (pid !== undefined && signal(pid, 'SIGKILL')) return true;
      if (performance.now() > end) return false;
      await sleep(100);
    }
  }

  /** Stops the process with all that it started, and lets it go on after so long; false where it is not there. */
  async freeze(target: Target, ms: number, waitMs = 30_000): Promise<boolean> {
    const end = performance.now() + waitMs;
    for (let pid = this.pidOf(target); ; pid = this.pidOf(target)) {
      if (pid !== undefined && signal(pid, 'SIGSTOP')) {
        const tree = await treeOf(pid);
        for (const one of tree) signal(one, 'SIGSTOP');
        await sleep(ms);
        for (const one of tree.reverse()) signal(one, 'SIGCONT');
        return true;
      }
      if (performance.now() > end) return false;
      await sleep(100);
    }
  }

  cut(link: Link, how: Parameters<TcpProxy['cut']>[0], ms: number): Promise<void> {
    return this.services.links[link].cut(how, ms);
  }

  async stop(): Promise<void> {
    await this.running.stop();
    await this.services.stop();
  }

  async remove(): Promise<void> {
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
