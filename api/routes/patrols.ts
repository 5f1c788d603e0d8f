/** 巡检计划. */
import { z } from 'zod';
import type { PatrolSchedule } from '../../domain/patrol.ts';
import { checkSchedule, nextOccurrence } from '../../domain/patrol.ts';
import { addToOutbox } from '../../prisma/outbox.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { Refused, refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { PatrolPlan, PatrolPlanBody, PatrolPlanList, PatrolPlanQuery } from '../schemas/tasks.ts';
import type { SignedIn } from '../sign-in.ts';
import type { Ref } from '../views/refs.ts';
import { iso, isoOrNull, orgRef, personRefs, refOf } from '../views/refs.ts';

const params = z.object({ id });
const tag = 'patrols';

interface PlanRow {
  id: string; name_zh: string; name_en: string; owner: Ref; owner_org_id: string; owner_person_id: string | null; asset_id: string | null; zone_id: string | null; route: string | null; schedule: PatrolSchedule;
  grace_ms: string; valid_from: Date; valid_to: Date | null; ended_at: Date | null; created_at: Date; created_by: string;
}

const SELECT = `SELECT p.*, ${orgRef('o')} AS owner FROM patrol_plan p JOIN organisation o ON o.id = p.owner_org_id`;

const viewOf = async (deps: ApiDeps, rows: readonly PlanRow[]): Promise<z.input<typeof PatrolPlan>[]> => {
  const people = await personRefs(deps.database, rows.flatMap((p) => [p.owner_person_id, p.created_by]));
  return rows.map((p) => {
    const next = nextOccurrence(
      { planId: p.id, schedule: p.schedule, graceMs: Number(p.grace_ms), validFrom: p.valid_from.getTime(), validTo: p.valid_to?.getTime() ?? null, endedAt: p.ended_at?.getTime() ?? null }, Date.now(),
    );
    return {
      id: p.id, nameZh: p.name_zh, nameEn: p.name_en, owner: p.owner, person: refOf(people, p.owner_person_id), assetId: p.asset_id, zoneId: p.zone_id, route: p.route, schedule: p.schedule as never, graceMs: Number(p.grace_ms),
      validFrom: iso(p.valid_from), validTo: isoOrNull(p.valid_to), endedAt: isoOrNull(p.ended_at), createdAt: iso(p.created_at), createdBy: refOf(people, p.created_by), nextAt: next === null ? null : new Date(next).toISOString(),
    };
  });
};

const find = async (deps: ApiDeps, session: SignedIn, planId: string): Promise<PlanRow> => {
  const { rows } = await asActor(deps.database, session, (client) => client.query<PlanRow>(`${SELECT} WHERE p.id = $1`, [planId]));
  if (!rows[0]) throw new Refused('patrol.not_found');
  return rows[0];
};

