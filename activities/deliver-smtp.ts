/** Notices by mail. The delivery row says what has become of it; the outbox relay calls again until it is sent or failed. */
import type pg from 'pg';
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
 * never sent again. When the server's answer was lost, the mail goes out again with the same Message-ID. A lock of the
 * session keeps two relays from sending at once; no transaction is open while the mail server takes its time, since an open
 * one would hold back every reader of events (prisma/cursor.ts).
 */
export const deliverSmtp = async (deps: SmtpDeps, { deliveryId, key }: { deliveryId: string; key: string }): Promise<SmtpOutcome> => {
  const client = await deps.db.pool.connect();
  let broken: Error | undefined;
  try {
    const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', [`smtp/${deliveryId}`]);
    if (!rows[0]?.locked) throw new Error(`delivery ${deliveryId} is being sent by another relay`);
    try {
      return await send(client, deps.mailer, deliveryId, key);
    } finally {
      await client.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [`smtp/${deliveryId}`]).catch((error: Error) => { broken = error; });
    }
  } finally {
    client.release(broken);
  }
};

const send = async (client: pg.ClientBase, mailer: Mailer | null, deliveryId: string, key: string): Promise<SmtpOutcome> => {
  const { rows } = await client.query<DeliveryRow>(
    `SELECT d.tenant_id, d.address, d.state, n.subject, n.body_html, n.body_text, n.language, n.data, n.issued_at,
       n.issued_at < now() - $2 * interval '1 millisecond' AS is_stale
     FROM delivery d JOIN notice n ON n.tenant_id = d.tenant_id AND n.id = d.notice_id
     WHERE d.id = $1 AND d.channel = 'smtp'`,
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
  let response: string;
  try {
    if (!mailer) throw new MailError('no mail server is configured', false, 'unconfigured', null);
    ({ response } = await mailer.send({
      to: row.address,
      subject: row.subject,
      text: row.body_text,
      html: toPage(row.subject, row.body_html, row.language),
      date: row.issued_at,
      key,
      attachments: attachmentsOf(row),
    }));
  } catch (error) {
    if (!(error instanceof MailError)) throw error;
    const isOver = error.permanent || row.is_stale;
    await record(isOver ? 'failed' : 'pending', error.code, error.message.slice(0, 500));
    if (isOver) return 'failed';
    throw error;
  }
  await record('sent', /^\d{3}/.exec(response)?.[0] ?? '250', null);
  return 'sent';
};
