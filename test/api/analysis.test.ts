import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { neverFixed } from '../../domain/never-fixed.ts';
import type { ReportedCase } from '../../domain/never-fixed.ts';
import { responsibleAt } from '../../domain/responsibility.ts';
import { recordRunningEffect } from '../../prisma/running-effect.ts';
import { randomOf } from '../chaos/random.ts';
import type { Life } from '../domain/random-lives.ts';
import { randomLives, recordsOf } from '../domain/random-lives.ts';
import { factsOfLives, storeLives } from '../prisma/store-lives.ts';
import { pdfText } from '../templates/pdf-text.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

const DAY = 86_400_000;
const T0 = Date.UTC(2026, 0, 5);
const PERIOD = 'from=2026-01-01T00:00:00Z&to=2027-01-01T00:00:00Z';
const seed = Date.now() % 1_000_000;

let world: World;
let lives: Life[];

beforeAll(async () => {
  world = await startWorld({ enterprises: 4 });
  const random = randomOf(seed, 'analysis');
  lives = Array.from({ length: 60 }, (_, n) => randomLives(random, `h${n}`, { tenants: ['ent-1', 'ent-2'], types: ['leak', 'ppe_missing'], startAt: T0 + random.int(0, 100 * DAY), acts: 30 })).flat();
  await storeLives(world.db, lives);
});
afterAll(() => world?.close());

const sql = async <T extends object>(text: string, values: unknown[] = []): Promise<T[]> => (await world.db.pool.query<T & Record<string, unknown>>(text, values)).rows;

describe('who was responsible', () => {
  test('is answered from the record at any instant, also of what another enterprise may not see', async () => {
    const office = await world.as(world.park.people.office);
    const random = randomOf(seed, 'questions');
    for (let n = 0; n < 40; n++) {
      const life = random.pick(lives);
      const t = random.pick(life.steps).record.serverAt + random.int(-1, 1);
      const { body } = await office.get<{ what: string | null; person: { id: string } | null; tenant: { id: string } | null; sinceSeq: number; paused: boolean; continuedBy: string | null }>(`/api/v1/hazards/${life.hazardId}/responsible?at=${new Date(t).toISOString()}`);
      const wanted = responsibleAt(life.tenantId, recordsOf(life), t);
      expect({ seed, what: body.what, person: body.person?.id ?? null, tenant: body.tenant?.id ?? null, sinceSeq: body.sinceSeq, paused: body.paused, continuedBy: body.continuedBy }).toEqual({
        seed, what: wanted.what, person: wanted.personId, tenant: wanted.orgTenantId, sinceSeq: wanted.sinceSeq, paused: wanted.paused, continuedBy: wanted.continuedBy,
      });
    }
    const other = await world.as(world.park.enterprises[2]!.officer);
    expect((await other.get(`/api/v1/hazards/${lives[0]!.hazardId}/responsible`)).status).toBe(404);
  });
});

describe('reported many times, never fixed', () => {
  interface Golden { name: string; found: boolean; cases: { asset: string | null; type: string; state: ReportedCase['state']; reports: number; day: number; acceptedDay?: number }[] }
  const golden = JSON.parse(readFileSync(join(import.meta.dirname, '../domain/never-fixed.golden.json'), 'utf8')) as Golden[];
  interface Answer { items: { tenant: { id: string }; type: string; asset: { id: string } | null; reports: number; hazards: { id: string }[] }[] }

  test('[C-050] the query finds those of the golden set and no others: precision and recall are 1', async () => {
    // An asset of its own for each scenario: what they are about must not mix.
    for (const [n, g] of golden.entries()) {
      for (const asset of ['tank', 'pump']) {
        await sql(`INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, point) SELECT $1, tenant_id, zone_id, unit_id, kind, $1, name_zh, name_en, point FROM asset WHERE id = 'tank-3'`, [`g-${asset}-${n}`]);
      }
      for (const [i, c] of g.cases.entries()) {
        const id = `golden-${n}-${i}`;
        const closed = ['archived', 'dismissed', 'merged', 'redirected'].includes(c.state);
        await sql(
          `INSERT INTO hazard (id, tenant_id, number, asset_id, type, title, description, state, origin, seq, reported_at, snapshot, closed_at, updated_at, report_count) VALUES ($1, 'ent-3', $1, $2, $3, 't', 'd', $4, 'manual', 1, $5, '{}', $6, $5, $7)`,
          [id, c.asset && `g-${c.asset}-${n}`, c.type, c.state, new Date(T0 + c.day * DAY), closed ? new Date(T0 + 200 * DAY) : null, c.reports],
        );
        await sql(`INSERT INTO hazard_figure (hazard_id, tenant_id, type, accepted_at, ever_accepted) VALUES ($1, 'ent-3', $2, $3, $4)`, [id, c.type, c.acceptedDay === undefined ? null : new Date(T0 + c.acceptedDay * DAY), c.acceptedDay !== undefined]);
      }
    }
    const office = await world.as(world.park.people.office);
    const { body } = await office.get<Answer>('/api/v1/analysis/never-fixed?k=3&tenantId=ent-3');
    const found = body.items.map((i) => Number(i.hazards[0]!.id.split('-')[1]));
    expect(found.map((n) => golden[n]!.name).sort()).toEqual(golden.filter((g) => g.found).map((g) => g.name).sort());
  });

  test('over random lives it finds what the rule finds, and an enterprise sees its own', async () => {
    const office = await world.as(world.park.people.office);
    const acceptedAt = new Map(factsOfLives(lives).map((f) => [f.hazardId, f.acceptedAt]));
    const cases = lives.map(({ steps }): ReportedCase => {
      const c = steps.at(-1)!.next;
      return { hazardId: c.hazardId, tenantId: c.tenantId, type: c.type, assetId: c.assetId, state: c.state, reportCount: c.reportCount + 2, reportedAt: c.reportedAt, acceptedAt: acceptedAt.get(c.hazardId)! };
    });
    await sql(`UPDATE hazard SET report_count = report_count + 2 WHERE id = ANY ($1)`, [lives.map((l) => l.hazardId)]);
    const { body } = await office.get<Answer>('/api/v1/analysis/never-fixed');
    const wanted = neverFixed(cases, 3);
    expect(wanted.length).toBeGreaterThan(0);
    expect(body.items.filter((i) => i.tenant.id !== 'ent-3').map((i) => [i.reports, i.hazards.map((h) => h.id)])).toEqual(wanted.map((w) => [w.reports, w.hazardIds]));
    const officer = await world.as(world.park.enterprises[0]!.officer);
    const own = await officer.get<Answer>('/api/v1/analysis/never-fixed?tenantId=ent-2');
    expect(new Set(own.body.items.map((i) => i.tenant.id))).toEqual(new Set(['ent-1']));
  });
});

