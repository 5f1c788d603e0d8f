import { describe, expect, test } from '@jest/globals';
import type { AddressUse } from '../../domain/channels.ts';
import { admit, DEFAULT_CHANNELS, isGrouped, LANES, laneOf, laneStep } from '../../domain/channels.ts';
import { NOTICE_KINDS } from '../../domain/notices.ts';
import { policyAt } from '../../domain/policy.ts';

const NOW = 1_000_000_000;
const free: AddressUse = { lastAt: null, inWindow: 0, oldestAt: null, blockedUntil: null, isCollecting: false };
const message = (lane: 'red' | 'duty' | 'amber' | 'plain', more: object = {}) => ({ lane, kind: 'alarm', channel: 'robot' as const, isDigest: false, ...more });

describe('how urgent a notice is', () => {
  test('alarms over a statutory limit at its outermost level are red, unless judged false', () => {
    expect(laneOf('alarm', { statutory: true, alarmLevel: 'HH' })).toBe('red');
    expect(laneOf('alarm', { statutory: true, alarmLevel: 'LL', judgement: 'real' })).toBe('red');
    expect(laneOf('alarm', { statutory: true, alarmLevel: 'HH', judgement: 'false' })).toBe('amber');
    expect(laneOf('alarm', { statutory: true, alarmLevel: 'H' })).toBe('amber');
    expect(laneOf('alarm', { statutory: false, alarmLevel: 'HH' })).toBe('amber');
  });
  test('so are the highest supervision and a major hazard that is overdue, reopened or failed its look-back', () => {
    expect(laneOf('supervision', { level: 3, grade: 'general' })).toBe('red');
    expect(laneOf('supervision', { level: 2, grade: 'general' })).toBe('amber');
    for (const kind of ['supervision', 'overdue', 'reopened'] as const) expect(laneOf(kind, { level: 1, grade: 'major' })).toBe('red');
    expect(laneOf('overdue', { grade: 'general' })).toBe('amber');
    expect(laneOf('look_back', { grade: 'major', lookBackOutcome: 'failed' })).toBe('red');
    expect(laneOf('look_back', { grade: 'major', lookBackOutcome: 'due' })).toBe('amber');
  });
  test('a task is plain until it is overdue, one to stop and inspect never is', () => {
    expect(laneOf('task', { taskKind: 'class_check', phase: 'assigned' })).toBe('plain');
    expect(laneOf('task', { taskKind: 'stop_and_inspect', phase: 'assigned' })).toBe('duty');
    expect(laneOf('task', { taskKind: 'patrol', phase: 'overdue' })).toBe('duty');
    expect(laneOf('task', { taskKind: 'notice_undeliverable', phase: 'overdue' })).toBe('plain');
  });
  test('every kind has a lane, and every lane begins in the inbox at once', () => {
    for (const kind of NOTICE_KINDS) expect(LANES).toContain(laneOf(kind, {}));
    for (const lane of LANES) {
      expect(laneStep(DEFAULT_CHANNELS, lane, 0, 5)).toMatchObject({ at: 5, channels: expect.arrayContaining(['inbox']) });
      expect(laneStep(DEFAULT_CHANNELS, lane, DEFAULT_CHANNELS.lanes[lane].steps.length, 5)).toBeNull();
    }
  });
  test('what a park decides of its channels is dated with its policy', () => {
    const own = { ...DEFAULT_CHANNELS, groupMs: 5_000 };
    const policies = [{ id: 'p', validFrom: 100, validTo: 200, recordedAt: 1, policy: { channels: own } }];
    expect(policyAt(policies, 150).channels.groupMs).toBe(5_000);
    expect(policyAt(policies, 250).channels).toBe(DEFAULT_CHANNELS);
  });
});

describe('what an address takes', () => {
  test('one message a minute outside the red lane; the rest is collected until the minute is over', () => {
    expect(admit(DEFAULT_CHANNELS, message('amber'), free, NOW)).toEqual({ do: 'send' });
    expect(admit(DEFAULT_CHANNELS, message('amber'), { ...free, lastAt: NOW - 59_999, inWindow: 1, oldestAt: NOW - 59_999 }, NOW)).toEqual({ do: 'collect', dueAt: NOW + 1 });
    expect(admit(DEFAULT_CHANNELS, message('amber'), { ...free, lastAt: NOW - 60_000 }, NOW)).toEqual({ do: 'send' });
    expect(admit(DEFAULT_CHANNELS, message('amber'), { ...free, isCollecting: true }, NOW)).toMatchObject({ do: 'collect' });
    expect(admit(DEFAULT_CHANNELS, message('red'), { ...free, lastAt: NOW, inWindow: 1, oldestAt: NOW, isCollecting: true }, NOW)).toEqual({ do: 'send' });
  });
  test('the red lane has a part of the budget of its own; beyond it the next channel takes over, nothing waits', () => {
    const { messages, reserve } = DEFAULT_CHANNELS.budgets.robot!;
    const used = (inWindow: number): AddressUse => ({ ...free, lastAt: NOW - 61_000, inWindow, oldestAt: NOW - 10_000 });
    expect(admit(DEFAULT_CHANNELS, message('amber'), used(messages - reserve - 1), NOW)).toEqual({ do: 'send' });
    expect(admit(DEFAULT_CHANNELS, message('amber'), used(messages - reserve), NOW)).toEqual({ do: 'collect', dueAt: NOW + 50_000 });
    expect(admit(DEFAULT_CHANNELS, message('red'), used(messages - 1), NOW)).toEqual({ do: 'send' });
    expect(admit(DEFAULT_CHANNELS, message('red'), used(messages), NOW)).toEqual({ do: 'skip', code: 'over_budget' });
  });
  test('a closed address: digests and papers wait, notices are collected, the red lane goes another way', () => {
    const closed: AddressUse = { ...free, blockedUntil: NOW + 600_000 };
    expect(admit(DEFAULT_CHANNELS, message('amber'), closed, NOW)).toEqual({ do: 'collect', dueAt: NOW + 600_000 });
    expect(admit(DEFAULT_CHANNELS, message('plain', { isDigest: true, kind: 'digest' }), closed, NOW)).toEqual({ do: 'wait', until: NOW + 600_000 });
    expect(admit(DEFAULT_CHANNELS, message('plain', { channel: 'smtp', kind: 'dispatch' }), closed, NOW)).toEqual({ do: 'wait', until: NOW + 600_000 });
    expect(admit(DEFAULT_CHANNELS, message('red'), closed, NOW)).toEqual({ do: 'skip', code: 'address_closed' });
    expect(admit(DEFAULT_CHANNELS, message('amber'), { ...closed, blockedUntil: NOW }, NOW)).toEqual({ do: 'send' });
  });
  test('papers go by mail one by one, alarms do not; nothing of the red lane is ever grouped', () => {
    expect(isGrouped('plain', 'dispatch', 'smtp')).toBe(false);
    expect(isGrouped('amber', 'alarm', 'smtp')).toBe(true);
    expect(isGrouped('plain', 'dispatch', 'sms')).toBe(true);
    for (const channel of ['smtp', 'robot', 'sms', 'voice'] as const) expect(isGrouped('red', 'alarm', channel)).toBe(false);
    expect(isGrouped('plain', 'alarm', 'inbox')).toBe(false);
  });
});
