/** The workflow code of an earlier version, kept whole, as a bundle for a worker of today. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

/** Where it finds the workflow library; it is no part of the sources. */
const ARTIFACTS = join(import.meta.dirname, '../.artifacts');

/** `{version}.json.gz` holds the files that workflows/index.ts of that version reached, by their paths. Gives the path of the bundle. */
export const bundleOfVersion = async (version: number): Promise<{ codePath: string }> => {
  const packed = await readFile(join(import.meta.dirname, `${version}.json.gz`));
  const folder = join(ARTIFACTS, `workflows-${version}-${createHash('sha256').update(packed).digest('hex').slice(0, 12)}`);
  const codePath = `${folder}.js`;
  if (await readFile(codePath).then(() => true, () => false)) return { codePath };
  const files = JSON.parse(gunzipSync(packed).toString('utf8')) as Record<string, string>;
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const { code } = await bundleWorkflowCode({ workflowsPath: join(folder, 'workflows', 'index.ts'), logger: new DefaultLogger('ERROR', () => {}) });
  await writeFile(codePath, code);
  await rm(folder, { recursive: true, force: true });
  return { codePath };
};
