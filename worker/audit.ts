/**
 * `npm run audit`: the self-audit of this park, at once. 自查。
 *
 *   npm run audit                            looks at every invariant, prints them, keeps a signed report
 *   npm run audit -- --verify FILE           whether a report is what this park signed; --key FILE: what the holder of that public key (PEM) signed
 *
 *   --out FILE     where the report goes; default: DATA_DIR/audit/{report}.json
 *   --every-file   hashes all evidence, not only the newest
 *   --data FOLDER  data folder of a park that `npm start` runs on this machine
 *
 * Works while the park runs, on DATABASE_URL and TEMPORAL_ADDRESS or on the park of the data folder. What cannot be looked at
 * is said to be so. Exit code 0: nothing violated; 2: violations, or a report that does not verify; 3: something could not be
 * checked; 64: wrong call; 78: wrong settings.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { createEngineView } from '../activities/audit/engine-view.ts';
import { openEvidenceFiles } from '../activities/audit/files.ts';
import { recordReport, reportFile, signReport, verifyReportFile } from '../activities/audit/report.ts';
import { runSelfAudit } from '../activities/audit/run.ts';
import type { Finding } from '../domain/self-audit.ts';
import { EXIT_CODES, INVARIANTS, outcomeOf, SELF_AUDIT } from '../domain/self-audit.ts';
import { openArchiveStore } from '../platform/archive-store.ts';
import { loadConfig } from '../platform/config.ts';
import { runningEngineAddress } from '../platform/launch/engine.ts';
import { runningPostgresUrl } from '../platform/postgres.ts';
import { findSigningKey, openSigningKey } from '../platform/signing-key.ts';
import { temporalConnectionOptions } from '../platform/temporal.ts';
import { openDatabase } from '../prisma/client.ts';

const EX_USAGE = 64;
const EX_CONFIG = 78;

class Stop extends Error {
  readonly code: number;
  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}

const given = () => {
  try {
    return parseArgs({ options: { verify: { type: 'string' }, key: { type: 'string' }, out: { type: 'string' }, 'every-file': { type: 'boolean' }, data: { type: 'string' } } }).values;
  } catch (error) {
    throw new Stop(`${(error as Error).message}\nnpm run audit [-- --out FILE] [--every-file] [--data FOLDER] | -- --verify FILE [--key FILE]`, EX_USAGE);
  }
};

const MARKS: Record<Finding['status'], string> = { ok: 'ok 符合', violated: 'VIOLATED 不符', not_checked: 'NOT CHECKED 未查' };
/** Records that the screen names of one invariant; the report names more. */
const SHOWN = 5;

const tableOf = (findings: readonly Finding[]): string => {
  const width = Math.max(...findings.map((f) => f.id.length));
  return findings.flatMap((f) => {
    const count = f.violations > 0 ? `  ${f.violations}${f.severity === 'warning' ? ' (warning 提示)' : ''}` : '';
    const words = f.status === 'ok' ? [] : [`    ${INVARIANTS[f.id].zh}`, `    ${INVARIANTS[f.id].en}`];
    const named = f.records.slice(0, SHOWN).map((r) => `      ${r}`);
    return [`${f.id.padEnd(width)}  ${MARKS[f.status]}${count}`, ...words, ...named, ...(f.violations > SHOWN ? [`      … ${f.violations - Math.min(SHOWN, f.records.length)} more`] : []), ...(f.note ? [`    (${f.note})`] : [])];
  }).join('\n');
};

const readText = (file: string): Promise<string> => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => Promise.reject(new Stop(`${file} cannot be read: ${error.code ?? error.message}. 无法读取文件。`, EX_USAGE)));

const verify = async (file: string, keyFile: string | undefined, dataDir: string): Promise<number> => {
  const publicKey = keyFile === undefined ? (await findSigningKey(dataDir))?.publicKey : await readText(keyFile);
  if (publicKey === undefined) throw new Stop(`${dataDir} has no key of the park: give the public key with --key FILE. 数据目录没有园区密钥。`, EXIT_CODES.not_checked);
  const verified = verifyReportFile(await readText(file), publicKey);
  if (!verified.ok) {
    const why = {
      unreadable: 'it is no report of a self-audit 不是自查报告', altered: 'it was changed after it was signed 签名后被改动', other_key: 'it was signed with another key 由其他密钥签署',
    };
    console.log(`${file}: does not verify 验证不通过: ${why[verified.reason]}`);
    return EXIT_CODES.violated;
  }
  const { reportId, finishedAt, findings } = verified.report;
  console.log(`${file}: verifies 验证通过; report ${reportId} of ${finishedAt}: ${outcomeOf(findings)}`);
  return EXIT_CODES.ok;
};

const main = async (): Promise<number> => {
  const options = given();
  const config = loadConfig();
  const dataDir = options.data ?? config.DATA_DIR;
  if (options.verify !== undefined) return await verify(options.verify, options.key, dataDir);

  const url = config.DATABASE_URL ?? (await runningPostgresUrl(join(dataDir, 'postgres')));
  if (!url) throw new Stop(`No park runs on ${dataDir}: start it (npm start), name its folder (--data FOLDER), or give DATABASE_URL. 园区未运行。`, EX_CONFIG);
  const address = config.TEMPORAL_ADDRESS ?? (await runningEngineAddress(dataDir));
  const connection = address === undefined ? null : Connection.lazy({ ...(await temporalConnectionOptions(config)), address });
  const database = openDatabase({ url, defaultScope: 'service', maxConnections: 2, applicationName: 'parkwarden-audit', onError: () => {} });
  try {
    const report = await runSelfAudit({
      reportId: randomUUID(), pool: database.pool, files: await openEvidenceFiles(dataDir), archive: openArchiveStore(dataDir),
      engine: connection && createEngineView(new Client({ connection, namespace: config.TEMPORAL_NAMESPACE })),
      settleMs: SELF_AUDIT.engineSettleMs, hashBytes: options['every-file'] ? null : SELF_AUDIT.hashBytes, alive: () => {},
    }).catch((error: Error) => Promise.reject(new Stop(`The record cannot be read: ${error.message}. 无法读取记录。`, EXIT_CODES.not_checked)));
    const signed = signReport(report, await openSigningKey(dataDir));
    const file = options.out ?? join(dataDir, 'audit', `${report.reportId}.json`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, reportFile(signed), { mode: 0o600 });
    await database.pgTransaction({ scope: 'service' }, (tx) => recordReport(tx, signed, { task: false }));
    const outcome = outcomeOf(report.findings);
    const count = (status: Finding['status']): number => report.findings.filter((f) => f.status === status).length;
    console.log(tableOf(report.findings));
    console.log(`\n${report.findings.length} invariants 项: ${count('ok')} ok 符合, ${count('violated')} violated 不符, ${count('not_checked')} not checked 未查; as of ${report.snapshotAt}`);
    console.log(`signed report 已签名报告: ${file} (key ${signed.signature.keyId.slice(0, 16)})`);
    return EXIT_CODES[outcome];
  } finally {
    await database.close();
    await connection?.close();
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof Stop ? error.code : EXIT_CODES.not_checked;
}
