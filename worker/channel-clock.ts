/** Looks every second for what is due on the notification channels (activities/channels.ts). */
import { setTimeout as delay } from 'node:timers/promises';
import { askProviders, climbChannels, closeDigests } from '../activities/channels.ts';
import type { ChannelPorts } from '../activities/deliver.ts';
import type { NoticeSettings } from '../activities/notices.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../prisma/client.ts';

const EVERY_MS = 1_000;

export interface ChannelClock {
  /** Ends after what is in hand. */
  stop(): Promise<void>;
}

export const startChannelClock = (database: Database, settings: NoticeSettings, ports: ChannelPorts, log: Logger): ChannelClock => {
  const stopped = new AbortController();
  const { signal } = stopped;
  const tasks = [
    () => climbChannels(database, settings, Date.now()),
    () => closeDigests(database, Date.now()),
    () => askProviders(database, ports, Date.now()),
  ];
  const run = async (task: () => Promise<number>): Promise<void> => {
    while (!signal.aborted) {
      const found = await task().catch((error: Error) => {
        log.warn({ err: error }, 'the channels cannot be looked after, will be tried again');
        return 0;
      });
      if (found === 0) await delay(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  };
  const running = Promise.all(tasks.map(run));
  return {
    stop: async () => {
      stopped.abort();
      await running;
    },
  };
};
