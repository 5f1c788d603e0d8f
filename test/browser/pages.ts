/** What browser tests share: a page that keeps watch over itself, signing in, axe, pictures. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const artifacts = join(import.meta.dirname, '../.artifacts/browser');

export type UiLanguage = 'zh-CN' | 'en';
export const WIDTHS = [1440, 390] as const;
export type Width = (typeof WIDTHS)[number];

export interface Watched {
  context: BrowserContext;
  page: Page;
  /** Requests to another host, faults of the page, and what its security policy refused. */
  complaints: string[];
}

export const openPage = async (browser: Browser, origin: string, { language = 'zh-CN', width = 1440, worksOffline = false }: { language?: UiLanguage; width?: Width; worksOffline?: boolean } = {}): Promise<Watched> => {
  const context = await browser.newContext({ serviceWorkers: worksOffline ? 'allow' : 'block', locale: language, viewport: { width, height: width === 390 ? 844 : 900 }, hasTouch: width === 390, baseURL: origin });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (['http:', 'https:', 'ws:', 'wss:'].includes(url.protocol) && url.origin !== origin) complaints.push(`outside request: ${request.url()}`);
  });
  page.on('pageerror', (error) => complaints.push(`page error: ${error.message}`));
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) complaints.push(message.text());
  });
  return { context, page, complaints };
};

export const signIn = async (page: Page, account: { username: string; password: string }): Promise<void> => {
  await page.goto('/sign-in');
  await page.fill('input[name=username]', account.username);
  await page.fill('input[name=password]', account.password);
  await page.click('button[type=submit]');
  await page.waitForSelector('.topbar');
};

/** Waits for what Playwright has no wait for. */
export const until = async (condition: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> => {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${limitMs} ms: ${condition}`);
    await sleep(50);
  }
};

/** Serious and critical violations, one line each. */
export const axeFaults = async (page: Page): Promise<string[]> => {
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    interface Run { violations: { id: string; impact: string; nodes: { target: unknown[] }[] }[] }
    return (await (window as unknown as { axe: { run: () => Promise<Run> } }).axe.run()).violations;
  });
  return violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
};

/** How far the page reaches beyond the window, in px. */
export const sidewaysOverflow = (page: Page): Promise<number> => page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));

/** Those that the documents show; written with UPDATE_IMAGES=true. */
const DOCUMENTED: Record<string, string> = {
  'overview-zh-1440': 'map-zh', 'overview-en-1440': 'map-en', 'case-open-zh-1440': 'case-zh', 'case-open-en-390': 'case-en-phone',
  'inbox-zh-1440': 'inbox-zh', 'board-zh-1440': 'triage-zh', 'board-en-390': 'triage-en-phone', 'figures-zh-1440': 'figures-zh', 'figures-en-1440': 'figures-en', 'flow-editor-zh-1440': 'flow-editor-zh',
};
const documents = join(import.meta.dirname, '../../docs/images');

/** For people to look at: test/.artifacts/browser/{name}.png. */
export const picture = async (page: Page, name: string): Promise<void> => {
  mkdirSync(artifacts, { recursive: true });
  const bytes = await page.screenshot({ path: join(artifacts, `${name}.png`), animations: 'disabled' });
  const documented = DOCUMENTED[name];
  if (!documented || process.env.UPDATE_IMAGES !== 'true') return;
  mkdirSync(documents, { recursive: true });
  writeFileSync(join(documents, `${documented}.png`), bytes);
};
