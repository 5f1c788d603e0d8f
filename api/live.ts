/**
 * Server-sent events from the outbox. Readers with the same rights share one read of the record, made under row-level
 * security, in the order in which transactions can no longer change: a reader that comes back with its last position misses
 * nothing.
 */
import type { Logger } from '../platform/logger.ts';
import type { Scope } from '../domain/permissions.ts';
import { scopeOf } from '../domain/permissions.ts';
import type { Database } from '../prisma/client.ts';
import type { Position } from '../prisma/cursor.ts';
import { AFTER_POSITION, formatPosition } from '../prisma/cursor.ts';
import type { LiveEvent } from '../prisma/outbox.ts';
import type { Waker } from '../prisma/wake.ts';
import { listenTo } from '../prisma/wake.ts';
import type { SignedIn } from './sign-in.ts';

export interface LiveReader {
  /** Gives false when the reader cannot take more; it is let go and resumes later. */
  send(position: string, event: LiveEvent): boolean;
  end(): void;
}

export interface LiveEvents {
  /** From after `position`, or from now on. Gives the position it starts from and how to leave. */
  join(session: Pick<SignedIn, 'actor'>, position: Position | null, reader: LiveReader): Promise<{ position: string; leave: () => void }>;
  /** Resolves when anything was written to the outbox, or after `timeoutMs`. */
  wait(timeoutMs: number): Promise<void>;
  readers(): number;
  close(): void;
}

const PAGE = 500;
const LOOK_AGAIN_MS = 1_000;
/** An event is told of when it commits, but shown only when every earlier transaction has ended. */
const SETTLE_MS = 50;
const SETTLE_LOOKS = 10;
const RETRY_MS = 1_000;

interface Member {
  reader: LiveReader;
  tx: bigint;
  id: bigint;
}

interface Group {
  scope: Scope;
  tenantId: string;
  members: Set<Member>;
}

const isAfter = (tx: bigint, id: bigint, m: Member): boolean => tx > m.tx || (tx === m.tx && id > m.id);

export const createLiveEvents = (database: Database, logger: Logger): LiveEvents => {
  const waker: Waker = listenTo(database.pool, 'pw_outbox', (error) => logger.warn({ err: error }, 'lost the word of new events; looking again'));
  const groups = new Map<string, Group>();
  const closing = new AbortController();

  const read = async (group: Group): Promise<void> => {
    for (;;) {
      const from = [...group.members].reduce<Member | null>((a, m) => (a === null || isAfter(a.tx, a.id, m) ? m : a), null);
      if (!from) return;
      const { rows } = await database.pgTransaction({ scope: group.scope, tenantId: group.tenantId } as never, (client) =>
        client.query<{ tx: string; id: string; payload: LiveEvent }>(
          `SELECT tx::text, id::text, payload FROM outbox WHERE topic = 'event' AND ${AFTER_POSITION} ORDER BY tx, id LIMIT ${PAGE}`,
          [String(from.tx), String(from.id)],
        ),
      );
      for (const row of rows) {
        const tx = BigInt(row.tx);
        const id = BigInt(row.id);
        for (const member of group.members) {
          if (!isAfter(tx, id, member)) continue;
          member.tx = tx;
          member.id = id;
          if (!member.reader.send(formatPosition(row), row.payload)) {
            group.members.delete(member);
            member.reader.end();
          }
        }
      }
      if (rows.length < PAGE) return;
    }
  };

  const run = async (key: string, group: Group): Promise<void> => {
    let looks = 0;
    while (group.members.size > 0 && !closing.signal.aborted) {
      try {
        await read(group);
        const before = performance.now();
        const timeout = looks > 0 ? SETTLE_MS : LOOK_AGAIN_MS;
        await waker.wait(timeout, closing.signal);
        looks = performance.now() - before < timeout - 5 ? SETTLE_LOOKS : Math.max(0, looks - 1);
      } catch (error) {
        logger.warn({ err: error }, 'live events could not be read; trying again');
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
      }
    }
    if (groups.get(key) === group) groups.delete(key);
  };

  return {
    join: async ({ actor }, position, reader) => {
      const scope = scopeOf(actor.role);
      const key = `${scope}/${actor.orgId}`;
      let start = position;
      if (!start) {
        const { rows } = await database.pool.query<{ tx: string }>('SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS tx');
        start = { tx: String(BigInt(rows[0]!.tx) - 1n), id: '9223372036854775807' };
      }
      const member: Member = { reader, tx: BigInt(start.tx), id: BigInt(start.id) };
      const known = groups.get(key);
      const group = known && known.members.size > 0 ? known : { scope, tenantId: actor.orgId, members: new Set<Member>() };
      group.members.add(member);
      if (group !== known) {
        groups.set(key, group);
        void run(key, group);
      }
      return { position: formatPosition(start), leave: () => void group.members.delete(member) };
    },
    wait: (timeoutMs) => waker.wait(timeoutMs, closing.signal),
    readers: () => [...groups.values()].reduce((n, g) => n + g.members.size, 0),
    close: () => {
      closing.abort();
      waker.close();
      for (const group of groups.values()) for (const member of group.members) member.reader.end();
    },
  };
};
