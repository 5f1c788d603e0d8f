/**
 * The gateway for flows (docs/interfaces/http.md): the only authority that the flow process has. Loopback only, one bearer
 * token; every call is checked against the record, limited and deduplicated here. api/main.ts lets it listen on INTERNAL_PORT.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import express from 'express';
import type { ErrorRequestHandler, Express, Request, Response } from 'express';
import { z } from 'zod';
import type { Refusal, RefusalCode, Result } from '../../domain/errors.ts';
import { REFUSALS } from '../../domain/errors.ts';
import { FLOW_LIMITS, FLOW_RECIPIENTS } from '../../domain/flows.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { may } from '../../domain/permissions.ts';
import type { Logger } from '../../platform/logger.ts';
import type { Database } from '../../prisma/client.ts';
import { formatPosition, parsePosition } from '../../prisma/cursor.ts';
import { advanceCursor, audit, deployFlows, flowsInForce, flowVersionInForce, loadFlowRegistry, readCursor, reportFlowFault } from '../../prisma/flow-store.ts';
import { listenTo } from '../../prisma/wake.ts';
import { createCalls } from './calls.ts';
import { readEvents } from './events.ts';
import { createRates } from './rates.ts';

export interface InternalDeps {
  database: Database;
  /** INTERNAL_TOKEN. */
  token: string;
  logger: Logger;
  now?: () => number;
}

export interface InternalApp {
  app: Express;
  /** Ends the long polls that are open. */
  close(): void;
}

/** How long an open transaction may hold events back before a waiting reader looks again. */
const SETTLE_MS = 50;
const LOOK_AGAIN_MS = 1_000;
const MAX_WAIT_MS = 25_000;

const id = z.string().min(1).max(64);
const call = z.object({ eventId: z.string().regex(/^\d{1,18}$/), nodeId: id, flowVersion: z.number().int().min(1).max(2_147_483_647) });
const consumer = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const recipients = z.array(z.enum(FLOW_RECIPIENTS)).min(1).max(FLOW_RECIPIENTS.length);
const hazardType = z.enum(Object.keys(HAZARD_TYPES) as [HazardType, ...HazardType[]]);

const BODIES = {
  startCase: call.extend({ type: hazardType.optional(), title: z.string().max(FLOW_LIMITS.title).optional(), description: z.string().max(FLOW_LIMITS.text).optional() }),
  signalCase: call.extend({ note: z.string().max(FLOW_LIMITS.text).optional() }),
  notify: call.extend({ recipients: recipients.optional() }),
  actuate: call.extend({ assetId: id.optional(), command: z.enum(['on', 'off']).optional() }),
  flows: z.object({ flows: z.unknown(), author: z.object({ personId: id }).nullable(), note: z.string().max(FLOW_LIMITS.text).optional() }),
  cursor: z.object({ consumer, position: z.string() }),
  fault: z.object({ version: z.number().int().min(1), reason: z.enum(['silent', 'memory']) }),
};

const EVENTS_QUERY = z.object({
  consumer,
  after: z.string().optional(),
  /** What the reader runs: another version in force is an answer too. */
  flowVersion: z.coerce.number().int().min(0).optional(),
  waitMs: z.coerce.number().int().min(0).max(MAX_WAIT_MS).default(0),
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
});

class Refused extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal) {
    super(refusal.code);
    this.refusal = refusal;
  }
}

const unwrap = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Refused(result.refusal);
  return result.value;
};

const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map((i) => ({ field: i.path.join('.'), code: 'request.invalid', messageZh: REFUSALS['request.invalid'].zh, messageEn: i.message }));
  throw new Refused({ code: 'request.invalid', ...(errors[0] ? { field: errors[0].field } : {}), detail: { errors } });
};

const problem = (res: Response, refusal: Refusal): void => {
  const { status, zh, en } = REFUSALS[refusal.code];
  const waitMs = refusal.detail?.waitMs;
  if (typeof waitMs === 'number') res.set('Retry-After', String(Math.ceil(waitMs / 1000)));
  const { errors, ...detail } = refusal.detail ?? {};
  res.status(status).type('application/problem+json').json({
    type: 'about:blank', status, code: refusal.code, title: zh, titleZh: zh, titleEn: en, detail: refusal.field ?? '', ...(errors === undefined ? {} : { errors }), ...detail,
  });
};

const bodyProblem = (error: { type?: string; status?: number }, isFlow: boolean): RefusalCode | null => {
  if (error.type === 'entity.too.large') return isFlow ? 'flow.too_large' : 'request.too_large';
  if (error.type === 'entity.parse.failed') return 'request.malformed';
  if (error.type !== undefined && error.status !== undefined && error.status < 500) return 'request.invalid';
  return null;
};

