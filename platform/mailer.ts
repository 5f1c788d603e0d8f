/** Mail by SMTP, from the settings. */
import { createHash } from 'node:crypto';
import { createTransport } from 'nodemailer';
import type { Config } from './config.ts';
import { ConfigError } from './config.ts';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
  date: Date;
  /** The same key gives the same Message-ID, by which a mail sent twice is recognised as one. */
  key: string;
  attachments: { filename: string; content: Buffer; contentType: string }[];
}

export interface Mailer {
  /** Resolves with the server's answer once it has taken the mail; rejects with MailError. */
  send(mail: Mail): Promise<{ response: string }>;
  close(): void;
}

/** `permanent`: the server will never take this mail. Otherwise it can be tried again, and may even have been taken. */
export class MailError extends Error {
  override name = 'MailError';
  readonly permanent: boolean;
  /** SMTP reply code, or the kind of failure where there was no reply. */
  readonly code: string;
  constructor(message: string, permanent: boolean, code: string, cause: unknown) {
    super(message, { cause });
    this.permanent = permanent;
    this.code = code;
  }
}

interface SmtpFailure {
  message?: string;
  code?: string;
  command?: string;
  responseCode?: number;
}

/**
 * A 5xx answer to the recipient, to the content or about the size is final. One to the greeting, the sign-in or the sender
 * is about our settings: those mails wait until it is put right.
 */
const isPermanent = ({ code, command, responseCode }: SmtpFailure): boolean => {
  if (responseCode === undefined) return code === 'EENVELOPE';
  if (responseCode < 500 || code === 'EAUTH') return false;
  return responseCode === 552 || command === 'RCPT TO' || command === 'DATA' || code === 'EMESSAGE';
};

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');

/** The mailer of SMTP_URL, or null where none is set. Throws ConfigError when the sender is missing. */
export const openMailer = (config: Pick<Config, 'SMTP_URL' | 'SMTP_FROM'>): Mailer | null => {
  if (!config.SMTP_URL) return null;
  const from = config.SMTP_FROM;
  if (!from) throw new ConfigError('Bad settings:\n  SMTP_FROM: sender of notices, needed with SMTP_URL. Example: SMTP_FROM="园区安全" <safety@park.example>');
  const url = new URL(config.SMTP_URL);
  const secure = url.protocol === 'smtps:';
  const transport = createTransport({
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port ? Number(url.port) : secure ? 465 : 587,
    secure,
    // A password never crosses a network in the clear.
    requireTLS: !secure && url.username !== '' && !isLoopback(url.hostname),
    ...(url.username ? { auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) } } : {}),
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const host = /@([\w.-]+)>?\s*$/.exec(from)?.[1] ?? 'parkwarden.invalid';
  return {
    send: async ({ to, key, ...mail }) => {
      const messageId = `<${createHash('sha256').update(key).digest('hex').slice(0, 40)}@${host}>`;
      try {
        const info = await transport.sendMail({ ...mail, from, to: { name: '', address: to }, messageId, headers: { 'Auto-Submitted': 'auto-generated' } });
        return { response: info.response };
      } catch (error) {
        const failure = error as SmtpFailure;
        throw new MailError(failure.message ?? 'mail failed', isPermanent(failure), String(failure.responseCode ?? failure.code ?? 'unknown'), error);
      }
    },
    close: () => transport.close(),
  };
};
