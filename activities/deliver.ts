/**
 * One delivery of a notice, or of a digest, over one channel: whether it may go now, the call to the provider, what became
 * of it. The delivery row is the record; the outbox relay calls again until nothing is left to do. No transaction is open
 * while a provider takes its time, since an open one would hold back every reader of events (prisma/cursor.ts).
 */
import type pg from 'pg';
import type { AddressUse, ChannelPolicy, DeliveryState, Lane, OutsideChannel } from '../domain/channels.ts';
import { admit, isGrouped } from '../domain/channels.ts';
import type { Language, NoticeFacts, NoticeKind } from '../domain/notices.ts';
import { ProviderError } from '../platform/provider.ts';
import type { Database } from '../prisma/client.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { NoticePaper } from '../templates/paper.ts';
import type { DigestCounts } from '../templates/short.ts';
import { DIGEST_SUBJECTS } from '../templates/short.ts';
import { addUndeliverableTask } from './undeliverable.ts';

/** What is to be sent. A digest has counts and the newest subjects in place of a notice. */
export interface Outgoing {
  deliveryId: string;
  channel: OutsideChannel;
  address: string;
  org: { id: string; name: { zh: string; en: string }; language: Language; phone: string | null };
  lane: Lane;
  notice: { kind: NoticeKind; subject: string; html: string; text: string; paper: NoticePaper; facts: NoticeFacts; issuedAt: Date } | null;
  digest: { counts: DigestCounts; subjects: string[]; createdAt: Date } | null;
}

export interface ChannelPort {
  /** The same key makes the same message: after a lost answer it can be sent again. */
  idempotent: boolean;
  /** Times out its own calls. Rejects with ProviderError. */
  send(client: pg.ClientBase, message: Outgoing, key: string): Promise<{ code: string; providerId: string | null }>;
  /** What became of a message whose answer was lost, or of one that was sent. Absent: the provider cannot be asked. */
  query?(deliveryId: string): Promise<{ status: 'accepted' | 'delivered' | 'failed' | 'not_found'; code: string }>;
  /** A delivery that is older has failed; default: that of the policy. */
  giveUpMs?: number;
}

/** null: the channel is not configured; deliveries that were decided on before wait. */
export type ChannelPorts = Record<OutsideChannel, ChannelPort | null>;

export type DeliveryOutcome = 'sent' | 'already_sent' | 'failed' | 'in_digest' | 'unknown';

interface Row {
  id: string; tenant_id: string; channel: OutsideChannel; address: string; state: DeliveryState; org_id: string | null; counts: DigestCounts | null; created_at: Date; age_ms: number;
  org_zh: string | null; org_en: string | null; org_language: Language | null; org_phone: string | null;
  kind: NoticeKind | null; lane: Lane | null; subject: string | null; body_html: string; body_text: string; data: { paper: NoticePaper; facts: NoticeFacts }; issued_at: Date;
}

const READ = `SELECT d.id, d.tenant_id, d.channel, d.address, d.state, d.org_id, d.counts, d.created_at, extract(epoch FROM now() - coalesce(n.issued_at, d.created_at))::float8 * 1000 AS age_ms,
    o.name_zh AS org_zh, o.name_en AS org_en, o.language AS org_language, o.phone AS org_phone,
    n.kind, n.lane, n.subject, n.body_html, n.body_text, n.data, n.issued_at
  FROM delivery d LEFT JOIN notice n ON n.tenant_id = d.tenant_id AND n.id = d.notice_id LEFT JOIN organisation o ON o.id = coalesce(d.org_id, n.recipient_org_id)
  WHERE d.id = $1`;

const find = async (client: pg.ClientBase | pg.Pool, deliveryId: string): Promise<Row> => {
  const { rows } = await client.query<Row>(READ, [deliveryId]);
  if (!rows[0]) throw new Error(`delivery ${deliveryId} is not on record`);
  return rows[0];
};

/** One message at a time to an address, in this process; the lock of the session keeps other processes off. */
const tails = new Map<string, Promise<unknown>>();
const inTurn = async <T>(address: string, run: () => Promise<T>): Promise<T> => {
  const before = tails.get(address) ?? Promise.resolve();
  const mine = before.then(run, run);
  tails.set(address, mine);
  try {
    return await mine;
  } finally {
    if (tails.get(address) === mine) tails.delete(address);
  }
};

