import { describe, expect, it } from '@jest/globals';
import type { ExchangeCase } from '../../domain/exchange.ts';
import { chinaDate, codesOf, defaultSource, EXCHANGE_CATEGORIES, EXCHANGE_SOURCES, exchangeOf, isExchangeSource, wrongCodes } from '../../domain/exchange.ts';

const DUE = Date.parse('2026-12-01T00:00:00+08:00');
const whole: ExchangeCase = {
  type: 'mixed_storage', grade: 'general', state: 'rectifying', cycle: 1, dueAt: DUE, overdue: false, supervision: 0, rejections: 0, reportedAt: Date.parse('2026-11-24T23:30:00+08:00'), acceptedAt: null, acceptorId: null,
};
const of = (more: Partial<ExchangeCase>) => exchangeOf({ ...whole, ...more }, {});

describe('a case as the authority sees it', () => {
  it('knows three states and none before the case is graded', () => {
    expect(of({ state: 'reported', grade: null })).toBeNull();
    for (const state of ['dismissed', 'merged', 'redirected']) expect(of({ state })).toBeNull();
    expect(['triaged', 'dispatched', 'rectifying', 'submitted'].map((state) => of({ state })?.state)).toEqual([0, 0, 0, 1]);
    expect(of({ state: 'accepted', acceptedAt: 5, acceptorId: 'p' })).toMatchObject({ state: 9, acceptorId: 'p', acceptedAt: 5 });
    expect(of({ state: 'archived', acceptedAt: 5, acceptorId: 'p' })).toMatchObject({ state: 9, lost: ['sub_state'] });
  });

  it('is never accepted without an acceptor and a time, nor in a state that it does not know', () => {
    expect(of({ state: 'accepted', acceptedAt: null, acceptorId: 'p' })).toMatchObject({ state: 1, acceptorId: null });
    expect(of({ state: 'accepted', acceptedAt: 5, acceptorId: null })).toMatchObject({ state: 1, acceptedAt: null });
    expect(of({ state: 'something_new' })?.state).toBe(0);
  });

  it('carries codes that were given, and what is known of the type where none was', () => {
    expect(exchangeOf(whole, {})).toMatchObject({ level: 0, source: 10, treatment: 0, type: 8, category: 0, cause: null, stage: null });
    expect(exchangeOf({ ...whole, grade: 'major' }, { source: 4, treatment: 1, category: 2, cause: 3, stage: 7 })).toMatchObject({ level: 1, source: 4, treatment: 1, category: 2, cause: 3, stage: 7 });
  });

  it('gives dates of China and says what it had to leave out', () => {
    expect(exchangeOf(whole, {})).toMatchObject({ foundOn: '2026-11-24', dueOn: '2026-12-01', lost: [] });
    expect(of({ cycle: 2, rejections: 1, supervision: 3, overdue: true, dueAt: DUE + 3_600_000, state: 'dispatched' })?.lost).toEqual(['reopened', 'rejections', 'supervision', 'overdue', 'due_time', 'sub_state']);
    expect(chinaDate(Date.parse('2026-11-24T16:00:00Z'))).toBe('2026-11-25');
  });
});

describe('codes', () => {
  it('are read from the fields of a report, and only where they are codes', () => {
    expect(codesOf({ treatment: '1', category: '3', cause: '2', stage: 10, other: 'x' }, 8)).toEqual({ source: 8, treatment: 1, category: 3, cause: 2, stage: 10 });
    expect(codesOf({ treatment: '2', category: 'toString', cause: '0', stage: 1.5 }, 11)).toEqual({});
    expect(codesOf({ stage: 0 })).toEqual({});
    expect(codesOf({ stage: 11 })).toEqual({});
    expect(codesOf(null, null)).toEqual({});
  });

  it('that are none are named', () => {
    expect(wrongCodes({ source: 10, treatment: 0, category: 3, cause: 1, stage: 1 })).toEqual([]);
    expect(wrongCodes({ source: 0, treatment: 2, category: 4, cause: 0, stage: 11 })).toEqual(['source', 'treatment', 'category', 'cause', 'stage']);
    expect(wrongCodes({ stage: Number.NaN })).toEqual(['stage']);
  });

  it('of the source are 1 to 10, with one for each way in which a report comes', () => {
    expect(Object.keys(EXCHANGE_SOURCES).map(Number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect([0, 1, 10, 11, 1.5, '1', null].map(isExchangeSource)).toEqual([false, true, true, false, false, false, false]);
    expect([defaultSource('manual'), defaultSource('sensor'), defaultSource('floor'), defaultSource('schedule')]).toEqual([1, 9, 9, 9]);
    expect(Object.keys(EXCHANGE_CATEGORIES)).toHaveLength(4);
  });
});
