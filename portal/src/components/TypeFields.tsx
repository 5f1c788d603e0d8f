/** The fields of a type of hazard, as its report carries them (domain/hazard-types.ts). What is left empty is not sent: not known. */
import type { FieldValue, HazardType, TypeField } from '../../../domain/hazard-types.ts';
import { EXCHANGE_FIELDS, HAZARD_TYPES } from '../../../domain/hazard-types.ts';
import { useWords } from '../app/i18n.ts';
import { Field } from './Field.tsx';

/** As typed; `fieldValues` makes the report's values of them. */
export type TypedFields = Readonly<Record<string, string>>;

const valueOf = (field: TypeField, typed: string): FieldValue => {
  if (field.kind === 'number') return Number(typed);
  return field.kind === 'boolean' ? typed === 'true' : typed.trim();
};

export const fieldValues = (type: HazardType, typed: TypedFields): Record<string, FieldValue> =>
  Object.fromEntries([...HAZARD_TYPES[type].fields, ...EXCHANGE_FIELDS].flatMap((f) => (typed[f.key]?.trim() ? [[f.key, valueOf(f, typed[f.key]!)]] : [])));

interface Props {
  fields: readonly TypeField[];
  typed: TypedFields;
  onChange: (typed: TypedFields) => void;
  errorOf: (field: string) => string | undefined;
}

export const TypeFields = ({ fields, typed, onChange, errorOf }: Props) => {
  const { t, word } = useWords();
  return fields.map((field) => {
    const value = typed[field.key] ?? '';
    const change = (next: string): void => onChange({ ...typed, [field.key]: next });
    const options = field.kind === 'choice' ? (field.choices ?? []).map((c) => ({ value: c.value, text: word(c) })) : [{ value: 'true', text: t('field.yes') }, { value: 'false', text: t('field.no') }];
    return (
      <Field key={field.key} label={field.unit ? `${word(field)} (${field.unit})` : word(field)} optional={!field.required} error={errorOf(`fields.${field.key}`)}>
        {(control) =>
          field.kind === 'choice' || field.kind === 'boolean' ? (
            <select {...control} value={value} onChange={(e) => change(e.target.value)}>
              <option value="">{t(field.required ? 'field.choose' : 'field.unknown')}</option>
              {options.map((o) => (
                <option key={o.value} value={o.value}>
                  {o.text}
                </option>
              ))}
            </select>
          ) : field.kind === 'number' ? (
            <input {...control} type="number" inputMode="decimal" step={field.integer ? 1 : 'any'} min={field.min} max={field.max} value={value} onChange={(e) => change(e.target.value)} />
          ) : (
            <input {...control} type={field.kind === 'date' ? 'date' : 'text'} value={value} onChange={(e) => change(e.target.value)} />
          )
        }
      </Field>
    );
  });
};
