import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

const root = dirname(fileURLToPath(import.meta.url));
const folders = ['domain', 'workflows', 'activities', 'worker', 'ingest', 'flows', 'api', 'portal', 'templates', 'prisma', 'platform', 'models', 'test', 'bench', 'deploy'];

/** Who may import whom: the left folder reaches only the right ones (docs/architecture.md). */
const mayImport: Record<string, string[]> = {
  domain: [],
  platform: [],
  workflows: ['domain', 'activities'], // activities by `import type` only, see below
  templates: ['domain'],
  prisma: ['domain', 'platform', 'workflows/ids.ts', 'workflows/hazard-closure/messages.ts', 'workflows/second-supervision/messages.ts', 'workflows/alarm-handling/messages.ts', 'workflows/duty-task/messages.ts', 'workflows/patrol-plan/messages.ts', 'workflows/inspection-expiry/messages.ts'],
  activities: ['domain', 'prisma', 'platform', 'templates', 'models', 'workflows/ids.ts', 'workflows/hazard-closure/messages.ts', 'workflows/second-supervision/messages.ts', 'workflows/alarm-handling/messages.ts', 'workflows/duty-task/messages.ts', 'workflows/patrol-plan/messages.ts'],
  worker: ['activities', 'prisma', 'platform', 'domain', 'workflows'],
  ingest: ['domain', 'prisma', 'platform', 'workflows/ids.ts', 'workflows/hazard-closure/messages.ts', 'workflows/alarm-handling/messages.ts', 'workflows/duty-task/messages.ts', 'workflows/patrol-plan/messages.ts'],
  api: ['domain', 'prisma', 'platform', 'templates', 'workflows/ids.ts', 'workflows/hazard-closure/messages.ts', 'workflows/second-supervision/messages.ts', 'workflows/alarm-handling/messages.ts', 'workflows/duty-task/messages.ts', 'workflows/patrol-plan/messages.ts'],
  flows: ['domain', 'platform'],
  portal: ['domain'],
};

const zones = Object.entries(mayImport).map(([folder, allowed]) => ({
  target: resolve(root, folder),
  from: root,
  except: [folder, 'node_modules', ...allowed].map((p) => `./${p}`),
  message: `${folder}/ may import only: ${allowed.join(', ') || 'nothing'}.`,
}));
// deploy/ may import anything but these, which nobody imports.
for (const from of ['test', 'bench']) zones.push({ target: resolve(root, 'deploy'), from: resolve(root, from), except: [], message: `nobody imports ${from}/.` });

const noProcessEnv = { regex: '^(node:)?process$', importNames: ['env', 'default'], message: 'Settings are parsed once, in platform/config.ts.' };
const dynamicImport = (message: string) => ({ selector: 'ImportExpression', message });

export default tseslint.config(
  { ignores: ['node_modules/', 'prisma/generated/', 'portal/dist/', 'data/', 'test/.artifacts/', '**/*.html'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: root, zones }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['domain/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\.)', message: 'domain/ imports nothing: no library, no I/O.' }] }],
      'no-restricted-globals': ['error', 'process', 'performance', 'setTimeout', 'setInterval', 'fetch', 'crypto'],
      'no-restricted-properties': ['error', { object: 'Date', property: 'now' }, { object: 'Math', property: 'random' }],
      'no-restricted-syntax': [
        'error',
        { selector: ":matches(NewExpression, CallExpression)[callee.name='Date'][arguments.length=0]", message: 'domain/ has no clock: take the instant as an argument.' },
        dynamicImport('domain/ imports nothing: no library, no I/O.'),
      ],
    },
  },
  {
    files: ['workflows/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\.|@temporalio/(workflow|common)$)', message: 'workflow code imports @temporalio/workflow and domain only.' }] }],
      'no-restricted-syntax': [
        'error',
        { selector: "ImportDeclaration[importKind!='type'][source.value=/activities/]", message: 'activities by `import type` only.' },
        { selector: ":matches(ExportNamedDeclaration, ExportAllDeclaration)[exportKind!='type'][source.value=/activities/]", message: 'activities by `import type` only.' },
        dynamicImport('workflow code is bundled: import at the top.'),
      ],
    },
  },
  {
    files: [...folders.filter((f) => !['platform', 'test'].includes(f)).map((f) => `${f}/**/*.{ts,tsx}`)],
    ignores: ['domain/**', 'workflows/**'],
    rules: {
      'no-restricted-properties': ['error', { object: 'process', property: 'env', message: noProcessEnv.message }],
      'no-restricted-imports': ['error', { patterns: [noProcessEnv] }],
    },
  },
  {
    files: ['flows/**/*.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [noProcessEnv, { regex: '^(pg|mqtt|nodemailer)$|^@prisma/|^@temporalio/', message: 'flows reach the park through the gateway (api/internal) only.' }] }],
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs' },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    // A node is a thin shell: what it may reach it is given by Node-RED and by flows/nodes/lib.
    files: ['flows/nodes/**/*.cjs'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'setTimeout', 'setInterval', 'fetch'],
      'no-restricted-syntax': [
        'error',
        { selector: "CallExpression[callee.name='require']:not([arguments.0.value=/^\\.\\u002f(lib\\u002f)?[\\w-]+\\.cjs$/])", message: 'a node requires ./lib only: no library, nothing of the park.' },
        dynamicImport('a node requires ./lib only: no library, nothing of the park.'),
      ],
    },
  },
  {
    files: ['portal/src/**/*.{ts,tsx}'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^node:', message: 'portal runs in a browser.' }] }] },
  },
);
