/**
 * Keeps the processes of one park alive: a process that ends is started again with back-off, one whose health is not answered
 * is killed first; the others go on. What a process prints goes to DATA_DIR/logs/NAME.log.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../config.ts';
import { markOf } from './identity.ts';
import type { Launcher, ProcessName, RunningProcess } from './run-folder.ts';
import { STOP_STAGES, writeProcesses } from './run-folder.ts';

export interface ProcessSpec {
  name: ProcessName;
  command: string;
  args: readonly string[];
  env: Record<string, string>;
  /** Address that answers while the process lives. */
  health?: string;
  /** Checks without answer before it is killed; default HEALTH_MISSES. */
  healthMisses?: number;
  uid?: number;
  gid?: number;
}

/** Exit code of a process whose settings are wrong: starting it again would not help. */
export const EX_CONFIG = 78;

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
const HEALTHY_AFTER_MS = 60_000;
const HEALTH_EVERY_MS = 2_000;
const HEALTH_MISSES = 3;
const FIRST_HEALTH_WITHIN_MS = 30_000;
const LOG_LIMIT_BYTES = 20_000_000;
const LOG_CHECK_EVERY_MS = 60_000;
const LOG_TAIL_BYTES = 8_192;

interface Supervised {
  spec: ProcessSpec;
  child: ChildProcess | undefined;
  mark: string;
  restarts: number;
  startedAt: number;
  attempts: number;
  misses: number;
  wasHealthy: boolean;
  logStart: number;
  /** Runs when the back-off is over. */
  timer: NodeJS.Timeout | undefined;
}

export interface Supervisor {
  /** Starts a process and keeps it alive. */
  start(spec: ProcessSpec): void;
  /** Ends all in the order of STOP_STAGES, within 15 s. */
  stop(): Promise<void>;
  /** Rejects when a process says that its settings are wrong. */
  configError: Promise<never>;
}

const readTail = (path: string, from: number): string => {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(file);
    const start = Math.max(from <= size ? from : 0, size - LOG_TAIL_BYTES);
    const buffer = Buffer.alloc(Math.max(0, size - start));
    readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString('utf8').trim();
  } finally {
    closeSync(file);
  }
};

/** The line of a log that says most about an end: the last error in pino's JSON, else the last error in plain text, else the last line. */
const lastWords = (text: string): string => {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const said = lines.map((line) => {
    try {
      const { level, msg, err } = JSON.parse(line) as { level?: number; msg?: string; err?: { message?: string } };
      return { error: (level ?? 0) >= 50, text: [msg, err?.message].filter((part) => part).join(': ') };
    } catch {
      return { error: /^\s*(\w*Error|error|FATAL|panic)\b/i.test(line), text: line.trim() };
    }
  });
  return (said.findLast((line) => line.error) ?? said.at(-1))?.text.slice(0, 300) ?? '';
};

const answers = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEALTH_EVERY_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
};

/** A process of its own session that waits for the end of this one and then ends whatever is left (reaper.ts). It sleeps in a shell until then. */
export const startReaper = (dataDir: string, launcher: Launcher): ChildProcess => {
  const reaper = join(import.meta.dirname, 'reaper.ts');
  const child = spawn('/bin/sh', ['-c', 'cat > /dev/null; exec "$0" "$@"', process.execPath, reaper, dataDir, String(launcher.pid), launcher.mark], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  child.on('error', () => {}); // without a shell the next start cleans up instead
  child.unref();
  return child;
};

const kill = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
};

/** Kills a process with everything it started: each is the leader of its own group. */
export const killGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // nothing of it is left
  }
};

