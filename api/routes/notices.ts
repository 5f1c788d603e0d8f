/** 通知书: the inbox. */
import { z } from 'zod';
import { renderNoticePdf } from '../../templates/document.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { Notice, NoticeList, NoticeQuery } from '../schemas/park.ts';
import type { SignedIn } from '../sign-in.ts';
import type { Ref } from '../views/refs.ts';
import { iso, isoOrNull, orgRef } from '../views/refs.ts';

const params = z.object({ id });
const tag = 'notices';

interface NoticeRow {
  id: string; kind: string; subject: string; recipient: Ref; recipient_org_id: string; is_copy: boolean; language: string; issued_at: Date; read_at: Date | null; hazard_id: string | null; alarm_id: string | null;
  body_html: string; body_text: string; data: unknown;
}

const SELECT_NOTICE = `SELECT n.*, ${orgRef('o')} AS recipient FROM notice n JOIN organisation o ON o.id = n.recipient_org_id`;

const summaryOf = (n: NoticeRow) => ({
  id: n.id, kind: n.kind as never, subject: n.subject, recipient: n.recipient, isCopy: n.is_copy, language: n.language as 'zh' | 'en', issuedAt: iso(n.issued_at), readAt: isoOrNull(n.read_at), hazardId: n.hazard_id, alarmId: n.alarm_id,
});

const find = async (deps: ApiDeps, session: SignedIn, noticeId: string): Promise<NoticeRow> => {
  const { rows } = await asActor(deps.database, session, (client) => client.query<NoticeRow>(`${SELECT_NOTICE} WHERE n.id = $1`, [noticeId]));
  if (!rows[0]) throw new Refused('notice.not_found');
  return rows[0];
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
      await asService(deps.database, (client) => client.query('UPDATE notice SET read_at = now(), read_by = $2 WHERE id = $1 AND read_at IS NULL', [n.id, session.actor.personId]));
      return { body: null };
    },
  }),
];
