/** Makes documents in a process of its own, one after the other, each within a time limit; a process that hangs is killed and another takes its place. */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ARCHIVE_LIMITS } from '../domain/archive.ts';
import type { ArchivePaper } from './archive.ts';

export interface PdfOrder {
  paper: ArchivePaper;
}
export type PdfAnswer = { pdf: Uint8Array } | { fault: string };

export interface PdfRenderer {
  /** Rejects where the document has a fault, takes too long, or its process ends. */
  render(paper: ArchivePaper): Promise<Buffer>;
  /** Orders that are under way end with an error. */
  close(): void;
}

/** An idle process is let go after so long. */
const IDLE_MS = 60_000;

export const createPdfRenderer = (options: { limitMs?: number; entry?: string } = {}): PdfRenderer => {
  const limitMs = options.limitMs ?? ARCHIVE_LIMITS.pdfMs;
  const entry = options.entry ?? join(import.meta.dirname, 'pdf-process.ts');
  let child: ChildProcess | null = null;
  let idle: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const start = (): ChildProcess => {
    if (child) return child;
    const started = fork(entry, [], { execArgv: ['--disable-warning=ExperimentalWarning'], serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    started.once('exit', () => {
      if (child === started) child = null;
    });
    // Heard by whoever waits for a document; between two orders it is nobody's concern.
    started.on('error', () => {});
    // Idle, it keeps nobody alive.
    started.unref();
    started.channel?.unref();
    child = started;
    return started;
  };

  const once = (paper: ArchivePaper): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      if (closed) return reject(new Error('the renderer is closed'));
      clearTimeout(idle);
      const worker = start();
      const end = (settle: () => void): void => {
        clearTimeout(limit);
        worker.off('message', onMessage);
        worker.off('exit', onEnd);
        worker.off('error', onEnd);
        settle();
        idle = setTimeout(() => child?.kill(), IDLE_MS).unref();
      };
      const onMessage = (answer: PdfAnswer): void => end(() => ('pdf' in answer ? resolve(Buffer.from(answer.pdf)) : reject(new Error(answer.fault))));
      const onEnd = (cause: unknown): void => {
        if (child === worker) child = null;
        end(() => reject(cause instanceof Error ? cause : new Error(`the process that makes documents ended while it made ${paper.number}`)));
      };
      const limit = setTimeout(() => {
        if (child === worker) child = null;
        worker.kill('SIGKILL');
        end(() => reject(new Error(`the document of ${paper.number} was not made within ${limitMs} ms`)));
      }, limitMs);
      worker.on('message', onMessage);
      worker.on('exit', onEnd);
      worker.on('error', onEnd);
      worker.send({ paper } satisfies PdfOrder, (error) => {
        if (error) onEnd(error);
      });
    });

  return {
    render: (paper) => {
      const made = last.then(() => once(paper));
      last = made.catch(() => {});
      return made;
    },
    close: () => {
      closed = true;
      clearTimeout(idle);
      child?.kill('SIGKILL');
    },
  };
};
