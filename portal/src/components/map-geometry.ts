/** The park on paper: longitude and latitude to pixels, and which labels fit. Pure. */
import type { Geometry, ParkFeature } from '../api/types.ts';

export type Position = readonly [number, number];
export interface Projection {
  toPixel: (p: Position) => Position;
  toDegrees: (p: Position) => Position;
}

export const ringsOf = (geometry: Geometry): readonly (readonly Position[])[] => {
  switch (geometry.type) {
    case 'Point':
      return [];
    case 'Polygon':
      return geometry.coordinates;
    case 'MultiPolygon':
      return geometry.coordinates.flat();
  }
};

const positionsOf = (geometry: Geometry): readonly Position[] => (geometry.type === 'Point' ? [geometry.coordinates] : ringsOf(geometry).flat());

/** Fits all features into the box. A park is a few kilometres wide: plane geometry around its middle is exact enough. */
export const fit = (features: readonly ParkFeature[], width: number, height: number, padding: number): Projection => {
  const all = features.flatMap((f) => positionsOf(f.geometry));
  const lons = all.map((p) => p[0]);
  const lats = all.map((p) => p[1]);
  const [west, east] = lons.length > 0 ? [Math.min(...lons), Math.max(...lons)] : [0, 1];
  const [south, north] = lats.length > 0 ? [Math.min(...lats), Math.max(...lats)] : [0, 1];
  const midLon = (west + east) / 2;
  const midLat = (south + north) / 2;
  const squeeze = Math.cos((midLat * Math.PI) / 180);
  const scale = Math.min((width - 2 * padding) / Math.max((east - west) * squeeze, 1e-6), (height - 2 * padding) / Math.max(north - south, 1e-6));
  return {
    toPixel: ([lon, lat]) => [width / 2 + (lon - midLon) * squeeze * scale, height / 2 - (lat - midLat) * scale],
    toDegrees: ([x, y]) => [midLon + (x - width / 2) / scale / squeeze, midLat - (y - height / 2) / scale],
  };
};

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface LabelWish {
  id: string;
  /** Middle of the sign that the label belongs to. */
  at: Position;
  width: number;
  height: number;
  /** Distance of the label from the middle of the sign. */
  gap: number;
  /** Written even where it covers something. */
  needed: boolean;
}
export interface PlacedLabel {
  x: number;
  y: number;
  anchor: 'start' | 'middle' | 'end';
}

export const meet = (a: Box, b: Box): boolean => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

/**
 * Writes labels right of, left of, above or below their signs, first come first served, where they touch neither an
 * obstacle nor another label nor the edges of the picture. Positions are those of the text's baseline, relative to the sign.
 */
export const placeLabels = (wishes: readonly LabelWish[], obstacles: readonly Box[], width: number): Map<string, PlacedLabel> => {
  const taken: Box[] = [];
  const placed = new Map<string, PlacedLabel>();
  for (const { id, at: [x, y], width: w, height, gap, needed } of wishes) {
    const middle = height * 0.3;
    const options: [Box, PlacedLabel][] = [
      [{ x: x + gap, y: y - height / 2, width: w, height }, { x: gap, y: middle, anchor: 'start' }],
      [{ x: x - gap - w, y: y - height / 2, width: w, height }, { x: -gap, y: middle, anchor: 'end' }],
      [{ x: x - w / 2, y: y - gap - height, width: w, height }, { x: 0, y: -gap - height * 0.2, anchor: 'middle' }],
      [{ x: x - w / 2, y: y + gap, width: w, height }, { x: 0, y: gap + height * 0.8, anchor: 'middle' }],
    ];
    const inside = options.filter(([box]) => box.x >= 0 && box.x + box.width <= width);
    const isClear = ([box]: [Box, PlacedLabel], among: readonly Box[]): boolean => !among.some((t) => meet(t, box));
    const free = inside.find((o) => isClear(o, taken) && isClear(o, obstacles)) ?? (needed ? (inside.find((o) => isClear(o, taken)) ?? options[0]) : undefined);
    if (!free) continue;
    taken.push(free[0]);
    placed.set(id, free[1]);
  }
  return placed;
};

/** Rough width in px of a label at a font size: Chinese characters are square, others about 0.55. */
export const textWidth = (text: string, fontSize: number): number => [...text].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e80 ? 1 : 0.55), 0) * fontSize;
