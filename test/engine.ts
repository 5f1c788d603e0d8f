/**
 * Workflow engines for tests, as real servers of their own.
 * `startTimeSkippingEnv`: one shared clock that skips to the next timer; for parents and children whose timers relate to each
 * other. A fresh one per test file; after a parent closed with an open child, a fresh one per test.
 * `startLocalEnv`: the server that the park runs on, in real time; with Schedules, lists and search attributes.
 */
import type { LocalTestWorkflowEnvironmentOptions } from '@temporalio/testing';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { provideTemporalCli, provideTestServer } from '../platform/engine/provide.ts';

const quiet = (): void => {};
let testServer: Promise<string> | undefined;
let cli: Promise<string> | undefined;

/** Dynamic configuration under which updates are answered in about 10 ms and skipped timers do not wait for a poll. */
export const FAST_ENGINE_ARGS = [
  'history.transferProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxPollRPS=1000',
  'history.timerProcessorMaxTimeShift="1ms"',
  'history.workflowIdReuseMinimalInterval="0s"',
  'frontend.WorkflowTimeSkippingEnabled=true',
].flatMap((value) => ['--dynamic-config-value', value]);

export const startTimeSkippingEnv = async (): Promise<TestWorkflowEnvironment> => {
  testServer ??= provideTestServer(quiet);
  return await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: await testServer } } });
};

/** `server` is merged over the defaults, for example `{ dbFilename }` or `{ port }`. */
export const startLocalEnv = async (server: LocalTestWorkflowEnvironmentOptions['server'] = {}): Promise<TestWorkflowEnvironment> => {
  cli ??= provideTemporalCli(quiet);
  return await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'existing-path', path: await cli }, ...server, extraArgs: [...FAST_ENGINE_ARGS, ...(server.extraArgs ?? [])] },
  });
};
