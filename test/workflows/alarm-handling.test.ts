import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { AlarmFacts } from '../../domain/alarm.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import { ALARM_HANDLING, sensorAlarmSignal } from '../../workflows/alarm-handling/messages.ts';
import { alarmHandlingId, CLOSURE_QUEUE } from '../../workflows/ids.ts';
import { HOUR, MINUTE, PEOPLE } from './park.ts';
import type { VirtualPark } from './virtual-park.ts';
import { startVirtualPark } from './virtual-park.ts';

let env: TestWorkflowEnvironment;
let database: Database;
let park: VirtualPark;

beforeAll(async () => {
  park = await startVirtualPark();
  ({ env, database } = park);
});
afterAll(() => park?.close());

class Episode {
  readonly id = randomUUID();
  handle!: WorkflowHandle;
  private async insert(at: number): Promise<void> {
    await database.pool.query(
      `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
       VALUES ($1, 'ent-1', 's1', 'a1', 'HH', 'unacknowledged', 'registry:s1:HH', 1, $2, 130, 120, 'kPa', true)`,
      [this.id, new Date(at)],
    );
  }
  static async raise(...kinds: ('raised' | 'cleared')[]): Promise<Episode> {
    const episode = new Episode();
    const at = await env.currentTimeMs();
    await episode.insert(at);
    for (const kind of kinds) await episode.tell(kind, at);
    return episode;
  }
  async tell(kind: 'raised' | 'cleared', at: number): Promise<void> {
    this.handle = await env.client.workflow.signalWithStart(ALARM_HANDLING, {
      workflowId: alarmHandlingId(this.id), taskQueue: CLOSURE_QUEUE, args: [{ episodeId: this.id, tenantId: 'ent-1' }], signal: sensorAlarmSignal, signalArgs: [{ kind, eventId: `${this.id}/${kind}`, at }],
    });
  }
  act(name: 'acknowledgeAlarm' | 'confirmAlarm', actor: Actor, more: object = {}): Promise<AlarmFacts> {
    const commandId = randomUUID();
    return this.handle.executeUpdate(name, { args: [{ commandId, actor, ...more }], updateId: commandId });
  }
  async refusal(name: 'acknowledgeAlarm' | 'confirmAlarm', actor: Actor, more: object = {}): Promise<string> {
    const error = await this.act(name, actor, more).then(() => null, (e: unknown) => e);
    if (!(error instanceof WorkflowUpdateFailedError)) throw new Error('was not refused');
    return (error.cause as { type?: string }).type ?? '';
  }
  async row(): Promise<Record<string, unknown>> {
    return (await database.pool.query<Record<string, unknown>>('SELECT * FROM alarm WHERE id = $1', [this.id])).rows[0]!;
  }
  async notices(): Promise<string[]> {
    const { rows } = await database.pool.query<{ org: string; rung: number }>(
      `SELECT recipient_org_id AS org, (data->'facts'->>'rung')::int AS rung FROM notice WHERE alarm_id = $1 ORDER BY rung, org`,
      [this.id],
    );
    return rows.map((r) => `${r.rung} ${r.org}`);
  }
}

/** Whatever the workflow is still writing is written. */
const settle = async (episode: Episode, escalation: number): Promise<void> => {
  const end = performance.now() + 20_000;
  while ((await episode.notices()).length === 0 || (await episode.row()).escalation !== escalation) {
    if (performance.now() > end) throw new Error(`escalation is ${String((await episode.row()).escalation)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

test('two roles are told at once, one message each; unacknowledged it climbs rung by rung; acknowledged it stops', async () => {
  const episode = await Episode.raise('raised');
  await settle(episode, 0);
  expect(await episode.notices()).toEqual(['0 ent-1', '0 park-office']);
  await env.sleep(4 * MINUTE);
  expect((await episode.row()).escalation).toBe(0);
  await env.sleep(90_000);
  await settle(episode, 1);
  await env.sleep(10 * MINUTE);
  await settle(episode, 2);
  expect(await episode.notices()).toEqual(['0 ent-1', '0 park-office', '1 park-office', '2 park-admin', '2 park-office']);
  const facts = await episode.act('acknowledgeAlarm', PEOPLE.office);
  expect(facts).toMatchObject({ acknowledgedBy: 'p-office', escalation: 2 });
  expect(await episode.row()).toMatchObject({ state: 'acknowledged', acknowledged_by: 'p-office', escalation: 2, closed_at: null });
  await env.sleep(50 * MINUTE);
  expect((await episode.notices())).toHaveLength(5);

  // Nobody judges it: those who should are reminded.
  await env.sleep(11 * MINUTE);
  await settle(episode, DEFAULT_POLICY.alarmLadder.length);
  await env.sleep(24 * HOUR);
  await settle(episode, DEFAULT_POLICY.alarmLadder.length + 1);

  await episode.act('confirmAlarm', PEOPLE.officer, { real: true, reason: '' });
  await episode.tell('cleared', await env.currentTimeMs());
  await episode.tell('cleared', await env.currentTimeMs());
  await episode.handle.result();
  expect(await episode.row()).toMatchObject({ state: 'normal', confirmed: true, confirmed_by: 'p-officer', closed_at: expect.any(Date) });
});

test('returned to normal before anybody heard of it: it still waits to be acknowledged and judged', async () => {
  const episode = await Episode.raise('cleared', 'raised', 'raised');
  await settle(episode, 0);
  expect(await episode.row()).toMatchObject({ state: 'returned_unacknowledged', closed_at: null });
  await episode.act('acknowledgeAlarm', PEOPLE.officer);
  expect(await episode.row()).toMatchObject({ state: 'normal', closed_at: null });
  await episode.act('confirmAlarm', PEOPLE.office, { real: false, reason: '仪表检修' });
  await episode.handle.result();
  expect(await episode.row()).toMatchObject({ confirmed: false, confirm_reason: '仪表检修', closed_at: expect.any(Date) });
});

test('refusals name their reason and change nothing', async () => {
  const episode = await Episode.raise('raised');
  await settle(episode, 0);
  const before = await episode.row();
  expect(await episode.refusal('acknowledgeAlarm', PEOPLE.colleague)).toBe('alarm.not_found');
  expect(await episode.refusal('acknowledgeAlarm', { ...PEOPLE.office, role: 'process_owner' })).toBe('permission.denied');
  expect(await episode.refusal('confirmAlarm', PEOPLE.office, { real: false, reason: ' ' })).toBe('alarm.reason_required');
  expect(await episode.row()).toEqual(before);
  await episode.act('acknowledgeAlarm', PEOPLE.office);
  expect(await episode.refusal('acknowledgeAlarm', PEOPLE.officer)).toBe('alarm.already_acknowledged');
});
