/** The park's dated policies as the domain reads them. */
import type pg from 'pg';
import type { DatedPolicy, ParkPolicy } from '../domain/policy.ts';
import { policyAt } from '../domain/policy.ts';

/** The policy in force at an instant (epoch ms). */
export const loadPolicyAt = async (client: pg.ClientBase | pg.Pool, at: number): Promise<ParkPolicy> => {
  const { rows } = await client.query<{ id: string; valid_from: Date; valid_to: Date | null; recorded_at: Date; policy: DatedPolicy['policy'] }>(
    'SELECT id, valid_from, valid_to, recorded_at, policy FROM park_policy WHERE valid_from <= $1 AND (valid_to IS NULL OR valid_to > $1)',
    [new Date(at)],
  );
  return policyAt(
    rows.map((r) => ({ id: r.id, validFrom: r.valid_from.getTime(), validTo: r.valid_to?.getTime() ?? null, recordedAt: r.recorded_at.getTime(), policy: r.policy })),
    at,
  );
};
