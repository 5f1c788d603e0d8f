/** 通知书: the inbox. */
import type pg from 'pg';
import { z } from 'zod';
import type { Channel, DeliveryState, Lane } from '../../domain/channels.ts';
import { addToOutbox } from '../../prisma/outbox.ts';
import { renderNoticePdf } from '../../templates/document.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { Notice, NoticeList, NoticeQuery } from '../schemas/park.ts';
import { DeliveryList } from '../schemas/tasks.ts';
import type { SignedIn } from '../sign-in.ts';
import type { Ref } from '../views/refs.ts';
import { iso, isoOrNull, orgRef } from '../views/refs.ts';

const params = z.object({ id });
const tag = 'notices';

interface NoticeRow {
  id: string; kind: string; subject: string; recipient: Ref; recipient_org_id: string; is_copy: boolean; language: string; issued_at: Date; read_at: Date | null; acknowledged_at: Date | null; lane: Lane; hazard_id: string | null; alarm_id: string | null; task_id: string | null;
  body_html: string; body_text: string; data: unknown;
}

const SELECT_NOTICE = `SELECT n.*, ${orgRef('o')} AS recipient FROM notice n JOIN organisation o ON o.id = n.recipient_org_id`;

const summaryOf = (n: NoticeRow) => ({
  id: n.id, kind: n.kind as never, subject: n.subject, recipient: n.recipient, isCopy: n.is_copy, language: n.language as 'zh' | 'en', issuedAt: iso(n.issued_at), readAt: isoOrNull(n.read_at), acknowledgedAt: isoOrNull(n.acknowledged_at), lane: n.lane, hazardId: n.hazard_id, alarmId: n.alarm_id, taskId: n.task_id,
});

const find = async (deps: ApiDeps, session: SignedIn, noticeId: string): Promise<NoticeRow> => {
  const { rows } = await asActor(deps.database, session, (client) => client.query<NoticeRow>(`${SELECT_NOTICE} WHERE n.id = $1`, [noticeId]));
  if (!rows[0]) throw new Refused('notice.not_found');
  return rows[0];
};

interface DeliveryRow {
  channel: Channel; address: string; state: DeliveryState; provider_code: string | null; error: string | null; attempts: number; digest_id: string | null; created_at: Date; sent_at: Date | null; digest_sent_at: Date | null;
  delivered_at: Date | null; opened_at: Date | null; acknowledged_at: Date | null; failed_at: Date | null; unknown_at: Date | null;
}

const open = async (client: pg.ClientBase, noticeId: string, personId: string): Promise<void> => {
  const { rowCount } = await client.query('UPDATE notice SET read_at = now(), read_by = $2 WHERE id = $1 AND read_at IS NULL', [noticeId, personId]);
  if (rowCount === 1) await client.query(`UPDATE delivery SET opened_at = now() WHERE notice_id = $1 AND channel = 'inbox'`, [noticeId]);
};

