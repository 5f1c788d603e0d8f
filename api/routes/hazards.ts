/** 隐患: report, list, read, act. */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { z } from 'zod';
import type { Refusal, Result } from '../../domain/errors.ts';
import { isRefusalCode, ok, refuse } from '../../domain/errors.ts';
import type { EvidenceItem, HazardReport, PersonCommand } from '../../domain/hazard.ts';
import { checkCommand, checkMove, isClosed } from '../../domain/hazard.ts';
import { defaultSource } from '../../domain/exchange.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { checkReport } from '../../domain/report.ts';
import { takeReport } from '../../prisma/intake.ts';
import { loadPolicyAt } from '../../prisma/policies.ts';
import { hazardUpdates } from '../../workflows/hazard-closure/messages.ts';
import type { HazardActInput, HazardActResult } from '../../workflows/hazard-closure/messages.ts';
import { hazardClosureId } from '../../workflows/ids.ts';
import type { UpdateDefinition } from '@temporalio/common';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { EngineAway, NoWorkflow } from '../engine.ts';
import { Refused, refused, unwrap } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { ActAnswer, ActBody, Hazard, HazardList, HazardQuery, ReportAnswer, ReportBody, Timeline } from '../schemas/hazards.ts';
import type { SignedIn } from '../sign-in.ts';
import type { HazardRow, TransitionRow } from '../views/hazards.ts';
import { readHazardList } from '../views/hazard-list.ts';
import { candidates, findHazard, readHazard, readTimeline, transitionOf } from '../views/hazards.ts';
import { personRefs } from '../views/refs.ts';

const params = z.object({ id });
const POLL_MS = 100;
const RECORD_WAIT_MS = 5_000;

/** Asks again whenever something was written, until there is an answer or the time is over. */
const waitFor = async <T>(deps: ApiDeps, ms: number, look: () => Promise<T | null>): Promise<T | null> => {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    const left = end - performance.now();
    if (found !== null || left <= 0) return found;
    await deps.live.wait(Math.min(POLL_MS, left));
  }
};

interface FileRef {
  sha256: string;
  capturedAt?: string | undefined;
  supersedes?: string | undefined;
}

/** Files as evidence: every one must have been uploaded; its kind is what its bytes said. */
const asEvidence = async (client: pg.ClientBase, files: readonly FileRef[], field: string): Promise<Result<EvidenceItem[]>> => {
  if (files.length === 0) return ok([]);
  const { rows } = await client.query<{ sha256: string; media_type: string }>('SELECT sha256, media_type FROM blob WHERE sha256 = ANY ($1)', [files.map((f) => f.sha256)]);
  const kinds = new Map(rows.map((r) => [r.sha256, r.media_type]));
  const missing = files.findIndex((f) => !kinds.has(f.sha256));
  if (missing >= 0) return refuse('hazard.evidence_unknown', { field: `${field}.${missing}.sha256` });
  return ok(
    files.map((f) => ({
      sha256: f.sha256, mediaType: kinds.get(f.sha256)!, ...(f.capturedAt ? { capturedAt: Date.parse(f.capturedAt) } : {}), ...(f.supersedes ? { supersedes: f.supersedes } : {}),
    })),
  );
};

// ---- report ----

interface Place {
  tenantId: string;
  zoneId: string | null;
  point: HazardReport['point'];
  assetName: { zh: string; en: string } | null;
}

