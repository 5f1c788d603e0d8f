/**
 * Hands sensor events to the nodes that are their sources, and moves the cursor on only when everything that an event set in
 * motion has come to its end: every node it reached is done and every call to the gateway has its final answer. Whatever
 * ends before (kill -9, a deploy) is handed out again; the gateway gives the same answer twice.
 */
import type { Logger } from '../platform/logger.ts';
import type { Gateway } from './gateway.ts';

/** SensorEventMessage of docs/interfaces/http.md; nodes pass it on as it is. */
export interface SensorEvent {
  id: string;
  kind: 'raised' | 'cleared';
  ruleId: string;
  statutory: boolean;
  sensor: { id: string; kind: string };
  zone: { id: string };
  tenant: { id: string };
}

export interface FlowMessage {
  _msgid: string;
  topic: string;
  payload: SensorEvent;
}

interface Subscription {
  wants(event: SensorEvent): boolean;
  send(message: FlowMessage): void;
}

/** The one port that nodes get, as `RED.settings.parkwarden.signals`. */
export interface Signals {
  /** Gives the function that ends the subscription. */
  subscribe(subscription: Subscription): () => void;
  /** Asks the gateway in the name of a node about the event that the message carries. Rejects where it says no. */
  act(path: string, nodeId: string, message: { _msgid?: string; payload?: { id?: unknown } }, fields?: object): Promise<unknown>;
}

export interface Pump {
  signals: Signals;
  /** From Node-RED's message hooks: a message is on its way to a node; a node has it; a node is done with it. */
  delivered(message: HookMessage): void;
  /** `saysDone`: the node reports when it is done; `switch` does not. */
  received(message: HookMessage, nodeId: string, saysDone: boolean): void;
  completed(message: HookMessage): void;
  /** Flows run in this version: hands out what is open, again. */
  flowsStarted(version: number): void;
  flowsStopping(): void;
  run(): Promise<void>;
  open(): number;
}

export type HookMessage = { _msgid?: unknown } | undefined;

interface Entry {
  event: SensorEvent;
  position: string;
  round: number;
  /** Deliveries and handings-out that are not done. */
  pending: number;
  calls: number;
  since: number;
  settled: boolean;
}

const CONSUMER = 'flows';
const BATCH = 100;
const WAIT_MS = 20_000;
/** Events in motion at once; more wait in the record. */
const MAX_OPEN = 500;
/** A node that is never done holds the cursor no longer than this. */
const SETTLE_LIMIT_MS = 60_000;
const RETRY_MS = 1_000;

const messageId = (entry: Entry): string => `pw-${entry.event.id}-${entry.round}`;

