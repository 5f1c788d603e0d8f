/** SQL of telemetry: the registry as ingest reads it, the rules in force, and the statements of one storing transaction. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { RegisteredSensor, RuleSpec, RuleState } from '../domain/rules.ts';
import { carryOver, INITIAL_STATE, isRuleSpec, levelOf, registryRules } from '../domain/rules.ts';
import type { GatewayEntry, QuarantineDetail, QuarantineReason } from '../domain/telemetry.ts';
import { PAYLOAD_LIMIT, QUARANTINE_KEPT_PER_DAY } from '../domain/telemetry.ts';
import type { OutboxMessage } from './outbox.ts';
import { addToOutbox } from './outbox.ts';

export interface ActiveRule {
  ruleId: string;
  version: number;
  flowVersion: number | null;
  nodeId: string | null;
  spec: RuleSpec;
}

/** Days for which partitions exist ahead of now. */
const PARTITION_DAYS_AHEAD = 7;

export const ensurePartitions = async (client: pg.ClientBase | pg.Pool): Promise<void> => {
  await client.query('SELECT telemetry.ensure_partitions($1)', [PARTITION_DAYS_AHEAD]);
};

interface SensorRow {
  id: string; tenant_id: string; asset_id: string; gateway_id: string; point: string; kind: string; unit: string; range_low: number | null; range_high: number | null;
  limit_ll: number | null; limit_l: number | null; limit_h: number | null; limit_hh: number | null; statutory: boolean;
}

export const loadRegistry = async (client: pg.ClientBase): Promise<{ gateways: Map<string, GatewayEntry>; sensors: RegisteredSensor[] }> => {
  const { rows: gatewayRows } = await client.query<{ id: string; tenant_id: string }>('SELECT id, tenant_id FROM gateway');
  const { rows } = await client.query<SensorRow>(
    'SELECT id, tenant_id, asset_id, gateway_id, point, kind, unit, range_low, range_high, limit_ll, limit_l, limit_h, limit_hh, statutory FROM sensor',
  );
  const points = new Map(gatewayRows.map((g) => [g.id, new Map<string, { sensorId: string; unit: string }>()]));
  for (const s of rows) points.get(s.gateway_id)?.set(s.point, { sensorId: s.id, unit: s.unit });
  return {
    gateways: new Map(gatewayRows.map((g) => [g.id, { gatewayId: g.id, tenantId: g.tenant_id, points: points.get(g.id) ?? new Map() }])),
    sensors: rows.map((s) => ({
      sensorId: s.id, assetId: s.asset_id, tenantId: s.tenant_id, kind: s.kind, unit: s.unit, rangeLow: s.range_low, rangeHigh: s.range_high, statutory: s.statutory,
      limits: { LL: s.limit_ll, L: s.limit_l, H: s.limit_h, HH: s.limit_hh },
    })),
  };
};

/**
 * Brings the registry's rules in line with the registered limits: a changed spec becomes a new version, a limit that is gone
 * ends its rule, an equal spec keeps its version. In the caller's transaction; safe with several ingest processes.
 */
export const syncRegistryRules = async (client: pg.ClientBase, sensors: readonly RegisteredSensor[]): Promise<void> => {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('registry-rules', 0))");
  const wanted = new Map(sensors.flatMap(registryRules).map((spec) => [spec.ruleId, { spec, sha256: createHash('sha256').update(JSON.stringify(spec)).digest('hex') }]));
  const { rows } = await client.query<{ rule_id: string; sha256: string }>("SELECT rule_id, sha256 FROM rule_version WHERE origin = 'registry' AND active_to IS NULL");
  const kept = new Set(rows.filter((r) => wanted.get(r.rule_id)?.sha256 === r.sha256).map((r) => r.rule_id));
  const ended = rows.filter((r) => !kept.has(r.rule_id)).map((r) => r.rule_id);
  const added = [...wanted].filter(([ruleId]) => !kept.has(ruleId)).map(([, rule]) => rule);
  if (ended.length > 0) await client.query("UPDATE rule_version SET active_to = now() WHERE origin = 'registry' AND active_to IS NULL AND rule_id = ANY ($1)", [ended]);
  if (added.length > 0) {
    await client.query(
      `INSERT INTO rule_version (rule_id, version, origin, spec, sha256)
       SELECT n.rule_id, 1 + coalesce((SELECT max(version) FROM rule_version v WHERE v.rule_id = n.rule_id), 0), 'registry', n.spec, n.sha256
       FROM unnest($1::text[], $2::jsonb[], $3::text[]) AS n (rule_id, spec, sha256)`,
      [added.map((r) => r.spec.ruleId), added.map((r) => JSON.stringify(r.spec)), added.map((r) => r.sha256)],
    );
  }
};

