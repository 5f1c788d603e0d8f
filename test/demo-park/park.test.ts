import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { Point, Polygon, SensorSeed } from '../../deploy/demo-park/park.ts';
import { ASSETS, GATEWAYS, ORGANISATIONS, PARK, PEOPLE, SENSORS, UNITS, ZONES } from '../../deploy/demo-park/park.ts';
import { EXCURSIONS, PROGRAMME, readRun, valueAt } from '../../deploy/demo-park/signals.ts';
import { admitFlows } from '../../domain/flows.ts';
import type { FlowAsset } from '../../domain/flows.ts';
import { ROLES } from '../../domain/permissions.ts';
import type { AlarmLevel } from '../../domain/rules.ts';

const contains = (polygon: Polygon, { coordinates: [x, y] }: Point): boolean => {
  const ring = polygon.coordinates[0]!;
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [x1, y1] = ring[i - 1]!;
    const [x2, y2] = ring[i]!;
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
};

const crossings = (sensor: SensorSeed, seconds: number): { level: AlarmLevel; at: number }[] => {
  const found: { level: AlarmLevel; at: number }[] = [];
  for (const [level, limit] of Object.entries(sensor.limits) as [AlarmLevel, number][]) {
    let over = false;
    for (let t = 0; t < seconds; t += sensor.intervalS) {
      const value = valueAt(sensor, t);
      const now = level.startsWith('H') ? value > limit : value < limit;
      if (now && !over) found.push({ level, at: t });
      over = now;
    }
  }
  return found;
};

describe('the demo park', () => {
  test('has eight enterprises, about sixty sensors and a gateway for every enterprise', () => {
    const enterprises = ORGANISATIONS.filter((o) => o.kind === 'enterprise');
    expect(enterprises).toHaveLength(8);
    expect(SENSORS.length).toBeGreaterThanOrEqual(55);
    expect(SENSORS.length).toBeLessThanOrEqual(65);
    for (const { id } of enterprises) expect(GATEWAYS.some((g) => g.tenantId === id)).toBe(true);
    expect(enterprises.every((e) => ['A', 'B', 'C', 'D'].includes(e.safetyRating ?? ''))).toBe(true);
  });

  test('uses every id once and names only what exists', () => {
    for (const list of [ORGANISATIONS, ZONES, UNITS, ASSETS, GATEWAYS, SENSORS, PEOPLE]) expect(new Set(list.map((x) => x.id)).size).toBe(list.length);
    expect(new Set(SENSORS.map((s) => `${s.gatewayId}/${s.point}`)).size).toBe(SENSORS.length);
    for (const sensor of SENSORS) {
      const asset = ASSETS.find((a) => a.id === sensor.assetId);
      expect(asset?.tenantId).toBe(sensor.tenantId);
      expect(GATEWAYS.find((g) => g.id === sensor.gatewayId)?.tenantId).toBe(sensor.tenantId);
    }
    for (const asset of ASSETS) expect(UNITS.find((u) => u.id === asset.unitId)).toMatchObject({ tenantId: asset.tenantId, zoneId: asset.zoneId });
  });

  test('places every asset in its zone, every zone in the park, and no asset in two zones', () => {
    for (const asset of ASSETS) {
      expect(ZONES.filter((z) => contains(z.polygon, asset.point)).map((z) => z.id)).toEqual([asset.zoneId]);
      expect(contains(PARK.boundary, asset.point)).toBe(true);
    }
    for (const zone of ZONES) for (const [x, y] of zone.polygon.coordinates[0]!) expect(contains(PARK.boundary, { type: 'Point', coordinates: [x, y] })).toBe(true);
  });

  test('orders limits LL < L < H < HH within the range, and says why a limit binds', () => {
    for (const { id, limits, range, statutory, legalBasis } of SENSORS) {
      const ordered = [limits.LL, limits.L, limits.H, limits.HH].filter((v) => v !== undefined);
      expect({ id, ordered }).toEqual({ id, ordered: [...new Set(ordered)].sort((a, b) => a - b) });
      expect(ordered.length).toBeGreaterThan(0);
      expect(ordered.every((v) => v > range[0] && v < range[1])).toBe(true);
      expect(statutory).toBe(legalBasis !== null);
    }
    const known = ['kPa', 'MPa', '℃', '%', '%LEL', '%RH', 'ppm', 'kscmh', 'kW'];
    expect(SENSORS.filter((s) => !known.includes(s.unit))).toEqual([]);
  });

  test('has somebody for every role; one safety officer per enterprise, two at one', () => {
    const memberships = PEOPLE.flatMap((p) => p.memberships);
    for (const role of ROLES) expect(memberships.some((m) => m.role === role)).toBe(true);
    const officers = ORGANISATIONS.filter((o) => o.kind === 'enterprise').map((o) => memberships.filter((m) => m.orgId === o.id && m.role === 'enterprise_safety_officer').length);
    expect(officers.sort()).toEqual([1, 1, 1, 1, 1, 1, 1, 2]);
    expect(new Set(PEOPLE.map((p) => p.username)).size).toBe(PEOPLE.length);
  });

  test('comes with flows that may be deployed', async () => {
    const flows: unknown = JSON.parse(await readFile(new URL('../../deploy/demo-park/flows.json', import.meta.url), 'utf8'));
    const assets: FlowAsset[] = ASSETS;
    const limit = (s: SensorSeed, level: AlarmLevel): number | null => s.limits[level] ?? null;
    const admitted = admitFlows(flows, JSON.stringify(flows).length, {
      zones: ZONES, enterprises: ORGANISATIONS.filter((o) => o.kind === 'enterprise'), assets, actuators: assets.filter((a) => a.kind === 'beacon'),
      sensors: SENSORS.map((s) => ({ ...s, zoneId: ASSETS.find((a) => a.id === s.assetId)!.zoneId, limits: { LL: limit(s, 'LL'), L: limit(s, 'L'), H: limit(s, 'H'), HH: limit(s, 'HH') } })),
    });
    expect(admitted).toMatchObject({ ok: true, value: { rules: [{ sensorId: 'sensor-a3-pressure', kind: 'threshold', level: 'H' }, { sensorId: 'sensor-cs1-temperature', kind: 'sustained', durationMs: 600_000 }] } });
  });
});

