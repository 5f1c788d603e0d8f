/** The form of one act. Errors stand beside the field that the refusal names. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent, ReactNode } from 'react';
import { LISTING_LEVELS, MAX_ITEMS } from '../../../../domain/hazard.ts';
import { HAZARD_GRADES, HAZARD_TYPES } from '../../../../domain/hazard-types.ts';
import type { HazardType } from '../../../../domain/hazard-types.ts';
import { Problem } from '../../api/client.ts';
import { duplicatesQuery, enterprisesQuery, personsQuery } from '../../api/queries.ts';
import type { ActName, GradeProposal, Hazard } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { Field } from '../../components/Field.tsx';
import { FileUpload } from '../../components/FileUpload.tsx';
import type { UploadedFile } from '../../components/FileUpload.tsx';
import { Icon } from '../../components/Icon.tsx';
import { InstantField, instantOf, wallClock } from '../../components/InstantField.tsx';
import type { Position } from '../../components/map-geometry.ts';
import { PointPicker } from '../../components/PointPicker.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';
import type { FieldName } from './act-forms.ts';
import { ACT_FORMS } from './act-forms.ts';
import { answersOf, Criteria } from './Criteria.tsx';

interface NewItem {
  title: string;
  due: string;
}

interface Props {
  act: ActName;
  hazard: Hazard;
  onDone: (act: ActName) => void;
  onRefused: () => void;
  onCancel: () => void;
}

/** What an item of the case must be in for the act to be about it. */
const itemState = (act: ActName): 'open' | 'submitted' => (act === 'submit' ? 'open' : 'submitted');
const TEXTS: readonly FieldName[] = ['note', 'reason', 'interimMeasures', 'measures', 'emergencyPlan'];
const isText = (field: FieldName): field is 'note' | 'reason' | 'interimMeasures' | 'measures' | 'emergencyPlan' => TEXTS.includes(field);

