import { describe, expect, it } from '@jest/globals';
import { checkPassword, PASSWORD_RULE, roleFits } from '../../domain/accounts.ts';

const verdict = (password: string, username = 'wanglei'): unknown => {
  const result = checkPassword(password, username);
  return result.ok ? 'ok' : result.refusal.detail?.rule;
};

describe('a new password', () => {
  it.each([
    ['correct-horse-9', 'ok'],
    ['园区安全第一责任人制度落实', 'ok'],
    ['a1!b2?c3', 'too_short'],
    ['x7'.repeat(PASSWORD_RULE.maxLength), 'too_long'],
    ['WangLei-2026', 'contains_username'],
    ['Password 1234', 'common'],
    ['aabbaabbaabbaabb', 'common'],
  ])('%s: %s', (password, expected) => {
    expect(verdict(password)).toBe(expected);
  });

  it('is counted in characters, not in bytes', () => {
    expect(verdict('安全'.repeat(5))).toBe('too_short');
  });
});

it('a role belongs into one kind of organisation', () => {
  expect(roleFits('enterprise_safety_officer', 'enterprise')).toBe(true);
  expect(roleFits('enterprise_safety_officer', 'park_department')).toBe(false);
  expect(roleFits('regulator', 'regulator')).toBe(true);
  expect(roleFits('inspector', 'enterprise')).toBe(false);
});
