import { describe, expect, test } from '@jest/globals';
import { may, PERMISSIONS, ROLES, scopeOf } from '../../domain/permissions.ts';
import { isRefusalCode, REFUSALS } from '../../domain/errors.ts';

describe('permissions', () => {
  test('unknown roles and unknown actions are refused', () => {
    expect(may('park_admin', 'hazard.delete')).toBe(false);
    expect(may('root', 'hazard.read')).toBe(false);
    expect(may('park_admin', 'constructor')).toBe(false);
    expect(may('constructor', 'toString')).toBe(false);
    expect(scopeOf('root')).toBe('none');
  });
  test('every role of the table is a known role, and every known role has a scope', () => {
    for (const roles of Object.values(PERMISSIONS)) for (const role of roles) expect(ROLES).toContain(role);
    for (const role of ROLES) expect(scopeOf(role)).not.toBe('none');
  });
  test('the investment office sees ratings, and whose they are, and nothing else; nobody of an enterprise accepts', () => {
    const allowed = Object.keys(PERMISSIONS).filter((action) => may('investment_office', action));
    expect(allowed).toEqual(['enterprise.read', 'rating.read']);
    expect(may('enterprise_safety_officer', 'hazard.accept')).toBe(false);
  });
});

describe('refusals', () => {
  test('every code has words in both languages', () => {
    for (const [code, { zh, en }] of Object.entries(REFUSALS)) {
      expect([code, zh]).toEqual([code, expect.stringMatching(/[\u4e00-\u9fff]/)]);
      expect([code, en]).toEqual([code, expect.stringMatching(/^[A-Z]/)]);
    }
    expect(isRefusalCode('toString')).toBe(false);
  });
});
