/**
 * `npm run check`, the one command before a change: types, lint with the import rules, generated files, the schema file
 * against the migrations, a test for every rule. Runs all of them, says what is wrong with each, and fails if any is.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { generatedProblems } from './checks/generated.ts';
import { mirrorProblems } from './checks/mirrored.ts';
import { schemaDifferences } from './checks/schema.ts';
import { startTemporaryPostgres } from './postgres.ts';

const run = promisify(execFile);
const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '..');

/** Runs a tool of an installed package; its output is what is wrong. */
const tool = async (name: string, bin: string, args: string[]): Promise<string[]> => {
  const script = join(dirname(require.resolve(`${name}/package.json`)), bin);
  try {
    await run(process.execPath, [script, ...args], { cwd: root, maxBuffer: 64_000_000 });
    return [];
  } catch (error) {
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    return [`${stdout ?? ''}${stderr ?? ''}`.trim() || message];
  }
};

const schemaProblems = async (): Promise<string[]> => {
  const server = await startTemporaryPostgres();
  try {
    return await schemaDifferences(server.url);
  } finally {
    await server.stop();
  }
};

const CHECKS: readonly [string, () => Promise<string[]>][] = [
  ['types', () => tool('typescript', 'bin/tsc', ['--noEmit'])],
  ['lint and import rules', () => tool('eslint', 'bin/eslint.js', ['.', '--max-warnings', '0'])],
  ['generated files', generatedProblems],
  ['schema file and migrations', schemaProblems],
  ['a test for every rule, workflow and activity', () => mirrorProblems(root)],
];

let failed = 0;
for (const [name, check] of CHECKS) {
  const before = performance.now();
  const problems = await check().catch((error: Error) => [error.stack ?? error.message]);
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'}  ${name} (${((performance.now() - before) / 1000).toFixed(1)} s)`);
  for (const problem of problems) console.log(problem.replace(/^/gm, '        '));
  if (problems.length > 0) failed += 1;
}
console.log(failed === 0 ? 'check: all well' : `check: ${failed} of ${CHECKS.length} failed`);
process.exitCode = failed === 0 ? 0 : 1;
