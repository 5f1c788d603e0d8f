/** Frame of every signed-in page: places, state of the live line, account menu. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { use, useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Link, NavLink, useLocation, useNavigate } from 'react-router';
import { noticesQuery } from '../api/queries.ts';
import { Icon } from '../components/Icon.tsx';
import { Time } from '../components/Time.tsx';
import { LanguageSwitch } from '../components/LanguageSwitch.tsx';
import { useReportQueue } from '../offline/queue.tsx';
import { useWords } from './i18n.ts';
import { LineContext } from './live-events.tsx';
import { placesOf } from './navigation.ts';
import type { Place } from './navigation.ts';
import { useSession, useSessionActions } from './session.tsx';

const UnreadCount = () => {
  const { t } = useWords();
  const { data } = useInfiniteQuery(noticesQuery({ unread: true }));
  const first = data?.pages[0];
  const count = first?.items.length ?? 0;
  if (count === 0) return null;
  const text = first?.nextCursor ? `${count}+` : String(count);
  return (
    <span className="count">
      <span className="visually-hidden">{t('nav.unread')} </span>
      {text}
    </span>
  );
};

const PlaceLink = ({ place }: { place: Place }) => {
  const { t } = useWords();
  return (
    <NavLink to={place.path} end={place.name === 'report'}>
      <Icon name={place.name} />
      <span>{t(`nav.${place.name}`)}</span>
      {place.name === 'notices' && <UnreadCount />}
    </NavLink>
  );
};

const Places = ({ places }: { places: Place[] }) => {
  const { t } = useWords();
  return (
    <nav className="places-top" aria-label={t('nav.label')}>
      {places.map((place) => (
        <PlaceLink key={place.name} place={place} />
      ))}
    </nav>
  );
};

/** Under the thumb: so many places, the others behind "more". */
const TABS = 5;
const Tabs = ({ places }: { places: Place[] }) => {
  const { t } = useWords();
  const location = useLocation();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [location.pathname, location.search]);
  const fits = places.length <= TABS;
  const shown = fits ? places : places.slice(0, TABS - 1);
  return (
    <nav className="places-bottom" aria-label={t('nav.label')}>
      {shown.map((place) => (
        <PlaceLink key={place.name} place={place} />
      ))}
      {!fits && (
        <button type="button" className="places-more" aria-expanded={isOpen} aria-controls="places-rest" onClick={() => setOpen(!isOpen)}>
          <Icon name="more" />
          <span>{t('nav.more')}</span>
        </button>
      )}
      {isOpen && (
        <div className="places-rest" id="places-rest">
          {places.slice(TABS - 1).map((place) => (
            <PlaceLink key={place.name} place={place} />
          ))}
        </div>
      )}
    </nav>
  );
};

const Line = () => {
  const { t } = useWords();
  const state = use(LineContext);
  return (
    <span className={`line line-${state}`} role="status" title={t(`line.${state}Hint`)}>
      <span className="line-dot" aria-hidden="true" />
      <span className="line-text">{t(`line.${state}`)}</span>
    </span>
  );
};

const AccountMenu = () => {
  const { t, name } = useWords();
  const session = useSession();
  const { signOut, switchMembership } = useSessionActions();
  const navigate = useNavigate();
  const location = useLocation();
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => setOpen(false), [location.pathname]);
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return;
      setOpen(false);
      button.current?.focus();
    };
    document.addEventListener('pointerdown', onPointer);
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('pointerdown', onPointer);
      document.removeEventListener('keydown', onKey);
    };
  }, [open]);

  return (
    <div className="account" ref={root}>
      <button ref={button} type="button" className="account-button" aria-expanded={open} aria-controls="account-panel" onClick={() => setOpen(!open)}>
        <span className="account-who">
          <span className="account-person">{name(session.person)}</span>
          <span className="account-role">{t(`role.${session.membership.role}`)}</span>
        </span>
        <Icon name="person" />
        <span className="visually-hidden">{t('account.menu')}</span>
      </button>
      {open && (
        <div className="account-panel" id="account-panel">
          <p className="account-name">
            {name(session.person)} <span className="muted">{session.account.username}</span>
          </p>
          <fieldset>
            <legend>{t('account.memberships')}</legend>
            {session.memberships.map((m) => (
              <label key={m.id} className="choice">
                <input type="radio" name="membership" checked={m.id === session.membership.id} onChange={() => void switchMembership(m.id).then(() => navigate('/'))} />
                <span>
                  {name(m.org)}
                  <br />
                  <span className="muted">
                    {t(`role.${m.role}`)}
                    {m.delegator && m.until && (
                      <>
                        {' · '}
                        {t('account.onBehalf', { name: name(m.delegator) })} <Time at={m.until} style="short" />
                      </>
                    )}
                  </span>
                </span>
              </label>
            ))}
          </fieldset>
          <LanguageSwitch />
          <div className="account-actions">
            {session.may('person.read') && (
              <Link className="button button-quiet" to="/delegations">
                {t('account.delegate')}
              </Link>
            )}
            <Link className="button button-quiet" to="/password">
              {t('password.title')}
            </Link>
            <button type="button" className="button" onClick={() => void signOut()}>
              {t('account.signOut')}
            </button>
          </div>
        </div>
      )}
    </div>
  );
};

const Offline = () => {
  const { t } = useWords();
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = (): void => setOnline(navigator.onLine);
    addEventListener('online', update);
    addEventListener('offline', update);
    return () => {
      removeEventListener('online', update);
      removeEventListener('offline', update);
    };
  }, []);
  return online ? null : (
    <p className="offline" role="alert">
      {t('offline.banner')}
    </p>
  );
};

const WaitingReports = () => {
  const { t } = useWords();
  const waiting = useReportQueue().reports.filter((r) => r.state === 'waiting').length;
  return waiting === 0 ? null : (
    <p className="offline offline-queue">
      <Link to="/report">{t('queue.waitingCount', { count: waiting })}</Link>
    </p>
  );
};

export const Shell = ({ children }: { children: ReactNode }) => {
  const { t } = useWords();
  const session = useSession();
  const places = placesOf(session.permissions);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        {t('nav.skip')}
      </a>
      <header className="topbar">
        <Link to="/" className="brand">
          <Icon name="brand" />
          <span>
            园安 <span className="brand-en">ParkWarden</span>
          </span>
        </Link>
        <Places places={places} />
        <Line />
        <AccountMenu />
      </header>
      <Offline />
      <WaitingReports />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Tabs places={places} />
    </div>
  );
};
