/**
 * 通知书: who gets which notice, from what is on record, within the caller's transaction: the notice, its inbox delivery,
 * its deliveries over other channels in the outbox and the live event are written together or not at all.
 */
import { createHash, randomUUID } from 'node:crypto';
import type pg from 'pg';
import { alarmState } from '../domain/alarm.ts';
import type { Channel, ChannelPolicy, Lane } from '../domain/channels.ts';
import { laneOf, laneStep } from '../domain/channels.ts';
import type { Refusal } from '../domain/errors.ts';
import type { HazardCase, HazardEffect, TransitionRecord } from '../domain/hazard.ts';
import type { Language, Named, NoticeFacts, NoticeKind, NoticeRecipient } from '../domain/notices.ts';
import { isBlankText, NOTICE_FACTS } from '../domain/notices.ts';
import type { TaskRung } from '../domain/tasks.ts';
import type { OutboxMessage } from '../prisma/outbox.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import { addUndeliverableTask } from './undeliverable.ts';
import { renderNotice } from '../templates/render.ts';

/** What a step of a case gives of a notice, with what the kinds of notice about terms and look-backs need beyond it. */
export type NoticeEffect = Extract<HazardEffect, { kind: 'notice' }> & {
  previousDueAt?: number | null;
  decision?: NonNullable<NoticeFacts['decision']>;
  lookBack?: number;
};
type CaseOfNotice = HazardCase & {
  paused?: { until: number } | null;
  listed?: { level: string } | null;
  mergedInto?: string | null;
  successorId?: string | null;
};

export interface NoticeSettings {
  /** A mail server is configured: organisations with an address get the notice by mail as well. */
  smtpEnabled: boolean;
  /** The other channels that are configured; absent: none. */
  channels?: { robots: readonly string[]; sms: boolean; voice: boolean };
  /** Where people reach the portal; null: notices carry no link. */
  publicUrl: string | null;
}

/**
 * A notice cannot be made from the record. The transaction ends with it and the activity is tried again, so that the case
 * goes on as soon as the record is whole; until then it shows among the failing activities.
 */
export class NoticeRefused extends Error {
  override name = 'NoticeRefused';
  readonly refusal: Refusal;
  constructor(kind: string, refusal: Refusal) {
    super(`notice ${kind}: ${refusal.code} ${JSON.stringify(refusal.detail?.fields ?? refusal.field ?? '')}`);
    this.refusal = refusal;
  }
}

/**
 * Issues the notices of one transition. Call it after the transition's other rows are written (evidence, deadlines,
 * supervision): the facts are read from them. Called again for the same transition it issues nothing.
 *
 * Each organisation gets at most one addressed notice and one copy per kind; one that is several recipients gets one that
 * names them all.
 */
export const issueHazardNotices = async (
  client: pg.ClientBase,
  input: { case: CaseOfNotice; number: string; record: TransitionRecord; notices: readonly NoticeEffect[] },
  settings: NoticeSettings,
): Promise<void> => {
  const { case: hazard, record } = input;
  const kinds = new Set(input.notices.map((n) => n.notice));
  if (kinds.size === 0) return;
  const place = await readPlace(client, { tenantId: hazard.tenantId, assetId: hazard.assetId, zoneId: hazard.zoneId });
  const directory = await readDirectory(client, hazard.tenantId, hazard.reporterIds);
  const facts = await readHazardFacts(client, hazard, record);
  for (const kind of kinds) {
    const effects = input.notices.filter((n) => n.notice === kind);
    const effect = effects[0]!;
    await issue(client, settings, place, directory, {
      kind,
      tenantId: hazard.tenantId,
      hazardId: hazard.hazardId,
      alarmId: null,
      taskId: null,
      key: `${hazard.hazardId}/${record.seq}`,
      issuedAt: record.serverAt,
      addressed: effects.filter((e) => !e.isCopy).map((e) => e.to),
      copied: effects.filter((e) => e.isCopy).map((e) => e.to),
      facts: {
        ...facts,
        number: input.number,
        enterprise: place.enterprise,
        place: hazard.point && !hazard.assetId ? withPoint(place.path, hazard.point.coordinates) : place.path,
        paper: `${input.number}-${record.seq}`,
        path: `/hazards/${encodeURIComponent(hazard.hazardId)}`,
        deadline: effect.deadline ?? null,
        level: effect.level,
        cause: effect.cause ?? null,
        dueAt: effect.dueAt,
        missedDueAt: await missedDueAt(client, hazard, effect, record.serverAt),
        // A rejection is the reason of the supervision that it brings; a major hazard is reported for the reasons it was graded for.
        reason: kind === 'supervision' || kind === 'rejection' ? facts.reason : kind === 'major_report' && record.command !== 'triage' ? facts.gradeReason : orNull(record.reason),
        decision: effect.decision ?? null,
        previousDueAt: effect.previousDueAt ?? null,
        pausedUntil: hazard.paused?.until ?? null,
        cycle: hazard.cycle,
        act: record.command,
        otherNumber: kind === 'merged' || kind === 'returned' ? await numberAtSameTenant(client, hazard) : null,
        lookBack: effect.lookBack ?? null,
        lookBackOutcome: kind === 'look_back' ? (record.command !== 'lookBack' ? 'due' : record.payload.passed === true ? 'passed' : 'failed') : null,
        listing: hazard.listed?.level ?? null,
      },
    });
  }
};

