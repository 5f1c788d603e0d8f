/**
 * 流程版本: deployed flows, the rules compiled from them, and who has read sensor events how far. A version is never edited;
 * a rollback is a new version with the old content. A refused flow leaves nothing behind.
 */
import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { FlowAsset, FlowNode, FlowRegistry, FlowSensor } from '../domain/flows.ts';
import { canonicalJson } from '../domain/canonical-json.ts';
import { ACTUATOR_KIND, admitFlows, FLOW_WATCH } from '../domain/flows.ts';
import type { Result } from '../domain/errors.ts';
import { ok, refuse } from '../domain/errors.ts';
import type { RuleSpec } from '../domain/rules.ts';
import type { Position } from './cursor.ts';
import { formatPosition, parsePosition, START } from './cursor.ts';

type Client = pg.ClientBase | pg.Pool;

export interface FlowDeployment {
  version: number;
  /** Rules in force from flows. */
  rules: number;
  sha256: string;
  /** The content was in force already: nothing was written. */
  unchanged: boolean;
}

export interface FlowVersionRow {
  version: number;
  authorId: string | null;
  createdAt: Date;
  note: string | null;
  rollbackOf: number | null;
  sha256: string;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What nodes may name, as the pickers show it and as admission checks it. */
export const loadFlowRegistry = async (client: Client): Promise<FlowRegistry> => {
  const { rows: zones } = await client.query<FlowRegistry['zones'][number]>('SELECT id, code, name_zh AS "nameZh", name_en AS "nameEn" FROM zone ORDER BY code');
  const { rows: enterprises } = await client.query<FlowRegistry['enterprises'][number]>(
    `SELECT id, name_zh AS "nameZh", name_en AS "nameEn" FROM organisation WHERE kind = 'enterprise' ORDER BY code`,
  );
  const { rows: assets } = await client.query<FlowAsset>(
    `SELECT id, tenant_id AS "tenantId", zone_id AS "zoneId", kind, code, name_zh AS "nameZh", name_en AS "nameEn" FROM asset ORDER BY code, id`,
  );
  const { rows: sensors } = await client.query<FlowSensor>(
    `SELECT s.id, s.tenant_id AS "tenantId", s.asset_id AS "assetId", a.zone_id AS "zoneId", s.kind, s.unit, s.name_zh AS "nameZh", s.name_en AS "nameEn",
       json_build_object('LL', s.limit_ll, 'L', s.limit_l, 'H', s.limit_h, 'HH', s.limit_hh) AS limits, s.statutory, s.interval_s AS "intervalS"
     FROM sensor s JOIN asset a ON a.id = s.asset_id ORDER BY s.id`,
  );
  return { zones, enterprises, assets, actuators: assets.filter((a) => a.kind === ACTUATOR_KIND), sensors };
};

/**
 * Deploys flows within the caller's transaction: the version, the rules it ends, changes or begins (ingest
 * hears of them on commit by the channel pw_rules), and the audit row. A refusal carries every fault in `detail.errors` and has written nothing. Content that is in force
 * already is not deployed twice, except as a rollback.
 */
export const deployFlows = async (
  client: pg.ClientBase,
  input: { flows: unknown; author: { personId: string } | null; note?: string; rollbackOf?: number },
): Promise<Result<FlowDeployment>> => {
  const registry = await loadFlowRegistry(client);
  const admitted = admitFlows(input.flows, jsonBytes(input.flows), registry);
  if (!admitted.ok) return admitted;
  const { flows, rules } = admitted.value;

  // One deploy at a time: versions are in the order in which they came into force.
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('flow/deploy', 0))");
  const hash = sha256(canonicalJson(flows));
  if (input.rollbackOf === undefined) {
    const current = await flowsInForce(client);
    if (current?.sha256 === hash) return ok({ version: current.version, rules: rules.length, sha256: hash, unchanged: true });
  }
  const { rows } = await client.query<{ version: number }>(
    'INSERT INTO flow_version (author_id, flows, sha256, note, rollback_of) VALUES ($1, $2, $3, $4, $5) RETURNING version',
    [input.author?.personId ?? null, JSON.stringify(flows), hash, input.note ?? null, input.rollbackOf ?? null],
  );
  const version = rows[0]!.version;
  const changed = await putRules(client, rules, version);
  await audit(client, {
    actorId: input.author?.personId ?? null,
    action: input.rollbackOf === undefined ? 'flow.deploy' : 'flow.rollback',
    object: `flow/${version}`,
    outcome: 'ok',
    detail: { sha256: hash, nodes: flows.length, rules: rules.length, ...changed, ...(input.rollbackOf === undefined ? {} : { rollbackOf: input.rollbackOf }) },
  });
  return ok({ version, rules: rules.length, sha256: hash, unchanged: false });
};

