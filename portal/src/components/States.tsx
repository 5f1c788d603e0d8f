/** Waiting and empty. */
import type { ReactNode } from 'react';
import { useWords } from '../app/i18n.ts';

export const Loading = ({ page = false, rows = 3 }: { page?: boolean; rows?: number }) => {
  const { t } = useWords();
  return (
    <div className={page ? 'loading loading-page' : 'loading'} role="status">
      <span className="visually-hidden">{t('state.loading')}</span>
      {Array.from({ length: rows }, (_, i) => (
        <span key={i} className="skeleton" aria-hidden="true" />
      ))}
    </div>
  );
};

export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <div className="empty">
    <p className="empty-title">{title}</p>
    {children && <div className="muted">{children}</div>}
  </div>
);

/** The further pages of a list. */
export const More = ({ list }: { list: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => Promise<unknown> } }) => {
  const { t } = useWords();
  if (!list.hasNextPage) return null;
  return (
    <p className="more">
      <button type="button" className="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
        {list.isFetchingNextPage ? t('state.loading') : t('action.more')}
      </button>
    </p>
  );
};
