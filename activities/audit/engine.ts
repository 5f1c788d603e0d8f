/**
 * The engine against the record. Both move while they are compared, so a disagreement is looked at again, later and against
 * fresh rows, before it counts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import { DUTY_TASK } from '../../workflows/duty-task/messages.ts';
import { HAZARD_CLOSURE } from '../../workflows/hazard-closure/messages.ts';
import { dutyTaskId, hazardClosureId, secondSupervisionId } from '../../workflows/ids.ts';
import { SECOND_SUPERVISION } from '../../workflows/second-supervision/messages.ts';
import type { AuditContext, Check } from './check.ts';
import { interval, NotChecked, query, reading, stream } from './check.ts';
import type { EngineView } from './engine-view.ts';

/** A case whose workflow has still something to do: it is open, or a look-back is to come. */
const UNFINISHED = '(closed_at IS NULL OR look_back_at IS NOT NULL)';
/** Cases whose workflows are asked at a time. */
const ASKED_AT_ONCE = 8;
/** After so many without any answer nobody is there to answer. */
const SILENT = 16;

const engineOf = ({ engine }: AuditContext): EngineView => {
  if (!engine) throw new NotChecked('the engine is away');
  return engine;
};

const listOf = async (context: AuditContext, type: Parameters<EngineView['running']>[0]): Promise<ReadonlySet<string>> => {
  try {
    return await engineOf(context).running(type);
  } catch (error) {
    throw error instanceof NotChecked ? error : new NotChecked(`the engine is away: ${(error as Error).message}`);
  }
};

const caseOf = (workflowId: string): string => workflowId.split('/')[1] ?? '';
const isThere = async ({ fresh }: AuditContext, sql: string, values: unknown[]): Promise<boolean> => ((await fresh.query(sql, values)).rowCount ?? 0) > 0;
const settle = async ({ settleMs }: AuditContext, doubtful: readonly unknown[]): Promise<void> => void (doubtful.length > 0 && (await delay(settleMs)));

/** Ids of running workflows that no row of `sql` (which takes the ids of cases) speaks for. */
const unspokenFor = async (context: AuditContext, ids: ReadonlySet<string>, sql: string): Promise<string[]> => {
  const all = [...ids];
  const found: string[] = [];
  for (let i = 0; i < all.length; i += 1_000) {
    const some = all.slice(i, i + 1_000);
    const { rows } = await context.client.query<{ id: string }>(sql, [some.map(caseOf)]);
    const known = new Set(rows.map((r) => r.id));
    found.push(...some.filter((id) => !known.has(caseOf(id))));
    context.alive();
  }
  return found;
};

