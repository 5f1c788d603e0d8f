/**
 * The automaton of a case against random people and clocks. The model is written down here on its own: a table of what may
 * happen in which state, so that a change of domain/hazard.ts cannot change both.
 */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CommandName, HazardCase, HazardCommand, HazardReport, HazardState, Step, SystemCommand } from '../../domain/hazard.ts';
import { consequences, dueMove, HAZARD_STATES, isClosed, MOVES, openCase, PERSON_COMMANDS, step, checkCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';

const T0 = Date.UTC(2026, 10, 24);
const HOUR = 3_600_000;
const photo = { sha256: 'b'.repeat(64), mediaType: 'image/jpeg' };

const PEOPLE: Actor[] = [
  ...(['park_admin', 'emergency_office', 'inspector'] as const).map((role): Actor => ({ personId: `p-${role}`, role, orgId: 'office', orgKind: 'park_department', orgIds: ['office'] })),
  { personId: 'p-double', role: 'inspector', orgId: 'office', orgKind: 'park_department', orgIds: ['office', 'ent-1'] },
  { personId: 'p-officer', role: 'inspector', orgId: 'office', orgKind: 'park_department', orgIds: ['office'] },
  { personId: 'p-officer', role: 'enterprise_safety_officer', orgId: 'ent-1', orgKind: 'enterprise', orgIds: ['ent-1'] },
  { personId: 'p-worker', role: 'enterprise_safety_officer', orgId: 'ent-1', orgKind: 'enterprise', orgIds: ['ent-1'] },
  { personId: 'p-foreign', role: 'enterprise_safety_officer', orgId: 'ent-2', orgKind: 'enterprise', orgIds: ['ent-2'] },
  { personId: 'p-invest', role: 'investment_office', orgId: 'office', orgKind: 'park_department', orgIds: ['office'] },
  { personId: 'p-regulator', role: 'regulator', orgId: 'reg', orgKind: 'regulator', orgIds: ['reg'] },
];

/** command → state → state after it; what is not here is illegal. */
const WANTED: Record<Exclude<CommandName, 'open'>, Partial<Record<HazardState, HazardState>>> = {
  join: { reported: 'reported', triaged: 'triaged', dispatched: 'dispatched', rectifying: 'rectifying', submitted: 'submitted', accepted: 'accepted' },
  triage: { reported: 'triaged' },
  dismiss: { reported: 'dismissed' },
  needsOwner: { triaged: 'triaged' },
  dispatch: { triaged: 'dispatched' },
  returnDispatch: { dispatched: 'triaged' },
  start: { dispatched: 'rectifying' },
  progress: { rectifying: 'rectifying' },
  submit: { rectifying: 'submitted' },
  reject: { submitted: 'rectifying' },
  accept: { submitted: 'accepted' },
  archive: { accepted: 'archived' },
  remind: { triaged: 'triaged', dispatched: 'dispatched', rectifying: 'rectifying', submitted: 'submitted', reported: 'reported' },
  breach: { reported: 'reported', triaged: 'triaged', dispatched: 'dispatched', rectifying: 'rectifying', submitted: 'submitted' },
  supervise: { dispatched: 'dispatched', rectifying: 'rectifying', submitted: 'submitted' },
  supervisionBreached: { dispatched: 'dispatched', rectifying: 'rectifying', submitted: 'submitted' },
};
const COMMANDS = Object.keys(WANTED) as (keyof typeof WANTED)[];
/** Reminders are of rectification and supervision: none comes before the dispatch. */
const NEVER_OCCURS = new Set(['remind/reported', 'remind/triaged']);

const report = (n: number): HazardReport => ({
  reportId: `r${n}`, origin: n % 2 ? 'manual' : 'sensor', type: 'leak', title: 't', description: 'd', reporterId: n % 2 ? 'p-emergency_office' : null, assetId: 'a1', zoneId: null, point: null,
  statutory: false, event: null, receivedAt: T0, clientAt: T0, evidence: [photo],
});

const content = (name: keyof typeof WANTED, c: HazardCase, n: number): HazardCommand => {
  const d = c.deadlines.find((x) => x.reminders.length > 0);
  const due = c.deadlines.find((x) => !x.breached && x.kind !== 'supervision');
  switch (name) {
    case 'join': return { name, report: report(n + 2) };
    case 'triage': return { name, grade: n % 2 ? 'general' : 'major', reason: 'r' };
    case 'dispatch': return { name, responsibleId: 'p-officer' };
    case 'returnDispatch': case 'reject': case 'dismiss': return { name, reason: 'r' };
    case 'start': case 'needsOwner': case 'archive': return { name };
    case 'progress': case 'submit': return { name, note: 'n', evidence: [photo] };
    case 'accept': return { name, note: 'n' };
    case 'remind': return { name, deadline: d?.kind ?? 'rectify', level: d?.level ?? 0, remindAt: d?.reminders[0] ?? 0 };
    case 'breach': return { name, deadline: due?.kind ?? 'rectify', level: 0 };
    case 'supervise': return { name, level: Math.min(3, c.supervision + 1) as 1 | 2 | 3, cause: 'overdue' };
    case 'supervisionBreached': return { name, level: (c.supervision || 1) as 1 | 2 | 3 };
  }
};

const isPerson = (name: string): boolean => (PERSON_COMMANDS as readonly string[]).includes(name);

/** Who may, apart from the state; written from the rules and not from the permission table. */
const personMay = (name: string, c: HazardCase, a: Actor): boolean => {
  const isPark = ['park_admin', 'emergency_office', 'inspector'].includes(a.role);
  const ofFirm = a.role === 'enterprise_safety_officer' && a.orgId === c.tenantId;
  switch (name) {
    case 'triage': case 'dispatch': return isPark;
    case 'dismiss': return isPark && a.role !== 'inspector' && !c.reporterIds.includes(a.personId) && !c.statutory;
    case 'accept': case 'reject': return isPark && !a.orgIds.includes(c.tenantId) && !c.rectifierIds.includes(a.personId) && c.responsibleId !== a.personId;
    case 'returnDispatch': return ofFirm && !c.overdue && c.supervision === 0;
    default: return ofFirm;
  }
};

interface Log {
  seqs: number[];
  ends: Map<string, number>;
  started: Set<string>;
}

const check = (before: HazardCase, { next, record, effects }: Step, log: Log): void => {
  expect(next.seq).toBe(before.seq + 1);
  expect(record.seq).toBe(next.seq);
  expect(record.serverAt).toBeGreaterThanOrEqual(before.lastAt);
  expect(next.supervision).toBeGreaterThanOrEqual(before.supervision);
  expect(next.rejections).toBeGreaterThanOrEqual(before.rejections);
  expect(next.closedAt !== null).toBe(isClosed(next));
  if (record.command === 'accept') {
    expect(before.rectifierIds).not.toContain(record.actorId);
    expect(before.responsibleId).not.toBe(record.actorId);
    expect(next.deadlines).toEqual([]);
  }
  if (record.command === 'dispatch') expect(effects.filter((e) => e.kind === 'notice').map((e) => [e.to, e.isCopy])).toEqual([['enterprise', false], ['emergency_office', true]]);
  log.seqs.push(record.seq);
  for (const e of effects) {
    if (e.kind !== 'deadline') continue;
    const key = `${e.deadline.kind}/${e.deadline.level}/${e.deadline.startedAt}/${e.op === 'start' ? record.seq : ''}`;
    const plain = `${e.deadline.kind}/${e.deadline.level}/${e.deadline.startedAt}`;
    if (e.op === 'start') {
      expect(log.started.has(key)).toBe(false);
      log.started.add(plain);
    } else {
      expect(log.started.has(plain)).toBe(true);
      log.ends.set(plain, (log.ends.get(plain) ?? 0) + 1);
    }
  }
};

/** Draws a life of a case: acts (any command by anybody, in any state) and jumps of the clock, consequences as the workflow takes them. */
const live = (choices: readonly { command: number; actor: number; hours: number; helpful: boolean }[], seen: { legal: Set<string>; refused: Set<string> }): void => {
  const first = openCase({ hazardId: 'h', tenantId: 'ent-1', report: report(1) }, { commandId: 'open', actor: null, at: T0, policy: DEFAULT_POLICY });
  let c = first.next;
  let now = T0;
  const log: Log = { seqs: [1], ends: new Map(), started: new Set(c.deadlines.map((d) => `${d.kind}/${d.level}/${d.startedAt}`)) };

  const take = (command: HazardCommand, actor: Actor | null, at: number): void => {
    const before = c;
    const frozen = JSON.stringify(before);
    const result = step(before, command, { commandId: 'x', actor, at, policy: DEFAULT_POLICY });
    expect(JSON.stringify(before)).toBe(frozen);
    const wanted = WANTED[command.name as keyof typeof WANTED][before.state];
    const cell = `${command.name}/${before.state}`;
    const authorised = actor ? isPerson(command.name) && personMay(command.name, before, actor) : !isPerson(command.name) || command.name === 'dispatch';
    if (!wanted || !authorised) {
      expect([cell, result.ok]).toEqual([cell, false]);
      if (!wanted) seen.refused.add(cell);
      return;
    }
    if (!result.ok) {
      // What is left are commands without their matter: no reminder due, no deadline open, the level reached already.
      expect(['remind', 'breach', 'supervise', 'supervisionBreached', 'needsOwner', 'join']).toContain(command.name);
      return;
    }
    expect(result.value.next.state).toBe(wanted);
    seen.legal.add(cell);
    c = result.value.next;
    check(before, result.value, log);
    for (const follow of consequences(c, command, DEFAULT_POLICY)) take(follow, null, at);
  };
  const catchUp = (): void => {
    for (let due = dueMove(c, now); due; due = dueMove(c, now)) {
      const { seq } = c;
      take(due.command, null, due.at);
      expect(c.seq).toBeGreaterThan(seq);
    }
  };

  choices.forEach(({ command, actor, hours, helpful }, n) => {
    // A person's acts are at least a millisecond apart.
    now += hours * HOUR + 1;
    catchUp();
    // Half of the draws take what is possible, so that lives get far; the others take anything.
    const possible = helpful ? COMMANDS.filter((name) => isPerson(name) && WANTED[name][c.state] && PEOPLE.some((p) => personMay(name, c, p))) : [];
    const name = possible.length > 0 ? possible[command % possible.length]! : COMMANDS[command % COMMANDS.length]!;
    const able = helpful ? PEOPLE.filter((p) => personMay(name, c, p)) : [];
    const who = able.length > 0 ? able[actor % able.length]! : actor % 4 === 0 ? null : PEOPLE[actor % PEOPLE.length]!;
    take(content(name, c, n), who, now);
  });
  expect(log.seqs).toEqual(log.seqs.map((_, i) => i + 1));
  for (const [deadline, ends] of log.ends) expect([deadline, ends]).toEqual([deadline, 1]);
  if (isClosed(c)) expect(log.ends.size).toBe(log.started.size);
};

describe('the automaton of a case', () => {
  test('the table of moves is what was agreed', () => {
    for (const name of COMMANDS) {
      for (const state of HAZARD_STATES) {
        const move = MOVES[name];
        expect([name, state, move.from.includes(state) ? (move.to === 'same' ? state : move.to) : undefined]).toEqual([name, state, WANTED[name][state]]);
      }
    }
  });

  test('random lives: every legal transition is reached, every illegal one refused, the invariants hold [C-018]', () => {
    const seen = { legal: new Set<string>(), refused: new Set<string>() };
    const choice = fc.record({ command: fc.nat(1_000), actor: fc.nat(1_000), hours: fc.oneof(fc.constant(0), fc.nat(30), fc.nat(400)), helpful: fc.boolean() });
    fc.assert(fc.property(fc.array(choice, { minLength: 1, maxLength: 60, size: 'max' }), (choices) => live(choices, seen)), { numRuns: 1_000, seed: 20261124 });

    // `accepted` lasts only until its consequence; there the moves are looked at one by one.
    const accepted: HazardCase = { ...openCase({ hazardId: 'h', tenantId: 'ent-1', report: report(1) }, { commandId: 'o', actor: null, at: T0, policy: DEFAULT_POLICY }).next, state: 'accepted', deadlines: [] };
    for (const name of COMMANDS) {
      const command = content(name, accepted, 5);
      const taken = PEOPLE.some((p) => checkCommand(accepted, command, p).ok) || checkCommand(accepted, command as SystemCommand, null).ok;
      expect([name, taken]).toEqual([name, WANTED[name].accepted !== undefined]);
      (taken ? seen.legal : seen.refused).add(`${name}/accepted`);
    }

    const cells = COMMANDS.flatMap((name) => HAZARD_STATES.map((state) => ({ cell: `${name}/${state}`, legal: WANTED[name][state] !== undefined })));
    expect(cells.filter((x) => x.legal && !seen.legal.has(x.cell) && !NEVER_OCCURS.has(x.cell)).map((x) => x.cell)).toEqual([]);
    expect(cells.filter((x) => !x.legal && !seen.refused.has(x.cell)).map((x) => x.cell)).toEqual([]);
  });
});