/**
 * Issues the notices of an alarm at one rung of the ladder (0 = at once; also what a flow's `notify` asks for, so that
 * nobody is told the same twice). Called again it issues only to those who were not told at this rung.
 */
export const issueAlarmNotices = async (
  client: pg.ClientBase,
  input: { episodeId: string; recipients: readonly NoticeRecipient[]; rung: number },
  settings: NoticeSettings,
): Promise<void> => {
  if (input.recipients.length === 0) return;
  const { rows } = await client.query<AlarmRow>(
    `SELECT al.tenant_id, al.asset_id, al.level, al.value, al.limit_value, al.unit, al.raised_at, al.statutory, al.cleared_at, al.acknowledged_at, al.confirmed,
       s.name_zh, s.name_en, now() AS now
     FROM alarm al JOIN sensor s ON s.tenant_id = al.tenant_id AND s.id = al.sensor_id WHERE al.id = $1`,
    [input.episodeId],
  );
  const alarm = rows[0];
  if (!alarm) throw new Error(`alarm ${input.episodeId} is not on record`);
  const place = await readPlace(client, { tenantId: alarm.tenant_id, assetId: alarm.asset_id, zoneId: null });
  const directory = await readDirectory(client, alarm.tenant_id, []);
  const short = createHash('sha256').update(input.episodeId).digest('hex').slice(0, 8).toUpperCase();
  await issue(client, settings, place, directory, {
    kind: 'alarm',
    tenantId: alarm.tenant_id,
    hazardId: null,
    alarmId: input.episodeId,
    taskId: null,
    key: `alarm/${input.episodeId}/${input.rung}`,
    issuedAt: alarm.now.getTime(),
    addressed: input.recipients,
    copied: [],
    facts: {
      enterprise: place.enterprise,
      place: place.path,
      asset: place.asset,
      assetCode: place.assetCode,
      substance: place.substance,
      sensor: named(alarm.name_zh, alarm.name_en),
      alarmLevel: alarm.level,
      alarmState: alarmState({ clearedAt: alarm.cleared_at?.getTime() ?? null, acknowledgedAt: alarm.acknowledged_at?.getTime() ?? null }),
      judgement: alarm.confirmed === null ? null : alarm.confirmed ? 'real' : 'false',
      value: alarm.value,
      limit: alarm.limit_value,
      unit: alarm.unit,
      raisedAt: alarm.raised_at.getTime(),
      statutory: alarm.statutory,
      rung: input.rung,
      paper: `AL-${short}-${input.rung}`,
      path: '/overview',
    },
  });
};

export interface TaskNotice {
  taskId: string;
  phase: 'assigned' | 'overdue' | 'escalated';
  /** Rung of the task ladder; 0 = told when the task was made. */
  rung: number;
  recipients: readonly TaskRung['recipients'][number][];
  /** Epoch ms. */
  at: number;
}

