/** Random people on real cases that know each other: the workflow must do what the automaton says, command by command, refusal by refusal, and the record must say the same. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Connection } from '@temporalio/client';
import type { UpdateDefinition } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Engine } from '../../api/engine.ts';
import { createEngine, NoWorkflow } from '../../api/engine.ts';
import type { Result } from '../../domain/errors.ts';
import type { HazardCase, HazardCommand, HazardEffect, HazardReport, PersonCommand, TransitionRecord } from '../../domain/hazard.ts';
import { allowedActs, checkCommand, consequences, dueMove, hasHeard, isClosed, isFinished, openCase as openModel, PERSON_COMMANDS, step } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { verifyChain } from '../../prisma/chain.ts';
import type { Database } from '../../prisma/client.ts';
import { joinCase } from '../../prisma/intake.ts';
import type { WorkflowMessage } from '../../prisma/outbox.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import type { HazardActInput, HazardActResult } from '../../workflows/hazard-closure/messages.ts';
import { HAZARD_CLOSURE, hazardUpdates, TAKES_UP_AGAIN } from '../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId } from '../../workflows/ids.ts';
import type { Random } from '../chaos/random.ts';
import { randomOf } from '../chaos/random.ts';
import { contentOf, PEOPLE as CAST } from '../domain/case-model.ts';
import { bringTo, Case, DAY, HOUR, openCase, PEOPLE, reportAt, SUBMIT } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

const COMMANDS_AT_LEAST = 2_000;
/** More than one run of the workflow takes. */
const ACTS_OF_A_LONG_CASE = 850;
/** Rare acts are waited for so long. */
const COMMANDS_AT_MOST = 2_600;
const SEED = Number(process.env.TEST_SEED ?? 7);

let env: TestWorkflowEnvironment;
let database: Database;
let park: VirtualPark;
let engine: Engine;
let receive: (message: WorkflowMessage) => Promise<void>;

beforeAll(async () => {
  park = await startVirtualPark();
  ({ env, database } = park);
  engine = createEngine(env.connection as Connection, 'default', { updateMs: 30_000 });
  receive = createWorkflowReceiver(env.client, database);
  for (const { personId } of [...CAST, { personId: 'p-third' }]) await database.pool.query('INSERT INTO person (id, name_zh, name_en) VALUES ($1, $1, $1) ON CONFLICT DO NOTHING', [personId]);
  await database.pool.query(`INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('office', 'park', 'park_department', 'OF', '办公室', 'Office')`);
}, 60_000);
afterAll(() => park?.close());

/** A real case and what the automaton makes of the same commands. */
class Followed {
  readonly found: Case;
  model: HazardCase;
  readonly records: TransitionRecord[] = [];
  readonly effects: { cycle: number; effect: HazardEffect }[] = [];

  constructor(found: Case, tenantId: string, report: HazardReport) {
    this.found = found;
    const opened = openModel({ hazardId: found.hazardId, tenantId, report }, { commandId: 'model', actor: null, at: report.receivedAt, policy: DEFAULT_POLICY });
    this.model = opened.next;
    this.keep(opened);
  }

  private keep({ record, effects }: { record: TransitionRecord; effects: HazardEffect[] }): void {
    this.records.push(record);
    this.effects.push(...effects.map((effect) => ({ cycle: record.cycle, effect })));
  }

  apply(command: HazardCommand, actor: Actor | null, at: number): void {
    const taken = step(this.model, command, { commandId: 'model', actor, at, policy: DEFAULT_POLICY });
    if (!taken.ok) throw new Error(`the automaton refuses what the workflow took: ${command.name}, ${JSON.stringify(taken.refusal)}`);
    this.model = taken.value.next;
    this.keep(taken.value);
    for (const follow of consequences(this.model, command, DEFAULT_POLICY)) if (checkCommand(this.model, follow, null, at, DEFAULT_POLICY).ok) this.apply(follow, null, at);
  }

