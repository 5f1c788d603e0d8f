/**
 * The demo park: an invented chemical park with invented enterprises and people on a flat stretch of coast. Everything in
 * it has a fixed id, so that flows, tests and documents can name it. Positions are WGS-84, [longitude, latitude].
 */
import type { AlarmLevel } from '../../domain/rules.ts';
import type { OrganisationKind, Role } from '../../domain/permissions.ts';

type Position = [number, number];
export interface Polygon { type: 'Polygon'; coordinates: Position[][] }
export interface Point { type: 'Point'; coordinates: Position }

export interface ZoneSeed { id: string; code: string; nameZh: string; nameEn: string; polygon: Polygon; elevationM: number }
export interface OrganisationSeed { id: string; kind: OrganisationKind; code: string; nameZh: string; nameEn: string; safetyRating: string | null }
export interface UnitSeed { id: string; tenantId: string; zoneId: string; code: string; nameZh: string; nameEn: string }
export interface AssetSeed { id: string; tenantId: string; zoneId: string; unitId: string; kind: string; code: string; nameZh: string; nameEn: string; substance: string | null; point: Point }
export interface GatewaySeed { id: string; tenantId: string; nameZh: string; nameEn: string }
export interface SensorSeed {
  id: string; tenantId: string; assetId: string; gatewayId: string; point: string; kind: string; unit: string; nameZh: string; nameEn: string;
  range: [number, number]; limits: Partial<Record<AlarmLevel, number>>; statutory: boolean; legalBasis: string | null; intervalS: number;
  /** What the simulator makes of it: a resting value with a slow swing and noise, or a column of the reactor plant's runs. */
  signal: { rest: number; swing: number; noise: number } | { column: string };
}
export interface PersonSeed { id: string; nameZh: string; nameEn: string; username: string; memberships: { orgId: string; role: Role }[] }

// ---- place ----

/** South-west corner; the plan below is in thousandths of a degree from it. */
const ORIGIN: Position = [120.702, 33.201];
const at = (x: number, y: number): Position => [round(ORIGIN[0] + x / 1000), round(ORIGIN[1] + y / 1000)];
const round = (degrees: number): number => Math.round(degrees * 1e6) / 1e6;
const ring = (...corners: [number, number][]): Polygon => ({ type: 'Polygon', coordinates: [[...corners, corners[0]!].map(([x, y]) => at(x, y))] });
const box = (west: number, south: number, east: number, north: number): Polygon => ring([west, south], [east, south], [east, north], [west, north]);

export const PARK = {
  id: 'park',
  code: 'tinghai',
  nameZh: '汀海化工园区',
  nameEn: 'Tinghai Chemical Park',
  timezone: 'Asia/Shanghai',
  boundary: ring([-1, -1], [29, -1], [29.5, 8], [28, 18.5], [10, 19], [-1, 18]),
};

export const ZONES: ZoneSeed[] = [
  { id: 'zone-a', code: 'A', nameZh: 'A区 储罐区', nameEn: 'Zone A tank farm', polygon: box(0, 0, 9, 8), elevationM: 3.4 },
  { id: 'zone-b', code: 'B', nameZh: 'B区 聚合区', nameEn: 'Zone B polymers', polygon: box(10, 0, 19, 8), elevationM: 3.1 },
  { id: 'zone-c', code: 'C', nameZh: 'C区 氯碱区', nameEn: 'Zone C chlor-alkali', polygon: box(20, 0, 28, 8), elevationM: 2.9 },
  { id: 'zone-d', code: 'D', nameZh: 'D区 仓储冷链区', nameEn: 'Zone D storage and cold chain', polygon: box(0, 9.5, 9, 17), elevationM: 3.0 },
  { id: 'zone-e', code: 'E', nameZh: 'E区 涂料与机械区', nameEn: 'Zone E coatings and machinery', polygon: box(10, 9.5, 19, 17.5), elevationM: 3.3 },
  { id: 'zone-f', code: 'F', nameZh: 'F区 反应装置区', nameEn: 'Zone F reaction plant', polygon: box(20, 9.5, 27, 17), elevationM: 3.6 },
];

// ---- organisations ----

