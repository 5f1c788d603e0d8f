/** Compares what the schema file says with what the migrations build, on a real PostgreSQL. */
import pg from 'pg';
import { schemaSql } from '../../prisma/engine.ts';
import { applyMigrations } from '../../prisma/migrate.ts';

/** Tables of the schema `public` that Prisma does not manage, each with its reason. */
export const TABLES_WITHOUT_MODEL: Record<string, string> = {
  _prisma_migrations: 'the ledger of migrations',
};

/** Indexes that the schema language cannot say, although they are neither partial nor on an expression. */
const INDEXES_WITHOUT_MODEL: Record<string, string> = {
  sensor_event_position: 'Prisma does not know the type of the column tx',
  hazard_list: 'it includes columns that are no key',
};

type Shape = Map<string, string>;

const withDatabase = async <T>(adminUrl: string, name: string, use: (url: string, client: pg.Client) => Promise<T>): Promise<T> => {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${name}`);
    const url = new URL(adminUrl);
    url.pathname = `/${name}`;
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      return await use(url.href, client);
    } finally {
      await client.end();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  } finally {
    await admin.end();
  }
};

const collect = async (client: pg.Client, sql: string): Promise<Shape> => {
  const { rows } = await client.query<{ key: string; value: string }>(sql);
  return new Map(rows.map(({ key, value }) => [key, value]));
};

const shapeOf = async (client: pg.Client) => ({
  columns: await collect(
    client,
    `SELECT 'column ' || table_name || '.' || column_name AS key,
            concat_ws(' ', udt_name, character_maximum_length, datetime_precision, CASE is_nullable WHEN 'NO' THEN 'not null' END, 'default ' || column_default) AS value
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
  ),
  // Checks, partial indexes and indexes on expressions are beyond the schema language: migrations alone have them.
  indexes: await collect(
    client,
    `SELECT 'index ' || t.relname || ' ' || regexp_replace(pg_get_indexdef(i.indexrelid), '^CREATE (UNIQUE )?INDEX \\S+ ', '\\1') AS key, '' AS value
     FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE n.nspname = 'public' AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indexrelid::regclass::text NOT IN (${Object.keys(INDEXES_WITHOUT_MODEL).map((name) => pg.escapeLiteral(name)).join(', ')})`,
  ),
  keys: await collect(
    client,
    `SELECT 'constraint ' || t.relname || ' ' || pg_get_constraintdef(k.oid) AS key, '' AS value
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
     WHERE n.nspname = 'public' AND k.contype IN ('p', 'u', 'f')`,
  ),
});

const difference = (wanted: Shape, built: Shape): string[] => {
  const problems: string[] = [];
  for (const [key, value] of wanted) {
    const there = built.get(key);
    if (there === undefined) problems.push(`${key}: in the schema file only`);
    else if (there !== value) problems.push(`${key}: "${value}" in the schema file, "${there}" by the migrations`);
  }
  for (const key of built.keys()) {
    const table = key.split(/[ .]/)[1] ?? '';
    if (!wanted.has(key) && !(table in TABLES_WITHOUT_MODEL)) problems.push(`${key}: by the migrations only`);
  }
  return problems;
};

/** Differences between the schema file and the migrations, each in one line. `adminUrl` may create databases. */
export const schemaDifferences = async (adminUrl: string): Promise<string[]> => {
  const suffix = Math.floor(performance.now() * 1000) % 1_000_000;
  const wanted = await withDatabase(adminUrl, `check_schema_${suffix}`, async (url, client) => {
    await client.query(await schemaSql(url));
    return await shapeOf(client);
  });
  const built = await withDatabase(adminUrl, `check_migrations_${suffix}`, async (url, client) => {
    await applyMigrations(url);
    return await shapeOf(client);
  });
  return [...difference(wanted.columns, built.columns), ...difference(wanted.indexes, built.indexes), ...difference(wanted.keys, built.keys)];
};