  catchUp(now: number): void {
    for (let due = dueMove(this.model, now); due; due = dueMove(this.model, now)) this.apply(due.command, null, due.at);
  }

  /** Waits until the real case has come as far as the model. */
  async meet(): Promise<void> {
    const c = await this.found.until((x) => x.seq >= this.model.seq).catch((error: Error) => {
      throw new Error(`the model is ${this.model.state} after ${this.records.slice(-4).map((r) => `${r.seq} ${r.command} at ${r.serverAt}`).join(', ')}; ${error.message}`);
    });
    expect(c).toEqual(this.model);
  }

  /** Of a triage or reopening: who answers by rule, as it is decided. */
  async dispatchByRule(): Promise<void> {
    const c = await this.found.until((x) => x.seq > this.model.seq && (x.state !== 'triaged' || x.needsOwner));
    this.catchUp(c.lastAt);
    await this.heard(c.needsOwner ? { name: 'needsOwner' } : { name: 'dispatch', responsibleId: 'p-officer' }, c);
  }

  /** What the system decided on the real case, which stands so now. */
  async heard(command: HazardCommand, { lastAt }: HazardCase): Promise<void> {
    this.apply(command, null, lastAt);
    // A term that was used up before is due at once.
    this.catchUp(lastAt);
    await this.meet();
  }
}

const cases = new Map<string, Followed>();

/** As the API sends it; `null` where the case's workflow has ended. */
const send = async ({ model, found }: Followed, actor: Actor, command: PersonCommand): Promise<Result<HazardActResult> | null> => {
  const commandId = randomUUID();
  const start = TAKES_UP_AGAIN.includes(command.name) ? { workflow: HAZARD_CLOSURE, taskQueue: CLOSURE_QUEUE, input: { hazardId: model.hazardId, tenantId: model.tenantId } } : undefined;
  try {
    return await engine.update(hazardClosureId(found.hazardId), hazardUpdates[command.name] as unknown as UpdateDefinition<HazardActResult, [HazardActInput]>, [{ commandId, actor, clientAt: null, command }], commandId, start);
  } catch (error) {
    if (error instanceof NoWorkflow) return null;
    throw new Error(`${command.name} on ${model.hazardId} was not answered: ${JSON.stringify((await found.handle.describe()).raw.pendingActivities?.map((a) => a.lastFailure?.message))}`, { cause: error });
  }
};

const newCase = async (): Promise<Followed> => {
  const at = await env.currentTimeMs();
  const found = await openCase(env.client, database, at);
  const { rows } = await database.pool.query<{ message: HazardReport }>('SELECT message FROM hazard_report WHERE hazard_id = $1', [found.hazardId]);
  await database.pool.query(`UPDATE outbox SET delivered_at = now() WHERE topic = 'workflow' AND key LIKE $1`, [`hazard/${found.hazardId}/report/%`]);
  const followed = new Followed(found, 'ent-1', rows[0]!.message);
  cases.set(found.hazardId, followed);
  await followed.meet();
  return followed;
};

const undelivered = async (): Promise<{ id: string; payload: Extract<WorkflowMessage, { workflow: 'hazardClosure' }> }[]> =>
  (await database.pool.query(`SELECT id, payload FROM outbox WHERE topic = 'workflow' AND payload->>'workflow' = 'hazardClosure' AND delivered_at IS NULL ORDER BY id`)).rows;

