/**
 * 归档包 of a case cycle. The JSON file is made from the record alone, so that it can be made again; it is in the store before
 * its row says so. The readable document is made from the file, apart, and added to the row once.
 */
import type pg from 'pg';
import type { CasePackage, PackageContent, PackageProblem, PackageTransition } from '../domain/archive.ts';
import { DECISIONS, NOT_INCLUDED, PACKAGE_FORMAT, packageDifference, packageProblem, packageText } from '../domain/archive.ts';
import { dayOf } from '../domain/calendar.ts';
import type { HazardReport } from '../domain/hazard-case.ts';
import type { Named } from '../domain/notices.ts';
import { idOf, sha256Of } from '../platform/hash.ts';
import type { ArchiveStore } from '../platform/archive-store.ts';
import { openArchiveStore } from '../platform/archive-store.ts';
import type { LinkRow } from '../prisma/chain.ts';
import { rowLink, TRANSITION_COLUMNS } from '../prisma/chain.ts';
import type { Database } from '../prisma/client.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { ArchivePaper } from '../templates/archive.ts';
import { archivePaper } from '../templates/archive.ts';
import { createPdfRenderer } from '../templates/pdf-renderer.ts';

export interface ArchiveSettings {
  store: ArchiveStore;
  /** Makes the readable document; null where none is wanted, as in trials of a year of a park. */
  renderPdf: ((paper: ArchivePaper) => Promise<Buffer>) | null;
}

/** The archive of a data folder; documents are made in a process of their own. */
export const openArchive = (dataDir: string): ArchiveSettings & { close(): void } => {
  const documents = createPdfRenderer();
  return { store: openArchiveStore(dataDir), renderPdf: (paper) => documents.render(paper), close: () => documents.close() };
};

export interface ArchiveCaseInput {
  hazardId: string;
  tenantId: string;
  cycle: number;
}

interface PackageRow {
  json_sha256: string;
  pdf_sha256: string | null;
}

export const createArchiveActivities = ({ database, archive }: { database: Database; archive: ArchiveSettings }) => ({
  /** Makes the package of a cycle that is archived: its file, its row, its document. Run again it makes what is missing and changes nothing. */
  archiveCase: async (input: ArchiveCaseInput): Promise<void> => {
    const { hazardId, tenantId, cycle } = input;
    const service = <T>(run: (client: pg.PoolClient) => Promise<T>): Promise<T> => database.pgTransaction({ scope: 'service' }, run);
    const find = async (client: pg.ClientBase): Promise<PackageRow | undefined> =>
      (await client.query<PackageRow>('SELECT json_sha256, pdf_sha256 FROM archive_package WHERE hazard_id = $1 AND cycle = $2', [hazardId, cycle])).rows[0];
    const tell = (client: pg.ClientBase, key: string): Promise<void> => addToOutbox(client, [{ topic: 'event', key: `package/${hazardId}/${cycle}${key}`, tenantId, payload: { type: 'hazard.changed', id: hazardId } }]);

    let row = await service(find);
    if (!row) {
      const content = await service((client) => readPackage(client, input));
      const file = Buffer.from(packageText(content, sha256Of), 'utf8');
      const sha256 = await archive.store.put(file);
      row = await service(async (client) => {
        const { rowCount } = await client.query(
          `INSERT INTO archive_package (id, tenant_id, hazard_id, cycle, json_sha256, json_bytes, chain_head, last_seq, format, made_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now()) ON CONFLICT (hazard_id, cycle) DO NOTHING`,
          [idOf(`package/${hazardId}/${cycle}`), tenantId, hazardId, cycle, sha256, file.length, content.chain.head, content.chain.lastSeq, PACKAGE_FORMAT],
        );
        if (rowCount === 1) await tell(client, '');
        return await find(client);
      });
    }
    if (!row) throw new Error(`the package of ${hazardId}, cycle ${cycle}, was not kept`);
    if (row.pdf_sha256 !== null || archive.renderPdf === null) return;

    const made = JSON.parse((await archive.store.load(row.json_sha256)).toString('utf8')) as CasePackage;
    const document = await archive.renderPdf(archivePaper(made, row.json_sha256));
    const pdfSha256 = await archive.store.put(document);
    await service(async (client) => {
      const { rowCount } = await client.query('UPDATE archive_package SET pdf_sha256 = $3, pdf_bytes = $4 WHERE hazard_id = $1 AND cycle = $2 AND pdf_sha256 IS NULL', [hazardId, cycle, pdfSha256, document.length]);
      if (rowCount === 1) await tell(client, '/document');
    });
  },
});

