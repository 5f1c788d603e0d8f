/** Bad input to notices: each gets its stated refusal, and nothing is issued. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { issueAlarmNotices, NoticeRefused } from '../../activities/notices.ts';
import type { NoticeSettings } from '../../activities/notices.ts';
import { NOTICE_FACTS } from '../../domain/notices.ts';
import { compileTemplate, renderNotice } from '../../templates/render.ts';
import type { Database } from '../../prisma/client.ts';
import { seedNoticePark } from '../activities/notice-park.ts';
import type { TestDatabase } from '../db.ts';
import { createTestDatabase } from '../db.ts';
import { factsOf, OPTIONS } from '../templates/samples.ts';

type Facts = Record<string, unknown>;
/** [what, code, field, kind, language, what is done to good facts, address of the portal] */
const CASES: [string, string, string, string, string, (facts: Facts) => unknown, string?][] = [
  ['an unknown kind', 'notice.kind_unknown', 'kind', 'praise', 'zh', (f) => f],
  ['a kind from the prototype', 'notice.kind_unknown', 'kind', 'constructor', 'zh', (f) => f],
  ['an unknown language', 'notice.language_unknown', 'language', 'dispatch', 'fr', (f) => f],
  ['a path as language', 'notice.language_unknown', 'language', 'dispatch', '../en', (f) => f],
  ['no facts', 'notice.fact_invalid', 'facts', 'dispatch', 'zh', () => null],
  ['a list for facts', 'notice.fact_invalid', 'facts', 'dispatch', 'zh', () => []],
  ['text for facts', 'notice.fact_invalid', 'facts', 'dispatch', 'zh', () => '{{title}}'],
  ['empty facts', 'notice.placeholder_empty', 'park', 'dispatch', 'zh', () => ({})],
  ['facts from a prototype', 'notice.placeholder_empty', 'park', 'dispatch', 'zh', (f) => Object.create(f)],
  ['a field that the kind does not have', 'notice.fact_unknown', 'password', 'dispatch', 'zh', (f) => ({ ...f, password: 'x' })],
  ['a field of another kind', 'notice.fact_unknown', 'value', 'dispatch', 'zh', (f) => ({ ...f, value: 1 })],
  ['own __proto__', 'notice.fact_unknown', '__proto__', 'dispatch', 'zh', (f) => Object.defineProperty({ ...f }, '__proto__', { value: {}, enumerable: true })],
  ['a blank deadline', 'notice.placeholder_empty', 'dueAt', 'dispatch', 'zh', (f) => ({ ...f, dueAt: '' })],
  ['a deadline that is a text', 'notice.fact_invalid', 'dueAt', 'dispatch', 'zh', (f) => ({ ...f, dueAt: '2026-11-27' })],
  ['a deadline that is no number', 'notice.fact_invalid', 'dueAt', 'dispatch', 'zh', (f) => ({ ...f, dueAt: NaN })],
  ['an invisible name', 'notice.placeholder_empty', 'enterprise', 'dispatch', 'zh', (f) => ({ ...f, enterprise: { zh: '\u200b\u2060', en: 'x' } })],
  ['an object for a text', 'notice.fact_invalid', 'number', 'dispatch', 'zh', (f) => ({ ...f, number: { toString: () => 'x' } })],
  ['a function for a text', 'notice.fact_invalid', 'number', 'dispatch', 'zh', (f) => ({ ...f, number: () => 'x' })],
  ['a negative count', 'notice.fact_invalid', 'evidenceCount', 'dispatch', 'zh', (f) => ({ ...f, evidenceCount: -1 })],
  ['an unknown state', 'notice.fact_invalid', 'state', 'dispatch', 'zh', (f) => ({ ...f, state: 'toString' })],
  ['no recipient role', 'notice.placeholder_empty', 'roles', 'dispatch', 'zh', (f) => ({ ...f, roles: [] })],
  ['a made-up role', 'notice.fact_invalid', 'roles', 'dispatch', 'zh', (f) => ({ ...f, roles: ['emperor'] })],
  ['a path to elsewhere', 'notice.fact_invalid', 'path', 'dispatch', 'zh', (f) => ({ ...f, path: '//evil.example/x' })],
  ['a script as path', 'notice.fact_invalid', 'path', 'dispatch', 'zh', (f) => ({ ...f, path: 'javascript:alert(1)' })],
  ['a script as address of the portal', 'notice.link_denied', 'path', 'dispatch', 'zh', (f) => f, 'javascript:alert(1)//'],
  ['an unknown time zone', 'notice.fact_invalid', 'timezone', 'dispatch', 'zh', (f) => ({ ...f, timezone: 'Mars/Olympus' })],
];

