/** 上报: what a report by a person must carry (C-083). Used by the API and, before anything is sent, by the portal. */
import { isBlankText } from './notices.ts';
import type { RefusalCode, Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import { isExchangeSource } from './exchange.ts';
import type { TypeField } from './hazard-types.ts';
import { fieldsOf, HAZARD_TYPES, isHazardType } from './hazard-types.ts';

export const REPORT_LIMITS = { title: 120, description: 4_000, fieldText: 200, fields: 40 } as const;

export interface ReportFields {
  type: string;
  description: string;
  assetId?: string | undefined;
  point?: { type: 'Point'; coordinates: readonly [number, number] } | undefined;
  photos: readonly unknown[];
  /** By the keys of domain/hazard-types fieldsOf. */
  fields?: Readonly<Record<string, unknown>> | undefined;
  /** domain/exchange EXCHANGE_SOURCES. */
  source?: number | undefined;
}

export interface MissingField {
  field: 'type' | 'description' | 'photos' | 'location' | 'source' | `fields.${string}`;
  code: RefusalCode;
  messageZh: string;
  messageEn: string;
}

const CIVIL_DATE = /^\d{4}-\d{2}-\d{2}$/;
export const isCivilDate = (text: string): boolean => CIVIL_DATE.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);

/** Whether a value is one that the field can hold. */
const fits = (field: TypeField, value: unknown): boolean => {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string' && value.length <= REPORT_LIMITS.fieldText && value.isWellFormed() && !value.includes('\0');
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) && (!field.integer || Number.isInteger(value)) && value >= (field.min ?? -Infinity) && value <= (field.max ?? Infinity);
    case 'date':
      return typeof value === 'string' && isCivilDate(value);
    case 'choice':
      return (field.choices ?? []).some((c) => c.value === value);
    case 'boolean':
      return typeof value === 'boolean';
  }
};

/** Everything that is missing or wrong at once, in `detail.errors`. */
export const checkReport = (report: ReportFields): Result<true> => {
  const errors: MissingField[] = [];
  const miss = (field: MissingField['field'], messageZh: string, messageEn: string, code: RefusalCode = 'hazard.report_incomplete') =>
    errors.push({ field, code, messageZh, messageEn });
  if (!isHazardType(report.type)) miss('type', '未知的隐患类型', 'Unknown hazard type', 'hazard.type_unknown');
  else if (HAZARD_TYPES[report.type].photo && report.photos.length === 0) miss('photos', '该类隐患必须附现场照片', 'This type needs a photo of the place');
  if (isBlankText(report.description)) miss('description', '必须填写隐患描述', 'A description is required');
  if (!report.assetId && !report.point) miss('location', '必须选择设备或标注位置', 'Choose an asset or mark a place');
  if (report.source !== undefined && !isExchangeSource(report.source)) miss('source', '未知的隐患来源', 'Unknown source', 'request.invalid');
  if (isHazardType(report.type)) {
    const given = report.fields ?? {};
    const known = fieldsOf(report.type);
    for (const field of known) {
      const value = Object.hasOwn(given, field.key) ? given[field.key] : undefined;
      if (value === undefined || (typeof value === 'string' && isBlankText(value))) {
        if (field.required) miss(`fields.${field.key}`, `必须填写“${field.zh}”`, `Required: ${field.en}`);
      } else if (!fits(field, value)) miss(`fields.${field.key}`, `“${field.zh}”的内容无效`, `Not valid: ${field.en}`, 'request.invalid');
    }
    for (const key of Object.keys(given)) if (!known.some((f) => f.key === key)) miss(`fields.${key}`, '该类隐患没有此项', 'This type has no such field', 'request.invalid');
  }
  return errors.length === 0 ? ok(true) : refuse('hazard.report_incomplete', { field: errors[0]!.field, detail: { errors } });
};
