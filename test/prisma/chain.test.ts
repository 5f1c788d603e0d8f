/** The chain of a case on a real database: what is written is reckoned again, and whatever is changed behind it is found and named. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import type { HazardState, TransitionRecord } from '../../domain/hazard-case.ts';
import type { ChainProblem, LinkRow } from '../../prisma/chain.ts';
import { rowRecord, transitionHash, TRANSITION_COLUMNS, verifyAllChains, verifyChain } from '../../prisma/chain.ts';
import type { Database } from '../../prisma/client.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { seedPark } from '../workflows/people.ts';

const T0 = Date.UTC(2026, 10, 24, 17, 0, 0);
const FILE = 'f'.repeat(64);
let testDatabase: TestDatabase;
let database: Database;
/** The superuser, who can change what nobody may. */
let root: pg.Client;

const STATES: HazardState[] = ['reported', 'triaged', 'dispatched', 'rectifying', 'submitted', 'accepted', 'archived'];
const COMMANDS = ['open', 'triage', 'dispatch', 'start', 'submit', 'accept', 'archive'] as const;

const recordAt = (hazardId: string, i: number, payload: Record<string, unknown>): TransitionRecord => ({
  seq: i + 1, cycle: 1, command: COMMANDS[i]!, commandId: `${hazardId}-${i}`, from: i === 0 ? null : STATES[i - 1]!, to: STATES[i]!, actorId: 'p-officer', actorOrgId: 'ent-1', actorRole: 'enterprise_safety_officer',
  serverAt: T0 + i * 1000, clientAt: i % 2 === 0 ? T0 + i * 1000 - 7 : null, clockSkew: false, reason: i % 3 === 0 ? null : `原因 ${i} – "quoted" 😀`, payload,
});

/** A case on the record, as the activity writes it. */
const writeCase = async (hazardId: string, payloads: Record<string, unknown>[] = COMMANDS.map((_, i) => (i === 4 ? { note: 'n', evidence: [{ sha256: FILE }] } : { n: i, deep: { b: [1, null], a: '中' } }))): Promise<void> => {
  const rows = [];
  let prev: string | null = null;
  for (const [i, payload] of payloads.entries()) {
    const r = recordAt(hazardId, i, payload);
    const hash = transitionHash(hazardId, r, prev);
    rows.push({
      id: `${hazardId}/${r.seq}`, seq: r.seq, cycle: r.cycle, command_id: r.commandId, command: r.command, from_state: r.from, to_state: r.to, actor_id: r.actorId, actor_org_id: r.actorOrgId, actor_role: r.actorRole,
      server_at: new Date(r.serverAt).toISOString(), client_at: r.clientAt === null ? null : new Date(r.clientAt).toISOString(), clock_skew: r.clockSkew, reason: r.reason, payload: r.payload, prev_hash: prev, hash,
    });
    prev = hash;
  }
  const last = rows.at(-1)!;
  await root.query(
    `INSERT INTO hazard (id, tenant_id, number, type, title, description, state, origin, seq, reported_at, snapshot, updated_at, chain_head)
     VALUES ($1, 'ent-1', $1, 'leak', 't', 'd', $2, 'manual', $3, now(), $4, now(), $5)`,
    [hazardId, last.to_state, last.seq, JSON.stringify({ seq: last.seq }), prev],
  );
  await root.query(
    `INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, cycle, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, dedupe_key, prev_hash, hash)
     SELECT id, 'ent-1', $1, seq, cycle, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, id, prev_hash, hash
     FROM jsonb_to_recordset($2) AS x(id text, seq int, cycle int, command_id text, command text, from_state text, to_state text, actor_id text, actor_org_id text, actor_role text, server_at timestamptz, client_at timestamptz,
       clock_skew boolean, reason text, payload jsonb, prev_hash text, hash text)`,
    [hazardId, JSON.stringify(rows)],
  );
  if (payloads.length > 4) {
    await root.query(`INSERT INTO evidence (id, tenant_id, hazard_id, purpose, sha256, detail, dedupe_key) VALUES ($1, 'ent-1', $2, 'submission', $3, '{}', $1)`, [`${hazardId}/5/0`, hazardId, FILE]);
  }
};