export const createSupervisor = (dataDir: string, say: (line: string) => void): Supervisor => {
  const logs = join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const all = new Map<ProcessName, Supervised>();
  let stopping = false;
  let failConfig: (error: Error) => void;
  const configError = new Promise<never>((_resolve, reject) => {
    failConfig = reject;
  });
  configError.catch(() => {}); // it may be awaited by nobody any more

  const note = (): void => {
    const running: Record<string, RunningProcess> = {};
    for (const [name, p] of all) if (p.child?.pid !== undefined) running[name] = { pid: p.child.pid, restarts: p.restarts, mark: p.mark };
    writeProcesses(dataDir, running);
  };

  const logOf = (name: string): string => join(logs, `${name}.log`);

  const launch = (p: Supervised): void => {
    const { spec } = p;
    const file = openSync(logOf(spec.name), 'a', 0o600);
    p.logStart = fstatSync(file).size;
    p.startedAt = performance.now();
    p.misses = 0;
    p.wasHealthy = false;
    const child = spawn(spec.command, spec.args, { env: spec.env, uid: spec.uid, gid: spec.gid, stdio: ['ignore', file, file], detached: true });
    closeSync(file);
    p.child = child;
    p.mark = child.pid === undefined ? '' : (markOf(child.pid) ?? '');
    note();
    let over = false;
    const end = (how: string, code: number | null): void => {
      if (over) return;
      over = true;
      killGroup(child);
      p.child = undefined;
      note();
      ended(p, how, code);
    };
    child.once('error', (error) => end(error.message, null));
    child.once('exit', (code, signal) => end(signal ? `was ended by ${signal}` : `ended with code ${code}`, code));
  };

  const ended = (p: Supervised, how: string, code: number | null): void => {
    if (stopping) return;
    const tail = readTail(logOf(p.spec.name), p.logStart);
    if (code === EX_CONFIG) {
      say(`${p.spec.name}: its settings are wrong, it is not started again 配置有误，不再重启`);
      failConfig(new ConfigError(`${p.spec.name}: ${tail}`));
      return;
    }
    if (performance.now() - p.startedAt >= HEALTHY_AFTER_MS) p.attempts = 0;
    const delay = Math.min(FIRST_DELAY_MS * 2 ** p.attempts, LONGEST_DELAY_MS);
    p.attempts += 1;
    p.restarts += 1;
    const words = code === null ? '' : lastWords(tail);
    say(`${p.spec.name} ${how}; restart ${p.restarts} in ${delay / 1000} s 将重启${words ? `: ${words}` : ''}`);
    p.timer = setTimeout(() => launch(p), delay);
  };

  const checkHealth = async (p: Supervised): Promise<void> => {
    const { child } = p;
    if (!child || !p.spec.health) return;
    if (await answers(p.spec.health)) {
      p.misses = 0;
      p.wasHealthy = true;
      return;
    }
    if (p.child !== child || (!p.wasHealthy && performance.now() - p.startedAt < FIRST_HEALTH_WITHIN_MS)) return;
    p.misses += 1;
    if (p.misses < (p.spec.healthMisses ?? HEALTH_MISSES)) return;
    say(`${p.spec.name} does not answer ${p.spec.health}: killed 无响应，已强制结束`);
    p.misses = 0;
    kill(child, 'SIGKILL');
  };

  // Processes append to their log through a descriptor of their own, so that it outlives this process; hence copy, then empty.
  const trimLogs = (): void => {
    for (const name of all.keys()) {
      const log = logOf(name);
      if (!existsSync(log) || statSync(log).size < LOG_LIMIT_BYTES) continue;
      copyFileSync(log, `${log}.1`);
      truncateSync(log);
    }
  };

  let checking = false;
  const health = setInterval(() => {
    if (checking) return;
    checking = true;
    void Promise.all([...all.values()].map(checkHealth)).finally(() => {
      checking = false;
    });
  }, HEALTH_EVERY_MS);
  const trim = setInterval(trimLogs, LOG_CHECK_EVERY_MS);

  return {
    configError,
    start: (spec) => {
      if (stopping) return;
      const p: Supervised = { spec, child: undefined, mark: '', restarts: 0, startedAt: 0, attempts: 0, misses: 0, wasHealthy: false, logStart: 0, timer: undefined };
      all.set(spec.name, p);
      launch(p);
    },
    stop: async () => {
      stopping = true;
      clearInterval(health);
      clearInterval(trim);
      for (const p of all.values()) clearTimeout(p.timer);
      let end = performance.now();
      for (const stage of STOP_STAGES) {
        end += stage.graceMs;
        await Promise.all(
          stage.names.map(async (name) => {
            const child = all.get(name)?.child;
            if (!child) return;
            const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
            kill(child, stage.signal);
            const timer = setTimeout(() => {
              say(`${name} did not end in time: killed 未按时结束，已强制结束`);
              killGroup(child);
            }, end - performance.now());
            await exit;
            clearTimeout(timer);
          }),
        );
      }
    },
  };
};