const outcomeOf = (state: DeliveryState): DeliveryOutcome | null => {
  switch (state) {
    case 'sent':
    case 'delivered':
      return 'already_sent';
    case 'failed':
      return 'failed';
    case 'in_digest':
      return 'in_digest';
    default:
      return null;
  }
};

/**
 * Brings one delivery as far as it comes. Resolves when nothing is left for the relay to do; rejects when it should be tried
 * again. Once the row says sent it is never sent again.
 */
export const deliver = async (db: Database, ports: Partial<ChannelPorts>, { deliveryId, key }: { deliveryId: string; key: string }): Promise<DeliveryOutcome> => {
  const { channel, address, state } = await find(db.pool, deliveryId);
  const over = outcomeOf(state);
  if (over) return over;
  const name = `${channel}/${address}`;
  return await inTurn(name, async () => {
    const client = await db.pool.connect();
    let broken: Error | undefined;
    try {
      const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', [`deliver/${name}`]);
      if (!rows[0]?.locked) throw new Error(`another relay is sending to ${channel} of ${deliveryId}`);
      try {
        return await send(db, client, ports[channel] ?? null, deliveryId, key);
      } finally {
        await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [`deliver/${name}`]).catch((error: Error) => { broken = error; });
      }
    } finally {
      client.release(broken);
    }
  });
};

const send = async (db: Database, client: pg.ClientBase, port: ChannelPort | null, deliveryId: string, key: string): Promise<DeliveryOutcome> => {
  const row = await find(client, deliveryId);
  const over = outcomeOf(row.state);
  if (over) return over;
  const now = Date.now();
  const { channels: policy } = await loadPolicyAt(client, now);
  if (row.state === 'unknown' && !port?.idempotent) {
    // A message that may have been sent is not sent again where the provider would send it twice.
    await settleUnknown(db, policy, row, port, 'interrupted');
    return 'unknown';
  }
  const lane = row.lane ?? 'plain';
  const verdict = admit(policy, { lane, kind: row.kind ?? 'digest', channel: row.channel, isDigest: row.counts !== null }, await useOf(client, policy, row), now);
  switch (verdict.do) {
    case 'collect':
      await collect(db, row, verdict.dueAt);
      return 'in_digest';
    case 'skip':
      await fail(db, policy, row, verdict.code, 'the next channel takes over', false);
      return 'failed';
    case 'wait':
      throw new Error(`the address takes nothing until ${new Date(verdict.until).toISOString()}`);
    case 'send':
      break;
  }
  if (port && !port.idempotent) await client.query(`UPDATE delivery SET state = 'unknown', unknown_at = now() WHERE id = $1`, [row.id]);
  try {
    if (!port) throw new ProviderError(`no ${row.channel === 'smtp' ? 'mail server' : `provider of ${row.channel}`} is configured`, 'later', 'unconfigured');
    const { code, providerId } = await port.send(client, await outgoingOf(client, row, lane), key);
    await client.query(
      `UPDATE delivery SET state = 'sent', attempts = attempts + 1, provider_code = $2, provider_id = $3, error = NULL, sent_at = now(), unknown_at = NULL, queries = 0, query_at = $4 WHERE id = $1`,
      [row.id, code, providerId, port.query ? new Date(now + policy.queryAfterMs) : null],
    );
    return 'sent';
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return await settle(db, client, policy, row, port, error, now);
  }
};

