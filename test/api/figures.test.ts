import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Grouping } from '../../domain/figures.ts';
import { datedAt, figureDefinitions, figureOf, groupFilter, groupKey, GROUPINGS, monthPeriod } from '../../domain/figures.ts';
import type { CaseFacts } from '../../domain/hazard-filter.ts';
import { matches } from '../../domain/hazard-filter.ts';
import { randomOf } from '../chaos/random.ts';
import type { Life } from '../domain/random-lives.ts';
import { randomLives } from '../domain/random-lives.ts';
import { factsOfLives, storeLives } from '../prisma/store-lives.ts';
import { readXlsx } from '../templates/read-xlsx.ts';
import type { Visitor, World } from './world.ts';
import { startWorld } from './world.ts';

const DAY = 86_400_000;
const FROM = Date.UTC(2026, 1, 10, 3);
const TO = Date.UTC(2026, 5, 20, 7);
const ALL = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2030, 0, 1) };
const TENANTS = ['ent-1', 'ent-2', 'ent-3'];

interface FigureView { code: string; value: number | null; cases: number; list: Record<string, string>; part?: { cases: number; list: Record<string, string> } }
interface View { groups: { key: string; nameZh: string; nameEn: string; figures: FigureView[] }[]; definitions: { code: string; nameZh: string; nameEn: string; definitionZh: string; definitionEn: string }[] }

let world: World;
let facts: CaseFacts[];
const seed = Date.now() % 1_000_000;

beforeAll(async () => {
  world = await startWorld({ enterprises: 3 });
  // A population in which every figure has something to count: a reopened case that was accepted again is rare.
  let lives: Life[];
  let tries = 0;
  do {
    const random = randomOf(seed + tries, 'figures');
    lives = Array.from({ length: 120 }, (_, n) =>
      randomLives(random, `h${String(n).padStart(3, '0')}`, { tenants: TENANTS, types: ['leak', 'ppe_missing', 'wiring_ageing'], startAt: Date.UTC(2026, 0, 1) + random.int(0, 200 * DAY), acts: 35 }),
    ).flat();
    facts = factsOfLives(lives);
    tries += 1;
  } while (tries < 50 && !(facts.some((c) => c.reopenings > 0 && c.acceptedAt !== null) && facts.some((c) => c.extensions > 0) && facts.some((c) => c.recursAfter !== null)));
  await storeLives(world.db, lives);
});
afterAll(() => world?.close());

const idsOf = async (visitor: Visitor, query: Record<string, string>): Promise<string[]> => {
  const ids: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const reply: { status: number; body: { items: { id: string }[]; nextCursor: string | null } } = await visitor.get(`/api/v1/hazards?${new URLSearchParams({ ...query, limit: '200', ...(cursor ? { cursor } : {}) }).toString()}`);
    if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
    ids.push(...reply.body.items.map((i) => i.id));
    cursor = reply.body.nextCursor;
    if (cursor === null) return ids;
  }
};
const figuresOf = async (visitor: Visitor, groupBy: Grouping, period = { from: FROM, to: TO }, more: Record<string, string> = {}): Promise<View> => {
  const reply = await visitor.get<View>(`/api/v1/figures?${new URLSearchParams({ from: new Date(period.from).toISOString(), to: new Date(period.to).toISOString(), groupBy, ...more }).toString()}`);
  expect(reply.status).toBe(200);
  return reply.body;
};

