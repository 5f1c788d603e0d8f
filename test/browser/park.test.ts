/** The portal on a whole park: from the alarm on the map to the archived case, as the people of the demo park see it. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import type { RunningPark } from '../system/park.ts';
import { startPark } from '../system/park.ts';
import { startChromium } from './chromium.ts';
import type { UiLanguage, Watched, Width } from './pages.ts';
import { axeFaults, openPage, picture, sidewaysOverflow, signIn, until, WIDTHS } from './pages.ts';

const DUTY_OFFICER = 'lu.chengan';
const ACCEPTOR = 'han.xi';
const ENTERPRISE_OFFICER = 'shen.yan';
const PARK_ADMIN = 'gu.qinghe';
const OTHER_ENTERPRISE = 'liu.weizhen';
const PROCESS_OWNER = 'ji.mingchuan';
const INVESTMENT_OFFICE = 'qiao.ruogu';
const TANK = 'asset-a3';
/** The simulator brings tank A-3 over its limit within a minute of the start. */
const ALARM_MS = 120_000;

let park: RunningPark;
let browser: Browser;
let stopBrowser: () => Promise<void>;
const opened: Watched[] = [];

const as = async (username: string, options: { language?: UiLanguage; width?: Width; worksOffline?: boolean } = {}): Promise<Page> => {
  const watched = await openPage(browser, park.urls.portal, options);
  opened.push(watched);
  await signIn(watched.page, park.account(username));
  return watched.page;
};

/** A photo like no other, so that it cannot be in the store already. */
const photo = (seed: string): Buffer => makePhoto(seed, 320, 200);

const act = async (page: Page, name: string, fill: (form: ReturnType<Page['locator']>) => Promise<void> = async () => {}): Promise<void> => {
  await page.locator('.act-buttons, .act-more').getByRole('button', { name, exact: true }).click();
  const form = page.locator('.act-form');
  await fill(form);
  await form.locator('button[type=submit]').click();
  await page.getByText(`已完成：${name}`).waitFor();
};

/** Where the tank stands: a major hazard is judged there. */
const stand = async (page: Page): Promise<void> => {
  const map = (await (await page.request.get('/api/v1/map')).json()) as { features: { id: string; geometry: { coordinates: [number, number] } }[] };
  const [longitude, latitude] = map.features.find((f) => f.id === TANK)!.geometry.coordinates;
  await page.context().grantPermissions(['geolocation']);
  await page.context().setGeolocation({ longitude, latitude });
};
/** Words, a photo of the place, and the position. */
const onSite = async (form: ReturnType<Page['locator']>, words: string, seed: string): Promise<void> => {
  await form.getByLabel('说明').fill(words);
  await form.locator('input[type=file]').setInputFiles({ name: '现场.png', mimeType: 'image/png', buffer: photo(seed) });
  await form.getByText('现场.png').waitFor();
  await form.getByRole('button', { name: '使用当前位置' }).click();
  await form.getByText('已选：').waitFor();
};

const VIEWS = (['zh-CN', 'en'] as const).flatMap((language) => WIDTHS.map((width) => ({ language, width })));
let caseUrl = '';

beforeAll(async () => {
  [park, { browser, stop: stopBrowser }] = await Promise.all([startPark(), startChromium()]);
}, 300_000);
afterAll(async () => {
  await stopBrowser?.();
  await park?.stop();
}, 60_000);

