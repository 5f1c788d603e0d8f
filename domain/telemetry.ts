/**
 * What a gateway's message says and what of it can be believed. Pure: bytes and the registry in, readings and refused
 * points out. Nothing is converted or repaired: what is not exactly a value goes to quarantine with its reason.
 */
import { nestsDeeperThan } from './json-depth.ts';

/** Longest payload that is read, in bytes. */
export const PAYLOAD_LIMIT = 64 * 1024;
/** Deepest nesting of objects and arrays; the payload needs 3. */
export const DEPTH_LIMIT = 8;
export const POINTS_LIMIT = 1_000;
export const BOOT_LIMIT = 64;
/** Raw inputs kept per day, gateway and reason; beyond it they are counted only. */
export const QUARANTINE_KEPT_PER_DAY = 1_000;
/** Last instant that a message may carry (end of the year 9999). */
const LAST_INSTANT = 253_402_300_799_999;

export const QUARANTINE_REASONS = {
  'payload.too_large': { zh: '消息超过 64 KB', en: 'The message is larger than 64 KB' },
  'payload.not_utf8': { zh: '不是有效的 UTF-8', en: 'Not valid UTF-8' },
  'payload.too_deep': { zh: '嵌套过深', en: 'Nested too deeply' },
  'payload.not_json': { zh: '不是有效的 JSON', en: 'Not valid JSON' },
  'payload.invalid': { zh: '消息字段缺失或类型错误', en: 'A field of the message is missing or of the wrong type' },
  'topic.invalid': { zh: '主题格式错误', en: 'The topic has not the stated form' },
  'device.unknown': { zh: '未登记的网关', en: 'The gateway is not registered' },
  'device.mismatch': { zh: '设备与主题不一致', en: 'The device is not that of the topic' },
  'time.invalid': { zh: '时间无效', en: 'The time is not valid' },
  'point.invalid': { zh: '测点格式错误', en: 'The point has not the stated form' },
  'point.unknown': { zh: '未登记的测点', en: 'The point is not registered' },
  'point.repeated': { zh: '同一消息中测点重复', en: 'The point is in the message twice' },
  'value.not_number': { zh: '数值不是数字', en: 'The value is not a number' },
  'value.not_finite': { zh: '数值不是有限数', en: 'The value is not finite' },
  'unit.mismatch': { zh: '单位与登记不符', en: 'The unit is not the registered one' },
  'store.failed': { zh: '数据库拒绝该消息', en: 'The database refused the message' },
} as const satisfies Record<string, { zh: string; en: string }>;
export type QuarantineReason = keyof typeof QUARANTINE_REASONS;

export interface GatewayEntry {
  gatewayId: string;
  tenantId: string;
  /** By the point's name. */
  points: ReadonlyMap<string, { sensorId: string; unit: string }>;
}

export interface Message {
  boot: string;
  seq: number;
  /** Gateway clock, epoch ms: when the values were measured. */
  at: number;
  /** Gateway clock when the message was sent; null where the message does not say. */
  sentAt: number | null;
  points: unknown[];
}

export interface Reading {
  sensorId: string;
  value: number;
}

/** Only what a person needs to find the cause; never the whole input. */
export type QuarantineDetail = Record<string, string | number | null>;

export interface RefusedPoint {
  reason: QuarantineReason;
  detail: QuarantineDetail;
}

export type Parsed =
  | { ok: true; message: Message }
  /** `key` where the message could be told apart all the same: it is receipted, so that the gateway need not send it for ever. */
  | { ok: false; reason: QuarantineReason; detail: QuarantineDetail; key: { boot: string; seq: number } | null };

const TOPIC = /^pw\/v1\/([^/+#]{1,64})\/readings$/;

/** The gateway id of a readings topic; null for any other topic. */
export const gatewayOfTopic = (topic: string): string | null => TOPIC.exec(topic)?.[1] ?? null;
export const readingsTopic = (gatewayId: string): string => `pw/v1/${gatewayId}/readings`;
export const receiptTopic = (gatewayId: string): string => `pw/v1/${gatewayId}/receipt`;

const ISO_INSTANT = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

const parseIso = (text: string): number => {
  const match = ISO_INSTANT.exec(text);
  // Date.parse would read 30 February as 2 March.
  return match && new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))).getUTCDate() === Number(match[3]) ? Date.parse(text) : NaN;
};

/** ISO 8601 with an offset, or epoch milliseconds; null for anything else and outside 1970-9999. */
export const parseInstant = (value: unknown): number | null => {
  const ms = typeof value === 'number' ? Math.trunc(value) : typeof value === 'string' ? parseIso(value) : NaN;
  return ms >= 0 && ms <= LAST_INSTANT ? ms : null;
};

/** Text of unknown origin made safe to store and show: well formed, no control characters, short. */
export const shortText = (text: string): string => text.slice(0, 64).toWellFormed().replace(/[\u0000-\u001f\u007f]/g, '\ufffd');

const isBoot = (value: unknown): value is string => typeof value === 'string' && value.length >= 1 && value.length <= BOOT_LIMIT && shortText(value) === value;
const isSeq = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const describe = (value: unknown): string => (value === null ? 'null' : typeof value === 'string' ? `"${shortText(value)}"` : typeof value === 'object' ? (Array.isArray(value) ? 'array' : 'object') : String(value));

