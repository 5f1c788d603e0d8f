import { describe, expect, it } from '@jest/globals';
import { HAZARD_TYPES, isHazardType } from '../../domain/hazard-types.ts';
import type { MissingField, ReportFields } from '../../domain/report.ts';
import { checkReport } from '../../domain/report.ts';

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
    for (const [type, { photo }] of Object.entries(HAZARD_TYPES)) expect(missing({ type, photos: [] })).toEqual(photo ? ['photos hazard.report_incomplete'] : []);
  });

  it('of an unknown type is refused, also when the type is the name of something else', () => {
    expect(missing({ type: 'nothing' })).toEqual(['type hazard.type_unknown']);
    expect(isHazardType('toString')).toBe(false);
    expect(isHazardType('leak')).toBe(true);
  });
});
