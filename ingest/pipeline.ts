/**
 * Storing: a batch of messages becomes readings, quarantine, rule states, sensor events, alarms and outbox rows in one
 * transaction. What it returns may be acknowledged and receipted; what it throws was not stored at all.
 */
import type pg from 'pg';
import type { RuleState } from '../domain/rules.ts';
import { evaluate, isSameState } from '../domain/rules.ts';
import type { Receipt, RefusedPoint } from '../domain/telemetry.ts';
import { gatewayOfTopic, judgePoints, judgeTime, parsePayload, placeInOrder, shortText, toRanges } from '../domain/telemetry.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../prisma/client.ts';
import type { BootRow, EpisodeEvent, GatewayUpdate, QuarantineRow, ReadingRow } from '../prisma/telemetry.ts';
import { claimMessages, endOfRun, episodeIdOf, insertQuarantine, insertReadings, loadNewest, loadRuleStates, lockBoots, recordEpisodeEvents, ruleKey, saveBoots, saveRuleStates } from '../prisma/telemetry.ts';
import type { Metrics } from './metrics.ts';
import type { RuleBook } from './rule-book.ts';

export interface Incoming {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
  /** Our clock, epoch ms. */
  receivedAt: number;
}

export interface GatewayReceipt {
  gatewayId: string;
  receipt: Receipt;
}

interface Identified {
  incoming: Incoming;
  gatewayId: string;
  tenantId: string;
  boot: string;
  seq: number;
  at: number;
  quality: 'GOOD' | 'CLOCK_SUSPECT';
  deviceAt: number;
  /** null where the message had no time that could be judged. */
  offsetMs: number | null;
  readings: { sensorId: string; value: number }[];
  refused: RefusedPoint[];
}

const judge = (incoming: Incoming, book: RuleBook): Identified | QuarantineRow => {
  const { topic, payload, receivedAt } = incoming;
  const named = gatewayOfTopic(topic);
  const whole = (reason: QuarantineRow['reason'], detail: QuarantineRow['detail'], tenantId: string | null): QuarantineRow =>
    ({ gatewayId: shortText(named ?? ''), tenantId, reason, detail, topic: shortText(topic), raw: payload, receivedAt });
  if (named === null) return whole('topic.invalid', {}, null);
  const gateway = book.gateways.get(named);
  if (!gateway) return whole('device.unknown', {}, null);
  const parsed = parsePayload(named, payload);
  if (!parsed.ok) {
    if (parsed.key === null) return whole(parsed.reason, parsed.detail, gateway.tenantId);
    return {
      incoming, gatewayId: named, tenantId: gateway.tenantId, ...parsed.key, at: receivedAt, quality: 'GOOD', deviceAt: receivedAt, offsetMs: null,
      readings: [], refused: [{ reason: parsed.reason, detail: parsed.detail }],
    };
  }
  const { message } = parsed;
  const { readings, refused } = judgePoints(gateway, message.points);
  const time = judgeTime(message, receivedAt, book.policy.clockSkewMs);
  return { incoming, gatewayId: named, tenantId: gateway.tenantId, boot: message.boot, seq: message.seq, ...time, deviceAt: message.at, readings, refused };
};

const bootKey = (gatewayId: string, boot: string): string => `${gatewayId}/${boot}`;

/** SQLSTATE classes that another try of the same input cannot mend: bad data, violated constraint. */
const isInputError = (error: unknown): boolean => /^2[23]/.test((error as { code?: string } | null)?.code ?? '');

