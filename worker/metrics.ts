import { Counter, Histogram, Registry } from 'prom-client';
import type { DeliveredTopic, RelayEvents } from './relay.ts';

export const createMetrics = (): { registry: Registry; relay: RelayEvents } => {
  const registry = new Registry();
  const delivered = new Counter({ name: 'parkwarden_outbox_delivered_total', help: 'Outbox rows taken by their receiver', labelNames: ['topic'], registers: [registry] });
  const failed = new Counter({ name: 'parkwarden_outbox_failed_total', help: 'Attempts that a receiver did not take', labelNames: ['topic'], registers: [registry] });
  const waited = new Histogram({
    name: 'parkwarden_outbox_wait_seconds', help: 'From the commit of a row to its delivery', labelNames: ['topic'], buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 30, 300], registers: [registry],
  });
  return {
    registry,
    relay: {
      delivered: (topic: DeliveredTopic, waitedMs: number) => {
        delivered.inc({ topic });
        waited.observe({ topic }, Math.max(0, waitedMs) / 1000);
      },
      failed: (topic: DeliveredTopic) => failed.inc({ topic }),
    },
  };
};
