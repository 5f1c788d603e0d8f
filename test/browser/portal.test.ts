import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Browser, Request } from 'playwright-core';
import type { Alarm, Hazard } from '../../portal/src/api/types.ts';
import type { Answers } from './canned.ts';
import { alarmOf, answer, ENTERPRISE, hazardOf, mapOf, page as pageOf, refusal, servePortal, sessionOf, silentLine, TANK } from './canned.ts';
import { startChromium } from './chromium.ts';
import type { UiLanguage, Watched, Width } from './pages.ts';
import { axeFaults, openPage, sidewaysOverflow, until } from './pages.ts';

let browser: Browser;
let stopBrowser: () => Promise<void>;
let portal: Awaited<ReturnType<typeof servePortal>>;
const opened: Watched[] = [];

const open = async (answers: Answers, options: { language?: UiLanguage; width?: Width } = {}) => {
  const watched = await openPage(browser, portal.origin, options);
  opened.push(watched);
  const seen = await answer(watched.page, { 'GET /events': () => silentLine, 'GET /notices': () => pageOf(), ...answers });
  const calls = (method: string, path: string): Request[] => seen.filter((r) => r.method() === method && new URL(r.url()).pathname === `/api/v1${path}`);
  return { ...watched, calls };
};
const caseAnswers = (hazard: () => Hazard): Answers => ({
  'GET /session': () => ({ json: sessionOf('enterprise_safety_officer') }),
  'GET /hazards/*': () => ({ json: hazard() }),
  'GET /hazards/*/timeline': () => ({ json: { items: [] } }),
});

beforeAll(async () => {
  portal = await servePortal();
  ({ browser, stop: stopBrowser } = await startChromium());
}, 120_000);
afterAll(async () => {
  await stopBrowser?.();
  await portal?.stop();
});
beforeEach(() => {
  opened.length = 0;
});
afterEach(async () => {
  for (const { context, complaints } of opened) {
    await context.close();
    expect(complaints).toEqual([]);
  }
});

describe('signing in', () => {
  test('a stranger is sent to the sign-in and comes back to where they were going', async () => {
    let signedIn = false;
    const { page, calls } = await open({
      ...caseAnswers(() => hazardOf()),
      'GET /session': () => (signedIn ? { json: sessionOf('enterprise_safety_officer') } : refusal('auth.required')),
      'POST /session': (request) => {
        signedIn = (request.postDataJSON() as { password: string }).password === 'right';
        return signedIn ? { json: sessionOf('enterprise_safety_officer') } : refusal('auth.failed');
      },
    });
    await page.goto('/hazards/hazard-1?x=1');
    await page.fill('input[name=username]', 'somebody');
    await page.fill('input[name=password]', 'wrong');
    await page.click('button[type=submit]');
    await page.getByText('用户名或密码错误').waitFor();
    await page.getByText('auth.failed').waitFor();
    await page.fill('input[name=password]', 'right');
    await page.click('button[type=submit]');
    await page.getByRole('heading', { name: '3号储罐压力超限' }).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe('/hazards/hazard-1?x=1');
    expect(calls('POST', '/session')).toHaveLength(2);
  });

  test('an address of elsewhere is not followed after the sign-in', async () => {
    const { page } = await open({ 'GET /session': () => ({ json: sessionOf('investment_office') }), 'GET /enterprises': () => pageOf() });
    await page.goto('/sign-in?next=//evil.example/');
    await page.getByRole('heading', { name: '企业安全评级' }).waitFor();
    expect(new URL(page.url()).origin).toBe(portal.origin);
  });

  test('a session that ends in the middle leads to the sign-in', async () => {
    let alive = true;
    const { page } = await open({
      ...caseAnswers(() => hazardOf()),
      'GET /session': () => (alive ? { json: sessionOf('enterprise_safety_officer') } : refusal('auth.required')),
      'POST /hazards/*/acts': () => refusal('auth.required'),
    });
    await page.goto('/hazards/hazard-1');
    await page.getByRole('button', { name: '登记进展' }).click();
    alive = false;
    await page.getByLabel('说明').fill('已泄压');
    await page.locator('.act-form button[type=submit]').click();
    await page.waitForURL('**/sign-in?next=%2Fhazards%2Fhazard-1');
  });

  test('a first password has to be changed before anything else', async () => {
    let mustChangePassword = true;
    const { page, calls } = await open({
      'GET /session': () => ({ json: sessionOf('investment_office', { mustChangePassword }) }),
      'POST /session/password': (request) => {
        if ((request.postDataJSON() as { next: string }).next.length < 12) return refusal('auth.password_weak', [{ field: 'next', code: 'auth.password_weak', messageZh: '至少 12 个字符', messageEn: 'At least 12 characters' }]);
        mustChangePassword = false;
        return { status: 204 };
      },
      'GET /enterprises': () => pageOf(),
    });
    await page.goto('/');
    const [current, next, again] = [page.getByLabel('当前密码'), page.getByLabel('新密码', { exact: true }), page.getByLabel('再次输入新密码')];
    await current.fill('given');
    await next.fill('short');
    await again.fill('shor');
    await page.getByRole('button', { name: '保存新密码' }).click();
    await page.getByText('两次输入的新密码不一致').waitFor();
    expect(calls('POST', '/session/password')).toHaveLength(0);
    await again.fill('short');
    await page.getByRole('button', { name: '保存新密码' }).click();
    await page.getByText('至少 12 个字符').waitFor();
    await next.fill('long enough now');
    await again.fill('long enough now');
    await page.getByRole('button', { name: '保存新密码' }).click();
    await page.getByRole('heading', { name: '企业安全评级' }).waitFor();
  });
});

