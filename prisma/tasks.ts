/** 任务: adding one, in whatever transaction gives the reason for it. The outbox starts its workflow. */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Named } from '../domain/notices.ts';
import type { TaskKind } from '../domain/tasks.ts';
import { addToOutbox } from './outbox.ts';

export interface NewTask {
  /** Whose matter it is: `hazardId` and `assetId`, where given, must be of this tenant and on record already. */
  tenantId: string;
  kind: TaskKind;
  title: Named;
  /** Shown to the owner as it is: nothing in it that the owner may not know (such as the case of another enterprise). */
  detail: Record<string, unknown>;
  hazardId: string | null;
  assetId: string | null;
  /** Who must do it, and sees it. */
  ownerOrgId: string;
  ownerPersonId: string | null;
  /** Epoch ms. */
  dueAt: number;
  graceMs?: number;
  /** Person who asked for it; absent: the system. */
  createdBy?: string;
  /** One task per key, whatever is retried. */
  dedupeKey: string;
}

/** Gives the id of the task, also where the key was there already (`added` false). */
export const addTask = async (client: pg.ClientBase, task: NewTask): Promise<{ taskId: string; added: boolean }> => {
  const id = randomUUID();
  const { rowCount } = await client.query(
    `INSERT INTO task (id, tenant_id, kind, title_zh, title_en, detail, hazard_id, asset_id, owner_org_id, owner_person_id, due_at, grace_ms, created_by, dedupe_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (dedupe_key) DO NOTHING`,
    [
      id, task.tenantId, task.kind, task.title.zh, task.title.en, JSON.stringify(task.detail), task.hazardId, task.assetId, task.ownerOrgId, task.ownerPersonId,
      new Date(task.dueAt), task.graceMs ?? 0, task.createdBy ?? null, task.dedupeKey,
    ],
  );
  if (rowCount === 0) {
    const { rows } = await client.query<{ id: string }>('SELECT id FROM task WHERE dedupe_key = $1', [task.dedupeKey]);
    return { taskId: rows[0]!.id, added: false };
  }
  await addToOutbox(client, [
    { topic: 'workflow', key: `task/${id}`, tenantId: task.tenantId, payload: { workflow: 'dutyTask', input: { taskId: id, tenantId: task.tenantId } } },
    { topic: 'event', key: `task/${id}/added`, tenantId: task.ownerOrgId, payload: { type: 'task.changed', id, state: 'open' } },
  ]);
  return { taskId: id, added: true };
};
