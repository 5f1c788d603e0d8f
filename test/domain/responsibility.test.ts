import { describe, expect, test } from '@jest/globals';
import type { HazardCase } from '../../domain/hazard.ts';
import type { Responsible } from '../../domain/responsibility.ts';
import { responsibleAt, WITHOUT_CONSEQUENCE } from '../../domain/responsibility.ts';
import { randomOf } from '../chaos/random.ts';
import type { Life } from './random-lives.ts';
import { randomLives, recordsOf } from './random-lives.ts';

const T0 = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;
const TENANTS = ['ent-1', 'ent-2', 'ent-3'];

type Answer = Omit<Responsible, 'sinceSeq' | 'since'>;

/** From the case as it stood, which the fold never sees: what it was then is read off it. */
const answerOf = (c: HazardCase): Answer => {
  const nobody: Answer = { what: null, holder: null, orgTenantId: null, personId: null, paused: false, continuedBy: null };
  if (c.state === 'reported') return { ...nobody, what: 'triage', holder: 'park' };
  if (c.state === 'triaged') return { ...nobody, what: 'dispatch', holder: 'park' };
  if (c.state === 'dispatched' || c.state === 'rectifying') return { ...nobody, what: 'rectify', holder: 'enterprise', orgTenantId: c.tenantId, personId: c.responsibleId, paused: c.paused !== null };
  if (c.state === 'submitted') return { ...nobody, what: 'review', holder: 'park' };
  if (c.state === 'accepted') return c.listed ? { ...nobody, what: 'delist', holder: 'park' } : nobody;
  if (c.state === 'archived') return c.lookBacks.some((l) => l.state === 'due') ? { ...nobody, what: 'look_back', holder: 'park' } : nobody;
  if (c.state === 'merged') return { ...nobody, continuedBy: c.mergedInto };
  if (c.state === 'redirected') return { ...nobody, continuedBy: c.successorId };
  return nobody;
};

const oracle = (life: Life, t: number): Responsible => {
  const reached = life.steps.filter((s) => s.record.serverAt <= t);
  const last = reached.at(-1);
  if (!last) return { what: null, holder: null, orgTenantId: null, personId: null, paused: false, continuedBy: null, sinceSeq: 0, since: null };
  const answer = answerOf(last.next);
  const key = (a: Answer): string => JSON.stringify({ ...a, paused: false });
  let first = reached.length - 1;
  while (first > 0 && key(answerOf(reached[first - 1]!.next)) === key(answer)) first--;
  return { ...answer, sinceSeq: reached[first]!.record.seq, since: reached[first]!.record.serverAt };
};

describe('who was responsible at an instant', () => {
  test('1,000 random questions over random lives are answered as a brute-force oracle answers them', () => {
    const seed = Date.now() % 1_000_000;
    const random = randomOf(seed, 'responsibility');
    const lives = Array.from({ length: 200 }, (_, n) => randomLives(random, `h${n}`, { tenants: TENANTS, types: ['leak', 'ppe_missing'], startAt: T0, acts: 40 })).flat();
    const seen = new Set<string>();
    const commands = new Set(lives.flatMap((l) => l.steps.map((s) => s.record.command)));
    for (let n = 0; n < 1_000; n++) {
      const life = random.pick(lives);
      const [from, to] = [life.steps[0]!.record.serverAt, life.steps.at(-1)!.record.serverAt];
      // Half of the questions are about the very instant of a transition, or just before or after it.
      const t = n % 2 ? random.int(from - 24 * HOUR, to + 24 * HOUR) : random.pick(life.steps).record.serverAt + random.int(-1, 1);
      const answer = responsibleAt(life.tenantId, recordsOf(life), t);
      seen.add(`${answer.what}${answer.paused ? ' paused' : ''}`);
      if (answer.continuedBy) seen.add('continued');
      expect(responsibleAt(life.tenantId, recordsOf(life).filter((r) => !(WITHOUT_CONSEQUENCE as readonly string[]).includes(r.command)), t)).toEqual(answer);
      expect({ seed, hazard: life.hazardId, t, ...answer }).toEqual({ seed, hazard: life.hazardId, t, ...oracle(life, t) });
    }
    // The lives went where the question is hard.
    for (const command of ['returnDispatch', 'handover', 'redirect', 'reassess', 'merge', 'unmerge', 'reopen', 'pause', 'withdraw', 'list', 'lookBackDue']) expect([...commands]).toContain(command);
    expect([...seen].sort()).toEqual(expect.arrayContaining(['null', 'triage', 'dispatch', 'rectify', 'review', 'continued']));
  });

  test('a handover changes the person at its own instant, and a decline gives the case back to the park', () => {
    const at = (hours: number) => T0 + hours * HOUR;
    const t = [
      { seq: 1, command: 'open' as const, to: 'reported' as const, serverAt: at(0), payload: {} },
      { seq: 2, command: 'triage' as const, to: 'triaged' as const, serverAt: at(1), payload: {} },
      { seq: 3, command: 'dispatch' as const, to: 'dispatched' as const, serverAt: at(2), payload: { responsibleId: 'p-a' } },
      { seq: 4, command: 'handover' as const, to: 'dispatched' as const, serverAt: at(3), payload: { responsibleId: 'p-b' } },
      { seq: 5, command: 'returnDispatch' as const, to: 'triaged' as const, serverAt: at(4), payload: {} },
    ];
    expect(responsibleAt('ent-1', t, at(0) - 1)).toMatchObject({ what: null, holder: null, sinceSeq: 0 });
    expect(responsibleAt('ent-1', t, at(3) - 1)).toMatchObject({ what: 'rectify', holder: 'enterprise', orgTenantId: 'ent-1', personId: 'p-a', sinceSeq: 3 });
    expect(responsibleAt('ent-1', t, at(3))).toMatchObject({ what: 'rectify', personId: 'p-b', sinceSeq: 4, since: at(3) });
    expect(responsibleAt('ent-1', t, at(1_000))).toMatchObject({ what: 'dispatch', holder: 'park', personId: null, sinceSeq: 5 });
  });
});
