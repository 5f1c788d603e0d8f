/** What is measured at the asset that was chosen on the map. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { serverNow } from '../../api/client.ts';
import { assetQuery, readingsQuery, TREND_MS } from '../../api/queries.ts';
import type { AssetDetail, AssetProperties } from '../../api/types.ts';
import { formatNumber } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Icon } from '../../components/Icon.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Since } from '../../components/Time.tsx';

type Sensor = AssetDetail['sensors'][number];
const LEVELS = ['LL', 'L', 'H', 'HH'] as const;
const WIDTH = 160;
const HEIGHT = 36;

/** The last half hour with the limits as lines. */
const Trend = ({ sensor }: { sensor: Sensor }) => {
  const { t } = useWords();
  const readings = useQuery(readingsQuery(sensor.id));
  const items = readings.data?.items ?? [];
  if (items.length < 2) return <span className="muted">{readings.isPending ? '' : t('asset.noTrend')}</span>;
  const limits = LEVELS.flatMap((l) => sensor.limits?.[l] ?? []);
  const values = [...items.map((r) => r.value), ...limits];
  const low = Math.min(...values);
  const high = Math.max(...values);
  const now = serverNow();
  // A sensor that is new fills the width with what there is.
  const from = Math.max(now - TREND_MS, Date.parse(items[0]!.at));
  const x = (at: string): number => (WIDTH * (Date.parse(at) - from)) / (now - from || 1);
  const y = (value: number): number => 2 + (HEIGHT - 4) * (1 - (value - low) / (high - low || 1));
  return (
    <svg className="trend" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t('asset.trend')}>
      {limits.map((limit) => (
        <line key={limit} x1="0" x2={WIDTH} y1={y(limit)} y2={y(limit)} />
      ))}
      <polyline points={items.map((r) => `${x(r.at).toFixed(1)},${y(r.value).toFixed(1)}`).join(' ')} />
    </svg>
  );
};

const SensorRow = ({ sensor, trend }: { sensor: Sensor; trend: boolean }) => {
  const { t, name, language } = useWords();
  const limits = LEVELS.flatMap((level) => {
    const value = sensor.limits?.[level];
    return value === null || value === undefined ? [] : [`${level} ${formatNumber(value, language)}`];
  });
  return (
    <tr>
      <th scope="row">
        {name(sensor)}
        {sensor.statutory && <span className="muted"> · {t('alarm.statutory')}</span>}
      </th>
      <td className="number">
        {sensor.latest ? (
          <>
            <strong>{formatNumber(sensor.latest.value, language)}</strong> {sensor.unit}
            <br />
            <span className="muted">
              <Since at={sensor.latest.at} />
            </span>
          </>
        ) : (
          <span className="muted">{t('asset.noValue')}</span>
        )}
      </td>
      <td className="limits muted">{limits.join(' · ')}</td>
      {trend && (
        <td>
          <Trend sensor={sensor} />
        </td>
      )}
    </tr>
  );
};

export const AssetPanel = ({ id, properties, onClose }: { id: string; properties: AssetProperties; onClose: () => void }) => {
  const { t, name, path } = useWords();
  const { may } = useSession();
  const asset = useQuery({ ...assetQuery(id), enabled: may('registry.read') });
  return (
    <aside className="asset-panel" aria-labelledby="asset-title">
      <div className="section-head">
        <div>
          <h3 id="asset-title">
            {properties.code} {name(properties)}
          </h3>
          <p className="muted">
            {path(properties)}
            {properties.substance && ` · ${properties.substance}`}
          </p>
        </div>
        <button type="button" className="icon-button" aria-label={t('action.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      {asset.isLoading && <Loading rows={2} />}
      {asset.isError && <ProblemPanel error={asset.error} onRetry={() => void asset.refetch()} />}
      {asset.data && asset.data.sensors.length === 0 && <p className="muted">{t('asset.noSensors')}</p>}
      {asset.data && asset.data.sensors.length > 0 && (
        <div className="table-scroll">
          <table className="sensors">
            <thead className="visually-hidden">
              <tr>
                <th scope="col">{t('asset.sensor')}</th>
                <th scope="col">{t('asset.value')}</th>
                <th scope="col">{t('asset.limits')}</th>
                {may('telemetry.read') && <th scope="col">{t('asset.trend')}</th>}
              </tr>
            </thead>
            <tbody>
              {asset.data.sensors.map((sensor) => (
                <SensorRow key={sensor.id} sensor={sensor} trend={may('telemetry.read')} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {may('hazard.read') && (
        <p className="asset-links">
          <Link to={`/hazards?assetId=${encodeURIComponent(id)}`}>{t('asset.hazards', { count: properties.openHazards })}</Link>
          <Link to={`/assets/${encodeURIComponent(id)}/history`}>{t('history.title')}</Link>
          {may('hazard.report') && <Link to={`/report?asset=${encodeURIComponent(id)}`}>{t('asset.report')}</Link>}
        </p>
      )}
    </aside>
  );
};
