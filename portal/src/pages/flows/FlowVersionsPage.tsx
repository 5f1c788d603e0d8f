import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { flowVersionsQuery } from '../../api/queries.ts';
import type { FlowVersion } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

const Rollback = ({ version, onDone, onCancel }: { version: number; onDone: () => void; onCancel: () => void }) => {
  const { t } = useWords();
  const [note, setNote] = useState('');
  const rollback = useAct<FlowVersion>(`/api/v1/flow-versions/${version}/rollback`, { onSuccess: onDone });
  const fieldError = useFieldError(rollback.error);
  return (
    <form
      className="act-form"
      onSubmit={(event) => {
        event.preventDefault();
        rollback.mutate({ body: { note: note.trim() }, stamped: false });
      }}
    >
      <p>{t('flows.rollbackText', { version })}</p>
      <Field label={t('act.note')} error={fieldError('note')}>
        {(control) => <input {...control} value={note} onChange={(e) => setNote(e.target.value)} />}
      </Field>
      {rollback.error && <ProblemPanel error={rollback.error} shownFields={['note']} />}
      <div className="form-actions">
        <button type="submit" className="button button-main" disabled={rollback.isPending}>
          {t('flows.rollbackDo', { version })}
        </button>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </form>
  );
};

export const FlowVersionsPage = () => {
  const { t, name } = useWords();
  const { may } = useSession();
  const client = useQueryClient();
  const list = useInfiniteQuery(flowVersionsQuery());
  const [chosen, setChosen] = useState<number | null>(null);
  const [done, setDone] = useState(false);
  const versions = list.data?.pages.flatMap((p) => p.items) ?? [];
  const inForce = versions.length > 0 ? Math.max(...versions.map((v) => v.version)) : null;

  return (
    <div className="page page-list">
      <div className="page-head">
        <div>
          <h1>{t('flows.title')}</h1>
          <p className="muted">{t('flows.text')}</p>
        </div>
        {may('flow.edit') && (
          <a className="button button-main" href="/flow-editor/">
            {t('flows.editor')}
          </a>
        )}
      </div>
      <p className="done" role="status">
        {done && t('flows.rolledBack')}
      </p>
      {list.isPending && <Loading rows={6} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && versions.length === 0 && <Empty title={t('flows.none')} />}
      <ol className="versions" aria-label={t('flows.title')}>
        {versions.map((v) => (
          <li key={v.version} className="card version">
            <div className="version-head">
              <div>
                <p>
                  <strong>{t('flows.version', { version: v.version })}</strong>
                  {v.version === inForce && <span className="mark mark-state-archived">{t('flows.inForce')}</span>}
                  {v.rollbackOf !== null && <span className="mark mark-grade-none">{t('flows.rollbackOf', { version: v.rollbackOf })}</span>}
                </p>
                {v.note && <p>{v.note}</p>}
                <p className="muted">
                  {v.author ? name(v.author) : t('timeline.system')} · <Time at={v.createdAt} /> · <code title={v.sha256}>{v.sha256.slice(0, 12)}</code>
                </p>
              </div>
              {may('flow.rollback') && v.version !== inForce && chosen !== v.version && (
                <button
                  type="button"
                  className="button"
                  onClick={() => {
                    setDone(false);
                    setChosen(v.version);
                  }}
                >
                  {t('flows.rollback')}
                </button>
              )}
            </div>
            {chosen === v.version && (
              <Rollback
                version={v.version}
                onCancel={() => setChosen(null)}
                onDone={() => {
                  setChosen(null);
                  setDone(true);
                  void client.invalidateQueries({ queryKey: ['flow-versions'] });
                }}
              />
            )}
          </li>
        ))}
      </ol>
      <More list={list} />
    </div>
  );
};