/** After a call that did not succeed. */
const settle = async (db: Database, client: pg.ClientBase, policy: ChannelPolicy, row: Row, port: ChannelPort | null, error: ProviderError, now: number): Promise<DeliveryOutcome> => {
  const words = error.message.slice(0, 500);
  if (error.outcome === 'unknown' && port && (!port.idempotent || port.query)) {
    await client.query(`UPDATE delivery SET attempts = attempts + 1, error = $2 WHERE id = $1`, [row.id, words]);
    await settleUnknown(db, policy, row, port, error.code);
    return 'unknown';
  }
  if (error.outcome === 'closed') {
    await client.query(
      `INSERT INTO channel_block (channel, address, blocked_until, code) VALUES ($1, $2, $3, $4)
       ON CONFLICT (channel, address) DO UPDATE SET blocked_until = EXCLUDED.blocked_until, code = EXCLUDED.code`,
      [row.channel, row.address, new Date(now + policy.penaltyMs), error.code],
    );
  }
  if (error.outcome === 'refused' || row.age_ms > (port?.giveUpMs ?? policy.giveUpMs)) {
    await fail(db, policy, row, error.code, words, true);
    return 'failed';
  }
  await client.query(`UPDATE delivery SET state = 'pending', unknown_at = NULL, attempts = attempts + 1, provider_code = $2, error = $3 WHERE id = $1`, [row.id, error.code, words]);
  throw error;
};

/** It may have been sent: the provider is asked (activities/channels.ts), or a person where it cannot be asked. */
const settleUnknown = async (db: Database, policy: ChannelPolicy, row: Row, port: ChannelPort | null, code: string): Promise<void> => {
  await db.pgTransaction({ scope: 'service' }, async (client) => {
    const canAsk = port?.query !== undefined;
    await client.query(
      `UPDATE delivery SET state = 'unknown', unknown_at = coalesce(unknown_at, now()), provider_code = $2, query_at = CASE WHEN $3 THEN now() + $4 * interval '1 millisecond' END WHERE id = $1`,
      [row.id, code, canAsk, policy.queryAfterMs],
    );
    if (!canAsk) await askPerson(client, policy, row, code);
    await hasten(client, row.id);
  });
};

/** It never will be sent. `isFault`: somebody must see to it; otherwise another channel of the notice takes over. */
const fail = async (db: Database, policy: ChannelPolicy, row: Row, code: string, words: string, isFault: boolean): Promise<void> => {
  await db.pgTransaction({ scope: 'service' }, async (client) => {
    await client.query(
      `UPDATE delivery SET state = 'failed', failed_at = now(), unknown_at = NULL, query_at = NULL, attempts = attempts + $4, provider_code = $2, error = $3 WHERE id = $1`,
      [row.id, code, words, isFault ? 1 : 0],
    );
    if (isFault) await askPerson(client, policy, row, code);
    await hasten(client, row.id);
  });
};

export const askPerson = async (client: pg.ClientBase, policy: ChannelPolicy, row: { id: string; org_id: string | null; org_zh: string | null; org_en: string | null; channel: OutsideChannel; address: string; kind: string | null; data?: { facts?: NoticeFacts } | null; tenant_id: string }, code: string): Promise<void> => {
  // A task about notices that fail is itself told by a notice: one that fails makes no further task.
  if (row.data?.facts?.taskKind === 'notice_undeliverable') return;
  await addUndeliverableTask(client, {
    org: { id: row.org_id ?? row.tenant_id, name: { zh: row.org_zh ?? '', en: row.org_en ?? '' } }, channel: row.channel, address: row.address, code, at: Date.now(), dueMs: policy.undeliverableMs, deliveryId: row.id,
  });
};

/** In the red lane the next step of the ladder does not wait for its time when one channel has failed. */
export const hasten = async (client: pg.ClientBase, deliveryId: string): Promise<void> => {
  await client.query(
    `UPDATE notice n SET channel_step_at = now() FROM delivery d WHERE d.id = $1 AND n.tenant_id = d.tenant_id AND n.id = d.notice_id AND n.lane = 'red' AND n.channel_step_at > now()`,
    [deliveryId],
  );
};

