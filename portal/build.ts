/**
 * Builds portal/dist when its sources changed since the last build. `node portal/build.ts` prints one line;
 * `--force` builds anyway.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'portal/dist');
const STAMP = '.source-hash';
const SOURCES = ['portal/src', 'portal/locales', 'portal/public', 'portal/index.html', 'portal/vite.config.ts', 'domain', 'package-lock.json'];

const filesOf = async (path: string): Promise<string[]> => {
  try {
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return [path];
    throw error;
  }
};

const sourceHash = async (): Promise<string> => {
  const files = (await Promise.all(SOURCES.map((s) => filesOf(join(root, s))))).flat().sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(relative(root, file)).update('\0').update(await readFile(file)).update('\0');
  return hash.digest('hex');
};

const builtHash = (): Promise<string> => readFile(join(dist, STAMP), 'utf8').catch(() => '');

/** Sizes of what a browser loads, in kB after gzip: the entry with what it needs at once, and all together. */
const sizes = async (): Promise<string> => {
  const files = (await filesOf(join(dist, 'assets'))).filter((f) => /\.(js|css)$/.test(f));
  const gz = new Map<string, number>();
  for (const file of files) gz.set(relative(dist, file), gzipSync(await readFile(file)).length);
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const sum = (names: Iterable<string>): string => `${([...names].reduce((n, name) => n + (gz.get(name) ?? 0), 0) / 1000).toFixed(0)} kB`;
  return `first load ${sum([...gz.keys()].filter((name) => page.includes(name)))}, all pages ${sum(gz.keys())} (gzip)`;
};

const before = Date.now();
const hash = await sourceHash();
if ((await builtHash()) === hash && !process.argv.includes('--force')) {
  console.log('Portal: up to date');
} else {
  const { build } = await import('vite');
  // Built aside and put in place whole: a park may be serving the old one, another start may be building too.
  const aside = join(root, 'node_modules/.cache', `portal-${process.pid}`);
  await mkdir(aside, { recursive: true });
  try {
    await build({ configFile: join(root, 'portal/vite.config.ts'), logLevel: 'warn', build: { outDir: join(aside, 'new') } });
    await writeFile(join(aside, 'new', STAMP), hash);
    await rename(dist, join(aside, 'old')).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(join(aside, 'new'), dist).catch(async (error: NodeJS.ErrnoException) => {
      // Another build of the same sources was faster.
      if ((await builtHash()) !== hash) throw error;
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  console.log(`Portal: built in ${((Date.now() - before) / 1000).toFixed(1)} s, ${await sizes()}`);
}