/** Issues the notices of a task at one rung of its ladder. Called again it issues nothing. */
export const issueTaskNotices = async (client: pg.ClientBase, input: TaskNotice, settings: NoticeSettings): Promise<void> => {
  const { rows } = await client.query<TaskRow>(
    `SELECT t.tenant_id, t.kind, t.title_zh, t.title_en, t.detail->>'note' AS note, t.asset_id, t.detail->>'zoneId' AS zone_id, t.due_at, h.number,
       o.id AS owner_id, o.kind AS owner_kind, o.name_zh AS owner_zh, o.name_en AS owner_en, o.email, o.language, o.phone, o.robot,
       p.name_zh AS person_zh, p.name_en AS person_en, p.phone AS person_phone
     FROM task t JOIN organisation o ON o.id = t.owner_org_id LEFT JOIN person p ON p.id = t.owner_person_id
     LEFT JOIN hazard h ON h.tenant_id = t.tenant_id AND h.id = t.hazard_id WHERE t.id = $1`,
    [input.taskId],
  );
  const task = rows[0];
  if (!task) throw new Error(`task ${input.taskId} is not on record`);
  const place = await readPlace(client, { tenantId: task.tenant_id, assetId: task.asset_id, zoneId: task.zone_id });
  const owner: Organisation = {
    id: task.owner_id, kind: task.owner_kind, name: named(task.owner_zh, task.owner_en), email: orNull(task.email), language: task.language === 'en' ? 'en' : 'zh',
    // The person is reached before the duty phone of the organisation.
    phone: orNull(task.person_phone) ?? orNull(task.phone), robot: task.robot,
  };
  await issue(client, settings, place, { ...(await readDirectory(client, task.tenant_id, [])), owner: [owner] }, {
    kind: 'task',
    tenantId: task.tenant_id,
    hazardId: null,
    alarmId: null,
    taskId: input.taskId,
    key: `task/${input.taskId}/${input.rung}`,
    issuedAt: input.at,
    addressed: input.recipients,
    copied: [],
    facts: {
      enterprise: place.enterprise,
      place: place.path,
      number: task.number,
      taskKind: task.kind,
      taskTitle: named(task.title_zh, task.title_en),
      phase: input.phase,
      owner: owner.name,
      responsible: task.person_zh === null ? null : named(task.person_zh, task.person_en),
      dueAt: task.due_at.getTime(),
      note: orNull(task.note),
      rung: input.rung,
      paper: `TK-${createHash('sha256').update(input.taskId).digest('hex').slice(0, 8).toUpperCase()}-${input.rung}`,
      path: `/tasks/${encodeURIComponent(input.taskId)}`,
    },
  });
};

interface TaskRow {
  tenant_id: string; kind: string; title_zh: string; title_en: string; note: string | null; asset_id: string | null; zone_id: string | null; due_at: Date; number: string | null;
  owner_id: string; owner_kind: string; owner_zh: string; owner_en: string; email: string | null; language: string; phone: string | null; robot: string | null;
  person_zh: string | null; person_en: string | null; person_phone: string | null;
}

interface AlarmRow {
  tenant_id: string;
  asset_id: string;
  level: string;
  value: number;
  limit_value: number;
  unit: string;
  raised_at: Date;
  statutory: boolean;
  cleared_at: Date | null;
  acknowledged_at: Date | null;
  confirmed: boolean | null;
  name_zh: string;
  name_en: string;
  now: Date;
}

// ---- issuing ----

interface Issue {
  kind: NoticeKind;
  tenantId: string;
  hazardId: string | null;
  alarmId: string | null;
  taskId: string | null;
  /** One notice per key, kind, organisation and copy mark. */
  key: string;
  issuedAt: number;
  addressed: readonly NoticeRecipient[];
  copied: readonly NoticeRecipient[];
  facts: NoticeFacts;
}

interface Delivery {
  id: string;
  noticeId: string;
  orgId: string;
  channel: Channel;
  address: string;
  state: 'sent' | 'pending';
  sentAt: Date | null;
}

/** Where a channel reaches an organisation. 'unconfigured': the park has no such channel; null: the organisation has no address for it. */
export const addressOf = (org: Addresses, channel: Channel, settings: NoticeSettings): string | null | 'unconfigured' => {
  switch (channel) {
    case 'inbox':
      return org.id;
    case 'smtp':
      return settings.smtpEnabled ? org.email : 'unconfigured';
    case 'robot':
      return org.robot !== null && settings.channels?.robots.includes(org.robot) ? org.robot : 'unconfigured';
    case 'sms':
    case 'voice':
      return settings.channels?.[channel] ? org.phone : 'unconfigured';
  }
};