/**
 * Whether a package still is what it was, and the record still says the same: the first record that does not hold, or null.
 * It finds what the chain alone does not cover, such as a changed deadline, notice or piece of evidence. Throws where there
 * is no package.
 */
export const comparePackage = async (client: pg.ClientBase, store: Pick<ArchiveStore, 'load'>, input: ArchiveCaseInput): Promise<PackageProblem | null> => {
  const { rows } = await client.query<PackageRow>('SELECT json_sha256, pdf_sha256 FROM archive_package WHERE hazard_id = $1 AND cycle = $2', [input.hazardId, input.cycle]);
  if (!rows[0]) throw new Error(`case ${input.hazardId} has no package of cycle ${input.cycle}`);
  const file = await store.load(rows[0].json_sha256).then((content) => content.toString('utf8'), () => null);
  if (file === null) return { record: 'file', what: 'is not in the store as it was put there' };
  return packageProblem(file, sha256Of) ?? packageDifference(JSON.parse(file) as CasePackage, await readPackage(client, input));
};

// ---- the record as a package ----

const ms = (at: Date | null): number | null => at?.getTime() ?? null;
/** What happened after the archiving is not part of the package. */
const until = (end: Date) => (at: Date | null): number | null => (at === null || at > end ? null : at.getTime());
const named = (row: { name_zh: string; name_en: string }): Named => ({ zh: row.name_zh, en: row.name_en });

interface CaseRow {
  number: string; title: string; description: string; origin: string; asset_id: string | null; zone_id: string | null; point: unknown; reported_at: Date;
}

/** What the case was when it was archived, from its transitions: the row of the case goes on changing. */
const factsOf = (transitions: readonly PackageTransition[]): Pick<PackageContent['case'], 'type' | 'grade' | 'statutory' | 'responsibleId' | 'acceptedAt'> => {
  const facts: ReturnType<typeof factsOf> = { type: '', grade: null, statutory: false, responsibleId: null, acceptedAt: null };
  for (const { command, payload, serverAt } of transitions) {
    const said = payload as { type?: string; grade?: string; responsibleId?: string; statutory?: boolean; report?: HazardReport; reports?: HazardReport[] };
    if (command === 'open') facts.type = said.report?.type ?? '';
    if (command === 'triage') {
      facts.grade = said.grade ?? facts.grade;
      facts.type = said.type ?? facts.type;
    }
    if (command === 'dispatch' || command === 'handover') facts.responsibleId = said.responsibleId ?? null;
    if (command === 'returnDispatch' || command === 'reassess') facts.responsibleId = null;
    if (command === 'accept') facts.acceptedAt = serverAt;
    if (command === 'reopen') facts.acceptedAt = null;
    facts.statutory ||= said.report?.statutory === true || said.statutory === true || said.reports?.some((r) => r.statutory) === true;
  }
  return facts;
};

/** Ids of people and of organisations that the package names. */
const namesIn = (content: Omit<PackageContent, 'people' | 'organisations'>): { people: string[]; organisations: string[] } => {
  const people = new Set<string>();
  const organisations = new Set<string>([content.case.tenantId]);
  const add = (set: Set<string>, ...ids: unknown[]): void => {
    for (const id of ids.flat()) if (typeof id === 'string' && id !== '') set.add(id);
  };
  add(people, content.case.responsibleId);
  for (const t of content.transitions) {
    const said = t.payload as Record<string, unknown> & { report?: HazardReport; reports?: HazardReport[] };
    add(people, t.actorId, said.responsibleId, said.personId, said.onBehalfOf, said.reporterIds, said.report?.reporterId, said.reports?.map((r) => r.reporterId) ?? []);
    add(organisations, t.actorOrgId, said.tenantId, said.orgIds);
  }
  for (const e of content.evidence) add(people, e.uploaderId);
  for (const n of content.notices) {
    add(people, n.readBy, n.acknowledgedBy);
    add(organisations, n.recipientOrgId);
  }
  for (const r of content.refusals) {
    add(people, r.actorId);
    add(organisations, r.actorOrgId);
  }
  return { people: [...people], organisations: [...organisations] };
};