/** What the relay would bring, and what the automaton makes of it. Gives what kinds of message there were. */
const deliver = async (happened: Map<string, number>): Promise<void> => {
  const count = (what: string): void => {
    happened.set(what, (happened.get(what) ?? 0) + 1);
  };
  for (let rows = await undelivered(); rows.length > 0; rows = await undelivered()) {
    for (const { id, payload } of rows) {
      const { hazardId, tenantId } = payload.input;
      const known = cases.get(hazardId);
      if (known) {
        known.catchUp(await env.currentTimeMs());
        await known.meet();
      }
      await receive(payload);
      await database.pool.query('UPDATE outbox SET delivered_at = now() WHERE id = $1', [id]);
      if ('signal' in payload) {
        if (!known) {
          count(payload.signal.predecessor ? 'successor' : 'rerouted');
          const followed = new Followed(new Case(env.client, hazardId, tenantId), tenantId, payload.signal);
          cases.set(hazardId, followed);
          followed.catchUp(await env.currentTimeMs());
          await followed.meet();
        } else if (isClosed(known.model)) {
          // Late: it goes on to another case.
          count('late');
          await until(async () => (await database.pool.query('SELECT FROM hazard_report WHERE id = $1 AND hazard_id <> $2', [payload.signal.reportId, hazardId])).rowCount === 1);
        } else {
          count('join');
          const c = await known.found.until((x) => x.seq > known.model.seq);
          await known.heard({ name: 'join', reports: [payload.signal] }, c);
        }
        continue;
      }
      const { messageId: _, ...said } = payload.message;
      count(said.name);
      const command: HazardCommand = said.name === 'mergeRefused' ? { name: 'unmerge', reason: said.reason, ...(said.seq === undefined ? {} : { seq: said.seq }) } : said;
      if (checkCommand(known!.model, command, null, known!.model.lastAt, DEFAULT_POLICY).ok) {
        const c = await known!.found.until((x) => x.seq > known!.model.seq);
        await known!.heard(command, c);
      } else if (said.name === 'absorb' && !hasHeard(known!.model, said)) {
        count('absorb refused');
        await until(async () => (await database.pool.query('SELECT FROM outbox WHERE key = $1', [`hazard/${said.hazardId}/${payload.message.messageId}/refused`])).rowCount === 1);
      }
    }
  }
};

const until = async (what: () => Promise<boolean>, limitMs = 20_000): Promise<void> => {
  for (const end = performance.now() + limitMs; !(await what()); await new Promise((resolve) => setTimeout(resolve, 20))) if (performance.now() > end) throw new Error('waited in vain');
};

