/**
 * Prisma's own schema engine as WebAssembly, without a native binary: writes the SQL of the schema file.
 * Migrations are applied by migrate.ts, since the engine's script runner splits function bodies at semicolons.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type * as EngineModule from '@prisma/schema-engine-wasm/schema_engine_bg';

const here = import.meta.dirname;
const require = createRequire(import.meta.url);
const SCHEMA = join(here, 'schema.prisma');

let loading: Promise<typeof EngineModule> | undefined;

const load = (): Promise<typeof EngineModule> => {
  loading ??= (async () => {
    const engine = await import('@prisma/schema-engine-wasm/schema_engine_bg');
    const wasm = await readFile(join(require.resolve('@prisma/schema-engine-wasm/schema_engine_bg'), '..', 'schema_engine_bg.wasm'));
    const { instance } = await WebAssembly.instantiate(wasm, { './schema_engine_bg.js': engine as unknown as WebAssembly.ModuleImports });
    engine.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
    return engine;
  })();
  return loading;
};

const createEngine = async (databaseUrl: string): Promise<EngineModule.SchemaEngine> => {
  const { SchemaEngine } = await load();
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: databaseUrl }));
  return await SchemaEngine.new({ datamodels: [[SCHEMA, await readFile(SCHEMA, 'utf8')]] }, () => {}, adapter as never);
};

/** SQL that builds the schema file's tables in an empty database. */
export const schemaSql = async (databaseUrl: string): Promise<string> => {
  const engine = await createEngine(databaseUrl);
  const { stdout } = await engine.diff({
    from: { tag: 'empty' },
    to: { tag: 'schemaDatamodel', files: [{ path: SCHEMA, content: await readFile(SCHEMA, 'utf8') }], configDir: here },
    script: true,
    shadowDatabaseUrl: null,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  } as never);
  return stdout ?? '';
};