export const ORGANISATIONS: OrganisationSeed[] = [
  { id: 'org-park-admin', kind: 'park_department', code: 'park_admin', nameZh: '园区管理委员会', nameEn: 'Park administration', safetyRating: null },
  { id: 'org-emergency', kind: 'park_department', code: 'emergency_office', nameZh: '应急管理办公室', nameEn: 'Emergency management office', safetyRating: null },
  { id: 'org-inspection', kind: 'park_department', code: 'inspection_team', nameZh: '安全检查队', nameEn: 'Safety inspection team', safetyRating: null },
  { id: 'org-investment', kind: 'park_department', code: 'investment_office', nameZh: '招商部门', nameEn: 'Investment office', safetyRating: null },
  { id: 'org-process', kind: 'park_department', code: 'process_engineering', nameZh: '工艺工程中心', nameEn: 'Process engineering', safetyRating: null },
  { id: 'org-regulator', kind: 'regulator', code: 'regulator', nameZh: '汀海市应急管理局', nameEn: 'Tinghai city emergency management bureau', safetyRating: null },
  { id: 'ent-styrene', kind: 'enterprise', code: 'canglan', nameZh: '沧澜聚苯材料有限公司', nameEn: 'Canglan Polystyrene Materials', safetyRating: 'B' },
  { id: 'ent-epoxy', kind: 'enterprise', code: 'ouxi', nameZh: '鸥汐环氧树脂有限公司', nameEn: 'Ouxi Epoxy Resins', safetyRating: 'A' },
  { id: 'ent-chloralkali', kind: 'enterprise', code: 'bailu', nameZh: '白露氯碱化工有限公司', nameEn: 'Bailu Chlor-Alkali', safetyRating: 'A' },
  { id: 'ent-ammonia', kind: 'enterprise', code: 'beizhu', nameZh: '北渚冷链物流有限公司', nameEn: 'Beizhu Cold Chain Logistics', safetyRating: 'B' },
  { id: 'ent-warehouse', kind: 'enterprise', code: 'wanyu', nameZh: '万庾危化品仓储有限公司', nameEn: 'Wanyu Hazardous Goods Warehousing', safetyRating: 'B' },
  { id: 'ent-coatings', kind: 'enterprise', code: 'hongxu', nameZh: '虹序涂料有限公司', nameEn: 'Hongxu Coatings', safetyRating: 'C' },
  { id: 'ent-machinery', kind: 'enterprise', code: 'lixing', nameZh: '砺行重型机械有限公司', nameEn: 'Lixing Heavy Machinery', safetyRating: 'A' },
  { id: 'ent-reactor', kind: 'enterprise', code: 'taixi', nameZh: '泰汐精细化学有限公司', nameEn: 'Taixi Process Chemicals', safetyRating: 'B' },
];

// ---- units, assets, gateways ----

export const UNITS: UnitSeed[] = [
  { id: 'unit-styrene-tanks', tenantId: 'ent-styrene', zoneId: 'zone-a', code: 'TF-1', nameZh: '苯乙烯罐组', nameEn: 'Styrene tanks' },
  { id: 'unit-styrene-ps', tenantId: 'ent-styrene', zoneId: 'zone-b', code: 'PS-1', nameZh: '聚苯乙烯装置', nameEn: 'Polystyrene line' },
  { id: 'unit-epoxy', tenantId: 'ent-epoxy', zoneId: 'zone-b', code: 'EP-1', nameZh: '环氧树脂装置', nameEn: 'Epoxy resin line' },
  { id: 'unit-electrolysis', tenantId: 'ent-chloralkali', zoneId: 'zone-c', code: 'CA-1', nameZh: '电解装置', nameEn: 'Electrolysis' },
  { id: 'unit-chlorine', tenantId: 'ent-chloralkali', zoneId: 'zone-c', code: 'CA-2', nameZh: '液氯装置', nameEn: 'Liquid chlorine' },
  { id: 'unit-cold-store', tenantId: 'ent-ammonia', zoneId: 'zone-d', code: 'CS', nameZh: '氨制冷冷库', nameEn: 'Ammonia cold store' },
  { id: 'unit-warehouse', tenantId: 'ent-warehouse', zoneId: 'zone-d', code: 'WH', nameZh: '危化品仓库', nameEn: 'Hazardous goods warehouses' },
  { id: 'unit-coatings', tenantId: 'ent-coatings', zoneId: 'zone-e', code: 'CT-1', nameZh: '涂料调配车间', nameEn: 'Coatings mixing shop' },
  { id: 'unit-machinery', tenantId: 'ent-machinery', zoneId: 'zone-e', code: 'MC-1', nameZh: '锻压与热处理车间', nameEn: 'Forging and heat treatment' },
  { id: 'unit-reaction', tenantId: 'ent-reactor', zoneId: 'zone-f', code: 'RX-1', nameZh: '反应与分离装置', nameEn: 'Reaction and separation' },
  ...ZONES.map((zone): UnitSeed => ({ id: `unit-beacons-${zone.code.toLowerCase()}`, tenantId: 'org-emergency', zoneId: zone.id, code: `BC-${zone.code}`, nameZh: `${zone.code}区应急设施`, nameEn: `Emergency facilities, zone ${zone.code}` })),
];

const asset = (unitId: string, id: string, kind: string, code: string, nameZh: string, nameEn: string, x: number, y: number, substance: string | null = null): AssetSeed => {
  const unit = UNITS.find((u) => u.id === unitId)!;
  return { id, tenantId: unit.tenantId, zoneId: unit.zoneId, unitId, kind, code, nameZh, nameEn, substance, point: { type: 'Point', coordinates: at(x, y) } };
};

