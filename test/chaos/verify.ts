/**
 * What must hold once everything runs again and has come to rest. Reads the record directly and asks the engine; the pure
 * domain is the oracle (oracle.ts). Invariants by their numbers: I1 telemetry, I2 statutory events, I3 and I4 automaton and
 * projection, I5 notices, I6 deadlines and supervision, I10 acts once, I14 histories, I15 outbox; chains, packages, self-audit.
 */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import pg from 'pg';
import { comparePackage } from '../../activities/archive.ts';
import { createEngineView } from '../../activities/audit/engine-view.ts';
import { openEvidenceFiles } from '../../activities/audit/files.ts';
import { runSelfAudit } from '../../activities/audit/run.ts';
import type { CommandName, HazardCase, PersonCommand, PersonCommandName } from '../../domain/hazard.ts';
import { checkCommand, isFinished } from '../../domain/hazard.ts';
import { openArchiveStore } from '../../platform/archive-store.ts';
import { verifyAllChains } from '../../prisma/chain.ts';
import { openDatabase } from '../../prisma/client.ts';
import { buildBundle } from '../../worker/build-bundle.ts';
import { hazardStateQuery } from '../../workflows/hazard-closure/messages.ts';
import { alarmHandlingId, hazardClosureId } from '../../workflows/ids.ts';
import type { Oracle, TransitionRow } from './oracle.ts';
import { checkRecord } from './oracle.ts';
import type { Telemetry } from './telemetry.ts';
import type { Outcome } from './workload.ts';

export interface Report {
  faults: string[];
  hazards: number;
  transitions: number;
  commands: Partial<Record<CommandName, number>>;
  cycles: number;
  lost: number;
  twice: number;
  resolved: { applied: number; notApplied: number };
  refusedRightly: number;
  notices: number;
  packages: number;
  readings: number;
  excursions: number;
  /** Excursions whose readings came after newer ones of their sensor: on record, not evaluated. */
  overtaken: number;
  workflowsOpen: number;
  replayed: number;
  chains: number;
  audit: { ok: number; violated: number; notChecked: number };
  late: { timers: number; p50Ms: number; p99Ms: number; mostMs: number };
}

export interface Park {
  databaseUrl: string;
  engineAddress: string;
  dataDir: string;
}

/** When something that timers need was away, in epoch ms. */
export interface Downtime { from: number; to: number }

export const inBatches = async <T>(items: readonly T[], size: number, run: (item: T) => Promise<void>): Promise<void> => {
  const rest = [...items];
  await Promise.all(Array.from({ length: size }, async () => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await run(item);
  }));
};

/** Nothing is on its way any more: gives what is still open, empty when at rest. Deadlines that are still to come are none of it. */
export const restless = async (client: pg.ClientBase, telemetry: Telemetry): Promise<string[]> => {
  const one = async (sql: string): Promise<number> => Number((await client.query<{ n: string }>(sql)).rows[0]!.n);
  const open: string[] = [];
  const say = (n: number, what: string): void => { if (n > 0) open.push(`${n} ${what}`); };
  say(telemetry.waiting, 'messages without receipt');
  say(await one("SELECT count(*) AS n FROM outbox WHERE delivered_at IS NULL AND topic <> 'event' AND created_at < now() - interval '2 s'"), 'outbox rows undelivered');
  say(await one("SELECT count(*) AS n FROM sensor_event WHERE kind = 'raised' AND statutory AND handled_at IS NULL"), 'statutory events unhandled');
  say(await one('SELECT count(*) AS n FROM hazard_report WHERE recorded_seq IS NULL'), 'reports that no case has taken up');
  say(await one("SELECT count(*) AS n FROM hazard WHERE state = 'accepted' AND NOT listed"), 'accepted cases not archived');
  say(await one("SELECT count(*) AS n FROM hazard WHERE state = 'triaged' AND NOT needs_owner AND updated_at < now() - interval '5 s'"), 'triaged cases neither dispatched nor in need of an owner');
  say(await one("SELECT count(*) AS n FROM hazard_transition t WHERE t.command = 'archive' AND t.seq IS NOT NULL AND NOT EXISTS (SELECT FROM archive_package p WHERE p.hazard_id = t.hazard_id AND p.cycle = t.cycle)"), 'archived cycles without a package');
  return open;
};

const personal = (t: TransitionRow): boolean => t.actor_id !== null && t.command !== 'open' && t.command !== 'join';

