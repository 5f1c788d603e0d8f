/**
 * People who close cases through the HTTP interface while processes die. Every act is an intent with its own
 * Idempotency-Key and ends as answered, refused or unknown; what is answered is compared with the record at the end.
 */
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { requiredFields } from '../factories/report-fields.ts';
import type { HazardState, PersonCommandName } from '../../domain/hazard.ts';
import { ASSETS, ORGANISATIONS, PEOPLE } from '../../deploy/demo-park/park.ts';
import { ParkClient, UnknownOutcome } from '../../deploy/demo-park/park-client.ts';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import type { Answer, Problem } from '../../deploy/demo-park/park-client.ts';
import type { DemoAccount } from '../../deploy/demo-park/seed.ts';
import { EXCURSION_ASSETS } from './telemetry.ts';
import type { Random } from './random.ts';
import { randomOf } from './random.ts';

export interface Act { by: string; act: PersonCommandName; body: Record<string, unknown> }
export interface CasePlan { index: number; reporter: string; report: Record<string, unknown>; acts: Act[] }

/** What became of an intent. */
export interface Outcome {
  caseIndex: number;
  key: string;
  command: 'report' | PersonCommandName;
  hazardId: string | null;
  kind: 'answered' | 'refused' | 'unknown';
  /** Number of the transition that the answer names. */
  seq: number | null;
  by: string;
  /** Attempts whose outcome was unknown before this one was known. */
  unknownBefore: number;
  code: string | null;
}

interface HazardView { state: HazardState; seq: number; needsOwner: boolean }
interface ActAnswer { transition: { seq: number; command: string }; hazard: HazardView }

const INSPECTORS = PEOPLE.filter((p) => p.memberships[0]!.role === 'inspector').map((p) => p.username);
const OFFICE = PEOPLE.filter((p) => p.memberships[0]!.role === 'emergency_office').map((p) => p.username);
const officersOf = (tenantId: string): string[] => PEOPLE.filter((p) => p.memberships.some((m) => m.orgId === tenantId && m.role === 'enterprise_safety_officer')).map((p) => p.username);
const MANUAL_TYPES = Object.keys(HAZARD_TYPES).filter((t) => t !== 'over_limit');

/** Each pair of asset and type once: two reports of one kind at one place would be one case. */
const PLACES = ASSETS.filter((a) => a.kind !== 'beacon' && !EXCURSION_ASSETS.includes(a.id)).flatMap((a) => MANUAL_TYPES.map((type) => ({ type, assetId: a.id, tenantId: a.tenantId })));
const ENTERPRISES = ORGANISATIONS.filter((o) => o.kind === 'enterprise').map((o) => o.id);

const planActs = (random: Random, tenantId: string): Act[] => {
  const inspector = (): string => random.pick(INSPECTORS);
  const acts: Act[] = [];
  if (random.next() < 0.08) return [{ by: random.pick(OFFICE), act: 'dismiss', body: { reason: '现场核实不构成隐患' } }];
  acts.push({ by: inspector(), act: 'triage', body: { grade: random.next() < 0.3 ? 'major' : 'general', reason: '现场判断' } });
  const officer = random.pick(officersOf(tenantId));
  const dispatch = (): void => { acts.push({ by: random.pick(OFFICE), act: 'dispatch', body: { responsibleId: PEOPLE.find((p) => p.username === officer)!.id, note: '' } }); };
  dispatch();
  if (random.next() < 0.1) {
    acts.push({ by: officer, act: 'returnDispatch', body: { reason: '不属于本单位范围' } });
    dispatch();
  }
  acts.push({ by: officer, act: 'start', body: { note: '开始整改' } });
  const progress = (): void => { for (let i = random.int(0, 2); i > 0; i--) acts.push({ by: officer, act: 'progress', body: { note: `进展 ${i}`, evidence: [] } }); };
  progress();
  acts.push({ by: officer, act: 'submit', body: { note: '整改完成' } });
  for (let rejections = random.next() < 0.25 ? random.int(1, 2) : 0; rejections > 0; rejections--) {
    acts.push({ by: random.pick([...INSPECTORS, ...OFFICE]), act: 'reject', body: { reason: '整改不到位' } });
    progress();
    acts.push({ by: officer, act: 'submit', body: { note: '再次提交' } });
  }
  acts.push({ by: random.pick([...INSPECTORS, ...OFFICE]), act: 'accept', body: { note: '验收合格' } });
  // Some cases stay where they are, so that every state is in flight at the end.
  return random.next() < 0.12 ? acts.slice(0, random.int(0, acts.length - 1)) : acts;
};

