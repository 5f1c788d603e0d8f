import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { issueAlarmNotices, issueHazardNotices, NoticeRefused } from '../../activities/notices.ts';
import type { NoticeEffect, NoticeSettings } from '../../activities/notices.ts';
import { DEFAULT_POLICY } from '../../domain/policy.ts';
import type { Database } from '../../prisma/client.ts';
import type { NoticePaper } from '../../templates/paper.ts';
import { toHtml, toText } from '../../templates/paper.ts';
import { renderNoticePdf } from '../../templates/document.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { LI, PHOTO, T0, WANG, openTestCase, seedNoticePark } from './notice-park.ts';

const DAY = 24 * 60 * 60_000;
const settings: NoticeSettings = { smtpEnabled: true, publicUrl: 'https://park.example' };

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedNoticePark(db);
});
afterAll(() => database.drop());

interface NoticeRow {
  id: string; kind: string; recipient_org_id: string; is_copy: boolean; language: string; subject: string; body_text: string; body_html: string;
  data: { facts: Record<string, unknown>; paper: NoticePaper }; issued_at: Date; dedupe_key: string;
}
const noticesOf = async (column: 'hazard_id' | 'alarm_id', id: string): Promise<NoticeRow[]> =>
  (await db.pool.query<NoticeRow>(`SELECT * FROM notice WHERE ${column} = $1 ORDER BY issued_at, kind, is_copy, recipient_org_id`, [id])).rows;
const shape = (rows: NoticeRow[]): string[] => rows.map((n) => `${n.kind} ${n.recipient_org_id}${n.is_copy ? ' copy' : ''}`);
const count = async (sql: string, values: unknown[] = []): Promise<number> => Number((await db.pool.query<{ n: string }>(`SELECT count(*) AS n FROM ${sql}`, values)).rows[0]!.n);

