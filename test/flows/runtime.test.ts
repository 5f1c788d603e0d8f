import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { FlowProcess, Gateway, World } from './harness.ts';
import { addEvent, createWorld, node, READER, startFlows, startGateway, TAB, thresholdFlow, until } from './harness.ts';

let world: World;
let gateway: Gateway;
let flows: FlowProcess | undefined;

beforeAll(async () => {
  world = await createWorld();
  gateway = await startGateway(world.database);
});
afterEach(async () => {
  if (process.env.SHOW) console.log(flows?.log()); await flows?.kill();
  flows = undefined;
});
afterAll(async () => {
  await gateway.stop();
  await world.drop();
});

const reports = async (eventId: string) =>
  (await world.pool.query<{ hazard_id: string; rule_id: string; rule_version: number; flow_version: number; node_id: string }>('SELECT * FROM hazard_report WHERE event_id = $1', [eventId])).rows;

test('a deploy becomes a version and rules; an event of the rule becomes a case that names event, rule, flow version and node', async () => {
  flows = await startFlows(gateway.port, world.dataDir);
  await flows.ready();
  const deployed = await flows.deploy(thresholdFlow());
  expect(deployed).toMatchObject({ status: 200 });
  const { rows: versions } = await world.pool.query('SELECT version, author_id FROM flow_version ORDER BY version DESC LIMIT 1');
  expect(versions[0]).toMatchObject({ author_id: 'p-owner' });
  const { rows: rules } = await world.pool.query('SELECT rule_id, version, spec FROM rule_version WHERE active_to IS NULL');
  expect(rules).toEqual([{ rule_id: 'flow:thr1:s-p', version: 1, spec: expect.objectContaining({ limit: 240, hysteresis: 5, statutory: false }) }]);

  const eventId = await addEvent(world.pool, { ruleId: 'flow:thr1:s-p' });
  const [report] = await until('report', async () => { const r = await reports(eventId); return r.length > 0 && r; });
  expect(report).toMatchObject({ rule_id: 'flow:thr1:s-p', rule_version: 1, flow_version: versions[0].version, node_id: 'case1' });
  const { rows: events } = await world.pool.query('SELECT handled_by FROM sensor_event WHERE id = $1', [eventId]);
  expect(events[0]).toEqual({ handled_by: 'flow' });
  await until('cursor', async () => (await world.pool.query(`SELECT 1 FROM event_cursor WHERE consumer = 'flows' AND position LIKE '%.' || $1`, [eventId])).rowCount === 1);
});
