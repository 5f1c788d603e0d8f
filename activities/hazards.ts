/** The record of a case: everything that its workflow writes or asks. Each activity may be run again after any crash. */
import type pg from 'pg';
import type { Calendar } from '../domain/calendar.ts';
import type { EvidenceItem, HazardCase, HazardEffect, Step, TransitionRecord } from '../domain/hazard.ts';
import { caseOf } from '../domain/hazard.ts';
import { HAZARD_TYPES } from '../domain/hazard-types.ts';
import type { ParkPolicy } from '../domain/policy.ts';
import { idOf } from '../platform/hash.ts';
import { loadCalendar } from '../prisma/calendars.ts';
import { transitionHash } from '../prisma/chain.ts';
import { joinCase, openSuccessor, rerouteReport as reroute } from '../prisma/intake.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import { addTask } from '../prisma/tasks.ts';
import type { CaseMessage } from '../workflows/hazard-closure/messages.ts';
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
  calendar: Calendar;
  chainHead: string | null;
  /** Reports that are on its record already, the latest first; not more than a workflow remembers. */
  reportIds: string[];
}

export interface RecordStepsInput {
  hazardId: string;
  tenantId: string;
  /** Decided one after the other: one act with all its consequences, ascending in seq. */
  steps: Step[];
  /** Hash of the transition before them; absent or null: it is read from the record. */
  chainHead?: string | null;
}

export interface RecordStepsResult {
  /** Hash of the last of the steps. */
  chainHead: string;
}

const REMEMBERED_REPORTS = 1_000;

export const createHazardActivities = ({ database, notices }: Pick<ActivityDeps, 'database' | 'notices'>) => ({
  openHazard: async ({ hazardId, reportedAt }: OpenHazardInput): Promise<OpenHazardResult> => {
    const { rows } = await database.pool.query<{ snapshot: HazardCase; reported_at: Date; chain_head: string | null }>('SELECT snapshot, reported_at, chain_head FROM hazard WHERE id = $1', [hazardId]);
    const existing = rows[0];
    const { rows: reports } = existing
      ? await database.pool.query<{ id: string }>('SELECT id FROM hazard_report WHERE hazard_id = $1 AND recorded_seq IS NOT NULL ORDER BY received_at DESC LIMIT $2', [hazardId, REMEMBERED_REPORTS])
      : { rows: [] };
    return {
      policy: await loadPolicyAt(database.pool, existing?.reported_at.getTime() ?? reportedAt),
      existing: existing ? caseOf(existing.snapshot) : null,
      calendar: await loadCalendar(database.pool),
      chainHead: existing?.chain_head ?? null,
      reportIds: reports.map((r) => r.id),
    };
  },

  readCalendar: (): Promise<Calendar> => loadCalendar(database.pool),

  /**
   * Puts steps on the record in one transaction: transitions, projection, deadlines, supervision, evidence, notices with
   * their copies, and the live event. Every row has a key of its own, so a second run changes nothing.
   */
  recordSteps: (given: RecordStepsInput): Promise<RecordStepsResult> => {
    const input = { ...given, steps: given.steps.map(stepOf) };
    return database.pgTransaction({ scope: 'service' }, (client) => record(client, input, async (number) => {
      for (const { next, record: transition, effects } of input.steps) {
        const toIssue = effects.filter((e): e is NoticeEffect => e.kind === 'notice');
        if (toIssue.length > 0) await issueHazardNotices(client, { case: next, number, record: transition, notices: toIssue }, notices);
      }
    }));
  },

  /** For cases that began under the first version of their workflow: everybody who is a safety officer of the enterprise. */
  findResponsible: async ({ tenantId }: { tenantId: string }): Promise<string[]> => {
    const { rows } = await database.pool.query<{ person_id: string }>(
      `SELECT DISTINCT person_id FROM membership WHERE org_id = $1 AND role = 'enterprise_safety_officer' ORDER BY person_id`,
      [tenantId],
    );
    return rows.map((r) => r.person_id);
  },

  /** What one case tells another goes through the outbox: the other's workflow may have ended. */
  tellCase: async ({ from, hazardId, message }: { from: string; hazardId: string; message: CaseMessage }): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<{ tenant_id: string }>('SELECT tenant_id FROM hazard WHERE id = $1', [hazardId]);
      if (rows[0]) await sendToCase(client, rows[0].tenant_id, hazardId, message);
      else throw new Error(`case ${hazardId}, told by ${from}, is not on record`);
    });
  },

  rerouteReport: async (input: { hazardId: string; reportId: string }): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, (client) => rerouteLateReport(client, input));
  },
});

