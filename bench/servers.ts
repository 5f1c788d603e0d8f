/** Servers and processes of ours for a bench, each on a free port and in a temporary folder; `stopAll` ends and removes them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../platform/config.ts';
import { bareEnvironment } from '../platform/environment.ts';
import { provideTemporalCli } from '../platform/engine/provide.ts';
import { engineArguments, waitForEngine } from '../platform/launch/engine.ts';
import { preparePostgres, waitForPostgres } from '../platform/postgres.ts';
import { applyMigrations } from '../prisma/migrate.ts';

const ROOT = join(import.meta.dirname, '..');
const STARTS_WITHIN_MS = 90_000;

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const stops: (() => Promise<void>)[] = [];

/** Ends everything that was started, last first. */
export const stopAll = async (): Promise<void> => {
  for (const stop of stops.splice(0).reverse()) await stop();
};

export interface BenchProcess {
  /** Lines of stdout that are JSON, as they come. */
  lines: Record<string, unknown>[];
  output(): string;
  /** Resolves to the exit code. */
  ended: Promise<number | null>;
  stop(): Promise<void>;
}

const launch = (command: string, args: string[], env: Record<string, string>, user: { uid?: number; gid?: number } = {}, signal: NodeJS.Signals = 'SIGTERM'): BenchProcess => {
  const child = spawn(command, args, { cwd: ROOT, env: { ...bareEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...user });
  const lines: Record<string, unknown>[] = [];
  let output = '';
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    rest += chunk.toString();
    const parts = rest.split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      output = `${output}${part}\n`.slice(-20_000);
      if (part.startsWith('{')) lines.push(JSON.parse(part) as Record<string, unknown>);
    }
  });
  child.stderr.on('data', (chunk: Buffer) => { output = (output + chunk.toString()).slice(-20_000); });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  stops.push(stop);
  return { lines, output: () => output, ended, stop };
};

export const until = async (what: string, probe: () => Promise<boolean> | boolean): Promise<void> => {
  const end = performance.now() + STARTS_WITHIN_MS;
  while (!(await probe())) {
    if (performance.now() > end) throw new Error(`timed out waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** A script of ours as a process; ready when `readyz` on `port` says so, or when its output has `readyText`. */
export const startScript = async (script: string, env: Record<string, string>, ready: { port: number } | { text: string } | null, args: string[] = []): Promise<BenchProcess> => {
  const child = launch(process.execPath, [join(ROOT, script), ...args], env);
  if (ready) {
    let code: number | null | undefined;
    void child.ended.then((c) => { code = c; });
    await until(`${script} ready`, async () => {
      if (code !== undefined) throw new Error(`${script} ended with ${code}:\n${child.output()}`);
      if ('text' in ready) return child.output().includes(ready.text);
      return await fetch(`http://127.0.0.1:${ready.port}/readyz`).then((r) => r.ok, () => false);
    });
  }
  return child;
};

/** PostgreSQL with every safety of production on, migrated. Gives the superuser's URL. */
export const startPostgres = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'parkwarden-bench-'));
  stops.push(() => rm(dir, { recursive: true, force: true }));
  const server = await preparePostgres(dir, await freePort());
  launch(server.command, server.args, {}, { uid: server.uid, gid: server.gid }, 'SIGINT');
  await waitForPostgres(server.url);
  await applyMigrations(server.url);
  return server.url;
};

/** The embedded engine as `npm start` runs it. Gives its address. */
export const startEngine = async (): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'parkwarden-bench-'));
  stops.push(() => rm(dir, { recursive: true, force: true }));
  const config = parseConfig({ TEMPORAL_PORT: String(await freePort()), TEMPORAL_UI_PORT: String(await freePort()) });
  launch(await provideTemporalCli(() => {}), engineArguments(config, join(dir, 'engine.db')), {});
  await waitForEngine(config);
  return `127.0.0.1:${config.TEMPORAL_PORT}`;
};
