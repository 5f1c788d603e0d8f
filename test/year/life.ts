/** A park that lives in virtual time, and what its record must say afterwards. */
import type { Database } from '../../prisma/client.ts';
import type { PersonCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY, lookBacksOf } from '../../domain/policy.ts';
import type { HazardGrade, HazardType } from '../../domain/hazard-types.ts';
import type { Random } from '../chaos/random.ts';
import { randomOf } from '../chaos/random.ts';
import { createTestDatabase } from '../db.ts';
import { startTimeSkippingEnv } from '../engine.ts';
import type { Case } from '../workflows/park.ts';
import { activitiesOf, DAY, HOUR, openCase, PEOPLE, photo, seedPark, startWorker } from '../workflows/park.ts';

export interface LifeOptions { cases: number; firms: number; days: number; seed: number; progress?: (line: string) => void }
export interface LifeReport {
  seed: number; cases: number; firms: number; days: number; seconds: number; transitions: number;
  reminders: number; breaches: number; supervisions: number; lookBacks: number; reopened: number; acts: number; refusedActs: Record<string, number>;
  faults: string[];
}

/** Everybody who acts within the same four hours acts at their end, all at once. */
const SLOT = 4 * HOUR;
/**
 * When within a slot people act: at another second than in every slot from which a deadline could fall into this one. The
 * test server stalls for ever where a timer fires while its workflow is at an act that cancels it (temporalio/sdk-java#3088);
 * the engine of a park does not.
 */
const awake = (slot: number): number => ((slot / SLOT) * 7_000) % 3_500_000;
/** After the last report so long, so that look-backs come due. */
const AFTER = 130 * DAY;
const MAJOR_SITE = { type: 'Point', coordinates: [121, 31] } as { type: 'Point'; coordinates: [number, number] };

interface Planned { at: number; run: () => Promise<void> }

class Life {
  readonly queue = new Map<number, Planned[]>();
  readonly refused: Record<string, number> = {};
  acts = 0;
  private readonly random: Random;
  constructor(random: Random) {
    this.random = random;
  }

  plan(at: number, run: () => Promise<void>): void {
    const slot = Math.ceil(at / SLOT) * SLOT;
    this.queue.set(slot, [...(this.queue.get(slot) ?? []), { at, run }]);
  }

  private hours(least: number, most: number): number {
    return this.random.int(least, most) * HOUR;
  }

  /** One person's act; a refusal is counted, and what would have followed does not. */
  private async act(found: Case, actor: Actor, command: PersonCommand): Promise<boolean> {
    this.acts += 1;
    const code = await found.refusal(actor, command);
    if (code === null) return true;
    this.refused[`${command.name}: ${code}`] = (this.refused[`${command.name}: ${code}`] ?? 0) + 1;
    return false;
  }

