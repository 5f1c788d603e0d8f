/** 账户与临时授权. The first password is shown once and kept nowhere. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { roleFits } from '../../../../domain/accounts.ts';
import { ROLES } from '../../../../domain/permissions.ts';
import { call } from '../../api/client.ts';
import { accountsQuery, grantsQuery, organisationsQuery } from '../../api/queries.ts';
import type { Account } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { InstantField, instantOf } from '../../components/InstantField.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

const NewAccount = ({ onAdded }: { onAdded: () => void }) => {
  const { t, name } = useWords();
  const orgs = useQuery(organisationsQuery());
  const [v, setV] = useState({ username: '', nameZh: '', nameEn: '', email: '', orgId: '', role: '' });
  const kind = orgs.data?.items.find((o) => o.id === v.orgId)?.kind;
  const add = useMutation({
    mutationFn: () =>
      call<{ initialPassword: string }>('POST', '/api/v1/accounts', {
        body: { username: v.username, person: { nameZh: v.nameZh, nameEn: v.nameEn, ...(v.email ? { email: v.email } : {}) }, memberships: [{ orgId: v.orgId, role: v.role }] },
      }),
    onSuccess: onAdded,
  });
  const fieldError = useFieldError(add.error);
  const input = (field: 'username' | 'nameZh' | 'nameEn' | 'email', label: string, error: string, optional = false) => (
    <Field label={label} optional={optional} error={fieldError(error)}>
      {(control) => <input {...control} required={!optional} type={field === 'email' ? 'email' : 'text'} autoComplete="off" value={v[field]} onChange={(e) => setV({ ...v, [field]: e.target.value })} />}
    </Field>
  );
  if (add.data) {
    return (
      <div role="status" className="done">
        <p>{t('accounts.password', { username: v.username })}</p>
        <p>
          <code>{add.data.initialPassword}</code>
        </p>
        <button type="button" className="button" onClick={() => add.reset()}>
          {t('accounts.another')}
        </button>
      </div>
    );
  }
  return (
    <form
      className="admin-form"
      aria-label={t('accounts.add')}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        add.mutate();
      }}
    >
      {input('username', t('signIn.username'), 'username')}
      {input('nameZh', t('accounts.nameZh'), 'person.nameZh')}
      {input('nameEn', t('accounts.nameEn'), 'person.nameEn')}
      {input('email', t('accounts.email'), 'person.email', true)}
      <Field label={t('accounts.org')} error={fieldError('memberships.0.orgId')}>
        {(control) => (
          <select {...control} required value={v.orgId} onChange={(e) => setV({ ...v, orgId: e.target.value, role: '' })}>
            <option value="">{t('field.choose')}</option>
            {(orgs.data?.items ?? []).map((o) => (
              <option key={o.id} value={o.id}>
                {name(o)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('accounts.role')} error={fieldError('memberships.0.role')}>
        {(control) => (
          <select {...control} required value={v.role} onChange={(e) => setV({ ...v, role: e.target.value })}>
            <option value="">{t('field.choose')}</option>
            {ROLES.filter((r) => kind && roleFits(r, kind)).map((r) => (
              <option key={r} value={r}>
                {t(`role.${r}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {add.error && <ProblemPanel error={add.error} shownFields={['username', 'person.nameZh', 'person.nameEn', 'person.email', 'memberships.0.orgId', 'memberships.0.role']} />}
      <div className="form-actions">
        <button type="submit" className="button button-main" disabled={add.isPending}>
          {t('accounts.add')}
        </button>
      </div>
    </form>
  );
};

const AccountRow = ({ account: a, onChanged }: { account: Account; onChanged: () => void }) => {
  const { t, name } = useWords();
  const { account } = useSession();
  const [asked, setAsked] = useState(false);
  const disable = useMutation({ mutationFn: () => call('POST', `/api/v1/accounts/${a.id}/disable`), onSuccess: onChanged });
  return (
    <li>
      <div className="section-head">
        <div>
          <strong>{name(a.person)}</strong> <code>{a.username}</code> {a.disabledAt && <span className="mark">{t('accounts.disabled')}</span>} {a.lockedUntil && <span className="mark mark-state-reported">{t('accounts.locked')}</span>}{' '}
          {a.mustChangePassword && !a.disabledAt && <span className="mark">{t('accounts.first')}</span>}
          <br />
          <span className="muted">{a.memberships.map((m) => `${name(m.org)} · ${t(`role.${m.role}`)}`).join('; ')}</span>
        </div>
        {!a.disabledAt && a.id !== account.id && (
          <button type="button" className={asked ? 'button button-danger' : 'button'} disabled={disable.isPending} onClick={() => (asked ? disable.mutate() : setAsked(true))}>
            {t(asked ? 'accounts.disableSure' : 'accounts.disable')}
          </button>
        )}
      </div>
      {disable.error && <ProblemPanel error={disable.error} />}
    </li>
  );
};

const Grants = () => {
  const { t, name } = useWords();
  const client = useQueryClient();
  const list = useInfiniteQuery(grantsQuery());
  const orgs = useQuery(organisationsQuery());
  const [v, setV] = useState({ orgId: '', tenantId: '', purpose: '', startsAt: '', expiresAt: '' });
  const add = useAct<unknown>('/api/v1/grants', { onSuccess: () => void client.invalidateQueries({ queryKey: ['grants'] }) });
  const fieldError = useFieldError(add.error);
  const select = (field: 'orgId' | 'tenantId', label: string, kind: 'regulator' | 'enterprise') => (
    <Field label={label} error={fieldError(field)}>
      {(control) => (
        <select {...control} required value={v[field]} onChange={(e) => setV({ ...v, [field]: e.target.value })}>
          <option value="">{t('field.choose')}</option>
          {(orgs.data?.items ?? []).filter((o) => o.kind === kind).map((o) => (
            <option key={o.id} value={o.id}>
              {name(o)}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  const grants = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <>
      <h3>{t('grants.title')}</h3>
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && grants.length === 0 && <p className="muted">{t('grants.none')}</p>}
      <ul className="admin-list">
        {grants.map((g) => (
          <li key={g.id}>
            <strong>{name(g.org)}</strong> → {name(g.tenant)}: {g.purpose}
            <br />
            <span className="muted">
              <Time at={g.startsAt} style="short" /> – <Time at={g.expiresAt} style="short" /> · {t('rules.by', { name: name(g.approvedBy) })}
            </span>
          </li>
        ))}
      </ul>
      <More list={list} />
      <details>
        <summary>{t('grants.add')}</summary>
        <form
          className="admin-form"
          aria-label={t('grants.add')}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            add.mutate({ body: { orgId: v.orgId, tenantId: v.tenantId, purpose: v.purpose, startsAt: instantOf(v.startsAt), expiresAt: instantOf(v.expiresAt) }, stamped: false });
          }}
        >
          {select('orgId', t('role.regulator'), 'regulator')}
          {select('tenantId', t('hazards.enterprise'), 'enterprise')}
          <Field label={t('grants.purpose')} error={fieldError('purpose')}>
            {(control) => <input {...control} required maxLength={500} value={v.purpose} onChange={(e) => setV({ ...v, purpose: e.target.value })} />}
          </Field>
          <InstantField label={t('grants.from')} value={v.startsAt} onChange={(startsAt) => setV({ ...v, startsAt })} error={fieldError('startsAt')} />
          <InstantField label={t('grants.until')} value={v.expiresAt} onChange={(expiresAt) => setV({ ...v, expiresAt })} error={fieldError('expiresAt')} />
          {add.error && <ProblemPanel error={add.error} shownFields={['orgId', 'tenantId', 'purpose', 'startsAt', 'expiresAt']} />}
          <div className="form-actions">
            <button type="submit" className="button button-main" disabled={add.isPending}>
              {t('grants.add')}
            </button>
          </div>
        </form>
      </details>
    </>
  );
};

export const Accounts = () => {
  const { t } = useWords();
  const client = useQueryClient();
  const { may } = useSession();
  const list = useInfiniteQuery(accountsQuery());
  const reload = (): void => void client.invalidateQueries({ queryKey: ['accounts'] });
  return (
    <section className="card admin-part" aria-labelledby="accounts-title">
      <h2 id="accounts-title">{t('adminPart.accounts')}</h2>
      {list.isPending && <Loading rows={4} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      <ul className="admin-list">
        {(list.data?.pages.flatMap((p) => p.items) ?? []).map((a) => (
          <AccountRow key={a.id} account={a} onChanged={reload} />
        ))}
      </ul>
      <More list={list} />
      <details>
        <summary>{t('accounts.add')}</summary>
        <NewAccount onAdded={reload} />
      </details>
      {may('grant.manage') && <Grants />}
    </section>
  );
};
