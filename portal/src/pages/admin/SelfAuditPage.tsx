/** One report of the self-audit: violations first, then what could not be checked, then what holds. */
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { selfAuditQuery } from '../../api/queries.ts';
import type { SelfAudit } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { Icon } from '../../components/Icon.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

/** Records are named hazard/{id}, hazard/{id}/{seq}, notice/{id}… */
const RecordName = ({ name }: { name: string }) => {
  const [kind, id] = name.split('/');
  if (kind === 'hazard' && id) return <Link to={`/hazards/${id}`}>{name}</Link>;
  return kind === 'notice' && id ? <Link to={`/notices/${id}`}>{name}</Link> : <code>{name}</code>;
};

const Findings = ({ findings }: { findings: SelfAudit['findings'] }) => {
  const { t, word } = useWords();
  return (
    <ul className="findings">
      {findings.map((f) => (
        <li key={f.id} className={`finding finding-${f.status}`}>
          <p>
            <span className={`mark mark-audit-${f.status}`}>{t(`auditOutcome.${f.status}`)}</span> {word(f)}
          </p>
          <p className="muted">
            <code>{f.id}</code> · {t(`auditSeverity.${f.severity}`)}
            {f.violations > 0 && ` · ${t('audit.violations', { count: f.violations })}`}
            {f.note && ` · ${f.note}`}
          </p>
          {f.records.length > 0 && (
            <p className="records">
              {f.records.map((r) => (
                <RecordName key={r} name={r} />
              ))}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
};

export const SelfAuditPage = () => {
  const { t } = useWords();
  const { id = '' } = useParams();
  const report = useQuery(selfAuditQuery(id));
  const r = report.data;
  const of = (status: SelfAudit['outcome']) => r?.findings.filter((f) => f.status === status) ?? [];
  return (
    <div className="page page-list">
      <p className="crumbs">
        <Link to="/admin?part=audits">
          <Icon name="back" />
          {t('adminPart.audits')}
        </Link>
      </p>
      <h1>
        {t('audit.report')} {r && <Time at={r.finishedAt} />}
      </h1>
      {report.isPending && <Loading rows={6} />}
      {report.isError && <ProblemPanel error={report.error} onRetry={() => void report.refetch()} />}
      {r && (
        <>
          <p>
            <span className={`mark mark-audit-${r.outcome}`}>{t(`auditOutcome.${r.outcome}`)}</span> {t('audit.counts', { checked: r.checked, violated: r.violated, notChecked: r.notChecked })}
          </p>
          <p className="muted">
            {t('audit.asOf')} <Time at={r.snapshotAt} /> · {t('audit.signedBy')} <code>{r.signed.signature.keyId}</code>
          </p>
          {of('violated').length > 0 && (
            <section className="card" aria-labelledby="violated-title">
              <h2 id="violated-title">{t('audit.violated', { count: of('violated').length })}</h2>
              <Findings findings={of('violated')} />
            </section>
          )}
          {of('not_checked').length > 0 && (
            <section className="card" aria-labelledby="unchecked-title">
              <h2 id="unchecked-title">{t('audit.notChecked', { count: of('not_checked').length })}</h2>
              <Findings findings={of('not_checked')} />
            </section>
          )}
          <details className="card" open={of('violated').length === 0}>
            <summary>
              <h2>{t('audit.holding', { count: of('ok').length })}</h2>
            </summary>
            <Findings findings={of('ok')} />
          </details>
        </>
      )}
    </div>
  );
};
