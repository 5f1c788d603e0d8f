/**
 * The embedded broker: aedes with credentials and a permission per topic. It is transport only: what it holds is in memory,
 * and gateways keep their readings until the receipt (docs/interfaces/mqtt.md).
 */
import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { AuthenticateError, Client } from 'aedes';
import { Aedes } from 'aedes';
import { readingsTopic, receiptTopic } from '../../domain/telemetry.ts';
import type { Logger } from '../../platform/logger.ts';
import { gatewayPassword, MQTT_SERVICE_USER } from '../../platform/mqtt.ts';

/**
 * Largest packet. Above the 64 KB that ingest reads, so that a payload somewhat too large reaches quarantine; a larger one
 * is refused by its length, before it is buffered, and only its sender is disconnected.
 */
export const PACKET_LIMIT = 256 * 1024;
/** Messages kept for a client that is away; later ones are dropped and counted, since gateways send again without a receipt. */
const AWAY_QUEUE_LIMIT = 20_000;
const SESSION_LIMIT_S = 24 * 3_600;
const SESSIONS_LIMIT = 10_000;
/** A client that does not read for so long is disconnected, so that it cannot hold up the others. */
const SLOW_CLIENT_MS = 10_000;
const CLIENT_ID_LIMIT = 128;

export interface BrokerOptions {
  port: number;
  host?: string;
  servicePassword: string;
  gatewaySecret: string;
  log: Logger;
}

export interface Broker {
  port: number;
  /** Messages dropped since the start because their receiver was away for too many. */
  dropped(): number;
  close(): Promise<void>;
}

const REFUSED = { badCredentials: 4, notAuthorized: 5 } as const;

const equal = (a: Buffer, b: Buffer): boolean => a.byteLength === b.byteLength && timingSafeEqual(a, b);

export const startBroker = async (options: BrokerOptions): Promise<Broker> => {
  const { log } = options;
  const users = new WeakMap<Client, string>();
  /** Client id → user whose session it is: nobody takes over the session of another. */
  const owners = new Map<string, string>();
  let dropped = 0;

  const expectedPassword = (user: string): string => (user === MQTT_SERVICE_USER ? options.servicePassword : gatewayPassword(options.gatewaySecret, user));
  const isService = (client: Client | null): boolean => client === null || users.get(client) === MQTT_SERVICE_USER;

  const broker = await Aedes.createBroker({
    maximumPacketSize: PACKET_LIMIT,
    sessionExpiryIntervalLimit: SESSION_LIMIT_S,
    pendingSessionsLimit: SESSIONS_LIMIT,
    drainTimeout: SLOW_CLIENT_MS,
    connectTimeout: 10_000,
    concurrency: 1_000,
    authenticate: (client, username, password, done) => {
      const refuse = (returnCode: number, why: string): void => {
        log.warn({ user: username?.slice(0, 64), client: client.id.slice(0, 64) }, `connection denied: ${why}`);
        done(Object.assign(new Error(why), { returnCode }) as AuthenticateError, null);
      };
      if (!username || !password) return refuse(REFUSED.badCredentials, 'no credentials');
      if (!equal(Buffer.from(password), Buffer.from(expectedPassword(username)))) return refuse(REFUSED.badCredentials, 'wrong credentials');
      if (client.id.length > CLIENT_ID_LIMIT) return refuse(REFUSED.notAuthorized, 'client id too long');
      const owner = owners.get(client.id);
      if (owner !== undefined && owner !== username) return refuse(REFUSED.notAuthorized, 'client id belongs to another user');
      // The ids of our own processes, even while they are away.
      if (username !== MQTT_SERVICE_USER && client.id.startsWith('parkwarden')) return refuse(REFUSED.notAuthorized, 'client id is reserved');
      owners.set(client.id, username);
      users.set(client, username);
      done(null, true);
    },
    authorizePublish: (client, packet, done) => {
      if (isService(client) && !packet.topic.startsWith('$')) return done(null);
      const user = client === null ? null : users.get(client);
      if (user && packet.topic === readingsTopic(user)) return done(null);
      log.warn({ user, topic: packet.topic.slice(0, 256) }, 'publish denied');
      done(new Error('not authorized'));
    },
    authorizeSubscribe: (client, subscription, done) => {
      const user = users.get(client);
      if (user && (user === MQTT_SERVICE_USER || subscription.topic === receiptTopic(user))) return done(null, subscription);
      log.warn({ user, topic: subscription.topic.slice(0, 256) }, 'subscription denied');
      // No subscription: the client is told by SUBACK, the connection stays.
      done(null, null);
    },
  });

  limitQueues(broker, (count) => {
    dropped += count;
    if (dropped === count || dropped % 1_000 === 0) log.error({ dropped }, 'queue of an absent client is full: messages dropped, gateways will send them again');
  });
  broker.on('clientError', (client, error) => log.warn({ user: users.get(client), err: error.message }, 'client'));
  broker.on('connectionError', (_client, error) => log.warn({ err: error.message }, 'connection'));
  broker.on('clientDisconnect', (client) => { if (client.clean) owners.delete(client.id); });
  broker.on('sessionExpired', (client) => owners.delete(client.id));

  const server = createServer((socket) => {
    socket.setNoDelay(true);
    broker.handle(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });

  return {
    port: (server.address() as AddressInfo).port,
    dropped: () => dropped,
    close: () =>
      new Promise((resolve) => {
        server.close();
        broker.close(() => resolve());
      }),
  };
};

type Packet = { messageId?: number };
interface Queues {
  outgoingEnqueueCombi(subscriptions: { clientId: string }[], packet: Packet): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: Packet): Promise<Packet | undefined>;
}

/** Bounds what is kept for clients that are away; those connected are bounded by the speed at which they read. */
const limitQueues = (broker: Aedes, onDrop: (count: number) => void): void => {
  const { persistence, clients } = broker as unknown as { persistence: Queues; clients: Record<string, unknown> };
  const depth = new Map<string, number>();
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
    const kept = subscriptions.filter(({ clientId }) => (depth.get(clientId) ?? 0) < AWAY_QUEUE_LIMIT || clients[clientId] !== undefined);
    if (kept.length < subscriptions.length) onDrop(subscriptions.length - kept.length);
    for (const { clientId } of kept) depth.set(clientId, (depth.get(clientId) ?? 0) + 1);
    return enqueue(kept, packet);
  };
  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    if (cleared) depth.set(client.id, Math.max(0, (depth.get(client.id) ?? 0) - 1));
    return cleared;
  };
};
