/** The embedded workflow engine: how it is started, and when it is ready. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import type { Config } from '../config.ts';
import { temporalConnectionOptions } from '../temporal.ts';
import { isAlive } from './identity.ts';
import { readProcesses } from './run-folder.ts';

/** How long the engine keeps the history of a closed case; the record itself is in PostgreSQL for ever. */
const RETENTION_DAYS = 30;
const READY_WITHIN_MS = 60_000;

/**
 * Arguments of `temporal` for a server on one file. `synchronous=full` makes every commit reach the disk before it is
 * acknowledged: with `normal` a power cut could take back the last acknowledged commits, and a case with them. The two poll
 * rates bring the answer to an update from about 40 ms to about 12 ms.
 */
export const engineArguments = (config: Config, file: string): string[] => [
  'server', 'start-dev',
  '--db-filename', file,
  '--ip', '127.0.0.1', '--port', String(config.TEMPORAL_PORT),
  '--ui-ip', '127.0.0.1', '--ui-port', String(config.TEMPORAL_UI_PORT), '--ui-disable-news-fetch',
  '--namespace', config.TEMPORAL_NAMESPACE,
  '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full',
  '--dynamic-config-value', 'history.transferProcessorMaxPollRPS=1000',
  '--dynamic-config-value', 'history.timerProcessorMaxPollRPS=1000',
  '--log-format', 'json', '--log-level', 'warn',
  '--disable-config-file', '--disable-config-env',
];

/** Waits until the engine serves our namespace; an embedded one is told how long to keep closed workflows. */
export const waitForEngine = async (config: Config): Promise<void> => {
  const end = performance.now() + READY_WITHIN_MS;
  const options = await temporalConnectionOptions(config);
  for (;;) {
    let connection: Connection | undefined;
    try {
      connection = await Connection.connect({ ...options, connectTimeout: 2_000 });
      const { workflowService } = connection;
      const namespace = config.TEMPORAL_NAMESPACE;
      const { config: current } = await workflowService.describeNamespace({ namespace });
      if (!config.TEMPORAL_ADDRESS && Number(current?.workflowExecutionRetentionTtl?.seconds ?? 0) !== RETENTION_DAYS * 86_400) {
        await workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl: { seconds: RETENTION_DAYS * 86_400 } as never } });
      }
      return;
    } catch (error) {
      if (performance.now() > end) throw new Error(`the engine at ${options.address} does not serve the namespace ${config.TEMPORAL_NAMESPACE}: ${(error as Error).message}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await connection?.close();
    }
  }
};

const addressFile = (dataDir: string): string => join(dataDir, 'engine', 'address');

/** Tools on this machine find the embedded engine by it, whatever port this start uses. */
export const keepEngineAddress = (config: Config): Promise<void> => writeFile(addressFile(config.DATA_DIR), `127.0.0.1:${config.TEMPORAL_PORT}`, { mode: 0o600 });

/** Address of the embedded engine that runs on this data folder; undefined where none does. */
export const runningEngineAddress = async (dataDir: string): Promise<string | undefined> => {
  const { engine } = readProcesses(dataDir);
  if (!engine || !isAlive(engine.pid, engine.mark)) return undefined;
  return await readFile(addressFile(dataDir), 'utf8').catch(() => undefined);
};
