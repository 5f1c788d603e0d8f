/** Hostile flows and calls: each has its stated answer, and nothing of it is stored. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { FlowNode } from '../../domain/flows.ts';
import { FLOW_RATES } from '../../domain/flows.ts';
import { deployFlows } from '../../prisma/flow-store.ts';
import type { Gateway, World } from '../flows/harness.ts';
import { addEvent, createWorld, node, startGateway, TAB, thresholdFlow } from '../flows/harness.ts';

let world: World;
let gateway: Gateway;
let version: number;
let clock = Date.now();

const WORKING: FlowNode[] = [
  ...thresholdFlow(),
  node('sig1', 'pw-signal-case', { note: '' }),
  node('note1', 'pw-notify', { recipients: ['enterprise'] }),
  node('act1', 'pw-actuate', { assetId: 'b-1', command: 'on' }),
];

beforeAll(async () => {
  world = await createWorld();
  gateway = await startGateway(world.database, { now: () => clock });
  const deployed = await world.database.pgTransaction({ scope: 'service' }, (client) => deployFlows(client, { flows: WORKING, author: null }));
  if (!deployed.ok) throw new Error(JSON.stringify(deployed.refusal));
  version = deployed.value.version;
});
afterEach(() => {
  clock += 3_600_000;
});
afterAll(async () => {
  await gateway.stop();
  await world.drop();
});

const stored = async (): Promise<unknown> =>
  (await world.pool.query(`SELECT (SELECT count(*) FROM flow_version) v, (SELECT json_agg(r ORDER BY rule_id, version) FROM rule_version r) r, (SELECT count(*) FROM hazard_report) h,
    (SELECT count(*) FROM outbox) o, (SELECT count(*) FROM actuation) a`)).rows[0];

const thr = (config: Record<string, unknown>): FlowNode[] => thresholdFlow(config);
const withNode = (type: string, config: Record<string, unknown> = {}, wires: string[][] = [[]]): unknown[] => [...thresholdFlow(), node('bad', type, config, wires)];

const HOSTILE: [string, () => unknown, number, string][] = [
  ['an endless loop of wires', () => [TAB, node('a', 'change', { rules: [] }, [['b']]), node('b', 'change', { rules: [] }, [['a']])], 422, 'flow.wire_loop'],
  ['a node wired to itself', () => withNode('change', { rules: [] }, [['bad']]), 422, 'flow.wire_loop'],
  ['a loop through links', () => [TAB, node('in', 'link in', { links: ['out'] }, [['out']]), node('out', 'link out', { mode: 'link', links: ['in'] }, [])], 422, 'flow.wire_loop'],
  ['a loop through a status node', () => [TAB, node('st', 'status', { scope: null }, [['n']]), node('n', 'pw-notify', { recipients: ['enterprise'] })], 422, 'flow.wire_loop'],
  [
    'branches without bound',
    () => [TAB, ...Array.from({ length: 20 }, (_, i) => ['a', 'b'].map((side) => node(`${side}${i}`, 'junction', {}, [i < 19 ? [`a${i + 1}`, `b${i + 1}`] : []]))).flat()],
    422, 'flow.wire_loop',
  ],
  ...['function', 'exec', 'file', 'file in', 'http request', 'http in', 'tcp in', 'udp out', 'mqtt in', 'websocket in', 'template', 'delay', 'trigger', 'batch', 'join', 'watch', 'subflow', 'subflow:x', 'global-config', 'toString'].map(
    (type): [string, () => unknown, number, string] => [`a ${type} node`, () => withNode(type, { func: 'return msg' }), 422, 'flow.node_type_denied'],
  ),
  ['reading the environment by change', () => withNode('change', { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'DATABASE_URL', tot: 'env' }] }), 422, 'flow.property_denied'],
  ['reading the environment by substitution', () => withNode('debug', { complete: 'payload', name: '${DATABASE_URL}' }), 422, 'flow.property_denied'],
  ['defining environment on a tab', () => [{ ...TAB, env: [{ name: 'A', type: 'env', value: 'PATH' }] }], 422, 'flow.property_denied'],
  ['global context in switch', () => withNode('switch', { property: 'x', propertyType: 'global', rules: [] }), 422, 'flow.property_denied'],
  ['JSONata in change', () => withNode('change', { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: '($f := function($x){$f($x)}; $f(1))', tot: 'jsonata' }] }), 422, 'flow.property_denied'],
  ['a regular expression that backtracks', () => withNode('switch', { property: 'payload', propertyType: 'msg', rules: [{ t: 'regex', v: '^(a+)+$', vt: 'str' }] }), 422, 'flow.property_denied'],
  ['a path to the prototype', () => withNode('change', { rules: [{ t: 'set', p: '__proto__.polluted', pt: 'msg', to: '1', tot: 'num' }] }), 422, 'flow.property_denied'],
  ['a path that a message chooses', () => withNode('change', { rules: [{ t: 'set', p: 'a[msg.b]', pt: 'msg', to: '1', tot: 'num' }] }), 422, 'flow.property_denied'],
  ['a timer', () => withNode('inject', { props: [], repeat: '0.01', crontab: '', once: true }), 422, 'flow.property_denied'],
  ['a huge constant', () => withNode('change', { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'x'.repeat(100_000), tot: 'str' }] }), 422, 'flow.property_denied'],
  ['credentials', () => withNode('debug', { credentials: { password: 'x' } }), 422, 'flow.property_denied'],
  ['an unknown sensor', () => thr({ sensorId: 's-none' }), 422, 'flow.sensor_unknown'],
  ['a limit that is no number', () => thr({ limit: 'NaN' }), 422, 'flow.rule_invalid'],
  ['an infinite limit', () => thr({ limit: '-Infinity' }), 422, 'flow.rule_invalid'],
  ['a delay before now', () => thr({ onDelayS: -1 }), 422, 'flow.rule_invalid'],
  ['a weakened statutory limit', () => thr({ limit: 250.5 }), 422, 'flow.rule_weakens_statutory'],
  ['a delayed statutory limit', () => thr({ limit: 250, onDelayS: 60 }), 422, 'flow.rule_weakens_statutory'],
  ['a weakened statutory limit by duration', () => [TAB, node('su', 'pw-sustained', { sensorId: 's-p', direction: 'above', limit: 300, durationS: 60, gapPolicy: 'reset' })], 422, 'flow.rule_weakens_statutory'],
  ['a tank instead of a beacon', () => withNode('pw-actuate', { assetId: 'a-3', command: 'off' }), 422, 'flow.actuator_denied'],
  ['a command that a beacon does not have', () => withNode('pw-actuate', { assetId: 'b-1', command: 'explode' }), 422, 'flow.rule_invalid'],
  ['recipients outside the list', () => withNode('pw-notify', { recipients: ['everyone@example.org'] }), 422, 'flow.rule_invalid'],
  ['an unknown hazard type', () => withNode('pw-start-case', { hazardType: 'constructor' }), 422, 'hazard.type_unknown'],
  ['duplicate ids', () => [...thresholdFlow(), ...thresholdFlow()], 422, 'flow.invalid'],
  ['a wire to nowhere', () => withNode('debug', {}, [['nowhere']]), 422, 'flow.invalid'],
  ['a node on no tab', () => [{ id: 'x', type: 'debug', z: 'none', wires: [] }], 422, 'flow.invalid'],
  ['wires that are none', () => withNode('debug', { wires: 'all' }), 422, 'flow.invalid'],
  ['no list', () => ({ flows: [] }), 422, 'flow.invalid'],
  ['501 nodes', () => [TAB, ...Array.from({ length: 501 }, (_, i) => node(`n${i}`, 'comment', {}, []))], 413, 'flow.too_large'],
];

describe('a flow that is', () => {
  test.each(HOSTILE)('%s is refused and leaves nothing', async (_what, flows, status, code) => {
    const before = await stored();
    const answer = await gateway.call('flows', { body: { flows: flows(), author: null } });
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(answer.body).toMatchObject({ titleZh: expect.any(String), titleEn: expect.any(String) });
    expect(await stored()).toEqual(before);
  });

  test('2 MB large, nested without end, hiding a prototype or no JSON at all is refused', async () => {
    const before = await stored();
    const big = await gateway.call('flows', { raw: JSON.stringify({ flows: [{ ...TAB, info: 'x'.repeat(2_000_000) }], author: null }) });
    expect(big).toMatchObject({ status: 413, body: { code: 'flow.too_large' } });
    const slightly = await gateway.call('flows', { raw: JSON.stringify({ flows: [{ ...TAB, info: 'x'.repeat(1_050_000) }], author: null }) });
    expect(slightly).toMatchObject({ status: 413, body: { code: 'flow.too_large' } });
    const proto = await gateway.call('flows', { raw: `{"flows":[{"id":"tab1","type":"tab","__proto__":{"polluted":1}}],"author":null}` });
    expect(proto).toMatchObject({ status: 422, body: { code: 'flow.invalid' } });
    const deep = await gateway.call('flows', { raw: `{"flows":[{"id":"tab1","type":"tab","info":${'['.repeat(100_000)}${']'.repeat(100_000)}}],"author":null}` });
    expect(deep.status).toBe(413);
    const nested = await gateway.call('flows', { raw: `{"flows":[{"id":"tab1","type":"tab","info":${'['.repeat(40)}${']'.repeat(40)}}],"author":null}` });
    expect(nested).toMatchObject({ status: 422, body: { code: 'flow.invalid' } });
    const text = await gateway.call('flows', { raw: '{"flows": [' });
    expect(text).toMatchObject({ status: 400, body: { code: 'request.malformed' } });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(await stored()).toEqual(before);
  });

  test('wrong in many places is told every one of them', async () => {
    const answer = await gateway.call('flows', { body: { flows: [...thr({ sensorId: 'none', level: 'XX', hysteresis: -1 }), node('bad', 'exec')], author: null } });
    expect(answer.body.errors!.map((e) => `${e.field} ${e.code}`)).toEqual(
      ['thr1.sensorId flow.sensor_unknown', 'thr1.level flow.rule_invalid', 'thr1.hysteresis flow.rule_invalid', 'bad flow.node_type_denied'],
    );
  });

  test('deployed in the name of somebody who may not', async () => {
    const before = await stored();
    for (const personId of ['p-reader', 'p-nobody']) {
      expect(await gateway.call('flows', { body: { flows: thresholdFlow({ limit: 200 }), author: { personId } } })).toMatchObject({ status: 403, body: { code: 'permission.denied' } });
    }
    expect(await stored()).toEqual(before);
  });
});

describe('a call that', () => {
  const call = (nodeId: string, eventId: string, more: object = {}) => ({ eventId, nodeId, flowVersion: version, ...more });

  test.each([
    ['has the wrong token', 'start-case', () => call('case1', '1'), { token: 'x'.repeat(32) }, 401, 'flow.token'],
    ['has no token', 'flows', () => ({}), { token: '' }, 401, 'flow.token'],
    ['names an event that does not exist', 'start-case', () => call('case1', '999999999'), {}, 422, 'flow.event_unknown'],
    ['names an event that is no number', 'start-case', () => call('case1', "1' OR '1'='1"), {}, 422, 'request.invalid'],
    ['names another version', 'start-case', () => ({ ...call('case1', '1'), flowVersion: 4_711 }), {}, 404, 'flow.version_unknown'],
    ['names no node of the version', 'start-case', () => call('case9', '1'), {}, 422, 'flow.node_unknown'],
    ['names a node of another type', 'actuate', () => call('case1', '1'), {}, 422, 'flow.node_unknown'],
    ['asks the prototype for a node', 'start-case', () => call('__proto__', '1'), {}, 422, 'flow.node_unknown'],
    ['goes nowhere', 'shell', () => ({ command: 'id' }), {}, 404, 'request.not_found'],
    ['moves the cursor to nonsense', 'cursor', () => ({ consumer: 'flows', position: '1;DROP TABLE hazard' }), {}, 400, 'request.cursor_invalid'],
  ] as const)('%s is refused', async (_what, path, body, options, status, code) => {
    const before = await stored();
    const answer = await gateway.call(path, { body: body(), ...options });
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(await stored()).toEqual(before);
  });

  test('comes a day late, or opens a case from a return to normal, is refused', async () => {
    const stale = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p', storedAt: new Date(Date.now() - FLOW_RATES.eventMaxAgeMs - 60_000) });
    const cleared = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p', kind: 'cleared' });
    const before = await stored();
    expect(await gateway.call('start-case', { body: call('case1', stale) })).toMatchObject({ status: 422, body: { code: 'flow.event_stale' } });
    expect(await gateway.call('start-case', { body: call('case1', cleared) })).toMatchObject({ status: 422, body: { code: 'flow.event_kind' } });
    expect(await stored()).toEqual(before);
  });

  test('asks for more than its node was deployed with is refused', async () => {
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    const before = await stored();
    const differs = { status: 422, body: { code: 'flow.node_differs' } };
    expect(await gateway.call('actuate', { body: call('act1', eventId, { assetId: 'a-3' }) })).toMatchObject(differs);
    expect(await gateway.call('actuate', { body: call('act1', eventId, { command: 'off' }) })).toMatchObject(differs);
    expect(await gateway.call('notify', { body: call('note1', eventId, { recipients: ['park_admin'] }) })).toMatchObject(differs);
    expect(await gateway.call('start-case', { body: call('case1', eventId, { type: 'leak' }) })).toMatchObject(differs);
    expect(await stored()).toEqual(before);
    // A beacon that is no beacon any more.
    await world.pool.query(`UPDATE asset SET kind = 'pump' WHERE id = 'b-1'`);
    expect(await gateway.call('actuate', { body: call('act1', eventId) })).toMatchObject({ status: 422, body: { code: 'flow.actuator_denied' } });
    await world.pool.query(`UPDATE asset SET kind = 'beacon' WHERE id = 'b-1'`);
    expect(await stored()).toEqual(before);
  });

  test('comes 10,000 times in one second meets the limiter: one case, one audit row', async () => {
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    const audits = async () => (await world.pool.query(`SELECT count(*)::int AS n FROM audit_event WHERE action = 'flow.start-case' AND outcome = 'request.rate_limited'`)).rows[0].n as number;
    const before = await audits();
    const statuses: number[] = [];
    for (let batch = 0; batch < 100; batch += 1) {
      const answers = await Promise.all(Array.from({ length: 100 }, () => gateway.call('start-case', { body: call('case1', eventId) })));
      statuses.push(...answers.map((a) => a.status));
    }
    expect(statuses.filter((s) => s === 200).length).toBe(FLOW_RATES.perFlow.burst);
    expect(statuses.filter((s) => s === 429).length).toBe(10_000 - FLOW_RATES.perFlow.burst);
    expect(await audits()).toBe(before + 1);
    expect((await world.pool.query('SELECT FROM hazard_report WHERE event_id = $1', [eventId])).rowCount).toBe(1);
  });

  test('comes for one point again within 10 s waits; the same event does not', async () => {
    const first = await addEvent(world.pool, { ruleId: 'flow:thr1:s-r', sensorId: 's-r' });
    const second = await addEvent(world.pool, { ruleId: 'flow:thr1:s-r', sensorId: 's-r' });
    expect(await gateway.call('notify', { body: call('note1', first) })).toMatchObject({ status: 200 });
    expect(await gateway.call('notify', { body: call('note1', first) })).toMatchObject({ status: 200 });
    expect(await gateway.call('notify', { body: call('note1', second) })).toMatchObject({ status: 429, body: { code: 'request.rate_limited', waitMs: 10_000 } });
    clock += 10_000;
    expect(await gateway.call('notify', { body: call('note1', second) })).toMatchObject({ status: 200 });
    expect((await world.pool.query(`SELECT FROM outbox WHERE topic = 'notify'`)).rowCount).toBe(2);
  });

  test('comes twice gets the same answer: one case, one command', async () => {
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-t', sensorId: 's-t' });
    const first = await gateway.call('start-case', { body: call('case1', eventId) });
    const again = await gateway.call('start-case', { body: call('case1', eventId) });
    expect(first).toMatchObject({ status: 200, body: { duplicate: false } });
    expect(again).toMatchObject({ status: 200, body: { hazardId: first.body.hazardId, duplicate: true } });
    const on = await gateway.call('actuate', { body: call('act1', eventId) });
    expect(await gateway.call('actuate', { body: call('act1', eventId) })).toMatchObject({ body: { actuationId: on.body.actuationId, duplicate: true } });
    expect((await world.pool.query('SELECT FROM actuation WHERE event_id = $1', [eventId])).rowCount).toBe(1);
    expect((await world.pool.query(`SELECT FROM outbox WHERE topic = 'actuate'`)).rowCount).toBe(1);
  });
});
