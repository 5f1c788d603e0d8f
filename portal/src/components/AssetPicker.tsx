/** An asset found by typing part of its code, name or path, then chosen from the list. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { assetsQuery } from '../api/queries.ts';
import { useWords } from '../app/i18n.ts';
import { Field } from './Field.tsx';
import { ProblemPanel } from './ProblemPanel.tsx';

export const AssetPicker = ({ value, onChange, error }: { value: string; onChange: (id: string) => void; error?: string }) => {
  const { t, name, path } = useWords();
  const assets = useQuery(assetsQuery());
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const found = (assets.data ?? []).filter((a) => wanted === '' || a.id === value || [a.code, a.nameZh, a.nameEn, a.pathZh, a.pathEn].some((s) => s.toLowerCase().includes(wanted)));
  if (assets.isError) return <ProblemPanel error={assets.error} onRetry={() => void assets.refetch()} />;
  return (
    <div className="asset-picker">
      <Field label={t('report.assetSearch')}>{(control) => <input {...control} type="search" value={text} onChange={(e) => setText(e.target.value)} />}</Field>
      <Field label={t('report.asset')} error={error} hint={wanted === '' ? undefined : t('report.assetsFound', { count: found.length })}>
        {(control) => (
          <select {...control} value={value} onChange={(e) => onChange(e.target.value)}>
            <option value="">{assets.isPending ? t('state.loading') : t('report.assetChoose')}</option>
            {found.map((a) => (
              <option key={a.id} value={a.id}>
                {a.code} {name(a)} · {path(a)}
              </option>
            ))}
          </select>
        )}
      </Field>
    </div>
  );
};
