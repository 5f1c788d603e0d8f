/** 委托: who acts for whom, and until when. Everybody hands on their own duty; the head of the park anybody's. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { DELEGATION_LIMITS } from '../../../../domain/delegation.ts';
import { call, serverNow } from '../../api/client.ts';
import { delegationsQuery, personsQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { InstantField, instantOf, wallClock } from '../../components/InstantField.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

const DAY = 86_400_000;

export const DelegationsPage = () => {
  const { t, name } = useWords();
  const session = useSession();
  const client = useQueryClient();
  const list = useInfiniteQuery(delegationsQuery());
  const persons = useQuery(personsQuery({}));
  const mayAny = session.may('delegation.manage');
  const isDelegate = session.membership.delegator !== null;
  const own = session.memberships.filter((m) => m.delegator === null);
  const choices = mayAny ? (persons.data?.items ?? []).flatMap((p) => p.memberships.map((m) => ({ id: m.id, text: `${name(p)} · ${name(m.org)} · ${t(`role.${m.role}`)}` }))) : own.map((m) => ({ id: m.id, text: `${name(m.org)} · ${t(`role.${m.role}`)}` }));
  const [v, setV] = useState({ membershipId: session.membership.id, delegateId: '', reason: '', startsAt: wallClock(serverNow()), endsAt: wallClock(serverNow() + 7 * DAY) });
  const reload = (): void => void client.invalidateQueries({ queryKey: ['delegations'] });
  const add = useAct<unknown>('/api/v1/delegations', { onSuccess: reload });
  const end = useMutation({ mutationFn: (id: string) => call('POST', `/api/v1/delegations/${id}/end`), onSuccess: reload });
  const fieldError = useFieldError(add.error);
  const rows = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div className="page page-list">
      <h1>{t('delegation.title')}</h1>
      <p className="muted">{t('delegation.text', { days: DELEGATION_LIMITS.maxMs / DAY })}</p>
      {list.isPending && <Loading rows={3} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rows.length === 0 && <Empty title={t('delegation.none')} />}
      <ul className="admin-list card" hidden={rows.length === 0}>
        {rows.map((d) => {
          const isLive = Date.parse(d.endsAt) > serverNow();
          return (
            <li key={d.id}>
              <div className="section-head">
                <div>
                  <strong>{name(d.person)}</strong> → <strong>{name(d.delegate)}</strong> <span className={isLive ? 'mark mark-state-archived' : 'mark'}>{t(isLive ? 'delegation.live' : 'delegation.ended')}</span>
                  <br />
                  {name(d.membership.org)} · {t(`role.${d.membership.role}`)} · {d.reason}
                  <br />
                  <span className="muted">
                    <Time at={d.startsAt} style="short" /> – <Time at={d.endsAt} style="short" />
                  </span>
                </div>
                {isLive && (
                  <button type="button" className="button" disabled={end.isPending} onClick={() => end.mutate(d.id)}>
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
      {!isDelegate && (
        <form
          className="admin-form card"
          aria-label={t('delegation.add')}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            add.mutate({ body: { ...v, startsAt: instantOf(v.startsAt), endsAt: instantOf(v.endsAt) }, stamped: false });
          }}
        >
          <h2>{t('delegation.add')}</h2>
          <Field label={t('delegation.membership')} error={fieldError('membershipId')}>
            {(control) => (
              <select {...control} required value={v.membershipId} onChange={(e) => setV({ ...v, membershipId: e.target.value })}>
                {choices.map((c) => (
                  <option key={c.id} value={c.id}>
                    {c.text}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('delegation.delegate')} error={fieldError('delegateId')}>
            {(control) => (
              <select {...control} required value={v.delegateId} onChange={(e) => setV({ ...v, delegateId: e.target.value })}>
                <option value="">{t('field.choose')}</option>
                {(persons.data?.items ?? []).filter((p) => p.id !== session.person.id || mayAny).map((p) => (
                  <option key={p.id} value={p.id}>
                    {name(p)} · {name(p.memberships[0]?.org)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <InstantField label={t('grants.from')} value={v.startsAt} onChange={(startsAt) => setV({ ...v, startsAt })} error={fieldError('startsAt')} />
          <InstantField label={t('grants.until')} value={v.endsAt} onChange={(endsAt) => setV({ ...v, endsAt })} error={fieldError('endsAt')} />
          <Field label={t('act.reason')} error={fieldError('reason')}>
            {(control) => <input {...control} required maxLength={DELEGATION_LIMITS.reason} value={v.reason} onChange={(e) => setV({ ...v, reason: e.target.value })} />}
          </Field>
          {add.error && <ProblemPanel error={add.error} shownFields={['membershipId', 'delegateId', 'startsAt', 'endsAt', 'reason']} />}
          <div className="form-actions">
            <button type="submit" className="button button-main" disabled={add.isPending}>
              {t('delegation.add')}
            </button>
          </div>
        </form>
      )}
    </div>
  );
};
