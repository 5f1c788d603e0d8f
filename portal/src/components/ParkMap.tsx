/**
 * The park drawn from its GeoJSON as SVG: areas, and assets with their alarms. Every asset is an element of the page with
 * the feature's id, so it can be reached by keyboard and read aloud. docs/decisions says why no map library.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent, PointerEvent } from 'react';
import type { AssetProperties, ParkFeature, ParkGeoJson } from '../api/types.ts';
import { formatNumber } from '../app/format.ts';
import { useWords } from '../app/i18n.ts';
import { Icon } from './Icon.tsx';
import { fit, meet, placeLabels, ringsOf, textWidth } from './map-geometry.ts';
import type { Box, Position } from './map-geometry.ts';
import { LEVEL_SHAPES, levelTone } from './Marks.tsx';

interface Props {
  map: ParkGeoJson;
  selectedId?: string | null;
  onSelect?: (assetId: string) => void;
  /** Where given, a click anywhere chooses a place instead. */
  picked?: Position | null;
  onPick?: (position: Position) => void;
}
interface View {
  x: number;
  y: number;
  k: number;
}
type AssetFeature = ParkFeature & { properties: AssetProperties; geometry: { type: 'Point'; coordinates: [number, number] } };

const WHOLE: View = { x: 0, y: 0, k: 1 };
const MAX_ZOOM = 12;
const SMALL_WIDTH = 520;
const isAsset = (f: ParkFeature): f is AssetFeature => f.properties.kind === 'asset' && f.geometry.type === 'Point';
/** What must be seen lies on top and gets its label first. */
const rank = (a: AssetProperties): number => (a.alarm ? (a.alarm.state === 'unacknowledged' ? 3 : 2) : a.openHazards > 0 ? 1 : 0);

