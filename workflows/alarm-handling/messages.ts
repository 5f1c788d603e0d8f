import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { AlarmFacts } from '../../domain/alarm.ts';
import type { Actor } from '../../domain/permissions.ts';

export const ALARM_HANDLING = 'alarmHandling';

export interface AlarmHandlingInput {
  episodeId: string;
  tenantId: string;
}

/** What ingest saw of the episode. `raised` and `cleared` may come in any order and more than once. */
export interface SensorAlarmMessage {
  kind: 'raised' | 'cleared';
  eventId: string;
  /** Event time, epoch ms. */
  at: number;
}

export const sensorAlarmSignal = defineSignal<[SensorAlarmMessage]>('sensorAlarm');

export interface AlarmActInput {
  commandId: string;
  actor: Actor;
}

export const acknowledgeAlarmUpdate = defineUpdate<AlarmFacts, [AlarmActInput]>('acknowledgeAlarm');
export const confirmAlarmUpdate = defineUpdate<AlarmFacts, [AlarmActInput & { real: boolean; reason: string }]>('confirmAlarm');
export const alarmStateQuery = defineQuery<AlarmFacts | null>('alarmState');
