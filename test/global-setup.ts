/** One PostgreSQL for the run, with a migrated template database that test files clone. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { preparePostgres, waitForPostgres } from '../platform/postgres.ts';
import { applyMigrations } from '../prisma/migrate.ts';

declare global {
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export default async function setup(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'parkwarden-test-'));
  const port = await freePort();
  const server = await preparePostgres(dir, port, { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300', shared_buffers: '64MB' });
  const child = spawn(server.command, server.args, { uid: server.uid, gid: server.gid, stdio: 'ignore' });
  globalThis.stopTestPostgres = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  await waitForPostgres(server.url);
  await applyMigrations(server.url);
  const admin = new URL(server.url);
  admin.pathname = '/postgres';
  const client = new pg.Client({ connectionString: admin.href });
  await client.connect();
  await client.query('ALTER DATABASE parkwarden IS_TEMPLATE true');
  await client.end();
  process.env.TEST_POSTGRES_ADMIN_URL = admin.href;
}
