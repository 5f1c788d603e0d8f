/**
 * The pure domain as the oracle of a record: every case is decided once more from its own transitions, and what comes out is
 * what must be stored: the case, its deadlines, supervisions, items and notices.
 */
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Calendar } from '../../domain/calendar.ts';
import type { HazardCase, HazardCommand, HazardEffect, HazardState, StepContext } from '../../domain/hazard.ts';
import { caseOf, checkCommand, consequences, isClosed, openCase, step } from '../../domain/hazard.ts';
import type { NoticeRecipient } from '../../domain/notices.ts';
import type { Actor, OrganisationKind, Role } from '../../domain/permissions.ts';
import type { DatedPolicy, ParkPolicy } from '../../domain/policy.ts';
import { policyAt } from '../../domain/policy.ts';
import { loadCalendar } from '../../prisma/calendars.ts';

export interface TransitionRow {
  hazard_id: string; tenant_id: string; seq: number; cycle: number; command: HazardCommand['name']; command_id: string; from_state: HazardState | null; to_state: HazardState;
  actor_id: string | null; actor_org_id: string | null; actor_role: string | null; server_at: Date; client_at: Date | null; recorded_at: Date; payload: Record<string, unknown>;
}

export interface HazardRow {
  id: string; tenant_id: string; state: HazardState; seq: number; cycle: number; closed_at: Date | null; snapshot: HazardCase; supervision: number; rejections: number; responsible_id: string | null; reported_at: Date;
}

export interface Oracle {
  transitions: TransitionRow[];
  hazards: HazardRow[];
  byHazard: Map<string, TransitionRow[]>;
  /** Of each case that could be replayed: it after each of its transitions, the first first. */
  histories: Map<string, HazardCase[]>;
  policyOf: (hazardId: string) => ParkPolicy;
  actorOf: (personId: string, orgId: string, role: string) => Actor;
  calendar: Calendar;
  faults: string[];
}

export interface OracleOptions {
  /** Organisations of the park by what they are told as. */
  offices: { emergency_office: string[]; park_admin: string[] };
  /** Changes what the first version of the workflow decided otherwise, for its cases. */
  policyFor?: (policy: ParkPolicy, hazard: HazardRow) => ParkPolicy;
  /** Transitions of before this instant (epoch ms) were decided by the first version. */
  firstUntil?: number;
}

const iso = (at: number | null | undefined): string | null => (at == null ? null : new Date(at).toISOString());
const isoOf = (at: Date | null): string | null => at?.toISOString() ?? null;
/** As it comes back from jsonb. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** The first version put one report into each joining. */
const commandOf = (row: TransitionRow): HazardCommand => {
  const { report, ...payload } = row.payload;
  return { name: row.command, ...(row.command === 'join' && report ? { reports: [report], ...payload } : row.payload) } as HazardCommand;
};

type Effects = { cycle: number; seq: number; at: number; c: HazardCase; effects: HazardEffect[] }[];