export const noticeRoutes = [
  route({
    method: 'get', path: '/api/v1/notices', tag, summary: 'The inbox, newest first 收件箱', access: 'notice.read', query: NoticeQuery, response: NoticeList,
    handle: async ({ query: q, session, deps }) => {
      const after = decodeCursor(timeCursor, q.cursor);
      const { rows: found } = await asActor(deps.database, session, (client) =>
        client.query<NoticeRow>(
          `${SELECT_NOTICE} WHERE ($1::boolean IS NULL OR (n.read_at IS NULL) = $1) AND ($2::text IS NULL OR n.hazard_id = $2) AND ($3::timestamptz IS NULL OR (n.issued_at, n.id) < ($3, $4))
           ORDER BY n.issued_at DESC, n.id DESC LIMIT $5`,
          [q.unread ?? null, q.hazardId ?? null, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
        ),
      );
      const { rows, nextCursor } = paged(found, q.limit, (n) => [n.issued_at.toISOString(), n.id]);
      return { body: { items: rows.map(summaryOf), nextCursor } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/notices/{id}', tag, summary: 'One notice as it was issued 通知书', access: 'notice.read', params, response: Notice, refusals: ['notice.not_found'],
    handle: async ({ params: p, session, deps }) => {
      const n = await find(deps, session, p.id);
      return { body: { ...summaryOf(n), html: n.body_html, text: n.body_text } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/notices/{id}/document.pdf', tag, summary: 'The notice as PDF 通知书 PDF', access: 'notice.read', params, raw: { response: ['application/pdf'] }, refusals: ['notice.not_found'],
    handle: async ({ params: p, session, deps, res }) => {
      const n = await find(deps, session, p.id);
      res.set({ 'Content-Type': 'application/pdf', 'Content-Disposition': `inline; filename="${n.kind}-${n.id}.pdf"`, 'Cache-Control': 'private, max-age=3600' }).send(renderNoticePdf({ data: n.data, issuedAt: n.issued_at }));
      return undefined;
    },
  }),
  route({
    method: 'post', path: '/api/v1/notices/{id}/read', tag, summary: 'Somebody of the recipient has read it 标记已读', access: 'notice.read', params, refusals: ['notice.not_found', 'permission.denied'],
    handle: async ({ params: p, session, deps }) => {
      const n = await find(deps, session, p.id);
      if (n.recipient_org_id !== session.actor.orgId) throw new Refused('permission.denied', { detail: { action: 'notice.read', recipient: n.recipient_org_id } });
      await asService(deps.database, (client) => open(client, n.id, session.actor.personId));
      return { body: null };
    },
  }),
  route({
    method: 'post', path: '/api/v1/notices/{id}/acknowledge', tag, summary: 'Somebody of the recipient has taken note and answers for it 签收', access: 'notice.acknowledge', params, response: Notice, refusals: ['notice.not_found', 'notice.not_recipient'],
    handle: async ({ params: p, session, deps }) => {
      const n = await find(deps, session, p.id);
      if (n.recipient_org_id !== session.actor.orgId) throw new Refused('notice.not_recipient', { detail: { recipient: n.recipient_org_id } });
      // Acknowledged again it stays with whoever did it first.
      await asService(deps.database, async (client) => {
        await open(client, n.id, session.actor.personId);
        const { rowCount } = await client.query('UPDATE notice SET acknowledged_at = now(), acknowledged_by = $2 WHERE id = $1 AND acknowledged_at IS NULL', [n.id, session.actor.personId]);
        if (rowCount === 0) return;
        await client.query(`UPDATE delivery SET acknowledged_at = now() WHERE notice_id = $1 AND channel = 'inbox'`, [n.id]);
        await addToOutbox(client, [{ topic: 'event', key: `notice/${n.id}/acknowledged`, tenantId: n.recipient_org_id, payload: { type: 'notice.issued', id: n.id, state: 'acknowledged' } }]);
      });
      const after = await find(deps, session, p.id);
      return { body: { ...summaryOf(after), html: after.body_html, text: after.body_text } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/notices/{id}/deliveries', tag, summary: 'Over which channels it went and what became of it 送达回执', access: 'notice.receipts', params, response: DeliveryList, refusals: ['notice.not_found'],
    handle: async ({ params: p, session, deps }) => {
      await find(deps, session, p.id);
      const { rows } = await asActor(deps.database, session, (client) =>
        client.query<DeliveryRow>(
          `SELECT d.*, g.sent_at AS digest_sent_at FROM delivery d LEFT JOIN delivery g ON g.id = d.digest_id WHERE d.notice_id = $1 ORDER BY d.created_at, d.channel, d.id`,
          [p.id],
        ),
      );
      return {
        body: {
          items: rows.map((d) => ({
            channel: d.channel, address: d.address, state: d.state, providerCode: d.provider_code, error: d.error, attempts: d.attempts, inDigest: d.digest_id !== null, createdAt: iso(d.created_at), sentAt: isoOrNull(d.sent_at ?? d.digest_sent_at),
            deliveredAt: isoOrNull(d.delivered_at), openedAt: isoOrNull(d.opened_at), acknowledgedAt: isoOrNull(d.acknowledged_at), failedAt: isoOrNull(d.failed_at), unknownAt: isoOrNull(d.unknown_at),
          })),
        },
      };
    },
  }),
];
