/**
 * 发件箱: everything that leaves is a row, written in the transaction of what it tells about. A relay delivers it at least
 * once with `key`; receivers dedupe by it.
 */
import type pg from 'pg';
import type { AlarmHandlingInput, SensorAlarmMessage } from '../workflows/alarm-handling/messages.ts';
import type { DutyTaskInput } from '../workflows/duty-task/messages.ts';
import type { CaseMessage, HazardClosureInput } from '../workflows/hazard-closure/messages.ts';
import type { InspectionDue, InspectionExpiryInput } from '../workflows/inspection-expiry/messages.ts';
import type { PatrolPlanInput } from '../workflows/patrol-plan/messages.ts';
import type { HazardReport } from '../domain/hazard.ts';
import type { NoticeRecipient } from '../domain/notices.ts';
import type { Tx } from './client.ts';

/** Start of a workflow; with its signal where it has one, which a running workflow gets too. */
export type WorkflowMessage =
  | { workflow: 'hazardClosure'; input: HazardClosureInput; signal: HazardReport }
  /** From another case; a case whose workflow has ended takes it up again. */
  | { workflow: 'hazardClosure'; input: HazardClosureInput; message: CaseMessage }
  | { workflow: 'alarmHandling'; input: AlarmHandlingInput; signal: SensorAlarmMessage }
  | { workflow: 'dutyTask'; input: DutyTaskInput }
  /** Started, or told that its plan has changed. */
  | { workflow: 'patrolPlan'; input: PatrolPlanInput }
  | { workflow: 'inspectionExpiry'; input: InspectionExpiryInput; signal: InspectionDue };

/** What the live view hears; the reader fetches the rest with its own rights. */
export interface LiveEvent {
  type: 'hazard.changed' | 'alarm.changed' | 'notice.issued' | 'task.changed';
  id: string;
  state?: string;
}

export type OutboxMessage =
  | { topic: 'workflow'; key: string; tenantId: string; payload: WorkflowMessage }
  | { topic: 'smtp'; key: string; tenantId: string; payload: { deliveryId: string } }
  /** A delivery over a robot, by text message or by voice; `urgent`: of the red lane, which no flood of others holds up. */
  | { topic: 'channel'; key: string; tenantId: string; payload: { deliveryId: string } }
  | { topic: 'urgent'; key: string; tenantId: string; payload: { deliveryId: string } }
  | { topic: 'actuate'; key: string; tenantId: string; payload: { actuationId: string } }
  /** A flow asks for the notices of an alarm; nobody is told the same twice. */
  | { topic: 'notify'; key: string; tenantId: string; payload: { episodeId: string; recipients: NoticeRecipient[] } }
  | { topic: 'event'; key: string; tenantId: string | null; payload: LiveEvent };

const INSERT = `INSERT INTO outbox (topic, key, tenant_id, payload)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) ON CONFLICT (key) DO NOTHING`;

const columns = (messages: readonly OutboxMessage[]) => [
  messages.map((m) => m.topic),
  messages.map((m) => m.key),
  messages.map((m) => m.tenantId),
  messages.map((m) => JSON.stringify(m.payload)),
];

/** Adds messages within the caller's transaction; a key that is there already is left as it is. */
export const addToOutbox = async (tx: Tx | pg.ClientBase, messages: readonly OutboxMessage[]): Promise<void> => {
  if (messages.length === 0) return;
  if ('$executeRawUnsafe' in tx) await tx.$executeRawUnsafe(INSERT, ...columns(messages));
  else await tx.query(INSERT, columns(messages));
};
