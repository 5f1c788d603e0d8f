/**
 * A call that must happen once however often it is tried: the same content keeps its Idempotency-Key and its client time,
 * so pressing again after a lost answer gives the first answer; other content is another call.
 */
import { useMutation } from '@tanstack/react-query';
import { useRef } from 'react';
import { call, newKey } from '../api/client.ts';

export const useAct = <Answer,>(path: string, options: { onSuccess?: (answer: Answer) => void; onError?: (error: Error) => void } = {}) => {
  const last = useRef<{ content: string; key: string; clientAt: string } | null>(null);
  return useMutation({
    mutationFn: async ({ body, ifMatch, stamped = true }: { body: Record<string, unknown>; ifMatch?: string; stamped?: boolean }): Promise<Answer> => {
      const content = JSON.stringify(body);
      if (last.current?.content !== content) last.current = { content, key: newKey(), clientAt: new Date().toISOString() };
      const { key, clientAt } = last.current;
      const answer = await call<Answer>('POST', path, { body: stamped ? { ...body, clientAt } : body, idempotencyKey: key, ifMatch });
      last.current = null;
      return answer;
    },
    ...options,
  });
};
