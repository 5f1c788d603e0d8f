import { describe, expect, it } from '@jest/globals';
import { EXCHANGE_TYPES } from '../../domain/exchange.ts';
import { fieldsOf, HAZARD_TYPES, isHazardType } from '../../domain/hazard-types.ts';

const all = Object.entries(HAZARD_TYPES);

describe('the taxonomy', () => {
  it('covers every type of the exchange', () => {
    expect([...new Set(all.map(([, t]) => t.exchange.type))].sort()).toEqual(Object.keys(EXCHANGE_TYPES).map(Number));
  });

  it('has words in both languages, a checklist and an anchor for every type', () => {
    for (const [code, type] of all) {
      expect({ code, checklist: type.checklist.length > 0, anchors: type.anchors.length > 0 }).toEqual({ code, checklist: true, anchors: true });
      expect(type.anchors.every((a) => a.instrument.length > 0 && a.clause !== '')).toBe(true);
      for (const words of [type, ...type.fields, ...type.checklist, ...type.fields.flatMap((f) => f.choices ?? [])]) {
        expect(words.zh).toMatch(/\S/);
        expect(words.en).toMatch(/^[\x20-\x7e·…]+$/);
      }
    }
  });

  it('has fields that a form can show: no key twice, choices where one chooses', () => {
    for (const [type] of all) {
      if (!isHazardType(type)) throw new Error(type);
      const keys = fieldsOf(type).map((f) => f.key);
      expect(new Set(keys).size).toBe(keys.length);
      for (const field of fieldsOf(type)) expect((field.choices?.length ?? 0) > 1).toBe(field.kind === 'choice');
    }
  });

  it('gives the four special types required fields, a checklist and a clause', () => {
    for (const type of ['special_equipment_inspection_expired', 'wiring_ageing', 'confined_space_protection', 'mixed_storage'] as const) {
      const spec = HAZARD_TYPES[type];
      expect({ type, required: spec.fields.filter((f) => f.required).length >= 2, checklist: spec.checklist.length >= 4, clause: spec.anchors.some((a) => a.clause !== null) }).toEqual({ type, required: true, checklist: true, clause: true });
    }
    expect(HAZARD_TYPES.special_equipment_inspection_expired.expiry).toBe(true);
  });
});
