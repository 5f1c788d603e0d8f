/**
 * Runs the flow process and watches it: gives it an empty environment and Node's permission model, takes its heartbeat,
 * kills it when it falls silent or runs out of memory, tells the gateway, and starts it again. Holds the authority to do so
 * in a process that no flow runs in.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FLOW_WATCH } from '../domain/flows.ts';
import { loadConfig } from '../platform/config.ts';
import { createLogger } from '../platform/logger.ts';
import { createGateway } from './gateway.ts';
import { runtimeArguments } from './permissions.ts';
import type { RuntimeMessage, RuntimeSettings } from './runtime.ts';

const RUNTIME = join(import.meta.dirname, 'runtime.ts');
const ROOT = dirname(import.meta.dirname);
const RESTART_MS = [100, 500, 2_000, 5_000];
const STEADY_MS = 60_000;
const END_MS = 4_000;

const config = loadConfig();
const logger = createLogger('flows-watch', config.LOG_LEVEL);
const token = config.INTERNAL_TOKEN;
if (!token) {
  console.error('INTERNAL_TOKEN is not set: the flow process needs the secret that it shares with the API (>= 32 characters).');
  process.exit(78);
}
const gateway = createGateway(config.INTERNAL_PORT, token);
const ending = new AbortController();

const pidFile = join(resolve(config.DATA_DIR), 'flows', 'runtime.pid');

/** A runtime that outlived its watcher because it never came back to its event loop would hold the port for ever. */
const endOrphan = async (): Promise<void> => {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return;
  let command = '';
  try {
    command = process.platform === 'linux' ? await readFile(`/proc/${pid}/cmdline`, 'utf8') : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return; // no such process
  }
  if (!command.includes(RUNTIME)) return;
  logger.warn({ pid }, 'ending a flow process that was left over');
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
};

/** Tells the gateway that a version had to be killed; asks again until it knows. */
const reportFault = async (version: number, reason: 'silent' | 'memory'): Promise<void> => {
  if (version === 0) return;
  const result = await gateway.insist<{ quarantined: boolean; inForce: number | null }>('POST', 'fault', { version, reason }, ending.signal);
  if (result.quarantined) logger.error({ version, inForce: result.inForce, reason }, `flow version ${version} is quarantined; ${result.inForce === null ? 'no flow runs' : `version ${result.inForce} runs`}`);
};

const runOnce = async (): Promise<void> => {
  const child: ChildProcess = spawn(process.execPath, [...runtimeArguments(ROOT), RUNTIME], { env: {}, cwd: ROOT, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  await mkdir(dirname(pidFile), { recursive: true });
  await writeFile(pidFile, String(child.pid));
  let version = 0;
  let lastBeat = performance.now();
  let hasBeaten = false;
  let reason: 'silent' | 'memory' | null = null;
  child.stderr?.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    if (chunk.includes('JavaScript heap out of memory')) reason = 'memory';
  });
  child.on('message', (message: RuntimeMessage) => {
    lastBeat = performance.now();
    hasBeaten ||= message.ready;
    version = message.version;
  });
  child.on('error', (error) => logger.error({ err: error }, 'the flow process could not be started'));
  const watch = setInterval(() => {
    if (performance.now() - lastBeat < (hasBeaten ? FLOW_WATCH.silentMs : FLOW_WATCH.startMs)) return;
    logger.error({ version, pid: child.pid }, 'the flow process is silent; killing it');
    reason = 'silent';
    child.kill('SIGKILL');
  }, FLOW_WATCH.heartbeatMs / 2);
  const stop = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), END_MS).unref();
  };
  ending.signal.addEventListener('abort', stop);
  child.send({ port: config.FLOWS_PORT, gatewayPort: config.INTERNAL_PORT, token, logLevel: config.LOG_LEVEL } satisfies RuntimeSettings, () => {});
  const [code, signal] = await new Promise<[number | null, string | null]>((done) => {
    child.once('exit', (c, s) => done([c, s]));
    child.once('error', () => done([null, null]));
  });
  clearInterval(watch);
  ending.signal.removeEventListener('abort', stop);
  if (ending.signal.aborted) return;
  logger.warn({ code, signal, reason, version }, 'the flow process ended; starting it again');
  // Not awaited: whatever the gateway does, flows are started again; a quarantine reaches them as another version in force.
  if (reason) {
    reportFault(version, reason).catch((error: Error) => {
      if (!ending.signal.aborted) logger.error({ err: error, version, reason }, 'a fault of the flow process could not be reported');
    });
  }
};

const main = async (): Promise<void> => {
  process.once('SIGTERM', () => ending.abort(new Error('the process ends')));
  process.once('SIGINT', () => ending.abort(new Error('the process ends')));
  await endOrphan();
  for (let failures = 0; !ending.signal.aborted; ) {
    const begun = performance.now();
    await runOnce().catch((error: Error) => {
      if (!ending.signal.aborted) logger.error({ err: error }, 'the flow process could not be run');
    });
    if (ending.signal.aborted) break;
    failures = performance.now() - begun > STEADY_MS ? 0 : failures + 1;
    await new Promise((done) => setTimeout(done, RESTART_MS[Math.min(failures, RESTART_MS.length) - 1] ?? RESTART_MS[0]));
  }
  process.exit(0);
};

await main();
