/**
 * Idempotency-Key: the final answer is kept with the hash of what was asked. A crash between effect and kept answer is
 * harmless, because the effect itself has a key derived from account and Idempotency-Key: run again, it gives the same.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Database } from '../prisma/client.ts';
import { asService } from './deps.ts';
import type { Problem } from './problem.ts';
import { Refused } from './problem.ts';

export interface KeptAnswer {
  status: number;
  body: unknown;
  headers: Record<string, string>;
}

export interface IdempotentCall {
  accountId: string;
  key: string;
  route: string;
  /** What was asked and in which capacity. */
  asked: unknown;
}

const KEY = /^[\x21-\x7e]{8,128}$/;

/** The key of the effect: the same on every retry, never that of another account. */
export const commandIdOf = ({ accountId, key }: Pick<IdempotentCall, 'accountId' | 'key'>): string =>
  createHash('sha256').update(`${accountId}\n${key}`).digest('hex').slice(0, 40);

export const requireKey = (given: string | undefined): string => {
  if (given === undefined || given === '') throw new Refused('request.idempotency_required', { field: 'Idempotency-Key' });
  if (!KEY.test(given)) throw new Refused('request.invalid', { field: 'Idempotency-Key' });
  return given;
};

export const keepAnswer = async (client: pg.ClientBase, accountId: string, key: string, { status, body, headers }: KeptAnswer): Promise<void> => {
  await client.query('UPDATE idempotency_key SET status = $3, response = $4 WHERE account_id = $1 AND key = $2 AND status IS NULL', [accountId, key, status, JSON.stringify({ body, headers })]);
};

export type Idempotency = (call: IdempotentCall, run: () => Promise<KeptAnswer>, refusal: (error: Refused) => { problem: Problem; isFinal: boolean }) => Promise<KeptAnswer>;

export const createIdempotency = (database: Database): Idempotency => {
  const running = new Set<string>();
  return async (call, run, refusal) => {
    const { accountId, key, route } = call;
    const sha = createHash('sha256').update(JSON.stringify(call.asked)).digest('hex');
    const id = `${accountId}\n${key}`;
    if (running.has(id)) throw new Refused('request.idempotency_running', { detail: { retryAfterS: 1 } });
    running.add(id);
    try {
      const known = await asService(database, async (client) => {
        await client.query('INSERT INTO idempotency_key (account_id, key, route, body_sha) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING', [accountId, key, route, sha]);
        const { rows } = await client.query<{ route: string; body_sha: string; status: number | null; response: Pick<KeptAnswer, 'body' | 'headers'> | null }>(
          'SELECT route, body_sha, status, response FROM idempotency_key WHERE account_id = $1 AND key = $2', [accountId, key],
        );
        return rows[0]!;
      });
      if (known.route !== route || known.body_sha !== sha) throw new Refused('request.idempotency_mismatch', { field: 'Idempotency-Key' });
      if (known.status !== null && known.response) return { status: known.status, ...known.response };
      const answer = await run().catch((error: unknown) => {
        if (!(error instanceof Refused)) throw error;
        const { problem, isFinal } = refusal(error);
        if (!isFinal) throw error;
        return { status: problem.status, body: problem, headers: { 'Content-Type': 'application/problem+json; charset=utf-8' } };
      });
      await asService(database, (client) => keepAnswer(client, accountId, key, answer));
      return answer;
    } finally {
      running.delete(id);
    }
  };
};