/**
 * A report that came after its case had closed joins the case that the closed one was merged into, while that is open, or
 * opens a case of its own; one that is part of the case or was moved already stays where it is.
 */
export const rerouteLateReport = async (client: pg.ClientBase, { hazardId, reportId }: { hazardId: string; reportId: string }): Promise<void> => {
  const { rows } = await client.query<{ target: string | null }>(
    `SELECT (SELECT t.id FROM hazard h JOIN hazard t ON t.id = h.merged_into AND t.tenant_id = h.tenant_id AND t.closed_at IS NULL WHERE h.id = $2) AS target
     FROM hazard_report r WHERE r.id = $1 AND r.hazard_id = $2 AND r.recorded_seq IS NULL FOR UPDATE`,
    [reportId, hazardId],
  );
  const late = rows[0];
  if (!late) return;
  if (late.target) await joinCase(client, reportId, late.target);
  else await reroute(client, reportId);
};

/** A step as today's version would give it: one of an earlier version may have been on its way when its worker was replaced. */
const stepOf = (given: Step): Step => {
  const next = caseOf(given.next);
  return { ...given, next, record: { ...given.record, cycle: given.record.cycle ?? next.cycle } };
};

const sendToCase = (client: pg.ClientBase, tenantId: string, hazardId: string, message: CaseMessage): Promise<void> =>
  addToOutbox(client, [{ topic: 'workflow', key: `hazard/${hazardId}/${message.messageId}`, tenantId, payload: { workflow: 'hazardClosure', input: { hazardId, tenantId }, message } }]);

// ---- rows ----

type EffectOf<K extends HazardEffect['kind']> = Extract<HazardEffect, { kind: K }>;

const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null | undefined): string | null => (at == null ? null : iso(at));

const transitionRows = ({ hazardId, steps }: RecordStepsInput, before: string | null) => {
  let prev = before;
  return steps.map(({ record: r }) => {
    const prev_hash = prev;
    const hash = (prev = transitionHash(hazardId, r, prev_hash));
    return { ...transitionRow(hazardId, r), prev_hash, hash };
  });
};

const transitionRow = (hazardId: string, r: TransitionRecord) => ({
    id: idOf(`transition/${hazardId}/${r.seq}`), seq: r.seq, command_id: r.commandId, command: r.command, from_state: r.from, to_state: r.to,
    actor_id: r.actorId, actor_org_id: r.actorOrgId, actor_role: r.actorRole, server_at: iso(r.serverAt), client_at: isoOrNull(r.clientAt),
    clock_skew: r.clockSkew, reason: r.reason, payload: r.payload, dedupe_key: `${hazardId}/${r.seq}`, cycle: r.cycle,
});

const DEADLINE_EVENT = { met: 'met_at', breached: 'breached_at', withdrawn: 'withdrawn_at' } as const;

const effectsOf = <K extends HazardEffect['kind']>(steps: readonly Step[], kind: K): { cycle: number; seq: number; effect: EffectOf<K> }[] =>
  steps.flatMap(({ record: r, effects }) => effects.filter((e): e is EffectOf<K> => e.kind === kind).map((effect) => ({ cycle: r.cycle, seq: r.seq, effect })));