test.each(CASES)('%s: %s', (...[, code, field, kind, language, change, publicUrl = OPTIONS.publicUrl]) => {
  expect(renderNotice(kind, language, change(factsOf('dispatch').facts as Facts), { publicUrl })).toMatchObject({ ok: false, refusal: { code, field } });
});

test('a syntax tree in place of a template is not compiled', () => {
  expect(() => compileTemplate({ type: 'Program', body: [{ type: 'MustacheStatement', path: 'x' }] })).toThrow('from text only');
});

test('[C-093] every fact that a kind needs, taken away one by one, is refused by its name', () => {
  for (const [sample, kind] of [['dispatch', 'dispatch'], ['alarm', 'alarm'], ['supervision-rejected', 'supervision'], ['acceptance', 'acceptance']] as const) {
    for (const name of NOTICE_FACTS[kind]) {
      const facts = factsOf(sample).facts as Facts;
      delete facts[name];
      expect(renderNotice(kind, 'zh', facts, OPTIONS)).toMatchObject({ ok: false, refusal: { code: 'notice.placeholder_empty', field: name } });
    }
  }
});

let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await createTestDatabase();
  db = database.open();
  await seedNoticePark(db);
});
afterAll(() => database.drop());

test.each<[string, string, string, string, NoticeSettings?]>([
  ['a unit that was never entered', 'notice.placeholder_empty', 'unit', `UPDATE alarm SET unit = ' '`],
  ['a sensor without a name', 'notice.placeholder_empty', 'sensor', `UPDATE sensor SET name_zh = '', name_en = ''`],
  ['an asset without a code', 'notice.placeholder_empty', 'assetCode', `UPDATE asset SET code = '' WHERE id = 'tank-a3'`],
  ['an unknown alarm level', 'notice.fact_invalid', 'alarmLevel', `UPDATE alarm SET level = 'XXL'`],
  ['a value that is no number', 'notice.fact_invalid', 'value', `UPDATE alarm SET value = 'NaN'`],
  ['an office without a name', 'notice.placeholder_empty', 'office', `UPDATE organisation SET name_zh = '', name_en = '' WHERE id = 'eo'`],
  ['a time zone that does not exist', 'notice.fact_invalid', 'timezone', `UPDATE park SET timezone = 'Nowhere'`],
  ['an address of the portal that is no web address', 'notice.link_denied', 'path', 'SELECT 1', { smtpEnabled: true, publicUrl: 'ftp://park.example' }],
])('on record: %s issues nothing to anybody', async (...[, code, field, spoil, settings = { smtpEnabled: true, publicUrl: null }]) => {
  const refused = await db.pgTransaction({ scope: 'service' }, async (client) => {
    await client.query(spoil);
    const error = await issueAlarmNotices(client, { episodeId: 'episode-1', recipients: ['enterprise', 'emergency_office'], rung: 0 }, settings).then(() => null, (e: unknown) => e);
    expect((await client.query('SELECT (SELECT count(*) FROM notice)::int AS notices, (SELECT count(*) FROM delivery)::int AS deliveries, (SELECT count(*) FROM outbox)::int AS outbox')).rows).toEqual([{ notices: 0, deliveries: 0, outbox: 0 }]);
    throw error;
  }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(NoticeRefused);
  expect((refused as NoticeRefused).refusal).toMatchObject({ code, field });
  expect((refused as NoticeRefused).message).toContain(code);
});
