import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ASSETS, PARK, ZONES } from '../../deploy/demo-park/park.ts';
import type { ParkFeature } from '../../portal/src/api/types.ts';
import { fit, meet, placeLabels } from '../../portal/src/components/map-geometry.ts';
import type { Box, LabelWish } from '../../portal/src/components/map-geometry.ts';

const area = (id: string, geometry: unknown): ParkFeature => ({ type: 'Feature', id, geometry: geometry as ParkFeature['geometry'], properties: { kind: 'zone', nameZh: id, nameEn: id } });
const park = [area('park', PARK.boundary), ...ZONES.map((z) => area(z.id, z.polygon))];

describe('the plan of the park', () => {
  test('every asset lies within the picture, north up, and a pixel leads back to its place', () => {
    for (const [width, height] of [[900, 600], [366, 340], [300, 800]] as const) {
      const { toPixel, toDegrees } = fit(park, width, height, 20);
      for (const { point } of ASSETS) {
        const [x, y] = toPixel(point.coordinates);
        expect(x).toBeGreaterThan(0);
        expect(x).toBeLessThan(width);
        expect(y).toBeGreaterThan(0);
        expect(y).toBeLessThan(height);
        const [lon, lat] = toDegrees([x, y]);
        expect(lon).toBeCloseTo(point.coordinates[0], 9);
        expect(lat).toBeCloseTo(point.coordinates[1], 9);
      }
      expect(toPixel([120.71, 33.22])[1]).toBeLessThan(toPixel([120.71, 33.2])[1]);
    }
  });

  test('a metre is as long to the east as to the north', () => {
    const { toPixel } = fit(park, 900, 600, 20);
    const [x0, y0] = toPixel([120.71, 33.21]);
    const metre = 1 / 111_320;
    const [x1] = toPixel([120.71 + (100 * metre) / Math.cos((33.21 * Math.PI) / 180), 33.21]);
    const [, y1] = toPixel([120.71, 33.21 + 100 * metre]);
    expect((x1 - x0) / (y0 - y1)).toBeCloseTo(1, 3);
  });

  test('a park without any place yet does not break the picture', () => {
    const { toPixel } = fit([area('park', { type: 'Polygon', coordinates: [] })], 300, 200, 10);
    expect(toPixel([0, 0]).every(Number.isFinite)).toBe(true);
  });

  test('labels touch neither each other nor a sign, unless they must be there', () => {
    const coordinate = fc.integer({ min: 0, max: 400 });
    const wish = fc.record({ x: coordinate, y: coordinate, width: fc.integer({ min: 10, max: 120 }), needed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 40 }), (given) => {
        const wishes: LabelWish[] = given.map(({ x, y, width, needed }, i) => ({ id: String(i), at: [x, y], width, height: 14, gap: 8, needed }));
        const signs: Box[] = given.map(({ x, y }) => ({ x: x - 4, y: y - 4, width: 8, height: 8 }));
        const placed = placeLabels(wishes, signs, 400);
        const boxes = wishes.flatMap((w) => {
          const label = placed.get(w.id);
          if (!label) return [];
          const x = w.at[0] + label.x - (label.anchor === 'end' ? w.width : label.anchor === 'middle' ? w.width / 2 : 0);
          const y = label.anchor === 'middle' ? (label.y < 0 ? w.at[1] - w.gap - w.height : w.at[1] + w.gap) : w.at[1] - w.height / 2;
          return [{ wish: w, box: { x, y, width: w.width, height: w.height } }];
        });
        for (const w of wishes) if (w.needed) expect(placed.has(w.id)).toBe(true);
        const free = boxes.filter((b) => !b.wish.needed);
        for (const { wish, box } of free) {
          expect(signs.some((s) => meet(s, box))).toBe(false);
          expect(box.x >= 0 && box.x + box.width <= 400).toBe(true);
          // Whoever came later and must be there may cover it; who came before may not be covered.
          for (const other of boxes) if (Number(other.wish.id) < Number(wish.id)) expect(meet(other.box, box)).toBe(false);
        }
      }),
    );
  });
});
