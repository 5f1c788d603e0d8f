/** Cases with filters that live in the address, so a view can be kept and shared. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { HAZARD_STATES } from '../../../../domain/hazard.ts';
import { HAZARD_GRADES, HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import { assetsQuery, enterprisesQuery, hazardsQuery } from '../../api/queries.ts';
import type { HazardFilters } from '../../api/queries.ts';
import type { HazardSummary } from '../../api/types.ts';
import { formatInstant, ZONE_NAME } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { GradeMark, StateMark, SupervisionMark } from '../../components/Marks.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Due, Time } from '../../components/Time.tsx';

const FILTERS = ['q', 'state', 'grade', 'tenantId', 'type', 'assetId', 'overdue', 'supervised', 'open'] as const satisfies readonly (keyof HazardFilters)[];
/** What a figure asks for: shown as a chip each, that can be taken away. */
const FIGURE_FILTERS = [
  'counted', 'reportedFrom', 'reportedTo', 'acceptedFrom', 'acceptedTo', 'closedFrom', 'closedTo', 'dispatched', 'firstTry', 'everOverdue', 'highestSupervision', 'extended', 'reopened', 'recurredWithinDays', 'rectifiedOverDays',
] as const satisfies readonly (keyof HazardFilters)[];
const TYPING_MS = 300;

const FigureChips = ({ filters, set }: { filters: HazardFilters; set: (name: keyof HazardFilters, value: string) => void }) => {
  const { t, language } = useWords();
  return FIGURE_FILTERS.filter((key) => filters[key] !== undefined).map((key) => {
    const value = filters[key]!;
    const text = /From$|To$/.test(key) ? formatInstant(value, language, 'short') : value === 'true' ? t('field.yes') : value === 'false' ? t('field.no') : value;
    return (
      <button key={key} type="button" className="chip" aria-label={t('hazards.removeFilter', { filter: `${t(`filter.${key}`)} ${text}` })} onClick={() => set(key, '')}>
        {t(`filter.${key}`)}: {text} ×
      </button>
    );
  });
};

const SearchBox = ({ value, onChange }: { value: string; onChange: (text: string) => void }) => {
  const { t } = useWords();
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onChange(text), TYPING_MS);
    return () => clearTimeout(timer);
  });
  return <input type="search" aria-label={t('hazards.search')} placeholder={t('hazards.search')} value={text} onChange={(e) => setText(e.target.value)} />;
};

const Filters = ({ filters, set }: { filters: HazardFilters; set: (name: keyof HazardFilters, value: string) => void }) => {
  const { t, name, word } = useWords();
  const { membership, may } = useSession();
  // Whoever belongs to an enterprise sees one enterprise only.
  const enterprises = useQuery({ ...enterprisesQuery(), enabled: membership.org.kind !== 'enterprise' && may('enterprise.read') });
  const assets = useQuery({ ...assetsQuery(), enabled: filters.assetId !== undefined && may('registry.read') });
  const asset = assets.data?.find((a) => a.id === filters.assetId);
  const select = (key: keyof HazardFilters, label: string, options: { value: string; text: string }[]) => (
    <select aria-label={label} value={filters[key] ?? ''} onChange={(e) => set(key, e.target.value)}>
      <option value="">{label}</option>
      {options.map((o) => (
        <option key={o.value} value={o.value}>
          {o.text}
        </option>
      ))}
    </select>
  );
  const toggle = (key: 'overdue' | 'supervised' | 'open', label: string) => (
    <label className="check">
      <input type="checkbox" checked={filters[key] === 'true'} onChange={(e) => set(key, e.target.checked ? 'true' : '')} />
      {label}
    </label>
  );
  return (
    <div className="filters" role="search">
      <SearchBox value={filters.q ?? ''} onChange={(text) => set('q', text)} />
      {select('state', t('hazards.state'), HAZARD_STATES.map((s) => ({ value: s, text: t(`hazardState.${s}`) })))}
      {select('grade', t('hazards.grade'), HAZARD_GRADES.map((g) => ({ value: g, text: t(`grade.${g}`) })))}
      {select('type', t('hazards.type'), Object.entries(HAZARD_TYPES).map(([value, words]) => ({ value, text: word(words) })))}
      {enterprises.data && select('tenantId', t('hazards.enterprise'), enterprises.data.map((e) => ({ value: e.id, text: name(e) })))}
      {toggle('open', t('hazards.open'))}
      {toggle('overdue', t('hazards.overdue'))}
      {toggle('supervised', t('hazards.supervised'))}
      {filters.assetId && (
        <button type="button" className="chip" onClick={() => set('assetId', '')}>
          {t('hazards.asset', { name: asset ? `${asset.code} ${name(asset)}` : filters.assetId })} ×
        </button>
      )}
      <FigureChips filters={filters} set={set} />
    </div>
  );
};

