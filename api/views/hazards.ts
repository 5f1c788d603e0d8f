/** A case as the reader may see it: rows → JSON. */
import type pg from 'pg';
import type { z } from 'zod';
import type { HazardCase } from '../../domain/hazard.ts';
import { allowedActs, caseOf } from '../../domain/hazard.ts';
import type { HazardState } from '../../domain/hazard.ts';
import { may } from '../../domain/permissions.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import type { Hazard, HazardSummary, Transition, TimelineItem } from '../schemas/hazards.ts';
import type { SignedIn } from '../sign-in.ts';
import type { AssetRef, Ref } from './refs.ts';
import { ASSET_PATH, ASSET_REF, iso, isoOrNull, orgRef, personRefs, refOf } from './refs.ts';

export interface HazardRow {
  id: string; tenant_id: string; number: string; title: string; description: string; type: string; grade: string | null; state: string; origin: string; seq: number; cycle: number;
  reported_at: Date; due_at: Date | null; overdue: boolean; supervision: number; supervision_open: boolean; rejections: number; statutory: boolean; needs_owner: boolean;
  responsible_id: string | null; snapshot: HazardCase; closed_at: Date | null; accepted_at: Date | null; event_id: string | null; rule_id: string | null; rule_version: number | null; flow_version: number | null; node_id: string | null;
  point: unknown; tenant: Ref | null; asset: AssetRef | null;
}

/** SELECT … FROM for case rows `h`; conditions follow. */
export const SELECT_HAZARD = `SELECT h.*, CASE WHEN t.id IS NULL THEN NULL ELSE ${orgRef('t')} END AS tenant, CASE WHEN a.id IS NULL THEN NULL ELSE ${ASSET_REF} END AS asset
FROM hazard h LEFT JOIN organisation t ON t.id = h.tenant_id LEFT JOIN asset a ON a.tenant_id = h.tenant_id AND a.id = h.asset_id ${ASSET_PATH}`;

export const summaryOf = (h: HazardRow): z.input<typeof HazardSummary> =>
  ({
    id: h.id, number: h.number, title: h.title, type: h.type, grade: h.grade, state: h.state, origin: h.origin, tenant: h.tenant ?? { id: h.tenant_id, nameZh: h.tenant_id, nameEn: h.tenant_id },
    asset: h.asset, reportedAt: iso(h.reported_at), dueAt: isoOrNull(h.due_at), overdue: h.overdue, supervision: h.supervision, supervisionOpen: h.supervision_open, needsOwner: h.needs_owner,
    closedAt: isoOrNull(h.closed_at),
  }) as z.input<typeof HazardSummary>;

/** The row of a case that this reader may see, or null. */
export const findHazard = async (client: pg.ClientBase, hazardId: string): Promise<HazardRow | null> => {
  const { rows } = await client.query<HazardRow>(`${SELECT_HAZARD} WHERE h.id = $1`, [hazardId]);
  return rows[0] ?? null;
};

interface EvidenceRow {
  id: string; purpose: string; sha256: string | null; media_type: string | null; captured_at: Date | null; recorded_at: Date; uploader_id: string | null; supersedes_id: string | null; superseded_by: string | null; detail: Record<string, unknown>;
}
interface DeadlineRow {
  kind: string; level: number; started_at: Date; due_at: Date; met_at: Date | null; breached_at: Date | null; withdrawn_at: Date | null; basis: string;
}

