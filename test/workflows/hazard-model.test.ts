/** Random people on real cases: the workflow must do what the automaton says, command by command, refusal by refusal. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { HazardCase, HazardCommand, PersonCommand, PersonCommandName } from '../../domain/hazard.ts';
import { allowedActs, checkCommand, consequences, dueMove, isClosed, PERSON_COMMANDS, step } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import type { Case } from './park.ts';
import { HOUR, openCase, PEOPLE, photo } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

const COMMANDS_AT_LEAST = 220;

let env: TestWorkflowEnvironment;
let database: Database;
let park: VirtualPark;

beforeAll(async () => {
  park = await startVirtualPark();
  ({ env, database } = park);
});
afterAll(() => park?.close());

const ACTORS: Actor[] = [PEOPLE.inspector, PEOPLE.office, PEOPLE.officer, PEOPLE.colleague, { ...PEOPLE.inspector, personId: 'p-double', orgIds: ['park-office', 'ent-1'] }, { ...PEOPLE.office, role: 'investment_office' }];

const commandOf = (name: PersonCommandName, n: number): PersonCommand => {
  switch (name) {
    case 'triage': return { name, grade: n % 3 ? 'general' : 'major', reason: n % 11 ? '理由' : ' ' };
    case 'dispatch': return { name, responsibleId: 'p-officer' };
    case 'returnDispatch': case 'reject': case 'dismiss': return { name, reason: '理由' };
    case 'start': return { name };
    case 'progress': return { name, note: '进展', evidence: [photo] };
    case 'submit': return { name, note: '完成', evidence: n % 7 ? [photo] : [] };
    case 'accept': return { name, note: '合格' };
  }
};

const apply = (c: HazardCase, command: HazardCommand, actor: Actor | null, at: number): HazardCase => {
  const taken = step(c, command, { commandId: 'model', actor, at, policy: DEFAULT_POLICY });
  if (!taken.ok) return c;
  return consequences(taken.value.next, command, DEFAULT_POLICY).reduce((after, follow) => apply(after, follow, null, at), taken.value.next);
};
const catchUp = (c: HazardCase, now: number): HazardCase => {
  for (let due = dueMove(c, now); due; due = dueMove(c, now)) c = apply(c, due.command, null, due.at);
  return c;
};

test(`at least ${COMMANDS_AT_LEAST} random commands: the same case and the same refusals as the automaton, all of it on the record [C-018]`, async () => {
  const choice = fc.record({ pick: fc.nat(1_000), actor: fc.nat(1_000), hours: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(120)), helpful: fc.boolean() });
  const lives = fc.sample(fc.array(choice, { minLength: 25, maxLength: 25 }), { numRuns: 40, seed: 7 });
  let commands = 0;
  const seen = new Set<string>();
  for (const life of lives) {
    if (commands >= COMMANDS_AT_LEAST) break;
    const found: Case = await openCase(env.client, database, await env.currentTimeMs());
    let model = await found.until((c) => c.state === 'reported');
    for (const { pick, actor, hours, helpful } of life) {
      if (isClosed(model)) break;
      if (hours > 0) await env.sleep(hours * HOUR);
      model = catchUp(model, await env.currentTimeMs());
      await found.until((c) => c.seq >= model.seq);
      const who = ACTORS[actor % ACTORS.length]!;
      const possible = helpful ? ACTORS.flatMap((a) => allowedActs(model, a).map((name) => [a, name] as const)) : [];
      const [by, name] = possible[pick % Math.max(1, possible.length)] ?? [who, PERSON_COMMANDS[pick % PERSON_COMMANDS.length]!];
      const command = commandOf(name, pick);
      commands += 1;
      const wanted = checkCommand(model, command, by);
      if (!wanted.ok) {
        expect([name, await found.refusal(by, command)]).toEqual([name, wanted.refusal.code]);
        expect(await found.state()).toEqual(model);
        seen.add(wanted.refusal.code);
        continue;
      }
      const { transition, case: after } = await found.act(by, command);
      model = apply(catchUp(model, transition.serverAt), command, by, transition.serverAt);
      expect(after).toEqual(model);
      seen.add(name);
      if (name === 'triage') {
        // The one safety officer of the enterprise gets it by rule.
        const dispatched = await found.until((c) => c.state === 'dispatched');
        model = apply(model, { name: 'dispatch', responsibleId: 'p-officer' }, null, dispatched.lastAt);
        expect(dispatched).toEqual(model);
      }
    }
    if (isClosed(model)) await found.handle.result();
    await found.until((c) => c.seq >= model.seq);
    const { rows } = await database.pool.query<{ seq: number }>('SELECT seq FROM hazard_transition WHERE hazard_id = $1 ORDER BY seq', [found.hazardId]);
    expect(rows.map((r) => r.seq).slice(0, model.seq - 1)).toEqual(Array.from({ length: model.seq - 1 }, (_, i) => i + 1));
    if (!isClosed(model)) await found.handle.terminate();
  }
  expect(commands).toBeGreaterThanOrEqual(COMMANDS_AT_LEAST);
  for (const name of PERSON_COMMANDS) expect(seen).toContain(name);
  expect(seen.size).toBeGreaterThan(PERSON_COMMANDS.length + 4);
}, 240_000);
