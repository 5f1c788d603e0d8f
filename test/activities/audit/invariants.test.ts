/**
 * Every invariant has a violation planted and must be the only one that names it. What a forger with the database could do is
 * done: triggers off, and the chain reckoned again, so that it does not give the forgery away. The plants are never committed.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import type { EvidenceFiles } from '../../../activities/audit/files.ts';
import { openEvidenceFiles } from '../../../activities/audit/files.ts';
import { findAll, runSelfAudit } from '../../../activities/audit/run.ts';
import type { Finding, InvariantId } from '../../../domain/self-audit.ts';
import { INVARIANT_IDS } from '../../../domain/self-audit.ts';
import { openArchiveStore } from '../../../platform/archive-store.ts';
import type { LinkRow } from '../../../prisma/chain.ts';
import { rowRecord, TRANSITION_COLUMNS, transitionHash } from '../../../prisma/chain.ts';
import type { Database } from '../../../prisma/client.ts';
import type { TestDatabase } from '../../db.ts';
import { createTestDatabase } from '../../db.ts';
import type { RichPark } from './rich-park.ts';
import { buildRichPark, settleRichPark } from './rich-park.ts';

type EngineId = Extract<InvariantId, `engine-${string}`>;

let testDatabase: TestDatabase;
let database: Database;
let park: RichPark;
let files: EvidenceFiles | null;
/** The superuser: what a forger would be. */
let client: pg.Client;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = testDatabase.open();
  park = await buildRichPark(database);
  files = await openEvidenceFiles(park.dataDir);
  client = new pg.Client({ connectionString: testDatabase.url });
  await client.connect();
  await client.query(settleRichPark);
}, 120_000);
afterAll(async () => {
  await client?.end();
  await testDatabase?.drop();
  if (park) await rm(park.dataDir, { recursive: true, force: true });
});

const violated = (findings: readonly Finding[]): Finding[] => findings.filter((f) => f.status === 'violated');
const run = async (sql: string, values: unknown[] = []): Promise<void> => {
  const { rowCount } = await client.query(sql, values);
  // DDL tells no number of rows.
  if (rowCount === 0) throw new Error(`planted nothing: ${sql}`);
};
const idOf = (name: string): string => park.cases[name] ?? `no case ${name}`;
const one = async (sql: string, values: unknown[] = []): Promise<string> => String(Object.values((await client.query<Record<string, unknown>>(sql, values)).rows[0]!)[0]);

