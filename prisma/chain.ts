/** The hashes of a case's transitions, as they are written and as a verifier reckons them again from the rows. */
import { createHash } from 'node:crypto';
import { chainContent } from '../domain/chain.ts';
import type { TransitionRecord } from '../domain/hazard-case.ts';

/** `prev` is the hash of the transition before it in its case, null for the first. */
export const transitionHash = (hazardId: string, record: TransitionRecord, prev: string | null): string =>
  createHash('sha256').update(chainContent(hazardId, record, prev), 'utf8').digest('hex');

/** A row of hazard_transition that is part of the case (seq is not null), by its column names. */
export interface TransitionRow {
  seq: number;
  cycle: number;
  command: string;
  command_id: string;
  from_state: string | null;
  to_state: string;
  actor_id: string | null;
  actor_org_id: string | null;
  actor_role: string | null;
  server_at: Date;
  client_at: Date | null;
  clock_skew: boolean;
  reason: string | null;
  payload: Record<string, unknown>;
}

export const TRANSITION_COLUMNS =
  'seq, cycle, command, command_id, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload';

/** The record that the row was written from. */
export const rowRecord = (row: TransitionRow): TransitionRecord => ({
  seq: row.seq,
  cycle: row.cycle,
  command: row.command as TransitionRecord['command'],
  commandId: row.command_id,
  from: row.from_state as TransitionRecord['from'],
  to: row.to_state as TransitionRecord['to'],
  actorId: row.actor_id,
  actorOrgId: row.actor_org_id,
  actorRole: row.actor_role,
  serverAt: row.server_at.getTime(),
  clientAt: row.client_at?.getTime() ?? null,
  clockSkew: row.clock_skew,
  reason: row.reason,
  payload: row.payload,
});
