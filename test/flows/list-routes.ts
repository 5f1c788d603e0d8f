/** Prints every route of Node-RED's admin app under our settings as JSON lines `{method, path}`; run as a process of its own. */
import { Server } from 'node:http';
import { createRequire } from 'node:module';
import RED from 'node-red';
import { createSettings } from '../../flows/settings.ts';
import { createLogger } from '../../platform/logger.ts';

interface Layer {
  route?: { path: string | RegExp; methods: Record<string, boolean> };
}
interface App {
  (...args: unknown[]): unknown;
  _router?: { stack: Layer[] };
  handle?: unknown;
}

// Express hides an app that is mounted on another; so we note what is mounted where.
const mounted = new Map<unknown, { path: string; app: App }[]>();
const require = createRequire(createRequire(import.meta.url).resolve('@node-red/editor-api'));
const { application } = require('express') as { application: { use(...args: unknown[]): unknown } };
const use = application.use;
application.use = function (this: unknown, ...args: unknown[]) {
  const path = typeof args[0] === 'string' ? args[0].replace(/\/$/, '') : '';
  for (const app of args as App[]) if (typeof app === 'function' && typeof app.handle === 'function') mounted.set(this, [...(mounted.get(this) ?? []), { path, app }]);
  return use.apply(this, args);
};

const settings = createSettings({
  storageModule: { init: async () => {}, getFlows: async () => [], getCredentials: async () => ({}), getSettings: async () => ({}), saveSettings: async () => {} },
  signals: { subscribe: () => () => {}, act: async () => null },
  verify: () => null,
  logger: createLogger('routes', 'fatal'),
  credentialSecret: 'x'.repeat(32),
});
RED.init(new Server(), settings);
await RED.start();

/** A concrete path for a pattern: parameters and groups become `x`. */
const example = (path: string | RegExp): string =>
  typeof path === 'string'
    ? path.replace(/:(\w+)(\(([^)|]+)[^)]*\))?/g, (_m, _n, _g, first: string | undefined) => first ?? 'x').replace(/\*/g, 'x')
    : { 'nodes/messages': '/nodes/messages' }[path.source] ??
      path.source.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\/', '/').replace(/\(\?:@\[\^\/\]\+\/\)\?/g, '').replace(/\(@\[\^\/\]\+\/\)\?/g, '').replace(/\(\?:\$\|\/\(\.\*\)\)/g, '/x').replace(/\[\^\/\]\+/g, 'x').replace(/\.[+*]/g, 'x').replace(/\/\?/g, '').replace(/[()]/g, '');

const walk = (app: App, prefix: string): void => {
  for (const { route } of app._router?.stack ?? []) {
    if (!route) continue;
    for (const method of Object.keys(route.methods)) console.log(JSON.stringify({ method: method === '_all' ? 'POST' : method.toUpperCase(), path: prefix + example(route.path) }));
  }
  for (const child of mounted.get(app) ?? []) walk(child.app, prefix + child.path);
};
walk(RED.httpAdmin as App, '');
process.exit(0);