/** The reports that a transition took in. */
const reportRows = ({ steps }: RecordStepsInput) =>
  steps.flatMap(({ record: r }) => {
    const { report, reports } = r.payload as { report?: { reportId: string }; reports?: { reportId: string }[] };
    return [...(report ? [report] : []), ...(reports ?? [])].map(({ reportId }) => ({ id: reportId, seq: r.seq }));
  });

/** One row per deadline, whatever happened to it within these steps. */
const deadlineRows = ({ hazardId, steps }: RecordStepsInput) => {
  const rows = new Map<string, Record<string, unknown>>();
  for (const { cycle, effect: { op, deadline: d, at } } of effectsOf(steps, 'deadline')) {
    const id = idOf(`deadline/${hazardId}/${d.kind}/${d.level}/${d.item === undefined ? '' : `${d.item}/`}${d.startedAt}`);
    const row = rows.get(id) ?? { id, kind: d.kind, level: d.level, item: d.item ?? '', cycle, started_at: iso(d.startedAt), due_at: iso(d.dueAt), basis: d.basis };
    if (op !== 'start') row[DEADLINE_EVENT[op]] = iso(op === 'breached' ? d.dueAt : at);
    rows.set(id, row);
  }
  return [...rows.values()];
};

const supervisionRows = ({ hazardId, steps }: RecordStepsInput) => {
  const opened = new Map<string, Record<string, unknown>>();
  const closed: Record<string, unknown>[] = [];
  for (const { cycle, effect: e } of effectsOf(steps, 'supervision')) {
    const key = `${cycle === 1 ? '' : `${cycle}.`}${e.level}`;
    if (e.op === 'open') opened.set(key, { id: idOf(`supervision/${hazardId}/${key}`), level: e.level, cycle, cause: e.cause, opened_at: iso(e.openedAt), due_at: iso(e.dueAt) });
    else {
      const close = { level: e.level, cycle, closed_at: iso(e.at), outcome: e.outcome };
      const row = opened.get(key);
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
        recorded_at: iso(r.serverAt), supersedes_id: supersedes(item), dedupe_key: `${hazardId}/${r.seq}/${index}`, cycle: r.cycle,
      })),
  );
};

