import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** What ingest counts; one registry per process (and per test). */
export const createMetrics = () => {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    messages: new Counter({ name: 'pw_ingest_messages_total', help: 'Messages taken in for the first time', registers }),
    duplicates: new Counter({ name: 'pw_ingest_duplicates_total', help: 'Messages that had been taken in before', registers }),
    readings: new Counter({ name: 'pw_ingest_readings_total', help: 'Readings stored', registers }),
    late: new Counter({ name: 'pw_ingest_late_readings_total', help: 'Readings stored that were older than the newest of their sensor', registers }),
    suspect: new Counter({ name: 'pw_ingest_clock_suspect_total', help: 'Messages whose clock was not believed', registers }),
    quarantined: new Counter({ name: 'pw_ingest_quarantined_total', help: 'Messages or points put into quarantine', labelNames: ['reason'], registers }),
    events: new Counter({ name: 'pw_ingest_sensor_events_total', help: 'Sensor events written', labelNames: ['kind'], registers }),
    floorCases: new Counter({ name: 'pw_ingest_floor_reports_total', help: 'Statutory events that the floor took up', registers }),
    storeErrors: new Counter({ name: 'pw_ingest_store_errors_total', help: 'Batches that could not be stored at first and were tried again', registers }),
    batchSize: new Histogram({ name: 'pw_ingest_batch_messages', help: 'Messages in a transaction', buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], registers }),
    commitSeconds: new Histogram({ name: 'pw_ingest_commit_seconds', help: 'From the start of a transaction to its commit', buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5], registers }),
    lagSeconds: new Histogram({ name: 'pw_ingest_lag_seconds', help: 'From the receipt of a message to its commit', buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30, 300], registers }),
    pending: new Gauge({ name: 'pw_ingest_pending_messages', help: 'Messages received and not stored yet', registers }),
    connected: new Gauge({ name: 'pw_ingest_broker_connected', help: '1 while connected to the broker and subscribed', registers }),
  };
};

export type Metrics = ReturnType<typeof createMetrics>;
