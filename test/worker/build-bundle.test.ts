import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { buildBundle } from '../../worker/build-bundle.ts';

test('the bundle is built once and then found by its content, also by two starts at once', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'parkwarden-bundle-'));
  try {
    const [one, two] = await Promise.all([buildBundle(dir), buildBundle(dir)]);
    expect(one).toEqual(two);
    const built = await stat(one.codePath);
    expect(await buildBundle(dir)).toEqual(one);
    expect((await stat(one.codePath)).mtimeMs).toBe(built.mtimeMs);
    expect(await readdir(dir)).toHaveLength(1);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
