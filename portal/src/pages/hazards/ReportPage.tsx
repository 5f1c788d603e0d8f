/** Report a hazard: made for a phone in one hand, usable at a desk. What is missing, the server names field by field. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import type { FormEvent } from 'react';
import { Link, useSearchParams } from 'react-router';
import { defaultSource, EXCHANGE_SOURCES } from '../../../../domain/exchange.ts';
import { EXCHANGE_FIELDS, fieldsOf, HAZARD_TYPES, isHazardType } from '../../../../domain/hazard-types.ts';
import type { FieldValue } from '../../../../domain/hazard-types.ts';
import { checkReport } from '../../../../domain/report.ts';
import type { MissingField } from '../../../../domain/report.ts';
import { enterprisesQuery } from '../../api/queries.ts';
import type { Point, ReportAnswer } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { AssetPicker } from '../../components/AssetPicker.tsx';
import { Field } from '../../components/Field.tsx';
import { FileUpload } from '../../components/FileUpload.tsx';
import type { UploadedFile } from '../../components/FileUpload.tsx';
import type { Position } from '../../components/map-geometry.ts';
import { PointPicker } from '../../components/PointPicker.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { fieldValues, TypeFields } from '../../components/TypeFields.tsx';
import type { TypedFields } from '../../components/TypeFields.tsx';
import { ReportQueue } from '../../offline/ReportQueue.tsx';
import { useReport } from '../../offline/use-report.ts';

type PlaceKind = 'asset' | 'point';
const FIELDS = ['type', 'title', 'description', 'assetId', 'zoneId', 'point', 'location', 'tenantId', 'photos', 'source'];
/** The rule is the server's (domain/report.ts); asking it here first saves a way on a slow line. */
const missingOf = (body: { type: string; description: string; assetId?: string; point?: Point; photos: unknown[]; fields: Record<string, FieldValue>; source: number }): MissingField[] => {
  const checked = checkReport(body);
  return checked.ok ? [] : (checked.refusal.detail?.errors as MissingField[]);
};

const Kept = ({ onAgain }: { onAgain: () => void }) => {
  const { t } = useWords();
  return (
    <div className="page page-narrow">
      <div className="card" role="status">
        <h1>{t('queue.kept')}</h1>
        <p>{t('queue.keptText')}</p>
        <div className="form-actions">
          <button type="button" className="button" onClick={onAgain}>
            {t('report.again')}
          </button>
        </div>
      </div>
      <ReportQueue />
    </div>
  );
};

const Sent = ({ answer, onAgain }: { answer: ReportAnswer; onAgain: () => void }) => {
  const { t } = useWords();
  return (
    <div className="page page-narrow">
      <div className="card" role="status">
        <h1>{t('report.sent')}</h1>
        <p>{t(answer.status === 'processing' ? 'report.processing' : answer.joined ? 'report.joined' : 'report.registered')}</p>
        <div className="form-actions">
          {answer.status === 'registered' && (
            <Link className="button button-main" to={`/hazards/${answer.hazardId}`}>
              {t('alarm.case')}
            </Link>
          )}
          <button type="button" className="button" onClick={onAgain}>
            {t('report.again')}
          </button>
        </div>
      </div>
    </div>
  );
};

