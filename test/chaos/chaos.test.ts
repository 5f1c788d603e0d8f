import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MOVES } from '../../domain/hazard.ts';
import type { HazardState } from '../../domain/hazard.ts';
import { planCase } from './workload.ts';

const chaos = (...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'chaos.ts'), ...args], { maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });

const row = (output: string, name: string): number => Number(new RegExp(`^${name} +(\\d+)$`, 'm').exec(output)?.[1] ?? NaN);

describe('the plan of a kill run', () => {
  test('is the same for the same seed and another for another', () => {
    const plans = (seed: number) => Array.from({ length: 40 }, (_, i) => planCase(seed, i));
    expect(plans(7)).toEqual(plans(7));
    expect(plans(7)).not.toEqual(plans(8));
  });

  test('asks for legal moves only, and for all of them', () => {
    const asked = new Set<string>();
    for (let i = 0; i < 300; i++) {
      let state: HazardState = 'reported';
      for (const { act } of planCase(1, i).acts) {
        expect(MOVES[act].from).toContain(state);
        const { to } = MOVES[act];
        state = to === 'same' ? state : to;
        asked.add(act);
      }
    }
    expect([...asked].sort()).toEqual(['accept', 'dismiss', 'dispatch', 'progress', 'reject', 'returnDispatch', 'start', 'submit', 'triage']);
  });
});

describe('the park under kill -9', () => {
  test('loses no answered act, does nothing twice, and comes to rest', async () => {
    const { code, output } = await chaos('--seed', '20261124', '--cases', '30', '--transitions', '200', '--kills', '7', '--minutes', '4');
    if (code !== 0) throw new Error(output);
    expect(row(output, 'lost')).toBe(0);
    expect(row(output, 'twice')).toBe(0);
    expect(row(output, 'faults')).toBe(0);
    expect(row(output, 'kills')).toBeGreaterThanOrEqual(4);
    expect(row(output, 'cases on record')).toBeGreaterThanOrEqual(30);
    expect(row(output, 'transitions on record')).toBeGreaterThanOrEqual(200);
    expect(row(output, 'statutory excursions')).toBeGreaterThan(0);
  }, 420_000);
});
