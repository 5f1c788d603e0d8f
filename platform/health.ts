/** /healthz, /readyz and /metrics of a process that has no other HTTP face, on loopback. */
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { Registry } from 'prom-client';

export interface Component {
  ok: boolean;
  detail?: string;
}

export const serveHealth = (port: number, registry: Registry, components: () => Record<string, Component>): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      const answer = (status: number, type: string, body: string): void => {
        response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(body);
      };
      switch (request.url) {
        case '/healthz':
          return answer(200, 'application/json', '{"ok":true}');
        case '/readyz': {
          const state = components();
          const ok = Object.values(state).every((c) => c.ok);
          return answer(ok ? 200 : 503, 'application/json', JSON.stringify({ ok, components: state }));
        }
        case '/metrics':
          registry.metrics().then((text) => answer(200, registry.contentType, text), (error: Error) => answer(500, 'text/plain', error.message));
          return;
        default:
          return answer(404, 'text/plain', 'not found');
      }
    });
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
