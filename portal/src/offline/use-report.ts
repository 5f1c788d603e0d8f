/**
 * A report on its way: sent at once where that is possible, else kept on the device. The same content keeps its key and its
 * client time through both, so that it arrives once.
 */
import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { call, newKey, Problem } from '../api/client.ts';
import type { ReportAnswer } from '../api/types.ts';
import type { UploadedFile } from '../components/FileUpload.tsx';
import { useReportQueue } from './queue.tsx';

export const useReport = (onDone: (result: ReportAnswer | 'kept') => void) => {
  const queue = useReportQueue();
  const last = useRef<{ content: string; key: string; clientAt: string } | null>(null);
  return useMutation({
    networkMode: 'always',
    mutationFn: async ({ body, files }: { body: Record<string, unknown>; files: readonly UploadedFile[] }): Promise<ReportAnswer | 'kept'> => {
      const content = JSON.stringify(body);
      if (last.current?.content !== content) last.current = { content, key: newKey(), clientAt: new Date().toISOString() };
      const { key, clientAt } = last.current;
      if (navigator.onLine && files.every((f) => !f.isLocal)) {
        try {
          return await call<ReportAnswer>('POST', '/api/v1/hazards', { body: { ...body, clientAt }, idempotencyKey: key });
        } catch (error) {
          if (!(error instanceof Problem) || error.status !== 0) throw error;
        }
      }
      const { photos: _refs, ...said } = body;
      await queue.add({ key, clientAt, body: said, photos: files.map(({ file, ref }) => ({ name: file.name, capturedAt: ref.capturedAt ?? clientAt, blob: file })) });
      return 'kept';
    },
    onSuccess: (result) => {
      last.current = null;
      onDone(result);
    },
  });
};