describe('notices of a case', () => {
  test('[C-093] a dispatch issues the rectification notice from the record, and the copy to the emergency office, with deliveries and outbox', async () => {
    const hazard = await openTestCase(db, 'case-1', settings);
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0 + 60_000);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang', note: '先停止进料' }, LI, T0 + 120_000);

    const rows = await noticesOf('hazard_id', 'case-1');
    expect(shape(rows)).toEqual(['dispatch ent', 'dispatch eo copy']);
    const { rows: [record] } = await db.pool.query<{ number: string; due_at: Date }>(`SELECT number, due_at FROM hazard WHERE id = 'case-1'`);
    expect(rows[0]!.subject).toBe(`【隐患整改通知】${record!.number} 3号储罐压力超高高限`);
    // Every fact is the one on record.
    expect(rows[0]!.body_text).toBe(`隐患整改通知书
编号：${record!.number}-3

海岳新材料有限公司：

经受理和分级，你单位存在下列安全生产隐患，现派发你单位整改。请于2026年11月27日 08:17:31（北京时间）前完成整改并提交验收。

  隐患编号：${record!.number}
  隐患名称：3号储罐压力超高高限
  隐患类型：参数超限
  隐患分级：一般隐患
  所在位置：滨海精细化工园区/A区/海岳新材料有限公司/苯乙烯罐区/3号储罐
  责任企业：海岳新材料有限公司
  责任人：王建国
  发现方式：传感器报警
  上报时间：2026年11月20日 08:15:31（北京时间）
  情况描述：压力 21.34 kPa，限值 18 kPa。
  当前状态：已派发，待整改
  在案证据：1 件

派发说明：先停止进料

整改要求：

  1. 立即组织整改，消除隐患；隐患消除前，应当落实防范措施，保证安全。
  2. 整改由责任人（王建国）负责，整改过程和结果应当附照片或者视频证据，在系统中提交。
  3. 验收由园区人员进行；整改人本人和你单位人员不得验收。
  4. 该隐患不属于你单位的，应当在期限届满前于系统中退回派发，并说明理由。

依据《中华人民共和国安全生产法》第四十一条，生产经营单位应当采取技术、管理措施，及时发现并消除事故隐患，并如实记录事故隐患排查治理情况。期限届满未通过验收的，将启动督办。

园区应急管理办公室
2026年11月20日

----
抄送：园区应急管理办公室
送达：海岳新材料有限公司（责任企业）。签发时间：2026年11月20日 08:17:31（北京时间）
本通知由滨海精细化工园区安全管理系统依据系统记录生成，所列事项以系统记录为准。
在系统中查看： https://park.example/hazards/case-1
`);
    expect(rows[1]!.body_text).toMatch(/^抄送件\n/);
    expect(record!.due_at.getTime()).toBe(T0 + 120_000 + DEFAULT_POLICY.rectifyMs.general);

    // Page, plain text and PDF come from the one paper that is kept with the notice.
    for (const row of rows) {
      expect(toHtml(row.data.paper)).toBe(row.body_html);
      expect(toText(row.data.paper)).toBe(row.body_text);
      expect(renderNoticePdf({ data: row.data, issuedAt: row.issued_at }).subarray(0, 5).toString()).toBe('%PDF-');
    }

    // What cannot be told is not issued: a required fact gone from the record leaves nothing behind.
    await db.pool.query(`UPDATE person SET name_zh = '', name_en = ' ' WHERE id = 'wang'`);
    const other = await openTestCase(db, 'case-1b', settings);
    await other.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0 + 60_000);
    const refused = await other.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0 + 120_000).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(NoticeRefused);
    expect((refused as NoticeRefused).refusal).toMatchObject({ code: 'notice.placeholder_empty', field: 'responsible' });
    expect(await noticesOf('hazard_id', 'case-1b')).toEqual([]);
    expect(await count(`hazard_transition WHERE hazard_id = 'case-1b' AND command = 'dispatch'`)).toBe(0);
    await db.pool.query(`UPDATE person SET name_zh = '王建国', name_en = 'Wang Jianguo' WHERE id = 'wang'`);
  });

  test('each notice has its inbox delivery and its live event; mail goes to those with an address', async () => {
    const { rows } = await db.pool.query<{ org: string; channel: string; state: string; topic: string; tenant_id: string }>(
      `SELECT n.recipient_org_id AS org, d.channel, d.state, o.topic, o.tenant_id FROM notice n JOIN delivery d ON d.notice_id = n.id
       LEFT JOIN outbox o ON o.key = CASE d.channel WHEN 'smtp' THEN 'smtp/' || d.id ELSE 'notice/' || n.id END
       WHERE n.hazard_id = 'case-1' ORDER BY 1, 2`,
    );
    expect(rows).toEqual([
      { org: 'ent', channel: 'inbox', state: 'sent', topic: 'event', tenant_id: 'ent' },
      { org: 'ent', channel: 'smtp', state: 'pending', topic: 'smtp', tenant_id: 'ent' },
      { org: 'eo', channel: 'inbox', state: 'sent', topic: 'event', tenant_id: 'eo' },
      { org: 'eo', channel: 'smtp', state: 'pending', topic: 'smtp', tenant_id: 'ent' },
    ]);
  });

  test('a retry issues nothing twice', async () => {
    const hazard = await openTestCase(db, 'case-2', settings);
    await hazard.act({ name: 'triage', grade: 'major', reason: '超限' }, LI, T0 + 60_000);
    const steps = await hazard.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0 + 120_000);
    const before = [await count('notice'), await count('delivery'), await count('outbox')];
    await hazard.again(steps);
    await Promise.all([hazard.again(steps), hazard.again(steps)]);
    expect([await count('notice'), await count('delivery'), await count('outbox')]).toEqual(before);
  });

  test('the notices stand or fall with the transaction', async () => {
    const hazard = await openTestCase(db, 'case-3', settings);
    const steps = await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0 + 60_000);
    const notices: NoticeEffect[] = [{ kind: 'notice', notice: 'dispatch', to: 'enterprise', isCopy: false, level: 0, dueAt: T0 + DAY }];
    const outbox = await count('outbox');
    await expect(db.pgTransaction({ scope: 'service' }, async (client) => {
      await issueHazardNotices(client, { case: hazard.case(), number: 'HZ-X', record: steps[0]!.record, notices }, settings);
      expect(Number((await client.query(`SELECT count(*) AS n FROM notice WHERE hazard_id = 'case-3'`)).rows[0].n)).toBe(1);
      throw new Error('the rest of the transaction failed');
    })).rejects.toThrow('the rest');
    expect(await noticesOf('hazard_id', 'case-3')).toEqual([]);
    expect(await count('outbox')).toBe(outbox);
  });

  test('rejection: supervision at level 2, at the third level 3, each with notice and copies that name deadline and reason', async () => {
    const hazard = await openTestCase(db, 'case-4', settings);
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0 + 1_000);
    await hazard.act({ name: 'start' }, WANG, T0 + 2_000);
    for (const n of [1, 2, 3]) {
      await hazard.act({ name: 'submit', note: '已整改', evidence: [PHOTO] }, WANG, T0 + n * DAY);
      await hazard.act({ name: 'reject', reason: `压力仍偏高（${n}）` }, LI, T0 + n * DAY + 1_000);
    }
    const rows = (await noticesOf('hazard_id', 'case-4')).filter((r) => r.kind !== 'dispatch');
    expect(shape(rows)).toEqual([
      'rejection ent', 'supervision ent', 'supervision admin copy', 'supervision eo copy',
      'rejection ent',
      'rejection ent', 'supervision ent', 'supervision admin copy', 'supervision eo copy',
    ]);
    const [rejection, second] = rows;
    expect(rejection!.body_text).toContain('经园区应急管理办公室李明验收，结论为不合格（第 1 次）。');
    expect(rejection!.body_text).toContain('不合格的原因：压力仍偏高（1）');
    expect(second!.subject).toContain('【二级督办】');
    expect(second!.body_text).toContain('验收不合格的原因：压力仍偏高（1）');
    expect(second!.body_text).toContain('督办期限为2026年11月24日 08:15:32');
    const third = rows.at(-3)!;
    expect(third.subject).toContain('【三级督办】');
    expect(third.body_text).toContain('累计 3 次');
    expect(third.body_text).toContain('验收不合格的原因：压力仍偏高（3）');
    // An organisation that reads English gets English.
    expect(rows.at(-2)).toMatchObject({ recipient_org_id: 'admin', language: 'en' });
    expect(rows.at(-2)!.body_text).toContain('Notice of supervision, level 3');
  });

  test('overdue, supervision level by level to the end, and acceptance', async () => {
    const hazard = await openTestCase(db, 'case-5', settings);
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0);
    await hazard.act({ name: 'start' }, WANG, T0 + 1_000);
    const due = hazard.case().dueAt!;
    await hazard.act({ name: 'remind', deadline: 'rectify', level: 0, remindAt: due - 72 * 3_600_000 }, null, due - 72 * 3_600_000);
    await hazard.act({ name: 'breach', deadline: 'rectify', level: 0 }, null, due);
    for (const level of [1, 2, 3] as const) await hazard.act({ name: 'supervisionBreached', level }, null, hazard.case().dueAt!);
    await hazard.act({ name: 'submit', note: '已整改', evidence: [PHOTO] }, WANG, due + 20 * DAY);
    await hazard.act({ name: 'accept', note: '同意销号' }, LI, due + 21 * DAY);
    const rows = (await noticesOf('hazard_id', 'case-5')).filter((r) => r.kind !== 'dispatch');
    expect(shape(rows)).toEqual([
      'reminder ent',
      'overdue ent', 'overdue eo copy', 'supervision ent', 'supervision eo copy',
      'supervision ent', 'supervision admin copy', 'supervision eo copy',
      'supervision ent', 'supervision admin copy', 'supervision eo copy',
      'overdue admin', 'overdue eo copy',
      'acceptance ent', 'acceptance eo copy',
    ]);
    expect(rows[0]!.body_text).toContain('尚余 3 天。');
    expect(rows[3]!.body_text).toContain('整改期限（2026年11月27日 08:15:31（北京时间））已届满');
    expect(rows[5]!.body_text).toContain('上一级督办期限（2026年11月30日 08:15:31（北京时间））已届满');
    expect(rows[11]!.body_text).toContain('Notice of overdue supervision');
    expect(rows[13]!.body_text).toContain('验收意见：同意销号');
    for (const row of rows) expect(row.body_text).not.toMatch(/undefined|null|NaN|\[object/);
  });

  test('a late review puts the office under supervision, with a copy to the enterprise', async () => {
    const hazard = await openTestCase(db, 'case-6', settings);
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0);
    await hazard.act({ name: 'start' }, WANG, T0 + 1_000);
    await hazard.act({ name: 'submit', note: '已整改', evidence: [PHOTO] }, WANG, T0 + DAY);
    await hazard.act({ name: 'breach', deadline: 'rectify', level: 0 }, null, hazard.case().dueAt!);
    const rows = (await noticesOf('hazard_id', 'case-6')).filter((r) => r.kind === 'supervision');
    expect(shape(rows)).toEqual(['supervision eo', 'supervision admin copy', 'supervision ent copy']);
    expect(rows[0]!.body_text).toContain('现对验收工作启动一级督办');
    // Not signed by the office that it is addressed to.
    expect(rows[0]!.data.paper.office).toBe('滨海精细化工园区');
  });
});

