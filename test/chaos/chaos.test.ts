import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { PERSON_COMMANDS } from '../../domain/hazard.ts';
import { hazardClosureId } from '../../workflows/ids.ts';
import { comeToRest } from './chaos.ts';
import { nemesisPlan } from './nemesis.ts';
import { KillablePark, LINKS, TARGETS } from './running-park.ts';
import { Telemetry } from './telemetry.ts';
import { verify } from './verify.ts';
import { planCase, Workload } from './workload.ts';

const chaos = (...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, 'chaos.ts'), ...args], { maxBuffer: 16_000_000 }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr });
    });
  });

const row = (output: string, name: string): number => Number(new RegExp(`^${name} +(\\d+)$`, 'm').exec(output)?.[1] ?? NaN);

describe('the plan of a kill run', () => {
  test('is the same for the same seed and another for another', () => {
    const plans = (seed: number) => Array.from({ length: 40 }, (_, i) => planCase(seed, i));
    expect(plans(7)).toEqual(plans(7));
    expect(plans(7)).not.toEqual(plans(8));
  });

  test('has every act of a person in it', () => {
    const asked = new Set(Array.from({ length: 400 }, (_, i) => planCase(1, i)).flatMap((plan) => plan.acts).flatMap((a) => ('act' in a ? [a.act] : 'report' in a && a.report === 'twin' ? ['merge', 'unmerge'] : [])));
    expect([...asked].sort()).toEqual([...PERSON_COMMANDS].sort());
  });

  test('hits every process and every connection in every way', () => {
    const plan = nemesisPlan(1);
    const hit = new Set(Array.from({ length: 2 * (2 * TARGETS.length + LINKS.length) }, () => plan.next().value!).map((b) => `${b.kind} ${b.target}`));
    expect(hit.size).toBe(2 * TARGETS.length + LINKS.length);
  });
});

describe('the park under blows', () => {
  test('loses no answered act, does nothing twice, and comes to rest', async () => {
    const { code, output } = await chaos('--seed', '20261124', '--cases', '40', '--transitions', '400', '--blows', '9', '--minutes', '5', '--drivers', '16');
    if (code !== 0) throw new Error(output);
    expect(row(output, 'lost')).toBe(0);
    expect(row(output, 'twice')).toBe(0);
    expect(row(output, 'faults')).toBe(0);
    expect(row(output, 'blows')).toBeGreaterThanOrEqual(9);
    expect(row(output, 'cases on record')).toBeGreaterThanOrEqual(40);
    expect(row(output, 'transitions on record')).toBeGreaterThanOrEqual(400);
    expect(row(output, 'statutory excursions')).toBeGreaterThan(0);
  }, 900_000);
});