const useOf = async (client: pg.ClientBase, policy: ChannelPolicy, row: Row): Promise<AddressUse> => {
  const windowMs = policy.budgets[row.channel]?.windowMs ?? policy.groupMs;
  const { rows } = await client.query<{ last_at: Date | null; in_window: number; oldest_at: Date | null; blocked_until: Date | null; is_collecting: boolean }>(
    `SELECT max(coalesce(d.sent_at, d.unknown_at)) AS last_at, count(*) FILTER (WHERE coalesce(d.sent_at, d.unknown_at) > now() - $4 * interval '1 millisecond')::int AS in_window,
       min(coalesce(d.sent_at, d.unknown_at)) FILTER (WHERE coalesce(d.sent_at, d.unknown_at) > now() - $4 * interval '1 millisecond') AS oldest_at,
       (SELECT blocked_until FROM channel_block WHERE channel = $1 AND address = $2 AND blocked_until > now()) AS blocked_until,
       EXISTS (SELECT FROM delivery c WHERE c.channel = $1 AND c.address = $2 AND c.state = 'collecting') AS is_collecting
     FROM delivery d WHERE d.channel = $1 AND d.address = $2 AND d.id <> $3 AND d.created_at > now() - interval '1 day' AND d.state IN ('sent', 'delivered', 'unknown')`,
    [row.channel, row.address, row.id, windowMs],
  );
  const use = rows[0]!;
  return {
    lastAt: use.last_at?.getTime() ?? null, inWindow: use.in_window, oldestAt: use.oldest_at?.getTime() ?? null, blockedUntil: use.blocked_until?.getTime() ?? null, isCollecting: use.is_collecting,
  };
};

/** Lets the address's digest tell of this delivery and of all others that wait for the same address and can be told of together. */
const collect = async (db: Database, row: Row, dueAt: number): Promise<void> => {
  await db.pgTransaction({ scope: 'service' }, async (client) => {
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO delivery (id, tenant_id, notice_id, org_id, channel, address, state, counts, due_at)
       VALUES (gen_random_uuid()::text, $1, NULL, $1, $2, $3, 'collecting', '{}', $4)
       ON CONFLICT (channel, address) WHERE state = 'collecting' DO UPDATE SET due_at = delivery.due_at RETURNING id`,
      [row.org_id ?? row.tenant_id, row.channel, row.address, new Date(dueAt)],
    );
    await client.query(
      `UPDATE delivery d SET state = 'in_digest', digest_id = $1 FROM notice n
       WHERE d.channel = $2 AND d.address = $3 AND d.state = 'pending' AND n.tenant_id = d.tenant_id AND n.id = d.notice_id AND n.lane = ANY ($4) AND ($5 OR n.kind = ANY ($6))`,
      [
        rows[0]!.id, row.channel, row.address, (['duty', 'amber', 'plain'] as const).filter((lane) => isGrouped(lane, row.kind ?? '', row.channel)),
        row.channel !== 'smtp', [row.kind],
      ],
    );
  });
};

const outgoingOf = async (client: pg.ClientBase, row: Row, lane: Lane): Promise<Outgoing> => {
  const org = { id: row.org_id ?? row.tenant_id, name: { zh: row.org_zh ?? '', en: row.org_en ?? '' }, language: row.org_language === 'en' ? 'en' as const : 'zh' as const, phone: row.org_phone };
  const common = { deliveryId: row.id, channel: row.channel, address: row.address, org, lane };
  if (row.counts === null) {
    return {
      ...common, digest: null,
      notice: { kind: row.kind!, subject: row.subject!, html: row.body_html, text: row.body_text, paper: row.data.paper, facts: row.data.facts, issuedAt: row.issued_at },
    };
  }
  const { rows } = await client.query<{ subject: string }>(
    `SELECT n.subject FROM delivery d JOIN notice n ON n.tenant_id = d.tenant_id AND n.id = d.notice_id WHERE d.digest_id = $1 ORDER BY n.issued_at DESC, n.id LIMIT ${DIGEST_SUBJECTS}`,
    [row.id],
  );
  return { ...common, notice: null, digest: { counts: row.counts, subjects: rows.map((r) => r.subject), createdAt: row.created_at } };
};

/** The outbox message that sends a delivery once more. */
export const sendAgain = async (client: pg.ClientBase, delivery: { id: string; channel: OutsideChannel; tenantId: string }, why: string): Promise<void> => {
  await addToOutbox(client, [{ topic: delivery.channel === 'smtp' ? 'smtp' : 'channel', key: `channel/${delivery.id}/${why}`, tenantId: delivery.tenantId, payload: { deliveryId: delivery.id } }]);
};
