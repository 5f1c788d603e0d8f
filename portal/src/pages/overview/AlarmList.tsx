import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { alarmsQuery } from '../../api/queries.ts';
import type { Alarm } from '../../api/types.ts';
import { formatNumber } from '../../app/format.ts';
import { useWords } from '../../app/i18n.ts';
import { useSession } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { AlarmStateMark, LevelMark, levelTone } from '../../components/Marks.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';
import { Empty, Loading, More } from '../../components/States.tsx';
import { Since, Time } from '../../components/Time.tsx';
import { useAct } from '../../components/use-act.ts';

/** Acknowledge and judge, as far as the server says this person may. */
const AlarmActs = ({ alarm }: { alarm: Alarm }) => {
  const { t } = useWords();
  const client = useQueryClient();
  const [judging, setJudging] = useState<'real' | 'false' | null>(null);
  const [reason, setReason] = useState('');
  /** Also after a refusal: somebody else was faster, and the list shows what they did. */
  const reload = (): void => {
    void client.invalidateQueries({ queryKey: ['alarms'] });
    void client.invalidateQueries({ queryKey: ['map'] });
  };
  const acknowledge = useAct<Alarm>(`/api/v1/alarms/${alarm.id}/acknowledge`, { onSuccess: reload, onError: reload });
  const confirm = useAct<Alarm>(`/api/v1/alarms/${alarm.id}/confirm`, {
    onSuccess: () => {
      setJudging(null);
      reload();
    },
    onError: reload,
  });
  const fieldError = useFieldError(confirm.error);
  const error = acknowledge.error ?? confirm.error;

  return (
    <>
      <div className="alarm-acts">
        {alarm.allowedActs.includes('acknowledge') && (
          <button type="button" className="button button-main" disabled={acknowledge.isPending} onClick={() => acknowledge.mutate({ body: {}, stamped: false })}>
            {t('alarm.acknowledge')}
          </button>
        )}
        {alarm.allowedActs.includes('confirm') && (
          <>
            <button type="button" className="button" aria-expanded={judging === 'real'} onClick={() => setJudging(judging === 'real' ? null : 'real')}>
              {t('alarm.judgeReal')}
            </button>
            <button type="button" className="button" aria-expanded={judging === 'false'} onClick={() => setJudging(judging === 'false' ? null : 'false')}>
              {t('alarm.judgeFalse')}
            </button>
          </>
        )}
        {alarm.hazardId && <HazardLink id={alarm.hazardId} />}
      </div>
      {judging && (
        <form
          className="alarm-judge"
          onSubmit={(event) => {
            event.preventDefault();
            confirm.mutate({ body: { real: judging === 'real', ...(reason.trim() ? { reason: reason.trim() } : {}) }, stamped: false });
          }}
        >
          <Field label={t(judging === 'real' ? 'alarm.reasonReal' : 'alarm.reasonFalse')} optional={judging === 'real'} error={fieldError('reason')}>
            {(control) => <textarea {...control} rows={2} value={reason} onChange={(e) => setReason(e.target.value)} />}
          </Field>
          <div className="form-actions">
            <button type="submit" className="button button-main" disabled={confirm.isPending}>
              {t(judging === 'real' ? 'alarm.confirmReal' : 'alarm.confirmFalse')}
            </button>
            <button type="button" className="button button-quiet" onClick={() => setJudging(null)}>
              {t('action.cancel')}
            </button>
          </div>
        </form>
      )}
      {error && <ProblemPanel error={error} shownFields={['reason']} />}
    </>
  );
};

const HazardLink = ({ id }: { id: string }) => {
  const { t } = useWords();
  const { may } = useSession();
  return may('hazard.read') ? (
    <Link className="button button-quiet" to={`/hazards/${id}`}>
      {t('alarm.case')}
    </Link>
  ) : null;
};

const AlarmRow = ({ alarm, selected, onSelect }: { alarm: Alarm; selected: boolean; onSelect: () => void }) => {
  const { t, name, language } = useWords();
  const limit = `${formatNumber(alarm.limit, language)} ${alarm.unit}`;
  return (
    <li className={`alarm alarm-${levelTone(alarm.level)} alarm-${alarm.state}${selected ? ' alarm-selected' : ''}`}>
      <button type="button" className="alarm-main" aria-pressed={selected} onClick={onSelect}>
        <span className="alarm-line">
          <LevelMark level={alarm.level} />
          <AlarmStateMark state={alarm.state} />
        </span>
        <strong>
          {alarm.asset.code} {name(alarm.asset)}
        </strong>
        <span className="alarm-line">
          <span className="alarm-value">
            {formatNumber(alarm.value, language)} {alarm.unit}
          </span>
          <span className="muted">
            {name(alarm.sensor)} · {t('alarm.limit', { limit })}
            {alarm.statutory && ` · ${t('alarm.statutory')}`}
          </span>
        </span>
        <span className="alarm-line muted">
          <span>{name(alarm.tenant)}</span>
          <span>
            <Since at={alarm.raisedAt} />
          </span>
        </span>
      </button>
      {alarm.acknowledgedAt && (
        <p className="alarm-note muted">
          {t('alarm.acknowledgedBy', { name: name(alarm.acknowledgedBy) })} · <Time at={alarm.acknowledgedAt} style="short" />
        </p>
      )}
      {alarm.escalation > 0 && alarm.acknowledgedAt === null && <p className="alarm-note alarm-escalated">{t('alarm.escalated', { rung: alarm.escalation })}</p>}
      {alarm.confirmed !== null && (
        <p className="alarm-note">
          {t(alarm.confirmed ? 'alarm.wasReal' : 'alarm.wasFalse')}
          {alarm.confirmReason && `: ${alarm.confirmReason}`}
        </p>
      )}
      <AlarmActs alarm={alarm} />
    </li>
  );
};

export const AlarmList = ({ selectedAssetId, onSelectAsset }: { selectedAssetId: string | null; onSelectAsset: (id: string | null) => void }) => {
  const { t } = useWords();
  const [params, setParams] = useSearchParams();
  const open = params.get('alarms') !== 'past';
  const list = useInfiniteQuery(alarmsQuery(open));
  const alarms = list.data?.pages.flatMap((p) => p.items) ?? [];
  const show = (value: boolean): void =>
    setParams(
      (now) => {
        if (value) now.delete('alarms');
        else now.set('alarms', 'past');
        return now;
      },
      { replace: true },
    );
  return (
    <section className="overview-alarms" aria-labelledby="alarms-title">
      <div className="section-head">
        <h2 id="alarms-title">{t('alarm.title')}</h2>
        <div className="segments" role="group" aria-label={t('alarm.which')}>
          <button type="button" aria-pressed={open} onClick={() => show(true)}>
            {t('alarm.open')}
          </button>
          <button type="button" aria-pressed={!open} onClick={() => show(false)}>
            {t('alarm.past')}
          </button>
        </div>
      </div>
      {list.isPending && <Loading />}
      {list.isError && <ProblemPanel error={list.error} onRetry={() => void list.refetch()} />}
      {list.isSuccess && alarms.length === 0 && <Empty title={t(open ? 'alarm.none' : 'alarm.nonePast')}>{open && t('alarm.noneText')}</Empty>}
      <ul className="alarms">
        {alarms.map((alarm) => (
          <AlarmRow key={alarm.id} alarm={alarm} selected={alarm.asset.id === selectedAssetId} onSelect={() => onSelectAsset(alarm.asset.id === selectedAssetId ? null : alarm.asset.id)} />
        ))}
      </ul>
      <More list={list} />
    </section>
  );
};