/** The rules in force by sensor, and the ids of stored rules that cannot be evaluated. */
export const loadActiveRules = async (client: pg.ClientBase): Promise<{ bySensor: Map<string, ActiveRule[]>; invalid: string[] }> => {
  const { rows } = await client.query<{ rule_id: string; version: number; flow_version: number | null; node_id: string | null; spec: unknown }>(
    'SELECT rule_id, version, flow_version, node_id, spec FROM rule_version WHERE active_to IS NULL ORDER BY rule_id, version',
  );
  const bySensor = new Map<string, ActiveRule[]>();
  const invalid: string[] = [];
  for (const r of rows) {
    if (!isRuleSpec(r.spec)) {
      invalid.push(r.rule_id);
      continue;
    }
    const rules = bySensor.get(r.spec.sensorId) ?? [];
    rules.push({ ruleId: r.rule_id, version: r.version, flowVersion: r.flow_version, nodeId: r.node_id, spec: r.spec });
    bySensor.set(r.spec.sensorId, rules);
  }
  return { bySensor, invalid };
};

/** An event of a rule as it goes on the record with its alarm. */
export interface EpisodeEvent {
  kind: 'raised' | 'cleared';
  rule: ActiveRule;
  episodeId: string;
  value: number;
  at: number;
}

/** One id per episode: of the rule, its version, the instant and the count of its episodes. */
export const episodeIdOf = (rule: Pick<ActiveRule, 'ruleId' | 'version'>, raisedAt: number, episode: number): string =>
  createHash('sha256').update(JSON.stringify([rule.ruleId, rule.version, raisedAt, episode])).digest('hex').slice(0, 32);

