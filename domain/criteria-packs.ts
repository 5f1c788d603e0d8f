/**
 * 判定标准: the packs of criteria that we hold. Only what could be read in two independent sources is here as a condition; the
 * rest is named and must be obtained. Order 10 is held in part. The chemical criteria of 2017 apply until the day before
 * AQ 3067-2026; of that one only clause numbers and topics could be read. A park has each pack checked against the official text before it relies
 * on it.
 */
import type { Criterion, CriteriaPack, Expression, Facts } from './criteria.ts';
import type { FieldValue, HazardType } from './hazard-types.ts';

export interface FactSpec {
  zh: string;
  en: string;
  /** Absent: yes or no. */
  values?: readonly { value: string; zh: string; en: string }[];
}

/** Every fact that a criterion asks for. */
export const FACTS: Readonly<Record<string, FactSpec>> = {
  sector: { zh: '企业行业', en: 'Sector of the firm', values: [{ value: 'chemical', zh: '化工和危险化学品', en: 'Chemicals and hazardous chemicals' }, { value: 'industry_trade', zh: '工贸', en: 'Industry and trade' }, { value: 'other', zh: '其他', en: 'Other' }] },
  contractorsCoordinated: { zh: '对承包、承租单位统一协调、管理', en: 'Contractors and tenants are coordinated and managed as one' },
  contractorsInspected: { zh: '对承包、承租单位定期安全检查', en: 'Contractors and tenants are inspected regularly' },
  specialWorkerQualified: { zh: '特种作业人员培训并持证', en: 'Special workers are trained and certified' },
  metalSmelting: { zh: '金属冶炼企业', en: 'Metal smelting firm' },
  managersAssessed: { zh: '主要负责人和安全管理人员考核合格', en: 'The head and the safety managers passed their assessment' },
  confinedSpaceToxicRisk: { zh: '存在硫化氢、一氧化碳等中毒风险的有限空间作业', en: 'Confined-space work with a risk of poisoning (H2S, CO ...)' },
  confinedSpaceLedger: { zh: '有限空间已辨识并建立台账', en: 'The confined space is identified and in the ledger' },
  confinedSpaceSign: { zh: '有限空间设有明显警示标志', en: 'The confined space has a clear warning sign' },
  confinedSpaceApproved: { zh: '有限空间作业经审批', en: 'The confined-space work is approved' },
  confinedSpaceOrderKept: { zh: '先通风、再检测、后作业', en: 'Ventilated first, then tested, then entered' },
  confinedSpaceGuardian: { zh: '有限空间作业现场设监护人员', en: 'A guardian is at the confined space' },
  keyUnit: { zh: '涉及“两重点一重大”', en: 'Key process, key chemical or major hazard source' },
  outerDistanceMet: { zh: '外部安全防护距离符合国家标准', en: 'The outer protective distance is as the national standard asks' },
  keyProcess: { zh: '涉及重点监管危险化工工艺', en: 'A hazardous process under key supervision' },
  automaticControl: { zh: '实现自动化控制', en: 'Controlled automatically' },
  emergencyShutdown: { zh: '系统实现紧急停车功能', en: 'The system can shut down in an emergency' },
  controlInService: { zh: '自动化控制和紧急停车系统投入使用', en: 'Automatic control and shutdown are in service' },
  majorSourceLevel12: { zh: '一级、二级重大危险源罐区', en: 'Tank farm that is a major hazard source of level 1 or 2' },
  emergencyCutOff: { zh: '实现紧急切断功能', en: 'Can be cut off in an emergency' },
  toxicOrLiquefied: { zh: '涉及毒性气体、液化气体、剧毒液体', en: 'Toxic gas, liquefied gas or highly toxic liquid' },
  independentSis: { zh: '配备独立的安全仪表系统', en: 'Has an independent safety instrumented system' },
  pressureHydrocarbonTank: { zh: '全压力式液化烃储罐', en: 'Fully pressurised tank of liquefied hydrocarbons' },
  waterInjection: { zh: '按国家标准设置注水措施', en: 'Water injection as the national standard asks' },
  liquefiedFilling: { zh: '充装易燃易爆、有毒有害液化气体', en: 'Filling of flammable, explosive or toxic liquefied gas' },
  loadingArm: { zh: '使用万向管道充装系统', en: 'Filled through a loading arm' },
  toxicGasPipe: { zh: '光气、氯气等剧毒气体或硫化氢气体管道', en: 'Pipe of a highly toxic gas (phosgene, chlorine ...) or of H2S' },
  crossesPublicArea: { zh: '穿越厂区(含园区)外的公共区域', en: 'Crosses a public area outside the site and the park' },
  overheadLine: { zh: '地区架空电力线路穿越生产区', en: 'A regional overhead power line crosses the production area' },
  overheadLineCompliant: { zh: '架空线路符合国家标准要求', en: 'The overhead line is as the national standard asks' },
  plantInService: { zh: '在役化工装置', en: 'Chemical unit in service' },
  formallyDesigned: { zh: '经正规设计', en: 'Formally designed' },
  designDiagnosed: { zh: '进行安全设计诊断', en: 'Its safety design was diagnosed' },
  obsoleteTechnology: { zh: '使用目录列出的淘汰落后工艺、设备', en: 'Uses technology or equipment that is listed as obsolete' },
  gasLeakPlace: { zh: '涉及可燃和有毒有害气体泄漏的场所', en: 'Place where flammable or toxic gas can leak' },
  gasDetection: { zh: '按国家标准设置检测报警装置', en: 'Gas detection and alarm as the national standard asks' },
  explosiveArea: { zh: '爆炸危险场所', en: 'Place with danger of explosion' },
  explosionProof: { zh: '按国家标准安装使用防爆电气设备', en: 'Explosion-proof electrical equipment as the national standard asks' },
  controlRoomFacing: { zh: '控制室或机柜间面向火灾、爆炸危险性装置', en: 'Control or cabinet room faces a unit with danger of fire or explosion' },
  controlRoomProtected: { zh: '该侧满足国家标准防火防爆要求', en: 'That side is fire and blast protected as the national standard asks' },
  chemicalUnit: { zh: '化工生产装置', en: 'Chemical production unit' },
  doublePower: { zh: '按国家标准要求设置双重电源供电', en: 'Fed from two sources as the national standard asks' },
  controlUps: { zh: '自动化控制系统设置不间断电源', en: 'The control system has an uninterruptible supply' },
  accessoriesInService: { zh: '安全阀、爆破片等安全附件正常投用', en: 'Safety valves, bursting discs and the like are in service' },
  responsibilitySystem: { zh: '建立与岗位相匹配的全员安全生产责任制', en: 'Everybody has safety responsibilities that fit their post' },
  hazardRules: { zh: '制定实施隐患排查治理制度', en: 'Rules for finding and treating hazards are made and kept' },
  operatingProcedure: { zh: '制定操作规程', en: 'There is an operating procedure' },
  processLimits: { zh: '制定工艺控制指标', en: 'There are process control limits' },
  specialWorkRules: { zh: '按国家标准制定特殊作业管理制度', en: 'There are rules for special work as the national standard asks' },
  specialWorkRulesKept: { zh: '特殊作业制度有效执行', en: 'The rules for special work are kept' },
  newProcess: { zh: '新开发工艺直接工业化生产', en: 'A newly developed process goes into production' },
  newProcessTested: { zh: '经小试、中试、工业化试验', en: 'Tested in laboratory, pilot and industrial scale' },
  firstUse: { zh: '国内首次使用的化工工艺', en: 'A process that is used in the country for the first time' },
  firstUseProven: { zh: '经省级有关部门组织安全可靠性论证', en: 'Its reliability was proven before the provincial authority' },
  newUnitStarted: { zh: '新建装置投料开车', en: 'A new unit is started up' },
  trialPlan: { zh: '制定试生产方案', en: 'There is a plan of the trial run' },
  fineChemical: { zh: '精细化工企业', en: 'Fine chemicals firm' },
  reactionRiskAssessed: { zh: '按规范性文件开展反应安全风险评估', en: 'The risk of the reactions is assessed as required' },
  storedByClass: { zh: '按国家标准分区分类储存', en: 'Stored by area and class as the national standard asks' },
  overQuantity: { zh: '超量、超品种储存', en: 'More or other goods stored than permitted' },
  incompatibleMixed: { zh: '相互禁配物质混放混存', en: 'Incompatible goods stored together' },
};

