/** The park of a kill run: a real one, started as a user starts it, without simulator; and kill -9 for its processes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProcesses } from '../../platform/launch/run-folder.ts';
import type { RunningPark } from '../system/park.ts';
import { startPark } from '../system/park.ts';

export const TARGETS = ['worker', 'api', 'ingest', 'flows', 'engine', 'postgres', 'broker'] as const;
export type Target = (typeof TARGETS)[number];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class KillablePark {
  readonly running: RunningPark;

  private constructor(running: RunningPark) {
    this.running = running;
  }

  static async start(): Promise<KillablePark> {
    // A folder of our own: it stays when something was found.
    const dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-chaos-'));
    try {
      return new KillablePark(await startPark({ dataDir, args: ['--no-simulator'], env: { LOG_LEVEL: 'warn' } }));
    } catch (error) {
      await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get dataDir(): string { return this.running.dataDir; }
  get url(): string { return this.running.urls.portal; }
  get engineAddress(): string { return `127.0.0.1:${this.running.ports.TEMPORAL_PORT}`; }

  async databaseUrl(): Promise<string> {
    const password = (await readFile(join(this.dataDir, 'postgres', 'secret'), 'utf8')).trim();
    return `postgresql://postgres:${password}@127.0.0.1:${this.running.ports.POSTGRES_PORT}/parkwarden`;
  }

  async gatewaySecret(): Promise<string> {
    return (JSON.parse(await readFile(join(this.dataDir, 'secrets.json'), 'utf8')) as { MQTT_GATEWAY_SECRET: string }).MQTT_GATEWAY_SECRET;
  }

  /** Waits until every component says that it does its job. */
  async ready(timeoutMs: number): Promise<void> {
    const end = performance.now() + timeoutMs;
    let last = '';
    for (;;) {
      try {
        const response = await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(5_000) });
        last = await response.text();
        if (response.status === 200) return;
      } catch (error) {
        last = (error as Error).message;
      }
      if (performance.now() > end) throw new Error(`the park is not ready after ${timeoutMs / 1000} s: ${last}\n${this.running.output().slice(-4_000)}`);
      await sleep(250);
    }
  }

  /** kill -9. Waits for the process to be there first; gives its id, or null where it did not come up in time. */
  async kill(target: Target, waitMs = 30_000): Promise<number | null> {
    const end = performance.now() + waitMs;
    for (;;) {
      const pid = readProcesses(this.dataDir)[target]?.pid;
      try {
        if (pid !== undefined) {
          process.kill(pid, 'SIGKILL');
          return pid;
        }
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      if (performance.now() > end) return null;
      await sleep(100);
    }
  }

  async remove(): Promise<void> {
    await rm(this.dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
