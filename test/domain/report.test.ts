import { describe, expect, it } from '@jest/globals';
import { HAZARD_TYPES, isHazardType } from '../../domain/hazard-types.ts';
import type { MissingField, ReportFields } from '../../domain/report.ts';
import { checkReport, isCivilDate } from '../../domain/report.ts';
import { requiredFields } from '../factories/report-fields.ts';

const whole: ReportFields = { type: 'leak', description: 'Drips at the flange', assetId: 'a-3', photos: ['sha'] };
const missing = (more: Partial<ReportFields>): string[] => {
  const result = checkReport({ ...whole, ...more });
  return result.ok ? [] : (result.refusal.detail?.errors as MissingField[]).map((e) => `${e.field} ${e.code}`);
};

describe('a report by a person', () => {
  it('is taken when it is complete, with an asset or a place', () => {
    expect(missing({})).toEqual([]);
    expect(missing({ assetId: undefined, point: { type: 'Point', coordinates: [118, 32] } })).toEqual([]);
  });

  it('is told everything that is missing at once', () => {
    expect(missing({ description: ' ', assetId: undefined, photos: [] })).toEqual(['photos hazard.report_incomplete', 'description hazard.report_incomplete', 'location hazard.report_incomplete']);
  });

  it('needs a photo where its type says so', () => {
    for (const [type, { photo }] of Object.entries(HAZARD_TYPES)) expect(missing({ type, photos: [], fields: requiredFields(type) })).toEqual(photo ? ['photos hazard.report_incomplete'] : []);
  });

  it('of an unknown type is refused, also when the type is the name of something else', () => {
    expect(missing({ type: 'nothing' })).toEqual(['type hazard.type_unknown']);
    expect(isHazardType('toString')).toBe(false);
    expect(isHazardType('leak')).toBe(true);
  });

  it('carries the required fields of its type, and is told of all that lack or do not fit at once', () => {
    const fields = requiredFields('mixed_storage');
    expect(missing({ type: 'mixed_storage', fields })).toEqual([]);
    expect(missing({ type: 'mixed_storage', photos: [], assetId: undefined })).toEqual([
      'photos hazard.report_incomplete', 'location hazard.report_incomplete',
      'fields.substanceA hazard.report_incomplete', 'fields.substanceB hazard.report_incomplete', 'fields.storageKind hazard.report_incomplete',
    ]);
    expect(missing({ type: 'mixed_storage', fields: { ...fields, substanceA: ' ' } })).toEqual(['fields.substanceA hazard.report_incomplete']);
    expect(missing({ type: 'mixed_storage', fields: { ...fields, storageKind: 'moon', quantity: -1, separated: 'yes', toString: 1 } })).toEqual([
      'fields.storageKind request.invalid', 'fields.quantity request.invalid', 'fields.separated request.invalid', 'fields.toString request.invalid',
    ]);
  });

  it('needs each required field of each type', () => {
    for (const type of Object.keys(HAZARD_TYPES)) {
      const fields = requiredFields(type);
      expect(missing({ type, fields })).toEqual([]);
      for (const key of Object.keys(fields)) {
        const { [key]: _left, ...rest } = fields;
        expect(missing({ type, fields: rest })).toEqual([`fields.${key} hazard.report_incomplete`]);
      }
    }
  });

  it('may say its source and codes of the exchange, of those that there are', () => {
    expect(missing({ source: 10, fields: { treatment: '0', category: '3', cause: '1', stage: 10 } })).toEqual([]);
    expect(missing({ source: 11, fields: { treatment: 0, category: '4', cause: '', stage: 11 } })).toEqual(['source request.invalid', 'fields.treatment request.invalid', 'fields.category request.invalid', 'fields.stage request.invalid']);
    expect(missing({ fields: { stage: 1.5 } })).toEqual(['fields.stage request.invalid']);
  });

  it('takes only dates that are in the calendar, and text that can be kept', () => {
    expect(['2026-02-28', '2028-02-29', '2026-02-29', '2026-2-1', '2026-13-01', 'x'].map(isCivilDate)).toEqual([true, true, false, false, false, false]);
    expect(missing({ type: 'lightning_test_expired', fields: { dueOn: '2026-02-30' } })).toEqual(['fields.dueOn request.invalid']);
    expect(missing({ fields: { substance: 'x'.repeat(201), part: 'a\u0000b' } })).toEqual(['fields.substance request.invalid', 'fields.part request.invalid']);
  });
});