/** The message that has a delivery sent. */
export const deliveryMessage = (delivery: { id: string; channel: Channel }, tenantId: string, lane: Lane): OutboxMessage => ({
  topic: delivery.channel === 'smtp' ? 'smtp' : lane === 'red' ? 'urgent' : 'channel', key: `${delivery.channel === 'smtp' ? 'smtp' : 'channel'}/${delivery.id}`, tenantId, payload: { deliveryId: delivery.id },
});

/** The next step of a lane, from the one after `done`, that reaches this organisation over some channel; null: none will. */
export const nextStepFor = (policy: ChannelPolicy, lane: Lane, done: number, issuedAt: number, org: Addresses, settings: NoticeSettings): { step: number; at: number; channels: Channel[] } | null => {
  for (let step = done; ; step++) {
    const next = laneStep(policy, lane, step, issuedAt);
    if (!next) return null;
    const reached = next.channels.some((channel) => !['unconfigured', null].includes(addressOf(org, channel, settings)));
    if (reached) return { step, ...next };
  }
};

/** The inbox has it with the commit; mail goes through the outbox. A notice that is there already brings no delivery either. */
const INSERT = `WITH issued AS (
    INSERT INTO notice (id, tenant_id, hazard_id, alarm_id, task_id, kind, recipient_org_id, is_copy, language, subject, body_html, body_text, data, template_sha, issued_at, dedupe_key, lane, channel_step, channel_step_at)
    SELECT n.id, $1, $2, $3, $8, $4, n.org, n.copy, n.language, n.subject, n.html, n.text, n.data, n.sha, $5, n.key, n.lane, n.step, n."stepAt"
    FROM jsonb_to_recordset($6::jsonb) AS n(id text, org text, copy boolean, language text, subject text, html text, text text, data jsonb, sha text, key text, lane text, step int, "stepAt" timestamptz)
    ON CONFLICT (dedupe_key) DO NOTHING RETURNING id),
  delivered AS (
    INSERT INTO delivery (id, tenant_id, notice_id, org_id, channel, address, state, sent_at)
    SELECT d.id, $1, d."noticeId", d."orgId", d.channel, d.address, d.state, d."sentAt"
    FROM jsonb_to_recordset($7::jsonb) AS d(id text, "noticeId" text, "orgId" text, channel text, address text, state text, "sentAt" timestamptz)
    JOIN issued ON issued.id = d."noticeId")
  SELECT id FROM issued`;

