/** Packages of cases that were decided by the domain and recorded by the real activities. */
import { fork } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { comparePackage, createArchiveActivities, readPackage } from '../../activities/archive.ts';
import type { ArchiveSettings } from '../../activities/archive.ts';
import { verifyPackage } from '../../deploy/verify-case.ts';
import type { CasePackage } from '../../domain/archive.ts';
import { packageProblem, packageText } from '../../domain/archive.ts';
import type { EvidenceItem, HazardCase, HazardCommand } from '../../domain/hazard.ts';
import { consequences, openCase, step } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import { openArchiveStore } from '../../platform/archive-store.ts';
import { sha256Of } from '../../platform/hash.ts';
import { verifyChain } from '../../prisma/chain.ts';
import type { Database } from '../../prisma/client.ts';
import { createPdfRenderer } from '../../templates/pdf-renderer.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { pdfText } from '../templates/pdf-text.ts';
import { activitiesOf, DAY, HOUR, PEOPLE, reportAt, seedPark } from '../workflows/people.ts';

const T0 = Date.UTC(2026, 10, 24, 17, 0, 0);
const ADMIN: Actor = { personId: 'p-admin', role: 'park_admin', orgId: 'park-admin', orgKind: 'park_department', orgIds: ['park-admin'] };
const SITE = { type: 'Point' as const, coordinates: [121, 31] as [number, number] };

let testDatabase: TestDatabase;
let database: Database;
let root: pg.Client;
let dir: string;
let evidenceDir: string;
let settings: ArchiveSettings;
const renderer = createPdfRenderer();

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  await database.pgTransaction({ scope: 'service' }, (client) =>
    client.query(`INSERT INTO rule_version (rule_id, version, origin, spec, sha256) VALUES ('registry:s1:HH', 3, 'registry', '{"kind":"threshold","limit":18}', 'x'), ('registry:s1:HH', 4, 'registry', '{"kind":"threshold","limit":17}', 'y')`),
  );
  root = new pg.Client({ connectionString: testDatabase.url });
  await root.connect();
  await root.query('SET session_replication_role = replica');
  dir = await mkdtemp(join(tmpdir(), 'parkwarden-packages-'));
  evidenceDir = join(dir, 'evidence');
  await mkdir(evidenceDir);
  settings = { store: openArchiveStore(dir), renderPdf: (paper) => renderer.render(paper) };
});
afterAll(async () => {
  renderer.close();
  await root?.end();
  await testDatabase?.drop();
  await rm(dir, { recursive: true, force: true });
});

let files = 0;
/** A file of its own, in the folder of evidence and on the list of files. */
const file = async (): Promise<EvidenceItem> => {
  const content = Buffer.from(`photo ${++files} ${randomUUID()}`);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeFile(join(evidenceDir, files % 2 ? sha256 : `${sha256}.jpg`), content);
  await database.pgTransaction({ scope: 'service' }, (client) => client.query(`INSERT INTO blob (sha256, bytes, media_type) VALUES ($1, $2, 'image/jpeg')`, [sha256, content.length]));
  return { sha256, mediaType: 'image/jpeg', capturedAt: T0 };
};

class Driver {
  c: HazardCase;
  private readonly recorder = activitiesOf(database);
  private constructor(first: HazardCase) {
    this.c = first;
  }

  static async open(): Promise<Driver> {
    const report = {
      ...reportAt(T0, { assetId: 'a1', evidence: [await file()], event: { eventId: '7', ruleId: 'registry:s1:HH', ruleVersion: 3, flowVersion: null, nodeId: null } }), reportId: randomUUID(),
    };
    const first = openCase({ hazardId: randomUUID(), tenantId: 'ent-1', report }, { commandId: randomUUID(), actor: null, at: T0, policy: DEFAULT_POLICY });
    const driver = new Driver(first.next);
    await driver.recorder.recordSteps({ hazardId: driver.id, tenantId: 'ent-1', steps: [first] });
    return driver;
  }

  get id(): string {
    return this.c.hazardId;
  }

