/**
 * `npm run test:chaos -- --seed N [--cases 300] [--transitions 2000] [--kills 20] [--minutes M]`: a real park, people who
 * close cases, gateways that publish, and kill -9 at random. When all is up again and at rest, the record is compared with
 * what people and gateways were told. Prints the seed and a table; ends with 1 where anything was lost, done twice or wrong.
 */
import { parseArgs } from 'node:util';
import pg from 'pg';
import { randomOf } from './random.ts';
import type { Target } from './running-park.ts';
import { KillablePark, TARGETS } from './running-park.ts';
import { Telemetry } from './telemetry.ts';
import { restless, verify } from './verify.ts';
import { Workload, planCase } from './workload.ts';

interface Options { seed: number; cases: number; transitions: number; kills: number; minutes: number; drivers: number; keep: boolean }

const readOptions = (): Options => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' }, cases: { type: 'string', default: '300' }, transitions: { type: 'string', default: '2000' }, kills: { type: 'string', default: '20' },
      minutes: { type: 'string', default: '30' }, drivers: { type: 'string', default: '10' }, keep: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'cases' | 'transitions' | 'kills' | 'minutes' | 'drivers'): number => {
    const n = Number(values[name]);
    if (!Number.isFinite(n) || n < 0) throw new Error(`--${name} ${values[name]}: a number is needed, for example --${name} 10`);
    return n;
  };
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed}: a whole number is needed, for example --seed 42`);
  return { seed, cases: number('cases'), transitions: number('transitions'), kills: number('kills'), minutes: number('minutes'), drivers: Math.max(1, number('drivers')), keep: values.keep };
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Rounds over all targets, shuffled by the seed, so that every process dies about as often. Endless. */
function* nemesisPlan(seed: number): Generator<{ target: Target; chance: number }> {
  const random = randomOf(seed, 'nemesis');
  for (;;) for (const target of random.shuffle(TARGETS)) yield { target, chance: random.next() };
}

/** Seconds between two kills: while kills are owed, and after that, as long as the work goes on. */
const PAUSE_S = { owed: { least: 3, most: 8 }, more: { least: 10, most: 25 } };

/** Ends excursions and messages, and waits until nothing is on its way; gives what still is after two minutes. */
export const comeToRest = async (databaseUrl: string, telemetry: Telemetry): Promise<string[]> => {
  const end = performance.now() + 120_000;
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  try {
    telemetry.calm();
    // Episodes end by readings at rest.
    const openEpisodes = async (): Promise<number> => Number((await db.query<{ n: string }>('SELECT count(*) AS n FROM telemetry.rule_state WHERE episode_id IS NOT NULL')).rows[0]!.n);
    while ((await openEpisodes()) > 0 && performance.now() < end) await sleep(500);
    telemetry.halt();
    let open = await restless(db, telemetry);
    for (; open.length > 0 && performance.now() < end; open = await restless(db, telemetry)) await sleep(500);
    return open;
  } finally {
    await db.end();
  }
};

export const runChaos = async (options: Options, print: (line: string) => void): Promise<boolean> => {
  const { seed } = options;
  const started = performance.now();
  print(`seed ${seed}: at least ${options.cases} cases, ${options.transitions} transitions, ${options.kills} kills`);
  const park = await KillablePark.start();
  let passed = false;
  let telemetry: Telemetry | undefined;
  try {
    print(`the park is ready after ${((performance.now() - started) / 1000).toFixed(1)} s; data in ${park.dataDir}`);
    const databaseUrl = await park.databaseUrl();
    const workload = await Workload.signIn(seed, park.url, park.running.accounts, 180_000);
    telemetry = new Telemetry(seed, park.running.urls.mqtt, await park.gatewaySecret());

    const deadline = performance.now() + options.minutes * 60_000;
    const killed = Object.fromEntries(TARGETS.map((t) => [t, 0])) as Record<Target, number>;
    const broken: string[] = [];
    let kills = 0;
    let index = 0;
    // People go on reporting until there are enough of everything, and the nemesis goes on as long as they work.
    const enoughWork = (): boolean => index >= options.cases && workload.answered >= options.transitions;
    const over = (): boolean => performance.now() > deadline || (kills >= options.kills && enoughWork());
    const nemesis = (async () => {
      for (const { target, chance } of nemesisPlan(seed)) {
        const { least, most } = kills < options.kills ? PAUSE_S.owed : PAUSE_S.more;
        const next = performance.now() + (least + chance * (most - least)) * 1000;
        while (performance.now() < next && !over()) await sleep(100);
        if (over()) return;
        const pid = await park.kill(target);
        if (pid === null) {
          broken.push(`${target} did not come up again within 30 s`);
          continue;
        }
        killed[target] += 1;
        kills += 1;
        print(`  ${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  kill -9 ${target} (${kills}), ${index} cases, ${workload.answered} acts answered`);
      }
    })();
    const drivers = Array.from({ length: options.drivers }, async () => {
      while (!over()) {
        const plan = planCase(seed, index++);
        await workload.drive(plan).catch((error: Error) => broken.push(`case ${plan.index}: ${error.message}`));
      }
    });
    await Promise.all([nemesis, ...drivers]);
    const worked = performance.now();

    await park.ready(120_000);
    const open = await comeToRest(databaseUrl, telemetry);
    const rested = performance.now();
    const report = await verify(databaseUrl, park.engineAddress, workload.outcomes, telemetry);
    const refused = workload.outcomes.filter((o) => o.kind === 'refused');
    const refusedRightly = refused.filter((o) => o.command === 'dispatch' && o.code === 'hazard.illegal_move');
    const faults = [
      ...report.faults,
      ...workload.contradictions,
      ...broken,
      ...open.map((o) => `not at rest after 120 s: ${o}`),
      ...refused.filter((o) => !refusedRightly.includes(o)).map((o) => `${o.key}: ${o.command} on ${o.hazardId} was refused with ${o.code} after ${o.unknownBefore} unknown attempts`),
      ...(telemetry.lost > 0 ? [`gateways gave up ${telemetry.lost} messages`] : []),
      ...(kills < options.kills ? [`${kills} kills of ${options.kills}`] : []),
      ...(report.transitions < options.transitions ? [`${report.transitions} transitions of ${options.transitions}`] : []),
      ...(index < options.cases ? [`${index} cases of ${options.cases}`] : []),
    ];
    const unknown = workload.outcomes.filter((o) => o.kind === 'unknown').length;
    const resolvedByRetry = workload.outcomes.filter((o) => o.unknownBefore > 0 && o.kind !== 'unknown').length;
    const rows: [string, string | number][] = [
      ['seed', seed],
      ...TARGETS.map((t): [string, number] => [`kills ${t}`, killed[t]]),
      ['kills', kills],
      ['cases of people', index],
      ['cases on record', report.hazards],
      ['transitions on record', report.transitions],
      ['acts answered', workload.answered],
      ['attempts without answer', workload.unknownAttempts],
      ['acts resolved by retry', resolvedByRetry],
      ['acts unknown to the end (applied / not)', `${unknown} (${report.resolved.applied} / ${report.resolved.notApplied})`],
      ['dispatches that the rule had made already', refusedRightly.length],
      ['lost', report.lost],
      ['twice', report.twice],
      ['open workflows', report.workflowsOpen],
      ['notices', report.notices],
      ['messages receipted', telemetry.records.reduce((n, r) => n + r.receipted.size, 0)],
      ['readings stored', report.readings],
      ['statutory excursions', report.excursions],
      ['work', `${((worked - started) / 1000).toFixed(0)} s`],
      ['to rest', `${((rested - worked) / 1000).toFixed(0)} s`],
      ['duration', `${((performance.now() - started) / 1000).toFixed(0)} s`],
      ['faults', faults.length],
    ];
    print('');
    for (const [name, value] of rows) print(`${name.padEnd(42)}${value}`);
    for (const fault of faults.slice(0, 50)) print(`FAULT ${fault}`);
    passed = faults.length === 0;
    return passed;
  } finally {
    await telemetry?.close();
    await park.running.stop();
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
