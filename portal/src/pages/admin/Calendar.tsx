/** 法定日历: what each day of a month is, and which years are loaded. */
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { serverNow } from '../../api/client.ts';
import { calendarQuery, calendarYearsQuery } from '../../api/queries.ts';
import type { CalendarDay } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { wallClock } from '../../components/InstantField.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';
import { Loading } from '../../components/States.tsx';
import { Time } from '../../components/Time.tsx';

const moved = (month: string, by: number): string => {
  const [year, number] = month.split('-').map(Number) as [number, number];
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
};
const lastDay = (month: string): string => new Date(Date.parse(`${moved(month, 1)}-01T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
/** 0 is Monday. */
const weekday = (day: string): number => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
const WEEK = [0, 1, 2, 3, 4, 5, 6];

const Month = ({ days }: { days: CalendarDay[] }) => {
  const { t, word, language } = useWords();
  const cells: (CalendarDay | null)[] = [...Array.from({ length: weekday(days[0]!.day) }, () => null), ...days];
  const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, i) => cells.slice(i * 7, i * 7 + 7));
  const nameOf = (i: number): string => new Intl.DateTimeFormat(language, { weekday: 'short', timeZone: 'UTC' }).format(Date.UTC(2024, 0, 1 + i));
  return (
    <table className="calendar">
      <thead>
        <tr>
          {WEEK.map((i) => (
            <th key={i} scope="col">
              {nameOf(i)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {weeks.map((week, w) => (
          <tr key={w}>
            {WEEK.map((i) => {
              const d = week[i];
              if (!d) return <td key={i} />;
              return (
                <td key={i} className={`day day-${d.kind}`}>
                  <strong>{Number(d.day.slice(8))}</strong>
                  <span className="day-kind">{d.nameZh ? word({ zh: d.nameZh, en: d.nameEn ?? d.nameZh }) : t(`dayKind.${d.kind}`)}</span>
                  {d.nameZh && <span className="visually-hidden"> {t(`dayKind.${d.kind}`)}</span>}
                  {d.special.map((s) => (
                    <span key={s.nameZh} className="day-special">
                      {word({ zh: s.nameZh, en: s.nameEn })}
                    </span>
                  ))}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
};

export const Calendar = () => {
  const { t } = useWords();
  const [params, setParams] = useSearchParams();
  const month = /^\d{4}-\d{2}$/.test(params.get('month') ?? '') ? params.get('month')! : wallClock(serverNow()).slice(0, 7);
  const days = useQuery(calendarQuery(`${month}-01`, lastDay(month)));
  const years = useQuery(calendarYearsQuery());
  const go = (to: string): void =>
    setParams(
      (now) => {
        now.set('month', to);
        return now;
      },
      { replace: true },
    );
  return (
    <section className="card admin-part" aria-labelledby="calendar-title">
      <div className="section-head">
        <h2 id="calendar-title">{t('adminPart.calendar')}</h2>
        <div className="calendar-month">
          <button type="button" className="button" onClick={() => go(moved(month, -1))}>
            {t('calendar.before')}
          </button>
          <input type="month" aria-label={t('calendar.month')} value={month} onChange={(e) => e.target.value && go(e.target.value)} />
          <button type="button" className="button" onClick={() => go(moved(month, 1))}>
            {t('calendar.after')}
          </button>
        </div>
      </div>
      {days.isPending && <Loading rows={5} />}
      {days.isError && <ProblemPanel error={days.error} onRetry={() => void days.refetch()} />}
      {days.data && days.data.items.length > 0 && <Month days={days.data.items} />}
      <h3>{t('calendar.years')}</h3>
      {years.isError && <ProblemPanel error={years.error} onRetry={() => void years.refetch()} />}
      <ul className="admin-list">
        {(years.data?.items ?? []).map((y) => (
          <li key={y.year}>
            <strong>{y.year}</strong> {t('hazard.version', { version: y.version })} {y.problem && <span className="mark mark-overdue">{t(`calendarProblem.${y.problem}`)}</span>}
            <br />
            <span className="muted">
              {y.source} · {t('calendar.signedBy', { name: y.signer.name })} · {t('calendar.loaded')} <Time at={y.loadedAt} style="short" /> · <code>{y.sha256.slice(0, 12)}</code>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
};
