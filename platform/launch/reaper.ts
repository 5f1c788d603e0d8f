/**
 * Runs when `npm start` was killed and could not stop its processes itself (see startReaper in supervisor.ts): ends them, so
 * that nothing of a park that nobody watches stays behind. Arguments: data folder, process id and mark of the launcher.
 */
import { endLeftOvers, isLockedBy, readProcesses } from './run-folder.ts';

const [dataDir, pid, mark] = process.argv.slice(2);
if (dataDir === undefined || pid === undefined || mark === undefined) process.exit(64);

const launcher = { pid: Number(pid), mark };
const processes = readProcesses(dataDir);
// Where a new start holds the folder by now, it has dealt with what was left, and these processes are its own.
if (isLockedBy(dataDir, launcher)) await endLeftOvers(processes);