/** The content of the package of a cycle. Throws where the cycle is not archived, or a transition has no hash. */
export const readPackage = async (client: pg.ClientBase, { hazardId, tenantId, cycle }: ArchiveCaseInput): Promise<PackageContent> => {
  const rows = async <T extends pg.QueryResultRow>(sql: string, ...values: unknown[]): Promise<T[]> => (await client.query<T>(sql, values)).rows;
  const [hazard] = await rows<CaseRow>('SELECT number, title, description, origin, asset_id, zone_id, point, reported_at FROM hazard WHERE id = $1 AND tenant_id = $2', hazardId, tenantId);
  if (!hazard) throw new Error(`case ${hazardId} is not on record`);
  const transitions = (
    await rows<LinkRow>(
      `SELECT ${TRANSITION_COLUMNS} FROM hazard_transition WHERE hazard_id = $1 AND seq <= (SELECT max(seq) FROM hazard_transition WHERE hazard_id = $1 AND cycle = $2 AND command = 'archive') ORDER BY seq`, hazardId, cycle,
    )
  ).map(rowLink);
  const last = transitions.at(-1);
  if (!last) throw new Error(`cycle ${cycle} of case ${hazardId} is not archived`);
  const unhashed = transitions.find((t) => t.hash === '');
  if (unhashed) throw new Error(`transition ${unhashed.seq} of case ${hazardId} has no hash`);
  const end = new Date(last.serverAt);
  const before = until(end);

  const [park] = await rows<{ id: string; code: string; name_zh: string; name_en: string; timezone: string }>(
    'SELECT p.id, p.code, p.name_zh, p.name_en, p.timezone FROM organisation o JOIN park p ON p.id = o.park_id WHERE o.id = $1', tenantId,
  );
  if (!park) throw new Error(`organisation ${tenantId} is not on record`);
  const placeOf = async (table: 'asset' | 'zone', id: string | null) => {
    const [found] = await rows<{ id: string; code: string; name_zh: string; name_en: string }>(`SELECT id, code, name_zh, name_en FROM ${table} WHERE id = $1`, id);
    return found ? { id: found.id, code: found.code, name: named(found) } : null;
  };

  const deadlines = await rows<{ cycle: number; kind: string; level: number; item: string; started_at: Date; due_at: Date; met_at: Date | null; breached_at: Date | null; withdrawn_at: Date | null; basis: string }>(
    `SELECT cycle, kind, level, item, started_at, due_at, met_at, breached_at, withdrawn_at, basis FROM deadline WHERE hazard_id = $1 AND cycle <= $2 AND started_at <= $3 ORDER BY started_at, kind COLLATE "C", level, item COLLATE "C"`,
    hazardId, cycle, end,
  );
  const content: Omit<PackageContent, 'people' | 'organisations'> = {
    format: PACKAGE_FORMAT,
    park: { id: park.id, code: park.code, name: named(park), timezone: park.timezone },
    case: {
      id: hazardId, number: hazard.number, tenantId, cycle, origin: hazard.origin, title: hazard.title, description: hazard.description, ...factsOf(transitions),
      reportedAt: hazard.reported_at.getTime(), archivedAt: last.serverAt, asset: await placeOf('asset', hazard.asset_id), zone: await placeOf('zone', hazard.zone_id), point: hazard.point ?? null,
    },
    chain: { algorithm: 'sha256', lastSeq: last.seq, head: last.hash },
    transitions,
    items: (
      await rows<{ cycle: number; item_id: string; title: string; state: string; due_at: Date | null; rejections: number }>(
        'SELECT cycle, item_id, title, state, due_at, rejections FROM hazard_item WHERE hazard_id = $1 AND cycle <= $2 ORDER BY cycle, item_id COLLATE "C"', hazardId, cycle,
      )
    ).map((i) => ({ cycle: i.cycle, itemId: i.item_id, title: i.title, state: i.state, dueAt: ms(i.due_at), rejections: i.rejections })),
    deadlines: deadlines.map((d) => ({
      cycle: d.cycle, kind: d.kind, level: d.level, item: d.item, startedAt: d.started_at.getTime(), dueAt: d.due_at.getTime(), metAt: before(d.met_at), breachedAt: before(d.breached_at), withdrawnAt: before(d.withdrawn_at), basis: d.basis,
    })),
    supervisions: (
      await rows<{ cycle: number; level: number; cause: string; opened_at: Date; due_at: Date; closed_at: Date | null; outcome: string | null }>(
        'SELECT cycle, level, cause, opened_at, due_at, closed_at, outcome FROM supervision WHERE hazard_id = $1 AND cycle <= $2 AND opened_at <= $3 ORDER BY cycle, level', hazardId, cycle, end,
      )
    ).map((s) => ({ cycle: s.cycle, level: s.level, cause: s.cause, openedAt: s.opened_at.getTime(), dueAt: s.due_at.getTime(), closedAt: before(s.closed_at), outcome: before(s.closed_at) === null ? null : s.outcome })),
    evidence: await readEvidence(client, hazardId, cycle, end),
    notices: await readNotices(client, hazardId, end),
    rules: await readRules(client, transitions),
    policy: await (async () => {
      const policy = await loadPolicyAt(client, hazard.reported_at.getTime());
      return { id: policy.id, content: policy };
    })(),
    calendars: await readCalendars(client, [hazard.reported_at.getTime(), ...deadlines.map((d) => d.due_at.getTime())], end),
    decisions: transitions
      .filter((t) => DECISIONS.includes(t.command))
      .map((t) => ({ seq: t.seq, command: t.command, actorId: t.actorId, onBehalfOf: typeof t.payload.onBehalfOf === 'string' ? t.payload.onBehalfOf : null, actorRole: t.actorRole, at: t.serverAt, reason: t.reason })),
    refusals: (
      await rows<{ command: string; refusal_code: string; actor_id: string | null; actor_org_id: string | null; actor_role: string | null; server_at: Date; reason: string | null }>(
        'SELECT command, refusal_code, actor_id, actor_org_id, actor_role, server_at, reason FROM hazard_transition WHERE hazard_id = $1 AND seq IS NULL AND server_at <= $2 ORDER BY server_at, id COLLATE "C"', hazardId, end,
      )
    ).map((r) => ({ command: r.command, code: r.refusal_code, actorId: r.actor_id, actorOrgId: r.actor_org_id, actorRole: r.actor_role, at: r.server_at.getTime(), reason: r.reason })),
    notIncluded: NOT_INCLUDED,
  };
  const names = namesIn(content);
  const people = await rows<{ id: string; name_zh: string; name_en: string }>('SELECT id, name_zh, name_en FROM person WHERE id = ANY ($1) ORDER BY id COLLATE "C"', names.people);
  const organisations = await rows<{ id: string; kind: string; code: string; name_zh: string; name_en: string }>('SELECT id, kind, code, name_zh, name_en FROM organisation WHERE id = ANY ($1) ORDER BY id COLLATE "C"', names.organisations);
  return { ...content, people: people.map((p) => ({ id: p.id, name: named(p) })), organisations: organisations.map((o) => ({ id: o.id, kind: o.kind, code: o.code, name: named(o) })) };
};

