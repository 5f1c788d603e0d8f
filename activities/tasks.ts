/** The record of tasks and of patrol plans. */
import type { PatrolPlan, PatrolSchedule } from '../domain/patrol.ts';
import type { TaskFacts, TaskKind, TaskResult, TaskRung } from '../domain/tasks.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import { addTask } from '../prisma/tasks.ts';
import type { ActivityDeps } from './deps.ts';
import type { TaskNotice } from './notices.ts';
import { issueTaskNotices } from './notices.ts';

export interface OpenTaskResult {
  /** null: there is no such task on record. */
  task: TaskFacts | null;
  ladder: TaskRung[];
}

export interface RecordTaskDone {
  taskId: string;
  doneBy: string;
  /** Epoch ms. */
  at: number;
  result: TaskResult;
  note: string;
  evidence: readonly string[];
}

interface TaskRow {
  id: string; tenant_id: string; kind: TaskKind; owner_org_id: string; due_at: Date; grace_ms: string; created_at: Date; done_at: Date | null; done_by: string | null; overdue_at: Date | null; escalation: number;
}

interface PlanRow {
  id: string; tenant_id: string; name_zh: string; name_en: string; asset_id: string | null; zone_id: string | null; route: string | null; schedule: PatrolSchedule; grace_ms: string;
  owner_org_id: string; owner_person_id: string | null; valid_from: Date; valid_to: Date | null; ended_at: Date | null;
}

const planOf = (row: PlanRow): PatrolPlan => ({
  planId: row.id, schedule: row.schedule, graceMs: Number(row.grace_ms), validFrom: row.valid_from.getTime(), validTo: row.valid_to?.getTime() ?? null, endedAt: row.ended_at?.getTime() ?? null,
});

export const createTaskActivities = ({ database, notices }: ActivityDeps) => ({
  openTask: async ({ taskId }: { taskId: string }): Promise<OpenTaskResult> => {
    const { rows } = await database.pool.query<TaskRow>(
      'SELECT id, tenant_id, kind, owner_org_id, due_at, grace_ms, created_at, done_at, done_by, overdue_at, escalation FROM task WHERE id = $1',
      [taskId],
    );
    const row = rows[0];
    const { taskLadder } = await loadPolicyAt(database.pool, row?.created_at.getTime() ?? 0);
    return {
      task: row
        ? {
            taskId: row.id, tenantId: row.tenant_id, kind: row.kind, ownerOrgId: row.owner_org_id, dueAt: row.due_at.getTime(), graceMs: Number(row.grace_ms),
            doneAt: row.done_at?.getTime() ?? null, doneBy: row.done_by, overdueAt: row.overdue_at?.getTime() ?? null, escalation: row.escalation,
          }
        : null,
      ladder: taskLadder,
    };
  },

  /** Tells the people of one rung, and marks an overdue task as such, in one transaction. A task that was done meanwhile is left alone. */
  tellTask: async (told: TaskNotice): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<{ owner_org_id: string }>(
        `UPDATE task SET overdue_at = CASE WHEN $2 THEN coalesce(overdue_at, due_at + grace_ms * interval '1 millisecond') ELSE overdue_at END, escalation = greatest(escalation, $3) WHERE id = $1 AND done_at IS NULL RETURNING owner_org_id`,
        [told.taskId, told.phase !== 'assigned', told.rung],
      );
      if (!rows[0]) return;
      await issueTaskNotices(client, told, notices);
      await addToOutbox(client, [
        { topic: 'event', key: `task/${told.taskId}/told/${told.rung}`, tenantId: rows[0].owner_org_id, payload: { type: 'task.changed', id: told.taskId, state: told.phase === 'assigned' ? 'open' : 'overdue' } },
      ]);
    });
  },

  recordTaskDone: async ({ taskId, doneBy, at, result, note, evidence }: RecordTaskDone): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<{ owner_org_id: string }>(
        `UPDATE task SET done_at = $2, done_by = $3, result = $4, note = $5, evidence = $6 WHERE id = $1 AND done_at IS NULL RETURNING owner_org_id`,
        [taskId, new Date(at), doneBy, result, note === '' ? null : note, JSON.stringify(evidence)],
      );
      if (rows[0]) await addToOutbox(client, [{ topic: 'event', key: `task/${taskId}/done`, tenantId: rows[0].owner_org_id, payload: { type: 'task.changed', id: taskId, state: 'done' } }]);
    });
  },

  /** null: there is no such plan on record. */
  openPatrolPlan: async ({ planId }: { planId: string }): Promise<PatrolPlan | null> => {
    const { rows } = await database.pool.query<PlanRow>('SELECT * FROM patrol_plan WHERE id = $1', [planId]);
    return rows[0] ? planOf(rows[0]) : null;
  },

  /** The task of one occurrence (epoch ms), once. A plan that was ended before it makes none. */
  addPatrolTask: async ({ planId, at }: { planId: string; at: number }): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<PlanRow>('SELECT * FROM patrol_plan WHERE id = $1 FOR SHARE', [planId]);
      const plan = rows[0];
      if (!plan || (plan.ended_at !== null && plan.ended_at.getTime() <= at)) return;
      await addTask(client, {
        tenantId: plan.tenant_id, kind: 'patrol', title: { zh: plan.name_zh, en: plan.name_en },
        detail: { planId, ...(plan.zone_id ? { zoneId: plan.zone_id } : {}), ...(plan.route ? { note: plan.route } : {}) },
        hazardId: null, assetId: plan.asset_id, ownerOrgId: plan.owner_org_id, ownerPersonId: plan.owner_person_id, dueAt: at, graceMs: Number(plan.grace_ms), dedupeKey: `patrol/${planId}/${at}`,
      });
    });
  },
});
