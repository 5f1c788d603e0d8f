/**
 * `npm run test:chaos -- --seed N [--cases 500] [--transitions 10000] [--blows 60] [--minutes M]`: a real park, people who
 * close cases, gateways that publish, and processes that are killed, stopped and cut off at random. When all is up again and
 * at rest, the record is compared with what people and gateways were told and with what the domain says. Prints the seed and
 * a table; ends with 1 where anything was lost, done twice or wrong.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import pg from 'pg';
import { PERSON_COMMANDS } from '../../domain/hazard.ts';
import { nemesisPlan, strike, Watch } from './nemesis.ts';
import type { Blow } from './nemesis.ts';
import { KillablePark, LINKS, TARGETS } from './running-park.ts';
import { Telemetry } from './telemetry.ts';
import { merged, restless, verify } from './verify.ts';
import { planCase, SHORT_POLICY, Workload } from './workload.ts';

// Replaying is a worker's work; it says nothing of its own.
Runtime.install({ logger: new DefaultLogger('ERROR', () => {}), telemetryOptions: { logging: { filter: 'OFF', forward: {} } } });

interface Options { seed: number; cases: number; transitions: number; blows: number; minutes: number; drivers: number; keep: boolean }

const readOptions = (): Options => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' }, cases: { type: 'string', default: '500' }, transitions: { type: 'string', default: '10000' }, blows: { type: 'string', default: '60' },
      minutes: { type: 'string', default: '30' }, drivers: { type: 'string', default: '40' }, keep: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'cases' | 'transitions' | 'blows' | 'minutes' | 'drivers'): number => {
    const n = Number(values[name]);
    if (!Number.isFinite(n) || n < 0) throw new Error(`--${name} ${values[name]}: a number is needed, for example --${name} 10`);
    return n;
  };
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed}: a whole number is needed, for example --seed 42`);
  return { seed, cases: number('cases'), transitions: number('transitions'), blows: number('blows'), minutes: number('minutes'), drivers: Math.max(1, number('drivers')), keep: values.keep };
};

/** Seconds between two blows: while blows are owed, and after that, as long as the work goes on. */
const PAUSE_S = { owed: { least: 2, most: 7 }, more: { least: 8, most: 20 } };
/** The longest that a park may take to come to rest after everything is up again. */
const REST_S = 180;

const withDatabase = async <T>(url: string, run: (db: pg.Client) => Promise<T>): Promise<T> => {
  const db = new pg.Client({ connectionString: url });
  await db.connect();
  try {
    return await run(db);
  } finally {
    await db.end();
  }
};

/** Deadlines of seconds, from now on. */
export const shortenPolicy = (databaseUrl: string): Promise<void> =>
  withDatabase(databaseUrl, async (db) => {
    await db.query("INSERT INTO park_policy (id, park_id, valid_from, policy) VALUES ('short', (SELECT id FROM park LIMIT 1), now(), $1)", [SHORT_POLICY]);
  });

/** Ends excursions and messages, and waits until nothing is on its way; gives what still is after the limit. */
export const comeToRest = (databaseUrl: string, telemetry: Telemetry): Promise<string[]> =>
  withDatabase(databaseUrl, async (db) => {
    const end = performance.now() + REST_S * 1_000;
    telemetry.calm();
    // Episodes end by readings at rest.
    const openEpisodes = async (): Promise<number> => Number((await db.query<{ n: string }>('SELECT count(*) AS n FROM telemetry.rule_state WHERE episode_id IS NOT NULL')).rows[0]!.n);
    while ((await openEpisodes()) > 0 && performance.now() < end) await sleep(500);
    telemetry.halt();
    let open = await restless(db, telemetry);
    for (; open.length > 0 && performance.now() < end; open = await restless(db, telemetry)) await sleep(500);
    return open;
  });