describe('one hazard, from the alarm to the archive', () => {
  test('the alarm of tank A-3 comes to the map by itself, with level, shape and name', async () => {
    const page = await as(DUTY_OFFICER);
    await page.goto('/overview');
    const sign = page.locator(`[data-feature-id="${TANK}"][data-alarm]`);
    await sign.waitFor({ timeout: ALARM_MS });
    await page.locator('.line-live').waitFor();
    const level = await sign.getAttribute('data-alarm');
    expect(await sign.getAttribute('aria-label')).toContain(`A-3 ${level}`);
    expect(await sign.locator('path.map-sign').count()).toBe(1);
    // A second reader of the same page sees the acknowledgement without reloading.
    const other = await as(ACCEPTOR);
    await other.goto('/overview');
    const alarms = page.locator('.alarm').filter({ hasText: 'A-3' });
    const unacknowledged = other.locator('.alarm-unacknowledged').filter({ hasText: 'A-3' });
    await unacknowledged.first().waitFor();
    await alarms.first().waitFor();
    await picture(page, 'alarm-zh-1440');
    const before = await unacknowledged.count();
    await page.locator('.alarm-unacknowledged').filter({ hasText: 'A-3' }).last().getByRole('button', { name: '确认收悉', exact: true }).click();
    await until(async () => (await unacknowledged.count()) !== before || (await other.locator('.alarm-acknowledged').filter({ hasText: 'A-3' }).count()) > 0);
  }, 180_000);

  test('its case was opened by a flow, and carries event, rule version and flow version', async () => {
    const page = await as(DUTY_OFFICER);
    await page.goto(`/hazards?assetId=${TANK}`);
    await page.locator('.hazards tbody a').first().waitFor({ timeout: ALARM_MS });
    await page.locator('.hazards tbody a').last().click();
    await page.locator('.source').waitFor();
    caseUrl = new URL(page.url()).pathname;
    expect(await page.locator('.source').innerText()).toMatch(/事件 \S+[\s\S]*规则 \S+ 第 \d+ 版[\s\S]*流程第 \d+ 版/);
    await page.locator('.timeline').getByText('上报立案').waitFor();
    expect(await page.locator('.act-buttons button').allTextContents()).toContain('分级');
    // On the board it waits to be graded, with what the criteria in force ask.
    const board = await as(DUTY_OFFICER);
    await board.goto('/triage');
    const card = board.locator('.board-lane', { has: board.getByRole('heading', { name: /待分级/ }) }).locator('.board-card').filter({ hasText: 'A-3' });
    await card.first().locator('.board-open').focus();
    await board.keyboard.press('Enter');
    const form = board.locator('.act-form');
    await form.locator('.proposal').waitFor();
    await form.getByLabel('企业行业').selectOption('chemical');
    await form.getByLabel('等级').selectOption('major');
    await form.getByLabel('原因').fill('储罐压力超过设计限值，呼吸阀动作');
    await form.locator('button[type=submit]').click();
    await board.getByText('已完成：分级').waitFor();
    await page.reload();
    await page.locator('.hazard-head').getByText('重大隐患').waitFor();
    // The enterprise has one safety officer, so the system dispatches by itself.
    await page.locator('.hazard-head .mark-state-dispatched').waitFor();
    await page.locator('.timeline').getByText('整改期限开始计时').waitFor();
  }, 180_000);

  test('the enterprise finds the notice in its inbox, reads it, and gets it as PDF', async () => {
    const page = await as(ENTERPRISE_OFFICER);
    await page.goto('/notices');
    const row = page.locator('.notice-row-unread').filter({ has: page.locator('.mark-notice-dispatch') });
    await row.first().waitFor();
    await row.first().getByRole('link').click();
    await page.locator('.paper .notice h1').waitFor();
    await page.getByText('已读于').waitFor();
    await page.getByRole('button', { name: '签收', exact: true }).click();
    await page.getByText('签收于').waitFor();
    // The park sees on the case when it was opened and acknowledged.
    const office = await as(DUTY_OFFICER);
    await office.goto(caseUrl);
    const told = office.locator('.event-notice').filter({ hasText: '隐患整改通知' }).filter({ hasText: '发往' });
    await told.getByRole('button', { name: '送达回执' }).click();
    await told.locator('.receipt-steps').getByText('签收').waitFor();
    const href = await page.getByRole('link', { name: 'PDF' }).getAttribute('href');
    const pdf = await page.request.get(href!);
    expect(pdf.status()).toBe(200);
    expect((await pdf.body()).subarray(0, 5).toString()).toBe('%PDF-');
    await page.goto('/notices');
    await page.locator('.notice-row').first().waitFor();
    expect(await row.count()).toBe(0);
  }, 120_000);

  test('it rectifies with a photo, and may not accept its own work', async () => {
    const page = await as(ENTERPRISE_OFFICER);
    await page.goto(caseUrl);
    await act(page, '开始整改');
    // A major hazard is not handed in without a plan; the refusal stands beside what is missing.
    await act(page, '制定整改方案', async (form) => {
      await form.getByLabel('整改期间的安全措施').fill('降压运行，专人值守');
      await form.getByLabel('整改措施', { exact: true }).fill('更换安全阀并校验');
      await form.getByLabel('整改资金（元）').fill('38000');
    });
    await act(page, '申请延期', async (form) => {
      const now = await form.getByLabel('申请的新期限').inputValue();
      await form.getByLabel('原因').fill('备件到货延迟');
      await form.locator('button[type=submit]').click();
      await form.locator('.field-error').first().waitFor();
      await form.getByLabel('申请的新期限').fill(new Date(Date.parse(`${now}:00Z`) + 3 * 86_400_000).toISOString().slice(0, 16));
    });
    const head = await as(PARK_ADMIN);
    await head.goto('/triage');
    await head.locator('.board-lane', { has: head.getByRole('heading', { name: /延期待决定/ }) }).locator('.board-open').click();
    await head.locator('.act-form').getByLabel('决定').selectOption('true');
    await head.locator('.act-form').getByLabel('原因').fill('同意');
    await head.locator('.act-form button[type=submit]').click();
    await head.getByText('已完成：决定延期申请').waitFor();
    // The page follows by itself: what is done next is done to the case as it is now.
    await page.locator('.case-state').getByText('已同意 1 次').waitFor();
    await act(page, '登记进展', async (form) => form.getByLabel('说明').fill('已切换氮封并泄压'));
    const bytes = photo(caseUrl);
    await act(page, '提交验收', async (form) => {
      await form.getByLabel('说明').fill('安全阀已更换并校验');
      await form.locator('input[type=file]').setInputFiles({ name: '安全阀.png', mimeType: 'image/png', buffer: bytes });
      await form.getByText('安全阀.png').waitFor();
    });
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await page.locator('.evidence-hash', { hasText: sha256 }).waitFor();
    const image = page.locator(`.evidence img[src*="${sha256}"]`);
    await until(() => image.evaluate((img) => (img as unknown as { naturalWidth: number }).naturalWidth === 320));
    expect(await page.locator('.act-buttons button').allTextContents()).not.toContain('验收合格');
  }, 120_000);

  test('two people judge it on site, and the case is archived with its package and a chain that holds', async () => {
    for (const view of VIEWS) {
      const looker = await as(ACCEPTOR, view);
      await looker.goto(caseUrl);
      await looker.locator('.timeline .event').first().waitFor();
      await looker.locator('.act-buttons button').first().waitFor();
      expect(await axeFaults(looker)).toEqual([]);
      expect(await sidewaysOverflow(looker)).toBe(0);
      await picture(looker, `case-open-${view.language === 'en' ? 'en' : 'zh'}-${view.width}`);
    }
    const page = await as(ACCEPTOR);
    await page.goto(caseUrl);
    await stand(page);
    await act(page, '验收签字', (form) => onSite(form, '现场复核合格', `sign ${caseUrl}`));
    await page.locator('.signatures').getByText('已签').waitFor();
    expect(await page.locator('.act-buttons button').allTextContents()).not.toContain('验收合格');
    const second = await as(DUTY_OFFICER);
    await stand(second);
    await second.goto(caseUrl);
    await act(second, '验收合格', (form) => onSite(form, '会同复核合格', `accept ${caseUrl}`));
    await second.locator('.hazard-head .mark-state-archived').waitFor();
    expect(await second.locator('.step-done').count()).toBe(6);
    await second.locator('.packages a').first().waitFor({ timeout: 60_000 }).catch(() => second.reload());
    await second.locator('.packages').getByText('归档包').waitFor();
    await second.getByText('次流转逐一校验').waitFor();
    await second.locator('.case-state').getByText('完整').waitFor();
    await second.locator('.look-backs').getByText('未到期').first().waitFor();
  }, 180_000);

  test('firms alike find a task to look for the same class, and complete it with words', async () => {
    const page = await as(OTHER_ENTERPRISE);
    await page.goto('/tasks?mine=true');
    const task = page.locator('.task').filter({ hasText: '同类' }).first();
    await task.getByRole('button', { name: '办结' }).click();
    await task.getByLabel('结果').selectOption('not_needed');
    await task.locator('button[type=submit]').click();
    await task.locator('.field-error').waitFor();
    await task.getByLabel('说明').fill('本企业无同类设备');
    await task.locator('button[type=submit]').click();
    await page.getByText('任务已办结').waitFor();
  }, 60_000);

  test('a report from a phone opens a case of its own', async () => {
    const page = await as(ACCEPTOR, { width: 390 });
    await page.goto('/report');
    await page.locator('input[type=file]').setInputFiles({ name: 'blocked.png', mimeType: 'image/png', buffer: photo(`report ${Date.now()}`) });
    await page.getByText('blocked.png').waitFor();
    await page.getByLabel('类型').selectOption('escape_route_blocked');
    await page.getByLabel('情况说明').fill('装卸平台疏散通道被托盘堵塞');
    await page.getByLabel('按编号、名称查找设备').fill('LD-1');
    await page.getByLabel('设备', { exact: true }).selectOption('asset-ld1');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByRole('heading', { name: '上报已收到' }).waitFor();
    await page.getByRole('link', { name: '查看隐患' }).click();
    await page.locator('.evidence img').waitFor();
    expect(await sidewaysOverflow(page)).toBe(0);
  }, 120_000);
});