const readEvidence = async (client: pg.ClientBase, hazardId: string, cycle: number, end: Date): Promise<PackageContent['evidence']> => {
  const { rows } = await client.query<{
    id: string; cycle: number; purpose: string; sha256: string | null; bytes: string | null; media_type: string | null; detail: Record<string, unknown>; uploader_id: string | null; captured_at: Date | null; recorded_at: Date; supersedes_id: string | null;
  }>(
    `SELECT e.id, e.cycle, e.purpose, e.sha256, b.bytes, e.media_type, e.detail, e.uploader_id, e.captured_at, e.recorded_at, e.supersedes_id FROM evidence e LEFT JOIN blob b ON b.sha256 = e.sha256
     WHERE e.hazard_id = $1 AND e.cycle <= $2 AND e.recorded_at <= $3 ORDER BY e.recorded_at, e.dedupe_key COLLATE "C"`,
    [hazardId, cycle, end],
  );
  const successor = new Map(rows.flatMap((e) => (e.supersedes_id === null ? [] : [[e.supersedes_id, e.id] as const])));
  return rows.map((e) => ({
    id: e.id, cycle: e.cycle, purpose: e.purpose, sha256: e.sha256, bytes: e.bytes === null ? null : Number(e.bytes), mediaType: e.media_type, detail: e.detail, uploaderId: e.uploader_id, capturedAt: ms(e.captured_at),
    recordedAt: e.recorded_at.getTime(), supersedesId: e.supersedes_id, supersededById: successor.get(e.id) ?? null,
  }));
};

