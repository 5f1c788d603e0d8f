/**
 * 短信与语音电话 over one small signed HTTP interface, with the fields of the large Chinese providers: docs/interfaces/messages.md.
 * The same Idempotency-Key makes the same message however often it is sent.
 */
import { createHmac } from 'node:crypto';
import type { Config } from './config.ts';
import { ConfigError } from './config.ts';
import { postJson, ProviderError } from './provider.ts';

export interface TextMessage {
  phone: string;
  sign: string;
  templateCode: string;
  variables: Readonly<Record<string, string>>;
  /** Our own name for the message: by it the provider is asked what became of it. */
  outId: string;
  idempotencyKey: string;
}

/** not_found: the provider has never had it. */
export type TextMessageStatus = 'accepted' | 'delivered' | 'failed' | 'not_found';

export interface TextMessages {
  /** Resolves when the provider has taken it; rejects with ProviderError. */
  send(message: TextMessage): Promise<{ code: string; providerId: string | null }>;
  query(outId: string): Promise<{ status: TextMessageStatus; code: string }>;
}

/** Answers that mean "not now". */
const LATER = ['isv.BUSINESS_LIMIT_CONTROL', 'isp.SYSTEM_ERROR', 'Throttling'];
const STATUSES: readonly string[] = ['accepted', 'delivered', 'failed'];

interface Access {
  url: string;
  keyId: string;
  secret: string;
}

const open = ({ url, keyId, secret }: Access): TextMessages => {
  const call = (path: string, content: object, headers: Record<string, string> = {}): Promise<Record<string, unknown>> => {
    const body = JSON.stringify(content);
    const timestamp = String(Date.now());
    const signature = createHmac('sha256', secret).update(`${timestamp}\n${path}\n${body}`).digest('hex');
    return postJson(`${url.replace(/\/$/, '')}${path}`, body, { 'X-Key-Id': keyId, 'X-Timestamp': timestamp, 'X-Signature': signature, ...headers });
  };
  return {
    send: async ({ phone, sign, templateCode, variables, outId, idempotencyKey }) => {
      const { Code, Message, BizId } = await call(
        '/send', { PhoneNumbers: phone, SignName: sign, TemplateCode: templateCode, TemplateParam: JSON.stringify(variables), OutId: outId }, { 'Idempotency-Key': idempotencyKey },
      );
      if (typeof Code !== 'string') throw new ProviderError('the answer has no code', 'unknown', 'answer_not_known');
      if (Code !== 'OK') throw new ProviderError(String(Message ?? '').slice(0, 200), LATER.includes(Code) ? 'later' : 'refused', Code);
      return { code: Code, providerId: typeof BizId === 'string' ? BizId : null };
    },
    query: async (outId) => {
      const { Code, Status, ErrCode } = await call('/query', { OutId: outId });
      if (Code === 'NotFound') return { status: 'not_found', code: 'NotFound' };
      if (Code !== 'OK' || typeof Status !== 'string' || !STATUSES.includes(Status)) throw new ProviderError('the state of the message is not known', 'unknown', String(Code ?? 'answer_not_known'));
      return { status: Status as TextMessageStatus, code: typeof ErrCode === 'string' ? ErrCode : Status };
    },
  };
};

const accessOf = (name: 'SMS' | 'VOICE', url: string | undefined, keyId: string | undefined, secret: string | undefined): Access | null => {
  if (!url) return null;
  if (!keyId || !secret) throw new ConfigError(`Bad settings:\n  ${name}_KEY_ID, ${name}_SECRET: access to ${name}_URL, needed with it`);
  return { url, keyId, secret };
};

/** null where no provider is set. Throws ConfigError where its key is missing. */
export const openTextMessages = (config: Pick<Config, 'SMS_URL' | 'SMS_KEY_ID' | 'SMS_SECRET' | 'VOICE_URL' | 'VOICE_KEY_ID' | 'VOICE_SECRET'>): { sms: TextMessages | null; voice: TextMessages | null } => {
  const sms = accessOf('SMS', config.SMS_URL, config.SMS_KEY_ID, config.SMS_SECRET);
  const voice = accessOf('VOICE', config.VOICE_URL, config.VOICE_KEY_ID, config.VOICE_SECRET);
  return { sms: sms && open(sms), voice: voice && open(voice) };
};
