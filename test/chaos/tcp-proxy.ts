/** A connection between our processes and a service of theirs that can be cut: dropped and refused, or silent as a dead network is. */
import { createServer, createConnection } from 'node:net';
import type { Server, Socket } from 'node:net';

export const CUTS = ['dropped', 'silent'] as const;
export type Cut = (typeof CUTS)[number];

export class TcpProxy {
  readonly port: number;
  private readonly server: Server;
  private readonly pairs = new Set<[Socket, Socket | null]>();
  private state: 'open' | Cut = 'open';

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as { port: number }).port;
  }

  static async to(port: number): Promise<TcpProxy> {
    const server = createServer({ pauseOnConnect: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const proxy = new TcpProxy(server);
    server.on('connection', (from) => proxy.take(from, port));
    return proxy;
  }

  private take(from: Socket, port: number): void {
    if (this.state === 'dropped') {
      from.resetAndDestroy();
      return;
    }
    const to = this.state === 'silent' ? null : createConnection({ port, host: '127.0.0.1' });
    const pair: [Socket, Socket | null] = [from, to];
    this.pairs.add(pair);
    const end = (): void => {
      this.pairs.delete(pair);
      from.destroy();
      to?.destroy();
    };
    for (const socket of pair) socket?.on('error', end).on('close', end).setNoDelay(true);
    if (!to) return;
    from.pipe(to);
    to.pipe(from);
    from.resume();
  }

  /** Ends when the connection works again; those that there were are dropped at the latest then. */
  async cut(how: Cut, ms: number): Promise<void> {
    this.state = how;
    if (how === 'dropped') this.dropAll();
    else for (const pair of this.pairs) for (const socket of pair) socket?.unpipe().pause();
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.state = 'open';
    this.dropAll();
  }

  private dropAll(): void {
    for (const [from, to] of this.pairs) {
      from.resetAndDestroy();
      to?.destroy();
    }
  }

  async close(): Promise<void> {
    this.dropAll();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
