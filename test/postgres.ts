/** A PostgreSQL of its own in a temporary folder, without the safety of disk writes. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparePostgres, waitForPostgres } from '../platform/postgres.ts';

export interface TemporaryPostgres {
  /** Superuser URL of its database `parkwarden`, which is empty. */
  url: string;
  stop(): Promise<void>;
}

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

export const startTemporaryPostgres = async (): Promise<TemporaryPostgres> => {
  const dir = await mkdtemp(join(tmpdir(), 'parkwarden-test-'));
  const server = await preparePostgres(dir, await freePort(), { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300', shared_buffers: '64MB' });
  const child = spawn(server.command, server.args, { uid: server.uid, gid: server.gid, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await waitForPostgres(server.url);
  return {
    url: server.url,
    stop: async () => {
      child.kill('SIGINT');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
};