/** The n-th case of a seed. */
export const planCase = (seed: number, index: number): CasePlan => {
  const random = randomOf(seed, `case ${index}`);
  const places = randomOf(seed, 'places').shuffle(PLACES);
  const place = places[index];
  const tenantId = place?.tenantId ?? random.pick(ENTERPRISES);
  const report = place
    ? { type: place.type, assetId: place.assetId }
    : { type: random.pick(MANUAL_TYPES), tenantId, point: { type: 'Point', coordinates: [120.71 + random.int(0, 999) / 100_000, 33.21] } };
  return { index, reporter: random.pick(INSPECTORS), report: { ...report, fields: requiredFields(report.type), title: `隐患 ${index}`, description: `第 ${index} 起` }, acts: planActs(random, tenantId) };
};

export class Workload {
  readonly outcomes: Outcome[] = [];
  /** Answers that contradict what was promised: a repeated call that got another answer. */
  readonly contradictions: string[] = [];
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
    const photo = await clients.get(INSPECTORS[0]!)!.upload(makePhoto(`seed ${seed}`), 'image/png');
    return new Workload(seed, clients, photo, counter);
  }

  /** Attempts so far whose outcome was unknown when they ended. */
  get unknownAttempts(): number { return this.counter.unknown; }
  get answered(): number { return this.outcomes.filter((o) => o.kind === 'answered').length; }

  private client(username: string): ParkClient { return this.clients.get(username)!; }

  private async intend<T>(plan: CasePlan, step: number, by: string, command: Outcome['command'], hazardId: string | null, call: (key: string) => Promise<Answer<T>>): Promise<T | null> {
    const key = `chaos-${this.seed}-${plan.index}-${step}`;
    const base = { caseIndex: plan.index, key, command, hazardId, by };
    let answer: Answer<T>;
    try {
      answer = await call(key);
    } catch (error) {
      if (!(error instanceof UnknownOutcome)) throw error;
      this.outcomes.push({ ...base, kind: 'unknown', seq: null, unknownBefore: 0, code: error.message });
      return null;
    }
    const unknownBefore = answer.attempts - 1;
    if (answer.status >= 300) {
      this.outcomes.push({ ...base, kind: 'refused', seq: null, unknownBefore, code: (answer.body as Problem | null)?.code ?? String(answer.status) });
      return null;
    }
    const body = answer.body as unknown as Partial<ActAnswer> & { hazardId?: string };
    this.outcomes.push({ ...base, hazardId: hazardId ?? body.hazardId ?? null, kind: 'answered', seq: body.transition?.seq ?? null, unknownBefore, code: null });
    // Now and then the same call once more, as an impatient phone does: it must be told the same.
    if (randomOf(this.seed, key).next() < 0.1) {
      const again = await call(key).catch(() => null);
      const seq = (again?.body as Partial<ActAnswer> | null)?.transition?.seq ?? null;
      const id = (again?.body as { hazardId?: string } | null)?.hazardId ?? null;
      if (again && (again.status >= 300 || seq !== (body.transition?.seq ?? null) || id !== (body.hazardId ?? null))) this.contradictions.push(`${key} ${command}: first ${JSON.stringify(body.transition ?? body.hazardId)}, then ${again.status} ${JSON.stringify(again.body)}`);
    }
    return answer.body;
  }

  private async look(hazardId: string, holds: (h: HazardView) => boolean, timeoutMs: number): Promise<HazardView | null> {
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
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /** Drives one case as planned. Stops at the first act that is not answered. */
  async drive(plan: CasePlan): Promise<void> {
    const report = { ...plan.report, photos: [this.photo], clientAt: new Date().toISOString() };
    const reported = await this.intend<{ hazardId: string }>(plan, 0, plan.reporter, 'report', null, (key) => this.client(plan.reporter).post('/api/v1/hazards', report, key));
    if (!reported) return;
    const { hazardId } = reported;
    if (!(await this.look(hazardId, () => true, 120_000))) throw new Error(`case ${hazardId} was answered and is not there after 120 s`);
    for (const [i, act] of plan.acts.entries()) {
      if (act.act === 'dispatch') {
        // Where one person answers for the enterprise the case dispatches itself; give it the time.
        const seen = await this.look(hazardId, (h) => h.state !== 'triaged' || h.needsOwner, 3_000);
        if (seen && seen.state !== 'triaged') continue;
      }
      const body = { act: act.act, ...act.body, ...(act.act === 'submit' ? { evidence: [this.photo] } : {}), clientAt: new Date().toISOString() };
      const done = await this.intend<ActAnswer>(plan, i + 1, act.by, act.act, hazardId, (key) => this.client(act.by).act(hazardId, body, key));
      if (done) continue;
      const outcome = this.outcomes.findLast((o) => o.caseIndex === plan.index)!;
      // The office and the rule dispatched at once: the office is told that it is done.
      if (act.act === 'dispatch' && outcome.code === 'hazard.illegal_move' && (await this.look(hazardId, (h) => h.state === 'dispatched', 10_000))?.state === 'dispatched') continue;
      return;
    }
  }
}
