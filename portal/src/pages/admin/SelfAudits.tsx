/** 自查报告: what the self-audit found, night by night. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { selfAuditsQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

export const SelfAudits = () => {
  const { t } = useWords();
  const list = useInfiniteQuery(selfAuditsQuery());
  const reports = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <section className="card admin-part" aria-labelledby="audits-title">
      <h2 id="audits-title">{t('adminPart.audits')}</h2>
      <p className="muted">{t('audit.text')}</p>
      {list.isPending && <Loading rows={4} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && reports.length === 0 && <Empty title={t('audit.none')} />}
      <ul className="admin-list">
        {reports.map((r) => (
          <li key={r.id}>
            <Link to={`/admin/self-audits/${r.id}`}>
              <Time at={r.finishedAt} />
            </Link>{' '}
            <span className={`mark mark-audit-${r.outcome}`}>{t(`auditOutcome.${r.outcome}`)}</span>
            <br />
            <span className="muted">{t('audit.counts', { checked: r.checked, violated: r.violated, notChecked: r.notChecked })}</span>
          </li>
        ))}
      </ul>
      <More list={list} />
    </section>
  );
};
