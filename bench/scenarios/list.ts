/**
 * List: GET /api/v1/hazards over 100,000 cases, for many filters, at the HTTP API of its own process, beside the bare SQL of
 * the same page on one connection with the same rights in the same run. PostgreSQL runs with every safety on; people, API
 * and PostgreSQL share the machine. One request after the other; API and SQL take turns.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { HazardQuery } from '../../api/schemas/hazards.ts';
import { listStatement, rareStatement } from '../../api/views/hazard-list.ts';
import type { Actor } from '../../domain/permissions.ts';
import { scopeOf } from '../../domain/permissions.ts';
import { hashPassword } from '../../platform/passwords.ts';
import type { BenchOptions } from '../run.ts';
import { freePort, startPostgres, startScript, stopAll } from '../servers.ts';

const CASES = 100_000;
const FIRMS = 120;
const ASSETS_PER_FIRM = 20;

const OFFICE: Actor = { personId: 'p-office', role: 'emergency_office', orgId: 'office', orgKind: 'park_department', orgIds: ['office'] };
const OFFICER: Actor = { personId: 'p-firm', role: 'enterprise_safety_officer', orgId: 'e-7', orgKind: 'enterprise', orgIds: ['e-7'] };

/** Filters from common to none at all; words that are frequent, rare and absent. */
const FILTERS: { name: string; actor?: Actor; query: Record<string, string> }[] = [
  { name: 'none', query: {} },
  { name: 'open', query: { open: 'true' } },
  { name: 'state', query: { state: 'submitted' } },
  { name: 'rare state', query: { state: 'redirected' } },
  { name: 'overdue', query: { overdue: 'true' } },
  { name: 'supervised', query: { supervised: 'true', open: 'true' } },
  { name: 'enterprise', query: { tenantId: 'e-7' } },
  { name: 'enterprise, type, grade', query: { tenantId: 'e-7', type: 'leak', grade: 'major' } },
  { name: 'type', query: { type: 'mixed_storage' } },
  { name: 'asset', query: { assetId: 'a-7-3' } },
  { name: 'month', query: { reportedFrom: '2025-03-01T00:00:00+08:00', reportedTo: '2025-04-01T00:00:00+08:00' } },
  { name: 'month, oldest', query: { reportedFrom: '2023-11-01T00:00:00+08:00', reportedTo: '2023-12-01T00:00:00+08:00', grade: 'major' } },
  { name: 'accepted in a month', query: { acceptedFrom: '2025-03-01T00:00:00+08:00', acceptedTo: '2025-04-01T00:00:00+08:00' } },
  { name: 'closed in a month', query: { closedFrom: '2024-03-01T00:00:00+08:00', closedTo: '2024-04-01T00:00:00+08:00' } },
  { name: 'first try', query: { firstTry: 'true', counted: 'true' } },
  { name: 'reopened', query: { reopened: 'true' } },
  { name: 'rectified in over a year', query: { rectifiedOverDays: '365' } },
  { name: 'recurred, supervised to level 3', query: { recurredWithinDays: '90', highestSupervision: '3', grade: 'major' } },
  { name: 'due', query: { sort: 'due', open: 'true' } },
  { name: 'due, overdue, type', query: { sort: 'due', overdue: 'true', type: 'leak' } },
  { name: 'word, frequent', query: { q: '泄漏' } },
  { name: 'word, rare', query: { q: '罕见词语' } },
  { name: 'word, absent', query: { q: '没有这样的隐患' } },
  { name: 'number', query: { q: 'HZ-2024-004242' } },
  { name: 'word, enterprise', query: { q: '泄漏', tenantId: 'e-7', overdue: 'true' } },
  { name: 'own, none', actor: OFFICER, query: {} },
  { name: 'own, rare word', actor: OFFICER, query: { q: '罕见词语' } },
  { name: 'own, reopened', actor: OFFICER, query: { reopened: 'true' } },
];

