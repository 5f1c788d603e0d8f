/**
 * Cases that were recorded from real runs are decided the same way by today's workflow code; no server is needed. A file
 * begins with the version of its workflow; those of earlier versions stay, since such cases are still running.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { CLOSED_STATES, MOVES } from '../../domain/hazard.ts';
import { buildBundle, WORKFLOWS_PATH } from '../../worker/build-bundle.ts';

const here = dirname(fileURLToPath(import.meta.url));
const logger = new DefaultLogger('ERROR', () => {});
Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });

const histories = readdirSync(here, { withFileTypes: true })
  .filter((folder) => folder.isDirectory())
  .flatMap((folder) => readdirSync(join(here, folder.name)).map((file) => `${folder.name}/${file}`));
interface History {
  events: {
    activityTaskScheduledEventAttributes?: { activityType: { name: string }; input: { payloads: { data: string }[] } };
    workflowExecutionCompletedEventAttributes?: { result?: { payloads: { data: string }[] } };
    workflowExecutionContinuedAsNewEventAttributes?: object;
    workflowExecutionStartedEventAttributes?: { continuedExecutionRunId?: string };
  }[];
}
const read = (file: string): History => {
  const bytes = readFileSync(join(here, file));
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as History;
};
const decoded = (payload: { data: string } | undefined): unknown => (payload ? JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8') || 'null') : null);
const ofVersion = (workflow: string, version: number): History[] => histories.filter((file) => file.startsWith(`${workflow}/${version}-`)).map(read);

test('every workflow has recorded histories, each with the version that it began under', () => {
  const workflows = [...readFileSync(WORKFLOWS_PATH, 'utf8').matchAll(/from '\.\/([a-z-]+)\/workflow\.ts'/g)].map((m) => m[1]!);
  expect(workflows.length).toBeGreaterThan(5);
  expect([...new Set(histories.map((file) => dirname(file)))].sort()).toEqual(workflows.sort());
  expect(histories.filter((file) => !/\/\d+-[a-z0-9-]+\.json(\.gz)?$/.test(file))).toEqual([]);
});

test.each([[1, ['archived', 'dismissed']], [2, [...CLOSED_STATES]]] as const)('a case of version %s that ended in each way is recorded', (version, ends) => {
  const ended = ofVersion('hazard-closure', version).flatMap(({ events }) => {
    const last = events.at(-1)!.workflowExecutionCompletedEventAttributes;
    return last ? [(decoded(last.result?.payloads[0]) as { state: string }).state] : [];
  });
  expect([...new Set(ended)].sort()).toEqual([...ends].sort());
});

test('every move of a case is in some history, and so are both sides of a life that went on as a new run', () => {
  const recorded = ofVersion('hazard-closure', 2);
  const moves = recorded.flatMap(({ events }) => events.flatMap((e) => {
    const scheduled = e.activityTaskScheduledEventAttributes;
    if (scheduled?.activityType.name !== 'recordSteps') return [];
    return (decoded(scheduled.input.payloads[0]) as { steps: { record: { command: string } }[] }).steps.map((s) => s.record.command);
  }));
  expect([...new Set(moves)].sort()).toEqual(['open', ...Object.keys(MOVES)].sort());
  expect(recorded.filter(({ events }) => events.at(-1)!.workflowExecutionContinuedAsNewEventAttributes).length).toBeGreaterThan(0);
  expect(recorded.filter(({ events }) => events[0]!.workflowExecutionStartedEventAttributes?.continuedExecutionRunId).length).toBeGreaterThan(0);
});

test.each(histories)('%s replays', async (file) => {
  await Worker.runReplayHistory({ workflowBundle: await buildBundle() }, read(file));
});

test.each(['1-archived.json', '2-redirected.json'])('a workflow that was changed without a patch does not replay: %s', async (file) => {
  const changed = await bundleWorkflowCode({ workflowsPath: join(here, 'changed-workflow.ts'), logger });
  await expect(Worker.runReplayHistory({ workflowBundle: changed }, read(`hazard-closure/${file}`))).rejects.toMatchObject({ name: 'DeterminismViolationError' });
});

test('workflow code bundles: it reaches nothing but the domain and the workflow library', async () => {
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS_PATH, logger });
  const modules = [...code.matchAll(/"(\.\/[^"\n]+\.ts)"/g)].map((m) => m[1]!).filter((path) => !path.includes('node_modules'));
  expect(modules.length).toBeGreaterThan(5);
  expect(modules.filter((path) => !/^\.\/(domain|workflows)\//.test(path))).toEqual([]);
});