/** The rows of a case against the model's steps. */
const compare = async ({ found, model, records, effects }: Followed): Promise<void> => {
  const { hazardId } = found;
  await until(async () => (await database.pool.query('SELECT FROM hazard WHERE id = $1 AND seq = $2', [hazardId, model.seq])).rowCount === 1);
  const rows = async (sql: string) => (await database.pool.query<Record<string, unknown>>(sql, [hazardId])).rows;
  const at = (value: unknown): number | null => (value instanceof Date ? value.getTime() : null);
  const transitions = await rows('SELECT * FROM hazard_transition WHERE hazard_id = $1 AND seq IS NOT NULL ORDER BY seq');
  expect(transitions.map((t) => [t.seq, t.cycle, t.command, t.from_state, t.to_state, t.actor_id, t.actor_role, at(t.server_at), t.reason])).toEqual(
    records.map((r) => [r.seq, r.cycle, r.command, r.from, r.to, r.actorId, r.actorRole, r.serverAt, r.reason]));
  expect((await rows('SELECT snapshot, state, cycle, overdue, supervision, listed, paused, extensions, report_count, merged_into, successor_id, responsible_id, needs_owner, closed_at FROM hazard WHERE id = $1')).map((h) => ({ ...h, closed_at: at(h.closed_at) }))).toEqual([{
    snapshot: model, state: model.state, cycle: model.cycle, overdue: model.overdue, supervision: model.supervision, listed: model.listed !== null, paused: model.paused !== null, extensions: model.extensions,
    report_count: model.reportCount, merged_into: model.mergedInto, successor_id: model.successorId, responsible_id: model.responsibleId, needs_owner: model.needsOwner, closed_at: model.closedAt,
  }]);
  const items = await rows('SELECT item_id, title, state, due_at, rejections FROM hazard_item i WHERE hazard_id = $1 AND cycle = (SELECT max(cycle) FROM hazard_item WHERE hazard_id = i.hazard_id) ORDER BY item_id');
  expect(items.map((i) => ({ ...i, due_at: at(i.due_at) }))).toEqual(model.items.map((i) => ({ item_id: i.itemId, title: i.title, state: i.state, due_at: i.dueAt, rejections: i.rejections })).sort((a, b) => (a.item_id < b.item_id ? -1 : 1)));

  const deadlines = new Map<string, Record<string, unknown>>();
  const supervisions = new Map<string, Record<string, unknown>>();
  for (const { cycle, effect: e } of effects) {
    if (e.kind === 'deadline') {
      const { kind, level, item = '', startedAt, dueAt } = e.deadline;
      const key = `${kind}/${level}/${item}/${startedAt}`;
      if (e.op === 'start') deadlines.set(key, { kind, level, item, cycle, started: startedAt, due: dueAt, met: null, breached: null, withdrawn: null });
      else deadlines.get(key)![e.op] = e.op === 'breached' ? dueAt : e.at;
    } else if (e.kind === 'supervision') {
      const key = `${cycle}/${e.level}`;
      if (e.op === 'open') supervisions.set(key, { level: e.level, cycle, cause: e.cause, opened: e.openedAt, due: e.dueAt, closed: null, outcome: null });
      else Object.assign(supervisions.get(key)!, { closed: e.at, outcome: e.outcome });
    }
  }
  const byKey = <T extends Record<string, unknown>>(list: T[]): T[] => list.map((x) => [JSON.stringify(x), x] as const).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, x]) => x);
  expect(byKey((await rows('SELECT * FROM deadline WHERE hazard_id = $1')).map((d) => ({
    kind: d.kind, level: d.level, item: d.item, cycle: d.cycle, started: at(d.started_at), due: at(d.due_at), met: at(d.met_at), breached: at(d.breached_at), withdrawn: at(d.withdrawn_at),
  })))).toEqual(byKey([...deadlines.values()]));
  expect(byKey((await rows('SELECT * FROM supervision WHERE hazard_id = $1')).map((s) => ({ level: s.level, cycle: s.cycle, cause: s.cause, opened: at(s.opened_at), due: at(s.due_at), closed: at(s.closed_at), outcome: s.outcome }))))
    .toEqual(byKey([...supervisions.values()]));
  expect(await verifyChain(database.pool, hazardId)).toBeNull();
};

/** Time does not go on while an activity is tried again and again: then what it failed with is said. */
const sleep = async (gap: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const stuck = new Promise<'stuck'>((resolve) => {
    timer = setTimeout(() => resolve('stuck'), 30_000);
  });
  const ended = await Promise.race([env.sleep(gap), stuck]);
  clearTimeout(timer);
  if (ended !== 'stuck') return;
  const failures = await Promise.all([...cases.values()].map(async ({ found, model }) =>
    ((await found.handle.describe()).raw.pendingActivities ?? []).map((a) => `${model.state} ${a.activityType?.name}: ${a.lastFailure?.message}`)));
  throw new Error(`time stands still: ${failures.flat().join('; ')}`);
};

const RARE: readonly string[] = ['dismiss', 'redirect', 'reassess', 'withdraw', 'addSigner', 'split', 'reject'];

/** A report for a case that may have closed. */
const reportLate = async (f: Followed, random: Random): Promise<void> => {
  const now = await env.currentTimeMs();
  const message = { ...reportAt(now, { origin: random.pick(['manual', 'sensor']), statutory: random.next() < 0.1 }), reportId: randomUUID() };
  await database.pgTransaction({ scope: 'service' }, async (client) => {
    await client.query(`INSERT INTO hazard_report (id, tenant_id, hazard_id, origin, type, title, description, message, received_at, dedupe_key) VALUES ($1, $2, $3, $4, 'leak', 't', 'd', $5, $6, $1)`, [
      message.reportId, f.model.tenantId, f.found.hazardId, message.origin, JSON.stringify(message), new Date(now),
    ]);
    await joinCase(client, message.reportId, f.found.hazardId);
  });
};

