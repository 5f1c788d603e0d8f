/** Figures for Prometheus. Paths are those of the description, so that no id becomes a label. */
import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ApiDeps } from './deps.ts';

export const createMetrics = (deps: Pick<ApiDeps, 'live' | 'database'>): { observe: RequestHandler; expose: RequestHandler } => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const seconds = new Histogram({
    name: 'parkwarden_http_request_duration_seconds', help: 'Time to answer a call', labelNames: ['method', 'route', 'status'] as const, buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20], registers: [registry],
  });
  new Gauge({ name: 'parkwarden_live_readers', help: 'Open streams of live events', registers: [registry], collect() { this.set(deps.live.readers()); } });
  new Gauge({ name: 'parkwarden_database_connections', help: 'Connections of the pool', labelNames: ['state'] as const, registers: [registry], collect() {
    const { pool } = deps.database;
    this.set({ state: 'open' }, pool.totalCount);
    this.set({ state: 'idle' }, pool.idleCount);
    this.set({ state: 'waiting' }, pool.waitingCount);
  } });
  return {
    observe: (req, res, next) => {
      const end = seconds.startTimer();
      res.on('close', () => {
        const route = (req.route as { path?: unknown } | undefined)?.path;
        // A stream of events is open for as long as somebody looks.
        if (route !== '/api/v1/events') end({ method: req.method, route: typeof route === 'string' ? route : 'other', status: String(res.statusCode) });
      });
      next();
    },
    expose: async (_req, res) => void res.type(registry.contentType).send(await registry.metrics()),
  };
};