/** Sensor events, alarms and the outbox rows that tell of them, in the caller's transaction. */
export const recordEpisodeEvents = async (client: pg.ClientBase, events: readonly EpisodeEvent[]): Promise<void> => {
  if (events.length === 0) return;
  const { rows } = await client.query<{ id: string; episode_id: string; kind: string }>(
    `INSERT INTO sensor_event (tenant_id, sensor_id, asset_id, episode_id, rule_id, rule_version, flow_version, node_id, kind, level, value, limit_value, unit, at, statutory)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::int[], $8::text[], $9::text[], $10::text[], $11::float8[], $12::float8[], $13::text[], $14::timestamptz[], $15::bool[])
     RETURNING id, episode_id, kind`,
    [
      events.map((e) => e.rule.spec.tenantId), events.map((e) => e.rule.spec.sensorId), events.map((e) => e.rule.spec.assetId), events.map((e) => e.episodeId),
      events.map((e) => e.rule.ruleId), events.map((e) => e.rule.version), events.map((e) => e.rule.flowVersion), events.map((e) => e.rule.nodeId), events.map((e) => e.kind),
      events.map((e) => levelOf(e.rule.spec)), events.map((e) => e.value), events.map((e) => e.rule.spec.limit), events.map((e) => e.rule.spec.unit),
      events.map((e) => new Date(e.at)), events.map((e) => e.rule.spec.statutory),
    ],
  );
  const ids = new Map(rows.map((r) => [`${r.episode_id}/${r.kind}`, r.id]));

  const raised = events.filter((e) => e.kind === 'raised');
  if (raised.length > 0) {
    await client.query(
      `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
       SELECT n.id, n.tenant_id, n.sensor_id, n.asset_id, n.level, pw_alarm_state(NULL, NULL), n.rule_id, n.rule_version, n.raised_at, n.value, n.limit_value, n.unit, n.statutory
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::int[], $8::timestamptz[], $9::float8[], $10::float8[], $11::text[], $12::bool[])
         AS n (id, tenant_id, sensor_id, asset_id, level, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)`,
      [
        raised.map((e) => e.episodeId), raised.map((e) => e.rule.spec.tenantId), raised.map((e) => e.rule.spec.sensorId), raised.map((e) => e.rule.spec.assetId), raised.map((e) => levelOf(e.rule.spec)),
        raised.map((e) => e.rule.ruleId), raised.map((e) => e.rule.version), raised.map((e) => new Date(e.at)), raised.map((e) => e.value),
        raised.map((e) => e.rule.spec.limit), raised.map((e) => e.rule.spec.unit), raised.map((e) => e.rule.spec.statutory),
      ],
    );
  }
  const cleared = events.filter((e) => e.kind === 'cleared');
  const states = new Map<string, string>(raised.map((e) => [e.episodeId, 'unacknowledged']));
  if (cleared.length > 0) {
    const { rows: alarms } = await client.query<{ id: string; state: string }>(
      `UPDATE alarm a SET cleared_at = n.at, state = pw_alarm_state(n.at, a.acknowledged_at)
       FROM unnest($1::text[], $2::timestamptz[]) AS n (id, at) WHERE a.id = n.id RETURNING a.id, a.state`,
      [cleared.map((e) => e.episodeId), cleared.map((e) => new Date(e.at))],
    );
    for (const a of alarms) states.set(a.id, a.state);
  }

  const messages = events.flatMap((e): OutboxMessage[] => {
    const { tenantId } = e.rule.spec;
    return [
      {
        topic: 'workflow', key: `alarm/${e.episodeId}/${e.kind}`, tenantId,
        payload: { workflow: 'alarmHandling', input: { episodeId: e.episodeId, tenantId }, signal: { kind: e.kind, eventId: ids.get(`${e.episodeId}/${e.kind}`) ?? '', at: e.at } },
      },
      { topic: 'event', key: `alarm/${e.episodeId}/changed/${e.kind}`, tenantId, payload: { type: 'alarm.changed', id: e.episodeId, state: states.get(e.episodeId) } },
    ];
  });
  await addToOutbox(client, messages);
};

export interface RuleStateRow {
  rule: ActiveRule;
  state: RuleState;
  episodeId: string | null;
}

export const ruleKey = (rule: Pick<ActiveRule, 'ruleId' | 'version'>): string => `${rule.version}/${rule.ruleId}`;

/** States by `ruleKey`; a rule without a row has not seen a reading yet. */
export const loadRuleStates = async (client: pg.ClientBase, rules: readonly ActiveRule[]): Promise<Map<string, RuleStateRow>> => {
  const states = new Map<string, RuleStateRow>(rules.map((rule) => [ruleKey(rule), { rule, state: INITIAL_STATE, episodeId: null }]));
  if (rules.length === 0) return states;
  const { rows } = await client.query<{ rule_id: string; version: number; state: RuleState; episode_id: string | null }>(
    'SELECT s.rule_id, s.version, s.state, s.episode_id FROM unnest($1::text[], $2::int[]) AS k (rule_id, version) JOIN telemetry.rule_state s USING (rule_id, version)',
    [rules.map((r) => r.ruleId), rules.map((r) => r.version)],
  );
  for (const r of rows) {
    const known = states.get(ruleKey({ ruleId: r.rule_id, version: r.version }));
    if (known) Object.assign(known, { state: r.state, episodeId: r.episode_id });
  }
  return states;
};

