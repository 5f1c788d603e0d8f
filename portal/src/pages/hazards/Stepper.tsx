/** Where the case stands among the six steps of the closed loop (domain/hazard.ts says which states make a step). */
import type { HazardState } from '../../../../domain/hazard.ts';
import { useWords } from '../../app/i18n.ts';

const STEPS = ['find', 'report', 'dispatch', 'rectify', 'accept', 'archive'] as const;
/** The step that is going on, by state; 6 = all done, -1 = ended another way. */
const CURRENT: Record<HazardState, number> = { reported: 1, triaged: 2, dispatched: 3, rectifying: 3, submitted: 4, accepted: 5, archived: 6, dismissed: -1, merged: -1, redirected: -1 };

export const Stepper = ({ state }: { state: HazardState }) => {
  const { t } = useWords();
  const current = CURRENT[state];
  if (current < 0) return <p className="stepper-ended">{t(`stepEnd.${state}`)}</p>;
  return (
    <ol className="stepper" aria-label={t('step.label')}>
      {STEPS.map((step, i) => (
        <li key={step} className={i < current ? 'step step-done' : i === current ? 'step step-now' : 'step'} aria-current={i === current ? 'step' : undefined}>
          <span className="step-mark" aria-hidden="true">
            {i < current ? '✓' : i + 1}
          </span>
          <span className="step-name">
            {t(`step.${step}`)}
            {i < current && <span className="visually-hidden"> {t('step.done')}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
};
