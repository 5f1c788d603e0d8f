/** The record against the automaton: numbers, moves, chain, and the projection that is made of it. */
import { ALSO_BY_SYSTEM, CLOSED_STATES, HAZARD_STATES, PERSON_COMMANDS } from '../../domain/hazard-case.ts';
import type { CommandName } from '../../domain/hazard-case.ts';
import { MOVES } from '../../domain/hazard-moves.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import type { LinkRow } from '../../prisma/chain.ts';
import { rowRecord, TRANSITION_COLUMNS, transitionHash } from '../../prisma/chain.ts';
import type { Check } from './check.ts';
import { inList, interval, json, query, reading, stream } from './check.ts';

const TRANSITION = `'hazard/' || t.hazard_id || '/' || t.seq AS record`;

const LEGAL = Object.entries(MOVES).flatMap(([command, { from, to }]) => from.map((state) => ({ command, from_state: state, to_state: to === 'same' ? state : to })));

const BY_PERSONS_ONLY = PERSON_COMMANDS.filter((name) => !ALSO_BY_SYSTEM.includes(name));

/** Acts that take no words: everything else that a person does says why or what was found. */
const WITHOUT_WORDS: readonly CommandName[] = ['dispatch', 'start', 'progress', 'plan', 'submit'];
const WITH_WORDS = PERSON_COMMANDS.filter((name) => !WITHOUT_WORDS.includes(name));

/** From these on a case has been triaged. */
const GRADED = ['dispatched', 'rectifying', 'submitted', 'accepted', 'archived'];

/** Tables whose rows are never changed and never go. */
const APPEND_ONLY = [
  'hazard_transition', 'evidence', 'archive_package', 'audit_event', 'audit_report', 'flow_version', 'statutory_calendar', 'asset_inspection', 'blob_claim', 'blob_upload', 'running_effect', 'sms_template',
];

