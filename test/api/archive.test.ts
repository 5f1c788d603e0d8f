/** Packages over HTTP: made by the real worker when a case closes, given to those who may see the case, verified offline. */
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { verifyPackage } from '../../deploy/verify-case.ts';
import type { CasePackage } from '../../domain/archive.ts';
import { verifyAllChains, verifyChain } from '../../prisma/chain.ts';
import type { Visitor, World } from './world.ts';
import { startWorld, until } from './world.ts';

interface Package {
  cycle: number;
  format: string;
  json: { sha256: string; bytes: number };
  document: { sha256: string; bytes: number } | null;
  chainHead: string;
  lastSeq: number;
  madeAt: string;
}

let w: World;
let officer: Visitor;
let inspector: Visitor;
let office: Visitor;
let regulator: Visitor;
/** A case of the first enterprise that was closed, reopened five times and closed again. */
let hazardId: string;
let shade = 0;

const stateOf = async (id: string): Promise<{ state: string; cycle: number }> => (await inspector.get<{ state: string; cycle: number }>(`/api/v1/hazards/${id}`)).body;
const inState = (id: string, state: string) => until(`${id} ${state}`, async () => (await stateOf(id)).state === state);
const act = async (by: Visitor, id: string, what: Record<string, unknown>): Promise<void> => {
  const reply = await by.act(id, what);
  if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
};
const close = async (id: string): Promise<void> => {
  await act(inspector, id, { act: 'triage', grade: 'general', reason: '一般隐患' }).catch(() => {});
  if ((await stateOf(id)).state === 'triaged') await until('dispatched', async () => (await stateOf(id)).state === 'dispatched' || (await office.act(id, { act: 'dispatch', responsibleId: w.park.enterprises[0]!.officer.personId })).status === 200);
  await inState(id, 'dispatched');
  await act(officer, id, { act: 'start' });
  await act(officer, id, { act: 'submit', note: '已更换垫片', evidence: [await officer.photo(++shade), await officer.photo(++shade)] });
  await act(inspector, id, { act: 'reject', reason: '仍有滴漏' });
  const { evidence } = (await officer.get<{ evidence: { id: string; purpose: string }[] }>(`/api/v1/hazards/${id}`)).body;
  await act(officer, id, { act: 'submit', note: '再次更换', evidence: [{ ...(await officer.photo(++shade)), supersedes: evidence.findLast((e) => e.purpose === 'submission')!.id }] });
  await act(inspector, id, { act: 'accept', note: '复查合格', evidence: [await inspector.photo(++shade)] });
  await inState(id, 'archived');
};
const packages = async (by: Visitor, id = hazardId) => (await by.get<{ items: Package[] }>(`/api/v1/hazards/${id}/packages`)).body.items;
const file = async (by: Visitor, path: string, id = hazardId): Promise<{ response: Response; bytes: Buffer }> => {
  const response = await fetch(`${w.base}/api/v1/hazards/${id}/packages/${path}`, { headers: { Cookie: by.cookie } });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
};
const codeOf = (bytes: Buffer): string => (JSON.parse(bytes.toString('utf8')) as { code: string }).code;
const evidenceDir = (): string => join(w.deps.evidence.path('0'.repeat(64)), '../../..');

beforeAll(async () => {
  w = await startWorld({ engine: true });
  officer = await w.as(w.park.enterprises[0]!.officer);
  inspector = await w.as(w.park.people.inspector);
  office = await w.as(w.park.people.office);
  regulator = await w.as(w.park.people.regulator);
  const reply = await inspector.post<{ hazardId: string }>('/api/v1/hazards', {
    type: 'leak', description: '法兰处滴漏 / Dripping flange', assetId: w.park.enterprises[0]!.pump.id, photos: [await inspector.photo(++shade)], clientAt: new Date().toISOString(),
  });
  if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
  hazardId = reply.body.hazardId;
  for (let cycle = 1; cycle <= 6; cycle++) {
    await close(hazardId);
    if (cycle < 6) await act(office, hazardId, { act: 'reopen', reason: '复发' });
  }
  await until('every package with its document', async () => {
    const made = await packages(office);
    return made.length === 6 && made.every((p) => p.document !== null);
  });
}, 180_000);
afterAll(() => w?.close());

