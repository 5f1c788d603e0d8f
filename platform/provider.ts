/** Calls to providers of messages over HTTP: what their answers, and answers that are lost, mean. */
import type { Config } from './config.ts';

/**
 * refused: the provider will never take this message. later: it has not taken it, and may. closed: it takes nothing for this
 * address for a while. unknown: it may have taken it.
 */
export type ProviderOutcome = 'refused' | 'later' | 'closed' | 'unknown';

export class ProviderError extends Error {
  override name = 'ProviderError';
  readonly outcome: ProviderOutcome;
  /** The provider's code, or the kind of failure where there was no answer. */
  readonly code: string;
  constructor(message: string, outcome: ProviderOutcome, code: string, cause?: unknown) {
    super(message, { cause });
    this.outcome = outcome;
    this.code = code;
  }
}

const TIMEOUT_MS = 10_000;
const ANSWER_LIMIT = 64 * 1024;
/** Errors from before anything was sent. */
const NOT_REACHED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

const codeOf = (error: unknown): string => {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const code = (at as NodeJS.ErrnoException).code;
    if (typeof code === 'string') return code;
  }
  return error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'network';
};

const readBounded = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > ANSWER_LIMIT) throw new ProviderError('the answer is too long', 'unknown', 'answer_too_long');
  }
  return text;
};

/** Posts JSON, follows no redirect, and gives the JSON object of a success. Rejects with ProviderError. */
export const postJson = async (url: string, body: string, headers: Record<string, string> = {}, timeoutMs = TIMEOUT_MS): Promise<Record<string, unknown>> => {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json; charset=utf-8', ...headers }, body, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    text = await readBounded(response);
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    const code = codeOf(error);
    throw new ProviderError('the provider cannot be reached', NOT_REACHED.includes(code) ? 'later' : 'unknown', code, error);
  }
  const status = `HTTP ${response.status}`;
  if (response.status === 429) throw new ProviderError(status, 'later', status);
  // A server that failed may have done it before.
  if (response.status >= 500) throw new ProviderError(status, 'unknown', status);
  if (!response.ok) throw new ProviderError(`${status} ${text.slice(0, 200)}`, 'refused', status);
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new ProviderError('the answer is not JSON', 'unknown', 'answer_not_json', error);
  }
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw new ProviderError('the answer is not a JSON object', 'unknown', 'answer_not_object');
  return answer as Record<string, unknown>;
};

/** Which channels the settings name; the worker decides with it what is sent where. */
export const configuredChannels = (config: Pick<Config, 'IM_ROBOTS' | 'SMS_URL' | 'VOICE_URL'>): { robots: string[]; sms: boolean; voice: boolean } => ({
  robots: (config.IM_ROBOTS ?? []).map((r) => r.name), sms: config.SMS_URL !== undefined, voice: config.VOICE_URL !== undefined,
});
