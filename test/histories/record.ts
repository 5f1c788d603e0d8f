/**
 * Records histories of real runs for the replay tests: node test/histories/record.ts
 * The name begins with the version of the workflow. What is recorded stays as it is: cases of earlier versions are still
 * running. Whoever changes a workflow by a patch raises its version here and runs this.
 */
import { randomUUID } from 'node:crypto';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { Connection } from '@temporalio/client';
import { createEngine } from '../../api/engine.ts';
import type { PersonCommand } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { WorkflowMessage } from '../../prisma/outbox.ts';
import { createWorkflowReceiver } from '../../worker/tell-workflow.ts';
import { HAZARD_CLOSURE, hazardUpdates } from '../../workflows/hazard-closure/messages.ts';
import { createSelfAuditActivities } from '../../activities/self-audit.ts';
import type { TaskKind } from '../../domain/tasks.ts';
import type { InspectionKind } from '../../domain/inspections.ts';
import type { InspectionRow } from '../../prisma/inspections.ts';
import { recordInspection } from '../../prisma/inspections.ts';
import { addTask } from '../../prisma/tasks.ts';
import { ALARM_HANDLING, sensorAlarmSignal } from '../../workflows/alarm-handling/messages.ts';
import { completeTaskUpdate, DUTY_TASK } from '../../workflows/duty-task/messages.ts';
import { alarmHandlingId, CLOSURE_QUEUE, dutyTaskId, hazardClosureId, inspectionExpiryId, patrolPlanId, secondSupervisionId } from '../../workflows/ids.ts';
import { INSPECTION_EXPIRY, inspectionDueSignal } from '../../workflows/inspection-expiry/messages.ts';
import { PATROL_PLAN, patrolPlanChangedSignal } from '../../workflows/patrol-plan/messages.ts';
import { RUNNING_EFFECT_WORKFLOW } from '../../workflows/running-effect/messages.ts';
import { SELF_AUDIT_WORKFLOW } from '../../workflows/self-audit/messages.ts';
import { createTestDatabase } from '../db.ts';
import { startLocalEnv, startTimeSkippingEnv } from '../engine.ts';
import startPostgres from '../global-setup.ts';
import type { Case } from '../workflows/park.ts';
import { ACCEPT, activitiesOf, bringTo, DAY, HOUR, MINUTE, openCase, PEOPLE, photo, REJECT, reportAt, seedPark, startWorker, SUBMIT, TRIAGE } from '../workflows/park.ts';

const here = dirname(fileURLToPath(import.meta.url));

const VERSIONS: Record<string, number> = { 'hazard-closure': 2, 'second-supervision': 2 };
/** In bytes; larger ones are kept compressed. */
const PLAIN_LIMIT = 200_000;