/** Changes the `nth` transition of a command of a case, and reckons its chain again. Gives its name. */
const forge = async (name: string, command: string, change: string, nth = 0): Promise<string> => {
  const id = idOf(name);
  const seq = await one(`SELECT seq FROM hazard_transition WHERE hazard_id = $1 AND command = $2 AND seq IS NOT NULL ORDER BY seq OFFSET ${nth}`, [id, command]);
  await run(`UPDATE hazard_transition SET ${change} WHERE hazard_id = $1 AND seq = $2`, [id, seq]);
  await rechain(id);
  return `hazard/${id}/${seq}`;
};
const rechain = async (id: string): Promise<void> => {
  const { rows } = await client.query<LinkRow>(`SELECT ${TRANSITION_COLUMNS} FROM hazard_transition WHERE hazard_id = $1 AND seq IS NOT NULL ORDER BY seq`, [id]);
  let prev: string | null = null;
  for (const row of rows) {
    const hash = transitionHash(id, rowRecord(row), prev);
    await client.query('UPDATE hazard_transition SET prev_hash = $3, hash = $4 WHERE hazard_id = $1 AND seq = $2', [id, row.seq, prev, hash]);
    prev = hash;
  }
  await client.query('UPDATE hazard SET chain_head = $2 WHERE id = $1', [id, prev]);
};
const hazard = async (name: string, change: string): Promise<string> => {
  await run(`UPDATE hazard SET ${change} WHERE id = $1`, [idOf(name)]);
  return `hazard/${idOf(name)}`;
};
const deadline = async (name: string, kind: string, change: string): Promise<string> => {
  await run(`UPDATE deadline SET ${change} WHERE id = (SELECT id FROM deadline WHERE hazard_id = $1 AND kind = $2 ORDER BY started_at DESC LIMIT 1)`, [idOf(name), kind]);
  return `hazard/${idOf(name)}/deadline/${kind}`;
};
/** A deadline moved everywhere: on its row, in the case, and in what the case is run by. */
const moveDeadline = async (name: string, by: string): Promise<string> => {
  const record = await deadline(name, 'rectify', `due_at = ${by}`);
  const due = await one(`SELECT (extract(epoch FROM due_at) * 1000)::bigint FROM deadline WHERE hazard_id = $1 AND kind = 'rectify' ORDER BY started_at DESC LIMIT 1`, [idOf(name)]);
  await hazard(name, `due_at = to_timestamp(${due} / 1000.0), snapshot = jsonb_set(jsonb_set(snapshot, '{dueAt}', '${due}'), '{deadlines}',
    (SELECT jsonb_agg(CASE WHEN d->>'kind' = 'rectify' THEN jsonb_set(d, '{dueAt}', '${due}') ELSE d END) FROM jsonb_array_elements(snapshot->'deadlines') d))`);
  return record;
};
const supervision = async (name: string, change: string): Promise<string> => {
  await run(`UPDATE supervision SET ${change} WHERE hazard_id = $1 AND level = 1`, [idOf(name)]);
  return `hazard/${idOf(name)}/supervision/1/1`;
};
const dropNotices = async (name: string, which: string): Promise<void> => {
  await run(`DELETE FROM delivery WHERE notice_id IN (SELECT id FROM notice WHERE hazard_id = $1 AND ${which})`, [idOf(name)]);
  await run(`DELETE FROM notice WHERE hazard_id = $1 AND ${which}`, [idOf(name)]);
};
const notice = async (name: string, change: string): Promise<string> => {
  const id = await one(`SELECT id FROM notice WHERE hazard_id = $1 AND kind = 'extension' ORDER BY id LIMIT 1`, [idOf(name)]);
  await run(`UPDATE notice SET ${change} WHERE id = $1`, [id]);
  return `notice/${id}`;
};
const delivery = async (state: string, more: string): Promise<string> => {
  const id = await one(`SELECT id FROM notice WHERE hazard_id = $1 LIMIT 1`, [idOf('extended')]);
  await run(`INSERT INTO delivery (id, tenant_id, notice_id, channel, address, state, created_at, failed_at) VALUES ('d-planted', 'ent-1', $1, 'smtp', 'nobody@example.org', $2, ${more})`, [id, state]);
  return 'delivery/d-planted';
};
const evidence = async (name: string, purpose: string, change: string): Promise<string> => {
  const id = await one('SELECT id FROM evidence WHERE hazard_id = $1 AND purpose = $2 LIMIT 1', [idOf(name), purpose]);
  await run(`UPDATE evidence SET ${change} WHERE id = $1`, [id]);
  return `evidence/${id}`;
};
const row = async (sql: string, record: string): Promise<string> => {
  await run(sql);
  return record;
};

// ---- files: put back after the test, since no transaction does ----

const undo: (() => Promise<void>)[] = [];
const pathOf = (sha256: string, store = 'evidence'): string => join(park.dataDir, store, sha256.slice(0, 2), sha256.slice(2, 4), sha256);
const replaceFile = async (path: string, content: Buffer | null): Promise<void> => {
  await rename(path, `${path}.kept`);
  undo.push(() => rename(`${path}.kept`, path));
  if (content) await writeFile(path, content);
};
const newFile = async (content: Buffer, changedAt: Date): Promise<string> => {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const path = pathOf(sha256);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  await utimes(path, changedAt, changedAt);
  undo.push(() => rm(path));
  return sha256;
};
const film = (): Promise<string> => one(`SELECT sha256 FROM blob WHERE media_type = 'video/mp4'`);

