/**
 * 隐患分类: every type of hazard with its words, what a report of it must carry, what is checked on site, and the clause that
 * it rests on. A clause is named only where its text was read; otherwise the instrument stands alone (`clause: null`).
 */
export type FieldKind = 'text' | 'number' | 'date' | 'choice' | 'boolean';

export interface Choice {
  value: string;
  zh: string;
  en: string;
}

/** A field of a report. `date` is a civil date YYYY-MM-DD, `number` is in `unit` and within min and max where they are named. */
export interface TypeField {
  key: string;
  zh: string;
  en: string;
  kind: FieldKind;
  required: boolean;
  unit?: string;
  min?: number;
  max?: number;
  integer?: boolean;
  choices?: readonly Choice[];
}

export type FieldValue = string | number | boolean;

export interface ChecklistItem {
  key: string;
  zh: string;
  en: string;
}

export interface ClauseAnchor {
  instrument: string;
  /** null: the text of the instrument could not be read clause by clause. */
  clause: string | null;
}

/** Type in the exchange with the authority (domain/exchange.ts). */
export type ExchangeType = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface HazardTypeSpec {
  zh: string;
  en: string;
  /** A report by a person needs a photo. */
  photo: boolean;
  fields: readonly TypeField[];
  checklist: readonly ChecklistItem[];
  anchors: readonly ClauseAnchor[];
  exchange: { type: ExchangeType; /** 0 fix at once, 1 within a deadline. */ treatment: 0 | 1 };
  /** A case opens by itself on the due date of an inspection (domain/inspections.ts). */
  expiry?: true;
}

const WORK_SAFETY_LAW = '中华人民共和国安全生产法(2021年修正)';
const HAZCHEM_LAW = '中华人民共和国危险化学品安全法';
const SPECIAL_EQUIPMENT_LAW = '中华人民共和国特种设备安全法';
const FIRE_LAW = '中华人民共和国消防法';
const ORDER_10 = '应急管理部令第10号 工贸企业重大事故隐患判定标准';
const SPECIAL_WORK = 'GB 30871-2022 危险化学品企业特殊作业安全规范';

const at = (instrument: string, clause: string | null = null): ClauseAnchor => ({ instrument, clause });
const item = (key: string, zh: string, en: string): ChecklistItem => ({ key, zh, en });
const choice = (value: string, zh: string, en: string): Choice => ({ value, zh, en });

const optional = <K extends FieldKind>(key: string, kind: K, zh: string, en: string, more: Partial<TypeField> = {}): TypeField => ({ key, kind, zh, en, required: false, ...more });
const required = <K extends FieldKind>(key: string, kind: K, zh: string, en: string, more: Partial<TypeField> = {}): TypeField => ({ ...optional(key, kind, zh, en, more), required: true });

const DUE_ON = required('dueOn', 'date', '有效期至', 'Valid until');
const CERTIFICATE = optional('certificateNo', 'text', '证书/报告编号', 'Certificate or report number');
const IN_USE = optional('inUse', 'boolean', '是否仍在使用', 'Still in use');
const EXPLOSION_ZONE = [
  choice('none', '非爆炸危险区域', 'Not classified'), choice('0', '0区', 'Zone 0'), choice('1', '1区', 'Zone 1'), choice('2', '2区', 'Zone 2'),
  choice('20', '20区', 'Zone 20'), choice('21', '21区', 'Zone 21'), choice('22', '22区', 'Zone 22'), choice('unknown', '不清楚', 'Not known'),
] as const;

