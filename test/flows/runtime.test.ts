import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FlowNode } from '../../domain/flows.ts';
import { runtimeArguments } from '../../flows/permissions.ts';
import { deployFlows, rollbackFlows } from '../../prisma/flow-store.ts';
import type { FlowProcess, Gateway, World } from './harness.ts';
import { addEvent, createWorld, EDITOR, node, READER, startFlows, startGateway, TAB, thresholdFlow, TOKEN, until } from './harness.ts';

let world: World;
let gateway: Gateway;
let flows: FlowProcess | undefined;

beforeEach(async () => {
  world = await createWorld();
  gateway = await startGateway(world.database);
});
afterEach(async () => {
  if (process.env.TEST_SHOW_LOG) console.log(flows?.log());
  await flows?.kill();
  flows = undefined;
  await gateway.stop();
  await world.drop();
});

const start = async (): Promise<FlowProcess> => {
  flows = await startFlows(gateway.port, world.dataDir);
  await flows.ready();
  return flows;
};

const reports = async (eventId: string) =>
  (await world.pool.query<{ hazard_id: string; rule_id: string; rule_version: number; flow_version: number; node_id: string }>('SELECT * FROM hazard_report WHERE event_id = $1', [eventId])).rows;
const reported = (eventId: string) => until(`report of event ${eventId}`, async () => { const r = await reports(eventId); return r.length > 0 && r; });
const cursorAt = (eventId: string) =>
  until(`cursor at ${eventId}`, async () => (await world.pool.query(`SELECT 1 FROM event_cursor WHERE consumer = 'flows' AND position LIKE '%.' || $1`, [eventId])).rowCount === 1);
const deployInRecord = (nodes: FlowNode[]) =>
  world.database.pgTransaction({ scope: 'service' }, async (client) => {
    const deployed = await deployFlows(client, { flows: nodes, author: null });
    if (!deployed.ok) throw new Error(JSON.stringify(deployed.refusal));
    return deployed.value.version;
  });
/** As a version of an earlier release might have left it: past admission. */
const plant = async (nodes: FlowNode[]): Promise<number> =>
  (await world.pool.query<{ version: number }>(`INSERT INTO flow_version (flows, sha256) VALUES ($1, 'planted') RETURNING version`, [JSON.stringify(nodes)])).rows[0]!.version;

describe('the way of an event', () => {
  test('a deploy becomes a version and rules; an event of the rule becomes a case that names event, rule, flow version and node', async () => {
    const { deploy } = await start();
    expect(await deploy(thresholdFlow())).toMatchObject({ status: 200 });
    const { rows: versions } = await world.pool.query('SELECT version, author_id FROM flow_version ORDER BY version DESC LIMIT 1');
    expect(versions[0]).toMatchObject({ author_id: 'p-owner' });
    const { rows: rules } = await world.pool.query('SELECT rule_id, version, spec FROM rule_version WHERE active_to IS NULL');
    expect(rules).toEqual([{ rule_id: 'flow:thr1:s-p', version: 1, spec: expect.objectContaining({ limit: 240, hysteresis: 5, statutory: false }) }]);

    const other = await addEvent(world.pool, { ruleId: 'flow:other:s-p' });
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    const [report] = await reported(eventId);
    expect(report).toMatchObject({ rule_id: 'flow:thr1:s-p', rule_version: 1, flow_version: versions[0].version, node_id: 'case1' });
    const { rows: events } = await world.pool.query('SELECT id::text, handled_by FROM sensor_event ORDER BY id');
    expect(events).toEqual([{ id: other, handled_by: null }, { id: eventId, handled_by: 'flow' }]);
    await cursorAt(eventId);
  });

  test('a stop and a start keep the cursor: nothing is handed out twice, what came in between is', async () => {
    await deployInRecord(thresholdFlow());
    const first = await start();
    const seen = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    await reported(seen);
    await cursorAt(seen);
    expect(await first.stop()).toBe(0);
    const missed = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p', sensorId: 's-r' });
    gateway.hold('start-case', null);
    await start();
    await reported(missed);
    await cursorAt(missed);
    const { rows } = await world.pool.query('SELECT event_id::text FROM hazard_report ORDER BY event_id');
    expect(rows).toEqual([{ event_id: seen }, { event_id: missed }]);
  });

  test.each(['before', 'after'] as const)('kill -9 with the call on its way (the gateway got it: %s its work): exactly one case', async (when) => {
    await deployInRecord(thresholdFlow());
    const first = await start();
    gateway.hold('start-case', when);
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    await until('held call', async () => gateway.held() > 0);
    if (when === 'after') await reported(eventId);
    else expect(await reports(eventId)).toEqual([]);
    expect((await world.pool.query('SELECT FROM event_cursor')).rowCount).toBe(0);
    await first.kill();
    gateway.hold('start-case', null);
    await start();
    await cursorAt(eventId);
    expect(await reports(eventId)).toHaveLength(1);
  });

  test('every node type does its work, through core nodes, with the event as it was stored', async () => {
    const wires: FlowNode[] = [
      TAB,
      node('src', 'pw-sensor-event', { sensorId: '', sensorKind: 'pressure', zoneId: 'zone-a', tenantId: 'ent-1', statutoryOnly: true }, [['sw'], ['sig']]),
      node('sw', 'switch', { property: 'payload.value', propertyType: 'msg', rules: [{ t: 'gt', v: '250', vt: 'num' }], checkall: 'true', repair: false, outputs: 1 }, [['case', 'out']]),
      node('out', 'link out', { mode: 'link', links: ['in'] }, []),
      node('in', 'link in', { links: ['out'] }, [['note', 'on']]),
      node('case', 'pw-start-case', { hazardType: 'leak', title: '压力异常', description: '' }),
      node('sig', 'pw-signal-case', { note: '' }),
      node('note', 'pw-notify', { recipients: ['enterprise', 'park_admin'] }),
      node('on', 'pw-actuate', { assetId: 'b-1', command: 'on' }),
    ];
    await deployInRecord(wires);
    await start();
    const ignored = await addEvent(world.pool, { ruleId: 'registry:s-t:HH', sensorId: 's-t', statutory: true, value: 300 });
    const raised = await addEvent(world.pool, { ruleId: 'registry:s-p:HH', statutory: true, value: 262, episodeId: 'ep-x' });
    const [report] = await reported(raised);
    const cleared = await addEvent(world.pool, { ruleId: 'registry:s-p:HH', kind: 'cleared', statutory: true, value: 240, episodeId: 'ep-x' });
    await cursorAt(cleared);
    const { rows: all } = await world.pool.query('SELECT event_id::text, type, title, node_id, hazard_id FROM hazard_report ORDER BY received_at');
    expect(all).toEqual([
      { event_id: raised, type: 'leak', title: '压力异常', node_id: 'case', hazard_id: report!.hazard_id },
      { event_id: cleared, type: 'leak', title: expect.stringContaining('恢复正常'), node_id: 'sig', hazard_id: report!.hazard_id },
    ]);
    expect(await reports(ignored)).toEqual([]);
    const { rows: outbox } = await world.pool.query(`SELECT topic, key, payload FROM outbox WHERE topic IN ('notify', 'actuate') ORDER BY topic`);
    const { rows: actuations } = await world.pool.query('SELECT id, asset_id, command, event_id::text, node_id FROM actuation');
    expect(actuations).toEqual([{ id: expect.any(String), asset_id: 'b-1', command: 'on', event_id: raised, node_id: 'on' }]);
    expect(outbox).toEqual([
      { topic: 'actuate', key: `actuate/${raised}/on`, payload: { actuationId: actuations[0].id } },
      { topic: 'notify', key: `notify/${raised}/note`, payload: { episodeId: 'ep-x', recipients: ['enterprise', 'park_admin'] } },
    ]);
  });
});

