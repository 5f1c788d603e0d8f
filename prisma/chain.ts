/** The hashes of a case's transitions: as they are written, and as a verifier reckons them again from the rows. */
import type pg from 'pg';
import type { PackageTransition } from '../domain/archive.ts';
import { filesOf, linkProblem } from '../domain/archive.ts';
import { chainContent } from '../domain/chain.ts';
import type { TransitionRecord } from '../domain/hazard-case.ts';
import { sha256Of } from '../platform/hash.ts';

/** `prev` is the hash of the transition before it in its case, null for the first. */
export const transitionHash = (hazardId: string, record: TransitionRecord, prev: string | null): string => sha256Of(chainContent(hazardId, record, prev));

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

const COLUMNS = ['seq', 'cycle', 'command', 'command_id', 'from_state', 'to_state', 'actor_id', 'actor_org_id', 'actor_role', 'server_at', 'client_at', 'clock_skew', 'reason', 'payload', 'prev_hash', 'hash'];
export const TRANSITION_COLUMNS = COLUMNS.join(', ');

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

export type LinkRow = TransitionRow & { prev_hash: string | null; hash: string | null };

/** The row as a link of its chain; one that was never hashed has no hash that fits. */
export const rowLink = (row: LinkRow): PackageTransition => ({ ...rowRecord(row), prevHash: row.prev_hash, hash: row.hash ?? '' });

// ---- verification ----

/** The first record of a case that does not hold. */
export interface ChainProblem {
  hazardId: string;
  /** 'transition 7', 'case', 'package of cycle 1', 'evidence …'. */
  record: string;
  what: string;
}

export interface ChainTotals {
  cases: number;
  transitions: number;
  problems: number;
}

interface CaseRow {
  id: string;
  case_seq: number;
  case_state: string;
  case_cycle: number;
  snapshot_seq: number | null;
  chain_head: string | null;
  packages: { cycle: number; chain_head: string; last_seq: number }[] | null;
  files: { id: string; sha256: string }[] | null;
}
/** One row for each transition of a case; a case without any is one row with seq null. */
type CaseLinkRow = CaseRow & (LinkRow | { seq: null });

/** One statement, so that a case which moves on meanwhile is seen at one moment. */
const select = (cases: string): string => `SELECT h.*, ${COLUMNS.map((c) => `t.${c}`).join(', ')}
FROM (SELECT id, seq AS case_seq, state AS case_state, cycle AS case_cycle, (snapshot->>'seq')::int AS snapshot_seq, chain_head,
    (SELECT jsonb_agg(jsonb_build_object('cycle', p.cycle, 'chain_head', p.chain_head, 'last_seq', p.last_seq) ORDER BY p.cycle) FROM archive_package p WHERE p.hazard_id = hazard.id) AS packages,
    (SELECT jsonb_agg(jsonb_build_object('id', e.id, 'sha256', e.sha256) ORDER BY e.recorded_at, e.id) FROM evidence e WHERE e.hazard_id = hazard.id AND e.sha256 IS NOT NULL) AS files
  FROM hazard WHERE ${cases}) h
LEFT JOIN hazard_transition t ON t.hazard_id = h.id AND t.seq IS NOT NULL
ORDER BY h.id, t.seq`;

const caseProblem = (rows: readonly CaseLinkRow[]): ChainProblem | null => {
  const c = rows[0]!;
  const problem = (record: string, what: string): ChainProblem => ({ hazardId: c.id, record, what });
  const links = rows.filter((r): r is CaseRow & LinkRow => r.seq !== null).map(rowLink);
  let before: PackageTransition | null = null;
  for (const link of links) {
    const what = link.hash === '' ? 'has no hash' : linkProblem(c.id, link, before, sha256Of);
    if (what) return problem(`transition ${link.seq}`, what);
    before = link;
  }
  if (!before) return problem('transition 1', 'is missing');
  if (c.case_seq > before.seq) return problem(`transition ${before.seq + 1}`, `is missing: the case says that its newest is ${c.case_seq}`);
  if (c.case_seq < before.seq) return problem(`transition ${c.case_seq + 1}`, `is not known to the case, which says that its newest is ${c.case_seq}`);
  if (c.chain_head !== before.hash) return problem('case', 'does not carry the hash of its newest transition');
  if (c.case_state !== before.to) return problem('case', `is ${c.case_state}, its newest transition led to ${before.to}`);
  if (c.case_cycle !== before.cycle) return problem('case', `is in cycle ${c.case_cycle}, its newest transition in ${before.cycle}`);
  if (c.snapshot_seq !== before.seq) return problem('case', `holds a state after transition ${c.snapshot_seq ?? 'none'}, its newest is ${before.seq}`);
  for (const p of c.packages ?? []) {
    if (links[p.last_seq - 1]?.hash !== p.chain_head) return problem(`package of cycle ${p.cycle}`, `was made of another transition ${p.last_seq} than the one on record`);
  }
  const brought = new Set(links.flatMap(filesOf));
  const strange = (c.files ?? []).find((f) => !brought.has(f.sha256));
  if (strange) return problem(`evidence ${strange.id}`, 'is a file that no transition brought');
  const kept = new Set((c.files ?? []).map((f) => f.sha256));
  const lost = links.find((link) => filesOf(link).some((sha) => !kept.has(sha)));
  return lost ? problem(`transition ${lost.seq}`, 'brought a file that is no evidence of the case any more') : null;
};

/** The first record of the case that does not hold, or null. Reads with the rights of the client. */
export const verifyChain = async (client: pg.ClientBase | pg.Pool, hazardId: string): Promise<ChainProblem | null> => {
  const { rows } = await client.query<CaseLinkRow>(select('id = $1'), [hazardId]);
  return rows.length === 0 ? { hazardId, record: 'case', what: 'is not on record' } : caseProblem(rows);
};

const BATCH = 100;

/** Every case; `onProblem` is told the first bad record of each bad one, and of transitions and reports without their case. */
export const verifyAllChains = async (client: pg.ClientBase | pg.Pool, onProblem: (problem: ChainProblem) => void | Promise<void>): Promise<ChainTotals> => {
  const totals: ChainTotals = { cases: 0, transitions: 0, problems: 0 };
  const tell = async (problem: ChainProblem | null): Promise<void> => {
    if (!problem) return;
    totals.problems += 1;
    await onProblem(problem);
  };
  for (let after = ''; ; ) {
    const { rows } = await client.query<CaseLinkRow>(select(`id IN (SELECT id FROM hazard WHERE id > $1 ORDER BY id LIMIT ${BATCH})`), [after]);
    const last = rows.at(-1);
    if (!last) break;
    after = last.id;
    for (const [, of] of Map.groupBy(rows, (row) => row.id)) {
      totals.cases += 1;
      totals.transitions += of[0]!.seq === null ? 0 : of.length;
      await tell(caseProblem(of));
    }
  }
  const { rows: orphans } = await client.query<{ hazard_id: string }>(
    `SELECT DISTINCT hazard_id FROM (SELECT hazard_id FROM hazard_transition UNION ALL SELECT hazard_id FROM hazard_report WHERE recorded_seq IS NOT NULL) r
     WHERE NOT EXISTS (SELECT FROM hazard h WHERE h.id = r.hazard_id) ORDER BY hazard_id`,
  );
  for (const { hazard_id } of orphans) await tell({ hazardId: hazard_id, record: 'case', what: 'is missing, its transitions or reports are there' });
  return totals;
};