export const saveRuleStates = async (client: pg.ClientBase, rows: readonly RuleStateRow[]): Promise<void> => {
  if (rows.length === 0) return;
  await client.query(
    `INSERT INTO telemetry.rule_state (rule_id, version, tenant_id, sensor_id, state, episode_id)
     SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[], $5::jsonb[], $6::text[])
     ON CONFLICT (rule_id, version) DO UPDATE SET state = excluded.state, episode_id = excluded.episode_id, updated_at = now()`,
    [
      rows.map((r) => r.rule.ruleId), rows.map((r) => r.rule.version), rows.map((r) => r.rule.spec.tenantId), rows.map((r) => r.rule.spec.sensorId),
      rows.map((r) => JSON.stringify(r.state)), rows.map((r) => r.episodeId),
    ],
  );
};

/**
 * Open episodes of rule versions that are no longer in force: they go on under the version that replaced them, and are
 * cleared where none did (the rule was withdrawn). Locks the gateways concerned, as storing does. Gives how many were moved.
 */
export const settleReplacedRules = async (client: pg.ClientBase, now: number): Promise<number> => {
  const { rows: gateways } = await client.query<{ gateway_id: string }>(
    `SELECT DISTINCT s.gateway_id FROM telemetry.rule_state r JOIN rule_version v USING (rule_id, version) JOIN sensor s ON s.id = r.sensor_id
     WHERE r.episode_id IS NOT NULL AND v.active_to IS NOT NULL`,
  );
  if (gateways.length === 0) return 0;
  await client.query('SELECT FROM telemetry.gateway_state WHERE gateway_id = ANY ($1) ORDER BY gateway_id FOR UPDATE', [gateways.map((g) => g.gateway_id)]);
  await client.query('UPDATE telemetry.gateway_state SET revision = revision + 1 WHERE gateway_id = ANY ($1)', [gateways.map((g) => g.gateway_id)]);
  const { rows } = await client.query<{ rule_id: string; version: number; state: RuleState; episode_id: string; spec: RuleSpec; flow_version: number | null; node_id: string | null; value: number | null }>(
    `SELECT r.rule_id, r.version, r.state, r.episode_id, v.spec, v.flow_version, v.node_id, l.value
     FROM telemetry.rule_state r JOIN rule_version v USING (rule_id, version) JOIN sensor s ON s.id = r.sensor_id LEFT JOIN telemetry.latest l ON l.sensor_id = r.sensor_id
     WHERE r.episode_id IS NOT NULL AND v.active_to IS NOT NULL AND s.gateway_id = ANY ($1) FOR UPDATE OF r`,
    [gateways.map((g) => g.gateway_id)],
  );
  const { bySensor } = await loadActiveRules(client);
  const active = new Map([...bySensor.values()].flat().map((rule) => [rule.ruleId, rule]));
  const moved: RuleStateRow[] = [];
  const cleared: EpisodeEvent[] = [];
  for (const r of rows) {
    const old: ActiveRule = { ruleId: r.rule_id, version: r.version, flowVersion: r.flow_version, nodeId: r.node_id, spec: r.spec };
    const successor = active.get(r.rule_id);
    const carried = successor && successor.spec.sensorId === old.spec.sensorId ? carryOver(old.spec, successor.spec, r.state) : null;
    if (successor && carried && carried.raisedAt !== null) moved.push({ rule: successor, state: carried, episodeId: r.episode_id });
    else cleared.push({ kind: 'cleared', rule: old, episodeId: r.episode_id, value: r.value ?? old.spec.limit, at: now });
    moved.push({ rule: old, state: { ...r.state, since: null, backSince: null, raisedAt: null }, episodeId: null });
  }
  // A successor that has an open episode of its own already keeps it; the old one is cleared instead.
  const own = await loadRuleStates(client, moved.filter((m) => m.episodeId !== null).map((m) => m.rule));
  const keep = moved.filter((m) => {
    const open = m.episodeId !== null ? own.get(ruleKey(m.rule))?.episodeId : null;
    if (open != null) cleared.push({ kind: 'cleared', rule: m.rule, episodeId: m.episodeId!, value: m.rule.spec.limit, at: now });
    return open == null;
  });
  await recordEpisodeEvents(client, cleared);
  await saveRuleStates(client, keep);
  return rows.length;
};

export interface BootRow {
  id: string;
  gatewayId: string;
  boot: string;
  contiguous: number;
  maxSeq: number;
}