const found = async (): Promise<ChainProblem[]> => {
  const problems: ChainProblem[] = [];
  await database.pgTransaction({ scope: 'service' }, (client) => verifyAllChains(client, (p) => void problems.push(p)));
  return problems;
};

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  await seedPark(database);
  root = new pg.Client({ connectionString: testDatabase.url });
  await root.connect();
  await root.query(`SET session_replication_role = replica`);
});
afterAll(async () => {
  await root?.end();
  await testDatabase?.drop();
});
beforeEach(async () => {
  for (const table of ['evidence', 'archive_package', 'hazard_transition', 'hazard_report', 'hazard_figure', 'hazard']) await root.query(`DELETE FROM ${table}`);
});

describe('what is written is what is reckoned again', () => {
  const hostile = ['__proto__', '', 'ﬀ', 'é', 'e\u0301', '\u2028', '😀', '\u007f', 'toJSON', 'constructor', '\\u0041', '"', '\t'];
  const numbers = [1e21, 1e-7, -0, 0.1 + 0.2, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER + 2, 9007199254740993, 1.7976931348623157e308, 5e-324, 123456789012345680000, 1e300, -1e-300, 333333333.33333329];
  const text = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }).map((s) => s.replaceAll('\0', '')));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      text, fc.constantFrom(...numbers), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.array(fc.tuple(text, tie('value')), { maxLength: 5 }).map((pairs) => Object.fromEntries(pairs)),
    ),
  }));
  const payload = fc.array(fc.tuple(text, value), { maxLength: 6 }).map((pairs) => Object.fromEntries(pairs) as Record<string, unknown>);

  test('after a way through a real jsonb column, whatever the payload', async () => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(payload, { minLength: 7, maxLength: 7 }), async (payloads) => {
        const hazardId = `hz-${n++}`;
        await writeCase(hazardId, payloads);
        await root.query(`DELETE FROM evidence WHERE hazard_id = $1`, [hazardId]);
        const { rows } = await database.pool.query<LinkRow>(`SELECT ${TRANSITION_COLUMNS} FROM hazard_transition WHERE hazard_id = $1 ORDER BY seq`, [hazardId]);
        expect(rows.map((row) => transitionHash(hazardId, rowRecord(row), row.prev_hash))).toEqual(rows.map((row) => row.hash));
        expect(await verifyChain(database.pool, hazardId)).toBeNull();
      }),
      { numRuns: 150 },
    );
  });
});

