/**
 * 流程: what process owners may deploy, and the rules that a flow means. Flows are the authoring surface only: whatever
 * holds time, state or authority lives in rules, workflows and the gateway, so node types that hold any of it are refused.
 */
import type { RefusalCode, Result } from './errors.ts';
import { ok, refuse, REFUSALS } from './errors.ts';
import { isHazardType } from './hazard-types.ts';
import type { AlarmLevel, RuleSpec } from './rules.ts';
import { ALARM_LEVELS } from './rules.ts';

export const FLOW_LIMITS = {
  bytes: 1_000_000,
  nodes: 500,
  depth: 30,
  /** Nodes that one message may reach, counting every way through the wires. */
  deliveries: 2_000,
  /** Characters of a constant in `change`, `switch` and `inject`. */
  constant: 16_384,
  title: 120,
  text: 2_000,
  delayS: 3_600,
  durationS: 24 * 3_600,
  linkTimeoutS: 60,
  faults: 100,
} as const;

/** What the gateway bears from flows. A bucket holds `burst` calls and fills by `perS` a second. */
export const FLOW_RATES = {
  perFlow: { burst: 20, perS: 10 },
  /** One node about one sensor. */
  perPoint: { burst: 1, perS: 0.1 },
  /** An event older than this is history: no flow may act on it any more. */
  eventMaxAgeMs: 24 * 3_600_000,
  /** One audit row for equal refusals of a node within this time. */
  auditEveryMs: 60_000,
} as const;

/** The flow process: how long it may be silent, and when a flow version is taken out of service. */
export const FLOW_WATCH = {
  heartbeatMs: 1_000,
  silentMs: 5_000,
  /** Loading the editor and the nodes blocks for a while. */
  startMs: 60_000,
  memoryMb: 384,
  quarantineAfter: 3,
  quarantineWithinMs: 10 * 60_000,
} as const;

export interface Bucket {
  tokens: number;
  at: number;
}

/** Takes one token at `now` (epoch ms); `waitMs` is how long until there is one, 0 where it was taken. */
export const takeToken = (bucket: Bucket | undefined, rate: { burst: number; perS: number }, now: number): { bucket: Bucket; waitMs: number } => {
  const before = bucket ?? { tokens: rate.burst, at: now };
  const tokens = Math.min(rate.burst, before.tokens + (Math.max(0, now - before.at) / 1000) * rate.perS);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, waitMs: 0 };
  return { bucket: { tokens, at: now }, waitMs: Math.ceil(((1 - tokens) / rate.perS) * 1000) };
};

export interface FlowSensor {
  id: string;
  tenantId: string;
  assetId: string;
  zoneId: string;
  kind: string;
  unit: string;
  nameZh: string;
  nameEn: string;
  limits: Record<AlarmLevel, number | null>;
  statutory: boolean;
  intervalS: number;
}

export interface FlowAsset {
  id: string;
  tenantId: string;
  zoneId: string;
  kind: string;
  code: string;
  nameZh: string;
  nameEn: string;
}

/** What nodes may name. `actuators` are the beacons among the assets. */
export interface FlowRegistry {
  zones: readonly { id: string; code: string; nameZh: string; nameEn: string }[];
  enterprises: readonly { id: string; nameZh: string; nameEn: string }[];
  assets: readonly FlowAsset[];
  actuators: readonly FlowAsset[];
  sensors: readonly FlowSensor[];
}

export const ACTUATOR_KIND = 'beacon';
export const FLOW_RECIPIENTS = ['enterprise', 'emergency_office', 'park_admin'] as const;
export type FlowRecipient = (typeof FLOW_RECIPIENTS)[number];

export const FLOW_SOURCES = ['pw-sensor-event', 'pw-threshold', 'pw-sustained'] as const;
export const FLOW_ACTIONS = ['pw-start-case', 'pw-signal-case', 'pw-notify', 'pw-actuate'] as const;
const STRUCTURE = ['tab', 'group', 'comment', 'junction'] as const;
const CORE = ['inject', 'debug', 'switch', 'change', 'link in', 'link out', 'link call', 'catch', 'status', 'complete'] as const;
export const FLOW_NODE_TYPES: readonly string[] = [...FLOW_SOURCES, ...FLOW_ACTIONS, ...STRUCTURE, ...CORE];

export interface FlowNode {
  id: string;
  type: string;
  z?: string;
  d?: boolean;
  wires?: string[][];
  [property: string]: unknown;
}

