import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { RunningEffectInput } from '../../domain/running-effect.ts';
import { DEFAULT_RUNNING_EFFECT, endedWeeks, isWeek, median, runningEffect, weekOf, weekPeriod } from '../../domain/running-effect.ts';

const WEEK = '2026-11-16';
const none: RunningEffectInput = { tenantId: 'e', tasks: [], due: [], rejected: [], supervised: [], reopened: [], exhausted: [], found: ['f1', 'f2', 'f3'] };
const scoreOf = (input: Partial<RunningEffectInput>, peers: number[] = []) => runningEffect(WEEK, { ...none, ...input }, peers, DEFAULT_RUNNING_EFFECT);
const tasks = (done: number, of: number, named = false) => Array.from({ length: of }, (_, n) => ({ id: `t${n}`, inTime: n < done, named }));
const due = (met: number, of: number, major = false) => Array.from({ length: of }, (_, n) => ({ hazardId: `h${n}`, met: n < met, major }));

describe('the weekly score', () => {
  test('weighs the two rates and shows every deduction with its records', () => {
    const score = scoreOf({ tasks: [...tasks(8, 10), { id: 'named', inTime: false, named: true }], due: due(4, 5), rejected: ['h9'], supervised: ['h4'] });
    expect(score).toMatchObject({
      basis: 'both', veto: false,
      tasks: { rate: 8 / 11, points: 36.36, records: [{ kind: 'task', id: 't8' }, { kind: 'task', id: 't9' }, { kind: 'task', id: 'named' }] }, rectification: { rate: 0.8, points: 40, records: [{ kind: 'hazard', id: 'h4' }] },
    });
    expect(score.deductions.map((d) => [d.code, d.points, d.records.map((r) => r.id)])).toEqual([['duty', 2, ['named']], ['overdue', 5, ['h4']], ['rejected', 2, ['h9']], ['supervised', 3, ['h4']]]);
    expect(score.score).toBeCloseTo((50 * 8) / 11 + 40 - 12, 1);
  });
  test('a rate of nothing has no value and gives its weight away', () => {
    expect(scoreOf({ tasks: tasks(1, 2) })).toMatchObject({ basis: 'tasks', score: 50, tasks: { weight: 100 }, rectification: { weight: 0, rate: null } });
    expect(scoreOf({ due: due(3, 4) })).toMatchObject({ basis: 'rectification', rectification: { weight: 100, points: 75 } });
    expect(scoreOf({})).toMatchObject({ basis: 'none', score: 100, deductions: [] });
  });
  test('too few hazards is judged against peers, and not against a handful of them', () => {
    expect(scoreOf({ found: ['f1'] }, [6, 6, 6, 6, 6]).deductions).toMatchObject([{ code: 'too_few', points: 10, records: [{ kind: 'hazard', id: 'f1' }] }]);
    expect(scoreOf({ found: ['f1', 'f2', 'f3'] }, [6, 6, 6, 6, 6]).deductions).toEqual([]);
    expect(scoreOf({ found: [] }, [6, 6, 6, 6])).toMatchObject({ deductions: [], peers: { judged: false, count: 4 } });
    expect(scoreOf({ found: [] }, [0, 1, 1, 1, 9])).toMatchObject({ deductions: [], peers: { judged: false, median: 1 } });
  });
  test('a veto makes it 0 and says by which record', () => {
    expect(scoreOf({ exhausted: ['h1'] })).toMatchObject({ score: 0, before: 100, veto: true, vetoes: [{ records: [{ kind: 'hazard', id: 'h1' }] }] });
    expect(scoreOf({ due: due(0, 1, true) })).toMatchObject({ score: 0, veto: true });
    expect(scoreOf({ due: due(0, 1) }).veto).toBe(false);
  });
  test('lies between 0 and 100, adds up, and never rises with what went wrong', () => {
    const ids = fc.array(fc.stringMatching(/^h[0-9]$/), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(10), fc.nat(10), fc.nat(10), fc.nat(10), ids, ids, ids, fc.array(fc.nat(9), { maxLength: 9 }), (a, b, c, d, rejected, supervised, reopened, peers) => {
        const input = { tasks: tasks(a, a + b, true), due: due(c, c + d), rejected, supervised, reopened };
        const s = scoreOf(input, peers);
        expect(s.score).toBeGreaterThanOrEqual(0);
        expect(s.score).toBeLessThanOrEqual(100);
        const start = s.basis === 'none' ? 100 : s.tasks.points + s.rectification.points;
        expect(s.before).toBeCloseTo(Math.min(100, Math.max(0, start - s.deductions.reduce((sum, x) => sum + x.points, 0))), 1);
        expect(scoreOf({ ...input, reopened: [...reopened, 'more'] }, peers).before).toBeLessThanOrEqual(s.before);
        for (const x of s.deductions) if (x.points > 0 && x.code !== 'too_few') expect(x.records.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});

test('weeks run from Monday 00:00 Asia/Shanghai', () => {
  const monday = Date.parse('2026-11-16T00:00:00+08:00');
  expect([weekOf(monday - 1), weekOf(monday), weekOf(monday + 7 * 86_400_000 - 1)]).toEqual(['2026-11-09', WEEK, WEEK]);
  expect(weekPeriod(WEEK)).toEqual({ from: monday, to: monday + 7 * 86_400_000 });
  expect(endedWeeks(Date.parse('2026-11-24T10:00:00+08:00'), 3)).toEqual([WEEK, '2026-11-09', '2026-11-02']);
  expect([isWeek(WEEK), isWeek('2026-11-17'), isWeek('x')]).toEqual([true, false, false]);
  expect([median([]), median([3, 1, 2]), median([4, 1])]).toEqual([null, 2, 2.5]);
});
