import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ALARM_LEVELS } from '../../domain/rules.ts';
import { DUPLICATE_REASONS } from '../../domain/duplicates.ts';
import { DEADLINE_KINDS, HAZARD_STATES, LISTING_LEVELS, MOVES, PERSON_COMMANDS } from '../../domain/hazard.ts';
import { HAZARD_GRADES, HAZARD_ORIGINS } from '../../domain/hazard-types.ts';
import { NOTICE_KINDS } from '../../domain/notices.ts';
import { ROLES } from '../../domain/permissions.ts';

type Tree = { [key: string]: string | Tree };
const portal = join(import.meta.dirname, '../../portal');
const read = (language: string): Map<string, string> => {
  const flat = new Map<string, string>();
  const walk = (tree: Tree, path: string): void => {
    for (const [key, value] of Object.entries(tree)) {
      if (typeof value === 'string') flat.set(path + key, value);
      else walk(value, `${path}${key}.`);
    }
  };
  walk(JSON.parse(readFileSync(join(portal, `locales/${language}.json`), 'utf8')) as Tree, '');
  return flat;
};
const zh = read('zh-CN');
const en = read('en');
const source = readdirSync(join(portal, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => readFileSync(join(portal, 'src', file), 'utf8'))
  .join('\n');
/** Every string that looks like a key, and the beginnings of those that are put together: t(`role.${…}`). */
const literals = new Set([...source.matchAll(/'([a-zA-Z]+\.[a-zA-Z_]+)'/g)].map((m) => m[1]!));
const prefixes = [...source.matchAll(/\bt\(`([a-zA-Z]+\.)\$\{/g)].map((m) => m[1]!);
const variables = (text: string): string[] => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]!).sort();

describe('words of the portal', () => {
  test('are the same keys in zh and en, none of them empty, with the same variables', () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort());
    for (const [key, text] of zh) {
      expect([key, text.trim()]).not.toEqual([key, '']);
      expect([key, variables(en.get(key) ?? '')]).toEqual([key, variables(text)]);
    }
  });

  test('are there for every key that a page asks for', () => {
    const asked = [...source.matchAll(/\bt\(\s*'([^']+)'/g)].map((m) => m[1]!);
    const chosen = [...source.matchAll(/\bt\([^()'`]*\?\s*'([^']+)'\s*:(?:[^()'`]*\?\s*'([^']+)'\s*:)?\s*'([^']+)'/g)].flatMap((m) => [m[1], m[2], m[3]].filter((k) => k !== undefined));
    expect(asked.length).toBeGreaterThan(100);
    expect(chosen.length).toBeGreaterThan(10);
    expect([...asked, ...chosen].filter((key) => !zh.has(key))).toEqual([]);
  });

  test('are there for every code that the server can send', () => {
    const expected = [
      ...HAZARD_STATES.map((s) => `hazardState.${s}`),
      ...[...HAZARD_GRADES, 'none'].map((g) => `grade.${g}`),
      ...['open', ...Object.keys(MOVES)].map((c) => `command.${c}`),
      ...NOTICE_KINDS.map((k) => `noticeKind.${k}`),
      ...ROLES.map((r) => `role.${r}`),
      ...[...ALARM_LEVELS, 'sustained'].flatMap((l) => [`level.${l}`, `levelShort.${l}`]),
      ...['unacknowledged', 'acknowledged', 'returned_unacknowledged', 'normal'].map((s) => `alarmState.${s}`),
      ...HAZARD_ORIGINS.map((o) => `origin.${o}`),
      ...DEADLINE_KINDS.map((d) => `deadline.${d}`),
      ...PERSON_COMMANDS.map((c) => `actHint.${c}`),
      ...LISTING_LEVELS.map((l) => `listing.${l}`),
      ...DUPLICATE_REASONS.map((r) => `duplicateReason.${r}`),
      ...['started', 'met', 'breached', 'withdrawn'].map((e) => `deadlineEvent.${e}`),
      ...['overdue', 'review_overdue', 'rejected', 'supervision_breached'].map((c) => `supervisionCause.${c}`),
      ...['accepted', 'escalated', 'exhausted'].map((o) => `supervisionOutcome.${o}`),
      ...['report', 'sensor', 'progress', 'submission', 'acceptance', 'extension', 'look_back'].map((p) => `purpose.${p}`),
    ];
    expect(expected.filter((key) => !zh.has(key))).toEqual([]);
  });

  test('are all used', () => {
    const unused = [...zh.keys()].filter((key) => !literals.has(key) && !prefixes.some((p) => key.startsWith(p)));
    expect(unused).toEqual([]);
  });

  test('are nowhere written into a page', () => {
    const pages = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
    // The name of the product, the languages' own names, and words shown when no server answers stand beside their English.
    const chinese = [...pages.matchAll(/[\u4e00-\u9fff]+/g)].map((m) => m[0]);
    expect(chinese.filter((text) => !['园安', '中文'].includes(text)).join('')).toBe('无法连接服务器请检查网络后重试服务器返回了无法识别的响应页面出现错误');
  });
});
