/** A real park of its own, started as a user starts it: temporary data folder, free ports, no simulator. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DemoAccount } from '../../deploy/demo-park/seed.ts';

const ROOT = dirname(dirname(import.meta.dirname));
const PORTS = ['API_PORT', 'INTERNAL_PORT', 'FLOWS_PORT', 'WORKER_PORT', 'INGEST_PORT', 'POSTGRES_PORT', 'TEMPORAL_PORT', 'TEMPORAL_UI_PORT', 'MQTT_PORT'] as const;
type PortName = (typeof PORTS)[number];

export const TARGETS = ['worker', 'api', 'ingest', 'flows', 'engine', 'postgres', 'broker'] as const;
export type Target = (typeof TARGETS)[number];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  })));
  const ports = servers.map((s) => (s.address() as { port: number }).port);
  await Promise.all(servers.map((s) => new Promise((resolve) => s.close(resolve))));
  return ports;
};

export class RunningPark {
  readonly dataDir: string;
  readonly ports: Record<PortName, number>;
  private readonly child: ChildProcess;
  private output = '';
  private ended: string | null = null;

  private constructor(dataDir: string, ports: Record<PortName, number>, onLine: (line: string) => void) {
    this.dataDir = dataDir;
    this.ports = ports;
    const env: Record<string, string> = { LOG_LEVEL: 'warn' };
    // What the machine needs to run programs, and nothing that would point the park at another database, engine or broker.
    for (const name of ['PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_ALL', 'XDG_CACHE_HOME', 'PIP_INDEX_URL', 'PIP_CONFIG_FILE', 'PIP_TRUSTED_HOST', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
      const value = process.env[name];
      if (value !== undefined) env[name] = value;
    }
    for (const [name, port] of Object.entries(ports)) env[name] = String(port);
    this.child = spawn(process.execPath, [join(ROOT, 'platform/launch/main.ts'), '--data', dataDir, '--no-simulator'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-20_000);
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        lines.forEach(onLine);
      });
    }
    this.child.once('exit', (code, signal) => { this.ended = `the launcher ended with ${signal ?? code}`; });
  }

  static async start(onLine: (line: string) => void = () => {}): Promise<RunningPark> {
    const dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-chaos-'));
    const numbers = await freePorts(PORTS.length);
    const ports = Object.fromEntries(PORTS.map((name, i) => [name, numbers[i]!])) as Record<PortName, number>;
    const park = new RunningPark(dataDir, ports, onLine);
    try {
      await park.ready(180_000);
    } catch (error) {
      await park.stop();
      throw error;
    }
    return park;
  }

  get url(): string { return `http://127.0.0.1:${this.ports.API_PORT}`; }
  get mqttUrl(): string { return `mqtt://127.0.0.1:${this.ports.MQTT_PORT}`; }
  get engineAddress(): string { return `127.0.0.1:${this.ports.TEMPORAL_PORT}`; }

  async databaseUrl(): Promise<string> {
    const password = (await readFile(join(this.dataDir, 'postgres', 'secret'), 'utf8')).trim();
    return `postgresql://postgres:${password}@127.0.0.1:${this.ports.POSTGRES_PORT}/parkwarden`;
  }

  async accounts(): Promise<DemoAccount[]> {
    return JSON.parse(await readFile(join(this.dataDir, 'demo-accounts.json'), 'utf8')) as DemoAccount[];
  }

  async gatewaySecret(): Promise<string> {
    return (JSON.parse(await readFile(join(this.dataDir, 'secrets.json'), 'utf8')) as { MQTT_GATEWAY_SECRET: string }).MQTT_GATEWAY_SECRET;
  }

  /** Waits until every component says that it does its job. */
  async ready(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    let last = '';
    for (;;) {
      if (this.ended) throw new Error(`${this.ended}\n${this.output}`);
      try {
        const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
        last = await response.text();
        if (response.status === 200) return;
      } catch (error) {
        last = (error as Error).message;
      }
      if (performance.now() > end) throw new Error(`the park is not ready after ${timeoutMs / 1000} s: ${last}\n${this.output}`);
      await sleep(250);
    }
  }

  private async pidOf(target: Target): Promise<number | null> {
    const running = JSON.parse(await readFile(join(this.dataDir, 'run', 'processes.json'), 'utf8').catch(() => '{}')) as Record<string, { pid: number } | undefined>;
    return running[target]?.pid ?? null;
  }

  /** kill -9. Waits for the process to be there first; gives its id, or null where it did not come up in time. */
  async kill(target: Target, waitMs = 30_000): Promise<number | null> {
    const end = performance.now() + waitMs;
    for (;;) {
      const pid = await this.pidOf(target);
      try {
        if (pid !== null) {
          process.kill(pid, 'SIGKILL');
          return pid;
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      if (performance.now() > end) return null;
      await sleep(100);
    }
  }

  /** Ends it as Ctrl-C does. */
  async stop(): Promise<void> {
    if (this.ended === null) {
      const exit = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
      this.child.kill('SIGTERM');
      const hard = setTimeout(() => this.child.kill('SIGKILL'), 30_000);
      await exit;
      clearTimeout(hard);
    }
  }

  async remove(): Promise<void> {
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