/** Everything of the steps but notices, in one statement; gives the number of the case. */
const RECORD = `
WITH c AS (SELECT * FROM jsonb_to_record($3) AS c(asset_id text, zone_id text, type text, grade text, title text, description text, state text, origin text, seq int, cycle int,
  reported_at timestamptz, due_at timestamptz, overdue boolean, supervision int, supervision_open boolean, rejections int, statutory boolean, needs_owner boolean,
  responsible_id text, closed_at timestamptz, accepted_at timestamptz, listed boolean, paused boolean, extensions int, report_count int, merged_into text, predecessor_id text, successor_id text,
  look_back_at timestamptz, chain_head text, event_id bigint, rule_id text, rule_version int, flow_version int, node_id text, point jsonb, updated_at timestamptz)),
h AS (
  INSERT INTO hazard AS h (id, tenant_id, number, asset_id, zone_id, type, grade, title, description, state, origin, seq, cycle, reported_at, due_at, overdue, supervision, supervision_open,
    rejections, statutory, needs_owner, responsible_id, snapshot, closed_at, accepted_at, listed, paused, extensions, report_count, merged_into, predecessor_id, successor_id, look_back_at,
    chain_head, event_id, rule_id, rule_version, flow_version, node_id, point, updated_at)
  SELECT $1, $2, CASE WHEN k.number IS NULL THEN
      'HZ-' || to_char(c.reported_at AT TIME ZONE coalesce((SELECT timezone FROM park LIMIT 1), 'Asia/Shanghai'), 'YYYY') || '-' || lpad(nextval('hazard_number_seq')::text, 6, '0')
    ELSE k.number END,
    c.asset_id, c.zone_id, c.type, c.grade, c.title, c.description, c.state, c.origin, c.seq, c.cycle, c.reported_at, c.due_at, c.overdue, c.supervision, c.supervision_open,
    c.rejections, c.statutory, c.needs_owner, c.responsible_id, $4, c.closed_at, c.accepted_at, c.listed, c.paused, c.extensions, c.report_count, c.merged_into, c.predecessor_id, c.successor_id,
    c.look_back_at, c.chain_head, c.event_id, c.rule_id, c.rule_version, c.flow_version, c.node_id, nullif(c.point, 'null'), c.updated_at
  FROM c LEFT JOIN hazard k ON k.id = $1
  ON CONFLICT (id) DO UPDATE SET type = excluded.type, grade = excluded.grade, state = excluded.state, seq = excluded.seq, cycle = excluded.cycle, due_at = excluded.due_at, overdue = excluded.overdue,
    supervision = excluded.supervision, supervision_open = excluded.supervision_open, rejections = excluded.rejections, statutory = excluded.statutory, needs_owner = excluded.needs_owner,
    responsible_id = excluded.responsible_id, snapshot = excluded.snapshot, closed_at = excluded.closed_at, accepted_at = excluded.accepted_at, listed = excluded.listed, paused = excluded.paused,
    extensions = excluded.extensions, report_count = excluded.report_count, merged_into = excluded.merged_into, successor_id = excluded.successor_id, look_back_at = excluded.look_back_at,
    chain_head = excluded.chain_head, event_id = excluded.event_id, rule_id = excluded.rule_id,
    rule_version = excluded.rule_version, flow_version = excluded.flow_version, node_id = excluded.node_id, updated_at = excluded.updated_at
  WHERE h.seq < excluded.seq
  RETURNING h.number),
t AS (
  INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, dedupe_key, cycle, prev_hash, hash)
  SELECT id, $2, $1, seq, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, dedupe_key, cycle, prev_hash, hash
  FROM jsonb_to_recordset($5) AS x(id text, seq int, command_id text, command text, from_state text, to_state text, actor_id text, actor_org_id text, actor_role text,
    server_at timestamptz, client_at timestamptz, clock_skew boolean, reason text, payload jsonb, dedupe_key text, cycle int, prev_hash text, hash text)
  ON CONFLICT (dedupe_key) DO NOTHING),
d AS (
  INSERT INTO deadline AS d (id, tenant_id, hazard_id, kind, level, started_at, due_at, met_at, breached_at, withdrawn_at, basis, item, cycle)
  SELECT id, $2, $1, kind, level, started_at, due_at, met_at, breached_at, withdrawn_at, basis, item, cycle
  FROM jsonb_to_recordset($6) AS x(id text, kind text, level int, started_at timestamptz, due_at timestamptz, met_at timestamptz, breached_at timestamptz, withdrawn_at timestamptz, basis text, item text, cycle int)
  ON CONFLICT (hazard_id, kind, level, item, started_at) DO UPDATE SET met_at = coalesce(d.met_at, excluded.met_at), breached_at = coalesce(d.breached_at, excluded.breached_at),
    withdrawn_at = coalesce(d.withdrawn_at, excluded.withdrawn_at)),
s AS (
  INSERT INTO supervision (id, tenant_id, hazard_id, level, cause, opened_at, due_at, closed_at, outcome, cycle)
  SELECT id, $2, $1, level, cause, opened_at, due_at, closed_at, outcome, cycle
  FROM jsonb_to_recordset($7) AS x(id text, level int, cause text, opened_at timestamptz, due_at timestamptz, closed_at timestamptz, outcome text, cycle int)
  ON CONFLICT (hazard_id, cycle, level) DO NOTHING),
sc AS (
  UPDATE supervision s SET closed_at = x.closed_at, outcome = x.outcome
  FROM jsonb_to_recordset($8) AS x(level int, cycle int, closed_at timestamptz, outcome text) WHERE s.hazard_id = $1 AND s.cycle = x.cycle AND s.level = x.level AND s.closed_at IS NULL),
e AS (
  INSERT INTO evidence (id, tenant_id, hazard_id, purpose, sha256, media_type, detail, uploader_id, captured_at, recorded_at, supersedes_id, dedupe_key, cycle)
  SELECT id, $2, $1, purpose, sha256, media_type, detail, uploader_id, captured_at, recorded_at,
    (SELECT o.id FROM evidence o WHERE o.id = x.supersedes_id AND o.hazard_id = $1 AND NOT EXISTS (SELECT FROM evidence n WHERE n.supersedes_id = o.id)), dedupe_key, cycle
  FROM jsonb_to_recordset($9) AS x(id text, purpose text, sha256 text, media_type text, detail jsonb, uploader_id text, captured_at timestamptz, recorded_at timestamptz, supersedes_id text, dedupe_key text, cycle int)
  ON CONFLICT (dedupe_key) DO NOTHING),
r AS (
  UPDATE hazard_report r SET recorded_seq = x.seq FROM jsonb_to_recordset($10) AS x(id text, seq int) WHERE r.id = x.id AND r.hazard_id = $1 AND r.recorded_seq IS NULL),
g AS (
  DELETE FROM hazard_item i WHERE i.hazard_id = $1 AND i.cycle = (SELECT cycle FROM c) AND EXISTS (SELECT FROM h)
    AND i.item_id NOT IN (SELECT item_id FROM jsonb_to_recordset($11) AS x(item_id text))),
i AS (
  INSERT INTO hazard_item AS i (tenant_id, hazard_id, cycle, item_id, title, state, due_at, rejections)
  SELECT $2, $1, c.cycle, x.item_id, x.title, x.state, x.due_at, x.rejections
  FROM c, jsonb_to_recordset($11) AS x(item_id text, title text, state text, due_at timestamptz, rejections int) WHERE EXISTS (SELECT FROM h)
  ON CONFLICT (hazard_id, cycle, item_id) DO UPDATE SET state = excluded.state, due_at = excluded.due_at, rejections = excluded.rejections
  WHERE (i.state, i.due_at, i.rejections) IS DISTINCT FROM (excluded.state, excluded.due_at, excluded.rejections))
SELECT number FROM h UNION SELECT number FROM hazard WHERE id = $1`;