  async act(command: HazardCommand, actor: Actor | null, at = this.c.lastAt + HOUR): Promise<void> {
    const steps = [];
    const queue: [HazardCommand, Actor | null][] = [[command, actor]];
    for (let next = queue.shift(); next; next = queue.shift()) {
      const taken = step(this.c, next[0], { commandId: randomUUID(), actor: next[1], at, policy: DEFAULT_POLICY });
      if (!taken.ok) throw new Error(JSON.stringify([next[0].name, taken.refusal]));
      this.c = taken.value.next;
      steps.push(taken.value);
      queue.push(...consequences(this.c, next[0], DEFAULT_POLICY).map((follow): [HazardCommand, null] => [follow, null]));
    }
    await this.recorder.recordSteps({ hazardId: this.id, tenantId: 'ent-1', steps });
  }

  /** A cycle with every act that brings files. */
  async cycle(grade: 'general' | 'major'): Promise<void> {
    if (this.c.state === 'reported') await this.act({ name: 'triage', grade, reason: '存在泄漏 "危险"' }, PEOPLE.inspector);
    await this.act({ name: 'dispatch', responsibleId: 'p-officer' }, PEOPLE.office);
    await this.act({ name: 'start' }, PEOPLE.officer);
    await this.act({ name: 'plan', interimMeasures: '停用', measures: '更换垫片', costYuan: 1200.5 }, PEOPLE.officer);
    const old = await file();
    await this.act({ name: 'progress', note: '已停用', evidence: [old] }, PEOPLE.officer);
    const { rows } = await database.pool.query<{ id: string }>('SELECT id FROM evidence WHERE hazard_id = $1 AND sha256 = $2', [this.id, old.sha256]);
    await this.act({ name: 'progress', note: '换一张', evidence: [{ ...(await file()), supersedes: rows[0]!.id }] }, PEOPLE.officer);
    await this.act({ name: 'requestExtension', dueAt: this.c.dueAt! + DAY, reason: '等待备件', evidence: [await file()] }, PEOPLE.officer);
    await this.act({ name: 'decideExtension', granted: true, reason: '同意' }, ADMIN);
    await this.act({ name: 'submit', note: '已更换', evidence: [await file()] }, PEOPLE.officer);
    await this.act({ name: 'reject', reason: '仍有滴漏' }, PEOPLE.inspector);
    await this.act({ name: 'submit', note: '再次更换', evidence: [await file(), await file()] }, PEOPLE.officer);
    if (grade === 'major') await this.act({ name: 'sign', note: '同意', evidence: [await file()], site: SITE }, PEOPLE.inspector);
    await this.act({ name: 'accept', note: '复查合格', evidence: [await file()], site: SITE }, PEOPLE.office);
  }

  /** A look-back that fails reopens the case. */
  async failLookBack(): Promise<void> {
    const { n, dueAt } = this.c.lookBacks[0]!;
    await this.act({ name: 'lookBackDue', n }, null, dueAt);
    await this.act({ name: 'lookBack', n, passed: false, note: '又有滴漏', evidence: [await file()] }, PEOPLE.inspector);
  }
}

const archiveCase = (of: Pick<HazardCase, 'hazardId'>, cycle: number, more: Partial<ArchiveSettings> = {}): Promise<void> =>
  createArchiveActivities({ database, archive: { ...settings, ...more } }).archiveCase({ hazardId: of.hazardId, tenantId: 'ent-1', cycle });
const rowOf = async (hazardId: string, cycle: number) =>
  (await database.pool.query<{ json_sha256: string; json_bytes: string; pdf_sha256: string | null; pdf_bytes: string | null; chain_head: string; last_seq: number; made_at: Date }>('SELECT * FROM archive_package WHERE hazard_id = $1 AND cycle = $2', [hazardId, cycle])).rows[0];
const packageOf = async (hazardId: string, cycle: number): Promise<CasePackage> => JSON.parse((await settings.store.load((await rowOf(hazardId, cycle))!.json_sha256)).toString('utf8')) as CasePackage;
const eventsOf = async (hazardId: string): Promise<string[]> => (await database.pool.query<{ key: string }>(`SELECT key FROM outbox WHERE topic = 'event' AND key LIKE $1 ORDER BY id`, [`package/${hazardId}/%`])).rows.map((r) => r.key);