test('the history of an asset has its open and closed cases, the prompts that were ignored and its alarms', async () => {
  const now = Date.now();
  const put = (id: string, state: string, reported: number, closed: number | null) =>
    sql(`INSERT INTO hazard (id, tenant_id, number, asset_id, type, title, description, state, origin, seq, reported_at, snapshot, closed_at, updated_at) VALUES ($1, 'ent-4', $1, 'tank-4', 'leak', '阀门密封', 'd', $2, 'manual', 1, $3, '{}', $4, $3)`,
      [id, state, new Date(now - reported * DAY), closed === null ? null : new Date(now - closed * DAY)]);
  await put('hist-open', 'rectifying', 300, null);
  await put('hist-closed', 'archived', 60, 3);
  await put('hist-old', 'archived', 300, 200);
  const task = (id: string, due: number, done: number | null, assetId: string | null, hazardId: string | null) =>
    sql(`INSERT INTO task (id, tenant_id, kind, title_zh, title_en, detail, hazard_id, asset_id, owner_org_id, due_at, done_at, done_by, result, dedupe_key) VALUES ($1, 'ent-4', 'stop_and_inspect', '停车检查', 'Stop and inspect', '{}', $5, $4, 'ent-4', $2, $3, CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE 'p-officer4' END, CASE WHEN $3::timestamptz IS NULL THEN NULL ELSE 'done' END, $1)`,
      [id, new Date(now - due * DAY), done === null ? null : new Date(now - done * DAY), assetId, hazardId]);
  await task('ignored', 3, null, 'tank-4', null);
  await task('late', 5, 4, null, 'hist-open');
  await task('in-time', 5, 6, 'tank-4', null);
  await task('not-yet-due', -1, null, 'tank-4', null);
  await task('of-another-asset', 3, null, 'pump-4', null);
  await sql(`INSERT INTO alarm (id, tenant_id, sensor_id, asset_id, level, state, rule_id, rule_version, raised_at, value, limit_value, unit, statutory) VALUES ('al-1', 'ent-4', 'pressure-4', 'tank-4', 'HH', 'unacknowledged', 'r', 1, $1, 210, 200, 'kPa', true)`, [new Date(now - 2 * DAY)]);

  const office = await world.as(world.park.people.office);
  const { status, body } = await office.get<{ open: { id: string }[]; closed: { id: string }[]; ignoredPrompts: { id: string; kind: string }[]; alarms: { id: string }[] }>('/api/v1/assets/tank-4/hazard-history?days=10');
  expect(status).toBe(200);
  expect([body.open, body.closed, body.ignoredPrompts, body.alarms].map((list) => list.map((x: { id: string }) => x.id))).toEqual([['hist-open'], ['hist-closed'], ['ignored', 'late'], ['al-1']]);
  const other = await world.as(world.park.enterprises[0]!.officer);
  expect((await other.get('/api/v1/assets/tank-4/hazard-history')).status).toBe(404);
});

