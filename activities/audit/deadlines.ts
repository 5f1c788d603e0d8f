/** Deadlines and supervision: every case has those that it must have, nobody moved them, and what ran out was told. */
import type pg from 'pg';
import { CLOSED_STATES } from '../../domain/hazard-case.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import type { Check } from './check.ts';
import { inList, interval, json, policiesOf, query, reading, stream } from './check.ts';

const DEADLINE = `'hazard/' || d.hazard_id || '/deadline/' || d.kind || CASE WHEN d.level > 0 THEN '/' || d.level ELSE '' END || CASE WHEN d.item <> '' THEN '/' || d.item ELSE '' END AS record`;
const SUPERVISION = `'hazard/' || s.hazard_id || '/supervision/' || s.cycle || '/' || s.level AS record`;
const RUNNING = 'd.met_at IS NULL AND d.withdrawn_at IS NULL AND d.breached_at IS NULL';
const CLOSED = inList(CLOSED_STATES);

/** Of each state the deadline that runs, or that was breached and is not settled. */
const DEMANDED = [
  { state: 'reported', kind: 'triage' },
  { state: 'triaged', kind: 'dispatch' },
  { state: 'dispatched', kind: 'rectify' },
  { state: 'rectifying', kind: 'rectify' },
  { state: 'submitted', kind: 'rectify' },
];

/** The transition that put a breach on the record. */
const BREACH = `t.hazard_id = d.hazard_id AND t.seq IS NOT NULL AND t.server_at >= d.breached_at AND (
    t.command = 'breach' AND t.payload->>'deadline' = d.kind AND t.payload->'level' = to_jsonb(d.level) AND coalesce(t.payload->>'item', '') = d.item
    OR t.command = 'supervisionBreached' AND d.kind = 'supervision' AND t.payload->'level' = to_jsonb(d.level))`;

async function* names(client: pg.ClientBase, sql: string): AsyncGenerator<string> {
  for await (const { record } of stream<{ record: string }>(client, sql)) yield record;
}

