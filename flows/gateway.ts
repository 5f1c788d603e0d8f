/** The one way out of the flow process: calls to the gateway of the API (docs/interfaces/http.md). */

export interface Fault {
  field?: string;
  code?: string;
  messageZh?: string;
  messageEn?: string;
}

/** The gateway said no. */
export class GatewayRefusal extends Error {
  override name = 'GatewayRefusal';
  readonly status: number;
  readonly code: string;
  readonly titleZh: string;
  readonly titleEn: string;
  readonly faults: readonly Fault[];
  readonly retryAfterMs: number | null;
  constructor(status: number, problem: { code?: string; titleZh?: string; titleEn?: string; errors?: Fault[]; waitMs?: number }) {
    super(`${problem.titleZh ?? ''} / ${problem.titleEn ?? `the gateway answered ${status}`}`);
    this.status = status;
    this.code = problem.code ?? 'service.unavailable';
    this.titleZh = problem.titleZh ?? '服务暂不可用';
    this.titleEn = problem.titleEn ?? 'The service is not available';
    this.faults = problem.errors ?? [];
    this.retryAfterMs = problem.waitMs ?? null;
  }
}

export interface Gateway {
  /** One call. Throws GatewayRefusal, or another error where the gateway could not be reached. */
  call<T>(method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal): Promise<T>;
  /** The same until there is an answer that is final: an unreachable or busy gateway is asked again with back-off. */
  insist<T>(method: 'GET' | 'POST', path: string, body: unknown, signal: AbortSignal): Promise<T>;
}

const CALL_TIMEOUT_MS = 30_000;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 2_000;

const isPassing = (error: unknown): boolean => !(error instanceof GatewayRefusal) || error.status === 429 || error.status >= 500;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

export const createGateway = (port: number, token: string): Gateway => {
  const call: Gateway['call'] = async (method, path, body, signal) => {
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const response = await fetch(`http://127.0.0.1:${port}/internal/flow/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const text = await response.text();
    let answer: unknown = null;
    if (text !== '') {
      try {
        answer = JSON.parse(text);
      } catch (error) {
        throw new GatewayRefusal(response.ok ? 502 : response.status, { titleEn: `unreadable answer: ${(error as Error).message}` });
      }
    }
    if (!response.ok) throw new GatewayRefusal(response.status, (answer ?? {}) as object);
    return answer as never;
  };
  return {
    call,
    insist: async (method, path, body, signal) => {
      for (let wait = FIRST_RETRY_MS; ; wait = Math.min(wait * 2, LAST_RETRY_MS)) {
        try {
          return await call(method, path, body, signal);
        } catch (error) {
          if (signal.aborted || !isPassing(error)) throw error;
          await pause(error instanceof GatewayRefusal ? Math.max(error.retryAfterMs ?? 0, wait) : wait, signal);
        }
      }
    },
  };
};