export interface LockedGateway {
  /** Changes with every transaction that wrote anything of the gateway. */
  revision: string;
  /** Its newest boot. */
  bootId: string | null;
}

/** Locks the gateways until the end of the transaction, in order of their ids; new ones get their row. */
export const lockGateways = async (client: pg.ClientBase, gateways: ReadonlyMap<string, { tenantId: string }>): Promise<Map<string, LockedGateway>> => {
  const ids = [...gateways.keys()].sort();
  const lock = async () => (await client.query<{ gateway_id: string; revision: string; boot_id: string | null }>(
    'SELECT gateway_id, revision, boot_id FROM telemetry.gateway_state WHERE gateway_id = ANY ($1) ORDER BY gateway_id FOR UPDATE', [ids])).rows;
  let rows = await lock();
  if (rows.length < ids.length) {
    await client.query('INSERT INTO telemetry.gateway_state (gateway_id, tenant_id) SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1 ON CONFLICT DO NOTHING', [ids, ids.map((id) => gateways.get(id)!.tenantId)]);
    rows = await lock();
  }
  return new Map(rows.map((r) => [r.gateway_id, { revision: r.revision, bootId: r.boot_id }]));
};

/** Boots of locked gateways, created where they are new. */
export const loadBoots = async (client: pg.ClientBase, boots: readonly { gatewayId: string; tenantId: string; boot: string }[]): Promise<BootRow[]> => {
  if (boots.length === 0) return [];
  const args = [boots.map((b) => b.gatewayId), boots.map((b) => b.boot)];
  const read = async () => (await client.query<{ id: string; gateway_id: string; boot: string; contiguous: string; max_seq: string }>(
    'SELECT b.id, b.gateway_id, b.boot, b.contiguous, b.max_seq FROM unnest($1::text[], $2::text[]) AS k (gateway_id, boot) JOIN telemetry.boot b USING (gateway_id, boot)', args)).rows;
  let rows = await read();
  if (rows.length < boots.length) {
    await client.query(
      'INSERT INTO telemetry.boot (gateway_id, boot, tenant_id) SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) ON CONFLICT DO NOTHING',
      [...args, boots.map((b) => b.tenantId)],
    );
    rows = await read();
  }
  return rows.map((r) => ({ id: r.id, gatewayId: r.gateway_id, boot: r.boot, contiguous: Number(r.contiguous), maxSeq: Number(r.max_seq) }));
};

/** Which of these (boot, seq) are stored already, as `{bootId}/{seq}`. */
export const loadKnownMessages = async (client: pg.ClientBase, keys: readonly { bootId: string; seq: number }[]): Promise<Set<string>> => {
  if (keys.length === 0) return new Set();
  const { rows } = await client.query<{ boot_id: string; seq: string }>(
    'SELECT m.boot_id, m.seq FROM unnest($1::bigint[], $2::bigint[]) AS k (boot_id, seq) JOIN telemetry.message m USING (boot_id, seq)',
    [keys.map((k) => k.bootId), keys.map((k) => k.seq)],
  );
  return new Set(rows.map((r) => `${r.boot_id}/${r.seq}`));
};

/** Where the run of stored numbers ends that begins right after `from`; `from` itself where there is none. */
export const endOfRun = async (client: pg.ClientBase, bootId: string, from: number): Promise<number> => {
  const { rows } = await client.query<{ seq: string }>(
    `SELECT seq FROM (SELECT seq, lead(seq) OVER (ORDER BY seq) AS next FROM telemetry.message WHERE boot_id = $1 AND seq > $2) m
     WHERE next IS DISTINCT FROM seq + 1 AND EXISTS (SELECT FROM telemetry.message WHERE boot_id = $1 AND seq = $2 + 1) ORDER BY seq LIMIT 1`,
    [bootId, from],
  );
  return rows[0] ? Number(rows[0].seq) : from;
};