describe('the simulated readings', () => {
  const a3 = SENSORS.find((s) => s.id === 'sensor-a3-pressure')!;

  test('put tank A-3 over its H limit within 30 to 45 s of the start, later over HH, and back', () => {
    const first = crossings(a3, 1800);
    expect(first.map((c) => c.level).sort()).toEqual(['H', 'HH']);
    const h = first.find((c) => c.level === 'H')!;
    expect(h.at).toBeGreaterThanOrEqual(30);
    expect(h.at).toBeLessThanOrEqual(45);
    expect(first.find((c) => c.level === 'HH')!.at).toBeGreaterThan(h.at);
    expect(valueAt(a3, 900)).toBeLessThan(a3.limits.H! - 3);
  });

  test('stay within limits and range everywhere else, except the listed excursions and the reactor plant’s faults', () => {
    const listed = new Set(EXCURSIONS.map((e) => e.sensorId));
    for (const sensor of SENSORS) {
      for (let t = 0; t < 4 * 3600; t += sensor.intervalS) {
        const value = valueAt(sensor, t);
        if (value < sensor.range[0] || value > sensor.range[1]) throw new Error(`${sensor.id} reads ${value} at ${t} s, out of its range`);
      }
      if (!listed.has(sensor.id) && 'rest' in sensor.signal) expect({ id: sensor.id, crossed: crossings(sensor, 4 * 3600) }).toEqual({ id: sensor.id, crossed: [] });
    }
  });

  test('raise few alarms in four hours', () => {
    expect(SENSORS.flatMap((s) => crossings(s, 4 * 3600)).length).toBeLessThan(40);
  });

  test('replay normal operation first, then the fault: loss of A feed drives the reactor to its high limits', () => {
    expect(PROGRAMME[0]!.run).toBe('d00_te');
    const pressure = SENSORS.find((s) => s.id === 'sensor-r801-pressure')!;
    const feed = SENSORS.find((s) => s.id === 'sensor-fh805-flow')!;
    expect(crossings(feed, 300)).toEqual([]);
    expect(crossings(feed, 900).map((c) => c.level).sort()).toEqual(['L', 'LL']);
    expect(crossings(pressure, 1200).map((c) => c.level).sort()).toEqual(['H', 'HH']);
  });
});

describe('the Tennessee Eastman extract', () => {
  test.each(['d00_te', 'd01_te', 'd06_te', 'd07_te'])('%s has all 960 rows of its source, 13 finite columns, the reactor at its known operating point', (name) => {
    const { columns, rows } = readRun(name);
    expect(columns).toEqual(['XMEAS1', 'XMEAS7', 'XMEAS8', 'XMEAS9', 'XMEAS11', 'XMEAS12', 'XMEAS13', 'XMEAS15', 'XMEAS16', 'XMEAS18', 'XMEAS20', 'XMEAS21', 'XMEAS22']);
    expect(rows).toHaveLength(960);
    expect(rows.every((r) => r.length === 13 && r.every(Number.isFinite))).toBe(true);
    const mean = (column: string): number => rows.slice(0, 160).reduce((sum, r) => sum + r[columns.indexOf(column)]!, 0) / 160;
    // Base case of Downs and Vogel: 2705 kPa, 75 %, 120.4 ℃.
    expect(mean('XMEAS7')).toBeCloseTo(2705, -1);
    expect(mean('XMEAS8')).toBeCloseTo(75, 0);
    expect(mean('XMEAS9')).toBeCloseTo(120.4, 1);
  });

  test('d06_te loses its A feed after row 160, as the source says', () => {
    const { columns, rows } = readRun('d06_te');
    const feed = columns.indexOf('XMEAS1');
    expect(Math.min(...rows.slice(0, 160).map((r) => r[feed]!))).toBeGreaterThan(0.1);
    expect(Math.max(...rows.slice(160).map((r) => Math.abs(r[feed]!)))).toBeLessThan(0.01);
  });

  test('travels with its licence', async () => {
    expect(await readFile(new URL('../../deploy/demo-park/tep/LICENSE.txt', import.meta.url), 'utf8')).toContain('Board of Trustees of the University of Illinois');
    expect(await readFile(new URL('../../NOTICE', import.meta.url), 'utf8')).toContain('University of Illinois');
  });
});