export const createPipeline = (deps: { database: Database; book: () => RuleBook; metrics: Metrics; log: Logger }) => {
  const { database, metrics, log } = deps;

  const storeAll = async (batch: readonly Incoming[]): Promise<GatewayReceipt[]> => {
    const book = deps.book();
    const judged = batch.map((incoming) => judge(incoming, book));
    const identified = judged.filter((j): j is Identified => 'seq' in j);
    const quarantine = judged.filter((j): j is QuarantineRow => 'reason' in j);
    const counted = { fresh: 0, late: 0, suspect: 0 };
    const readings: ReadingRow[] = [];
    const events: EpisodeEvent[] = [];
    const started = performance.now();

    const boots = await database.pgTransaction({ scope: 'service' }, async (client) => {
      const boots = await takeIn(client, book, identified, { readings, events, quarantine, counted });
      await insertQuarantine(client, quarantine);
      return boots;
    });

    const committed = performance.now();
    metrics.commitSeconds.observe((committed - started) / 1000);
    metrics.batchSize.observe(batch.length);
    metrics.messages.inc(counted.fresh);
    metrics.duplicates.inc(identified.length - counted.fresh);
    metrics.readings.inc(readings.length);
    metrics.late.inc(counted.late);
    metrics.suspect.inc(counted.suspect);
    for (const row of quarantine) metrics.quarantined.inc({ reason: row.reason });
    for (const event of events) metrics.events.inc({ kind: event.kind });
    const now = Date.now();
    for (const { receivedAt } of batch) metrics.lagSeconds.observe((now - receivedAt) / 1000);
    return receiptsOf(identified, boots, now);
  };

  /**
   * Stores the batch. A message that the database refuses by its content is found by halving and put into quarantine, so
   * that it cannot hold up the others. Throws when the database is away.
   */
  const store = async (batch: readonly Incoming[]): Promise<GatewayReceipt[]> => {
    try {
      return await storeAll(batch);
    } catch (error) {
      if (!isInputError(error)) throw error;
      if (batch.length > 1) {
        const half = Math.ceil(batch.length / 2);
        return [...(await store(batch.slice(0, half))), ...(await store(batch.slice(half)))];
      }
      const { topic, payload, receivedAt } = batch[0]!;
      log.error({ err: error, topic }, 'the database refused a message, it goes to quarantine');
      const row: QuarantineRow = { gatewayId: shortText(gatewayOfTopic(topic) ?? ''), tenantId: null, reason: 'store.failed', detail: { code: (error as { code: string }).code }, topic: shortText(topic), raw: payload, receivedAt };
      await database.pgTransaction({ scope: 'service' }, (client) => insertQuarantine(client, [row]));
      metrics.quarantined.inc({ reason: 'store.failed' });
      return [];
    }
  };

  return { store };
};

export type Pipeline = ReturnType<typeof createPipeline>;

interface Collected {
  readings: ReadingRow[];
  events: EpisodeEvent[];
  quarantine: QuarantineRow[];
  counted: { fresh: number; late: number; suspect: number };
}

