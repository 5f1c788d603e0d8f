/**
 * A park with one case for every kind of life, on the record by the real activities: what the self-audit finds nothing wrong
 * with. The cases began weeks ago; whatever came due since has been decided at its instant.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createArchiveActivities } from '../../../activities/archive.ts';
import { createHazardActivities } from '../../../activities/hazards.ts';
import type { HazardCase, HazardCommand, HazardReport, Step } from '../../../domain/hazard.ts';
import { consequences, dueMove, openCase, step } from '../../../domain/hazard.ts';
import type { Actor } from '../../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../../domain/policy.ts';
import { openArchiveStore } from '../../../platform/archive-store.ts';
import type { Database } from '../../../prisma/client.ts';
import { deployFlows } from '../../../prisma/flow-store.ts';
import { loadShippedCalendars } from '../../../prisma/calendars.ts';
import { takeReport } from '../../../prisma/intake.ts';
import { openSigningKey } from '../../../platform/signing-key.ts';
import { DAY, HOUR, PEOPLE, reportAt, seedPark } from '../../workflows/people.ts';

export const ADMIN: Actor = { personId: 'p-admin', role: 'park_admin', orgId: 'park-admin', orgKind: 'park_department', orgIds: ['park-admin'] };
const SITE = { type: 'Point' as const, coordinates: [121, 31] as [number, number] };

/** A file of the evidence store with its row; gives what evidence says of it. */
export const addFile = async (database: Database, dataDir: string, content: string, mediaType = 'image/jpeg'): Promise<{ sha256: string; mediaType: string }> => {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const folder = join(dataDir, 'evidence', sha256.slice(0, 2), sha256.slice(2, 4));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, sha256), content);
  await database.pool.query('INSERT INTO blob (sha256, bytes, media_type) VALUES ($1, $2, $3)', [sha256, Buffer.byteLength(content), mediaType]);
  return { sha256, mediaType };
};

class Life {
  steps: Step[] = [];
  readonly hazardId: string;
  readonly tenantId: string;
  constructor(hazardId: string, tenantId: string, report: HazardReport, now: number) {
    this.hazardId = hazardId;
    this.tenantId = tenantId;
    this.steps.push(openCase({ hazardId, tenantId, report }, { commandId: `report/${report.reportId}`, actor: null, at: report.receivedAt, policy: DEFAULT_POLICY }));
    this.now = now;
  }
  private readonly now: number;

  get case(): HazardCase {
    return this.steps.at(-1)!.next;
  }

  private decide(command: HazardCommand, actor: Actor | null, at: number): void {
    const taken = step(this.case, command, { commandId: randomUUID(), actor, at, policy: DEFAULT_POLICY });
    if (!taken.ok) throw new Error(`${command.name}: ${JSON.stringify(taken.refusal)} in ${this.case.state}`);
    this.steps.push(taken.value);
    for (const follow of consequences(taken.value.next, command, DEFAULT_POLICY)) this.decide(follow, null, at);
  }

  /** Everything that has come due, as the workflow decides it. */
  until(at: number): this {
    for (let due = dueMove(this.case, at); due; due = dueMove(this.case, at)) this.decide(due.command, null, due.at);
    return this;
  }

  /** `after` the last step. */
  do(command: HazardCommand, actor: Actor | null, after = HOUR): this {
    const at = this.case.lastAt + after;
    if (at > this.now) throw new Error(`${command.name} lies in the future`);
    this.until(at).decide(command, actor, at);
    return this;
  }
}

export interface RichPark {
  dataDir: string;
  /** Ids of the cases by what happened to them. */
  cases: Record<string, string>;
  /** The evidence of most of them. */
  photo: { sha256: string; mediaType: string };
}