const STYRENE = '苯乙烯 Styrene';
const CHLORINE = '氯 Chlorine';
const AMMONIA = '氨 Ammonia';

export const ASSETS: AssetSeed[] = [
  asset('unit-styrene-tanks', 'asset-a1', 'storage_tank', 'A-1', '1号苯乙烯储罐', 'Styrene tank 1', 2, 5.5, STYRENE),
  asset('unit-styrene-tanks', 'asset-a2', 'storage_tank', 'A-2', '2号苯乙烯储罐', 'Styrene tank 2', 4.5, 5.5, STYRENE),
  asset('unit-styrene-tanks', 'asset-a3', 'storage_tank', 'A-3', '3号苯乙烯储罐', 'Styrene tank 3', 2, 3, STYRENE),
  asset('unit-styrene-tanks', 'asset-a4', 'storage_tank', 'A-4', '4号苯乙烯储罐', 'Styrene tank 4', 4.5, 3, STYRENE),
  asset('unit-styrene-tanks', 'asset-p101', 'pump', 'P-101', '苯乙烯输送泵', 'Styrene transfer pump', 6.5, 4.2, STYRENE),
  asset('unit-styrene-tanks', 'asset-gd-a1', 'gas_detector', 'GD-A1', '罐区可燃气体探测器', 'Tank farm gas detector', 3.2, 4.2, STYRENE),
  asset('unit-styrene-ps', 'asset-r201', 'reactor', 'R-201', '聚合反应釜', 'Polymerisation reactor', 12, 5.5, STYRENE),
  asset('unit-epoxy', 'asset-r701', 'reactor', 'R-701', '环氧合成釜', 'Epoxy synthesis reactor', 16, 5.5, '环氧氯丙烷 Epichlorohydrin'),
  asset('unit-epoxy', 'asset-v702', 'storage_tank', 'V-702', '环氧氯丙烷储罐', 'Epichlorohydrin tank', 17.5, 3, '环氧氯丙烷 Epichlorohydrin'),
  asset('unit-epoxy', 'asset-v703', 'vessel', 'V-703', '树脂中间槽', 'Resin intermediate vessel', 14.5, 2.5, '环氧树脂 Epoxy resin'),
  asset('unit-epoxy', 'asset-gd-b1', 'gas_detector', 'GD-B1', '环氧装置可燃气体探测器', 'Epoxy line gas detector', 16.5, 4.2, '环氧氯丙烷 Epichlorohydrin'),
  asset('unit-electrolysis', 'asset-e301', 'other', 'E-301', '离子膜电解槽', 'Membrane electrolyser', 22, 6, '氯化钠溶液 Brine'),
  asset('unit-electrolysis', 'asset-h304', 'vessel', 'H-304', '氢气总管', 'Hydrogen header', 24, 6.5, '氢 Hydrogen'),
  asset('unit-electrolysis', 'asset-gd-c1', 'gas_detector', 'GD-C1', '电解厂房氯气探测器', 'Cell room chlorine detector', 23, 5, CHLORINE),
  asset('unit-chlorine', 'asset-v302', 'storage_tank', 'V-302', '液氯储罐', 'Liquid chlorine tank', 25.5, 3, CHLORINE),
  asset('unit-chlorine', 'asset-c303', 'compressor', 'C-303', '氯气压缩机', 'Chlorine compressor', 24, 3.5, CHLORINE),
  asset('unit-chlorine', 'asset-gd-c2', 'gas_detector', 'GD-C2', '液氯库氯气探测器', 'Chlorine store detector', 26, 4.5, CHLORINE),
  asset('unit-cold-store', 'asset-c401', 'compressor', 'C-401', '氨压缩机', 'Ammonia compressor', 2, 15, AMMONIA),
  asset('unit-cold-store', 'asset-v402', 'vessel', 'V-402', '氨贮液器', 'Ammonia receiver', 3, 14, AMMONIA),
  asset('unit-cold-store', 'asset-cs1', 'warehouse', 'CS-1', '1号冷库', 'Cold store 1', 2, 12),
  asset('unit-cold-store', 'asset-cs2', 'warehouse', 'CS-2', '2号冷库', 'Cold store 2', 4, 12),
  asset('unit-cold-store', 'asset-gd-d1', 'gas_detector', 'GD-D1', '机房氨气探测器', 'Machine room ammonia detector', 2.6, 14.6, AMMONIA),
  asset('unit-warehouse', 'asset-wh1', 'warehouse', 'WH-1', '甲类1号仓库', 'Class A warehouse 1', 6.5, 15),
  asset('unit-warehouse', 'asset-wh2', 'warehouse', 'WH-2', '甲类2号仓库', 'Class A warehouse 2', 6.5, 12.5),
  asset('unit-warehouse', 'asset-ld1', 'other', 'LD-1', '装卸平台', 'Loading dock', 8.2, 13.8),
  asset('unit-warehouse', 'asset-gd-d2', 'gas_detector', 'GD-D2', '仓库可燃气体探测器', 'Warehouse gas detector', 7.2, 13.8),
  asset('unit-coatings', 'asset-mx501', 'vessel', 'MX-501', '高速分散釜', 'High-speed mixer', 12, 15.5, '二甲苯 Xylene'),
  asset('unit-coatings', 'asset-s502', 'storage_tank', 'S-502', '溶剂储罐', 'Solvent tank', 13.5, 13, '二甲苯 Xylene'),
  asset('unit-coatings', 'asset-rto503', 'other', 'RTO-503', '蓄热式焚烧炉', 'Regenerative thermal oxidiser', 11.5, 12),
  asset('unit-coatings', 'asset-gd-e1', 'gas_detector', 'GD-E1', '调配间可燃气体探测器', 'Mixing room gas detector', 12.8, 14.5, '二甲苯 Xylene'),
  asset('unit-machinery', 'asset-pr601', 'other', 'PR-601', '油压机', 'Hydraulic press', 16.5, 15.5),
  asset('unit-machinery', 'asset-fu602', 'other', 'FU-602', '热处理炉', 'Heat-treatment furnace', 17.5, 13.5, '天然气 Natural gas'),
  asset('unit-machinery', 'asset-cr603', 'other', 'CR-603', '桥式起重机', 'Overhead crane', 16.8, 12),
  asset('unit-machinery', 'asset-gd-e2', 'gas_detector', 'GD-E2', '炉区燃气探测器', 'Furnace gas detector', 18, 14.2, '天然气 Natural gas'),
  asset('unit-reaction', 'asset-r801', 'reactor', 'R-801', '气液反应器', 'Gas-liquid reactor', 22, 14.5, '反应混合物 Reaction mixture'),
  asset('unit-reaction', 'asset-sep802', 'separator', 'SEP-802', '气液分离器', 'Vapour-liquid separator', 23.5, 14.5, '反应混合物 Reaction mixture'),
  asset('unit-reaction', 'asset-st803', 'stripper', 'ST-803', '汽提塔', 'Stripper', 25, 14, '产品液 Product liquid'),
  asset('unit-reaction', 'asset-k804', 'compressor', 'K-804', '循环压缩机', 'Recycle compressor', 23.5, 12.5, '循环气 Recycle gas'),
  asset('unit-reaction', 'asset-fh805', 'other', 'FH-805', 'A 进料管线', 'A feed line', 21.5, 12.5, 'A 组分 Component A'),
  asset('unit-beacons-a', 'beacon-a', 'beacon', 'BC-A1', 'A区声光报警器', 'Beacon, zone A', 1, 4.2),
  asset('unit-beacons-b', 'beacon-b', 'beacon', 'BC-B1', 'B区声光报警器', 'Beacon, zone B', 14.5, 7),
  asset('unit-beacons-c', 'beacon-c', 'beacon', 'BC-C1', 'C区声光报警器', 'Beacon, zone C', 24.5, 7.5),
  asset('unit-beacons-d', 'beacon-d', 'beacon', 'BC-D1', 'D区声光报警器', 'Beacon, zone D', 4.8, 16),
  asset('unit-beacons-e', 'beacon-e', 'beacon', 'BC-E1', 'E区声光报警器', 'Beacon, zone E', 14.8, 16.5),
  asset('unit-beacons-f', 'beacon-f', 'beacon', 'BC-F1', 'F区声光报警器', 'Beacon, zone F', 23.5, 16),
];

