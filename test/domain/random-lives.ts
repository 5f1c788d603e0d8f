/** Random lives of cases through the whole automaton: people who try what they may, clocks that run out, duplicates, successors. */
import type { HazardCase, HazardCommand, HazardEffect, HazardReport, Step, TransitionRecord } from '../../domain/hazard.ts';
import { checkMove, consequences, dueMove, openCase, PERSON_COMMANDS, step } from '../../domain/hazard.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import type { Actor } from '../../domain/permissions.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Random } from '../chaos/random.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
export const photo = { sha256: 'c'.repeat(64), mediaType: 'image/jpeg' };

export interface Life {
  hazardId: string;
  tenantId: string;
  /** The first opens the case. */
  steps: Step[];
}

export interface LifeOptions {
  tenants: readonly string[];
  types: readonly HazardType[];
  startAt: number;
  /** At most so many acts of people. */
  acts: number;
}

const park = (role: 'park_admin' | 'emergency_office' | 'inspector'): Actor => ({ personId: `p-${role}`, role, orgId: 'office', orgKind: 'park_department', orgIds: ['office'] });
const PARK = [park('park_admin'), park('emergency_office'), park('inspector')];
const officer = (tenantId: string, n: number): Actor => ({ personId: `p-${tenantId}-${n}`, role: 'enterprise_safety_officer', orgId: tenantId, orgKind: 'enterprise', orgIds: [tenantId] });

const contentOf = (name: (typeof PERSON_COMMANDS)[number], c: HazardCase, at: number, random: Random, options: LifeOptions): HazardCommand => {
  const reason = '说明';
  const evidence = [photo];
  const site = c.point ?? { type: 'Point' as const, coordinates: [121, 31] as [number, number] };
  const responsibleId = `p-${c.tenantId}-${random.int(1, 3)}`;
  const submitted = c.items.filter((i) => i.state === 'submitted').map((i) => i.itemId);
  switch (name) {
    case 'triage': return { name, grade: random.next() < 0.8 ? 'general' : 'major', reason, ...(random.next() < 0.3 ? { type: random.pick(options.types) } : {}) };
    case 'dispatch': return { name, responsibleId };
    case 'handover': return { name, responsibleId, reason };
    case 'plan': return { name, interimMeasures: '围挡', measures: '更换', costYuan: 100 };
    case 'progress': return { name, note: '进展', evidence };
    case 'split': return { name, items: [1, 2].map((n) => ({ itemId: `i${c.seq}.${n}`, title: `项 ${n}`, dueAt: n === 1 && c.dueAt !== null && c.dueAt - at > 2 * HOUR ? c.dueAt - HOUR : null })), reason };
    case 'submit': return { name, note: '完成', evidence, ...(random.next() < 0.4 && c.items.length > 1 ? { itemIds: [c.items.find((i) => i.state === 'open')?.itemId ?? ''] } : {}) };
    case 'requestExtension': return { name, dueAt: (c.dueAt ?? at) + random.int(1, 5) * DAY, reason };
    case 'decideExtension': return { name, granted: random.next() < 0.7, reason };
    case 'redirect': return { name, tenantId: random.pick(options.tenants.filter((t) => t !== c.tenantId)), successorId: `${c.hazardId}.${c.seq}`, reason };
    case 'pause': return { name, until: at + random.int(1, 5) * DAY, reason };
    case 'addSigner': return { name, personId: 'p-inspector', orgIds: ['office'], reason };
    case 'sign': return { name, note: '合格', evidence, site };
    case 'acceptItems': return { name, itemIds: submitted.slice(0, 1), reason, evidence, site };
    case 'accept': return { name, note: '合格', evidence, site };
    case 'list': return { name, level: 'park', reason };
    case 'merge': return { name, intoHazardId: `${c.hazardId}-target`, reason };
    case 'lookBack': return { name, n: c.lookBacks.find((l) => l.state === 'due')?.n ?? 1, passed: random.next() < 0.6, note: '回头看', evidence };
    case 'start': return { name };
    case 'returnDispatch': case 'withdraw': case 'withdrawExtension': case 'reassess': case 'resume': case 'reject': case 'delist': case 'dismiss': case 'unmerge': case 'reopen': case 'reconsider':
      return { name, reason };
  }
};

/** Ways out are rarer than the way on, so that lives go far. */
const RARE = ['dismiss', 'merge', 'redirect', 'reassess', 'returnDispatch', 'pause', 'reject', 'withdraw', 'addSigner', 'split'];

/** One life, and those of its successors at other enterprises. */
export const randomLives = (random: Random, hazardId: string, options: LifeOptions, from?: { tenantId: string; predecessor: HazardReport['predecessor']; at: number }, policy: ParkPolicy = DEFAULT_POLICY): Life[] => {
  const tenantId = from?.tenantId ?? random.pick(options.tenants);
  let at = from?.at ?? options.startAt;
  const report: HazardReport = {
    reportId: `r-${hazardId}`, origin: 'manual', type: random.pick(options.types), title: '隐患', description: '描述', reporterId: 'p-reporter', assetId: null, zoneId: null, point: null, statutory: false, event: null,
    receivedAt: at, clientAt: at, evidence: [photo], ...(from?.predecessor ? { predecessor: from.predecessor } : {}),
  };
  const steps = [openCase({ hazardId, tenantId, report }, { commandId: `${hazardId}/1`, actor: null, at, policy })];
  const others: Life[] = [];
  const now = (): HazardCase => steps.at(-1)!.next;
  const apply = (command: HazardCommand, actor: Actor | null): boolean => {
    const taken = step(now(), command, { commandId: `${hazardId}/${now().seq + 1}`, actor, at, policy });
    if (!taken.ok) return false;
    steps.push(taken.value);
    for (const follow of consequences(taken.value.next, command, policy)) apply(follow, null);
    const successor = taken.value.effects.find((e): e is Extract<HazardEffect, { kind: 'successor' }> => e.kind === 'successor');
    if (successor && others.length < 3) others.push(...randomLives(random, successor.hazardId, options, { tenantId: successor.tenantId, predecessor: { hazardId, usedTriageMs: successor.usedTriageMs }, at }, policy));
    return true;
  };
  for (let n = 0; n < options.acts; n++) {
    const until = at + (now().state === 'archived' ? random.int(0, 40 * DAY) : random.next() < 0.7 ? random.int(0, 8 * HOUR) : random.int(0, 12 * DAY));
    for (let timer = dueMove(now(), until); timer; timer = dueMove(now(), until)) {
      at = Math.max(at, timer.at);
      if (!apply(timer.command, null)) throw new Error(`a due move was refused: ${JSON.stringify(timer)}`);
    }
    at = until;
    for (let tries = 0; tries < 12; tries++) {
      const actor = random.pick([...PARK, officer(now().tenantId, 1), officer(now().tenantId, 2)]);
      const possible = PERSON_COMMANDS.filter((name) => checkMove(now(), name, actor).ok && (!RARE.includes(name) || random.next() < 0.15));
      if (possible.length > 0 && apply(contentOf(random.pick(possible), now(), at, random, options), actor)) break;
    }
  }
  return [{ hazardId, tenantId, steps }, ...others];
};

export const recordsOf = (life: Life): TransitionRecord[] => life.steps.map((s) => s.record);