describe('who closes a case leaves its package', () => {
  test('one for each cycle, each with a document, each named by its hashes', async () => {
    const made = await packages(office);
    expect(made.map((p) => p.cycle)).toEqual([1, 2, 3, 4, 5, 6]);
    for (const p of made) {
      expect(p).toMatchObject({ format: 'parkwarden-case/1', chainHead: expect.stringMatching(/^[0-9a-f]{64}$/), lastSeq: expect.any(Number) });
      const json = await file(office, `${p.cycle}.json`);
      const pdf = await file(office, `${p.cycle}.pdf`);
      for (const [{ response, bytes }, kept, type] of [[json, p.json, 'application/json'], [pdf, p.document!, 'application/pdf']] as const) {
        expect(response.status).toBe(200);
        expect(bytes.length).toBe(kept.bytes);
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(kept.sha256);
        expect(response.headers.get('Content-Type')).toContain(type);
        expect(response.headers.get('Content-Disposition')).toMatch(/^attachment; filename="HZ-\d{4}-\d{6}-\d\.(json|pdf)"$/);
        expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
        expect(response.headers.get('Content-Security-Policy')).toContain('sandbox');
      }
      expect(pdf.bytes.subarray(0, 5).toString('latin1')).toBe('%PDF-');
    }
  });

  test('[B-10] after five reopenings all evidence of all cycles verifies, and what was replaced is still there', async () => {
    for (const p of await packages(office)) {
      const { bytes } = await file(office, `${p.cycle}.json`);
      expect(await verifyPackage(bytes, { evidence: evidenceDir(), wanted: p.json.sha256 })).toEqual({ problem: null, checked: expect.stringContaining(`cycle ${p.cycle}`) });
      const content = JSON.parse(bytes.toString('utf8')) as CasePackage;
      expect(new Set(content.evidence.map((e) => e.cycle))).toEqual(new Set(Array.from({ length: p.cycle }, (_, i) => i + 1)));
      expect(content.evidence.filter((e) => e.sha256 !== null)).toHaveLength(1 + p.cycle * 4);
      expect(content.evidence.filter((e) => e.supersededById !== null)).toHaveLength(p.cycle);
      expect(content.chain.lastSeq).toBe(p.lastSeq);
    }
    expect(await w.db.pgTransaction({ scope: 'service' }, (client) => verifyAllChains(client, (problem) => { throw new Error(JSON.stringify(problem)); }))).toMatchObject({ cases: 1, problems: 0 });
  });

  test('any byte of the file that is given out, flipped, is reported', async () => {
    const { bytes } = await file(office, '6.json');
    const random = (seed: number): (() => number) => () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff);
    const next = random(20261124);
    for (let i = 0; i < 300; i++) {
      const changed = Buffer.from(bytes);
      const at = next() % bytes.length;
      changed[at]! ^= 1 << (next() >> 8) % 8;
      const { problem } = await verifyPackage(changed);
      expect({ at, record: problem?.record ?? null }).toEqual({ at, record: expect.any(String) });
    }
  }, 120_000);

  test('who listens to the case hears of its package', async () => {
    const { rows } = await w.db.pool.query<{ key: string }>(`SELECT key FROM outbox WHERE topic = 'event' AND key LIKE 'package/%' ORDER BY id`);
    expect(rows.map((r) => r.key)).toEqual(expect.arrayContaining([1, 2, 3, 4, 5, 6].flatMap((n) => [`package/${hazardId}/${n}`, `package/${hazardId}/${n}/document`])));
    expect(await verifyChain(w.db.pool, hazardId)).toBeNull();
  });
});

