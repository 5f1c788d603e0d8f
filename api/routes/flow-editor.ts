/**
 * `/flow-editor/*`: the flow editor behind our own sign-in. Whoever may edit flows gets the editor, whoever may read them
 * gets it read-only, nobody else gets a byte of it. The request goes on with a signed proof of who acts instead of the
 * cookie. Node-RED's own calls carry no CSRF token, so writes and the websocket must come from our own pages by Origin.
 *
 * Mount before any body parser: `app.use(flowEditor.handler)`; and `server.on('upgrade', flowEditor.upgrade)`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { RequestHandler } from 'express';
import { createProxyServer } from 'http-proxy-3';
import type { RefusalCode } from '../../domain/errors.ts';
import { REFUSALS } from '../../domain/errors.ts';
import { may } from '../../domain/permissions.ts';
import type { FlowActor } from '../../platform/flow-proof.ts';
import { FLOW_EDITOR_ROOT, FLOW_PROOF_HEADER, signFlowActor } from '../../platform/flow-proof.ts';
import type { Logger } from '../../platform/logger.ts';

/** Who is signed in on this request; null where nobody is. */
export interface FlowEditorSession {
  personId: string;
  nameZh: string;
  nameEn: string;
  role: string;
  mustChangePassword: boolean;
}

export interface FlowEditorDeps {
  flowsPort: number;
  /** INTERNAL_TOKEN. */
  token: string;
  /** PUBLIC_URL, where it is set: its origin is ours too. */
  publicUrl: string | null;
  findSession: (req: IncomingMessage) => Promise<FlowEditorSession | null>;
  logger: Logger;
}

export interface FlowEditor {
  handler: RequestHandler;
  upgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

const TIMEOUT_MS = 60_000;
/** The editor connects again by itself, and its sign-in is looked at again. */
const SOCKET_LIFE_MS = 15 * 60_000;

/** The editor needs inline scripts; what matters is that it can reach nobody but us. */
const POLICY =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; " +
  "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'";

const STRIPPED = ['cookie', 'authorization', 'x-csrf-token', 'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', FLOW_PROOF_HEADER];

const isOurs = (path: string): boolean => path === FLOW_EDITOR_ROOT.slice(0, -1) || path.startsWith(FLOW_EDITOR_ROOT);

const languageOf = (req: IncomingMessage): 'zh' | 'en' => (/^\s*en\b/i.test(req.headers['accept-language'] ?? '') ? 'en' : 'zh');

export const createFlowEditor = (deps: FlowEditorDeps): FlowEditor => {
  const { logger } = deps;
  const proxy = createProxyServer({ target: { host: '127.0.0.1', port: deps.flowsPort }, ws: true, proxyTimeout: TIMEOUT_MS });

  const isOwnOrigin = (req: IncomingMessage): boolean => {
    const { origin, host } = req.headers;
    if (!origin) return req.headers['sec-fetch-site'] === 'same-origin';
    try {
      const given = new URL(origin);
      return given.host === host || (deps.publicUrl !== null && given.origin === new URL(deps.publicUrl).origin);
    } catch {
      return false;
    }
  };

  /** Gives the actor, or the code of the refusal. */
  const admit = async (req: IncomingMessage, writes: boolean): Promise<FlowActor | RefusalCode> => {
    const session = await deps.findSession(req);
    if (!session) return 'auth.required';
    if (session.mustChangePassword) return 'auth.password_change_required';
    const edit = may(session.role, 'flow.edit');
    if (!edit && !may(session.role, 'flow.read')) return 'permission.denied';
    if (writes && !isOwnOrigin(req)) return 'auth.csrf';
    const language = languageOf(req);
    return { personId: session.personId, name: language === 'zh' ? session.nameZh : session.nameEn, edit, language };
  };

  const refuseHttp = (req: IncomingMessage, res: ServerResponse, code: RefusalCode): void => {
    const { status, zh, en } = REFUSALS[code];
    const page = req.method === 'GET' && (req.headers.accept ?? '').includes('text/html');
    if (page && code === 'auth.required') {
      res.writeHead(302, { location: '/' }).end();
      return;
    }
    const title = languageOf(req) === 'zh' ? zh : en;
    if (page) res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(`<!doctype html><meta charset="utf-8"><title>ParkWarden 园安</title><p>${zh}</p><p>${en}</p>`);
    else res.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ type: 'about:blank', title, status, code, titleZh: zh, titleEn: en }));
  };

  const strip = (req: IncomingMessage): void => {
    for (const name of STRIPPED) delete req.headers[name];
  };

  proxy.on('proxyRes', (answer) => {
    delete answer.headers['set-cookie'];
    answer.headers['content-security-policy'] = POLICY;
    answer.headers['x-content-type-options'] = 'nosniff';
    answer.headers['referrer-policy'] = 'same-origin';
    if ((answer.headers['content-type'] ?? '').startsWith('text/html')) answer.headers['cache-control'] = 'no-store';
  });
  proxy.on('error', (error, req, res) => {
    logger.warn({ err: error, path: req.url }, 'the flow editor does not answer');
    if (res instanceof Socket) res.destroy();
    else if (!res.headersSent) refuseHttp(req, res, 'service.unavailable');
    else res.destroy();
  });

  return {
    handler: (req, res, next) => {
      if (!isOurs(req.path)) return next();
      if (req.path === FLOW_EDITOR_ROOT.slice(0, -1)) return res.redirect(308, FLOW_EDITOR_ROOT);
      const writes = req.method !== 'GET' && req.method !== 'HEAD';
      admit(req, writes).then((actor) => {
        if (typeof actor === 'string') return refuseHttp(req, res, actor);
        // Said here too, whatever Node-RED thinks of it.
        if (writes && !actor.edit) return refuseHttp(req, res, 'permission.denied');
        strip(req);
        proxy.web(req, res, { headers: { [FLOW_PROOF_HEADER]: signFlowActor(deps.token, actor, Date.now()) } });
      }, next);
    },
    upgrade: (req, socket, head) => {
      if (!isOurs((req.url ?? '').split('?')[0]!)) return;
      socket.on('error', () => socket.destroy());
      const deny = (status: number): void => void socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\n\r\n`);
      admit(req, true).then(
        (actor) => {
          if (typeof actor === 'string') return deny(REFUSALS[actor].status);
          strip(req);
          const life = setTimeout(() => socket.destroy(), SOCKET_LIFE_MS);
          socket.on('close', () => clearTimeout(life));
          proxy.ws(req, socket as Socket, head, { headers: { [FLOW_PROOF_HEADER]: signFlowActor(deps.token, actor, Date.now()) } });
        },
        (error: Error) => {
          logger.warn({ err: error }, 'sign-in could not be checked');
          deny(503);
        },
      );
    },
  };
};