const seed = async (url: string, password: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url, options: '-c pw.scope=service' });
  client.on('error', () => {});
  await client.connect();
  const hash = await hashPassword(password);
  await client.query(`
    INSERT INTO park (id, code, name_zh, name_en, boundary) VALUES ('park', 'park', '园区', 'Park', '{}');
    INSERT INTO zone (id, park_id, code, name_zh, name_en, polygon) VALUES ('z', 'park', 'A', 'A区', 'Zone A', '{}');
    INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('office', 'park', 'park_department', 'emergency_office', '应急办', 'Emergency office');
    INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) SELECT 'e-' || n, 'park', 'enterprise', 'E' || n, '第' || n || '化工有限公司', 'Chemical Works ' || n FROM generate_series(1, ${FIRMS}) n;
    INSERT INTO unit (id, tenant_id, zone_id, code, name_zh, name_en) SELECT 'u-' || n, 'e-' || n, 'z', 'U', '罐区', 'Tank farm' FROM generate_series(1, ${FIRMS}) n;
    INSERT INTO asset (id, tenant_id, zone_id, unit_id, kind, code, name_zh, name_en, point)
      SELECT 'a-' || n || '-' || a, 'e-' || n, 'z', 'u-' || n, 'storage_tank', 'T-' || n || '-' || a, '储罐' || a, 'Tank ' || a, '{"type":"Point","coordinates":[120,30]}' FROM generate_series(1, ${FIRMS}) n, generate_series(1, ${ASSETS_PER_FIRM}) a;
    INSERT INTO person (id, name_zh, name_en) VALUES ('p-office', '值班员', 'Duty officer'), ('p-firm', '安全员', 'Officer');
    INSERT INTO membership (id, person_id, org_id, role) VALUES ('m-office', 'p-office', 'office', 'emergency_office'), ('m-firm', 'p-firm', 'e-7', 'enterprise_safety_officer');`);
  await client.query(`INSERT INTO account (id, person_id, username, password_hash) VALUES ('a-office', 'p-office', 'office', $1), ('a-firm', 'p-firm', 'firm', $1)`, [hash]);
  // Three years of cases, as many as a day brings; most are closed. Snapshots are as long as real ones.
  await client.query(`
    INSERT INTO hazard (id, tenant_id, number, asset_id, type, grade, title, description, state, origin, seq, reported_at, due_at, overdue, supervision, snapshot, closed_at, updated_at)
    SELECT md5('case' || n)::uuid::text, 'e-' || firm, 'HZ-' || to_char(at, 'YYYY') || '-' || lpad(n::text, 6, '0'), 'a-' || firm || '-' || (1 + n % ${ASSETS_PER_FIRM}), type, CASE WHEN n % 41 = 0 THEN NULL WHEN n % 13 = 0 THEN 'major' ELSE 'general' END,
      '储罐' || n || CASE type WHEN 'leak' THEN '法兰泄漏' ELSE '隐患' END || ' / Tank ' || n || ': ' || type,
      '巡检发现' || firm || '号企业装置区第' || n || '处异常，' || CASE WHEN type = 'leak' THEN '法兰密封面有泄漏痕迹，' ELSE '现场防护不符合要求，' END || CASE WHEN n % 33331 = 0 THEN '罕见词语，' ELSE '' END || '已拍照留存并通知值班人员到场确认，请尽快安排整改并反馈。 Seen on patrol, photographed, duty officer told.',
      state, CASE WHEN n % 3 = 0 THEN 'sensor' ELSE 'manual' END, 12, at, CASE WHEN state IN ('dispatched', 'rectifying', 'submitted') THEN at + interval '7 days' END, is_open AND n % 9 = 0, CASE WHEN n % 50 = 0 THEN 1 + n % 3 ELSE 0 END,
      jsonb_build_object('hazardId', n, 'items', jsonb_build_array(md5(n::text), md5('a' || n), md5('b' || n)), 'deadlines', (SELECT jsonb_agg(md5(n::text || d)) FROM generate_series(1, 40) d)), CASE WHEN is_open THEN NULL ELSE at + (n % 60) * interval '1 day' END, at
    FROM (SELECT n, 1 + (n * 7919) % ${FIRMS} AS firm, timestamptz '2023-11-24 00:00+08' + n * interval '15 minutes 46 seconds' AS at,
        (ARRAY['leak', 'leak', 'leak', 'ppe_missing', 'wiring_ageing', 'escape_route_blocked', 'fire_facility', 'over_limit', 'other', 'mixed_storage'])[1 + n % 10] AS type, n > ${CASES} * 0.93 AS is_open,
        CASE WHEN n > ${CASES} * 0.93 THEN (ARRAY['reported', 'triaged', 'dispatched', 'rectifying', 'submitted'])[1 + n % 5] WHEN n % 1000 = 3 THEN 'redirected' WHEN n % 50 = 7 THEN 'dismissed' WHEN n % 50 = 11 THEN 'merged' ELSE 'archived' END AS state
      FROM generate_series(1, ${CASES}) n) c`);
  await client.query(`
    INSERT INTO hazard_figure (hazard_id, tenant_id, type, first_dispatched_at, accepted_at, ever_accepted, rectified_ms, reviews, reopenings, extensions, ever_overdue, highest_supervision, recurs_after)
    SELECT id, tenant_id, type, CASE WHEN k % 30 <> 0 THEN reported_at + interval '3 hours' END, CASE WHEN state = 'archived' THEN closed_at END, state = 'archived', CASE WHEN state = 'archived' THEN 3600000::bigint * (k % 900) END,
      CASE WHEN state = 'archived' THEN 1 + k % 3 ELSE 0 END, CASE WHEN k % 97 = 0 THEN 1 ELSE 0 END, k % 4 / 3, k % 9 = 0, supervision, CASE WHEN k % 6 = 0 THEN reported_at - (k % 200) * interval '1 day' END
    FROM (SELECT *, right(number, 6)::int AS k FROM hazard) h`);
  await client.query('VACUUM ANALYZE');
  await client.end();
};