test(`at least ${COMMANDS_AT_LEAST} random commands on cases that know each other: the same cases and the same refusals as the automaton, all of it on the record`, async () => {
  const random = randomOf(SEED, 'workflow');
  const seen = new Map<string, number>();
  const happened = new Map<string, number>();
  let commands = 0;
  let current: Followed[] = [];
  const unseen = (): string[] => PERSON_COMMANDS.filter((name) => !seen.has(name));
  while (commands < COMMANDS_AT_LEAST || (unseen().length > 0 && commands < COMMANDS_AT_MOST)) {
    current = current.filter((f) => (isFinished(f.model) ? random.next() < 0.9 : random.next() < 0.97));
    while (current.length < 4) current.push(await newCase());
    const f = random.pick(current);
    const asleep = f.model.state === 'archived' && !f.model.lookBacks.some((l) => l.state === 'due');
    const gap = asleep && random.next() < 0.4 ? random.int(1, 31 * DAY) : random.next() < 0.5 ? 0 : random.next() < 0.93 ? random.int(1, 6 * HOUR) : random.int(1, 6 * DAY);
    if (gap > 0) await sleep(gap);
    const now = await env.currentTimeMs();
    const asItWas = f.model;
    for (const other of cases.values()) other.catchUp(now);
    if (f.model !== asItWas) await f.meet();
    if (random.next() < 0.04) {
      await reportLate(f, random);
      await deliver(happened);
      continue;
    }
    const possible = random.next() < 0.75 ? CAST.flatMap((a) => allowedActs(f.model, a).filter((name) => !RARE.includes(name) || random.next() < 0.3).map((name) => [a, name] as const)) : [];
    const names = [...new Set(possible.map(([, name]) => name))];
    const name = names.length > 0 ? random.pick(names) : random.pick(PERSON_COMMANDS);
    const able = possible.filter(([, n]) => n === name).map(([a]) => a);
    const by = able.length > 0 ? random.pick(able) : random.pick(CAST);
    const others = [...cases.values()].filter((o) => o !== f && o.model.tenantId === f.model.tenantId && (!isClosed(o.model) || random.next() < 0.1)).map((o) => o.found.hazardId);
    const command = contentOf(name, f.model, now, random, others.slice(-4), able.length > 0 && random.next() < 0.8) as PersonCommand;
    if (command.name === 'merge' && !cases.has(command.intoHazardId)) continue;
    commands += 1;
    if (isFinished(f.model)) await until(async () => (await f.found.handle.describe()).status.name === 'COMPLETED');
    const wanted = checkCommand(f.model, command, by, now, DEFAULT_POLICY);
    const answer = await send(f, by, command);
    if (!wanted.ok) {
      if (answer === null) expect(isFinished(f.model)).toBe(true);
      else expect([name, answer.ok ? 'taken' : answer.refusal.code]).toEqual([name, wanted.refusal.code]);
      seen.set(wanted.refusal.code, (seen.get(wanted.refusal.code) ?? 0) + 1);
      if (random.next() < 0.1) await f.meet();
      continue;
    }
    if (!answer?.ok) throw new Error(`${name} by ${by.personId} on ${f.model.state} was not taken: ${JSON.stringify(answer)}`);
    const { transition, case: after } = answer.value;
    // A clock that begins anew does so strictly after what was before.
    f.catchUp(transition.serverAt - 1);
    f.apply(command, by, transition.serverAt);
    expect(after).toEqual(f.model);
    seen.set(name, (seen.get(name) ?? 0) + 1);
    if (name === 'triage' || name === 'reopen' || (command.name === 'lookBack' && !command.passed)) await f.dispatchByRule();
    if (['merge', 'unmerge', 'redirect'].includes(name)) await deliver(happened);
  }
  await deliver(happened);
  const now = await env.currentTimeMs();
  for (const f of cases.values()) {
    f.catchUp(now);
    await f.meet();
    await compare(f);
  }
  const refusals = [...seen.keys()].filter((k) => k.includes('.'));
  console.log(`seed ${SEED}: ${commands} commands on ${cases.size} cases, ${seen.size - refusals.length} acts taken, ${refusals.length} refusals; ${[...happened].map(([k, n]) => `${k} ${n}`).join(', ')}; cycles up to ${Math.max(...[...cases.values()].map((f) => f.model.cycle))}`);
  // Rare acts may need more lives than these; every act and every refusal is reached in test/domain/hazard-model.test.ts.
  expect(unseen().length).toBeLessThanOrEqual(2);
  expect(refusals.length).toBeGreaterThan(15);
  for (const what of ['absorb', 'release', 'successor', 'late', 'join']) expect(happened.get(what) ?? 0).toBeGreaterThan(0);
}, 400_000);