describe('who is told', () => {
  const issue = async (hazardId: string, notices: NoticeEffect[], report = {}): Promise<NoticeRow[]> => {
    const hazard = await openTestCase(db, hazardId, settings, report);
    const steps = await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0);
    await db.pgTransaction({ scope: 'service' }, (client) => issueHazardNotices(client, { case: hazard.case(), number: `HZ-${hazardId}`, record: steps[0]!.record, notices }, settings));
    return await noticesOf('hazard_id', hazardId);
  };
  const overdue = (to: NoticeEffect['to'], isCopy: boolean): NoticeEffect => ({ kind: 'notice', notice: 'overdue', to, isCopy, level: 0, deadline: 'dispatch', dueAt: T0 + DAY });

  test('one organisation that is two recipients gets one copy that names both, and the addressed notice besides', async () => {
    await db.pool.query(`UPDATE membership SET org_id = 'eo' WHERE id = 'm3'`);
    try {
      const rows = await issue('who-1', [overdue('emergency_office', false), overdue('park_admin', true), overdue('emergency_office', true)]);
      expect(shape(rows)).toEqual(['overdue eo', 'overdue eo copy']);
      expect(rows[0]!.body_text).toContain('（应急管理办公室）');
      expect(rows[1]!.body_text).toContain('（园区管理、应急管理办公室）');
    } finally {
      await db.pool.query(`UPDATE membership SET org_id = 'admin' WHERE id = 'm3'`);
    }
  });

  test('a role that nobody has goes to every park department rather than to nobody', async () => {
    await db.pool.query(`UPDATE membership SET role = 'inspector' WHERE id = 'm3'`);
    try {
      expect(shape(await issue('who-2', [overdue('park_admin', false)]))).toEqual(['overdue admin', 'overdue eo', 'overdue invest']);
    } finally {
      await db.pool.query(`UPDATE membership SET role = 'park_admin' WHERE id = 'm3'`);
    }
  });

  test('a reporter is told through the organisation of the case, not through another employer', async () => {
    const rows = await issue('who-3', [overdue('reporter', false)], { origin: 'manual', reporterId: 'wang' });
    expect(shape(rows)).toEqual(['overdue ent']);
  });

  test('without a mail server nothing is queued for mail', async () => {
    const hazard = await openTestCase(db, 'who-4', { smtpEnabled: false, publicUrl: null });
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0);
    expect(await count(`delivery d JOIN notice n ON n.id = d.notice_id WHERE n.hazard_id = 'who-4' AND d.channel = 'smtp'`)).toBe(0);
    expect((await noticesOf('hazard_id', 'who-4'))[0]!.body_html).not.toContain('<a ');
  });

  test('invisible text holds no case up: a description is said to be none, a reason is asked for', async () => {
    const hazard = await openTestCase(db, 'who-6', settings, { title: '\u200b\u2060', description: ' \u200b\u202e ' });
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang', note: '\u200b' }, LI, T0);
    const { body_text: text } = (await noticesOf('hazard_id', 'who-6'))[0]!;
    expect(text).toContain('隐患名称：参数超限');
    expect(text).toContain('情况描述：无');
    expect(text).toContain('派发说明：无');
    await hazard.act({ name: 'start' }, WANG, T0 + 1_000);
    await hazard.act({ name: 'submit', note: '已整改', evidence: [PHOTO] }, WANG, T0 + 2_000);
    await expect(hazard.act({ name: 'reject', reason: '\u200b\u00a0' }, LI, T0 + 3_000)).rejects.toThrow('hazard.reason_required');
  });

  test('a case at a point names the coordinates; one without responsible person says so', async () => {
    const hazard = await openTestCase(db, 'who-5', settings, { assetId: null, origin: 'manual', type: 'escape_route_blocked', title: '  ', point: { type: 'Point', coordinates: [121.5123, 29.91] } });
    const steps = await hazard.act({ name: 'triage', grade: 'general', reason: '堵塞' }, LI, T0);
    await db.pgTransaction({ scope: 'service' }, (client) => issueHazardNotices(client, { case: hazard.case(), number: 'HZ-5', record: steps[0]!.record, notices: [overdue('emergency_office', false)] }, settings));
    const [row] = await noticesOf('hazard_id', 'who-5');
    expect(row!.body_text).toContain('所在位置：滨海精细化工园区/A区/海岳新材料有限公司（经度 121.512300，纬度 29.910000）');
    expect(row!.body_text).toContain('责任人：未指定');
    expect(row!.body_text).toContain('隐患名称：疏散通道堵塞');
  });
});

