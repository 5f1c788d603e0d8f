/** Words for codes, instants and numbers in notices, in zh and en. */
import { HAZARD_TYPES, isHazardType } from '../domain/hazard-types.ts';
import type { Language, Named } from '../domain/notices.ts';

const WORDS = {
  grade: { general: { zh: '一般隐患', en: 'general' }, major: { zh: '重大隐患', en: 'major' } },
  state: {
    reported: { zh: '已上报，待分级', en: 'reported, to be graded' },
    triaged: { zh: '已分级，待派发', en: 'graded, to be dispatched' },
    dispatched: { zh: '已派发，待整改', en: 'dispatched, rectification not begun' },
    rectifying: { zh: '整改中', en: 'being rectified' },
    submitted: { zh: '已提交，待验收', en: 'submitted for acceptance' },
    accepted: { zh: '验收合格', en: 'accepted' },
    archived: { zh: '已归档', en: 'archived' },
    dismissed: { zh: '已驳回（非隐患）', en: 'dismissed (no hazard)' },
    merged: { zh: '已并入另一隐患', en: 'merged into another hazard' },
    redirected: { zh: '已转由其他单位处理', en: 'passed to another organisation' },
  },
  origin: { sensor: { zh: '传感器报警', en: 'sensor alarm' }, manual: { zh: '人工上报', en: 'report by a person' }, floor: { zh: '法定限值自动立案', en: 'opened automatically by a statutory limit' }, schedule: { zh: '到期自动立案', en: 'opened automatically on a due date' } },
  role: {
    enterprise: { zh: '责任企业', en: 'responsible enterprise' },
    emergency_office: { zh: '应急管理办公室', en: 'emergency office' },
    park_admin: { zh: '园区管理', en: 'park administration' },
    reporter: { zh: '上报单位', en: 'reporter' },
    regulator: { zh: '监管部门', en: 'regulator' },
    owner: { zh: '承办单位', en: 'owner of the task' },
  },
  level: { 0: { zh: '无', en: 'none' }, 1: { zh: '一级', en: 'level 1' }, 2: { zh: '二级', en: 'level 2' }, 3: { zh: '三级', en: 'level 3' } },
  alarmLevel: {
    HH: { zh: '高高限（HH）', en: 'high-high (HH)' },
    H: { zh: '高限（H）', en: 'high (H)' },
    L: { zh: '低限（L）', en: 'low (L)' },
    LL: { zh: '低低限（LL）', en: 'low-low (LL)' },
    sustained: { zh: '持续超限', en: 'sustained' },
  },
  alarmState: {
    unacknowledged: { zh: '未恢复，未确认收悉', en: 'not returned to normal, not acknowledged' },
    acknowledged: { zh: '未恢复，已确认收悉', en: 'not returned to normal, acknowledged' },
    returned_unacknowledged: { zh: '已恢复正常，未确认收悉', en: 'returned to normal, not acknowledged' },
    normal: { zh: '已恢复正常，已确认收悉', en: 'returned to normal, acknowledged' },
  },
  judgement: { real: { zh: '真实', en: 'real' }, false: { zh: '误报', en: 'false alarm' } },
  noticeKind: {
    alarm: { zh: '报警', en: 'alarms' },
    dispatch: { zh: '整改', en: 'dispatches' },
    reminder: { zh: '提醒', en: 'reminders' },
    overdue: { zh: '逾期', en: 'overdue' },
    supervision: { zh: '督办', en: 'supervision' },
    rejection: { zh: '验收不合格', en: 'rejections' },
    acceptance: { zh: '验收合格', en: 'acceptances' },
    extension: { zh: '延期与暂停', en: 'extensions and pauses' },
    handover: { zh: '责任人变更', en: 'handovers' },
    returned: { zh: '退回', en: 'sent back' },
    merged: { zh: '合并', en: 'merges' },
    reopened: { zh: '重新立案', en: 'reopened' },
    look_back: { zh: '回头看', en: 'look-backs' },
    listing: { zh: '挂牌', en: 'listings' },
    delisting: { zh: '摘牌', en: 'delistings' },
    major_report: { zh: '重大隐患报告', en: 'major hazards' },
    task: { zh: '任务', en: 'tasks' },
  },
  listing: { park: { zh: '园区', en: 'park' }, county: { zh: '区县级', en: 'county' }, city: { zh: '市级', en: 'city' }, province: { zh: '省级', en: 'province' } },
  taskKind: {
    notice_undeliverable: { zh: '通知未能送达', en: 'notice that could not be delivered' },
    class_check: { zh: '同类隐患排查', en: 'check for hazards of the same kind' },
    stop_and_inspect: { zh: '停机检查', en: 'stop and inspect' },
    patrol: { zh: '巡检', en: 'patrol' },
    look_back: { zh: '整改回头看', en: 'look-back' },
    sensor_fault: { zh: '传感器故障', en: 'sensor fault' },
    other: { zh: '其他', en: 'other' },
  },
  /** What a fact that is absent by nature is called. */
  absent: {
    grade: { zh: '未分级', en: 'not graded yet' },
    responsible: { zh: '未指定', en: 'unassigned' },
    description: { zh: '无', en: 'none' },
    note: { zh: '无', en: 'none' },
    substance: { zh: '未登记', en: 'not registered' },
    judgement: { zh: '尚未研判', en: 'not judged yet' },
  },
  more: { '': { zh: '……（全文见系统记录）', en: ' … (full text on record)' } },
} as const satisfies Record<string, Record<string, Named>>;

