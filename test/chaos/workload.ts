/**
 * People who close cases through the HTTP interface while processes die. Every act is an intent with its own
 * Idempotency-Key and ends as answered, refused or unknown; what is answered is compared with the record at the end. The
 * policy of the park has seconds where others have days, so that deadlines, reminders, supervision and look-backs run out
 * meanwhile; some people come too late, some do nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ASSETS, ORGANISATIONS, PEOPLE } from '../../deploy/demo-park/park.ts';
import { ParkClient, UnknownOutcome } from '../../deploy/demo-park/park-client.ts';
import type { Answer, Problem } from '../../deploy/demo-park/park-client.ts';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import type { DemoAccount } from '../../deploy/demo-park/seed.ts';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import type { HazardState, PersonCommandName } from '../../domain/hazard.ts';
import { MOVES } from '../../domain/hazard.ts';
import type { ParkPolicy } from '../../domain/policy.ts';
import { requiredFields } from '../factories/report-fields.ts';
import type { Random } from './random.ts';
import { randomOf } from './random.ts';
import { EXCURSION_ASSETS } from './telemetry.ts';

const S = 1_000;

/** In force from the start of the work on. */
export const SHORT_POLICY: Partial<ParkPolicy> = {
  triageMs: 45 * S,
  dispatchMs: 45 * S,
  rectifyMs: { general: 60 * S, major: 90 * S },
  extension: { maxCount: 2, maxMs: { general: 60 * S, major: 90 * S } },
  pause: { maxCount: 1, maxMs: 60 * S },
  lookBackMs: { general: [15 * S], major: [10 * S, 20 * S] },
  lookBackGraceMs: 20 * S,
  delistMs: 30 * S,
  supervisionMs: { 1: 25 * S, 2: 20 * S, 3: 15 * S },
  remindBeforeMs: [30 * S, 10 * S],
  mergeWindowMs: 60 * S,
  classCheckMs: 600 * S,
};

/** What a person does, or how long they let things be. `body` is completed from the case as it is then. */
export type Act = { by: string; act: PersonCommandName; body: Record<string, unknown> } | { waitMs: number } | { until: 'lookBackDue' | 'overdue' } | { report: 'again' | 'twin' };
export interface CasePlan { index: number; reporter: string; report: Record<string, unknown>; tenantId: string; acts: Act[] }

/** What became of an intent. */
export interface Outcome {
  caseIndex: number;
  key: string;
  command: 'report' | PersonCommandName;
  hazardId: string | null;
  reportId: string | null;
  kind: 'answered' | 'refused' | 'unknown';
  /** Number of the transition that the answer names. */
  seq: number | null;
  by: string;
  actor: { personId: string; orgId: string; role: string } | null;
  body: Record<string, unknown> | null;
  /** Epoch ms. */
  sentAt: number;
  answeredAt: number;
  /** Attempts whose outcome was unknown before this one was known. */
  unknownBefore: number;
  code: string | null;
}

interface HazardView {
  id: string; state: HazardState; seq: number; needsOwner: boolean; grade: string | null; dueAt: string | null; overdue: boolean; point: unknown; listed: unknown; paused: unknown; extension: unknown;
  items: { itemId: string; state: string }[]; lookBacks: { n: number; state: string }[]; responsible: { id: string } | null;
}
interface ActAnswer { transition: { seq: number; command: string }; hazard: HazardView }

const named = (role: string): string[] => PEOPLE.filter((p) => p.memberships[0]!.role === role).map((p) => p.username);
const INSPECTORS = named('inspector');
const OFFICE = named('emergency_office');
const HEAD = named('park_admin')[0]!;
const officersOf = (tenantId: string): string[] => PEOPLE.filter((p) => p.memberships.some((m) => m.orgId === tenantId && m.role === 'enterprise_safety_officer')).map((p) => p.username);
const personOf = (username: string) => PEOPLE.find((p) => p.username === username)!;
const MANUAL_TYPES = Object.keys(HAZARD_TYPES).filter((t) => t !== 'over_limit');

