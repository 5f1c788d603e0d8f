/** 承包关系: which contractor works for which enterprise. Its people count as people of that enterprise where duties are separated. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { call, serverNow } from '../../api/client.ts';
import { affiliationsQuery, enterprisesQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { Field } from '../../components/Field.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

export const Affiliations = () => {
  const { t, name } = useWords();
  const client = useQueryClient();
  const list = useInfiniteQuery(affiliationsQuery());
  const enterprises = useQuery(enterprisesQuery());
  const [v, setV] = useState({ contractorId: '', principalId: '' });
  const reload = (): void => void client.invalidateQueries({ queryKey: ['affiliations'] });
  const add = useAct<unknown>('/api/v1/affiliations', { onSuccess: reload });
  const end = useMutation({ mutationFn: (id: string) => call('POST', `/api/v1/affiliations/${id}/end`), onSuccess: reload });
  const fieldError = useFieldError(add.error);
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  const select = (field: 'contractorId' | 'principalId', label: string) => (
    <Field label={label} error={fieldError(field)}>
      {(control) => (
        <select {...control} required value={v[field]} onChange={(e) => setV({ ...v, [field]: e.target.value })}>
          <option value="">{t('field.choose')}</option>
          {(enterprises.data ?? []).map((o) => (
            <option key={o.id} value={o.id}>
              {name(o)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  return (
    <section className="card admin-part" aria-labelledby="affiliations-title">
      <h2 id="affiliations-title">{t('adminPart.affiliations')}</h2>
      <p className="muted">{t('affiliations.text')}</p>
      {list.isPending && <Loading rows={3} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && <Empty title={t('affiliations.none')} />}
      <ul className="admin-list">
        {rows.map((f) => {
          const isLive = f.validTo === null || Date.parse(f.validTo) > serverNow();
          return (
            <li key={f.id}>
              <div className="section-head">
                <div>
                  <strong>{name(f.contractor)}</strong> → {name(f.principal)}
                  <br />
                  <span className="muted">
                    <Time at={f.validFrom} style="short" /> – {f.validTo ? <Time at={f.validTo} style="short" /> : t('affiliations.open')}
                  </span>
                </div>
                {isLive && (
                  <button type="button" className="button" disabled={end.isPending} onClick={() => end.mutate(f.id)}>
                    {t('rules.end')}
                  </button>
                )}
              </div>
            </li>
          );
        })}
      </ul>
      {end.error && <ProblemPanel error={end.error} />}
      <More list={list} />
      <form
        className="admin-form"
        aria-label={t('affiliations.add')}
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          add.mutate({ body: v, stamped: false });
        }}
      >
        {select('contractorId', t('affiliations.contractor'))}
        {select('principalId', t('affiliations.principal'))}
        {add.error && <ProblemPanel error={add.error} shownFields={['contractorId', 'principalId']} />}
        <div className="form-actions">
          <button type="submit" className="button button-main" disabled={add.isPending}>
            {t('affiliations.add')}
          </button>
        </div>
      </form>
    </section>
  );
};
