import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open({ defaultScope: 'none' });
});
afterAll(() => database.drop());

describe('the catalogue', () => {
  test('every table has row-level security enabled and forced', async () => {
    const { rows } = await db.pool.query(
      `SELECT n.nspname || '.' || relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND relkind IN ('r', 'p') AND relname <> '_prisma_migrations' AND NOT (relrowsecurity AND relforcerowsecurity)`,
    );
    expect(rows).toEqual([]);
  });

  test('every view runs with the rights of its reader', async () => {
    const { rows } = await db.pool.query(
      `SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname = 'public' AND relkind = 'v' AND NOT coalesce(reloptions, '{}') @> '{security_invoker=true}'`,
    );
    expect(rows).toEqual([]);
  });

  test('every foreign key between tenant tables carries the tenant', async () => {
    const { rows } = await db.pool.query(
      `SELECT conname FROM pg_constraint k WHERE contype = 'f'
         AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.conrelid AND attname = 'tenant_id')
         AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.confrelid AND attname = 'tenant_id')
         AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = k.conrelid AND attname = 'tenant_id' AND attnum = ANY (conkey))`,
    );
    // A digest is of its recipient and gathers what comes of several tenants; nobody but the park reads deliveries.
    expect(rows).toEqual([{ conname: 'delivery_digest_id_fkey' }]);
  });
});

describe('without a scope', () => {
  test('nothing is seen and nothing can be written', async () => {
    expect(await db.prisma.organisation.count()).toBe(0);
    await expect(db.pool.query(`INSERT INTO event_cursor (consumer, position) VALUES ('x', '0.0')`)).rejects.toThrow(/row-level security/);
  });
});
