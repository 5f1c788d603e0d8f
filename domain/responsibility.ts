/**
 * Who was responsible for a case at an instant, told by its transitions alone. Pure.
 *
 * The holder is whoever has the next move of the case:
 * - reported: the park, to grade it (also after a reassessment, an unmerge or a reconsideration);
 * - triaged: the park, to dispatch it (also after a declined dispatch or a reopening: the firm that declined, or whose fix
 *   did not last, is not responsible until it is dispatched to again);
 * - dispatched, rectifying: the enterprise, and in it the person named by the dispatch or the last handover. A withdrawn
 *   submission, a rejection or the acceptance of a part gives the case back to that person;
 * - submitted: the park, to review it;
 * - accepted: the park where the case is still listed (to delist it), else nobody: archiving is the system's;
 * - archived: the park while a look-back is due, else nobody;
 * - dismissed: nobody. merged, redirected: nobody here; `continuedBy` is the case that has it.
 *
 * A pause changes no holder: `paused` says that the clock stands still. A transition holds from its own instant on; of
 * several at one instant the last counts. Before the first transition nobody is responsible (`sinceSeq` 0); after the last
 * whoever was then still is.
 */
import type { CommandName, HazardState, TransitionRecord } from './hazard-case.ts';

export type Responsibility = 'triage' | 'dispatch' | 'rectify' | 'review' | 'delist' | 'look_back';

export interface Responsible {
  what: Responsibility | null;
  holder: 'park' | 'enterprise' | null;
  /** The enterprise, where it is the holder. */
  orgTenantId: string | null;
  personId: string | null;
  /** The clock of the holder stands still. */
  paused: boolean;
  /** The transition from which on it is so; 0 before the first. */
  sinceSeq: number;
  /** Epoch ms of that transition. */
  since: number | null;
  /** The case that went on in place of this one. */
  continuedBy: string | null;
}

type Told = Pick<TransitionRecord, 'seq' | 'command' | 'to' | 'serverAt' | 'payload'>;

const NOBODY: Responsible = { what: null, holder: null, orgTenantId: null, personId: null, paused: false, sinceSeq: 0, since: null, continuedBy: null };

const PARK_DUTY: Partial<Record<HazardState, Responsibility>> = { reported: 'triage', triaged: 'dispatch', submitted: 'review' };
const ENTERPRISE: readonly HazardState[] = ['dispatched', 'rectifying', 'submitted'];

/** Commands that change no responsibility: a case may have very many, and none of them need be read. */
export const WITHOUT_CONSEQUENCE = ['join', 'remind', 'progress'] as const satisfies readonly CommandName[];

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** `transitions`: those of one case, ascending in seq; `tenantId`: the enterprise that the case belongs to. `t`: epoch ms. */
export const responsibleAt = (tenantId: string, transitions: readonly Told[], t: number): Responsible => {
  let now = NOBODY;
  let person: string | null = null;
  let listed = false;
  let paused = false;
  const dueLookBacks = new Set<number>();
  for (const { seq, command, to, serverAt, payload } of transitions) {
    // The instants of a case never go back: what follows is later.
    if (serverAt > t) break;
    if (command === 'dispatch' || command === 'handover') person = text(payload.responsibleId);
    else if (!ENTERPRISE.includes(to)) person = null;
    if (command === 'list') listed = true;
    if (command === 'delist' || command === 'reassess') listed = false;
    if (command === 'pause') paused = true;
    else if (command === 'resume' || !ENTERPRISE.includes(to)) paused = false;
    if (command === 'lookBackDue') dueLookBacks.add(Number(payload.n));
    if (command === 'lookBack') dueLookBacks.delete(Number(payload.n));
    if (command === 'reopen') dueLookBacks.clear();

    const park = to === 'accepted' ? (listed ? 'delist' : null) : to === 'archived' ? (dueLookBacks.size > 0 ? 'look_back' : null) : (PARK_DUTY[to] ?? null);
    const enterprise = to === 'dispatched' || to === 'rectifying';
    const next: Responsible = {
      what: enterprise ? 'rectify' : park,
      holder: enterprise ? 'enterprise' : park === null ? null : 'park',
      orgTenantId: enterprise ? tenantId : null,
      personId: enterprise ? person : null,
      paused: enterprise && paused,
      sinceSeq: seq,
      since: serverAt,
      continuedBy: command === 'merge' ? text(payload.intoHazardId) : command === 'redirect' ? text(payload.successorId) : to === 'merged' || to === 'redirected' ? now.continuedBy : null,
    };
    now = isSame(now, next) ? { ...next, sinceSeq: now.sinceSeq, since: now.since } : next;
  }
  return now;
};

/** The same duty in the same hands: a pause, a reminder or progress changes nothing of that. */
const isSame = (a: Responsible, b: Responsible): boolean =>
  a.sinceSeq > 0 && a.what === b.what && a.holder === b.holder && a.orgTenantId === b.orgTenantId && a.personId === b.personId && a.continuedBy === b.continuedBy;
