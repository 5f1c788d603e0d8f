import { expect, test } from '@jest/globals';
import type { Finding } from '../../domain/self-audit.ts';
import { AUDIT_AREAS, EXIT_CODES, INVARIANT_IDS, INVARIANTS, outcomeOf } from '../../domain/self-audit.ts';

const finding = (status: Finding['status']): Finding => ({ id: 'record-keys', severity: 'error', status, violations: status === 'violated' ? 1 : 0, records: [], note: null });

test('there are at least 50 invariants, each with a stable id and words in both languages', () => {
  expect(INVARIANT_IDS.length).toBeGreaterThanOrEqual(50);
  for (const id of INVARIANT_IDS) {
    const { area, zh, en } = INVARIANTS[id];
    expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
    expect(AUDIT_AREAS).toContain(area);
    expect(zh).toMatch(/\p{Script=Han}/u);
    expect(en).toMatch(/^[A-Z]/);
  }
  for (const key of ['zh', 'en'] as const) expect(new Set(INVARIANT_IDS.map((id) => INVARIANTS[id][key])).size).toBe(INVARIANT_IDS.length);
});

test('what was not looked at is never ok, and what is violated outweighs it', () => {
  expect(outcomeOf([finding('ok')])).toBe('ok');
  expect(outcomeOf([finding('ok'), finding('not_checked')])).toBe('not_checked');
  expect(outcomeOf([finding('not_checked'), finding('violated')])).toBe('violated');
  expect(EXIT_CODES).toEqual({ ok: 0, violated: 2, not_checked: 3 });
});
