/**
 * `npm run test:year -- [--cases 6000] [--firms 120] [--days 365] [--seed N]`: a park lives that long in virtual time, on the
 * real workflow, worker and database. People triage, rectify, ask for time, submit, reject, accept and look back, some in
 * time and some not. At the end every reminder, breach, supervision and look-back is compared with the instants that the
 * policy and the record of starts and ends give: none missing, none twice, none at another instant. Prints the seed and a table.
 */
import { parseArgs } from 'node:util';
import startPostgres from '../global-setup.ts';
import { lifeOf } from './life.ts';

const { values } = parseArgs({ options: { cases: { type: 'string', default: '6000' }, firms: { type: 'string', default: '120' }, days: { type: 'string', default: '365' }, seed: { type: 'string' } } });
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed);
await startPostgres();
const report = await lifeOf({ cases: Number(values.cases), firms: Number(values.firms), days: Number(values.days), seed, progress: (line) => console.error(line) });
console.log(JSON.stringify(report, null, 1));
await globalThis.stopTestPostgres?.();
process.exit(report.faults.length > 0 ? 1 : 0);
