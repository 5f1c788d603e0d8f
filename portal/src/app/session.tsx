/** Who is signed in, and what they may. The server decides on every call; this only chooses what is shown. */
import { queryOptions, useQueryClient, useQuery } from '@tanstack/react-query';
import type { QueryClient } from '@tanstack/react-query';
import { createContext, use } from 'react';
import type { Action } from '../../../domain/permissions.ts';
import { call, Problem, SESSION_PATH, setCsrfToken } from '../api/client.ts';
import type { Session } from '../api/types.ts';

const SESSION_KEY = ['session'] as const;

const take = (session: Session): Session => {
  setCsrfToken(session.csrfToken);
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
        if (error instanceof Problem && error.status === 401) return null;
        throw error;
      }
    },
    staleTime: 60_000,
    retry: false,
  });

export const useSessionQuery = () => useQuery(sessionQuery());

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
