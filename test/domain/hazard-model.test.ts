/** The automaton of a case against random people, clocks and messages; what is wanted is written down in case-model.ts. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HAZARD_STATES, MOVES } from '../../domain/hazard.ts';
import type { Choice } from './case-model.ts';
import { ALL_RULES, COMMANDS, DAY, HOUR, live, nothingSeen, WANTED } from './case-model.ts';

const COMMANDS_AT_LEAST = 100_000;
const SEED = Number(process.env.TEST_SEED ?? 20261124);

const choice: fc.Arbitrary<Choice> = fc.record({
  which: fc.nat(1_000), pick: fc.nat(1_000), actor: fc.nat(1_000), seed: fc.nat(2 ** 30),
  gap: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 12, arbitrary: fc.nat(HOUR) }, { weight: 8, arbitrary: fc.nat(8 * HOUR) }, { weight: 2, arbitrary: fc.nat(3 * DAY) }, { weight: 1, arbitrary: fc.nat(40 * DAY) }),
  mode: fc.oneof({ weight: 12, arbitrary: fc.constant('helpful' as const) }, { weight: 4, arbitrary: fc.constant('anything' as const) }, { weight: 6, arbitrary: fc.constant('careless' as const) }, { weight: 2, arbitrary: fc.constant('message' as const) },
    { weight: 1, arbitrary: fc.constant('report' as const) }, { weight: 1, arbitrary: fc.constant('merge' as const) }),
});

/** Codes that hazard-moves.ts can refuse with. */
const codesOf = (file: string): string[] => [...new Set([...readFileSync(new URL(`../../domain/${file}`, import.meta.url), 'utf8').matchAll(/refuse\('([a-z_.]+)'/g)].map((m) => m[1]!))].sort();

describe('the automaton of a case', () => {
  test('the table of moves is what was agreed', () => {
    for (const name of COMMANDS) {
      for (const state of HAZARD_STATES) {
        const move = MOVES[name];
        expect([name, state, move.from.includes(state) ? (move.to === 'same' ? state : move.to) : undefined]).toEqual([name, state, WANTED[name][state]]);
      }
    }
    expect(Object.keys(MOVES).sort()).toEqual([...COMMANDS].sort());
  });

  test(`at least ${COMMANDS_AT_LEAST} random commands: every legal transition is reached, every illegal one refused, every refusal given, the invariants hold [C-018]`, () => {
    const seen = nothingSeen();
    for (let round = 0; seen.commands < COMMANDS_AT_LEAST; round += 1) {
      fc.assert(
        fc.property(fc.array(choice, { minLength: 1, maxLength: 120, size: 'max' }), fc.nat(ALL_RULES.length - 1), fc.nat(700), (choices, rules, day) =>
          live(choices, ALL_RULES[rules]!, Date.UTC(2024, 10, 24) + day * DAY, seen)),
        { numRuns: 300, seed: SEED + round },
      );
    }
    console.log(`seed ${SEED}: ${seen.commands} commands, ${seen.legal.size} legal and ${seen.refused.size} illegal cells, ${seen.codes.size} refusals`);
    const cells = COMMANDS.flatMap((name) => HAZARD_STATES.map((state) => ({ cell: `${name}/${state}`, legal: WANTED[name][state] !== undefined })));
    expect(cells.filter((x) => x.legal && !seen.legal.has(x.cell)).map((x) => x.cell)).toEqual([]);
    expect(cells.filter((x) => !x.legal && !seen.refused.has(x.cell)).map((x) => x.cell)).toEqual([]);
    expect([...codesOf('hazard-moves.ts'), 'calendar.year_missing'].filter((code) => !seen.codes.has(code))).toEqual([]);
  }, 120_000);
});