const TYPES = {
  over_limit: {
    zh: '参数超限', en: 'Process value over its limit', photo: false,
    fields: [optional('parameter', 'text', '参数名称', 'Parameter'), optional('value', 'number', '实测值', 'Value read'), optional('limit', 'number', '限值', 'Limit')],
    checklist: [item('reading', '现场仪表与系统读数是否一致', 'The field instrument agrees with the system'), item('cause', '超限原因是否查明并处置', 'The cause is found and dealt with')],
    anchors: [at(HAZCHEM_LAW, '第三十六条')], exchange: { type: 2, treatment: 0 },
  },
  process_control: {
    zh: '工艺操作与控制缺陷', en: 'Process operation or control defect', photo: false,
    fields: [optional('operation', 'text', '操作/工序', 'Operation or step')],
    checklist: [item('procedure', '操作规程与工艺卡片是否现行有效', 'Procedure and operating card are in force'), item('limits', '控制指标是否按规程执行', 'Control limits are kept to')],
    anchors: [at(HAZCHEM_LAW, '第三十五条')], exchange: { type: 2, treatment: 1 },
  },
  leak: {
    zh: '泄漏', en: 'Leak', photo: true,
    fields: [optional('substance', 'text', '泄漏物料', 'Substance'), optional('part', 'text', '泄漏部位', 'Part that leaks'), optional('ignitionSource', 'boolean', '附近有点火源', 'Ignition source near')],
    checklist: [item('isolated', '泄漏点是否隔离、切断', 'The leak is isolated'), item('detector', '周边气体检测是否正常', 'Gas detection around it works'), item('repair', '密封或本体是否修复并试压', 'Seal or body repaired and tested')],
    anchors: [at(HAZCHEM_LAW, '第三十七条')], exchange: { type: 7, treatment: 0 },
  },
  equipment_defect: {
    zh: '设备设施缺陷', en: 'Equipment defect', photo: true,
    fields: [optional('part', 'text', '缺陷部位', 'Part')],
    checklist: [item('maintenance', '维护保养记录是否齐全', 'Maintenance records are complete'), item('condition', '设备本体与附件是否完好', 'Body and fittings are sound')],
    anchors: [at(HAZCHEM_LAW, '第三十七条')], exchange: { type: 7, treatment: 1 },
  },
  safety_accessory: {
    zh: '安全附件缺陷', en: 'Safety accessory defect', photo: true,
    fields: [
      optional('accessory', 'choice', '附件类型', 'Accessory', { choices: [choice('safety_valve', '安全阀', 'Safety valve'), choice('bursting_disc', '爆破片', 'Bursting disc'), choice('level_gauge', '液位计', 'Level gauge'), choice('pressure_gauge', '压力表', 'Pressure gauge'), choice('other', '其他', 'Other')] }),
      optional('inService', 'boolean', '是否正常投用', 'In service'),
    ],
    checklist: [item('in_service', '安全附件是否正常投用', 'The accessory is in service'), item('root_valve', '根部阀是否全开并铅封', 'The root valve is open and sealed'), item('calibrated', '校验是否在有效期内', 'Its calibration is in date')],
    anchors: [at(SPECIAL_EQUIPMENT_LAW, '第三十九条')], exchange: { type: 7, treatment: 0 },
  },
  special_equipment_inspection_expired: {
    zh: '特种设备检验超期', en: 'Special-equipment inspection expired', photo: true,
    fields: [
      required('equipmentCategory', 'choice', '特种设备类别', 'Category of equipment', {
        choices: [choice('boiler', '锅炉', 'Boiler'), choice('pressure_vessel', '压力容器', 'Pressure vessel'), choice('pressure_pipe', '压力管道', 'Pressure pipe'), choice('lifting', '起重机械', 'Lifting machine'), choice('elevator', '电梯', 'Lift'), choice('plant_vehicle', '场(厂)内专用机动车辆', 'In-plant vehicle')],
      }),
      DUE_ON, optional('registrationNo', 'text', '使用登记证编号', 'Registration number'), CERTIFICATE, IN_USE,
    ],
    checklist: [
      item('mark', '检验合格标志是否置于显著位置', 'The inspection mark is in plain sight'), item('out_of_use', '超期设备是否停止使用', 'Equipment out of date is out of use'),
      item('applied', '是否已向检验机构提出定期检验要求', 'The inspection body has been asked'), item('report', '检验报告结论是否合格', 'The report says that it passed'),
    ],
    anchors: [at(SPECIAL_EQUIPMENT_LAW, '第四十条')], exchange: { type: 7, treatment: 0 }, expiry: true,
  },
  safety_accessory_calibration_expired: {
    zh: '安全附件校验超期', en: 'Safety accessory calibration expired', photo: true,
    fields: [DUE_ON, optional('accessory', 'text', '附件名称', 'Accessory'), CERTIFICATE, IN_USE],
    checklist: [item('label', '校验标签是否清晰有效', 'The label is legible and in date'), item('replaced', '是否更换或送检', 'Replaced or sent for calibration')],
    anchors: [at(SPECIAL_EQUIPMENT_LAW, '第三十九条')], exchange: { type: 7, treatment: 1 }, expiry: true,
  },
  wiring_ageing: {
    zh: '电气线路老化', en: 'Wiring ageing', photo: true,
    fields: [
      required('defect', 'choice', '缺陷形式', 'Defect', { choices: [choice('insulation', '绝缘老化、龟裂', 'Insulation brittle or cracked'), choice('exposed', '导体裸露', 'Bare conductor'), choice('overheated', '过热、变色', 'Overheated or discoloured'), choice('joint', '接头松动', 'Loose joint'), choice('unprotected', '未穿管或未保护', 'Without conduit or protection')] }),
      required('explosionZone', 'choice', '爆炸危险区域', 'Hazardous area', { choices: EXPLOSION_ZONE }),
      optional('voltage', 'number', '电压', 'Voltage', { unit: 'V', min: 0, max: 1_000_000 }), optional('length', 'number', '涉及长度', 'Length', { unit: 'm', min: 0, max: 100_000 }), optional('live', 'boolean', '是否带电', 'Live'),
    ],
    checklist: [
      item('insulation', '绝缘电阻测试是否合格', 'Insulation resistance passed'), item('protection', '漏电、过载、短路保护是否有效', 'Earth-leakage, overload and short-circuit protection work'),
      item('conduit', '穿管、桥架与封堵是否完好', 'Conduit, trays and seals are sound'), item('ex', '危险区域内选型是否防爆', 'Of explosion-proof make in hazardous areas'),
    ],
    anchors: [at(WORK_SAFETY_LAW, '第三十六条')], exchange: { type: 3, treatment: 1 },
  },
  explosion_proof: {
    zh: '防爆电气缺陷', en: 'Explosion-proof electrical defect', photo: true,
    fields: [optional('explosionZone', 'choice', '爆炸危险区域', 'Hazardous area', { choices: EXPLOSION_ZONE }), optional('exMark', 'text', '防爆标志', 'Ex marking')],
    checklist: [item('marking', '防爆标志与区域、物料是否相符', 'The Ex marking fits area and substance'), item('entries', '引入口、堵头与密封是否完好', 'Entries, plugs and seals are sound')],
    anchors: [at(HAZCHEM_LAW, '第三十七条')], exchange: { type: 3, treatment: 0 },
  },
  static_lightning: {
    zh: '防雷防静电缺陷', en: 'Lightning or static protection defect', photo: true,
    fields: [optional('resistance', 'number', '接地电阻', 'Earth resistance', { unit: 'Ω', min: 0, max: 1_000_000 })],
    checklist: [item('bond', '跨接与接地是否连续', 'Bonds and earths are continuous'), item('loading', '装卸静电接地联锁是否有效', 'Static earthing of loading is interlocked')],
    anchors: [at(HAZCHEM_LAW, '第三十七条')], exchange: { type: 3, treatment: 1 },
  },
  lightning_test_expired: {
    zh: '防雷检测超期', en: 'Lightning protection test expired', photo: false,
    fields: [DUE_ON, CERTIFICATE], checklist: [item('report', '检测报告是否在有效期内', 'The test report is in date')],
    anchors: [at('防雷减灾管理办法')], exchange: { type: 3, treatment: 1 }, expiry: true,
  },
  gas_detector_fault: {
    zh: '气体检测报警装置失效', en: 'Gas detection out of order', photo: true,
    fields: [optional('detectorNo', 'text', '探测器编号', 'Detector number'), optional('gas', 'text', '被测气体', 'Gas')],
    checklist: [item('response', '通气试验响应是否正常', 'It answers to test gas'), item('alarm', '报警信号是否送至有人值守处', 'The alarm reaches where somebody is')],
    anchors: [at(HAZCHEM_LAW, '第三十八条')], exchange: { type: 4, treatment: 0 },
  },
  gas_detector_calibration_expired: {
    zh: '气体检测报警器检定超期', en: 'Gas detector calibration expired', photo: false,
    fields: [DUE_ON, CERTIFICATE], checklist: [item('certificate', '检定/校准证书是否在有效期内', 'The certificate is in date')],
    anchors: [at('中华人民共和国计量法')], exchange: { type: 4, treatment: 1 }, expiry: true,
  },
  interlock_bypassed: {
    zh: '联锁摘除或停用', en: 'Interlock bypassed or off', photo: true,
    fields: [optional('interlockNo', 'text', '联锁位号', 'Interlock tag'), optional('approved', 'boolean', '是否经审批', 'Approved')],
    checklist: [item('approval', '摘除是否经审批且在期限内', 'The bypass is approved and in time'), item('measures', '替代措施是否落实', 'Measures in its place are taken'), item('restored', '是否恢复并测试', 'Restored and tested')],
    anchors: [at(HAZCHEM_LAW, '第三十八条')], exchange: { type: 4, treatment: 0 },
  },
  fire_facility: {
    zh: '消防设施缺陷', en: 'Fire facility defect', photo: true,
    fields: [optional('facility', 'text', '设施名称', 'Facility')],
    checklist: [item('pressure', '压力、水量与泡沫液是否符合要求', 'Pressure, water and foam are as required'), item('reachable', '是否被埋压、圈占、遮挡', 'Not buried, fenced in or hidden')],
    anchors: [at(FIRE_LAW, '第二十八条')], exchange: { type: 5, treatment: 0 },
  },
  escape_route_blocked: {
    zh: '疏散通道堵塞', en: 'Escape route blocked', photo: true,
    fields: [optional('obstacle', 'text', '障碍物', 'Obstacle'), optional('locked', 'boolean', '出口是否锁闭', 'Exit locked')],
    checklist: [item('clear', '通道与出口是否畅通', 'Routes and exits are clear'), item('signs', '疏散指示与应急照明是否有效', 'Signs and emergency lights work')],
    anchors: [at(WORK_SAFETY_LAW, '第四十二条'), at(FIRE_LAW, '第二十八条')], exchange: { type: 5, treatment: 0 },
  },
  layout_distance: {
    zh: '总图布置与安全间距不足', en: 'Layout or safety distance', photo: true,
    fields: [optional('distance', 'number', '实测间距', 'Distance measured', { unit: 'm', min: 0, max: 100_000 }), optional('neighbour', 'text', '相邻设施', 'Neighbouring facility')],
    checklist: [item('design', '是否符合设计与安全评价报告', 'As in the design and the safety assessment'), item('occupied', '间距内是否新增人员场所', 'No place for people added within the distance')],
    anchors: [at('GB 50160 石油化工企业设计防火标准')], exchange: { type: 6, treatment: 1 },
  },
  bund_defect: {
    zh: '防火堤或围堰缺陷', en: 'Bund or dike defect', photo: true,
    fields: [optional('drainOpen', 'boolean', '排水阀是否常开', 'Drain left open')],
    checklist: [item('height', '高度与有效容积是否满足要求', 'Height and capacity as required'), item('sealed', '穿堤孔洞是否封堵', 'Penetrations are sealed')],
    anchors: [at(HAZCHEM_LAW, '第三十七条')], exchange: { type: 6, treatment: 1 },
  },
  ppe_missing: {
    zh: '未佩戴劳动防护用品', en: 'PPE missing', photo: true,
    fields: [optional('item', 'text', '缺少的防护用品', 'PPE that is missing'), optional('people', 'number', '涉及人数', 'People', { min: 1, max: 10_000, integer: true })],
    checklist: [item('issued', '是否按标准配发', 'Issued by the standard'), item('worn', '是否按规则佩戴', 'Worn by the rules')],
    anchors: [at(WORK_SAFETY_LAW, '第四十五条')], exchange: { type: 1, treatment: 0 },
  },
  special_work: {
    zh: '特殊作业违规', en: 'Special work against the rules', photo: true,
    fields: [
      optional('work', 'choice', '作业类型', 'Kind of work', { choices: [choice('hot', '动火', 'Hot work'), choice('confined', '受限空间', 'Confined space'), choice('blind', '盲板抽堵', 'Blind plate'), choice('height', '高处', 'Work at height'), choice('lifting', '吊装', 'Lifting'), choice('electric', '临时用电', 'Temporary electricity'), choice('earth', '动土', 'Earthwork'), choice('road', '断路', 'Road closure')] }),
      optional('permitNo', 'text', '作业票编号', 'Permit number'),
    ],
    checklist: [item('permit', '作业票是否有效并现场公示', 'The permit is valid and on site'), item('guardian', '监护人是否在岗', 'The guardian is there'), item('gas', '气体分析是否合格且在时限内', 'Gas analysis passed and in time')],
    anchors: [at(SPECIAL_WORK)], exchange: { type: 1, treatment: 0 },
  },
  confined_space_protection: {
    zh: '有限空间防护缺失', en: 'Confined-space protection missing', photo: true,
    fields: [
      required('spaceKind', 'choice', '有限空间类型', 'Kind of space', { choices: [choice('tank', '罐、槽', 'Tank'), choice('reactor', '釜、塔', 'Reactor or column'), choice('pit', '池、坑', 'Pit'), choice('sewer', '井、管沟', 'Manhole or duct'), choice('silo', '仓', 'Silo'), choice('other', '其他', 'Other')] }),
      required('workInProgress', 'boolean', '是否正在作业', 'Work is going on'),
      optional('ledger', 'boolean', '是否已辨识并建立台账', 'Identified and in the ledger'), optional('warningSign', 'boolean', '是否有明显警示标志', 'Clear warning sign'),
      optional('oxygen', 'number', '氧含量', 'Oxygen', { unit: '%', min: 0, max: 100 }), optional('toxicGas', 'text', '有毒气体', 'Toxic gas'),
    ],
    checklist: [
      item('ledger', '是否辨识并建立安全管理台账', 'Identified and in the ledger'), item('sign', '是否设置明显的安全警示标志', 'Clear warning sign'), item('approval', '作业是否审批', 'The work is approved'),
      item('order', '是否先通风、再检测、后作业', 'Ventilated, then tested, then entered'), item('guardian', '现场是否设监护人员', 'A guardian is on site'), item('rescue', '应急救援装备是否到位', 'Rescue gear is there'),
    ],
    anchors: [at(ORDER_10, '第十三条'), at(SPECIAL_WORK)], exchange: { type: 1, treatment: 0 },
  },
  mixed_storage: {
    zh: '危险化学品混存', en: 'Incompatible goods stored together', photo: true,
    fields: [
      required('substanceA', 'text', '物料一', 'First substance'), required('substanceB', 'text', '物料二', 'Second substance'),
      required('storageKind', 'choice', '储存场所', 'Place of storage', { choices: [choice('warehouse', '仓库', 'Warehouse'), choice('tank_farm', '罐区', 'Tank farm'), choice('cabinet', '储存柜', 'Cabinet'), choice('workshop', '车间暂存', 'Workshop'), choice('yard', '露天堆场', 'Yard')] }),
      optional('quantity', 'number', '数量', 'Quantity', { unit: 't', min: 0, max: 1_000_000 }), optional('separated', 'boolean', '是否隔离隔开', 'Separated'),
    ],
    checklist: [
      item('class', '是否按危险性分区分类储存', 'Stored by class and area'), item('incompatible', '禁忌物料是否隔开、隔离或分离', 'Incompatible goods are kept apart'),
      item('quantity', '是否超量、超品种储存', 'Neither too much nor of other kinds than permitted'), item('sds', '安全技术说明书与标签是否齐全', 'Data sheets and labels are there'),
    ],
    anchors: [at(HAZCHEM_LAW, '第四十一条')], exchange: { type: 8, treatment: 0 },
  },
  safety_management: {
    zh: '安全管理缺陷', en: 'Safety management defect', photo: false,
    fields: [optional('document', 'text', '涉及制度或记录', 'Rule or record')],
    checklist: [item('responsibility', '责任制与制度是否建立并执行', 'Responsibilities and rules exist and are kept'), item('record', '排查治理是否如实记录并通报', 'Findings are truthfully recorded and told')],
    anchors: [at(WORK_SAFETY_LAW, '第四十一条')], exchange: { type: 1, treatment: 1 },
  },
  other: {
    zh: '其他', en: 'Other', photo: true, fields: [], checklist: [item('described', '描述是否足以定位并处置', 'Described well enough to find and treat it')],
    anchors: [at(WORK_SAFETY_LAW, '第四十一条')], exchange: { type: 8, treatment: 1 },
  },
} as const satisfies Record<string, HazardTypeSpec>;