const issue = async (client: pg.ClientBase, settings: NoticeSettings, place: Place, directory: Directory, what: Issue): Promise<void> => {
  const addressed = resolveRecipients(directory, what.addressed);
  const copied = resolveRecipients(directory, what.copied);
  const addressees = addressed.map((r) => r.org.name);
  // What the park tells its own offices is issued by the park.
  const isInternal = addressed.every((r) => r.org.kind === 'park_department');
  const office = isInternal ? place.park : (directory.emergency_office[0]?.name ?? place.park);
  const { channels: policy } = await loadPolicyAt(client, what.issuedAt);

  const notices = [];
  const deliveries: Delivery[] = [];
  const orgOf = new Map<string, Organisation>();
  const laneOfNotice = new Map<string, Lane>();
  const unreachable: { org: Organisation; channel: Channel }[] = [];
  for (const [recipients, isCopy] of [[addressed, false], [copied, true]] as const) {
    for (const { org, roles } of recipients) {
      const all: NoticeFacts = {
        ...what.facts,
        park: place.park,
        office,
        recipient: org.name,
        roles,
        isCopy,
        addressees: addressees.length > 0 ? addressees : [org.name],
        copies: copied.length > 0 ? copied.map((r) => r.org.name) : null,
        issuedAt: what.issuedAt,
        timezone: place.timezone,
      };
      const facts = Object.fromEntries(NOTICE_FACTS[what.kind].map((name) => [name, all[name] ?? null])) as NoticeFacts;
      const rendered = renderNotice(what.kind, org.language, facts, settings);
      if (!rendered.ok) throw new NoticeRefused(what.kind, rendered.refusal);
      const { subject, html, text, paper, templateSha } = rendered.value;
      const id = randomUUID();
      orgOf.set(id, org);
      const lane = laneOf(what.kind, facts);
      // A copy is for information: it calls nobody but where lives may be at stake.
      const steps = isCopy && lane !== 'red' ? 'plain' : lane;
      laneOfNotice.set(id, steps);
      const following = nextStepFor(policy, steps, 1, what.issuedAt, org, settings);
      notices.push({
        id, org: org.id, copy: isCopy, language: org.language, subject, html, text, data: { facts, paper }, sha: templateSha,
        key: `${what.key}/${what.kind}/${org.id}${isCopy ? '/copy' : ''}`, lane: steps, step: following?.step ?? 1, stepAt: following ? new Date(following.at) : null,
      });
      for (const channel of laneStep(policy, steps, 0, what.issuedAt)?.channels ?? []) {
        const address = addressOf(org, channel, settings);
        if (address === null && steps !== 'plain' && channel !== 'smtp') unreachable.push({ org, channel });
        if (address === null || address === 'unconfigured') continue;
        deliveries.push({ id: randomUUID(), noticeId: id, orgId: org.id, channel, address, state: channel === 'inbox' ? 'sent' : 'pending', sentAt: channel === 'inbox' ? new Date(what.issuedAt) : null });
      }
    }
  }
  const { rows } = await client.query<{ id: string }>(INSERT, [
    what.tenantId, what.hazardId, what.alarmId, what.kind, new Date(what.issuedAt), JSON.stringify(notices), JSON.stringify(deliveries), what.taskId,
  ]);
  await addToOutbox(client, rows.flatMap(({ id }): OutboxMessage[] => [
    { topic: 'event', key: `notice/${id}`, tenantId: orgOf.get(id)!.id, payload: { type: 'notice.issued', id } },
    ...deliveries.filter((d) => d.noticeId === id && d.channel !== 'inbox').map((d) => deliveryMessage(d, what.tenantId, laneOfNotice.get(id)!)),
  ]));
  if (rows.length === 0) return;
  for (const { org, channel } of unreachable) {
    await addUndeliverableTask(client, { org: { id: org.id, name: org.name }, channel, address: null, code: 'no_address', at: what.issuedAt, dueMs: policy.undeliverableMs });
  }
};

// ---- recipients ----

export interface Addresses {
  id: string;
  email: string | null;
  /** 值班电话. */
  phone: string | null;
  /** Name of the group robot. */
  robot: string | null;
}

interface Organisation extends Addresses {
  kind: string;
  name: Named;
  language: Language;
}

/** Who is what, for one tenant. */
type Directory = Record<NoticeRecipient, Organisation[]>;

const readDirectory = async (client: pg.ClientBase, tenantId: string, reporterIds: readonly string[]): Promise<Directory> => {
  const { rows } = await client.query<{ id: string; kind: string; name_zh: string; name_en: string; email: string | null; phone: string | null; robot: string | null; language: string; roles: string[] | null; is_reporter: boolean }>(
    `SELECT o.id, o.kind, o.name_zh, o.name_en, o.email, o.phone, o.robot, o.language, m.roles, m.is_reporter
     FROM organisation o
     CROSS JOIN LATERAL (SELECT array_agg(DISTINCT role) AS roles, coalesce(bool_or(person_id = ANY ($2)), false) AS is_reporter FROM membership WHERE org_id = o.id) m
     WHERE o.id = $1 OR o.kind = 'park_department'
       OR (o.kind = 'regulator' AND EXISTS (SELECT FROM access_grant g WHERE g.org_id = o.id AND g.tenant_id = $1 AND g.starts_at <= now() AND now() < g.expires_at))
     ORDER BY o.code, o.id`,
    [tenantId, reporterIds],
  );
  const all = rows.map((row) => ({
    row,
    org: { id: row.id, kind: row.kind, name: named(row.name_zh, row.name_en), email: orNull(row.email), phone: orNull(row.phone), robot: row.robot, language: row.language === 'en' ? 'en' as const : 'zh' as const },
  }));
  const park = all.filter(({ org }) => org.kind === 'park_department');
  // Where nobody of the park has the role, every park department: a notice is never for nobody.
  const withRole = (role: string): Organisation[] => {
    const found = park.filter(({ row }) => row.roles?.includes(role));
    return (found.length > 0 ? found : park).map(({ org }) => org);
  };
  return {
    enterprise: all.filter(({ org }) => org.id === tenantId).map(({ org }) => org),
    emergency_office: withRole('emergency_office'),
    park_admin: withRole('park_admin'),
    // Only where the case may be seen: a reporter's other employer is told nothing.
    reporter: all.filter(({ row, org }) => row.is_reporter && org.kind !== 'regulator').map(({ org }) => org),
    regulator: all.filter(({ org }) => org.kind === 'regulator').map(({ org }) => org),
    owner: [],
  };
};