describe('notices of an alarm', () => {
  const issue = (rung: number, recipients: ('enterprise' | 'emergency_office' | 'park_admin')[]) =>
    db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: 'episode-1', recipients, rung }, settings));

  test('[C-005] the alarm of styrene tank A-3 names substance, tank, limit and value', async () => {
    await issue(0, ['enterprise', 'emergency_office']);
    const rows = await noticesOf('alarm_id', 'episode-1');
    expect(shape(rows)).toEqual(['alarm ent', 'alarm eo']);
    for (const row of rows) {
      expect(row.subject).toBe('【报警】3号储罐 高高限（HH） 21.34 kPa');
      expect(row.body_text).toContain('3号储罐（A-3，介质：苯乙烯）发生报警：储罐压力测得 21.34 kPa，达到或者超过限值 18 kPa，级别为高高限（HH）。');
      expect(row.body_text).toContain('报警位置：滨海精细化工园区/A区/海岳新材料有限公司/苯乙烯罐区/3号储罐');
      expect(row.body_text).toContain('报警时间：2026年11月20日 08:15:30（北京时间）');
    }
  });

  test('each recipient is told once per rung, whoever asks', async () => {
    await issue(0, ['enterprise', 'emergency_office']);
    await Promise.all([issue(0, ['enterprise']), issue(0, ['emergency_office', 'enterprise'])]);
    expect(await noticesOf('alarm_id', 'episode-1')).toHaveLength(2);
    await issue(0, ['enterprise', 'park_admin']);
    expect(shape(await noticesOf('alarm_id', 'episode-1')).sort()).toEqual(['alarm admin', 'alarm ent', 'alarm eo']);
  });

  test('a further rung is an escalation with the state of the alarm', async () => {
    await db.pool.query(`UPDATE alarm SET acknowledged_at = now(), state = 'acknowledged' WHERE id = 'episode-1'`);
    await issue(2, ['emergency_office']);
    const row = (await noticesOf('alarm_id', 'episode-1')).at(-1)!;
    expect(row.subject).toContain('【报警升级】');
    expect(row.body_text).toContain('目前状态：未恢复，已确认收悉，尚未研判。现升级通知（第 2 级）。');
  });

  test('an alarm that is not on record is told to nobody', async () => {
    await expect(db.pgTransaction({ scope: 'service' }, (client) => issueAlarmNotices(client, { episodeId: 'none', recipients: ['enterprise'], rung: 0 }, settings))).rejects.toThrow(/not on record/);
  });
});

