/** Cases that were recorded from real runs are decided the same way by today's workflow code; no server is needed. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { buildBundle, WORKFLOWS_PATH } from '../../worker/build-bundle.ts';

const here = dirname(fileURLToPath(import.meta.url));
const logger = new DefaultLogger('ERROR', () => {});
Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });

const histories = readdirSync(here, { withFileTypes: true })
  .filter((folder) => folder.isDirectory())
  .flatMap((folder) => readdirSync(join(here, folder.name)).map((file) => `${folder.name}/${file}`));
const read = (file: string): unknown => JSON.parse(readFileSync(join(here, file), 'utf8'));

test('every workflow has recorded histories', () => {
  expect([...new Set(histories.map((file) => dirname(file)))].sort()).toEqual(['alarm-handling', 'duty-task', 'hazard-closure', 'inspection-expiry', 'patrol-plan', 'running-effect', 'second-supervision', 'self-audit']);
});

test.each(histories)('%s replays', async (file) => {
  await Worker.runReplayHistory({ workflowBundle: await buildBundle() }, read(file));
});

test('a workflow that was changed without a patch does not replay', async () => {
  const changed = await bundleWorkflowCode({ workflowsPath: join(here, 'changed-workflow.ts'), logger });
  await expect(Worker.runReplayHistory({ workflowBundle: changed }, read('hazard-closure/archived.json'))).rejects.toMatchObject({ name: 'DeterminismViolationError' });
});

test('workflow code bundles: it reaches nothing but the domain and the workflow library', async () => {
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS_PATH, logger });
  const modules = [...code.matchAll(/"(\.\/[^"\n]+\.ts)"/g)].map((m) => m[1]!).filter((path) => !path.includes('node_modules'));
  expect(modules.length).toBeGreaterThan(5);
  expect(modules.filter((path) => !/^\.\/(domain|workflows)\//.test(path))).toEqual([]);
});