export const GATEWAYS: GatewaySeed[] = [
  { id: 'gw-styrene-1', tenantId: 'ent-styrene', nameZh: '苯乙烯罐区网关', nameEn: 'Styrene tank farm gateway' },
  { id: 'gw-styrene-2', tenantId: 'ent-styrene', nameZh: '聚苯装置网关', nameEn: 'Polystyrene line gateway' },
  { id: 'gw-epoxy-1', tenantId: 'ent-epoxy', nameZh: '环氧装置网关', nameEn: 'Epoxy line gateway' },
  { id: 'gw-chloralkali-1', tenantId: 'ent-chloralkali', nameZh: '电解装置网关', nameEn: 'Electrolysis gateway' },
  { id: 'gw-chloralkali-2', tenantId: 'ent-chloralkali', nameZh: '液氯装置网关', nameEn: 'Liquid chlorine gateway' },
  { id: 'gw-ammonia-1', tenantId: 'ent-ammonia', nameZh: '冷库网关', nameEn: 'Cold store gateway' },
  { id: 'gw-warehouse-1', tenantId: 'ent-warehouse', nameZh: '仓库网关', nameEn: 'Warehouse gateway' },
  { id: 'gw-coatings-1', tenantId: 'ent-coatings', nameZh: '涂料车间网关', nameEn: 'Coatings gateway' },
  { id: 'gw-machinery-1', tenantId: 'ent-machinery', nameZh: '机械车间网关', nameEn: 'Machinery gateway' },
  { id: 'gw-reactor-1', tenantId: 'ent-reactor', nameZh: '反应装置网关', nameEn: 'Reaction plant gateway' },
];

