/** 处置: an act of a person on a case. The case's workflow decides; here it is asked, and its answer read from the record. */
import { randomUUID } from 'node:crypto';
import type { UpdateDefinition } from '@temporalio/common';
import type pg from 'pg';
import { z } from 'zod';
import type { Refusal, Result } from '../../domain/errors.ts';
import { isRefusalCode, ok, refuse } from '../../domain/errors.ts';
import type { PersonCommand } from '../../domain/hazard.ts';
import { caseOf, checkCommand, checkMove, isClosed } from '../../domain/hazard.ts';
import { may } from '../../domain/permissions.ts';
import { orgIdsOf } from '../../prisma/affiliations.ts';
import { idOf } from '../../platform/hash.ts';
import { loadPolicyAt } from '../../prisma/policies.ts';
import { HAZARD_CLOSURE, hazardUpdates, TAKES_UP_AGAIN } from '../../workflows/hazard-closure/messages.ts';
import type { HazardActInput, HazardActResult, HazardClosureInput } from '../../workflows/hazard-closure/messages.ts';
import { CLOSURE_QUEUE, hazardClosureId } from '../../workflows/ids.ts';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { EngineAway, NoWorkflow } from '../engine.ts';
import { Refused, refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { ActAnswer, ActBody } from '../schemas/hazards.ts';
import type { SignedIn } from '../sign-in.ts';
import { asEvidence } from '../uploaded.ts';
import type { HazardRow, TransitionRow } from '../views/hazards.ts';
import { candidates, findHazard, readHazard, transitionOf } from '../views/hazards.ts';
import { personRefs } from '../views/refs.ts';
import { waitFor } from '../wait-for.ts';

const params = z.object({ id });
const RECORD_WAIT_MS = 5_000;

const ms = (at: string | undefined): number | null => (at === undefined ? null : Date.parse(at));

/** The act as a command; refuses files that were not uploaded and a responsible person of another organisation. */
const commandOf = (deps: ApiDeps, row: HazardRow, body: z.output<typeof ActBody>, personId: string): Promise<Result<PersonCommand>> =>
  asService(deps.database, async (client): Promise<Result<PersonCommand>> => {
    const said = await saidOf(deps, client, row, body);
    if (!said.ok) return said;
    const files = 'evidence' in body ? body.evidence : undefined;
    if (files === undefined) return said;
    for (const [i, { supersedes }] of files.entries()) {
      if (!supersedes) continue;
      const { rowCount } = await client.query('SELECT FROM evidence e WHERE e.id = $1 AND e.hazard_id = $2 AND NOT EXISTS (SELECT FROM evidence n WHERE n.supersedes_id = e.id)', [supersedes, row.id]);
      if (rowCount === 0) return refuse('hazard.evidence_unknown', { field: `evidence.${i}.supersedes` });
    }
    const evidence = await asEvidence(client, personId, files, 'evidence');
    return evidence.ok ? ok({ ...said.value, evidence: evidence.value } as PersonCommand) : evidence;
  });

/** What the act says, but for its files: instants as epoch ms, and every id looked up. */
const saidOf = async (deps: ApiDeps, client: pg.ClientBase, row: HazardRow, body: z.output<typeof ActBody>): Promise<Result<PersonCommand>> => {
  const { clientAt: _clientAt, act, ...rest } = body;
  switch (body.act) {
    case 'dispatch':
    case 'handover':
      if (!(await candidates(deps, row.tenant_id)).some((c) => c.id === body.responsibleId)) return refuse('hazard.responsible_invalid', { field: 'responsibleId' });
      break;
    case 'requestExtension':
      return ok({ name: 'requestExtension', reason: body.reason, dueAt: Date.parse(body.dueAt) });
    case 'decideExtension':
      return ok({ name: 'decideExtension', granted: body.granted, reason: body.reason, ...(body.dueAt ? { dueAt: Date.parse(body.dueAt) } : {}) });
    case 'pause':
      return ok({ name: 'pause', reason: body.reason, until: Date.parse(body.until) });
    case 'split':
      return ok({ name: 'split', reason: body.reason, items: body.items.map((i) => ({ itemId: randomUUID(), title: i.title, dueAt: i.dueAt ? Date.parse(i.dueAt) : null })) });
    case 'redirect': {
      const { rowCount } = await client.query("SELECT FROM organisation WHERE id = $1 AND kind = 'enterprise'", [body.tenantId]);
      return rowCount ? ok({ name: 'redirect', tenantId: body.tenantId, successorId: randomUUID(), reason: body.reason }) : refuse('hazard.tenant_invalid', { field: 'tenantId' });
    }
    case 'merge': {
      const { rows } = await client.query<{ closed_at: Date | null }>('SELECT closed_at FROM hazard WHERE id = $1 AND tenant_id = $2', [body.intoHazardId, row.tenant_id]);
      return rows[0] && rows[0].closed_at === null ? ok({ name: 'merge', intoHazardId: body.intoHazardId, reason: body.reason }) : refuse('hazard.merge_target', { field: 'intoHazardId' });
    }
    case 'addSigner': {
      const { rows } = await client.query<{ org_ids: string[]; roles: string[] | null }>(`SELECT ${orgIdsOf('ARRAY[$1]')} AS org_ids, (SELECT array_agg(m.role) FROM membership m WHERE m.person_id = $1) AS roles`, [body.personId]);
      const signer = rows[0];
      if (!signer?.roles?.some((role) => may(role, 'hazard.sign'))) return refuse('request.invalid', { field: 'personId' });
      return ok({ name: 'addSigner', personId: body.personId, orgIds: signer.org_ids, reason: body.reason });
    }
    default:
      break;
  }
  return ok({ name: act, ...rest } as PersonCommand);
};

interface Attempt {
  row: HazardRow;
  session: SignedIn;
  commandId: string;
  body: z.output<typeof ActBody>;
}

/** A refused move stays on the record, with who tried it, when and why it was refused. */
const keepRefusal = (deps: ApiDeps, { row, session, commandId, body }: Attempt, refusal: Refusal): Promise<void> =>
  asService(deps.database, async (client) => {
    const { actor } = session;
    const { act, clientAt, ...payload } = body;
    const now = Date.now();
    const policy = await loadPolicyAt(client, now);
    const at = ms(clientAt);
    const { rowCount } = await client.query(
      `INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, refusal_code, payload, dedupe_key)
       VALUES ($1, $2, $3, NULL, $4, $5, $6, NULL, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT (dedupe_key) DO NOTHING`,
      [
        idOf(`refused/${commandId}`), row.tenant_id, row.id, commandId, act, row.state, actor.personId, actor.orgId, actor.role, new Date(now), at === null ? null : new Date(at),
        at !== null && Math.abs(at - now) > policy.clockSkewMs, 'reason' in body ? body.reason : 'note' in body ? (body.note ?? null) : null, refusal.code,
        JSON.stringify({ ...payload, refusal: { field: refusal.field, detail: refusal.detail } }), `refused/${commandId}`,
      ],
    );
    if (rowCount === 1) await audit.refused(client, { personId: actor.personId, role: actor.role, action: `hazard.${act}`, object: `hazard/${row.id}`, code: refusal.code });
  });

/** What is on the record of this command: its transition, its refusal, or nothing yet. */
const onRecord = async (deps: ApiDeps, session: SignedIn, hazardId: string, commandId: string): Promise<(TransitionRow & { payload: { refusal?: Omit<Refusal, 'code'> } }) | null> => {
  const { rows } = await asActor(deps.database, session, (client) =>
    client.query<TransitionRow & { payload: { refusal?: Omit<Refusal, 'code'> } }>('SELECT * FROM hazard_transition WHERE hazard_id = $1 AND command_id = $2 ORDER BY seq NULLS LAST LIMIT 1', [hazardId, commandId]),
  );
  return rows[0] ?? null;
};

/** Refusals that no change of the case's state can turn into a yes: said without asking the engine. */
const ALWAYS_NO = ['permission.denied', 'hazard.acceptor_from_enterprise', 'hazard.not_found'];

const decide = async (deps: ApiDeps, attempt: Attempt): Promise<Result<HazardActResult>> => {
  const { row, session, commandId, body } = attempt;
  const { actor } = session;
  const early = checkMove(caseOf(row.snapshot), body.act, actor);
  if (!early.ok && ALWAYS_NO.includes(early.refusal.code)) return early;
  const command = await commandOf(deps, row, body, actor.personId);
  if (!command.ok) {
    // What is wrong with the move itself is said before what is wrong with its content.
    return early.ok ? command : early;
  }
  try {
    const update = hazardUpdates[body.act] as unknown as UpdateDefinition<HazardActResult, [HazardActInput]>;
    const start = TAKES_UP_AGAIN.includes(body.act) ? { workflow: HAZARD_CLOSURE, taskQueue: CLOSURE_QUEUE, input: { hazardId: row.id, tenantId: row.tenant_id } satisfies HazardClosureInput } : undefined;
    return await deps.engine.update(hazardClosureId(row.id), update, [{ commandId, actor, clientAt: ms(body.clientAt), command: command.value }], commandId, start);
  } catch (error) {
    if (error instanceof EngineAway) {
      deps.logger.warn({ err: error, hazardId: row.id }, 'an act could not be decided');
      throw new Refused('service.unavailable');
    }
    if (!(error instanceof NoWorkflow)) throw error;
    const now = await asActor(deps.database, session, (client) => findHazard(client, row.id));
    const snapshot = caseOf(now?.snapshot ?? row.snapshot);
    const policy = await asService(deps.database, (client) => loadPolicyAt(client, snapshot.reportedAt));
    const refusedNow = checkCommand(snapshot, command.value, actor, Date.now(), policy);
    if (!refusedNow.ok) return refusedNow;
    if (isClosed(snapshot)) return refuse('hazard.illegal_move', { detail: { state: snapshot.state, command: body.act } });
    // The case is open on the record and its workflow is not there (yet): nothing is decided.
    throw new Refused('service.unavailable');
  }
};

const act = route({
  method: 'post', path: '/api/v1/hazards/{id}/acts', tag: 'hazards', summary: 'Act on a case 处置', access: 'hazard.read', idempotent: true, params, body: ActBody, response: ActAnswer,
  refusals: [
    'hazard.not_found', 'hazard.not_started', 'hazard.illegal_move', 'hazard.self_acceptance', 'hazard.acceptor_from_enterprise', 'hazard.reporter_dismisses', 'hazard.statutory_dismissal',
    'hazard.reason_required', 'hazard.evidence_required', 'hazard.evidence_unknown', 'hazard.responsible_invalid', 'hazard.tenant_invalid', 'hazard.overdue', 'hazard.paused', 'hazard.pause_limit',
    'hazard.extension_pending', 'hazard.extension_none', 'hazard.extension_limit', 'hazard.extension_invalid', 'hazard.decision_level', 'hazard.plan_required', 'hazard.item_unknown', 'hazard.item_invalid',
    'hazard.items_open', 'hazard.items_complete', 'hazard.review_begun', 'hazard.already_signed', 'hazard.signature_missing', 'hazard.on_site_required', 'hazard.not_on_site', 'hazard.not_major',
    'hazard.already_listed', 'hazard.merge_target', 'hazard.look_back_not_due', 'calendar.year_missing', 'request.version_conflict', 'service.unavailable',
  ],
  handle: async ({ params: p, body, session, deps, commandId, req }) => {
    const row = await asActor(deps.database, session, (client) => findHazard(client, p.id));
    if (!row) {
      const { rowCount } = await asActor(deps.database, session, (client) => client.query('SELECT FROM hazard_report WHERE hazard_id = $1', [p.id]));
      throw new Refused(rowCount ? 'hazard.not_started' : 'hazard.not_found');
    }
    const answer = async (t: TransitionRow) => {
      const hazard = await readHazard(deps, session, p.id);
      if (!hazard || t.seq === null || hazard.seq < t.seq) throw new Refused('service.unavailable');
      return { body: { transition: transitionOf(t, await personRefs(deps.database, [t.actor_id])), hazard }, headers: { ETag: `"${hazard.seq}"` } };
    };
    const refusedBefore = (t: { refusal_code: string | null; payload: { refusal?: Omit<Refusal, 'code'> } }): void => {
      if (t.refusal_code !== null && isRefusalCode(t.refusal_code)) throw refused({ code: t.refusal_code, ...t.payload.refusal });
    };
    // Asked again after a lost answer.
    const before = await onRecord(deps, session, p.id, commandId);
    if (before) {
      refusedBefore(before);
      return await answer(before);
    }
    const ifMatch = req.get('If-Match');
    if (ifMatch !== undefined && ifMatch !== '*' && !ifMatch.split(',').some((tag) => tag.trim() === `"${row.seq}"`)) throw new Refused('request.version_conflict', { field: 'If-Match', detail: { seq: row.seq } });

    const attempt = { row, session, commandId, body };
    const result = await decide(deps, attempt);
    if (!result.ok) {
      const decided = await onRecord(deps, session, p.id, commandId);
      if (decided?.seq != null) return await answer(decided);
      await keepRefusal(deps, attempt, result.refusal);
      throw refused(result.refusal);
    }
    const recorded = await waitFor(deps, RECORD_WAIT_MS, () => onRecord(deps, session, p.id, commandId));
    if (!recorded) throw new Refused('service.unavailable');
    return await answer(recorded);
  },
});

export const hazardActRoutes = [act];
