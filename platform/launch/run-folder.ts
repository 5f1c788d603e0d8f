/**
 * DATA_DIR/run: who runs this data folder. `launcher.json` is the lock of one `npm start`; `processes.json` names its
 * processes as `{name: {pid, restarts, mark}}` and is always complete, so that tools, the reaper and the next start find them.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive, markOf } from './identity.ts';

export interface RunningProcess {
  pid: number;
  restarts: number;
  mark: string;
}

export interface Launcher {
  pid: number;
  mark: string;
}

export type ProcessName = 'postgres' | 'engine' | 'broker' | 'worker' | 'ingest' | 'api' | 'flows' | 'simulator';

/**
 * Order in which processes end: who brings work first, who keeps it last. Those of one stage end together; time that a stage
 * does not need goes to the later ones, 14 s in all.
 */
export const STOP_STAGES: readonly { names: readonly ProcessName[]; graceMs: number; signal: NodeJS.Signals }[] = [
  { names: ['simulator', 'flows', 'ingest', 'api'], graceMs: 4_500, signal: 'SIGTERM' },
  { names: ['worker'], graceMs: 4_500, signal: 'SIGTERM' },
  { names: ['broker', 'engine'], graceMs: 2_500, signal: 'SIGTERM' },
  { names: ['postgres'], graceMs: 2_500, signal: 'SIGINT' }, // fast shutdown: ends sessions, writes a checkpoint
];

const readJson = <T>(path: string): T | undefined => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as T;
  } catch {
    return undefined;
  }
};

const writeWhole = (path: string, value: unknown): void => {
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600 });
  renameSync(aside, path);
};

export const runFolder = (dataDir: string): string => join(dataDir, 'run');
const lockFile = (dataDir: string): string => join(runFolder(dataDir), 'launcher.json');
const processesFile = (dataDir: string): string => join(runFolder(dataDir), 'processes.json');

/** The `npm start` that runs this data folder now. */
export const currentLauncher = (dataDir: string): Launcher | undefined => {
  const launcher = readJson<Launcher>(lockFile(dataDir));
  return launcher && isAlive(launcher.pid, launcher.mark) ? launcher : undefined;
};

export const isLockedBy = (dataDir: string, launcher: Launcher): boolean => {
  const holder = readJson<Launcher>(lockFile(dataDir));
  return holder?.pid === launcher.pid && holder.mark === launcher.mark;
};

/** Takes the data folder for this process. Throws when another `npm start` has it. */
export const takeDataFolder = async (dataDir: string): Promise<Launcher> => {
  mkdirSync(runFolder(dataDir), { recursive: true, mode: 0o700 });
  const me: Launcher = { pid: process.pid, mark: markOf(process.pid) ?? '' };
  const refuse = (holder: Launcher | undefined) => new Error(`${dataDir} is in use by another npm start (process ${holder?.pid ?? 'unknown'}): stop it first, or give another folder with --data and other ports with --port-offset`);
  const aside = `${lockFile(dataDir)}.${process.pid}`;
  writeFileSync(aside, JSON.stringify(me), { mode: 0o600 });
  try {
    linkSync(aside, lockFile(dataDir)); // fails where there is a lock, at once and for all but one
  } catch {
    const holder = currentLauncher(dataDir);
    if (holder) throw refuse(holder);
    renameSync(aside, lockFile(dataDir));
    // Two starts may both have found the dead holder: the last one to write has it.
    await sleep(100);
    if (!isLockedBy(dataDir, me)) throw refuse(currentLauncher(dataDir));
  } finally {
    rmSync(aside, { force: true });
  }
  return me;
};

export const releaseDataFolder = (dataDir: string): void => {
  rmSync(processesFile(dataDir), { force: true });
  rmSync(lockFile(dataDir), { force: true });
};

export const readProcesses = (dataDir: string): Record<string, RunningProcess> => readJson(processesFile(dataDir)) ?? {};

export const writeProcesses = (dataDir: string, processes: Record<string, RunningProcess>): void => writeWhole(processesFile(dataDir), processes);

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name);
  } catch {
    // it is gone already
  }
};

/** Ends, in order, what a killed `npm start` left running. Gives the names of those it ended. */
export const endLeftOvers = async (processes: Record<string, RunningProcess>): Promise<string[]> => {
  const ended: string[] = [];
  let end = performance.now();
  for (const stage of STOP_STAGES) {
    end += stage.graceMs;
    const left = stage.names.flatMap((name) => {
      const found = processes[name];
      return found && isAlive(found.pid, found.mark) ? [{ name, ...found }] : [];
    });
    for (const { pid } of left) signal(pid, stage.signal);
    while (left.some((p) => isAlive(p.pid, p.mark)) && performance.now() < end) await sleep(50);
    for (const p of left) {
      if (isAlive(p.pid, p.mark)) signal(p.pid, 'SIGKILL');
      while (isAlive(p.pid, p.mark)) await sleep(20);
      ended.push(p.name);
    }
  }
  return ended;
};