describe('versions', () => {
  test('a refused deploy says why in the words of the reader and is neither stored nor started', async () => {
    const { deploy, admin } = await start();
    expect(await deploy(thresholdFlow())).toMatchObject({ status: 200 });
    const weak = await deploy(thresholdFlow({ limit: '260' }));
    expect(weak.status).toBe(422);
    expect(JSON.parse(weak.text)).toMatchObject({ code: 'flow.rule_weakens_statutory', message: expect.stringContaining('法定限值 HH 为 250') });
    const reader = await deploy(thresholdFlow({ limit: '230' }), READER);
    expect(reader.status).toBe(401);
    const forged = await deploy(thresholdFlow({ limit: '230' }), { ...EDITOR, personId: 'p-reader', language: 'en' as never });
    expect(forged).toMatchObject({ status: 403, text: expect.stringContaining('may not') });
    expect((await world.pool.query('SELECT FROM flow_version')).rowCount).toBe(1);
    expect((await admin('/flow-editor/flows')).text).toContain('"limit":"240"');
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    await reported(eventId);
  });

  test('a rollback in the record reaches the running flows by itself', async () => {
    const first = await deployInRecord(thresholdFlow());
    await deployInRecord([TAB, node('dbg', 'debug', { active: true, complete: 'payload', targetType: 'msg' }, [])]);
    const running = await start();
    const rolled = await world.database.pgTransaction({ scope: 'service' }, (client) => rollbackFlows(client, { version: first, author: null, note: 'back' }));
    expect(rolled).toMatchObject({ ok: true });
    await until('new version', async () => (await running.ready()).flowVersion === (rolled as { value: { version: number } }).value.version);
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    expect((await reported(eventId))[0]).toMatchObject({ node_id: 'case1', flow_version: (rolled as { value: { version: number } }).value.version });
  });

  test('kill -9 in the middle of a deploy: the old version or the new one, never a mixture', async () => {
    await deployInRecord(thresholdFlow());
    const first = await start();
    gateway.hold('flows', 'after');
    const deploying = first.deploy(thresholdFlow({ limit: '230' })).catch(() => null);
    await until('held deploy', async () => gateway.held() > 0);
    await first.kill();
    await deploying;
    gateway.hold('flows', null);
    const second = await start();
    const { rows } = await world.pool.query(`SELECT v.version, v.flows, (SELECT json_agg(spec->'limit') FROM rule_version WHERE active_to IS NULL) AS limits FROM flow_version v ORDER BY version DESC LIMIT 1`);
    const limit = Number(rows[0].flows.find((n: FlowNode) => n.id === 'thr1').limit);
    expect(rows[0].limits).toEqual([limit]);
    expect((await second.ready()).flowVersion).toBe(rows[0].version);
    expect((await second.admin('/flow-editor/flows')).text).toContain(`"limit":"${limit}"`);
  });
});

