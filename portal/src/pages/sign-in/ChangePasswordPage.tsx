import { useState } from 'react';
import type { FormEvent } from 'react';
import { useWords } from '../../app/i18n.ts';
import { useSessionActions } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { LanguageSwitch } from '../../components/LanguageSwitch.tsx';
import { ProblemPanel, useFieldError } from '../../components/ProblemPanel.tsx';

/** `forced`: the first password was given by somebody else; nothing works before it is changed. */
export const ChangePasswordPage = ({ forced = false }: { forced?: boolean }) => {
  const { t } = useWords();
  const { changePassword, signOut } = useSessionActions();
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [different, setDifferent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(false);
  const fieldError = useFieldError(error);

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setDone(false);
    setError(null);
    setDifferent(next !== again);
    if (next !== again) return;
    setBusy(true);
    try {
      await changePassword(current, next);
      setDone(true);
      setCurrent('');
      setNext('');
      setAgain('');
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  const form = (
    <>
      <h1>{t('password.title')}</h1>
      {forced && <p>{t('password.forced')}</p>}
      <form onSubmit={(event) => void submit(event)}>
        <Field label={t('password.current')} error={fieldError('current')}>
          {(control) => <input {...control} type="password" autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.target.value)} />}
        </Field>
        <Field label={t('password.next')} error={fieldError('next')}>
          {(control) => <input {...control} type="password" autoComplete="new-password" required value={next} onChange={(e) => setNext(e.target.value)} />}
        </Field>
        <Field label={t('password.again')} error={different ? t('password.different') : undefined}>
          {(control) => <input {...control} type="password" autoComplete="new-password" required value={again} onChange={(e) => setAgain(e.target.value)} />}
        </Field>
        {error !== null && <ProblemPanel error={error} shownFields={['current', 'next']} />}
        {done && (
          <p className="done" role="status">
            {t('password.done')}
          </p>
        )}
        <div className="form-actions">
          <button type="submit" className="button button-main" disabled={busy}>
            {busy ? t('state.sending') : t('password.submit')}
          </button>
          {forced && (
            <button type="button" className="button button-quiet" onClick={() => void signOut()}>
              {t('account.signOut')}
            </button>
          )}
        </div>
      </form>
    </>
  );
  if (!forced) return <div className="page page-narrow">{form}</div>;
  return (
    <main className="sign-in">
      <div className="sign-in-card">
        {form}
        <LanguageSwitch />
      </div>
    </main>
  );
};
