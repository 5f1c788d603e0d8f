/**
 * One route: its zod schemas give validation, the OpenAPI description and the types of its handler. Who may call it is part
 * of it; nothing is mounted without.
 */
import type pg from 'pg';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import type { RefusalCode } from '../domain/errors.ts';
import type { Action } from '../domain/permissions.ts';
import { may } from '../domain/permissions.ts';
import { audit } from './audit.ts';
import type { ApiDeps } from './deps.ts';
import { asService } from './deps.ts';
import type { Idempotency, KeptAnswer } from './idempotency.ts';
import { commandIdOf, keepAnswer, requireKey } from './idempotency.ts';
import { isTransient, languageOf, problemOf, Refused } from './problem.ts';
import type { SignedIn, SignIn } from './sign-in.ts';

type Shape = z.ZodObject;
type Out<S> = S extends z.ZodType ? z.output<S> : undefined;

/** 'public': nobody need be signed in; 'session': whoever is signed in; else the action of domain/permissions.ts. */
export type Access = 'public' | 'session' | 'session.before_password_change' | Action;

export interface Call<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  /** Of whoever is signed in; only for a public route is there none. */
  session: SignedIn;
  /** Key of the effect, from account and Idempotency-Key; '' where the route takes none. */
  commandId: string;
  /** Keeps the answer in the transaction of an effect that has no key of its own. */
  keep(client: pg.ClientBase, status: number, body: unknown): Promise<void>;
  deps: ApiDeps;
  signIn: SignIn;
  req: Request;
  res: Response;
}

/** `null` body: no content. `undefined`: the handler has answered by itself. */
export type Answer<R> = { status?: number; body: R | null; headers?: Record<string, string> } | undefined;

export interface RouteSpec<P extends Shape | undefined, Q extends Shape | undefined, B extends z.ZodType | undefined, R extends z.ZodType | undefined> {
  /** A `head` of its own stands before the `get` of the same path in the list of routes. */
  method: 'get' | 'head' | 'post' | 'put' | 'delete';
  /** With `{name}` for parameters. */
  path: string;
  tag: string;
  summary: string;
  access: Access;
  params?: P;
  query?: Q;
  body?: B;
  /** JSON of a success; absent: no content, or `raw`. */
  response?: R;
  /** Statuses of success; default 200, or 204 without response. */
  statuses?: readonly number[];
  /** Media types of a body or answer that is no JSON. */
  raw?: { body?: readonly string[]; response?: readonly string[] };
  /** The call needs an Idempotency-Key. */
  idempotent?: boolean;
  /** Codes of refusals particular to this route, for the description. */
  refusals?: readonly RefusalCode[];
  handle(call: Call<Out<P>, Out<Q>, Out<B>>): Promise<Answer<R extends z.ZodType ? z.input<R> : null>>;
}

export type Route = RouteSpec<Shape | undefined, Shape | undefined, z.ZodType | undefined, z.ZodType | undefined>;

export const route = <P extends Shape | undefined = undefined, Q extends Shape | undefined = undefined, B extends z.ZodType | undefined = undefined, R extends z.ZodType | undefined = undefined>(
  spec: RouteSpec<P, Q, B, R>,
): Route => spec as unknown as Route;

/** Messages of the validator, by what is wrong. */
const MESSAGES: Record<string, { zh: string; en: string }> = {
  invalid_type: { zh: '缺失或类型错误', en: 'is missing or of the wrong type' },
  too_small: { zh: '过短、过小或为空', en: 'is too short, too small or empty' },
  too_big: { zh: '过长或过大', en: 'is too long or too large' },
  invalid_format: { zh: '格式错误', en: 'has not the stated form' },
  invalid_value: { zh: '不是允许的取值', en: 'is not one of the allowed values' },
  invalid_union: { zh: '不是允许的取值', en: 'is not one of the allowed values' },
  unrecognized_keys: { zh: '含有未定义的字段', en: 'has fields that are not defined' },
};