/** By invariant: what is done, and the record that must be named for it. */
const PLANTS: Record<Exclude<InvariantId, EngineId>, () => Promise<string>> = {
  'record-seq-whole': async () => {
    await run(`DELETE FROM hazard_transition WHERE hazard_id = $1 AND command = 'join'`, [idOf('joined')]);
    await rechain(idOf('joined'));
    return `hazard/${idOf('joined')}`;
  },
  'record-first-is-open': () => forge('joined', 'join', `command = 'open'`),
  'record-moves-legal': () => forge('target', 'absorb', `command = 'supervise'`),
  'record-states-connected': () => forge('joined', 'join', `from_state = 'dispatched', to_state = 'dispatched'`),
  'record-projection-current': () => hazard('dispatched', `seq = seq + 1, snapshot = jsonb_set(snapshot, '{seq}', to_jsonb(seq + 1))`),
  'record-snapshot-agrees': () => hazard('dispatched', 'needs_owner = NOT needs_owner'),
  'record-closed-at': () => hazard('dismissed', `closed_at = NULL, snapshot = jsonb_set(snapshot, '{closedAt}', 'null')`),
  'record-cycles': () => forge('joined', 'join', 'cycle = 2'),
  'record-refusals-apart': () => row(`UPDATE hazard_transition SET refusal_code = NULL WHERE id = 'refused-1'`, 'transition/refused-1'),
  'record-clock-forward': () => forge('joined', 'join', `server_at = server_at - interval '5 days'`),
  'record-chain-whole': async () => {
    const seq = await one(`SELECT seq FROM hazard_transition WHERE hazard_id = $1 AND command = 'triage'`, [idOf('joined')]);
    await run(`UPDATE hazard_transition SET reason = 'another' WHERE hazard_id = $1 AND seq = $2`, [idOf('joined'), seq]);
    return `hazard/${idOf('joined')}/${seq}`;
  },
  'record-chain-head': () => hazard('dispatched', `chain_head = repeat('0', 64)`),
  'record-keys': () => forge('joined', 'join', `dedupe_key = 'another'`),
  'record-persons-named': () => forge('triaged', 'triage', 'actor_org_id = NULL'),
  'record-persons-known': () => forge('triaged', 'triage', `actor_id = 'p-nobody'`),
  'record-reasons-given': () => forge('triaged', 'triage', `reason = '  '`),
  'record-reports-taken': async () => {
    const id = await one('SELECT id FROM hazard_report WHERE hazard_id = $1 ORDER BY received_at DESC LIMIT 1', [idOf('joined')]);
    await run('UPDATE hazard_report SET recorded_seq = NULL WHERE id = $1', [id]);
    return `report/${id}`;
  },
  'record-graded': () => hazard('dispatched', `grade = 'major', snapshot = jsonb_set(snapshot, '{grade}', '"major"')`),
  'record-items-agree': async () => {
    await run(`UPDATE hazard_item SET state = 'submitted' WHERE hazard_id = $1`, [idOf('dispatched')]);
    return `hazard/${idOf('dispatched')}`;
  },
  'record-merges-mutual': async () => {
    await hazard('target', `snapshot = jsonb_set(snapshot, '{absorbed}', '[]')`);
    return `hazard/${idOf('merged')}`;
  },
  'record-redirects-mutual': async () => {
    await hazard('successor', 'predecessor_id = NULL');
    return `hazard/${idOf('redirected')}`;
  },
  'record-append-only': () => row('ALTER TABLE evidence DISABLE TRIGGER append_only', 'table/evidence.append_only'),

  'duty-judge-not-rectifier': () => forge('accepted', 'accept', `actor_id = 'p-officer'`),
  'duty-judge-not-of-enterprise': () => forge('accepted', 'accept', `actor_org_id = 'ent-1'`),
  'duty-judge-not-of-contractor': () => forge('accepted', 'accept', `actor_id = 'p-contractor'`),
  'duty-judge-not-by-delegation': () => forge('accepted', 'accept', `payload = payload || '{"onBehalfOf": "p-officer"}'`),
  'duty-role-may': () => forge('accepted', 'triage', `actor_role = 'investment_office'`),
  'duty-own-cases-only': () => forge('accepted', 'submit', `actor_org_id = 'ent-2'`),
  'duty-major-two-persons': async () => {
    await forge('accepted', 'sign', `actor_id = 'p-inspector'`);
    return await forge('accepted', 'accept', `actor_id = 'p-inspector'`);
  },
  'duty-signers-signed': async () => {
    await forge('accepted', 'progress', `command = 'addSigner', actor_id = 'p-office', actor_org_id = 'park-office', actor_role = 'emergency_office', reason = 'x', payload = '{"personId": "p-admin"}'`);
    return await forge('accepted', 'accept', `actor_id = 'p-inspector'`);
  },
  'duty-evidence-of-fix': async () => {
    await run(`DELETE FROM evidence WHERE hazard_id = $1 AND purpose = 'submission'`, [idOf('accepted')]);
    return await forge('accepted', 'accept', `actor_id = 'p-inspector'`);
  },
  'duty-major-on-site': async () => {
    const accepted = await forge('accepted', 'accept', `actor_id = 'p-inspector'`);
    await run(`DELETE FROM evidence WHERE hazard_id = $1 AND purpose = 'acceptance' AND dedupe_key LIKE $2`, [idOf('accepted'), `${accepted.slice('hazard/'.length)}/%`]);
    return accepted;
  },
  'duty-major-planned': async () => {
    await forge('accepted', 'plan', `command = 'progress'`);
    return await forge('accepted', 'submit', `actor_id = 'p-officer'`);
  },
  'duty-dismisser-not-reporter': () => forge('dismissed', 'dismiss', `actor_id = 'p-inspector'`),
  'duty-statutory-not-dismissed': async () => {
    await run('UPDATE hazard_report SET statutory = true WHERE hazard_id = $1', [idOf('dismissed')]);
    return await forge('dismissed', 'dismiss', `actor_id = 'p-office'`);
  },
  'duty-extension-asked': async () => {
    const asked = await one(`SELECT payload->>'dueAt' FROM hazard_transition WHERE hazard_id = $1 AND command = 'requestExtension' ORDER BY seq LIMIT 1`, [idOf('extended')]);
    await forge('extended', 'requestExtension', `command = 'withdrawExtension'`);
    return await forge('extended', 'decideExtension', `payload = payload || '{"dueAt": ${asked}}'`);
  },
  'duty-extension-level': () => forge('extended', 'decideExtension', `actor_role = 'emergency_office'`, 1),
  'duty-extension-capped': async () => {
    await forge('extendedMajor', 'requestExtension', `payload = jsonb_set(payload, '{dueAt}', to_jsonb((payload->>'dueAt')::bigint + 100 * 86400000::bigint))`);
    return await forge('extendedMajor', 'decideExtension', `actor_id = 'p-admin'`);
  },
  'duty-pause-capped': () => forge('resumed', 'pause', `payload = jsonb_set(payload, '{until}', to_jsonb((payload->>'until')::bigint + 100 * 86400000::bigint))`),
  'duty-items-accepted': async () => {
    await run(`UPDATE hazard_item SET state = 'submitted' WHERE hazard_id = $1`, [idOf('accepted')]);
    return await hazard('accepted', `snapshot = jsonb_set(snapshot, '{items,0,state}', '"submitted"')`);
  },
  'duty-accepted-at': () => hazard('accepted', 'accepted_at = NULL'),
  'duty-listed-not-archived': () => hazard('archivedLately', `listed = true, snapshot = jsonb_set(snapshot, '{listed}', '{"at": 1, "level": "park"}')`),
  'duty-responsible-member': async () => {
    await run(`DELETE FROM membership WHERE id = 'm4'`);
    return `hazard/${idOf('dispatched')}`;
  },

  'deadline-of-state': async () => {
    await run(`DELETE FROM deadline WHERE hazard_id = $1`, [idOf('reported')]);
    return await hazard('reported', `snapshot = jsonb_set(snapshot, '{deadlines}', '[]')`);
  },
  'deadline-one-end': () => deadline('dispatched', 'triage', 'withdrawn_at = met_at'),
  'deadline-in-order': () => deadline('dispatched', 'triage', `met_at = started_at - interval '1 hour'`),
  'deadline-agrees-with-case': async () => {
    await deadline('extended', 'rectify', `due_at = due_at + interval '1 day'`);
    return `hazard/${idOf('extended')}`;
  },
  'deadline-as-told': () => moveDeadline('dispatched', `due_at + interval '1 day'`),
  'deadline-basis-known': () => deadline('dispatched', 'triage', `basis = 'another#triageMs'`),
  'deadline-breach-told': async () => {
    await dropNotices('supervised', `kind = 'overdue'`);
    return `hazard/${idOf('supervised')}/deadline/rectify`;
  },
  'deadline-breach-kept': () => moveDeadline('extended', `now() - interval '1 hour'`),
  'deadline-breach-on-time': async () => {
    await run(`UPDATE hazard_transition SET recorded_at = server_at + interval '1 hour' WHERE hazard_id = $1 AND command = 'breach'`, [idOf('supervised')]);
    await run(`UPDATE delivery d SET created_at = t.recorded_at FROM notice n, hazard_transition t WHERE n.id = d.notice_id AND n.hazard_id = $1 AND t.hazard_id = $1 AND t.command = 'breach' AND n.dedupe_key LIKE t.dedupe_key || '/%'`, [idOf('supervised')]);
    return `hazard/${idOf('supervised')}/deadline/rectify`;
  },
  'deadline-none-after-close': () => deadline('dismissed', 'triage', 'met_at = NULL'),
  'supervision-by-cause': () => supervision('supervised', `cause = 'rejected'`),
  'supervision-told': async () => {
    await dropNotices('supervised', `kind = 'supervision' AND is_copy`);
    return `hazard/${idOf('supervised')}/supervision/1/1`;
  },
  'supervision-ends': () => supervision('exhausted', 'outcome = NULL'),
  'supervision-one-open': async () => {
    await supervision('supervised', `closed_at = now(), outcome = 'escalated'`);
    return `hazard/${idOf('supervised')}`;
  },
  'supervision-has-deadline': () => supervision('supervised', `due_at = due_at + interval '1 day'`),

  'task-overdue-kept': () => row(`INSERT INTO task (id, tenant_id, kind, title_zh, title_en, detail, owner_org_id, created_at, due_at, dedupe_key)
    VALUES ('forgotten', 'ent-1', 'other', '任务', 'Task', '{}', 'ent-1', now() - interval '2 hours', now() - interval '1 hour', 'forgotten')`, 'task/forgotten'),

  'notice-dispatch-copied': async () => {
    await dropNotices('dispatched', `kind = 'dispatch' AND is_copy`);
    return await forge('dispatched', 'dispatch', 'actor_id = NULL');
  },
  'notice-same-transaction': async () => {
    const id = await one(`SELECT id FROM notice WHERE hazard_id = $1 AND kind = 'dispatch' AND is_copy`, [idOf('dispatched')]);
    await run(`UPDATE delivery SET created_at = created_at + interval '1 second' WHERE notice_id = $1`, [id]);
    return `notice/${id}`;
  },
  'notice-verdict-told': async () => {
    await dropNotices('accepted', `kind = 'acceptance' AND NOT is_copy`);
    return await forge('accepted', 'accept', `actor_id = 'p-inspector'`);
  },
  'notice-in-inbox': async () => {
    const id = await one(`SELECT id FROM notice WHERE hazard_id = $1 AND kind = 'dispatch' AND NOT is_copy`, [idOf('dispatched')]);
    await run('DELETE FROM delivery WHERE notice_id = $1', [id]);
    return `notice/${id}`;
  },
  'notice-failure-has-task': () => delivery('failed', `now() - interval '1 hour', now() - interval '1 hour'`),
  'notice-not-hanging': () => delivery('pending', `now() - interval '6 days', NULL`),
  'notice-of-known-matter': () => notice('extended', `hazard_id = 'no-case'`),
  'notice-words-whole': () => notice('extended', `body_text = ' '`),

  'evidence-on-record': () => evidence('dispatched', 'report', `sha256 = repeat('f', 64)`),
  'evidence-file-there': async () => {
    await replaceFile(pathOf(await film()), null);
    return `blob/${await film()}`;
  },
  'evidence-file-whole': async () => {
    const path = pathOf(await film());
    await replaceFile(path, Buffer.alloc((await readFile(path)).length, 'x'));
    return `blob/${await film()}`;
  },
  'evidence-no-orphans': async () => `file/${await newFile(Buffer.from('nobody knows me'), new Date(Date.now() - 2 * 86_400_000))}`,
  'evidence-within-limit': async () => {
    const content = Buffer.alloc(15 * 1024 * 1024 + 1);
    const sha256 = await newFile(content, new Date());
    await run(`INSERT INTO blob (sha256, bytes, media_type) VALUES ($1, $2, 'image/jpeg')`, [sha256, content.length]);
    return `blob/${sha256}`;
  },
  'evidence-superseded-in-case': async () => evidence('dispatched', 'report', `supersedes_id = '${await one('SELECT id FROM evidence WHERE hazard_id = $1 LIMIT 1', [idOf('reported')])}'`),
  'package-per-cycle': async () => {
    await run('DELETE FROM archive_package WHERE hazard_id = $1', [idOf('archivedLately')]);
    return `hazard/${idOf('archivedLately')}/package/1`;
  },
  'package-whole': async () => {
    const path = pathOf(await one('SELECT json_sha256 FROM archive_package WHERE hazard_id = $1', [idOf('archivedLately')]), 'archive');
    await replaceFile(path, Buffer.from((await readFile(path, 'utf8')).replace('复查合格', '复查不合')));
    return `hazard/${idOf('archivedLately')}/package/1`;
  },

  'outbox-drained': async () => {
    const id = await one(`SELECT id FROM outbox WHERE topic = 'workflow' LIMIT 1`);
    return await row(`UPDATE outbox SET delivered_at = NULL, attempts = 1, created_at = now() - interval '10 minutes', next_attempt_at = now() - interval '5 minutes' WHERE id = ${id}`, `outbox/${id}`);
  },
  'outbox-no-dead-letters': async () => {
    const id = await one(`SELECT id FROM outbox WHERE topic = 'workflow' LIMIT 1`);
    return await row(`UPDATE outbox SET delivered_at = NULL, attempts = 20, next_attempt_at = now() + interval '5 minutes' WHERE id = ${id}`, `outbox/${id}`);
  },

  'access-rows-of-case': async () => {
    await run(`UPDATE hazard_report SET tenant_id = 'ent-2' WHERE hazard_id = $1`, [idOf('dispatched')]);
    return `report/${await one('SELECT id FROM hazard_report WHERE hazard_id = $1', [idOf('dispatched')])}`;
  },
  'access-row-security': () => row('ALTER TABLE task NO FORCE ROW LEVEL SECURITY', 'table/public.task'),
  'access-policies': () => row('CREATE POLICY everybody ON task FOR SELECT USING (true)', 'policy/public.task.everybody'),
  'access-role-bound': () => row('ALTER ROLE parkwarden_app BYPASSRLS', 'role/parkwarden_app'),
  'access-foreign-keys': () => row('ALTER TABLE notice ADD CONSTRAINT unchecked FOREIGN KEY (alarm_id) REFERENCES alarm (id) NOT VALID', 'constraint/notice.unchecked'),
  'access-grants-formed': () => row(`UPDATE access_grant SET org_id = 'ent-2' WHERE id = 'grant-1'`, 'grant/grant-1'),
  'access-grants-short': () => row(`UPDATE access_grant SET expires_at = starts_at + interval '800 days' WHERE id = 'grant-1'`, 'grant/grant-1'),
  'access-disabled-out': async () => {
    await run(`INSERT INTO session (token_sha, account_id, membership_id, csrf_token, expires_at) VALUES ('s', 'acc-1', 'm1', 'c', now() + interval '1 hour')`);
    return await row(`UPDATE account SET disabled_at = now() WHERE id = 'acc-1'`, 'account/acc-1');
  },
  'access-membership-fits': () => row(`UPDATE membership SET role = 'regulator' WHERE id = 'm-contractor'`, 'membership/m-contractor'),
  'access-one-side': () => row(`INSERT INTO membership (id, person_id, org_id, role) VALUES ('m-both', 'p-contractor', 'park-office', 'inspector')`, 'person/p-contractor'),
  'access-accounts-used': async () => {
    await run(`INSERT INTO person (id, name_zh, name_en) VALUES ('p-left', '离职', 'Left')`);
    return await row(`INSERT INTO account (id, person_id, username, password_hash) VALUES ('acc-left', 'p-left', 'left', 'x')`, 'account/acc-left');
  },

  'sensor-case-born': async () => {
    await run(`DELETE FROM rule_version WHERE rule_id = 'rule-1'`);
    return `hazard/${idOf('statutory')}`;
  },
  'sensor-raised-has-alarm': () => row(`DELETE FROM alarm WHERE id = 'episode-1'`, 'event/1'),
  'sensor-statutory-taken-up': () => row('UPDATE sensor_event SET handled_at = NULL WHERE id = 1', 'event/1'),
  'sensor-alarm-state': () => row(`UPDATE alarm SET state = 'normal' WHERE id = 'episode-1'`, 'alarm/episode-1'),
  'rule-one-active': () => row(`INSERT INTO rule_version (rule_id, version, origin, spec, sha256) VALUES ('rule-1', 2, 'registry', '{}', 'y')`, 'rule/rule-1'),
  'rule-of-known-flow': () => row(`INSERT INTO rule_version (rule_id, version, origin, flow_version, spec, sha256) VALUES ('rule-2', 1, 'flow', 999, '{}', 'y')`, 'rule/rule-2/1'),
  'rule-flows-whole': () => row(`UPDATE flow_version SET flows = '[{"id": "tab1", "type": "tab", "label": "B"}]' WHERE version = 1`, 'flow-version/1'),
  'rule-policies-clear': () => row(`INSERT INTO park_policy (id, park_id, valid_from, recorded_at, policy) SELECT 'pol-' || n, 'park', now() - interval '3 hours', now() - interval '2 hours', '{}' FROM generate_series(2, 3) n`, 'policy/pol-3'),
  'rule-calendar-signed': () => row(`UPDATE statutory_calendar SET data = jsonb_set(data, '{workdays}', '[]') WHERE year = 2026`, 'calendar/2026'),
};

