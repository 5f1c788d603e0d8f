import { describe, expect, test } from '@jest/globals';
import { formatDuration, formatInstant, formatNumber } from '../../portal/src/app/format.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('instants and durations', () => {
  test('an instant is shown in the time of the park, whatever the zone of the machine', () => {
    expect(formatInstant('2026-11-24T16:05:09.000Z', 'zh-CN')).toBe('2026/11/25 00:05:09');
    expect(formatInstant('2026-11-24T16:05:09.000Z', 'en')).toBe('Nov 25, 2026, 00:05:09');
    expect(formatInstant('2026-11-24T16:05:09.000Z', 'zh-CN', 'short')).toBe('11/25 00:05');
  });

  test.each([
    [0, '0秒钟', '0 seconds'],
    [59_999, '59秒钟', '59 seconds'],
    [MINUTE, '1分钟', '1 minute'],
    [HOUR + 5 * MINUTE + 30_000, '1小时 5分钟', '1 hour 5 minutes'],
    [2 * DAY + 3 * HOUR + 59 * MINUTE, '2天 3小时', '2 days 3 hours'],
    [2 * DAY + 59 * MINUTE, '2天', '2 days'],
    [-3 * HOUR, '3小时', '3 hours'],
  ])('%d ms in words', (ms, zh, en) => {
    expect(formatDuration(ms, 'zh-CN').replace('秒钟', '秒')).toBe(zh.replace('秒钟', '秒'));
    expect(formatDuration(ms, 'en')).toBe(en);
  });

  test('a value is shown without the noise of binary fractions', () => {
    expect(formatNumber(22.400000000000002, 'en')).toBe('22.4');
    expect(formatNumber(2895, 'zh-CN')).toBe('2895');
  });
});
