/** Small marks of state. Each says in words and by its shape what its colour says. */
import type { AlarmState } from '../../../domain/alarm.ts';
import type { HazardState } from '../../../domain/hazard.ts';
import type { HazardGrade } from '../../../domain/hazard-types.ts';
import type { AlarmMark } from '../api/types.ts';
import { useWords } from '../app/i18n.ts';

/** Outline of an alarm level around (0, 0), 20 wide: up for high, down for low, twice the line for the second limit. */
export const LEVEL_SHAPES: Record<AlarmMark, string> = {
  HH: 'M0-11 11 8H-11z',
  H: 'M0-9 9 6.5H-9z',
  LL: 'M0 11 11-8H-11z',
  L: 'M0 9 9-6.5H-9z',
  sustained: 'M0-10 10 0 0 10-10 0z',
};
export const levelTone = (level: AlarmMark): 'severe' | 'high' => (level === 'HH' || level === 'LL' ? 'severe' : 'high');

export const LevelMark = ({ level }: { level: AlarmMark }) => {
  const { t } = useWords();
  return (
    <span className={`level level-${levelTone(level)}`}>
      <svg viewBox="-12 -12 24 24" aria-hidden="true">
        <path d={LEVEL_SHAPES[level]} />
      </svg>
      {t(`level.${level}`)}
    </span>
  );
};

export const AlarmStateMark = ({ state }: { state: AlarmState }) => {
  const { t } = useWords();
  return <span className={`mark mark-alarm-${state}`}>{t(`alarmState.${state}`)}</span>;
};

export const StateMark = ({ state }: { state: HazardState }) => {
  const { t } = useWords();
  return <span className={`mark mark-state-${state}`}>{t(`hazardState.${state}`)}</span>;
};

export const GradeMark = ({ grade }: { grade: HazardGrade | null }) => {
  const { t } = useWords();
  return <span className={`mark mark-grade-${grade ?? 'none'}`}>{t(`grade.${grade ?? 'none'}`)}</span>;
};

export const SupervisionMark = ({ level, open }: { level: 0 | 1 | 2 | 3; open: boolean }) => {
  const { t } = useWords();
  if (level === 0) return null;
  return <span className={open ? 'mark mark-supervision' : 'mark mark-supervision-closed'}>{t(open ? 'supervision.open' : 'supervision.closed', { level })}</span>;
};