test('a closed cycle leaves one package that verifies, with everything that the record knows, and a document that names it', async () => {
  const driver = await Driver.open();
  await database.pool.query(
    `INSERT INTO hazard_transition (id, tenant_id, hazard_id, command_id, command, from_state, actor_id, actor_org_id, actor_role, server_at, refusal_code, payload, dedupe_key)
     VALUES ('refused-1', 'ent-1', $1, 'x', 'accept', 'reported', 'p-officer', 'ent-1', 'enterprise_safety_officer', $2, 'hazard.self_acceptance', '{}', 'refused/x')`,
    [driver.id, new Date(T0 + 1)],
  );
  await driver.cycle('major');
  expect(driver.c.state).toBe('archived');
  await archiveCase(driver.c, 1);

  const row = (await rowOf(driver.id, 1))!;
  const bytes = await settings.store.load(row.json_sha256);
  expect(bytes.length).toBe(Number(row.json_bytes));
  expect(packageProblem(bytes.toString('utf8'), sha256Of)).toBeNull();
  expect(await verifyChain(database.pool, driver.id)).toBeNull();
  const p = await packageOf(driver.id, 1);
  expect(p.chain).toEqual({ algorithm: 'sha256', lastSeq: driver.c.seq, head: row.chain_head });
  expect(p.case).toMatchObject({ id: driver.id, cycle: 1, grade: 'major', type: 'leak', responsibleId: 'p-officer', acceptedAt: driver.c.acceptedAt, asset: { code: 'A-3' }, zone: { code: 'A' } });
  expect(p.transitions.map((t) => t.command)).toEqual(['open', 'triage', 'dispatch', 'start', 'plan', 'progress', 'progress', 'requestExtension', 'decideExtension', 'submit', 'reject', 'supervise', 'submit', 'sign', 'accept', 'archive']);
  expect(p.evidence).toHaveLength(9);
  expect(p.evidence.every((e) => e.bytes !== null)).toBe(true);
  expect(p.evidence.filter((e) => e.supersedesId !== null)).toHaveLength(1);
  expect(p.decisions.map((d) => [d.command, d.reason])).toEqual([['triage', '存在泄漏 "危险"'], ['dispatch', null], ['decideExtension', '同意'], ['reject', '仍有滴漏'], ['sign', '同意'], ['accept', '复查合格']]);
  expect(p.rules).toMatchObject([{ ruleId: 'registry:s1:HH', version: 3, spec: { limit: 18 } }]);
  expect(p.policy).toMatchObject({ id: 'default', content: { triageMs: DEFAULT_POLICY.triageMs } });
  expect(p.deadlines.map((d) => d.kind)).toEqual(expect.arrayContaining(['triage', 'dispatch', 'rectify', 'supervision']));
  expect(p.supervisions).toMatchObject([{ level: 2, cause: 'rejected', outcome: 'accepted' }]);
  expect(p.items).toMatchObject([{ cycle: 1, state: 'accepted', rejections: 1 }]);
  expect(p.refusals).toMatchObject([{ command: 'accept', code: 'hazard.self_acceptance', actorId: 'p-officer' }]);
  expect(p.notices.map((n) => n.kind)).toEqual(expect.arrayContaining(['major_report', 'dispatch', 'rejection', 'supervision', 'acceptance']));
  expect(p.notices.every((n) => n.receipts.length > 0 && /^[0-9a-f]{64}$/.test(n.textSha256))).toBe(true);
  expect(p.people.map((x) => x.id)).toEqual(['p-admin', 'p-inspector', 'p-office', 'p-officer']);
  expect(p.organisations.map((x) => x.id)).toEqual(expect.arrayContaining(['ent-1', 'park-office', 'park-admin']));
  expect(bytes.toString('utf8')).not.toContain('@');

  const words = pdfText(await settings.store.load(row.pdf_sha256!));
  for (const needed of [row.chain_head, row.json_sha256, ...p.evidence.map((e) => e.sha256!), '仍有滴漏', '复查合格', '等待备件', '安全员甲', 'OfficerA', '检查员', 'hazard.self_acceptance', ...p.transitions.map((t) => t.hash.slice(0, 16))]) {
    expect(words).toContain(needed);
  }
  expect(await eventsOf(driver.id)).toEqual([`package/${driver.id}/1`, `package/${driver.id}/1/document`]);
});