const Row = ({ hazard }: { hazard: HazardSummary }) => {
  const { t, name, word, own } = useWords();
  return (
    <tr>
      <td className="cell-main">
        <Link to={`/hazards/${hazard.id}`}>{own(hazard.title)}</Link>
        <span className="muted cell-sub">
          {hazard.number} · {word(HAZARD_TYPES[hazard.type])}
        </span>
      </td>
      <td className="cell-state">
        <StateMark state={hazard.state} />
        {hazard.needsOwner && <span className="mark mark-grade-none">{t('hazard.needsOwner')}</span>}
      </td>
      <td className="cell-grade">
        <GradeMark grade={hazard.grade} />
      </td>
      <td className="cell-place">
        {name(hazard.tenant)}
        {hazard.asset && (
          <span className="muted cell-sub">
            {hazard.asset.code} {name(hazard.asset)}
          </span>
        )}
      </td>
      <td className="cell-due">
        {hazard.closedAt ? (
          <span className="muted">
            {t('hazards.closed')} <Time at={hazard.closedAt} style="short" zone={false} />
          </span>
        ) : hazard.dueAt ? (
          <Due at={hazard.dueAt} />
        ) : (
          <span className="muted">{t('hazards.noDue')}</span>
        )}
        {hazard.overdue && hazard.closedAt !== null && <span className="mark mark-overdue">{t('hazards.overdue')}</span>}
        <SupervisionMark level={hazard.supervision} open={hazard.supervisionOpen} />
      </td>
      <td className="cell-time">
        <Time at={hazard.reportedAt} style="short" zone={false} />
      </td>
    </tr>
  );
};

export const HazardListPage = () => {
  const { t } = useWords();
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const filters: HazardFilters = {};
  for (const key of [...FILTERS, ...FIGURE_FILTERS]) {
    const value = params.get(key);
    if (value) filters[key] = value;
  }
  const set = (key: keyof HazardFilters, value: string): void =>
    setParams(
      (now) => {
        if (value) now.set(key, value);
        else now.delete(key);
        return now;
      },
      { replace: true },
    );
  const list = useInfiniteQuery({ ...hazardsQuery(filters), placeholderData: keepPreviousData });
  const hazards = list.data?.pages.flatMap((p) => p.items) ?? [];
  const active = Object.keys(filters).length;

  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('hazards.title')}</h1>
        {may('hazard.report') && (
          <Link className="button button-main" to="/report">
            {t('nav.report')}
          </Link>
        )}
      </div>
      <Filters filters={filters} set={set} />
      {list.isPending && <Loading rows={6} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && hazards.length === 0 && (
        <Empty title={t(active > 0 ? 'hazards.noneFiltered' : 'hazards.none')}>
          {active > 0 && (
            <button type="button" className="button" onClick={() => setParams({}, { replace: true })}>
              {t('hazards.clear')}
            </button>
          )}
        </Empty>
      )}
      {hazards.length > 0 && (
        <table className="hazards" aria-busy={list.isPlaceholderData}>
          <thead>
            <tr>
              <th scope="col">{t('hazards.case')}</th>
              <th scope="col">{t('hazards.state')}</th>
              <th scope="col">{t('hazards.grade')}</th>
              <th scope="col">{t('hazards.place')}</th>
              <th scope="col">{t('hazards.due')}</th>
              <th scope="col">
                {t('hazards.reportedAt')} <span className="zone">{ZONE_NAME}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {hazards.map((hazard) => (
              <Row key={hazard.id} hazard={hazard} />
            ))}
          </tbody>
        </table>
      )}
      <More list={list} />
    </div>
  );
};
