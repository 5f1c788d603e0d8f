import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nestsDeeperThan } from '../../domain/json-depth.ts';

const depthOf = (value: unknown): number => (typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0);

test('it is the depth of the parsed value, at the limit and one above, whatever brackets strings hold', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), fc.array(fc.constantFrom('[', '{', '"', '\\', ']'), { maxLength: 8 }), (value, brackets) => {
      const whole = [value, brackets.join('')];
      const text = JSON.stringify(whole);
      const depth = depthOf(whole);
      expect([nestsDeeperThan(text, depth), nestsDeeperThan(text, depth - 1)]).toEqual([false, true]);
    }),
    { numRuns: 1_000 },
  );
});
