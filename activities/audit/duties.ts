/** Who did what: separation of duties, permissions, and what must be there before an act. Judged by the record of the act itself. */
import type { CommandName } from '../../domain/hazard-case.ts';
import { JUDGING } from '../../domain/hazard-moves.ts';
import { PERSON_COMMANDS } from '../../domain/hazard-case.ts';
import { may, ROLES } from '../../domain/permissions.ts';
import { policyAt } from '../../domain/policy.ts';
import type { Check } from './check.ts';
import { inList, json, policiesOf, query, reading, stream } from './check.ts';

const TRANSITION = `'hazard/' || t.hazard_id || '/' || t.seq AS record`;
const JUDGED = `t.seq IS NOT NULL AND t.command IN ${inList(JUDGING)}`;

/** Acts by which somebody has a part in the rectification; who of the park divides the work has none. */
const WORK: readonly CommandName[] = ['start', 'plan', 'progress', 'submit'];
/** Whether a person (SQL) was responsible for the case of `t`, or rectified it, before `t`. */
const rectifiedBefore = (person: string): string => `EXISTS (SELECT FROM hazard_transition p WHERE p.hazard_id = t.hazard_id AND p.seq < t.seq
  AND (p.command IN ('dispatch', 'handover') AND p.payload->>'responsibleId' = ${person} OR (p.command IN ${inList(WORK)} OR p.command = 'split' AND p.actor_org_id = p.tenant_id) AND (p.actor_id = ${person} OR p.payload->>'onBehalfOf' = ${person})))`;

/** Acts of people with the roles that may do them. */
const MAY = PERSON_COMMANDS.flatMap((command) => ROLES.filter((role) => may(role, `hazard.${command}`)).map((role) => ({ command, role })));
const ENTERPRISE_ROLE = 'enterprise_safety_officer';

/** The grade that the case had at `t`. */
const GRADE_THEN = `(SELECT p.payload->>'grade' FROM hazard_transition p WHERE p.hazard_id = t.hazard_id AND p.seq < t.seq AND p.command = 'triage' ORDER BY p.seq DESC LIMIT 1)`;
/** What was signed before these is void, and what was submitted is done again. */
const SINCE_SENT_BACK = `(SELECT coalesce(max(r.seq), 0) FROM hazard_transition r WHERE r.hazard_id = t.hazard_id AND r.cycle = t.cycle AND r.seq < t.seq AND r.command IN ('start', 'reject', 'withdraw', 'acceptItems'))`;
const ACCEPTED = `t.seq IS NOT NULL AND t.command = 'accept'`;
/** Within the cycle of `t` and before it. */
const EARLIER = `p.hazard_id = t.hazard_id AND p.cycle = t.cycle AND p.seq < t.seq`;

interface Granted { hazard_id: string; seq: number; cycle: number; command: string; server_at: Date; reported_at: Date; grade: 'general' | 'major' | null; until: string | null; due: string | null }

/** Extensions or pauses in the order of the record, each with the policy that its case is judged by. */
const cappedBy = (sql: string, within: (row: Granted, count: number, policy: ReturnType<typeof policyAt>) => boolean): Check =>
  reading(async function* ({ client }) {
    const policies = await policiesOf(client);
    let of = '';
    let count = 0;
    for await (const row of stream<Granted>(client, sql)) {
      const key = `${row.hazard_id}/${row.cycle}`;
      count = key === of ? count + 1 : 1;
      of = key;
      if (!within(row, count, policyAt(policies, row.reported_at.getTime()))) yield `hazard/${row.hazard_id}/${row.seq}`;
    }
  });

