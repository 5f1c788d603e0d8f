/** What the API needs from outside; main.ts makes it, tests make it too. */
import type { Scope } from '../domain/permissions.ts';
import { scopeOf } from '../domain/permissions.ts';
import type { Logger } from '../platform/logger.ts';
import type { ArchiveStore } from '../platform/archive-store.ts';
import type { EvidenceStore } from '../platform/evidence-store.ts';
import type { Inspect } from '../platform/media/inspect.ts';
import type { Database } from '../prisma/client.ts';
import type pg from 'pg';
import type { Engine } from './engine.ts';
import type { LiveEvents } from './live.ts';
import type { SignedIn } from './sign-in.ts';

export interface ComponentState {
  ok: boolean;
  detail?: string;
}
export type ComponentName = 'database' | 'engine' | 'broker' | 'ingest' | 'flows' | 'worker';

export interface ApiDeps {
  /** Opened with defaultScope 'none': what is read outside a scope is nothing. */
  database: Database;
  engine: Engine;
  evidence: EvidenceStore;
  archive: ArchiveStore;
  /** Looks into a file in a process of its own. */
  inspect: Inspect;
  live: LiveEvents;
  logger: Logger;
  /** PUBLIC_URL; https switches secure cookies on. */
  publicUrl: string | null;
  trustProxy: number;
  /** Folder of the built portal; null: none is served. */
  portalDir: string | null;
  /** Checks of /readyz, each answering within a few seconds. */
  components: Record<ComponentName, () => Promise<ComponentState>>;
  /** How long a report waits for its case to be registered before it is answered with 202. */
  registerWaitMs: number;
}

/** Our own code acting for the system. What an actor may see is never read with it. */
export const asService = <T>(database: Database, run: (client: pg.PoolClient) => Promise<T>): Promise<T> => database.pgTransaction({ scope: 'service' }, run);

/** Reads with the rights of the signed-in: row-level security checks again. */
export const asActor = <T>(database: Database, { actor }: Pick<SignedIn, 'actor'>, run: (client: pg.PoolClient) => Promise<T>): Promise<T> =>
  database.pgTransaction({ scope: scopeOf(actor.role) satisfies Scope, tenantId: actor.orgId }, run);