/** Each pair of asset and type once: two reports of one kind at one place would be one case. */
const PLACES = ASSETS.filter((a) => a.kind !== 'beacon' && !EXCURSION_ASSETS.includes(a.id)).flatMap((a) => MANUAL_TYPES.map((type) => ({ type, assetId: a.id, tenantId: a.tenantId })));
const ENTERPRISES = ORGANISATIONS.filter((o) => o.kind === 'enterprise').map((o) => o.id);

const planActs = (random: Random, tenantId: string, hasAsset: boolean): Act[] => {
  const acts: Act[] = [];
  const chance = (p: number): boolean => random.next() < p;
  const inspector = (): string => random.pick(INSPECTORS);
  const office = (): string => random.pick(OFFICE);
  const judge = (): string => random.pick([...INSPECTORS, ...OFFICE]);
  const officers = officersOf(tenantId);
  let officer = random.pick(officers);
  const act = (by: string, name: PersonCommandName, body: Record<string, unknown> = {}): void => { acts.push({ by, act: name, body }); };
  const wait = (least: number, most: number): void => { acts.push({ waitMs: random.int(least * S, most * S) }); };

  if (chance(0.1)) {
    act(office(), 'dismiss', { reason: '现场核实不构成隐患' });
    if (chance(0.4)) return acts;
    act(office(), 'reconsider', { reason: '复查后发现仍有泄漏' });
  }
  if (hasAsset && chance(0.15)) acts.push({ report: 'again' });
  const major = chance(0.3);
  if (chance(0.06)) {
    act(office(), 'redirect', { reason: '属相邻企业管理', tenantId: random.pick(ENTERPRISES.filter((e) => e !== tenantId)) });
    return acts;
  }
  if (chance(0.12)) {
    acts.push({ report: 'twin' });
    if (chance(0.25)) return acts;
  }
  const triage = (): void => act(inspector(), 'triage', { grade: major ? 'major' : 'general', reason: '现场判断' });
  const dispatch = (): void => act(office(), 'dispatch', { responsibleId: personOf(officer).id });
  triage();
  dispatch();
  if (chance(0.08)) {
    act(officer, 'returnDispatch', { reason: '不属于本单位范围' });
    dispatch();
  }
  if (chance(0.08)) {
    act(office(), 'reassess', { reason: '分级需要重新判断' });
    triage();
    dispatch();
  }
  if (major && chance(0.5)) act(HEAD, 'list', { level: random.pick(['park', 'county', 'city']), reason: '重大隐患挂牌督办' });
  if (officers.length > 1 && chance(0.5)) {
    const other = officers.find((o) => o !== officer)!;
    act(random.pick([officer, office()]), 'handover', { responsibleId: personOf(other).id, reason: '岗位调整' });
    officer = other;
  }
  act(officer, 'start', { note: '开始整改' });
  if (major || chance(0.15)) act(officer, 'plan', { interimMeasures: '停用并隔离', measures: '更换阀门', costYuan: random.int(100, 90_000) });
  if (chance(0.15)) {
    act(officer, 'requestExtension', { reason: '备件未到' });
    if (chance(0.25)) act(officer, 'withdrawExtension', { reason: '备件已到' });
    else if (chance(0.8)) act(major ? HEAD : random.pick([HEAD, office()]), 'decideExtension', { granted: chance(0.6), reason: '按现场情况决定' });
  }
  if (chance(0.1)) {
    act(HEAD, 'pause', { reason: '等待停车检修' });
    if (chance(0.5)) act(HEAD, 'resume', { reason: '检修提前' });
    else wait(8, 12);
  }
  const split = chance(0.2);
  if (split) act(random.pick([officer, office()]), 'split', { reason: '分项整改', items: Array.from({ length: random.int(2, 3) }, (_, i) => ({ title: `整改项 ${i + 1}` })) });
  const progress = (): void => { for (let i = random.int(0, 2); i > 0; i--) act(officer, 'progress', { note: `进展 ${i}`, evidence: [] }); };
  progress();
  if (chance(0.12)) acts.push({ until: 'overdue' });
  act(officer, 'submit', { note: '整改完成' });
  if (chance(0.08)) {
    act(officer, 'withdraw', { reason: '补充材料' });
    act(officer, 'submit', { note: '补充后提交' });
  }
  for (let rejections = chance(0.25) ? random.int(1, 3) : 0; rejections > 0; rejections--) {
    act(judge(), 'reject', { reason: '整改不到位' });
    progress();
    act(officer, 'submit', { note: '再次提交' });
  }
  if (split && chance(0.6)) {
    act(judge(), 'acceptItems', { reason: '部分项合格' });
    act(officer, 'submit', { note: '其余项完成' });
  }
  const signer = inspector();
  const named = chance(0.1);
  if (named) act(office(), 'addSigner', { personId: personOf(signer).id, reason: '需专业会签' });
  if (major || named) act(signer, 'sign', { note: '同意' });
  // Now and then somebody who may not.
  if (chance(0.1)) act(officer, 'accept', { note: '自行验收' });
  act(random.pick([...INSPECTORS, ...OFFICE].filter((p) => p !== signer)), 'accept', { note: '验收合格' });
  if (major) act(HEAD, 'delist', { reason: '整改合格，摘牌' });
  if (chance(0.4)) {
    acts.push({ until: 'lookBackDue' });
    const passed = chance(0.7);
    act(judge(), 'lookBack', { passed, note: passed ? '未见反弹' : '再次渗漏' });
    if (!passed) dispatch();
  } else if (chance(0.15)) {
    act(office(), 'reopen', { reason: '同一部位再次泄漏' });
    dispatch();
    act(officer, 'start');
  }
  // Some cases stay where they are: nobody does anything, and clocks run out.
  return chance(0.2) ? acts.slice(0, random.int(0, acts.length - 1)) : acts;
};

