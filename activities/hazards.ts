/** The record of a case: everything that its workflow writes or asks. Each activity may be run again after any crash. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { EvidenceItem, HazardCase, HazardEffect, Step } from '../domain/hazard.ts';
import type { ParkPolicy } from '../domain/policy.ts';
import { rerouteReport as reroute } from '../prisma/intake.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { ActivityDeps } from './deps.ts';
import type { NoticeEffect } from './notices.ts';
import { issueHazardNotices } from './notices.ts';

export interface OpenHazardInput {
  hazardId: string;
  /** Epoch ms of the first report: the case is judged by the policy in force then. */
  reportedAt: number;
}

export interface OpenHazardResult {
  policy: ParkPolicy;
  /** The case as it stands on the record, where an earlier run of the workflow left it; null for a new one. */
  existing: HazardCase | null;
}

export interface RecordStepsInput {
  hazardId: string;
  tenantId: string;
  /** Decided one after the other: one act with all its consequences, ascending in seq. */
  steps: Step[];
}

export const createHazardActivities = ({ database, notices }: ActivityDeps) => ({
  openHazard: async ({ hazardId, reportedAt }: OpenHazardInput): Promise<OpenHazardResult> => {
    const { rows } = await database.pool.query<{ snapshot: HazardCase; reported_at: Date }>('SELECT snapshot, reported_at FROM hazard WHERE id = $1', [hazardId]);
    const existing = rows[0];
    return { policy: await loadPolicyAt(database.pool, existing?.reported_at.getTime() ?? reportedAt), existing: existing?.snapshot ?? null };
  },

  /**
   * Puts steps on the record in one transaction: transitions, projection, deadlines, supervision, evidence, notices with
   * their copies, and the live event. Every row has a key of its own, so a second run changes nothing.
   */
  recordSteps: async (input: RecordStepsInput): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, (client) => record(client, input, async (number) => {
      for (const { next, record: transition, effects } of input.steps) {
        const toIssue = effects.filter((e): e is NoticeEffect => e.kind === 'notice');
        if (toIssue.length > 0) await issueHazardNotices(client, { case: next, number, record: transition, notices: toIssue }, notices);
      }
    }));
  },

  /** Who answers for the rectification by rule: everybody who is a safety officer of the enterprise. */
  findResponsible: async ({ tenantId }: { tenantId: string }): Promise<string[]> => {
    const { rows } = await database.pool.query<{ person_id: string }>(
      `SELECT DISTINCT person_id FROM membership WHERE org_id = $1 AND role = 'enterprise_safety_officer' ORDER BY person_id`,
      [tenantId],
    );
    return rows.map((r) => r.person_id);
  },

  rerouteReport: async (input: { hazardId: string; reportId: string }): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, (client) => rerouteLateReport(client, input));
  },
});

/** A report that came after its case had closed opens a case of its own; one that is part of the case or was moved already stays where it is. */
export const rerouteLateReport = async (client: pg.ClientBase, { hazardId, reportId }: { hazardId: string; reportId: string }): Promise<void> => {
  const { rows } = await client.query(
    `SELECT FROM hazard_report r WHERE r.id = $1 AND r.hazard_id = $2 AND NOT EXISTS (SELECT FROM hazard h WHERE h.id = $2 AND h.snapshot->'reportIds' ? $1) FOR UPDATE`,
    [reportId, hazardId],
  );
  if (rows.length > 0) await reroute(client, reportId);
};

// ---- rows ----

type EffectOf<K extends HazardEffect['kind']> = Extract<HazardEffect, { kind: K }>;