const headBefore = async (client: pg.ClientBase, hazardId: string, seq: number): Promise<string | null> => {
  if (seq <= 1) return null;
  const { rows } = await client.query<{ hash: string | null }>('SELECT hash FROM hazard_transition WHERE hazard_id = $1 AND seq = $2', [hazardId, seq - 1]);
  return rows[0]?.hash ?? null;
};

const record = async (client: pg.ClientBase, input: RecordStepsInput, issueNotices: (number: string) => Promise<void>): Promise<RecordStepsResult> => {
  const { hazardId, tenantId, steps } = input;
  const last = steps.at(-1);
  if (!last) throw new Error(`no steps of case ${hazardId}`);
  const c = last.next;
  const supervision = supervisionRows(input);
  const transitions = transitionRows(input, input.chainHead ?? (await headBefore(client, hazardId, steps[0]!.record.seq)));
  const chainHead = transitions.at(-1)!.hash;
  const lookBack = c.lookBacks.find((l) => l.state === 'pending' || l.state === 'due');
  const projection = {
    asset_id: c.assetId, zone_id: c.zoneId, type: c.type, grade: c.grade, title: c.title, description: c.description, state: c.state, origin: c.origin, seq: c.seq, cycle: c.cycle,
    reported_at: iso(c.reportedAt), due_at: isoOrNull(c.dueAt), overdue: c.overdue, supervision: c.supervision, supervision_open: c.supervisionOpen, rejections: c.rejections,
    statutory: c.statutory, needs_owner: c.needsOwner, responsible_id: c.responsibleId, closed_at: isoOrNull(c.closedAt), accepted_at: isoOrNull(c.acceptedAt), listed: c.listed !== null,
    paused: c.paused !== null, extensions: c.extensions, report_count: c.reportCount, merged_into: c.mergedInto, predecessor_id: c.predecessorId, successor_id: c.successorId,
    look_back_at: isoOrNull(lookBack?.dueAt), chain_head: chainHead, event_id: c.event?.eventId ?? null,
    rule_id: c.event?.ruleId ?? null, rule_version: c.event?.ruleVersion ?? null, flow_version: c.event?.flowVersion ?? null, node_id: c.event?.nodeId ?? null, point: c.point,
    updated_at: iso(c.lastAt),
  };
  const items = c.items.map((i) => ({ item_id: i.itemId, title: i.title, state: i.state, due_at: isoOrNull(i.dueAt), rejections: i.rejections }));
  const { rows } = await client.query<{ number: string }>({
    name: 'record-steps',
    text: RECORD,
    values: [
      hazardId, tenantId, projection, c, transitions, deadlineRows(input), supervision.opened, supervision.closed, evidenceRows(input), reportRows(input), items,
    ].map((v) => (typeof v === 'string' ? v : JSON.stringify(v))),
  });
  await issueNotices(rows[0]!.number);
  await passOn(client, input);
  await addToOutbox(client, [{ topic: 'event', key: `hazard/${hazardId}/${c.seq}`, tenantId, payload: { type: 'hazard.changed', id: hazardId, state: c.state } }]);
  return { chainHead };
};