const replay = (rows: readonly TransitionRow[], context: (row: TransitionRow) => StepContext, faults: string[]): { cases: HazardCase[]; effects: Effects } | null => {
  const [first, ...rest] = rows;
  const say = (row: TransitionRow, what: string): null => {
    faults.push(`${row.hazard_id}/${row.seq} ${row.command}: ${what}`);
    return null;
  };
  if (!first) return null;
  if (first.command !== 'open' || first.seq !== 1) return say(first, 'the record does not begin with open');
  const report = (first.payload as unknown as Extract<HazardCommand, { name: 'open' }>).report;
  const opened = openCase({ hazardId: first.hazard_id, tenantId: first.tenant_id, report }, context(first));
  let current = opened.next;
  const cases = [current];
  const effects: Effects = [{ cycle: 1, seq: 1, at: opened.record.serverAt, c: current, effects: opened.effects }];
  const due: string[] = [];
  for (const row of rest) {
    if (row.seq !== current.seq + 1) return say(row, `follows ${current.seq}: a gap`);
    const command = commandOf(row);
    const ctx = context(row);
    if (due.length > 0) {
      const expected = due.shift()!;
      if (row.command !== expected) return say(row, `${expected} had to come first`);
    }
    const taken = step(current, command, ctx);
    if (!taken.ok) return say(row, `the automaton refuses it: ${JSON.stringify(taken.refusal)}`);
    if (row.from_state !== current.state || row.to_state !== taken.value.next.state) return say(row, `${row.from_state} → ${row.to_state}, the automaton says ${current.state} → ${taken.value.next.state}`);
    if (taken.value.record.serverAt !== row.server_at.getTime()) return say(row, `is of ${row.server_at.toISOString()}, the automaton says ${iso(taken.value.record.serverAt)}`);
    current = taken.value.next;
    cases.push(current);
    effects.push({ cycle: row.cycle, seq: row.seq, at: row.server_at.getTime(), c: current, effects: taken.value.effects });
    const after = current;
    due.unshift(...consequences(after, command, ctx.policy).filter((c) => checkCommand(after, c, null, ctx.at, ctx.policy).ok).map((c) => c.name));
  }
  if (due.length > 0) return say(rows.at(-1)!, `${due.join(', ')} never followed`);
  return { cases, effects };
};

const DEADLINE_EVENT = { met: 'met', breached: 'breached', withdrawn: 'withdrawn' } as const;

const expectedDeadlines = (effects: Effects): string[] => {
  const rows = new Map<string, { due: string; met: string | null; breached: string | null; withdrawn: string | null }>();
  for (const { effects: all } of effects) {
    for (const e of all) {
      if (e.kind !== 'deadline') continue;
      const d = e.deadline;
      const key = `${d.kind}/${d.level}/${d.item ?? ''}/${iso(d.startedAt)}`;
      const row = rows.get(key) ?? { due: iso(d.dueAt)!, met: null, breached: null, withdrawn: null };
      if (e.op !== 'start') row[DEADLINE_EVENT[e.op]] ??= iso(e.op === 'breached' ? d.dueAt : e.at);
      rows.set(key, row);
    }
  }
  return [...rows].map(([key, r]) => `${key} due ${r.due} met ${r.met} breached ${r.breached} withdrawn ${r.withdrawn}`).sort();
};

const expectedSupervisions = (effects: Effects): string[] => {
  const rows = new Map<string, { opened: string; closed: string | null; outcome: string | null }>();
  for (const { cycle, effects: all } of effects) {
    for (const e of all) {
      if (e.kind !== 'supervision') continue;
      const key = `${cycle}/${e.level}`;
      if (e.op === 'open') rows.set(key, { opened: `${e.cause} ${iso(e.openedAt)} due ${iso(e.dueAt)}`, closed: null, outcome: null });
      else {
        const row = rows.get(key);
        if (row && row.closed === null) Object.assign(row, { closed: iso(e.at), outcome: e.outcome });
      }
    }
  }
  return [...rows].map(([key, r]) => `${key} ${r.opened} closed ${r.closed} ${r.outcome}`).sort();
};

const differences = (expected: readonly string[], found: readonly string[]): string[] => [
  ...expected.filter((e) => !found.includes(e)).map((e) => `due and not stored: ${e}`),
  ...found.filter((f) => !expected.includes(f)).map((f) => `stored and not due: ${f}`),
];