export const dutyChecks = {
  'duty-judge-not-rectifier': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${JUDGED} AND ${rectifiedBefore('t.actor_id')}`),
  'duty-judge-not-of-enterprise': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${JUDGED} AND t.actor_org_id = t.tenant_id`),
  // Who works for the enterprise, through however many contractors, at the instant of the act.
  'duty-judge-not-of-contractor': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${JUDGED} AND EXISTS (
    WITH RECURSIVE works_for AS (
      SELECT t.tenant_id AS id
      UNION SELECT a.contractor_id FROM affiliation a JOIN works_for w ON a.principal_id = w.id WHERE a.valid_from <= t.server_at AND (a.valid_to IS NULL OR t.server_at < a.valid_to))
    SELECT FROM works_for w JOIN membership m ON m.org_id = w.id WHERE w.id <> t.tenant_id AND m.person_id IN (t.actor_id, t.payload->>'onBehalfOf'))`),
  'duty-judge-not-by-delegation': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${JUDGED} AND t.payload->>'onBehalfOf' IS NOT NULL AND ${rectifiedBefore(`(t.payload->>'onBehalfOf')`)}`),
  'duty-role-may': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command IN ${inList(PERSON_COMMANDS)} AND t.actor_role IS NOT NULL
    AND NOT EXISTS (SELECT FROM jsonb_to_recordset(${json(MAY)}) AS m(command text, role text) WHERE m.command = t.command AND m.role = t.actor_role)`),
  'duty-own-cases-only': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command <> 'open' AND t.actor_role = '${ENTERPRISE_ROLE}' AND t.actor_org_id <> t.tenant_id`),
  'duty-major-two-persons': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${ACCEPTED} AND ${GRADE_THEN} = 'major'
    AND NOT EXISTS (SELECT FROM hazard_transition p WHERE ${EARLIER} AND p.command = 'sign' AND p.seq > ${SINCE_SENT_BACK} AND p.actor_id <> t.actor_id
      AND p.payload->>'onBehalfOf' IS DISTINCT FROM t.actor_id AND t.payload->>'onBehalfOf' IS DISTINCT FROM p.actor_id)`),
  'duty-signers-signed': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${ACCEPTED}
    AND EXISTS (SELECT FROM hazard_transition p WHERE ${EARLIER} AND p.command = 'addSigner' AND p.payload->>'personId' <> t.actor_id
      AND NOT EXISTS (SELECT FROM hazard_transition s WHERE s.hazard_id = t.hazard_id AND s.cycle = t.cycle AND s.seq > ${SINCE_SENT_BACK} AND s.seq < t.seq AND s.command = 'sign' AND s.actor_id = p.payload->>'personId'))`),
  'duty-evidence-of-fix': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${ACCEPTED}
    AND NOT EXISTS (SELECT FROM evidence e WHERE e.hazard_id = t.hazard_id AND e.cycle = t.cycle AND e.purpose = 'submission' AND e.sha256 IS NOT NULL AND e.recorded_at <= t.server_at
      AND e.recorded_at >= (SELECT p.server_at FROM hazard_transition p WHERE p.hazard_id = t.hazard_id AND p.seq = ${SINCE_SENT_BACK}))`),
  'duty-major-on-site': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE ${ACCEPTED} AND ${GRADE_THEN} = 'major'
    AND NOT EXISTS (SELECT FROM evidence e WHERE e.hazard_id = t.hazard_id AND e.cycle = t.cycle AND e.purpose = 'acceptance' AND e.sha256 IS NOT NULL AND e.dedupe_key LIKE t.hazard_id || '/' || t.seq || '/%')`),
  'duty-major-planned': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command = 'submit' AND ${GRADE_THEN} = 'major'
    AND NOT EXISTS (SELECT FROM hazard_transition p WHERE ${EARLIER} AND p.command = 'plan')`),
  'duty-dismisser-not-reporter': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command = 'dismiss'
    AND EXISTS (SELECT FROM hazard_report r WHERE r.hazard_id = t.hazard_id AND r.recorded_seq < t.seq AND r.reporter_id IN (t.actor_id, t.payload->>'onBehalfOf'))`),
  'duty-statutory-not-dismissed': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command = 'dismiss'
    AND EXISTS (SELECT FROM hazard_report r WHERE r.hazard_id = t.hazard_id AND r.statutory AND r.recorded_seq < t.seq)`),
  'duty-extension-asked': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command = 'decideExtension'
    AND (SELECT p.command FROM hazard_transition p WHERE ${EARLIER} AND p.command IN ('requestExtension', 'withdrawExtension', 'decideExtension') ORDER BY p.seq DESC LIMIT 1) IS DISTINCT FROM 'requestExtension'`),
  'duty-extension-level': query(`SELECT ${TRANSITION} FROM hazard_transition t WHERE t.seq IS NOT NULL AND t.command = 'decideExtension' AND t.actor_role IS DISTINCT FROM 'park_admin'
    AND (${GRADE_THEN} = 'major' OR EXISTS (SELECT FROM hazard_transition p WHERE ${EARLIER} AND p.command = 'decideExtension' AND (p.payload->>'granted')::boolean))`),
  'duty-extension-capped': cappedBy(
    // The due instant that is extended is that of the deadline which ran until then.
    `SELECT t.hazard_id, t.seq, t.cycle, t.command, t.server_at, h.reported_at, ${GRADE_THEN} AS grade,
       coalesce(t.payload->>'dueAt', (SELECT p.payload->>'dueAt' FROM hazard_transition p WHERE ${EARLIER} AND p.command = 'requestExtension' ORDER BY p.seq DESC LIMIT 1)) AS until,
       (SELECT (extract(epoch FROM d.due_at) * 1000)::bigint::text FROM deadline d WHERE d.hazard_id = t.hazard_id AND d.kind = 'rectify' AND d.started_at < t.server_at AND d.cycle = t.cycle ORDER BY d.started_at DESC LIMIT 1) AS due
     FROM hazard_transition t JOIN hazard h ON h.id = t.hazard_id WHERE t.seq IS NOT NULL AND t.command = 'decideExtension' AND (t.payload->>'granted')::boolean ORDER BY t.hazard_id, t.seq`,
    ({ until, due, grade }, count, { extension }) => count <= extension.maxCount && until !== null && due !== null && Number(until) - Number(due) <= extension.maxMs[grade ?? 'general'],
  ),
  'duty-pause-capped': cappedBy(
    `SELECT t.hazard_id, t.seq, t.cycle, t.command, t.server_at, h.reported_at, NULL AS grade, t.payload->>'until' AS until, NULL AS due
     FROM hazard_transition t JOIN hazard h ON h.id = t.hazard_id WHERE t.seq IS NOT NULL AND t.command = 'pause' ORDER BY t.hazard_id, t.seq`,
    ({ until, server_at }, count, { pause }) => count <= pause.maxCount && Number(until) - server_at.getTime() <= pause.maxMs,
  ),
  'duty-items-accepted': query(`SELECT 'hazard/' || h.id AS record FROM hazard h WHERE h.state IN ('accepted', 'archived') AND EXISTS (SELECT FROM hazard_item i WHERE i.hazard_id = h.id AND i.cycle = h.cycle AND i.state <> 'accepted')`),
  'duty-accepted-at': query(`SELECT 'hazard/' || h.id AS record FROM hazard h WHERE h.state IN ('accepted', 'archived')
    AND h.accepted_at IS DISTINCT FROM (SELECT t.server_at FROM hazard_transition t WHERE t.hazard_id = h.id AND ${ACCEPTED} AND t.cycle = h.cycle ORDER BY t.seq DESC LIMIT 1)`),
  'duty-listed-not-archived': query(`SELECT 'hazard/' || id AS record FROM hazard WHERE state = 'archived' AND listed`),
  'duty-responsible-member': query(`SELECT 'hazard/' || h.id AS record FROM hazard h WHERE h.state IN ('dispatched', 'rectifying', 'submitted')
    AND NOT EXISTS (SELECT FROM membership m WHERE m.person_id = h.responsible_id AND m.org_id = h.tenant_id)`),
} satisfies Record<string, Check>;