/** The n-th case of a seed. */
export const planCase = (seed: number, index: number): CasePlan => {
  const random = randomOf(seed, `case ${index}`);
  const places = randomOf(seed, 'places').shuffle(PLACES);
  const place = index % 2 === 0 ? places[index / 2] : undefined;
  const tenantId = place?.tenantId ?? random.pick(ENTERPRISES);
  const report = place
    ? { type: place.type, assetId: place.assetId }
    : { type: random.pick(MANUAL_TYPES), tenantId, point: { type: 'Point', coordinates: [120.71 + random.int(0, 999) / 100_000, 33.21] } };
  return { index, reporter: random.pick(INSPECTORS), tenantId, report: { ...report, fields: requiredFields(report.type), title: `隐患 ${index}`, description: `第 ${index} 起` }, acts: planActs(random, tenantId, place !== undefined) };
};

export class Workload {
  readonly outcomes: Outcome[] = [];
  /** Answers that contradict what was promised: a repeated call that got another answer. */
  readonly contradictions: string[] = [];
  /** The work is over: waits end, acts that are under way are answered. */
  over = false;
  private readonly seed: number;
  private readonly clients: Map<string, ParkClient>;
  private readonly photo: { sha256: string; mediaType: string };
  private readonly counter: { unknown: number };

  private constructor(seed: number, clients: Map<string, ParkClient>, photo: { sha256: string; mediaType: string }, counter: { unknown: number }) {
    this.seed = seed;
    this.clients = clients;
    this.photo = photo;
    this.counter = counter;
  }

  static async signIn(seed: number, url: string, accounts: readonly DemoAccount[], patienceMs: number): Promise<Workload> {
    const clients = new Map<string, ParkClient>();
    const counter = { unknown: 0 };
    for (const account of accounts) {
      const client = new ParkClient(url, account, { patienceMs, timeoutMs: 25_000, onUnknown: () => { counter.unknown += 1; } });
      await client.signIn();
      clients.set(account.username, client);
    }
    const bytes = makePhoto(`seed ${seed}`);
    // Everybody names only what they have uploaded themselves.
    const acting = [...INSPECTORS, ...OFFICE, HEAD, ...ENTERPRISES.flatMap(officersOf)];
    let photo: { sha256: string; mediaType: string } | undefined;
    for (const username of acting) photo = await clients.get(username)!.upload(bytes, 'image/png');
    return new Workload(seed, clients, photo!, counter);
  }

  /** Attempts so far whose outcome was unknown when they ended. */
  get unknownAttempts(): number { return this.counter.unknown; }
  get answered(): number { return this.outcomes.filter((o) => o.kind === 'answered').length; }

