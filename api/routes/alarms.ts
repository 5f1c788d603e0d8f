/** 报警: list, acknowledge, judge. */
import type { UpdateDefinition } from '@temporalio/common';
import { z } from 'zod';
import type { AlarmFacts } from '../../domain/alarm.ts';
import { refuse } from '../../domain/errors.ts';
import type { Result } from '../../domain/errors.ts';
import { acknowledgeAlarmUpdate, confirmAlarmUpdate } from '../../workflows/alarm-handling/messages.ts';
import { alarmHandlingId } from '../../workflows/ids.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor } from '../deps.ts';
import { EngineAway, NoWorkflow } from '../engine.ts';
import { Refused, refused } from '../problem.ts';
import { route } from '../route.ts';
import { decodeCursor, id, paged, timeCursor } from '../schemas/common.ts';
import { AcknowledgeBody, Alarm, AlarmList, AlarmQuery, ConfirmBody } from '../schemas/park.ts';
import type { SignedIn } from '../sign-in.ts';
import type { AlarmRow } from '../views/alarms.ts';
import { alarmOf, SELECT_ALARM } from '../views/alarms.ts';
import { personRefs } from '../views/refs.ts';

const params = z.object({ id });
const tag = 'alarms';

const findAlarm = async (deps: ApiDeps, session: SignedIn, alarmId: string): Promise<AlarmRow> => {
  const { rows } = await asActor(deps.database, session, (client) => client.query<AlarmRow>(`${SELECT_ALARM} WHERE al.id = $1`, [alarmId]));
  if (!rows[0]) throw new Refused('alarm.not_found');
  return rows[0];
};

const viewOf = async (deps: ApiDeps, session: SignedIn, rows: readonly AlarmRow[]) => {
  const people = await personRefs(deps.database, rows.map((a) => a.acknowledged_by));
  return rows.map((a) => alarmOf(a, session.actor, people));
};

/** Sends an act to the alarm's workflow; `isDone` says whether the record of a finished alarm shows this very act. */
const actOn = async <Args extends [unknown]>(
  deps: ApiDeps, session: SignedIn, alarmId: string, update: UpdateDefinition<AlarmFacts, Args>, args: Args, commandId: string, isDone: (row: AlarmRow) => boolean,
) => {
  await findAlarm(deps, session, alarmId);
  let result: Result<AlarmFacts>;
  try {
    result = await deps.engine.update(alarmHandlingId(alarmId), update, args, commandId);
  } catch (error) {
    if (error instanceof EngineAway) throw new Refused('service.unavailable');
    if (!(error instanceof NoWorkflow)) throw error;
    const row = await findAlarm(deps, session, alarmId);
    // An open alarm without workflow is about to get one: its message waits in the outbox.
    if (!row.closed_at) throw new Refused('service.unavailable');
    if (!isDone(row)) result = refuse('alarm.closed');
    else return { body: (await viewOf(deps, session, [row]))[0]! };
  }
  if (!result.ok) throw refused(result.refusal);
  return { body: (await viewOf(deps, session, [await findAlarm(deps, session, alarmId)]))[0]! };
};

export const alarmRoutes = [
  route({
    method: 'get', path: '/api/v1/alarms', tag, summary: 'Alarms, newest first 报警列表', access: 'alarm.read', query: AlarmQuery, response: AlarmList,
    handle: async ({ query: q, session, deps }) => {
      const after = decodeCursor(timeCursor, q.cursor);
      const { rows: found } = await asActor(deps.database, session, (client) =>
        client.query<AlarmRow>(
          `${SELECT_ALARM} WHERE ($1::boolean IS NULL OR (al.closed_at IS NULL) = $1) AND ($2::timestamptz IS NULL OR (al.raised_at, al.id) < ($2, $3)) ORDER BY al.raised_at DESC, al.id DESC LIMIT $4`,
          [q.open ?? null, after?.[0] ?? null, after?.[1] ?? null, q.limit + 1],
        ),
      );
      const { rows, nextCursor } = paged(found, q.limit, (a) => [a.raised_at.toISOString(), a.id]);
      return { body: { items: await viewOf(deps, session, rows), nextCursor } };
    },
  }),
  route({
    method: 'get', path: '/api/v1/alarms/{id}', tag, summary: 'One alarm 报警详情', access: 'alarm.read', params, response: Alarm, refusals: ['alarm.not_found'],
    handle: async ({ params: p, session, deps }) => ({ body: (await viewOf(deps, session, [await findAlarm(deps, session, p.id)]))[0]! }),
  }),
  route({
    method: 'post', path: '/api/v1/alarms/{id}/acknowledge', tag, summary: 'Take note of an alarm 确认收悉', access: 'alarm.acknowledge', idempotent: true, params, body: AcknowledgeBody, response: Alarm,
    refusals: ['alarm.not_found', 'alarm.already_acknowledged', 'alarm.closed', 'service.unavailable'],
    handle: ({ params: p, session, deps, commandId }) =>
      actOn(deps, session, p.id, acknowledgeAlarmUpdate, [{ commandId, actor: session.actor }], commandId, (a) => a.acknowledged_by === session.actor.personId),
  }),
  route({
    method: 'post', path: '/api/v1/alarms/{id}/confirm', tag, summary: 'Judge an alarm real or false 研判', access: 'alarm.confirm', idempotent: true, params, body: ConfirmBody, response: Alarm,
    refusals: ['alarm.not_found', 'alarm.already_judged', 'alarm.reason_required', 'alarm.closed', 'service.unavailable'],
    handle: ({ params: p, body, session, deps, commandId }) =>
      actOn(deps, session, p.id, confirmAlarmUpdate, [{ commandId, actor: session.actor, real: body.real, reason: body.reason ?? '' }], commandId, (a) => a.confirmed === body.real && a.confirm_reason === (body.reason ?? '')),
  }),
];