export interface FlowFault {
  code: RefusalCode;
  /** `{nodeId}.{property}`, `{nodeId}`, or empty for the whole. */
  field: string;
  messageZh: string;
  messageEn: string;
}

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string';
const textOf = (value: unknown): string => (isText(value) ? value : '');
/** Node-RED keeps numbers of edit dialogs as text. */
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : isText(value) && value.trim() !== '' ? Number(value) : NaN);

/** Depth and keys, without recursion: a hostile file must not reach the end of the stack. Gives what is wrong, or null. */
const walk = (root: unknown): { depth: boolean; key: string | null; environment: string | null } => {
  const found = { depth: false, key: null as string | null, environment: null as string | null };
  const todo: { value: unknown; depth: number }[] = [{ value: root, depth: 0 }];
  for (let item = todo.pop(); item; item = todo.pop()) {
    const { value, depth } = item;
    if (depth > FLOW_LIMITS.depth) {
      found.depth = true;
      continue;
    }
    if (typeof value === 'string' && /^\s*\$[{(].*[})]\s*$/s.test(value)) found.environment ??= value.slice(0, 60);
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      if (FORBIDDEN_KEYS.has(key)) found.key ??= key;
      todo.push({ value: (value as Record<string, unknown>)[key], depth: depth + 1 });
    }
  }
  return found;
};