export const ReportPage = () => {
  const { t, name, word, fieldMessage } = useWords();
  const { membership } = useSession();
  const [params] = useSearchParams();
  const [type, setType] = useState('');
  const [title, setTitle] = useState('');
  const [description, setDescription] = useState('');
  const [typed, setTyped] = useState<TypedFields>({});
  const [source, setSource] = useState(defaultSource('manual'));
  const [placeKind, setPlaceKind] = useState<PlaceKind>('asset');
  const [assetId, setAssetId] = useState(params.get('asset') ?? '');
  const [point, setPoint] = useState<Position | null>(null);
  const [tenantId, setTenantId] = useState('');
  const [files, setFiles] = useState<UploadedFile[]>([]);
  const [answer, setAnswer] = useState<ReportAnswer | null>(null);
  const isEnterprise = membership.org.kind === 'enterprise';
  const enterprises = useQuery({ ...enterprisesQuery(), enabled: !isEnterprise && placeKind === 'point' });
  const send = useReport((result) => (result === 'kept' ? setKept(true) : setAnswer(result)));
  const [isKept, setKept] = useState(false);
  const [isUploading, setUploading] = useState(false);
  const [missing, setMissing] = useState<MissingField[]>([]);
  const form = useRef<HTMLFormElement>(null);
  const serverError = useFieldError(send.error);
  const fieldError = (field: string): string | undefined => {
    const found = missing.find((m) => m.field === field);
    return found ? fieldMessage(found) : serverError(field);
  };
  // To the first field that is wrong: on a phone it is often out of sight.
  useEffect(() => {
    form.current?.querySelector<HTMLElement>('.field-wrong :is(input, select, textarea)')?.focus();
  }, [missing, send.error]);
  const shownFields = isHazardType(type) ? [...FIELDS, ...fieldsOf(type).map((f) => `fields.${f.key}`)] : FIELDS;
  // What is wrong is never out of sight.
  const exchangeWrong = ['source', ...EXCHANGE_FIELDS.map((f) => `fields.${f.key}`)].some((f) => fieldError(f) !== undefined);
  const placeError = fieldError('location') ?? fieldError(placeKind === 'asset' ? 'assetId' : 'point') ?? fieldError(placeKind === 'asset' ? 'point' : 'assetId') ?? fieldError('zoneId');

  const clear = (): void => {
    setAnswer(null);
    setKept(false);
    setTitle('');
    setDescription('');
    setFiles([]);
    setTyped({});
  };
  if (answer) return <Sent answer={answer} onAgain={clear} />;
  if (isKept) return <Kept onAgain={clear} />;

  // What was said of another type is not said of this one.
  const chooseType = (next: string): void => {
    setType(next);
    setTyped({});
  };

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const body = {
      type,
      ...(title.trim() ? { title: title.trim() } : {}),
      description: description.trim(),
      ...(placeKind === 'asset' && assetId ? { assetId } : {}),
      ...(placeKind === 'point' && point ? { point: { type: 'Point' as const, coordinates: [point[0], point[1]] as [number, number] } } : {}),
      ...(placeKind === 'point' && tenantId ? { tenantId } : {}),
      fields: isHazardType(type) ? fieldValues(type, typed) : {},
      source,
      photos: files.map(({ ref: { sha256, mediaType, capturedAt } }) => ({ sha256, mediaType, capturedAt })),
    };
    const errors = missingOf(body);
    setMissing(errors);
    send.reset();
    if (errors.length === 0) send.mutate({ body, files });
  };

  return (
    <div className="page page-narrow">
      <h1>{t('report.title')}</h1>
      <ReportQueue />
      <form className="report" ref={form} onSubmit={submit} noValidate>
        <FileUpload label={t('report.photos')} hint={isHazardType(type) && !HAZARD_TYPES[type].photo ? t('report.photoOptional') : undefined} error={fieldError('photos')} files={files} onChange={setFiles} worksOffline onBusy={setUploading} />
        <Field label={t('hazards.type')} error={fieldError('type')}>
          {(control) => (
            <select {...control} value={type} onChange={(e) => chooseType(e.target.value)}>
              <option value="">{t('field.choose')}</option>
              {Object.entries(HAZARD_TYPES).map(([value, words]) => (
                <option key={value} value={value}>
                  {word(words)}
                </option>
              ))}
            </select>
          )}
        </Field>
        {isHazardType(type) && <TypeFields fields={HAZARD_TYPES[type].fields} typed={typed} onChange={setTyped} errorOf={fieldError} />}
        <Field label={t('report.description')} error={fieldError('description')}>
          {(control) => <textarea {...control} rows={3} value={description} onChange={(e) => setDescription(e.target.value)} />}
        </Field>
        <Field label={t('report.caseTitle')} optional error={fieldError('title')}>
          {(control) => <input {...control} value={title} onChange={(e) => setTitle(e.target.value)} />}
        </Field>
        <fieldset className="report-place">
          <legend>{t('report.place')}</legend>
          <div className="segments" role="group" aria-label={t('report.place')}>
            <button type="button" aria-pressed={placeKind === 'asset'} onClick={() => setPlaceKind('asset')}>
              {t('report.byAsset')}
            </button>
            <button type="button" aria-pressed={placeKind === 'point'} onClick={() => setPlaceKind('point')}>
              {t('report.byPoint')}
            </button>
          </div>
          {placeKind === 'asset' ? <AssetPicker value={assetId} onChange={setAssetId} error={placeError} /> : <PointPicker value={point} onChange={setPoint} error={placeError} />}
          {placeKind === 'point' && !isEnterprise && (
            <Field label={t('report.enterprise')} error={fieldError('tenantId')}>
              {(control) => (
                <select {...control} value={tenantId} onChange={(e) => setTenantId(e.target.value)}>
                  <option value="">{t('field.choose')}</option>
                  {(enterprises.data ?? []).map((e) => (
                    <option key={e.id} value={e.id}>
                      {name(e)}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          )}
        </fieldset>
        <details className="report-exchange" open={exchangeWrong || undefined}>
          <summary>{t('report.exchange')}</summary>
          <Field label={t('report.source')} error={fieldError('source')}>
            {(control) => (
              <select {...control} value={source} onChange={(e) => setSource(Number(e.target.value))}>
                {Object.entries(EXCHANGE_SOURCES).map(([code, words]) => (
                  <option key={code} value={code}>
                    {word(words)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          {isHazardType(type) && <TypeFields fields={EXCHANGE_FIELDS} typed={typed} onChange={setTyped} errorOf={fieldError} />}
        </details>
        {send.error && <ProblemPanel error={send.error} shownFields={shownFields} />}
        <button type="submit" className="button button-main button-wide report-send" disabled={send.isPending || isUploading}>
          {send.isPending ? t('state.sending') : isUploading ? t('upload.running') : t('report.send')}
        </button>
      </form>
    </div>
  );
};