/** Throws for a code that has no word: a notice never shows a bare code. */
export const word = (list: keyof typeof WORDS, code: string | number, language: Language): string => {
  const words: Record<string, Named> = WORDS[list];
  const named = Object.hasOwn(words, code) ? words[code] : undefined;
  if (!named) throw new Error(`no word for ${list} ${code}`);
  return named[language];
};

export const absentWord = (fact: string, language: Language): string | null =>
  Object.hasOwn(WORDS.absent, fact) ? WORDS.absent[fact as keyof typeof WORDS.absent][language] : null;

export const hazardTypeWord = (type: string, language: Language): string => {
  if (!isHazardType(type)) throw new Error(`no word for hazard type ${type}`);
  return HAZARD_TYPES[type][language];
};

const formats = new Map<string, Intl.DateTimeFormat>();

/** Throws RangeError for a time zone that does not exist. */
const formatOf = (timezone: string): Intl.DateTimeFormat => {
  const known = formats.get(timezone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone, year: 'numeric', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  });
  formats.set(timezone, format);
  return format;
};

export const isTimezone = (timezone: string): boolean => {
  try {
    return formatOf(timezone) !== undefined;
  } catch {
    return false;
  }
};

const parts = (at: number, timezone: string): Record<string, string> => Object.fromEntries(formatOf(timezone).formatToParts(at).map((p) => [p.type, p.value]));

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
/** Places are named, since "CST" means several. */
const PLACES: Record<string, Named> = { 'Asia/Shanghai': { zh: '北京时间', en: 'Beijing time' } };

export const dateWords = (at: number, timezone: string, language: Language): string => {
  const p = parts(at, timezone);
  return language === 'zh' ? `${p.year}年${Number(p.month)}月${Number(p.day)}日` : `${Number(p.day)} ${MONTHS[Number(p.month) - 1]} ${p.year}`;
};

/** Written out, with the zone: 2026年11月24日 15:30:05（北京时间）. */
export const instantWords = (at: number, timezone: string, language: Language): string => {
  const p = parts(at, timezone);
  const clock = `${p.hour}:${p.minute}:${p.second}`;
  const zone = PLACES[timezone]?.[language] ?? timezone;
  return language === 'zh' ? `${dateWords(at, timezone, language)} ${clock}（${zone}）` : `${dateWords(at, timezone, language)}, ${clock} (${zone})`;
};

/** For a text message, where every character counts: 11月24日15:30. */
export const clockWords = (at: number, timezone: string, language: Language): string => {
  const p = parts(at, timezone);
  return language === 'zh' ? `${Number(p.month)}月${Number(p.day)}日${p.hour}:${p.minute}` : `${Number(p.day)} ${MONTHS[Number(p.month) - 1]!.slice(0, 3)} ${p.hour}:${p.minute}`;
};

/** The two largest units, rounded down. */
export const durationWords = (ms: number, language: Language): string => {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  const units = [
    [Math.floor(minutes / 1440), '天', 'day'],
    [Math.floor((minutes % 1440) / 60), '小时', 'hour'],
    [minutes % 60, '分钟', 'minute'],
  ] as const;
  const shown = units.filter(([n]) => n > 0).slice(0, 2);
  if (shown.length === 0) return language === 'zh' ? '不足 1 分钟' : 'less than a minute';
  return language === 'zh' ? shown.map(([n, zh]) => `${n} ${zh}`).join(' ') : shown.map(([n, , en]) => `${n} ${en}${n === 1 ? '' : 's'}`).join(' ');
};

/** A measured value without the noise of binary fractions. */
export const numberWords = (value: number): string => String(Number(value.toPrecision(7)));

export const listWords = (items: readonly string[], language: Language): string => items.join(language === 'zh' ? '、' : ', ');
