/** Waiting for what other processes write. */
import type { ApiDeps } from './deps.ts';

const POLL_MS = 100;

/** Asks again whenever something was written, until there is an answer or the time is over. */
export const waitFor = async <T>(deps: ApiDeps, ms: number, look: () => Promise<T | null>): Promise<T | null> => {
  const end = performance.now() + ms;
  for (;;) {
    const found = await look();
    const left = end - performance.now();
    if (found !== null || left <= 0) return found;
    await deps.live.wait(Math.min(POLL_MS, left));
  }
};