  private client(username: string): ParkClient { return this.clients.get(username)!; }

  private async intend<T>(plan: CasePlan, step: string, by: string, command: Outcome['command'], hazardId: string | null, body: Record<string, unknown>, call: (key: string) => Promise<Answer<T>>): Promise<T | null> {
    const key = `chaos-${this.seed}-${plan.index}-${step}`;
    const person = personOf(by);
    const { act: _act, clientAt: _clientAt, ...said } = body;
    const base = { caseIndex: plan.index, key, command, hazardId, reportId: null, by, actor: { personId: person.id, orgId: person.memberships[0]!.orgId, role: person.memberships[0]!.role }, body: said, sentAt: Date.now() };
    let answer: Answer<T>;
    try {
      answer = await call(key);
    } catch (error) {
      if (!(error instanceof UnknownOutcome)) throw error;
      this.outcomes.push({ ...base, answeredAt: Date.now(), kind: 'unknown', seq: null, unknownBefore: 0, code: error.message });
      return null;
    }
    const answeredAt = Date.now();
    const unknownBefore = answer.attempts - 1;
    if (answer.status >= 300) {
      this.outcomes.push({ ...base, answeredAt, kind: 'refused', seq: null, unknownBefore, code: (answer.body as Problem | null)?.code ?? String(answer.status) });
      return null;
    }
    const got = answer.body as unknown as Partial<ActAnswer> & { hazardId?: string; reportId?: string };
    this.outcomes.push({ ...base, answeredAt, hazardId: hazardId ?? got.hazardId ?? null, reportId: got.reportId ?? null, kind: 'answered', seq: got.transition?.seq ?? null, unknownBefore, code: null });
    // Now and then the same call once more, as an impatient phone does: it must be told the same.
    if (randomOf(this.seed, key).next() < 0.1) {
      const again = await call(key).catch(() => null);
      const seq = (again?.body as Partial<ActAnswer> | null)?.transition?.seq ?? null;
      const id = (again?.body as { reportId?: string } | null)?.reportId ?? null;
      if (again && (again.status >= 300 || seq !== (got.transition?.seq ?? null) || id !== (got.reportId ?? null))) this.contradictions.push(`${key} ${command}: first ${JSON.stringify(got.transition ?? got.reportId)}, then ${again.status} ${JSON.stringify(again.body)}`);
    }
    return answer.body;
  }

  private async look(hazardId: string, holds: (h: HazardView) => boolean, timeoutMs: number, everyMs = 250): Promise<HazardView | null> {
    const client = this.client(OFFICE[0]!);
    const end = performance.now() + timeoutMs;
    let last: HazardView | null = null;
    for (;;) {
      const answer = await client.get<HazardView>(`/api/v1/hazards/${hazardId}`).catch(() => null);
      if (answer?.status === 200) {
        last = answer.body;
        if (holds(last)) return last;
      }
      if (performance.now() > end) return last;
      await sleep(everyMs);
    }
  }

  private async report(plan: CasePlan, step: string, report: Record<string, unknown>): Promise<string | null> {
    const body = { ...report, photos: [this.photo], clientAt: new Date().toISOString() };
    const reported = await this.intend<{ hazardId: string }>(plan, step, plan.reporter, 'report', null, body, (key) => this.client(plan.reporter).post('/api/v1/hazards', body, key));
    if (!reported) return null;
    const { hazardId } = reported;
    // A report that came as its case closed is a case of its own; it is found in the record.
    if (!(await this.look(hazardId, () => true, 120_000))) throw new Error(`case ${hazardId} was answered and is not there after 120 s`);
    return hazardId;
  }

