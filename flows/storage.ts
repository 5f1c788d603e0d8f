/**
 * Where Node-RED keeps its flows: as versions in the record, through the gateway. A deploy that is refused is not stored and
 * not started. Settings of the editor live as long as the process; there are no credentials and no library.
 */
import type { FlowActor } from '../platform/flow-proof.ts';
import type { Fault, Gateway } from './gateway.ts';
import { GatewayRefusal } from './gateway.ts';

/** Who deploys, as adminAuth put it on the request. */
export type EditorUser = { username: string; permissions: string[]; actor: FlowActor };

export interface FlowStorage {
  /** The object that Node-RED takes as `storageModule`. */
  module: Record<string, unknown>;
  /** Version that was loaded or saved last. */
  version(): number;
}

const SHOWN_FAULTS = 8;

const text = (faults: readonly Fault[], language: 'zh' | 'en'): string =>
  faults
    .slice(0, SHOWN_FAULTS)
    .map((f) => `${f.field ?? ''}: ${(language === 'zh' ? f.messageZh : f.messageEn) ?? ''}`)
    .concat(faults.length > SHOWN_FAULTS ? [`… +${faults.length - SHOWN_FAULTS}`] : [])
    .join(' · ');

/** What the editor shows: in the reader's language, with the node and the reason. */
const readable = (error: unknown, language: 'zh' | 'en'): Error => {
  const refusal = error instanceof GatewayRefusal ? error : null;
  const title = refusal ? (language === 'zh' ? refusal.titleZh : refusal.titleEn) : language === 'zh' ? '服务暂不可用，流程未保存' : 'The service is not available; the flow was not saved';
  const faults = refusal?.faults ?? [];
  return Object.assign(new Error(faults.length > 0 ? `${title} (${text(faults, language)})` : title), {
    code: refusal?.code ?? 'service.unavailable',
    status: refusal?.status ?? 503,
  });
};

export const createStorage = (gateway: Gateway, signal: AbortSignal): FlowStorage => {
  let version = 0;
  let settings: unknown = {};
  const nothing = async (): Promise<never> => {
    throw Object.assign(new Error('not available here'), { code: 'forbidden', status: 403 });
  };
  return {
    version: () => version,
    module: {
      init: async () => {},
      getFlows: async () => {
        const current = await gateway.insist<{ version: number; flows: unknown[] }>('GET', 'flows', undefined, signal);
        version = current.version;
        return current.flows;
      },
      saveFlows: async (flows: unknown, user?: EditorUser) => {
        const language = user?.actor.language ?? 'zh';
        if (!user) throw Object.assign(new Error('not signed in'), { code: 'auth.required', status: 401 });
        try {
          const saved = await gateway.call<{ version: number }>('POST', 'flows', { flows, author: { personId: user.actor.personId } });
          version = saved.version;
        } catch (error) {
          throw readable(error, language);
        }
      },
      getCredentials: async () => ({}),
      saveCredentials: async () => {},
      getSettings: async () => settings,
      saveSettings: async (next: unknown) => {
        settings = next;
      },
      getSessions: async () => ({}),
      saveSessions: async () => {},
      getLibraryEntry: async () => [],
      saveLibraryEntry: nothing,
    },
  };
};