export const buildRichPark = async (database: Database): Promise<RichPark> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-audit-'));
  await mkdir(join(dataDir, 'evidence'), { recursive: true });
  const now = Date.now();
  await seedPark(database);
  const photo = await addFile(database, dataDir, 'a flange after its repair');
  const site = await addFile(database, dataDir, 'the flange on site');
  await addFile(database, dataDir, 'a film of the repair', 'video/mp4');
  const evidence = [photo];
  const SUBMIT: HazardCommand = { name: 'submit', note: '已更换垫片', evidence };
  const ACCEPT: HazardCommand = { name: 'accept', note: '复查合格', evidence: [site], site: SITE };
  const SIGN: HazardCommand = { name: 'sign', note: '现场复核', evidence: [site], site: SITE };
  const DISPATCH: HazardCommand = { name: 'dispatch', responsibleId: 'p-officer' };
  const triage = (grade: 'general' | 'major'): HazardCommand => ({ name: 'triage', grade, reason: '按标准判定' });
  const PLAN: HazardCommand = { name: 'plan', interimMeasures: '停用', measures: '更换', costYuan: 100, emergencyPlan: '预案' };
  const { inspector, office, officer } = PEOPLE;

  const key = await openSigningKey(dataDir);
  const run = <T>(what: (client: Parameters<Parameters<Database['pgTransaction']>[1]>[0]) => Promise<T>): Promise<T> => database.pgTransaction({ scope: 'service' }, what);
  await run((client) => loadShippedCalendars(client, key, 'test'));
  await run(async (client) => {
    const deployed = await deployFlows(client, { flows: [{ id: 'tab1', type: 'tab', label: 'A' }], author: null });
    if (!deployed.ok) throw new Error(JSON.stringify(deployed.refusal));
  });
  const people = `INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('contractor', 'park', 'enterprise', 'CO', '承包商', 'Contractor'), ('bureau', 'park', 'regulator', 'BU', '应急管理局', 'Bureau');
    INSERT INTO affiliation (id, contractor_id, principal_id, valid_from) VALUES ('aff-1', 'contractor', 'ent-1', now() - interval '1 year');
    INSERT INTO person (id, name_zh, name_en) VALUES ('p-contractor', '承包商人员', 'Contractor');
    INSERT INTO membership (id, person_id, org_id, role) VALUES ('m-contractor', 'p-contractor', 'contractor', 'enterprise_safety_officer');
    INSERT INTO account (id, person_id, username, password_hash) VALUES ('acc-1', 'p-inspector', 'inspector1', 'x');
    INSERT INTO access_grant (id, org_id, tenant_id, purpose, approved_by, starts_at, expires_at) VALUES ('grant-1', 'bureau', 'ent-1', '检查', 'p-admin', now() - interval '1 day', now() + interval '30 days');
    INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('pol-1', 'park', now() - interval '3 years', '{}');
    UPDATE park_policy SET valid_to = now() - interval '2 years' WHERE id = 'pol-1';
    INSERT INTO rule_version (rule_id, version, origin, spec, sha256) VALUES ('rule-1', 1, 'registry', '{}', 'x');
    INSERT INTO sensor_event (id, tenant_id, sensor_id, asset_id, episode_id, rule_id, rule_version, kind, level, value, limit_value, unit, at, stored_at, statutory, handled_at, handled_by)
      OVERRIDING SYSTEM VALUE VALUES (1, 'ent-1', 's1', 'a1', 'episode-1', 'rule-1', 1, 'raised', 'HH', 9, 5, 'kPa', now() - interval '2 hours', now() - interval '2 hours', true, now() - interval '2 hours', 'floor');
    INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory)
      VALUES ('episode-1', 'ent-1', 's1', 'a1', 'HH', 'unacknowledged', 'rule-1', 1, now() - interval '2 hours', 9, 5, 'kPa', true);`;
  await run((client) => client.query(people.replace('OVERRIDING SYSTEM VALUE ', '')));

  const lives: Record<string, Life> = {};
  const begin = async (name: string, daysAgo: number, report: Partial<HazardReport> = {}, tenantId = 'ent-1'): Promise<Life> => {
    const taken = await run((client) => takeReport(client, { tenantId, dedupeKey: report.event ? `event/${report.event.eventId}` : randomUUID(), report: reportAt(now - daysAgo * DAY, { evidence, ...report }), policy: DEFAULT_POLICY }));
    const { rows } = await database.pool.query<{ message: HazardReport }>('SELECT message FROM hazard_report WHERE id = $1', [taken.reportId]);
    return (lives[name] = new Life(taken.hazardId, tenantId, rows[0]!.message, now));
  };
  /** To `rectifying`. */
  const atWork = async (name: string, daysAgo: number, grade: 'general' | 'major' = 'general'): Promise<Life> => (await begin(name, daysAgo)).do(triage(grade), inspector).do(DISPATCH, null).do({ name: 'start' }, officer);
  const done = async (name: string, daysAgo: number): Promise<Life> => (await atWork(name, daysAgo)).do(SUBMIT, officer).do(ACCEPT, inspector);

  const plain = await done('archived', 45);
  plain.until(plain.case.lastAt + 31 * DAY).do({ name: 'lookBack', n: 1, passed: true, note: '未复发', evidence }, inspector, HOUR);
  await done('archivedLately', 3);
  (await atWork('major', 20, 'major')).do(PLAN, officer).do(SUBMIT, officer).do(SIGN, office).do(ACCEPT, inspector);
  (await atWork('rejected', 20)).do(SUBMIT, officer).do({ name: 'reject', reason: '仍有滴漏' }, inspector).do(SUBMIT, officer).do(ACCEPT, inspector);
  await atWork('exhausted', 20);
  (await atWork('supervised', 8.5)).do({ name: 'progress', note: '到货', evidence }, officer);
  (await atWork('extended', 6)).do({ name: 'requestExtension', dueAt: now + 3 * DAY, reason: '备件未到' }, officer).do({ name: 'decideExtension', granted: true, reason: '同意' }, office)
    .do({ name: 'requestExtension', dueAt: now + 5 * DAY, reason: '仍未到' }, officer).do({ name: 'decideExtension', granted: true, reason: '同意' }, ADMIN);
  (await atWork('extendedMajor', 6, 'major')).do({ name: 'requestExtension', dueAt: now + 20 * DAY, reason: '备件未到' }, officer).do({ name: 'decideExtension', granted: true, reason: '同意' }, ADMIN);
  (await atWork('resumed', 6)).do({ name: 'pause', until: now + DAY, reason: '停产' }, ADMIN).do({ name: 'resume', reason: '复产' }, ADMIN, DAY);
  (await atWork('paused', 6)).do({ name: 'pause', until: now + DAY, reason: '停产' }, ADMIN);
  (await atWork('split', 4)).do({ name: 'split', items: [{ itemId: 'i1', title: '更换', dueAt: now + DAY }, { itemId: 'i2', title: '刷漆', dueAt: null }], reason: '分项' }, officer)
    .do({ ...SUBMIT, itemIds: ['i1'] }, officer).do({ name: 'acceptItems', itemIds: ['i1'], reason: '合格', evidence }, inspector);
  (await atWork('signed', 10)).do({ name: 'addSigner', personId: 'p-admin', orgIds: ['park-admin'], reason: '重要' }, office).do(SUBMIT, officer).do(SIGN, ADMIN).do(ACCEPT, inspector);
  (await begin('dismissed', 5)).do({ name: 'dismiss', reason: '非隐患' }, office);
  (await begin('reopened', 10)).do(triage('general'), inspector).do(DISPATCH, null).do({ name: 'start' }, officer).do(SUBMIT, officer).do(ACCEPT, inspector).do({ name: 'reopen', reason: '复发' }, office, DAY).do(DISPATCH, null);
  (await atWork('listed', 12, 'major')).do({ name: 'list', level: 'park', reason: '重大' }, ADMIN).do(PLAN, officer).do(SUBMIT, officer).do(SIGN, office).do(ACCEPT, inspector).do({ name: 'delist', reason: '已整改' }, ADMIN);
  (await atWork('accepted', 3, 'major')).do({ name: 'progress', note: '到货', evidence }, officer).do({ name: 'list', level: 'park', reason: '重大' }, ADMIN).do(PLAN, officer).do(SUBMIT, officer).do(SIGN, office).do(ACCEPT, inspector);
  (await begin('reported', 0.1)).until(now);
  (await begin('triaged', 0.5)).do(triage('general'), inspector).do({ name: 'needsOwner' }, null);
  (await begin('dispatched', 1)).do(triage('general'), inspector).do(DISPATCH, null);
  (await atWork('submitted', 2)).do(SUBMIT, officer);
  (await begin('handedOver', 3)).do(triage('general'), inspector).do({ name: 'dispatch', responsibleId: 'p-officer' }, inspector).do({ name: 'returnDispatch', reason: '非本车间' }, officer).do(DISPATCH, office);
  const target = await begin('target', 2);
  const merged = (await begin('merged', 2)).do({ name: 'merge', intoHazardId: target.hazardId, reason: '重复' }, inspector, 2 * HOUR);
  target.do({ name: 'absorb', hazardId: merged.hazardId, reportCount: 1, statutory: false, reporterIds: ['p-inspector'] }, null, 3 * HOUR).do(triage('general'), inspector);
  await begin('statutory', 2 / 24, { origin: 'floor', statutory: true, reporterId: null, assetId: 'a1', evidence: [], event: { eventId: '1', ruleId: 'rule-1', ruleVersion: 1, flowVersion: null, nodeId: null } });
  const joined = await begin('joined', 1);
  const late = await run((client) => takeReport(client, { tenantId: 'ent-1', dedupeKey: randomUUID(), report: reportAt(now - HOUR, { evidence }), policy: DEFAULT_POLICY }));
  await database.pool.query('UPDATE hazard_report SET hazard_id = $2 WHERE id = $1', [late.reportId, joined.hazardId]);
  joined.do({ name: 'join', reports: [{ ...reportAt(now - HOUR, { evidence }), reportId: late.reportId }] }, null, 2 * HOUR).do(triage('general'), inspector);
  const successorId = randomUUID();
  (await begin('redirected', 2)).do({ name: 'redirect', tenantId: 'ent-2', successorId, reason: '属二号化工' }, office);

  const { recordSteps } = createHazardActivities({ database, notices: { smtpEnabled: false, publicUrl: 'http://park.example' } } as never);
  const { archiveCase } = createArchiveActivities({ database, archive: { store: openArchiveStore(dataDir), renderPdf: null } });
  for (const life of Object.values(lives)) {
    life.until(now);
    const { hazardId, tenantId, steps } = life;
    // As the workflow does it: a package is made when its cycle is archived.
    for (let rest = steps; rest.length > 0; ) {
      const upTo = rest.findIndex((s) => s.record.command === 'archive') + 1 || rest.length;
      await recordSteps({ hazardId, tenantId, steps: rest.slice(0, upTo) });
      const last = rest[upTo - 1]!.record;
      if (last.command === 'archive') await archiveCase({ hazardId, tenantId, cycle: last.cycle });
      rest = rest.slice(upTo);
    }
  }
  // The successor is opened by its own workflow, from the report that the redirect sent on.
  const { rows } = await database.pool.query<{ message: HazardReport }>('SELECT message FROM hazard_report WHERE hazard_id = $1', [successorId]);
  const successor = new Life(successorId, 'ent-2', rows[0]!.message, now).until(now);
  await recordSteps({ hazardId: successorId, tenantId: 'ent-2', steps: successor.steps });

  await database.pool.query(`INSERT INTO hazard_transition (id, tenant_id, hazard_id, command_id, command, actor_id, actor_org_id, actor_role, server_at, refusal_code, payload, dedupe_key)
    VALUES ('refused-1', 'ent-1', $1, 'c-1', 'accept', 'p-officer', 'ent-1', 'enterprise_safety_officer', now(), 'hazard.self_acceptance', '{}', 'refused/c-1')`, [lives.submitted!.hazardId]);
  return { dataDir, cases: { ...Object.fromEntries(Object.entries(lives).map(([name, { hazardId }]) => [name, hazardId])), successor: successorId }, photo };
};

/** What the clock of the real park would have made of it: recorded when it happened, and everything delivered. */
export const settleRichPark = `SET session_replication_role = replica;
  UPDATE hazard_transition SET recorded_at = server_at;
  UPDATE delivery d SET created_at = n.issued_at FROM notice n WHERE n.id = d.notice_id;
  UPDATE task SET overdue_at = due_at WHERE due_at < now();
  UPDATE outbox SET delivered_at = now();
  SET session_replication_role = origin;`;