export const createPump = (deps: { gateway: Gateway; logger: Logger; signal: AbortSignal; onOtherVersion: (version: number) => void }): Pump => {
  const { gateway, logger, signal } = deps;
  const subscriptions = new Set<Subscription>();
  const entries: Entry[] = [];
  const byMessage = new Map<string, Entry>();
  const onTheWay = new WeakSet<object>();
  const queued = new Map<string, number>();
  const entryOf = (message: HookMessage): Entry | undefined => (typeof message?._msgid === 'string' ? byMessage.get(message._msgid) : undefined);
  let version = 0;
  let running = false;
  let round = 0;
  let roundEnd = new AbortController();
  let wake: (() => void) | undefined;
  let committed: string | null = null;
  let committing: Promise<void> | null = null;

  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (signal.aborted) wake();
    });

  const commit = (): void => {
    while (entries[0]?.settled) committed = entries.shift()!.position;
    wake?.();
    if (committed === null || committing) return;
    const position = committed;
    committed = null;
    committing = gateway
      .insist('POST', 'cursor', { consumer: CONSUMER, position }, signal)
      .then(
        () => {},
        (error: Error) => {
          if (!signal.aborted) logger.warn({ err: error, position }, 'the cursor could not be moved');
        },
      )
      .finally(() => {
        committing = null;
        if (committed !== null) commit();
      });
  };

  const settleIfDone = (entry: Entry): void => {
    if (entry.settled || entry.pending > 0 || entry.calls > 0) return;
    entry.settled = true;
    byMessage.delete(messageId(entry));
    commit();
  };

  const completed = (entry: Entry): void => {
    entry.pending -= 1;
    settleIfDone(entry);
  };

  const handOut = (entry: Entry): void => {
    byMessage.delete(messageId(entry));
    Object.assign(entry, { round, pending: 1, calls: 0, since: performance.now() });
    byMessage.set(messageId(entry), entry);
    for (const subscription of [...subscriptions]) {
      if (!subscription.wants(entry.event)) continue;
      try {
        subscription.send({ _msgid: messageId(entry), topic: `${entry.event.sensor.id}/${entry.event.kind}`, payload: structuredClone(entry.event) });
      } catch (error) {
        logger.error({ err: error, eventId: entry.event.id }, 'a node could not take an event');
      }
    }
    completed(entry);
  };

  const sweep = (): void => {
    for (const entry of entries) {
      if (entry.settled || entry.calls > 0 || performance.now() - entry.since < SETTLE_LIMIT_MS) continue;
      logger.warn({ eventId: entry.event.id }, 'a node was not done with an event in time; going on');
      entry.pending = 0;
      settleIfDone(entry);
    }
  };

  return {
    open: () => entries.length,
    delivered: (message) => {
      const entry = entryOf(message);
      if (!entry) return;
      entry.pending += 1;
      onTheWay.add(message!);
    },
    received: (message, nodeId, saysDone) => {
      const entry = entryOf(message);
      if (!entry) return;
      // A node may hand a message over by itself; all others were counted when they were sent.
      if (!onTheWay.delete(message!)) entry.pending += 1;
      if (saysDone) return;
      // Such a node takes one message in each turn of the event loop, so this one is done after those before it.
      const before = queued.get(nodeId) ?? 0;
      queued.set(nodeId, before + 1);
      const { round: startedIn } = entry;
      const turn = (left: number): void => {
        if (left > 0) return void setImmediate(turn, left - 1);
        queued.set(nodeId, queued.get(nodeId)! - 1);
        if (entry.round === startedIn) completed(entry);
      };
      turn(before + 2);
    },
    completed: (message) => {
      const entry = entryOf(message);
      if (entry) completed(entry);
    },
    signals: {
      subscribe: (subscription) => {
        subscriptions.add(subscription);
        return () => subscriptions.delete(subscription);
      },
      act: async (path, nodeId, message, fields = {}) => {
        const eventId = message.payload?.id;
        if (typeof eventId !== 'string') throw new Error('消息不含传感器事件 / The message carries no sensor event');
        const entry = byMessage.get(message._msgid ?? '');
        if (entry) entry.calls += 1;
        try {
          return await gateway.insist('POST', path, { eventId, nodeId, flowVersion: version, ...fields }, AbortSignal.any([signal, roundEnd.signal]));
        } finally {
          // The node says `done` after this; only then may the event be settled.
          if (entry) setImmediate(() => {
            entry.calls -= 1;
            settleIfDone(entry);
          });
        }
      },
    },
    flowsStopping: () => {
      running = false;
      // Handed out once more when the flows run again.
      round += 1;
      roundEnd.abort(new Error('flows were deployed anew'));
      roundEnd = new AbortController();
    },
    flowsStarted: (started) => {
      version = started;
      running = true;
      for (const entry of [...entries]) if (!entry.settled && entry.round !== round) handOut(entry);
      wake?.();
    },
    run: async () => {
      const sweeper = setInterval(sweep, RETRY_MS);
      let after: string | undefined;
      while (!signal.aborted) {
        if (!running || entries.length >= MAX_OPEN) {
          await sleep(RETRY_MS);
          continue;
        }
        try {
          const query = new URLSearchParams({ consumer: CONSUMER, waitMs: String(WAIT_MS), limit: String(BATCH), flowVersion: String(version), ...(after === undefined ? {} : { after }) });
          const { events, positions, position, flowVersion } = await gateway.call<{ events: SensorEvent[]; positions: string[]; position: string; flowVersion: number }>('GET', `events?${query.toString()}`, undefined, signal);
          after = position;
          events.forEach((event, i) => {
            const entry: Entry = { event, position: positions[i]!, round: -1, pending: 0, calls: 0, since: 0, settled: false };
            entries.push(entry);
            if (running) handOut(entry);
          });
          if (flowVersion !== version) deps.onOtherVersion(flowVersion);
        } catch (error) {
          if (signal.aborted) break;
          logger.warn({ err: error }, 'no events from the gateway; asking again');
          await sleep(RETRY_MS);
        }
      }
      clearInterval(sweeper);
    },
  };
};
