/** 健康: for the supervisor, for operators, for Prometheus. */
import { z } from 'zod';
import type { ComponentName, ComponentState } from '../deps.ts';
import { route } from '../route.ts';

const Component = z.object({ ok: z.boolean(), detail: z.string().optional() });
const Ready = z.object({ ok: z.boolean(), components: z.object({ database: Component, engine: Component, broker: Component, ingest: Component, flows: Component, worker: Component }) });
const CHECK_MS = 4_000;

const within = async (check: () => Promise<ComponentState>): Promise<ComponentState> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ComponentState>((resolve) => {
    timer = setTimeout(() => resolve({ ok: false, detail: 'no answer' }), CHECK_MS);
  });
  try {
    return await Promise.race([check().catch((error: Error) => ({ ok: false, detail: error.message.slice(0, 200) || error.name })), late]);
  } finally {
    clearTimeout(timer);
  }
};

export const healthRoutes = [
  route({ method: 'get', path: '/healthz', tag: 'health', summary: 'The process lives', access: 'public', response: z.object({ ok: z.boolean() }), handle: async () => ({ body: { ok: true } }) }),
  route({
    method: 'get', path: '/readyz', tag: 'health', summary: 'Every component does its job; 503 unless all do', access: 'public', response: Ready, statuses: [200, 503],
    handle: async ({ deps }) => {
      const names = Object.keys(deps.components) as ComponentName[];
      const states = await Promise.all(names.map((name) => within(deps.components[name])));
      const ok = states.every((s) => s.ok);
      return { status: ok ? 200 : 503, body: { ok, components: Object.fromEntries(names.map((name, i) => [name, states[i]!])) as z.input<typeof Ready>['components'] } };
    },
  }),
];
