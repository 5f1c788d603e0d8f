/**
 * What time brings on the notification channels: the next step of a notice that nobody has opened or acknowledged, digests
 * that are due, and questions to providers about messages. The worker's clock calls these again and again; what is due is
 * on record, so nothing is lost with the worker, and two of them do each thing once.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Lane, OutsideChannel } from '../domain/channels.ts';
import type { NoticeFacts, NoticeKind } from '../domain/notices.ts';
import { ProviderError } from '../platform/provider.ts';
import type { Database } from '../prisma/client.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { ChannelPorts } from './deliver.ts';
import { askPerson, hasten, sendAgain } from './deliver.ts';
import type { NoticeSettings } from './notices.ts';
import { addressOf, deliveryMessage, nextStepFor } from './notices.ts';
import { addUndeliverableTask } from './undeliverable.ts';

const BATCH = 100;

interface DueNotice {
  id: string; tenant_id: string; lane: Lane; channel_step: number; issued_at: Date; read_at: Date | null; acknowledged_at: Date | null; is_settled: boolean; owner_phone: string | null;
  org_id: string; name_zh: string; name_en: string; email: string | null; phone: string | null; robot: string | null;
}

/**
 * Takes every notice whose next step is due (epoch ms) one step up its lane, unless it was opened, acknowledged, or its
 * matter is over: the alarm acknowledged, the task done, the case closed. Gives how many were looked at; call again while
 * that is a full batch.
 */
export const climbChannels = (database: Database, settings: NoticeSettings, now: number): Promise<number> =>
  database.pgTransaction({ scope: 'service' }, async (client) => {
    const { rows } = await client.query<DueNotice>(
      `SELECT n.id, n.tenant_id, n.lane, n.channel_step, n.issued_at, n.read_at, n.acknowledged_at,
         EXISTS (SELECT FROM alarm a WHERE a.id = n.alarm_id AND (a.acknowledged_at IS NOT NULL OR a.closed_at IS NOT NULL))
           OR EXISTS (SELECT FROM task t WHERE t.id = n.task_id AND t.done_at IS NOT NULL)
           OR EXISTS (SELECT FROM hazard h WHERE h.id = n.hazard_id AND h.closed_at IS NOT NULL) AS is_settled,
         (SELECT p.phone FROM task t JOIN person p ON p.id = t.owner_person_id WHERE t.id = n.task_id AND t.owner_org_id = n.recipient_org_id) AS owner_phone,
         o.id AS org_id, o.name_zh, o.name_en, o.email, o.phone, o.robot
       FROM notice n JOIN organisation o ON o.id = n.recipient_org_id
       WHERE n.channel_step_at <= $1 ORDER BY n.channel_step_at, n.id LIMIT ${BATCH} FOR UPDATE OF n SKIP LOCKED`,
      [new Date(now)],
    );
    if (rows.length === 0) return 0;
    const { channels: policy } = await loadPolicyAt(client, now);
    for (const n of rows) {
      const isOver = n.is_settled || n.acknowledged_at !== null || (policy.lanes[n.lane].until === 'opened' && n.read_at !== null);
      const org = { id: n.org_id, email: n.email, phone: n.owner_phone ?? n.phone, robot: n.robot };
      const step = isOver ? undefined : policy.lanes[n.lane].steps[n.channel_step];
      for (const channel of step?.channels ?? []) {
        const address = addressOf(org, channel, settings);
        if (address === 'unconfigured') continue;
        if (address === null) {
          await addUndeliverableTask(client, { org: { id: org.id, name: { zh: n.name_zh, en: n.name_en } }, channel, address: null, code: 'no_address', at: now, dueMs: policy.undeliverableMs });
          continue;
        }
        const id = randomUUID();
        const { rowCount } = await client.query(
          `INSERT INTO delivery (id, tenant_id, notice_id, org_id, channel, address, state) VALUES ($1, $2, $3, $4, $5, $6, 'pending') ON CONFLICT (notice_id, channel, address) DO NOTHING`,
          [id, n.tenant_id, n.id, org.id, channel, address],
        );
        if (rowCount === 1) await addToOutbox(client, [deliveryMessage({ id, channel }, n.tenant_id, n.lane)]);
      }
      const following = isOver ? null : nextStepFor(policy, n.lane, n.channel_step + 1, n.issued_at.getTime(), org, settings);
      await client.query('UPDATE notice SET channel_step = $2, channel_step_at = $3 WHERE id = $1', [n.id, following?.step ?? n.channel_step + (isOver ? 0 : 1), following ? new Date(following.at) : null]);
    }
    return rows.length;
  });

/** Sends the digests that are due: with what they have collected, or the one message alone where there is no more. */
export const closeDigests = (database: Database, now: number): Promise<number> =>
  database.pgTransaction({ scope: 'service' }, async (client) => {
    const { rows } = await client.query<{ id: string; tenant_id: string; channel: OutsideChannel }>(
      `SELECT id, tenant_id, channel FROM delivery WHERE state = 'collecting' AND due_at <= $1 ORDER BY due_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED`,
      [new Date(now)],
    );
    for (const digest of rows) await closeDigest(client, digest);
    return rows.length;
  });

