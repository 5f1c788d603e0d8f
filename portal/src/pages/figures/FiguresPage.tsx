/** 统计: figures with their definitions, each leading to the cases behind it; the weekly score; what was never fixed; the analysis. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useSearchParams } from 'react-router';
import { serverNow } from '../../api/client.ts';
import { enterprisesQuery, figuresQuery } from '../../api/queries.ts';
import type { Figure, FigureDefinition, FigureGrouping, Figures } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { instantOf, wallClock } from '../../components/InstantField.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading } from '../../components/States.tsx';
import { AnalysisReport, NeverFixed } from './Analysis.tsx';
import { figureText, listLink } from './figure-text.ts';
import { RunningEffect } from './RunningEffect.tsx';

const TABS = ['figures', 'effect', 'never', 'report'] as const;
type Tab = (typeof TABS)[number];
const GROUPS: readonly FigureGrouping[] = ['enterprise', 'type', 'grade', 'month'];
/** Months back, including this one. */
const PERIODS = { month: 1, quarter: 3, year: 12 } as const;
type Period = keyof typeof PERIODS;

/** From the first instant of a month in the park's time until now, to the minute, so that the same question is asked twice. */
const periodOf = (period: Period): { from: string; to: string } => {
  const now = Math.ceil(serverNow() / 60_000) * 60_000;
  const [year, month] = wallClock(now).split('-').map(Number) as [number, number];
  const first = new Date(Date.UTC(year, month - PERIODS[period], 1)).toISOString().slice(0, 7);
  return { from: instantOf(`${first}-01T00:00`), to: new Date(now).toISOString() };
};

const Value = ({ figure, definition }: { figure: Figure; definition: FigureDefinition }) => {
  const { t, name, language } = useWords();
  const text = figureText(figure.value, definition.unit, language);
  return (
    <Link to={listLink(figure.part?.list ?? figure.list)} aria-label={`${name(definition)} ${text}: ${t('figures.toCases', { count: figure.part?.cases ?? figure.cases })}`}>
      {text}
    </Link>
  );
};

/** The median and the 90th percentile of one time stand on one card. */
const PAIRS: Record<string, string> = { rectificationMedian: 'rectificationP90', wholeMedian: 'wholeP90' };

const Cards = ({ figures }: { figures: Figures }) => {
  const { t, name, word } = useWords();
  const group = figures.groups[0];
  const of = (code: string): Figure | undefined => group?.figures.find((f) => f.code === code);
  const seconds = new Set(Object.values(PAIRS));
  return (
    <ul className="figure-cards">
      {figures.definitions.filter((d) => !seconds.has(d.code)).map((d) => {
        const figure = of(d.code);
        const other = figures.definitions.find((o) => o.code === PAIRS[d.code]);
        const second = other && of(other.code);
        if (!figure) return null;
        return (
          <li key={d.code} className="card figure-card">
            <h3>{name(d)}</h3>
            <p className="figure-value">
              <Value figure={figure} definition={d} />
            </p>
            {other && second && (
              <p className="figure-second">
                P90 <Value figure={second} definition={other} />
              </p>
            )}
            {figure.part && (
              <p className="muted">
                {t('figures.partOf', { part: figure.part.cases, whole: figure.cases })} · <Link to={listLink(figure.list)}>{t('figures.all')}</Link>
              </p>
            )}
            <p className="muted figure-definition">{word({ zh: d.definitionZh, en: d.definitionEn })}</p>
          </li>
        );
      })}
    </ul>
  );
};

/** Columns of the table by group: what compares well. */
const COLUMNS = ['reported', 'open', 'accepted', 'rectificationMedian', 'rectificationP90', 'firstTry', 'overdue', 'recurrence'];

