/**
 * What must hold once everything runs again and has come to rest. Reads the record directly and asks the engine; the pure
 * domain is the oracle: every case is replayed from its own transitions.
 */
import { isDeepStrictEqual } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import type { HazardCase, HazardCommand, HazardEffect, HazardState, StepContext } from '../../domain/hazard.ts';
import { checkCommand, consequences, isClosed, openCase, step } from '../../domain/hazard.ts';
import type { Actor, OrganisationKind, Role } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { hazardStateQuery } from '../../workflows/hazard-closure/messages.ts';
import { alarmHandlingId, hazardClosureId } from '../../workflows/ids.ts';
import type { Telemetry } from './telemetry.ts';
import type { Outcome } from './workload.ts';

export interface Report {
  faults: string[];
  hazards: number;
  transitions: number;
  lost: number;
  twice: number;
  resolved: { applied: number; notApplied: number };
  notices: number;
  readings: number;
  excursions: number;
  workflowsOpen: number;
}

interface TransitionRow {
  hazard_id: string; tenant_id: string; seq: number; command: HazardCommand['name']; command_id: string; from_state: HazardState | null; to_state: HazardState;
  actor_id: string | null; actor_org_id: string | null; actor_role: string | null; server_at: Date; client_at: Date | null; payload: Record<string, unknown>;
}

const inBatches = async <T>(items: readonly T[], size: number, run: (item: T) => Promise<void>): Promise<void> => {
  const rest = [...items];
  await Promise.all(Array.from({ length: size }, async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await run(item);
  }));
};

/** Nothing is on its way any more: gives what is still open, empty when at rest. */
export const restless = async (client: pg.ClientBase, telemetry: Telemetry): Promise<string[]> => {
  const one = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]!.n);
  const open: string[] = [];
  const say = (n: number, what: string): void => { if (n > 0) open.push(`${n} ${what}`); };
  say(telemetry.waiting, 'messages without receipt');
  say(await one("SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL AND topic <> 'event'"), 'outbox rows undelivered');
  say(await one("SELECT count(*) AS n FROM sensor_event WHERE kind = 'raised' AND statutory AND handled_at IS NULL"), 'statutory events unhandled');
  say(await one('SELECT count(*) AS n FROM hazard_report r WHERE NOT EXISTS (SELECT FROM hazard h WHERE h.id = r.hazard_id)'), 'reports without a case');
  say(await one(`SELECT count(*) AS n FROM hazard_report r JOIN hazard h ON h.id = r.hazard_id WHERE NOT (h.snapshot->'reportIds' ? r.id)`), 'reports that their case has not taken up');
  say(await one("SELECT count(*) AS n FROM hazard WHERE state = 'accepted'"), 'accepted cases not archived');
  say(await one("SELECT count(*) AS n FROM hazard WHERE state = 'triaged' AND NOT needs_owner AND cycle = 1 AND NOT EXISTS (SELECT FROM hazard_transition t WHERE t.hazard_id = hazard.id AND t.command = 'returnDispatch' AND t.seq IS NOT NULL)"), 'triaged cases neither dispatched nor in need of an owner');
  return open;
};

const replay = (rows: readonly TransitionRow[], actorOf: (row: TransitionRow) => Actor | null, faults: string[]): { end: HazardCase; effects: HazardEffect[] } | null => {
  const [first, ...rest] = rows;
  const say = (row: TransitionRow, what: string): null => {
    faults.push(`${row.hazard_id}/${row.seq} ${row.command}: ${what}`);
    return null;
  };
  if (!first) return null;
  const context = (row: TransitionRow): StepContext => ({ commandId: row.command_id, actor: actorOf(row), at: row.server_at.getTime(), clientAt: row.client_at?.getTime() ?? null, policy: DEFAULT_POLICY });
  if (first.command !== 'open' || first.seq !== 1) return say(first, 'the record does not begin with open');
  const report = (first.payload as unknown as Extract<HazardCommand, { name: 'open' }>).report;
  const opened = openCase({ hazardId: first.hazard_id, tenantId: first.tenant_id, report }, context(first));
  let current = opened.next;
  const effects = [...opened.effects];
  const due: string[] = [];
  for (const row of rest) {
    if (row.seq !== current.seq + 1) return say(row, `follows ${current.seq}: a gap`);
    const command = { name: row.command, ...row.payload } as HazardCommand;
    if (due.length > 0) {
      const expected = due.shift()!;
      if (row.command !== expected) return say(row, `${expected} had to come first`);
    }
    const taken = step(current, command, context(row));
    if (!taken.ok) return say(row, `the automaton refuses it: ${JSON.stringify(taken.refusal)}`);
    if (row.from_state !== current.state || row.to_state !== taken.value.next.state) return say(row, `${row.from_state} → ${row.to_state}, the automaton says ${current.state} → ${taken.value.next.state}`);
    current = taken.value.next;
    effects.push(...taken.value.effects);
    const before = current;
    due.unshift(...consequences(before, command, DEFAULT_POLICY).filter((c) => checkCommand(before, c, null).ok).map((c) => c.name));
  }
  if (due.length > 0) return say(rows.at(-1)!, `${due.join(', ')} never followed`);
  return { end: current, effects };
};

