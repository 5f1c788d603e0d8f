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
import type { ActiveRule, BootRow, EpisodeEvent, GatewayNews, QuarantineRow, ReadingRow, RuleStateRow } from '../prisma/telemetry.ts';
import { endOfRun, episodeIdOf, insertQuarantine, loadBoots, loadKnownMessages, loadNewest, loadRuleStates, lockGateways, recordEpisodeEvents, ruleKey, saveRuleStates, writeTaken } from '../prisma/telemetry.ts';
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
  const known = new Map<string, KnownGateway>();

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
      const boots = await takeIn(client, book, known, identified, { readings, events, quarantine, counted });
      await insertQuarantine(client, quarantine);
      return boots;
    }).catch((error: unknown) => {
      // Whether it was committed or not: what we hold of these gateways may be wrong now.
      for (const m of identified) known.delete(m.gatewayId);
      throw error;
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

/**
 * What is known of a gateway, kept between batches. It may be used as long as the gateway's revision is the one that our last
 * transaction left; otherwise another process wrote and it is read anew.
 */
export interface KnownGateway {
  revision: string;
  boots: Map<string, BootRow>;
  /** Event time of the newest reading by sensor; null: none yet. */
  newest: Map<string, number | null>;
  /** By ruleKey. */
  states: Map<string, RuleStateRow>;
}

/** Boots remembered per gateway; more are read again when they come. */
const BOOTS_KEPT = 8;

/** Everything of a transaction but quarantine. The gateways stay locked until the commit, and with them their sensors' rules. */
const takeIn = async (client: pg.ClientBase, book: RuleBook, known: Map<string, KnownGateway>, messages: readonly Identified[], out: Collected): Promise<Map<string, BootRow>> => {
  if (messages.length === 0) return new Map();
  const locked = await lockGateways(client, new Map(messages.map((m) => [m.gatewayId, { tenantId: m.tenantId }])));
  for (const [gatewayId, { revision }] of locked) {
    const entry = known.get(gatewayId);
    if (entry?.revision !== revision || entry.boots.size > BOOTS_KEPT) known.set(gatewayId, { revision, boots: new Map(), newest: new Map(), states: new Map() });
  }
  const knownOf = (m: Identified): KnownGateway => known.get(m.gatewayId)!;
  const bootOf = (m: Identified): BootRow => knownOf(m).boots.get(m.boot)!;

  const missingBoots = new Map(messages.filter((m) => !knownOf(m).boots.has(m.boot)).map((m) => [bootKey(m.gatewayId, m.boot), m]));
  for (const row of await loadBoots(client, [...missingBoots.values()])) known.get(row.gatewayId)!.boots.set(row.boot, row);
  const boots = new Map(messages.map((m) => [bootKey(m.gatewayId, m.boot), bootOf(m)]));

  // Beyond the highest number of its boot a message is new for certain; the others are looked up.
  const stored = await loadKnownMessages(client, messages.filter((m) => m.seq <= bootOf(m).maxSeq).map((m) => ({ bootId: bootOf(m).id, seq: m.seq })));
  const fresh = messages.filter((m) => {
    const key = `${bootOf(m).id}/${m.seq}`;
    return !stored.has(key) && stored.add(key);
  });
  if (fresh.length === 0) return boots;
  out.counted.fresh = fresh.length;
  await completeKnown(client, book, known, fresh);

  const maxBefore = new Map([...boots].map(([key, b]) => [key, b.maxSeq]));
  const newestBoot = new Map([...locked].map(([gatewayId, { bootId }]) => [gatewayId, BigInt(bootId ?? 0)]));
  for (const b of boots.values()) if (BigInt(b.id) > newestBoot.get(b.gatewayId)!) newestBoot.set(b.gatewayId, BigInt(b.id));
  const touched = new Map<RuleStateRow, RuleState>();
  const news = new Map<string, GatewayNews>();

  for (const m of fresh) {
    const boot = bootOf(m);
    const { newest, states } = knownOf(m);
    const isCurrent = newestBoot.get(m.gatewayId) === BigInt(boot.id);
    const newerBySeq = isCurrent && m.seq > boot.maxSeq;
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
        if (!touched.has(row)) touched.set(row, row.state);
        row.state = state;
        if (!event) continue;
        const episodeId: string = event.kind === 'raised' ? episodeIdOf(rule, event.at, state.episodes) : row.episodeId!;
        row.episodeId = event.kind === 'raised' ? episodeId : null;
        out.events.push({ kind: event.kind, rule, episodeId, value, at: event.at });
      }
    }
    boot.maxSeq = Math.max(boot.maxSeq, m.seq);
    if (isCurrent || !news.has(m.gatewayId)) {
      news.set(m.gatewayId, { gatewayId: m.gatewayId, bootId: String(newestBoot.get(m.gatewayId)), lastSeen: m.incoming.receivedAt, offsetMs: m.offsetMs, clockSuspect: m.quality === 'CLOCK_SUSPECT' });
    }
  }

  const seqs = new Map<string, Set<number>>();
  for (const m of fresh) {
    const key = bootKey(m.gatewayId, m.boot);
    const added = seqs.get(key);
    if (added) added.add(m.seq);
    else seqs.set(key, new Set([m.seq]));
  }
  for (const [key, added] of seqs) {
    const boot = boots.get(key)!;
    for (let from = -2; from !== boot.contiguous; ) {
      from = boot.contiguous;
      while (added.has(boot.contiguous + 1)) boot.contiguous++;
      // Numbers beyond a gap that is now closed were stored earlier.
      if (boot.contiguous > from && maxBefore.get(key)! > boot.contiguous) boot.contiguous = await endOfRun(client, boot.id, boot.contiguous);
    }
  }

  const revisions = await writeTaken(client, {
    messages: fresh.map((m) => ({ bootId: bootOf(m).id, seq: m.seq, receivedAt: m.incoming.receivedAt })),
    readings: out.readings, boots: [...seqs.keys()].map((key) => boots.get(key)!), gateways: [...news.values()],
  });
  for (const [gatewayId, revision] of revisions) known.get(gatewayId)!.revision = revision;
  await saveRuleStates(client, [...touched].filter(([row, before]) => !isSameState(row.rule.spec, before, row.state)).map(([row]) => row));
  await recordEpisodeEvents(client, out.events);
  return boots;
};

/** Reads what is not known yet of the sensors and rules that these messages concern. */
const completeKnown = async (client: pg.ClientBase, book: RuleBook, known: Map<string, KnownGateway>, messages: readonly Identified[]): Promise<void> => {
  const sensors = new Map<string, KnownGateway>();
  const rules = new Map<string, { rule: ActiveRule; of: KnownGateway }>();
  for (const m of messages) {
    const of = known.get(m.gatewayId)!;
    for (const { sensorId } of m.readings) {
      if (!of.newest.has(sensorId)) sensors.set(sensorId, of);
      for (const rule of book.rules.get(sensorId) ?? []) if (!of.states.has(ruleKey(rule))) rules.set(ruleKey(rule), { rule, of });
    }
  }
  const newest = await loadNewest(client, [...sensors.keys()]);
  for (const [sensorId, of] of sensors) of.newest.set(sensorId, newest.get(sensorId) ?? null);
  for (const [key, row] of await loadRuleStates(client, [...rules.values()].map((r) => r.rule))) rules.get(key)!.of.states.set(key, row);
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