/** Event time of the newest reading by sensor; a sensor without one is missing. */
export const loadNewest = async (client: pg.ClientBase, sensorIds: readonly string[]): Promise<Map<string, number>> => {
  if (sensorIds.length === 0) return new Map();
  const { rows } = await client.query<{ sensor_id: string; at: Date }>('SELECT sensor_id, at FROM telemetry.latest WHERE sensor_id = ANY ($1)', [sensorIds]);
  return new Map(rows.map((r) => [r.sensor_id, r.at.getTime()]));
};

export interface ReadingRow {
  tenantId: string;
  sensorId: string;
  at: number;
  value: number;
  quality: string;
  late: boolean;
  retained: boolean;
  deviceAt: number;
  receivedAt: number;
  bootId: string;
  seq: number;
}

export interface GatewayNews {
  gatewayId: string;
  bootId: string;
  /** Epoch ms. */
  lastSeen: number;
  /** null: not known from this message. */
  offsetMs: number | null;
  clockSuspect: boolean;
}

export interface Taken {
  messages: readonly { bootId: string; seq: number; receivedAt: number }[];
  readings: readonly ReadingRow[];
  boots: readonly BootRow[];
  /** One per gateway. */
  gateways: readonly GatewayNews[];
}

/** An array literal of numbers, truth values and ids of ours, which need no quoting: several times faster than the driver's way. */
const plain = <T>(rows: readonly T[], pick: (row: T) => number | boolean | string | null): string => `{${rows.map((row) => pick(row) ?? 'NULL').join(',')}}`;

// One statement, since a round trip costs as much as a hundred rows. Times travel as epoch ms.
const WRITE = `
  WITH messages AS (
    INSERT INTO telemetry.message (boot_id, seq, received_at)
    SELECT boot_id, seq, to_timestamp(ms / 1000) FROM unnest($1::bigint[], $2::bigint[], $3::float8[]) AS n (boot_id, seq, ms)),
  readings AS (
    INSERT INTO telemetry.reading (tenant_id, sensor_id, at, value, quality, late, retained, device_at, received_at, boot_id, seq)
    SELECT tenant_id, sensor_id, to_timestamp(at / 1000), value, quality, late, retained, to_timestamp(device_at / 1000), to_timestamp(received_at / 1000), boot_id, seq
    FROM unnest($4::text[], $5::text[], $6::float8[], $7::float8[], $8::text[], $9::bool[], $10::bool[], $11::float8[], $12::float8[], $13::bigint[], $14::bigint[])
      AS n (tenant_id, sensor_id, at, value, quality, late, retained, device_at, received_at, boot_id, seq)),
  latest AS (
    INSERT INTO telemetry.latest (sensor_id, tenant_id, value, at, received_at, quality)
    SELECT sensor_id, tenant_id, value, to_timestamp(at / 1000), to_timestamp(received_at / 1000), quality
    FROM unnest($15::text[], $16::text[], $17::float8[], $18::float8[], $19::float8[], $20::text[]) AS n (sensor_id, tenant_id, value, at, received_at, quality)
    ON CONFLICT (sensor_id) DO UPDATE SET value = excluded.value, at = excluded.at, received_at = excluded.received_at, quality = excluded.quality WHERE excluded.at >= telemetry.latest.at),
  boots AS (
    UPDATE telemetry.boot b SET contiguous = n.contiguous, max_seq = n.max_seq
    FROM unnest($21::bigint[], $22::bigint[], $23::bigint[]) AS n (id, contiguous, max_seq) WHERE b.id = n.id)
  UPDATE telemetry.gateway_state g SET revision = g.revision + 1, boot_id = n.boot_id, last_seen = to_timestamp(n.last_seen / 1000),
    clock_offset_ms = coalesce(n.offset_ms, g.clock_offset_ms), clock_suspect = CASE WHEN n.offset_ms IS NULL THEN g.clock_suspect ELSE n.suspect END
  FROM unnest($24::text[], $25::bigint[], $26::float8[], $27::float8[], $28::bool[]) AS n (gateway_id, boot_id, last_seen, offset_ms, suspect)
  WHERE g.gateway_id = n.gateway_id RETURNING g.gateway_id, g.revision`;

/**
 * Writes what a batch brought; the gateways are locked. The newest reading of a sensor becomes its latest value; a retained
 * message is no news and does not. Gives the new revision of each gateway.
 */