export const deadlineChecks = {
  'deadline-of-state': query(`SELECT 'hazard/' || h.id AS record FROM hazard h JOIN jsonb_to_recordset(${json(DEMANDED)}) AS m(state text, kind text) USING (state)
    WHERE NOT EXISTS (SELECT FROM deadline d WHERE d.hazard_id = h.id AND d.cycle = h.cycle AND d.kind = m.kind AND d.met_at IS NULL AND d.withdrawn_at IS NULL)`),
  'deadline-one-end': query(`SELECT ${DEADLINE} FROM deadline d WHERE met_at IS NOT NULL AND withdrawn_at IS NOT NULL`),
  'deadline-in-order': query(`SELECT ${DEADLINE} FROM deadline d WHERE least(met_at, withdrawn_at) < started_at OR breached_at < due_at`),
  'deadline-agrees-with-case': query(`SELECT DISTINCT 'hazard/' || h.id AS record FROM hazard h
    CROSS JOIN LATERAL (
      SELECT FROM (SELECT kind, level, item, started_at, due_at FROM deadline d WHERE d.hazard_id = h.id AND ${RUNNING}) a
      FULL JOIN (SELECT x->>'kind' AS kind, (x->>'level')::int AS level, coalesce(x->>'item', '') AS item, to_timestamp((x->>'startedAt')::numeric / 1000)::timestamptz(3) AS started_at,
          to_timestamp((x->>'dueAt')::numeric / 1000)::timestamptz(3) AS due_at
        FROM jsonb_array_elements(h.snapshot->'deadlines') x WHERE NOT (x->>'breached')::boolean) b USING (kind, level, item, started_at)
      WHERE a.due_at IS DISTINCT FROM b.due_at) differ
    WHERE h.state NOT IN ${CLOSED}`),
  'deadline-as-told': query(`SELECT ${DEADLINE} FROM deadline d JOIN notice n ON n.hazard_id = d.hazard_id AND n.kind = 'dispatch' AND n.issued_at = d.started_at
    WHERE d.kind = 'rectify' AND NOT n.is_copy AND (extract(epoch FROM d.due_at) * 1000)::bigint IS DISTINCT FROM (n.data->'facts'->>'dueAt')::bigint`),
  'deadline-basis-known': query(`SELECT ${DEADLINE} FROM deadline d WHERE basis !~ '^split(\\+pause)*$' AND (split_part(basis, '#', 2) = ''
    OR split_part(basis, '#', 1) <> '${DEFAULT_POLICY.id}' AND NOT EXISTS (SELECT FROM park_policy p WHERE p.id = split_part(d.basis, '#', 1)))`),
  'deadline-breach-told': query(`SELECT ${DEADLINE} FROM deadline d WHERE breached_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM hazard_transition t JOIN notice n ON n.hazard_id = t.hazard_id AND n.issued_at = t.server_at
      AND n.kind = CASE WHEN d.kind = 'supervision' AND d.level < 3 THEN 'supervision' ELSE 'overdue' END WHERE ${BREACH})`),
  'deadline-breach-kept': query(`SELECT ${DEADLINE} FROM deadline d JOIN hazard h ON h.id = d.hazard_id
    WHERE ${RUNNING} AND d.due_at < now() - ${interval(SELF_AUDIT.timerMs)} AND h.state NOT IN ${CLOSED} AND NOT h.paused`),
  'deadline-breach-on-time': query(`SELECT ${DEADLINE} FROM deadline d CROSS JOIN LATERAL (SELECT min(t.recorded_at) AS recorded_at FROM hazard_transition t WHERE ${BREACH}) b
    WHERE d.breached_at IS NOT NULL AND b.recorded_at > now() - ${interval(SELF_AUDIT.lateToldMs)} AND b.recorded_at > d.due_at + ${interval(SELF_AUDIT.lateMs)}`),
  'deadline-none-after-close': query(`SELECT ${DEADLINE} FROM deadline d JOIN hazard h ON h.id = d.hazard_id WHERE ${RUNNING} AND d.kind <> 'look_back' AND h.state IN ${CLOSED}`),

  'supervision-by-cause': query(`SELECT ${SUPERVISION} FROM supervision s WHERE NOT CASE cause
      WHEN 'overdue' THEN level = 1 WHEN 'review_overdue' THEN level = 1 WHEN 'rejected' THEN level > 1
      WHEN 'supervision_breached' THEN level > 1 AND EXISTS (SELECT FROM supervision b WHERE b.hazard_id = s.hazard_id AND b.cycle = s.cycle AND b.level = s.level - 1 AND b.opened_at <= s.opened_at)
      ELSE false END`),
  'supervision-told': query(`SELECT ${SUPERVISION} FROM supervision s
    WHERE (SELECT count(DISTINCT n.is_copy) FROM notice n WHERE n.hazard_id = s.hazard_id AND n.kind = 'supervision' AND n.issued_at = s.opened_at) < 2`),
  'supervision-ends': query(`SELECT ${SUPERVISION} FROM supervision s JOIN hazard h ON h.id = s.hazard_id
    WHERE (s.closed_at IS NULL) <> (s.outcome IS NULL) OR (s.closed_at IS NULL AND (h.state = 'accepted' OR h.state IN ${CLOSED} OR s.cycle <> h.cycle))`),
  'supervision-one-open': query(`SELECT 'hazard/' || h.id AS record FROM hazard h
    WHERE (SELECT count(*) FROM supervision s WHERE s.hazard_id = h.id AND s.closed_at IS NULL) <> CASE WHEN h.supervision_open THEN 1 ELSE 0 END`),
  // The mark comes with the first rung of the ladder, by whatever policy the task is told.
  'task-overdue-kept': reading(async function* ({ client }) {
    const first = [DEFAULT_POLICY, ...(await policiesOf(client)).map((p) => p.policy)].flatMap((p) => p.taskLadder?.[0]?.afterMs ?? []);
    yield* names(client, `SELECT 'task/' || id AS record FROM task WHERE done_at IS NULL AND overdue_at IS NULL
      AND due_at + grace_ms * interval '1 millisecond' < now() - ${interval(SELF_AUDIT.timerMs + Math.max(...first))}`);
  }),
  'supervision-has-deadline': query(`SELECT ${SUPERVISION} FROM supervision s
    WHERE NOT EXISTS (SELECT FROM deadline d WHERE d.hazard_id = s.hazard_id AND d.kind = 'supervision' AND d.level = s.level AND d.started_at = s.opened_at AND d.due_at = s.due_at)`),
} satisfies Record<string, Check>;