export const createInternalApp = (deps: InternalDeps): InternalApp => {
  const { database, logger } = deps;
  const rates = createRates(deps.now ?? Date.now);
  const calls = createCalls(database, rates);
  const waker = listenTo(database.pool, 'pw_sensor_event', (error) => logger.warn({ err: error }, 'lost the word of new sensor events; looking again'));
  const closing = new AbortController();
  const service = { scope: 'service' } as const;

  const refused = (action: string, object: string, outcome: string, detail: Record<string, unknown>): Promise<void> =>
    database.pgTransaction(service, (client) => audit(client, { actorId: null, action, object, outcome, detail })).catch((err: Error) => logger.error({ err }, 'a refusal could not be audited'));

  const app = express();
  app.disable('x-powered-by');
  const expected = createHash('sha256').update(deps.token).digest();
  app.use((req, _res, next) => {
    const given = createHash('sha256').update(/^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1] ?? '').digest();
    if (!timingSafeEqual(given, expected)) {
      if (rates.mayAudit('token')) void refused('flow.gateway', req.path.slice(0, 100), 'flow.token', {});
      throw new Refused({ code: 'flow.token' });
    }
    next();
  });
  // A little over the limit of a flow, so that what is slightly too large is told so by its own name.
  const flowsJson = express.json({ limit: FLOW_LIMITS.bytes + 100_000, strict: true });
  const smallJson = express.json({ limit: 16_384, strict: true });
  app.use((req, res, next) => (req.path === '/internal/flow/flows' ? flowsJson : smallJson)(req, res, next));

  app.get('/internal/flow/registry', async (_req, res) => {
    res.json(await database.pgTransaction(service, loadFlowRegistry));
  });

  app.get('/internal/flow/flows', async (_req, res) => {
    const current = await database.pgTransaction(service, flowsInForce);
    res.json({ version: current?.version ?? 0, flows: current?.flows ?? [] });
  });

  app.post('/internal/flow/flows', async (req, res) => {
    const body = parse(BODIES.flows, req.body);
    const deployed = await database.pgTransaction(service, async (client) => {
      if (body.author) {
        const { rows } = await client.query<{ role: string }>('SELECT role FROM membership WHERE person_id = $1', [body.author.personId]);
        if (!rows.some((r) => may(r.role, 'flow.edit'))) throw new Refused({ code: 'permission.denied', detail: { action: 'flow.edit' } });
      }
      return unwrap(await deployFlows(client, { flows: body.flows, author: body.author, ...(body.note === undefined ? {} : { note: body.note }) }));
    });
    logger.info({ version: deployed.version, rules: deployed.rules, unchanged: deployed.unchanged }, 'flows deployed');
    res.status(201).json({ version: deployed.version, rules: deployed.rules });
  });

  app.get('/internal/flow/events', async (req, res) => {
    const query = parse(EVENTS_QUERY, req.query);
    const after = query.after === undefined ? await database.pgTransaction(service, (client) => readCursor(client, query.consumer)) : parsePosition(query.after);
    if (!after) throw new Refused({ code: 'request.cursor_invalid', field: 'after' });
    const end = performance.now() + query.waitMs;
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    const stop = AbortSignal.any([gone.signal, closing.signal]);
    for (let lookSoon = 0; ; ) {
      const { found, version } = await database.pgTransaction(service, async (client) => ({ found: await readEvents(client, after, query.limit), version: await flowVersionInForce(client) }));
      const left = end - performance.now();
      if (found.length > 0 || left <= 0 || stop.aborted || (query.flowVersion ?? version ?? 0) !== (version ?? 0)) {
        res.json({ events: found.map((f) => f.event), position: formatPosition(found.at(-1)?.position ?? after), positions: found.map((f) => formatPosition(f.position)), flowVersion: version ?? 0 });
        return;
      }
      const started = performance.now();
      const timeout = Math.min(left, lookSoon > 0 ? SETTLE_MS : LOOK_AGAIN_MS);
      await waker.wait(timeout, stop);
      // Woken early: the event is there as soon as the transactions before it have ended.
      lookSoon = performance.now() - started < timeout - 5 ? 10 : lookSoon - 1;
    }
  });

  app.post('/internal/flow/cursor', async (req, res) => {
    const body = parse(BODIES.cursor, req.body);
    const position = parsePosition(body.position);
    if (!position) throw new Refused({ code: 'request.cursor_invalid', field: 'position' });
    await database.pgTransaction(service, (client) => advanceCursor(client, body.consumer, position));
    res.status(204).end();
  });

  app.post('/internal/flow/fault', async (req, res) => {
    const body = parse(BODIES.fault, req.body);
    const result = await database.pgTransaction(service, (client) => reportFlowFault(client, body.version, body.reason));
    if (result.quarantined) logger.error({ version: body.version, inForce: result.inForce, reason: body.reason }, 'flow version quarantined');
    res.json(result);
  });

  const node = <T extends { nodeId: string; eventId: string }, A>(path: string, schema: z.ZodType<T>, run: (body: T) => Promise<Result<A>>): void => {
    app.post(`/internal/flow/${path}`, async (req: Request, res: Response) => {
      const body = parse(schema, req.body);
      const result = await run(body);
      if (!result.ok) {
        const { code } = result.refusal;
        if (rates.mayAudit(`${path}/${body.nodeId}/${code}`)) {
          await refused(`flow.${path}`, `flow-node/${body.nodeId}`, code, { eventId: body.eventId });
        }
        throw new Refused(result.refusal);
      }
      res.json(result.value);
    });
  };
  node('start-case', BODIES.startCase as never, calls.startCase);
  node('signal-case', BODIES.signalCase as never, calls.signalCase);
  node('notify', BODIES.notify as never, calls.notify);
  node('actuate', BODIES.actuate as never, calls.actuate);

  app.use(() => {
    throw new Refused({ code: 'request.not_found' });
  });
  const onError: ErrorRequestHandler = (error, req, res, _next) => {
    if (res.headersSent) return res.destroy() as never;
    if (error instanceof Refused) return problem(res, error.refusal);
    const code = bodyProblem(error as never, req.path === '/internal/flow/flows');
    if (code) return problem(res, { code });
    logger.error({ err: error as Error, path: req.path }, 'gateway call failed');
    // The record is away: flows keep the event and ask again.
    problem(res, { code: 'service.unavailable' });
  };
  app.use(onError);

  return {
    app,
    close: () => {
      closing.abort();
      waker.close();
    },
  };
};
