/** Reports on this device and how far each is. */
import { Link } from 'react-router';
import { HAZARD_TYPES, isHazardType } from '../../../domain/hazard-types.ts';
import { useWords } from '../app/i18n.ts';
import { useSession } from '../app/session.tsx';
import { Time } from '../components/Time.tsx';
import { useReportQueue } from './queue.tsx';
import type { KeptReport } from './store.ts';

const stateOf = (report: KeptReport, membershipId: string): 'waiting' | 'refused' | 'sent' | 'other' => (report.state === 'waiting' && report.membershipId !== membershipId ? 'other' : report.state);

export const ReportQueue = () => {
  const { t, word, problemTitle, fieldMessage } = useWords();
  const { membership } = useSession();
  const { reports, isSending, send, drop } = useReportQueue();
  if (reports.length === 0) return null;
  const waits = reports.some((r) => r.state === 'waiting');
  return (
    <section className="card report-queue" aria-labelledby="queue-title">
      <div className="section-head">
        <h2 id="queue-title">{t('queue.title')}</h2>
        {waits && (
          <button type="button" className="button" disabled={isSending} onClick={send}>
            {t(isSending ? 'state.sending' : 'queue.sendNow')}
          </button>
        )}
      </div>
      <ul>
        {reports.map((r) => {
          const state = stateOf(r, membership.id);
          const { type, title, description } = r.body as { type: string; title?: string; description: string };
          return (
            <li key={r.key} data-state={state}>
              <p>
                <span className={`mark mark-queue-${state}`}>{t(`queueState.${state}`)}</span> {title ?? description}
              </p>
              <p className="muted">
                {isHazardType(type) && word(HAZARD_TYPES[type])} · <Time at={r.clientAt} style="short" />
                {r.photos.length > 0 && ` · ${t('queue.photos', { count: r.photos.length })}`}
              </p>
              {r.state === 'refused' && r.problem && (
                <p className="field-error">
                  {problemTitle(r.problem)} <code>{r.problem.code}</code> {(r.problem.errors ?? []).map(fieldMessage).join(' ')}
                </p>
              )}
              <div className="form-actions">
                {r.answer?.status === 'registered' && <Link to={`/hazards/${r.answer.hazardId}`}>{t('alarm.case')}</Link>}
                {r.state !== 'waiting' && (
                  <button type="button" className="button button-quiet" onClick={() => void drop(r.key)}>
                    {t('queue.remove')}
                  </button>
                )}
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
};
