/** What `npm start` prints: one line per step, in Chinese and English. */

/** Columns that a text takes in a terminal: a Chinese character takes two. */
const width = (text: string): number => [...text].reduce((sum, char) => sum + (/\p{Script=Han}|[，。：；（）]/u.test(char) ? 2 : 1), 0);
const pad = (text: string, columns: number): string => text + ' '.repeat(Math.max(1, columns - width(text)));
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** A supervised process changed: with the time of day, since it may be hours after the start. */
export const sayNow = (line: string): void => say(`${new Date().toTimeString().slice(0, 8)}  ${line}`);

/** Runs a step and prints its line with its time when it is done; a failure is given the step's name. */
export const step = async <T>(name: string, run: () => Promise<{ value: T; text: string }>): Promise<T> => {
  const before = performance.now();
  try {
    const { value, text } = await run();
    say(`  ${pad(name, 26)}${seconds(performance.now() - before).padStart(7)}  ${text}`);
    return value;
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
  }
};

export const sayPairs = (pairs: readonly (readonly [string, string])[]): void => {
  for (const [name, value] of pairs) say(`  ${pad(name, 26)}${value}`);
};