/** Reads a payload that came on a gateway's topic. */
export const parsePayload = (gatewayId: string, payload: Uint8Array): Parsed => {
  const no = (reason: QuarantineReason, detail: QuarantineDetail = {}, key: { boot: string; seq: number } | null = null): Parsed => ({ ok: false, reason, detail, key });
  if (payload.byteLength > PAYLOAD_LIMIT) return no('payload.too_large', { bytes: payload.byteLength });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(payload);
  } catch {
    return no('payload.not_utf8');
  }
  if (nestsDeeperThan(text, DEPTH_LIMIT)) return no('payload.too_deep');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return no('payload.not_json');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return no('payload.invalid', { field: 'payload' });
  const { boot, seq, at, sentAt, device, points } = body as Record<string, unknown>;
  if (device !== undefined && device !== gatewayId) return no('device.mismatch', { device: describe(device) });
  if (!isBoot(boot)) return no('payload.invalid', { field: 'boot' });
  if (!isSeq(seq)) return no('payload.invalid', { field: 'seq' });
  const key = { boot, seq };
  const measured = parseInstant(at);
  if (measured === null) return no('time.invalid', { field: 'at', at: describe(at) }, key);
  const sent = sentAt === undefined || sentAt === null ? null : parseInstant(sentAt);
  if (sentAt !== undefined && sentAt !== null && sent === null) return no('time.invalid', { field: 'sentAt', sentAt: describe(sentAt) }, key);
  if (!Array.isArray(points) || points.length === 0 || points.length > POINTS_LIMIT) return no('payload.invalid', { field: 'points' }, key);
  return { ok: true, message: { boot, seq, at: measured, sentAt: sent, points } };
};

/** Which points of a message are values of registered sensors in their registered unit. −0 is 0. */
export const judgePoints = (gateway: GatewayEntry, points: readonly unknown[]): { readings: Reading[]; refused: RefusedPoint[] } => {
  const readings: Reading[] = [];
  const refused: RefusedPoint[] = [];
  const seen = new Set<string>();
  for (const item of points) {
    const { point, value, unit } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
    const refuse = (reason: QuarantineReason, detail: QuarantineDetail = {}): void => {
      refused.push({ reason, detail: { point: describe(point), ...detail } });
    };
    if (typeof point !== 'string') refuse('point.invalid');
    else if (seen.has(point)) refuse('point.repeated');
    else {
      seen.add(point);
      const sensor = gateway.points.get(point);
      if (!sensor) refuse('point.unknown');
      else if (unit !== sensor.unit) refuse('unit.mismatch', { unit: unit === undefined ? null : describe(unit), registered: sensor.unit });
      else if (typeof value !== 'number') refuse('value.not_number', { value: value === undefined ? null : describe(value) });
      else if (!Number.isFinite(value)) refuse('value.not_finite', { value: String(value) });
      else readings.push({ sensorId: sensor.sensorId, value: value === 0 ? 0 : value });
    }
  }
  return { readings, refused };
};

export interface JudgedTime {
  /** Event time, epoch ms. */
  at: number;
  quality: 'GOOD' | 'CLOCK_SUSPECT';
  /** Gateway clock minus ours. */
  offsetMs: number;
}

/**
 * The gateway's clock is judged by `sentAt` (so that readings it kept while the line was down keep their own time), else by
 * `at`. Off by more than `skewMs`, or measured after it was sent: event time is the receive time.
 */
export const judgeTime = (message: Pick<Message, 'at' | 'sentAt'>, receivedAt: number, skewMs: number): JudgedTime => {
  const offsetMs = (message.sentAt ?? message.at) - receivedAt;
  const suspect = Math.abs(offsetMs) > skewMs || message.at - receivedAt > skewMs;
  return suspect ? { at: receivedAt, quality: 'CLOCK_SUSPECT', offsetMs } : { at: message.at, quality: 'GOOD', offsetMs };
};

/**
 * Where a reading stands against the newest known of its sensor. Rules see readings in order of event time; one that is
 * older than the newest is `late`: kept, never evaluated, so it can neither raise nor clear an episode of the past. A message
 * that is newer by sequence number but whose clock went back a little (within `skewMs`) is not late: it takes the time of
 * the newest.
 */
export const placeInOrder = (at: number, newestAt: number | null, newerBySeq: boolean, skewMs: number): { at: number; late: boolean } => {
  if (newestAt === null || at >= newestAt) return { at, late: false };
  return newerBySeq && newestAt - at <= skewMs ? { at: newestAt, late: false } : { at, late: true };
};

/** Inclusive ranges of ascending runs: [1,2,3,7] → [[1,3],[7,7]]. Order and repeats in the input do not matter. */
export const toRanges = (seqs: readonly number[]): [number, number][] => joinRanges(seqs.map((seq) => [seq, seq]));

const joinRanges = (parts: readonly (readonly [number, number])[]): [number, number][] => {
  const ranges: [number, number][] = [];
  for (const [from, to] of [...parts].sort(([a], [b]) => a - b)) {
    const last = ranges.at(-1);
    if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else ranges.push([from, to]);
  }
  return ranges;
};

/** What a gateway is told after the commit. */
export interface Receipt {
  boot: string;
  /** Every number from 0 to this one is dealt with; null while 0 is missing. */
  seq: number | null;
  /** Dealt with by the messages that this receipt answers, as inclusive ranges. */
  stored: [number, number][];
  /** Those of `stored` of which something went to quarantine. */
  quarantined: number[];
  /** ISO time of the receipt. */
  at: string;
}

/** Two receipts of one boot as one; the second is the newer. */
export const mergeReceipts = (before: Receipt, news: Receipt): Receipt => ({
  ...news,
  stored: joinRanges([...before.stored, ...news.stored]),
  quarantined: [...new Set([...before.quarantined, ...news.quarantined])],
});