test('made again it is the same, byte by byte, whatever became of the case since; made twice it is one', async () => {
  const driver = await Driver.open();
  await driver.cycle('general');
  await Promise.all([archiveCase(driver.c, 1), archiveCase(driver.c, 1)]);
  const first = (await rowOf(driver.id, 1))!;
  await archiveCase(driver.c, 1);
  expect(await rowOf(driver.id, 1)).toEqual(first);
  expect(await eventsOf(driver.id)).toHaveLength(2);

  await driver.failLookBack();
  await driver.cycle('general');
  await root.query('DELETE FROM archive_package WHERE hazard_id = $1', [driver.id]);
  await archiveCase(driver.c, 1);
  const { made_at: _a, ...again } = (await rowOf(driver.id, 1))!;
  const { made_at: _b, ...before } = first;
  expect(again).toEqual(before);
});

test('after five reopenings every package verifies with the evidence files of all cycles up to its own', async () => {
  const driver = await Driver.open();
  for (let cycle = 1; cycle <= 6; cycle++) {
    await driver.cycle('general');
    expect(driver.c).toMatchObject({ cycle, state: 'archived' });
    await archiveCase(driver.c, cycle, { renderPdf: null });
    if (cycle < 6) await driver.failLookBack();
  }
  const files = [];
  for (let cycle = 1; cycle <= 6; cycle++) {
    const row = (await rowOf(driver.id, cycle))!;
    const verdict = await verifyPackage(await settings.store.load(row.json_sha256), { evidence: evidenceDir, wanted: row.json_sha256 });
    expect(verdict).toEqual({ problem: null, checked: expect.stringContaining(`cycle ${cycle}`) });
    const p = await packageOf(driver.id, cycle);
    expect(Math.max(...p.evidence.map((e) => e.cycle))).toBe(cycle);
    files.push(p.evidence.length);
  }
  expect(files).toEqual([8, 16, 24, 32, 40, 48]);
  expect(await verifyChain(database.pool, driver.id)).toBeNull();

  // The packages of one case are one chain: an earlier one is the beginning of a later one.
  const [one, six] = [await packageOf(driver.id, 1), await packageOf(driver.id, 6)];
  expect(six.transitions.slice(0, one.transitions.length)).toEqual(one.transitions);
  expect(await database.pool.query('SELECT FROM evidence WHERE hazard_id = $1 AND supersedes_id IS NOT NULL', [driver.id])).toMatchObject({ rowCount: 6 });
});

test('a document that cannot be made leaves the package without it, and is added when it can', async () => {
  const driver = await Driver.open();
  await driver.cycle('general');
  await expect(archiveCase(driver.c, 1, { renderPdf: () => Promise.reject(new Error('no paper')) })).rejects.toThrow('no paper');
  const without = (await rowOf(driver.id, 1))!;
  expect(without).toMatchObject({ pdf_sha256: null, pdf_bytes: null });
  expect(await verifyPackage(await settings.store.load(without.json_sha256))).toMatchObject({ problem: null });
  await archiveCase(driver.c, 1);
  const withIt = (await rowOf(driver.id, 1))!;
  expect(withIt).toEqual({ ...without, pdf_sha256: expect.stringMatching(/^[0-9a-f]{64}$/), pdf_bytes: expect.any(String) });
  expect(await settings.store.size(withIt.pdf_sha256!)).toBe(Number(withIt.pdf_bytes));
});

