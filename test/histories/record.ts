/**
 * Records histories of real runs for the replay tests: node test/histories/record.ts
 * Run it for a release; histories of earlier releases stay, since cases of theirs are still running.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createSelfAuditActivities } from '../../activities/self-audit.ts';
import type { TaskKind } from '../../domain/tasks.ts';
import type { InspectionKind } from '../../domain/inspections.ts';
import type { InspectionRow } from '../../prisma/inspections.ts';
import { recordInspection } from '../../prisma/inspections.ts';
import { addTask } from '../../prisma/tasks.ts';
import { ALARM_HANDLING, sensorAlarmSignal } from '../../workflows/alarm-handling/messages.ts';
import { completeTaskUpdate, DUTY_TASK } from '../../workflows/duty-task/messages.ts';
import { alarmHandlingId, CLOSURE_QUEUE, dutyTaskId, inspectionExpiryId, patrolPlanId, secondSupervisionId } from '../../workflows/ids.ts';
import { INSPECTION_EXPIRY, inspectionDueSignal } from '../../workflows/inspection-expiry/messages.ts';
import { PATROL_PLAN, patrolPlanChangedSignal } from '../../workflows/patrol-plan/messages.ts';
import { RUNNING_EFFECT_WORKFLOW } from '../../workflows/running-effect/messages.ts';
import { SELF_AUDIT_WORKFLOW } from '../../workflows/self-audit/messages.ts';
import { createTestDatabase } from '../db.ts';
import { startTimeSkippingEnv } from '../engine.ts';
import startPostgres from '../global-setup.ts';
import type { Case } from '../workflows/park.ts';
import { ACCEPT, activitiesOf, bringTo, DAY, HOUR, MINUTE, openCase, PEOPLE, photo, REJECT, reportAt, seedPark, startWorker, SUBMIT, TRIAGE } from '../workflows/park.ts';

const here = dirname(fileURLToPath(import.meta.url));

const save = async (env: TestWorkflowEnvironment, workflow: string, name: string, workflowId: string): Promise<void> => {
  const history = await env.client.workflow.getHandle(workflowId).fetchHistory();
  await mkdir(join(here, workflow), { recursive: true });
  await writeFile(join(here, workflow, `${name}.json`), `${JSON.stringify(JSON.parse(historyToJSON(history)), null, 1)}\n`);
  console.log(`${workflow}/${name}: ${history.events?.length ?? 0} events`);
};

await startPostgres();
const testDatabase = await createTestDatabase();
const database = testDatabase.open();
await seedPark(database);
const env = await startTimeSkippingEnv();
const dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-histories-'));
const stop = await startWorker(env.nativeConnection, { ...activitiesOf(database), ...createSelfAuditActivities({ database, client: env.client, dataDir }) });
const now = () => env.currentTimeMs();
const saveCase = (name: string, found: Case) => save(env, 'hazard-closure', name, found.handle.workflowId);
try {
  const archived = await openCase(env.client, database, await now());
  await bringTo(archived, 'rectifying');
  await archived.act(PEOPLE.officer, { name: 'progress', note: '备件已到', evidence: [photo] });
  await archived.act(PEOPLE.officer, SUBMIT);
  await archived.act(PEOPLE.inspector, ACCEPT);
  await archived.handle.result();
  await saveCase('archived', archived);

  const dismissed = await openCase(env.client, database, await now());
  await dismissed.until((c) => c.state === 'reported');
  await dismissed.act(PEOPLE.office, { name: 'dismiss', reason: '冷凝水，非泄漏' });
  await dismissed.handle.result();
  await saveCase('dismissed', dismissed);

  const rejected = await openCase(env.client, database, await now());
  await bringTo(rejected, 'submitted');
  for (let n = 0; n < 3; n += 1) {
    await rejected.act(PEOPLE.inspector, REJECT);
    await env.sleep(HOUR);
    await rejected.act(PEOPLE.officer, SUBMIT);
  }
  await rejected.act(PEOPLE.inspector, ACCEPT);
  await rejected.handle.result();
  await saveCase('rejected-three-times', rejected);
  await save(env, 'second-supervision', 'escalated', secondSupervisionId(rejected.hazardId, 1, 2));
  await save(env, 'second-supervision', 'accepted', secondSupervisionId(rejected.hazardId, 1, 3));

  const overdue = await openCase(env.client, database, await now());
  const { dueAt } = await bringTo(overdue, 'dispatched');
  await env.sleep(dueAt! + 9 * DAY - (await now()));
  await overdue.until((c) => c.supervisionExhausted);
  await overdue.act(PEOPLE.officer, { name: 'start' });
  await overdue.act(PEOPLE.officer, SUBMIT);
  await overdue.act(PEOPLE.inspector, ACCEPT);
  await overdue.handle.result();
  await saveCase('overdue-to-the-last-level', overdue);
  await save(env, 'second-supervision', 'breached', secondSupervisionId(overdue.hazardId, 1, 1));

  const returned = await openCase(env.client, database, await now(), { tenantId: 'ent-2' });
  await returned.until((c) => c.state === 'reported');
  await returned.act(PEOPLE.inspector, TRIAGE);
  await returned.until((c) => c.needsOwner);
  await returned.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague' });
  await returned.act(PEOPLE.colleague, { name: 'returnDispatch', reason: '设备已移交' });
  await returned.report({ ...reportAt(await now()), reportId: randomUUID() });
  await returned.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague2' });
  await returned.act(PEOPLE.colleague2, { name: 'start' });
  await returned.act(PEOPLE.colleague2, SUBMIT);
  await returned.act(PEOPLE.inspector, ACCEPT);
  await returned.handle.result();
  await saveCase('returned-and-joined', returned);

  const episodeId = randomUUID();
  await database.pool.query(
    `INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
     VALUES ($1, 'ent-1', 's1', 'a1', 'HH', 'unacknowledged', 'registry:s1:HH', 1, $2, 130, 120, 'kPa', true)`,
    [episodeId, new Date(await now())],
  );
  const tell = async (kind: 'raised' | 'cleared') =>
    env.client.workflow.signalWithStart(ALARM_HANDLING, {
      workflowId: alarmHandlingId(episodeId), taskQueue: CLOSURE_QUEUE, args: [{ episodeId, tenantId: 'ent-1' }], signal: sensorAlarmSignal, signalArgs: [{ kind, eventId: kind, at: await now() }],
    });
  const alarm = await tell('raised');
  await env.sleep(20 * MINUTE);
  await alarm.executeUpdate('acknowledgeAlarm', { args: [{ commandId: 'a', actor: PEOPLE.office }] });
  await env.sleep(2 * HOUR);
  await tell('cleared');
  await alarm.executeUpdate('confirmAlarm', { args: [{ commandId: 'c', actor: PEOPLE.officer, real: true, reason: '' }] });
  await alarm.result();
  await save(env, 'alarm-handling', 'escalated-and-judged-late', alarmHandlingId(episodeId));

  // An inspection whose date is replaced and then runs out, and one that was superseded without its workflow having heard of it.
  const inspect = (kind: InspectionKind, dueAt: number) =>
    database.pgTransaction({ scope: 'service' }, (tx) => recordInspection(tx, { id: randomUUID(), tenantId: 'ent-1', assetId: 'a1', kind, dueAt, certificate: null, recordedBy: 'p-officer' }));
  const tellExpiry = (kind: InspectionKind, { id, seq, due_at }: InspectionRow) =>
    env.client.workflow.signalWithStart(INSPECTION_EXPIRY, {
      workflowId: inspectionExpiryId('a1', kind), taskQueue: CLOSURE_QUEUE, args: [{ tenantId: 'ent-1', assetId: 'a1', kind }], signal: inspectionDueSignal, signalArgs: [{ inspectionId: id, seq, dueAt: due_at.getTime() }],
    });
  await tellExpiry('special_equipment', await inspect('special_equipment', (await now()) + 3 * DAY));
  await env.sleep(DAY);
  const expired = await tellExpiry('special_equipment', await inspect('special_equipment', (await now()) + 30 * DAY));
  await expired.result();
  await save(env, 'inspection-expiry', 'replaced-and-expired', expired.workflowId);
  const superseded = await tellExpiry('gas_detector', await inspect('gas_detector', (await now()) + DAY));
  await inspect('gas_detector', (await now()) + 90 * DAY);
  await superseded.result();
  await save(env, 'inspection-expiry', 'superseded', superseded.workflowId);

  const audited = await env.client.workflow.start(SELF_AUDIT_WORKFLOW, { workflowId: 'schedule/self-audit', taskQueue: CLOSURE_QUEUE });
  await audited.result();
  await save(env, 'self-audit', 'audited', audited.workflowId);

  // A task that climbs its whole ladder and is done late, one that is done in time, and patrol plans over a change of run and to their end.
  const duty = async (kind: TaskKind, name: string, waitMs: number): Promise<void> => {
    const { taskId } = await database.pgTransaction({ scope: 'service' }, async (tx) =>
      addTask(tx, { tenantId: 'ent-1', kind, title: { zh: '停机检查', en: 'Stop and inspect' }, detail: {}, hazardId: null, assetId: 'a1', ownerOrgId: 'ent-1', ownerPersonId: null, dueAt: (await now()) + HOUR, dedupeKey: randomUUID() }));
    const task = await env.client.workflow.start(DUTY_TASK, { workflowId: dutyTaskId(taskId), taskQueue: CLOSURE_QUEUE, args: [{ taskId, tenantId: 'ent-1' }] });
    await env.sleep(waitMs);
    await task.executeUpdate(completeTaskUpdate, { args: [{ commandId: randomUUID(), actor: PEOPLE.officer, result: 'done', note: '', evidence: [] }] });
    await task.result();
    await save(env, 'duty-task', name, task.workflowId);
  };
  await duty('stop_and_inspect', 'done-in-time', MINUTE);
  await duty('stop_and_inspect', 'done-late', 3 * DAY);
  const patrol = async (name: string, occurrences: number): Promise<void> => {
    const planId = randomUUID();
    const from = (await now()) + HOUR;
    await database.pool.query(
      `INSERT INTO patrol_plan (id, tenant_id, name_zh, name_en, asset_id, schedule, grace_ms, owner_org_id, valid_from, valid_to, created_by) VALUES ($1, 'ent-1', '巡检', 'Patrol', 'a1', '{"everyMs":3600000}', 0, 'ent-1', $2, $3, 'p-office')`,
      [planId, new Date(from), new Date(from + occurrences * HOUR)],
    );
    const plan = await env.client.workflow.signalWithStart(PATROL_PLAN, { workflowId: patrolPlanId(planId), taskQueue: CLOSURE_QUEUE, args: [{ planId, tenantId: 'ent-1' }], signal: patrolPlanChangedSignal, signalArgs: [] });
    await plan.result();
    await save(env, 'patrol-plan', name, plan.workflowId);
  };
  await patrol('to-its-end', 3);
  await patrol('after-a-change-of-run', 203);

  await env.client.workflow.execute(RUNNING_EFFECT_WORKFLOW, { workflowId: 'schedule/running-effect', taskQueue: CLOSURE_QUEUE });
  await save(env, 'running-effect', 'scored', 'schedule/running-effect');
} finally {
  await stop();
  await env.teardown();
  await testDatabase.drop();
  await globalThis.stopTestPostgres?.();
  await rm(dataDir, { recursive: true, force: true });
}