  /** From triage on: each act plans the next, in time or not. */
  follow(found: Case, officer: Actor, now: () => Promise<number>): void {
    const grade: HazardGrade = this.random.next() < 0.15 ? 'major' : 'general';
    const then = async (after: number, run: () => Promise<void>): Promise<void> => this.plan((await now()) + after, run);
    const review = async (): Promise<void> => {
      if (this.random.next() < 0.2) {
        if (await this.act(found, PEOPLE.inspector, { name: 'reject', reason: '整改不到位' })) await then(this.hours(6, 90), submit);
        return;
      }
      const onSite = { evidence: [photo], site: MAJOR_SITE };
      if (grade === 'major' && !(await this.act(found, PEOPLE.office, { name: 'sign', note: '现场核查合格', ...onSite }))) return;
      if (await this.act(found, PEOPLE.inspector, { name: 'accept', note: '复查合格', ...(grade === 'major' ? onSite : {}) })) await lookBacks();
    };
    const submit = async (): Promise<void> => {
      if (await this.act(found, officer, { name: 'submit', note: '整改完成', evidence: [photo] })) await then(this.hours(2, 60), review);
    };
    const lookBacks = async (): Promise<void> => {
      const { lookBacks: due } = (await found.state())!;
      for (const { n, dueAt } of due) {
        // Some look-backs are done late, some never.
        if (this.random.next() < 0.15) continue;
        this.plan(dueAt + this.hours(1, 12 * 24), async () => {
          const passed = this.random.next() >= 0.12;
          if ((await this.act(found, PEOPLE.inspector, { name: 'lookBack', n, passed, note: passed ? '保持良好' : '再次出现', evidence: [photo] })) && !passed) await then(this.hours(3, 30), start);
        });
      }
    };
    const start = async (): Promise<void> => {
      if (!(await this.act(found, officer, { name: 'start' }))) return;
      if (grade === 'major' && !(await this.act(found, officer, { name: 'plan', interimMeasures: '停用并设警戒', measures: '更换', costYuan: 20_000 }))) return;
      if (this.random.next() < 0.15) await then(this.hours(5, 40), ask);
      // A third is late.
      await then(this.random.next() < 0.33 ? this.hours(8 * 24, 30 * 24) : this.hours(10, 6 * 24), submit);
    };
    const ask = async (): Promise<void> => {
      const c = (await found.state())!;
      if (c.dueAt === null || !(await this.act(found, officer, { name: 'requestExtension', dueAt: c.dueAt + this.hours(24, 6 * 24), reason: '备件未到' }))) return;
      await then(this.hours(1, 30), async () => {
        await this.act(found, PEOPLE.admin, { name: 'decideExtension', granted: this.random.next() < 0.7, reason: '已核实' });
      });
    };
    const triage = async (): Promise<void> => {
      if (this.random.next() < 0.05) {
        await this.act(found, PEOPLE.office, { name: 'dismiss', reason: '不构成隐患' });
        return;
      }
      if (await this.act(found, PEOPLE.inspector, { name: 'triage', grade, reason: '现场判断' })) await then(this.hours(2, 40), start);
    };
    void then(this.random.next() < 0.1 ? this.hours(25, 60) : this.hours(1, 20), triage);
  }
}

const seedFirms = async (database: Database, firms: number): Promise<Actor[]> => {
  const officers: Actor[] = [];
  for (let n = 0; n < firms; n += 1) {
    const orgId = `firm-${n}`;
    const personId = `p-firm-${n}`;
    await database.pool.query(`INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ($1, 'park', 'enterprise', $1, $2, $3)`, [orgId, `第${n}企业`, `Firm ${n}`]);
    await database.pool.query('INSERT INTO person (id, name_zh, name_en) VALUES ($1, $2, $3)', [personId, `安全员${n}`, `Officer ${n}`]);
    await database.pool.query(`INSERT INTO membership (id, person_id, org_id, role) VALUES ($1, $2, $3, 'enterprise_safety_officer')`, [`m-${personId}`, personId, orgId]);
    officers.push({ personId, role: 'enterprise_safety_officer', orgId, orgKind: 'enterprise', orgIds: [orgId] });
  }
  return officers;
};

export const lifeOf = async (options: LifeOptions): Promise<LifeReport> => {
  const begun = performance.now();
  const testDatabase = await createTestDatabase();
  const database = testDatabase.open();
  await seedPark(database);
  const officers = await seedFirms(database, options.firms);
  const env = await startTimeSkippingEnv();
  const stop = await startWorker(env.nativeConnection, activitiesOf(database), { maxCachedWorkflows: 1_000 });
  try {
    const random = randomOf(options.seed, 'year');
    const life = new Life(random);
    const now = (): Promise<number> => env.currentTimeMs();
    const from = Math.ceil((await now()) / SLOT) * SLOT;
    for (let n = 0; n < options.cases; n += 1) {
      const officer = random.pick(officers);
      life.plan(from + random.int(0, options.days * 24 - 1) * HOUR, async () => {
        const found = await openCase(env.client, database, await now(), { tenantId: officer.orgId, report: { title: `隐患 ${n}`, type: 'leak' as HazardType } });
        life.follow(found, officer, now);
      });
    }
    const end = from + options.days * DAY + AFTER;
    let told = 0;
    for (let slot = from; slot <= end; slot += SLOT) {
      const due = life.queue.get(slot);
      if (!due) continue;
      life.queue.delete(slot);
      const left = slot + awake(slot) - (await now());
      if (left > 0) await env.sleep(left);
      await Promise.all(due.map((p) => p.run()));
      if (slot - from > told) {
        options.progress?.(`day ${Math.round((slot - from) / DAY)}: ${life.acts} acts, ${Math.round((performance.now() - begun) / 1_000)} s`);
        told += 30 * DAY;
      }
    }
    const left = end - (await now());
    if (left > 0) await env.sleep(left);
    await settle(database);
    const checked = await check(database, await now());
    const { rows } = await database.pool.query<{ transitions: number; reopened: number; cases: number }>(
      'SELECT count(*)::int AS transitions, (SELECT count(*)::int FROM hazard WHERE cycle > 1) AS reopened, (SELECT count(*)::int FROM hazard) AS cases FROM hazard_transition WHERE seq IS NOT NULL',
    );
    if (rows[0]!.cases !== options.cases) checked.faults.push(`${rows[0]!.cases} cases on record, ${options.cases} reported`);
    return {
      seed: options.seed, cases: options.cases, firms: options.firms, days: options.days, seconds: Math.round((performance.now() - begun) / 1_000), transitions: rows[0]!.transitions,
      reopened: rows[0]!.reopened, acts: life.acts, refusedActs: life.refused, ...checked,
    };
  } finally {
    await stop();
    await env.teardown();
    await testDatabase.drop();
  }
};