  /** The act with what depends on the case as it is now. */
  private bodyOf(act: Extract<Act, { act: string }>, h: HazardView): Record<string, unknown> {
    const at = (ms: number): string => new Date(ms).toISOString();
    const due = h.dueAt === null ? Date.now() : Date.parse(h.dueAt);
    const site = h.grade === 'major' ? { evidence: [this.photo], site: (h.point as object | null) ?? { type: 'Point', coordinates: [120.71, 33.21] } } : {};
    const more = (): Record<string, unknown> => {
      switch (act.act) {
        case 'submit': return { evidence: [this.photo] };
        case 'requestExtension': return { dueAt: at(due + 30 * S) };
        case 'pause': return { until: at(Date.now() + 10 * S) };
        case 'split': return { items: (act.body.items as { title: string }[]).map((i, n) => ({ ...i, ...(n === 0 && due > Date.now() + 10 * S ? { dueAt: at(Math.floor((due + Date.now()) / 2)) } : {}) })) };
        case 'sign':
        case 'accept': return site;
        case 'acceptItems': return { itemIds: [h.items.find((i) => i.state === 'submitted')?.itemId ?? 'none'], ...site };
        case 'lookBack': return { n: h.lookBacks.find((l) => l.state === 'due')?.n ?? 1, evidence: [this.photo] };
        default: return {};
      }
    };
    return { act: act.act, ...act.body, ...more(), clientAt: at(Date.now()) };
  }

  private async act(plan: CasePlan, step: string, hazardId: string, by: string, body: Record<string, unknown>): Promise<void> {
    const name = body.act as PersonCommandName;
    await this.intend<ActAnswer>(plan, step, by, name, hazardId, body, (key) => this.client(by).act(hazardId, body, key));
  }

  /** A second case of the same enterprise, merged into the first, and perhaps taken out again. */
  private async twin(plan: CasePlan, step: string, hazardId: string, undo: boolean): Promise<void> {
    const twin = await this.report(plan, `${step}-twin`, { type: 'leak', tenantId: plan.tenantId, point: { type: 'Point', coordinates: [120.715, 33.215] }, fields: requiredFields('leak'), title: `重复 ${plan.index}`, description: '同一处' });
    if (twin === null) return;
    const act = (n: number, name: PersonCommandName, more: Record<string, unknown>) => this.act(plan, `${step}-twin-${n}`, twin, INSPECTORS[0]!, { act: name, ...more, clientAt: new Date().toISOString() });
    await act(1, 'merge', { intoHazardId: hazardId, reason: '与另一上报为同一隐患' });
    if (undo) await act(2, 'unmerge', { reason: '实为两处' });
  }

  private async pass(hazardId: string, until: Extract<Act, { until: string }>['until']): Promise<void> {
    const end = performance.now() + 150 * S;
    const holds = (h: HazardView): boolean => (until === 'overdue' ? h.overdue || h.state !== 'rectifying' : h.lookBacks.some((l) => l.state === 'due') || h.state !== 'archived' || h.lookBacks.length === 0);
    while (!this.over && performance.now() < end) {
      const seen = await this.look(hazardId, holds, 4_000, 2_000);
      if (seen && holds(seen)) return;
    }
  }

  /** Drives one case as planned. What the case is not ready for is left out, mostly; what is refused is kept. */
  async drive(plan: CasePlan): Promise<void> {
    const random = randomOf(this.seed, `drive ${plan.index}`);
    const hazardId = await this.report(plan, '0', plan.report);
    if (hazardId === null) return;
    for (const [i, act] of plan.acts.entries()) {
      if (this.over) return;
      const step = String(i + 1);
      if ('waitMs' in act) {
        for (const end = performance.now() + act.waitMs; performance.now() < end && !this.over;) await sleep(200);
      } else if ('until' in act) await this.pass(hazardId, act.until);
      else if ('report' in act) {
        if (act.report === 'again') await this.report(plan, step, plan.report);
        else await this.twin(plan, step, hazardId, random.next() < 0.5);
      } else {
        // Where one person answers for the enterprise the case dispatches itself; give it the time.
        const seen = await this.look(hazardId, (h) => act.act !== 'dispatch' || h.state !== 'triaged' || h.needsOwner, 5_000);
        if (!seen) continue;
        const ready = MOVES[act.act].from.includes(seen.state)
          && (act.act !== 'delist' || seen.listed !== null) && (act.act !== 'resume' || seen.paused !== null) && (!['withdrawExtension', 'decideExtension'].includes(act.act) || seen.extension !== null);
        if (!ready && random.next() > 0.05) continue;
        await this.act(plan, step, hazardId, act.by, this.bodyOf(act, seen));
      }
    }
  }
}