const reportOf = async (page: Page, seed: string, words: string, asset: string): Promise<string> => {
  const bytes = photo(seed);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const { csrfToken } = (await (await page.request.get('/api/v1/session')).json()) as { csrfToken: string };
  await page.request.put(`/api/v1/blobs/${sha256}`, { data: bytes, headers: { 'Content-Type': 'image/png', 'X-CSRF-Token': csrfToken } });
  const answer = await page.request.post('/api/v1/hazards', {
    data: { type: 'leak', description: words, assetId: asset, photos: [{ sha256, mediaType: 'image/png' }], clientAt: new Date().toISOString() },
    headers: { 'X-CSRF-Token': csrfToken, 'Idempotency-Key': `browser-${sha256.slice(0, 32)}` },
  });
  expect(answer.status()).toBe(201);
  return ((await answer.json()) as { hazardId: string }).hazardId;
};

describe('triage board', () => {
  test('a near duplicate is proposed with the reasons, merged, and taken apart again', async () => {
    const page = await as(DUTY_OFFICER);
    await reportOf(page, `first ${Date.now()}`, '装卸泵机械密封渗漏，地面有积液', 'asset-a1');
    const again = await reportOf(page, `again ${Date.now()}`, '泵机械密封渗漏，地面积液', 'asset-a2');
    await page.goto(`/triage?case=${again}`);
    const duplicate = page.locator('.duplicate').first();
    await duplicate.getByText('描述相似').waitFor();
    await duplicate.getByRole('button', { name: '并入此隐患' }).click();
    await page.getByText('已完成：合并到另一隐患').waitFor();
    await until(async () => ((await (await page.request.get(`/api/v1/hazards/${again}`)).json()) as { state: string }).state === 'merged');
    await page.getByRole('button', { name: '撤销合并' }).click();
    await page.getByText('合并已撤销').waitFor();
    await until(async () => ((await (await page.request.get(`/api/v1/hazards/${again}`)).json()) as { state: string }).state === 'reported');
  }, 60_000);

  test('cards are reached by the arrow keys, and a phone shows one lane at a time', async () => {
    const page = await as(DUTY_OFFICER);
    await page.goto('/triage');
    const cards = page.locator('.board-lane').first().locator('.board-open');
    await until(async () => (await cards.count()) > 1);
    await cards.first().focus();
    await page.keyboard.press('ArrowDown');
    expect(await cards.nth(1).evaluate((card) => card === document.activeElement)).toBe(true);
    await page.keyboard.press('ArrowUp');
    expect(await cards.first().evaluate((card) => card === document.activeElement)).toBe(true);
    const phone = await as(DUTY_OFFICER, { width: 390 });
    await phone.goto('/triage');
    await phone.locator('.board-card').first().waitFor();
    expect(await phone.locator('.board-lane:visible').count()).toBe(1);
    await phone.getByRole('button', { name: /挂牌督办/ }).click();
    await phone.locator('#lane-listed:visible').waitFor();
  }, 60_000);
});

