/** The supervisor with small real processes. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isAlive, markOf } from '../../platform/launch/identity.ts';
import { currentLauncher, endLeftOvers, readProcesses, releaseDataFolder, runFolder, takeDataFolder } from '../../platform/launch/run-folder.ts';
import type { ProcessName } from '../../platform/launch/run-folder.ts';
import { dataSecrets, parkKind } from '../../platform/launch/secrets.ts';
import { createSupervisor } from '../../platform/launch/supervisor.ts';
import type { Supervisor } from '../../platform/launch/supervisor.ts';
import { freePort } from '../postgres.ts';

let dataDir: string;
let said: string[];
let supervisor: Supervisor | undefined;

const until = async (what: string, holds: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> => {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never happened: ${what}; said: ${said.join(' | ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const run = (name: ProcessName, code: string, more: { health?: string } = {}) => {
  supervisor ??= createSupervisor(dataDir, (line) => said.push(line));
  supervisor.start({ name, command: process.execPath, args: ['-e', code], env: { ...(process.env as Record<string, string>) }, ...more });
};
const pidOf = (name: ProcessName): number | undefined => readProcesses(dataDir)[name]?.pid;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-supervisor-'));
  said = [];
  supervisor = undefined;
  await takeDataFolder(dataDir);
});

afterEach(async () => {
  await supervisor?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

const STAY = 'setInterval(() => {}, 1000)';

describe('a supervised process', () => {
  it('is started again when it is killed, and the others go on', async () => {
    run('worker', STAY);
    run('api', STAY);
    const [worker, api] = [pidOf('worker'), pidOf('api')];
    process.kill(worker ?? 0, 'SIGKILL');
    await until('a second worker', () => readProcesses(dataDir).worker?.restarts === 1);
    expect(pidOf('worker')).not.toBe(worker);
    expect(pidOf('api')).toBe(api);
    expect(said).toEqual([expect.stringMatching(/^worker was ended by SIGKILL; restart 1 in 0\.1 s/)]);
  });

  it('waits twice as long before each further start, and says what its last words were', async () => {
    run('worker', "console.error('Error: no luck'); process.exit(3)");
    await until('four ends', () => said.length >= 4);
    expect(said.slice(0, 4).map((line) => /in ([\d.]+) s/.exec(line)?.[1])).toEqual(['0.1', '0.2', '0.4', '0.8']);
    expect(said[0]).toMatch(/ended with code 3;.*Error: no luck$/);
  });

  it('with wrong settings is not started again', async () => {
    run('api', "console.error('Bad settings: API_PORT'); process.exit(78)");
    await expect(supervisor?.configError).rejects.toThrow('api: Bad settings: API_PORT');
    expect(said.some((line) => line.includes('restart'))).toBe(false);
    expect(pidOf('api')).toBeUndefined();
  });

  it('that no longer answers is killed and started again', async () => {
    const port = await freePort();
    run('flows', `require('http').createServer((q, r) => r.end()).listen(${port}, '127.0.0.1')`, { health: `http://127.0.0.1:${port}/healthz` });
    await until('an answer', () => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
    // Long enough for a first check, so that silence is a change.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    process.kill(pidOf('flows') ?? 0, 'SIGSTOP');
    await until('a restart', () => readProcesses(dataDir).flows?.restarts === 1);
    expect(said[0]).toContain('does not answer');
  });

  it('writes what it prints to its log, which only its owner reads', async () => {
    run('ingest', `console.log('hello'); ${STAY}`);
    const log = join(dataDir, 'logs/ingest.log');
    await until('a line', async () => (await readFile(log, 'utf8')).includes('hello'));
    expect((await stat(log)).mode & 0o077).toBe(0);
  });
});

describe('the end of all', () => {
  it('comes in order, and also to those who do not listen', async () => {
    const order = join(dataDir, 'order');
    const listens = (name: string) => `process.on('SIGTERM', () => { require('fs').appendFileSync(${JSON.stringify(order)}, '${name} '); process.exit(0) }); process.on('SIGINT', () => { require('fs').appendFileSync(${JSON.stringify(order)}, '${name} '); process.exit(0) }); require('fs').writeFileSync(${JSON.stringify(`${order}-${name}`)}, ''); ${STAY}`;
    for (const name of ['postgres', 'worker', 'api'] as const) run(name, listens(name));
    run('engine', `process.on('SIGTERM', () => {}); require('fs').writeFileSync(${JSON.stringify(`${order}-engine`)}, ''); ${STAY}`);
    const engine = pidOf('engine') ?? 0;
    for (const name of ['postgres', 'worker', 'api', 'engine']) await until(`${name} is up`, () => stat(`${order}-${name}`).then(() => true, () => false));
    await supervisor?.stop();
    expect(await readFile(order, 'utf8')).toBe('api worker postgres ');
    expect(markOf(engine)).toBeUndefined();
    expect(said).toEqual([expect.stringContaining('engine did not end')]);
  });
});

describe('what a killed start left', () => {
  it('is ended by its id and mark', async () => {
    const child = spawn(process.execPath, ['-e', STAY], { stdio: 'ignore' });
    const gone = new Promise((resolve) => child.once('exit', resolve));
    const mark = markOf(child.pid ?? 0) ?? '';
    await expect(endLeftOvers({ worker: { pid: child.pid ?? 0, restarts: 0, mark } })).resolves.toEqual(['worker']);
    await gone;
    expect(isAlive(child.pid ?? 0, mark)).toBe(false);
  });

  it('is left alone when the id belongs to another process by now', async () => {
    const child = spawn(process.execPath, ['-e', STAY], { stdio: 'ignore' });
    await expect(endLeftOvers({ worker: { pid: child.pid ?? 0, restarts: 0, mark: 'of an earlier process' } })).resolves.toEqual([]);
    expect(markOf(child.pid ?? 0)).toBeDefined();
    child.kill('SIGKILL');
  });
});

describe('a data folder', () => {
  it('has one start at a time', async () => {
    await expect(takeDataFolder(dataDir)).rejects.toThrow(`in use by another npm start (process ${process.pid})`);
    releaseDataFolder(dataDir);
    await expect(takeDataFolder(dataDir)).resolves.toMatchObject({ pid: process.pid });
  });

  it('is taken over from a start that is no more', async () => {
    await writeFile(join(runFolder(dataDir), 'launcher.json'), JSON.stringify({ pid: process.pid, mark: 'of an earlier process' }));
    expect(currentLauncher(dataDir)).toBeUndefined();
    await expect(takeDataFolder(dataDir)).resolves.toMatchObject({ pid: process.pid });
  });

  it('keeps its secrets, readable by its owner only', async () => {
    const first = await dataSecrets(dataDir);
    expect(new Set(Object.values(first)).size).toBe(3);
    for (const secret of Object.values(first)) expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(await dataSecrets(dataDir)).toEqual(first);
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o077).toBe(0);
  });

  it('never turns from an empty park into the demo', async () => {
    expect(await parkKind(dataDir, true)).toBe('empty');
    expect(await parkKind(dataDir, undefined)).toBe('empty');
    await expect(parkKind(dataDir, false)).rejects.toThrow('was started empty');
  });
});
