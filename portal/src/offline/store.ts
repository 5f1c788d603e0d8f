/** What the device keeps: reports that wait for the network, and lists that the report page needs without it. IndexedDB. */
import type { ProblemBody, ReportAnswer } from '../api/types.ts';

export interface KeptReport {
  /** The Idempotency-Key: whatever is lost on the way, the report arrives once. */
  key: string;
  accountId: string;
  /** The report was made in this membership and is sent in it. */
  membershipId: string;
  /** Of the report, without photos. */
  body: Record<string, unknown>;
  photos: { name: string; capturedAt: string; blob: Blob }[];
  clientAt: string;
  state: 'waiting' | 'refused' | 'sent';
  attempts: number;
  answer: ReportAnswer | null;
  problem: ProblemBody | null;
}

const NAME = 'parkwarden';
const REPORTS = 'reports';
const LISTS = 'lists';

const asked = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });

let opening: Promise<IDBDatabase> | null = null;
const open = (): Promise<IDBDatabase> =>
  (opening ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(REPORTS, { keyPath: 'key' });
      request.result.createObjectStore(LISTS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  }).catch((error: unknown) => {
    opening = null;
    throw error;
  }));

const within = async <T>(store: string, mode: IDBTransactionMode, run: (objects: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
  const transaction = (await open()).transaction(store, mode, { durability: 'strict' });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB'));
  });
  const result = await asked(run(transaction.objectStore(store)));
  await done;
  return result;
};

export const keepReport = (report: KeptReport): Promise<unknown> => within(REPORTS, 'readwrite', (s) => s.put(report));
export const dropReport = (key: string): Promise<unknown> => within(REPORTS, 'readwrite', (s) => s.delete(key));
export const keptReports = async (accountId: string): Promise<KeptReport[]> =>
  (await within(REPORTS, 'readonly', (s) => s.getAll() as IDBRequest<KeptReport[]>)).filter((r) => r.accountId === accountId).sort((a, b) => (a.clientAt < b.clientAt ? -1 : 1));

export const keepList = (name: string, value: unknown): Promise<unknown> => within(LISTS, 'readwrite', (s) => s.put(value, name));
export const keptList = (name: string): Promise<unknown> => within(LISTS, 'readonly', (s) => s.get(name) as IDBRequest<unknown>);
/** Whoever signs out leaves no lists behind; reports that wait stay, for their account. */
export const forgetLists = (): Promise<unknown> => within(LISTS, 'readwrite', (s) => s.clear());
