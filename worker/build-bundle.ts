/** The workflow code as one prebuilt script, kept by the hash of what it is made from, so that a worker starts at once. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
export const WORKFLOWS_PATH = join(root, 'workflows', 'index.ts');

const sources = async (): Promise<string[]> => {
  const files = await Promise.all(
    ['domain', 'workflows'].map(async (folder) =>
      (await readdir(join(root, folder), { recursive: true, withFileTypes: true })).filter((f) => f.isFile() && f.name.endsWith('.ts')).map((f) => join(f.parentPath, f.name)),
    ),
  );
  return files.flat().sort();
};

/** Path of the bundle of today's workflow code, built where `cacheDir` has none yet. */
export const buildBundle = async (cacheDir: string = join(tmpdir(), 'parkwarden-bundles')): Promise<{ codePath: string }> => {
  const hash = createHash('sha256');
  hash.update((createRequire(import.meta.url)('@temporalio/worker/package.json') as { version: string }).version);
  for (const file of await sources()) hash.update(relative(root, file)).update(await readFile(file));
  const codePath = join(cacheDir, `workflows-${hash.digest('hex').slice(0, 32)}.js`);
  if (await readFile(codePath).then(() => true, () => false)) return { codePath };

  const quiet = { log: () => {}, trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const { code } = await bundleWorkflowCode({ workflowsPath: WORKFLOWS_PATH, logger: quiet });
  await mkdir(cacheDir, { recursive: true });
  // Moved into place as a whole: two starts at once both see a complete file.
  const temporary = `${codePath}.${randomUUID()}`;
  await writeFile(temporary, code);
  await rename(temporary, codePath);
  return { codePath };
};