const yes = (fact: string): Expression => ({ fact, is: true });
const no = (fact: string): Expression => ({ fact, is: false });
const all = (...e: Expression[]): Expression => ({ all: e });
const any = (...e: Expression[]): Expression => ({ any: e });

const criterion = (id: string, clause: string, zh: string, en: string, types: readonly HazardType[], when: Expression | null): Criterion => ({ id, clause, zh, en, types, when });

/** 工贸企业重大事故隐患判定标准: 64 listed items in articles 3-13, of which these five are held. */
const ORDER_10: CriteriaPack = {
  id: 'order-10', instrument: '应急管理部令第10号 工贸企业重大事故隐患判定标准', from: '2023-05-15', to: null, applies: { fact: 'sector', is: 'industry_trade' }, complete: false,
  criteria: [
    criterion('order-10:3-1', '第三条第(一)项', '未对承包、承租单位统一协调、管理，或者未定期安全检查', 'Contractors and tenants are not managed as one, or not inspected regularly', ['safety_management'], any(no('contractorsCoordinated'), no('contractorsInspected'))),
    criterion('order-10:3-2', '第三条第(二)项', '特种作业人员未按规定培训并取得资格而上岗', 'Special workers at work without training and certificate', ['special_work', 'safety_management'], no('specialWorkerQualified')),
    criterion('order-10:3-3', '第三条第(三)项', '金属冶炼企业主要负责人、安全管理人员未考核合格', 'Head or safety managers of a smelting firm have not passed their assessment', ['safety_management'], all(yes('metalSmelting'), no('managersAssessed'))),
    // One item: neither the missing ledger nor the missing sign is enough by itself.
    criterion('order-10:13-1', '第十三条第(一)项', '未辨识有限空间、建立台账，并且未设置明显警示标志', 'The confined space is not in the ledger and has no clear warning sign', ['confined_space_protection'], all(yes('confinedSpaceToxicRisk'), no('confinedSpaceLedger'), no('confinedSpaceSign'))),
    criterion('order-10:13-2', '第十三条第(二)项', '未落实作业审批，或者未先通风、再检测、后作业，或者未设监护人员', 'Work not approved, or not ventilated and tested first, or without guardian', ['confined_space_protection', 'special_work'], all(yes('confinedSpaceToxicRisk'), any(no('confinedSpaceApproved'), no('confinedSpaceOrderKept'), no('confinedSpaceGuardian')))),
  ],
};

