/**
 * The relay of the outbox: takes due rows in small batches and hands each to its receiver, at least once. A row counts as
 * delivered only after the receiver took it. A claim is a lease: no transaction stays open while something is sent, and what
 * a killed relay had in hand comes up again when the lease has run out. A row that fails waits on its own, longer each time.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../prisma/client.ts';
import type { OutboxMessage } from '../prisma/outbox.ts';

export type DeliveredTopic = Exclude<OutboxMessage['topic'], 'event'>;
export type MessageOf<T extends DeliveredTopic> = Extract<OutboxMessage, { topic: T }>;

/** Resolves when the receiver has it; rejects to try again later. */
export type Receivers = { [T in DeliveredTopic]: (message: MessageOf<T>) => Promise<void> };

interface TopicSettings {
  batch: number;
  /** Longer than any delivery takes. */
  leaseMs: number;
  firstRetryMs: number;
  maxRetryMs: number;
}

export const TOPICS: Record<DeliveredTopic, TopicSettings> = {
  workflow: { batch: 50, leaseMs: 8_000, firstRetryMs: 250, maxRetryMs: 5_000 },
  smtp: { batch: 5, leaseMs: 180_000, firstRetryMs: 5_000, maxRetryMs: 600_000 },
  urgent: { batch: 10, leaseMs: 180_000, firstRetryMs: 1_000, maxRetryMs: 15_000 },
  channel: { batch: 10, leaseMs: 180_000, firstRetryMs: 2_000, maxRetryMs: 60_000 },
  actuate: { batch: 10, leaseMs: 30_000, firstRetryMs: 500, maxRetryMs: 15_000 },
  notify: { batch: 10, leaseMs: 30_000, firstRetryMs: 500, maxRetryMs: 15_000 },
};

const POLL_MS = 500;

export interface RelayEvents {
  delivered(topic: DeliveredTopic, waitedMs: number): void;
  failed(topic: DeliveredTopic): void;
}

export interface Relay {
  /** The last look into the outbox succeeded. */
  ok(): boolean;
  /** Ends after what is in hand. */
  stop(): Promise<void>;
}

interface ClaimedRow {
  id: string;
  key: string;
  tenant_id: string | null;
  payload: unknown;
  attempts: number;
  created_at: Date;
}

const CLAIM = `UPDATE outbox SET next_attempt_at = now() + $2 * interval '1 millisecond', attempts = attempts + 1
  WHERE id IN (SELECT id FROM outbox WHERE topic = $1 AND topic <> 'event' AND delivered_at IS NULL AND next_attempt_at <= now() ORDER BY next_attempt_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
  RETURNING id, key, tenant_id, payload, attempts, created_at`;

const MARK = `UPDATE outbox o SET delivered_at = CASE WHEN r.error IS NULL THEN now() END, last_error = r.error,
    next_attempt_at = CASE WHEN r.error IS NULL THEN o.next_attempt_at ELSE now() + r.retry_ms * interval '1 millisecond' END
  FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS r(id, error, retry_ms) WHERE o.id = r.id AND o.delivered_at IS NULL`;

export const startRelay = (database: Database, receivers: Receivers, log: Logger, events: RelayEvents): Relay => {
  const stopped = new AbortController();
  const { signal } = stopped;
  const healthy = new Map<string, boolean>();
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const waker of [...wakers]) waker();
  };

  /** One batch of a topic; gives whether there may be more. */
  const relayBatch = async <T extends DeliveredTopic>(topic: T): Promise<boolean> => {
    const { batch, leaseMs, firstRetryMs, maxRetryMs } = TOPICS[topic];
    const { rows } = await database.pool.query<ClaimedRow>(CLAIM, [topic, leaseMs, batch]);
    if (rows.length === 0) return false;
    const results = await Promise.all(
      rows.map(async (row) => {
        try {
          await receivers[topic]({ topic, key: row.key, tenantId: row.tenant_id, payload: row.payload } as MessageOf<T>);
          events.delivered(topic, Date.now() - row.created_at.getTime());
          return { id: row.id, error: null, retryMs: 0 };
        } catch (error) {
          events.failed(topic);
          log.warn({ err: error, topic, key: row.key, attempts: row.attempts }, 'not delivered, will be tried again');
          return { id: row.id, error: String((error as Error).message ?? error).slice(0, 1_000), retryMs: Math.min(maxRetryMs, firstRetryMs * 2 ** Math.min(row.attempts - 1, 20)) };
        }
      }),
    );
    await database.pool.query(MARK, [results.map((r) => r.id), results.map((r) => r.error), results.map((r) => r.retryMs)]);
    return rows.length === batch;
  };

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(done, POLL_MS);
      function done(): void {
        clearTimeout(timer);
        wakers.delete(done);
        resolve();
      }
      wakers.add(done);
    });

  const relayTopic = async (topic: DeliveredTopic): Promise<void> => {
    while (!signal.aborted) {
      const more = await relayBatch(topic).then(
        (value) => {
          healthy.set(topic, true);
          return value;
        },
        (error: Error) => {
          healthy.set(topic, false);
          log.warn({ err: error, topic }, 'the outbox cannot be read');
          return false;
        },
      );
      if (!more && !signal.aborted) await pause();
    }
  };

  /** Wakes the relay at once; the poll stands in while this connection is away. */
  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      let client: pg.PoolClient | undefined;
      try {
        client = await database.pool.connect();
        const listening = client;
        const lost = new Promise<void>((resolve) => {
          listening.on('error', () => resolve());
          listening.once('end', () => resolve());
          signal.addEventListener('abort', () => resolve(), { once: true });
        });
        listening.on('notification', wake);
        await listening.query('LISTEN pw_outbox');
        await lost;
      } catch (error) {
        log.warn({ err: error }, 'not told of new outbox rows; polling');
      } finally {
        client?.release(true);
      }
      await delay(1_000, undefined, { signal }).catch(() => {});
    }
  };

  const running = Promise.all([listen(), ...(Object.keys(TOPICS) as DeliveredTopic[]).map(relayTopic)]);
  return {
    ok: () => Object.keys(TOPICS).every((topic) => healthy.get(topic) === true),
    stop: async () => {
      stopped.abort();
      wake();
      await running;
    },
  };
};
