/** Has a file looked into by a process of its own (platform/media/inspector.ts), with limits of time and memory. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

export interface InspectOptions {
  /** Width times height of a photo. */
  pixels: number;
  /** Longest edge of the copy that others see, and of the small one. */
  viewPx: number;
  thumbnailPx: number;
}

export interface InspectLimits extends InspectOptions {
  /** From the moment when it has started. */
  timeoutMs: number;
  /** Data of the whole process, where the system can limit it (Linux). Node itself maps some 600 MB of it without using it. */
  memoryMb: number;
  /** Processes at a time; further files wait. */
  atOnce: number;
}

const text = z.string().max(400).nullable();
const Claim = z.strictObject({
  capturedAt: z.iso.datetime().nullable(),
  capturedLocal: text,
  position: z.strictObject({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180), altitudeM: z.number().nullable() }).nullable(),
  camera: text,
});
/** The answer comes from a process that has read a stranger's file: it is checked like any input. */
const Answer = z.discriminatedUnion('ok', [
  z.strictObject({ ok: z.literal(true), mediaType: z.enum(['image/jpeg', 'image/png', 'image/webp', 'video/mp4']), claim: Claim, copies: z.array(z.enum(['view', 'thumbnail'])).max(2) }),
  /** `full`: there is no room for the copies. */
  z.strictObject({ ok: z.literal(false), reason: z.enum(['media_type', 'pixels', 'frames', 'undecodable', 'full']), pixels: z.number().optional() }),
]);
export type Inspection = z.infer<typeof Answer>;

/**
 * Writes the `copies` into `folder`, which is empty; it is for the caller to bring them to disk. A video of which nothing had to
 * be taken out has none: it may be seen as it is. Throws when the looking itself fails.
 */
export type Inspect = (path: string, folder: string) => Promise<Inspection>;

const HEAP_MB = 96;
/** Until it has started, which says nothing about the file. */
const START_MS = 20_000;
const MAX_ANSWER = 8192;
const MAX_WORDS = 4000;
const root = join(import.meta.dirname, '../..');
/** Where the decoder really lies, with what it loads beside it. */
const decoder = join(dirname(createRequire(import.meta.url).resolve('sharp')), '../..');

const runInspector = async (limits: InspectLimits, path: string, folder: string): Promise<Inspection> => {
  const { pixels, viewPx, thumbnailPx } = limits;
  const child = spawn(
    '/bin/sh',
    [
      '-c', `ulimit -c 0; ulimit -d ${limits.memoryMb * 1024} 2>/dev/null; exec "$@"`, 'sh', process.execPath,
      `--max-old-space-size=${HEAP_MB}`, '--disable-warning=ExperimentalWarning', '--disable-warning=SecurityWarning',
      '--permission', '--allow-addons', `--allow-fs-read=${root}`, `--allow-fs-read=${decoder}`, `--allow-fs-read=${path}`, `--allow-fs-read=${folder}`, `--allow-fs-write=${folder}`,
      join(import.meta.dirname, 'inspector.ts'), path, folder, JSON.stringify({ pixels, viewPx, thumbnailPx } satisfies InspectOptions),
    ],
    { cwd: folder, env: { VIPS_CONCURRENCY: '1', UV_THREADPOOL_SIZE: '2' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const end = (): void => void child.kill('SIGKILL');
  let timer = setTimeout(end, START_MS);
  let answer = '';
  let words = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (answer === '') {
      clearTimeout(timer);
      timer = setTimeout(end, limits.timeoutMs);
    }
    answer += chunk;
    if (answer.length > MAX_ANSWER) end();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    words = (words + chunk).slice(0, MAX_WORDS);
  });
  const [code, signal] = (await once(child, 'close').finally(() => clearTimeout(timer))) as [number | null, NodeJS.Signals | null];
  if (answer === '' || (code !== null && code !== 0)) throw new Error(`the inspector of files failed (${signal ?? code}): ${words}`);
  // Out of time, out of memory, or broken by the file: a file that cannot be decoded within the limits.
  if (signal !== null || answer.length > MAX_ANSWER) return { ok: false, reason: 'undecodable' };
  return Answer.parse(JSON.parse(answer));
};

export const createInspect = (limits: InspectLimits): Inspect => {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (path, folder) => {
    if (running >= limits.atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await runInspector(limits, path, folder);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
};
