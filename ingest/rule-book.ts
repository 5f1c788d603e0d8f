/**
 * What ingest judges by: registry, rules in force, policy. Reloaded when the database says that something changed, and every
 * few seconds in case that word was lost. Loading also brings the registry's own rules in line and settles episodes of
 * rules that were replaced.
 */
import pg from 'pg';
import type { ParkPolicy } from '../domain/policy.ts';
import { DEFAULT_POLICY } from '../domain/policy.ts';
import type { GatewayEntry } from '../domain/telemetry.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../prisma/client.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { ActiveRule } from '../prisma/telemetry.ts';
import { ensurePartitions, loadActiveRules, loadRegistry, settleReplacedRules, syncRegistryRules } from '../prisma/telemetry.ts';

export interface RuleBook {
  gateways: ReadonlyMap<string, GatewayEntry>;
  rules: ReadonlyMap<string, readonly ActiveRule[]>;
  policy: ParkPolicy;
}

export const EMPTY_BOOK: RuleBook = { gateways: new Map(), rules: new Map(), policy: DEFAULT_POLICY };

const RELOAD_MS = 5_000;
const PARTITIONS_MS = 3_600_000;

export const loadRuleBook = async (database: Database, log: Logger): Promise<RuleBook> => {
  const { book, invalid, settled } = await database.pgTransaction({ scope: 'service' }, async (client) => {
    const { gateways, sensors } = await loadRegistry(client);
    await syncRegistryRules(client, sensors);
    const settled = await settleReplacedRules(client, Date.now());
    const { bySensor, invalid } = await loadActiveRules(client);
    return { book: { gateways, rules: bySensor, policy: await loadPolicyAt(client, Date.now()) }, invalid, settled };
  });
  for (const ruleId of invalid) log.error({ ruleId }, 'stored rule cannot be evaluated');
  if (settled > 0) log.info({ episodes: settled }, 'episodes of replaced rules settled');
  return book;
};

export interface RuleBookWatch {
  current(): RuleBook;
  loaded(): boolean;
  reload(): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps a rule book up to date until stopped; failures are logged and tried again. */
export const watchRuleBook = (database: Database, url: string, log: Logger): RuleBookWatch => {
  let book = EMPTY_BOOK;
  let loaded = false;
  let stopped = false;
  let listener: pg.Client | null = null;
  let running: Promise<void> | null = null;
  let again = false;
  let partitionsAt = -Infinity;

  const load = async (): Promise<void> => {
    try {
      if (performance.now() - partitionsAt > PARTITIONS_MS) {
        await ensurePartitions(database.pool);
        partitionsAt = performance.now();
      }
      book = await loadRuleBook(database, log);
      if (!loaded) log.info({ gateways: book.gateways.size, sensorsWithRules: book.rules.size }, 'rules loaded');
      loaded = true;
    } catch (error) {
      log.warn({ err: error }, 'rules could not be loaded, will try again');
    }
  };
  const reload = (): Promise<void> => {
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await load();
      } while (again && !stopped);
    })().finally(() => { running = null; });
    return running;
  };
  const listen = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url, application_name: 'parkwarden-ingest-listen', connectionTimeoutMillis: 5_000, keepAlive: true });
    client.on('error', () => {});
    client.on('end', () => { if (listener === client) listener = null; });
    client.on('notification', () => void reload());
    await client.connect();
    await client.query('LISTEN pw_rules');
    listener = client;
  };
  const tick = async (): Promise<void> => {
    if (!listener) await listen().catch((error: Error) => log.debug({ err: error }, 'cannot listen for changes of rules'));
    await reload();
  };
  let timer: NodeJS.Timeout | undefined;
  let ticking: Promise<void> = Promise.resolve();
  const loop = (): void => {
    ticking = tick().finally(() => {
      if (!stopped) timer = setTimeout(loop, loaded ? RELOAD_MS : 1_000);
    });
  };
  loop();

  return {
    current: () => book,
    loaded: () => loaded,
    reload,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await ticking;
      await running;
      await listener?.end();
    },
  };
};
