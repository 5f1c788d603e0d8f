/** 隐患: report, list, read. */
import { z } from 'zod';
import type { HazardReport } from '../../domain/hazard.ts';
import { defaultSource } from '../../domain/exchange.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { checkReport } from '../../domain/report.ts';
import { takeReport } from '../../prisma/intake.ts';
import { loadPolicyAt } from '../../prisma/policies.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { Refused, unwrap } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import { Hazard, HazardList, HazardQuery, ReportAnswer, ReportBody, Timeline } from '../schemas/hazards.ts';
import type { SignedIn } from '../sign-in.ts';
import { asEvidence } from '../uploaded.ts';
import { readHazardList } from '../views/hazard-list.ts';
import { readHazard, readTimeline } from '../views/hazards.ts';
import { waitFor } from '../wait-for.ts';
import { hazardActRoutes } from './hazard-acts.ts';

const params = z.object({ id });
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
      const evidence = unwrap(await asEvidence(client, session.actor.personId, body.photos, 'photos'));
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
        client.query<{ hazard_id: string }>(`SELECT r.hazard_id FROM hazard_report r JOIN hazard h ON h.id = r.hazard_id WHERE r.id = $1 AND r.recorded_seq IS NOT NULL`, [taken.reportId]),
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

export const hazardRoutes = [report, listHazards, getHazard, getTimeline, ...hazardActRoutes];
