/** Inbox of the organisation; the park sees all that was issued. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'react-router';
import { noticesQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

export const NoticeListPage = () => {
  const { t, name } = useWords();
  const { membership } = useSession();
  const [params, setParams] = useSearchParams();
  const unread = params.get('unread') === 'true';
  const list = useInfiniteQuery(noticesQuery(unread ? { unread: true } : {}));
  const notices = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className="page page-list">
      <div className="page-head">
        <div>
          <h1>{t(membership.org.kind === 'enterprise' ? 'notices.inbox' : 'notices.title')}</h1>
          <p className="muted">{name(membership.org)}</p>
        </div>
        <div className="segments" role="group" aria-label={t('notices.which')}>
          <button type="button" aria-pressed={!unread} onClick={() => setParams({}, { replace: true })}>
            {t('notices.all')}
          </button>
          <button type="button" aria-pressed={unread} onClick={() => setParams({ unread: 'true' }, { replace: true })}>
            {t('notices.onlyUnread')}
          </button>
        </div>
      </div>
      {list.isPending && <Loading rows={6} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && notices.length === 0 && <Empty title={t(unread ? 'notices.noneUnread' : 'notices.none')} />}
      <ul className="notices">
        {notices.map((notice) => (
          <li key={notice.id} className={notice.readAt ? 'notice-row' : 'notice-row notice-row-unread'}>
            <span className={`mark mark-notice-${notice.kind}`}>{t(`noticeKind.${notice.kind}`)}</span>
            <span className="notice-subject" lang={notice.language === 'zh' ? 'zh-CN' : 'en'}>
              <Link to={`/notices/${notice.id}`}>{notice.subject}</Link>
              {notice.isCopy && <span className="mark mark-grade-none">{t('notices.copy')}</span>}
            </span>
            <span className="notice-to muted">{name(notice.recipient)}</span>
            <span className="notice-time muted">
              <Time at={notice.issuedAt} style="short" />
            </span>
            <span className="notice-read">{notice.acknowledgedAt ? <span className="muted">{t('notices.acknowledged')}</span> : notice.readAt ? <span className="muted">{t('notices.read')}</span> : <strong>{t('notices.unread')}</strong>}</span>
          </li>
        ))}
      </ul>
      <More list={list} />
    </div>
  );
};