describe('acting on a case', () => {
  test('exactly the acts that the server allows are offered', async () => {
    const { page } = await open(caseAnswers(() => hazardOf({ allowedActs: ['returnDispatch', 'start'] })));
    await page.goto('/hazards/hazard-1');
    await page.locator('.act-buttons button').first().waitFor();
    expect(await page.locator('.act-buttons button').allTextContents()).toEqual(['开始整改', '退回派发']);
    const none = await open(caseAnswers(() => hazardOf({ allowedActs: [] })));
    await none.page.goto('/hazards/hazard-1');
    await none.page.getByRole('heading', { name: '证据' }).waitFor();
    expect(await none.page.locator('.acts').count()).toBe(0);
  });

  test('pressing again after a lost answer keeps the key, other words get another', async () => {
    let tries = 0;
    const { page, calls } = await open({
      ...caseAnswers(() => hazardOf()),
      'POST /hazards/*/acts': () => {
        tries += 1;
        return tries <= 2 ? 'lost' : { json: { transition: {}, hazard: hazardOf({ seq: 8 }) } };
      },
    });
    await page.goto('/hazards/hazard-1');
    await page.getByRole('button', { name: '登记进展' }).click();
    const send = page.locator('.act-form button[type=submit]');
    await page.getByLabel('说明').fill('已泄压');
    await send.click();
    await page.getByText('无法连接服务器').waitFor();
    await send.click();
    await until(() => tries === 2 && send.isEnabled());
    await page.getByLabel('说明').fill('已泄压并隔离');
    await send.click();
    await page.getByText('已完成：登记进展').waitFor();
    const sent = calls('POST', '/hazards/hazard-1/acts');
    const [first, second, third] = sent.map((r) => r.headers()['idempotency-key']);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toBe(first);
    expect(sent[1]!.postData()).toBe(sent[0]!.postData());
    expect(third).not.toBe(first);
    expect(sent[0]!.headers()['x-csrf-token']).toBe('token-1');
    expect(sent[0]!.headers()['if-match']).toBe('"7"');
  });

  test('when somebody else was faster it says so, reads the case again and keeps the words', async () => {
    let current = hazardOf();
    const { page } = await open({
      ...caseAnswers(() => current),
      'POST /hazards/*/acts': () => {
        current = hazardOf({ state: 'submitted', seq: 8, allowedActs: [] });
        return refusal('hazard.illegal_move');
      },
    });
    await page.goto('/hazards/hazard-1');
    await page.getByRole('button', { name: '登记进展' }).click();
    await page.getByLabel('说明').fill('已泄压');
    await page.locator('.act-form button[type=submit]').click();
    await page.getByText('当前状态不允许此操作').waitFor();
    await page.getByText('hazard.illegal_move').waitFor();
    await page.locator('.hazard-head').getByText('待验收').waitFor();
    expect(await page.getByLabel('说明').inputValue()).toBe('已泄压');
  });

  test('a photo is hashed on the device, stored, and sent as evidence', async () => {
    const bytes = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const { page, calls } = await open({
      ...caseAnswers(() => hazardOf()),
      'PUT /blobs/*': () => ({ status: 201, json: { sha256, bytes: bytes.length, mediaType: 'image/png' } }),
      'POST /hazards/*/acts': (request) =>
        (request.postDataJSON() as { evidence: unknown[] }).evidence.length === 0
          ? refusal('hazard.evidence_required', [{ field: 'evidence', code: 'hazard.evidence_required', messageZh: '必须附照片或视频证据', messageEn: 'Photo or video evidence is required' }])
          : { json: { transition: {}, hazard: hazardOf() } },
    });
    await page.goto('/hazards/hazard-1');
    await page.getByRole('button', { name: '提交验收' }).click();
    await page.getByLabel('说明').fill('已更换安全阀');
    await page.locator('.act-form button[type=submit]').click();
    await page.locator('.field-error', { hasText: '必须附照片或视频证据' }).waitFor();
    await page.locator('input[type=file]').setInputFiles({ name: 'valve.png', mimeType: 'image/png', buffer: bytes });
    // The name is shown while the file is on its way.
    for (const end = performance.now() + 20_000; calls('PUT', `/blobs/${sha256}`).length === 0 && performance.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(calls('PUT', `/blobs/${sha256}`)).toHaveLength(1);
    expect(calls('PUT', `/blobs/${sha256}`)[0]!.postDataBuffer()).toEqual(bytes);
    await page.locator('.act-form button[type=submit]').click();
    await page.getByText('已完成：提交验收').waitFor();
    const body = calls('POST', '/hazards/hazard-1/acts').at(-1)!.postDataJSON() as { act: string; evidence: { sha256: string; mediaType: string }[] };
    expect(body.act).toBe('submit');
    expect(body.evidence).toEqual([expect.objectContaining({ sha256, mediaType: 'image/png' })]);
  });

  test('what a file says of itself is shown to the park when it asks, as a claim; an enterprise is not offered it', async () => {
    const sha256 = 'ab'.repeat(32);
    const item = { id: 'ev-1', purpose: 'progress', sha256, mediaType: 'image/png', capturedAt: null, recordedAt: '2026-11-24T02:00:00.000Z', uploader: null, supersedesId: null, supersededById: null, detail: {} } as Hazard['evidence'][number];
    const answers = (role: 'inspector' | 'park_admin' | 'enterprise_safety_officer'): Answers => ({
      ...caseAnswers(() => hazardOf({ evidence: [item] })),
      'GET /session': () => ({ json: sessionOf(role) }),
      'GET /blobs/*': () => ({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3"/>' }),
      'GET /blobs/*/claim': () => ({ json: { sha256, capturedAt: null, capturedLocal: '2026-11-24T09:30:00', point: { type: 'Point', coordinates: [121.4737, 31.2305] }, altitudeM: 4.5, camera: 'Camera <b>', readAt: '2026-11-24T02:00:00.000Z' } }),
    });
    const { page, calls } = await open(answers('inspector'));
    await page.goto('/hazards/hazard-1');
    await page.locator('.evidence img').waitFor();
    expect(await page.locator('.evidence img').getAttribute('src')).toBe(`/api/v1/blobs/${sha256}?size=thumbnail`);
    expect(calls('GET', `/blobs/${sha256}/claim`)).toHaveLength(0);
    await page.getByText('文件自述信息').click();
    await page.getByText('121.47370, 31.23050 · 5 m').waitFor();
    await page.getByText('仅为自述，不作证明').waitFor();
    await page.getByText('Camera <b>').waitFor();
    expect(await page.getByText('下载原件').count()).toBe(0);
    const admin = await open(answers('park_admin'));
    await admin.page.goto('/hazards/hazard-1');
    expect(await admin.page.getByText('下载原件').getAttribute('href')).toBe(`/api/v1/blobs/${sha256}/original`);
    const officer = await open(answers('enterprise_safety_officer'));
    await officer.page.goto('/hazards/hazard-1');
    await officer.page.locator('.evidence img').waitFor();
    expect(await officer.page.getByText('文件自述信息').count()).toBe(0);
  });

  test('the record shows refused moves, deadlines and supervision in words', async () => {
    const move = { seq: null, command: 'accept', from: 'submitted' as const, to: null, actor: { id: 'p', nameZh: '沈砚', nameEn: 'Shen Yan' }, actorRole: 'enterprise_safety_officer', serverAt: '2026-11-24T02:00:00.000Z', clientAt: null, clockSkew: false, reason: null, refusalCode: 'hazard.self_acceptance' };
    const { page } = await open(
      {
        ...caseAnswers(() => hazardOf({ supervision: 2, supervisionOpen: true, overdue: true })),
        'GET /hazards/*/timeline': () => ({
          json: {
            items: [
              { at: move.serverAt, kind: 'transition', transition: move },
              { at: '2026-11-24T03:00:00.000Z', kind: 'deadline', event: 'breached', deadline: { kind: 'rectify', level: 0, dueAt: '2026-11-24T03:00:00.000Z' } },
              { at: '2026-11-24T03:00:00.000Z', kind: 'supervision', event: 'opened', level: 2, cause: 'rejected', outcome: null, dueAt: '2026-11-27T03:00:00.000Z' },
            ],
          },
        }),
      },
      { language: 'en' },
    );
    await page.goto('/hazards/hazard-1');
    const timeline = page.locator('.timeline');
    await timeline.getByText('Whoever rectified a hazard may not accept it').waitFor();
    await timeline.getByText('Rectification deadline missed').waitFor();
    await timeline.getByText('Supervision level 2 opened').waitFor();
    await timeline.getByText('Nov 24, 2026, 10:00:00 UTC+8').waitFor();
    await page.locator('.hazard-head').getByText('Supervision level 2').waitFor();
  });
});

describe('alarms and map', () => {
  test('an event of the live line brings the alarm to list and map; acknowledging it changes both', async () => {
    let alarm: Alarm | null = null;
    const { page, calls } = await open({
      'GET /session': () => ({ json: sessionOf('emergency_office') }),
      'GET /alarms': () => (alarm ? pageOf(alarm) : pageOf()),
      'GET /map': () => ({ json: mapOf(alarm) }),
      'GET /events': () => {
        // The line ends after each event; the browser comes back for the next one.
        const body = alarm ? 'retry: 200\nid: 1\nevent: alarm.changed\ndata: {"id":"alarm-1"}\n\n' : 'retry: 200\n\n';
        return { contentType: 'text/event-stream', body };
      },
      'POST /alarms/*/acknowledge': () => {
        alarm = alarmOf({ state: 'acknowledged', acknowledgedAt: '2026-11-24T01:05:00.000Z', allowedActs: ['confirm'] });
        return { json: alarm };
      },
      'POST /alarms/*/confirm': () => refusal('alarm.reason_required', [{ field: 'reason', code: 'alarm.reason_required', messageZh: '判定误报必须填写原因', messageEn: 'A false alarm needs a reason' }]),
    });
    await page.goto('/overview');
    await page.getByText('当前没有未关闭的报警').waitFor();
    const sign = page.locator(`[data-feature-id="${TANK.id}"]`);
    await sign.waitFor();
    expect(await sign.getAttribute('data-alarm')).toBeNull();
    alarm = alarmOf();
    await page.locator(`[data-feature-id="${TANK.id}"][data-alarm=HH]`).waitFor();
    // Not by colour alone: a shape, a word beside it, and the whole as its name.
    expect(await sign.getByText('A-3 HH', { exact: true }).count()).toBe(1);
    expect(await sign.getAttribute('aria-label')).toContain('高高限 HH 22.4 kPa, 未确认收悉');
    await page.getByRole('button', { name: '确认收悉', exact: true }).click();
    await page.locator('.map-alarm-acknowledged').waitFor();
    expect(calls('POST', '/alarms/alarm-1/acknowledge')[0]!.headers()['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    await page.getByRole('button', { name: '判定误报' }).click();
    await page.getByRole('button', { name: '确认为误报' }).click();
    await page.getByText('判定误报必须填写原因').first().waitFor();
  });

  test('an asset is chosen by keyboard', async () => {
    const { page } = await open({
      'GET /session': () => ({ json: sessionOf('regulator') }),
      'GET /map': () => ({ json: mapOf(null) }),
    });
    await page.goto('/overview');
    await page.locator(`[data-feature-id="${TANK.id}"]`).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'A-3 3号苯乙烯储罐' }).waitFor();
    expect(new URL(page.url()).searchParams.get('asset')).toBe(TANK.id);
  });

  test('a line that the server refuses is shown as broken', async () => {
    const { page } = await open({
      'GET /session': () => ({ json: sessionOf('emergency_office') }),
      'GET /alarms': () => pageOf(),
      'GET /map': () => ({ json: mapOf(null) }),
      'GET /events': () => refusal('service.unavailable'),
    });
    await page.goto('/overview');
    await page.locator('.line-broken').waitFor();
    await page.getByText('已断开').waitFor();
  });
});

describe('reporting', () => {
  test('what is missing is named at its field, and what the server adds too; a complete report is sent once', async () => {
    const { page, calls } = await open(
      {
        'GET /session': () => ({ json: sessionOf('inspector') }),
        'GET /assets': () => pageOf({ ...TANK, tenantId: ENTERPRISE.id, kind: 'storage_tank', substance: null, point: null }),
        'GET /enterprises': () => pageOf(ENTERPRISE),
        'GET /map': () => ({ json: mapOf(null) }),
        'POST /hazards': (request) =>
          (request.postDataJSON() as { title?: string }).title === '坏标题'
            ? refusal('request.invalid', [{ field: 'title', code: 'request.invalid', messageZh: '标题不符合要求', messageEn: 'The title is not valid' }])
            : { status: 202, json: { hazardId: 'hazard-9', reportId: 'report-9', joined: false, status: 'processing' } },
      },
      { width: 390 },
    );
    await page.goto('/report');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByText('未知的隐患类型').waitFor();
    await page.getByText('必须填写隐患描述').waitFor();
    await page.getByText('必须选择设备或标注位置').waitFor();
    expect(calls('POST', '/hazards')).toHaveLength(0);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SELECT');
    expect(await sidewaysOverflow(page)).toBe(0);
    expect(await axeFaults(page)).toEqual([]);
    await page.getByLabel('类型').selectOption('over_limit');
    await page.getByLabel('情况说明').fill('压力表读数偏高');
    await page.getByLabel('按编号、名称查找设备').fill('苯乙烯');
    await page.getByLabel('设备', { exact: true }).selectOption(TANK.id);
    await page.getByLabel('标题').fill('坏标题');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByText('标题不符合要求').waitFor();
    await page.getByLabel('标题').fill('压力偏高');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByText('上报已安全保存，系统稍后立案。').waitFor();
    const [bad, good] = calls('POST', '/hazards');
    expect(good!.postDataJSON()).toMatchObject({ type: 'over_limit', description: '压力表读数偏高', title: '压力偏高', assetId: TANK.id, photos: [] });
    expect(good!.headers()['idempotency-key']).not.toBe(bad!.headers()['idempotency-key']);
  });

  test('a type asks for its own fields: those that lack are named at their place, what is not known is not sent', async () => {
    const { page, calls } = await open(
      {
        'GET /session': () => ({ json: sessionOf('inspector') }),
        'GET /assets': () => pageOf({ ...TANK, tenantId: ENTERPRISE.id, kind: 'storage_tank', substance: null, point: null }),
        'GET /enterprises': () => pageOf(ENTERPRISE),
        'GET /map': () => ({ json: mapOf(null) }),
        'POST /hazards': () => ({ status: 202, json: { hazardId: 'hazard-9', reportId: 'report-9', joined: false, status: 'processing' } }),
      },
      { width: 390 },
    );
    await page.goto('/report');
    await page.getByLabel('类型', { exact: true }).selectOption('lightning_test_expired');
    await page.getByLabel('情况说明').fill('防雷检测报告过期');
    await page.getByLabel('按编号、名称查找设备').fill('苯乙烯');
    await page.getByLabel('设备', { exact: true }).selectOption(TANK.id);
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByText('必须填写“有效期至”').waitFor();
    expect(calls('POST', '/hazards')).toHaveLength(0);
    await page.getByLabel('有效期至').fill('2026-10-01');
    await page.getByText('上报监管平台的信息').click();
    await page.getByLabel('隐患来源').selectOption('3');
    await page.getByLabel('发生环节代码').fill('11');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByText('“发生环节代码”的内容无效').waitFor();
    expect(await sidewaysOverflow(page)).toBe(0);
    expect(await axeFaults(page)).toEqual([]);
    await page.getByLabel('发生环节代码').fill('7');
    await page.getByLabel('原因类别').selectOption('3');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByText('上报已安全保存，系统稍后立案。').waitFor();
    expect(calls('POST', '/hazards')[0]!.postDataJSON()).toMatchObject({ type: 'lightning_test_expired', source: 3, fields: { dueOn: '2026-10-01', cause: '3', stage: 7 } });
    expect(Object.keys((calls('POST', '/hazards')[0]!.postDataJSON() as { fields: object }).fields).sort()).toEqual(['cause', 'dueOn', 'stage']);
  });
});

describe('lists and places', () => {
  test('filters live in the address; further pages follow the cursor; a failed list says why and can be tried again', async () => {
    let broken = true;
    const { page, calls } = await open({
      'GET /session': () => ({ json: sessionOf('inspector') }),
      'GET /enterprises': () => pageOf(ENTERPRISE),
      'GET /hazards': (request) => {
        const search = new URL(request.url()).searchParams;
        if (broken) return refusal('service.unavailable');
        return search.get('cursor') === 'second' ? pageOf(hazardOf({ id: 'h2', title: '第二页' })) : { json: { items: [hazardOf({ title: '第一页' })], nextCursor: 'second' } };
      },
    });
    await page.goto('/hazards?state=rectifying');
    await page.getByText('service.unavailable').waitFor();
    broken = false;
    await page.getByRole('button', { name: '重试' }).click();
    await page.getByRole('link', { name: '第一页' }).waitFor();
    await page.getByRole('button', { name: '加载更多' }).click();
    await page.getByRole('link', { name: '第二页' }).waitFor();
    await page.getByRole('combobox', { name: '等级' }).selectOption('major');
    await page.getByRole('checkbox', { name: '逾期' }).click();
    await page.waitForURL('**/hazards?state=rectifying&grade=major&overdue=true');
    await until(() => new URL(calls('GET', '/hazards').at(-1)!.url()).search === '?state=rectifying&grade=major&overdue=true&limit=50');
  });

  test.each([
    ['investment_office', ['安全评级']],
    ['regulator', ['总览', '隐患', '通知书', '设置']],
    ['process_owner', ['总览', '流程', '设置']],
    ['enterprise_safety_officer', ['总览', '隐患', '上报', '任务', '通知书', '统计', '设置']],
    ['inspector', ['总览', '研判', '隐患', '上报', '任务', '通知书', '统计', '设置']],
  ] as const)('%s sees the places of the role and no other', async (role, places) => {
    const { page } = await open({ 'GET /session': () => ({ json: sessionOf(role) }), 'GET /map': () => ({ json: mapOf(null) }), 'GET /alarms': () => pageOf(), 'GET /enterprises': () => pageOf() });
    await page.goto('/password');
    await page.locator('.places-top a').first().waitFor();
    expect(await page.locator('.places-top a > span:not(.count)').allTextContents()).toEqual(places);
    await page.goto('/flows');
    if (role !== 'process_owner') await page.getByText('当前身份无权查看此页').first().waitFor();
  });

  test('the language is chosen by the browser first, then by the person, and kept', async () => {
    const { page } = await open({ 'GET /session': () => refusal('auth.required') }, { language: 'en' });
    await page.goto('/');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('en');
    await page.getByRole('button', { name: '中文' }).click();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: '登录' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
  });

  test('a device without network says so, and stops saying so', async () => {
    const { page, context } = await open({ 'GET /session': () => ({ json: sessionOf('investment_office') }), 'GET /enterprises': () => pageOf() });
    await page.goto('/ratings');
    await page.getByText('园区内还没有企业').waitFor();
    await context.setOffline(true);
    await page.getByText('设备已离线').waitFor();
    await context.setOffline(false);
    await page.getByText('设备已离线').waitFor({ state: 'detached' });
  });
});
