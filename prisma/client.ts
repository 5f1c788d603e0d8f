/**
 * The database as our processes use it: one `pg` pool, and Prisma on the same pool. Connections work as the role
 * parkwarden_app; what they see is set by `pw.scope` (see domain/permissions.ts Scope).
 */
import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Scope } from '../domain/permissions.ts';
import { PrismaClient } from './generated/client.ts';
import type { Prisma } from './generated/client.ts';

export type Tx = Prisma.TransactionClient;

/** `service` is our own code acting for the system; everything else comes from a signed-in actor. */
export type DatabaseScope = { scope: 'service' } | { scope: Scope; tenantId: string };

export interface Database {
  pool: pg.Pool;
  prisma: PrismaClient;
  /** One transaction in Prisma, seeing what the scope may see. */
  transaction<T>(scope: DatabaseScope, run: (tx: Tx) => Promise<T>, options?: { timeoutMs?: number }): Promise<T>;
  /** One transaction on a bare `pg` connection, for telemetry, the outbox and hot paths. */
  pgTransaction<T>(scope: DatabaseScope, run: (client: pg.PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  url: string;
  /** What a query outside `transaction` may see. Processes without users say `service`; the API says nothing and gets nothing. */
  defaultScope?: 'service' | 'none';
  maxConnections?: number;
  applicationName?: string;
  /** Told of broken idle connections (the pool replaces them). */
  onError?: (error: Error) => void;
}

const settings = (scope: DatabaseScope): [string, string] => [scope.scope, scope.scope === 'service' ? '' : scope.tenantId];

export const openDatabase = (options: DatabaseOptions): Database => {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections ?? 10,
    application_name: options.applicationName ?? 'parkwarden',
    options: `-c role=parkwarden_app -c pw.scope=${options.defaultScope ?? 'none'}`,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  pool.on('error', (error) => options.onError?.(error));
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: false }) });

  return {
    pool,
    prisma,
    transaction: (scope, run, opts) => {
      const [name, tenant] = settings(scope);
      return prisma.$transaction(
        async (tx) => {
          await tx.$executeRaw`SELECT set_config('pw.scope', ${name}, true), set_config('pw.tenant', ${tenant}, true)`;
          return await run(tx);
        },
        { timeout: opts?.timeoutMs ?? 15_000, maxWait: 10_000 },
      );
    },
    pgTransaction: async (scope, run) => {
      const client = await pool.connect();
      let broken: Error | undefined;
      // Unheard, the loss of a connection in the middle of a transaction would end the process.
      const onLost = (error: Error): void => { broken = error; };
      client.on('error', onLost);
      try {
        await client.query('BEGIN');
        await client.query('SELECT set_config($1, $2, true), set_config($3, $4, true)', ['pw.scope', settings(scope)[0], 'pw.tenant', settings(scope)[1]]);
        const value = await run(client);
        await client.query('COMMIT');
        return value;
      } catch (error) {
        await client.query('ROLLBACK').catch((rollback: Error) => { broken = rollback; });
        throw error;
      } finally {
        client.off('error', onLost);
        client.release(broken);
      }
    },
    close: async () => {
      await prisma.$disconnect();
      await pool.end();
    },
  };
};