export const engineChecks = {
  'outbox-drained': query(`SELECT 'outbox/' || id AS record FROM outbox WHERE delivered_at IS NULL AND topic <> 'event' AND attempts < ${SELF_AUDIT.deadAfterAttempts}
    AND created_at < now() - ${interval(SELF_AUDIT.outboxMs)} AND next_attempt_at < now() - ${interval(SELF_AUDIT.outboxMs)}`),
  'outbox-no-dead-letters': query(`SELECT 'outbox/' || id AS record FROM outbox WHERE delivered_at IS NULL AND topic <> 'event' AND attempts >= ${SELF_AUDIT.deadAfterAttempts}`),

  'engine-open-case-runs': reading(async function* (context) {
    const running = await listOf(context, HAZARD_CLOSURE);
    const doubtful: string[] = [];
    for await (const { id } of stream<{ id: string }>(context.client, `SELECT id FROM hazard WHERE ${UNFINISHED} ORDER BY id`)) if (!running.has(hazardClosureId(id))) doubtful.push(id);
    await settle(context, doubtful);
    for (const id of doubtful) {
      context.alive();
      if (!(await engineOf(context).isRunning(hazardClosureId(id))) && (await isThere(context, `SELECT FROM hazard WHERE id = $1 AND ${UNFINISHED}`, [id]))) yield `hazard/${id}`;
    }
  }),
  'engine-closed-case-rests': reading(async function* (context) {
    const doubtful = (await unspokenFor(context, await listOf(context, HAZARD_CLOSURE), `SELECT c AS id FROM unnest($1::text[]) c WHERE NOT EXISTS (SELECT FROM hazard WHERE id = c AND NOT ${UNFINISHED})`)).map(caseOf);
    await settle(context, doubtful);
    for (const id of doubtful) {
      if ((await isThere(context, `SELECT FROM hazard WHERE id = $1 AND NOT ${UNFINISHED} AND updated_at < now() - ${interval(SELF_AUDIT.settleMs)}`, [id])) && (await engineOf(context).isRunning(hazardClosureId(id)))) yield `hazard/${id}`;
    }
  }),
  'engine-state-agrees': reading(async function* (context) {
    const engine = engineOf(context);
    const running = await listOf(context, HAZARD_CLOSURE);
    const doubtful: string[] = [];
    let answers = 0;
    let silent = 0;
    const look = async ({ id, state, seq }: { id: string; state: string; seq: number }): Promise<void> => {
      try {
        const c = await engine.caseState(id);
        answers += 1;
        if (c?.state !== state || c.seq !== seq) doubtful.push(id);
      } catch {
        silent += 1;
      }
    };
    const batch: { id: string; state: string; seq: number }[] = [];
    for await (const row of stream<{ id: string; state: string; seq: number }>(context.client, `SELECT id, state, seq FROM hazard WHERE ${UNFINISHED} ORDER BY id`)) {
      if (running.has(hazardClosureId(row.id))) batch.push(row);
      if (batch.length < ASKED_AT_ONCE) continue;
      await Promise.all(batch.splice(0).map(look));
      context.alive();
      if (answers === 0 && silent >= SILENT) throw new NotChecked('no worker answers for the cases');
    }
    await Promise.all(batch.splice(0).map(look));
    await settle(context, doubtful);
    for (const id of doubtful) {
      context.alive();
      const { rows } = await context.fresh.query<{ state: string; seq: number }>(`SELECT state, seq FROM hazard WHERE id = $1 AND ${UNFINISHED}`, [id]);
      const c = await engine.caseState(id).catch(() => undefined);
      // What has moved on since is at work; what stands still and differs is wrong.
      if (rows[0] && c !== undefined && (c?.state !== rows[0].state || c.seq !== rows[0].seq)) {
        await delay(context.settleMs);
        const again = (await context.fresh.query<{ seq: number }>('SELECT seq FROM hazard WHERE id = $1', [id])).rows[0];
        if (again?.seq === rows[0].seq) yield `hazard/${id}`;
      }
    }
    if (silent > 0) throw new NotChecked(`${silent} of ${silent + answers} workflows gave no answer`);
  }),
  'engine-supervision-agrees': reading(async function* (context) {
    const doubtful = await unspokenFor(context, await listOf(context, SECOND_SUPERVISION), 'SELECT DISTINCT hazard_id AS id FROM supervision WHERE hazard_id = ANY ($1) AND closed_at IS NULL');
    await settle(context, doubtful);
    for (const id of doubtful) {
      if (!(await isThere(context, 'SELECT FROM supervision WHERE hazard_id = $1 AND closed_at IS NULL', [caseOf(id)])) && (await engineOf(context).isRunning(id))) yield `workflow/${id}`;
    }
  }),
  'engine-supervision-watched': reading(async function* (context) {
    const running = await listOf(context, SECOND_SUPERVISION);
    type Open = { hazard_id: string; cycle: number; level: number };
    const doubtful: Open[] = [];
    for await (const s of stream<Open>(context.client, 'SELECT hazard_id, cycle, level FROM supervision WHERE closed_at IS NULL ORDER BY id')) {
      if (!running.has(secondSupervisionId(s.hazard_id, s.cycle, s.level))) doubtful.push(s);
    }
    await settle(context, doubtful);
    for (const { hazard_id, cycle, level } of doubtful) {
      context.alive();
      if (await engineOf(context).isRunning(secondSupervisionId(hazard_id, cycle, level))) continue;
      if (await isThere(context, 'SELECT FROM supervision WHERE hazard_id = $1 AND cycle = $2 AND level = $3 AND closed_at IS NULL', [hazard_id, cycle, level])) yield `hazard/${hazard_id}/supervision/${cycle}/${level}`;
    }
  }),
  'engine-open-task-runs': reading(async function* (context) {
    const running = await listOf(context, DUTY_TASK);
    const doubtful: string[] = [];
    for await (const { id } of stream<{ id: string }>(context.client, `SELECT id FROM task WHERE done_at IS NULL AND created_at < now() - ${interval(SELF_AUDIT.settleMs)} ORDER BY id`)) {
      if (!running.has(dutyTaskId(id))) doubtful.push(id);
    }
    await settle(context, doubtful);
    for (const id of doubtful) {
      context.alive();
      if (!(await engineOf(context).isRunning(dutyTaskId(id))) && (await isThere(context, 'SELECT FROM task WHERE id = $1 AND done_at IS NULL', [id]))) yield `task/${id}`;
    }
  }),
  'engine-no-strays': reading(async function* (context) {
    const doubtful = await unspokenFor(context, await listOf(context, HAZARD_CLOSURE), 'SELECT id FROM hazard WHERE id = ANY ($1) UNION SELECT hazard_id FROM hazard_report WHERE hazard_id = ANY ($1)');
    await settle(context, doubtful);
    for (const id of doubtful) {
      if (!(await isThere(context, 'SELECT FROM hazard WHERE id = $1 UNION ALL SELECT FROM hazard_report WHERE hazard_id = $1', [caseOf(id)])) && (await engineOf(context).isRunning(id))) yield `workflow/${id}`;
    }
  }),
} satisfies Record<string, Check>;