describe('notices of what a case goes through', () => {
  const BOSS = { personId: 'boss', role: 'park_admin', orgId: 'admin', orgKind: 'park_department', orgIds: ['admin'] } as const;

  test('a major hazard is reported to the enterprise in the form of its notice board, and to a regulator with a live grant only', async () => {
    await db.pool.query(`INSERT INTO organisation (id, park_id, kind, code, name_zh, name_en) VALUES ('bureau', 'park', 'regulator', 'R1', '市应急管理局', 'City bureau'), ('bureau-2', 'park', 'regulator', 'R2', '区应急管理局', 'District bureau') ON CONFLICT DO NOTHING`);
    await db.pool.query(`INSERT INTO access_grant (id, org_id, tenant_id, purpose, approved_by, starts_at, expires_at) VALUES ('g1', 'bureau', 'ent', 'x', 'boss', now() - interval '1 hour', now() + interval '1 hour'), ('g2', 'bureau-2', 'ent', 'x', 'boss', now() - interval '2 hours', now() - interval '1 hour') ON CONFLICT DO NOTHING`);
    const hazard = await openTestCase(db, 'major-1', settings);
    await hazard.act({ name: 'triage', grade: 'major', reason: '联锁失效' }, LI, T0 + 60_000);
    const rows = (await noticesOf('hazard_id', 'major-1')).filter((n) => n.kind === 'major_report');
    expect(rows.map((n) => n.recipient_org_id)).toContain('ent');
    expect(rows.map((n) => n.recipient_org_id)).toContain('bureau');
    expect(rows.map((n) => n.recipient_org_id)).not.toContain('bureau-2');
    expect(rows.find((n) => n.recipient_org_id === 'ent')!.body_text).toContain('重大事故隐患公示');
    expect(rows.find((n) => n.recipient_org_id === 'bureau')!.body_text).toContain('现将下列重大事故隐患报告你单位');
    for (const n of rows) expect(n.body_text).toContain('联锁失效');
  });

  test('an extension that is asked and granted, and a handover, say the deadlines and people of the record', async () => {
    const hazard = await openTestCase(db, 'extended-1', settings);
    await hazard.act({ name: 'triage', grade: 'general', reason: '超限' }, LI, T0 + 60_000);
    await hazard.act({ name: 'dispatch', responsibleId: 'wang' }, LI, T0 + 120_000);
    await hazard.act({ name: 'start' }, WANG, T0 + 180_000);
    const before = hazard.case().dueAt!;
    await hazard.act({ name: 'requestExtension', dueAt: before + 2 * DAY, reason: '备件推迟' }, WANG, T0 + 240_000);
    await hazard.act({ name: 'decideExtension', granted: true, reason: '措施可靠' }, BOSS, T0 + 300_000);
    const rows = (await noticesOf('hazard_id', 'extended-1')).filter((n) => n.kind === 'extension');
    const asked = rows.find((n) => n.data.facts.decision === 'asked')!;
    const granted = rows.find((n) => n.data.facts.decision === 'granted')!;
    expect(asked.data.facts).toMatchObject({ reason: '备件推迟', dueAt: before + 2 * DAY });
    expect(granted.data.facts).toMatchObject({ reason: '措施可靠', dueAt: before + 2 * DAY });
    expect(hazard.case().dueAt).toBe(before + 2 * DAY);
    expect(granted.body_text).toContain('同意延长');
  });
});