export const writeTaken = async (client: pg.ClientBase, { messages, readings, boots, gateways }: Taken): Promise<Map<string, string>> => {
  const newest = new Map<string, ReadingRow>();
  for (const r of readings) if (!r.late && !r.retained) newest.set(r.sensorId, r);
  const latest = [...newest.values()];
  const { rows } = await client.query<{ gateway_id: string; revision: string }>(WRITE, [
    plain(messages, (m) => m.bootId), plain(messages, (m) => m.seq), plain(messages, (m) => m.receivedAt),
    readings.map((r) => r.tenantId), readings.map((r) => r.sensorId), plain(readings, (r) => r.at), plain(readings, (r) => r.value), readings.map((r) => r.quality),
    plain(readings, (r) => r.late), plain(readings, (r) => r.retained), plain(readings, (r) => r.deviceAt), plain(readings, (r) => r.receivedAt), plain(readings, (r) => r.bootId), plain(readings, (r) => r.seq),
    latest.map((r) => r.sensorId), latest.map((r) => r.tenantId), plain(latest, (r) => r.value), plain(latest, (r) => r.at), plain(latest, (r) => r.receivedAt), latest.map((r) => r.quality),
    plain(boots, (b) => b.id), plain(boots, (b) => b.contiguous), plain(boots, (b) => b.maxSeq),
    gateways.map((g) => g.gatewayId), plain(gateways, (g) => g.bootId), plain(gateways, (g) => g.lastSeen), plain(gateways, (g) => g.offsetMs), plain(gateways, (g) => g.clockSuspect),
  ]);
  return new Map(rows.map((r) => [r.gateway_id, r.revision]));
};

export interface QuarantineRow {
  gatewayId: string;
  tenantId: string | null;
  reason: QuarantineReason;
  detail: QuarantineDetail;
  topic: string;
  raw: Uint8Array;
  receivedAt: number;
}

/** Counts every row; keeps the bytes (up to the payload limit) of those that are new and within the day's number. */
export const insertQuarantine = async (client: pg.ClientBase, rows: readonly QuarantineRow[]): Promise<void> => {
  if (rows.length === 0) return;
  const groups = new Map<string, QuarantineRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([new Date(row.receivedAt).toISOString().slice(0, 10), row.gatewayId, row.reason]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  for (const [key, group] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [day, gatewayId, reason] = JSON.parse(key) as [string, string, string];
    const { rows: counts } = await client.query<{ count: string }>(
      `INSERT INTO telemetry.quarantine_count AS c (day, gateway_id, reason, tenant_id, count) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (day, gateway_id, reason) DO UPDATE SET count = c.count + excluded.count RETURNING count`,
      [day, gatewayId, reason, group[0]!.tenantId, group.length],
    );
    const before = Number(counts[0]!.count) - group.length;
    const kept = group.slice(0, Math.max(0, QUARANTINE_KEPT_PER_DAY - before));
    if (kept.length === 0) continue;
    await client.query(
      `INSERT INTO telemetry.quarantine (day, gateway_id, tenant_id, reason, detail, topic, raw, bytes, sha256, received_at)
       SELECT $1::date, $2, n.tenant_id, $3, n.detail, n.topic, n.raw, n.bytes, n.sha256, n.received_at
       FROM unnest($4::text[], $5::jsonb[], $6::text[], $7::bytea[], $8::int[], $9::text[], $10::timestamptz[]) AS n (tenant_id, detail, topic, raw, bytes, sha256, received_at)
       ON CONFLICT DO NOTHING`,
      [
        day, gatewayId, reason, kept.map((r) => r.tenantId), kept.map((r) => JSON.stringify(r.detail)), kept.map((r) => r.topic),
        kept.map((r) => Buffer.from(r.raw.subarray(0, PAYLOAD_LIMIT))), kept.map((r) => r.raw.byteLength), kept.map((r) => createHash('sha256').update(r.raw).digest('hex')),
        kept.map((r) => new Date(r.receivedAt)),
      ],
    );
  }
};