/** The whole case, read at one moment; null where the reader may not see it. `minSeq`: null also while the record is older. */
export const readHazard = async (deps: ApiDeps, session: SignedIn, hazardId: string): Promise<z.input<typeof Hazard> | null> => {
  const found = await asActor(deps.database, session, async (client) => {
    const row = await findHazard(client, hazardId);
    if (!row) return null;
    const { rows: deadlines } = await client.query<DeadlineRow>('SELECT * FROM deadline WHERE hazard_id = $1 ORDER BY started_at, kind, level', [hazardId]);
    const { rows: evidence } = await client.query<EvidenceRow>(
      `SELECT e.*, n.id AS superseded_by FROM evidence e LEFT JOIN evidence n ON n.supersedes_id = e.id AND n.hazard_id = e.hazard_id WHERE e.hazard_id = $1 ORDER BY e.recorded_at, e.dedupe_key`, [hazardId],
    );
    return { row, deadlines, evidence };
  });
  if (!found) return null;
  const { row, deadlines, evidence } = found;
  const c = caseOf(row.snapshot);
  const people = await personRefs(deps.database, [row.responsible_id, ...evidence.map((e) => e.uploader_id), ...c.signatures.map((s) => s.personId), ...c.signers]);
  const acts = allowedActs(c, session.actor);
  const isPark = session.actor.orgKind === 'park_department';
  return {
    ...summaryOf(row),
    description: row.description, seq: row.seq, cycle: row.cycle, rejections: row.rejections, statutory: row.statutory, responsible: refOf(people, row.responsible_id), point: row.point as never,
    source: row.event_id === null ? null : { eventId: row.event_id, ruleId: row.rule_id ?? '', ruleVersion: row.rule_version ?? 0, flowVersion: row.flow_version, nodeId: row.node_id },
    allowedActs: acts,
    acceptedAt: isoOrNull(row.accepted_at), reportCount: c.reportCount, planned: c.planned,
    items: c.items.map((i) => ({ ...i, dueAt: instantOf(i.dueAt) })),
    extension: c.extension ? { dueAt: instantOf(c.extension.dueAt)!, requestedAt: instantOf(c.extension.requestedAt)! } : null, extensions: c.extensions,
    paused: c.paused ? { at: instantOf(c.paused.at)!, until: instantOf(c.paused.until)! } : null,
    signatures: c.signatures.map((s) => ({ person: refOf(people, s.personId), at: instantOf(s.at)! })), signers: c.signers.map((p) => refOf(people, p)),
    listed: c.listed ? { at: instantOf(c.listed.at)!, level: c.listed.level } : null,
    mergedInto: c.mergedInto, absorbed: c.absorbed,
    // To whom a case was redirected, or from whom, is the park's matter.
    predecessorId: isPark ? c.predecessorId : null, successorId: isPark ? c.successorId : null,
    lookBacks: c.lookBacks.map((l) => ({ ...l, dueAt: instantOf(l.dueAt)! })),
    ...(may(session.actor.role, 'hazard.dispatch') && acts.some((a) => a === 'dispatch' || a === 'triage' || a === 'handover') ? { responsibleCandidates: await candidates(deps, row.tenant_id) } : {}),
    deadlines: deadlines.map((d) => ({ kind: d.kind, level: d.level, startedAt: iso(d.started_at), dueAt: iso(d.due_at), metAt: isoOrNull(d.met_at), breachedAt: isoOrNull(d.breached_at), basis: d.basis })),
    evidence: evidence.map((e) => ({
      id: e.id, purpose: e.purpose, sha256: e.sha256, mediaType: e.media_type, capturedAt: isoOrNull(e.captured_at), recordedAt: iso(e.recorded_at), uploader: refOf(people, e.uploader_id),
      supersedesId: e.supersedes_id, supersededById: e.superseded_by, detail: e.detail,
    })),
  };
};

const instantOf = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** Whom a case of this enterprise can be dispatched to. */
export const candidates = async (deps: ApiDeps, tenantId: string): Promise<Ref[]> => {
  const { rows } = await asService(deps.database, (client) =>
    client.query<Ref>(
      `SELECT DISTINCT p.id, p.name_zh AS "nameZh", p.name_en AS "nameEn" FROM membership m JOIN person p ON p.id = m.person_id WHERE m.org_id = $1 AND m.role = 'enterprise_safety_officer' ORDER BY p.id`, [tenantId],
    ),
  );
  return rows;
};

