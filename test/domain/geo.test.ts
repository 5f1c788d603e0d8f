import { expect, test } from '@jest/globals';
import { metresBetween } from '../../domain/geo.ts';

test('a minute of latitude is a nautical mile, a degree of longitude shrinks with the latitude', () => {
  expect(metresBetween([121, 31], [121, 31 + 1 / 60])).toBeCloseTo(1_853.2, 0);
  expect(metresBetween([121, 0], [122, 0])).toBeCloseTo(111_195, -1);
  expect(metresBetween([121, 60], [122, 60])).toBeCloseTo(55_597, -2);
});
test('it is the same both ways, nothing at one place, and half the globe at most', () => {
  expect(metresBetween([121, 31], [121.005, 31.002])).toBe(metresBetween([121.005, 31.002], [121, 31]));
  expect(metresBetween([121, 31], [121, 31])).toBe(0);
  expect(metresBetween([0, 0], [180, 0])).toBeCloseTo(20_015_115, -2);
});