const resolveRecipients = (directory: Directory, recipients: readonly NoticeRecipient[]): { org: Organisation; roles: NoticeRecipient[] }[] => {
  const byOrg = new Map<string, { org: Organisation; roles: NoticeRecipient[] }>();
  for (const recipient of new Set(recipients)) {
    const orgs = directory[recipient];
    // A case without reporter (a sensor's), or that no regulator may see, has nobody of that kind to tell; everybody else must exist.
    if (orgs.length === 0 && recipient !== 'reporter' && recipient !== 'regulator') throw new Error(`no organisation is ${recipient}: a notice would be for nobody`);
    for (const org of orgs) {
      const known = byOrg.get(org.id);
      if (known) known.roles.push(recipient);
      else byOrg.set(org.id, { org, roles: [recipient] });
    }
  }
  return [...byOrg.values()];
};

// ---- facts ----

const orNull = (text: string | null | undefined): string | null => (text == null || isBlankText(text) ? null : text);
/** Where one of the two names was never entered, the other stands for both. */
const named = (zh: string | null, en: string | null): Named => ({ zh: orNull(zh) ?? en ?? '', en: orNull(en) ?? zh ?? '' });

interface Place {
  park: Named;
  timezone: string;
  enterprise: Named;
  /** 园区/区域/企业/装置/设备. */
  path: Named;
  asset: Named | null;
  assetCode: string | null;
  substance: string | null;
}

const readPlace = async (client: pg.ClientBase, at: { tenantId: string; assetId: string | null; zoneId: string | null }): Promise<Place> => {
  const { rows } = await client.query<Record<string, string | null>>(
    `SELECT p.timezone, p.name_zh AS park_zh, p.name_en AS park_en, o.name_zh AS org_zh, o.name_en AS org_en, z.name_zh AS zone_zh, z.name_en AS zone_en,
       u.name_zh AS unit_zh, u.name_en AS unit_en, a.name_zh AS asset_zh, a.name_en AS asset_en, a.id AS asset_id, a.code, a.substance
     FROM organisation o JOIN park p ON p.id = o.park_id
     LEFT JOIN asset a ON a.tenant_id = o.id AND a.id = $2
     LEFT JOIN unit u ON u.tenant_id = a.tenant_id AND u.id = a.unit_id
     LEFT JOIN zone z ON z.id = coalesce(a.zone_id, $3)
     WHERE o.id = $1`,
    [at.tenantId, at.assetId, at.zoneId],
  );
  const row = rows[0];
  if (!row) throw new Error(`organisation ${at.tenantId} is not on record`);
  const steps = ['park', 'zone', 'org', 'unit', 'asset'].map((step) => named(row[`${step}_zh`] ?? null, row[`${step}_en`] ?? null)).filter((n) => n.zh !== '');
  return {
    park: named(row.park_zh!, row.park_en!),
    timezone: row.timezone!,
    enterprise: named(row.org_zh!, row.org_en!),
    path: { zh: steps.map((n) => n.zh).join('/'), en: steps.map((n) => n.en).join(' / ') },
    asset: row.asset_id ? named(row.asset_zh!, row.asset_en!) : null,
    assetCode: row.code ?? null,
    substance: orNull(row.substance),
  };
};

const withPoint = (path: Named, [longitude, latitude]: [number, number]): Named => ({
  zh: `${path.zh}（经度 ${longitude.toFixed(6)}，纬度 ${latitude.toFixed(6)}）`,
  en: `${path.en} (longitude ${longitude.toFixed(6)}, latitude ${latitude.toFixed(6)})`,
});