export type HazardType = keyof typeof TYPES;
export const HAZARD_TYPES: { readonly [K in HazardType]: HazardTypeSpec } = TYPES;
export const isHazardType = (type: string): type is HazardType => Object.hasOwn(HAZARD_TYPES, type);

/** What any report may say besides, in the codes of the exchange (domain/exchange.ts). */
export const EXCHANGE_FIELDS: readonly TypeField[] = [
  optional('treatment', 'choice', '治理类型', 'Treatment', { choices: [choice('0', '即查即改', 'Fixed at once'), choice('1', '限期整改', 'Within a deadline')] }),
  optional('category', 'choice', '登记人类别', 'Registered by', { choices: [choice('0', '其他', 'Other'), choice('1', '主要负责人', 'Main responsible person'), choice('2', '技术负责人', 'Technical responsible person'), choice('3', '操作负责人', 'Operating responsible person')] }),
  optional('cause', 'choice', '原因类别', 'Cause', { choices: [choice('1', '人的不安全行为', 'Unsafe act'), choice('2', '物的不安全状态', 'Unsafe state'), choice('3', '管理缺陷', 'Management defect')] }),
  optional('stage', 'number', '发生环节代码', 'Stage code', { min: 1, max: 10, integer: true }),
];

/** The fields that a report of the type may carry. */
export const fieldsOf = (type: HazardType): readonly TypeField[] => [...HAZARD_TYPES[type].fields, ...EXCHANGE_FIELDS];

/** How a hazard became known: by a sensor's rule and a flow, by a person, by the statutory floor, by a date that passed. */
export const HAZARD_ORIGINS = ['sensor', 'manual', 'floor', 'schedule'] as const;
export type HazardOrigin = (typeof HAZARD_ORIGINS)[number];

/** 分级: 一般, 重大. */
export const HAZARD_GRADES = ['general', 'major'] as const;
export type HazardGrade = (typeof HAZARD_GRADES)[number];
