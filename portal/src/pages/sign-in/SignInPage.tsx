import { useState } from 'react';
import type { FormEvent } from 'react';
import { Navigate, useSearchParams } from 'react-router';
import { useWords } from '../../app/i18n.ts';
import { useSessionActions, useSessionQuery } from '../../app/session.tsx';
import { Field } from '../../components/Field.tsx';
import { Icon } from '../../components/Icon.tsx';
import { LanguageSwitch } from '../../components/LanguageSwitch.tsx';
import { ProblemPanel } from '../../components/ProblemPanel.tsx';

/** Only places of this portal; an address of elsewhere is not followed. */
const safeNext = (next: string | null): string => (next && /^\/(?![/\\])/.test(next) ? next : '/');

export const SignInPage = () => {
  const { t } = useWords();
  const [params] = useSearchParams();
  const { data: session } = useSessionQuery();
  const { signIn } = useSessionActions();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  if (session) return <Navigate to={safeNext(params.get('next'))} replace />;

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(username, password);
    } catch (failure) {
      setPassword('');
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <div className="sign-in-card">
        <p className="sign-in-brand">
          <Icon name="brand" />
          <span>
            园安 <span className="brand-en">ParkWarden</span>
          </span>
        </p>
        <h1>{t('signIn.title')}</h1>
        <p className="muted">{t('app.claim')}</p>
        <form onSubmit={(event) => void submit(event)}>
          <Field label={t('signIn.username')}>
            {(control) => <input {...control} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required value={username} onChange={(e) => setUsername(e.target.value)} />}
          </Field>
          <Field label={t('signIn.password')}>
            {(control) => <input {...control} name="password" type="password" autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />}
          </Field>
          {error !== null && <ProblemPanel error={error} />}
          <button type="submit" className="button button-main button-wide" disabled={busy}>
            {busy ? t('state.sending') : t('signIn.submit')}
          </button>
        </form>
        <LanguageSwitch />
      </div>
    </main>
  );
};