export interface TransitionRow {
  seq: number | null; command: string; from_state: HazardState | null; to_state: HazardState | null; actor_id: string | null; actor_role: string | null; server_at: Date; client_at: Date | null;
  clock_skew: boolean; reason: string | null; refusal_code: string | null;
}

export const transitionOf = (t: TransitionRow, people: Map<string, Ref>): z.input<typeof Transition> => ({
  seq: t.seq, command: t.command, from: t.from_state, to: t.to_state, actor: refOf(people, t.actor_id), actorRole: t.actor_role, serverAt: iso(t.server_at), clientAt: isoOrNull(t.client_at),
  clockSkew: t.clock_skew, reason: t.reason, refusalCode: t.refusal_code,
});

interface NoticeRow { id: string; kind: string; subject: string; is_copy: boolean; issued_at: Date; read_at: Date | null; recipient: Ref }
interface SupervisionRow { level: number; cause: string; opened_at: Date; due_at: Date; closed_at: Date | null; outcome: string | null }

/** Everything that happened to a case, refused moves too, ascending; null where the reader may not see it. */
export const readTimeline = async (deps: ApiDeps, session: SignedIn, hazardId: string): Promise<z.input<typeof TimelineItem>[] | null> => {
  const found = await asActor(deps.database, session, async (client) => {
    const { rowCount } = await client.query('SELECT FROM hazard WHERE id = $1', [hazardId]);
    if (rowCount === 0) return null;
    const rows = async <T extends pg.QueryResultRow>(sql: string): Promise<T[]> => (await client.query<T>(sql, [hazardId])).rows;
    return {
      transitions: await rows<TransitionRow>('SELECT * FROM hazard_transition WHERE hazard_id = $1 ORDER BY server_at, seq NULLS LAST, id'),
      notices: await rows<NoticeRow>(`SELECT n.*, ${orgRef('o')} AS recipient FROM notice n JOIN organisation o ON o.id = n.recipient_org_id WHERE n.hazard_id = $1 ORDER BY n.issued_at, n.is_copy, n.id`),
      deadlines: await rows<DeadlineRow>('SELECT * FROM deadline WHERE hazard_id = $1 ORDER BY started_at'),
      supervisions: await rows<SupervisionRow>('SELECT * FROM supervision WHERE hazard_id = $1 ORDER BY level'),
    };
  });
  if (!found) return null;
  const people = await personRefs(deps.database, found.transitions.map((t) => t.actor_id));
  const items: z.input<typeof TimelineItem>[] = [
    ...found.transitions.map((t) => ({ at: iso(t.server_at), kind: 'transition' as const, transition: transitionOf(t, people) })),
    ...found.notices.map((n) => ({ at: iso(n.issued_at), kind: 'notice' as const, notice: { id: n.id, kind: n.kind as never, subject: n.subject, recipient: n.recipient, isCopy: n.is_copy, readAt: isoOrNull(n.read_at) } })),
    ...found.deadlines.flatMap((d) => {
      const deadline = { kind: d.kind, level: d.level, dueAt: iso(d.due_at) };
      const event = (at: Date | null, name: 'started' | 'met' | 'breached' | 'withdrawn') => (at ? [{ at: iso(at), kind: 'deadline' as const, event: name, deadline }] : []);
      return [...event(d.started_at, 'started'), ...event(d.breached_at, 'breached'), ...event(d.met_at, 'met'), ...event(d.withdrawn_at, 'withdrawn')];
    }),
    ...found.supervisions.flatMap((s) => {
      const of = { kind: 'supervision' as const, level: s.level, cause: s.cause, outcome: s.outcome, dueAt: iso(s.due_at) };
      return [{ at: iso(s.opened_at), event: 'opened' as const, ...of, outcome: null }, ...(s.closed_at ? [{ at: iso(s.closed_at), event: 'closed' as const, ...of }] : [])];
    }),
  ];
  // Stable: of one instant, the transition comes before what it brought about.
  return items.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
};
