import { describe, expect, it } from '@jest/globals';
import type { AlarmFacts } from '../../domain/alarm.ts';
import { alarmState, checkAcknowledge, checkConfirm, climbs, isAlarmOver, nextRung } from '../../domain/alarm.ts';
import type { Actor } from '../../domain/permissions.ts';

const facts = (more: Partial<AlarmFacts> = {}): AlarmFacts => ({ episodeId: 'e', tenantId: 'acme', raisedAt: 0, clearedAt: null, acknowledgedAt: null, acknowledgedBy: null, confirmed: null, escalation: 0, ...more });
const actor = (more: Partial<Actor> = {}): Actor => ({ personId: 'p', role: 'emergency_office', orgId: 'office', orgKind: 'park_department', ...more }) as Actor;
const code = (result: ReturnType<typeof checkAcknowledge>): string => (result.ok ? 'ok' : result.refusal.code);

describe('an alarm', () => {
  it.each([
    [null, null, 'unacknowledged'],
    [null, 5, 'acknowledged'],
    [5, null, 'returned_unacknowledged'],
    [5, 5, 'normal'],
  ] as const)('cleared %s, acknowledged %s is %s', (clearedAt, acknowledgedAt, state) => {
    expect(alarmState({ clearedAt, acknowledgedAt })).toBe(state);
  });

  it('is over only when it returned, was acknowledged and was judged', () => {
    const whole = facts({ clearedAt: 1, acknowledgedAt: 1, confirmed: false });
    expect(isAlarmOver(whole)).toBe(true);
    for (const missing of [{ clearedAt: null }, { acknowledgedAt: null }, { confirmed: null }]) expect(isAlarmOver({ ...whole, ...missing })).toBe(false);
  });

  it('climbs until somebody acknowledged, and then waits for a judgement up a ladder of its own', () => {
    const policy = { alarmLadder: [{ afterMs: 0, recipients: [] }, { afterMs: 60, recipients: [] }], judgeLadder: [{ afterMs: 300, recipients: [] }] };
    expect(climbs(facts())).toBe(true);
    expect(nextRung(facts(), 1_000, policy)).toMatchObject({ rung: 1, at: 1_060 });
    expect(nextRung(facts({ escalation: 1 }), 1_000, policy)).toBeNull();
    const taken = facts({ acknowledgedAt: 2_000 });
    expect(climbs(taken)).toBe(false);
    expect(nextRung(taken, 1_000, policy)).toMatchObject({ rung: 2, at: 2_300 });
    expect(nextRung({ ...taken, escalation: 2 }, 1_000, policy)).toBeNull();
    expect(nextRung({ ...taken, confirmed: true }, 1_000, policy)).toBeNull();
  });

  it('is acknowledged once, by those who may, and only by its own enterprise', () => {
    expect(code(checkAcknowledge(facts(), actor()))).toBe('ok');
    expect(code(checkAcknowledge(facts({ acknowledgedAt: 1 }), actor()))).toBe('alarm.already_acknowledged');
    expect(code(checkAcknowledge(facts(), actor({ role: 'investment_office' })))).toBe('permission.denied');
    const officer = { role: 'enterprise_safety_officer', orgKind: 'enterprise' } as const;
    expect(code(checkAcknowledge(facts(), actor({ ...officer, orgId: 'acme' })))).toBe('ok');
    expect(code(checkAcknowledge(facts(), actor({ ...officer, orgId: 'other' })))).toBe('alarm.not_found');
  });

  it('is judged once; a false alarm needs a reason', () => {
    expect(code(checkConfirm(facts(), actor(), false, '  '))).toBe('alarm.reason_required');
    expect(code(checkConfirm(facts(), actor(), false, 'sensor fault'))).toBe('ok');
    expect(code(checkConfirm(facts(), actor(), true, ''))).toBe('ok');
    expect(code(checkConfirm(facts({ confirmed: true }), actor(), true, ''))).toBe('alarm.already_judged');
    expect(code(checkConfirm(facts({ clearedAt: 1, acknowledgedAt: 1, confirmed: true }), actor(), true, ''))).toBe('alarm.closed');
  });
});