const Bars = ({ figures, definition }: { figures: Figures; definition: FigureDefinition }) => {
  const { t, name, language } = useWords();
  const rows = figures.groups.map((g) => ({ group: g, figure: g.figures.find((f) => f.code === definition.code) })).filter((r) => r.figure !== undefined);
  const top = Math.max(0, ...rows.map((r) => r.figure?.value ?? 0));
  if (top === 0) return null;
  const ROW = 26;
  return (
    <figure className="figure-bars">
      <figcaption>{t('figures.barsOf', { name: name(definition) })}</figcaption>
      <ul>
        {rows.map(({ group, figure }) => (
          <li key={group.key}>
            <span className="figure-bar-name">{name(group)}</span>
            <svg viewBox={`0 0 100 ${ROW}`} preserveAspectRatio="none" aria-hidden="true">
              <rect x="0" y="4" height={ROW - 8} width={((figure?.value ?? 0) / top) * 100} />
            </svg>
            <span className="figure-bar-value">{figureText(figure?.value ?? null, definition.unit, language)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
};

const ByGroup = ({ figures, bar }: { figures: Figures; bar: string }) => {
  const { t, name } = useWords();
  const columns = COLUMNS.flatMap((code) => figures.definitions.filter((d) => d.code === code));
  const barred = figures.definitions.find((d) => d.code === bar);
  if (figures.groups.length === 0) return <Empty title={t('figures.none')} />;
  return (
    <>
      {barred && <Bars figures={figures} definition={barred} />}
      <div className="table-scroll" tabIndex={0} role="region" aria-label={t('figures.table')}>
        <table className="plain-table">
          <thead>
            <tr>
              <th scope="col">{t(`figureGroup.${figures.groupBy}`)}</th>
              {columns.map((d) => (
                <th key={d.code} scope="col" className="number">
                  {name(d)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {figures.groups.map((g) => (
              <tr key={g.key}>
                <th scope="row">{name(g)}</th>
                {columns.map((d) => {
                  const figure = g.figures.find((f) => f.code === d.code);
                  return (
                    <td key={d.code} className="number">
                      {figure && <Value figure={figure} definition={d} />}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
};

export const FiguresPage = () => {
  const { t, name, language } = useWords();
  const { membership, may } = useSession();
  const [params, setParams] = useSearchParams();
  const one = <T extends string>(key: string, allowed: readonly T[], fallback: T): T => (allowed.includes(params.get(key) as T) ? (params.get(key) as T) : fallback);
  const tab = one<Tab>('tab', TABS, 'figures');
  const period = one<Period>('period', Object.keys(PERIODS) as Period[], 'quarter');
  const groupBy = one<FigureGrouping>('by', GROUPS, membership.org.kind === 'enterprise' ? 'type' : 'enterprise');
  const bar = params.get('bar') ?? 'reported';
  const tenantId = params.get('tenantId') ?? undefined;
  const set = (key: string, value: string): void =>
    setParams(
      (now) => {
        if (value) now.set(key, value);
        else now.delete(key);
        return now;
      },
      { replace: true },
    );
  const span = periodOf(period);
  const asked = { ...span, ...(tenantId ? { tenantId } : {}) };
  const whole = useQuery({ ...figuresQuery({ ...asked, groupBy: 'none' }), placeholderData: keepPreviousData, enabled: tab === 'figures' });
  const grouped = useQuery({ ...figuresQuery({ ...asked, groupBy }), placeholderData: keepPreviousData, enabled: tab === 'figures' });
  const enterprises = useQuery({ ...enterprisesQuery(), enabled: membership.org.kind !== 'enterprise' && may('enterprise.read') });
  const select = (key: string, label: string, value: string, options: { value: string; text: string }[]): ReactNode => (
    <label className="filter">
      <span>{label}</span>
      <select value={value} onChange={(e) => set(key, e.target.value)}>
        {options.map((o) => (
          <option key={o.value} value={o.value}>
            {o.text}
          </option>
        ))}
      </select>
    </label>
  );
  const download = `/api/v1/figures/export.xlsx?${new URLSearchParams({ ...asked, groupBy, language: language === 'en' ? 'en' : 'zh' }).toString()}`;

  return (
    <div className="page">
      <div className="page-head">
        <h1>{t('figures.title')}</h1>
        {tab === 'figures' && (
          <a className="button button-main" href={download} download>
            {t('figures.excel')}
          </a>
        )}
      </div>
      <div className="segments segments-wrap" role="group" aria-label={t('figures.which')}>
        {TABS.map((x) => (
          <button key={x} type="button" aria-pressed={tab === x} onClick={() => set('tab', x)}>
            {t(`figureTab.${x}`)}
          </button>
        ))}
      </div>
      {(tab === 'figures' || tab === 'report') && (
        <div className="filters">
          {select('period', t('figures.period'), period, (Object.keys(PERIODS) as Period[]).map((p) => ({ value: p, text: t(`figurePeriod.${p}`) })))}
          {enterprises.data && select('tenantId', t('hazards.enterprise'), tenantId ?? '', [{ value: '', text: t('figures.allEnterprises') }, ...enterprises.data.map((e) => ({ value: e.id, text: name(e) }))])}
        </div>
      )}
      {tab === 'figures' && (
        <>
          {whole.isPending && <Loading rows={6} />}
          {whole.isError && <ProblemPanel error={whole.error} onRetry={() => void whole.refetch()} />}
          {whole.data && <Cards figures={whole.data} />}
          <section className="card figure-groups" aria-labelledby="by-title">
            <div className="section-head">
              <h2 id="by-title">{t('figures.compare')}</h2>
              <div className="filters">
                {select('by', t('figures.by'), groupBy, GROUPS.map((g) => ({ value: g, text: t(`figureGroup.${g}`) })))}
                {grouped.data && select('bar', t('figures.bar'), bar, grouped.data.definitions.map((d) => ({ value: d.code, text: name(d) })))}
              </div>
            </div>
            {grouped.isPending && <Loading rows={4} />}
            {grouped.isError && <ProblemPanel error={grouped.error} onRetry={() => void grouped.refetch()} />}
            {grouped.data && <ByGroup figures={grouped.data} bar={bar} />}
          </section>
        </>
      )}
      {tab === 'effect' && <RunningEffect />}
      {tab === 'never' && <NeverFixed />}
      {tab === 'report' && <AnalysisReport params={asked} />}
    </div>
  );
};