describe('the analysis report', () => {
  interface Report { sections: { titleZh: string; sentences: { zh: string; en: string; cites: { kind: string; id: string; label: string }[] }[] }[] }
  test('[C-049] every sentence of every section cites records, and every one of them is there', async () => {
    const office = await world.as(world.park.people.office);
    const { body } = await office.get<Report>(`/api/v1/analysis/report?${PERIOD}`);
    const sentences = body.sections.flatMap((s) => s.sentences);
    expect(body.sections.length).toBeGreaterThanOrEqual(4);
    expect(sentences.every((s) => s.cites.length > 0)).toBe(true);
    for (const [kind, table] of [['hazard', 'hazard'], ['task', 'task'], ['alarm', 'alarm']] as const) {
      const ids = [...new Set(sentences.flatMap((s) => s.cites.filter((c) => c.kind === kind).map((c) => c.id)))];
      expect(await sql(`SELECT id FROM ${table} WHERE id = ANY ($1)`, [ids])).toHaveLength(ids.length);
    }
    // The page and the PDF have the same sentences with their records.
    for (const language of ['zh', 'en'] as const) {
      const page = await office.get<never>(`/api/v1/analysis/report.html?${PERIOD}&language=${language}`);
      const html = page.body as unknown as string;
      const items = html.match(/<li>.*?<\/li>/g) ?? [];
      expect(items).toHaveLength(sentences.length);
      for (const item of items) expect(item).toMatch(/\[[^\]]+\]<\/li>$/);
    }
  });
  test('is a PDF with the words of its sentences; an enterprise reads of itself only', async () => {
    const officer = await world.as(world.park.enterprises[0]!.officer);
    const { body } = await officer.get<Report>(`/api/v1/analysis/report?${PERIOD}&tenantId=ent-2`);
    expect(body.sections.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toContain('第2化工');
    const reply = await fetch(`${world.base}/api/v1/analysis/report.pdf?${PERIOD}&language=en`, { headers: { Cookie: officer.cookie } });
    const pdf = Buffer.from(await reply.arrayBuffer());
    expect(reply.headers.get('Content-Type')).toBe('application/pdf');
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    const text = pdfText(pdf).replace(/\s+/g, '');
    expect(text).toContain('ChemicalWorks1');
    for (const { en } of body.sections.flatMap((x) => x.sentences)) expect(text).toContain(en.replace(/\s+/g, ''));
  });
});

test('a score is written once for each enterprise and week, with the records behind it; an enterprise reads its own', async () => {
  const monday = Date.parse('2026-11-16T00:00:00+08:00');
  const now = monday + 8 * DAY;
  await sql(`INSERT INTO task (id, tenant_id, kind, title_zh, title_en, detail, owner_org_id, owner_person_id, due_at, done_at, done_by, result, dedupe_key) VALUES
    ('w1', 'ent-1', 'patrol', 'x', 'x', '{}', 'ent-1', 'p-officer1', $1, $1, 'p-officer1', 'done', 'w1'), ('w2', 'ent-1', 'patrol', 'x', 'x', '{}', 'ent-1', 'p-officer1', $1, NULL, NULL, NULL, 'w2')`, [new Date(monday + DAY)]);
  const run = (at: number) => world.db.pgTransaction({ scope: 'service' }, (client) => recordRunningEffect(client, at));
  await sql(`UPDATE organisation SET created_at = $1 WHERE kind = 'enterprise'`, [new Date(T0)]);
  expect(await run(now)).toEqual(['2026-11-16', '2026-11-09', '2026-11-02', '2026-10-26']);
  const before = await sql('SELECT * FROM running_effect ORDER BY id');
  expect(before).toHaveLength(16);
  expect(await run(now)).toEqual([]);
  expect(await sql('SELECT * FROM running_effect ORDER BY id')).toEqual(before);
  // What changes later changes no score.
  await sql("UPDATE task SET done_at = now(), done_by = 'p-officer1', result = 'done' WHERE id = 'w2'");
  expect(await run(now)).toEqual([]);
  await expect(sql("UPDATE running_effect SET score = 100 WHERE week = '2026-11-16'")).rejects.toThrow('append-only');

  const office = await world.as(world.park.people.office);
  const { body } = await office.get<{ week: string; items: { tenant: { id: string }; score: number; tasks: { of: number; done: number; records: { id: string }[] }; deductions: { code: string; records: { id: string }[] }[] }[] }>('/api/v1/running-effect?week=2026-11-16');
  expect(body.items.map((i) => i.tenant.id).sort()).toEqual(['ent-1', 'ent-2', 'ent-3', 'ent-4']);
  expect(body.items.find((i) => i.tenant.id === 'ent-1')).toMatchObject({ tasks: { of: 2, done: 1, records: [{ id: 'w2' }] }, deductions: expect.arrayContaining([expect.objectContaining({ code: 'duty', points: 2, records: [{ kind: 'task', id: 'w2' }] })]) as never });
  const officer = await world.as(world.park.enterprises[1]!.officer);
  const own = await officer.get<{ items: { tenant: { id: string } }[] }>('/api/v1/running-effect?week=2026-11-16');
  expect(own.body.items.map((i) => i.tenant.id)).toEqual(['ent-2']);
  expect(await office.get('/api/v1/running-effect?week=2026-11-17')).toMatchObject({ status: 422, body: { code: 'request.invalid', errors: [{ field: 'week' }] } });
});
