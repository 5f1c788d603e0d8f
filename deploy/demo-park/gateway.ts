/**
 * A gateway as it should behave (docs/interfaces/mqtt.md): every message has a place in the sequence of this boot, is kept
 * until the application's receipt says that it is stored, and is sent again after a lost connection or a missing receipt.
 * What is kept lives in memory: a new process is a new boot.
 */
import { randomBytes } from 'node:crypto';
import mqtt from 'mqtt';
import type { IClientOptions, MqttClient } from 'mqtt';
import type { Receipt } from '../../domain/telemetry.ts';
import { readingsTopic, receiptTopic } from '../../domain/telemetry.ts';

export interface PointValue { point: string; value: number; unit: string }

/** Messages that one gateway keeps at most; beyond it the oldest are given up and counted. */
export const QUEUE_LIMIT = 20_000;
/** No receipt for so long although the line is up: send again. */
const RESEND_MS = 15_000;
const RECONNECT_MS = 1_000;
/** Messages on their way at once. */
const WINDOW = 100;

interface Kept { at: string; points: readonly PointValue[]; sentAtMs: number | null }

export interface GatewayOptions {
  url: string;
  /** User, password and TLS as for any client of the broker. */
  connection: IClientOptions;
  gatewayId: string;
  onReceipt?: (receipt: Receipt) => void;
  onError?: (error: Error) => void;
}

export class Gateway {
  readonly boot = randomBytes(8).toString('hex');
  private readonly options: GatewayOptions;
  private client: MqttClient | null = null;
  private reconnect: NodeJS.Timeout | undefined;
  private closed = false;
  private readonly kept = new Map<number, Kept>();
  private readonly timer: NodeJS.Timeout;
  private nextSeq = 0;
  private givenUp = 0;
  /** The line is up and receipts are heard: nothing new overtakes what waited. */
  private online = false;

  constructor(options: GatewayOptions) {
    this.options = options;
    this.connect();
    this.timer = setInterval(() => this.resend(RESEND_MS), 5_000);
  }

  /** Messages that nobody has receipted yet. */
  get waiting(): number { return this.kept.size; }
  /** Messages that were given up because the queue was full. */
  get lost(): number { return this.givenUp; }
  get connected(): boolean { return this.online; }

  /** Takes readings measured at one instant and gives their place in the sequence. */
  publish(points: readonly PointValue[], at: Date = new Date()): number {
    const seq = this.nextSeq++;
    this.kept.set(seq, { at: at.toISOString(), points, sentAtMs: null });
    if (this.kept.size > QUEUE_LIMIT) {
      this.kept.delete(this.kept.keys().next().value!);
      this.givenUp += 1;
    }
    if (this.kept.size <= WINDOW) this.send(seq);
    return seq;
  }

  /** Ends the connection; what is still kept is lost with the process. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.reconnect);
    const { client } = this;
    if (client) await new Promise<void>((resolve) => client.end(!client.connected, {}, () => resolve()));
  }

  /** Each connection has a client of its own: one that lived on would send what it kept itself, out of our order. */
  private connect(): void {
    const { gatewayId, url, connection, onError } = this.options;
    const client = mqtt.connect(url, { ...connection, clientId: `${gatewayId}-${this.boot}`, clean: true, reconnectPeriod: 0, queueQoSZero: false });
    this.client = client;
    client.on('connect', () => {
      client.subscribe(receiptTopic(gatewayId), { qos: 1 }, (error) => {
        if (error) onError?.(error);
        this.online = client.connected;
        this.resend(0);
      });
    });
    client.on('message', (topic, payload) => {
      if (topic === receiptTopic(gatewayId)) this.take(payload);
    });
    client.on('error', (error) => onError?.(error));
    client.once('close', () => {
      this.online = false;
      client.end(true);
      if (!this.closed) this.reconnect = setTimeout(() => this.connect(), RECONNECT_MS);
    });
  }

  private send(seq: number): void {
    const message = this.kept.get(seq);
    if (!message || !this.online) return;
    message.sentAtMs = performance.now();
    const body = { device: this.options.gatewayId, boot: this.boot, seq, at: message.at, sentAt: new Date().toISOString(), points: message.points };
    this.client?.publish(readingsTopic(this.options.gatewayId), JSON.stringify(body), { qos: 1 }, (error) => {
      if (error) message.sentAtMs = null;
    });
  }

  /** Of the oldest messages in the window, in order: sends those that were not sent within `olderThanMs`. */
  private resend(olderThanMs: number): void {
    const now = performance.now();
    let place = 0;
    for (const [seq, message] of this.kept) {
      if (place++ >= WINDOW) break;
      if (message.sentAtMs === null || now - message.sentAtMs >= olderThanMs) this.send(seq);
    }
  }

  private take(payload: Buffer): void {
    let receipt: Receipt;
    try {
      receipt = JSON.parse(payload.toString('utf8')) as Receipt;
    } catch (error) {
      this.options.onError?.(error as Error);
      return;
    }
    if (receipt.boot !== this.boot) return;
    for (const [from, to] of receipt.stored) for (let seq = from; seq <= to; seq++) this.kept.delete(seq);
    for (const seq of this.kept.keys()) {
      if (receipt.seq === null || seq > receipt.seq) break;
      this.kept.delete(seq);
    }
    // Room in the window: what waited goes out.
    this.resend(RESEND_MS);
    this.options.onReceipt?.(receipt);
  }
}