/** What other cases and other enterprises get of these steps, in the same transaction. */
const passOn = async (client: pg.ClientBase, { hazardId, tenantId, steps }: RecordStepsInput): Promise<void> => {
  for (const { seq, effect } of effectsOf(steps, 'tellCase')) {
    await sendToCase(client, tenantId, effect.hazardId, { messageId: `${hazardId}/${seq}/${effect.message.name}`, ...effect.message });
  }
  for (const { effect } of effectsOf(steps, 'successor')) await openSuccessor(client, { from: hazardId, ...effect });
  for (const { cycle, seq, effect } of effectsOf(steps, 'classCheck')) {
    const closed = steps.find((s) => s.record.seq === seq)!.next;
    const { zh, en } = HAZARD_TYPES[closed.type];
    for (const enterpriseId of await enterprisesAlike(client, closed)) {
      await addTask(client, {
        tenantId: enterpriseId, kind: 'class_check', title: { zh: `排查同类隐患：${zh}`, en: `Check for the same class of hazard: ${en}` }, detail: { type: closed.type }, hazardId: null, assetId: null,
        ownerOrgId: enterpriseId, ownerPersonId: null, dueAt: effect.dueAt, dedupeKey: `class-check/${hazardId}/${cycle}/${enterpriseId}`,
      });
    }
  }
};

/**
 * Other enterprises with the same class of hazard (C-016): those that have an asset of the same kind, or, where the case has
 * no asset, a case of the same type of their own. One whose check for this type is not due yet is not asked again.
 */
const enterprisesAlike = async (client: pg.ClientBase, c: HazardCase): Promise<string[]> => {
  const { rows } = await client.query<{ id: string }>(
    `SELECT o.id FROM organisation o
     WHERE o.kind = 'enterprise' AND o.id <> $1
       AND CASE WHEN $2::text IS NULL THEN EXISTS (SELECT FROM hazard h WHERE h.tenant_id = o.id AND h.type = $3 AND h.state NOT IN ('dismissed', 'merged', 'redirected'))
         ELSE EXISTS (SELECT FROM asset a WHERE a.tenant_id = o.id AND a.kind = (SELECT kind FROM asset WHERE id = $2)) END
       AND NOT EXISTS (SELECT FROM task t WHERE t.owner_org_id = o.id AND t.kind = 'class_check' AND t.detail->>'type' = $3 AND t.due_at > $4)
     ORDER BY o.id`,
    [c.tenantId, c.assetId, c.type, new Date(c.lastAt)],
  );
  return rows.map((r) => r.id);
};
