/** 责任规则: who of an enterprise answers for what. A rule is added or ended, never edited. */
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { HAZARD_GRADES, HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import { assetsQuery, enterprisesQuery, personsQuery, rulesQuery } from '../../api/queries.ts';
import type { ResponsibilityRule } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

const Row = ({ rule, onEnded }: { rule: ResponsibilityRule; onEnded: () => void }) => {
  const { t, name, word } = useWords();
  const { may } = useSession();
  const assets = useQuery({ ...assetsQuery(), enabled: rule.assetId !== null });
  const asset = assets.data?.find((a) => a.id === rule.assetId);
  const end = useAct<unknown>(`/api/v1/responsibility-rules/${rule.id}/end`, { onSuccess: onEnded });
  const about = [
    rule.hazardType && word(HAZARD_TYPES[rule.hazardType]), rule.grade && t(`grade.${rule.grade}`), rule.assetId && (asset ? `${asset.code} ${name(asset)}` : rule.assetId), rule.assetKind, rule.unitId, rule.zoneId,
    rule.category && t(`dutyCategory.${rule.category}`),
  ].filter(Boolean);
  return (
    <li>
      <div className="section-head">
        <div>
          <strong>{name(rule.person)}</strong> {rule.department && <span>({rule.department})</span>} · {name(rule.tenant)}
          <br />
          {about.length > 0 ? about.join(' · ') : t('rules.everything')}
          <br />
          <span className="muted">
            {t('rules.since')} <Time at={rule.validFrom} style="short" /> · {t('rules.by', { name: name(rule.recordedBy) })}
          </span>
        </div>
        {may('responsibility.manage') && (
          <button type="button" className="button" disabled={end.isPending} onClick={() => end.mutate({ body: {}, stamped: false })}>
            {t('rules.end')}
          </button>
        )}
      </div>
      {end.error && <ProblemPanel error={end.error} />}
    </li>
  );
};

const NewRule = ({ onAdded }: { onAdded: () => void }) => {
  const { t, name, word } = useWords();
  const { membership } = useSession();
  const isEnterprise = membership.org.kind === 'enterprise';
  const [values, setValues] = useState<Record<string, string>>({});
  const tenantId = isEnterprise ? membership.org.id : values.tenantId;
  const enterprises = useQuery({ ...enterprisesQuery(), enabled: !isEnterprise });
  const persons = useQuery({ ...personsQuery({ may: 'hazard.submit', orgId: tenantId }), enabled: Boolean(tenantId) });
  const assets = useQuery(assetsQuery());
  const add = useAct<unknown>('/api/v1/responsibility-rules', { onSuccess: onAdded });
  const fieldError = useFieldError(add.error);
  const set = (field: string, value: string): void => setValues((now) => ({ ...now, [field]: value }));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    add.mutate({ body: Object.fromEntries(Object.entries(values).filter(([, v]) => v !== '')), stamped: false });
  };
  const select = (field: string, label: string, options: { value: string; text: string }[], optional = true) => (
    <Field label={label} optional={optional} error={fieldError(field)}>
      {(control) => (
        <select {...control} required={!optional} value={values[field] ?? ''} onChange={(e) => set(field, e.target.value)}>
          <option value="">{optional ? t('rules.any') : t('field.choose')}</option>
          {options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  return (
    <form className="admin-form" onSubmit={submit} aria-label={t('rules.add')}>
      {!isEnterprise && select('tenantId', t('hazards.enterprise'), (enterprises.data ?? []).map((e) => ({ value: e.id, text: name(e) })), false)}
      {select('personId', t('hazard.responsible'), (persons.data?.items ?? []).map((p) => ({ value: p.id, text: name(p) })), false)}
      {select('hazardType', t('hazards.type'), Object.entries(HAZARD_TYPES).map(([value, words]) => ({ value, text: word(words) })))}
      {select('grade', t('hazards.grade'), HAZARD_GRADES.map((g) => ({ value: g, text: t(`grade.${g}`) })))}
      {select('assetId', t('report.asset'), (assets.data ?? []).filter((a) => a.tenantId === tenantId).map((a) => ({ value: a.id, text: `${a.code} ${name(a)}` })))}
      <Field label={t('rules.department')} optional error={fieldError('department')}>
        {(control) => <input {...control} maxLength={100} value={values.department ?? ''} onChange={(e) => set('department', e.target.value)} />}
      </Field>
      {add.error && <ProblemPanel error={add.error} shownFields={['tenantId', 'personId', 'hazardType', 'grade', 'assetId', 'department']} />}
      <div className="form-actions">
        <button type="submit" className="button button-main" disabled={add.isPending}>
          {t('rules.add')}
        </button>
      </div>
    </form>
  );
};

export const Rules = () => {
  const { t } = useWords();
  const { may } = useSession();
  const client = useQueryClient();
  const list = useInfiniteQuery(rulesQuery(undefined));
  const rules = list.data?.pages.flatMap((p) => p.items) ?? [];
  const reload = (): void => void client.invalidateQueries({ queryKey: ['rules'] });
  return (
    <section className="card admin-part" aria-labelledby="rules-title">
      <h2 id="rules-title">{t('adminPart.rules')}</h2>
      <p className="muted">{t('rules.text')}</p>
      {list.isPending && <Loading rows={4} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && rules.length === 0 && <Empty title={t('rules.none')} />}
      <ul className="admin-list">
        {rules.map((r) => (
          <Row key={r.id} rule={r} onEnded={reload} />
        ))}
      </ul>
      <More list={list} />
      {may('responsibility.manage') && (
        <details>
          <summary>{t('rules.add')}</summary>
          <NewRule key={rules.length} onAdded={reload} />
        </details>
      )}
    </section>
  );
};
