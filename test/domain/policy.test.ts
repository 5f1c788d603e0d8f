import { describe, expect, test } from '@jest/globals';
import type { HazardType } from '../../domain/hazard-types.ts';
import { joins } from '../../domain/merge.ts';
import { DEFAULT_POLICY, policyAt, rectifyMs } from '../../domain/policy.ts';

const dated = (id: string, validFrom: number, validTo: number | null, recordedAt: number, triageMs: number) => ({ id, validFrom, validTo, recordedAt, policy: { triageMs } });

describe('dated policy', () => {
  const policies = [dated('a', 0, 100, 0, 1), dated('b', 100, null, 50, 2), dated('b2', 100, null, 60, 3)];
  test('valid from its instant, up to and without its end', () => {
    expect(policyAt(policies, 99).id).toBe('a');
    expect(policyAt(policies, 100).id).toBe('b2');
    expect(policyAt(policies, -1)).toEqual(DEFAULT_POLICY);
  });
  test('absent fields fall back to the defaults', () => {
    expect(policyAt(policies, 100)).toEqual({ ...DEFAULT_POLICY, id: 'b2', triageMs: 3 });
  });
  test('a type can have its own rectification time', () => {
    const policy = { ...DEFAULT_POLICY, rectifyMs: { ...DEFAULT_POLICY.rectifyMs, byType: { leak: { major: 5 } } } };
    expect([rectifyMs(policy, 'major', 'leak'), rectifyMs(policy, 'general', 'leak')]).toEqual([5, DEFAULT_POLICY.rectifyMs.general]);
  });
});

describe('merging', () => {
  const at = (origin: 'sensor' | 'manual', receivedAt: number, type: HazardType = 'leak') => ({ origin, type, receivedAt });
  test('a machine and a person within the window are one case, at the last instant still', () => {
    expect(joins(at('sensor', 0, 'over_limit'), at('manual', 60), 60)).toBe(true);
    expect(joins(at('sensor', 0, 'over_limit'), at('manual', 61), 60)).toBe(false);
  });
  test('two people who report different things are two cases, the same thing one', () => {
    expect(joins(at('manual', 0), at('manual', 1, 'other'), 60)).toBe(false);
    expect(joins(at('manual', 0), at('manual', 1), 60)).toBe(true);
  });
  test('an inspection that ran out joins nothing but itself', () => {
    const expired = 'special_equipment_inspection_expired';
    expect(joins(at('sensor', 0, 'over_limit'), at('manual', 1, expired), 60)).toBe(false);
    expect(joins(at('sensor', 0, expired), at('manual', 1, 'leak'), 60)).toBe(false);
    expect(joins(at('manual', 0, expired), at('sensor', 1, expired), 60)).toBe(true);
  });
});