export const verify = async (databaseUrl: string, engineAddress: string, outcomes: readonly Outcome[], telemetry: Telemetry): Promise<Report> => {
  const faults: string[] = [];
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  const connection = await Connection.connect({ address: engineAddress, connectTimeout: 30_000 });
  const engine = new Client({ connection });
  try {
    const { rows: transitions } = await db.query<TransitionRow>('SELECT * FROM hazard_transition WHERE seq IS NOT NULL ORDER BY hazard_id, seq');
    const { rows: hazards } = await db.query<{ id: string; tenant_id: string; state: HazardState; seq: number; closed_at: Date | null; snapshot: HazardCase; grade: string | null; supervision: number; rejections: number; responsible_id: string | null }>('SELECT * FROM hazard');
    const { rows: memberships } = await db.query<{ person_id: string; org_id: string; kind: OrganisationKind }>('SELECT m.person_id, m.org_id, o.kind FROM membership m JOIN organisation o ON o.id = m.org_id');
    // Reports are moves of the system; they name their reporter.
    const actorOf = (row: TransitionRow): Actor | null => row.actor_id === null || row.command === 'open' || row.command === 'join' ? null : {
      personId: row.actor_id, role: row.actor_role as Role, orgId: row.actor_org_id!, orgKind: memberships.find((m) => m.org_id === row.actor_org_id)!.kind,
      orgIds: memberships.filter((m) => m.person_id === row.actor_id).map((m) => m.org_id),
    };
    const byHazard = Map.groupBy(transitions, (t) => t.hazard_id);

    // I3, I4: the record obeys the automaton without gap, and the projection is where it ends.
    const { rows: noticeRows } = await db.query<{ hazard_id: string; kind: string; is_copy: boolean; recipient_org_id: string; n: string }>('SELECT hazard_id, kind, is_copy, recipient_org_id, count(*) AS n FROM notice WHERE hazard_id IS NOT NULL GROUP BY 1, 2, 3, 4');
    for (const hazard of hazards) {
      const rows = byHazard.get(hazard.id) ?? [];
      const replayed = replay(rows, actorOf, faults);
      if (!replayed) {
        if (rows.length === 0) faults.push(`${hazard.id}: a case without any transition`);
        continue;
      }
      const { end, effects } = replayed;
      if (hazard.state !== end.state || hazard.seq !== end.seq || hazard.supervision !== end.supervision || hazard.rejections !== end.rejections || hazard.responsible_id !== end.responsibleId || (hazard.closed_at !== null) !== isClosed(end)) {
        faults.push(`${hazard.id}: the projection says ${hazard.state}/${hazard.seq}, the record ${end.state}/${end.seq}`);
      }
      if (!isDeepStrictEqual(JSON.parse(JSON.stringify(end)), hazard.snapshot)) faults.push(`${hazard.id}: the stored case differs from the replayed record: ${JSON.stringify(hazard.snapshot)} / ${JSON.stringify(end)}`);
      // I5: as many notices of each kind to each recipient as the moves of the case ask for.
      const orgOf = { enterprise: hazard.tenant_id, emergency_office: 'org-emergency', park_admin: 'org-park-admin', reporter: '', regulator: '', owner: '' } as const;
      const expected = new Map<string, number>();
      for (const e of effects) {
        if (e.kind !== 'notice') continue;
        const key = `${e.notice}/${e.isCopy}/${orgOf[e.to]}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      const found = new Map(noticeRows.filter((n) => n.hazard_id === hazard.id).map((n) => [`${n.kind}/${n.is_copy}/${n.recipient_org_id}`, Number(n.n)]));
      for (const key of new Set([...expected.keys(), ...found.keys()])) {
        if (expected.get(key) !== found.get(key)) faults.push(`${hazard.id}: notices ${key}: ${found.get(key) ?? 0} issued, ${expected.get(key) ?? 0} due`);
      }
    }
    for (const id of byHazard.keys()) if (!hazards.some((h) => h.id === id)) faults.push(`${id}: transitions without a case`);

    // I10: what was answered is on record once, and nothing else is.
    let lost = 0;
    let twice = 0;
    const resolved = { applied: 0, notApplied: 0 };
    const personal = (t: TransitionRow): boolean => t.actor_id !== null && t.command !== 'open' && t.command !== 'join';
    const mine = Map.groupBy(outcomes.filter((o) => o.hazardId !== null && o.command !== 'report'), (o) => o.hazardId!);
    for (const [hazardId, acts] of mine) {
      const rows = (byHazard.get(hazardId) ?? []).filter(personal);
      const claimed = new Set<number>();
      for (const act of acts.filter((a) => a.kind === 'answered')) {
        const row = rows.find((r) => r.seq === act.seq);
        if (!row || row.command !== act.command) {
          lost += 1;
          faults.push(`${act.key}: ${act.command} was answered with transition ${act.seq} of ${hazardId}, the record has ${row?.command ?? 'nothing'} there`);
        } else if (claimed.has(row.seq)) {
          lost += 1;
          faults.push(`${act.key}: two answers name transition ${row.seq} of ${hazardId}`);
        } else claimed.add(row.seq);
      }
      const unclaimed = rows.filter((r) => !claimed.has(r.seq));
      for (const act of acts.filter((a) => a.kind === 'unknown')) {
        const at = unclaimed.findIndex((r) => r.command === act.command);
        if (at >= 0) unclaimed.splice(at, 1);
        if (at >= 0) resolved.applied += 1;
        else resolved.notApplied += 1;
      }
      for (const row of unclaimed) {
        twice += 1;
        faults.push(`${hazardId}/${row.seq}: ${row.command} is on record and no answer or open intent asked for it`);
      }
    }
    for (const [hazardId, rows] of byHazard) if (!mine.has(hazardId)) for (const row of rows.filter(personal)) faults.push(`${hazardId}/${row.seq}: ${row.command} of a case that nobody acted on`);
    const { rows: reports } = await db.query<{ hazard_id: string; reporter_id: string | null }>("SELECT hazard_id, reporter_id FROM hazard_report WHERE origin = 'manual'");
    const reported = outcomes.filter((o) => o.command === 'report');
    for (const o of reported) {
      if (o.kind !== 'answered') continue;
      const n = reports.filter((r) => r.hazard_id === o.hazardId).length;
      if (n === 0) { lost += 1; faults.push(`${o.key}: the report was answered with case ${o.hazardId}, which is not on record`); }
      if (n > 1) { twice += 1; faults.push(`${o.key}: the report is on record ${n} times`); }
    }
    const openReports = reported.filter((o) => o.kind === 'unknown').length;
    if (reports.length > reported.filter((o) => o.kind === 'answered').length + openReports) faults.push(`${reports.length} reports of people are on record, ${reported.length} were made`);
    const { rows: dup } = await db.query<{ command_id: string; n: string }>("SELECT hazard_id || ' ' || command_id AS command_id, count(*) AS n FROM hazard_transition WHERE seq IS NOT NULL GROUP BY 1 HAVING count(*) > 1");
    for (const d of dup) { twice += 1; faults.push(`command ${d.command_id} is on record ${d.n} times`); }

    // I3: one open workflow or a closed record; the workflow and the projection agree.
    let workflowsOpen = 0;
    await inBatches(hazards, 8, async (hazard) => {
      const handle = engine.workflow.getHandle(hazardClosureId(hazard.id));
      const status = await handle.describe().then((d) => d.status.name, (error: Error) => error.message);
      if (hazard.closed_at !== null) {
        if (status !== 'COMPLETED') faults.push(`${hazard.id} is closed, its workflow is ${status}`);
        return;
      }
      workflowsOpen += 1;
      if (status !== 'RUNNING') { faults.push(`${hazard.id} is open, its workflow is ${status}`); return; }
      const state = await handle.query(hazardStateQuery).catch((error: Error) => { faults.push(`${hazard.id}: ${error.message}`); return null; });
      if (state && (state.seq !== hazard.seq || state.state !== hazard.state)) faults.push(`${hazard.id}: workflow at ${state.state}/${state.seq}, projection at ${hazard.state}/${hazard.seq}`);
    });

    // I1: every receipted reading is stored once, and no reading twice.
    const { rows: stored } = await db.query<{ gateway_id: string; boot: string; seq: string; points: string; sensors: string }>(
      'SELECT b.gateway_id, b.boot, r.seq, count(*) AS points, count(DISTINCT r.sensor_id) AS sensors FROM telemetry.reading r JOIN telemetry.boot b ON b.id = r.boot_id GROUP BY 1, 2, 3',
    );
    let readings = 0;
    for (const gateway of telemetry.records) {
      const rows = new Map(stored.filter((r) => r.gateway_id === gateway.gatewayId && r.boot === gateway.boot).map((r) => [Number(r.seq), r]));
      for (const [seq, points] of gateway.published) {
        const row = rows.get(seq);
        if (row) readings += Number(row.points);
        if (gateway.receipted.has(seq) && Number(row?.points ?? 0) !== points) faults.push(`${gateway.gatewayId} message ${seq} is receipted with ${points} readings, ${row?.points ?? 0} are stored`);
        if (row && row.points !== row.sensors) faults.push(`${gateway.gatewayId} message ${seq} is stored more than once`);
      }
      if (gateway.quarantined.size > 0) faults.push(`${gateway.gatewayId}: ${gateway.quarantined.size} good messages went to quarantine`);
      if (gateway.receipted.size !== gateway.published.size) faults.push(`${gateway.gatewayId}: ${gateway.published.size} messages published, ${gateway.receipted.size} receipted`);
    }

    // I2: every excursion is one episode, with one alarm, one alarm workflow and one report.
    const { rows: raised } = await db.query<{ id: string; episode_id: string; sensor_id: string; at: Date; reports: string; alarms: string; cleared: string }>(
      `SELECT e.id, e.episode_id, e.sensor_id, e.at,
         (SELECT count(*) FROM hazard_report r WHERE r.event_id = e.id) AS reports, (SELECT count(*) FROM alarm a WHERE a.id = e.episode_id) AS alarms,
         (SELECT count(*) FROM sensor_event c WHERE c.episode_id = e.episode_id AND c.kind = 'cleared') AS cleared
       FROM sensor_event e WHERE e.kind = 'raised' AND e.statutory`,
    );
    for (const x of telemetry.excursions) {
      const found = raised.filter((e) => e.sensor_id === x.sensorId && e.at.getTime() >= x.from && e.at.getTime() <= x.to);
      if (found.length !== 1) faults.push(`the excursion of ${x.sensorId} at ${new Date(x.from).toISOString()} has ${found.length} episodes`);
    }
    if (raised.length !== telemetry.excursions.length) faults.push(`${raised.length} statutory episodes for ${telemetry.excursions.length} excursions`);
    for (const e of raised) {
      if (Number(e.reports) !== 1) faults.push(`statutory event ${e.id} of ${e.sensor_id} has ${e.reports} reports`);
      if (Number(e.alarms) !== 1) faults.push(`statutory event ${e.id} of ${e.sensor_id} has ${e.alarms} alarms`);
      if (Number(e.cleared) !== 1) faults.push(`statutory event ${e.id} of ${e.sensor_id} was cleared ${e.cleared} times`);
    }
    await inBatches(raised, 8, async (e) => {
      const status = await engine.workflow.getHandle(alarmHandlingId(e.episode_id)).describe().then((d) => d.status.name, (error: Error) => error.message);
      if (status !== 'RUNNING') faults.push(`alarm ${e.episode_id} is unjudged, its workflow is ${status}`);
    });

    // I15
    const { rows: old } = await db.query<{ topic: string; key: string; last_error: string | null }>("SELECT topic, key, last_error FROM outbox WHERE delivered_at IS NULL AND topic <> 'event' AND created_at < now() - interval '60 s'");
    for (const o of old) faults.push(`outbox ${o.topic} ${o.key} is undelivered: ${o.last_error ?? ''}`);

    const { rows: counted } = await db.query<{ n: string }>('SELECT count(*) AS n FROM notice');
    return { faults, hazards: hazards.length, transitions: transitions.length, lost, twice, resolved, notices: Number(counted[0]!.n), readings, excursions: raised.length, workflowsOpen };
  } finally {
    await connection.close();
    await db.end();
  }
};