// ---- sensors ----

const EQUIPMENT = '设备登记：设计限值 / registry: equipment design limit';
const DETECTOR = '设备登记：探测器报警设定值 / registry: alarm setting of the installed detector';
const OPERATING = '工艺约束：Downs 与 Vogel (1993) 田纳西-伊斯曼问题 / registry: operating constraint of the Tennessee Eastman problem, Downs and Vogel (1993)';

const QUANTITY = {
  temperature: { zh: '温度', en: 'temperature' },
  pressure: { zh: '压力', en: 'pressure' },
  gas_concentration: { zh: '气体浓度', en: 'gas concentration' },
  level: { zh: '液位', en: 'level' },
  flow: { zh: '流量', en: 'flow' },
} as const;

interface Reading {
  kind: keyof typeof QUANTITY | 'other';
  unit: string;
  range: [number, number];
  limits: SensorSeed['limits'];
  signal: SensorSeed['signal'];
  everyS?: number;
  /** Where the limit binds: the reason. */
  binding?: string;
  /** Where the asset's name and the quantity do not say enough. */
  point?: string;
  zh?: string;
  en?: string;
}

const sensor = (gatewayId: string, assetId: string, r: Reading): SensorSeed => {
  const place = ASSETS.find((a) => a.id === assetId)!;
  const point = r.point ?? `${assetId.replace(/^asset-/, '')}.${r.kind === 'gas_concentration' ? 'gas' : r.kind}`;
  const quantity = r.kind === 'other' ? { zh: '', en: '' } : QUANTITY[r.kind];
  return {
    id: `sensor-${point.replaceAll('.', '-')}`,
    tenantId: place.tenantId,
    assetId,
    gatewayId,
    point,
    kind: r.kind,
    unit: r.unit,
    nameZh: r.zh ?? quantity.zh,
    nameEn: r.en ?? quantity.en,
    range: r.range,
    limits: r.limits,
    statutory: r.binding !== undefined,
    legalBasis: r.binding ?? null,
    intervalS: r.everyS ?? 10,
    signal: r.signal,
  };
};

const rests = (rest: number, swing: number, noise: number): SensorSeed['signal'] => ({ rest, swing, noise });

const tankPressure: Omit<Reading, 'signal'> = { kind: 'pressure', unit: 'kPa', range: [0, 25], limits: { LL: 0.5, L: 2, H: 15, HH: 18 }, everyS: 5, binding: EQUIPMENT };
const tankLevel: Omit<Reading, 'signal'> = { kind: 'level', unit: '%', range: [0, 100], limits: { LL: 5, L: 10, H: 85, HH: 92 }, everyS: 30 };
const styreneTemperature: Omit<Reading, 'signal'> = { kind: 'temperature', unit: '℃', range: [-20, 80], limits: { H: 25, HH: 30 }, everyS: 30 };
const combustible: Omit<Reading, 'signal'> = { kind: 'gas_concentration', unit: '%LEL', range: [0, 100], limits: { H: 25, HH: 50 }, binding: DETECTOR };
const chlorineGas: Omit<Reading, 'signal'> = { kind: 'gas_concentration', unit: 'ppm', range: [0, 20], limits: { H: 1, HH: 3 }, binding: DETECTOR };

