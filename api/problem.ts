/** Refusals on the wire: RFC 9457 problem documents with a stable code, in zh and en. */
import type { Response } from 'express';
import type { Refusal, RefusalCode, Result } from '../domain/errors.ts';
import { REFUSALS } from '../domain/errors.ts';

export interface FieldError {
  field: string;
  code: string;
  messageZh: string;
  messageEn: string;
}

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: RefusalCode;
  titleZh: string;
  titleEn: string;
  errors?: FieldError[];
  instance: string;
  [fact: string]: unknown;
}

/** Thrown anywhere below a route; the error middleware answers it. */
export class Refused extends Error {
  override name = 'Refused';
  readonly refusal: Refusal;
  constructor(code: RefusalCode, more: Omit<Refusal, 'code'> = {}) {
    super(code);
    this.refusal = { code, ...more };
  }
}

export const unwrap = <T>(result: Result<T>): T => {
  if (!result.ok) throw refused(result.refusal);
  return result.value;
};

export const refused = ({ code, ...more }: Refusal): Refused => new Refused(code, more);

/** Refusals that say nothing final: the same call with the same Idempotency-Key may succeed later. */
export const isTransient = (code: RefusalCode): boolean =>
  REFUSALS[code].status >= 500 || code === 'hazard.not_started' || code === 'request.idempotency_running' || code === 'request.rate_limited';

const RESERVED = ['type', 'title', 'status', 'detail', 'code', 'titleZh', 'titleEn', 'errors', 'instance', 'allow', 'retryAfterS'];

export const problemOf = (refusal: Refusal, language: 'zh' | 'en', instance: string): Problem => {
  const { status, zh, en } = REFUSALS[refusal.code];
  const { errors, ...facts } = refusal.detail ?? {};
  const more = Object.fromEntries(Object.entries(facts).filter(([name]) => !RESERVED.includes(name)));
  const fields = Array.isArray(errors) ? (errors as FieldError[]) : refusal.field === undefined ? undefined : [{ field: refusal.field, code: refusal.code, messageZh: zh, messageEn: en }];
  const again = isTransient(refusal.code) ? (language === 'zh' ? '；可使用相同的 Idempotency-Key 重试' : '; it can be tried again with the same Idempotency-Key') : '';
  return {
    ...more,
    type: `urn:parkwarden:problem:${refusal.code}`,
    title: language === 'zh' ? zh : en,
    status,
    detail: `${language === 'zh' ? zh : en}${refusal.field === undefined ? '' : ` (${refusal.field})`}${again}`,
    code: refusal.code,
    titleZh: zh,
    titleEn: en,
    ...(fields ? { errors: fields } : {}),
    instance,
  };
};

/** zh unless the reader prefers English. */
export const languageOf = (acceptLanguage: string | undefined): 'zh' | 'en' => {
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', q] = part.trim().split(/;\s*q=/);
      return { tag: tag.toLowerCase(), q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ tag, q }) => q > 0 && /^(zh|en)\b/.test(tag))
    .sort((a, b) => b.q - a.q);
  return wanted[0]?.tag.startsWith('en') ? 'en' : 'zh';
};

export const sendProblem = (res: Response, refusal: Refusal): void => {
  const { req } = res;
  const problem = problemOf(refusal, languageOf(req.headers['accept-language']), `urn:request:${String(res.locals.requestId)}`);
  const { allow, retryAfterS } = refusal.detail ?? {};
  if (typeof allow === 'string') res.set('Allow', allow);
  if (typeof retryAfterS === 'number') res.set('Retry-After', String(retryAfterS));
  else if (problem.status === 503) res.set('Retry-After', '2');
  res.status(problem.status).set('Cache-Control', 'no-store').vary('Accept-Language').type('application/problem+json').send(JSON.stringify(problem));
};