test.each([['before put 1', 0], ['after put 1', 0], ['before document', 1], ['before put 2', 1], ['after put 2', 1]])('killed %s, it is made whole by the next run, once', async (point, rows) => {
  const driver = await Driver.open();
  await driver.cycle('general');
  const killed = fork(join(import.meta.dirname, 'archive-killed.ts'), [testDatabase.url, dir, point, driver.id], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL']);
  expect([(await rowOf(driver.id, 1)) === undefined ? 0 : 1, (await eventsOf(driver.id)).length]).toEqual([rows, rows]);
  await archiveCase(driver.c, 1);
  const row = (await rowOf(driver.id, 1))!;
  expect(await settings.store.isIntact(row.json_sha256)).toBe(true);
  expect(await settings.store.isIntact(row.pdf_sha256!)).toBe(true);
  expect(await eventsOf(driver.id)).toHaveLength(2);
});

test('nothing is archived that is not closed, not of this enterprise, or whose record does not hold', async () => {
  const driver = await Driver.open();
  await expect(archiveCase(driver.c, 1)).rejects.toThrow('is not archived');
  await driver.cycle('general');
  await expect(archiveCase(driver.c, 2)).rejects.toThrow('cycle 2');
  await expect(createArchiveActivities({ database, archive: settings }).archiveCase({ hazardId: driver.id, tenantId: 'ent-2', cycle: 1 })).rejects.toThrow('not on record');
  await root.query('UPDATE hazard_transition SET hash = NULL WHERE hazard_id = $1 AND seq = 3', [driver.id]);
  await expect(archiveCase(driver.c, 1)).rejects.toThrow('transition 3');
  expect(await rowOf(driver.id, 1)).toBeUndefined();
});

test('a record that was changed before it is packed does not verify', async () => {
  const driver = await Driver.open();
  await driver.cycle('general');
  await root.query(`UPDATE hazard_transition SET reason = '没有滴漏' WHERE hazard_id = $1 AND command = 'reject'`, [driver.id]);
  const content = await database.pgTransaction({ scope: 'service' }, (client) => readPackage(client, { hazardId: driver.id, tenantId: 'ent-1', cycle: 1 }));
  expect(packageProblem(packageText(content, sha256Of), sha256Of)).toMatchObject({ record: 'transition 11' });
});

test('what became of a deadline after the archiving is not in the package', async () => {
  const driver = await Driver.open();
  await driver.cycle('general');
  await root.query(`UPDATE deadline SET met_at = $2 WHERE hazard_id = $1 AND kind = 'dispatch'`, [driver.id, new Date(driver.c.closedAt! + 1)]);
  await root.query(`UPDATE supervision SET closed_at = $2 WHERE hazard_id = $1`, [driver.id, new Date(driver.c.closedAt! + 1)]);
  await archiveCase(driver.c, 1, { renderPdf: null });
  const p = await packageOf(driver.id, 1);
  expect(p.deadlines.filter((d) => d.kind === 'dispatch')).toMatchObject([{ metAt: null }]);
  expect(p.supervisions).toMatchObject([{ closedAt: null, outcome: null }]);
});

test('a package is compared with the record: whatever was changed since is named, and what goes on by right is not', async () => {
  const driver = await Driver.open();
  await root.query(
    `INSERT INTO hazard_transition (id, tenant_id, hazard_id, command_id, command, actor_id, server_at, refusal_code, payload, dedupe_key) VALUES ('refused-2', 'ent-1', $1, 'y', 'accept', 'p-officer', $2, 'hazard.self_acceptance', '{}', 'refused/y')`, [driver.id, new Date(T0 + 1)],
  );
  await driver.cycle('general');
  await archiveCase(driver.c, 1, { renderPdf: null });
  const compare = () => database.pgTransaction({ scope: 'service' }, (client) => comparePackage(client, settings.store, { hazardId: driver.id, tenantId: 'ent-1', cycle: 1 }));
  expect(await compare()).toBeNull();

  // By right: receipts, names, and another cycle.
  await root.query(`UPDATE notice SET read_at = now(), read_by = 'p-officer' WHERE hazard_id = $1`, [driver.id]);
  await root.query(`UPDATE delivery SET delivered_at = now() WHERE notice_id IN (SELECT id FROM notice WHERE hazard_id = $1)`, [driver.id]);
  await root.query(`UPDATE asset SET name_zh = '新名称' WHERE id = 'a1'`);
  await driver.failLookBack();
  await driver.cycle('general');
  expect(await compare()).toBeNull();

  const one = (table: string, order: string): string => `(SELECT ctid FROM ${table} WHERE hazard_id = '${driver.id}' ORDER BY ${order} LIMIT 1)`;
  const cases: [string, string, RegExp][] = [
    ['hazard', `UPDATE hazard SET title = title || '.' WHERE id = '${driver.id}'`, /^case$/],
    ['hazard', `UPDATE hazard SET reported_at = reported_at - interval '1 millisecond' WHERE id = '${driver.id}'`, /^case$/],
    ['hazard_transition', `UPDATE hazard_transition SET reason = reason || '.' WHERE hazard_id = '${driver.id}' AND seq = 2`, /^transition 2$/],
    ['hazard_transition', `UPDATE hazard_transition SET refusal_code = 'permission.denied' WHERE id = 'refused-2'`, /^refusals 1$/],
    ['hazard_transition', `DELETE FROM hazard_transition WHERE id = 'refused-2'`, /^refusals 1$/],
    ['hazard_item', `UPDATE hazard_item SET rejections = 0 WHERE hazard_id = '${driver.id}' AND cycle = 1`, /^items 1/],
    ['deadline', `UPDATE deadline SET due_at = due_at + interval '1 day' WHERE ctid = ${one('deadline', 'started_at')}`, /^deadlines 1/],
    ['deadline', `DELETE FROM deadline WHERE ctid = ${one('deadline', 'started_at')}`, /^deadlines 1/],
    ['supervision', `UPDATE supervision SET cause = 'overdue' WHERE ctid = ${one('supervision', 'cycle')}`, /^supervisions 1/],
    ['evidence', `UPDATE evidence SET detail = '{"x":1}' WHERE ctid = ${one('evidence', 'recorded_at')}`, /^evidence 1 \(/],
    ['evidence', `UPDATE evidence SET uploader_id = 'p-admin' WHERE ctid = ${one('evidence', 'recorded_at')}`, /^evidence 1 \(/],
    ['notice', `UPDATE notice SET body_text = body_text || '.' WHERE ctid = ${one('notice', 'issued_at, dedupe_key COLLATE "C"')}`, /^notices 1 \(/],
    ['notice', `DELETE FROM notice WHERE ctid = ${one('notice', 'issued_at, dedupe_key COLLATE "C"')}`, /^notices 1 \(/],
    ['rule_version', `UPDATE rule_version SET spec = '{"kind":"threshold","limit":99}' WHERE version = 3`, /^rules 1/],
  ];
  for (const [table, sql, record] of cases) {
    await root.query(`CREATE TEMP TABLE kept AS SELECT * FROM ${table}`);
    expect((await root.query(sql)).rowCount).toBe(1);
    expect({ sql, record: (await compare())?.record ?? null }).toEqual({ sql, record: expect.stringMatching(record) });
    await root.query(`DELETE FROM ${table}`);
    await root.query(`INSERT INTO ${table} SELECT * FROM kept`);
    await root.query('DROP TABLE kept');
    expect(await compare()).toBeNull();
  }

  const sha256 = (await rowOf(driver.id, 1))!.json_sha256;
  await writeFile(join(dir, 'archive', sha256.slice(0, 2), sha256.slice(2, 4), sha256), '{}');
  expect(await compare()).toMatchObject({ record: 'file' });
});

test('a package row never changes but for the document that is added once', async () => {
  const driver = await Driver.open();
  await driver.cycle('general');
  await archiveCase(driver.c, 1, { renderPdf: null });
  const run = (sql: string) => database.pool.query(`${sql} WHERE hazard_id = $1`, [driver.id]);
  for (const sql of [
    `UPDATE archive_package SET json_sha256 = repeat('a', 64)`, `UPDATE archive_package SET pdf_sha256 = repeat('a', 64), pdf_bytes = 1, chain_head = repeat('a', 64)`, `UPDATE archive_package SET made_at = now()`, 'DELETE FROM archive_package',
  ]) await expect(run(sql)).rejects.toThrow('append-only');
  await expect(run(`UPDATE archive_package SET pdf_sha256 = repeat('a', 64)`)).rejects.toThrow('archive_package_pdf');
  await run(`UPDATE archive_package SET pdf_sha256 = repeat('a', 64), pdf_bytes = 1`);
  await expect(run(`UPDATE archive_package SET pdf_sha256 = repeat('b', 64)`)).rejects.toThrow('append-only');
  await expect(run(`UPDATE archive_package SET pdf_sha256 = NULL, pdf_bytes = NULL`)).rejects.toThrow('append-only');
  await expect(database.pool.query('TRUNCATE archive_package')).rejects.toThrow();
});
