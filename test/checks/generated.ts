/** Files that are made from others: how each is made, and whether what is in the project is what would be made today. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { openApiText } from '../../api/openapi.ts';
import { selfAuditText } from './self-audit-list.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const artifacts = join(root, 'test/.artifacts');

interface Generated {
  name: string;
  /** What is in the project, below its root: a file or a folder. */
  path: string;
  /** Writes to `target`, a file or folder of the same kind. */
  write(target: string): Promise<void>;
}

/** Prisma writes beside the schema that it is given, so it gets a copy. The CLI insists on an engine binary that `generate` never runs. */
const writePrismaClient = async (target: string): Promise<void> => {
  await mkdir(artifacts, { recursive: true });
  const folder = await mkdtemp(join(artifacts, 'prisma-'));
  try {
    const schema = join(folder, 'schema.prisma');
    await cp(join(root, 'prisma/schema.prisma'), schema);
    const cli = join(dirname(createRequire(import.meta.url).resolve('prisma/package.json')), 'build/index.js');
    await run(process.execPath, [cli, 'generate', '--schema', schema], { cwd: root, env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1', PRISMA_HIDE_UPDATE_MESSAGE: '1' } });
    await rm(target, { recursive: true, force: true });
    await cp(join(folder, 'generated'), target, { recursive: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const GENERATED: readonly Generated[] = [
  { name: 'Prisma client', path: 'prisma/generated', write: writePrismaClient },
  { name: 'OpenAPI description', path: 'docs/openapi.json', write: (target) => writeFile(target, openApiText()) },
  { name: 'List of invariants', path: 'docs/self-audit.md', write: async (target) => writeFile(target, selfAuditText(await readFile(join(root, 'docs/self-audit.md'), 'utf8'))) },
];

const contentOf = async (path: string): Promise<Map<string, string>> => {
  if (!existsSync(path)) return new Map();
  try {
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
    return new Map(await Promise.all(files.map(async (file) => [file.slice(path.length), await readFile(file, 'utf8')] as const)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error;
    return new Map([['', await readFile(path, 'utf8')]]);
  }
};

export const generateAll = async (): Promise<string[]> => {
  const written: string[] = [];
  for (const item of GENERATED) {
    await item.write(join(root, item.path));
    written.push(`${item.name}: ${item.path}`);
  }
  return written;
};

/** Generated files that differ from what would be made today, each in one line. */
export const generatedProblems = async (): Promise<string[]> => {
  const problems: string[] = [];
  await mkdir(artifacts, { recursive: true });
  for (const item of GENERATED) {
    const folder = await mkdtemp(join(artifacts, 'generated-'));
    try {
      const target = join(folder, 'made');
      await item.write(target);
      const [made, kept] = await Promise.all([contentOf(target), contentOf(join(root, item.path))]);
      for (const file of new Set([...made.keys(), ...kept.keys()])) {
        if (made.get(file) !== kept.get(file)) problems.push(`${item.path}${file} is not what would be made today: npm run generate`);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return problems;
};
