/** 园区策略 in force, to read: the terms in words, the rest as it stands on record. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { policyQuery } from '../../api/queries.ts';
import { formatDuration } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';

/** Milliseconds since midnight in the park. */
const TIME_OF_DAY = ['fromMs', 'toMs'];

export const Policy = () => {
  const { t, language } = useWords();
  const policy = useQuery(policyQuery());
  if (policy.isPending) return <Loading rows={6} />;
  if (policy.isError) return <ProblemPanel error={policy.error} onRetry={() => void policy.refetch()} />;

  /** A number under a key that ends in Ms is a duration, and so is one inside of it. */
  const show = (key: string, value: unknown, isMs: boolean): ReactNode => {
    if (value === null || value === undefined) return t('policy.never');
    if (typeof value === 'number' && TIME_OF_DAY.includes(key)) return new Date(value).toISOString().slice(11, 16);
    if (typeof value === 'number') return isMs || /Ms$/.test(key) ? formatDuration(value, language) : String(value);
    if (typeof value === 'boolean') return t(value ? 'field.yes' : 'field.no');
    if (typeof value === 'string') return t(`policyValue.${value}`, { defaultValue: value });
    const inside = isMs || /Ms$/.test(key);
    if (Array.isArray(value)) {
      if (value.length === 0) return t('policy.never');
      return value.every((v) => typeof v !== 'object') ? value.map((v) => show('', v, inside)).reduce<ReactNode[]>((all, v, i) => (i === 0 ? [v] : [...all, language === 'en' ? ', ' : '、', v]), []) : <ol className="policy-list">{value.map((v, i) => <li key={i}>{show('', v, inside)}</li>)}</ol>;
    }
    return (
      <dl className="policy-inner">
        {Object.entries(value as Record<string, unknown>).map(([k, v]) => (
          <div key={k}>
            <dt>{t(`policyKey.${k}`, { defaultValue: k })}</dt>
            <dd>{show(k, v, inside)}</dd>
          </div>
        ))}
      </dl>
    );
  };
  const { id, ...rest } = policy.data.policy;
  return (
    <section className="card admin-part" aria-labelledby="policy-title">
      <h2 id="policy-title">{t('adminPart.policy')}</h2>
      <p className="muted">
        {t('policy.text')} <code>{id}</code>
      </p>
      <dl className="policy">
        {Object.entries(rest).map(([key, value]) => (
          <div key={key}>
            <dt>{t(`policyKey.${key}`, { defaultValue: key })}</dt>
            <dd>{show(key, value, false)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
};
