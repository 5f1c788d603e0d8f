/** 巡检计划: what is walked when, and by whom. A plan is ended, never edited. */
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { Link } from 'react-router';
import { serverNow } from '../../api/client.ts';
import { assetsQuery, organisationsQuery, patrolPlansQuery, personsQuery } from '../../api/queries.ts';
import type { PatrolPlan } from '../../api/types.ts';
import { formatDuration } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { InstantField, instantOf, wallClock } from '../../components/InstantField.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

const Row = ({ plan, onEnded }: { plan: PatrolPlan; onEnded: () => void }) => {
  const { t, name, language } = useWords();
  const { may, membership } = useSession();
  const assets = useQuery({ ...assetsQuery(), enabled: plan.assetId !== null });
  const asset = assets.data?.find((a) => a.id === plan.assetId);
  const end = useAct<unknown>(`/api/v1/patrol-plans/${plan.id}/end`, { onSuccess: onEnded });
  const mayEnd = may('patrol.manage') && (membership.org.kind !== 'enterprise' || plan.owner.id === membership.org.id);
  return (
    <li className="card">
      <div className="section-head">
        <div>
          <p className="task-title">
            {name(plan)} {plan.endedAt && <span className="mark">{t('plan.ended')}</span>}
          </p>
          <p>
            {'everyMs' in plan.schedule ? t('plan.everyText', { duration: formatDuration(plan.schedule.everyMs, language) }) : plan.schedule.timesOfDay.join(' · ')}
            {' · '}
            {asset ? `${asset.code} ${name(asset)}` : (plan.route ?? plan.zoneId ?? plan.assetId)}
          </p>
          <p className="muted">
            {name(plan.owner)} · {plan.person ? name(plan.person) : t('plan.anybody')}
            {plan.nextAt && !plan.endedAt && (
              <>
                {' · '}
                {t('plan.next')} <Time at={plan.nextAt} style="short" />
              </>
            )}
          </p>
        </div>
        <div className="task-acts">
          <Link className="button" to={`/tasks?planId=${plan.id}&open=all`}>
            {t('plan.tasks')}
          </Link>
          {!plan.endedAt && mayEnd && (
            <button type="button" className="button" disabled={end.isPending} onClick={() => end.mutate({ body: {}, stamped: false })}>
              {t('plan.end')}
            </button>
          )}
        </div>
      </div>
      {end.error && <ProblemPanel error={end.error} />}
    </li>
  );
};