export const ActForm = ({ act, hazard, onDone, onRefused, onCancel }: Props) => {
  const { t, name, word, own } = useWords();
  const { fields, tone, optional: optionals = [] } = ACT_FORMS[act];
  const optional = (field: FieldName): boolean => optionals.includes(field);
  const due = hazard.extension?.dueAt ?? hazard.deadlines.find((d) => d.kind === 'rectify' && !d.metAt)?.dueAt;
  const dueLookBack = hazard.lookBacks.find((l) => l.state === 'due')?.n;
  const [values, setValues] = useState<Partial<Record<FieldName, string>>>({
    grade: hazard.grade ?? '', responsibleId: act === 'handover' ? '' : (hazard.responsible?.id ?? ''), n: dueLookBack === undefined ? '' : String(dueLookBack),
    dueAt: due && (act === 'decideExtension' || act === 'requestExtension') ? wallClock(Date.parse(due)) : '',
  });
  const [files, setFiles] = useState<UploadedFile[]>([]);
  const [isUploading, setUploading] = useState(false);
  const [site, setSite] = useState<Position | null>(null);
  const choosable = hazard.items.filter((i) => i.state === itemState(act));
  const [chosen, setChosen] = useState<string[]>(choosable.map((i) => i.itemId));
  const [items, setItems] = useState<NewItem[]>([{ title: '', due: '' }]);
  const [proposal, setProposal] = useState<GradeProposal | null>(null);
  const send = useAct<unknown>(`/api/v1/hazards/${hazard.id}/acts`, { onSuccess: () => onDone(act), onError: (error) => error instanceof Problem && [409, 412].includes(error.status) && onRefused() });
  const fieldError = useFieldError(send.error);
  const set = (field: FieldName, value: string): void => setValues((now) => ({ ...now, [field]: value }));

  const enterprises = useQuery({ ...enterprisesQuery(), enabled: fields.includes('tenantId') });
  const persons = useQuery({ ...personsQuery({ may: 'hazard.sign' }), enabled: fields.includes('personId') });
  const duplicates = useQuery({ ...duplicatesQuery(hazard.id), enabled: fields.includes('intoHazardId') });

  // A major hazard is judged on site; of others the place is not asked.
  const shown = fields.filter((f) => (f !== 'site' || hazard.grade === 'major') && (f !== 'itemIds' || choosable.length > 1 || act === 'acceptItems') && (f !== 'dueAt' || act !== 'decideExtension' || values.granted === 'true'));

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const body: Record<string, unknown> = { act };
    for (const field of shown) {
      const value = (values[field] ?? '').trim();
      switch (field) {
        case 'evidence':
          if (files.length > 0 || !optional('evidence') || act === 'progress') body.evidence = files.map((f) => f.ref);
          break;
        case 'site':
          if (site) body.site = { type: 'Point', coordinates: site };
          break;
        case 'items':
          body.items = items.map((i) => ({ title: i.title.trim(), ...(instantOf(i.due) ? { dueAt: instantOf(i.due) } : {}) }));
          break;
        case 'itemIds':
          // All of them is said by saying none.
          if (act === 'acceptItems' || chosen.length < choosable.length) body.itemIds = chosen;
          break;
        case 'criteria':
          if (proposal && proposal.items.length > 0) body.criteria = answersOf(proposal);
          break;
        case 'dueAt':
        case 'until':
          if (value !== '' || !optional(field)) body[field] = instantOf(value);
          break;
        case 'granted':
        case 'passed':
          body[field] = value === 'true';
          break;
        case 'n':
        case 'costYuan':
          body[field] = value === '' ? null : Number(value);
          break;
        default:
          if (value !== '' || !optional(field)) body[field] = value;
      }
    }
    send.mutate({ body, ifMatch: `"${hazard.seq}"` });
  };

  const select = (field: FieldName, label: string, options: { value: string; text: string }[], more: { empty?: string; hint?: string } = {}): ReactNode => (
    <Field key={field} label={label} optional={optional(field)} error={fieldError(field)} hint={more.hint}>
      {(control) => (
        <select {...control} required={!optional(field)} value={values[field] ?? ''} onChange={(e) => set(field, e.target.value)}>
          <option value="">{more.empty ?? t('field.choose')}</option>
          {options.map((o) => (
            <option key={o.value} value={o.value}>
              {o.text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );

  const candidates = (hazard.responsibleCandidates ?? []).filter((p) => act !== 'handover' || p.id !== hazard.responsible?.id);
  const field = (f: FieldName): ReactNode => {
    if (isText(f)) {
      return (
        <Field key={f} label={t(`act.${f}`)} optional={optional(f)} error={fieldError(f)}>
          {(control) => <textarea {...control} rows={3} maxLength={2000} value={values[f] ?? ''} onChange={(e) => set(f, e.target.value)} />}
        </Field>
      );
    }
    switch (f) {
      case 'grade':
        return select(f, t('hazards.grade'), HAZARD_GRADES.map((g) => ({ value: g, text: t(`grade.${g}`) })));
      case 'type':
        return select(f, t('act.typeChange'), Object.entries(HAZARD_TYPES).map(([value, words]) => ({ value, text: word(words) })), { empty: t('act.typeKeep', { type: word(HAZARD_TYPES[hazard.type]) }) });
      case 'criteria':
        return <Criteria key={`${f}-${values.type ?? ''}`} hazardId={hazard.id} type={(values.type || hazard.type) as HazardType} onProposal={setProposal} />;
      case 'responsibleId':
        return select(f, t('hazard.responsible'), candidates.map((p) => ({ value: p.id, text: name(p) })), { hint: candidates.length === 0 ? t('act.noCandidates') : undefined });
      case 'tenantId':
        return select(f, t('act.rightEnterprise'), (enterprises.data ?? []).filter((e) => e.id !== hazard.tenant.id).map((e) => ({ value: e.id, text: name(e) })));
      case 'personId':
        return select(f, t('act.signer'), (persons.data?.items ?? []).map((p) => ({ value: p.id, text: `${name(p)} · ${name(p.memberships[0]?.org)}` })), { hint: t('act.signerHint') });
      case 'intoHazardId':
        return (
          <Field key={f} label={t('act.into')} error={fieldError(f)} hint={duplicates.data?.items.length === 0 ? t('act.intoNone') : undefined}>
            {(control) => (
              <select {...control} required value={values[f] ?? ''} onChange={(e) => set(f, e.target.value)}>
                <option value="">{duplicates.isPending ? t('state.loading') : t('field.choose')}</option>
                {(duplicates.data?.items ?? []).map((d) => (
                  <option key={d.hazard.id} value={d.hazard.id}>
                    {d.hazard.number} {own(d.hazard.title)} ({Math.round(d.score * 100)}%)
                  </option>
                ))}
              </select>
            )}
          </Field>
        );
      case 'level':
        return select(f, t('act.level'), LISTING_LEVELS.map((l) => ({ value: l, text: t(`listing.${l}`) })));
      case 'granted':
        return select(f, t('act.decision'), [{ value: 'true', text: t('act.grant') }, { value: 'false', text: t('act.refuse') }]);
      case 'passed':
        return select(f, t('act.lookBackResult'), [{ value: 'true', text: t('lookBackState.passed') }, { value: 'false', text: t('lookBackState.failed') }]);
      case 'n':
        return null;
      case 'dueAt':
        return <InstantField key={f} label={t(act === 'decideExtension' ? 'act.grantedUntil' : 'act.newDue')} value={values.dueAt ?? ''} onChange={(v) => set(f, v)} error={fieldError(f)} min={due && act === 'requestExtension' ? Date.parse(due) : undefined} />;
      case 'until':
        return <InstantField key={f} label={t('act.until')} value={values.until ?? ''} onChange={(v) => set(f, v)} error={fieldError(f)} />;
      case 'costYuan':
        return (
          <Field key={f} label={t('act.cost')} error={fieldError(f)}>
            {(control) => <input {...control} required type="number" inputMode="decimal" min={0} step="any" value={values[f] ?? ''} onChange={(e) => set(f, e.target.value)} />}
          </Field>
        );
      case 'evidence':
        return (
          <FileUpload key={f} label={t(optional(f) && hazard.grade !== 'major' ? 'act.evidenceOptional' : 'act.evidence')} error={fieldError('evidence')} files={files} onChange={setFiles} onBusy={setUploading} supersedable={hazard.evidence.filter((e) => e.sha256 !== null && e.supersededById === null)} />
        );
      case 'site':
        return (
          <fieldset key={f} className="act-site">
            <legend>{t('act.site')}</legend>
            <PointPicker value={site} onChange={setSite} error={fieldError('site')} hint={t('act.siteHint')} />
          </fieldset>
        );
      case 'itemIds':
        return (
          <fieldset key={f} className="act-items">
            <legend>{t(act === 'submit' ? 'act.itemsDone' : act === 'reject' ? 'act.itemsRejected' : 'act.itemsAccepted')}</legend>
            {choosable.map((i) => (
              <label key={i.itemId} className="choice">
                <input type="checkbox" checked={chosen.includes(i.itemId)} onChange={(e) => setChosen((now) => (e.target.checked ? [...now, i.itemId] : now.filter((id) => id !== i.itemId)))} />
                <span>{own(i.title)}</span>
              </label>
            ))}
            {fieldError('itemIds') && <p className="field-error">{fieldError('itemIds')}</p>}
          </fieldset>
        );
      case 'items':
        return (
          <fieldset key={f} className="act-split">
            <legend>{t('act.newItems')}</legend>
            {items.map((item, i) => {
              const change = (next: Partial<NewItem>): void => setItems((now) => now.map((old, k) => (k === i ? { ...old, ...next } : old)));
              return (
                <div key={i} className="act-split-item">
                  <Field label={t('act.itemTitle', { n: i + 1 })} error={fieldError(`items.${i}.title`)}>
                    {(control) => <input {...control} required maxLength={120} value={item.title} onChange={(e) => change({ title: e.target.value })} />}
                  </Field>
                  <InstantField label={t('act.itemDue')} optional value={item.due} onChange={(v) => change({ due: v })} error={fieldError(`items.${i}.dueAt`)} />
                  {items.length > 1 && (
                    <button type="button" className="icon-button" aria-label={t('act.itemRemove', { n: i + 1 })} onClick={() => setItems((now) => now.filter((_, k) => k !== i))}>
                      <Icon name="close" />
                    </button>
                  )}
                </div>
              );
            })}
            {items.length + hazard.items.length < MAX_ITEMS && (
              <button type="button" className="button" onClick={() => setItems((now) => [...now, { title: '', due: '' }])}>
                {t('act.itemAdd')}
              </button>
            )}
          </fieldset>
        );
    }
  };

  return (
    <form className="act-form" onSubmit={submit} aria-label={t(`command.${act}`)}>
      <p className="muted act-hint">{t(`actHint.${act}`)}</p>
      {act === 'decideExtension' && hazard.extension && (
        <p>
          {t('extension.askedUntil')} <Time at={hazard.extension.dueAt} />
        </p>
      )}
      {shown.map(field)}
      {send.error && (
        <>
          <ProblemPanel error={send.error} shownFields={shown.filter((f) => f !== 'items')} />
          {send.error instanceof Problem && [409, 412].includes(send.error.status) && <p className="muted">{t('act.reloaded')}</p>}
        </>
      )}
      <div className="form-actions">
        <button type="submit" className={tone === 'danger' ? 'button button-danger' : 'button button-main'} disabled={send.isPending || isUploading}>
          {send.isPending ? t('state.sending') : t(`command.${act}`)}
        </button>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </form>
  );
};
