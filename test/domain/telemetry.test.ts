import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { GatewayEntry } from '../../domain/telemetry.ts';
import { gatewayOfTopic, judgePoints, judgeTime, mergeReceipts, parseInstant, parsePayload, PAYLOAD_LIMIT, placeInOrder, QUARANTINE_REASONS, shortText, toRanges } from '../../domain/telemetry.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const body = (over: Record<string, unknown> = {}): Uint8Array =>
  bytes(JSON.stringify({ boot: 'b1', seq: 0, at: '2026-11-24T08:00:00Z', points: [{ point: 'p', value: 1, unit: 'kPa' }], ...over }));
const gateway: GatewayEntry = { gatewayId: 'gw', tenantId: 't', points: new Map([['p', { sensorId: 's', unit: 'kPa' }], ['q', { sensorId: 's2', unit: '℃' }]]) };

describe('payload', () => {
  test('a good message is read', () => {
    expect(parsePayload('gw', body({ device: 'gw', sentAt: 1_764_000_000_000 }))).toMatchObject({ ok: true, message: { boot: 'b1', seq: 0, at: Date.UTC(2026, 10, 24, 8), sentAt: 1_764_000_000_000 } });
  });

  test.each<[string, Uint8Array, string]>([
    ['over 64 KB', new Uint8Array(PAYLOAD_LIMIT + 1), 'payload.too_large'],
    ['broken UTF-8', Uint8Array.of(0x7b, 0xff, 0x7d), 'payload.not_utf8'],
    ['empty', new Uint8Array(), 'payload.not_json'],
    ['NaN literal', bytes('{"boot":"b","seq":1,"at":1,"points":[{"point":"p","value":NaN,"unit":"kPa"}]}'), 'payload.not_json'],
    ['deep nesting', bytes(`{"a":${'['.repeat(9)}${']'.repeat(9)}}`), 'payload.too_deep'],
    ['array', bytes('[]'), 'payload.invalid'],
    ['other device', body({ device: 'gw-2' }), 'device.mismatch'],
    ['boot missing', body({ boot: undefined }), 'payload.invalid'],
    ['boot with NUL', body({ boot: 'a\u0000' }), 'payload.invalid'],
    ['boot too long', body({ boot: 'x'.repeat(65) }), 'payload.invalid'],
    ['seq negative', body({ seq: -1 }), 'payload.invalid'],
    ['seq beyond 2^53', body({ seq: 2 ** 53 }), 'payload.invalid'],
    ['time without offset', body({ at: '2026-11-24T08:00:00' }), 'time.invalid'],
    ['time 1e300', body({ at: 1e300 }), 'time.invalid'],
    ['sentAt wrong', body({ sentAt: 'now' }), 'time.invalid'],
    ['no points', body({ points: [] }), 'payload.invalid'],
  ])('%s is refused', (_name, payload, reason) => {
    expect(parsePayload('gw', payload)).toMatchObject({ ok: false, reason });
  });

  test('brackets inside strings do not count as nesting', () => {
    expect(parsePayload('gw', body({ note: '[[[[[[[[[[{{{{\\"[[[[' })).ok).toBe(true);
  });

  test('whatever bytes come, the answer is a message or a known reason', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(bytes), fc.record({ boot: fc.anything(), seq: fc.anything(), at: fc.anything(), points: fc.array(fc.anything()) }).map((v) => bytes(JSON.stringify(v, (_k, x: unknown) => (typeof x === 'bigint' ? String(x) : x)) ?? 'null')));
    fc.assert(
      fc.property(anything, (payload) => {
        const parsed = parsePayload('gw', payload);
        if (!parsed.ok) expect(Object.keys(QUARANTINE_REASONS)).toContain(parsed.reason);
        else for (const { value } of judgePoints(gateway, parsed.message.points).readings) expect(Number.isFinite(value)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('points', () => {
  const judge = (...points: unknown[]) => judgePoints(gateway, points);

  test.each<[string, unknown, string]>([
    ['null', { point: 'p', value: null, unit: 'kPa' }, 'value.not_number'],
    ['absent', { point: 'p', unit: 'kPa' }, 'value.not_number'],
    ['"12,5"', { point: 'p', value: '12,5', unit: 'kPa' }, 'value.not_number'],
    ['"12.5"', { point: 'p', value: '12.5', unit: 'kPa' }, 'value.not_number'],
    ['true', { point: 'p', value: true, unit: 'kPa' }, 'value.not_number'],
    ['1e309', { point: 'p', value: JSON.parse('1e309') as number, unit: 'kPa' }, 'value.not_finite'],
    ['-1e309', { point: 'p', value: JSON.parse('-1e309') as number, unit: 'kPa' }, 'value.not_finite'],
    ['MPa for kPa', { point: 'p', value: 1, unit: 'MPa' }, 'unit.mismatch'],
    ['no unit', { point: 'p', value: 1 }, 'unit.mismatch'],
    ['unknown point', { point: 'x', value: 1, unit: 'kPa' }, 'point.unknown'],
    ['not an object', 7, 'point.invalid'],
    ['point is a number', { point: 7, value: 1, unit: 'kPa' }, 'point.invalid'],
  ])('%s is refused', (_name, point, reason) => {
    expect(judge(point)).toMatchObject({ readings: [], refused: [{ reason }] });
  });

  test('good points of a message are kept beside bad ones; a repeated point counts once', () => {
    const result = judge({ point: 'p', value: 1, unit: 'kPa' }, { point: 'q', value: null, unit: '℃' }, { point: 'p', value: 2, unit: 'kPa' });
    expect(result.readings).toEqual([{ sensorId: 's', value: 1 }]);
    expect(result.refused.map((r) => r.reason)).toEqual(['value.not_number', 'point.repeated']);
  });

  test('minus zero is zero', () => {
    expect(Object.is(judge({ point: 'p', value: -0, unit: 'kPa' }).readings[0]!.value, 0)).toBe(true);
  });
});

describe('time', () => {
  const skew = 120_000;
  const now = Date.UTC(2026, 10, 24);

  test('a clock off by more than the skew is not believed', () => {
    expect(judgeTime({ at: now - skew, sentAt: null }, now, skew)).toMatchObject({ at: now - skew, quality: 'GOOD' });
    for (const at of [now - skew - 1, now + skew + 1, now + 3_600_000, now - 86_400_000, 0, Date.UTC(2099, 0)]) {
      expect(judgeTime({ at, sentAt: null }, now, skew)).toMatchObject({ at: now, quality: 'CLOCK_SUSPECT' });
    }
  });

  test('readings that were kept while the line was down keep their time', () => {
    expect(judgeTime({ at: now - 6 * 3_600_000, sentAt: now - 100 }, now, skew)).toMatchObject({ at: now - 6 * 3_600_000, quality: 'GOOD' });
    expect(judgeTime({ at: now, sentAt: now - 86_400_000 }, now, skew).quality).toBe('CLOCK_SUSPECT');
    expect(judgeTime({ at: now + 3_600_000, sentAt: now }, now, skew).quality).toBe('CLOCK_SUSPECT');
  });

  test('older than the newest is late, unless only the clock went back a little', () => {
    expect(placeInOrder(100, null, false, 10)).toEqual({ at: 100, late: false });
    expect(placeInOrder(100, 100, false, 10)).toEqual({ at: 100, late: false });
    expect(placeInOrder(95, 100, false, 10)).toEqual({ at: 95, late: true });
    expect(placeInOrder(95, 100, true, 10)).toEqual({ at: 100, late: false });
    expect(placeInOrder(80, 100, true, 10)).toEqual({ at: 80, late: true });
  });

  test('instants', () => {
    expect(parseInstant('1970-01-01T00:00:00+08:00')).toBeNull();
    for (const no of ['2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-00-10T00:00:00Z', '2026-01-01T25:00:00Z', '', ' ', true, {}]) expect(parseInstant(no)).toBeNull();
    expect(parseInstant('2024-02-29T08:00:00+08:00')).toBe(Date.UTC(2024, 1, 29));
    expect(parseInstant(1_764_000_000_000.7)).toBe(1_764_000_000_000);
  });
});

test('topics, ranges, text', () => {
  expect(gatewayOfTopic('pw/v1/gw-1/readings')).toBe('gw-1');
  for (const topic of ['pw/v1//readings', 'pw/v1/a/b/readings', 'pw/v1/a/receipt', 'x']) expect(gatewayOfTopic(topic)).toBeNull();
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (seqs) => {
      const ranges = toRanges(seqs);
      const all = ranges.flatMap(([a, b]) => Array.from({ length: b - a + 1 }, (_, i) => a + i));
      expect(all).toEqual([...new Set(seqs)].sort((a, b) => a - b));
      ranges.slice(1).forEach(([a], i) => expect(a).toBeGreaterThan(ranges[i]![1] + 1));
    }),
  );
  expect(shortText('a\u0000\ud800b')).toBe('a\ufffd\ufffdb');
});

test('two receipts of a boot become one that says no less', () => {
  const at = '2026-11-24T08:00:00.000Z';
  expect(mergeReceipts({ boot: 'b', seq: null, stored: [[3, 4]], quarantined: [3], at: 'before' }, { boot: 'b', seq: 5, stored: [[0, 2], [5, 5], [9, 9]], quarantined: [3, 9], at })).toEqual({
    boot: 'b', seq: 5, stored: [[0, 5], [9, 9]], quarantined: [3, 9], at,
  });
});
