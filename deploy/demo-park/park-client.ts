/**
 * One person at the park's HTTP interface (docs/interfaces/http.md): signs in, acts with an Idempotency-Key of its own per
 * act, and repeats a call whose answer it never got with the same key until it knows.
 */
import { createHash, randomUUID } from 'node:crypto';

export interface Answer<T = unknown> { status: number; body: T; headers: Headers; attempts: number }

export interface Problem { code: string; titleZh: string; titleEn: string; detail?: string }

export class UnknownOutcome extends Error {
  override name = 'UnknownOutcome';
}

export interface ClientOptions {
  /** For how long a call is repeated while its outcome is unknown. */
  patienceMs?: number;
  timeoutMs?: number;
  /** Told of every attempt whose outcome is unknown. */
  onUnknown?: (what: string, why: string) => void;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Answers that say nothing about the outcome: the same call is made again. */
const isUndecided = (status: number, body: unknown): boolean => status === 429 || status >= 500 || (body as Problem | null)?.code === 'request.idempotency_running';

export class ParkClient {
  readonly username: string;
  private readonly base: string;
  private readonly password: string;
  private readonly options: Required<ClientOptions>;
  private cookie = '';
  private csrf = '';

  constructor(base: string, account: { username: string; password: string }, options: ClientOptions = {}) {
    this.base = base.replace(/\/$/, '');
    this.username = account.username;
    this.password = account.password;
    this.options = { patienceMs: 60_000, timeoutMs: 20_000, onUnknown: () => {}, ...options };
  }

  async signIn(): Promise<void> {
    const answer = await this.send<{ csrfToken: string }>('POST', '/api/v1/session', { json: { username: this.username, password: this.password } });
    if (answer.status !== 200) throw new Error(`${this.username} cannot sign in: ${answer.status} ${JSON.stringify(answer.body)}`);
    this.cookie = answer.headers.getSetCookie().map((c) => c.split(';')[0]!).join('; ');
    this.csrf = answer.body.csrfToken;
  }

  get<T>(path: string): Promise<Answer<T>> { return this.send<T>('GET', path, {}); }

  post<T>(path: string, json: unknown, key: string = randomUUID()): Promise<Answer<T>> {
    return this.send<T>('POST', path, { json, headers: { 'Idempotency-Key': key } });
  }

  act<T>(hazardId: string, body: Record<string, unknown>, key?: string): Promise<Answer<T>> {
    return this.post<T>(`/api/v1/hazards/${hazardId}/acts`, body, key);
  }

  /** Uploads by content; gives what an act or a report refers to it by. */
  async upload(bytes: Buffer, mediaType: string): Promise<{ sha256: string; mediaType: string }> {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const answer = await this.send('PUT', `/api/v1/blobs/${sha256}`, { bytes, headers: { 'Content-Type': mediaType } });
    if (answer.status !== 200 && answer.status !== 201) throw new Error(`upload: ${answer.status} ${JSON.stringify(answer.body)}`);
    return { sha256, mediaType };
  }

  private async send<T>(method: string, path: string, what: { json?: unknown; bytes?: Buffer; headers?: Record<string, string> }): Promise<Answer<T>> {
    const end = performance.now() + this.options.patienceMs;
    let waitMs = 100;
    for (let attempts = 1; ; attempts++) {
      let why: string;
      try {
        const response = await fetch(this.base + path, {
          method,
          headers: {
            Accept: 'application/json',
            ...(this.cookie === '' ? {} : { Cookie: this.cookie, 'X-CSRF-Token': this.csrf }),
            ...(what.json === undefined ? {} : { 'Content-Type': 'application/json' }),
            ...what.headers,
          },
          body: what.bytes ? new Uint8Array(what.bytes) : what.json === undefined ? null : JSON.stringify(what.json),
          signal: AbortSignal.timeout(this.options.timeoutMs),
        });
        const text = await response.text();
        const body = (text === '' ? null : JSON.parse(text)) as T;
        if (!isUndecided(response.status, body)) return { status: response.status, body, headers: response.headers, attempts };
        why = `${response.status} ${(body as Problem | null)?.code ?? ''}`;
      } catch (error) {
        why = (error as Error).cause instanceof Error ? ((error as Error).cause as Error).message : (error as Error).message;
      }
      this.options.onUnknown(`${method} ${path}`, why);
      if (performance.now() > end) throw new UnknownOutcome(`${method} ${path}: no answer within ${this.options.patienceMs / 1000} s, last: ${why}`);
      await sleep(waitMs);
      waitMs = Math.min(waitMs * 2, 2_000);
    }
  }
}
