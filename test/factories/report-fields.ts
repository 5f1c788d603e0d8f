/** The required fields of a type with values that it takes, for tests that report something of every type. */
import type { FieldValue, TypeField } from '../../domain/hazard-types.ts';
import { HAZARD_TYPES, isHazardType } from '../../domain/hazard-types.ts';

export const exampleOf = (field: TypeField): FieldValue => {
  switch (field.kind) {
    case 'text':
      return field.en;
    case 'number':
      return field.min ?? 1;
    case 'date':
      return '2026-10-01';
    case 'choice':
      return field.choices![0]!.value;
    case 'boolean':
      return true;
  }
};

export const requiredFields = (type: string): Record<string, FieldValue> =>
  isHazardType(type) ? Object.fromEntries(HAZARD_TYPES[type].fields.filter((f) => f.required).map((f) => [f.key, exampleOf(f)])) : {};