test('a case that goes on as a new run in the middle is the same case: no act lost, none twice', async () => {
  const f = await newCase();
  const first = (await f.found.handle.describe()).runId;
  const taken = async (actor: Actor, command: PersonCommand): Promise<void> => {
    const answer = await send(f, actor, command);
    if (!answer?.ok) throw new Error(JSON.stringify(answer));
    f.apply(command, actor, answer.value.transition.serverAt);
  };
  await taken(PEOPLE.inspector, { name: 'triage', grade: 'general', reason: '一般' });
  await f.dispatchByRule();
  await taken(PEOPLE.officer, { name: 'start' });
  for (let n = 0; n < ACTS_OF_A_LONG_CASE; n += 8) {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => {
      const command: PersonCommand = { name: 'progress', note: `进展 ${n + i}`, evidence: [] };
      return send(f, PEOPLE.officer, command).then((answer) => ({ command, answer }));
    }));
    const inOrder = answers.map(({ command, answer }) => {
      if (!answer?.ok) throw new Error(JSON.stringify(answer));
      return { command, transition: answer.value.transition };
    }).sort((a, b) => a.transition.seq - b.transition.seq);
    for (const { command, transition } of inOrder) f.apply(command, PEOPLE.officer, transition.serverAt);
  }
  await f.meet();
  await until(async () => (await f.found.handle.describe()).runId !== first);
  // The overdue supervision's own workflow and the timers of the case are still there.
  await env.sleep(8 * DAY);
  f.catchUp(await env.currentTimeMs());
  await f.meet();
  expect(f.model).toMatchObject({ overdue: true, supervision: 1 });
  await taken(PEOPLE.officer, SUBMIT);
  await taken(PEOPLE.inspector, { name: 'accept', note: '合格' });
  expect(f.model.state).toBe('archived');
  await compare(f);
}, 120_000);

test('of two who decide at once one wins, the other is told what happened', async () => {
  const found = await openCase(env.client, database, await env.currentTimeMs());
  await bringTo(found, 'submitted');
  const decisions = await Promise.all([
    found.refusal(PEOPLE.inspector, { name: 'accept', note: '合格' }), found.refusal(PEOPLE.office, { name: 'reject', reason: '不合格' }), found.refusal(PEOPLE.admin, { name: 'accept', note: '合格' }),
  ]);
  expect(decisions.filter((code) => code === null)).toHaveLength(1);
  expect(decisions.filter((code) => code !== null)).toEqual(['hazard.illegal_move', 'hazard.illegal_move']);
  const { rows } = await database.pool.query(`SELECT command FROM hazard_transition WHERE hazard_id = $1 AND command IN ('accept', 'reject') AND seq IS NOT NULL`, [found.hazardId]);
  expect(rows).toHaveLength(1);
});