/** Holds the whole record against the domain. The client sees everything; call it within one snapshot of the database. */
export const checkRecord = async (db: pg.ClientBase, options: OracleOptions): Promise<Oracle> => {
  const faults: string[] = [];
  const all = async <T extends pg.QueryResultRow>(sql: string): Promise<T[]> => (await db.query<T>(sql)).rows;
  const transitions = await all<TransitionRow>('SELECT * FROM hazard_transition WHERE seq IS NOT NULL ORDER BY hazard_id, seq');
  const hazards = await all<HazardRow>('SELECT * FROM hazard');
  const memberships = await all<{ person_id: string; org_id: string; kind: OrganisationKind }>('SELECT m.person_id, m.org_id, o.kind FROM membership m JOIN organisation o ON o.id = m.org_id');
  const policies = (await all<{ id: string; valid_from: Date; valid_to: Date | null; recorded_at: Date; policy: DatedPolicy['policy'] }>('SELECT * FROM park_policy'))
    .map((p): DatedPolicy => ({ id: p.id, validFrom: p.valid_from.getTime(), validTo: p.valid_to?.getTime() ?? null, recordedAt: p.recorded_at.getTime(), policy: p.policy }));
  const grants = await all<{ org_id: string; tenant_id: string; starts_at: Date; expires_at: Date }>('SELECT org_id, tenant_id, starts_at, expires_at FROM access_grant');
  const calendar = await loadCalendar(db);
  const byId = new Map(hazards.map((h) => [h.id, h]));
  const policyOf = (hazardId: string): ParkPolicy => {
    const hazard = byId.get(hazardId)!;
    const policy = policyAt(policies, hazard.reported_at.getTime());
    return options.policyFor?.(policy, hazard) ?? policy;
  };
  const actorOf = (personId: string, orgId: string, role: string): Actor => ({
    personId, role: role as Role, orgId, orgKind: memberships.find((m) => m.org_id === orgId)!.kind, orgIds: memberships.filter((m) => m.person_id === personId).map((m) => m.org_id),
  });
  // Reports are moves of the system; they name their reporter.
  const actorOfRow = (row: TransitionRow): Actor | null => (row.actor_id === null || row.command === 'open' || row.command === 'join' ? null : actorOf(row.actor_id, row.actor_org_id!, row.actor_role!));

  const byHazard = Map.groupBy(transitions, (t) => t.hazard_id);
  const rowsOf = async (table: string, what: string): Promise<Map<string, string[]>> => {
    const out = new Map<string, string[]>();
    for (const r of await all<{ hazard_id: string }>(`SELECT hazard_id, ${what} FROM ${table} WHERE hazard_id IS NOT NULL`)) out.set(r.hazard_id, [...(out.get(r.hazard_id) ?? []), textOf[table]!(r as never)]);
    return out;
  };
  const textOf: Record<string, (r: Record<string, unknown>) => string> = {
    deadline: (r) => `${r.kind}/${r.level}/${r.item}/${isoOf(r.started_at as Date)} due ${isoOf(r.due_at as Date)} met ${isoOf(r.met_at as Date | null)} breached ${isoOf(r.breached_at as Date | null)} withdrawn ${isoOf(r.withdrawn_at as Date | null)}`,
    supervision: (r) => `${r.cycle}/${r.level} ${r.cause} ${isoOf(r.opened_at as Date)} due ${isoOf(r.due_at as Date)} closed ${isoOf(r.closed_at as Date | null)} ${r.outcome}`,
    notice: (r) => `${r.dedupe_key}`,
    hazard_item: (r) => `${r.cycle}/${r.item_id} ${r.state} due ${isoOf(r.due_at as Date | null)} rejected ${r.rejections}`,
  };
  const stored = {
    deadline: await rowsOf('deadline', 'kind, level, item, started_at, due_at, met_at, breached_at, withdrawn_at'),
    supervision: await rowsOf('supervision', 'cycle, level, cause, opened_at, due_at, closed_at, outcome'),
    notice: await rowsOf('notice', 'dedupe_key'),
    hazard_item: await rowsOf('hazard_item', 'cycle, item_id, state, due_at, rejections'),
  };

  /** Who is told, by the keys of the notices: one of a kind, organisation and copy mark for each transition. */
  const expectedNotices = (hazard: HazardRow, effects: Effects): string[] => {
    const orgsOf = (to: NoticeRecipient, c: HazardCase, at: number): string[] => {
      switch (to) {
        case 'enterprise': return [hazard.tenant_id];
        case 'emergency_office': return options.offices.emergency_office;
        case 'park_admin': return options.offices.park_admin;
        case 'reporter': return memberships.filter((m) => c.reporterIds.includes(m.person_id) && (m.org_id === hazard.tenant_id || m.kind === 'park_department')).map((m) => m.org_id);
        case 'regulator': return grants.filter((g) => g.tenant_id === hazard.tenant_id && g.starts_at.getTime() <= at && at < g.expires_at.getTime()).map((g) => g.org_id);
        case 'owner': return [];
      }
    };
    const keys = new Set<string>();
    for (const { seq, at, c, effects: some } of effects) {
      for (const e of some) if (e.kind === 'notice') for (const org of orgsOf(e.to, c, at)) keys.add(`${hazard.id}/${seq}/${e.notice}/${org}${e.isCopy ? '/copy' : ''}`);
    }
    return [...keys].sort();
  };

  const histories = new Map<string, HazardCase[]>();
  for (const hazard of hazards) {
    const rows = byHazard.get(hazard.id) ?? [];
    const policy = policyOf(hazard.id);
    const context = (row: TransitionRow): StepContext => ({ commandId: row.command_id, actor: actorOfRow(row), at: row.server_at.getTime(), clientAt: row.client_at?.getTime() ?? null, policy, calendar, ...(options.firstUntil !== undefined && row.server_at.getTime() < options.firstUntil ? { rules: 1 as const } : {}) });
    const replayed = replay(rows, context, faults);
    if (!replayed) {
      if (rows.length === 0) faults.push(`${hazard.id}: a case without any transition`);
      continue;
    }
    const { cases, effects } = replayed;
    const end = cases.at(-1)!;
    histories.set(hazard.id, cases);
    if (hazard.state !== end.state || hazard.seq !== end.seq || hazard.supervision !== end.supervision || hazard.rejections !== end.rejections || hazard.responsible_id !== end.responsibleId || (hazard.closed_at !== null) !== isClosed(end)) {
      faults.push(`${hazard.id}: the projection says ${hazard.state}/${hazard.seq}, the record ${end.state}/${end.seq}`);
    }
    const byFirst = (at: number): boolean => options.firstUntil !== undefined && at < options.firstUntil;
    // A case as the first version left it says less of itself; it is brought up to date with its next transition.
    const isOfToday = !byFirst(end.lastAt);
    if (isOfToday && !isDeepStrictEqual(plain(end), plain(caseOf(hazard.snapshot)))) faults.push(`${hazard.id}: the stored case differs from the replayed record: ${JSON.stringify(hazard.snapshot)} / ${JSON.stringify(end)}`);
    const compare = (what: keyof typeof stored, expected: readonly string[], optional: readonly string[] = []): void => {
      for (const difference of differences(expected.filter((e) => !optional.includes(e) || stored[what].get(hazard.id)?.includes(e)), stored[what].get(hazard.id) ?? [])) faults.push(`${hazard.id}: ${what} ${difference}`);
    };
    compare('deadline', expectedDeadlines(effects));
    compare('supervision', expectedSupervisions(effects));
    // The first version told fewer people.
    compare('notice', expectedNotices(hazard, effects), expectedNotices(hazard, effects.filter((e) => byFirst(e.at))));
    const items = new Map<number, HazardCase>(cases.map((c) => [c.cycle, c]));
    if (isOfToday) compare('hazard_item', [...items.values()].flatMap((c) => c.items.map((i) => `${c.cycle}/${i.itemId} ${i.state} due ${iso(i.dueAt)} rejected ${i.rejections}`)));
  }
  for (const id of byHazard.keys()) if (!byId.has(id)) faults.push(`${id}: transitions without a case`);
  return { transitions, hazards, byHazard, histories, policyOf, actorOf, calendar, faults };
};