/** Whose hazard it is, and where. What the reporter may not see does not exist. */
const placeOf = (deps: ApiDeps, session: SignedIn, body: z.output<typeof ReportBody>): Promise<Place> =>
  asActor(deps.database, session, async (client) => {
    const { actor } = session;
    const own = actor.orgKind === 'enterprise' ? actor.orgId : null;
    if (body.zoneId && (await client.query('SELECT FROM zone WHERE id = $1', [body.zoneId])).rowCount === 0) throw new Refused('request.invalid', { field: 'zoneId' });
    if (body.assetId) {
      const { rows } = await client.query<{ tenant_id: string; zone_id: string; point: HazardReport['point']; name_zh: string; name_en: string }>(
        'SELECT tenant_id, zone_id, point, name_zh, name_en FROM asset WHERE id = $1', [body.assetId],
      );
      const asset = rows[0];
      if (!asset) throw new Refused('hazard.asset_unknown', { field: 'assetId' });
      if (body.tenantId && body.tenantId !== asset.tenant_id) throw new Refused('hazard.tenant_invalid', { field: 'tenantId' });
      return { tenantId: asset.tenant_id, zoneId: asset.zone_id, point: body.point ?? asset.point, assetName: { zh: asset.name_zh, en: asset.name_en } };
    }
    const place = { zoneId: body.zoneId ?? null, point: body.point ?? null, assetName: null };
    if (own) {
      if (body.tenantId && body.tenantId !== own) throw new Refused('hazard.tenant_invalid', { field: 'tenantId' });
      return { tenantId: own, ...place };
    }
    if (!body.tenantId) throw new Refused('hazard.tenant_required', { field: 'tenantId' });
    const { rowCount } = await client.query("SELECT FROM organisation WHERE id = $1 AND kind = 'enterprise'", [body.tenantId]);
    if (rowCount === 0) throw new Refused('hazard.tenant_invalid', { field: 'tenantId' });
    return { tenantId: body.tenantId, ...place };
  });

const report = route({
  method: 'post', path: '/api/v1/hazards', tag: 'hazards', summary: 'Report a hazard 上报隐患', access: 'hazard.report', idempotent: true,
  body: ReportBody, response: ReportAnswer, statuses: [201, 202],
  refusals: ['hazard.report_incomplete', 'hazard.asset_unknown', 'hazard.tenant_required', 'hazard.tenant_invalid', 'hazard.evidence_unknown'],
  handle: async ({ body, session, deps, commandId }) => {
    unwrap(checkReport(body));
    const type = body.type as HazardType;
    const place = await placeOf(deps, session, body);
    const receivedAt = Date.now();
    const words = HAZARD_TYPES[type];
    const title = body.title?.trim() || (place.assetName ? `${place.assetName.zh}${words.zh} / ${place.assetName.en}: ${words.en}` : `${words.zh} / ${words.en}`);
    const taken = await asService(deps.database, async (client) => {
      const evidence = unwrap(await asEvidence(client, body.photos, 'photos'));
      const result = await takeReport(client, {
        tenantId: place.tenantId,
        dedupeKey: `manual/${commandId}`,
        policy: await loadPolicyAt(client, receivedAt),
        report: {
          origin: 'manual', type, title, description: body.description, reporterId: session.actor.personId, assetId: body.assetId ?? null, zoneId: place.zoneId, point: place.point,
          statutory: false, event: null, receivedAt, clientAt: Date.parse(body.clientAt),
          evidence: evidence.length > 0 ? evidence : [{ detail: { title, description: body.description } }],
          ...(body.fields ? { fields: body.fields } : {}), source: body.source ?? defaultSource('manual'),
        },
      });
      if (!result.duplicate) return result;
      // Asked again after a lost answer: whether it joined is read from the record.
      const { rows } = await client.query<{ joined: boolean }>(
        `SELECT EXISTS (SELECT FROM hazard_report o WHERE o.hazard_id = r.hazard_id AND (o.received_at, o.id) < (r.received_at, r.id)) AS joined FROM hazard_report r WHERE r.id = $1`, [result.reportId],
      );
      return { ...result, joined: rows[0]!.joined };
    });
    const registered = await waitFor(deps, deps.registerWaitMs, async () => {
      const { rows } = await asService(deps.database, (client) =>
        client.query<{ hazard_id: string }>(`SELECT r.hazard_id FROM hazard_report r JOIN hazard h ON h.id = r.hazard_id WHERE r.id = $1 AND h.snapshot->'reportIds' ? $1`, [taken.reportId]),
      );
      return rows[0]?.hazard_id ?? null;
    });
    return {
      status: registered ? 201 : 202,
      headers: { Location: `/api/v1/hazards/${registered ?? taken.hazardId}` },
      body: { hazardId: registered ?? taken.hazardId, reportId: taken.reportId, joined: taken.joined, status: registered ? ('registered' as const) : ('processing' as const) },
    };
  },
});

// ---- reads ----

const listHazards = route({
  method: 'get', path: '/api/v1/hazards', tag: 'hazards', summary: 'Cases, newest report first or by due instant 隐患列表', access: 'hazard.read', query: HazardQuery, response: HazardList,
  handle: async ({ query, session, deps }) => ({ body: await readHazardList(deps, session, query) }),
});

