/** Notices by mail. When the server's answer was lost, the mail goes out again with the same Message-ID. */
import { MAIL_GIVE_UP_MS } from '../domain/notices.ts';
import type { Mail, Mailer } from '../platform/mailer.ts';
import { MailError } from '../platform/mailer.ts';
import { ProviderError } from '../platform/provider.ts';
import type { Database } from '../prisma/client.ts';
import { renderNoticePdf } from '../templates/document.ts';
import { textPage, toPage } from '../templates/paper.ts';
import { digestSubject, digestText } from '../templates/short.ts';
import type { ChannelPort, DeliveryOutcome, Outgoing } from './deliver.ts';
import { deliver } from './deliver.ts';

export interface SmtpDeps {
  db: Database;
  /** null: no mail server is configured; deliveries that were decided on before wait. */
  mailer: Mailer | null;
  /** Where people reach the portal. */
  publicUrl?: string | null;
}

/** The text says all that the PDF says, so a PDF that cannot be made does not hold the mail up. */
const attachmentsOf = ({ paper, issuedAt }: NonNullable<Outgoing['notice']>): Mail['attachments'] => {
  try {
    return [{ filename: `${paper.number.replace(/[^\w-]/g, '')}.pdf`, content: renderNoticePdf({ data: { paper }, issuedAt }), contentType: 'application/pdf' }];
  } catch {
    return [];
  }
};

const mailOf = ({ address, org, notice, digest }: Outgoing, key: string, publicUrl: string | null): Mail => {
  if (notice) {
    const { subject, html, text, paper, issuedAt } = notice;
    return { to: address, subject, text, html: toPage(subject, html, paper.language), date: issuedAt, key, attachments: attachmentsOf(notice) };
  }
  const { counts, subjects, createdAt } = digest!;
  const subject = digestSubject(counts, org.language);
  const text = digestText(counts, subjects, publicUrl && `${publicUrl.replace(/\/$/, '')}/notices`, org.language);
  return { to: address, subject, text, html: textPage(subject, text, org.language), date: createdAt, key, attachments: [] };
};

export const smtpPort = (mailer: Mailer, publicUrl: string | null): ChannelPort => ({
  idempotent: true,
  giveUpMs: MAIL_GIVE_UP_MS,
  send: async (_client, message, key) => {
    try {
      const { response } = await mailer.send(mailOf(message, key, publicUrl));
      return { code: /^\d{3}/.exec(response)?.[0] ?? '250', providerId: null };
    } catch (error) {
      if (!(error instanceof MailError)) throw error;
      throw new ProviderError(error.message, error.permanent ? 'refused' : 'later', error.code, error);
    }
  },
});

/** Sends one mail; see activities/deliver.ts. */
export const deliverSmtp = ({ db, mailer, publicUrl }: SmtpDeps, delivery: { deliveryId: string; key: string }): Promise<DeliveryOutcome> =>
  deliver(db, { smtp: mailer && smtpPort(mailer, publicUrl ?? null) }, delivery);
