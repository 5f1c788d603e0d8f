/** 任务: what somebody must have done by an instant. */
import { z } from 'zod';
import { addTask } from '../../prisma/tasks.ts';
import { refuse } from '../../domain/errors.ts';
import type { Result } from '../../domain/errors.ts';
import type { TaskFacts, TaskKind, TaskResult } from '../../domain/tasks.ts';
import { may } from '../../domain/permissions.ts';
import { completeTaskUpdate } from '../../workflows/duty-task/messages.ts';
import { dutyTaskId } from '../../workflows/ids.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { EngineAway, NoWorkflow } from '../engine.ts';
import { Refused, refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { CompleteTaskBody, Task, TaskBody, TaskList, TaskQuery } from '../schemas/tasks.ts';
import type { SignedIn } from '../sign-in.ts';
import type { AssetRef, Ref } from '../views/refs.ts';
import { ASSET_REF, iso, isoOrNull, orgRef, personRefs, refOf } from '../views/refs.ts';

const params = z.object({ id });
const tag = 'tasks';

interface TaskRow {
  id: string; kind: TaskKind; title_zh: string; title_en: string; detail: Record<string, unknown>; tenant_id: string; owner_org_id: string; owner_person_id: string | null; hazard_id: string | null;
  created_at: Date; created_by: string | null; due_at: Date; grace_ms: string; overdue_at: Date | null; escalation: number; done_at: Date | null; done_by: string | null; result: TaskResult | null; note: string | null; evidence: string[];
  tenant: Ref; owner: Ref; asset: AssetRef | null;
}

const SELECT = `SELECT t.*, ${orgRef('o')} AS tenant, ${orgRef('w')} AS owner, CASE WHEN a.id IS NOT NULL THEN ${ASSET_REF} END AS asset
  FROM task t JOIN organisation o ON o.id = t.tenant_id JOIN organisation w ON w.id = t.owner_org_id
  LEFT JOIN asset a ON a.tenant_id = t.tenant_id AND a.id = t.asset_id LEFT JOIN unit u ON u.tenant_id = a.tenant_id AND u.id = a.unit_id LEFT JOIN zone z ON z.id = a.zone_id LEFT JOIN park pk ON pk.id = z.park_id`;

const viewOf = async (deps: ApiDeps, { actor }: SignedIn, rows: readonly TaskRow[]): Promise<z.input<typeof Task>[]> => {
  const people = await personRefs(deps.database, rows.flatMap((t) => [t.owner_person_id, t.created_by, t.done_by]));
  return rows.map((t) => ({
    id: t.id, kind: t.kind, titleZh: t.title_zh, titleEn: t.title_en, detail: t.detail, tenant: t.tenant, owner: t.owner, person: refOf(people, t.owner_person_id), hazardId: t.hazard_id, asset: t.asset,
    createdAt: iso(t.created_at), createdBy: refOf(people, t.created_by), dueAt: iso(t.due_at), graceMs: Number(t.grace_ms), overdueAt: isoOrNull(t.overdue_at), escalation: t.escalation, doneAt: isoOrNull(t.done_at),
    doneBy: refOf(people, t.done_by), result: t.result, note: t.note, evidence: t.evidence,
    canComplete: t.done_at === null && may(actor.role, 'task.complete') && (actor.orgId === t.owner_org_id || actor.role === 'park_admin'),
  }));
};

const find = async (deps: ApiDeps, session: SignedIn, taskId: string): Promise<TaskRow> => {
  const { rows } = await asActor(deps.database, session, (client) => client.query<TaskRow>(`${SELECT} WHERE t.id = $1`, [taskId]));
  if (!rows[0]) throw new Refused('task.not_found');
  return rows[0];
};

export const taskRoutes = [
  route({
    method: 'get', path: '/api/v1/tasks', tag, summary: 'Tasks, the one due first at the top 任务列表', access: 'task.read', query: TaskQuery, response: TaskList,
    handle: async ({ query: q, session, deps }) => {
      const after = decodeCursor(timeCursor, q.cursor);
      const { rows: found } = await asActor(deps.database, session, (client) =>
        client.query<TaskRow>(
          `${SELECT} WHERE ($1::boolean IS NULL OR (t.done_at IS NULL) = $1) AND ($2::boolean IS NULL OR (t.overdue_at IS NOT NULL) = $2) AND (NOT $3 OR (t.owner_org_id = $4 AND (t.owner_person_id IS NULL OR t.owner_person_id = $5)))
             AND ($6::text IS NULL OR t.kind = $6) AND ($7::text IS NULL OR t.asset_id = $7) AND ($8::text IS NULL OR t.hazard_id = $8) AND ($9::text IS NULL OR t.detail->>'planId' = $9)
             AND ($10::timestamptz IS NULL OR (t.due_at, t.id) > ($10, $11)) ORDER BY t.due_at, t.id LIMIT $12`,
          [q.open ?? null, q.overdue ?? null, q.mine ?? false, session.actor.orgId, session.actor.personId, q.kind ?? null, q.assetId ?? null, q.hazardId ?? null, q.planId ?? null, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
        ),
      );
      const { rows, nextCursor } = paged(found, q.limit, (t) => [t.due_at.toISOString(), t.id]);
      return { body: { items: await viewOf(deps, session, rows), nextCursor } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/tasks/{id}', tag, summary: 'One task 任务详情', access: 'task.read', params, response: Task, refusals: ['task.not_found'],
    handle: async ({ params: p, session, deps }) => ({ body: (await viewOf(deps, session, [await find(deps, session, p.id)]))[0]! }),
  }),
  route({
    method: 'post', path: '/api/v1/tasks', tag, summary: 'Ask an organisation to do something, such as to stop and inspect 下达任务', access: 'task.create', idempotent: true, body: TaskBody, response: Task, statuses: [201],
    refusals: ['task.owner_invalid', 'task.asset_unknown', 'task.due_invalid', 'hazard.not_found'],
    handle: async ({ body, session, deps, commandId }) => {
      const dueAt = Date.parse(body.dueAt);
      const taskId = await asService(deps.database, async (client) => {
        const { rows: known } = await client.query<{ id: string }>('SELECT id FROM task WHERE dedupe_key = $1', [`asked/${commandId}`]);
        if (known[0]) return known[0].id;
        if (dueAt <= Date.now()) throw new Refused('task.due_invalid', { field: 'dueAt' });
        const { rows } = await client.query<{ org: boolean; person: boolean; asset: boolean; hazard: boolean }>(
          `SELECT EXISTS (SELECT FROM organisation WHERE id = $1 AND kind <> 'regulator') AS org, $2::text IS NULL OR EXISTS (SELECT FROM membership WHERE org_id = $1 AND person_id = $2) AS person,
             $3::text IS NULL OR EXISTS (SELECT FROM asset WHERE tenant_id = $1 AND id = $3) AS asset, $4::text IS NULL OR EXISTS (SELECT FROM hazard WHERE tenant_id = $1 AND id = $4) AS hazard`,
          [body.ownerOrgId, body.ownerPersonId ?? null, body.assetId ?? null, body.hazardId ?? null],
        );
        const is = rows[0]!;
        if (!is.org) throw new Refused('task.owner_invalid', { field: 'ownerOrgId' });
        if (!is.person) throw new Refused('task.owner_invalid', { field: 'ownerPersonId' });
        if (!is.asset) throw new Refused('task.asset_unknown', { field: 'assetId' });
        if (!is.hazard) throw new Refused('hazard.not_found', { field: 'hazardId' });
        const added = await addTask(client, {
          tenantId: body.ownerOrgId, kind: body.kind, title: { zh: body.titleZh, en: body.titleEn }, detail: body.note ? { note: body.note } : {}, hazardId: body.hazardId ?? null, assetId: body.assetId ?? null,
          ownerOrgId: body.ownerOrgId, ownerPersonId: body.ownerPersonId ?? null, dueAt, createdBy: session.actor.personId, dedupeKey: `asked/${commandId}`,
        });
        return added.taskId;
      });
      return { status: 201, body: (await viewOf(deps, session, [await find(deps, session, taskId)]))[0]! };
    },
  }),
  route({
    method: 'post', path: '/api/v1/tasks/{id}/complete', tag, summary: 'Say what became of a task 办结任务', access: 'task.complete', idempotent: true, params, body: CompleteTaskBody, response: Task,
    refusals: ['task.not_found', 'task.done_already', 'task.note_required', 'permission.denied', 'hazard.evidence_unknown', 'service.unavailable'],
    handle: async ({ params: p, body, session, deps, commandId }) => {
      await find(deps, session, p.id);
      const evidence = [...new Set(body.evidence ?? [])];
      const { rows } = await asService(deps.database, (client) => client.query<{ n: number }>('SELECT count(*)::int AS n FROM blob WHERE sha256 = ANY ($1)', [evidence]));
      if (rows[0]!.n !== evidence.length) throw new Refused('hazard.evidence_unknown', { field: 'evidence' });
      let result: Result<TaskFacts>;
      try {
        result = await deps.engine.update(dutyTaskId(p.id), completeTaskUpdate, [{ commandId, actor: session.actor, result: body.result, note: body.note ?? '', evidence }], commandId);
      } catch (error) {
        if (error instanceof EngineAway) throw new Refused('service.unavailable');
        if (!(error instanceof NoWorkflow)) throw error;
        // A task that is open gets its workflow soon: its message waits in the outbox.
        const task = await find(deps, session, p.id);
        if (!task.done_at) throw new Refused('service.unavailable');
        if (task.done_by === session.actor.personId && task.result === body.result && (task.note ?? '') === (body.note ?? '')) return { body: (await viewOf(deps, session, [task]))[0]! };
        result = refuse('task.done_already', { detail: { doneAt: task.done_at.getTime() } });
      }
      if (!result.ok) throw refused(result.refusal);
      return { body: (await viewOf(deps, session, [await find(deps, session, p.id)]))[0]! };
    },
  }),
];