/** Epoch ms of a column; tgtype bits in record-append-only: 1 row, 2 before, 8 delete, 16 update, 32 truncate. */
const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint`;

/** Each column beside the member of the snapshot that it repeats. */
const REPEATED: Record<string, string> = {
  state: `h.snapshot->>'state'`,
  seq: `(h.snapshot->>'seq')::int`,
  cycle: `(h.snapshot->>'cycle')::int`,
  type: `h.snapshot->>'type'`,
  grade: `h.snapshot->>'grade'`,
  overdue: `(h.snapshot->>'overdue')::boolean`,
  supervision: `(h.snapshot->>'supervision')::int`,
  supervision_open: `(h.snapshot->>'supervisionOpen')::boolean`,
  rejections: `(h.snapshot->>'rejections')::int`,
  statutory: `(h.snapshot->>'statutory')::boolean`,
  needs_owner: `(h.snapshot->>'needsOwner')::boolean`,
  responsible_id: `h.snapshot->>'responsibleId'`,
  extensions: `(h.snapshot->>'extensions')::int`,
  report_count: `(h.snapshot->>'reportCount')::int`,
  merged_into: `h.snapshot->>'mergedInto'`,
  listed: `jsonb_typeof(h.snapshot->'listed') = 'object'`,
  paused: `jsonb_typeof(h.snapshot->'paused') = 'object'`,
};

export const recordChecks = {
  'record-seq-whole': query(`SELECT 'hazard/' || hazard_id AS record FROM hazard_transition WHERE seq IS NOT NULL GROUP BY hazard_id HAVING min(seq) <> 1 OR max(seq) <> count(*)`),
  'record-first-is-open': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE seq IS NOT NULL
    AND CASE WHEN command = 'open' THEN seq <> 1 OR from_state IS NOT NULL OR to_state IS DISTINCT FROM 'reported' ELSE seq = 1 END`),
  'record-moves-legal': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE seq IS NOT NULL AND command <> 'open'
    AND NOT EXISTS (SELECT FROM jsonb_to_recordset(${json(LEGAL)}) AS m(command text, from_state text, to_state text) WHERE (m.command, m.from_state, m.to_state) = (t.command, t.from_state, t.to_state))`),
  'record-states-connected': query(`SELECT ${TRANSITION} FROM (
      SELECT *, lag(to_state) OVER (PARTITION BY hazard_id ORDER BY seq) AS before FROM hazard_transition WHERE seq IS NOT NULL) t
    WHERE seq > 1 AND before IS DISTINCT FROM from_state`),
  'record-projection-current': query(`SELECT 'hazard/' || h.id AS record FROM hazard h
    LEFT JOIN LATERAL (SELECT seq, to_state FROM hazard_transition t WHERE t.hazard_id = h.id AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1) l ON true
    WHERE (h.seq, h.state) IS DISTINCT FROM (l.seq, l.to_state)`),
  'record-snapshot-agrees': query(`SELECT 'hazard/' || h.id AS record FROM hazard h
    WHERE ${Object.entries(REPEATED).map(([column, member]) => `h.${column} IS DISTINCT FROM ${member}`).join(' OR ')}
      OR ${ms('h.due_at')} IS DISTINCT FROM (h.snapshot->>'dueAt')::bigint OR ${ms('h.closed_at')} IS DISTINCT FROM (h.snapshot->>'closedAt')::bigint`),
  'record-closed-at': query(`SELECT 'hazard/' || id AS record FROM hazard WHERE (closed_at IS NOT NULL) <> (state IN ${inList(CLOSED_STATES)}) OR state NOT IN ${inList(HAZARD_STATES)}`),
  'record-cycles': query(`SELECT ${TRANSITION} FROM (
      SELECT t.*, h.cycle AS now, lag(t.cycle) OVER w AS before, row_number() OVER w = count(*) OVER (PARTITION BY t.hazard_id) AS last
      FROM hazard_transition t JOIN hazard h ON h.id = t.hazard_id WHERE t.seq IS NOT NULL WINDOW w AS (PARTITION BY t.hazard_id ORDER BY t.seq)) t
    WHERE cycle <> CASE WHEN before IS NULL THEN 1 WHEN command = 'reopen' THEN before + 1 ELSE before END OR (last AND now <> cycle)`),
  'record-refusals-apart': query(`SELECT 'transition/' || id AS record FROM hazard_transition
    WHERE (seq IS NULL) <> (refusal_code IS NOT NULL) OR (seq IS NULL AND (hash IS NOT NULL OR prev_hash IS NOT NULL))`),
  'record-clock-forward': query(`SELECT ${TRANSITION} FROM (
      SELECT *, lag(server_at) OVER (PARTITION BY hazard_id ORDER BY seq) AS before FROM hazard_transition WHERE seq IS NOT NULL) t WHERE before > server_at`),
  'record-chain-whole': reading(async function* ({ client, alive }) {
    let hazardId = '';
    let before: string | null = null;
    for await (const row of stream<LinkRow & { hazard_id: string }>(client, `SELECT hazard_id, ${TRANSITION_COLUMNS} FROM hazard_transition WHERE seq IS NOT NULL ORDER BY hazard_id, seq`)) {
      if (row.hazard_id !== hazardId) {
        hazardId = row.hazard_id;
        before = null;
        alive();
      }
      if (row.prev_hash !== before || row.hash !== transitionHash(hazardId, rowRecord(row), row.prev_hash)) yield `hazard/${hazardId}/${row.seq}`;
      before = row.hash;
    }
  }),
  'record-chain-head': query(`SELECT 'hazard/' || h.id AS record FROM hazard h
    LEFT JOIN LATERAL (SELECT hash FROM hazard_transition t WHERE t.hazard_id = h.id AND seq IS NOT NULL ORDER BY seq DESC LIMIT 1) l ON true
    WHERE h.chain_head IS NULL OR h.chain_head IS DISTINCT FROM l.hash`),
  'record-keys': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE seq IS NOT NULL AND dedupe_key <> hazard_id || '/' || seq`),
  'record-persons-named': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE seq IS NOT NULL
    AND command IN ${inList(BY_PERSONS_ONLY)} AND (actor_id IS NULL OR actor_org_id IS NULL OR actor_role IS NULL)`),
  'record-persons-known': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE seq IS NOT NULL AND (
      (actor_id IS NOT NULL AND NOT EXISTS (SELECT FROM person p WHERE p.id = t.actor_id))
      OR (actor_org_id IS NOT NULL AND NOT EXISTS (SELECT FROM organisation o WHERE o.id = t.actor_org_id))
      OR (command IN ('dispatch', 'handover') AND NOT EXISTS (SELECT FROM person p WHERE p.id = t.payload->>'responsibleId')))`),
  'record-reasons-given': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE seq IS NOT NULL AND command IN ${inList(WITH_WORDS)} AND coalesce(reason, '') !~ '\\S'`),
  'record-reports-taken': query(`SELECT 'report/' || r.id AS record FROM hazard_report r
    WHERE r.received_at < now() - ${interval(SELF_AUDIT.settleMs)} AND (r.recorded_seq IS NULL OR NOT EXISTS (SELECT FROM hazard h WHERE h.id = r.hazard_id))`),
  'record-graded': query(`SELECT 'hazard/' || h.id AS record FROM hazard h WHERE h.state IN ${inList(GRADED)} AND h.grade IS DISTINCT FROM (
      SELECT payload->>'grade' FROM hazard_transition t WHERE t.hazard_id = h.id AND seq IS NOT NULL AND command = 'triage' ORDER BY seq DESC LIMIT 1)
    OR h.state IN ${inList(GRADED)} AND h.grade IS NULL`),
  'record-items-agree': query(`SELECT DISTINCT 'hazard/' || h.id AS record FROM hazard h
    CROSS JOIN LATERAL (
      SELECT FROM (SELECT item_id, state, ${ms('due_at')} AS due, rejections FROM hazard_item i WHERE i.hazard_id = h.id AND i.cycle = h.cycle) a
      FULL JOIN (SELECT x->>'itemId' AS item_id, x->>'state' AS state, (x->>'dueAt')::bigint AS due, (x->>'rejections')::int AS rejections FROM jsonb_array_elements(coalesce(h.snapshot->'items', '[]')) x) b USING (item_id)
      WHERE (a.state, a.due, a.rejections) IS DISTINCT FROM (b.state, b.due, b.rejections)) differ`),
  'record-merges-mutual': query(`SELECT 'hazard/' || h.id AS record FROM hazard h
    WHERE (h.state = 'merged') <> (h.merged_into IS NOT NULL)
      OR (h.state = 'merged' AND h.updated_at < now() - ${interval(SELF_AUDIT.settleMs)}
        AND NOT EXISTS (SELECT FROM hazard o WHERE o.id = h.merged_into AND o.snapshot->'absorbed' ? h.id))`),
  'record-redirects-mutual': query(`SELECT 'hazard/' || h.id AS record FROM hazard h
    WHERE (h.state = 'redirected') <> (h.successor_id IS NOT NULL)
      OR (h.state = 'redirected' AND h.updated_at < now() - ${interval(SELF_AUDIT.settleMs)}
        AND NOT EXISTS (SELECT FROM hazard o WHERE o.id = h.successor_id AND o.predecessor_id = h.id))`),
  'record-append-only': query(`SELECT 'table/' || w.name || '.' || w.trigger AS record
    FROM (SELECT n.name, g.trigger, g.kind FROM jsonb_array_elements_text(${json(APPEND_ONLY)}) AS n(name) CROSS JOIN (VALUES ('append_only', 27), ('append_only_t', 34)) AS g(trigger, kind)) w
    WHERE NOT EXISTS (SELECT FROM pg_trigger g JOIN pg_proc f ON f.oid = g.tgfoid
      WHERE g.tgrelid = to_regclass('public.' || w.name) AND g.tgname = w.trigger AND g.tgenabled IN ('O', 'A') AND g.tgqual IS NULL AND g.tgtype & w.kind = w.kind
        AND (f.proname = 'pw_append_only' AND f.prosrc ~ '^\\s*BEGIN\\s+RAISE EXCEPTION'
          -- A package gets its readable document once.
          OR w.name = 'archive_package' AND w.trigger = 'append_only' AND f.proname = 'pw_package_append_only' AND f.prosrc ~ 'RAISE EXCEPTION'))`),
} satisfies Record<string, Check>;
