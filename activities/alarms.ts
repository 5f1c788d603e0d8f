/** The record of an alarm episode. Ingest writes the row and its return to normal; the workflow everything that people and the ladder add. */
import type { AlarmFacts } from '../domain/alarm.ts';
import type { NoticeRecipient } from '../domain/notices.ts';
import type { ParkPolicy } from '../domain/policy.ts';
import { addToOutbox } from '../prisma/outbox.ts';
import { loadPolicyAt } from '../prisma/policies.ts';
import type { ActivityDeps } from './deps.ts';
import { issueAlarmNotices } from './notices.ts';

export interface OpenAlarmResult {
  /** null: there is no such alarm on record. */
  facts: AlarmFacts | null;
  closed: boolean;
  policy: Pick<ParkPolicy, 'alarmLadder' | 'judgeLadder'>;
}

export interface RecordAlarmInput {
  facts: AlarmFacts;
  /** Counts the changes of this episode from 1; the key of what others hear. */
  seq: number;
  confirmed: { at: number; by: string; reason: string } | null;
  closedAt: number | null;
  /** The rung that is told with this change. */
  rung: { rung: number; recipients: NoticeRecipient[] } | null;
}

interface AlarmRow {
  tenant_id: string; raised_at: Date; cleared_at: Date | null; acknowledged_at: Date | null; acknowledged_by: string | null;
  confirmed: boolean | null; escalation: number; closed_at: Date | null; state: string;
}

const date = (at: number | null | undefined): Date | null => (at == null ? null : new Date(at));

export const createAlarmActivities = ({ database, notices }: ActivityDeps) => ({
  openAlarm: async ({ episodeId }: { episodeId: string }): Promise<OpenAlarmResult> => {
    const { rows } = await database.pool.query<AlarmRow>(
      'SELECT tenant_id, raised_at, cleared_at, acknowledged_at, acknowledged_by, confirmed, escalation, closed_at, state FROM alarm WHERE id = $1',
      [episodeId],
    );
    const row = rows[0];
    const { alarmLadder, judgeLadder } = await loadPolicyAt(database.pool, row?.raised_at.getTime() ?? 0);
    return {
      facts: row
        ? {
            episodeId, tenantId: row.tenant_id, raisedAt: row.raised_at.getTime(), clearedAt: row.cleared_at?.getTime() ?? null, acknowledgedAt: row.acknowledged_at?.getTime() ?? null,
            acknowledgedBy: row.acknowledged_by, confirmed: row.confirmed, escalation: row.escalation,
          }
        : null,
      closed: row?.closed_at != null,
      policy: { alarmLadder, judgeLadder },
    };
  },

  /** Writes what is known now, tells the rung if there is one, and tells the live view, in one transaction. */
  recordAlarm: async ({ facts: a, seq, confirmed, closedAt, rung }: RecordAlarmInput): Promise<void> => {
    await database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<AlarmRow>(
        `UPDATE alarm SET cleared_at = coalesce(cleared_at, $2), acknowledged_at = coalesce(acknowledged_at, $3), acknowledged_by = coalesce(acknowledged_by, $4),
           confirmed = coalesce(confirmed, $5), confirmed_at = coalesce(confirmed_at, $6), confirmed_by = coalesce(confirmed_by, $7), confirm_reason = coalesce(confirm_reason, $8),
           escalation = greatest(escalation, $9), closed_at = coalesce(closed_at, $10),
           state = pw_alarm_state(coalesce(cleared_at, $2), coalesce(acknowledged_at, $3))
         WHERE id = $1 RETURNING state`,
        [a.episodeId, date(a.clearedAt), date(a.acknowledgedAt), a.acknowledgedBy, a.confirmed, date(confirmed?.at), confirmed?.by ?? null, confirmed?.reason ?? null, a.escalation, date(closedAt)],
      );
      if (rung) await issueAlarmNotices(client, { episodeId: a.episodeId, recipients: rung.recipients, rung: rung.rung }, notices);
      await addToOutbox(client, [
        { topic: 'event', key: `alarm/${a.episodeId}/handled/${seq}`, tenantId: a.tenantId, payload: { type: 'alarm.changed', id: a.episodeId, state: rows[0]?.state ?? '' } },
      ]);
    });
  },
});
