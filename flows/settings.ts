/** Node-RED as we embed it: no request to the outside, nothing to install, no node that reaches past the gateway. */
import { join } from 'node:path';
import { FLOW_LIMITS } from '../domain/flows.ts';
import type { FlowActor } from '../platform/flow-proof.ts';
import { FLOW_EDITOR_ROOT, FLOW_PROOF_HEADER } from '../platform/flow-proof.ts';
import type { Logger } from '../platform/logger.ts';
import type { Signals } from './pump.ts';
import type { EditorUser } from './storage.ts';

const here = import.meta.dirname;

/** Files of @node-red/nodes that are not loaded. What is left: inject, debug, switch, change, link, catch, status, complete, junction, comment. */
export const EXCLUDED_NODES = [
  '10-function.js', '16-range.js', '80-template.js', '89-delay.js', '89-trigger.js', '90-exec.js', 'rbe.js', '91-global-config.js',
  '05-tls.js', '06-httpproxy.js', '10-mqtt.js', '21-httpin.js', '21-httprequest.js', '22-websocket.js', '31-tcpin.js', '32-udp.js',
  '70-CSV.js', '70-HTML.js', '70-JSON.js', '70-XML.js', '70-YAML.js', '17-split.js', '18-sort.js', '19-batch.js', '10-file.js', '23-watch.js',
];

export const editorUser = (actor: FlowActor): EditorUser => ({
  username: actor.name,
  actor,
  permissions: actor.edit ? ['*.read', 'flows.write', 'inject.write', 'debug.write', 'settings.write'] : ['*.read'],
});

const NODE_RED_LEVELS: Record<number, 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'> = { 10: 'fatal', 20: 'error', 30: 'warn', 40: 'info', 50: 'debug', 60: 'trace' };

export const createSettings = (deps: {
  storageModule: Record<string, unknown>;
  signals: Signals;
  verify: (proof: string) => FlowActor | null;
  logger: Logger;
  credentialSecret: string;
}): Record<string, unknown> => ({
  httpAdminRoot: FLOW_EDITOR_ROOT,
  httpNodeRoot: false,
  httpStatic: [],
  userDir: join(here, 'user'),
  nodesDir: [here],
  nodesExcludes: EXCLUDED_NODES,
  storageModule: deps.storageModule,
  credentialSecret: deps.credentialSecret,
  adminAuth: {
    tokenHeader: FLOW_PROOF_HEADER,
    tokens: async (proof: string) => {
      const actor = deps.verify(proof);
      return actor ? editorUser(actor) : null;
    },
  },
  apiMaxLength: `${FLOW_LIMITS.bytes + 100_000}b`,
  externalModules: {
    autoInstall: false,
    palette: { allowInstall: false, allowUpdate: false, allowUpload: false, allowList: ['parkwarden-flows'], denyList: ['*'] },
    modules: { allowInstall: false, allowList: [], denyList: ['*'] },
  },
  functionExternalModules: false,
  functionGlobalContext: {},
  exportGlobalContextKeys: false,
  globalFunctionTimeout: 1,
  functionTimeout: 1,
  diagnostics: { enabled: false, ui: false },
  runtimeState: { enabled: false, ui: false },
  telemetry: { enabled: false, updateNotification: false },
  debugMaxLength: 1_000,
  nodeMessageBufferMaxLength: 100,
  editorTheme: {
    tours: false,
    userMenu: false,
    page: { title: 'ParkWarden 园安 · 流程', scripts: [join(here, 'editor', 'pickers.js')], css: [join(here, 'editor', 'editor.css')] },
    header: { title: 'ParkWarden 园安', image: join(here, 'nodes', 'icons', 'parkwarden.svg') },
    projects: { enabled: false },
    multiplayer: { enabled: false },
    palette: { catalogues: [], categories: { order: ['园安', 'common', 'function'] } },
    menu: { 'menu-item-help': { label: 'ParkWarden 园安', url: '/' }, 'menu-item-keyboard-shortcuts': true, 'menu-item-edit-palette': false, 'menu-item-projects-menu': false },
    codeEditor: { lib: 'monaco' },
    mermaid: { enabled: false },
  },
  logging: {
    console: { level: 'off', metrics: false, audit: false },
    parkwarden: {
      level: 'info',
      metrics: false,
      audit: false,
      handler: () => (entry: { level: number; msg: unknown; type?: string; id?: string }) => {
        const msg = entry.msg instanceof Error ? entry.msg.message : typeof entry.msg === 'string' ? entry.msg : JSON.stringify(entry.msg);
        deps.logger[NODE_RED_LEVELS[entry.level] ?? 'info']({ node: entry.id, type: entry.type }, msg);
      },
    },
  },
  parkwarden: { signals: deps.signals },
});
