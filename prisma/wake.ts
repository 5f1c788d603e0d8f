/**
 * Waking up on NOTIFY. Word can be lost with a connection, so whoever waits looks again after a while by itself.
 */
import type pg from 'pg';

export interface Waker {
  /** Resolves at the next notification, or after `timeoutMs`, or when `signal` aborts. */
  wait(timeoutMs: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

const RETRY_MS = 1_000;

/** Listens to a channel on one connection of the pool, connecting again whenever it is lost. */
export const listenTo = (pool: pg.Pool, channel: string, onError: (error: Error) => void = () => {}): Waker => {
  const waiting = new Set<() => void>();
  let closed = false;
  let release: (() => void) | undefined;
  const wake = (): void => {
    for (const resolve of [...waiting]) resolve();
  };
  const connect = async (): Promise<void> => {
    if (closed) return;
    try {
      const client = await pool.connect();
      let done = false;
      const end = (error?: Error): void => {
        if (done) return;
        done = true;
        client.release(true);
        if (error) onError(error);
        if (!closed) setTimeout(() => void connect(), RETRY_MS).unref();
      };
      client.on('error', end);
      client.on('end', () => end());
      client.on('notification', wake);
      release = () => end();
      if (closed) return end();
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
      wake();
    } catch (error) {
      onError(error as Error);
      if (!closed) setTimeout(() => void connect(), RETRY_MS).unref();
    }
  };
  void connect();
  return {
    wait: (timeoutMs, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted || closed) return resolve();
        const finish = (): void => {
          clearTimeout(timer);
          waiting.delete(finish);
          signal?.removeEventListener('abort', finish);
          resolve();
        };
        const timer = setTimeout(finish, timeoutMs);
        waiting.add(finish);
        signal?.addEventListener('abort', finish);
      }),
    close: () => {
      closed = true;
      release?.();
      wake();
    },
  };
};
