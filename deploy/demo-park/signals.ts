/**
 * What the demo park's sensors read at an instant. Pure: a simulator that starts again, and a test, get the same values.
 * Process sensors rest within their limits; the few excursions are the ones listed here and the faults of the replayed runs.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SensorSeed } from './park.ts';

/** One row of a run (three minutes of the plant) is shown for so long. */
export const ROW_S = 5;

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** An excursion of one sensor: offsets from its resting value, reached smoothly at seconds after `startS`, again every `everyS`. */
export interface Excursion { sensorId: string; startS: number; everyS: number; path: readonly (readonly [afterS: number, offset: number])[] }

export const EXCURSIONS: readonly Excursion[] = [
  // Styrene tank A-3: over the flow's limit and H within 45 s of the start, over HH about two minutes later, back after eight.
  { sensorId: 'sensor-a3-pressure', startS: 10, everyS: 4 * HOUR, path: [[0, 0], [35, 8], [80, 8], [170, 9.8], [290, 9.8], [470, 0]] },
  // A door of cold store 1 stays open: above -16 ℃ for more than ten minutes, never above its registered limit.
  { sensorId: 'sensor-cs1-temperature', startS: 10 * MINUTE, everyS: 4 * HOUR, path: [[0, 0], [2 * MINUTE, 5], [17 * MINUTE, 5], [21 * MINUTE, 0]] },
  // A warm afternoon in warehouse 2.
  { sensorId: 'sensor-wh2-temperature', startS: 25 * MINUTE, everyS: 6 * HOUR, path: [[0, 0], [10 * MINUTE, 11], [15 * MINUTE, 11], [25 * MINUTE, 0]] },
];

/** The reactor plant's programme: normal operation, then real faults with normal operation between them. Rows [from, to). */
export const PROGRAMME: readonly { run: string; from: number; to: number }[] = [
  { run: 'd00_te', from: 0, to: 60 },
  { run: 'd06_te', from: 150, to: 300 }, // loss of A feed
  { run: 'd00_te', from: 60, to: 420 },
  { run: 'd01_te', from: 150, to: 400 }, // step in the A/C feed ratio
  { run: 'd00_te', from: 420, to: 780 },
  { run: 'd07_te', from: 150, to: 400 }, // C header pressure loss
];

export interface Run { columns: string[]; rows: number[][] }

export const readRun = (name: string): Run => {
  const [head = '', ...lines] = readFileSync(join(import.meta.dirname, 'tep', `${name}.csv`), 'utf8').trimEnd().split('\n');
  return { columns: head.split(','), rows: lines.map((line) => line.split(',').map(Number)) };
};

const runs = new Map<string, Run>();
const run = (name: string): Run => {
  const known = runs.get(name) ?? readRun(name);
  runs.set(name, known);
  return known;
};

const replayed = (column: string, tS: number): number => {
  const total = PROGRAMME.reduce((sum, part) => sum + part.to - part.from, 0);
  let row = Math.floor(tS / ROW_S) % total;
  for (const part of PROGRAMME) {
    if (row < part.to - part.from) {
      const { columns, rows } = run(part.run);
      const value = rows[part.from + row]?.[columns.indexOf(column)];
      if (value === undefined) throw new Error(`run ${part.run} has no ${column} in row ${part.from + row}`);
      return value;
    }
    row -= part.to - part.from;
  }
  throw new Error('the programme is empty');
};

/** -1..1, the same for the same sensor and instant. */
const noise = (seed: string, tick: number): number => {
  let h = 2166136261 ^ tick;
  for (let i = 0; i < seed.length; i++) h = Math.imul(h ^ seed.charCodeAt(i), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return ((h ^ (h >>> 16)) >>> 0) / 2147483648 - 1;
};

const smooth = (x: number): number => x * x * (3 - 2 * x);

const offsetAt = (excursion: Excursion, tS: number): number => {
  const since = (tS - excursion.startS) % excursion.everyS;
  if (tS < excursion.startS) return 0;
  for (let i = 1; i < excursion.path.length; i++) {
    const [fromS, from] = excursion.path[i - 1]!;
    const [toS, to] = excursion.path[i]!;
    if (since < toS) return from + (to - from) * smooth((since - fromS) / (toS - fromS));
  }
  return 0;
};

/** The sensor's value `tS` seconds after the start, in its unit. */
export const valueAt = (sensor: SensorSeed, tS: number): number => {
  if ('column' in sensor.signal) return replayed(sensor.signal.column, tS);
  const { rest, swing, noise: grain } = sensor.signal;
  // Each sensor swings with its own period between 20 and 50 minutes.
  const period = (35 + 15 * noise(sensor.id, 0)) * MINUTE;
  const value = rest + swing * Math.sin((2 * Math.PI * tS) / period) + grain * noise(sensor.id, Math.floor(tS) + 1);
  const offset = EXCURSIONS.filter((e) => e.sensorId === sensor.id).reduce((sum, e) => sum + offsetAt(e, tS), 0);
  return Number((value + offset).toPrecision(6));
};
