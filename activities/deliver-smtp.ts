/** Notices by mail. The delivery row says what has become of it; the outbox relay calls again until it is sent or failed. */
import { MAIL_GIVE_UP_MS } from '../domain/notices.ts';
import type { Language } from '../domain/notices.ts';
import type { Mail, Mailer } from '../platform/mailer.ts';
import { MailError } from '../platform/mailer.ts';
import type { Database } from '../prisma/client.ts';
import { renderNoticePdf } from '../templates/document.ts';
import type { NoticePaper } from '../templates/paper.ts';
import { toPage } from '../templates/paper.ts';

export interface SmtpDeps {
  db: Database;
  /** null: no mail server is configured; deliveries that were decided on before wait. */
  mailer: Mailer | null;
}

export type SmtpOutcome = 'sent' | 'already_sent' | 'failed';

interface DeliveryRow {
  tenant_id: string;
  address: string;
  state: 'pending' | 'sent' | 'failed';
  subject: string;
  body_html: string;
  body_text: string;
  language: Language;
  data: { paper: NoticePaper };
  issued_at: Date;
  is_stale: boolean;
}

/** The text says all that the PDF says, so a PDF that cannot be made does not hold the mail up. */
const attachmentsOf = (row: DeliveryRow): Mail['attachments'] => {
  try {
    return [{ filename: `${row.data.paper.number.replace(/[^\w-]/g, '')}.pdf`, content: renderNoticePdf({ data: row.data, issuedAt: row.issued_at }), contentType: 'application/pdf' }];
  } catch {
    return [];
  }
};

/**
 * Sends one mail. Resolves when nothing is left to do; rejects when it should be tried again. Once the row says sent it is
 * never sent again. When the server's answer was lost, the mail goes out again with the same Message-ID. The row is locked
 * while it is sent, so that two relays cannot send at once.
 */
export const deliverSmtp = async ({ db, mailer }: SmtpDeps, { deliveryId, key }: { deliveryId: string; key: string }): Promise<SmtpOutcome> => {
  const result = await db.pgTransaction({ scope: 'service' }, async (client): Promise<SmtpOutcome | MailError> => {
    const { rows } = await client.query<DeliveryRow>(
      `SELECT d.tenant_id, d.address, d.state, n.subject, n.body_html, n.body_text, n.language, n.data, n.issued_at,
         n.issued_at < now() - $2 * interval '1 millisecond' AS is_stale
       FROM delivery d JOIN notice n ON n.tenant_id = d.tenant_id AND n.id = d.notice_id
       WHERE d.id = $1 AND d.channel = 'smtp' FOR UPDATE OF d NOWAIT`,
      [deliveryId, MAIL_GIVE_UP_MS],
    );
    const row = rows[0];
    if (!row) throw new Error(`delivery ${deliveryId} is not on record`);
    if (row.state !== 'pending') return row.state === 'sent' ? 'already_sent' : 'failed';
    const record = async (state: DeliveryRow['state'], code: string, error: string | null): Promise<void> => {
      await client.query(
        `UPDATE delivery SET state = $2, attempts = attempts + 1, provider_code = $3, error = $4, sent_at = CASE WHEN $2 = 'sent' THEN now() END WHERE id = $1`,
        [deliveryId, state, code, error],
      );
    };
    try {
      if (!mailer) throw new MailError('no mail server is configured', false, 'unconfigured', null);
      const { response } = await mailer.send({
        to: row.address,
        subject: row.subject,
        text: row.body_text,
        html: toPage(row.subject, row.body_html, row.language),
        date: row.issued_at,
        key,
        attachments: attachmentsOf(row),
      });
      await record('sent', /^\d{3}/.exec(response)?.[0] ?? '250', null);
      return 'sent';
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      const isOver = error.permanent || row.is_stale;
      await record(isOver ? 'failed' : 'pending', error.code, error.message.slice(0, 500));
      return isOver ? 'failed' : error;
    }
  });
  if (result instanceof MailError) throw result;
  return result;
};
