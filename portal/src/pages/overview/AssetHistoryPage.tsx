/** 设备追溯 after an incident: what was known of an asset in the last days. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams, useSearchParams } from 'react-router';
import { HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import { assetHistoryQuery } from '../../api/queries.ts';
import type { AlarmMark, HazardSummary } from '../../api/types.ts';
import { formatNumber } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { Icon } from '../../components/Icon.tsx';
import { GradeMark, LevelMark, StateMark } from '../../components/Marks.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

const SPANS = [30, 90, 365] as const;

const Cases = ({ items }: { items: HazardSummary[] }) => {
  const { t, own, word } = useWords();
  if (items.length === 0) return <p className="muted">{t('history.none')}</p>;
  return (
    <ul className="history-list">
      {items.map((h) => (
        <li key={h.id}>
          <Link to={`/hazards/${h.id}`}>{own(h.title)}</Link> <StateMark state={h.state} /> <GradeMark grade={h.grade} />
          <br />
          <span className="muted">
            {h.number} · {word(HAZARD_TYPES[h.type])} · <Time at={h.reportedAt} style="short" />
          </span>
        </li>
      ))}
    </ul>
  );
};

export const AssetHistoryPage = () => {
  const { t, name, path, word, language } = useWords();
  const { id = '' } = useParams();
  const [params, setParams] = useSearchParams();
  const days = SPANS.find((d) => String(d) === params.get('days')) ?? 30;
  const history = useQuery(assetHistoryQuery(id, days));
  if (history.isPending) return <Loading rows={6} />;
  if (history.isError) {
    return (
      <div className="page">
        <h1 className="visually-hidden">{t('history.title')}</h1>
        <ProblemPanel error={history.error} onRetry={() => void history.refetch()} />
      </div>
    );
  }
  const h = history.data;
  return (
    <div className="page page-list">
      <p className="crumbs">
        <Link to={`/overview?asset=${encodeURIComponent(id)}`}>
          <Icon name="back" />
          {t('nav.overview')}
        </Link>
      </p>
      <div className="page-head">
        <div>
          <h1>
            {t('history.title')}: {h.asset.code} {name(h.asset)}
          </h1>
          <p className="muted">{path(h.asset)}</p>
        </div>
        <div className="segments" role="group" aria-label={t('history.span')}>
          {SPANS.map((d) => (
            <button key={d} type="button" aria-pressed={days === d} onClick={() => setParams({ days: String(d) }, { replace: true })}>
              {t('history.days', { count: d })}
            </button>
          ))}
        </div>
      </div>
      <section className="card">
        <h2>{t('history.open', { count: h.open.length })}</h2>
        <Cases items={h.open} />
      </section>
      <section className="card">
        <h2>{t('history.ignored', { count: h.ignoredPrompts.length })}</h2>
        {h.ignoredPrompts.length === 0 && <p className="muted">{t('history.none')}</p>}
        <ul className="history-list">
          {h.ignoredPrompts.map((p) => (
            <li key={p.id}>
              {word({ zh: p.titleZh, en: p.titleEn })}
              <br />
              <span className="muted">
                {name(p.owner)} · {t('timeline.dueAt')} <Time at={p.dueAt} style="short" /> · {p.doneAt ? <>{t('history.doneLate')} <Time at={p.doneAt} style="short" /></> : t('history.notDone')}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section className="card">
        <h2>{t('history.alarms', { count: h.alarms.length })}</h2>
        {h.alarms.length === 0 && <p className="muted">{t('history.none')}</p>}
        <ul className="history-list">
          {h.alarms.map((a) => (
            <li key={a.id}>
              <LevelMark level={a.level as AlarmMark} /> {formatNumber(a.value, language)} {a.unit} <span className="muted">{t('alarm.limit', { limit: formatNumber(a.limit, language) })}</span>{' '}
              {a.confirmed !== null && <span className="mark">{t(a.confirmed ? 'alarm.wasReal' : 'alarm.wasFalse')}</span>}
              <br />
              <span className="muted">
                <Time at={a.raisedAt} style="short" />
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section className="card">
        <h2>{t('history.closed', { count: h.closed.length })}</h2>
        <Cases items={h.closed} />
      </section>
    </div>
  );
};
