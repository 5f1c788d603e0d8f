/**
 * `npm run calendar -- COMMAND`: the statutory calendars of this park. 法定日历的载入、查看与导出。
 *
 *   import FILE [--sign]          loads a calendar file; --sign: this park vouches for it with its own key
 *   list                          years that are loaded, and whether they count
 *   export YEAR                   the newest version of a year as a signed file, on stdout
 *   trust FILE --name NAME        from now on calendars signed with this Ed25519 public key (PEM) count
 *   revoke KEY-ID                 nothing that this key signed counts any more
 *
 * Works on DATABASE_URL, or on the park that `npm start` runs on this machine (`--data FOLDER` for another folder).
 */
import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type pg from 'pg';
import type { Refusal } from '../domain/errors.ts';
import { REFUSALS } from '../domain/errors.ts';
import { loadConfig } from '../platform/config.ts';
import { runningPostgresUrl } from '../platform/postgres.ts';
import { keyIdOf, openSigningKey } from '../platform/signing-key.ts';
import type { SignedCalendar } from './calendars.ts';
import { exportCalendar, importCalendar, PARK_KEY, parseCalendarFile, readCalendars, revokeCalendarKey, signCalendar, trustCalendarKey } from './calendars.ts';
import { openDatabase } from './client.ts';

const EX_USAGE = 64;
const EX_CONFIG = 78;

class Stop extends Error {
  readonly code: number;
  constructor(message: string, code = 1) {
    super(message);
    this.code = code;
  }
}

const usage = (): Stop => new Stop('npm run calendar -- import FILE [--sign] | list | export YEAR | trust FILE --name NAME | revoke KEY-ID', EX_USAGE);
const refused = ({ code, field, detail }: Refusal): Stop =>
  new Stop(`${code}${field === undefined ? '' : ` (${field})`}: ${REFUSALS[code].en}. ${REFUSALS[code].zh}。${detail ? ` ${JSON.stringify(detail)}` : ''}`);

const given = () => {
  try {
    return parseArgs({ allowPositionals: true, options: { sign: { type: 'boolean' }, name: { type: 'string' }, data: { type: 'string' } } });
  } catch {
    throw usage();
  }
};

const read = (file: string): Promise<string> => readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => Promise.reject(new Stop(`${file} cannot be read: ${error.code ?? error.message}. 无法读取文件。`)));

const run = async (client: pg.PoolClient, { values, positionals }: ReturnType<typeof given>, dataDir: string): Promise<string> => {
  const [command, argument, ...more] = positionals;
  const by = userInfo().username;
  if (more.length > 0 || (command !== 'list' && argument === undefined)) throw usage();
  switch (command) {
    case 'import': {
      const file = parseCalendarFile(await read(argument!));
      if (!file.ok) throw refused(file.refusal);
      let signed: SignedCalendar;
      if (values.sign) {
        const key = await openSigningKey(dataDir);
        await trustCalendarKey(client, { kind: 'park', name: PARK_KEY, publicKey: key.publicKey }, by);
        signed = signCalendar(file.value, key);
      } else {
        const { signature } = file.value;
        if (!signature) throw new Stop('The file is not signed: compare it with the notice of the State Council, then import it with --sign. 文件未签名：请与国务院办公厅通知核对后加 --sign 载入。');
        signed = { ...file.value, signature };
      }
      const imported = await importCalendar(client, signed, by);
      if (!imported.ok) throw refused(imported.refusal);
      const { year, version, outcome, counts } = imported.value;
      return `${year} version ${version}: ${outcome === 'loaded' ? 'loaded 已载入' : 'there already 已存在'}${counts ? '' : '; a newer version counts 以更新的版本为准'}`;
    }
    case 'list': {
      const { years } = await readCalendars(client);
      return years.map((y) => [y.year, `v${y.version}`, y.problem ?? 'ok', y.signer.kind, y.signer.name, y.signer.keyId.slice(0, 16), y.loadedAt.toISOString(), y.loadedBy, y.source].join('\t')).join('\n') || 'no year is loaded 尚未载入任何年度';
    }
    case 'export': {
      const file = await exportCalendar(client, /^\d{4}$/.test(argument!) ? Number(argument) : -1);
      if (!file) throw new Stop(`The year ${argument} is not loaded. 该年度未载入。`);
      return JSON.stringify(file, null, 2);
    }
    case 'trust': {
      if (!values.name?.trim()) throw usage();
      const publicKey = await read(argument!);
      try {
        keyIdOf(publicKey);
      } catch (error) {
        throw new Stop(`${argument} holds no Ed25519 public key in PEM: ${(error as Error).message}. 不是 Ed25519 公钥。`);
      }
      const id = await trustCalendarKey(client, { kind: 'publisher', name: values.name.trim(), publicKey }, by);
      return `${id}: trusted 已登记`;
    }
    case 'revoke': {
      if (!(await revokeCalendarKey(client, argument!, by))) throw new Stop(`No key ${argument} counts here. 没有此有效公钥。`);
      return `${argument}: revoked 已吊销`;
    }
    default:
      throw usage();
  }
};

try {
  const args = given();
  const config = loadConfig();
  const dataDir = args.values.data ?? config.DATA_DIR;
  const url = config.DATABASE_URL ?? (await runningPostgresUrl(join(dataDir, 'postgres')));
  if (!url) throw new Stop(`No park runs on ${dataDir}: start it (npm start), name its folder (--data FOLDER), or give DATABASE_URL. 园区未运行。`, EX_CONFIG);
  const database = openDatabase({ url, defaultScope: 'service', maxConnections: 1, applicationName: 'parkwarden-calendar' });
  try {
    console.log(await database.pgTransaction({ scope: 'service' }, (client) => run(client, args, dataDir)));
  } finally {
    await database.close();
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = error instanceof Stop ? error.code : 1;
}
