/** Whatever is thrown becomes a problem document; what nobody expected is logged and never shown. */
import type { ErrorRequestHandler } from 'express';
import type { RefusalCode } from '../../domain/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { EngineAway } from '../engine.ts';
import { Refused, sendProblem } from '../problem.ts';

const SOCKET_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'];
/** PostgreSQL: connection exceptions, shutdown and start-up, too many connections, recovery. */
const SQL_STATES = /^(08...|57P0[1-5]|53300|25006)$/;
const WORDS = /Connection terminated|not currently accepting connections|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Client was closed/i;

/** The database or the engine is away: nothing is known about the call, and it can be made again. */
export const isAway = (error: unknown): boolean => {
  if (error instanceof EngineAway) return true;
  if (!(error instanceof Error)) return false;
  const { code, errors, severity } = error as Error & { code?: unknown; errors?: unknown[]; severity?: unknown };
  // A FATAL is the end of a connection, whatever its state: nothing was decided on it.
  if (severity === 'FATAL' || severity === 'PANIC') return true;
  if (typeof code === 'string' && (SOCKET_CODES.includes(code) || SQL_STATES.test(code))) return true;
  return WORDS.test(error.message) || (Array.isArray(errors) && errors.some(isAway)) || (error.cause !== undefined && isAway(error.cause));
};

const BODY_CODES: Record<string, RefusalCode> = {
  'entity.too.large': 'request.too_large', 'entity.parse.failed': 'request.malformed', 'encoding.unsupported': 'request.media_type', 'charset.unsupported': 'request.media_type',
  'request.size.invalid': 'request.malformed', 'request.aborted': 'request.malformed',
};

const codeOf = (error: unknown): RefusalCode | null => {
  const { type, status } = error as { type?: string; status?: number };
  if (type !== undefined && BODY_CODES[type]) return BODY_CODES[type];
  if (error instanceof URIError) return 'request.malformed';
  if (type !== undefined && status !== undefined && status >= 400 && status < 500) return 'request.malformed';
  if ((error as { code?: string }).code === 'ERR_STREAM_PREMATURE_CLOSE' || (error as { code?: string }).code === 'ECONNABORTED') return 'request.malformed';
  return isAway(error) ? 'service.unavailable' : null;
};

export const errorReply = (logger: Logger): ErrorRequestHandler => (error: unknown, req, res, _next) => {
  const requestId = String(res.locals.requestId);
  const code = error instanceof Refused ? null : (codeOf(error) ?? 'service.failed');
  if (code === 'service.failed') logger.error({ err: error, requestId, method: req.method, path: req.path }, 'a call failed');
  else if (code === 'service.unavailable') logger.warn({ err: error, requestId, path: req.path }, 'a call could not be answered');
  if (res.headersSent) {
    res.destroy();
    return;
  }
  for (const name of ['Content-Length', 'Content-Disposition', 'ETag']) res.removeHeader(name);
  sendProblem(res, error instanceof Refused ? error.refusal : { code: code! });
};
