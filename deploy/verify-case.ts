/**
 * Verifies an archive package without the system that made it: `npm run verify -- FILE.json [--evidence DIR] [--sha256 HEX]`.
 * Prints OK, or the first record that does not hold. Exit code 0: it verifies; 1: it does not; 64: wrong call; 66: a file
 * cannot be read. Needs Node and domain/ only; docs/interfaces/archive.md says what is checked.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import type { CasePackage, PackageProblem } from '../domain/archive.ts';
import { packageProblem } from '../domain/archive.ts';

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Bytes that are not UTF-8 are a problem, not a question mark. */
const decode = (file: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(file);
  } catch {
    return null;
  }
};

/** Files of a folder by the SHA-256 in their name (`{sha256}` or `{sha256}.jpg`), whatever folders they lie in. */
const filesOf = async (folder: string): Promise<Map<string, string>> => {
  const found = new Map<string, string>();
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const name = /^([0-9a-f]{64})(\.\w+)?$/.exec(entry.name);
    // In the evidence store `{sha256}` is the original; `{sha256}.view` and the like are copies of it.
    if (entry.isFile() && name && (name[2] === undefined || !found.has(name[1]!))) found.set(name[1]!, join(entry.parentPath, entry.name));
  }
  return found;
};

const hashFile = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
};

export interface Verdict {
  /** null: everything that was checked holds. */
  problem: PackageProblem | null;
  /** What was checked, for people. */
  checked: string;
}

/** `wanted`: the SHA-256 that the file must have, from a source that its keeper does not control. Throws where a file cannot be read. */
export const verifyPackage = async (file: Uint8Array, options: { evidence?: string; wanted?: string } = {}): Promise<Verdict> => {
  const bad = (record: string, what: string): Verdict => ({ problem: { record, what }, checked: '' });
  const text = decode(file);
  if (text === null) return bad('file', 'is not UTF-8');
  const problem = packageProblem(text, sha256);
  if (problem) return { problem, checked: '' };
  if (options.wanted !== undefined && sha256(file) !== options.wanted) return bad('file', `has the SHA-256 ${sha256(file)}, not the one that it must have`);
  const p = JSON.parse(text) as CasePackage;
  const wantedFiles = p.evidence.filter((e) => e.sha256 !== null);
  if (options.evidence !== undefined) {
    const files = await filesOf(options.evidence);
    for (const { id, sha256: hash } of wantedFiles) {
      const path = files.get(hash!);
      if (!path) return bad(`evidence ${id}`, `the file ${hash} is missing`);
      if ((await hashFile(path)) !== hash) return bad(`evidence ${id}`, `the file ${path} was changed`);
    }
  }
  const evidence = options.evidence === undefined ? `${wantedFiles.length} evidence files not looked at` : `${wantedFiles.length} evidence files`;
  return { problem: null, checked: `${p.case.number}, cycle ${p.case.cycle}: ${p.transitions.length} transitions, ${evidence}; chain ends with ${p.chain.head}; file ${sha256(file)}` };
};

const USAGE = 'usage: npm run verify -- FILE.json [--evidence DIR] [--sha256 HEX]';

const main = async (args: string[]): Promise<number> => {
  let parsed;
  try {
    parsed = parseArgs({ args, allowPositionals: true, options: { evidence: { type: 'string' }, sha256: { type: 'string' } } });
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    return 64;
  }
  const [path, ...more] = parsed.positionals;
  const { evidence, sha256: wanted } = parsed.values;
  if (path === undefined || more.length > 0 || (wanted !== undefined && !/^[0-9a-f]{64}$/.test(wanted))) {
    console.error(USAGE);
    return 64;
  }
  try {
    const { problem, checked } = await verifyPackage(await readFile(path), { ...(evidence === undefined ? {} : { evidence }), ...(wanted === undefined ? {} : { wanted }) });
    console.log(problem ? `NOT VERIFIED. ${problem.record} ${problem.what}` : `OK. ${checked}`);
    return problem ? 1 : 0;
  } catch (error) {
    console.error((error as Error).message);
    return 66;
  }
};

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
