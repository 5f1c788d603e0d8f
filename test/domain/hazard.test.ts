import { describe, expect, test } from '@jest/globals';
import type { HazardCase, HazardReport, PersonCommand, Step, SystemCommand } from '../../domain/hazard.ts';
import { allowedActs, checkCommand, consequences, nextTimer, openCase, step } from '../../domain/hazard.ts';
import type { Actor } from '../../domain/permissions.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';

const HOUR = 3_600_000;
const T0 = Date.UTC(2026, 10, 24, 0, 0, 0);

const park = (personId: string, role: Actor['role'] = 'inspector', orgIds = ['org-park']): Actor => ({ personId, role, orgId: 'org-park', orgKind: 'park_department', orgIds });
const firm = (personId: string, orgId = 'ent-1'): Actor => ({ personId, role: 'enterprise_safety_officer', orgId, orgKind: 'enterprise', orgIds: [orgId] });
const photo = { sha256: 'a'.repeat(64), mediaType: 'image/jpeg' };

const report = (more: Partial<HazardReport> = {}): HazardReport => ({
  reportId: 'r1', origin: 'manual', type: 'leak', title: 'Leak at flange', description: 'Drops under the flange', reporterId: 'p-reporter', assetId: 'a1', zoneId: null,
  point: null, statutory: false, event: null, receivedAt: T0, clientAt: T0, evidence: [photo], ...more,
});

const open = (more: Partial<HazardReport> = {}): HazardCase =>
  openCase({ hazardId: 'h1', tenantId: 'ent-1', report: report(more) }, { commandId: 'c0', actor: null, at: T0, policy: DEFAULT_POLICY }).next;

const take = (c: HazardCase, command: PersonCommand | SystemCommand, actor: Actor | null, at = c.lastAt + HOUR): Step => {
  const result = step(c, command, { commandId: `c${c.seq}`, actor, at, policy: DEFAULT_POLICY });
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return result.value;
};
const refusal = (c: HazardCase, command: PersonCommand | SystemCommand, actor: Actor | null): string | null => {
  const result = checkCommand(c, command, actor, c.lastAt + HOUR, DEFAULT_POLICY);
  return result.ok ? null : result.refusal.code;
};

const triage = { name: 'triage', grade: 'general', reason: 'no release yet' } as const;
const dispatch = { name: 'dispatch', responsibleId: 'p-officer' } as const;
const submit: PersonCommand = { name: 'submit', note: 'gasket changed', evidence: [photo] };
const accept = { name: 'accept', note: 'tight at test pressure' } as const;

const dispatched = (): HazardCase => take(take(open(), triage, park('p-inspector')).next, dispatch, null).next;
const submitted = (): HazardCase => take(take(dispatched(), { name: 'start' }, firm('p-worker')).next, submit, firm('p-worker')).next;

describe('separation of duties', () => {
  const c = submitted();
  test('the rectifier may not accept, whatever role or account the same person uses', () => {
    expect(refusal(c, accept, firm('p-worker'))).toBe('hazard.self_acceptance');
    expect(refusal(c, accept, park('p-worker'))).toBe('hazard.self_acceptance');
    expect(refusal(c, accept, park('p-officer'))).toBe('hazard.self_acceptance');
  });
  test('nobody of the enterprise may accept, even when they also have a role in the park', () => {
    expect(refusal(c, accept, firm('p-other'))).toBe('hazard.acceptor_from_enterprise');
    expect(refusal(c, accept, park('p-double', 'inspector', ['org-park', 'ent-1']))).toBe('hazard.acceptor_from_enterprise');
  });
  test('somebody else of the park may', () => {
    expect(refusal(c, accept, park('p-inspector-2'))).toBeNull();
    expect(allowedActs(c, park('p-inspector-2'))).toEqual(['handover', 'accept', 'reject']);
  });
  test('another enterprise is told that there is no such case', () => {
    expect(refusal(dispatched(), { name: 'start' }, firm('p-x', 'ent-2'))).toBe('hazard.not_found');
  });
  test('whoever reported may not dismiss; a statutory case is never dismissed', () => {
    const dismiss = { name: 'dismiss', reason: 'seen on site: condensate, no leak' } as const;
    expect(refusal(open(), dismiss, park('p-reporter', 'emergency_office'))).toBe('hazard.reporter_dismisses');
    expect(refusal(open({ statutory: true }), dismiss, park('p-1', 'emergency_office'))).toBe('hazard.statutory_dismissal');
    expect(refusal(open(), dismiss, park('p-1', 'emergency_office'))).toBeNull();
  });
});

