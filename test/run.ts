/**
 * `npm test`: the whole suite; arguments go to Jest (`npm test -- test/domain`). The last line is "N passed, N failed"; the
 * exit code is 0 only when something passed, nothing failed, and Jest itself ended well.
 */
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const summaryFile = join(root, 'test/.artifacts/summary.json');
const jest = join(createRequire(import.meta.url).resolve('jest/package.json'), '../bin/jest.js');

await rm(summaryFile, { force: true });
const child = spawn(process.execPath, ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
// Jest hears Ctrl-C itself and tears down; this process only waits for it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
const code = await new Promise<number>((resolve) => {
  child.once('error', () => resolve(1));
  child.once('exit', (status) => resolve(status ?? 1));
});

const none = { passed: 0, failed: 0 };
const summary = await readFile(summaryFile, 'utf8').then((text) => JSON.parse(text) as typeof none, () => none);
const bad = summary.failed > 0 || summary.passed === 0 || code !== 0;
// A run that broke down without naming a test, or ran none, is one failure.
const failed = bad ? Math.max(1, summary.failed) : 0;
process.exitCode = bad ? code || 1 : 0;
console.log(`${summary.passed} passed, ${failed} failed`);
