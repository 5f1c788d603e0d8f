import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { factsOf, figureDefinitions, isMonth, monthOf, monthPeriod, quantile } from '../../domain/figures.ts';

test('months are months of Asia/Shanghai', () => {
  const start = Date.parse('2026-03-01T00:00:00+08:00');
  expect([monthOf(start - 1), monthOf(start)]).toEqual(['2026-02', '2026-03']);
  expect(monthPeriod('2026-12')).toEqual({ from: Date.parse('2026-12-01T00:00:00+08:00'), to: Date.parse('2027-01-01T00:00:00+08:00') });
  expect([isMonth('2026-01'), isMonth('2026-13'), isMonth('2026-1')]).toEqual([true, false, false]);
});

test('a quantile is one of the values, by nearest rank', () => {
  expect([quantile([], 0.5), quantile([7], 0.9), quantile([1, 2, 3, 4], 0.5), quantile([5, 1, 3, 2, 4], 0.5), quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9)]).toEqual([null, 7, 2, 3, 9]);
  fc.assert(
    fc.property(fc.array(fc.nat(100), { minLength: 1 }), fc.constantFrom(0.5, 0.9), (values, q) => {
      const found = quantile(values, q)!;
      expect(values).toContain(found);
      expect(values.filter((v) => v <= found).length).toBeGreaterThanOrEqual(q * values.length);
      expect(values.filter((v) => v < found).length).toBeLessThan(q * values.length);
    }),
  );
});

test('a reopened case adds up its cycles, each from its first dispatch to its acceptance', () => {
  const t = (cycle: number, command: string, serverAt: number, payload = {}) => ({ cycle, command: command as never, serverAt, payload });
  const life = [t(1, 'dispatch', 10), t(1, 'dispatch', 30), t(1, 'reject', 40), t(1, 'accept', 60), t(2, 'reopen', 100), t(2, 'dispatch', 110), t(2, 'accept', 150)];
  expect(factsOf(life)).toMatchObject({ firstDispatchedAt: 10, acceptedAt: 150, rectifiedMs: 90, reviews: 3, reopenings: 1 });
  expect(factsOf(life.slice(0, 5))).toMatchObject({ acceptedAt: null, everAccepted: true, rectifiedMs: 50 });
});

test('every figure has its words in both languages and a code of its own', () => {
  const definitions = figureDefinitions(30);
  expect(new Set(definitions.map((d) => d.code)).size).toBe(definitions.length);
  for (const d of definitions) for (const words of [d.name.zh, d.name.en, d.definition.zh, d.definition.en]) expect(words.length).toBeGreaterThan(2);
  expect(definitions.find((d) => d.code === 'recurrence')!.definition.en).toContain('30 days');
});
