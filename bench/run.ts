/**
 * `npm run bench -- SCENARIO [--seconds N]`: runs bench/scenarios/SCENARIO.ts and prints JSON with the machine, the commit
 * and its figures. Reports, never gates.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** How long each measured part lasts. */
  seconds: number;
}

const folder = join(import.meta.dirname, 'scenarios');
const scenarios = readdirSync(folder).filter((f) => f.endsWith('.ts')).map((f) => f.slice(0, -3)).sort();

const commit = (): string => {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    return git('rev-parse', 'HEAD') + (git('status', '--porcelain') === '' ? '' : ' with changes');
  } catch {
    return 'unknown';
  }
};

const { values, positionals } = parseArgs({ options: { seconds: { type: 'string', default: '10' } }, allowPositionals: true });
const [name] = positionals;
const seconds = Number(values.seconds);
if (name === undefined || !scenarios.includes(name) || !(seconds >= 1 && seconds <= 3_600)) {
  console.error(`Usage: npm run bench -- SCENARIO [--seconds 1..3600]\nScenarios: ${scenarios.join(', ')}`);
  process.exit(64);
}

const { run } = (await import(join(folder, `${name}.ts`))) as { run(options: BenchOptions): Promise<object> };
const startedAt = new Date().toISOString();
const figures = await run({ seconds });
const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? 'unknown', memoryGiB: Math.round(totalmem() / 2 ** 30), platform: `${process.platform} ${process.arch}`, node: process.version };
console.log(JSON.stringify({ scenario: name, startedAt, commit: commit(), machine, seconds, figures }, null, 2));
process.exit(0);
