/** How an invariant is looked at: by one query over the snapshot, or by reading along. What violates it is named, never changed. */
import pg from 'pg';
import type { DatedPolicy } from '../../domain/policy.ts';
import type { ArchiveStore } from '../../platform/archive-store.ts';
import type { EngineView } from './engine-view.ts';
import type { EvidenceFiles } from './files.ts';

export interface AuditContext {
  /** In the snapshot: a transaction that reads only. */
  client: pg.ClientBase;
  /** A look outside the snapshot, for what may have settled since. */
  fresh: pg.Pool;
  /** null: there is no evidence store. */
  files: EvidenceFiles | null;
  archive: Pick<ArchiveStore, 'size' | 'load'>;
  /** null: the engine is away. */
  engine: EngineView | null;
  /** A disagreement with the engine is looked at again after this. */
  settleMs: number;
  /** Bytes of evidence to be hashed; null: all. */
  hashBytes: number | null;
  /** Told from time to time, so that a long run is known to be alive. */
  alive(): void;
}

/** Thrown where an invariant cannot be looked at. */
export class NotChecked extends Error {
  override name = 'NotChecked';
}

/** Gives violations by name; what it returns is a note for the report. */
export type Check = { sql: string } | { read(context: AuditContext): AsyncGenerator<string, string | void> };

/** A query whose rows are the violations, in the column `record`. */
export const query = (sql: string): Check => ({ sql });
export const reading = (read: (context: AuditContext) => AsyncGenerator<string, string | void>): Check => ({ read });

/** Constants of the domain within SQL. */
export const json = (value: unknown): string => `${pg.escapeLiteral(JSON.stringify(value))}::jsonb`;
export const inList = (values: readonly string[]): string => `(${values.map((v) => pg.escapeLiteral(v)).join(', ')})`;
export const interval = (ms: number): string => `interval '${ms} milliseconds'`;

const BATCH = 2_000;

/** Rows of a large query, batch by batch. One at a time within a snapshot. */
export async function* stream<T>(client: pg.ClientBase, sql: string, batch: number = BATCH): AsyncGenerator<T> {
  await client.query(`DECLARE audited NO SCROLL CURSOR FOR ${sql}`);
  try {
    for (;;) {
      const { rows } = await client.query(`FETCH ${batch} FROM audited`);
      yield* rows as T[];
      if (rows.length < batch) return;
    }
  } finally {
    // After an error the savepoint takes the cursor with it.
    await client.query('CLOSE audited').catch(() => {});
  }
}

/** Every policy that the park ever had. */
export const policiesOf = async (client: pg.ClientBase): Promise<DatedPolicy[]> => {
  const { rows } = await client.query<{ id: string; valid_from: Date; valid_to: Date | null; recorded_at: Date; policy: DatedPolicy['policy'] }>('SELECT id, valid_from, valid_to, recorded_at, policy FROM park_policy');
  return rows.map((r) => ({ id: r.id, validFrom: r.valid_from.getTime(), validTo: r.valid_to?.getTime() ?? null, recordedAt: r.recorded_at.getTime(), policy: r.policy }));
};
