/** A real PostgreSQL database of its own for each test file, cloned from the migrated template. */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import type { Database, DatabaseOptions } from '../prisma/client.ts';
import { openDatabase } from '../prisma/client.ts';

export interface TestDatabase {
  /** Superuser URL: what a process would get as DATABASE_URL. */
  url: string;
  open(options?: Partial<DatabaseOptions>): Database;
  /** Closes every Database opened from here and drops the database. */
  drop(): Promise<void>;
}

const admin = async (sql: string): Promise<void> => {
  const url = process.env.TEST_POSTGRES_ADMIN_URL;
  if (!url) throw new Error('run tests through npm test: the global setup starts PostgreSQL');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
};

export const createTestDatabase = async (): Promise<TestDatabase> => {
  const name = `t_${randomBytes(6).toString('hex')}`;
  await admin(`CREATE DATABASE ${name} TEMPLATE parkwarden`);
  const url = new URL(process.env.TEST_POSTGRES_ADMIN_URL ?? '');
  url.pathname = `/${name}`;
  const opened: Database[] = [];
  return {
    url: url.href,
    open: (options = {}) => {
      const database = openDatabase({ url: url.href, defaultScope: 'service', ...options });
      opened.push(database);
      return database;
    },
    drop: async () => {
      for (const database of opened) await database.close();
      await admin(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
};