const words = (blow: Blow): string => {
  switch (blow.kind) {
    case 'kill': return `kill -9 ${blow.target}`;
    case 'stop': return `stop ${blow.target} for ${(blow.ms / 1_000).toFixed(1)} s`;
    case 'cut': return `connections to ${blow.target} ${blow.how} for ${(blow.ms / 1_000).toFixed(1)} s`;
  }
};

export const runChaos = async (options: Options, print: (line: string) => void): Promise<boolean> => {
  const { seed } = options;
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1_000).toFixed(0)}`;
  print(`seed ${seed}: at least ${options.cases} cases, ${options.transitions} transitions, ${options.blows} blows`);
  const park = await KillablePark.start();
  let passed = false;
  let telemetry: Telemetry | undefined;
  let watch: Watch | undefined;
  try {
    print(`the park is ready after ${seconds()} s; data in ${park.dataDir}`);
    await shortenPolicy(park.databaseUrl);
    const workload = await Workload.signIn(seed, park.url, park.running.accounts, 180_000);
    telemetry = new Telemetry(seed, park.mqttUrl, park.gatewaySecret);
    const eyes = (watch = new Watch(park));

    const deadline = performance.now() + options.minutes * 60_000;
    const done = new Map<string, number>();
    const broken: string[] = [];
    let blows = 0;
    let index = 0;
    let transitions = 0;
    const count = async (): Promise<void> => {
      while (!workload.over) {
        transitions = await withDatabase(park.databaseUrl, async (db) => Number((await db.query<{ n: string }>('SELECT count(*) AS n FROM hazard_transition WHERE seq IS NOT NULL')).rows[0]!.n)).catch(() => transitions);
        await sleep(2_000);
      }
    };
    // People go on reporting until there are enough of everything, and the nemesis goes on as long as they work.
    const over = (): boolean => performance.now() > deadline || (blows >= options.blows && index >= options.cases && transitions >= options.transitions);
    const nemesis = async (): Promise<void> => {
      for (const blow of nemesisPlan(seed)) {
        const { least, most } = blows < options.blows ? PAUSE_S.owed : PAUSE_S.more;
        const next = performance.now() + (least + blow.pause * (most - least)) * 1_000;
        while (performance.now() < next && !over()) await sleep(100);
        if (over()) break;
        const from = Date.now();
        const struck = await strike(park, blow);
        if (blow.kind === 'cut' && blow.target !== 'broker') eyes.note({ from, to: Date.now() });
        if (!struck) {
          broken.push(`${blow.target} did not come up again within 30 s`);
          continue;
        }
        const name = `${blow.kind} ${blow.target}`;
        done.set(name, (done.get(name) ?? 0) + 1);
        blows += 1;
        print(`  ${seconds().padStart(4)} s  ${words(blow)} (${blows}), ${index} cases, ${workload.answered} acts answered, ${transitions} transitions`);
      }
      workload.over = true;
    };
    const drivers = Array.from({ length: options.drivers }, async (_, n) => {
      await sleep(n * 200);
      while (!workload.over) {
        const plan = planCase(seed, index++);
        await workload.drive(plan).catch((error: Error) => broken.push(`case ${plan.index}: ${error.message}`));
      }
    });
    await Promise.all([nemesis(), count(), ...drivers]);
    const worked = performance.now();

    await park.ready(120_000);
    const open = await comeToRest(park.databaseUrl, telemetry);
    await watch.stop();
    const rested = performance.now();
    print(`  ${seconds().padStart(4)} s  at rest; the record is looked at`);
    const report = await verify(park, workload.outcomes, telemetry, { downtimes: watch.downtimes });
    const refused = workload.outcomes.filter((o) => o.kind === 'refused');
    const never = PERSON_COMMANDS.filter((c) => !report.commands[c]);
    const faults = [
      ...report.faults,
      ...workload.contradictions,
      ...broken,
      ...open.map((o) => `not at rest after ${REST_S} s: ${o}`),
      ...(telemetry.lost > 0 ? [`gateways gave up ${telemetry.lost} messages`] : []),
      ...(blows < options.blows ? [`${blows} blows of ${options.blows}`] : []),
      ...(report.transitions < options.transitions ? [`${report.transitions} transitions of ${options.transitions}`] : []),
      ...(index < options.cases ? [`${index} cases of ${options.cases}`] : []),
      // A long run has everything in it.
      ...(report.transitions >= 5_000 && never.length > 0 ? [`nobody did ${never.join(', ')}`] : []),
    ];
    const unknown = workload.outcomes.filter((o) => o.kind === 'unknown').length;
    const downS = merged(watch.downtimes).reduce((sum, d) => sum + d.to - d.from, 0) / 1_000;
    const refusedBy = Object.entries(Object.groupBy(refused, (o) => o.code ?? '')).map(([code, of]) => `${code} ${of!.length}`).sort().join(', ');
    const rows: [string, string | number][] = [
      ['seed', seed],
      ...(['kill', 'stop', 'cut'] as const).flatMap((kind) => (kind === 'cut' ? LINKS : TARGETS).map((t): [string, number] => [`${kind} ${kind === 'cut' ? `to ${t}` : t}`, done.get(`${kind} ${t}`) ?? 0])),
      ['blows', blows],
      ['cases of people', index],
      ['cases on record', report.hazards],
      ['cases reopened', report.cycles],
      ['transitions on record', report.transitions],
      ['acts answered', workload.answered],
      ['attempts without answer', workload.unknownAttempts],
      ['acts resolved by retry', workload.outcomes.filter((o) => o.unknownBefore > 0 && o.kind !== 'unknown').length],
      ['acts unknown to the end (applied / not)', `${unknown} (${report.resolved.applied} / ${report.resolved.notApplied})`],
      ['lost', report.lost],
      ['twice', report.twice],
      ['refused', refused.length],
      ['refused as they should be', report.refusedRightly],
      ['timers', report.late.timers],
      ['timers late p50 / p99 / most', `${report.late.p50Ms} / ${report.late.p99Ms} / ${report.late.mostMs} ms`],
      ['worker, engine or database away', `${downS.toFixed(0)} s`],
      ['open workflows', report.workflowsOpen],
      ['histories replayed', report.replayed],
      ['chains whole', report.chains],
      ['packages', report.packages],
      ['self-audit ok / violated / not checked', `${report.audit.ok} / ${report.audit.violated} / ${report.audit.notChecked}`],
      ['notices', report.notices],
      ['messages receipted', telemetry.records.reduce((n, r) => n + r.receipted.size, 0)],
      ['readings stored', report.readings],
      ['statutory excursions', report.excursions],
      ['excursions overtaken by newer readings', report.overtaken],
      ['work', `${((worked - started) / 1000).toFixed(0)} s`],
      ['to rest', `${((rested - worked) / 1000).toFixed(0)} s`],
      ['duration', `${((performance.now() - started) / 1000).toFixed(0)} s`],
      ['faults', faults.length],
    ];
    print('');
    for (const [name, value] of rows) print(`${name.padEnd(42)}${value}`);
    print(`by command: ${Object.entries(report.commands).sort(([, a], [, b]) => b - a).map(([c, n]) => `${c} ${n}`).join(', ')}`);
    print(`refused: ${refusedBy}`);
    for (const fault of faults.slice(0, 50)) print(`FAULT ${fault.slice(0, 2_000)}`);
    passed = faults.length === 0;
    return passed;
  } finally {
    await watch?.stop();
    await telemetry?.close();
    await park.stop();
    if (passed && !options.keep) await park.remove();
    else print(`data kept in ${park.dataDir}`);
  }
};

if (import.meta.main) {
  try {
    process.exitCode = (await runChaos(readOptions(), console.log)) ? 0 : 1;
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}
