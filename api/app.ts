/** The portal and its API as an Express app. Listens nowhere: api/main.ts does, and tests do. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import type { ApiDeps } from './deps.ts';
import { createDocsPage } from './docs-page.ts';
import { createIdempotency } from './idempotency.ts';
import { createMetrics } from './metrics.ts';
import { errorReply } from './middleware/errors.ts';
import { jsonBody } from './middleware/json-body.ts';
import { pagePolicy, securityHeaders } from './middleware/security-headers.ts';
import { openApiDocument } from './openapi.ts';
import { Refused } from './problem.ts';
import { mountRoutes } from './route.ts';
import { ROUTES } from './routes/index.ts';
import type { SignIn } from './sign-in.ts';
import { createSignIn } from './sign-in.ts';

export interface AppOptions {
  signIn?: SignIn;
  /** Handlers that come before every body parser and page policy of ours: the flow editor. */
  before?: readonly RequestHandler[];
}

/** Paths that never become a page of the portal. */
const NO_PAGE = /^\/(api|internal|flow-editor|healthz|readyz|metrics|openapi\.json)(\/|$)/;

export const createApp = (deps: ApiDeps, options: AppOptions = {}): Express => {
  const signIn = options.signIn ?? createSignIn(deps.database, deps.publicUrl);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', deps.trustProxy);
  app.set('query parser', 'simple');
  const metrics = createMetrics(deps);
  app.use(securityHeaders(deps.publicUrl?.startsWith('https:') ?? false), metrics.observe);
  for (const handler of options.before ?? []) app.use(handler);
  app.use(pagePolicy);
  app.use('/api/', (_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });
  app.use(jsonBody);

  mountRoutes(app, ROUTES, deps, signIn, createIdempotency(deps.database));
  app.get('/metrics', metrics.expose);
  const description = JSON.stringify(openApiDocument());
  app.get('/openapi.json', (_req, res) => void res.type('application/json').send(description));
  app.use(createDocsPage());

  if (deps.portalDir && existsSync(join(deps.portalDir, 'index.html'))) servePortal(app, deps.portalDir);
  app.use(() => {
    throw new Refused('request.not_found');
  });
  app.use(errorReply(deps.logger));
  return app;
};

/** Files by their name; every other page address is the portal itself. */
const servePortal = (app: Express, dir: string): void => {
  const files = express.static(dir, {
    index: false,
    redirect: false,
    dotfiles: 'ignore',
    setHeaders: (res, path) => void res.setHeader('Cache-Control', /[/\\]assets[/\\]/.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache'),
  });
  app.use((req, res, next) => (NO_PAGE.test(req.path) ? next() : files(req, res, next)));
  app.use((req, res, next) => {
    const isPage = (req.method === 'GET' || req.method === 'HEAD') && !NO_PAGE.test(req.path) && !/\.\w{1,8}$/.test(req.path) && req.accepts(['html', 'json']) === 'html';
    if (!isPage) return next();
    res.set('Cache-Control', 'no-cache').sendFile('index.html', { root: dir });
  });
};
