/** A whole park as `npm start` makes it, on free ports with a data folder of its own, for tests that need all of it. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoAccount } from '../../deploy/demo-park/seed.ts';
import { PORT_NAMES } from '../../platform/launch/options.ts';

const READY_MS = 240_000;
const STOP_MS = 25_000;
const root = join(import.meta.dirname, '../..');

type PortName = (typeof PORT_NAMES)[number];

export interface RunningPark {
  urls: { portal: string; flowEditor: string; mqtt: string };
  ports: Record<PortName, number>;
  dataDir: string;
  /** Of the demo park; none with --empty. */
  accounts: DemoAccount[];
  /** The account of this user name. Throws where there is none. */
  account: (username: string) => DemoAccount;
  /** All that was printed so far. */
  output: () => string;
  /** Process id of the launcher. */
  pid: number;
  /** Ends all processes, in order, and removes the data folder if it was made here. */
  stop: () => Promise<void>;
}

/** Below what systems give out by themselves: nobody gets one of these by chance between now and when the park listens. */
const PORTS = { from: 18_000, to: 32_000 };

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** Ports that nobody listens on now. */
export const freePorts = async (count: number): Promise<number[]> => {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    if (!ports.includes(port) && (await isFree(port))) ports.push(port);
  }
  return ports;
};

/**
 * Starts the launcher and waits until the park is ready. `args` are options of `npm start`; `dataDir` an existing folder to
 * go on with. Throws with what was printed when the start fails.
 */
export const startPark = async ({ args = [], env = {}, dataDir }: { args?: string[]; env?: Record<string, string>; dataDir?: string } = {}): Promise<RunningPark> => {
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'parkwarden-park-')));
  const numbers = await freePorts(PORT_NAMES.length);
  const ports = Object.fromEntries(PORT_NAMES.map((name, i) => [name, numbers[i]!])) as Record<PortName, number>;
  const child = spawn(process.execPath, [join(root, 'platform/launch/main.ts'), '--data', folder, ...args], {
    cwd: root,
    env: { ...process.env, ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])), NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let ended = false;
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve())).then(() => {
    ended = true;
  });

  const stop = async (): Promise<void> => {
    if (!ended) child.kill('SIGTERM');
    await Promise.race([exit, sleep(STOP_MS, undefined, { ref: false })]);
    if (!ended) child.kill('SIGKILL');
    await exit;
    if (dataDir === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  };

  const until = Date.now() + READY_MS;
  while (!/^ready in/m.test(output)) {
    if (ended || Date.now() > until) {
      await stop();
      throw new Error(`the park did not start:\n${output.slice(-4_000)}`);
    }
    await sleep(100);
  }
  const accounts = await readFile(join(folder, 'demo-accounts.json'), 'utf8').then((text) => JSON.parse(text) as DemoAccount[], () => []);
  const portal = `http://127.0.0.1:${ports.API_PORT}`;
  return {
    urls: { portal, flowEditor: `${portal}/flow-editor/`, mqtt: `mqtt://127.0.0.1:${ports.MQTT_PORT}` },
    ports,
    dataDir: folder,
    accounts,
    account: (username) => {
      const found = accounts.find((a) => a.username === username);
      if (!found) throw new Error(`no demo account ${username}`);
      return found;
    },
    output: () => output,
    pid: child.pid!,
    stop,
  };
};
