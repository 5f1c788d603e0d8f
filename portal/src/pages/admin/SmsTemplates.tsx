/** 短信与语音模板: what the provider has approved. Saving makes a new version. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { SMS_APPROVALS, SMS_CHANNELS, SMS_KINDS } from '../../../../domain/sms.ts';
import { smsTemplatesQuery } from '../../api/queries.ts';
import { useWords } from '../../app/i18n.ts';
import { Field } from '../../components/Field.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading } from '../../components/States.tsx';
import { useAct } from '../../components/use-act.ts';

export const SmsTemplates = () => {
  const { t } = useWords();
  const client = useQueryClient();
  const templates = useQuery(smsTemplatesQuery());
  const [v, setV] = useState({ channel: 'sms', kind: 'dispatch', language: 'zh', sign: '', body: '', providerCode: '', approval: 'pending' });
  const save = useAct<unknown>('/api/v1/sms-templates', { onSuccess: () => void client.invalidateQueries({ queryKey: ['sms-templates'] }) });
  const fieldError = useFieldError(save.error);
  const kindWord = (kind: string): string => (kind === 'digest' ? t('smsKind.digest') : t(`noticeKind.${kind}`));
  const select = (field: 'channel' | 'kind' | 'language' | 'approval', options: { value: string; text: string }[]) => (
    <Field label={t(`sms.${field}`)} error={fieldError(field)}>
      {(control) => (
        <select {...control} value={v[field]} onChange={(e) => setV({ ...v, [field]: e.target.value })}>
          {options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  const variables = templates.data?.variables[v.kind] ?? [];
  return (
    <section className="card admin-part" aria-labelledby="sms-title">
      <h2 id="sms-title">{t('adminPart.sms')}</h2>
      <p className="muted">{t('sms.text')}</p>
      {templates.isPending && <Loading rows={3} />}
      {templates.isError && <ProblemPanel error={templates.error} onRetry={() => void templates.refetch()} />}
      {templates.data?.items.length === 0 && <Empty title={t('sms.none')} />}
      <ul className="admin-list">
        {(templates.data?.items ?? []).map((x) => (
          <li key={x.id}>
            <strong>{kindWord(x.kind)}</strong> {t(`channel.${x.channel}`)} · {x.language} · {t('hazard.version', { version: x.version })} {x.isCurrent && <span className="mark mark-state-archived">{t('sms.current')}</span>}{' '}
            <span className="mark">{t(`smsApproval.${x.approval}`)}</span>
            <br />
            <span lang={x.language === 'zh' ? 'zh-CN' : 'en'}>
              【{x.sign}】{x.body}
            </span>
            <br />
            <code className="muted">{x.providerCode}</code>
          </li>
        ))}
      </ul>
      <details>
        <summary>{t('sms.add')}</summary>
        <form
          className="admin-form"
          aria-label={t('sms.add')}
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            save.mutate({ body: v, stamped: false });
          }}
        >
          {select('channel', SMS_CHANNELS.map((c) => ({ value: c, text: t(`channel.${c}`) })))}
          {select('kind', SMS_KINDS.map((k) => ({ value: k, text: kindWord(k) })))}
          {select('language', [{ value: 'zh', text: '中文' }, { value: 'en', text: 'English' }])}
          <Field label={t('sms.sign')} error={fieldError('sign')}>
            {(control) => <input {...control} required value={v.sign} onChange={(e) => setV({ ...v, sign: e.target.value })} />}
          </Field>
          <Field label={t('sms.body')} hint={t('sms.variables', { names: variables.map((x) => `\${${x}}`).join(' ') })} error={fieldError('body')}>
            {(control) => <textarea {...control} required rows={3} value={v.body} onChange={(e) => setV({ ...v, body: e.target.value })} />}
          </Field>
          <Field label={t('sms.providerCode')} error={fieldError('providerCode')}>
            {(control) => <input {...control} required value={v.providerCode} onChange={(e) => setV({ ...v, providerCode: e.target.value })} />}
          </Field>
          {select('approval', SMS_APPROVALS.map((a) => ({ value: a, text: t(`smsApproval.${a}`) })))}
          {save.error && <ProblemPanel error={save.error} shownFields={['channel', 'kind', 'language', 'sign', 'body', 'providerCode', 'approval']} />}
          <div className="form-actions">
            <button type="submit" className="button button-main" disabled={save.isPending}>
              {t('sms.add')}
            </button>
          </div>
        </form>
      </details>
    </section>
  );
};
