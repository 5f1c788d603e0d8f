/** Who is signed in, and what they may. The server decides on every call; this only chooses what is shown. */
import { queryOptions, useQueryClient, useQuery } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { createContext, use, useEffect } from 'react';
import type { Action } from '../../../domain/permissions.ts';
import { call, Problem, SESSION_PATH, setCsrfToken } from '../api/client.ts';
import type { Session } from '../api/types.ts';
import { forgetLists } from '../offline/store.ts';

const SESSION_KEY = ['session'] as const;

/** Who was signed in when the network went away: the pages that work without it are shown to them. No secret is kept. */
const KEPT = 'pw.session';
const keep = (session: Session | null): void => {
  try {
    if (session) localStorage.setItem(KEPT, JSON.stringify({ ...session, csrfToken: '' }));
    else localStorage.removeItem(KEPT);
  } catch {
    // storage is switched off: without network there is the sign-in only
  }
};
const kept = (): Session | null => {
  try {
    const session = JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Session | null;
    return session && Date.parse(session.expiresAt) > Date.now() ? session : null;
  } catch {
    return null;
  }
};

const take = (session: Session): Session => {
  setCsrfToken(session.csrfToken);
  keep(session);
  return session;
};

/** null: nobody is signed in. */
const sessionQuery = () =>
  queryOptions({
    queryKey: SESSION_KEY,
    queryFn: async ({ signal }): Promise<Session | null> => {
      try {
        return take(await call<Session>('GET', SESSION_PATH, { signal }));
      } catch (error) {
        if (error instanceof Problem && error.status === 401) {
          keep(null);
          return null;
        }
        const before = error instanceof Problem && error.status === 0 ? kept() : null;
        if (before) return before;
        throw error;
      }
    },
    staleTime: 60_000,
    retry: false,
    networkMode: 'always',
  });

export const useSessionQuery = () => {
  const client = useQueryClient();
  useEffect(() => {
    // The session that was kept on the device has no token: the server's own is read as soon as it can be.
    const renew = (): void => void client.invalidateQueries({ queryKey: SESSION_KEY });
    addEventListener('online', renew);
    return () => removeEventListener('online', renew);
  }, [client]);
  return useQuery(sessionQuery());
};

export const SessionContext = createContext<Session | null>(null);

/** The session inside the signed-in part of the portal. */
export const useSession = (): Session & { may: (action: Action) => boolean } => {
  const session = use(SessionContext);
  if (!session) throw new Error('useSession outside of the signed-in part');
  return { ...session, may: (action) => session.permissions.includes(action) };
};

/** Another person, or another hat: nothing read before belongs to it. */
const replace = (client: QueryClient, session: Session | null): void => {
  client.setQueryData(SESSION_KEY, session);
  client.removeQueries({ predicate: (q) => q.queryKey[0] !== SESSION_KEY[0] });
};

export const useSessionActions = () => {
  const client = useQueryClient();
  return {
    signIn: async (username: string, password: string): Promise<void> => {
      replace(client, take(await call<Session>('POST', SESSION_PATH, { body: { username, password } })));
    },
    signOut: async (): Promise<void> => {
      await call('DELETE', SESSION_PATH);
      keep(null);
      await forgetLists().catch(() => {});
      replace(client, null);
    },
    switchMembership: async (membershipId: string): Promise<void> => {
      replace(client, take(await call<Session>('PUT', '/api/v1/session/membership', { body: { membershipId } })));
    },
    changePassword: async (current: string, next: string): Promise<void> => {
      await call('POST', '/api/v1/session/password', { body: { current, next } });
      await client.invalidateQueries({ queryKey: SESSION_KEY });
    },
  };
};

/** Called by the API client when a call finds the session gone or held back; asks the server what is the case. */
export const onSessionLost = (client: QueryClient): void => {
  if (client.getQueryData(SESSION_KEY)) void client.invalidateQueries({ queryKey: SESSION_KEY });
};
