import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReportedCase } from '../../domain/never-fixed.ts';
import { NEVER_FIXED_REPORTS, neverFixed } from '../../domain/never-fixed.ts';

interface Golden { name: string; found: boolean; cases: { asset: string | null; type: string; state: ReportedCase['state']; reports: number; day: number; acceptedDay?: number }[] }
const golden = JSON.parse(readFileSync(join(import.meta.dirname, 'never-fixed.golden.json'), 'utf8')) as Golden[];

const casesOf = ({ cases }: Golden, n: number): ReportedCase[] =>
  cases.map((c, i) => ({ hazardId: `h${n}-${i}`, tenantId: `t${n}`, type: c.type, assetId: c.asset && `${c.asset}-${n}`, state: c.state, reportCount: c.reports, reportedAt: c.day, acceptedAt: c.acceptedDay ?? null }));

test.each(golden.map((g, n) => [g.name, g, n] as const))('%s', (_name, g, n) => {
  expect(neverFixed(casesOf(g, n), NEVER_FIXED_REPORTS)).toHaveLength(g.found ? 1 : 0);
});

test('all cases together: found are those of the golden set and no other, the most reported first', () => {
  const found = neverFixed(golden.flatMap(casesOf), NEVER_FIXED_REPORTS);
  expect(found.map((f) => f.tenantId).sort()).toEqual(golden.flatMap((g, n) => (g.found ? [`t${n}`] : [])).sort());
  expect(found.map((f) => f.reports)).toEqual([...found.map((f) => f.reports)].sort((a, b) => b - a));
});