const save = async (env: TestWorkflowEnvironment, workflow: string, name: string, workflowId: string, runId?: string): Promise<void> => {
  const history = await env.client.workflow.getHandle(workflowId, runId).fetchHistory();
  await mkdir(join(here, workflow), { recursive: true });
  const file = join(here, workflow, `${VERSIONS[workflow] ?? 1}-${name}.json`);
  const known = await Promise.all([file, `${file}.gz`].map((f) => access(f).then(() => true, () => false)));
  if (known.includes(true)) return;
  const text = `${JSON.stringify(JSON.parse(historyToJSON(history)), null, 1)}\n`;
  await (text.length > PLAIN_LIMIT ? writeFile(`${file}.gz`, gzipSync(text, { level: 9 })) : writeFile(file, text));
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
  const recheck = async (found: Case, n: number, passed: boolean): Promise<void> => {
    await found.until((c) => c.lookBacks.some((l) => l.n === n && l.state === 'due'), 60_000);
    await found.act(PEOPLE.inspector, { name: 'lookBack', n, passed, note: passed ? '未见反弹' : '再次渗漏', evidence: [photo] });
  };
  const newCase = async (options: Parameters<typeof openCase>[3] = {}): Promise<Case> => {
    const found = await openCase(env.client, database, await now(), options);
    await found.until((c) => c.state === 'reported');
    return found;
  };
  const fix = async (found: Case): Promise<void> => {
    await found.act(PEOPLE.officer, SUBMIT);
    await found.act(PEOPLE.inspector, ACCEPT);
  };

  const archived = await newCase();
  await bringTo(archived, 'rectifying');
  await archived.act(PEOPLE.officer, { name: 'progress', note: '备件已到', evidence: [photo] });
  await archived.act(PEOPLE.officer, SUBMIT);
  await archived.act(PEOPLE.officer, { name: 'withdraw', reason: '补充照片' });
  await fix(archived);
  await env.sleep(30 * DAY + HOUR);
  await recheck(archived, 1, true);
  await archived.handle.result();
  await saveCase('archived-and-looked-back', archived);

  const failed = await newCase();
  await bringTo(failed, 'rectifying');
  await fix(failed);
  await env.sleep(30 * DAY + HOUR);
  await recheck(failed, 1, false);
  await failed.until((c) => c.state === 'dispatched');
  await failed.act(PEOPLE.officer, { name: 'start' });
  await fix(failed);
  // Nobody looks in time.
  await env.sleep(38 * DAY);
  await recheck(failed, 1, true);
  await failed.handle.result();
  await saveCase('reopened-by-a-failed-look-back', failed);

  const rejected = await newCase();
  await bringTo(rejected, 'submitted');
  for (let n = 0; n < 3; n += 1) {
    await rejected.act(PEOPLE.inspector, REJECT);
    await env.sleep(HOUR);
    await rejected.act(PEOPLE.officer, SUBMIT);
  }
  await rejected.act(PEOPLE.inspector, ACCEPT);
  await env.sleep(30 * DAY + HOUR);
  await recheck(rejected, 1, true);
  await rejected.handle.result();
  await saveCase('rejected-three-times', rejected);
  await save(env, 'second-supervision', 'escalated', secondSupervisionId(rejected.hazardId, 1, 2));
  await save(env, 'second-supervision', 'accepted', secondSupervisionId(rejected.hazardId, 1, 3));

  const overdue = await newCase();
  const { dueAt } = await bringTo(overdue, 'dispatched');
  await env.sleep(dueAt! + 9 * DAY - (await now()));
  await overdue.until((c) => c.supervisionExhausted);
  await overdue.act(PEOPLE.officer, { name: 'start' });
  await fix(overdue);
  await env.sleep(30 * DAY + HOUR);
  await recheck(overdue, 1, true);
  await overdue.handle.result();
  await saveCase('overdue-to-the-last-level', overdue);
  await save(env, 'second-supervision', 'breached', secondSupervisionId(overdue.hazardId, 1, 1));

  const major = await newCase();
  await major.act(PEOPLE.inspector, { name: 'triage', grade: 'major', reason: '罐根阀泄漏' });
  await major.until((c) => c.state === 'dispatched');
  await major.act(PEOPLE.admin, { name: 'list', level: 'city', reason: '挂牌督办' });
  await major.act(PEOPLE.officer, { name: 'plan', interimMeasures: '停用并隔离', measures: '更换阀门', costYuan: 20_000 });
  await major.act(PEOPLE.officer, { name: 'start' });
  await major.act(PEOPLE.officer, SUBMIT);
  await major.act(PEOPLE.office, { name: 'addSigner', personId: 'p-admin', orgIds: ['park-admin'], reason: '需负责人会签' });
  const onSite = { evidence: [photo], site: { type: 'Point' as const, coordinates: [121, 31] as [number, number] } };
  await major.act(PEOPLE.inspector, { name: 'sign', note: '同意', ...onSite });
  await major.act(PEOPLE.admin, { name: 'accept', note: '验收合格', ...onSite });
  // Delisted late.
  await env.sleep(6 * DAY);
  await major.act(PEOPLE.admin, { name: 'delist', reason: '摘牌' });
  for (const n of [1, 2, 3]) {
    await env.sleep(30 * DAY + HOUR);
    await recheck(major, n, true);
  }
  await major.handle.result();
  await saveCase('major-listed-and-signed-by-two', major);

  const extended = await newCase();
  const first = await bringTo(extended, 'rectifying');
  const ask = { name: 'requestExtension', dueAt: first.dueAt! + 5 * DAY, reason: '备件未到' } as const;
  await extended.act(PEOPLE.officer, ask);
  await extended.act(PEOPLE.officer, { name: 'withdrawExtension', reason: '备件已到' });
  await extended.act(PEOPLE.officer, ask);
  await extended.act(PEOPLE.office, { name: 'decideExtension', granted: false, reason: '可以先行更换' });
  await extended.act(PEOPLE.officer, ask);
  const granted = await extended.act(PEOPLE.office, { name: 'decideExtension', granted: true, reason: '进口备件' });
  await env.sleep(6 * DAY);
  await extended.act(PEOPLE.admin, { name: 'pause', until: (await now()) + 10 * DAY, reason: '等待停车检修' });
  await env.sleep(11 * DAY);
  await extended.until((c) => c.paused === null && c.dueAt! > granted.case.dueAt!);
  await fix(extended);
  await env.sleep(30 * DAY + HOUR);
  await recheck(extended, 1, true);
  await extended.handle.result();
  await saveCase('extended-and-paused', extended);

  const parts = await newCase();
  const whole = await bringTo(parts, 'rectifying');
  await parts.act(PEOPLE.office, { name: 'split', reason: '分项整改', items: [{ itemId: 'a', title: '换阀', dueAt: whole.dueAt! - 4 * DAY }, { itemId: 'b', title: '补漆', dueAt: null }] });
  // One item late, one rejected, one accepted apart.
  await env.sleep(4 * DAY);
  await parts.act(PEOPLE.officer, SUBMIT);
  await parts.act(PEOPLE.inspector, { name: 'acceptItems', itemIds: ['a'], reason: '换阀合格' });
  await fix(parts);
  await env.sleep(30 * DAY + HOUR);
  await recheck(parts, 1, true);
  await parts.handle.result();
  await saveCase('split-into-items', parts);

  const returned = await openCase(env.client, database, await now(), { tenantId: 'ent-2' });
  await returned.until((c) => c.state === 'reported');
  await returned.act(PEOPLE.inspector, TRIAGE);
  await returned.until((c) => c.needsOwner);
  // Nobody dispatches in time.
  await env.sleep(25 * HOUR);
  await returned.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague' });
  await returned.act(PEOPLE.colleague, { name: 'returnDispatch', reason: '设备已移交' });
  await returned.report({ ...reportAt(await now()), reportId: randomUUID() });
  await returned.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague2' });
  await returned.act(PEOPLE.colleague2, { name: 'handover', responsibleId: 'p-colleague', reason: '岗位调整' });
  await returned.act(PEOPLE.office, { name: 'reassess', reason: '分级有误' });
  await returned.act(PEOPLE.inspector, TRIAGE);
  await returned.until((c) => c.needsOwner);
  await returned.act(PEOPLE.inspector, { name: 'dispatch', responsibleId: 'p-colleague2' });
  await returned.act(PEOPLE.colleague2, { name: 'start' });
  await returned.act(PEOPLE.colleague2, SUBMIT);
  await returned.act(PEOPLE.inspector, ACCEPT);
  await env.sleep(30 * DAY + HOUR);
  await recheck(returned, 1, true);
  await returned.handle.result();
  await saveCase('returned-reassessed-and-joined', returned);

  const redirected = await newCase();
  await redirected.act(PEOPLE.office, { name: 'redirect', tenantId: 'ent-2', successorId: randomUUID(), reason: '属二号化工' });
  await redirected.handle.result();
  await saveCase('redirected', redirected);

  const dismissed = await newCase();
  await dismissed.act(PEOPLE.office, { name: 'dismiss', reason: '冷凝水，非泄漏' });
  await dismissed.handle.result();
  await saveCase('dismissed', dismissed);

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
}

