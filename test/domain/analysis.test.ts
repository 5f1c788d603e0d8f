import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { AnalysisFacts, Citation } from '../../domain/analysis.ts';
import { analyse, sentence } from '../../domain/analysis.ts';

const cites = fc.array(fc.record({ kind: fc.constantFrom('hazard', 'task', 'alarm'), id: fc.stringMatching(/^[a-z0-9]{1,6}$/), label: fc.constant('HZ-2026-000001') }) as fc.Arbitrary<Citation>, { maxLength: 4 });
const named = fc.constant({ zh: '企业', en: 'Enterprise' });
const facts: fc.Arbitrary<AnalysisFacts> = fc.record({
  overdue: fc.array(fc.record({ enterprise: named, cases: cites }), { maxLength: 2 }),
  parkLate: fc.array(fc.record({ what: fc.constantFrom('triage', 'dispatch', 'look_back', 'delist'), cases: cites }), { maxLength: 2 }) as fc.Arbitrary<AnalysisFacts['parkLate']>,
  neverFixed: fc.array(fc.record({ enterprise: named, type: named, reports: fc.nat(9), cases: cites }), { maxLength: 2 }),
  recurred: fc.array(fc.record({ enterprise: named, type: named, days: fc.constant(90), cases: cites }), { maxLength: 2 }),
  rejected: fc.array(fc.record({ enterprise: named, cases: cites }), { maxLength: 2 }),
  supervised: fc.array(fc.record({ level: fc.integer({ min: 1, max: 3 }), cases: cites }), { maxLength: 2 }),
  exhausted: cites,
  reopened: fc.array(fc.record({ enterprise: named, cases: cites }), { maxLength: 2 }),
  openMajor: fc.array(fc.record({ enterprise: named, cases: cites }), { maxLength: 2 }),
  ignored: fc.array(fc.record({ enterprise: named, tasks: cites }), { maxLength: 2 }),
  unjudged: fc.array(fc.record({ enterprise: named, alarms: cites }), { maxLength: 2 }),
});

test('there is no sentence without a citation, and no citation of what the facts do not hold', () => {
  fc.assert(
    fc.property(facts, (f) => {
      const known = new Set(JSON.stringify(f).match(/"id":"[^"]*"/g) ?? []);
      for (const s of analyse(f)) {
        expect(s.sentences.length).toBeGreaterThan(0);
        for (const x of s.sentences) {
          expect(x.cites.length).toBeGreaterThan(0);
          for (const c of x.cites) expect(known).toContain(`"id":"${c.id}"`);
          expect(x.zh).not.toBe('');
          expect(x.en).not.toBe('');
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('a sentence cannot be made from nothing, nor a record be cited twice in it', () => {
  expect(sentence('句', 'Words.', [])).toBeNull();
  const cite: Citation = { kind: 'hazard', id: 'h1', label: 'HZ-1' };
  expect(sentence('句', 'Words.', [cite, cite])!.cites).toEqual([cite]);
  expect(analyse({ overdue: [], parkLate: [], neverFixed: [], recurred: [], rejected: [], supervised: [], exhausted: [], reopened: [], openMajor: [], ignored: [], unjudged: [] })).toEqual([]);
});