const closeDigest = async (client: pg.ClientBase, digest: { id: string; tenant_id: string; channel: OutsideChannel }): Promise<void> => {
  const { rows: kinds } = await client.query<{ kind: NoticeKind; n: number; only: string; tenant_id: string }>(
    `SELECT n.kind, count(*)::int AS n, min(d.id) AS only, min(d.tenant_id) AS tenant_id FROM delivery d JOIN notice n ON n.tenant_id = d.tenant_id AND n.id = d.notice_id WHERE d.digest_id = $1 GROUP BY n.kind ORDER BY n.kind`,
    [digest.id],
  );
  const alone = kinds.length === 1 && kinds[0]!.n === 1 ? kinds[0]! : null;
  if (alone) {
    await client.query(`UPDATE delivery SET state = 'pending', digest_id = NULL WHERE id = $1`, [alone.only]);
    await client.query('DELETE FROM delivery WHERE id = $1', [digest.id]);
    await sendAgain(client, { id: alone.only, channel: digest.channel, tenantId: alone.tenant_id }, digest.id);
    return;
  }
  await client.query(`UPDATE delivery SET state = 'pending', counts = $2 WHERE id = $1`, [digest.id, JSON.stringify(Object.fromEntries(kinds.map((k) => [k.kind, k.n])))]);
  await addToOutbox(client, [deliveryMessage(digest, digest.tenant_id, 'plain')]);
};

interface QuestionRow {
  id: string; tenant_id: string; org_id: string | null; channel: OutsideChannel; address: string; state: 'sent' | 'unknown'; queries: number; kind: string | null; org_zh: string | null; org_en: string | null; data: { facts?: NoticeFacts } | null;
}

/** A question is asked again when nobody has answered it within this time, as after a crash. */
const QUESTION_LEASE_MS = 30_000;

/**
 * Asks providers what became of messages: those whose answer was lost, and those not yet known to have arrived. After as
 * many questions as the policy says a lost one is a person's to clear up, and one that was taken stays sent.
 */
export const askProviders = async (database: Database, ports: ChannelPorts, now: number): Promise<number> => {
  const { channels: policy } = await loadPolicyAt(database.pool, now);
  const { rows } = await database.pool.query<QuestionRow>(
    `WITH due AS (SELECT id FROM delivery WHERE query_at <= $1 ORDER BY query_at, id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED),
       asked AS (UPDATE delivery d SET query_at = $2, queries = queries + 1 FROM due WHERE d.id = due.id RETURNING d.*)
     SELECT d.id, d.tenant_id, d.org_id, d.channel, d.address, d.state, d.queries, n.kind, n.data, o.name_zh AS org_zh, o.name_en AS org_en
     FROM asked d LEFT JOIN notice n ON n.tenant_id = d.tenant_id AND n.id = d.notice_id LEFT JOIN organisation o ON o.id = d.org_id`,
    [new Date(now), new Date(now + QUESTION_LEASE_MS)],
  );
  await Promise.all(rows.map(async (row) => {
    const answer = await ports[row.channel]?.query?.(row.id).catch((error: unknown) => {
      if (!(error instanceof ProviderError)) throw error;
      return { status: 'unanswered' as const, code: error.code };
    }) ?? { status: 'unanswered' as const, code: 'unconfigured' };
    await database.pgTransaction({ scope: 'service' }, async (client) => {
      const isLast = row.queries >= policy.queries;
      const nextAt = isLast ? null : new Date(now + policy.queryAfterMs);
      switch (answer.status) {
        case 'delivered':
          await client.query(`UPDATE delivery SET state = 'delivered', delivered_at = now(), sent_at = coalesce(sent_at, unknown_at, now()), provider_code = $2, unknown_at = NULL, query_at = NULL WHERE id = $1`, [row.id, answer.code]);
          break;
        case 'failed':
          await client.query(`UPDATE delivery SET state = 'failed', failed_at = now(), provider_code = $2, unknown_at = NULL, query_at = NULL WHERE id = $1`, [row.id, answer.code]);
          await askPerson(client, policy, row, answer.code);
          await hasten(client, row.id);
          break;
        case 'accepted':
          await client.query(`UPDATE delivery SET state = 'sent', sent_at = coalesce(sent_at, unknown_at, now()), provider_code = $2, unknown_at = NULL, query_at = $3 WHERE id = $1`, [row.id, answer.code, nextAt]);
          break;
        case 'not_found':
          // Of what was sent a provider forgets the trace; what it has never had is sent under the same key.
          await client.query(`UPDATE delivery SET state = CASE WHEN state = 'unknown' THEN 'pending' ELSE state END, unknown_at = NULL, query_at = NULL WHERE id = $1`, [row.id]);
          if (row.state === 'unknown') await sendAgain(client, { id: row.id, channel: row.channel, tenantId: row.tenant_id }, `again/${randomUUID()}`);
          break;
        case 'unanswered':
          await client.query('UPDATE delivery SET query_at = $2 WHERE id = $1', [row.id, nextAt]);
          if (isLast && row.state === 'unknown') await askPerson(client, policy, row, answer.code);
          break;
      }
    });
  }));
  return rows.length;
};
