/** What we use of Node-RED, which has no types of its own. */
declare module 'node-red' {
  import type { Server } from 'node:http';
  interface NodeRed {
    init(server: Server, settings: Record<string, unknown>): void;
    start(): Promise<void>;
    stop(): Promise<void>;
    readonly httpAdmin: unknown;
    readonly hooks: { add(hook: string, run: (event: never) => void): void };
    readonly events: { on(event: string, run: () => void): void };
    readonly runtime: { flows: { setFlows(options: { flows: { flows: unknown[] }; deploymentType: string; user: undefined }): Promise<unknown> } };
  }
  const RED: NodeRed;
  export default RED;
}
