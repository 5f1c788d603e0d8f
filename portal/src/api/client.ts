/** Calls to the API: session cookie, CSRF token, Idempotency-Key and refusals in one place. */
import type { ProblemBody } from './types.ts';

/** A call that was answered with a refusal, or (status 0) not answered at all. */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly body: ProblemBody;
  constructor(body: ProblemBody) {
    super(body.code);
    this.status = body.status;
    this.body = body;
  }
  get code(): string {
    return this.body.code;
  }
}

interface Hooks {
  /** The session is gone, or the password has to be changed first. */
  onSessionLost: () => void;
}

let csrfToken = '';
let language: 'zh-CN' | 'en' = 'zh-CN';
let clockOffsetMs = 0;
let hooks: Hooks = { onSessionLost: () => {} };

export const setCsrfToken = (token: string): void => {
  csrfToken = token;
};
export const setRequestLanguage = (value: 'zh-CN' | 'en'): void => {
  language = value;
};
export const setHooks = (value: Hooks): void => {
  hooks = value;
};

/** The server's clock, as of its last answer: countdowns do not depend on how the device's clock is set. */
export const serverNow = (): number => Date.now() + clockOffsetMs;

/** 128 random bits; unlike crypto.randomUUID also outside a secure context. */
export const newKey = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');

const UNREACHABLE: ProblemBody = { status: 0, code: 'network.unreachable', titleZh: '无法连接服务器，请检查网络后重试', titleEn: 'The server cannot be reached. Check the network and try again' };
const unexpected = (status: number): ProblemBody => ({ status, code: 'response.unexpected', titleZh: `服务器返回了无法识别的响应（${status}）`, titleEn: `The server gave an unexpected answer (${status})` });

export const SESSION_PATH = '/api/v1/session';

interface CallOptions {
  body?: unknown;
  raw?: Blob;
  idempotencyKey?: string;
  ifMatch?: string;
  contentRange?: string;
  /** Of a success. */
  onHeaders?: (headers: Headers) => void;
  signal?: AbortSignal;
}

/** Throws Problem for every answer that is not 2xx. */
export const call = async <T>(method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE', path: string, options: CallOptions = {}): Promise<T> => {
  const headers: Record<string, string> = { Accept: 'application/json', 'Accept-Language': language };
  if (method !== 'GET' && method !== 'HEAD') headers['X-CSRF-Token'] = csrfToken;
  if (options.idempotencyKey) headers['Idempotency-Key'] = options.idempotencyKey;
  if (options.ifMatch) headers['If-Match'] = options.ifMatch;
  if (options.contentRange) headers['Content-Range'] = options.contentRange;
  let body: BodyInit | undefined;
  if (options.raw) {
    body = options.raw;
    headers['Content-Type'] = options.raw.type;
  } else if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers['Content-Type'] = 'application/json';
  }
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body, signal: options.signal, credentials: 'same-origin', cache: 'no-store' });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem(UNREACHABLE);
  }
  const date = Date.parse(response.headers.get('Date') ?? '');
  // The header counts whole seconds; smaller differences are noise.
  if (!Number.isNaN(date)) clockOffsetMs = Math.abs(date - Date.now()) < 2000 ? 0 : date - Date.now();
  if (response.ok) options.onHeaders?.(response.headers);
  if (response.status === 204) return undefined as T;
  const json: unknown = await response.json().catch(() => null);
  if (response.ok && json !== null) return json as T;
  const problem = new Problem(isProblemBody(json) ? json : unexpected(response.status));
  // The session's own reading is the answer to this question, not a reason to ask it.
  if (path !== SESSION_PATH && (problem.status === 401 || problem.code === 'auth.password_change_required')) hooks.onSessionLost();
  throw problem;
};

const isProblemBody = (value: unknown): value is ProblemBody =>
  typeof value === 'object' && value !== null && 'code' in value && 'status' in value && 'titleZh' in value && 'titleEn' in value;

export const query = (path: string, params: Record<string, string | number | boolean | null | undefined>): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
};