const c17 = (n: number, clause: string, zh: string, en: string, types: readonly HazardType[], when: Expression): Criterion => criterion(`saws-2017-121:${n}`, `第${clause}项`, zh, en, types, when);

/** 化工和危险化学品生产经营单位: all 20 items. */
const CHEMICAL_2017: CriteriaPack = {
  id: 'saws-2017-121', instrument: '安监总管三〔2017〕121号 化工和危险化学品生产经营单位重大生产安全事故隐患判定标准(试行)', from: null, to: '2026-09-29', applies: { fact: 'sector', is: 'chemical' }, complete: true,
  criteria: [
    c17(1, '一', '主要负责人和安全生产管理人员未依法考核合格', 'Head or safety managers have not passed their assessment', ['safety_management'], no('managersAssessed')),
    c17(2, '二', '特种作业人员未持证上岗', 'Special workers without certificate', ['special_work', 'safety_management'], no('specialWorkerQualified')),
    c17(3, '三', '“两重点一重大”装置、设施外部安全防护距离不符合国家标准', 'Outer protective distance of a key unit below the standard', ['layout_distance'], all(yes('keyUnit'), no('outerDistanceMet'))),
    c17(4, '四', '重点监管工艺未实现自动化控制、紧急停车，或者系统未投入使用', 'Key process without automatic control or shutdown, or these not in service', ['process_control', 'interlock_bypassed', 'over_limit'], all(yes('keyProcess'), any(no('automaticControl'), no('emergencyShutdown'), no('controlInService')))),
    c17(5, '五', '一、二级重大危险源罐区未实现紧急切断；涉及毒性气体、液化气体、剧毒液体的未配备独立安全仪表系统', 'Tank farm of level 1 or 2 without cut-off; with toxic or liquefied goods without independent SIS', ['process_control', 'interlock_bypassed', 'leak', 'over_limit'], all(yes('majorSourceLevel12'), any(no('emergencyCutOff'), all(yes('toxicOrLiquefied'), no('independentSis'))))),
    c17(6, '六', '全压力式液化烃储罐未设置注水措施', 'Pressurised hydrocarbon tank without water injection', ['process_control', 'equipment_defect', 'leak'], all(yes('pressureHydrocarbonTank'), no('waterInjection'))),
    c17(7, '七', '液化气体充装未使用万向管道充装系统', 'Liquefied gas not filled through a loading arm', ['equipment_defect', 'leak'], all(yes('liquefiedFilling'), no('loadingArm'))),
    c17(8, '八', '剧毒气体、硫化氢管道穿越公共区域', 'Pipe of toxic gas or H2S through a public area', ['layout_distance'], all(yes('toxicGasPipe'), yes('crossesPublicArea'))),
    c17(9, '九', '架空电力线路穿越生产区且不符合国家标准', 'Overhead line crosses the production area and is not as the standard asks', ['layout_distance'], all(yes('overheadLine'), no('overheadLineCompliant'))),
    c17(10, '十', '在役装置未经正规设计且未进行安全设计诊断', 'Unit in service neither formally designed nor diagnosed', ['layout_distance', 'process_control'], all(yes('plantInService'), no('formallyDesigned'), no('designDiagnosed'))),
    c17(11, '十一', '使用淘汰落后工艺、设备', 'Obsolete technology or equipment in use', ['equipment_defect', 'process_control'], yes('obsoleteTechnology')),
    c17(12, '十二', '气体泄漏场所未设置检测报警装置，爆炸危险场所未使用防爆电气设备', 'No gas detection where gas can leak; no explosion-proof equipment where it can explode', ['gas_detector_fault', 'explosion_proof', 'wiring_ageing'], any(all(yes('gasLeakPlace'), no('gasDetection')), all(yes('explosiveArea'), no('explosionProof')))),
    c17(13, '十三', '控制室或机柜间面向危险装置一侧不满足防火防爆要求', 'Control or cabinet room not protected on the side of the unit', ['layout_distance'], all(yes('controlRoomFacing'), no('controlRoomProtected'))),
    c17(14, '十四', '未设置双重电源供电，自动化控制系统未设置不间断电源', 'No second power source; control system without uninterruptible supply', ['wiring_ageing', 'process_control'], all(yes('chemicalUnit'), any(no('doublePower'), no('controlUps')))),
    c17(15, '十五', '安全附件未正常投用', 'Safety accessories not in service', ['safety_accessory', 'safety_accessory_calibration_expired', 'special_equipment_inspection_expired'], no('accessoriesInService')),
    c17(16, '十六', '未建立责任制或者未制定实施隐患排查治理制度', 'No system of responsibilities or no rules for hazards', ['safety_management'], any(no('responsibilitySystem'), no('hazardRules'))),
    c17(17, '十七', '未制定操作规程和工艺控制指标', 'No operating procedure or control limits', ['process_control', 'safety_management', 'over_limit'], any(no('operatingProcedure'), no('processLimits'))),
    c17(18, '十八', '未制定特殊作业管理制度，或者制度未有效执行', 'No rules for special work, or not kept', ['special_work', 'confined_space_protection'], any(no('specialWorkRules'), no('specialWorkRulesKept'))),
    c17(19, '十九', '新工艺未经试验、首次使用未经论证、新装置无试生产方案、精细化工未开展反应风险评估', 'New process untested, first use unproven, new unit without plan, or reactions not assessed', ['process_control'], any(all(yes('newProcess'), no('newProcessTested')), all(yes('firstUse'), no('firstUseProven')), all(yes('newUnitStarted'), no('trialPlan')), all(yes('fineChemical'), no('reactionRiskAssessed')))),
    c17(20, '二十', '未分区分类储存，超量、超品种储存，相互禁配物质混放混存', 'Not stored by class, too much or other goods, or incompatible goods together', ['mixed_storage'], any(no('storedByClass'), yes('overQuantity'), yes('incompatibleMixed'))),
  ],
};

