import { Link } from 'react-router';
import { useWords } from '../app/i18n.ts';
import { Empty } from './States.tsx';

/** A fault of the portal itself, or a part of it that could not be loaded. */
export const ErrorPage = () => {
  const { t } = useWords();
  return (
    <main className="page page-narrow" role="alert">
      <h1>{t('fault.title')}</h1>
      <p>{t('fault.text')}</p>
      <p>
        <button type="button" className="button button-main" onClick={() => location.reload()}>
          {t('action.reload')}
        </button>
      </p>
    </main>
  );
};

export const NotFound = () => {
  const { t } = useWords();
  return (
    <div className="page">
      <h1 className="visually-hidden">{t('notFound.title')}</h1>
      <Empty title={t('notFound.title')}>
        <Link to="/">{t('action.home')}</Link>
      </Empty>
    </div>
  );
};

export const NoPermission = () => {
  const { t } = useWords();
  return (
    <div className="page">
      <h1 className="visually-hidden">{t('noPermission.title')}</h1>
      <Empty title={t('noPermission.title')}>
        {t('noPermission.text')} <Link to="/">{t('action.home')}</Link>
      </Empty>
    </div>
  );
};