describe('who may have it', () => {
  test('the park and the enterprise itself', async () => {
    for (const by of [office, inspector, officer, await w.as(w.park.people.admin)]) {
      expect(await packages(by)).toHaveLength(6);
      expect((await file(by, '1.json')).response.status).toBe(200);
      expect((await file(by, '1.pdf')).response.status).toBe(200);
    }
  });

  test('another enterprise is told that there is no such case', async () => {
    const other = await w.as(w.park.enterprises[1]!.officer);
    expect((await other.get(`/api/v1/hazards/${hazardId}/packages`)).body).toMatchObject({ status: 404, code: 'hazard.not_found' });
    for (const path of ['1.json', '1.pdf']) {
      const { response, bytes } = await file(other, path);
      expect([response.status, codeOf(bytes)]).toEqual([404, 'hazard.not_found']);
    }
  });

  test('a regulator with a grant, while it lasts, and not without', async () => {
    const ask = async (): Promise<number[]> => [(await regulator.get(`/api/v1/hazards/${hazardId}/packages`)).status, (await file(regulator, '1.json')).response.status, (await file(regulator, '1.pdf')).response.status];
    expect(await ask()).toEqual([404, 404, 404]);
    await w.db.pool.query(
      `INSERT INTO access_grant (id, org_id, tenant_id, purpose, approved_by, starts_at, expires_at) VALUES ('g', $1, $2, 'x', 'p', now() - interval '1 hour', now() + interval '1 hour')`, [w.park.orgs.regulator, w.park.enterprises[0]!.id],
    );
    expect(await ask()).toEqual([200, 200, 200]);
    await w.db.pool.query(`UPDATE access_grant SET expires_at = now() WHERE id = 'g'`);
    expect(await ask()).toEqual([404, 404, 404]);
  });

  test('nobody else: other roles are refused, and who is not signed in', async () => {
    for (const person of [w.park.people.investment, w.park.people.processOwner]) {
      const by = await w.as(person);
      expect((await by.get(`/api/v1/hazards/${hazardId}/packages`)).body).toMatchObject({ status: 403, code: 'permission.denied' });
      for (const path of ['1.json', '1.pdf']) expect((await file(by, path)).response.status).toBe(403);
    }
    expect((await file(w.visitor(), '1.json')).response.status).toBe(401);
  });

  test('a cycle that has no package, and what is no cycle, is not there', async () => {
    for (const path of ['7.json', '7.pdf', '0.json', '-1.json', '1e3.json', '1.xml', '1', '..%2f1.json', '99999999999999999999.json']) {
      const { response } = await file(office, path);
      expect([path, response.status]).toEqual([path, 404]);
    }
    expect((await file(office, '1.json', 'none')).response.status).toBe(404);
    const open = await inspector.post<{ hazardId: string }>('/api/v1/hazards', {
      type: 'leak', description: 'another', assetId: w.park.enterprises[0]!.tank.id, photos: [await inspector.photo(++shade)], clientAt: new Date().toISOString(),
    });
    expect(await packages(office, open.body.hazardId)).toEqual([]);
  });
});

describe('what is not as it was put there', () => {
  test('a document that is still being made is said to be so', async () => {
    await w.db.pool.query(
      `INSERT INTO archive_package (id, tenant_id, hazard_id, cycle, json_sha256, json_bytes, chain_head, last_seq, format, made_at)
       SELECT 'p9', tenant_id, hazard_id, 9, json_sha256, json_bytes, chain_head, last_seq, format, made_at FROM archive_package WHERE cycle = 6`,
    );
    expect((await packages(office)).at(-1)).toMatchObject({ cycle: 9, document: null });
    const { response, bytes } = await file(office, '9.pdf');
    expect([response.status, codeOf(bytes)]).toEqual([404, 'archive.document_pending']);
    expect((await file(office, '9.json')).response.status).toBe(200);
  });

  test('a file that was changed in the store, or is gone from it, is not given out', async () => {
    const [first, second] = await packages(office);
    const pathOf = (sha256: string): string => join(evidenceDir(), '../archive', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
    const changed = await readFile(pathOf(second!.json.sha256));
    changed[100]! ^= 1;
    await writeFile(pathOf(second!.json.sha256), changed);
    await rm(pathOf(first!.json.sha256));
    for (const cycle of [1, 2]) {
      const { response, bytes } = await file(office, `${cycle}.json`);
      expect([response.status, codeOf(bytes)]).toEqual([500, 'archive.damaged']);
    }
    expect((await file(office, '2.pdf')).response.status).toBe(200);
  });
});
