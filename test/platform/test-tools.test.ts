/** The tools around the tests must themselves be able to fail. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { coverageOf } from '../coverage-capabilities.ts';
import { mirrorProblems } from '../checks/mirrored.ts';

const run = (args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, '../run.ts'), ...args], (error, stdout) => resolve({ code: error ? Number(error.code) : 0, out: stdout }));
  });

it('a run without any test is a failure, and says so in its last line', async () => {
  const { code, out } = await run(['--testPathPatterns', 'there-is-no-such-test']);
  expect(out.trimEnd().split('\n').at(-1)).toBe('0 passed, 1 failed');
  expect(code).not.toBe(0);
});

it('capabilities are read from brackets only, each once per test, in one spelling', () => {
  const { proven, unknown } = coverageOf(['a [C-62] [C-062] [B-7] thing', 'C-001 outside', 'two [L-2, C-119]', 'none such [C-120] [B-0]']);
  expect([...proven.keys()].sort()).toEqual(['B-7', 'C-062', 'C-119', 'L-02']);
  expect(proven.get('C-062')).toHaveLength(1);
  expect(unknown).toEqual(['C-120', 'B-0']);
});

it('a rule without a test is found', async () => {
  const root = await mkdtemp(join(tmpdir(), 'parkwarden-mirror-'));
  await mkdir(join(root, 'domain'), { recursive: true });
  await mkdir(join(root, 'test/domain'), { recursive: true });
  await writeFile(join(root, 'domain/with.ts'), '');
  await writeFile(join(root, 'test/domain/with.test.ts'), '');
  await writeFile(join(root, 'domain/without.ts'), '');
  const problems = await mirrorProblems(root);
  expect(problems.filter((line) => line.startsWith('domain/with'))).toEqual([expect.stringMatching(/^domain\/without\.ts has no test/)]);
  await rm(root, { recursive: true });
});
