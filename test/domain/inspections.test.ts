import { expect, test } from '@jest/globals';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import type { InspectionFacts, InspectionKind } from '../../domain/inspections.ts';
import { expiryKey, INSPECTION_KINDS, reportOfExpiry } from '../../domain/inspections.ts';
import { checkReport } from '../../domain/report.ts';

const DUE = Date.parse('2027-03-31T00:00:00+08:00');
const facts: InspectionFacts = {
  inspectionId: 'i1', kind: 'special_equipment', dueAt: DUE, certificate: 'TS-1', asset: { id: 'a1', zoneId: 'z', code: 'V-101', nameZh: '缓冲罐', nameEn: 'Buffer vessel', point: { type: 'Point', coordinates: [121, 31] } },
};

test('every kind of inspection leads to a type that expires, and every such type has a kind', () => {
  const types = Object.values(INSPECTION_KINDS).map((k) => k.type);
  expect([...types].sort()).toEqual(Object.entries(HAZARD_TYPES).filter(([, t]) => t.expiry).map(([type]) => type).sort());
});

test('what ran out is reported by the park itself, at its asset, with the day and in both languages', () => {
  expect(reportOfExpiry(facts, DUE)).toMatchObject({
    origin: 'schedule', type: 'special_equipment_inspection_expired', reporterId: null, assetId: 'a1', zoneId: 'z', event: null, receivedAt: DUE, clientAt: null, source: 9, fields: { dueOn: '2027-03-31', certificateNo: 'TS-1' },
    title: '缓冲罐特种设备检验超期 / Buffer vessel: Special-equipment inspection expired',
  });
  expect(reportOfExpiry({ ...facts, certificate: null }, DUE).fields).toEqual({ dueOn: '2027-03-31' });
  expect(expiryKey('i1')).toBe('inspection/i1/expired');
});

test('its fields are fields of its type', () => {
  for (const kind of Object.keys(INSPECTION_KINDS) as InspectionKind[]) {
    const report = reportOfExpiry({ ...facts, kind }, DUE);
    const checked = checkReport({ type: report.type, description: report.description, assetId: 'a1', photos: ['x'], fields: { ...report.fields, equipmentCategory: 'boiler' } });
    const wrong = checked.ok ? [] : (checked.refusal.detail!.errors as { field: string }[]).map((e) => e.field);
    expect(wrong).toEqual(kind === 'special_equipment' ? [] : ['fields.equipmentCategory']);
  }
});
