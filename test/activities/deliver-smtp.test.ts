/** Mail against a real SMTP server (smtp-server) that stands for the provider and enforces its limits. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { SMTPServer } from 'smtp-server';
import { deliverSmtp } from '../../activities/deliver-smtp.ts';
import { issueAlarmNotices } from '../../activities/notices.ts';
import { MAIL_GIVE_UP_MS } from '../../domain/notices.ts';
import { parseConfig } from '../../platform/config.ts';
import type { Mailer } from '../../platform/mailer.ts';
import { openMailer } from '../../platform/mailer.ts';
import { ProviderError } from '../../platform/provider.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { seedNoticePark } from './notice-park.ts';

interface Provider {
  server: SMTPServer;
  url: string;
  /** Raw mails that the provider has taken. */
  taken: string[];
  /** Answers to RCPT TO, used up one by one; then it is accepted. */
  rcpt: { code: number; text: string }[];
  data: { code: number; text: string }[];
  sessions: number;
}

const smtpError = ({ code, text }: { code: number; text: string }): Error => Object.assign(new Error(text), { responseCode: code });

const startProvider = async (options: { size?: number; password?: string } = {}): Promise<Provider> => {
  const provider = { taken: [] as string[], rcpt: [] as Provider['rcpt'], data: [] as Provider['data'], sessions: 0 } as Provider;
  const server = new SMTPServer({
    authOptional: options.password === undefined,
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    size: options.size,
    logger: false,
    onAuth: (auth, _session, done) => (auth.password === options.password ? done(null, { user: auth.username }) : done(smtpError({ code: 535, text: 'wrong password' }))),
    onConnect: (_session, done) => {
      provider.sessions += 1;
      done();
    },
    onRcptTo: (_address, _session, done) => {
      const answer = provider.rcpt.shift();
      done(answer ? smtpError(answer) : undefined);
    },
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (stream.sizeExceeded) return done(smtpError({ code: 552, text: 'too large' }));
        const answer = provider.data.shift();
        if (answer) return done(smtpError(answer));
        provider.taken.push(Buffer.concat(chunks).toString('utf8'));
        return done(null, 'queued as 1');
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  provider.server = server;
  provider.url = `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
  return provider;
};

const FROM = '"园区安全" <safety@park.example>';
const stop = (server: SMTPServer): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

let database: TestDatabase;
let db: Database;
let provider: Provider;
let mailer: Mailer;
let episode = 0;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedNoticePark(db);
});
afterAll(() => database.drop());
beforeEach(async () => {
  provider = await startProvider();
  mailer = openMailer({ SMTP_URL: provider.url, SMTP_FROM: FROM })!;
});
afterEach(async () => {
  mailer.close();
  await stop(provider.server);
});

/** Issues an alarm notice to the enterprise; gives its mail delivery. */
const newDelivery = async (): Promise<{ deliveryId: string; key: string }> => {
  episode += 1;
  const id = `mail-${episode}`;
  await db.pool.query(
    `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
     SELECT $1, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory FROM alarm WHERE id = 'episode-1'`,
    [id],
  );
  await db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: id, recipients: ['enterprise'], rung: 0 }, { smtpEnabled: true, publicUrl: 'https://park.example' }));
  const { rows } = await db.pool.query<{ key: string; payload: { deliveryId: string } }>(
    `SELECT o.key, o.payload FROM outbox o JOIN delivery d ON o.key = 'smtp/' || d.id JOIN notice n ON n.id = d.notice_id WHERE n.alarm_id = $1`,
    [id],
  );
  return { deliveryId: rows[0]!.payload.deliveryId, key: rows[0]!.key };
};
const stateOf = async ({ deliveryId }: { deliveryId: string }) =>
  (await db.pool.query<{ state: string; attempts: number; provider_code: string | null; error: string | null; sent_at: Date | null }>(
    'SELECT state, attempts, provider_code, error, sent_at FROM delivery WHERE id = $1', [deliveryId])).rows[0]!;
const header = (mail: string, name: string): string | undefined => new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)`, 'mi').exec(mail)?.[1];

describe('a mail', () => {
  test('carries subject, both forms and the PDF, and is sent once however often it is asked for', async () => {
    const delivery = await newDelivery();
    expect(await deliverSmtp({ db, mailer }, delivery)).toBe('sent');
    expect(await stateOf(delivery)).toMatchObject({ state: 'sent', attempts: 1, provider_code: '250', error: null });
    expect(await deliverSmtp({ db, mailer }, delivery)).toBe('already_sent');
    expect(provider.taken).toHaveLength(1);
    const [mail] = provider.taken;
    expect(header(mail!, 'To')).toBe('safety@haiyue.example');
    expect(header(mail!, 'From')).toContain('<safety@park.example>');
    expect(header(mail!, 'Message-ID')).toMatch(/^<[0-9a-f]{40}@park\.example>$/);
    expect(header(mail!, 'Auto-Submitted')).toBe('auto-generated');
    const subject = header(mail!, 'Subject')!.replace(/\r\n\s/g, '').replace(/=\?UTF-8\?B\?([^?]*)\?=/gi, (_w, b: string) => Buffer.from(b, 'base64').toString('utf8'));
    expect(subject).toContain('【报警】3号储罐');
    expect(mail).toMatch(/Content-Type: text\/plain; charset=utf-8/);
    expect(mail).toMatch(/Content-Type: text\/html; charset=utf-8/);
    const attachment = /filename="?(AL-[\w-]+\.pdf)"?[\s\S]*?\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(mail!);
    expect(Buffer.from(attachment![2]!, 'base64').subarray(0, 5).toString()).toBe('%PDF-');
  });

  test('two relays at once send one', async () => {
    const delivery = await newDelivery();
    const results = await Promise.allSettled([deliverSmtp({ db, mailer }, delivery), deliverSmtp({ db, mailer }, delivery)]);
    expect(provider.taken).toHaveLength(1);
    expect(results.some((r) => r.status === 'fulfilled' && r.value === 'sent')).toBe(true);
    expect((await stateOf(delivery)).state).toBe('sent');
  });
});

describe('a provider that says no', () => {
  test('greylisting: kept, tried again, sent once with the same Message-ID', async () => {
    const delivery = await newDelivery();
    provider.rcpt.push({ code: 451, text: 'greylisted, try later' }, { code: 450, text: 'greylisted, try later' });
    await expect(deliverSmtp({ db, mailer }, delivery)).rejects.toMatchObject({ outcome: 'later', code: '451' });
    expect(await stateOf(delivery)).toMatchObject({ state: 'pending', attempts: 1, provider_code: '451', sent_at: null });
    await expect(deliverSmtp({ db, mailer }, delivery)).rejects.toBeInstanceOf(ProviderError);
    expect(await deliverSmtp({ db, mailer }, delivery)).toBe('sent');
    expect(await stateOf(delivery)).toMatchObject({ state: 'sent', attempts: 3, error: null });
    expect(provider.taken).toHaveLength(1);
  });

  test('an unknown recipient is failed at once, with the code of the provider', async () => {
    const delivery = await newDelivery();
    provider.rcpt.push({ code: 550, text: 'no such user here' });
    expect(await deliverSmtp({ db, mailer }, delivery)).toBe('failed');
    expect(await stateOf(delivery)).toMatchObject({ state: 'failed', provider_code: '550', sent_at: null });
    expect((await stateOf(delivery)).error).toContain('no such user');
    expect(await deliverSmtp({ db, mailer }, delivery)).toBe('failed');
    expect(provider.sessions).toBe(1);
  });

  test('too large for the provider is failed', async () => {
    const small = await startProvider({ size: 1_000 });
    const toSmall = openMailer({ SMTP_URL: small.url, SMTP_FROM: FROM })!;
    const delivery = await newDelivery();
    expect(await deliverSmtp({ db, mailer: toSmall }, delivery)).toBe('failed');
    expect(await stateOf(delivery)).toMatchObject({ state: 'failed', provider_code: '552' });
    expect(small.taken).toHaveLength(0);
    toSmall.close();
    await stop(small.server);
  });

  test('content that is refused for good is failed, content that is refused for now waits', async () => {
    const spam = await newDelivery();
    provider.data.push({ code: 554, text: 'looks like spam' });
    expect(await deliverSmtp({ db, mailer }, spam)).toBe('failed');
    const busy = await newDelivery();
    provider.data.push({ code: 452, text: 'disk full' });
    await expect(deliverSmtp({ db, mailer }, busy)).rejects.toMatchObject({ code: '452' });
    expect((await stateOf(busy)).state).toBe('pending');
  });

  test('a wrong password of ours is no fault of the mail: it waits', async () => {
    const strict = await startProvider({ password: 'right' });
    const wrong = openMailer({ SMTP_URL: strict.url.replace('//', '//user:wrong@'), SMTP_FROM: FROM })!;
    const right = openMailer({ SMTP_URL: strict.url.replace('//', '//user:right@'), SMTP_FROM: FROM })!;
    const delivery = await newDelivery();
    await expect(deliverSmtp({ db, mailer: wrong }, delivery)).rejects.toMatchObject({ outcome: 'later', code: '535' });
    expect((await stateOf(delivery)).state).toBe('pending');
    expect(await deliverSmtp({ db, mailer: right }, delivery)).toBe('sent');
    wrong.close();
    right.close();
    await stop(strict.server);
  });

  test('a server that is away, or none configured: it waits, and is given up on after days', async () => {
    const away = openMailer({ SMTP_URL: 'smtp://127.0.0.1:1', SMTP_FROM: FROM })!;
    const delivery = await newDelivery();
    await expect(deliverSmtp({ db, mailer: away }, delivery)).rejects.toBeInstanceOf(ProviderError);
    await expect(deliverSmtp({ db, mailer: null }, delivery)).rejects.toMatchObject({ code: 'unconfigured' });
    expect(await stateOf(delivery)).toMatchObject({ state: 'pending', attempts: 2 });
    await db.pool.query(`UPDATE notice SET issued_at = now() - $2 * interval '1 millisecond' WHERE id = (SELECT notice_id FROM delivery WHERE id = $1)`, [delivery.deliveryId, MAIL_GIVE_UP_MS + 60_000]);
    expect(await deliverSmtp({ db, mailer: away }, delivery)).toBe('failed');
    away.close();
  });
});

test('when the answer is lost after the mail was taken, it goes out again with the same Message-ID', async () => {
  // A line between us and the provider that is cut after the content has been handed over.
  let cut = true;
  const line = createServer((client) => {
    const upstream = connect(Number(new URL(provider.url).port), '127.0.0.1');
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      if (cut && chunk.toString().includes('queued as')) client.destroy();
      else client.write(chunk);
    });
    for (const socket of [client, upstream]) socket.on('error', () => {}).on('close', () => { client.destroy(); upstream.destroy(); });
  });
  line.listen(0, '127.0.0.1');
  await once(line, 'listening');
  const throughLine = openMailer({ SMTP_URL: `smtp://127.0.0.1:${(line.address() as AddressInfo).port}`, SMTP_FROM: FROM })!;
  const delivery = await newDelivery();
  await expect(deliverSmtp({ db, mailer: throughLine }, delivery)).rejects.toBeInstanceOf(ProviderError);
  expect((await stateOf(delivery)).state).toBe('pending');
  expect(provider.taken).toHaveLength(1);
  cut = false;
  expect(await deliverSmtp({ db, mailer: throughLine }, delivery)).toBe('sent');
  const ids = provider.taken.map((mail) => header(mail, 'Message-ID'));
  expect(ids).toHaveLength(2);
  expect(ids[0]).toBe(ids[1]);
  throughLine.close();
  line.close();
});

describe('settings', () => {
  test('no mail server: no mailer; a mail server without sender stops the start', () => {
    expect(openMailer(parseConfig({}))).toBeNull();
    expect(() => openMailer(parseConfig({ SMTP_URL: 'smtp://mail.example' }))).toThrow(/SMTP_FROM/);
  });

  test('a password is not sent to another host without encryption', async () => {
    // A host name that resolves to this machine but is not called loopback.
    const strict = await startProvider({ password: 'right' });
    const port = new URL(strict.url).port;
    const plain = openMailer({ SMTP_URL: `smtp://user:right@0.0.0.0:${port}`, SMTP_FROM: FROM })!;
    await expect(plain.send({ to: 'a@b.example', subject: 's', text: 't', html: 'h', date: new Date(0), key: 'k', attachments: [] })).rejects.toMatchObject({ permanent: false });
    expect(strict.taken).toHaveLength(0);
    plain.close();
    await stop(strict.server);
  });
});