/** A stable id in the form of a UUID, from a key. */
const idOf = (key: string): string => createHash('sha256').update(key).digest('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null | undefined): string | null => (at == null ? null : iso(at));

const transitionRows = ({ hazardId, steps }: RecordStepsInput) =>
  steps.map(({ record: r }) => ({
    id: idOf(`transition/${hazardId}/${r.seq}`), seq: r.seq, command_id: r.commandId, command: r.command, from_state: r.from, to_state: r.to,
    actor_id: r.actorId, actor_org_id: r.actorOrgId, actor_role: r.actorRole, server_at: iso(r.serverAt), client_at: isoOrNull(r.clientAt),
    clock_skew: r.clockSkew, reason: r.reason, payload: r.payload, dedupe_key: `${hazardId}/${r.seq}`,
  }));

const DEADLINE_EVENT = { met: 'met_at', breached: 'breached_at', withdrawn: 'withdrawn_at' } as const;

/** One row per deadline, whatever happened to it within these steps. */
const deadlineRows = ({ hazardId }: RecordStepsInput, effects: readonly EffectOf<'deadline'>[]) => {
  const rows = new Map<string, Record<string, unknown>>();
  for (const { op, deadline: d, at } of effects) {
    const id = idOf(`deadline/${hazardId}/${d.kind}/${d.level}/${d.startedAt}`);
    const row = rows.get(id) ?? { id, kind: d.kind, level: d.level, started_at: iso(d.startedAt), due_at: iso(d.dueAt), basis: d.basis };
    if (op !== 'start') row[DEADLINE_EVENT[op]] = iso(op === 'breached' ? d.dueAt : at);
    rows.set(id, row);
  }
  return [...rows.values()];
};

const supervisionRows = ({ hazardId }: RecordStepsInput, effects: readonly EffectOf<'supervision'>[]) => {
  const opened = new Map<number, Record<string, unknown>>();
  const closed: Record<string, unknown>[] = [];
  for (const e of effects) {
    if (e.op === 'open') opened.set(e.level, { id: idOf(`supervision/${hazardId}/${e.level}`), level: e.level, cause: e.cause, opened_at: iso(e.openedAt), due_at: iso(e.dueAt) });
    else {
      const close = { level: e.level, closed_at: iso(e.at), outcome: e.outcome };
      const row = opened.get(e.level);
      if (row) Object.assign(row, close);
      else closed.push(close);
    }
  }
  return { opened: [...opened.values()], closed };
};

const evidenceRows = ({ hazardId, steps }: RecordStepsInput) => {
  const superseded = new Set<string>();
  // Of two that claim to supersede the same file the first does; both stay on the record with their claim.
  const supersedes = (item: EvidenceItem): string | null => {
    if (!item.supersedes || superseded.has(item.supersedes)) return null;
    superseded.add(item.supersedes);
    return item.supersedes;
  };
  return steps.flatMap(({ record: r, effects }) =>
    effects
      .filter((e): e is EffectOf<'evidence'> => e.kind === 'evidence')
      .flatMap((e) => e.items.map((item) => ({ purpose: e.purpose, uploader_id: e.uploaderId, item })))
      .map(({ purpose, uploader_id, item }, index) => ({
        id: idOf(`evidence/${hazardId}/${r.seq}/${index}`), purpose, uploader_id, sha256: item.sha256 ?? null, media_type: item.mediaType ?? null,
        detail: { ...item.detail, ...(item.supersedes ? { supersedes: item.supersedes } : {}) }, captured_at: isoOrNull(item.capturedAt),
        recorded_at: iso(r.serverAt), supersedes_id: supersedes(item), dedupe_key: `${hazardId}/${r.seq}/${index}`,
      })),
  );
};

/** Everything of the steps but notices, in one statement; gives the number of the case. */
const RECORD = `
WITH c AS (SELECT * FROM jsonb_to_record($3) AS c(asset_id text, zone_id text, type text, grade text, title text, description text, state text, origin text, seq int, cycle int,
  reported_at timestamptz, due_at timestamptz, overdue boolean, supervision int, supervision_open boolean, rejections int, statutory boolean, needs_owner boolean,
  responsible_id text, closed_at timestamptz, event_id bigint, rule_id text, rule_version int, flow_version int, node_id text, point jsonb, updated_at timestamptz)),
h AS (
  INSERT INTO hazard AS h (id, tenant_id, number, asset_id, zone_id, type, grade, title, description, state, origin, seq, cycle, reported_at, due_at, overdue, supervision, supervision_open,
    rejections, statutory, needs_owner, responsible_id, snapshot, closed_at, event_id, rule_id, rule_version, flow_version, node_id, point, updated_at)
  SELECT $1, $2, CASE WHEN k.number IS NULL THEN
      'HZ-' || to_char(c.reported_at AT TIME ZONE coalesce((SELECT timezone FROM park LIMIT 1), 'Asia/Shanghai'), 'YYYY') || '-' || lpad(nextval('hazard_number_seq')::text, 6, '0')
    ELSE k.number END,
    c.asset_id, c.zone_id, c.type, c.grade, c.title, c.description, c.state, c.origin, c.seq, c.cycle, c.reported_at, c.due_at, c.overdue, c.supervision, c.supervision_open,
    c.rejections, c.statutory, c.needs_owner, c.responsible_id, $4, c.closed_at, c.event_id, c.rule_id, c.rule_version, c.flow_version, c.node_id, nullif(c.point, 'null'), c.updated_at
  FROM c LEFT JOIN hazard k ON k.id = $1
  ON CONFLICT (id) DO UPDATE SET type = excluded.type, grade = excluded.grade, state = excluded.state, seq = excluded.seq, cycle = excluded.cycle, due_at = excluded.due_at, overdue = excluded.overdue,
    supervision = excluded.supervision, supervision_open = excluded.supervision_open, rejections = excluded.rejections, statutory = excluded.statutory, needs_owner = excluded.needs_owner,
    responsible_id = excluded.responsible_id, snapshot = excluded.snapshot, closed_at = excluded.closed_at, event_id = excluded.event_id, rule_id = excluded.rule_id,
    rule_version = excluded.rule_version, flow_version = excluded.flow_version, node_id = excluded.node_id, updated_at = excluded.updated_at
  WHERE h.seq < excluded.seq
  RETURNING h.number),
t AS (
  INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, dedupe_key)
  SELECT id, $2, $1, seq, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, dedupe_key
  FROM jsonb_to_recordset($5) AS x(id text, seq int, command_id text, command text, from_state text, to_state text, actor_id text, actor_org_id text, actor_role text,
    server_at timestamptz, client_at timestamptz, clock_skew boolean, reason text, payload jsonb, dedupe_key text)
  ON CONFLICT (dedupe_key) DO NOTHING),
d AS (
  INSERT INTO deadline AS d (id, tenant_id, hazard_id, kind, level, started_at, due_at, met_at, breached_at, withdrawn_at, basis)
  SELECT id, $2, $1, kind, level, started_at, due_at, met_at, breached_at, withdrawn_at, basis
  FROM jsonb_to_recordset($6) AS x(id text, kind text, level int, started_at timestamptz, due_at timestamptz, met_at timestamptz, breached_at timestamptz, withdrawn_at timestamptz, basis text)
  ON CONFLICT (hazard_id, kind, level, started_at) DO UPDATE SET met_at = coalesce(d.met_at, excluded.met_at), breached_at = coalesce(d.breached_at, excluded.breached_at),
    withdrawn_at = coalesce(d.withdrawn_at, excluded.withdrawn_at)),
s AS (
  INSERT INTO supervision (id, tenant_id, hazard_id, level, cause, opened_at, due_at, closed_at, outcome)
  SELECT id, $2, $1, level, cause, opened_at, due_at, closed_at, outcome
  FROM jsonb_to_recordset($7) AS x(id text, level int, cause text, opened_at timestamptz, due_at timestamptz, closed_at timestamptz, outcome text)
  ON CONFLICT (hazard_id, level) DO NOTHING),
sc AS (
  UPDATE supervision s SET closed_at = x.closed_at, outcome = x.outcome
  FROM jsonb_to_recordset($8) AS x(level int, closed_at timestamptz, outcome text) WHERE s.hazard_id = $1 AND s.level = x.level AND s.closed_at IS NULL),
e AS (
  INSERT INTO evidence (id, tenant_id, hazard_id, purpose, sha256, media_type, detail, uploader_id, captured_at, recorded_at, supersedes_id, dedupe_key)
  SELECT id, $2, $1, purpose, sha256, media_type, detail, uploader_id, captured_at, recorded_at,
    (SELECT o.id FROM evidence o WHERE o.id = x.supersedes_id AND o.hazard_id = $1 AND NOT EXISTS (SELECT FROM evidence n WHERE n.supersedes_id = o.id)), dedupe_key
  FROM jsonb_to_recordset($9) AS x(id text, purpose text, sha256 text, media_type text, detail jsonb, uploader_id text, captured_at timestamptz, recorded_at timestamptz, supersedes_id text, dedupe_key text)
  ON CONFLICT (dedupe_key) DO NOTHING)
SELECT number FROM h UNION SELECT number FROM hazard WHERE id = $1`;

const record = async (client: pg.ClientBase, input: RecordStepsInput, issueNotices: (number: string) => Promise<void>): Promise<void> => {
  const { hazardId, tenantId, steps } = input;
  const last = steps.at(-1);
  if (!last) return;
  const c = last.next;
  const effects = steps.flatMap((s) => s.effects);
  const supervision = supervisionRows(input, effects.filter((e) => e.kind === 'supervision'));
  const projection = {
    asset_id: c.assetId, zone_id: c.zoneId, type: c.type, grade: c.grade, title: c.title, description: c.description, state: c.state, origin: c.origin, seq: c.seq, cycle: c.cycle,
    reported_at: iso(c.reportedAt), due_at: isoOrNull(c.dueAt), overdue: c.overdue, supervision: c.supervision, supervision_open: c.supervisionOpen, rejections: c.rejections,
    statutory: c.statutory, needs_owner: c.needsOwner, responsible_id: c.responsibleId, closed_at: isoOrNull(c.closedAt), event_id: c.event?.eventId ?? null,
    rule_id: c.event?.ruleId ?? null, rule_version: c.event?.ruleVersion ?? null, flow_version: c.event?.flowVersion ?? null, node_id: c.event?.nodeId ?? null, point: c.point,
    updated_at: iso(c.lastAt),
  };
  const { rows } = await client.query<{ number: string }>({
    name: 'record-steps',
    text: RECORD,
    values: [
      hazardId, tenantId, projection, c, transitionRows(input), deadlineRows(input, effects.filter((e) => e.kind === 'deadline')), supervision.opened, supervision.closed, evidenceRows(input),
    ].map((v) => (typeof v === 'string' ? v : JSON.stringify(v))),
  });
  await issueNotices(rows[0]!.number);
  await addToOutbox(client, [{ topic: 'event', key: `hazard/${hazardId}/${c.seq}`, tenantId, payload: { type: 'hazard.changed', id: hazardId, state: c.state } }]);
};

