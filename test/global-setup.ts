/** One PostgreSQL for the run, with a migrated template database that test files clone. */
import pg from 'pg';
import { applyMigrations } from '../prisma/migrate.ts';
import { startTemporaryPostgres } from './postgres.ts';

declare global {
  var stopTestPostgres: (() => Promise<void>) | undefined;
}

export default async function setup(): Promise<void> {
  const server = await startTemporaryPostgres();
  globalThis.stopTestPostgres = () => server.stop();
  try {
    await applyMigrations(server.url);
    const admin = new URL(server.url);
    admin.pathname = '/postgres';
    const client = new pg.Client({ connectionString: admin.href });
    await client.connect();
    await client.query('ALTER DATABASE parkwarden IS_TEMPLATE true');
    await client.end();
    process.env.TEST_POSTGRES_ADMIN_URL = admin.href;
  } catch (error) {
    // Jest runs no teardown after a setup that failed.
    await server.stop();
    throw error;
  }
}
