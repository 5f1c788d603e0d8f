/** Photos and videos as evidence: hashed here, stored at once, listed with their hash until the form is sent. */
import { useEffect, useId, useRef, useState } from 'react';
import { newKey, Problem } from '../api/client.ts';
import { ACCEPTED_MEDIA, localRef, uploadFile } from '../api/uploads.ts';
import type { UploadProgress } from '../api/uploads.ts';
import type { EvidenceItem, EvidenceRef } from '../api/types.ts';
import { useWords } from '../app/i18n.ts';
import { Icon } from './Icon.tsx';
import { ProblemPanel } from './ProblemPanel.tsx';

export interface UploadedFile {
  ref: EvidenceRef;
  file: File;
  /** Kept on the device only: the network was away. */
  isLocal?: boolean;
}

interface Running {
  key: string;
  name: string;
  progress: UploadProgress;
}

/** Drawn, not linked: the policy of the page allows pictures from the server only. */
const Thumbnail = ({ file }: { file: File }) => {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    let gone = false;
    void createImageBitmap(file, { resizeHeight: 96 }).then(
      (bitmap) => {
        const target = canvas.current;
        if (gone || !target) return;
        target.width = bitmap.width;
        target.height = bitmap.height;
        target.getContext('2d')?.drawImage(bitmap, 0, 0);
      },
      () => {}, // a kind this browser cannot draw: the name stands alone
    );
    return () => {
      gone = true;
    };
  }, [file]);
  return <canvas ref={canvas} aria-hidden="true" />;
};

const RunningUpload = ({ name, progress: { stage, done, total } }: Running) => {
  const { t } = useWords();
  const percent = total === 0 ? 0 : Math.floor((done / total) * 100);
  return (
    <li className="upload-running">
      <span className="upload-name">
        {name}
        <small role={stage === 'waiting' ? 'status' : undefined}>{t(`uploadStage.${stage}`, { percent })}</small>
      </span>
      <progress value={percent} max={100} aria-label={t('upload.progressOf', { name })} />
    </li>
  );
};

interface Props {
  label: string;
  hint?: string;
  error?: string;
  files: UploadedFile[];
  onChange: (update: (files: UploadedFile[]) => UploadedFile[]) => void;
  /** Evidence of the case that a new file can supersede. */
  supersedable?: EvidenceItem[];
  /** Without network a file is kept on the device, for a form that can be sent later. */
  worksOffline?: boolean;
  /** While files are on their way the form waits. */
  onBusy?: (isBusy: boolean) => void;
}

const GONE = { status: 0, code: 'network.unreachable', titleZh: '', titleEn: '' };
/** Stored on the server, or named where that cannot be reached. */
const take = async (file: File, worksOffline: boolean, onProgress: (progress: UploadProgress) => void): Promise<UploadedFile> => {
  if (!worksOffline) return { ref: await uploadFile(file, onProgress), file };
  try {
    if (navigator.onLine) return { ref: await uploadFile(file, onProgress, () => Promise.reject(new Problem(GONE))), file };
  } catch (failure) {
    if (!(failure instanceof Problem) || failure.status !== 0) throw failure;
  }
  return { ref: await localRef(file, onProgress), file, isLocal: true };
};

export const FileUpload = ({ label, hint, error, files, onChange, supersedable = [], worksOffline = false, onBusy }: Props) => {
  const { t } = useWords();
  const id = useId();
  const [running, setRunning] = useState<Running[]>([]);
  const [problem, setProblem] = useState<unknown>(null);
  const isBusy = running.length > 0;
  useEffect(() => onBusy?.(isBusy), [isBusy, onBusy]);

  const add = async (chosen: File[]): Promise<void> => {
    setProblem(null);
    const waiting = chosen.map((file) => ({ file, key: newKey() }));
    setRunning((now) => [...now, ...waiting.map(({ file, key }) => ({ key, name: file.name, progress: { stage: 'hashing' as const, done: 0, total: file.size } }))]);
    for (const { file, key } of waiting) {
      try {
        const taken = await take(file, worksOffline, (progress) => setRunning((now) => now.map((r) => (r.key === key ? { ...r, progress } : r))));
        onChange((now) => (now.some((f) => f.ref.sha256 === taken.ref.sha256) ? now : [...now, taken]));
      } catch (failure) {
        setProblem(failure);
      } finally {
        setRunning((now) => now.filter((r) => r.key !== key));
      }
    }
  };
  const supersede = (sha256: string, supersedes: string): void =>
    onChange((now) => now.map((f) => (f.ref.sha256 === sha256 ? { ...f, ref: { ...f.ref, supersedes: supersedes || undefined } } : f)));

  return (
    <div className={error ? 'field field-wrong' : 'field'}>
      <span className="field-label" id={`${id}-label`}>
        {label}
      </span>
      <label className="upload">
        <Icon name="photo" />
        <span>{running.length > 0 ? t('upload.running') : t('upload.choose')}</span>
        <input
          type="file"
          multiple
          accept={ACCEPTED_MEDIA}
          aria-labelledby={`${id}-label`}
          aria-describedby={error ? `${id}-error` : undefined}
          onChange={(event) => {
            void add([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
      </label>
      {hint && <p className="hint">{hint}</p>}
      {error && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {running.length > 0 && (
        <ul className="uploads">
          {running.map((upload) => (
            <RunningUpload {...upload} key={upload.key} />
          ))}
        </ul>
      )}
      {files.length > 0 && (
        <ul className="uploads">
          {files.map(({ ref, file, isLocal }) => (
            <li key={ref.sha256}>
              {ref.mediaType.startsWith('image/') && <Thumbnail file={file} />}
              <span className="upload-name">
                {file.name}
                <code title={ref.sha256}>SHA-256 {ref.sha256.slice(0, 12)}…</code>
                {isLocal && <small>{t('upload.onDevice')}</small>}
                {supersedable.length > 0 && (
                  <label className="upload-supersedes">
                    {t('upload.supersedes')}
                    <select value={ref.supersedes ?? ''} onChange={(e) => supersede(ref.sha256, e.target.value)}>
                      <option value="">{t('upload.supersedesNone')}</option>
                      {supersedable.map((e) => (
                        <option key={e.id} value={e.id}>
                          {e.sha256?.slice(0, 12)}
                        </option>
                      ))}
                    </select>
                  </label>
                )}
              </span>
              <button type="button" className="icon-button" aria-label={t('upload.remove', { name: file.name })} onClick={() => onChange((now) => now.filter((f) => f.ref.sha256 !== ref.sha256))}>
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem !== null && <ProblemPanel error={problem} />}
    </div>
  );
};
