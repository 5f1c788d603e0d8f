import { expect, test } from '@jest/globals';
import type { SensorEventFacts } from '../../domain/sensor-report.ts';
import { reportOfEvent } from '../../domain/sensor-report.ts';

const event: SensorEventFacts = {
  eventId: '17', episodeId: 'ep', ruleId: 'registry:s:HH', ruleVersion: 2, flowVersion: null, nodeId: null, level: 'HH', value: 131.5, limit: 120, unit: 'kPa',
  at: 1_000, storedAt: 1_200, statutory: true, sensor: { id: 's', kind: 'pressure', nameZh: '罐顶压力', nameEn: 'Top pressure' },
  asset: { id: 'a', code: 'A-3', nameZh: '苯乙烯储罐', nameEn: 'Styrene tank', zoneId: 'z', point: { type: 'Point', coordinates: [120, 30] } },
};

test('a report carries the facts of its event as evidence, and says in both languages what was measured', () => {
  const report = reportOfEvent(event, 'floor', 5_000);
  expect(report).toMatchObject({
    origin: 'floor', type: 'over_limit', assetId: 'a', zoneId: 'z', statutory: true, receivedAt: 5_000, clientAt: 1_000, reporterId: null,
    event: { eventId: '17', ruleId: 'registry:s:HH', ruleVersion: 2, flowVersion: null, nodeId: null },
    evidence: [{ capturedAt: 1_000, detail: { eventId: '17', episodeId: 'ep', value: 131.5, limit: 120, unit: 'kPa', at: 1_000, level: 'HH' } }],
  });
  for (const text of ['苯乙烯储罐', '超高高限', 'Styrene tank', 'above its HH limit']) expect(report.title).toContain(text);
  for (const text of ['131.5 kPa', '120 kPa', 'A-3', '实测', 'measured']) expect(report.description).toContain(text);
});

test('a flow may word it, and is named as what started it; blank words count for nothing', () => {
  const report = reportOfEvent(event, 'sensor', 5_000, { type: 'leak', title: '储罐超压', description: '  ', flowVersion: 4, nodeId: 'n' });
  expect(report).toMatchObject({ origin: 'sensor', type: 'leak', title: '储罐超压', event: { flowVersion: 4, nodeId: 'n' } });
  expect(report.description).toContain('131.5');
});

test('every level has its words', () => {
  const titles = ['HH', 'H', 'L', 'LL', 'sustained', 'other'].map((level) => reportOfEvent({ ...event, level }, 'sensor', 0).title);
  expect(new Set(titles).size).toBe(6);
});