describe('figures', () => {
  test('what the record keeps for figures is what the transitions of each case tell', async () => {
    const { rows } = await world.db.pool.query<Record<string, unknown> & { hazard_id: string }>('SELECT * FROM hazard_figure');
    const of = new Map(rows.map((r) => [r.hazard_id, r]));
    const ms = (at: unknown) => (at === null ? null : (at as Date).getTime());
    for (const c of facts) {
      const r = of.get(c.hazardId)!;
      expect({
        seed, hazardId: c.hazardId, type: r.type, firstDispatchedAt: ms(r.first_dispatched_at), acceptedAt: ms(r.accepted_at), everAccepted: r.ever_accepted, rectifiedMs: r.rectified_ms === null ? null : Number(r.rectified_ms),
        reviews: r.reviews, reopenings: r.reopenings, extensions: r.extensions, everOverdue: r.ever_overdue, highestSupervision: r.highest_supervision, recursAfter: ms(r.recurs_after),
      }).toEqual({
        seed, hazardId: c.hazardId, type: c.type, firstDispatchedAt: c.firstDispatchedAt, acceptedAt: c.acceptedAt, everAccepted: c.everAccepted, rectifiedMs: c.rectifiedMs,
        reviews: c.reviews, reopenings: c.reopenings, extensions: c.extensions, everOverdue: c.everOverdue, highestSupervision: c.highestSupervision, recursAfter: c.recursAfter,
      });
    }
    expect(facts.some((c) => c.reopenings > 0 && c.acceptedAt !== null)).toBe(true);
    expect(facts.some((c) => c.extensions > 0)).toBe(true);
    expect(facts.some((c) => c.recursAfter !== null)).toBe(true);
    expect(facts.filter((c) => ['merged', 'redirected', 'dismissed'].includes(c.state)).length).toBeGreaterThan(5);
  });

  test.each(GROUPINGS.map((g) => [g]))('every number by %s is the brute force over the cases, and the length of the list that it opens', async (groupBy) => {
    const office = await world.as(world.park.people.office);
    const period = { from: FROM, to: TO };
    const view = await figuresOf(office, groupBy);
    const definitions = figureDefinitions();
    expect(view.groups.length).toBeGreaterThan(0);
    for (const group of view.groups) {
      for (const d of definitions) {
        const shown = group.figures.find((f) => f.code === d.code)!;
        const narrowed = groupFilter(groupBy, group.key, d, period);
        const wanted = figureOf(d, narrowed, facts);
        expect({ seed, group: group.key, code: d.code, value: shown.value, cases: shown.cases, part: shown.part?.cases }).toEqual({ seed, group: group.key, code: d.code, value: wanted.value, cases: wanted.cases, part: wanted.part });
        const listed = await idsOf(office, shown.list);
        expect({ code: d.code, ids: [...listed].sort() }).toEqual({ code: d.code, ids: facts.filter((c) => matches(d.of, c) && matches(narrowed, c)).map((c) => c.hazardId).sort() });
        expect(listed).toHaveLength(shown.cases);
        if (shown.part) expect(await idsOf(office, shown.part.list)).toHaveLength(shown.part.cases);
      }
    }
    // No case falls between the groups.
    for (const d of definitions) {
      const all = facts.filter((c) => matches(d.of, c) && matches(groupFilter('none', '', d, period), c));
      expect(view.groups.reduce((sum, g) => sum + g.figures.find((f) => f.code === d.code)!.cases, 0)).toBe(all.length);
      for (const c of all) expect(view.groups.map((g) => g.key)).toContain(groupKey(groupBy, d, c));
      expect(all.every((c) => datedAt(d, c) !== null)).toBe(true);
    }
  });

  test('the rectification cycle comes with its definition, median and 90th percentile, and counts reopened cases with all their cycles', async () => {
    const office = await world.as(world.park.people.office);
    const view = await figuresOf(office, 'none', ALL);
    const median = view.groups[0]!.figures.find((f) => f.code === 'rectificationMedian')!;
    const p90 = view.groups[0]!.figures.find((f) => f.code === 'rectificationP90')!;
    const accepted = facts.filter((c) => c.acceptedAt !== null && !['merged', 'redirected', 'dismissed'].includes(c.state));
    const times = accepted.map((c) => c.rectifiedMs!).sort((a, b) => a - b);
    expect([median.value, p90.value]).toEqual([times[Math.ceil(0.5 * times.length) - 1], times[Math.ceil(0.9 * times.length) - 1]]);
    expect(accepted.some((c) => c.reopenings > 0)).toBe(true);
    expect(median.cases).toBe(accepted.length);
    const { definitionZh, definitionEn } = view.definitions.find((d) => d.code === 'rectificationMedian')!;
    for (const [text, parts] of [[definitionZh, ['首次派发', '验收合格', '重新开启', '最近秩', '不计']], [definitionEn, ['first dispatch', 'acceptance', 'reopened', 'nearest rank', 'left out']]] as const) for (const part of parts) expect(text).toContain(part);
  });

  test('an enterprise reads its own numbers, whatever it asks for; the investment office none', async () => {
    const officer = await world.as(world.park.enterprises[0]!.officer);
    const own = await figuresOf(officer, 'enterprise', ALL, { tenantId: 'ent-2' });
    expect(own.groups.map((g) => g.key)).toEqual(['ent-1']);
    const reported = own.groups[0]!.figures.find((f) => f.code === 'reported')!;
    expect(reported.cases).toBe(facts.filter((c) => c.tenantId === 'ent-1' && matches({ counted: true }, c)).length);
    expect(await idsOf(officer, reported.list)).toHaveLength(reported.cases);
    const investment = await world.as(world.park.people.investment);
    expect((await investment.get('/api/v1/figures?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z')).status).toBe(403);
    const office = await world.as(world.park.people.office);
    expect(await office.get('/api/v1/figures?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z')).toMatchObject({ status: 422, body: { code: 'request.invalid' } });
  });

  test('lists are sorted by due instant in keyset pages, cases without a deadline last', async () => {
    const office = await world.as(world.park.people.office);
    const ids: string[] = [];
    const dues: (string | null)[] = [];
    for (let cursor: string | null = null; ; ) {
      const { body }: { body: { items: { id: string; dueAt: string | null }[]; nextCursor: string | null } } = await office.get(`/api/v1/hazards?sort=due&limit=7${cursor ? `&cursor=${cursor}` : ''}`);
      ids.push(...body.items.map((i) => i.id));
      dues.push(...body.items.map((i) => i.dueAt));
      if ((cursor = body.nextCursor) === null) break;
    }
    expect(new Set(ids).size).toBe(facts.length);
    expect(dues).toEqual([...dues].sort((a, b) => (a ?? '9') < (b ?? '9') ? -1 : (a ?? '9') > (b ?? '9') ? 1 : 0));
  });

  test('the Excel file has the definitions, the figures and the cases, in the language that is asked for; no text of a case is a formula', async () => {
    await world.db.pool.query("UPDATE hazard SET title = '=HYPERLINK(\"http://evil.example\")', description = '@SUM(1)' WHERE id = $1", [facts[0]!.hazardId]);
    const office = await world.as(world.park.people.office);
    const range = `from=${new Date(ALL.from).toISOString()}&to=${new Date(ALL.to).toISOString()}`;
    const download = async (visitor: Visitor, path: string, headers: Record<string, string> = {}) => {
      const reply = await fetch(world.base + path, { headers: { Cookie: visitor.cookie, ...headers } });
      expect([reply.status, reply.headers.get('Content-Type')]).toEqual([200, 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']);
      return readXlsx(Buffer.from(await reply.arrayBuffer()));
    };
    const zh = await download(office, `/api/v1/figures/export.xlsx?${range}&groupBy=type&language=zh`);
    expect(zh.sheets.map((s) => s.name)).toEqual(['指标定义', '指标', '隐患清单']);
    expect(zh.sheets.every((s) => !s.hasFormula)).toBe(true);
    expect(zh.sheets[0]!.rows).toHaveLength(1 + figureDefinitions().length);
    expect(zh.sheets[2]!.rows).toHaveLength(1 + facts.length);
    const poisoned = zh.sheets[2]!.rows.find((r) => r.some((c) => c.value.startsWith('=HYPERLINK')))!;
    expect(poisoned.filter((c) => /^[=@]/.test(c.value)).map((c) => [c.type, c.format])).toEqual([['s', '@'], ['s', '@']]);
    const view = await figuresOf(office, 'type', ALL);
    expect(zh.sheets[1]!.rows).toHaveLength(1 + view.groups.length * figureDefinitions().length);
    const en = await download(office, `/api/v1/figures/export.xlsx?${range}`, { 'Accept-Language': 'en' });
    expect(en.sheets.map((s) => s.name)).toEqual(['Definitions', 'Figures', 'Cases']);

    const month = '2026-03';
    const { from, to } = monthPeriod(month);
    const own = facts.filter((c) => c.tenantId === 'ent-1');
    const officer = await world.as(world.park.enterprises[0]!.officer);
    const list = await download(officer, `/api/v1/enterprises/ent-1/hazard-list.xlsx?month=${month}&language=zh`);
    expect(list.sheets.map((s) => [s.name, s.rows.length - 1])).toEqual([
      ['本月上报', own.filter((c) => c.reportedAt >= from && c.reportedAt < to).length],
      ['上月结转', own.filter((c) => c.reportedAt < from && (c.closedAt === null || c.closedAt >= from)).length],
    ]);
    expect((await officer.get(`/api/v1/enterprises/ent-2/hazard-list.xlsx?month=${month}`)).status).toBe(404);
  });
});
