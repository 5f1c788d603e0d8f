/**
 * Stands for a provider of text messages (or calls) and enforces its rules: signature, approved templates and signs,
 * variables of 1 to 35 characters, one message a key. It can lose the answer after it has sent, and forget what it was sent.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export const SMS_ACCESS = { keyId: 'parkwarden-test', secret: 'a-secret-of-at-least-16' };

export interface TextMessageServer {
  url: string;
  /** Templates by code, with their sign and the names of their variables. */
  templates: Map<string, { sign: string; variables: string[]; approved: boolean }>;
  /** What went to phones, in order. */
  sent: { phone: string; template: string; variables: Record<string, string>; outId: string; bizId: string }[];
  calls: { send: number; query: number };
  loseAnswers: number;
  /** Answers to /send that are lost before anything is done. */
  loseRequests: number;
  /** /query does not answer. */
  isSilent: boolean;
  /** What /query says of messages that were sent. */
  status: 'accepted' | 'delivered' | 'failed';
  close(): Promise<void>;
}

const bodyOf = async (req: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

export const startTextMessageServer = async (): Promise<TextMessageServer> => {
  const answers = new Map<string, { body: string; answer: object }>();
  const server = createServer((req, res) => void (async () => {
    const text = await bodyOf(req);
    const path = (req.url ?? '').replace(/^\/v1/, '');
    const answer = (content: object): void => void res.setHeader('Content-Type', 'application/json').end(JSON.stringify(content));
    const stamp = String(req.headers['x-timestamp'] ?? '');
    const wanted = createHmac('sha256', SMS_ACCESS.secret).update(`${stamp}\n${path}\n${text}`).digest('hex');
    if (req.headers['x-key-id'] !== SMS_ACCESS.keyId || req.headers['x-signature'] !== wanted || Math.abs(Date.now() - Number(stamp)) > 15 * 60_000) return answer({ Code: 'SignatureDoesNotMatch', Message: 'signature' });
    const body = JSON.parse(text) as Record<string, string>;
    if (path === '/query') {
      state.calls.query += 1;
      if (state.isSilent) return req.socket.destroy() as never;
      const found = state.sent.find((m) => m.outId === body.OutId);
      return answer(found ? { Code: 'OK', Status: state.status, ErrCode: state.status === 'failed' ? 'PHONE_OFF' : 'DELIVERED' } : { Code: 'NotFound' });
    }
    state.calls.send += 1;
    if (state.loseRequests > 0) {
      state.loseRequests -= 1;
      return req.socket.destroy() as never;
    }
    const key = String(req.headers['idempotency-key'] ?? '');
    if (key === '') return answer({ Code: 'MissingIdempotencyKey', Message: 'Idempotency-Key' });
    const before = answers.get(key);
    if (before) return answer(before.body === text ? before.answer : { Code: 'IdempotencyMismatch', Message: 'another body under this key' });
    const template = state.templates.get(body.TemplateCode ?? '');
    if (!template?.approved) return answer({ Code: 'isv.SMS_TEMPLATE_ILLEGAL', Message: 'template is not approved' });
    if (template.sign !== body.SignName) return answer({ Code: 'isv.SMS_SIGNATURE_ILLEGAL', Message: 'sign' });
    if (!/^1\d{10}$/.test(body.PhoneNumbers ?? '')) return answer({ Code: 'isv.MOBILE_NUMBER_ILLEGAL', Message: 'phone' });
    const variables = JSON.parse(body.TemplateParam ?? '{}') as Record<string, string>;
    if (Object.keys(variables).sort().join() !== [...template.variables].sort().join()) return answer({ Code: 'isv.TEMPLATE_MISSING_PARAMETERS', Message: 'variables' });
    if (Object.values(variables).some((v) => [...v].length < 1 || [...v].length > 35)) return answer({ Code: 'isv.PARAM_LENGTH_LIMIT', Message: 'a variable has 1 to 35 characters' });
    const bizId = randomUUID();
    state.sent.push({ phone: body.PhoneNumbers!, template: body.TemplateCode!, variables, outId: body.OutId ?? '', bizId });
    const good = { Code: 'OK', Message: 'OK', BizId: bizId };
    answers.set(key, { body: text, answer: good });
    if (state.loseAnswers > 0) {
      state.loseAnswers -= 1;
      return req.socket.destroy() as never;
    }
    return answer(good);
  })());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const state: TextMessageServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    templates: new Map(), sent: [], calls: { send: 0, query: 0 }, loseAnswers: 0, loseRequests: 0, isSilent: false, status: 'delivered',
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return state;
};
