/** `npm run reset`: removes the data folder, after asking. `-- --yes` asks nothing; `-- --data FOLDER` names another folder. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { loadConfig } from '../config.ts';
import { currentLauncher, endLeftOvers, readProcesses } from './run-folder.ts';

const { values } = parseArgs({ options: { yes: { type: 'boolean', short: 'y' }, data: { type: 'string' } } });
const dataDir = resolve(values.data ?? loadConfig().DATA_DIR);

const refuse = (line: string): never => {
  console.error(line);
  process.exit(1);
};

const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
  if (error.code === 'ENOENT') return undefined;
  throw error;
});
if (names === undefined) {
  console.log(`${dataDir} does not exist: nothing to remove. 无可删除的数据。`);
  process.exit(0);
}
// A wrong path must not cost somebody another folder.
if (names.length > 0 && !names.includes('park.json')) refuse(`${dataDir} is no data folder of ParkWarden (no park.json): not removed. 不是园安数据目录，未删除。`);
if ((await lstat(dataDir)).isSymbolicLink()) refuse(`${dataDir} is a link: remove what it points to yourself. 是符号链接，未删除。`);
const launcher = currentLauncher(dataDir);
if (launcher) refuse(`${dataDir} is in use by npm start (process ${launcher.pid}): stop it first. 正在运行，请先停止。`);

if (!values.yes) {
  if (!process.stdin.isTTY) refuse('Nothing was removed: say --yes where nobody can be asked. 未删除：无法询问，请加 --yes。');
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`Remove ${dataDir} with every case, reading and account in it? This cannot be undone. 删除全部数据且不可恢复？(yes/no) `);
  prompt.close();
  if (answer.trim() !== 'yes') refuse('Nothing was removed. 未删除。');
}
await endLeftOvers(readProcesses(dataDir));
await rm(dataDir, { recursive: true, force: true });
console.log(`${dataDir} was removed. 已删除。`);
