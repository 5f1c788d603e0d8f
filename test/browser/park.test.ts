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
const PROCESS_OWNER = 'ji.mingchuan';
const INVESTMENT_OFFICE = 'qiao.ruogu';
const TANK = 'asset-a3';
/** The simulator brings tank A-3 over its limit within a minute of the start. */
const ALARM_MS = 120_000;

let park: RunningPark;
let browser: Browser;
let stopBrowser: () => Promise<void>;
const opened: Watched[] = [];

const as = async (username: string, options: { language?: UiLanguage; width?: Width } = {}): Promise<Page> => {
  const watched = await openPage(browser, park.urls.portal, options);
  opened.push(watched);
  await signIn(watched.page, park.account(username));
  return watched.page;
};

/** A photo like no other, so that it cannot be in the store already. */
const photo = (seed: string): Buffer => makePhoto(seed, 320, 200);

const act = async (page: Page, name: string, fill: (form: ReturnType<Page['locator']>) => Promise<void> = async () => {}): Promise<void> => {
  await page.locator('.act-buttons').getByRole('button', { name, exact: true }).click();
  const form = page.locator('.act-form');
  await fill(form);
  await form.locator('button[type=submit]').click();
  await page.getByText(`已完成：${name}`).waitFor();
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
    await act(page, '分级', async (form) => {
      await form.getByLabel('等级').selectOption('major');
      await form.getByLabel('原因').fill('储罐压力超过设计限值，呼吸阀动作');
    });
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

  test('an inspector accepts, and the case is archived', async () => {
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
    await act(page, '验收合格', async (form) => form.getByLabel('说明').fill('现场复核合格'));
    await page.locator('.hazard-head .mark-state-archived').waitFor();
    expect(await page.locator('.step-done').count()).toBe(6);
    expect(await page.locator('.acts').count()).toBe(0);
  }, 120_000);

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
  }, 240_000);

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
