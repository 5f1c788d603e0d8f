import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Link, useParams } from 'react-router';
import { call } from '../../api/client.ts';
import { noticeQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Icon } from '../../components/Icon.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { NoticeMarkup } from './notice-markup.tsx';
import { Receipts } from './Receipts.tsx';

export const NoticePage = () => {
  const { t, name } = useWords();
  const { id = '' } = useParams();
  const { membership, may } = useSession();
  const client = useQueryClient();
  const query = useQuery(noticeQuery(id));
  const read = useMutation({
    mutationFn: () => call('POST', `/api/v1/notices/${id}/read`),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ['notices'] });
      void client.invalidateQueries({ queryKey: ['notice', id] });
    },
  });
  const notice = query.data;
  const acknowledge = useMutation({
    mutationFn: () => call('POST', `/api/v1/notices/${id}/acknowledge`),
    onSuccess: () => {
      for (const key of ['notices', 'deliveries']) void client.invalidateQueries({ queryKey: [key] });
      void client.invalidateQueries({ queryKey: ['notice', id] });
    },
  });
  // Only its recipient has read it by opening it; others of the park look on.
  const toRead = notice !== undefined && notice.readAt === null && notice.recipient.id === membership.org.id;
  const { mutate } = read;
  useEffect(() => {
    if (toRead) mutate();
  }, [toRead, mutate]);

  if (query.isPending) return <Loading rows={8} />;
  if (!notice) {
    return (
      <div className="page">
        <h1 className="visually-hidden">{t('notices.title')}</h1>
        <ProblemPanel error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }
  return (
    <div className="page page-notice">
      <p className="crumbs">
        <Link to="/notices">
          <Icon name="back" />
          {t('notices.title')}
        </Link>
      </p>
      <div className="notice-bar">
        <p className="muted">
          {t('timeline.sentTo', { name: name(notice.recipient) })} · <Time at={notice.issuedAt} />
          {notice.readAt && (
            <>
              {' · '}
              {t('notices.readAt')} <Time at={notice.readAt} />
            </>
          )}
          {notice.acknowledgedAt && (
            <>
              {' · '}
              {t('notices.acknowledgedAt')} <Time at={notice.acknowledgedAt} />
            </>
          )}
        </p>
        <p className="notice-actions">
          {notice.acknowledgedAt === null && notice.recipient.id === membership.org.id && may('notice.acknowledge') && (
            <button type="button" className="button button-main" disabled={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
              {t('notices.acknowledge')}
            </button>
          )}
          {notice.taskId && may('task.read') && (
            <Link className="button" to={`/tasks?task=${notice.taskId}`}>
              {t('task.open')}
            </Link>
          )}
          {notice.hazardId && may('hazard.read') && (
            <Link className="button" to={`/hazards/${notice.hazardId}`}>
              {t('alarm.case')}
            </Link>
          )}
          <button type="button" className="button" onClick={() => print()}>
            {t('notices.print')}
          </button>
          <a className="button" href={`/api/v1/notices/${notice.id}/document.pdf`} target="_blank" rel="noreferrer">
            PDF
          </a>
        </p>
      </div>
      {acknowledge.isError && <ProblemPanel error={acknowledge.error} />}
      {read.isError && <ProblemPanel error={read.error} onRetry={() => mutate()} />}
      <div className="paper">
        <NoticeMarkup html={notice.html} />
      </div>
      {may('notice.receipts') && (
        <section className="card no-print" aria-labelledby="receipts-title">
          <h2 id="receipts-title">{t('receipts.title')}</h2>
          <Receipts noticeId={id} />
        </section>
      )}
    </div>
  );
};