const NewPlan = ({ onAdded }: { onAdded: () => void }) => {
  const { t, name } = useWords();
  const { membership } = useSession();
  const isEnterprise = membership.org.kind === 'enterprise';
  const orgs = useQuery(organisationsQuery());
  const assets = useQuery(assetsQuery());
  const [v, setV] = useState({
    nameZh: '', nameEn: '', ownerOrgId: membership.org.id, ownerPersonId: '', assetId: '', route: '', rhythm: 'daily', times: '08:00', everyH: '4', graceMin: '60', from: wallClock(serverNow()), until: '',
  });
  const persons = useQuery({ ...personsQuery({ orgId: v.ownerOrgId }), enabled: v.ownerOrgId !== '' });
  const add = useAct<unknown>('/api/v1/patrol-plans', { onSuccess: onAdded });
  const fieldError = useFieldError(add.error);
  const set = (change: Partial<typeof v>): void => setV((now) => ({ ...now, ...change }));
  const input = (field: 'nameZh' | 'nameEn' | 'route', optional = false) => (
    <Field label={t(`plan.${field}`)} optional={optional} error={fieldError(field)}>
      {(control) => <input {...control} required={!optional} maxLength={200} value={v[field]} onChange={(e) => set({ [field]: e.target.value })} />}
    </Field>
  );
  return (
    <form
      className="admin-form"
      aria-label={t('plan.add')}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        const schedule = v.rhythm === 'daily' ? { timesOfDay: v.times.split(/[,，\s]+/).filter(Boolean) } : { everyMs: Math.round(Number(v.everyH) * HOUR) };
        add.mutate({
          body: {
            nameZh: v.nameZh, nameEn: v.nameEn, ownerOrgId: v.ownerOrgId, ...(v.ownerPersonId ? { ownerPersonId: v.ownerPersonId } : {}), ...(v.assetId ? { assetId: v.assetId } : {}), ...(v.route.trim() ? { route: v.route.trim() } : {}),
            schedule, graceMs: Math.round(Number(v.graceMin) * MINUTE), validFrom: instantOf(v.from), ...(instantOf(v.until) ? { validTo: instantOf(v.until) } : {}),
          },
          stamped: false,
        });
      }}
    >
      {input('nameZh')}
      {input('nameEn')}
      {!isEnterprise && (
        <Field label={t('plan.owner')} error={fieldError('ownerOrgId')}>
          {(control) => (
            <select {...control} required value={v.ownerOrgId} onChange={(e) => set({ ownerOrgId: e.target.value, ownerPersonId: '', assetId: '' })}>
              {(orgs.data?.items ?? []).filter((o) => o.kind !== 'regulator').map((o) => (
                <option key={o.id} value={o.id}>
                  {name(o)}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <Field label={t('plan.person')} optional error={fieldError('ownerPersonId')}>
        {(control) => (
          <select {...control} value={v.ownerPersonId} onChange={(e) => set({ ownerPersonId: e.target.value })}>
            <option value="">{t('plan.anybody')}</option>
            {(persons.data?.items ?? []).map((p) => (
              <option key={p.id} value={p.id}>
                {name(p)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('plan.asset')} optional error={fieldError('assetId')}>
        {(control) => (
          <select {...control} value={v.assetId} onChange={(e) => set({ assetId: e.target.value })}>
            <option value="">{t('rules.any')}</option>
            {(assets.data ?? []).map((a) => (
              <option key={a.id} value={a.id}>
                {a.code} {name(a)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {input('route', true)}
      <Field label={t('plan.rhythm')}>
        {(control) => (
          <select {...control} value={v.rhythm} onChange={(e) => set({ rhythm: e.target.value })}>
            <option value="daily">{t('plan.daily')}</option>
            <option value="interval">{t('plan.interval')}</option>
          </select>
        )}
      </Field>
      {v.rhythm === 'daily' ? (
        <Field label={t('plan.timesOfDay')} hint={t('plan.timesHint')} error={fieldError('schedule.timesOfDay') ?? fieldError('schedule')}>
          {(control) => <input {...control} required value={v.times} onChange={(e) => set({ times: e.target.value })} />}
        </Field>
      ) : (
        <Field label={t('plan.every')} error={fieldError('schedule.everyMs') ?? fieldError('schedule')}>
          {(control) => <input {...control} required type="number" min={0.25} step="any" value={v.everyH} onChange={(e) => set({ everyH: e.target.value })} />}
        </Field>
      )}
      <Field label={t('plan.grace')} error={fieldError('graceMs')}>
        {(control) => <input {...control} required type="number" min={0} value={v.graceMin} onChange={(e) => set({ graceMin: e.target.value })} />}
      </Field>
      <InstantField label={t('plan.from')} value={v.from} onChange={(from) => set({ from })} error={fieldError('validFrom')} />
      <InstantField label={t('plan.until')} optional value={v.until} onChange={(until) => set({ until })} error={fieldError('validTo')} />
      {add.error && <ProblemPanel error={add.error} shownFields={['nameZh', 'nameEn', 'ownerOrgId', 'ownerPersonId', 'assetId', 'route', 'schedule', 'schedule.timesOfDay', 'schedule.everyMs', 'graceMs', 'validFrom', 'validTo']} />}
      <div className="form-actions">
        <button type="submit" className="button button-main" disabled={add.isPending}>
          {t('plan.add')}
        </button>
      </div>
    </form>
  );
};

export const PatrolPlans = () => {
  const { t } = useWords();
  const { may } = useSession();
  const client = useQueryClient();
  const [isActive, setActive] = useState(true);
  const list = useInfiniteQuery(patrolPlansQuery(isActive));
  const plans = list.data?.pages.flatMap((p) => p.items) ?? [];
  const reload = (): void => void client.invalidateQueries({ queryKey: ['patrol-plans'] });
  return (
    <>
      <label className="check">
        <input type="checkbox" checked={isActive} onChange={(e) => setActive(e.target.checked)} />
        {t('plan.active')}
      </label>
      {list.isPending && <Loading rows={4} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && plans.length === 0 && <Empty title={t('plan.none')} />}
      <ul className="tasks">
        {plans.map((p) => (
          <Row key={p.id} plan={p} onEnded={reload} />
        ))}
      </ul>
      <More list={list} />
      {may('patrol.manage') && (
        <details className="card">
          <summary>{t('plan.add')}</summary>
          <NewPlan key={plans.length} onAdded={reload} />
        </details>
      )}
    </>
  );
};