const readHazardFacts = async (client: pg.ClientBase, hazard: HazardCase, record: TransitionRecord): Promise<NoticeFacts & { gradeReason: string | null }> => {
  const { rows } = await client.query<{
    responsible_zh: string | null; responsible_en: string | null; judge_zh: string | null; judge_en: string | null; judge_org_zh: string | null; judge_org_en: string | null;
    evidence: number; rejection: string | null; grade_reason: string | null; previous_zh: string | null; previous_en: string | null;
  }>(
    `SELECT r.name_zh AS responsible_zh, r.name_en AS responsible_en, j.name_zh AS judge_zh, j.name_en AS judge_en, jo.name_zh AS judge_org_zh, jo.name_en AS judge_org_en,
       (SELECT count(*)::int FROM evidence e WHERE e.tenant_id = $1 AND e.hazard_id = $2 AND NOT EXISTS (SELECT FROM evidence s WHERE s.supersedes_id = e.id)) AS evidence,
       (SELECT t.reason FROM hazard_transition t WHERE t.tenant_id = $1 AND t.hazard_id = $2 AND t.command IN ('reject', 'acceptItems') AND t.seq <= $6 ORDER BY t.seq DESC LIMIT 1) AS rejection,
       (SELECT t.reason FROM hazard_transition t WHERE t.tenant_id = $1 AND t.hazard_id = $2 AND t.command = 'triage' AND t.seq <= $6 ORDER BY t.seq DESC LIMIT 1) AS grade_reason,
       b.name_zh AS previous_zh, b.name_en AS previous_en
     FROM (SELECT) one LEFT JOIN person r ON r.id = $3 LEFT JOIN person j ON j.id = $4 LEFT JOIN organisation jo ON jo.id = $5
     LEFT JOIN LATERAL (SELECT t.payload->>'responsibleId' AS id FROM hazard_transition t
       WHERE t.tenant_id = $1 AND t.hazard_id = $2 AND t.command IN ('dispatch', 'handover') AND t.seq < $6 ORDER BY t.seq DESC LIMIT 1) before ON true
     LEFT JOIN person b ON b.id = before.id`,
    [hazard.tenantId, hazard.hazardId, hazard.responsibleId, record.actorId, record.actorOrgId, record.seq],
  );
  const row = rows[0]!;
  const judge = named(row.judge_zh, row.judge_en);
  const judgeOrg = named(row.judge_org_zh, row.judge_org_en);
  return {
    title: orNull(hazard.title),
    description: orNull(hazard.description),
    type: hazard.type,
    grade: hazard.grade,
    state: hazard.state,
    origin: hazard.origin,
    reportedAt: hazard.reportedAt,
    responsible: hazard.responsibleId === null ? null : named(row.responsible_zh, row.responsible_en),
    evidenceCount: row.evidence,
    note: orNull(record.reason),
    reason: orNull(record.command === 'reject' || record.command === 'acceptItems' ? record.reason : row.rejection),
    rejections: hazard.rejections,
    gradeReason: orNull(row.grade_reason),
    previousResponsible: row.previous_zh === null ? null : named(row.previous_zh, row.previous_en),
    judge: judge.zh === '' ? null : { zh: `${judgeOrg.zh}${judge.zh}`, en: judgeOrg.en === '' ? judge.en : `${judge.en}, ${judgeOrg.en}` },
  };
};

/** Number of the case that took this one over, where it is of the same enterprise: of others' cases nobody learns by a notice. */
const numberAtSameTenant = async (client: pg.ClientBase, hazard: CaseOfNotice): Promise<string | null> => {
  const { rows } = await client.query<{ number: string }>('SELECT number FROM hazard WHERE tenant_id = $1 AND id = $2', [hazard.tenantId, hazard.mergedInto ?? hazard.successorId ?? null]);
  return rows[0]?.number ?? null;
};

/** The deadline whose passing brought the supervision. */
const missedDueAt = async (client: pg.ClientBase, hazard: HazardCase, effect: NoticeEffect, at: number): Promise<number | null> => {
  if (effect.notice !== 'supervision' || effect.cause === 'rejected') return null;
  const before = effect.cause === 'supervision_breached' ? { kinds: ['supervision'], level: effect.level - 1 } : { kinds: ['rectify', 'item'], level: 0 };
  const { rows } = await client.query<{ due_at: Date }>(
    'SELECT due_at FROM deadline WHERE tenant_id = $1 AND hazard_id = $2 AND kind = ANY($3) AND level = $4 AND due_at <= $5 ORDER BY due_at DESC LIMIT 1',
    [hazard.tenantId, hazard.hazardId, before.kinds, before.level, new Date(at)],
  );
  return rows[0]?.due_at.getTime() ?? null;
};