describe('a flow that hangs', () => {
  test('gateway and record go on; the process is killed, started again, and the version that did it three times is quarantined', async () => {
    const good = await deployInRecord(thresholdFlow());
    const hanging = [
      ...thresholdFlow(),
      node('src2', 'pw-sensor-event', { sensorId: 's-t' }, [['set'], []]),
      node('set', 'change', { rules: [{ t: 'set', p: 'payload', pt: 'msg', to: 'a'.repeat(40) + '!', tot: 'str' }] }, [['sw']]),
      node('sw', 'switch', { property: 'payload', propertyType: 'msg', rules: [{ t: 'regex', v: '^(a+)+$', vt: 'str', case: false }], checkall: 'true', outputs: 1 }),
    ];
    const bad = await plant(hanging);
    const running = await start();
    expect((await running.ready()).flowVersion).toBe(bad);
    await addEvent(world.pool, { ruleId: 'registry:s-t:HH', sensorId: 's-t' });
    const silent = async () => !(await fetch(`http://127.0.0.1:${running.port}/healthz`, { signal: AbortSignal.timeout(1_500) }).then(() => true, () => false));
    await until('silence', silent);
    expect(await gateway.call('registry')).toMatchObject({ status: 200 });
    expect((await world.pool.query('SELECT 1')).rowCount).toBe(1);

    await until('quarantine', async () => (await world.pool.query(`SELECT FROM audit_event WHERE action = 'flow.quarantined' AND object = $1`, [`flow/${bad}`])).rowCount === 1, 90_000);
    await until('good version', async () => (await running.ready()).flowVersion === good, 60_000);
    const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
    expect((await reported(eventId))[0]).toMatchObject({ node_id: 'case1', flow_version: good });
    const { rows } = await world.pool.query(`SELECT object, detail->>'reason' AS reason FROM audit_event WHERE action = 'flow.killed'`);
    expect(rows).toEqual(Array.from({ length: 3 }, () => ({ object: `flow/${bad}`, reason: 'silent' })));
    expect(running.log()).toContain(`flow version ${bad} is quarantined`);
  }, 180_000);

  test('an endless loop of wires that doubles its messages ends the process, not its neighbours', async () => {
    const bad = await plant([
      TAB,
      node('src', 'pw-sensor-event', { sensorId: '' }, [['grow'], []]),
      node('grow', 'change', { rules: [{ t: 'set', p: 'topic', pt: 'msg', to: 'x', tot: 'str' }] }, [['grow', 'grow2']]),
      node('grow2', 'change', { rules: [{ t: 'set', p: 'topic', pt: 'msg', to: 'y', tot: 'str' }] }, [['grow', 'grow2']]),
    ]);
    const running = await start();
    const pid = await running.runtimePid();
    await addEvent(world.pool, { ruleId: 'registry:s-p:HH' });
    await until('a kill', async () => (await world.pool.query(`SELECT FROM audit_event WHERE action = 'flow.killed' AND object = $1`, [`flow/${bad}`])).rowCount! > 0, 60_000);
    expect(await gateway.call('registry')).toMatchObject({ status: 200 });
    await until('a new process', async () => (await running.runtimePid()) !== pid);
    expect(running.child.exitCode).toBeNull();
  }, 120_000);
});

describe('what the process holds', () => {
  test('nothing of our environment', async () => {
    const { runtimePid } = await start();
    const environment = await readFile(`/proc/${await runtimePid()}/environ`, 'utf8');
    expect(environment).not.toContain('canary-7f3a');
    expect(environment).not.toContain(TOKEN);
    expect(environment.split('\0').filter(Boolean)).toEqual([expect.stringMatching(/^NODE_CHANNEL_FD=/), expect.stringMatching(/^NODE_CHANNEL_SERIALIZATION_MODE=/)]);
  });

  test.each([
    ['starting a process', `require('node:child_process').execSync('id')`],
    ['writing a file', `require('node:fs').writeFileSync('/tmp/pw-permission-test', '')`],
    ['reading a file of the system', `require('node:fs').readFileSync('/etc/passwd')`],
    ['a worker thread', `new (require('node:worker_threads').Worker)('1', { eval: true })`],
    ['a native add-on', `process.dlopen({ exports: {} }, '/nowhere.node')`],
  ])('Node forbids %s', async (_what, code) => {
    const script = `try { ${code}; console.log('done') } catch (error) { console.log(error.code) }`;
    const { stdout } = await promisify(execFile)(process.execPath, [...runtimeArguments(process.cwd()), '-e', script], { env: {} });
    expect(stdout.trim()).toMatch(/^ERR_(ACCESS_DENIED|DLOPEN_DISABLED)$/);
  });
});
