/** `npm start` itself, with everything that it starts, in a data folder and on ports of its own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isAlive } from '../../platform/launch/identity.ts';
import { optionOf, PORT_NAMES } from '../../platform/launch/options.ts';
import { endLeftOvers, readProcesses } from '../../platform/launch/run-folder.ts';
import type { RunningProcess } from '../../platform/launch/run-folder.ts';
import { freePort } from '../postgres.ts';

const MAIN = join(import.meta.dirname, '../../platform/launch/main.ts');
const NAMES = ['api', 'broker', 'engine', 'flows', 'ingest', 'postgres', 'worker'];
/** The suite may share the machine with others; what matters is that it happens. */
const READY_LIMIT_MS = 120_000;

interface Start {
  child: ChildProcess;
  output(): string;
  ended: Promise<number | null>;
}

let dataDir: string;
let ports: string[];
let apiPort: number;
const starts: Start[] = [];

const until = async (what: string, holds: () => boolean | Promise<boolean>, context: () => string, limitMs = READY_LIMIT_MS): Promise<void> => {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}\n${context()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

const start = (args: readonly string[], env: Record<string, string> = {}): Start => {
  const child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
  const started = { child, output: () => text, ended: new Promise<number | null>((resolve) => child.once('close', resolve)) };
  starts.push(started);
  return started;
};

const startPark = async (): Promise<Start> => {
  const park = start(['--data', dataDir, '--no-simulator', '--empty', ...ports]);
  let over = false;
  void park.ended.then(() => (over = true));
  await until('ready', () => over || park.output().includes('ready in'), park.output);
  if (over) throw new Error(`the start ended:\n${park.output()}`);
  return park;
};

const ready = (): Promise<boolean> => fetch(`http://127.0.0.1:${apiPort}/readyz`, { signal: AbortSignal.timeout(5_000) }).then((r) => r.ok, () => false);
const alive = (processes: Record<string, RunningProcess>): string[] => Object.entries(processes).flatMap(([name, p]) => (isAlive(p.pid, p.mark) ? [name] : []));

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-launch-'));
  ports = [];
  for (const name of PORT_NAMES) {
    const port = await freePort();
    if (name === 'API_PORT') apiPort = port;
    ports.push(`--${optionOf(name)}`, String(port));
  }
});

afterAll(async () => {
  for (const { child, ended } of starts) {
    child.kill('SIGTERM');
    await ended;
  }
  await endLeftOvers(readProcesses(dataDir)); // of a test that failed
  await rm(dataDir, { recursive: true, force: true });
}, 60_000);

describe('npm start', () => {
  it('stops at a bad setting with its name, its form and an example, and starts nothing', async () => {
    const bad = start(['--data', join(dataDir, 'never')], { MQTT_URL: 'http://broker', API_PORT: '99999' });
    await expect(bad.ended).resolves.toBe(78);
    expect(bad.output()).toContain('MQTT_URL: MQTT broker; absent: embedded. Example: MQTT_URL=mqtts://broker.example:8883');
    expect(bad.output()).toContain('Example: API_PORT=8080');
    await expect(stat(join(dataDir, 'never'))).rejects.toThrow('ENOENT');
  });

  it('runs a park, keeps it alive, ends it, and finds it again', async () => {
    // First start: everything is set up, the first account is told once.
    const first = await startPark();
    expect(await ready()).toBe(true);
    const password = /password 密码\s+(\S+)/.exec(first.output())?.[1] ?? '';
    expect(password.length).toBeGreaterThanOrEqual(16);
    expect(Object.keys(readProcesses(dataDir)).sort()).toEqual(NAMES);

    // The same folder and the same ports belong to one start at a time.
    const second = start(['--data', dataDir, ...ports]);
    await expect(second.ended).resolves.toBe(1);
    expect(second.output()).toContain('in use by another npm start');
    const other = start(['--data', join(dataDir, 'other'), ...ports]);
    await expect(other.ended).resolves.toBe(78);
    expect(other.output()).toMatch(/API_PORT \d+ is in use: choose another with --api-port/);

    // Kills: each process comes back as another one, those that were not killed stay.
    const before = readProcesses(dataDir);
    const killed = ['worker', 'postgres', 'api'];
    for (const name of killed) process.kill(before[name]?.pid ?? 0, 'SIGKILL');
    await until('all are back', async () => {
      const now = readProcesses(dataDir);
      return killed.every((name) => (now[name]?.restarts ?? 0) > 0) && Object.keys(now).length === NAMES.length && (await ready());
    }, first.output);
    const after = readProcesses(dataDir);
    for (const name of ['engine', 'broker', 'flows', 'ingest']) expect({ name, pid: after[name]?.pid }).toEqual({ name, pid: before[name]?.pid });
    expect(first.output()).toContain('worker was ended by SIGKILL; restart 1');

    // Ctrl-C. The launcher gives up with another code when the end takes longer than 15 s.
    first.child.kill('SIGINT');
    await expect(first.ended).resolves.toBe(0);
    expect(alive(after)).toEqual([]);

    // Second start: the same park, the same account, no second secret.
    const again = await startPark();
    expect(again.output()).toContain('up to date');
    expect(again.output()).not.toContain('密码');
    const signIn = await fetch(`http://127.0.0.1:${apiPort}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: `http://127.0.0.1:${apiPort}` },
      body: JSON.stringify({ username: 'admin', password }),
    });
    expect(signIn.status).toBeLessThan(300);

    // The launcher itself is killed: nothing of the park stays.
    const left = readProcesses(dataDir);
    expect(alive(left).sort()).toEqual(NAMES);
    again.child.kill('SIGKILL');
    await again.ended;
    await until('nothing is left', () => alive(left).length === 0, () => `left: ${alive(left).join(' ')}`, 30_000);
    expect(JSON.parse(await readFile(join(dataDir, 'park.json'), 'utf8'))).toEqual({ kind: 'empty' });
  }, 400_000);
});