const topic = (clause: string, zh: string, en: string, types: readonly HazardType[] = []): Criterion => criterion(`aq-3067-2026:${clause}`, clause, zh, en, types, null);

/** The 53 clauses by number and topic. Their text is not available and must be obtained; no condition is made up for it. */
const AQ_3067: CriteriaPack = {
  id: 'aq-3067-2026', instrument: 'AQ 3067-2026', from: '2026-09-30', to: null, applies: { fact: 'sector', is: 'chemical' }, complete: false,
  criteria: [
    topic('5.1.1', '负责人考核', 'Assessment of the head', ['safety_management']), topic('5.1.2', '管理人员任职条件', 'Conditions for managers', ['safety_management']), topic('5.1.3', '操作人员教育条件', 'Education of operators', ['safety_management']),
    topic('5.1.4', '特种作业持证', 'Certificates for special work', ['special_work']), topic('5.1.5', '重大危险源包保履责', 'Duties of the persons answering for a major hazard source', ['safety_management']),
    topic('5.2.1', '装置设计与变更', 'Design of units and changes', ['layout_distance']), topic('5.2.2', '外部防护距离', 'Outer protective distance', ['layout_distance']), topic('5.2.3', '管线管廊跨越', 'Crossings of pipes and racks', ['layout_distance']),
    topic('5.2.4', '指定气体管线边界', 'Limits for pipes of named gases', ['layout_distance']), topic('5.2.5', '架空电力线穿越', 'Crossing overhead power lines', ['layout_distance']), topic('5.2.6', '控制与交班用房', 'Control and shift rooms', ['layout_distance']),
    topic('5.2.7', '危险场所人员用房', 'Rooms for people in dangerous places', ['layout_distance']), topic('5.2.8', '硝酸铵储量与周边', 'Ammonium nitrate: stock and surroundings', ['layout_distance', 'mixed_storage']), topic('5.2.9', '液化烃泵位', 'Place of liquefied hydrocarbon pumps', ['layout_distance']),
    topic('5.2.10', '硝化自动化与冷却', 'Nitration: automation and cooling', ['process_control']),
    topic('5.3.1', '淘汰工艺设备', 'Obsolete technology', ['process_control', 'equipment_defect']), topic('5.3.2', '新工艺验证', 'Proof of new processes', ['process_control']), topic('5.3.3', '工艺技术来源', 'Source of the process', ['process_control']),
    topic('5.3.4', '硝化安全信息', 'Nitration: safety information', ['process_control']), topic('5.3.5', '反应风险与变更', 'Reaction risk and changes', ['process_control']), topic('5.3.6', '危险固体感度', 'Sensitivity of dangerous solids', ['process_control']),
    topic('5.4.1', '电源可靠性', 'Reliable power supply', ['wiring_ageing']), topic('5.4.2', '气体报警系统', 'Gas alarm system', ['gas_detector_fault', 'gas_detector_calibration_expired']), topic('5.4.3', '电气防爆', 'Explosion protection', ['explosion_proof', 'wiring_ageing']),
    topic('5.4.4', '充装连接系统', 'Connection for filling', ['leak', 'equipment_defect']), topic('5.4.5', '油气收集安全', 'Safe collection of vapour', ['process_control']), topic('5.4.6', '泄压装置投用', 'Relief devices in service', ['safety_accessory', 'safety_accessory_calibration_expired']),
    topic('5.4.7', '液化烃球罐注水', 'Water injection into spheres', ['leak', 'equipment_defect']), topic('5.4.8', '硝酸铵溶液监控', 'Monitoring of ammonium nitrate solution', ['over_limit']), topic('5.4.9', '液氯场所与吸收', 'Liquid chlorine: place and absorption', ['leak']),
    topic('5.5.1', '试车开车前检查', 'Checks before a start', ['process_control']), topic('5.5.2', '规程指标与报警', 'Procedures, limits and alarms', ['process_control', 'over_limit']), topic('5.5.3', '过程自动控制', 'Automatic control', ['process_control']),
    topic('5.5.4', '紧急停车', 'Emergency shutdown', ['interlock_bypassed']), topic('5.5.5', '安全仪表配置', 'Safety instrumented systems', ['interlock_bypassed']), topic('5.5.6', '罐区紧急切断', 'Cut-off of tank farms', ['interlock_bypassed', 'leak']),
    topic('5.5.7', '安全联锁管理', 'Management of interlocks', ['interlock_bypassed']), topic('5.5.8', '危化品分类存储', 'Storage by class', ['mixed_storage']), topic('5.5.9', '生产现场存料', 'Material at the place of production', ['mixed_storage']),
    topic('5.5.10', '压力管线堵漏', 'Stopping leaks of pressure pipes', ['leak']), topic('5.5.11', '常压储罐保护', 'Protection of atmospheric tanks', ['equipment_defect']), topic('5.5.12', '内浮顶运行', 'Running of internal floating roofs', ['equipment_defect']),
    topic('5.6.1', '特殊作业审批', 'Approval of special work', ['special_work', 'confined_space_protection']), topic('5.6.2', '作业前隔离处置', 'Isolation before work', ['special_work', 'confined_space_protection']), topic('5.6.3', '作业气体与视频', 'Gas and video at work', ['special_work', 'confined_space_protection']),
    topic('5.6.4', '人员教育与作业管理', 'Education and management of work', ['special_work']),
    topic('5.7.1', '许可品种边界', 'Limits of the licence', ['safety_management']), topic('5.7.2', '物理危险性鉴定分类', 'Classification of physical dangers', ['safety_management']), topic('5.7.3', '人员定位与数据接入', 'Positioning of people and data access', ['safety_management']),
    topic('5.7.4', '现场人数与分区', 'People and areas on site', ['safety_management']), topic('5.7.5', '变更管控', 'Control of changes', ['safety_management', 'process_control']), topic('5.7.6', '责任与隐患治理', 'Responsibility and treatment of hazards', ['safety_management']),
    topic('5.7.7', '安全风险承诺', 'Safety commitment', ['safety_management']),
  ],
};

export const CRITERIA_PACKS: readonly CriteriaPack[] = [ORDER_10, CHEMICAL_2017, AQ_3067];

/** Fields of a report that answer a fact. */
const FIELD_FACTS: Readonly<Record<string, string>> = { ledger: 'confinedSpaceLedger', warningSign: 'confinedSpaceSign' };

export const factsOfFields = (fields: Readonly<Record<string, FieldValue>>): Facts =>
  Object.fromEntries(Object.entries(FIELD_FACTS).flatMap(([field, fact]) => (typeof fields[field] === 'boolean' ? [[fact, fields[field]]] : [])));
