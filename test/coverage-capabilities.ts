/**
 * `npm run coverage:capabilities`: the ids that passing tests of the last `npm test` carry in their names, as `[C-062]`,
 * `[L-02]` or `[B-7]`. An id that does not exist is an error.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Capabilities, legal duties and bad inputs: how many there are of each, and how many digits an id has at least. */
export const KINDS = { C: { last: 119, digits: 3 }, L: { last: 78, digits: 2 }, B: { last: 25, digits: 1 } } as const;

type Kind = keyof typeof KINDS;

export interface Coverage {
  /** id → names of the tests that prove it */
  proven: Map<string, string[]>;
  unknown: string[];
}

/** Reads the ids out of the square brackets in names of passed tests. */
export const coverageOf = (names: readonly string[]): Coverage => {
  const proven = new Map<string, string[]>();
  const unknown = new Set<string>();
  for (const name of names) {
    const ids = new Set<string>();
    for (const [, inside = ''] of name.matchAll(/\[([^\]]*)\]/g)) {
      for (const [written, letter, digits] of inside.matchAll(/\b([CLB])-(\d+)\b/g)) {
        const kind = KINDS[letter as Kind];
        const number = Number(digits);
        if (number < 1 || number > kind.last) unknown.add(written);
        else ids.add(`${letter}-${String(number).padStart(kind.digits, '0')}`);
      }
    }
    for (const id of ids) proven.set(id, [...(proven.get(id) ?? []), name]);
  }
  return { proven, unknown: [...unknown] };
};

if (import.meta.main) {
  const { values } = parseArgs({ options: { names: { type: 'boolean' } } });
  const file = join(import.meta.dirname, '.artifacts/passed.json');
  const names = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as string[],
    () => {
      console.error('No results yet: run npm test first.');
      process.exit(1);
    },
  );
  const { proven, unknown } = coverageOf(names);
  for (const [letter, { last }] of Object.entries(KINDS)) {
    const ids = [...proven.keys()].filter((id) => id.startsWith(letter)).sort((a, b) => Number(a.slice(2)) - Number(b.slice(2)));
    console.log(`${letter}: ${ids.length} of ${last}${ids.length > 0 ? `: ${ids.join(' ')}` : ''}`);
    if (values.names) for (const id of ids) for (const name of proven.get(id) ?? []) console.log(`  ${id}  ${name}`);
  }
  console.log(`${proven.size} ids are proven by ${names.length} passed tests of the last run${values.names ? '' : '; --names lists the tests'}.`);
  if (unknown.length > 0) {
    console.error(`Not an id: ${unknown.join(' ')}`);
    process.exitCode = 1;
  }
}
