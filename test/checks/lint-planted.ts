/** Lints the planted violations with the project's own configuration and prints, as JSON, the rules that objected to each. Run as a process of its own, since ESLint loads its configuration outside Jest's modules. */
import { join } from 'node:path';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { PLANTED } from './planted.ts';

const root = join(import.meta.dirname, '../..');
// The planted files do not exist, so rules that need types are off; the import rules need none.
const untyped = { ...tseslint.configs.disableTypeChecked, files: ['**/*.ts'] };
const eslint = new ESLint({ cwd: root, overrideConfig: untyped as never });

const answers: string[][] = [];
for (const { file, code } of PLANTED) {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: join(root, file) });
  answers.push((result?.messages ?? []).map((message) => message.ruleId ?? `error: ${message.message}`));
}
console.log(JSON.stringify(answers));
