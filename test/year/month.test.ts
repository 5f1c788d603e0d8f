/** A month of 100 cases in virtual time; `npm run test:year` lives a whole year of 120 firms. */
import { expect, test } from '@jest/globals';
import { lifeOf } from './life.ts';

test('in a month of 100 cases every reminder, breach, supervision and look-back comes at its due instant, none is missing, none comes twice', async () => {
  const seed = 20261124;
  const { faults, cases, reminders, breaches, supervisions, lookBacks, reopened } = await lifeOf({ cases: 100, firms: 12, days: 30, seed });
  expect(faults).toEqual([]);
  expect(cases).toBe(100);
  // Of each kind there were many.
  for (const n of [reminders, breaches, supervisions, lookBacks]) expect(n).toBeGreaterThan(50);
  expect(reopened).toBeGreaterThan(2);
}, 600_000);