// Cases that were closed are taken up again, and lives that go on as new runs: the server that the park runs on, with a low limit.
const secondDatabase = await createTestDatabase();
const database2 = secondDatabase.open();
await seedPark(database2);
await database2.pool.query(`INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('no-look-back', 'park', '2000-01-01', $1)`, [{ lookBackMs: { general: [], major: [] }, classCheckMs: null }]);
const env2 = await startLocalEnv({ extraArgs: ['--dynamic-config-value', 'limit.historyCount.suggestContinueAsNew=120'] });
const stop2 = await startWorker(env2.nativeConnection, activitiesOf(database2));
try {
  const client = env2.client;
  const engine = createEngine(env2.connection as Connection, 'default');
  const again = async (found: Case, actor: Actor, command: PersonCommand): Promise<void> => {
    const commandId = randomUUID();
    const answer = await engine.update(hazardClosureId(found.hazardId), hazardUpdates[command.name] as never, [{ commandId, actor, clientAt: null, command }] as never, commandId, { workflow: HAZARD_CLOSURE, taskQueue: CLOSURE_QUEUE, input: { hazardId: found.hazardId, tenantId: 'ent-1' } });
    if (!answer.ok) throw new Error(answer.refusal.code);
  };
  /** What one case tells another. */
  const receive = createWorkflowReceiver(client, database2);
  const deliver = async (): Promise<void> => {
    const { rows } = await database2.pool.query<{ id: string; payload: WorkflowMessage }>("SELECT id, payload FROM outbox WHERE topic = 'workflow' AND delivered_at IS NULL ORDER BY id");
    for (const { id, payload } of rows) {
      await receive(payload);
      await database2.pool.query('UPDATE outbox SET delivered_at = now() WHERE id = $1', [id]);
    }
  };
  const newCase = async (): Promise<Case> => {
    const found = await openCase(client, database2, Date.now());
    await found.until((c) => c.state === 'reported');
    return found;
  };
  const runsOf = async (found: Case): Promise<string[]> => {
    const runs: { runId: string; at: number }[] = [];
    for await (const run of client.workflow.list({ query: `WorkflowId = "${found.handle.workflowId}"` })) runs.push({ runId: run.runId, at: run.startTime.getTime() });
    return runs.sort((a, b) => a.at - b.at).map((run) => run.runId);
  };
  const saveRuns = async (name: string, found: Case, least: number): Promise<void> => {
    const end = performance.now() + 20_000;
    let runs = await runsOf(found);
    while (runs.length < least && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      runs = await runsOf(found);
    }
    if (runs.length < least) throw new Error(`${name}: ${runs.length} runs`);
    for (const [i, runId] of runs.entries()) await save(env2, 'hazard-closure', `${name}-run-${i + 1}`, found.handle.workflowId, runId);
  };
  const end = async (found: Case): Promise<void> => {
    await found.until((c) => c.state === 'dispatched');
    await found.act(PEOPLE.officer, { name: 'start' });
    await found.act(PEOPLE.officer, SUBMIT);
    await found.act(PEOPLE.inspector, ACCEPT);
    await found.handle.result();
  };

  const reopened = await newCase();
  await reopened.act(PEOPLE.inspector, TRIAGE);
  await end(reopened);
  await again(reopened, PEOPLE.office, { name: 'reopen', reason: '再次渗漏' });
  await end(reopened);
  await saveRuns('reopened-by-a-person', reopened, 2);

  const reconsidered = await newCase();
  await reconsidered.act(PEOPLE.office, { name: 'dismiss', reason: '冷凝水' });
  await reconsidered.handle.result();
  await again(reconsidered, PEOPLE.office, { name: 'reconsider', reason: '确为泄漏' });
  await reconsidered.act(PEOPLE.inspector, TRIAGE);
  await end(reconsidered);
  await saveRuns('reconsidered', reconsidered, 2);

  const target = await newCase();
  const twin = await newCase();
  await deliver();
  await twin.act(PEOPLE.inspector, { name: 'merge', intoHazardId: target.hazardId, reason: '同一处' });
  await twin.handle.result();
  await deliver();
  await target.until((c) => c.absorbed.length === 1);
  await again(twin, PEOPLE.inspector, { name: 'unmerge', reason: '实为两处' });
  await deliver();
  await target.until((c) => c.absorbed.length === 0);
  await twin.act(PEOPLE.inspector, TRIAGE);
  await end(twin);
  await target.act(PEOPLE.inspector, TRIAGE);
  await end(target);
  await saveRuns('merged-and-taken-out', twin, 2);
  await saveRuns('took-a-duplicate', target, 1);

  // The target has closed before it hears of the duplicate.
  const gone = await newCase();
  const refused = await newCase();
  await refused.act(PEOPLE.inspector, { name: 'merge', intoHazardId: gone.hazardId, reason: '同一处' });
  await gone.act(PEOPLE.office, { name: 'dismiss', reason: '误报' });
  await gone.handle.result();
  await deliver();
  await deliver();
  const back = performance.now() + 20_000;
  for (let c = await refused.state(); c?.state !== 'reported'; c = await refused.state().catch(() => null)) {
    if (performance.now() > back) throw new Error('the merge was not refused');
    await deliver();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await refused.act(PEOPLE.office, { name: 'dismiss', reason: '误报' });
  await refused.handle.result();
  await saveRuns('merge-refused', refused, 2);

  const long = await newCase();
  for (let batch = 0; batch < 12; batch += 1) {
    await Promise.all(Array.from({ length: 12 }, async () => long.report({ ...reportAt(Date.now(), { origin: 'sensor', reporterId: null, evidence: [{ detail: { value: 21.4 } }] }), reportId: randomUUID() })));
  }
  await long.until((c) => c.reportCount === 145, 60_000);
  await long.act(PEOPLE.inspector, TRIAGE);
  await end(long);
  await saveRuns('joined-in-batches-and-continued', long, 2);
} finally {
  await stop2();
  await env2.teardown();
  await secondDatabase.drop();
  await globalThis.stopTestPostgres?.();
  await rm(dataDir, { recursive: true, force: true });
}
