/**
 * A real Chromium without anything installed on the machine: the browser is an npm package (Linux x64), the Chinese font
 * another. Elsewhere set CHROMIUM_PATH to a browser.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { chromium } from 'playwright-core';

const FONTS = dirname(fileURLToPath(import.meta.resolve('@expo-google-fonts/noto-sans-sc/package.json')));
const LIBRARY_FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/lib64', '/usr/lib', '/lib/x86_64-linux-gnu'];

const fontsConf = async (folder: string): Promise<string> => {
  const weights = (await readdir(FONTS, { withFileTypes: true })).filter((e) => e.isDirectory() && /^(400|500|600|700)/.test(e.name));
  const file = join(folder, 'fonts.conf');
  const dirs = weights.map((w) => join(FONTS, w.name)).map((dir) => `<dir>${dir}</dir>`).join('');
  // No other font, so that a picture is the same on every machine.
  await writeFile(file, `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd"><fontconfig>${dirs}<cachedir>${folder}/cache</cachedir></fontconfig>\n`);
  return file;
};

/** Starts the browser; end it with `stop`. */
export const startChromium = async (): Promise<{ browser: Browser; stop: () => Promise<void> }> => {
  const folder = await mkdtemp(join(tmpdir(), 'parkwarden-browser-'));
  const given = process.env.CHROMIUM_PATH;
  let executablePath = given;
  let args: string[] = [];
  if (!given) {
    // Read when the package is imported: with it the package also unpacks the libraries that a bare machine lacks.
    if (!LIBRARY_FOLDERS.some((f) => existsSync(join(f, 'libnss3.so')))) process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs22.x';
    const packaged = (await import('@sparticuz/chromium')).default;
    executablePath = await packaged.executablePath();
    // One process for all would take every page with it when one of them ends.
    args = packaged.args.filter((arg) => arg !== '--single-process');
  }
  const browser = await chromium.launch({ executablePath, args, env: { ...process.env, FONTCONFIG_FILE: await fontsConf(folder) } as Record<string, string> });
  return {
    browser,
    stop: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
