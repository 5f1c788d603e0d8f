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

export interface LabelBox {
  id: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Ids of the labels that can be written without touching one that came before; give them by importance. */
export const placeLabels = (boxes: readonly LabelBox[]): Set<string> => {
  const placed: LabelBox[] = [];
  for (const box of boxes) {
    const free = placed.every((p) => box.x + box.width <= p.x || p.x + p.width <= box.x || box.y + box.height <= p.y || p.y + p.height <= box.y);
    if (free) placed.push(box);
  }
  return new Set(placed.map((p) => p.id));
};

/** Rough width in px of a label at a font size: Chinese characters are square, others about 0.6. */
export const textWidth = (text: string, fontSize: number): number => [...text].reduce((sum, char) => sum + (char.charCodeAt(0) > 0x2e80 ? 1 : 0.6), 0) * fontSize;