const parse = async <T>(schema: z.ZodType<T> | undefined, value: unknown, where: 'path' | 'query' | 'body'): Promise<T> => {
  if (!schema) return undefined as T;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const cursor = where === 'query' && parsed.error.issues.some((i) => i.path[0] === 'cursor');
  const errors = parsed.error.issues.slice(0, 20).map((issue) => {
    const words = MESSAGES[issue.code] ?? { zh: '不符合要求', en: 'is not valid' };
    const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : issue.path;
    return { field: path.map(String).join('.') || where, code: 'request.invalid', messageZh: words.zh, messageEn: words.en };
  });
  throw new Refused(cursor ? 'request.cursor_invalid' : 'request.invalid', { field: errors[0]?.field ?? where, detail: { errors } });
};

/** A path parameter that is not what it should be names nothing: 404, as for what is missing. */
const parseParams = async <T>(schema: z.ZodType<T> | undefined, value: unknown): Promise<T> => {
  try {
    return await parse(schema, value, 'path');
  } catch {
    throw new Refused('request.not_found');
  }
};

const requirePermission = async (deps: ApiDeps, session: SignedIn, action: Action, object: string): Promise<void> => {
  if (may(session.actor.role, action)) return;
  await asService(deps.database, (client) => audit.refused(client, { personId: session.actor.personId, role: session.actor.role, action, object, code: 'permission.denied' }));
  throw new Refused('permission.denied', { detail: { action } });
};

/** In its JSON form as it goes out, with only the fields that the description names. */
const send = (res: Response, { status, body, headers }: KeptAnswer): void => {
  res.status(status).set(headers);
  if (body === null) res.end();
  else {
    if (!res.get('Content-Type')) res.type('application/json');
    res.send(JSON.stringify(body));
  }
};

export const mountRoutes = (app: Express, routes: readonly Route[], deps: ApiDeps, signIn: SignIn, idempotency: Idempotency): void => {
  const methods = new Map<string, string[]>();
  for (const r of routes) {
    const path = r.path.replace(/\{(\w+)\}/g, ':$1');
    methods.set(path, [...(methods.get(path) ?? []), r.method]);
    const handler: RequestHandler = async (req, res) => {
      const session = r.access === 'public' ? (undefined as unknown as SignedIn) : await signIn.require(req, { beforePasswordChange: r.access === 'session.before_password_change' });
      if (r.access !== 'public' && !r.access.startsWith('session')) await requirePermission(deps, session, r.access as Action, `${req.method} ${req.path}`.slice(0, 200));
      if (r.body && !req.is('application/json')) throw new Refused('request.media_type', { field: 'Content-Type' });
      const params = await parseParams(r.params, req.params);
      const query = await parse(r.query, req.query, 'query');
      const body = await parse(r.body, req.body, 'body');
      const run = async (commandId: string, key = ''): Promise<KeptAnswer | null> => {
        const keep = (client: pg.ClientBase, status: number, kept: unknown) => keepAnswer(client, session.accountId, key, { status, body: kept, headers: {} });
        const answer = await r.handle({ params, query, body, session, commandId, keep, deps, signIn, req, res } as never);
        if (answer === undefined) return null;
        const json = answer.body === null || !r.response ? null : r.response.parse(answer.body);
        return { status: answer.status ?? (json === null ? 204 : 200), body: json, headers: answer.headers ?? {} };
      };
      if (!r.idempotent) {
        const answer = await run('');
        if (answer) send(res, answer);
        return;
      }
      const call = { accountId: session.accountId, key: requireKey(req.get('Idempotency-Key')), route: `${req.method} ${req.path}`, asked: { body, membershipId: session.membershipId } };
      const answer = await idempotency(
        call,
        async () => (await run(commandIdOf(call), call.key))!,
        ({ refusal }) => ({ problem: problemOf(refusal, languageOf(req.headers['accept-language']), `urn:request:${String(res.locals.requestId)}`), isFinal: !isTransient(refusal.code) }),
      );
      send(res, answer);
    };
    app[r.method](path, handler);
  }
  for (const [path, allowed] of methods) {
    const allow = [...new Set(allowed.flatMap((m) => (m === 'get' ? ['GET', 'HEAD'] : [m.toUpperCase()])))].join(', ');
    app.all(path, () => {
      throw new Refused('request.method', { detail: { allow } });
    });
  }
};
