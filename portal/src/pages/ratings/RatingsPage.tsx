/** The safety rating of each enterprise, and nothing else. */
import { useQuery } from '@tanstack/react-query';
import { enterprisesQuery, ratingQuery } from '../../api/queries.ts';
import type { OrgRef } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading } from '../../components/States.tsx';

const Rating = ({ enterprise }: { enterprise: OrgRef }) => {
  const { t, name } = useWords();
  const rating = useQuery(ratingQuery(enterprise.id));
  return (
    <tr>
      <th scope="row">{name(enterprise)}</th>
      <td>
        {rating.isPending && t('state.loading')}
        {rating.isError && <ProblemPanel error={rating.error} onRetry={() => void rating.refetch()} />}
        {rating.data && (rating.data.rating === null ? <span className="muted">{t('ratings.notRated')}</span> : <strong className="rating">{rating.data.rating}</strong>)}
      </td>
    </tr>
  );
};

export const RatingsPage = () => {
  const { t } = useWords();
  const enterprises = useQuery(enterprisesQuery());
  return (
    <div className="page page-list">
      <h1>{t('ratings.title')}</h1>
      <p className="muted">{t('ratings.text')}</p>
      {enterprises.isPending && <Loading rows={6} />}
      {enterprises.isError && <ProblemPanel error={enterprises.error} onRetry={() => void enterprises.refetch()} />}
      {enterprises.data?.length === 0 && <Empty title={t('ratings.none')} />}
      {enterprises.data && enterprises.data.length > 0 && (
        <table className="ratings">
          <thead>
            <tr>
              <th scope="col">{t('hazards.enterprise')}</th>
              <th scope="col">{t('ratings.rating')}</th>
            </tr>
          </thead>
          <tbody>
            {enterprises.data.map((enterprise) => (
              <Rating key={enterprise.id} enterprise={enterprise} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
};