export const SENSORS: SensorSeed[] = [
  sensor('gw-styrene-1', 'asset-a1', { ...tankPressure, signal: rests(8.2, 0.8, 0.08) }),
  sensor('gw-styrene-1', 'asset-a1', { ...tankLevel, signal: rests(62, 3, 0.1) }),
  sensor('gw-styrene-1', 'asset-a1', { ...styreneTemperature, signal: rests(17, 1.2, 0.1) }),
  sensor('gw-styrene-1', 'asset-a2', { ...tankPressure, signal: rests(7.6, 0.7, 0.08) }),
  sensor('gw-styrene-1', 'asset-a2', { ...tankLevel, signal: rests(44, 4, 0.1) }),
  sensor('gw-styrene-1', 'asset-a2', { ...styreneTemperature, signal: rests(16.5, 1.2, 0.1) }),
  sensor('gw-styrene-1', 'asset-a3', { ...tankPressure, signal: rests(9, 0.3, 0.05) }),
  sensor('gw-styrene-1', 'asset-a3', { ...tankLevel, signal: rests(71, 2, 0.1) }),
  sensor('gw-styrene-1', 'asset-a3', { ...styreneTemperature, signal: rests(18, 1, 0.1) }),
  sensor('gw-styrene-1', 'asset-a4', { ...tankLevel, signal: rests(35, 4, 0.1) }),
  sensor('gw-styrene-1', 'asset-p101', { kind: 'pressure', unit: 'kPa', range: [0, 1000], limits: { LL: 150, L: 250, H: 620, HH: 700 }, signal: rests(430, 25, 4) }),
  sensor('gw-styrene-1', 'asset-gd-a1', { ...combustible, signal: rests(2, 1, 0.3) }),
  sensor('gw-styrene-2', 'asset-r201', { kind: 'temperature', unit: '℃', range: [0, 250], limits: { L: 90, H: 150, HH: 165 }, signal: rests(128, 4, 0.5), binding: EQUIPMENT }),
  sensor('gw-styrene-2', 'asset-r201', { kind: 'pressure', unit: 'kPa', range: [0, 1000], limits: { H: 450, HH: 550 }, signal: rests(280, 20, 3), binding: EQUIPMENT }),

  sensor('gw-epoxy-1', 'asset-r701', { kind: 'temperature', unit: '℃', range: [0, 200], limits: { L: 45, H: 95, HH: 110 }, signal: rests(72, 4, 0.4) }),
  sensor('gw-epoxy-1', 'asset-r701', { kind: 'pressure', unit: 'kPa', range: [0, 600], limits: { H: 300, HH: 380 }, signal: rests(150, 15, 2), binding: EQUIPMENT }),
  sensor('gw-epoxy-1', 'asset-v702', { ...tankLevel, signal: rests(55, 4, 0.1) }),
  sensor('gw-epoxy-1', 'asset-v703', { kind: 'temperature', unit: '℃', range: [0, 150], limits: { L: 40, H: 90 }, signal: rests(63, 3, 0.3), everyS: 30 }),
  sensor('gw-epoxy-1', 'asset-gd-b1', { ...combustible, signal: rests(1.5, 0.8, 0.3) }),

  sensor('gw-chloralkali-1', 'asset-e301', { kind: 'temperature', unit: '℃', range: [0, 120], limits: { L: 75, H: 92, HH: 96 }, signal: rests(86, 1.2, 0.2) }),
  sensor('gw-chloralkali-1', 'asset-h304', { kind: 'pressure', unit: 'kPa', range: [0, 50], limits: { LL: 2, L: 5, H: 25, HH: 30 }, signal: rests(14, 1.5, 0.2), everyS: 5, binding: EQUIPMENT }),
  sensor('gw-chloralkali-1', 'asset-gd-c1', { ...chlorineGas, signal: rests(0.15, 0.1, 0.03) }),
  sensor('gw-chloralkali-2', 'asset-v302', { kind: 'pressure', unit: 'kPa', range: [0, 2000], limits: { H: 900, HH: 1100 }, signal: rests(620, 30, 4), binding: EQUIPMENT }),
  sensor('gw-chloralkali-2', 'asset-v302', { kind: 'level', unit: '%', range: [0, 100], limits: { LL: 3, L: 8, H: 75, HH: 80 }, signal: rests(48, 4, 0.1), everyS: 30, binding: EQUIPMENT }),
  sensor('gw-chloralkali-2', 'asset-v302', { kind: 'temperature', unit: '℃', range: [-40, 60], limits: { H: 32, HH: 38 }, signal: rests(17, 2, 0.1), everyS: 30 }),
  sensor('gw-chloralkali-2', 'asset-c303', { kind: 'pressure', unit: 'kPa', range: [0, 1500], limits: { L: 300, H: 850, HH: 950 }, signal: rests(600, 25, 4) }),
  sensor('gw-chloralkali-2', 'asset-c303', { kind: 'temperature', unit: '℃', range: [0, 200], limits: { H: 110, HH: 125 }, signal: rests(78, 4, 0.4) }),
  sensor('gw-chloralkali-2', 'asset-gd-c2', { ...chlorineGas, signal: rests(0.14, 0.08, 0.03) }),

  sensor('gw-ammonia-1', 'asset-c401', { kind: 'pressure', unit: 'kPa', range: [0, 2500], limits: { H: 1500, HH: 1650 }, signal: rests(1180, 50, 8), binding: EQUIPMENT }),
  sensor('gw-ammonia-1', 'asset-c401', { kind: 'temperature', unit: '℃', range: [0, 200], limits: { H: 125, HH: 140 }, signal: rests(96, 5, 0.5) }),
  sensor('gw-ammonia-1', 'asset-v402', { kind: 'level', unit: '%', range: [0, 100], limits: { LL: 10, L: 20, H: 80, HH: 88 }, signal: rests(52, 5, 0.2), everyS: 30 }),
  sensor('gw-ammonia-1', 'asset-v402', { kind: 'pressure', unit: 'kPa', range: [0, 2500], limits: { H: 1500, HH: 1650 }, signal: rests(1120, 45, 8), binding: EQUIPMENT }),
  sensor('gw-ammonia-1', 'asset-cs1', { kind: 'temperature', unit: '℃', range: [-40, 40], limits: { LL: -30, L: -26, H: -12, HH: -8 }, signal: rests(-19, 0.8, 0.1) }),
  sensor('gw-ammonia-1', 'asset-cs2', { kind: 'temperature', unit: '℃', range: [-40, 40], limits: { LL: -30, L: -26, H: -12, HH: -8 }, signal: rests(-20, 0.8, 0.1) }),
  sensor('gw-ammonia-1', 'asset-gd-d1', { kind: 'gas_concentration', unit: 'ppm', range: [0, 500], limits: { H: 30, HH: 100 }, signal: rests(4, 2, 0.5), binding: DETECTOR }),

  sensor('gw-warehouse-1', 'asset-wh1', { kind: 'temperature', unit: '℃', range: [-20, 80], limits: { H: 30, HH: 37 }, signal: rests(21, 1.5, 0.1), everyS: 30 }),
  sensor('gw-warehouse-1', 'asset-wh1', { kind: 'other', unit: '%RH', range: [0, 100], limits: { H: 80, HH: 90 }, signal: rests(55, 4, 0.4), everyS: 30, point: 'wh1.humidity', zh: '湿度', en: 'humidity' }),
  sensor('gw-warehouse-1', 'asset-wh2', { kind: 'temperature', unit: '℃', range: [-20, 80], limits: { H: 30, HH: 37 }, signal: rests(22, 1.5, 0.1), everyS: 30 }),
  sensor('gw-warehouse-1', 'asset-wh2', { kind: 'other', unit: '%RH', range: [0, 100], limits: { H: 80, HH: 90 }, signal: rests(57, 4, 0.4), everyS: 30, point: 'wh2.humidity', zh: '湿度', en: 'humidity' }),
  sensor('gw-warehouse-1', 'asset-gd-d2', { ...combustible, signal: rests(1, 0.6, 0.2) }),

  sensor('gw-coatings-1', 'asset-mx501', { kind: 'temperature', unit: '℃', range: [0, 120], limits: { H: 55, HH: 65 }, signal: rests(38, 4, 0.3) }),
  sensor('gw-coatings-1', 'asset-s502', { ...tankLevel, signal: rests(58, 5, 0.1) }),
  sensor('gw-coatings-1', 'asset-rto503', { kind: 'temperature', unit: '℃', range: [0, 1200], limits: { LL: 680, L: 740, H: 930, HH: 980 }, signal: rests(835, 15, 2) }),
  sensor('gw-coatings-1', 'asset-gd-e1', { ...combustible, signal: rests(6, 2, 0.5) }),

  sensor('gw-machinery-1', 'asset-pr601', { kind: 'pressure', unit: 'MPa', range: [0, 40], limits: { H: 28, HH: 31.5 }, signal: rests(21, 2, 0.3) }),
  sensor('gw-machinery-1', 'asset-fu602', { kind: 'temperature', unit: '℃', range: [0, 1300], limits: { H: 980, HH: 1050 }, signal: rests(905, 15, 2) }),
  sensor('gw-machinery-1', 'asset-gd-e2', { ...combustible, limits: { H: 20, HH: 40 }, signal: rests(1, 0.6, 0.2) }),

  // The reactor plant: columns of the Tennessee Eastman runs, in their own units (tep/NOTICE.md).
  sensor('gw-reactor-1', 'asset-fh805', { kind: 'flow', unit: 'kscmh', range: [-0.1, 1.5], limits: { LL: 0.01, L: 0.02, H: 1.05 }, signal: { column: 'XMEAS1' }, everyS: 5, zh: 'A 进料流量', en: 'A feed flow' }),
  sensor('gw-reactor-1', 'asset-r801', { kind: 'pressure', unit: 'kPa', range: [0, 3500], limits: { H: 2895, HH: 2990 }, signal: { column: 'XMEAS7' }, everyS: 5, binding: OPERATING }),
  sensor('gw-reactor-1', 'asset-r801', { kind: 'level', unit: '%', range: [0, 130], limits: { L: 50, H: 100 }, signal: { column: 'XMEAS8' }, everyS: 5 }),
  sensor('gw-reactor-1', 'asset-r801', { kind: 'temperature', unit: '℃', range: [0, 200], limits: { H: 150, HH: 175 }, signal: { column: 'XMEAS9' }, everyS: 5, binding: OPERATING }),
  sensor('gw-reactor-1', 'asset-r801', { kind: 'temperature', unit: '℃', range: [0, 150], limits: { H: 105 }, signal: { column: 'XMEAS21' }, everyS: 10, point: 'r801.coolant', zh: '冷却水出口温度', en: 'coolant outlet temperature' }),
  sensor('gw-reactor-1', 'asset-sep802', { kind: 'temperature', unit: '℃', range: [0, 150], limits: { L: 75, H: 100 }, signal: { column: 'XMEAS11' }, everyS: 10 }),
  sensor('gw-reactor-1', 'asset-sep802', { kind: 'level', unit: '%', range: [0, 130], limits: { L: 30, H: 100 }, signal: { column: 'XMEAS12' }, everyS: 10 }),
  sensor('gw-reactor-1', 'asset-sep802', { kind: 'pressure', unit: 'kPa', range: [0, 3500], limits: { H: 2780, HH: 2910 }, signal: { column: 'XMEAS13' }, everyS: 10 }),
  sensor('gw-reactor-1', 'asset-sep802', { kind: 'temperature', unit: '℃', range: [0, 150], limits: { H: 95 }, signal: { column: 'XMEAS22' }, everyS: 10, point: 'sep802.coolant', zh: '冷凝器冷却水出口温度', en: 'condenser coolant outlet temperature' }),
  sensor('gw-reactor-1', 'asset-st803', { kind: 'level', unit: '%', range: [0, 130], limits: { L: 30, H: 100 }, signal: { column: 'XMEAS15' }, everyS: 10 }),
  sensor('gw-reactor-1', 'asset-st803', { kind: 'pressure', unit: 'kPa', range: [0, 4000], limits: { H: 3220, HH: 3350 }, signal: { column: 'XMEAS16' }, everyS: 10 }),
  sensor('gw-reactor-1', 'asset-st803', { kind: 'temperature', unit: '℃', range: [0, 150], limits: { L: 50, H: 71.5 }, signal: { column: 'XMEAS18' }, everyS: 10 }),
  sensor('gw-reactor-1', 'asset-k804', { kind: 'other', unit: 'kW', range: [0, 600], limits: { L: 250, H: 400 }, signal: { column: 'XMEAS20' }, everyS: 10, point: 'k804.power', zh: '功率', en: 'power' }),
];

