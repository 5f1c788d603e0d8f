/**
 * A flow that got past every check and does its worst, on the whole park: the flow process suffers, nobody else does. The
 * versions are put into the record directly, since admission refuses them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { ParkClient } from '../../deploy/demo-park/park-client.ts';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import type { RunningPark } from './park.ts';
import { startPark } from './park.ts';

let park: RunningPark;
let record: pg.Client;
beforeAll(async () => {
  park = await startPark();
  const secret = await readFile(join(park.dataDir, 'postgres/secret'), 'utf8');
  record = new pg.Client({ connectionString: `postgresql://postgres:${secret}@127.0.0.1:${park.ports.POSTGRES_PORT}/parkwarden` });
  await record.connect();
}, 300_000);
afterAll(async () => {
  await record.end();
  await park.stop();
}, 60_000);

const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  const end = performance.now() + 150_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within 150 s: ${what}\n${park.output().slice(-2_000)}`);
    await sleep(250);
  }
};

const event = { id: 'src', type: 'pw-sensor-event', z: 'tab', sensorId: '', sensorKind: '', zoneId: '', tenantId: '', statutoryOnly: false, wires: [['set'], []] };
const change = (to: string, tot: string) => ({ id: 'set', type: 'change', z: 'tab', rules: [{ t: 'set', p: 'payload', pt: 'msg', to, tot }], wires: [['next']] });
/** What the flow does, at which asset a case is moved meanwhile, and its nodes. */
const HOSTILE: [string, string, object[]][] = [
  ['hangs for ever', 'asset-a1', [
    change(`${'a'.repeat(40)}!`, 'str'),
    { id: 'next', type: 'switch', z: 'tab', property: 'payload', propertyType: 'msg', rules: [{ t: 'regex', v: '^(a+)+$', vt: 'str', case: false }], checkall: 'true', outputs: 1, wires: [[]] },
  ]],
  ['makes a message of more than its memory', 'asset-a2', [
    change('[1..9999999].{"a": $, "b": [$, $, $]}', 'jsonata'),
    { id: 'next', type: 'debug', z: 'tab', active: true, complete: 'payload', targetType: 'msg', wires: [] },
  ]],
];

const countReadings = async () => (await record.query<{ n: number }>('SELECT count(*)::int AS n FROM telemetry.reading')).rows[0]!.n;
const processes = async () => JSON.parse(await readFile(join(park.dataDir, 'run/processes.json'), 'utf8')) as Record<string, { pid: number; restarts: number }>;
const UNHARMED = ['api', 'ingest', 'worker', 'postgres', 'engine', 'broker'];
const unharmed = async () => Object.fromEntries(Object.entries(await processes()).filter(([name]) => UNHARMED.includes(name)).map(([name, p]) => [name, p.pid]));

describe.each(HOSTILE)('a flow that %s', (what, assetId, nodes) => {
  test('is killed and started again, while the park takes readings, answers, and moves a case', async () => {
    const before = await unharmed();
    expect(Object.keys(before).sort()).toEqual([...UNHARMED].sort());
    const { rows } = await record.query<{ version: number }>(`INSERT INTO flow_version (flows, sha256) VALUES ($1, 'planted') RETURNING version`, [JSON.stringify([{ id: 'tab', type: 'tab', label: 'planted' }, event, ...nodes])]);
    const killed = `SELECT FROM audit_event WHERE action = 'flow.killed' AND object = 'flow/${rows[0]!.version}'`;
    await until('the flow process is killed', async () => (await record.query(killed)).rowCount! > 0);

    // It hangs, is killed and hangs again: meanwhile everybody else works.
    const readings = await countReadings();
    const inspector = new ParkClient(park.urls.portal, park.account('han.xi'));
    await inspector.signIn();
    const photo = await inspector.upload(makePhoto(what), 'image/png');
    const { status, body } = await inspector.post<{ hazardId: string }>('/api/v1/hazards', {
      type: 'escape_route_blocked', description: 'Pallets before the emergency exit', assetId, photos: [photo], clientAt: new Date().toISOString(),
    });
    expect([status, body]).toEqual([201, expect.objectContaining({ hazardId: expect.any(String) })]);
    const triaged = await inspector.act<{ transition: { to: string } }>(body.hazardId, { act: 'triage', grade: 'general', reason: 'can be cleared at once' });
    expect([triaged.status, triaged.body.transition.to]).toEqual([200, 'triaged']);
    await until('new readings', async () => (await countReadings()) > readings);
    expect(await unharmed()).toEqual(before);
  }, 240_000);
});

test('the statutory alarm of tank A-3 has its case although no flow lived to take it up', async () => {
  await until('the case', async () => {
    const { rows } = await record.query(
      `SELECT h.id FROM sensor_event e JOIN hazard_report r ON r.event_id = e.id JOIN hazard h ON h.id = r.hazard_id
       WHERE e.asset_id = 'asset-a3' AND e.statutory AND e.kind = 'raised' AND e.handled_by IS NOT NULL`,
    );
    return rows.length > 0;
  });
}, 240_000);
