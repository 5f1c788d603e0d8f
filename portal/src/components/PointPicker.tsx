/** A place: the position of the device, or a point on the map. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { mapQuery } from '../api/queries.ts';
import { useWords } from '../app/i18n.ts';
import { Icon } from './Icon.tsx';
import type { Position } from './map-geometry.ts';
import { ParkMap } from './ParkMap.tsx';
import { ProblemPanel } from './ProblemPanel.tsx';

export const PointPicker = ({ value, onChange, error, hint }: { value: Position | null; onChange: (p: Position) => void; error?: string; hint?: string }) => {
  const { t } = useWords();
  const map = useQuery(mapQuery());
  const [locating, setLocating] = useState<'no' | 'running' | 'failed'>('no');
  const locate = (): void => {
    setLocating('running');
    navigator.geolocation.getCurrentPosition(
      (position) => {
        onChange([position.coords.longitude, position.coords.latitude]);
        setLocating('no');
      },
      () => setLocating('failed'),
      { enableHighAccuracy: true, timeout: 20_000 },
    );
  };
  return (
    <div className={error ? 'field field-wrong' : 'field'}>
      {'geolocation' in navigator && isSecureContext && (
        <button type="button" className="button button-wide" disabled={locating === 'running'} onClick={locate}>
          <Icon name="pin" />
          {t(locating === 'running' ? 'report.locating' : 'report.locate')}
        </button>
      )}
      {locating === 'failed' && <p className="field-error">{t('report.locateFailed')}</p>}
      {map.isError && <ProblemPanel error={map.error} onRetry={() => void map.refetch()} />}
      {map.data && (
        <div className="report-map">
          <ParkMap map={map.data} picked={value} onPick={onChange} />
        </div>
      )}
      <p className="hint">{value ? t('report.pointAt', { lon: value[0].toFixed(5), lat: value[1].toFixed(5) }) : (hint ?? t('report.pointHint'))}</p>
      {error && <p className="field-error">{error}</p>}
    </div>
  );
};