/** Until nothing is written any more. */
const settle = async (database: Database): Promise<void> => {
  for (let before = -1; ; ) {
    const { rows } = await database.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM hazard_transition');
    if (rows[0]!.n === before) return;
    before = rows[0]!.n;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
};

interface DeadlineRow { hazard_id: string; kind: string; level: number; item: string; cycle: number; started_at: Date; due_at: Date; met_at: Date | null; breached_at: Date | null; withdrawn_at: Date | null }
interface MoveRow { hazard_id: string; command: string; server_at: Date; cycle: number; payload: { deadline?: string; level?: number; item?: string; remindAt?: number; n?: number; cause?: string } }

/** The instants that the policy and the starts and ends on record give, against what is on record. */
const check = async (database: Database, now: number): Promise<Pick<LifeReport, 'reminders' | 'breaches' | 'supervisions' | 'lookBacks' | 'faults'>> => {
  const faults: string[] = [];
  const { rows: deadlines } = await database.pool.query<DeadlineRow>('SELECT * FROM deadline');
  const { rows: moves } = await database.pool.query<MoveRow>(
    `SELECT hazard_id, command, server_at, cycle, payload FROM hazard_transition WHERE command IN ('remind', 'breach', 'supervisionBreached', 'lookBackDue', 'archive', 'supervise', 'reject', 'reopen', 'triage', 'dismiss', 'dispatch', 'accept', 'lookBack') AND seq IS NOT NULL ORDER BY hazard_id, seq`,
  );
  const { rows: hazards } = await database.pool.query<{ id: string; grade: HazardGrade | null; type: HazardType }>('SELECT id, grade, type FROM hazard');
  const { rows: supervisions } = await database.pool.query<{ hazard_id: string; level: number; cycle: number; cause: string; opened_at: Date; due_at: Date }>('SELECT * FROM supervision ORDER BY hazard_id, cycle, level');
  const counts = (of: string[]): Map<string, number> => {
    const map = new Map<string, number>();
    for (const key of of) map.set(key, (map.get(key) ?? 0) + 1);
    return map;
  };
  const compare = (what: string, expected: string[], found: string[]): void => {
    const [e, f] = [counts(expected), counts(found)];
    for (const key of new Set([...e.keys(), ...f.keys()])) {
      if (e.get(key) !== f.get(key)) faults.push(`${what} ${key}: ${f.get(key) ?? 0} on record, ${e.get(key) ?? 0} due`);
    }
  };
  const at = (d: Date): number => d.getTime();

  // Reminders and breaches of every deadline that ran.
  const reminders: string[] = [];
  const breaches: string[] = [];
  const ofCase = Map.groupBy(moves, (m) => m.hazard_id);
  const ENDS: Record<string, string[]> = { triage: ['triage', 'dismiss'], dispatch: ['dispatch'], rectify: ['accept'], look_back: ['lookBack', 'reopen'] };
  /** When what was due was done, late as it may be. */
  const endOf = (d: DeadlineRow): number => {
    const done = ofCase.get(d.hazard_id)?.find((m) => ENDS[d.kind]!.includes(m.command) && m.server_at > d.started_at && (m.command !== 'lookBack' || String(m.payload.n) === d.item));
    return Math.min(done ? at(done.server_at) : Infinity, d.withdrawn_at ? at(d.withdrawn_at) : Infinity, now);
  };
  for (const d of deadlines) {
    const end = Math.min(d.met_at ? at(d.met_at) : Infinity, d.withdrawn_at ? at(d.withdrawn_at) : Infinity, now + 1);
    const key = (instant: number): string => `${d.hazard_id}/${d.kind}/${d.level}/${new Date(instant).toISOString()}`;
    if (d.kind !== 'supervision') {
      const done = endOf(d);
      for (const after of DEFAULT_POLICY.remindAfterMs) if (at(d.due_at) + after <= done) reminders.push(key(at(d.due_at) + after));
    }
    if (d.kind === 'rectify' || d.kind === 'supervision') {
      for (const before of DEFAULT_POLICY.remindBeforeMs) {
        const instant = at(d.due_at) - before;
        // What ends at the very instant of a reminder is decided after it.
        if (instant > at(d.started_at) && instant <= end) reminders.push(key(instant));
      }
    }
    if (at(d.due_at) <= end) {
      breaches.push(key(at(d.due_at)));
      if (!d.breached_at || at(d.breached_at) !== at(d.due_at)) faults.push(`deadline ${key(at(d.due_at))} was breached and the record says ${d.breached_at?.toISOString() ?? 'nothing'}`);
    } else if (d.breached_at) faults.push(`deadline ${key(at(d.due_at))} was not breached and the record says ${d.breached_at.toISOString()}`);
  }
  const moveKey = (m: MoveRow, kind = m.payload.deadline!): string => `${m.hazard_id}/${kind}/${m.payload.level ?? 0}/${m.server_at.toISOString()}`;
  compare('reminder', reminders, moves.filter((m) => m.command === 'remind').map((m) => moveKey(m)));
  compare('breach', breaches, [...moves.filter((m) => m.command === 'breach').map((m) => moveKey(m)), ...moves.filter((m) => m.command === 'supervisionBreached').map((m) => moveKey(m, 'supervision'))]);

  // Supervision: by the first missed rectification, by each rejection, by each level that ran out.
  const opened: string[] = [];
  for (const [key, own] of Map.groupBy(moves, (m) => `${m.hazard_id}/${m.cycle}`)) {
    let level = 0;
    let rejections = 0;
    const open = (to: number, cause: string, instant: Date): void => {
      if (to <= level) return;
      level = to;
      opened.push(`${key}/${to}/${cause}/${instant.toISOString()}`);
    };
    for (const m of own) {
      if (m.command === 'breach' && m.payload.deadline === 'rectify') open(1, 'overdue', m.server_at);
      if (m.command === 'reject') open((rejections += 1) >= DEFAULT_POLICY.rejectionsForLevel3 ? 3 : 2, 'rejected', m.server_at);
      if (m.command === 'supervisionBreached' && level < 3) open(level + 1, 'supervision_breached', m.server_at);
    }
  }
  compare('supervision', opened, supervisions.map((s) => `${s.hazard_id}/${s.cycle}/${s.level}/${s.cause === 'review_overdue' ? 'overdue' : s.cause}/${s.opened_at.toISOString()}`));

  // Look-backs: so long after each archiving, unless the case was reopened before.
  const lookBacks: string[] = [];
  const gradeOf = new Map(hazards.map((h) => [h.id, h]));
  for (const m of moves.filter((x) => x.command === 'archive')) {
    const h = gradeOf.get(m.hazard_id)!;
    const reopened = moves.find((x) => x.hazard_id === m.hazard_id && x.command === 'reopen' && x.server_at >= m.server_at);
    const until = Math.min(now, reopened ? at(reopened.server_at) : Infinity);
    for (const after of lookBacksOf(DEFAULT_POLICY, h.grade ?? 'general', h.type)) if (at(m.server_at) + after <= until) lookBacks.push(`${m.hazard_id}/${new Date(at(m.server_at) + after).toISOString()}`);
  }
  compare('look-back', lookBacks, moves.filter((m) => m.command === 'lookBackDue').map((m) => `${m.hazard_id}/${m.server_at.toISOString()}`));
  return { reminders: reminders.length, breaches: breaches.length, supervisions: opened.length, lookBacks: lookBacks.length, faults: faults.slice(0, 50) };
};