export const ParkMap = ({ map, selectedId = null, onSelect, picked = null, onPick }: Props) => {
  const { t, name, language } = useWords();
  const frame = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  const [view, setView] = useState<View>(WHOLE);
  const drag = useRef<{ x: number; y: number; view: View; moved: boolean } | null>(null);

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const zoomAt = (factor: number, x: number, y: number): void =>
    setView((v) => {
      const k = Math.min(MAX_ZOOM, Math.max(1, v.k * factor));
      if (k === 1) return WHOLE;
      return { k, x: x - ((x - v.x) * k) / v.k, y: y - ((y - v.y) * k) / v.k };
    });

  // React's wheel listener is passive and could not keep the page from scrolling. Plain scrolling stays the page's.
  useEffect(() => {
    const element = svg.current;
    if (!element) return;
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      zoomAt(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [size]);

  const projection = useMemo(() => (size ? fit(map.features, size.width, size.height, Math.min(36, size.width / 14)) : null), [map, size]);
  const areas = map.features.filter((f) => f.properties.kind !== 'asset');
  const assets = map.features.filter(isAsset).sort((a, b) => rank(a.properties) - rank(b.properties));
  const place = (p: Position): Position => {
    const [x, y] = projection?.toPixel(p) ?? [0, 0];
    return [x * view.k + view.x, y * view.k + view.y];
  };
  const labelOf = (a: AssetProperties): string => (a.alarm ? `${a.code} ${t(`levelShort.${a.alarm.level}`)}` : a.code);
  const fontOf = (a: AssetProperties): number => (a.alarm ? 13 : 11);

  const signs = assets.map((f): Box => {
    const [x, y] = place(f.geometry.coordinates);
    const half = f.properties.alarm ? 11 : 6;
    return { x: x - half, y: y - half, width: 2 * half, height: 2 * half };
  });
  /** In the upper left corner of its zone, or the lower left where something stands in its way; its code where it is too long. */
  const zoneNames = areas.flatMap((f) => {
    if (f.properties.kind !== 'zone') return [];
    const points = ringsOf(f.geometry).flat().map(place);
    const xs = points.map((p) => p[0]);
    const ys = points.map((p) => p[1]);
    const full = name(f.properties);
    const text = textWidth(full, 12) + 16 > Math.max(...xs) - Math.min(...xs) ? (f.properties.code ?? full) : full;
    const boxAt = (y: number): Box => ({ x: Math.min(...xs) + 7, y, width: textWidth(text, 12), height: 15 });
    const top = boxAt(Math.min(...ys) + 5);
    return [{ id: f.id, text, box: signs.some((s) => meet(s, top)) ? boxAt(Math.max(...ys) - 20) : top }];
  });
  const obstacles = [...signs, ...zoneNames.map((z) => z.box)];
  // On a small picture of the whole park only what matters is named.
  const namesAll = (size?.width ?? 0) >= SMALL_WIDTH || view.k > 1.4;
  const byImportance = [...assets].reverse().sort((a, b) => Number(b.id === selectedId) - Number(a.id === selectedId));
  const labels = placeLabels(
    byImportance.filter((f) => namesAll || rank(f.properties) > 0 || f.id === selectedId).map((f) => {
      const font = fontOf(f.properties);
      return { id: f.id, at: place(f.geometry.coordinates), width: textWidth(labelOf(f.properties), font) + 4, height: font + 3, gap: f.properties.alarm ? 12 : 8, needed: f.properties.alarm !== null || f.id === selectedId };
    }),
    obstacles,
    size?.width ?? 0,
  );

  const pickAt = (clientX: number, clientY: number): void => {
    if (!onPick || !projection || !svg.current) return;
    const box = svg.current.getBoundingClientRect();
    onPick(projection.toDegrees([(clientX - box.left - view.x) / view.k, (clientY - box.top - view.y) / view.k]));
  };
  const onPointerDown = (event: PointerEvent<SVGSVGElement>): void => {
    if (event.button !== 0) return;
    drag.current = { x: event.clientX, y: event.clientY, view, moved: false };
  };
  const onPointerMove = (event: PointerEvent<SVGSVGElement>): void => {
    const from = drag.current;
    if (!from) return;
    const dx = event.clientX - from.x;
    const dy = event.clientY - from.y;
    if (!from.moved && Math.hypot(dx, dy) < 5) return;
    if (!from.moved) event.currentTarget.setPointerCapture(event.pointerId);
    from.moved = true;
    if (from.view.k > 1) setView({ ...from.view, x: from.view.x + dx, y: from.view.y + dy });
  };
  const onPointerUp = (event: PointerEvent<SVGSVGElement>): void => {
    const moved = drag.current?.moved ?? true;
    drag.current = null;
    if (!moved) pickAt(event.clientX, event.clientY);
  };
  const middle = (): Position => [(size?.width ?? 0) / 2, (size?.height ?? 0) / 2];
  const onKeyDown = (event: KeyboardEvent): void => {
    const [x, y] = middle();
    const moves: Record<string, () => void> = {
      '+': () => zoomAt(1.5, x, y),
      '=': () => zoomAt(1.5, x, y),
      '-': () => zoomAt(1 / 1.5, x, y),
      '0': () => setView(WHOLE),
      ArrowLeft: () => setView((v) => ({ ...v, x: v.x + 60 })),
      ArrowRight: () => setView((v) => ({ ...v, x: v.x - 60 })),
      ArrowUp: () => setView((v) => ({ ...v, y: v.y + 60 })),
      ArrowDown: () => setView((v) => ({ ...v, y: v.y - 60 })),
    };
    const move = moves[event.key];
    if (!move || (event.key.startsWith('Arrow') && view.k === 1)) return;
    event.preventDefault();
    move();
  };

  const pathOf = (f: ParkFeature): string => ringsOf(f.geometry).map((ring) => `M${ring.map((p) => place(p).map((n) => n.toFixed(1)).join(' ')).join('L')}Z`).join('');
  const choose = (id: string): void => onSelect?.(id);

  return (
    <div className={onPick ? 'park-map park-map-pick' : 'park-map'} ref={frame}>
      {size && projection && (
        <svg
          ref={svg}
          width={size.width}
          height={size.height}
          role="group"
          aria-label={t('map.label')}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerCancel={() => (drag.current = null)}
          onKeyDown={onKeyDown}
        >
          {areas.map((f) => (
            <path key={f.id} d={pathOf(f)} data-feature-id={f.id} className={`map-${f.properties.kind}`} />
          ))}
          {zoneNames.map((z) => (
            <text key={z.id} x={z.box.x} y={z.box.y + 12} className="map-zone-name">
              {z.text}
            </text>
          ))}
          {assets.map((f) => {
            const a = f.properties;
            const [x, y] = place(f.geometry.coordinates);
            const font = fontOf(a);
            const label = labels.get(f.id);
            const words = [
              labelOf(a),
              name(a),
              a.alarm ? `${t(`level.${a.alarm.level}`)} ${formatNumber(a.alarm.value, language)} ${a.alarm.unit}, ${t(`alarmState.${a.alarm.state}`)}` : '',
              a.openHazards > 0 ? t('map.openHazards', { count: a.openHazards }) : '',
            ].filter(Boolean).join(', ');
            const classes = ['map-asset', a.alarm ? `map-alarm map-alarm-${levelTone(a.alarm.level)} map-alarm-${a.alarm.state}` : '', a.openHazards > 0 ? 'map-asset-hazard' : '', f.id === selectedId ? 'map-asset-selected' : ''];
            return (
              <g
                key={f.id}
                data-feature-id={f.id}
                data-alarm={a.alarm?.level}
                className={classes.filter(Boolean).join(' ')}
                transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
                {...(onSelect
                  ? {
                      role: 'button',
                      tabIndex: 0,
                      'aria-label': words,
                      'aria-pressed': f.id === selectedId,
                      onClick: () => choose(f.id),
                      onKeyDown: (event: KeyboardEvent) => {
                        if (event.key !== 'Enter' && event.key !== ' ') return;
                        event.preventDefault();
                        choose(f.id);
                      },
                    }
                  : { 'aria-hidden': true })}
              >
                <title>{words}</title>
                <circle r="14" className="map-hit" />
                {f.id === selectedId && <circle r="17" className="map-selection" />}
                {a.alarm ? (
                  <>
                    {a.alarm.state === 'unacknowledged' && <path d={LEVEL_SHAPES[a.alarm.level]} className="map-pulse" />}
                    <path d={LEVEL_SHAPES[a.alarm.level]} className="map-sign" />
                  </>
                ) : a.openHazards > 0 ? (
                  <rect x="-5.5" y="-5.5" width="11" height="11" className="map-sign" />
                ) : (
                  <circle r="4.5" className="map-sign" />
                )}
                {label && (
                  <text x={label.x} y={label.y} textAnchor={label.anchor} fontSize={font} className="map-asset-name">
                    {labelOf(a)}
                  </text>
                )}
              </g>
            );
          })}
          {picked && (
            <g className="map-picked" transform={`translate(${place(picked).join(' ')})`}>
              <path d="M0 0c-7-9-9-12-9-16a9 9 0 0 1 18 0c0 4-2 7-9 16z" />
              <circle cy="-16" r="3.5" />
            </g>
          )}
        </svg>
      )}
      <div className="map-tools">
        <button type="button" aria-label={t('map.zoomIn')} onClick={() => zoomAt(1.5, ...middle())}>
          <Icon name="plus" />
        </button>
        <button type="button" aria-label={t('map.zoomOut')} disabled={view.k === 1} onClick={() => zoomAt(1 / 1.5, ...middle())}>
          <Icon name="minus" />
        </button>
        <button type="button" aria-label={t('map.whole')} disabled={view.k === 1} onClick={() => setView(WHOLE)}>
          <Icon name="whole" />
        </button>
      </div>
    </div>
  );
};

/** What the signs on the map mean. */
export const MapLegend = () => {
  const { t } = useWords();
  return (
    <ul className="map-legend" aria-label={t('map.legend')}>
      {(['HH', 'H', 'L', 'LL', 'sustained'] as const).map((level) => (
        <li key={level} className={`map-alarm-${levelTone(level)}`}>
          <svg viewBox="-13 -13 26 26" aria-hidden="true">
            <path d={LEVEL_SHAPES[level]} className="map-sign" />
          </svg>
          {t(`level.${level}`)}
        </li>
      ))}
      <li className="map-asset-hazard">
        <svg viewBox="-13 -13 26 26" aria-hidden="true">
          <rect x="-7" y="-7" width="14" height="14" className="map-sign" />
        </svg>
        {t('map.hazard')}
      </li>
    </ul>
  );
};
