/** The chain of a case: each transition carries the hash of the one before it, so that none can be changed, taken out or put in alone. */
import { canonicalJson } from './canonical-json.ts';
import type { TransitionRecord } from './hazard-case.ts';

/** What the hash of a transition is taken over: SHA-256 of these characters in UTF-8, written in lower-case hex. `prevHash` is null for the first transition of a case. Instants are whole epoch milliseconds. */
export const chainContent = (hazardId: string, record: TransitionRecord, prevHash: string | null): string =>
  canonicalJson({
    v: 1,
    hazardId,
    seq: record.seq,
    cycle: record.cycle,
    command: record.command,
    commandId: record.commandId,
    from: record.from,
    to: record.to,
    actorId: record.actorId,
    actorOrgId: record.actorOrgId,
    actorRole: record.actorRole,
    serverAt: record.serverAt,
    clientAt: record.clientAt,
    clockSkew: record.clockSkew,
    reason: record.reason,
    payload: record.payload,
    prev: prevHash,
  });