describe('without network', () => {
  test('[C-083] the page opens, checks a report as the server does, keeps it with its photo, and sends it once when the network is back', async () => {
    const page = await as(ACCEPTOR, { width: 390, worksOffline: true });
    const context = page.context();
    await page.goto('/report');
    await page.locator('.asset-picker option:nth-child(2)').waitFor({ state: 'attached' });
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await context.setOffline(true);
    await page.reload();
    await page.getByText('设备已离线').waitFor();
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.locator('.field-error').first().waitFor();
    const offline = await page.locator('.field-error').allTextContents();
    expect(await page.locator('.report-queue').count()).toBe(0);
    const words = `离线上报 ${Date.now()}`;
    await page.locator('input[type=file]').setInputFiles({ name: 'offline.png', mimeType: 'image/png', buffer: photo(words) });
    await page.getByText('已保存在本机，联网后上传').waitFor();
    await page.getByLabel('类型').selectOption('escape_route_blocked');
    await page.getByLabel('情况说明').fill(words);
    await page.getByLabel('按编号、名称查找设备').fill('A-4');
    await page.getByLabel('设备', { exact: true }).selectOption('asset-a4');
    await page.getByRole('button', { name: '提交上报' }).click();
    await page.getByRole('heading', { name: '上报已保存在本机' }).waitFor();
    // It outlives the page.
    await page.reload();
    const kept = page.locator('.report-queue li');
    await kept.getByText('待发送').waitFor();
    await picture(page, 'report-offline-zh-390');
    expect(await axeFaults(page)).toEqual([]);
    const before = Date.now();
    await context.setOffline(false);
    await kept.getByText('已发送').waitFor();
    await kept.getByRole('link').click();
    await page.locator('.evidence img').first().waitFor();
    const sha256 = createHash('sha256').update(photo(words)).digest('hex');
    const found = (await (await page.request.get(`/api/v1/hazards/${new URL(page.url()).pathname.split('/').at(-1)}`)).json()) as { description: string; reportedAt: string; evidence: { sha256: string }[] };
    expect(found).toMatchObject({ description: words, evidence: [{ sha256 }] });
    expect(Date.parse(found.reportedAt)).toBeGreaterThanOrEqual(before - 2000);
    // Once, whatever the page does afterwards.
    await page.reload();
    await page.waitForLoadState('networkidle').catch(() => {});
    const list = (await (await page.request.get(`/api/v1/hazards?q=${encodeURIComponent(words)}`)).json()) as { items: unknown[] };
    expect(list.items).toHaveLength(1);
    // The server names the same fields in the same words.
    const { csrfToken } = (await (await page.request.get('/api/v1/session')).json()) as { csrfToken: string };
    const refused = await page.request.post('/api/v1/hazards', {
      data: { type: '', description: '', photos: [], fields: {}, source: 1, clientAt: new Date().toISOString() }, headers: { 'X-CSRF-Token': csrfToken, 'Idempotency-Key': `incomplete-${Date.now()}` },
    });
    const { code, errors } = (await refused.json()) as { code: string; errors: { messageZh: string }[] };
    expect({ status: refused.status(), code }).toEqual({ status: 422, code: 'hazard.report_incomplete' });
    expect(errors.map((e) => e.messageZh).toSorted()).toEqual(offline.toSorted());
  }, 120_000);
});