/** Puts an old version into force again, as a new version, checked against today's registry. */
export const rollbackFlows = async (client: pg.ClientBase, input: { version: number; author: { personId: string } | null; note?: string }): Promise<Result<FlowDeployment>> => {
  const { rows } = await client.query<{ flows: FlowNode[] }>('SELECT flows FROM flow_version WHERE version = $1', [input.version]);
  if (!rows[0]) return refuse('flow.version_unknown', { field: 'version' });
  return await deployFlows(client, { flows: rows[0].flows, author: input.author, rollbackOf: input.version, ...(input.note === undefined ? {} : { note: input.note }) });
};

const jsonBytes = (value: unknown): number => {
  try {
    return Buffer.byteLength(JSON.stringify(value) ?? '');
  } catch {
    // Nested beyond what can be written: larger than anything we admit.
    return Number.MAX_SAFE_INTEGER;
  }
};

const putRules = async (client: pg.ClientBase, rules: readonly RuleSpec[], flowVersion: number): Promise<{ begun: number; ended: number; kept: number }> => {
  const { rows: active } = await client.query<{ rule_id: string; version: number; sha256: string }>(
    `SELECT rule_id, version, sha256 FROM rule_version WHERE origin = 'flow' AND active_to IS NULL FOR UPDATE`,
  );
  const wanted = new Map(rules.map((spec) => [spec.ruleId, { spec, sha: sha256(canonicalJson(spec)) }]));
  const ended = active.filter((r) => wanted.get(r.rule_id)?.sha !== r.sha256);
  await client.query(
    `UPDATE rule_version v SET active_to = now() FROM unnest($1::text[], $2::int[]) AS e(rule_id, version) WHERE v.rule_id = e.rule_id AND v.version = e.version`,
    [ended.map((r) => r.rule_id), ended.map((r) => r.version)],
  );
  const kept = new Set(active.filter((r) => !ended.includes(r)).map((r) => r.rule_id));
  let begun = 0;
  for (const [ruleId, { spec, sha }] of wanted) {
    if (kept.has(ruleId)) continue;
    begun += 1;
    await client.query(
      `INSERT INTO rule_version (rule_id, version, origin, flow_version, node_id, spec, sha256)
       SELECT $1, coalesce(max(version), 0) + 1, 'flow', $2, $3, $4, $5 FROM rule_version WHERE rule_id = $1`,
      [ruleId, flowVersion, ruleId.split(':')[1], JSON.stringify(spec), sha],
    );
  }
  return { begun, ended: ended.length, kept: kept.size };
};

const IN_FORCE = `FROM flow_version v WHERE NOT EXISTS (SELECT FROM audit_event a WHERE a.action = 'flow.quarantined' AND a.object = 'flow/' || v.version) ORDER BY v.version DESC LIMIT 1`;

/** The newest version that is not in quarantine, or null where nothing was deployed yet. */
export const flowsInForce = async (client: Client): Promise<{ version: number; sha256: string; flows: FlowNode[] } | null> => {
  const { rows } = await client.query<{ version: number; sha256: string; flows: FlowNode[] }>(`SELECT v.version, v.sha256, v.flows ${IN_FORCE}`);
  return rows[0] ?? null;
};

export const flowVersionInForce = async (client: Client): Promise<number | null> => {
  const { rows } = await client.query<{ version: number }>(`SELECT v.version ${IN_FORCE}`);
  return rows[0]?.version ?? null;
};

