/** 上报: what a report by a person must carry (C-083). Used by the API and, before anything is sent, by the portal. */
import { isBlankText } from './notices.ts';
import type { RefusalCode, Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import { HAZARD_TYPES, isHazardType } from './hazard-types.ts';

export const REPORT_LIMITS = { title: 120, description: 4_000 } as const;

export interface ReportFields {
  type: string;
  description: string;
  assetId?: string | undefined;
  point?: { type: 'Point'; coordinates: readonly [number, number] } | undefined;
  photos: readonly unknown[];
}

export interface MissingField {
  field: 'type' | 'description' | 'photos' | 'location';
  code: RefusalCode;
  messageZh: string;
  messageEn: string;
}

/** Everything that is missing at once, in `detail.errors`. */
export const checkReport = (report: ReportFields): Result<true> => {
  const errors: MissingField[] = [];
  const miss = (field: MissingField['field'], messageZh: string, messageEn: string, code: RefusalCode = 'hazard.report_incomplete') =>
    errors.push({ field, code, messageZh, messageEn });
  if (!isHazardType(report.type)) miss('type', '未知的隐患类型', 'Unknown hazard type', 'hazard.type_unknown');
  else if (HAZARD_TYPES[report.type].photo && report.photos.length === 0) miss('photos', '该类隐患必须附现场照片', 'This type needs a photo of the place');
  if (isBlankText(report.description)) miss('description', '必须填写隐患描述', 'A description is required');
  if (!report.assetId && !report.point) miss('location', '必须选择设备或标注位置', 'Choose an asset or mark a place');
  return errors.length === 0 ? ok(true) : refuse('hazard.report_incomplete', { field: errors[0]!.field, detail: { errors } });
};
