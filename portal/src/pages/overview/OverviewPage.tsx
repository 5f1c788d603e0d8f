/** The control room's page: open alarms beside the map of the park. */
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { mapQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { MapLegend, ParkMap } from '../../components/ParkMap.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { AlarmList } from './AlarmList.tsx';
import { AssetPanel } from './AssetPanel.tsx';

export const OverviewPage = () => {
  const { t } = useWords();
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const map = useQuery(mapQuery());
  const selected = params.get('asset');
  const select = (id: string | null): void =>
    setParams(
      (now) => {
        if (id) now.set('asset', id);
        else now.delete('asset');
        return now;
      },
      { replace: true },
    );
  const feature = map.data?.features.find((f) => f.id === selected);

  return (
    <div className="overview">
      <h1 className="visually-hidden">{t('nav.overview')}</h1>
      {may('alarm.read') && <AlarmList selectedAssetId={selected} onSelectAsset={select} />}
      <section className="overview-map" aria-labelledby="map-title">
        <div className="section-head">
          <h2 id="map-title">{t('map.title')}</h2>
          <MapLegend />
        </div>
        {map.isPending && <Loading />}
        {map.isError && <ProblemPanel error={map.error} onRetry={() => void map.refetch()} />}
        {map.data && <ParkMap map={map.data} selectedId={selected} onSelect={select} />}
        {feature?.properties.kind === 'asset' && <AssetPanel id={String(feature.id)} properties={feature.properties} onClose={() => select(null)} />}
      </section>
    </div>
  );
};
