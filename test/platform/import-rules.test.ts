import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PLANTED } from '../checks/planted.ts';

let answers: string[][];

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../checks/lint-planted.ts')]);
  answers = JSON.parse(stdout) as string[][];
}, 120_000);

describe('import rules', () => {
  it.each(PLANTED.map((planted, i) => [planted.file, planted.code, planted.rule ?? 'nothing', i] as const))('%s: %s → %s', (_file, _code, rule, i) => {
    expect(answers[i]).toEqual(rule === 'nothing' ? [] : expect.arrayContaining([rule]));
  });
});
