/**
 * `npm run demo`: simulated people close two cases on the running park, through its HTTP interface only: one straight to
 * the archive, one through a rejection and second supervision. Prints the timeline of each.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '../../platform/config.ts';
import { ParkClient } from './park-client.ts';
import { makePhoto } from './photo.ts';
import type { Answer, Problem } from './park-client.ts';
import type { DemoAccount } from './seed.ts';

type Lang = 'zh' | 'en';
interface Named { nameZh: string; nameEn: string }
interface HazardView { id: string; number: string; title: string; state: string; seq: number; point: { type: string; coordinates: number[] } | null; supervision: number; needsOwner: boolean; tenant: Named; responsible: Named | null; responsibleCandidates?: ({ id: string } & Named)[] }
interface TransitionView { command: string; from: string | null; to: string | null; actor: Named | null; serverAt: string; reason: string | null; refusalCode: string | null }
interface TimelineItem {
  at: string; kind: 'transition' | 'notice' | 'deadline' | 'supervision';
  transition?: TransitionView;
  notice?: { kind: string; subject: string; recipient: Named; isCopy: boolean };
  event?: string;
  deadline?: { kind: string; level: number; dueAt: string };
  level?: number; cause?: string; dueAt?: string;
}

const WORDS: Record<Lang, Record<string, string>> = {
  zh: {
    open: '隐患上报', join: '并案', triage: '分级', dispatch: '派发', returnDispatch: '退回派发', needsOwner: '待指派', start: '开始整改', progress: '整改进展', submit: '提交验收',
    accept: '验收', reject: '验收驳回', dismiss: '驳回(非隐患)', archive: '归档', remind: '提醒', breach: '逾期', supervise: '二次督办', supervisionBreached: '督办逾期',
    reported: '已上报', triaged: '已分级', dispatched: '已派发', rectifying: '整改中', submitted: '待验收', accepted: '已验收', archived: '已归档', dismissed: '已驳回',
    notice: '通知', copy: '抄送', deadline: '期限', supervision: '督办', level: '级', system: '系统', refused: '被拒绝', due: '到期', started: '开始', met: '按期完成', breached: '逾期', withdrawn: '撤销',
    opened: '启动', closed: '结束', kindTriage: '分级', kindDispatch: '派发', kindRectify: '整改', kindSupervision: '督办',
  },
  en: {
    open: 'report', join: 'another report joins', triage: 'triage', dispatch: 'dispatch', returnDispatch: 'dispatch returned', needsOwner: 'needs an owner', start: 'rectification starts', progress: 'progress',
    submit: 'submit', accept: 'accept', reject: 'reject', dismiss: 'dismiss', archive: 'archive', remind: 'reminder', breach: 'overdue', supervise: 'second supervision', supervisionBreached: 'supervision overdue',
    reported: 'reported', triaged: 'triaged', dispatched: 'dispatched', rectifying: 'rectifying', submitted: 'submitted', accepted: 'accepted', archived: 'archived', dismissed: 'dismissed',
    notice: 'notice', copy: 'copy', deadline: 'deadline', supervision: 'supervision', level: 'level', system: 'system', refused: 'refused', due: 'due', started: 'started', met: 'met', breached: 'breached', withdrawn: 'withdrawn',
    opened: 'opened', closed: 'closed', kindTriage: 'triage', kindDispatch: 'dispatch', kindRectify: 'rectification', kindSupervision: 'supervision',
  },
};

export interface DemoPeople { inspector: ParkClient; reviewer: ParkClient; emergency: ParkClient; officer: ParkClient; coatings: ParkClient }

export class Demo {
  private readonly people: DemoPeople;
  private readonly lang: Lang;
  private readonly print: (line: string) => void;

  constructor(people: DemoPeople, lang: Lang, print: (line: string) => void) {
    this.people = people;
    this.lang = lang;
    this.print = print;
  }

  private word(name: string): string { return WORDS[this.lang][name] ?? name; }
  private name(n: Named | null | undefined): string { return n ? (this.lang === 'zh' ? n.nameZh : n.nameEn) : this.word('system'); }

  private say(zh: string, en: string): string { return this.lang === 'zh' ? zh : en; }

  private expect<T>(answer: Answer<unknown>, status: number, what: string): T {
    if (answer.status !== status) throw new Error(`${what}: expected ${status}, got ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  private async hazard(by: ParkClient, id: string): Promise<HazardView> {
    return this.expect(await by.get(`/api/v1/hazards/${id}`), 200, 'the case');
  }

  /** The case goes on by itself in places (dispatch by rule, supervision, archive): waits for what is to come. */
  private async until(by: ParkClient, id: string, what: string, holds: (h: HazardView) => boolean, seconds = 60): Promise<HazardView> {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const answer = await by.get<HazardView>(`/api/v1/hazards/${id}`);
      if (answer.status === 200 && holds(answer.body)) return answer.body;
      if (performance.now() > end) throw new Error(`case ${id} is not ${what} after ${seconds} s: ${answer.status} ${JSON.stringify(answer.body)}`);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  private async report(body: Record<string, unknown>, photo: string): Promise<string> {
    const { inspector } = this.people;
    const evidence = await inspector.upload(makePhoto(`${photo} ${new Date().toISOString()}`), 'image/png');
    const answer = await inspector.post<{ hazardId: string }>('/api/v1/hazards', { ...body, photos: [{ ...evidence, capturedAt: new Date().toISOString() }], clientAt: new Date().toISOString() });
    if (answer.status !== 201 && answer.status !== 202) throw new Error(`report: ${answer.status} ${JSON.stringify(answer.body)}`);
    const { hazardId } = answer.body;
    await this.until(inspector, hazardId, 'registered', () => true);
    return hazardId;
  }

  private async act(by: ParkClient, id: string, body: Record<string, unknown>): Promise<HazardView> {
    const { hazard } = this.expect<{ hazard: HazardView }>(await by.act(id, { ...body, clientAt: new Date().toISOString() }), 200, String(body.act));
    return hazard;
  }

  /** After triage the case is dispatched by rule where one person answers for the enterprise; otherwise the office does it. */
  private async dispatched(id: string): Promise<void> {
    const { emergency } = this.people;
    const after = await this.until(emergency, id, 'dispatched or in need of an owner', (h) => h.state === 'dispatched' || h.needsOwner);
    if (after.state === 'dispatched') return;
    const candidate = after.responsibleCandidates?.[0];
    if (!candidate) throw new Error(`nobody can answer for case ${id}`);
    const answer = await emergency.act(id, { act: 'dispatch', responsibleId: candidate.id, note: '', clientAt: new Date().toISOString() });
    if (answer.status !== 200 && (await this.hazard(emergency, id)).state !== 'dispatched') throw new Error(`dispatch: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  private async submitted(by: ParkClient, id: string, note: string): Promise<void> {
    const photo = await by.upload(makePhoto(`${note} ${id}`), 'image/png');
    await this.act(by, id, { act: 'submit', note, evidence: [photo] });
  }

  private async showRefusal(by: ParkClient, id: string): Promise<void> {
    const answer = await by.act<Problem>(id, { act: 'accept', note: this.say('自行验收', 'Accepting my own work'), clientAt: new Date().toISOString() });
    const problem = this.expect<Problem>(answer, 403, 'self-acceptance');
    this.print(`  ${this.word('refused')}: ${by.username} → accept → 403 ${problem.code} (${this.lang === 'zh' ? problem.titleZh : problem.titleEn})`);
  }

  /** Report → archive, straight. */
  async straight(): Promise<string> {
    const { inspector, officer, reviewer } = this.people;
    const id = await this.report({ type: 'leak', title: this.say('法兰渗漏', 'Flange leak'), description: this.say('环氧合成釜出料法兰渗漏，地面有液迹。', 'The outlet flange of the epoxy synthesis reactor leaks; traces of liquid on the ground.'), assetId: 'asset-r701' }, 'leak');
    await this.act(inspector, id, { act: 'triage', grade: 'general', reason: this.say('轻微渗漏，未扩散', 'Slight leak, not spreading') });
    await this.dispatched(id);
    await this.act(officer, id, { act: 'start', note: this.say('已停料泄压', 'Feed stopped, pressure released') });
    await this.act(officer, id, { act: 'progress', note: this.say('更换垫片，紧固螺栓', 'Gasket replaced, bolts tightened'), evidence: [await officer.upload(makePhoto(`gasket ${id}`), 'image/png')] });
    await this.submitted(officer, id, this.say('垫片已更换，试压无渗漏', 'New gasket holds at test pressure'));
    await this.showRefusal(officer, id);
    await this.act(reviewer, id, { act: 'accept', note: this.say('现场复核无渗漏', 'Checked on site: no leak') });
    await this.until(inspector, id, 'archived', (h) => h.state === 'archived');
    return id;
  }

  /** Report → rejection → second supervision → acceptance. */
  async supervised(): Promise<string> {
    const { inspector, coatings, reviewer, emergency } = this.people;
    const id = await this.report({ type: 'mixed_storage', fields: { substanceA: '苯乙烯 / Styrene', substanceB: '过氧化物 / Peroxide', storageKind: 'tank_farm' }, title: this.say('禁忌物料混存', 'Incompatible goods stored together'), description: this.say('溶剂储罐旁堆放氧化剂包装。', 'Packages of oxidiser beside the solvent tank.'), assetId: 'asset-s502' }, 'storage');
    await this.act(inspector, id, { act: 'triage', grade: 'major', reason: this.say('禁忌物料相邻存放', 'Incompatible goods side by side') });
    await this.dispatched(id);
    await this.act(coatings, id, { act: 'start', note: this.say('开始清理', 'Clearing starts') });
    await this.act(coatings, id, {
      act: 'plan', interimMeasures: this.say('停止卸料，设警戒', 'Unloading stopped, area closed'), measures: this.say('移至专用库房，设隔离标识', 'Move to a store of their own, mark the separation'), costYuan: 12_000,
    });
    await this.submitted(coatings, id, this.say('已移走部分包装', 'Some packages moved'));
    await this.showRefusal(coatings, id);
    await this.act(reviewer, id, { act: 'reject', reason: this.say('仍有包装未移走，未设隔离标识', 'Packages left, no separation marked') });
    await this.until(emergency, id, 'under second supervision', (h) => h.state === 'rectifying' && h.supervision >= 1);
    await this.act(coatings, id, { act: 'progress', note: this.say('全部移至专用库房，已设隔离标识', 'All moved to their own store, separation marked'), evidence: [await coatings.upload(makePhoto(`moved ${id}`), 'image/png')] });
    await this.submitted(coatings, id, this.say('混存已消除', 'Nothing is stored together any more'));
    // A major hazard is accepted on site, by two people.
    const site = (await this.hazard(emergency, id)).point;
    const onSite = async (by: ParkClient) => ({ evidence: [await by.upload(makePhoto(`on site ${by.username} ${id}`), 'image/png')], ...(site ? { site } : {}) });
    await this.act(reviewer, id, { act: 'sign', note: this.say('现场复查合格', 'Checked on site'), ...(await onSite(reviewer)) });
    await this.act(emergency, id, { act: 'accept', note: this.say('复查合格，解除督办', 'Checked again, supervision ended'), ...(await onSite(emergency)) });
    await this.until(inspector, id, 'archived', (h) => h.state === 'archived');
    return id;
  }

  async printTimeline(id: string): Promise<void> {
    const by = this.people.emergency;
    const hazard = await this.hazard(by, id);
    const { items } = this.expect<{ items: TimelineItem[] }>(await by.get(`/api/v1/hazards/${id}/timeline`), 200, 'the timeline');
    this.print(`\n${hazard.number}  ${hazard.title}  ${this.name(hazard.tenant)}  [${this.word(hazard.state)}]  (UTC)`);
    for (const item of items) this.print(`  ${item.at.slice(0, 19).replace('T', ' ')}  ${this.line(item)}`);
  }

  private line(item: TimelineItem): string {
    const due = (at: string | undefined): string => (at ? `, ${this.word('due')} ${at.slice(0, 16).replace('T', ' ')}` : '');
    const kind = (k: string): string => this.word(`kind${k.charAt(0).toUpperCase()}${k.slice(1)}`);
    if (item.transition) {
      const t = item.transition;
      const move = t.refusalCode ? `${this.word('refused')}: ${t.refusalCode}` : t.to && t.from !== t.to ? `→ ${this.word(t.to)}` : '';
      return [this.word(t.command), move, this.name(t.actor), t.reason ?? ''].filter((s) => s !== '').join('  ');
    }
    if (item.notice) return `${this.word('notice')}${item.notice.isCopy ? ` (${this.word('copy')})` : ''}: ${item.notice.subject} → ${this.name(item.notice.recipient)}`;
    if (item.deadline) return `${this.word('deadline')} ${kind(item.deadline.kind)}: ${this.word(item.event ?? '')}${item.event === 'started' ? due(item.deadline.dueAt) : ''}`;
    return `${this.word('supervision')} ${this.lang === 'zh' ? `${item.level} ${this.word('level')}` : `${this.word('level')} ${item.level}`}: ${this.word(item.event ?? '')}${item.event === 'opened' ? due(item.dueAt) : ''}`;
  }
}

/** Signs the demo's people in. Throws where the park is not running or has no demo accounts. */
export const signInPeople = async (url: string, dataDir: string): Promise<DemoPeople> => {
  const file = join(dataDir, 'demo-accounts.json');
  const accounts = await readFile(file, 'utf8').then((text) => JSON.parse(text) as DemoAccount[]).catch((error: Error) => {
    throw new Error(`${file} cannot be read (${error.message}): start the park with its demo data first, or give --data`);
  });
  const client = async (username: string): Promise<ParkClient> => {
    const account = accounts.find((a) => a.username === username);
    if (!account) throw new Error(`${file} has no account ${username}`);
    const signedIn = new ParkClient(url, account, { patienceMs: 20_000 });
    await signedIn.signIn();
    return signedIn;
  };
  return { inspector: await client('han.xi'), reviewer: await client('meng.zhiyuan'), emergency: await client('lu.chengan'), officer: await client('liu.weizhen'), coatings: await client('bai.shuyao') };
};

if (import.meta.main) {
  const config = loadConfig();
  const { values } = parseArgs({ options: { url: { type: 'string' }, data: { type: 'string' }, lang: { type: 'string', default: 'zh' } } });
  const lang: Lang = values.lang === 'en' ? 'en' : 'zh';
  try {
    const demo = new Demo(await signInPeople(values.url ?? `http://127.0.0.1:${config.API_PORT}`, values.data ?? config.DATA_DIR), lang, console.log);
    console.log(lang === 'zh' ? '一、隐患从上报到归档' : '1. A hazard from report to archive');
    const first = await demo.straight();
    await demo.printTimeline(first);
    console.log(lang === 'zh' ? '\n二、验收驳回、二次督办至验收通过' : '\n2. Rejection, second supervision, acceptance');
    const second = await demo.supervised();
    await demo.printTimeline(second);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
