/** 运行效果: the weekly score of each enterprise, with every deduction and the records behind it. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { endedWeeks } from '../../../../domain/running-effect.ts';
import { serverNow } from '../../api/client.ts';
import { runningEffectQuery } from '../../api/queries.ts';
import type { RecordRef, RunningEffects } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { Field } from '../../components/Field.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Empty, Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

const SHOWN = 8;
const WEEKS = 26;

export const Records = ({ records }: { records: RecordRef[] }) => {
  const { t } = useWords();
  if (records.length === 0) return null;
  return (
    <span className="records">
      {records.slice(0, SHOWN).map((r, i) => (
        <Link key={`${r.kind}-${r.id}`} to={r.kind === 'hazard' ? `/hazards/${r.id}` : `/tasks?task=${r.id}`}>
          {t(r.kind === 'hazard' ? 'effect.case' : 'effect.task', { n: i + 1 })}
        </Link>
      ))}
      {records.length > SHOWN && <span className="muted">+{records.length - SHOWN}</span>}
    </span>
  );
};

const Score = ({ item }: { item: RunningEffects['items'][number] }) => {
  const { t, name, word } = useWords();
  const rate = (title: string, r: typeof item.tasks) => (
    <li>
      <span>
        {title} {r.rate === null ? t('effect.noneDue') : t('effect.rate', { done: r.done, of: r.of })}
      </span>
      <strong>+{r.points.toFixed(1)}</strong>
    </li>
  );
  return (
    <li className="card effect">
      <div className="section-head">
        <h3>{name(item.tenant)}</h3>
        <p className={item.score < 60 ? 'effect-score effect-low' : 'effect-score'}>
          {item.score.toFixed(1)}
          {item.veto && <span className="mark mark-overdue">{t('effect.veto')}</span>}
        </p>
      </div>
      <meter min={0} max={100} low={60} value={item.score} aria-label={t('effect.score')} />
      <ul className="effect-parts">
        {rate(t('effect.tasks'), item.tasks)}
        {rate(t('effect.rectification'), item.rectification)}
        {item.basis === 'none' && (
          <li>
            <span>{t('effect.basisNone')}</span>
          </li>
        )}
        {item.deductions.map((d) => (
          <li key={d.code}>
            <span>
              {word(d)} <Records records={d.records} />
            </span>
            <strong className="effect-minus">{d.points > 0 ? `−${d.points.toFixed(1)}` : `+${Math.abs(d.points).toFixed(1)}`}</strong>
          </li>
        ))}
        {item.vetoes.map((v, i) => (
          <li key={`veto-${i}`}>
            <span>
              {word(v)} <Records records={v.records} />
            </span>
            <strong className="effect-minus">→ 0</strong>
          </li>
        ))}
      </ul>
      <p className="muted">
        {t('effect.computed')} <Time at={item.computedAt} style="short" />
      </p>
    </li>
  );
};

export const RunningEffect = () => {
  const { t } = useWords();
  const [weeks] = useState(() => endedWeeks(serverNow(), WEEKS));
  const [week, setWeek] = useState(weeks[0]!);
  const effects = useQuery(runningEffectQuery(week));
  return (
    <section aria-labelledby="effect-title" className="effects">
      <div className="section-head">
        <div>
          <h2 id="effect-title">{t('effect.title')}</h2>
          <p className="muted">{t('effect.text')}</p>
        </div>
        <Field label={t('effect.week')}>
          {(control) => (
            <select {...control} value={week} onChange={(e) => setWeek(e.target.value)}>
              {weeks.map((w) => (
                <option key={w} value={w}>
                  {t('effect.weekOf', { day: w })}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {effects.isPending && <Loading rows={4} />}
      {effects.isError && <ProblemPanel error={effects.error} onRetry={() => void effects.refetch()} />}
      {effects.data && (
        <p className="muted">
          <Time at={effects.data.from} style="short" /> – <Time at={effects.data.to} style="short" />
        </p>
      )}
      {effects.data?.items.length === 0 && <Empty title={t('effect.none')} />}
      <ul className="effect-list">
        {(effects.data?.items ?? []).map((item) => (
          <Score key={item.tenant.id} item={item} />
        ))}
      </ul>
    </section>
  );
};
