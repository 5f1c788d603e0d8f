/**
 * The MQTT side: collects messages for a few milliseconds, has them stored, then acknowledges them. MQTT.js would send a
 * PUBACK per message before it reads the next one; here reading goes on and the PUBACKs of a batch follow its commit.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IClientOptions, MqttClient } from 'mqtt';
import mqtt from 'mqtt';
import { mergeReceipts, receiptTopic } from '../domain/telemetry.ts';
import type { Logger } from '../platform/logger.ts';
import type { Metrics } from './metrics.ts';
import type { GatewayReceipt, Incoming, Pipeline } from './pipeline.ts';

const BATCH_MESSAGES = 1_000;
/** How long the first message of a batch waits for others. */
const BATCH_WAIT_MS = 4;
/** Messages in flight that we ask the broker to keep to, and at which we stop reading. */
const PENDING_LIMIT = 4_000;
/** Receipts of one gateway are gathered for so long: under load one receipt answers many batches. */
const RECEIPT_EVERY_MS = 20;
/** The broker keeps our session, and what is queued for it, over an absence of so long. */
const SESSION_EXPIRY_S = 24 * 3_600;
const BACKOFF_MAX_MS = 5_000;

interface Pending extends Incoming {
  messageId: number | undefined;
  /** The connection it came on: a PUBACK belongs there and nowhere else. */
  stream: MqttClient['stream'];
}

export interface SubscriberOptions {
  url: string;
  connection: IClientOptions;
  clientId: string;
  shareGroup: string | undefined;
  pipeline: Pipeline;
  metrics: Metrics;
  log: Logger;
}

export interface Subscriber {
  /** Connected, subscribed and able to store. */
  status(): { ok: boolean; detail: string };
  /** Stores what it holds, then leaves; the session stays with the broker. */
  stop(): Promise<void>;
}

const NOT_YET = new Error('acknowledged after the commit');

/** PUBACK with success: the same four bytes in MQTT 3.1.1 and 5. */
const puback = (ids: readonly number[]): Buffer => {
  const bytes = Buffer.allocUnsafe(ids.length * 4);
  ids.forEach((id, i) => bytes.writeUInt32BE(0x4002_0000 + id, i * 4));
  return bytes;
};

export const subscribe = (options: SubscriberOptions): Subscriber => {
  const { pipeline, metrics, log } = options;
  const pending: Pending[] = [];
  let goOn: (() => void) | null = null;
  let subscribed = false;
  let storing: Promise<void> | null = null;
  let storeFailure: string | null = null;
  let stopping = false;
  const stopped = new AbortController();

  const client = mqtt.connect(options.url, {
    ...options.connection,
    clientId: options.clientId,
    clean: false,
    properties: { ...options.connection.properties, sessionExpiryInterval: SESSION_EXPIRY_S, receiveMaximum: PENDING_LIMIT },
  });

  // A receipt that gets lost is sent again when the gateway sends again.
  const gathered = new Map<string, GatewayReceipt>();
  let receiptTimer: NodeJS.Timeout | undefined;
  const sendReceipts = (): void => {
    clearTimeout(receiptTimer);
    receiptTimer = undefined;
    for (const { gatewayId, receipt } of gathered.values()) client.publish(receiptTopic(gatewayId), JSON.stringify(receipt), { qos: 1 }, () => {});
    gathered.clear();
  };
  const gather = (receipts: readonly GatewayReceipt[]): void => {
    for (const news of receipts) {
      const key = JSON.stringify([news.gatewayId, news.receipt.boot]);
      const before = gathered.get(key);
      gathered.set(key, before ? { gatewayId: news.gatewayId, receipt: mergeReceipts(before.receipt, news.receipt) } : news);
    }
    if (gathered.size > 0) receiptTimer ??= setTimeout(sendReceipts, RECEIPT_EVERY_MS);
  };

  const storeBatch = async (batch: readonly Pending[]): Promise<void> => {
    for (let attempt = 0; ; attempt++) {
      try {
        const receipts = await pipeline.store(batch);
        storeFailure = null;
        const ids = batch.flatMap((m) => (m.messageId !== undefined && m.stream === client.stream ? [m.messageId] : []));
        if (ids.length > 0 && client.connected) client.stream.write(puback(ids));
        gather(receipts);
        return;
      } catch (error) {
        storeFailure = (error as Error).message;
        metrics.storeErrors.inc();
        if (stopping) {
          log.warn({ messages: batch.length }, 'ended without having stored a batch: it was not acknowledged and will come again');
          return;
        }
        const wait = Math.min(BACKOFF_MAX_MS, 100 * 2 ** attempt);
        log.warn({ err: error, messages: batch.length, wait }, 'batch could not be stored, will try again');
        await sleep(wait, undefined, { signal: stopped.signal }).catch(() => {});
      }
    }
  };

  const drain = async (): Promise<void> => {
    if (pending.length < BATCH_MESSAGES) await sleep(BATCH_WAIT_MS);
    while (pending.length > 0) {
      await storeBatch(pending.splice(0, BATCH_MESSAGES));
      metrics.pending.set(pending.length);
      if (goOn && pending.length < PENDING_LIMIT) {
        goOn();
        goOn = null;
      }
    }
  };

  client.handleMessage = (packet, callback) => {
    pending.push({
      topic: packet.topic.toString(),
      payload: typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload,
      retain: packet.retain,
      receivedAt: Date.now(),
      messageId: packet.qos === 1 ? packet.messageId : undefined,
      stream: client.stream,
    });
    storing ??= drain().finally(() => { storing = null; });
    // An error here only means: no PUBACK now, read on.
    if (pending.length < PENDING_LIMIT) callback(NOT_YET);
    else goOn = () => callback(NOT_YET);
  };

  const topic = options.shareGroup === undefined ? 'pw/v1/+/readings' : `$share/${options.shareGroup}/pw/v1/+/readings`;
  client.on('connect', (connack) => {
    if (options.shareGroup !== undefined && connack.properties?.sharedSubscriptionAvailable === false) {
      log.error('MQTT_SHARE_GROUP is set, but the broker has no shared subscriptions: nothing is received');
      return;
    }
    log.info({ session: connack.sessionPresent }, 'connected to the broker');
    client.subscribe(topic, { qos: 1 }, (error, granted) => {
      const refused = error ?? (granted?.some((g) => g.qos >= 128) ? new Error('the broker refused the subscription') : null);
      if (refused) {
        log.error({ err: refused, topic }, 'cannot subscribe');
        client.reconnect();
        return;
      }
      subscribed = true;
      metrics.connected.set(1);
    });
  });
  client.on('close', () => {
    if (subscribed) log.warn('connection to the broker lost');
    subscribed = false;
    metrics.connected.set(0);
  });
  client.on('error', (error) => log.warn({ err: error }, 'broker'));

  return {
    status: () => {
      if (!subscribed) return { ok: false, detail: 'not subscribed at the broker' };
      return storeFailure === null ? { ok: true, detail: `${pending.length} messages pending` } : { ok: false, detail: `cannot store: ${storeFailure}` };
    },
    stop: async () => {
      stopping = true;
      stopped.abort();
      await storing;
      sendReceipts();
      await client.endAsync().catch(() => {});
    },
  };
};
