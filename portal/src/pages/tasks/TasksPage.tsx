/** 任务: what somebody must have done by an instant; and the patrol plans that make tasks. */
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { FormEvent } from 'react';
import { Link, useSearchParams } from 'react-router';
import { TASK_KINDS, TASK_RESULTS } from '../../../../domain/tasks.ts';
import { enterprisesQuery, taskQuery, tasksQuery } from '../../api/queries.ts';
import type { TaskFilters } from '../../api/queries.ts';
import type { Task } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { FileUpload } from '../../components/FileUpload.tsx';
import type { UploadedFile } from '../../components/FileUpload.tsx';
import { InstantField, instantOf } from '../../components/InstantField.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Due, Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';
import { PatrolPlans } from './PatrolPlans.tsx';

const Complete = ({ task, onDone, onCancel }: { task: Task; onDone: () => void; onCancel: () => void }) => {
  const { t } = useWords();
  const [result, setResult] = useState('done');
  const [note, setNote] = useState('');
  const [files, setFiles] = useState<UploadedFile[]>([]);
  const [isUploading, setUploading] = useState(false);
  const send = useAct<unknown>(`/api/v1/tasks/${task.id}/complete`, { onSuccess: onDone });
  const fieldError = useFieldError(send.error);
  return (
    <form
      className="act-form"
      aria-label={t('task.complete')}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        send.mutate({ body: { result, ...(note.trim() ? { note: note.trim() } : {}), ...(files.length > 0 ? { evidence: files.map((f) => f.ref.sha256) } : {}) }, stamped: false });
      }}
    >
      <Field label={t('task.result')} error={fieldError('result')}>
        {(control) => (
          <select {...control} value={result} onChange={(e) => setResult(e.target.value)}>
            {TASK_RESULTS.map((r) => (
              <option key={r} value={r}>
                {t(`taskResult.${r}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('task.note')} optional={result === 'done'} error={fieldError('note')}>
        {(control) => <textarea {...control} rows={3} maxLength={2000} value={note} onChange={(e) => setNote(e.target.value)} />}
      </Field>
      <FileUpload label={t('task.evidence')} error={fieldError('evidence')} files={files} onChange={setFiles} onBusy={setUploading} />
      {send.error && <ProblemPanel error={send.error} shownFields={['result', 'note', 'evidence']} />}
      <div className="form-actions">
        <button type="submit" className="button button-main" disabled={send.isPending || isUploading}>
          {send.isPending ? t('state.sending') : t('task.complete')}
        </button>
        <button type="button" className="button button-quiet" onClick={onCancel}>
          {t('action.cancel')}
        </button>
      </div>
    </form>
  );
};

const Row = ({ task, isOpen, onOpen, onDone }: { task: Task; isOpen: boolean; onOpen: (open: boolean) => void; onDone: () => void }) => {
  const { t, name, word } = useWords();
  return (
    <li id={`task-${task.id}`} className={isOpen ? 'card task task-open' : 'card task'}>
      <div className="section-head">
        <div>
          <p className="task-title">{word({ zh: task.titleZh, en: task.titleEn })}</p>
          <p className="marks">
            <span className="mark">{t(`taskKind.${task.kind}`)}</span>
            {task.overdueAt && <span className="mark mark-overdue">{t('hazards.overdue')}</span>}
            {task.escalation > 0 && !task.doneAt && <span className="mark mark-supervision">{t('task.escalated', { count: task.escalation })}</span>}
            {task.result && <span className="mark mark-state-archived">{t(`taskResult.${task.result}`)}</span>}
          </p>
          <p className="muted">
            {t('task.owner')}: {name(task.owner)}
            {task.person && ` · ${name(task.person)}`}
            {task.asset && ` · ${task.asset.code} ${name(task.asset)}`}
          </p>
          {typeof task.detail.note === 'string' && <p>{task.detail.note}</p>}
          {task.doneAt && (
            <p className="muted">
              {t('task.doneBy', { name: task.doneBy ? name(task.doneBy) : t('timeline.system') })} <Time at={task.doneAt} style="short" />
              {task.note && `: ${task.note}`}
            </p>
          )}
        </div>
        <div className="task-side">
          {task.doneAt ? null : <Due at={task.dueAt} />}
          <span className="muted">
            {t('task.due')} <Time at={task.dueAt} style="short" />
          </span>
          <span className="task-acts">
            {task.hazardId && (
              <Link className="button" to={`/hazards/${task.hazardId}`}>
                {t('alarm.case')}
              </Link>
            )}
            {task.canComplete && !isOpen && (
              <button type="button" className="button button-main" onClick={() => onOpen(true)}>
                {t('task.complete')}
              </button>
            )}
          </span>
        </div>
      </div>
      {isOpen && task.canComplete && <Complete task={task} onDone={onDone} onCancel={() => onOpen(false)} />}
    </li>
  );
};

const Ask = ({ onAsked }: { onAsked: () => void }) => {
  const { t, name } = useWords();
  const enterprises = useQuery(enterprisesQuery());
  const [v, setV] = useState({ kind: 'stop_and_inspect', titleZh: '', titleEn: '', ownerOrgId: '', note: '', due: '' });
  const ask = useAct<unknown>('/api/v1/tasks', { onSuccess: onAsked });
  const fieldError = useFieldError(ask.error);
  return (
    <form
      className="admin-form"
      aria-label={t('task.ask')}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        ask.mutate({ body: { kind: v.kind, titleZh: v.titleZh, titleEn: v.titleEn, ownerOrgId: v.ownerOrgId, dueAt: instantOf(v.due), ...(v.note.trim() ? { note: v.note.trim() } : {}) }, stamped: false });
      }}
    >
      <Field label={t('task.kind')} error={fieldError('kind')}>
        {(control) => (
          <select {...control} value={v.kind} onChange={(e) => setV({ ...v, kind: e.target.value })}>
            {['stop_and_inspect', 'other'].map((k) => (
              <option key={k} value={k}>
                {t(`taskKind.${k}`)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label={t('task.ownerOrg')} error={fieldError('ownerOrgId')}>
        {(control) => (
          <select {...control} required value={v.ownerOrgId} onChange={(e) => setV({ ...v, ownerOrgId: e.target.value })}>
            <option value="">{t('field.choose')}</option>
            {(enterprises.data ?? []).map((e) => (
              <option key={e.id} value={e.id}>
                {name(e)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {(['titleZh', 'titleEn'] as const).map((f) => (
        <Field key={f} label={t(`task.${f}`)} error={fieldError(f)}>
          {(control) => <input {...control} required maxLength={200} value={v[f]} onChange={(e) => setV({ ...v, [f]: e.target.value })} />}
        </Field>
      ))}
      <Field label={t('task.note')} optional error={fieldError('note')}>
        {(control) => <textarea {...control} rows={2} maxLength={2000} value={v.note} onChange={(e) => setV({ ...v, note: e.target.value })} />}
      </Field>
      <InstantField label={t('task.due')} value={v.due} onChange={(due) => setV({ ...v, due })} error={fieldError('dueAt')} />
      {ask.error && <ProblemPanel error={ask.error} shownFields={['kind', 'ownerOrgId', 'titleZh', 'titleEn', 'note', 'dueAt']} />}
      <div className="form-actions">
        <button type="submit" className="button button-main" disabled={ask.isPending}>
          {t('task.ask')}
        </button>
      </div>
    </form>
  );
};

/** A task that was asked for by its address, wherever it stands in the list. */
const OneTask = ({ id, onDone }: { id: string; onDone: () => void }) => {
  const [isOpen, setOpen] = useState(true);
  const task = useQuery(taskQuery(id));
  if (task.isPending) return <Loading rows={2} />;
  if (task.isError) return <ProblemPanel error={task.error} onRetry={() => void task.refetch()} />;
  return (
    <ul className="tasks">
      <Row task={task.data} isOpen={isOpen} onOpen={setOpen} onDone={onDone} />
    </ul>
  );
};

const TaskList = () => {
  const { t } = useWords();
  const { may } = useSession();
  const client = useQueryClient();
  const [params, setParams] = useSearchParams();
  const [openTask, setOpenTask] = useState<string | null>(null);
  const [done, setDone] = useState<string | null>(null);
  const filters: TaskFilters = { open: params.get('open') ?? 'true' };
  if (filters.open === 'all') delete filters.open;
  for (const key of ['overdue', 'mine', 'kind', 'planId', 'hazardId'] as const) {
    const value = params.get(key);
    if (value) filters[key] = value;
  }
  const list = useInfiniteQuery({ ...tasksQuery(filters), placeholderData: keepPreviousData });
  const tasks = list.data?.pages.flatMap((p) => p.items) ?? [];
  const one = params.get('task');
  const set = (key: string, value: string): void =>
    setParams(
      (now) => {
        if (value) now.set(key, value);
        else now.delete(key);
        return now;
      },
      { replace: true },
    );
  const finish = (text: string): void => {
    setOpenTask(null);
    setDone(text);
    void client.invalidateQueries({ queryKey: ['tasks'] });
  };
  const toggle = (key: 'mine' | 'overdue', label: string) => (
    <label className="check">
      <input type="checkbox" checked={filters[key] === 'true'} onChange={(e) => set(key, e.target.checked ? 'true' : '')} />
      {label}
    </label>
  );
  return (
    <>
      <div className="filters" role="search">
        <label className="check">
          <input type="checkbox" checked={filters.open === 'true'} onChange={(e) => set('open', e.target.checked ? '' : 'all')} />
          {t('task.openOnly')}
        </label>
        {toggle('mine', t('task.mine'))}
        {toggle('overdue', t('task.overdueOnly'))}
        <select aria-label={t('task.kind')} value={filters.kind ?? ''} onChange={(e) => set('kind', e.target.value)}>
          <option value="">{t('task.kind')}</option>
          {TASK_KINDS.map((k) => (
            <option key={k} value={k}>
              {t(`taskKind.${k}`)}
            </option>
          ))}
        </select>
      </div>
      <p className="done" role="status">
        {done}
      </p>
      {one && <OneTask id={one} onDone={() => finish(t('task.done'))} />}
      {list.isPending && <Loading rows={5} />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && tasks.length === 0 && <Empty title={t('task.none')} />}
      <ul className="tasks">
        {tasks.filter((x) => x.id !== one).map((task) => (
          <Row key={task.id} task={task} isOpen={openTask === task.id} onOpen={(open) => setOpenTask(open ? task.id : null)} onDone={() => finish(t('task.done'))} />
        ))}
      </ul>
      <More list={list} />
      {may('task.create') && (
        <details className="card">
          <summary>{t('task.ask')}</summary>
          <Ask key={done} onAsked={() => finish(t('task.asked'))} />
        </details>
      )}
    </>
  );
};

export const TasksPage = () => {
  const { t } = useWords();
  const { may } = useSession();
  const [params, setParams] = useSearchParams();
  const isPlans = params.get('tab') === 'plans' && may('patrol.read');
  return (
    <div className="page page-list">
      <div className="page-head">
        <h1>{t('task.title')}</h1>
        {may('patrol.read') && (
          <div className="segments" role="group" aria-label={t('task.title')}>
            <button type="button" aria-pressed={!isPlans} onClick={() => setParams({}, { replace: true })}>
              {t('task.tabTasks')}
            </button>
            <button type="button" aria-pressed={isPlans} onClick={() => setParams({ tab: 'plans' }, { replace: true })}>
              {t('task.tabPlans')}
            </button>
          </div>
        )}
      </div>
      {isPlans ? <PatrolPlans /> : <TaskList />}
    </div>
  );
};
