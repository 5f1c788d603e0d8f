/** 待发队列: sends what waits as soon as the network is back, each report once, in the order in which they were made. */
import { createContext, use, useCallback, useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { call, Problem } from '../api/client.ts';
import { uploadFile } from '../api/uploads.ts';
import type { ReportAnswer } from '../api/types.ts';
import { useSession } from '../app/session.tsx';
import type { KeptReport } from './store.ts';
import { dropReport, keepReport, keptReports } from './store.ts';

const AGAIN_MS = 30_000;
/** The line, the server or the session is away; the report is not at fault. */
const isAway = (error: unknown): boolean => !(error instanceof Problem) || error.status === 0 || error.status >= 500 || [401, 403, 409, 429].includes(error.status);

const sendOne = async (report: KeptReport): Promise<ReportAnswer> => {
  const photos = [];
  for (const { name, capturedAt, blob } of report.photos) {
    const file = new File([blob], name, { type: blob.type, lastModified: Date.parse(capturedAt) });
    const giveUp = (): Promise<void> => Promise.reject(new Problem({ status: 0, code: 'network.unreachable', titleZh: '', titleEn: '' }));
    const { sha256, mediaType } = await uploadFile(file, () => {}, giveUp);
    photos.push({ sha256, mediaType, capturedAt });
  }
  return await call<ReportAnswer>('POST', '/api/v1/hazards', { body: { ...report.body, photos, clientAt: report.clientAt }, idempotencyKey: report.key });
};

interface Queue {
  reports: KeptReport[];
  isSending: boolean;
  add: (report: Omit<KeptReport, 'accountId' | 'membershipId' | 'state' | 'attempts' | 'answer' | 'problem'>) => Promise<void>;
  drop: (key: string) => Promise<void>;
  /** Tries what waits now. */
  send: () => void;
}
const QueueContext = createContext<Queue | null>(null);

export const useReportQueue = (): Queue => {
  const queue = use(QueueContext);
  if (!queue) throw new Error('useReportQueue outside of the signed-in part');
  return queue;
};

export const ReportQueueProvider = ({ children }: { children: ReactNode }) => {
  const session = useSession();
  const accountId = session.account.id;
  const membershipId = session.membership.id;
  // The session that the device kept has no token; the queue goes on when the server's own is there.
  const hasToken = session.csrfToken !== '';
  const [reports, setReports] = useState<KeptReport[]>([]);
  const [isSending, setSending] = useState(false);
  const running = useRef(false);

  const read = useCallback(async (): Promise<KeptReport[]> => {
    const kept = await keptReports(accountId);
    setReports(kept);
    return kept;
  }, [accountId]);

  const flush = useCallback(async (): Promise<void> => {
    if (running.current || !navigator.onLine || !hasToken) return;
    running.current = true;
    try {
      // One page at a time; where a browser has no locks the key still keeps a report from arriving twice.
      await (navigator.locks ? navigator.locks.request('parkwarden-reports', run) : run());
    } finally {
      running.current = false;
      setSending(false);
    }
    async function run(): Promise<void> {
      for (const report of await read()) {
        if (report.state !== 'waiting' || report.membershipId !== membershipId) continue;
        setSending(true);
        try {
          await keepReport({ ...report, state: 'sent', answer: await sendOne(report), photos: [], problem: null });
        } catch (error) {
          await keepReport({ ...report, attempts: report.attempts + 1, ...(isAway(error) ? {} : { state: 'refused' as const }), problem: error instanceof Problem ? error.body : null });
          if (isAway(error)) break;
        } finally {
          await read();
        }
      }
    }
  }, [membershipId, hasToken, read]);

  useEffect(() => {
    const tryNow = (): void => void flush().catch(() => {});
    void read().catch(() => {});
    tryNow();
    addEventListener('online', tryNow);
    const timer = setInterval(tryNow, AGAIN_MS);
    return () => {
      removeEventListener('online', tryNow);
      clearInterval(timer);
    };
  }, [flush, read]);

  const queue: Queue = {
    reports,
    isSending,
    add: async (report) => {
      await keepReport({ ...report, accountId, membershipId, state: 'waiting', attempts: 0, answer: null, problem: null });
      await read();
      void flush().catch(() => {});
    },
    drop: async (key) => {
      await dropReport(key);
      await read();
    },
    send: () => void flush().catch(() => {}),
  };
  return <QueueContext value={queue}>{children}</QueueContext>;
};
