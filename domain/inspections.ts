/** 检验到期: inspections of an asset that run out, and the report that opens a case at the due instant (C-014). */
import { bilingual } from './bilingual.ts';
import { chinaDate } from './exchange.ts';
import type { HazardReport } from './hazard.ts';
import type { HazardType } from './hazard-types.ts';
import { HAZARD_TYPES } from './hazard-types.ts';

export const INSPECTION_KINDS = {
  special_equipment: { zh: '特种设备定期检验', en: 'Periodic inspection of special equipment', type: 'special_equipment_inspection_expired' },
  safety_accessory: { zh: '安全附件校验', en: 'Calibration of safety accessories', type: 'safety_accessory_calibration_expired' },
  gas_detector: { zh: '气体检测报警器检定', en: 'Calibration of gas detectors', type: 'gas_detector_calibration_expired' },
  lightning_protection: { zh: '防雷检测', en: 'Test of lightning protection', type: 'lightning_test_expired' },
} as const satisfies Record<string, { zh: string; en: string; type: HazardType }>;
export type InspectionKind = keyof typeof INSPECTION_KINDS;

export interface InspectionFacts {
  inspectionId: string;
  kind: InspectionKind;
  /** Epoch ms: from here on the inspection is no longer good. */
  dueAt: number;
  certificate: string | null;
  asset: { id: string; zoneId: string; code: string; nameZh: string; nameEn: string; point: HazardReport['point'] };
}

/** One report per inspection that ran out, whatever is retried. */
export const expiryKey = (inspectionId: string): string => `inspection/${inspectionId}/expired`;

/** Found by the park itself, not by a person: a control measure that no longer holds. */
export const reportOfExpiry = (i: InspectionFacts, receivedAt: number): Omit<HazardReport, 'reportId'> => {
  const { zh, en, type } = INSPECTION_KINDS[i.kind];
  const dueOn = chinaDate(i.dueAt);
  const { asset } = i;
  const certificate: Record<string, string> = i.certificate === null ? {} : { certificateNo: i.certificate };
  return {
    origin: 'schedule', type, reporterId: null, assetId: asset.id, zoneId: asset.zoneId, point: asset.point, statutory: false, event: null, receivedAt, clientAt: null,
    title: bilingual(`${asset.nameZh}${HAZARD_TYPES[type].zh}`, `${asset.nameEn}: ${HAZARD_TYPES[type].en}`),
    description: bilingual(`${asset.nameZh}(${asset.code})${zh}于 ${dueOn} 到期，未登记新的检验结果。`, `${asset.nameEn} (${asset.code}): ${en} ran out on ${dueOn}; no newer result is recorded.`, true),
    evidence: [{ detail: { inspectionId: i.inspectionId, kind: i.kind, dueAt: i.dueAt, certificate: i.certificate } }],
    fields: { dueOn, ...certificate }, source: 9,
  };
};