interface DeliveryRow {
  notice_id: string; channel: string; state: string; attempts: number; provider_code: string | null; sent_at: Date | null; delivered_at: Date | null; opened_at: Date | null; acknowledged_at: Date | null; failed_at: Date | null;
}

const readNotices = async (client: pg.ClientBase, hazardId: string, end: Date): Promise<PackageContent['notices']> => {
  const { rows: notices } = await client.query<{
    id: string; kind: string; recipient_org_id: string; is_copy: boolean; language: string; subject: string; body_text: string; template_sha: string; issued_at: Date; read_at: Date | null; read_by: string | null; acknowledged_at: Date | null; acknowledged_by: string | null;
  }>(
    `SELECT id, kind, recipient_org_id, is_copy, language, subject, body_text, template_sha, issued_at, read_at, read_by, acknowledged_at, acknowledged_by FROM notice
     WHERE hazard_id = $1 AND issued_at <= $2 ORDER BY issued_at, dedupe_key COLLATE "C"`,
    [hazardId, end],
  );
  const { rows: deliveries } = await client.query<DeliveryRow>(
    `SELECT notice_id, channel, state, attempts, provider_code, sent_at, delivered_at, opened_at, acknowledged_at, failed_at FROM delivery WHERE notice_id = ANY ($1) ORDER BY channel COLLATE "C", address COLLATE "C"`,
    [notices.map((n) => n.id)],
  );
  const receipts = Map.groupBy(deliveries, (d) => d.notice_id);
  return notices.map((n) => ({
    id: n.id, kind: n.kind, recipientOrgId: n.recipient_org_id, isCopy: n.is_copy, language: n.language, subject: n.subject, textSha256: sha256Of(n.body_text), templateSha256: n.template_sha, issuedAt: n.issued_at.getTime(),
    readAt: ms(n.read_at), readBy: n.read_by, acknowledgedAt: ms(n.acknowledged_at), acknowledgedBy: n.acknowledged_by,
    receipts: (receipts.get(n.id) ?? []).map((d) => ({
      channel: d.channel, state: d.state, attempts: d.attempts, providerCode: d.provider_code, sentAt: ms(d.sent_at), deliveredAt: ms(d.delivered_at), openedAt: ms(d.opened_at), acknowledgedAt: ms(d.acknowledged_at), failedAt: ms(d.failed_at),
    })),
  }));
};

const readRules = async (client: pg.ClientBase, transitions: readonly PackageTransition[]): Promise<PackageContent['rules']> => {
  const events = transitions.flatMap(({ payload }) => {
    const { report, reports } = payload as { report?: HazardReport; reports?: HazardReport[] };
    return [...(report ? [report] : []), ...(reports ?? [])].flatMap((r) => (r.event ? [r.event] : []));
  });
  const { rows } = await client.query<{ rule_id: string; version: number; origin: string; flow_version: number | null; node_id: string | null; sha256: string; active_from: Date; spec: unknown }>(
    `SELECT rule_id, version, origin, flow_version, node_id, sha256, active_from, spec FROM rule_version
     WHERE (rule_id, version) IN (SELECT * FROM unnest($1::text[], $2::int[])) ORDER BY rule_id COLLATE "C", version`,
    [events.map((e) => e.ruleId), events.map((e) => e.ruleVersion)],
  );
  return rows.map((r) => ({ ruleId: r.rule_id, version: r.version, origin: r.origin, flowVersion: r.flow_version, nodeId: r.node_id, sha256: r.sha256, activeFrom: r.active_from.getTime(), spec: r.spec }));
};

/** The years that the deadlines of the case lie in, each in the version that counted at the archiving. */
const readCalendars = async (client: pg.ClientBase, instants: readonly number[], end: Date): Promise<PackageContent['calendars']> => {
  const years = instants.map((at) => Number(dayOf(at).slice(0, 4)));
  const { rows } = await client.query<{ year: number; version: number; sha256: string; source: string }>(
    'SELECT DISTINCT ON (year) year, version, sha256, source FROM statutory_calendar WHERE year BETWEEN $1 AND $2 AND loaded_at <= $3 ORDER BY year, version DESC', [Math.min(...years), Math.max(...years), end],
  );
  return rows;
};