// ---- people ----

const person = (id: string, nameZh: string, nameEn: string, username: string, orgId: string, role: Role): PersonSeed => ({ id: `person-${id}`, nameZh, nameEn, username, memberships: [{ orgId, role }] });

/** The coatings firm has two safety officers, so nobody there is found by rule: such a case needs an owner. */
export const PEOPLE: PersonSeed[] = [
  person('park-admin', '顾清和', 'Gu Qinghe', 'gu.qinghe', 'org-park-admin', 'park_admin'),
  person('emergency-1', '陆承安', "Lu Cheng'an", 'lu.chengan', 'org-emergency', 'emergency_office'),
  person('emergency-2', '谢以宁', 'Xie Yining', 'xie.yining', 'org-emergency', 'emergency_office'),
  person('inspector-1', '韩溪', 'Han Xi', 'han.xi', 'org-inspection', 'inspector'),
  person('inspector-2', '孟知远', 'Meng Zhiyuan', 'meng.zhiyuan', 'org-inspection', 'inspector'),
  person('investment', '乔若谷', 'Qiao Ruogu', 'qiao.ruogu', 'org-investment', 'investment_office'),
  person('process', '季明川', 'Ji Mingchuan', 'ji.mingchuan', 'org-process', 'process_owner'),
  person('regulator', '贺云舟', 'He Yunzhou', 'he.yunzhou', 'org-regulator', 'regulator'),
  person('styrene', '沈砚', 'Shen Yan', 'shen.yan', 'ent-styrene', 'enterprise_safety_officer'),
  person('epoxy', '柳维桢', 'Liu Weizhen', 'liu.weizhen', 'ent-epoxy', 'enterprise_safety_officer'),
  person('chloralkali', '方汝舟', 'Fang Ruzhou', 'fang.ruzhou', 'ent-chloralkali', 'enterprise_safety_officer'),
  person('ammonia', '秦立冬', 'Qin Lidong', 'qin.lidong', 'ent-ammonia', 'enterprise_safety_officer'),
  person('warehouse', '安如磐', 'An Rupan', 'an.rupan', 'ent-warehouse', 'enterprise_safety_officer'),
  person('coatings-1', '白书瑶', 'Bai Shuyao', 'bai.shuyao', 'ent-coatings', 'enterprise_safety_officer'),
  person('coatings-2', '江屿', 'Jiang Yu', 'jiang.yu', 'ent-coatings', 'enterprise_safety_officer'),
  person('machinery', '石劲松', 'Shi Jinsong', 'shi.jinsong', 'ent-machinery', 'enterprise_safety_officer'),
  person('reactor', '温其远', 'Wen Qiyuan', 'wen.qiyuan', 'ent-reactor', 'enterprise_safety_officer'),
];
