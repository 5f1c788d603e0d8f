/** 兜底: takes up statutory events that no flow handled within the policy's grace. Flows may tighten safety, never remove it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../prisma/client.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import { overdueStatutoryEvents, takeEvent } from '../prisma/sensor-events.ts';
import type { Metrics } from './metrics.ts';

const EVERY_MS = 1_000;
const EVENTS_PER_ROUND = 100;

/** One round. Gives the ids of the events that it took up. */
export const runFloor = async (database: Database, metrics: Metrics, log: Logger): Promise<string[]> => {
  const policy = await loadPolicyAt(database.pool, Date.now());
  const taken: string[] = [];
  for (const eventId of await overdueStatutoryEvents(database.pool, policy.floorGraceMs, EVENTS_PER_ROUND)) {
    try {
      const result = await database.pgTransaction({ scope: 'service' }, (client) => takeEvent(client, eventId, 'floor'));
      if (result === null || result.duplicate) continue;
      taken.push(eventId);
      metrics.floorCases.inc();
      log.warn({ eventId, hazardId: result.hazardId, joined: result.joined }, 'no flow handled a statutory event in time: the floor took it up');
    } catch (error) {
      log.error({ err: error, eventId }, 'the floor could not take up an event, will try again');
    }
  }
  return taken;
};

export const startFloor = (database: Database, metrics: Metrics, log: Logger): { stop(): Promise<void> } => {
  const ending = new AbortController();
  const loop = (async () => {
    while (!ending.signal.aborted) {
      await runFloor(database, metrics, log).catch((error: Error) => log.warn({ err: error }, 'the floor cannot read events, will try again'));
      await sleep(EVERY_MS, undefined, { signal: ending.signal }).catch(() => {});
    }
  })();
  return { stop: () => { ending.abort(); return loop; } };
};