describe('what was changed behind the record is found', () => {
  beforeEach(async () => {
    for (const id of ['hz-a', 'hz-b', 'hz-c']) await writeCase(id);
  });

  test('nothing is found where nothing was changed', async () => {
    expect(await found()).toEqual([]);
    expect(await database.pgTransaction({ scope: 'service' }, (client) => verifyAllChains(client, () => {}))).toEqual({ cases: 3, transitions: 21, problems: 0 });
  });

  const swap = `UPDATE hazard_transition SET seq = CASE seq WHEN 3 THEN 4 ELSE 3 END WHERE hazard_id = 'hz-b' AND seq IN (3, 4)`;
  test.each<[string, string[], string]>([
    ['a flipped character of a reason', [`UPDATE hazard_transition SET reason = replace(reason, '原', '愿') WHERE hazard_id = 'hz-b' AND seq = 3`], 'transition 3'],
    ['a reason that was taken out', [`UPDATE hazard_transition SET reason = NULL WHERE hazard_id = 'hz-b' AND seq = 2`], 'transition 2'],
    ['a changed value of a payload', [`UPDATE hazard_transition SET payload = jsonb_set(payload, '{deep,b,0}', '2') WHERE hazard_id = 'hz-b' AND seq = 4`], 'transition 4'],
    ['another actor', [`UPDATE hazard_transition SET actor_id = 'p-inspector' WHERE hazard_id = 'hz-b' AND seq = 6`], 'transition 6'],
    ['another time, by one millisecond', [`UPDATE hazard_transition SET server_at = server_at + interval '1 millisecond' WHERE hazard_id = 'hz-b' AND seq = 5`], 'transition 5'],
    ['another client time', [`UPDATE hazard_transition SET client_at = NULL WHERE hazard_id = 'hz-b' AND seq = 1`], 'transition 1'],
    ['another state', [`UPDATE hazard_transition SET to_state = 'accepted' WHERE hazard_id = 'hz-b' AND seq = 5`], 'transition 5'],
    ['another cycle', [`UPDATE hazard_transition SET cycle = 2 WHERE hazard_id = 'hz-b' AND seq = 7`], 'transition 7'],
    ['a flipped digit of a hash', [`UPDATE hazard_transition SET hash = translate(substr(hash, 1, 1), '0123456789abcdef', '123456789abcdef0') || substr(hash, 2) WHERE hazard_id = 'hz-b' AND seq = 3`], 'transition 3'],
    ['a flipped link', [`UPDATE hazard_transition SET prev_hash = hash WHERE hazard_id = 'hz-b' AND seq = 3`], 'transition 3'],
    ['a hash that was taken out', [`UPDATE hazard_transition SET hash = NULL WHERE hazard_id = 'hz-b' AND seq = 7`], 'transition 7'],
    ['a deleted row', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 4`], 'transition 5'],
    ['a deleted first row', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 1`], 'transition 2'],
    ['a deleted row with the rest moved up', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 4`, `UPDATE hazard_transition SET seq = seq - 1 WHERE hazard_id = 'hz-b' AND seq > 4`, `UPDATE hazard SET seq = 6 WHERE id = 'hz-b'`], 'transition 4'],
    ['reordered rows', [`DROP INDEX hazard_transition_hazard_id_seq_key`, swap, `CREATE UNIQUE INDEX hazard_transition_hazard_id_seq_key ON hazard_transition (hazard_id, seq)`], 'transition 3'],
    ['a row of another case', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 4`, `UPDATE hazard_transition SET hazard_id = 'hz-b' WHERE hazard_id = 'hz-c' AND seq = 4`, `DELETE FROM evidence WHERE hazard_id = 'hz-c'`, `DELETE FROM hazard_transition WHERE hazard_id = 'hz-c'`, `DELETE FROM hazard WHERE id = 'hz-c'`], 'transition 4'],
    ['the newest row cut off', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 7`], 'transition 7'],
    ['the newest three rows cut off', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq > 4`, `DELETE FROM evidence WHERE hazard_id = 'hz-b'`], 'transition 5'],
    ['every row cut off', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b'`], 'transition 1'],
    ['the newest rows cut off, and the number of the case set back', [`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq > 5`, `UPDATE hazard SET seq = 5 WHERE id = 'hz-b'`], 'case'],
    ['a wrong number of the case', [`UPDATE hazard SET seq = 6 WHERE id = 'hz-b'`], 'transition 7'],
    ['a wrong head', [`UPDATE hazard SET chain_head = repeat('0', 64) WHERE id = 'hz-b'`], 'case'],
    ['a head that was taken out', [`UPDATE hazard SET chain_head = NULL WHERE id = 'hz-b'`], 'case'],
    ['a state that no transition led to', [`UPDATE hazard SET state = 'accepted' WHERE id = 'hz-b'`], 'case'],
    ['a cycle that no transition began', [`UPDATE hazard SET cycle = 2 WHERE id = 'hz-b'`], 'case'],
    ['a held state that is behind', [`UPDATE hazard SET snapshot = '{"seq": 6}' WHERE id = 'hz-b'`], 'case'],
    ['a changed hash of an evidence file', [`UPDATE evidence SET sha256 = repeat('0', 64) WHERE hazard_id = 'hz-b'`], 'evidence hz-b/5/0'],
    ['evidence that was taken out', [`DELETE FROM evidence WHERE hazard_id = 'hz-b'`], 'transition 5'],
    ['evidence that was put in', [`INSERT INTO evidence (id, tenant_id, hazard_id, purpose, sha256, detail, dedupe_key) VALUES ('late', 'ent-1', 'hz-b', 'progress', repeat('1', 64), '{}', 'late')`], 'evidence late'],
    ['a package of a chain that was written anew', [`INSERT INTO archive_package (id, tenant_id, hazard_id, cycle, json_sha256, json_bytes, chain_head, last_seq, format, made_at) VALUES ('p', 'ent-1', 'hz-b', 1, repeat('a', 64), 1, repeat('b', 64), 7, 'f', now())`], 'package of cycle 1'],
    ['a case of which only the transitions are left', [`DELETE FROM evidence WHERE hazard_id = 'hz-b'`, `DELETE FROM hazard WHERE id = 'hz-b'`], 'case'],
  ])('%s', async (_, sql, record) => {
    for (const statement of sql) await root.query(statement);
    const problems = await found();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ hazardId: 'hz-b', record });
    expect(problems[0]!.what).not.toBe('');
    expect(await verifyChain(database.pool, 'hz-b')).toMatchObject({ record });
    expect(await verifyChain(database.pool, 'hz-a')).toBeNull();
  });

  test('a row put in with a hash that fits', async () => {
    const { rows } = await root.query<LinkRow>(`SELECT ${TRANSITION_COLUMNS} FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 7`);
    const forged: TransitionRecord = { ...rowRecord(rows[0]!), seq: 8, command: 'lookBack', from: 'archived', to: 'archived' };
    await root.query(
      `INSERT INTO hazard_transition (id, tenant_id, hazard_id, seq, cycle, command_id, command, from_state, to_state, actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, dedupe_key, prev_hash, hash)
       SELECT 'x', tenant_id, hazard_id, 8, cycle, command_id, 'lookBack', 'archived', 'archived', actor_id, actor_org_id, actor_role, server_at, client_at, clock_skew, reason, payload, 'x', hash, $1 FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = 7`,
      [transitionHash('hz-b', forged, rows[0]!.hash)],
    );
    expect(await found()).toMatchObject([{ hazardId: 'hz-b', record: 'transition 8', what: expect.stringContaining('not known to the case') }]);
  });

  test('random bytes of random rows', async () => {
    const columns = ['command_id', 'command', 'from_state', 'to_state', 'actor_id', 'actor_org_id', 'actor_role', 'reason', 'payload', 'hash', 'prev_hash', 'server_at', 'client_at', 'clock_skew', 'cycle'];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...columns), fc.integer({ min: 1, max: 7 }), fc.nat(40), async (column, seq, at) => {
        const { rows } = await root.query<{ v: string | null }>(`SELECT ${column}::text AS v FROM hazard_transition WHERE hazard_id = 'hz-b' AND seq = $1`, [seq]);
        const old = rows[0]!.v;
        const set = (v: unknown) => root.query(`UPDATE hazard_transition SET ${column} = $2 WHERE hazard_id = 'hz-b' AND seq = $1`, [seq, v]);
        const flipped = ((): unknown => {
          if (column === 'clock_skew') return old !== 'true';
          if (column === 'cycle') return 1 + (at + 1);
          if (column === 'server_at' || column === 'client_at') return new Date(T0 + 999_999 + at);
          if (column === 'payload') return JSON.stringify({ ...(JSON.parse(old!) as object), n: `x${at}` });
          if (old === null) return 'x';
          const i = at % old.length;
          return `${old.slice(0, i)}${String.fromCharCode((old.charCodeAt(i) & 0xff) ^ 1 || 0x20)}${old.slice(i + 1)}`;
        })();
        fc.pre(flipped !== old);
        await set(flipped);
        expect(await verifyChain(root, 'hz-b')).toMatchObject({ record: `transition ${seq}` });
        await set(old);
        expect(await verifyChain(root, 'hz-b')).toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  test('what nobody did is not claimed: the whole chain of a case written anew passes without a package or a witness', async () => {
    await root.query(`DELETE FROM evidence WHERE hazard_id = 'hz-b'`);
    await root.query(`DELETE FROM hazard_transition WHERE hazard_id = 'hz-b'`);
    await root.query(`DELETE FROM hazard WHERE id = 'hz-b'`);
    await writeCase('hz-b', [{ a: 'another story' }, {}]);
    expect(await found()).toEqual([]);
  });
});
