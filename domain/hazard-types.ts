/** 隐患类型: code, words and what a report must carry. Special types get their own fields with the taxonomy (C-014). */
export const HAZARD_TYPES = {
  over_limit: { zh: '参数超限', en: 'Process value over its limit', photo: false },
  leak: { zh: '泄漏', en: 'Leak', photo: true },
  escape_route_blocked: { zh: '疏散通道堵塞', en: 'Escape route blocked', photo: true },
  ppe_missing: { zh: '未佩戴劳动防护用品', en: 'PPE missing', photo: true },
  special_equipment_inspection_expired: { zh: '特种设备检验超期', en: 'Special-equipment inspection expired', photo: true },
  wiring_ageing: { zh: '电气线路老化', en: 'Wiring ageing', photo: true },
  confined_space_protection: { zh: '有限空间防护缺失', en: 'Confined-space protection missing', photo: true },
  mixed_storage: { zh: '危险化学品混存', en: 'Incompatible goods stored together', photo: true },
  fire_facility: { zh: '消防设施缺陷', en: 'Fire facility defect', photo: true },
  other: { zh: '其他', en: 'Other', photo: true },
} as const satisfies Record<string, { zh: string; en: string; photo: boolean }>;

/** 分级: 一般, 重大. */
export const HAZARD_GRADES = ['general', 'major'] as const;
export type HazardGrade = (typeof HAZARD_GRADES)[number];

export type HazardType = keyof typeof HAZARD_TYPES;
export const isHazardType = (type: string): type is HazardType => Object.hasOwn(HAZARD_TYPES, type);