const quantile = (times: number[], q: number): number => Math.round([...times].sort((a, b) => a - b)[Math.ceil(q * times.length) - 1]! * 100) / 100;

export const run = async ({ seconds }: BenchOptions): Promise<object> => {
  try {
    const databaseUrl = await startPostgres();
    const password = randomBytes(12).toString('hex');
    await seed(databaseUrl, password);
    const port = await freePort();
    const env = { DATABASE_URL: databaseUrl, API_PORT: String(port), PORT: String(port), INTERNAL_PORT: String(await freePort()), TEMPORAL_ADDRESS: `127.0.0.1:${await freePort()}`, LOG_LEVEL: 'info', PUBLIC_URL: `http://127.0.0.1:${port}`, INTERNAL_TOKEN: randomBytes(24).toString('hex') };
    const api = await startScript('api/main.ts', env, null);
    const base = `http://127.0.0.1:${port}`;
    for (let n = 0; ; n++) {
      if (await fetch(`${base}/healthz`).then((r) => r.ok, () => false)) break;
      if (n > 600) throw new Error(`the API did not start:\n${api.output()}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const signIn = async (username: string): Promise<string> => {
      const reply = await fetch(`${base}/api/v1/session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username, password }) });
      if (!reply.ok) throw new Error(await reply.text());
      return reply.headers.getSetCookie().map((c) => c.split(';')[0]!).join('; ');
    };
    const cookies = new Map([[OFFICE.personId, await signIn('office')], [OFFICER.personId, await signIn('firm')]]);
    const sql = new pg.Client({ connectionString: databaseUrl, options: '-c role=parkwarden_app' });
    sql.on('error', () => {});
    await sql.connect();
    await sql.query('SET random_page_cost = 1.1');

    const figures: Record<string, object> = {};
    const each = Math.max(50, Math.round((seconds * 1_000) / 50));
    let worst = { p99Ms: 0, name: '' };
    const api50: number[] = [];
    const sql50: number[] = [];
    for (const { name, actor = OFFICE, query } of FILTERS) {
      await sql.query('SELECT set_config($1, $2, false), set_config($3, $4, false)', ['pw.scope', scopeOf(actor.role), 'pw.tenant', actor.orgId]);
      const asked = HazardQuery.parse(query);
      const look = rareStatement(actor, asked);
      const url = `${base}/api/v1/hazards?${new URLSearchParams(query).toString()}`;
      const times = { api: [] as number[], sql: [] as number[] };
      let rows = 0;
      for (let n = -5; n < each; n++) {
        const began = performance.now();
        const reply = await fetch(url, { headers: { Cookie: cookies.get(actor.personId)! } });
        const body = (await reply.json()) as { items?: unknown[] };
        const answered = performance.now();
        if (!body.items) throw new Error(`${name}: ${reply.status} ${JSON.stringify(body)}`);
        rows = body.items.length;
        const rare = look && (await sql.query<{ ids: string[] | null }>(look)).rows[0]!.ids;
        await sql.query(listStatement(actor, asked, rare));
        if (n < 0) continue;
        times.api.push(answered - began);
        times.sql.push(performance.now() - answered);
      }
      const p99Ms = quantile(times.api, 0.99);
      if (p99Ms > worst.p99Ms) worst = { p99Ms, name };
      api50.push(quantile(times.api, 0.5));
      sql50.push(quantile(times.sql, 0.5));
      figures[name] = { rows, apiMs: { p50: quantile(times.api, 0.5), p99: p99Ms }, sqlMs: { p50: quantile(times.sql, 0.5), p99: quantile(times.sql, 0.99) }, ratio: Math.round((quantile(times.api, 0.5) / quantile(times.sql, 0.5)) * 100) / 100 };
    }
    await sql.end();
    const sum = (numbers: number[]): number => numbers.reduce((total, n) => total + n, 0);
    return { cases: CASES, enterprises: FIRMS, requestsPerFilter: each, worst, ratioToBareSql: Math.round((sum(api50) / sum(sql50)) * 100) / 100, filters: figures };
  } finally {
    await stopAll();
  }
};