describe('the comparison of record and answers', () => {
  test('finds nothing in an untouched park, and each kind of damage that is done to it', async () => {
    const park = await KillablePark.start();
    const url = park.databaseUrl;
    const db = new pg.Client({ connectionString: url });
    let telemetry: Telemetry | undefined;
    let connection: Connection | undefined;
    try {
      await db.connect();
      telemetry = new Telemetry(3, park.mqttUrl, park.gatewaySecret);
      const workload = await Workload.signIn(3, park.url, park.running.accounts, 60_000);
      await Promise.all([0, 1, 2, 3, 4, 5].map((index) => workload.drive(planCase(3, index))));
      const end = performance.now() + 120_000;
      const raised = async (): Promise<number> => Number((await db.query<{ n: string }>('SELECT count(*) AS n FROM sensor_event')).rows[0]!.n);
      while ((await raised()) === 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await comeToRest(url, telemetry)).toEqual([]);
      const look = (deep: boolean) => verify(park, workload.outcomes, telemetry!, { deep });
      const whole = await look(true);
      expect(whole.faults).toEqual([]);
      expect(whole.excursions).toBeGreaterThan(0);

      // As a superuser without triggers: nothing of the park could do this.
      await db.query("SET session_replication_role = 'replica'");
      const damage = async (sql: string, seen: RegExp): Promise<void> => {
        await db.query('BEGIN');
        const { rowCount } = await db.query(sql);
        expect(rowCount).toBeGreaterThan(0);
        await db.query('COMMIT');
        const { faults } = await look(false);
        expect(faults.find((f) => seen.test(f)) ?? `nothing like ${seen.source} after: ${sql}\n${faults.join('\n')}`).toMatch(seen);
      };
      const one = (table: string, where: string): string => `ctid = (SELECT ctid FROM ${table} WHERE ${where} LIMIT 1)`;
      await damage(`INSERT INTO notice SELECT (jsonb_populate_record(n, '{"id": "again", "dedupe_key": "again"}')).* FROM notice n WHERE hazard_id IS NOT NULL LIMIT 1`, /notice stored and not due: again/);
      await damage(`DELETE FROM telemetry.reading r USING (SELECT tableoid AS t, ctid AS c FROM telemetry.reading LIMIT 1) x WHERE r.tableoid = x.t AND r.ctid = x.c`, /is receipted with \d+ readings, \d+ are stored/);
      await damage(`INSERT INTO telemetry.reading SELECT * FROM telemetry.reading WHERE seq = 3 LIMIT 1`, /is stored more than once/);
      await damage(`UPDATE deadline SET due_at = due_at + interval '1 s' WHERE ${one('deadline', 'hazard_id IS NOT NULL')}`, /deadline stored and not due/);
      await damage(`UPDATE hazard_item SET rejections = rejections + 1 WHERE ${one('hazard_item', 'true')}`, /hazard_item stored and not due/);
      await damage(`INSERT INTO supervision SELECT (jsonb_populate_record(NULL::supervision, jsonb_build_object('id', 'again', 'tenant_id', h.tenant_id, 'hazard_id', h.id, 'cycle', 1, 'level', 3, 'cause', 'overdue', 'opened_at', now(), 'due_at', now()))).* FROM hazard h LIMIT 1`, /supervision stored and not due/);
      await damage(`UPDATE hazard_transition SET reason = 'another' WHERE ${one('hazard_transition', "command = 'triage'")}`, /chain of .*: transition \d+ /);
      await damage(`DELETE FROM archive_package WHERE ${one('archive_package', 'true')}`, /no package of cycle 1/);
      await damage(`DELETE FROM alarm WHERE ${one('alarm', 'statutory')}`, /has 0 alarms/);
      await damage(`UPDATE outbox SET delivered_at = NULL, created_at = now() - interval '2 minutes' WHERE ${one('outbox', "topic = 'workflow'")}`, /outbox workflow .* is undelivered/);
      await damage(`UPDATE hazard SET seq = seq - 1 WHERE ${one('hazard', "closed_at IS NOT NULL AND state = 'archived'")}`, /the projection says archived/);
      await damage(`DELETE FROM hazard_transition WHERE ${one('hazard_transition', "command = 'start'")}`, /a gap/);
      await damage(`DELETE FROM hazard_transition WHERE ${one('hazard_transition', "command = 'submit'")}`, /was answered with transition \d+ of .*, the record has nothing there/);
      await damage(
        `INSERT INTO hazard_transition SELECT (jsonb_populate_record(t, jsonb_build_object('id', 'again', 'seq', t.seq + 1000, 'dedupe_key', 'again'))).* FROM hazard_transition t WHERE command = 'accept' LIMIT 1`,
        /accept is on record and no answer or open intent asked for it/,
      );
      connection = await Connection.connect({ address: park.engineAddress });
      const { rows } = await db.query<{ id: string }>('SELECT id FROM hazard WHERE closed_at IS NULL LIMIT 1');
      await new Client({ connection }).workflow.getHandle(hazardClosureId(rows[0]!.id)).terminate();
      expect((await look(false)).faults.join('\n')).toMatch(/is open, its workflow is TERMINATED/);
    } finally {
      await connection?.close();
      await telemetry?.close();
      await db.end();
      await park.stop();
      await park.remove();
    }
  }, 600_000);
});
