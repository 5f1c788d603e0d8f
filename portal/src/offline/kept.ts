/** Lists that are read again from the device while the network is away. */
import { Problem } from '../api/client.ts';
import { keepList, keptList } from './store.ts';

/** What `load` gives; where the server cannot be reached, what it gave the last time. */
export const keptFor = async <T>(name: string, load: () => Promise<T>): Promise<T> => {
  try {
    const value = await load();
    void keepList(name, value).catch(() => {}); // storage is full or switched off: it is asked for again the next time
    return value;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 0) throw error;
    const kept = await keptList(name).catch(() => undefined);
    if (kept === undefined) throw error;
    return kept as T;
  }
};
