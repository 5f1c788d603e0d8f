/** Small violations of the import rules, and the closest thing that is allowed: what the lint must say to each. */

export interface Planted {
  file: string;
  code: string;
  /** The rule that must object; absent where the code is allowed. */
  rule?: string;
}

const paths = 'import-x/no-restricted-paths';
const imports = 'no-restricted-imports';
const syntax = 'no-restricted-syntax';
const properties = 'no-restricted-properties';
const globals = 'no-restricted-globals';

export const PLANTED: readonly Planted[] = [
  { file: 'domain/planted.ts', code: "import { z } from 'zod'; export default z;", rule: imports },
  { file: 'domain/planted.ts', code: "import { readFile } from 'node:fs'; export default readFile;", rule: imports },
  { file: 'domain/planted.ts', code: "export const f = () => import('zod');", rule: syntax },
  { file: 'domain/planted.ts', code: "import { openDatabase } from '../prisma/client.ts'; export default openDatabase;", rule: paths },
  { file: 'domain/planted.ts', code: 'export const f = () => Date.now();', rule: properties },
  { file: 'domain/planted.ts', code: 'export const f = () => Math.random();', rule: properties },
  { file: 'domain/planted.ts', code: 'export const f = () => new Date();', rule: syntax },
  { file: 'domain/planted.ts', code: 'export const f = () => process.cwd();', rule: globals },
  { file: 'domain/planted.ts', code: 'export const f = (at: number) => new Date(at);' },
  { file: 'domain/planted.ts', code: "import { refuse } from './errors.ts'; export default refuse;" },

  { file: 'platform/planted.ts', code: "import { refuse } from '../domain/errors.ts'; export default refuse;", rule: paths },
  { file: 'platform/planted.ts', code: 'export default process.env.HOME;' },

  { file: 'workflows/planted.ts', code: "import { createActivities } from '../activities/index.ts'; export default createActivities;", rule: syntax },
  { file: 'workflows/planted.ts', code: "import { type Activities } from '../activities/index.ts'; export type A = Activities;", rule: syntax },
  { file: 'workflows/planted.ts', code: "export { createActivities } from '../activities/index.ts';", rule: syntax },
  { file: 'workflows/planted.ts', code: "export * from '../activities/index.ts';", rule: syntax },
  { file: 'workflows/planted.ts', code: "export const f = () => import('../activities/index.ts');", rule: syntax },
  { file: 'workflows/planted.ts', code: "import { openDatabase } from '../prisma/client.ts'; export default openDatabase;", rule: paths },
  { file: 'workflows/planted.ts', code: "import { readFile } from 'node:fs'; export default readFile;", rule: imports },
  { file: 'workflows/planted.ts', code: "import { Client } from '@temporalio/client'; export default Client;", rule: imports },
  { file: 'workflows/planted.ts', code: "import type { Activities } from '../activities/index.ts'; export type A = Activities;" },
  { file: 'workflows/planted.ts', code: "import { proxyActivities } from '@temporalio/workflow'; export default proxyActivities;" },

  { file: 'activities/planted.ts', code: "import { hazardClosure } from '../workflows/hazard-closure/workflow.ts'; export default hazardClosure;", rule: paths },
  { file: 'activities/planted.ts', code: "import { SETTINGS } from '../platform/config.ts'; export default SETTINGS;" },

  { file: 'flows/planted.ts', code: "import { openDatabase } from '../prisma/client.ts'; export default openDatabase;", rule: paths },
  { file: 'flows/planted.ts', code: "import pg from 'pg'; export default pg;", rule: imports },
  { file: 'flows/planted.ts', code: "import { PrismaPg } from '@prisma/adapter-pg'; export default PrismaPg;", rule: imports },
  { file: 'flows/planted.ts', code: "import { Client } from '@temporalio/client'; export default Client;", rule: imports },
  { file: 'flows/planted.ts', code: 'export default process.env.HOME;', rule: properties },
  { file: 'flows/planted.ts', code: "import { refuse } from '../domain/errors.ts'; export default refuse;" },
  { file: 'flows/nodes/planted.cjs', code: "module.exports = require('../../prisma/client.ts');", rule: syntax },
  { file: 'flows/nodes/planted.cjs', code: "module.exports = require('node:fs');", rule: syntax },
  { file: 'flows/nodes/planted.cjs', code: "module.exports = () => import('pg');", rule: syntax },
  { file: 'flows/nodes/planted.cjs', code: 'module.exports = () => process.env;', rule: globals },
  { file: 'flows/nodes/planted.cjs', code: "module.exports = require('./lib/action.cjs');" },

  { file: 'ingest/planted.ts', code: "import { createActivities } from '../activities/index.ts'; export default createActivities;", rule: paths },

  { file: 'api/planted.ts', code: 'export default process.env.HOME;', rule: properties },
  { file: 'api/planted.ts', code: 'export const { env } = process;', rule: properties },
  { file: 'api/planted.ts', code: "import { env } from 'node:process'; export default env;", rule: imports },
  { file: 'api/planted.ts', code: "import { createActivities } from '../activities/index.ts'; export default createActivities;", rule: paths },
  { file: 'api/planted.ts', code: "import { hazardClosure } from '../workflows/hazard-closure/workflow.ts'; export default hazardClosure;", rule: paths },
  { file: 'api/planted.ts', code: "import { createTestDatabase } from '../test/db.ts'; export default createTestDatabase;", rule: paths },
  { file: 'api/planted.ts', code: "import { openDatabase } from '../prisma/client.ts'; export default openDatabase;" },

  { file: 'portal/src/planted.ts', code: "import { openDatabase } from '../../prisma/client.ts'; export default openDatabase;", rule: paths },
  { file: 'portal/src/planted.ts', code: "import { readFile } from 'node:fs'; export default readFile;", rule: imports },
  { file: 'portal/src/planted.ts', code: 'export default process.env.HOME;', rule: properties },

  { file: 'prisma/planted.ts', code: "import { createActivities } from '../activities/index.ts'; export default createActivities;", rule: paths },
  { file: 'templates/planted.ts', code: "import { openDatabase } from '../prisma/client.ts'; export default openDatabase;", rule: paths },
  { file: 'worker/planted.ts', code: "import { createTestDatabase } from '../test/db.ts'; export default createTestDatabase;", rule: paths },
  { file: 'deploy/planted.ts', code: "import { createTestDatabase } from '../test/db.ts'; export default createTestDatabase;", rule: paths },
];
