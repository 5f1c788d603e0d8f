import { formatDuration, formatInstant, useNow, ZONE_NAME } from '../app/format.ts';
import { useWords } from '../app/i18n.ts';

/** An instant in the park's time. `zone={false}` only where a heading names the zone. */
export const Time = ({ at, style = 'full', zone = true }: { at: string; style?: 'full' | 'short'; zone?: boolean }) => {
  const { language } = useWords();
  return (
    <time dateTime={at} title={`${formatInstant(at, language)} ${ZONE_NAME}`}>
      {formatInstant(at, language, style)}
      {zone && <span className="zone"> {ZONE_NAME}</span>}
    </time>
  );
};

const JUST_NOW_MS = 10_000;

/** "12 minutes ago". */
export const Since = ({ at }: { at: string }) => {
  const { t, language } = useWords();
  const now = useNow();
  return (
    <time dateTime={at} title={`${formatInstant(at, language)} ${ZONE_NAME}`}>
      {now - Date.parse(at) < JUST_NOW_MS ? t('time.now') : t('time.ago', { duration: formatDuration(now - Date.parse(at), language) })}
    </time>
  );
};

/** "2 days 3 hours left", "overdue by 4 hours". */
export const Due = ({ at }: { at: string }) => {
  const { t, language } = useWords();
  const now = useNow();
  const left = Date.parse(at) - now;
  return (
    <span className={left < 0 ? 'due due-past' : left < 24 * 3_600_000 ? 'due due-soon' : 'due'}>
      {t(left < 0 ? 'time.overdueBy' : 'time.left', { duration: formatDuration(left, language) })}
    </span>
  );
};
