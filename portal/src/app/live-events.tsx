/**
 * One line to the server for the whole portal. An event only says what changed; pages read it again with their own rights.
 * The browser resumes a dropped line with Last-Event-ID. Where it gives up (a refusal, a proxy), a new line is opened and
 * everything shown is read again, so nothing is missed either way.
 */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, useEffect, useState } from 'react';
import type { ReactNode } from 'react';

export type LineState = 'connecting' | 'live' | 'broken';
export const LineContext = createContext<LineState>('connecting');

const FLUSH_MS = 250;
const RETRY_MS = [1000, 2000, 5000, 10_000, 30_000];

export const LiveEvents = ({ children }: { children: ReactNode }) => {
  const client = useQueryClient();
  const [state, setState] = useState<LineState>('connecting');

  useEffect(() => {
    let source: EventSource | null = null;
    let retryTimer: ReturnType<typeof setTimeout> | undefined;
    let flushTimer: ReturnType<typeof setTimeout> | undefined;
    let attempts = 0;
    let ended = false;
    /** Keys to read again; a burst of events is one reading. */
    const stale = new Map<string, readonly unknown[]>();
    const mark = (...key: unknown[]): void => {
      stale.set(JSON.stringify(key), key);
      flushTimer ??= setTimeout(() => {
        flushTimer = undefined;
        for (const queryKey of stale.values()) void client.invalidateQueries({ queryKey });
        stale.clear();
      }, FLUSH_MS);
    };
    const idOf = (event: MessageEvent<string>): string | null => {
      try {
        const data = JSON.parse(event.data) as { id?: unknown };
        return typeof data.id === 'string' ? data.id : null;
      } catch {
        return null;
      }
    };

    const open = (): void => {
      source = new EventSource('/api/v1/events');
      source.onopen = () => {
        if (attempts > 0) void client.invalidateQueries({ predicate: (q) => q.queryKey[0] !== 'session' });
        attempts = 0;
        setState('live');
      };
      source.onerror = () => {
        if (source?.readyState === EventSource.CONNECTING) {
          setState('connecting');
          return;
        }
        source?.close();
        setState('broken');
        // A refused line may mean that the session ended.
        void client.invalidateQueries({ queryKey: ['session'] });
        if (ended) return;
        retryTimer = setTimeout(open, RETRY_MS[Math.min(attempts, RETRY_MS.length - 1)]);
        attempts += 1;
      };
      source.addEventListener('hazard.changed', (event) => {
        const id = idOf(event);
        mark('hazards');
        mark('board');
        mark('tasks');
        mark('map');
        if (id) {
          mark('hazard', id);
          mark('timeline', id);
        }
      });
      source.addEventListener('alarm.changed', () => {
        mark('alarms');
        mark('map');
      });
      source.addEventListener('notice.issued', () => {
        mark('notices');
        mark('timeline');
      });
    };
    open();
    return () => {
      ended = true;
      source?.close();
      clearTimeout(retryTimer);
      clearTimeout(flushTimer);
    };
  }, [client]);

  return <LineContext value={state}>{children}</LineContext>;
};
