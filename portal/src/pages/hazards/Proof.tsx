/** What proves the case: its chain, its archive packages, and who was responsible at an instant. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { chainQuery, responsibleQuery } from '../../api/queries.ts';
import type { ArchivePackage, Hazard } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { InstantField, instantOf, wallClock } from '../../components/InstantField.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { serverNow } from '../../api/client.ts';

const Chain = ({ hazard }: { hazard: Hazard }) => {
  const { t } = useWords();
  const chain = useQuery(chainQuery(hazard.id, hazard.seq));
  if (chain.isPending) return <Loading rows={1} />;
  if (chain.isError) return <ProblemPanel error={chain.error} onRetry={() => void chain.refetch()} />;
  const { holds, transitions, head, problem } = chain.data;
  return (
    <>
      <p>
        <span className={holds ? 'mark mark-state-archived' : 'mark mark-overdue'}>{t(holds ? 'chain.holds' : 'chain.broken')}</span> {t('chain.links', { count: transitions })}
      </p>
      {problem && (
        <p className="field-error">
          {problem.record}: {problem.what}
        </p>
      )}
      {head && (
        <p className="muted evidence-hash">
          {t('chain.head')} <code>{head}</code>
        </p>
      )}
    </>
  );
};

const kb = (bytes: number): string => `${Math.max(1, Math.round(bytes / 1024))} KB`;

const Packages = ({ hazardId, packages }: { hazardId: string; packages: ArchivePackage[] }) => {
  const { t } = useWords();
  return (
    <ul className="packages">
      {packages.map((p) => (
        <li key={p.cycle}>
          <span>
            {t('hazard.cycle', { cycle: p.cycle })} <span className="muted"><Time at={p.madeAt} style="short" /></span>
          </span>
          <span className="packages-files">
            <a className="button" href={`/api/v1/hazards/${hazardId}/packages/${p.cycle}.json`} download>
              {t('packages.data')} ({kb(p.json.bytes)})
            </a>
            {p.document ? (
              <a className="button" href={`/api/v1/hazards/${hazardId}/packages/${p.cycle}.pdf`} download>
                PDF ({kb(p.document.bytes)})
              </a>
            ) : (
              <span className="muted">{t('packages.pending')}</span>
            )}
          </span>
        </li>
      ))}
    </ul>
  );
};

const ResponsibleAt = ({ hazard }: { hazard: Hazard }) => {
  const { t, name } = useWords();
  const [wall, setWall] = useState(() => wallClock(serverNow()));
  const at = instantOf(wall);
  const answer = useQuery({ ...responsibleQuery(hazard.id, at), enabled: at !== '' });
  return (
    <div className="responsible-at">
      <InstantField label={t('responsible.at')} value={wall} onChange={setWall} />
      <div role="status">
        {answer.isError && <ProblemPanel error={answer.error} />}
        {answer.data && (
          <p>
            <strong>{answer.data.person ? name(answer.data.person) : answer.data.holder ? t(`responsibleHolder.${answer.data.holder}`) : t('responsible.nobody')}</strong>
            {answer.data.what && <span className="muted"> · {t(`duty.${answer.data.what}`)}</span>}
            {answer.data.since && (
              <span className="muted">
                {' · '}
                {t('responsible.since')} <Time at={answer.data.since} style="short" />
              </span>
            )}
            {answer.data.paused && <span className="mark mark-grade-none">{t('pause.running')}</span>}
          </p>
        )}
      </div>
    </div>
  );
};

export const Proof = ({ hazard, packages }: { hazard: Hazard; packages: ArchivePackage[] }) => {
  const { t } = useWords();
  return (
    <section className="card" aria-labelledby="proof-title">
      <h2 id="proof-title">{t('proof.title')}</h2>
      <dl className="case-state">
        <div>
          <dt>{t('chain.title')}</dt>
          <dd>
            <Chain hazard={hazard} />
          </dd>
        </div>
        {packages.length > 0 && (
          <div>
            <dt>{t('packages.title')}</dt>
            <dd>
              <Packages hazardId={hazard.id} packages={packages} />
            </dd>
          </div>
        )}
        <div>
          <dt>{t('responsible.title')}</dt>
          <dd>
            <ResponsibleAt hazard={hazard} />
          </dd>
        </div>
      </dl>
    </section>
  );
};
