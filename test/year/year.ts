/**
 * `npm run test:year -- [--cases 6000] [--firms 120] [--days 365] [--shards 4] [--seed N]`: a park lives that long in virtual
 * time, on the real workflow, worker and database. People triage, rectify, ask for time, submit, reject, accept and look back,
 * some in time and some not. At the end every reminder, breach, supervision and look-back is compared with the instants that
 * the policy and the record of starts and ends give: none missing, none twice, none at another instant. The firms are shared
 * out over so many engines, each with a clock of its own. Prints the seed and a table; ends with 1 where anything is wrong.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import startPostgres from '../global-setup.ts';
import type { LifeReport } from './life.ts';
import { lifeOf } from './life.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '6000' }, firms: { type: 'string', default: '120' }, days: { type: 'string', default: '365' }, shards: { type: 'string', default: '4' }, seed: { type: 'string' },
    alone: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
const [cases, firms, days, shards] = [values.cases, values.firms, values.days, values.shards].map(Number) as [number, number, number, number];

/** One engine's share, in a process of its own. */
const lifeApart = (shard: number): Promise<LifeReport> =>
  new Promise((resolve, reject) => {
    const share = (n: number): number => Math.floor(((shard + 1) * n) / shards) - Math.floor((shard * n) / shards);
    const args = [fileURLToPath(import.meta.url), '--alone', '--cases', String(share(cases)), '--firms', String(share(firms)), '--days', String(days), '--seed', String(seed + shard)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.on('error', reject);
    child.on('close', (code) => {
      const report = /^\{[\s\S]*\}\s*$/m.exec(out)?.[0];
      if (report) resolve(JSON.parse(report) as LifeReport);
      else reject(new Error(`engine ${shard} ended with ${code}: ${out.slice(-2_000)}`));
    });
  });

if (values.alone) {
  await startPostgres();
  const report = await lifeOf({ cases, firms, days, seed, progress: (line) => console.error(`seed ${seed}, ${line}`) });
  console.log(JSON.stringify(report));
  await globalThis.stopTestPostgres?.();
  process.exit(report.faults.length > 0 ? 1 : 0);
}
const begun = performance.now();
const reports = await Promise.all(Array.from({ length: shards }, (_, shard) => lifeApart(shard)));
const sum = (of: (r: LifeReport) => number): number => reports.reduce((total, r) => total + of(r), 0);
const refusedActs: Record<string, number> = {};
for (const r of reports) for (const [act, n] of Object.entries(r.refusedActs)) refusedActs[act] = (refusedActs[act] ?? 0) + n;
const faults = reports.flatMap((r) => r.faults);
console.log(JSON.stringify({
  seed, engines: shards, firms: sum((r) => r.firms), days, cases: sum((r) => r.cases), transitions: sum((r) => r.transitions), acts: sum((r) => r.acts), reminders: sum((r) => r.reminders), breaches: sum((r) => r.breaches),
  supervisions: sum((r) => r.supervisions), lookBacks: sum((r) => r.lookBacks), reopened: sum((r) => r.reopened), refusedActs, seconds: Math.round((performance.now() - begun) / 1_000), faults,
}, null, 1));
process.exit(faults.length > 0 ? 1 : 0);