/** Everything of a transaction but quarantine. The gateways stay locked until the commit, and with them their sensors' rules. */
const takeIn = async (client: pg.ClientBase, book: RuleBook, messages: readonly Identified[], out: Collected): Promise<Map<string, BootRow>> => {
  if (messages.length === 0) return new Map();
  const named = new Map(messages.map((m) => [bootKey(m.gatewayId, m.boot), { gatewayId: m.gatewayId, tenantId: m.tenantId, boot: m.boot }]));
  const boots = new Map((await lockBoots(client, [...named.values()])).map((b) => [bootKey(b.gatewayId, b.boot), b]));
  const bootOf = (m: Identified): BootRow => boots.get(bootKey(m.gatewayId, m.boot))!;

  const claimed = await claimMessages(client, messages.map((m) => ({ bootId: bootOf(m).id, seq: m.seq, receivedAt: m.incoming.receivedAt })));
  const fresh: Identified[] = [];
  for (const m of messages) if (claimed.delete(`${bootOf(m).id}/${m.seq}`)) fresh.push(m);
  if (fresh.length === 0) return boots;
  out.counted.fresh = fresh.length;

  const sensorIds = [...new Set(fresh.flatMap((m) => m.readings.map((r) => r.sensorId)))];
  const newest = await loadNewest(client, sensorIds);
  const states = await loadRuleStates(client, sensorIds.flatMap((id) => book.rules.get(id) ?? []));
  const before = new Map<string, RuleState>([...states].map(([key, row]) => [key, row.state]));
  const maxBefore = new Map([...boots].map(([key, b]) => [key, b.maxSeq]));
  const updates = new Map<string, GatewayUpdate>();

  for (const m of fresh) {
    const boot = bootOf(m);
    const newerBySeq = boot.current && m.seq > boot.maxSeq;
    if (m.quality === 'CLOCK_SUSPECT') out.counted.suspect++;
    for (const { reason, detail } of m.refused) {
      out.quarantine.push({ gatewayId: m.gatewayId, tenantId: m.tenantId, reason, detail: { ...detail, boot: m.boot, seq: m.seq }, topic: m.incoming.topic, raw: m.incoming.payload, receivedAt: m.incoming.receivedAt });
    }
    for (const { sensorId, value } of m.readings) {
      const placed = placeInOrder(m.at, newest.get(sensorId) ?? null, newerBySeq, book.policy.clockSkewMs);
      const { retain } = m.incoming;
      if (placed.late) out.counted.late++;
      out.readings.push({
        tenantId: m.tenantId, sensorId, at: placed.at, value, quality: m.quality, late: placed.late, retained: retain, deviceAt: m.deviceAt,
        receivedAt: m.incoming.receivedAt, bootId: boot.id, seq: m.seq,
      });
      if (placed.late || retain) continue;
      newest.set(sensorId, placed.at);
      for (const rule of book.rules.get(sensorId) ?? []) {
        const row = states.get(ruleKey(rule))!;
        const { state, event } = evaluate(rule.spec, row.state, { at: placed.at, value });
        row.state = state;
        if (!event) continue;
        const episodeId: string = event.kind === 'raised' ? episodeIdOf(rule, event.at, state.episodes) : row.episodeId!;
        row.episodeId = event.kind === 'raised' ? episodeId : null;
        out.events.push({ kind: event.kind, rule, episodeId, value, at: event.at });
      }
    }
    boot.maxSeq = Math.max(boot.maxSeq, m.seq);
    updates.set(boot.id, { gatewayId: m.gatewayId, bootId: boot.id, contiguous: boot.contiguous, maxSeq: boot.maxSeq, current: boot.current, lastSeen: m.incoming.receivedAt, offsetMs: m.offsetMs, clockSuspect: m.quality === 'CLOCK_SUSPECT' });
  }

  await insertReadings(client, out.readings);
  await saveRuleStates(client, [...states].filter(([key, row]) => !isSameState(row.rule.spec, before.get(key)!, row.state)).map(([, row]) => row));
  await recordEpisodeEvents(client, out.events);

  const seqs = new Map<string, Set<number>>();
  for (const m of fresh) seqs.set(bootKey(m.gatewayId, m.boot), (seqs.get(bootKey(m.gatewayId, m.boot)) ?? new Set()).add(m.seq));
  for (const [key, added] of seqs) {
    const boot = boots.get(key)!;
    const start = boot.contiguous;
    while (added.has(boot.contiguous + 1)) boot.contiguous++;
    // Numbers beyond a gap that is now closed were stored earlier.
    if (boot.contiguous > start && maxBefore.get(key)! > start) boot.contiguous = await endOfRun(client, boot.id, boot.contiguous);
    updates.get(boot.id)!.contiguous = boot.contiguous;
  }
  await saveBoots(client, [...updates.values()]);
  return boots;
};

const receiptsOf = (messages: readonly Identified[], boots: Map<string, BootRow>, now: number): GatewayReceipt[] => {
  const groups = new Map<string, Identified[]>();
  for (const m of messages) {
    const group = groups.get(bootKey(m.gatewayId, m.boot));
    if (group) group.push(m);
    else groups.set(bootKey(m.gatewayId, m.boot), [m]);
  }
  return [...groups].map(([key, group]) => {
    const { gatewayId, boot, contiguous } = boots.get(key)!;
    return {
      gatewayId,
      receipt: {
        boot, seq: contiguous < 0 ? null : contiguous, stored: toRanges(group.map((m) => m.seq)),
        quarantined: [...new Set(group.filter((m) => m.refused.length > 0).map((m) => m.seq))], at: new Date(now).toISOString(),
      },
    };
  });
};