/** Newest first; `before` is the version after which to go on. */
export const listFlowVersions = async (client: Client, limit: number, before?: number): Promise<FlowVersionRow[]> => {
  const { rows } = await client.query<FlowVersionRow>(
    `SELECT version, author_id AS "authorId", created_at AS "createdAt", note, rollback_of AS "rollbackOf", sha256 FROM flow_version
     WHERE $2::int IS NULL OR version < $2 ORDER BY version DESC LIMIT $1`,
    [limit, before ?? null],
  );
  return rows;
};

/** One version with its flows and the rules that were in force while it was the newest. */
export const getFlowVersion = async (
  client: Client,
  version: number,
): Promise<(FlowVersionRow & { flows: FlowNode[]; rules: { ruleId: string; version: number; spec: RuleSpec }[] }) | null> => {
  const { rows } = await client.query<FlowVersionRow & { flows: FlowNode[] }>(
    `SELECT version, author_id AS "authorId", created_at AS "createdAt", note, rollback_of AS "rollbackOf", sha256, flows FROM flow_version WHERE version = $1`,
    [version],
  );
  if (!rows[0]) return null;
  const { rows: rules } = await client.query<{ ruleId: string; version: number; spec: RuleSpec }>(
    `SELECT rule_id AS "ruleId", version, spec FROM rule_version
     WHERE origin = 'flow' AND active_from <= $1 AND (active_to IS NULL OR active_to > $1) ORDER BY rule_id`,
    [rows[0].createdAt],
  );
  return { ...rows[0], rules };
};

/** How far the consumer has come; START where it never read. */
export const readCursor = async (client: Client, consumer: string): Promise<Position> => {
  const { rows } = await client.query<{ position: string }>('SELECT position FROM event_cursor WHERE consumer = $1', [consumer]);
  return (rows[0] && parsePosition(rows[0].position)) ?? START;
};

/** Moves the consumer's cursor on; never back, whatever comes late. */
export const advanceCursor = async (client: Client, consumer: string, to: Position): Promise<void> => {
  await client.query(
    `INSERT INTO event_cursor AS c (consumer, position, updated_at) VALUES ($1, $2, now())
     ON CONFLICT (consumer) DO UPDATE SET position = excluded.position, updated_at = now()
     WHERE (split_part(c.position, '.', 1)::numeric, split_part(c.position, '.', 2)::numeric) < ($3::numeric, $4::numeric)`,
    [consumer, formatPosition(to), to.tx, to.id],
  );
};

/**
 * The flow process fell silent or out of memory while it ran this version. After so many within the window the version is
 * taken out of service, and the one before it is in force; where there is none, no flow runs. Rules stay in force unless
 * the version before has its own: a hanging editor process must not end an alarm.
 */
export const reportFlowFault = async (client: pg.ClientBase, version: number, reason: string): Promise<{ quarantined: boolean; inForce: number | null }> => {
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('flow/deploy', 0))");
  const object = `flow/${version}`;
  await audit(client, { actorId: null, action: 'flow.killed', object, outcome: 'failed', detail: { reason } });
  const { rows } = await client.query<{ kills: number }>(
    `SELECT count(*)::int AS kills FROM audit_event WHERE action = 'flow.killed' AND object = $1 AND at > now() - make_interval(secs => $2)`,
    [object, FLOW_WATCH.quarantineWithinMs / 1000],
  );
  const inForce = await flowVersionInForce(client);
  if (rows[0]!.kills < FLOW_WATCH.quarantineAfter || inForce !== version) return { quarantined: false, inForce };
  await audit(client, { actorId: null, action: 'flow.quarantined', object, outcome: 'ok', detail: { kills: rows[0]!.kills, reason } });
  const before = await flowsInForce(client);
  if (before) {
    const admitted = admitFlows(before.flows, jsonBytes(before.flows), await loadFlowRegistry(client));
    if (admitted.ok) await putRules(client, admitted.value.rules, before.version);
  }
  return { quarantined: true, inForce: before?.version ?? null };
};

export const audit = async (client: Client, row: { actorId: string | null; action: string; object: string; outcome: string; detail: Record<string, unknown> }): Promise<void> => {
  await client.query('INSERT INTO audit_event (id, actor_id, action, object, outcome, detail) VALUES ($1, $2, $3, $4, $5, $6)', [
    randomUUID(), row.actorId, row.action, row.object, row.outcome, JSON.stringify(row.detail),
  ]);
};