describe('the clock of a case', () => {
  test('rectification is due so long after the dispatch, by grade, and only acceptance stops it', () => {
    const c = dispatched();
    expect(c.dueAt).toBe(c.lastAt + DEFAULT_POLICY.rectifyMs.general);
    const rejected = take(submitted(), { name: 'reject', reason: 'still drips' }, park('p-i')).next;
    expect(rejected.deadlines.find((d) => d.kind === 'rectify')?.dueAt).toBe(submitted().deadlines.find((d) => d.kind === 'rectify')?.dueAt);
    expect(take(submitted(), accept, park('p-i')).next.deadlines).toEqual([]);
  });
  test('reminders come before the due instant and after it, in order, each once', () => {
    let c = dispatched();
    const instants: number[] = [];
    for (let timer = nextTimer(c); timer; timer = nextTimer(c)) {
      instants.push(timer.at);
      c = take(c, timer.command, null, timer.at).next;
    }
    const due = dispatched().dueAt ?? 0;
    expect(instants).toEqual([due - 72 * HOUR, due - 24 * HOUR, due - 2 * HOUR, due, due + 24 * HOUR, due + 96 * HOUR]);
    expect(c.overdue).toBe(true);
  });
  test('a due instant that passes while the case waits for review opens supervision of the review', () => {
    const c = submitted();
    const breach = { name: 'breach', deadline: 'rectify', level: 0 } as const;
    const after = take(c, breach, null, c.dueAt ?? 0).next;
    expect(consequences(after, breach, DEFAULT_POLICY)).toEqual([{ name: 'supervise', level: 1, cause: 'review_overdue' }]);
  });
  test('server time within a case never runs backwards', () => {
    const c = dispatched();
    expect(take(c, { name: 'start' }, firm('p-w'), c.lastAt - 10 * HOUR).record.serverAt).toBe(c.lastAt);
  });
  test('a dispatch that is overdue cannot be returned', () => {
    const late = take(dispatched(), { name: 'breach', deadline: 'rectify', level: 0 }, null).next;
    expect(refusal(late, { name: 'returnDispatch', reason: 'not ours' }, firm('p-officer'))).toBe('hazard.overdue');
  });
});

describe('extension', () => {
  const ask = (c: HazardCase): PersonCommand => ({ name: 'requestExtension', dueAt: (c.dueAt ?? 0) + 24 * HOUR, reason: 'parts are late' });
  const grant = { name: 'decideExtension', granted: true, reason: 'confirmed with the supplier' } as const;
  test('what was asked for in time is not granted to a case that is supervised by then', () => {
    const asked = take(take(dispatched(), { name: 'start' }, firm('p-worker')).next, ask(dispatched()), firm('p-worker')).next;
    expect(refusal(asked, grant, park('p-o', 'emergency_office'))).toBeNull();
    const rejected = take(asked, { name: 'supervise', level: 2, cause: 'rejected' }, null).next;
    expect(refusal(rejected, grant, park('p-o', 'emergency_office'))).toBe('hazard.overdue');
    expect(refusal(rejected, { ...grant, granted: false }, park('p-o', 'emergency_office'))).toBeNull();
  });
  test('the due instant moves to the granted one and to no other', () => {
    const c = take(dispatched(), { name: 'start' }, firm('p-worker')).next;
    const granted = take(take(c, ask(c), firm('p-worker')).next, grant, park('p-o', 'emergency_office')).next;
    expect(granted.dueAt).toBe((c.dueAt ?? 0) + 24 * HOUR);
    expect(refusal(take(c, ask(c), firm('p-worker')).next, { ...grant, dueAt: (c.dueAt ?? 0) + 48 * HOUR }, park('p-o', 'emergency_office'))).toBe('hazard.extension_invalid');
  });
});

describe('supervision', () => {
  test('rejections lead to level 2, the third to level 3; each level has its own deadline', () => {
    let c = submitted();
    const levels: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const reject = { name: 'reject', reason: 'not tight' } as const;
      c = take(c, reject, park('p-i')).next;
      for (const command of consequences(c, reject, DEFAULT_POLICY)) c = take(c, command, null, c.lastAt).next;
      levels.push(c.supervision);
      c = take(c, submit, firm('p-worker')).next;
    }
    expect(levels).toEqual([2, 2, 3]);
    expect(c.supervisionOpen).toBe(true);
  });
  test('overdue goes level by level and is exhausted after the third', () => {
    let c = dispatched();
    const breach = { name: 'breach', deadline: 'rectify', level: 0 } as const;
    c = take(c, breach, null, c.dueAt ?? 0).next;
    let queue: SystemCommand[] = consequences(c, breach, DEFAULT_POLICY);
    const levels: number[] = [];
    for (let command = queue.shift(); command; command = queue.shift()) {
      c = take(c, command, null, c.dueAt ?? c.lastAt).next;
      if (command.name === 'supervise') levels.push(c.supervision);
      const breached = { name: 'supervisionBreached', level: c.supervision as 1 | 2 | 3 } as const;
      queue = command.name === 'supervise' ? [breached] : consequences(c, command, DEFAULT_POLICY);
    }
    expect(levels).toEqual([1, 2, 3]);
    expect(c).toMatchObject({ supervisionExhausted: true, supervisionOpen: false });
  });
});

describe('content', () => {
  test('acts say what is missing', () => {
    expect(refusal(open(), { ...triage, reason: ' ' }, park('p'))).toBe('hazard.reason_required');
    expect(refusal(take(dispatched(), { name: 'start' }, firm('w')).next, { ...submit, evidence: [] }, firm('w'))).toBe('hazard.evidence_required');
  });
  test('a clock that differs too much is flagged on the transition', () => {
    const result = step(open(), triage, { commandId: 'x', actor: park('p'), at: T0 + HOUR, clientAt: T0, policy: DEFAULT_POLICY });
    expect(result.ok && result.value.record.clockSkew).toBe(true);
  });
  test('a person cannot make a move of the system', () => {
    expect(refusal(submitted(), { name: 'archive' }, park('p'))).toBe('permission.denied');
  });
});