const looking = () => ({ files, archive: openArchiveStore(park.dataDir), engine: null, settleMs: 0, hashBytes: null, alive: () => {} });

test('a park in order has no violation', async () => {
  const report = await runSelfAudit({ reportId: 'clean', pool: database.pool, ...looking() });
  expect(violated(report.findings)).toEqual([]);
  expect(report.findings.map((f) => f.id)).toEqual(INVARIANT_IDS);
  // The engine is not asked here: then nothing is said of it.
  expect(report.findings.filter((f) => f.status === 'not_checked').map((f) => f.id)).toEqual(INVARIANT_IDS.filter((id) => id.startsWith('engine-')));
  // Nothing holds for want of cases.
  expect(Object.keys(park.cases).length).toBeGreaterThan(25);
});

describe('every violation is found, by the invariant that it violates and by no other', () => {
  for (const [id, plant] of Object.entries(PLANTS)) {
    test(`[B-24] ${id}`, async () => {
      await client.query('BEGIN');
      try {
        await client.query('SET LOCAL session_replication_role = replica');
        const record = await plant();
        await client.query(`SET LOCAL session_replication_role = origin; SET LOCAL ROLE parkwarden_app; SET LOCAL pw.scope = 'service'`);
        const found = violated(await findAll({ client, fresh: database.pool, ...looking() }));
        expect(found.map((f) => f.id)).toEqual([id]);
        expect(found[0]!.records).toContain(record);
        expect(found[0]!.violations).toBeGreaterThanOrEqual(found[0]!.records.length);
      } finally {
        await client.query('ROLLBACK');
        for (const back of undo.splice(0)) await back();
      }
    });
  }
});
