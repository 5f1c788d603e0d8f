/**
 * What Node itself forbids the process in which flows run: writing files, reading outside the project, starting processes,
 * native add-ons, worker threads. A seat belt and no boundary (Node says so itself): the boundary is that this process has
 * no authority beyond the gateway. It cannot forbid network connections.
 */
import { FLOW_WATCH } from '../domain/flows.ts';

/** Arguments for Node; `root` is the folder of the project. */
export const runtimeArguments = (root: string): string[] => [
  '--permission',
  `--allow-fs-read=${root}`,
  `--max-old-space-size=${FLOW_WATCH.memoryMb}`,
  '--disable-warning=ExperimentalWarning',
];