/** The command that the body of an act stands for, as far as the domain judges it. */
const commandOf = (act: PersonCommandName, body: Record<string, unknown>): PersonCommand => {
  const ms = (name: string): Record<string, number> => (typeof body[name] === 'string' ? { [name]: Date.parse(body[name]) } : {});
  const items = Array.isArray(body.items) ? { items: (body.items as { title: string; dueAt?: string }[]).map((i) => ({ itemId: randomUUID(), title: i.title, dueAt: i.dueAt ? Date.parse(i.dueAt) : null })) } : {};
  return { ...body, ...ms('dueAt'), ...ms('until'), ...items, ...(act === 'redirect' ? { successorId: randomUUID() } : {}), name: act } as unknown as PersonCommand;
};

/** Whether the domain would have refused the act with this code, in one of the states that the case had while it was made. */
const isRefusedRightly = (oracle: Oracle, outcome: Outcome): boolean => {
  const cases = oracle.histories.get(outcome.hazardId ?? '');
  if (!cases || !outcome.actor || outcome.command === 'report' || !outcome.body) return false;
  // The target of a merge is looked at by the API: it must be on record and open.
  if (outcome.code === 'hazard.merge_target') return true;
  const command = commandOf(outcome.command, outcome.body);
  const actor = oracle.actorOf(outcome.actor.personId, outcome.actor.orgId, outcome.actor.role);
  const policy = oracle.policyOf(outcome.hazardId!);
  const before = (at: number): number => cases.findLastIndex((c) => c.lastAt <= at);
  const seen: HazardCase[] = cases.slice(Math.max(0, before(outcome.sentAt) - 1), before(outcome.answeredAt) + 2);
  return seen.some((c) => [outcome.sentAt, outcome.answeredAt].some((at) => {
    const checked = checkCommand(c, command, actor, at, policy);
    return !checked.ok && checked.refusal.code === outcome.code;
  }));
};

const TIMERS: readonly CommandName[] = ['remind', 'breach', 'supervisionBreached', 'lookBackDue', 'resume'];

/** How long after its due instant each move of the clock was on record, but for the time in which it could not be. */
const lateness = (oracle: Oracle, downtimes: readonly Downtime[]): Report['late'] => {
  const late = oracle.transitions.filter((t) => t.actor_id === null && TIMERS.includes(t.command)).map((t) => {
    const due = t.server_at.getTime();
    const recorded = t.recorded_at.getTime();
    const away = downtimes.reduce((sum, d) => sum + Math.max(0, Math.min(d.to, recorded) - Math.max(d.from, due)), 0);
    return Math.max(0, recorded - due - away);
  }).sort((a, b) => a - b);
  const at = (q: number): number => late[Math.min(late.length - 1, Math.floor(late.length * q))] ?? 0;
  return { timers: late.length, p50Ms: at(0.5), p99Ms: at(0.99), mostMs: late.at(-1) ?? 0 };
};

/** Downtimes that overlap or touch as one. */
export const merged = (downtimes: readonly Downtime[]): Downtime[] => {
  const out: Downtime[] = [];
  for (const d of [...downtimes].sort((a, b) => a.from - b.from)) {
    const last = out.at(-1);
    if (last && d.from <= last.to) last.to = Math.max(last.to, d.to);
    else out.push({ ...d });
  }
  return out;
};

export const OFFICES = { emergency_office: ['org-emergency'], park_admin: ['org-park-admin'] };

/** Fetches the history of every workflow of the query and decides it once more with today's code; gives how many. */
export const replayHistories = async (client: Client, query: string, most: number, faults: string[]): Promise<number> => {
  const { codePath } = await buildBundle();
  let replayed = 0;
  const histories = async function* () {
    let n = 0;
    for await (const execution of client.workflow.list({ query })) {
      if (++n > most) return;
      yield { workflowId: execution.workflowId, history: await client.workflow.getHandle(execution.workflowId, execution.runId).fetchHistory() };
    }
  };
  for await (const result of Worker.runReplayHistories({ workflowBundle: { codePath } }, histories())) {
    replayed += 1;
    if (result.error) faults.push(`history of ${result.workflowId} does not replay: ${result.error.message}`);
  }
  return replayed;
};

export interface VerifyOptions {
  downtimes?: readonly Downtime[];
  /** Left out where only the record is looked at again. */
  deep?: boolean;
  /** Closed histories that are replayed beside all open ones. */
  closedHistories?: number;
}