/** A path into msg that cannot leave it: no brackets with expressions, no way to the prototype. */
const isSafePath = (path: unknown): boolean => isText(path) && path.length <= 200 && /^[\p{L}_$][\p{L}\p{N}_$]*(\.[\p{L}\p{N}_$]+|\[\d+\]|\["[^"\\]*"\]|\['[^'\\]*'\])*$/u.test(path) && !/__proto__|constructor|prototype/.test(path);

const VALUE_TYPES = new Set(['msg', 'str', 'num', 'bool', 'json', 'date']);
const SWITCH_OPERATORS = new Set(['eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'btwn', 'cont', 'null', 'nnull', 'empty', 'nempty', 'istype', 'true', 'false', 'else', 'hask']);

interface Checked {
  nodes: FlowNode[];
  faults: FlowFault[];
}

const check = (flows: unknown, bytes: number, registry: FlowRegistry): Checked => {
  const faults: FlowFault[] = [];
  const fault = (code: RefusalCode, field = '', zh?: string, en?: string): void => {
    if (faults.length < FLOW_LIMITS.faults) faults.push({ code, field, messageZh: zh ?? REFUSALS[code].zh, messageEn: en ?? REFUSALS[code].en });
  };
  const none = (): Checked => ({ nodes: [], faults });

  if (bytes > FLOW_LIMITS.bytes) fault('flow.too_large', '', `流程超过 ${FLOW_LIMITS.bytes} 字节`, `The flow is larger than ${FLOW_LIMITS.bytes} bytes`);
  if (!Array.isArray(flows)) {
    fault('flow.invalid', '', '流程必须是节点列表', 'A flow is a list of nodes');
    return none();
  }
  if (flows.length > FLOW_LIMITS.nodes) fault('flow.too_large', '', `节点超过 ${FLOW_LIMITS.nodes} 个`, `There are more than ${FLOW_LIMITS.nodes} nodes`);
  if (faults.length > 0) return none();
  const walked = walk(flows);
  if (walked.depth) fault('flow.invalid', '', '流程嵌套过深', 'The flow is nested too deeply');
  if (walked.key !== null) fault('flow.invalid', walked.key, `不允许的键 ${walked.key}`, `The key ${walked.key} is not allowed`);
  if (walked.environment !== null) fault('flow.property_denied', walked.environment, '不允许引用环境变量', 'Environment variables may not be read');

  const nodes: FlowNode[] = [];
  const byId = new Map<string, FlowNode>();
  flows.forEach((raw: unknown, index) => {
    if (!isObject(raw) || !isText(raw.id) || !isText(raw.type) || !/^[A-Za-z0-9._-]{1,64}$/.test(raw.id)) {
      fault('flow.invalid', `[${index}]`, '节点缺少有效的 id 或 type', 'A node has no valid id or type');
      return;
    }
    if (raw.wires !== undefined && !(Array.isArray(raw.wires) && raw.wires.every((w: unknown) => Array.isArray(w) && w.every(isText)))) {
      fault('flow.invalid', `${raw.id}.wires`, '连线格式错误', 'The wires are malformed');
      return;
    }
    if (byId.has(raw.id)) fault('flow.invalid', raw.id, `节点 id 重复: ${raw.id}`, `The node id ${raw.id} is used twice`);
    const node = raw as FlowNode;
    byId.set(raw.id, node);
    nodes.push(node);
  });

  for (const node of nodes) {
    const name = node.type.slice(0, 60);
    if (!FLOW_NODE_TYPES.includes(node.type)) {
      fault('flow.node_type_denied', node.id, `不允许的节点类型 ${name}`, `The node type ${name} is not allowed`);
      continue;
    }
    if (node.type !== 'tab' && byId.get(textOf(node.z))?.type !== 'tab') fault('flow.invalid', `${node.id}.z`, '节点不在任何流程页内', 'The node is on no tab');
    if (node.credentials !== undefined) fault('flow.property_denied', `${node.id}.credentials`, '流程不得携带凭据', 'A flow carries no credentials');
    if (node.env !== undefined && !(Array.isArray(node.env) && node.env.length === 0)) fault('flow.property_denied', `${node.id}.env`, '不允许定义环境变量', 'Environment variables may not be defined');
    const seen = new Set<string>();
    for (const [output, targets] of (node.wires ?? []).entries()) {
      for (const target of targets) {
        const to = byId.get(target);
        if (!to) fault('flow.invalid', `${node.id}.wires`, `连线指向不存在的节点 ${target.slice(0, 64)}`, `A wire leads to ${target.slice(0, 64)}, which does not exist`);
        else if (to.z !== node.z) fault('flow.invalid', `${node.id}.wires`, '连线跨越流程页', 'A wire leads to another tab');
        // Two equal wires deliver twice: nobody draws that.
        if (seen.has(`${output}/${target}`)) fault('flow.invalid', `${node.id}.wires`, '重复的连线', 'The same wire is there twice');
        seen.add(`${output}/${target}`);
      }
    }
    checkConfig(node, byId, registry, (code, property, zh, en) => fault(code, `${node.id}.${property}`, zh, en));
  }
  if (faults.length === 0) checkWires(nodes, byId, (field, zh, en) => fault('flow.wire_loop', field, zh, en));
  return { nodes, faults };
};

type PropertyFault = (code: RefusalCode, property: string, zh?: string, en?: string) => void;

const checkConfig = (node: FlowNode, byId: Map<string, FlowNode>, registry: FlowRegistry, fault: PropertyFault): void => {
  const value = (property: string, given: unknown, type: unknown): void => {
    if (!VALUE_TYPES.has(textOf(type))) fault('flow.property_denied', property, `不允许的取值方式 ${textOf(type).slice(0, 30)}`, `Values of the type ${textOf(type).slice(0, 30)} are not allowed`);
    else if (type === 'msg' && !isSafePath(given)) fault('flow.property_denied', property, '不允许的属性路径', 'The path of the property is not allowed');
    else if (isText(given) && given.length > FLOW_LIMITS.constant) fault('flow.property_denied', property, '常量过长', 'The constant is too long');
  };
  const text = (property: string, max: number): void => {
    const given = node[property];
    if (given !== undefined && (!isText(given) || given.length > max)) fault('flow.rule_invalid', property, `必须是不超过 ${max} 字的文本`, `A text of at most ${max} characters`);
  };
  const number = (property: string, min: number, max: number, fallback?: number): number => {
    const given = node[property];
    if (fallback !== undefined && (given === undefined || given === '')) return fallback;
    const parsed = numberOf(given);
    if (!Number.isFinite(parsed) || parsed < min || parsed > max) {
      fault('flow.rule_invalid', property, Number.isFinite(min) ? `必须是 ${min} 至 ${max} 的数` : '必须是有限的数', Number.isFinite(min) ? `A number from ${min} to ${max}` : 'A finite number');
    }
    return parsed;
  };
  const sensor = (): FlowSensor | undefined => {
    const found = registry.sensors.find((s) => s.id === node.sensorId);
    if (!found) fault('flow.sensor_unknown', 'sensorId', `未登记的传感器 ${textOf(node.sensorId).slice(0, 64)}`, `The sensor ${textOf(node.sensorId).slice(0, 64)} is not registered`);
    return found;
  };
  const links = (types: readonly string[]): void => {
    const targets = node.links ?? [];
    if (!Array.isArray(targets) || !targets.every((t) => isText(t) && types.includes(byId.get(t)?.type ?? ''))) fault('flow.invalid', 'links', '链接指向不存在的节点', 'A link leads to a node that does not exist');
  };
  const scope = (): void => {
    if (node.scope !== null && node.scope !== undefined && node.scope !== 'group' && !(Array.isArray(node.scope) && node.scope.every((id) => isText(id) && byId.has(id)))) {
      fault('flow.invalid', 'scope', '作用范围中有不存在的节点', 'The scope names a node that does not exist');
    }
  };

  switch (node.type) {
    case 'pw-sensor-event': {
      const filters: [string, readonly string[]][] = [
        ['sensorId', registry.sensors.map((s) => s.id)],
        ['sensorKind', registry.sensors.map((s) => s.kind)],
        ['zoneId', registry.zones.map((z) => z.id)],
        ['tenantId', registry.enterprises.map((e) => e.id)],
      ];
      for (const [property, known] of filters) {
        const given = node[property] ?? '';
        if (given !== '' && !known.includes(given as string)) {
          fault(property === 'sensorId' ? 'flow.sensor_unknown' : 'flow.rule_invalid', property, `未登记: ${textOf(given).slice(0, 64)}`, `Not registered: ${textOf(given).slice(0, 64)}`);
        }
      }
      if (node.statutoryOnly !== undefined && typeof node.statutoryOnly !== 'boolean') fault('flow.rule_invalid', 'statutoryOnly');
      return;
    }
    case 'pw-threshold': {
      const target = sensor();
      const level = ALARM_LEVELS.find((l) => l === node.level);
      if (!level) fault('flow.rule_invalid', 'level', '级别必须是 HH、H、L 或 LL', 'The level is HH, H, L or LL');
      const limit = number('limit', -Infinity, Infinity);
      number('hysteresis', 0, Number.MAX_SAFE_INTEGER, 0);
      const onDelayS = number('onDelayS', 0, FLOW_LIMITS.delayS, 0);
      number('offDelayS', 0, FLOW_LIMITS.delayS, 0);
      if (!target?.statutory || !level) return;
      const bound = target.limits[level];
      if (bound === null) return;
      if (level === 'HH' || level === 'H' ? limit > bound : limit < bound) {
        fault('flow.rule_weakens_statutory', 'limit', `法定限值 ${level} 为 ${bound} ${target.unit}，只能更严`, `The statutory ${level} limit is ${bound} ${target.unit}: it may be tightened only`);
      } else if (limit === bound && onDelayS > 0) {
        fault('flow.rule_weakens_statutory', 'onDelayS', '法定限值不得加延时', 'A statutory limit takes no delay');
      }
      return;
    }
    case 'pw-sustained': {
      const target = sensor();
      if (node.direction !== 'above' && node.direction !== 'below') fault('flow.rule_invalid', 'direction', '方向必须是 above 或 below', 'The direction is above or below');
      const limit = number('limit', -Infinity, Infinity);
      number('durationS', 1, FLOW_LIMITS.durationS);
      if (!['reset', 'hold', 'unknown'].includes(textOf(node.gapPolicy))) fault('flow.rule_invalid', 'gapPolicy', '缺口处理必须是 reset、hold 或 unknown', 'The gap policy is reset, hold or unknown');
      if (!target?.statutory) return;
      const bound = node.direction === 'above' ? (target.limits.HH ?? target.limits.H) : (target.limits.LL ?? target.limits.L);
      if (bound !== null && (node.direction === 'above' ? limit > bound : limit < bound)) {
        fault('flow.rule_weakens_statutory', 'limit', `法定限值为 ${bound} ${target.unit}，只能更严`, `The statutory limit is ${bound} ${target.unit}: it may be tightened only`);
      }
      return;
    }
    case 'pw-start-case':
      if ((node.hazardType ?? '') !== '' && !isHazardType(textOf(node.hazardType))) fault('hazard.type_unknown', 'hazardType');
      text('title', FLOW_LIMITS.title);
      text('description', FLOW_LIMITS.text);
      return;
    case 'pw-signal-case':
      text('note', FLOW_LIMITS.text);
      return;
    case 'pw-notify': {
      const to = node.recipients;
      if (!Array.isArray(to) || to.length === 0 || new Set(to).size !== to.length || !to.every((r) => FLOW_RECIPIENTS.includes(r as FlowRecipient))) {
        fault('flow.rule_invalid', 'recipients', '请选择至少一个有效的通知对象', 'Choose at least one valid recipient');
      }
      return;
    }
    case 'pw-actuate':
      if (!registry.actuators.some((a) => a.id === node.assetId && a.kind === ACTUATOR_KIND)) fault('flow.actuator_denied', 'assetId');
      if (node.command !== 'on' && node.command !== 'off') fault('flow.rule_invalid', 'command', '命令必须是 on 或 off', 'The command is on or off');
      return;
    case 'inject':
      // A button for trying wires. Timers are rules, and rules are evaluated where the readings are.
      if (textOf(node.repeat) !== '' || textOf(node.crontab) !== '' || node.once === true) fault('flow.property_denied', 'repeat', '不允许定时触发', 'Timed injection is not allowed');
      if (node.props !== undefined && !(Array.isArray(node.props) && node.props.every(isObject))) fault('flow.invalid', 'props');
      else {
        for (const [i, p] of ((node.props ?? []) as Record<string, unknown>[]).entries()) {
          if (!isSafePath(p.p)) fault('flow.property_denied', `props[${i}].p`);
          const own = p.vt === undefined && (p.p === 'payload' || p.p === 'topic');
          if (!own) value(`props[${i}]`, p.v, p.vt);
        }
      }
      if (node.payloadType !== undefined) value('payload', node.payloadType === 'msg' ? node.payload : textOf(node.payload), node.payloadType);
      return;
    case 'debug':
      if (node.targetType !== undefined && !['msg', 'full', ''].includes(textOf(node.targetType))) fault('flow.property_denied', 'targetType');
      if (node.statusType !== undefined && !['auto', 'msg', 'counter', ''].includes(textOf(node.statusType))) fault('flow.property_denied', 'statusType');
      if (isText(node.complete) && !['true', 'false', ''].includes(node.complete) && !isSafePath(node.complete)) fault('flow.property_denied', 'complete');
      return;
    case 'switch':
      value('property', node.property, node.propertyType);
      if (node.propertyType !== 'msg') fault('flow.property_denied', 'propertyType');
      if (node.repair === true) fault('flow.property_denied', 'repair', '不允许重组消息序列', 'Sequences may not be rebuilt: that holds state');
      if (!Array.isArray(node.rules) || !node.rules.every(isObject)) {
        fault('flow.invalid', 'rules');
        return;
      }
      for (const [i, rule] of (node.rules as Record<string, unknown>[]).entries()) {
        if (!SWITCH_OPERATORS.has(textOf(rule.t))) fault('flow.property_denied', `rules[${i}].t`, `不允许的判断 ${textOf(rule.t).slice(0, 30)}`, `The test ${textOf(rule.t).slice(0, 30)} is not allowed`);
        if (rule.vt !== undefined && rule.t !== 'istype') value(`rules[${i}].v`, rule.v, rule.vt);
        if (rule.v2t !== undefined) value(`rules[${i}].v2`, rule.v2, rule.v2t);
      }
      return;
    case 'change':
      if (!Array.isArray(node.rules) || !node.rules.every(isObject)) {
        fault('flow.invalid', 'rules');
        return;
      }
      for (const [i, rule] of (node.rules as Record<string, unknown>[]).entries()) {
        if (!['set', 'change', 'delete', 'move'].includes(textOf(rule.t))) fault('flow.property_denied', `rules[${i}].t`);
        value(`rules[${i}].p`, rule.p, rule.pt);
        if (rule.pt !== 'msg') fault('flow.property_denied', `rules[${i}].pt`);
        if (rule.t === 'set' || rule.t === 'move' || rule.t === 'change') value(`rules[${i}].to`, rule.to, rule.tot);
        if (rule.t === 'change') value(`rules[${i}].from`, rule.from, rule.fromt);
      }
      return;
    case 'link in':
      links(['link out', 'link call']);
      return;
    case 'link out':
      if (!['link', 'return', undefined].includes(node.mode as string)) fault('flow.property_denied', 'mode');
      links(['link in']);
      return;
    case 'link call':
      if ((node.linkType ?? 'static') !== 'static') fault('flow.property_denied', 'linkType', '链接目标必须固定', 'The target of a link call is fixed');
      number('timeout', 0, FLOW_LIMITS.linkTimeoutS, 30);
      links(['link in']);
      return;
    case 'catch':
    case 'status':
    case 'complete':
      scope();
      return;
    default:
      return;
  }
};

const isDisabled = (node: FlowNode, byId: Map<string, FlowNode>): boolean => node.d === true || byId.get(textOf(node.z))?.disabled === true;

/** A message must come to an end: no way back through wires, links, or nodes that listen to others; and no explosion of branches. */
const checkWires = (nodes: readonly FlowNode[], byId: Map<string, FlowNode>, fault: (field: string, zh: string, en: string) => void): void => {
  const next = new Map<string, Set<string>>(nodes.map((n) => [n.id, new Set((n.wires ?? []).flat())]));
  for (const node of nodes) {
    if (node.type === 'link out' || node.type === 'link call') for (const to of (node.links ?? []) as string[]) next.get(node.id)?.add(to);
    if (node.type === 'link in') for (const from of (node.links ?? []) as string[]) next.get(from)?.add(node.id);
    if (node.type === 'status' || node.type === 'complete') {
      const heard = Array.isArray(node.scope) ? (node.scope as string[]).map((id) => byId.get(id)!) : nodes.filter((n) => n.z === node.z && (n.type.startsWith('pw-') || n.type === 'debug'));
      for (const from of heard) next.get(from.id)?.add(node.id);
    }
  }
  // Depth-first without recursion; `ways` counts the deliveries below a node.
  const ways = new Map<string, number>();
  const open = new Set<string>();
  for (const root of nodes) {
    const stack: { id: string; rest: string[] }[] = [];
    const enter = (id: string): void => {
      open.add(id);
      stack.push({ id, rest: [...(next.get(id) ?? [])] });
    };
    if (!ways.has(root.id)) enter(root.id);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const to = top.rest.pop();
      if (to === undefined) {
        stack.pop();
        open.delete(top.id);
        const below = [...(next.get(top.id) ?? [])].reduce((sum, id) => sum + 1 + (ways.get(id) ?? 0), 0);
        if (below > FLOW_LIMITS.deliveries && (ways.get(top.id) ?? 0) === 0) {
          fault(top.id, `一条消息会产生超过 ${FLOW_LIMITS.deliveries} 次投递`, `One message would be delivered more than ${FLOW_LIMITS.deliveries} times`);
          return;
        }
        ways.set(top.id, below);
      } else if (open.has(to)) {
        fault(to, `连线形成循环: ${to}`, `The wires form a loop through ${to}`);
        return;
      } else if (!ways.has(to)) enter(to);
    }
  }
};

export interface AdmittedFlows {
  flows: FlowNode[];
  rules: RuleSpec[];
}

/**
 * Admits a set of flows as Node-RED stores them, or refuses it with every fault in `detail.errors` (FlowFault[]).
 * `bytes` is the length of its JSON text in UTF-8.
 */
export const admitFlows = (flows: unknown, bytes: number, registry: FlowRegistry): Result<AdmittedFlows> => {
  const { nodes, faults } = check(flows, bytes, registry);
  const first = faults[0];
  if (first) return refuse(first.code, { field: first.field, detail: { errors: faults } });
  return ok({ flows: nodes, rules: compileFlows(nodes, registry) });
};

/** The rules that admitted flows mean. Disabled nodes and tabs mean none. */
export const compileFlows = (flows: readonly FlowNode[], registry: FlowRegistry): RuleSpec[] => {
  const byId = new Map(flows.map((n) => [n.id, n]));
  const rules: RuleSpec[] = [];
  for (const node of flows) {
    const sensor = registry.sensors.find((s) => s.id === node.sensorId);
    if (!sensor || isDisabled(node, byId)) continue;
    const target = { ruleId: `flow:${node.id}:${sensor.id}`, sensorId: sensor.id, assetId: sensor.assetId, tenantId: sensor.tenantId, unit: sensor.unit };
    const limit = numberOf(node.limit);
    const seconds = (property: string): number => Math.round((numberOf(node[property]) || 0) * 1000);
    if (node.type === 'pw-threshold') {
      const level = node.level as AlarmLevel;
      rules.push({
        ...target, kind: 'threshold', level, limit, hysteresis: numberOf(node.hysteresis) || 0, onDelayMs: seconds('onDelayS'), offDelayMs: seconds('offDelayS'),
        // A tighter limit than the statutory one is the park's own: passing it is not yet a breach of the law.
        statutory: sensor.statutory && sensor.limits[level] === limit,
      });
    } else if (node.type === 'pw-sustained') {
      rules.push({
        ...target, kind: 'sustained', direction: node.direction as 'above' | 'below', limit, durationMs: seconds('durationS'),
        maxGapMs: 2 * sensor.intervalS * 1000, gapPolicy: node.gapPolicy as 'reset' | 'hold' | 'unknown', statutory: false,
      });
    }
  }
  return rules;
};
