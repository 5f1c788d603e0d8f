import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reportFile, signReport, recordReport, verifyReportFile } from '../../activities/audit/report.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SelfAuditReport, SignedSelfAudit } from '../../domain/self-audit.ts';
import type { SigningKey } from '../../platform/signing-key.ts';
import { openSigningKey } from '../../platform/signing-key.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

let world: World;
let dataDir: string;
let key: SigningKey;

const reportOf = (n: number): SelfAuditReport => ({
  format: 'parkwarden.self-audit/1', reportId: `audit-${n}`, startedAt: `2026-11-2${n}T18:30:00.000Z`, snapshotAt: `2026-11-2${n}T18:30:00.000Z`, finishedAt: `2026-11-2${n}T18:31:00.000Z`,
  findings: [
    { id: 'record-chain-whole', severity: 'error', status: n === 1 ? 'violated' : 'ok', violations: n === 1 ? 1 : 0, records: n === 1 ? ['hazard/h-1/3'] : [], note: null },
    { id: 'engine-state-agrees', severity: 'error', status: 'not_checked', violations: 0, records: [], note: 'the engine is away' },
  ],
});

beforeAll(async () => {
  world = await startWorld();
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-audits-'));
  key = await openSigningKey(dataDir);
  for (const n of [1, 2, 3]) await world.db.pgTransaction({ scope: 'service' }, (client) => recordReport(client, signReport(reportOf(n), key), { task: false }));
});
afterAll(async () => {
  await world?.close();
  await rm(dataDir, { recursive: true, force: true });
});

test('the administration reads the reports, newest first, page by page', async () => {
  const admin = await world.as(world.park.people.admin);
  const first = await admin.get<{ items: { id: string; outcome: string }[]; nextCursor: string }>('/api/v1/self-audits?limit=2');
  expect(first.status).toBe(200);
  expect(first.body.items).toMatchObject([{ id: 'audit-3', outcome: 'not_checked', checked: 1, violated: 0, notChecked: 1 }, { id: 'audit-2' }]);
  const second = await admin.get<{ items: unknown[]; nextCursor: string | null }>(`/api/v1/self-audits?limit=2&cursor=${first.body.nextCursor}`);
  expect(second.body).toMatchObject({ items: [{ id: 'audit-1', outcome: 'violated' }], nextCursor: null });
});

test('one report says in words what was violated, and verifies as it is handed out', async () => {
  const admin = await world.as(world.park.people.admin);
  const { body } = await admin.get<{ findings: unknown[]; signed: SignedSelfAudit }>('/api/v1/self-audits/audit-1');
  expect(body.findings[0]).toMatchObject({ id: 'record-chain-whole', area: 'record', status: 'violated', records: ['hazard/h-1/3'], zh: expect.stringContaining('哈希'), en: expect.stringContaining('hash') });
  expect(verifyReportFile(reportFile(body.signed), key.publicKey)).toMatchObject({ ok: true });
  expect(await admin.get('/api/v1/self-audits/audit-9')).toMatchObject({ status: 404, body: { code: 'self_audit.not_found' } });
});

test('nobody but the administration reads them', async () => {
  const { inspector, office, processOwner, regulator, investment } = world.park.people;
  for (const person of [inspector, office, processOwner, regulator, investment, world.park.enterprises[0]!.officer]) {
    for (const path of ['/api/v1/self-audits', '/api/v1/self-audits/audit-1']) expect(await (await world.as(person)).get(path)).toMatchObject({ status: 403, body: { code: 'permission.denied' } });
  }
  expect((await world.visitor().get('/api/v1/self-audits')).status).toBe(401);
});
