/** The acts that the server allows this person now: the next expected first, rare ones behind "more". */
import { useId, useState } from 'react';
import type { ActName, Hazard } from '../../api/types.ts';
import { useWords } from '../../app/i18n.ts';
import { ACT_FORMS, offeredActs } from './act-forms.ts';
import { ActForm } from './ActForm.tsx';

interface Props {
  hazard: Hazard;
  onDone: (act: ActName) => void;
  onRefused: () => void;
  /** Open from the start, where it is allowed. */
  open?: ActName;
}

export const Acts = ({ hazard, onDone, onRefused, open }: Props) => {
  const { t } = useWords();
  const id = useId();
  const { usual, rare } = offeredActs(hazard);
  const [chosen, setChosen] = useState<ActName | null>(open && hazard.allowedActs.includes(open) ? open : null);
  const [isMore, setMore] = useState(false);
  // A form stays open after a refusal, so that its words are not lost, even if the act is no longer allowed.
  if (usual.length === 0 && chosen === null) return null;
  const button = (act: ActName, first: boolean) => (
    <button
      key={act}
      type="button"
      className={chosen === act ? 'button button-chosen' : first && ACT_FORMS[act].tone !== 'danger' ? 'button button-main' : 'button'}
      aria-expanded={chosen === act}
      onClick={() => setChosen(chosen === act ? null : act)}
    >
      {t(`command.${act}`)}
    </button>
  );
  return (
    <section className="card acts" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{t('act.title')}</h2>
      <div className="act-buttons">
        {usual.map((act, i) => button(act, i === 0))}
        {rare.length > 0 && (
          <button type="button" className="button button-quiet" aria-expanded={isMore} aria-controls={`${id}-more`} onClick={() => setMore(!isMore)}>
            {t('act.more', { count: rare.length })}
          </button>
        )}
      </div>
      {isMore && (
        <ul className="act-more" id={`${id}-more`}>
          {rare.map((act) => (
            <li key={act}>
              {button(act, false)}
              <span className="muted">{t(`actHint.${act}`)}</span>
            </li>
          ))}
        </ul>
      )}
      {chosen && (
        <ActForm
          key={chosen}
          act={chosen}
          hazard={hazard}
          onRefused={onRefused}
          onDone={(act) => {
            setChosen(null);
            setMore(false);
            onDone(act);
          }}
          onCancel={() => setChosen(null)}
        />
      )}
    </section>
  );
};