describe('every page, in both languages and widths', () => {
  const caseOf = (): string => caseUrl;
  const PAGES: { name: string; username: string; path: () => string; ready: string }[] = [
    { name: 'overview', username: DUTY_OFFICER, path: () => `/overview?asset=${TANK}`, ready: '.sensors .number strong' },
    { name: 'hazards', username: DUTY_OFFICER, path: () => '/hazards', ready: '.hazards tbody tr' },
    { name: 'case', username: DUTY_OFFICER, path: caseOf, ready: '.timeline .event' },
    { name: 'report', username: ENTERPRISE_OFFICER, path: () => '/report', ready: '.asset-picker option:nth-child(2)' },
    { name: 'inbox', username: ENTERPRISE_OFFICER, path: () => '/notices', ready: '.notice-row' },
    { name: 'flows', username: PROCESS_OWNER, path: () => '/flows', ready: '.version' },
    { name: 'password', username: DUTY_OFFICER, path: () => '/password', ready: 'form' },
    { name: 'board', username: DUTY_OFFICER, path: () => '/triage', ready: '.board-card' },
    { name: 'history', username: DUTY_OFFICER, path: () => `/assets/${TANK}/history`, ready: '.history-list li' },
    { name: 'tasks', username: PARK_ADMIN, path: () => '/tasks', ready: '.task' },
    { name: 'patrols', username: PARK_ADMIN, path: () => '/tasks?tab=plans', ready: 'details summary' },
    { name: 'figures', username: PARK_ADMIN, path: () => '/figures', ready: '.plain-table tbody tr' },
    { name: 'running-effect', username: PARK_ADMIN, path: () => '/figures?tab=effect', ready: '.effect, .effects .empty' },
    { name: 'never-fixed', username: PARK_ADMIN, path: () => '/figures?tab=never', ready: '#never-title' },
    { name: 'analysis', username: PARK_ADMIN, path: () => '/figures?tab=report', ready: '.analysis .card, .analysis .empty' },
    { name: 'calendar', username: PARK_ADMIN, path: () => '/admin?part=calendar&month=2026-10', ready: '.calendar td' },
    { name: 'self-audits', username: PARK_ADMIN, path: () => '/admin?part=audits', ready: '.admin-part .empty, .admin-part .admin-list a' },
    { name: 'rules', username: PARK_ADMIN, path: () => '/admin?part=rules', ready: '.admin-part summary' },
    { name: 'policy', username: PARK_ADMIN, path: () => '/admin?part=policy', ready: '.policy' },
    { name: 'sms', username: PARK_ADMIN, path: () => '/admin?part=sms', ready: '.admin-part .empty, .admin-part .admin-list li' },
    { name: 'accounts', username: PARK_ADMIN, path: () => '/admin?part=accounts', ready: '.admin-list li' },
    { name: 'contractors', username: PARK_ADMIN, path: () => '/admin?part=affiliations', ready: '.admin-form' },
    { name: 'delegations', username: ENTERPRISE_OFFICER, path: () => '/delegations', ready: '.admin-form' },
    { name: 'ratings', username: DUTY_OFFICER, path: () => '/ratings', ready: '.ratings tbody tr .rating' },
  ];

  test.each(VIEWS)('$language at $width px: nothing serious for axe, nothing beyond the edge', async ({ language, width }) => {
    const faults: string[] = [];
    const people = new Map<string, Page>();
    const check = async (page: Page, name: string): Promise<void> => {
      faults.push(...(await axeFaults(page)).map((f) => `${name}: ${f}`));
      const overflow = await sidewaysOverflow(page);
      if (overflow > 0) faults.push(`${name}: ${overflow} px too wide`);
      await picture(page, `${name}-${language === 'en' ? 'en' : 'zh'}-${width}`);
    };
    const stranger = await openPage(browser, park.urls.portal, { language, width });
    opened.push(stranger);
    await stranger.page.goto('/');
    await stranger.page.waitForSelector('input[name=username]');
    await check(stranger.page, 'sign-in');
    for (const { name, username, path, ready } of PAGES) {
      const page = people.get(username) ?? (await as(username, { language, width }));
      people.set(username, page);
      await page.goto(path());
      await page.locator(ready).first().waitFor({ state: 'attached' });
      await check(page, name);
    }
    const reader = people.get(ENTERPRISE_OFFICER)!;
    await reader.goto('/notices');
    await reader.locator('.notice-subject a').first().click();
    await reader.locator('.paper .notice').waitFor();
    await check(reader, 'notice');
    expect(faults).toEqual([]);
  }, 400_000);

  test('the flow editor opens for the process owner with the palette 园安, and for nobody else', async () => {
    for (const { language, width } of VIEWS) {
      const page = await as(PROCESS_OWNER, { language, width });
      await page.goto('/flow-editor/');
      for (const type of ['pw-sensor-event', 'pw-threshold', 'pw-sustained', 'pw-start-case', 'pw-signal-case', 'pw-notify', 'pw-actuate']) {
        await page.locator(`#red-ui-palette [data-palette-type="${type}"]`).waitFor({ state: 'attached' });
      }
      if (width === 1440) await page.locator('.red-ui-palette-header').filter({ hasText: '园安' }).waitFor();
      await page.locator('.red-ui-flow-node, .red-ui-workspace-chart g.red-ui-flow-node-group').first().waitFor({ state: 'attached' });
      await picture(page, `flow-editor-${language === 'en' ? 'en' : 'zh'}-${width}`);
    }
    const stranger = await as(ENTERPRISE_OFFICER);
    expect((await stranger.request.get('/flow-editor/')).status()).not.toBe(200);
  }, 120_000);

  test('the investment office sees ratings and nothing else', async () => {
    const page = await as(INVESTMENT_OFFICE);
    await page.waitForURL('**/ratings');
    await page.locator('.ratings tbody tr').first().waitFor();
    expect(await page.locator('.places-top a').count()).toBe(1);
    await page.goto('/hazards');
    await page.getByText('当前身份无权查看此页').first().waitFor();
  }, 60_000);

  test('no page asked another host, broke, or was stopped by the security policy', () => {
    mkdirSync(join(import.meta.dirname, '../.artifacts/browser'), { recursive: true });
    const own = opened.flatMap((o) => (o.page.url().includes('/flow-editor/') ? [] : o.complaints));
    expect(opened.length).toBeGreaterThan(5);
    expect(own).toEqual([]);
  });
});