export const verify = async (park: Park, outcomes: readonly Outcome[], telemetry: Telemetry, options: VerifyOptions = {}): Promise<Report> => {
  const db = new pg.Client({ connectionString: park.databaseUrl });
  await db.connect();
  const pool = new pg.Pool({ connectionString: park.databaseUrl, max: 4 });
  pool.on('error', () => {});
  const connection = await Connection.connect({ address: park.engineAddress, connectTimeout: 30_000 });
  const engine = new Client({ connection });
  try {
    // One moment: deadlines of open cases go on running out.
    await db.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const oracle = await checkRecord(db, { offices: OFFICES });
    const { faults, transitions, hazards, byHazard } = oracle;

    // I10: what was answered is on record once, and nothing else is.
    let lost = 0;
    let twice = 0;
    const resolved = { applied: 0, notApplied: 0 };
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
    const { rows: reports } = await db.query<{ id: string; hazard_id: string; recorded_seq: number | null }>("SELECT id, hazard_id, recorded_seq FROM hazard_report WHERE origin = 'manual' AND dedupe_key NOT LIKE 'successor/%'");
    const byId = new Map(reports.map((r) => [r.id, r]));
    const reported = outcomes.filter((o) => o.command === 'report');
    const named = new Set<string>();
    for (const o of reported) {
      if (o.kind !== 'answered') continue;
      const row = byId.get(o.reportId ?? '');
      if (!row || !byHazard.get(row.hazard_id)?.some((t) => t.seq === row.recorded_seq && (t.command === 'open' || t.command === 'join'))) {
        lost += 1;
        faults.push(`${o.key}: the report was answered as ${o.reportId} of case ${o.hazardId}, no case has taken it up`);
      }
      if (named.has(o.reportId!)) faults.push(`${o.key}: two answers name report ${o.reportId}`);
      named.add(o.reportId!);
    }
    if (reports.length > reported.filter((o) => o.kind !== 'refused').length) {
      twice += reports.length - reported.length;
      faults.push(`${reports.length} reports of people are on record, ${reported.length} were made`);
    }
    const { rows: dup } = await db.query<{ command_id: string; n: string }>("SELECT hazard_id || ' ' || command_id AS command_id, count(*) AS n FROM hazard_transition WHERE seq IS NOT NULL GROUP BY 1 HAVING count(*) > 1");
    for (const d of dup) { twice += 1; faults.push(`command ${d.command_id} is on record ${d.n} times`); }

    // Refused acts: by the rules, and for what the rules say.
    const refused = outcomes.filter((o) => o.kind === 'refused');
    const wrongly = refused.filter((o) => !isRefusedRightly(oracle, o));
    for (const o of wrongly) faults.push(`${o.key}: ${o.command} on ${o.hazardId} was refused with ${o.code} after ${o.unknownBefore} unknown attempts; the domain has another answer`);

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
    // Readings that reach the park after newer ones of their sensor are kept and never evaluated (domain/telemetry.ts).
    const { rows: lateReadings } = await db.query<{ sensor_id: string; at: Date }>('SELECT sensor_id, at FROM telemetry.reading WHERE late');
    let overtaken = 0;
    for (const x of telemetry.excursions) {
      const found = raised.filter((e) => e.sensor_id === x.sensorId && e.at.getTime() >= x.from && e.at.getTime() <= x.to);
      if (found.length === 0 && lateReadings.some((r) => r.sensor_id === x.sensorId && r.at.getTime() === x.from)) overtaken += 1;
      else if (found.length !== 1) faults.push(`the excursion of ${x.sensorId} at ${new Date(x.from).toISOString()} has ${found.length} episodes`);
    }
    if (raised.length !== telemetry.excursions.length - overtaken) faults.push(`${raised.length} statutory episodes for ${telemetry.excursions.length} excursions, of which ${overtaken} came after newer readings`);
    for (const e of raised) {
      if (Number(e.reports) !== 1) faults.push(`statutory event ${e.id} of ${e.sensor_id} has ${e.reports} reports`);
      if (Number(e.alarms) !== 1) faults.push(`statutory event ${e.id} of ${e.sensor_id} has ${e.alarms} alarms`);
      if (Number(e.cleared) !== 1) faults.push(`statutory event ${e.id} of ${e.sensor_id} was cleared ${e.cleared} times`);
    }

    // I15
    const { rows: old } = await db.query<{ topic: string; key: string; last_error: string | null }>("SELECT topic, key, last_error FROM outbox WHERE delivered_at IS NULL AND topic <> 'event' AND created_at < now() - interval '60 s'");
    for (const o of old) faults.push(`outbox ${o.topic} ${o.key} is undelivered: ${o.last_error ?? ''}`);
    const { rows: counted } = await db.query<{ notices: string; packages: string }>('SELECT (SELECT count(*) FROM notice) AS notices, (SELECT count(*) FROM archive_package) AS packages');

    // What was said is what is hashed, and a package is what the record says.
    const chains = await verifyAllChains(db, (p) => { faults.push(`chain of ${p.hazardId}: ${p.record} ${p.what}`); });
    const store = openArchiveStore(park.dataDir);
    const archived = transitions.filter((t) => t.command === 'archive');
    const { rows: made } = await db.query<{ hazard_id: string; cycle: number }>('SELECT hazard_id, cycle FROM archive_package');
    for (const t of archived) if (!made.some((p) => p.hazard_id === t.hazard_id && p.cycle === t.cycle)) faults.push(`${t.hazard_id}: no package of cycle ${t.cycle}`);
    if (options.deep !== false) {
      for (const { hazard_id: hazardId, tenant_id: tenantId, cycle } of archived) {
        const problem = await comparePackage(db, store, { hazardId, tenantId, cycle }).catch((error: Error) => ({ record: 'package', what: error.message }));
        if (problem) faults.push(`package of ${hazardId}, cycle ${cycle}: ${problem.record} ${problem.what}`);
      }
    }
    await db.query('COMMIT');

    // I3, I4 in the engine: a case that goes on has a workflow that says the same; a finished one has none.
    let workflowsOpen = 0;
    const current = async (id: string): Promise<HazardCase> => (await pool.query<{ snapshot: HazardCase }>('SELECT snapshot FROM hazard WHERE id = $1', [id])).rows[0]!.snapshot;
    await inBatches(hazards, 8, async (hazard) => {
      const handle = engine.workflow.getHandle(hazardClosureId(hazard.id));
      const known = await current(hazard.id);
      let status = await handle.describe().then((d) => d.status.name, (error: Error) => error.message);
      if (isFinished(known)) {
        // It ends when the last that it has to tell is told: a package may be in the making.
        if (status !== 'COMPLETED' && status !== 'RUNNING') faults.push(`${hazard.id} is finished, its workflow is ${status}`);
        return;
      }
      workflowsOpen += 1;
      if (status !== 'RUNNING') {
        const now = await current(hazard.id);
        status = await handle.describe().then((d) => d.status.name, (error: Error) => error.message);
        if (!isFinished(now) && status !== 'RUNNING') faults.push(`${hazard.id} is ${hazard.state}, it is open, its workflow is ${status}`);
        return;
      }
      for (let attempt = 1; ; attempt += 1) {
        const before = await current(hazard.id);
        const state = await handle.query(hazardStateQuery).catch((error: Error) => error);
        const after = await current(hazard.id);
        if (!(state instanceof Error) && state && state.seq >= before.seq && (state.seq <= after.seq || attempt < 5)) {
          if (state.seq > after.seq) continue;
          break;
        }
        if (attempt >= 5) {
          faults.push(`${hazard.id}: workflow at ${state instanceof Error ? state.message : `${state?.state}/${state?.seq}`}, projection at ${after.state}/${after.seq}`);
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    });
    await inBatches(raised, 8, async (e) => {
      const status = await engine.workflow.getHandle(alarmHandlingId(e.episode_id)).describe().then((d) => d.status.name, (error: Error) => error.message);
      if (status !== 'RUNNING') faults.push(`alarm ${e.episode_id} is unjudged, its workflow is ${status}`);
    });

    // I14: every open history, and some closed ones, are decided the same way by this code.
    let replayed = 0;
    const audit = { ok: 0, violated: 0, notChecked: 0 };
    if (options.deep !== false) {
      replayed += await replayHistories(engine, "ExecutionStatus = 'Running'", Infinity, faults);
      replayed += await replayHistories(engine, "ExecutionStatus != 'Running'", options.closedHistories ?? 50, faults);
      const database = openDatabase({ url: park.databaseUrl, defaultScope: 'service', maxConnections: 2 });
      try {
        const found = await runSelfAudit({
          reportId: randomUUID(), pool: database.pool, files: await openEvidenceFiles(park.dataDir), archive: store, engine: createEngineView(engine, 30_000), settleMs: 10_000, hashBytes: null, alive: () => {},
        });
        for (const f of found.findings) {
          if (f.status === 'ok') audit.ok += 1;
          else if (f.status === 'not_checked') audit.notChecked += 1;
          else audit.violated += 1;
          if (f.status === 'violated' && f.severity === 'error') faults.push(`self-audit ${f.id}: ${f.violations}, ${f.records.slice(0, 5).join('; ')}`);
          if (f.status === 'not_checked') faults.push(`self-audit ${f.id} was not checked: ${f.note}`);
        }
      } finally {
        await database.close();
      }
    }

    const commands: Report['commands'] = {};
    for (const t of transitions) commands[t.command] = (commands[t.command] ?? 0) + 1;
    return {
      faults, hazards: hazards.length, transitions: transitions.length, commands, cycles: hazards.filter((h) => h.cycle > 1).length, lost, twice, resolved, refusedRightly: refused.length - wrongly.length,
      notices: Number(counted[0]!.notices), packages: Number(counted[0]!.packages), readings, excursions: raised.length, overtaken, workflowsOpen, replayed, chains: chains.cases, audit, late: lateness(oracle, merged(options.downtimes ?? [])),
    };
  } finally {
    await connection.close();
    await pool.end();
    await db.end();
  }
};