export const patrolRoutes = [
  route({
    method: 'get', path: '/api/v1/patrol-plans', tag, summary: 'Patrol plans, the newest first 巡检计划', access: 'patrol.read', query: PatrolPlanQuery, response: PatrolPlanList,
    handle: async ({ query: q, session, deps }) => {
      const after = decodeCursor(timeCursor, q.cursor);
      const { rows: found } = await asActor(deps.database, session, (client) =>
        client.query<PlanRow>(
          `${SELECT} WHERE ($1::boolean IS NULL OR (p.ended_at IS NULL AND (p.valid_to IS NULL OR p.valid_to > now())) = $1) AND ($2::timestamptz IS NULL OR (p.created_at, p.id) < ($2, $3)) ORDER BY p.created_at DESC, p.id DESC LIMIT $4`,
          [q.active ?? null, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
        ),
      );
      const { rows, nextCursor } = paged(found, q.limit, (p) => [p.created_at.toISOString(), p.id]);
      return { body: { items: await viewOf(deps, rows), nextCursor } };
    },
  }),
  route({
    method: 'post', path: '/api/v1/patrol-plans', tag, summary: 'Plan patrols 制定巡检计划', access: 'patrol.manage', idempotent: true, body: PatrolPlanBody, response: PatrolPlan, statuses: [201],
    refusals: ['patrol.schedule_invalid', 'patrol.place_invalid', 'task.owner_invalid', 'permission.denied'],
    handle: async ({ body, session, deps, commandId }) => {
      const { actor } = session;
      if (actor.orgKind === 'enterprise' && body.ownerOrgId !== actor.orgId) throw new Refused('permission.denied', { field: 'ownerOrgId', detail: { action: 'patrol.manage' } });
      const validFrom = Date.parse(body.validFrom);
      const validTo = body.validTo === undefined ? null : Date.parse(body.validTo);
      const checked = checkSchedule({ schedule: body.schedule, graceMs: body.graceMs, validFrom, validTo });
      if (!checked.ok) throw refused(checked.refusal);
      if ([body.assetId, body.zoneId, body.route].filter((place) => place !== undefined).length !== 1) throw new Refused('patrol.place_invalid', { field: 'assetId' });
      // The key of the effect is the id: sent again, it is the same plan.
      const planId = commandId;
      await asService(deps.database, async (client) => {
        const { rows } = await client.query<{ org: boolean; person: boolean; asset: boolean; zone: boolean }>(
          `SELECT EXISTS (SELECT FROM organisation WHERE id = $1 AND kind <> 'regulator') AS org, $2::text IS NULL OR EXISTS (SELECT FROM membership WHERE org_id = $1 AND person_id = $2) AS person,
             $3::text IS NULL OR EXISTS (SELECT FROM asset WHERE tenant_id = $1 AND id = $3) AS asset, $4::text IS NULL OR EXISTS (SELECT FROM zone WHERE id = $4) AS zone`,
          [body.ownerOrgId, body.ownerPersonId ?? null, body.assetId ?? null, body.zoneId ?? null],
        );
        const is = rows[0]!;
        if (!is.org) throw new Refused('task.owner_invalid', { field: 'ownerOrgId' });
        if (!is.person) throw new Refused('task.owner_invalid', { field: 'ownerPersonId' });
        if (!is.asset) throw new Refused('patrol.place_invalid', { field: 'assetId' });
        if (!is.zone) throw new Refused('patrol.place_invalid', { field: 'zoneId' });
        await client.query(
          `INSERT INTO patrol_plan (id, tenant_id, name_zh, name_en, asset_id, zone_id, route, schedule, grace_ms, owner_org_id, owner_person_id, valid_from, valid_to, created_by)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $2, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING`,
          [planId, body.ownerOrgId, body.nameZh, body.nameEn, body.assetId ?? null, body.zoneId ?? null, body.route ?? null, JSON.stringify(body.schedule), body.graceMs, body.ownerPersonId ?? null, new Date(validFrom), validTo === null ? null : new Date(validTo), actor.personId],
        );
        await addToOutbox(client, [{ topic: 'workflow', key: `patrol/${planId}`, tenantId: body.ownerOrgId, payload: { workflow: 'patrolPlan', input: { planId, tenantId: body.ownerOrgId } } }]);
      });
      return { status: 201, body: (await viewOf(deps, [await find(deps, session, planId)]))[0]! };
    },
  }),
  route({
    method: 'post', path: '/api/v1/patrol-plans/{id}/end', tag, summary: 'End a patrol plan; tasks that there are stay 结束巡检计划', access: 'patrol.manage', idempotent: true, params, body: z.strictObject({}), response: PatrolPlan, refusals: ['patrol.not_found', 'patrol.ended'],
    handle: async ({ params: p, session, deps }) => {
      await find(deps, session, p.id);
      await asService(deps.database, async (client) => {
        const { rows } = await client.query<{ tenant_id: string }>('UPDATE patrol_plan SET ended_at = now(), ended_by = $2 WHERE id = $1 AND ended_at IS NULL RETURNING tenant_id', [p.id, session.actor.personId]);
        if (!rows[0]) throw new Refused('patrol.ended');
        await addToOutbox(client, [{ topic: 'workflow', key: `patrol/${p.id}/ended`, tenantId: rows[0].tenant_id, payload: { workflow: 'patrolPlan', input: { planId: p.id, tenantId: rows[0].tenant_id } } }]);
      });
      return { body: (await viewOf(deps, [await find(deps, session, p.id)]))[0]! };
    },
  }),
];
