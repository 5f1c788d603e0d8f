/** The acts that the server allows this person now, each with its form. */
import { useState } from 'react';
import type { FormEvent } from 'react';
import { HAZARD_GRADES, HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import { Problem } from '../../api/client.ts';
import type { ActName, Hazard } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { Field } from '../../components/Field.tsx';
import { FileUpload } from '../../components/FileUpload.tsx';
import type { UploadedFile } from '../../components/FileUpload.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { useAct } from '../../components/use-act.ts';

type FieldName = 'grade' | 'type' | 'responsibleId' | 'note' | 'reason' | 'evidence';
/** Which fields each act has; whether they may stay empty is the server's to say. */
const FIELDS: Record<ActName, { fields: FieldName[]; tone?: 'danger' }> = {
  triage: { fields: ['grade', 'type', 'reason'] },
  dispatch: { fields: ['responsibleId', 'note'] },
  returnDispatch: { fields: ['reason'], tone: 'danger' },
  start: { fields: ['note'] },
  progress: { fields: ['note', 'evidence'] },
  submit: { fields: ['note', 'evidence'] },
  accept: { fields: ['note', 'evidence'] },
  reject: { fields: ['reason'], tone: 'danger' },
  dismiss: { fields: ['reason'], tone: 'danger' },
};
const OPTIONAL: Partial<Record<ActName, FieldName[]>> = { dispatch: ['note'], start: ['note'], accept: ['evidence'], progress: ['evidence'], triage: ['type'] };

interface Callbacks {
  onDone: (act: ActName) => void;
  onRefused: () => void;
}

const ActForm = ({ act, hazard, onDone, onRefused, onCancel }: { act: ActName; hazard: Hazard; onCancel: () => void } & Callbacks) => {
  const { t, name, word } = useWords();
  const [values, setValues] = useState<Partial<Record<Exclude<FieldName, 'evidence'>, string>>>({ grade: hazard.grade ?? '', responsibleId: hazard.responsible?.id ?? '' });
  const [files, setFiles] = useState<UploadedFile[]>([]);
  const send = useAct<unknown>(`/api/v1/hazards/${hazard.id}/acts`, { onSuccess: () => onDone(act), onError: (error) => error instanceof Problem && [409, 412].includes(error.status) && onRefused() });
  const fieldError = useFieldError(send.error);
  const { fields, tone } = FIELDS[act];
  const set = (field: Exclude<FieldName, 'evidence'>, value: string): void => setValues((now) => ({ ...now, [field]: value }));
  const optional = (field: FieldName): boolean => OPTIONAL[act]?.includes(field) ?? false;

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const body: Record<string, unknown> = { act };
    for (const field of fields) {
      if (field === 'evidence') {
        if (files.length > 0 || !optional('evidence') || act === 'progress') body.evidence = files.map((f) => f.ref);
      } else {
        const value = (values[field] ?? '').trim();
        if (value !== '' || !optional(field)) body[field] = value;
      }
    }
    send.mutate({ body, ifMatch: `"${hazard.seq}"` });
  };

  return (
    <form className="act-form" onSubmit={submit} aria-label={t(`command.${act}`)}>
      {fields.map((field) => {
        switch (field) {
          case 'grade':
            return (
              <Field key={field} label={t('hazards.grade')} error={fieldError('grade')}>
                {(control) => (
                  <select {...control} required value={values.grade} onChange={(e) => set('grade', e.target.value)}>
                    <option value="">{t('field.choose')}</option>
                    {HAZARD_GRADES.map((g) => (
                      <option key={g} value={g}>
                        {t(`grade.${g}`)}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
            );
          case 'type':
            return (
              <Field key={field} label={t('act.typeChange')} optional error={fieldError('type')}>
                {(control) => (
                  <select {...control} value={values.type ?? ''} onChange={(e) => set('type', e.target.value)}>
                    <option value="">{t('act.typeKeep', { type: word(HAZARD_TYPES[hazard.type]) })}</option>
                    {Object.entries(HAZARD_TYPES).map(([value, words]) => (
                      <option key={value} value={value}>
                        {word(words)}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
            );
          case 'responsibleId':
            return (
              <Field key={field} label={t('hazard.responsible')} error={fieldError('responsibleId')} hint={(hazard.responsibleCandidates ?? []).length === 0 ? t('act.noCandidates') : undefined}>
                {(control) => (
                  <select {...control} required value={values.responsibleId} onChange={(e) => set('responsibleId', e.target.value)}>
                    <option value="">{t('field.choose')}</option>
                    {(hazard.responsibleCandidates ?? []).map((p) => (
                      <option key={p.id} value={p.id}>
                        {name(p)}
                      </option>
                    ))}
                  </select>
                )}
              </Field>
            );
          case 'evidence':
            return (
              <FileUpload
                key={field}
                label={t('act.evidence')}
                error={fieldError('evidence')}
                files={files}
                onChange={setFiles}
                supersedable={hazard.evidence.filter((e) => e.sha256 !== null && e.supersededById === null)}
              />
            );
          case 'note':
          case 'reason':
            return (
              <Field key={field} label={t(field === 'note' ? 'act.note' : 'act.reason')} optional={optional(field)} error={fieldError(field)}>
                {(control) => <textarea {...control} rows={3} value={values[field] ?? ''} onChange={(e) => set(field, e.target.value)} />}
              </Field>
            );
        }
      })}
      {send.error && (
        <>
          <ProblemPanel error={send.error} shownFields={fields} />
          {send.error instanceof Problem && [409, 412].includes(send.error.status) && <p className="muted">{t('act.reloaded')}</p>}
        </>
      )}
      <div className="form-actions">
        <button type="submit" className={tone === 'danger' ? 'button button-danger' : 'button button-main'} disabled={send.isPending}>
          {send.isPending ? t('state.sending') : t(`command.${act}`)}
        </button>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </form>
  );
};

export const Acts = ({ hazard, onDone, onRefused }: { hazard: Hazard } & Callbacks) => {
  const { t } = useWords();
  const [chosen, setChosen] = useState<ActName | null>(null);
  // A form stays open after a refusal, so that its words are not lost, even if the act is no longer allowed.
  const offered = hazard.allowedActs.filter((act) => Object.hasOwn(FIELDS, act));
  if (offered.length === 0 && chosen === null) return null;
  return (
    <section className="card acts" aria-labelledby="acts-title">
      <h2 id="acts-title">{t('act.title')}</h2>
      <div className="act-buttons">
        {offered.map((act) => (
          <button
            key={act}
            type="button"
            className={chosen === act ? 'button button-chosen' : FIELDS[act].tone === 'danger' ? 'button' : 'button button-main'}
            aria-expanded={chosen === act}
            onClick={() => setChosen(chosen === act ? null : act)}
          >
            {t(`command.${act}`)}
          </button>
        ))}
      </div>
      {chosen && (
        <ActForm
          key={chosen}
          act={chosen}
          hazard={hazard}
          onRefused={onRefused}
          onDone={(act) => {
            setChosen(null);
            onDone(act);
          }}
          onCancel={() => setChosen(null)}
        />
      )}
    </section>
  );
};
