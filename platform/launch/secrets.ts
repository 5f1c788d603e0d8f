/** What a data folder keeps for ever about its park: secrets between our processes, and whether it holds the demo. */
import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SECRET_NAMES = ['MQTT_PASSWORD', 'MQTT_GATEWAY_SECRET', 'INTERNAL_TOKEN'] as const;

export interface ParkRecord {
  kind: 'demo' | 'empty';
}

const keep = async (path: string, value: unknown): Promise<void> => {
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, `${JSON.stringify(value, null, 1)}\n`, { mode: 0o600, flush: true });
  await rename(aside, path);
};

const read = async <T>(path: string): Promise<Partial<T>> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
  try {
    return JSON.parse(text) as Partial<T>;
  } catch (error) {
    throw new Error(`${path} is not JSON: restore it from a backup`, { cause: error });
  }
};

/** The secrets of this data folder; made once, in a file that only its owner can read. */
export const dataSecrets = async (dataDir: string): Promise<Record<(typeof SECRET_NAMES)[number], string>> => {
  const path = join(dataDir, 'secrets.json');
  const known = await read<Record<string, string>>(path);
  const missing = SECRET_NAMES.filter((name) => !known[name]);
  for (const name of missing) known[name] = randomBytes(32).toString('hex');
  if (missing.length > 0) await keep(path, known);
  return known as Record<(typeof SECRET_NAMES)[number], string>;
};

/** Whether this folder's park is the demo. Decided by its first start; a later start that says otherwise is refused. */
export const parkKind = async (dataDir: string, empty: boolean | undefined): Promise<ParkRecord['kind']> => {
  const path = join(dataDir, 'park.json');
  const { kind } = await read<ParkRecord>(path);
  if (kind === undefined) {
    const chosen = empty ? 'empty' : 'demo';
    await keep(path, { kind: chosen } satisfies ParkRecord);
    return chosen;
  }
  if (empty !== undefined && (kind === 'empty') !== empty) {
    throw new Error(kind === 'demo' ? `${dataDir} holds the demo park: start an empty one in another folder (--empty --data FOLDER)` : `${dataDir} holds a park that was started empty: start the demo in another folder (--data FOLDER)`);
  }
  return kind;
};
