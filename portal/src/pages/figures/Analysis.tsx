/** What was reported many times and never fixed, and the gaps of management, each sentence with the records that it rests on. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { HAZARD_TYPES, isHazardType } from '../../../../domain/hazard-types.ts';
import { analysisQuery, neverFixedQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading } from '../../components/States.tsx';

export const NeverFixed = () => {
  const { t, name, word } = useWords();
  const never = useQuery(neverFixedQuery(undefined));
  if (never.isPending) return <Loading rows={4} />;
  if (never.isError) return <ProblemPanel error={never.error} onRetry={() => void never.refetch()} />;
  return (
    <section aria-labelledby="never-title">
      <h2 id="never-title">{t('never.title')}</h2>
      <p className="muted">{t('never.text', { k: never.data.k })}</p>
      {never.data.items.length === 0 ? (
        <Empty title={t('never.none')} />
      ) : (
        <div className="table-scroll" tabIndex={0} role="region" aria-label={t('never.title')}>
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t('hazards.enterprise')}</th>
                <th scope="col">{t('hazards.type')}</th>
                <th scope="col">{t('report.asset')}</th>
                <th scope="col" className="number">
                  {t('never.reports')}
                </th>
                <th scope="col">{t('hazards.title')}</th>
              </tr>
            </thead>
            <tbody>
              {never.data.items.map((n) => (
                <tr key={`${n.tenant.id}-${n.type}-${n.asset?.id ?? ''}`}>
                  <th scope="row">{name(n.tenant)}</th>
                  <td>{isHazardType(n.type) ? word(HAZARD_TYPES[n.type]) : n.type}</td>
                  <td>{n.asset ? <Link to={`/assets/${n.asset.id}/history`}>{`${n.asset.code} ${name(n.asset)}`}</Link> : '–'}</td>
                  <td className="number">{n.reports}</td>
                  <td>
                    <span className="records">
                      {n.hazards.map((h) => (
                        <Link key={h.id} to={`/hazards/${h.id}`}>
                          {h.number}
                        </Link>
                      ))}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
};

export const AnalysisReport = ({ params }: { params: { from: string; to: string; tenantId?: string } }) => {
  const { t, word, language } = useWords();
  const report = useQuery(analysisQuery(params));
  const pdf = `/api/v1/analysis/report.pdf?${new URLSearchParams({ ...params, language: language === 'en' ? 'en' : 'zh' }).toString()}`;
  return (
    <section aria-labelledby="analysis-title" className="analysis">
      <div className="section-head">
        <div>
          <h2 id="analysis-title">{t('analysis.title')}</h2>
          <p className="muted">{t('analysis.text')}</p>
        </div>
        <a className="button button-main" href={pdf} target="_blank" rel="noreferrer">
          PDF
        </a>
      </div>
      {report.isPending && <Loading rows={6} />}
      {report.isError && <ProblemPanel error={report.error} onRetry={() => void report.refetch()} />}
      {report.data?.sections.every((s) => s.sentences.length === 0) && <Empty title={t('analysis.none')} />}
      {(report.data?.sections ?? []).filter((s) => s.sentences.length > 0).map((s) => (
        <section key={s.code} className="card">
          <h3>{word({ zh: s.titleZh, en: s.titleEn })}</h3>
          <ul className="analysis-sentences">
            {s.sentences.map((x, i) => (
              <li key={i}>
                <p>{word(x)}</p>
                <p className="records">
                  {x.cites.slice(0, 12).map((c, n) =>
                    c.kind === 'alarm' ? (
                      <span key={c.id} className="muted" title={c.id}>
                        {t('analysis.alarm', { n: n + 1 })}
                      </span>
                    ) : (
                      <Link key={c.id} to={c.kind === 'hazard' ? `/hazards/${c.id}` : `/tasks?task=${c.id}`}>
                        {c.label}
                      </Link>
                    ),
                  )}
                  {x.cites.length > 12 && <span className="muted">+{x.cites.length - 12}</span>}
                </p>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
};