const getHazard = route({
  method: 'get', path: '/api/v1/hazards/{id}', tag: 'hazards', summary: 'One case, with ETag 隐患详情', access: 'hazard.read', params, response: Hazard, refusals: ['hazard.not_found'],
  handle: async ({ params: p, session, deps, req, res }) => {
    const body = await readHazard(deps, session, p.id);
    if (!body) throw new Refused('hazard.not_found');
    const etag = `"${body.seq}"`;
    if (req.get('If-None-Match') === etag) {
      res.status(304).set('ETag', etag).end();
      return undefined;
    }
    return { body, headers: { ETag: etag } };
  },
});

const getTimeline = route({
  method: 'get', path: '/api/v1/hazards/{id}/timeline', tag: 'hazards', summary: 'Everything that happened, refused moves too 时间线', access: 'hazard.read', params, response: Timeline, refusals: ['hazard.not_found'],
  handle: async ({ params: p, session, deps }) => {
    const items = await readTimeline(deps, session, p.id);
    if (!items) throw new Refused('hazard.not_found');
    return { body: { items } };
  },
});

// ---- act ----

const ms = (at: string | undefined): number | null => (at === undefined ? null : Date.parse(at));

/** The act as a command; refuses files that were not uploaded and a responsible person of another organisation. */
const commandOf = (deps: ApiDeps, row: HazardRow, body: z.output<typeof ActBody>): Promise<Result<PersonCommand>> =>
  asService(deps.database, async (client): Promise<Result<PersonCommand>> => {
    const { clientAt: _clientAt, act, ...rest } = body;
    if (body.act === 'dispatch' && !(await candidates(deps, row.tenant_id)).some((c) => c.id === body.responsibleId)) return refuse('hazard.responsible_invalid', { field: 'responsibleId' });
    const files = 'evidence' in body ? body.evidence : undefined;
    if (files === undefined) return ok({ name: act, ...rest } as PersonCommand);
    for (const [i, { supersedes }] of files.entries()) {
      if (!supersedes) continue;
      const { rowCount } = await client.query('SELECT FROM evidence e WHERE e.id = $1 AND e.hazard_id = $2 AND NOT EXISTS (SELECT FROM evidence n WHERE n.supersedes_id = e.id)', [supersedes, row.id]);
      if (rowCount === 0) return refuse('hazard.evidence_unknown', { field: `evidence.${i}.supersedes` });
    }
    const evidence = await asEvidence(client, files, 'evidence');
    return evidence.ok ? ok({ name: act, ...rest, evidence: evidence.value } as PersonCommand) : evidence;
  });

interface Attempt {
  row: HazardRow;
  session: SignedIn;
  commandId: string;
  body: z.output<typeof ActBody>;
}

const uuidOf = (key: string): string => createHash('sha256').update(key).digest('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');

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
        uuidOf(`refused/${commandId}`), row.tenant_id, row.id, commandId, act, row.state, actor.personId, actor.orgId, actor.role, new Date(now), at === null ? null : new Date(at),
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
  const early = checkMove(row.snapshot, body.act, actor);
  if (!early.ok && ALWAYS_NO.includes(early.refusal.code)) return early;
  const command = await commandOf(deps, row, body);
  if (!command.ok) {
    // What is wrong with the move itself is said before what is wrong with its content.
    return early.ok ? command : early;
  }
  try {
    const update = hazardUpdates[body.act] as unknown as UpdateDefinition<HazardActResult, [HazardActInput]>;
    return await deps.engine.update(hazardClosureId(row.id), update, [{ commandId, actor, clientAt: ms(body.clientAt), command: command.value }], commandId);
  } catch (error) {
    if (error instanceof EngineAway) {
      deps.logger.warn({ err: error, hazardId: row.id }, 'an act could not be decided');
      throw new Refused('service.unavailable');
    }
    if (!(error instanceof NoWorkflow)) throw error;
    const now = await asActor(deps.database, session, (client) => findHazard(client, row.id));
    const snapshot = now?.snapshot ?? row.snapshot;
    const refusedNow = checkCommand(snapshot, command.value, actor);
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
    'hazard.reason_required', 'hazard.evidence_required', 'hazard.evidence_unknown', 'hazard.responsible_invalid', 'request.version_conflict', 'service.unavailable',
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

export const hazardRoutes = [report, listHazards, getHazard, getTimeline, act];
