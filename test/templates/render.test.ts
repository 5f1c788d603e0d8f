import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import Handlebars from 'handlebars';
import { HAZARD_STATES } from '../../domain/hazard.ts';
import { HAZARD_ORIGINS, HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { FACT_TEXT_LIMIT, LANGUAGES, NOTICE_FACTS, NOTICE_KINDS, checkFacts, isNullable, noticeText } from '../../domain/notices.ts';
import type { FactName, NoticeFacts, NoticeKind } from '../../domain/notices.ts';
import { compileTemplate, renderNotice } from '../../templates/render.ts';
import { OPTIONS, factsOf, samples } from './samples.ts';

const render = (kind: string, language: string, facts: unknown, options = OPTIONS) => renderNotice(kind, language, facts, options);
const words = (kind: string, language: string, facts: unknown, options = OPTIONS): { subject: string; html: string; text: string } => {
  const rendered = render(kind, language, facts, options);
  if (!rendered.ok) throw new Error(JSON.stringify(rendered.refusal));
  return rendered.value;
};

const anyNotice = fc.record({ sample: fc.constantFrom(...samples), language: fc.constantFrom(...LANGUAGES) });

describe('no empty placeholder', () => {
  test('any fact that is missing, null or blank is refused and named, unless it can be absent by nature', () => {
    const empties = fc.constantFrom<unknown>(undefined, null, '', ' ', '\u3000\t', '\u200b\u202e\u0000', 'absent');
    fc.assert(
      fc.property(anyNotice, fc.nat(), empties, ({ sample, language }, n, empty) => {
        const wanted = NOTICE_FACTS[sample.kind];
        const name = wanted[n % wanted.length]!;
        const facts = structuredClone(sample.facts) as Record<string, unknown>;
        if (empty === 'absent') delete facts[name];
        else facts[name] = empty;
        const rendered = render(sample.kind, language, facts);
        if (empty === null && isNullable(sample.kind, name) && rendered.ok) {
          expect(rendered.value.text).not.toMatch(/undefined|null|NaN|\[object/);
          return;
        }
        expect(rendered.ok).toBe(false);
        if (!rendered.ok) {
          expect(rendered.refusal.code).toBe('notice.placeholder_empty');
          expect(rendered.refusal.field).toBe(name);
          expect(rendered.refusal.detail?.fields).toContain(name);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('a name that is blank in either language is refused', () => {
    const { kind, facts } = factsOf('dispatch');
    facts.responsible = { zh: '王建国', en: ' ' };
    expect(checkFacts(kind, facts)).toMatchObject({ ok: false, refusal: { code: 'notice.placeholder_empty', field: 'responsible' } });
  });

  test('every field that is wrong is named at once', () => {
    const { kind, facts } = factsOf('dispatch');
    facts.dueAt = null;
    facts.place = { zh: '', en: '' };
    expect(checkFacts(kind, facts)).toMatchObject({ refusal: { detail: { fields: ['place', 'dueAt'] } } });
  });

  test('a supervision for a missed deadline without the deadline, or for a rejection without its reason, is refused', () => {
    const late = factsOf('supervision-overdue');
    late.facts.missedDueAt = null;
    expect(render(late.kind, 'zh', late.facts)).toMatchObject({ refusal: { code: 'notice.placeholder_empty', field: 'missedDueAt' } });
    const rejected = factsOf('supervision-rejected');
    rejected.facts.reason = null;
    expect(render(rejected.kind, 'zh', rejected.facts)).toMatchObject({ refusal: { code: 'notice.placeholder_empty', field: 'reason' } });
  });

  test('what is absent by nature is said in words', () => {
    const { kind, facts } = factsOf('dispatch');
    facts.responsible = null;
    facts.grade = null;
    facts.note = null;
    facts.title = null;
    const zh = words(kind, 'zh', facts).text;
    expect(zh).toContain('责任人：未指定');
    expect(zh).toContain('隐患分级：未分级');
    expect(zh).toContain('派发说明：无');
    expect(zh).toContain('隐患名称：参数超限');
    expect(words(kind, 'en', facts).text).toContain('Responsible person: unassigned');
  });

  test('there are words for every code', () => {
    const tryAll = (sample: string, fact: FactName, codes: readonly unknown[]): void => {
      const { kind, facts } = factsOf(sample);
      for (const code of codes) {
        for (const language of LANGUAGES) expect(words(kind, language, { ...facts, [fact]: code }).text).not.toMatch(/undefined|null|NaN/);
      }
    };
    tryAll('dispatch', 'state', HAZARD_STATES);
    tryAll('dispatch', 'type', Object.keys(HAZARD_TYPES));
    tryAll('dispatch', 'origin', HAZARD_ORIGINS);
    tryAll('dispatch', 'roles', [['enterprise'], ['emergency_office', 'park_admin'], ['reporter']]);
    tryAll('alarm', 'alarmLevel', ['HH', 'H', 'L', 'LL', 'sustained']);
    tryAll('alarm', 'alarmState', ['unacknowledged', 'acknowledged', 'returned_unacknowledged', 'normal']);
    tryAll('alarm', 'judgement', ['real', 'false']);
    tryAll('reminder', 'deadline', ['triage', 'dispatch', 'rectify', 'supervision']);
    tryAll('overdue-rectify', 'deadline', ['triage', 'dispatch', 'rectify', 'supervision']);
  });
  test('an overdue notice words each deadline by itself', () => {
    const { kind, facts } = factsOf('overdue-rectify');
    const titles = (['triage', 'dispatch', 'rectify', 'supervision'] as const).map((deadline) => words(kind, 'zh', { ...facts, deadline, level: 3 }).text.split('\n')[0]);
    expect(titles).toEqual(['隐患分级逾期通知书', '隐患派发逾期通知书', '隐患整改逾期通知书', '隐患督办逾期通知书']);
  });
});

describe('what people typed stays text', () => {
  const hostile = ['<script>alert(1)</script>', '<img src=x onerror=alert(1)>', '</fact></facts><link href="https://evil.example">go</link>', '{{constructor}}', '{{{title}}}', '{{#with this}}{{@root.park}}{{/with}}', '&lt;b&gt;', '"><svg/onload=1>', "' onclick='x", '`${process.exit(1)}`', '=cmd|calc', '{{> zh/foot}}', '__proto__'];

  test.each(hostile)('%s', (value) => {
    for (const name of ['dispatch', 'rejection']) {
      const { kind, facts } = factsOf(name);
      const before = words(kind, 'zh', facts).html.match(/<[a-z0-9]+/g);
      facts.title = value;
      facts.description = value;
      facts.reason = kind === 'rejection' ? value : undefined;
      if (facts.reason === undefined) delete facts.reason;
      facts.enterprise = { zh: value, en: value };
      const { html, text, subject } = words(kind, 'zh', facts);
      // The same elements as with harmless values: nothing that was typed became markup.
      expect(html.match(/<[a-z0-9]+/g)).toEqual(before);
      expect(html.match(/<[^>]* on\w+=/g)).toBeNull();
      expect(text).toContain(value);
      expect(subject).toContain(value);
      expect(html).not.toContain('evil.example">');
    }
  });

  test('markup in a reason does not move the structure', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('<', '>', '"', "'", '&', '{', '}', '/', 'p', ' ', '\n', '=', '`', '甲', '#'), minLength: 1, maxLength: 60 }), (value) => {
        fc.pre(value.trim() !== '');
        const { kind, facts } = factsOf('rejection');
        facts.reason = value;
        const { html, text } = words(kind, 'en', facts);
        expect(html.match(/<[^>]*>/g)?.length).toBe(words(kind, 'en', factsOf('rejection').facts).html.match(/<[^>]*>/g)?.length);
        expect(text).toContain(`Reason: ${value.replace(/\s+/g, ' ').trim()}`);
      }),
      { numRuns: 300 },
    );
  });

  test('direction overrides, controls and line breaks are taken out; the words stay', () => {
    const { kind, facts } = factsOf('rejection');
    facts.reason = 'abc\u202egpj.exe\u2066\u0000\u001b[31m\r\nBcc: x@evil.example';
    const { subject, text } = words(kind, 'zh', { ...facts, title: 'a\r\nBcc: x@evil.example' });
    expect(text).toContain('不合格的原因：abcgpj.exe[31m Bcc: x@evil.example');
    expect(subject).not.toMatch(/[\r\n]/);
    expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u0000-\u0008]/);
  });

  test('a very long text is cut and says so', () => {
    const { kind, facts } = factsOf('rejection');
    facts.reason = '长'.repeat(10_000_000);
    const { text, html } = words(kind, 'zh', facts);
    expect(text).toContain(`${'长'.repeat(FACT_TEXT_LIMIT)}……（全文见系统记录）`);
    expect(html.length).toBeLessThan(20_000);
  });

  test('noticeText cuts between characters and keeps what is short as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.integer({ min: 1, max: 20 }), (text, limit) => {
        const cut = noticeText(text, '…', limit);
        expect(cut.isWellFormed()).toBe(true);
        expect([...cut].length).toBeLessThanOrEqual(limit + 1);
      }),
    );
    expect(noticeText('  储罐  A-3 ', '…')).toBe('储罐 A-3');
  });
});

describe('links', () => {
  test('go to the portal only', () => {
    const { kind, facts } = factsOf('dispatch');
    expect(words(kind, 'zh', facts, { publicUrl: 'https://park.example/app/' }).html).toContain('<a href="https://park.example/app/hazards/');
    expect(words(kind, 'zh', facts, { publicUrl: 'http://10.0.0.5:8080' }).html).toContain('<a href="http://10.0.0.5:8080/hazards/');
  });

  test.each(['javascript:alert(1)', 'data:text/html,x', 'ftp://park.example', 'not a url'])('a public address %s is refused', (publicUrl) => {
    const { kind, facts } = factsOf('dispatch');
    expect(render(kind, 'zh', facts, { publicUrl })).toMatchObject({ refusal: { code: 'notice.link_denied' } });
  });

  test.each(['//evil.example/x', 'https://evil.example', 'javascript:alert(1)', '/a b', '/x?y=<', '\\\\evil'])('a path %s is refused', (path) => {
    const { kind, facts } = factsOf('dispatch');
    expect(render(kind, 'zh', { ...facts, path })).toMatchObject({ refusal: { code: 'notice.fact_invalid', field: 'path' } });
  });

  test('without a public address there is none', () => {
    const { kind, facts } = factsOf('dispatch');
    const rendered = renderNotice(kind, 'zh', facts, { publicUrl: null });
    expect(rendered.ok && rendered.value.html).not.toContain('<a ');
  });
});

describe('the engine is closed', () => {
  const polluted: string[] = [];
  const pollute = (name: string, value: unknown): void => {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, enumerable: true, writable: true });
    polluted.push(name);
  };
  afterEach(() => {
    for (const name of polluted.splice(0)) delete (Object.prototype as Record<string, unknown>)[name];
  });

  test('a syntax tree is not compiled', () => {
    const tree = Handlebars.parse('{{title}}');
    for (const source of [tree, { type: 'Program', body: [] }, null, 42, ['x'], new String('x')]) expect(() => compileTemplate(source)).toThrow(TypeError);
  });

  test.each(['{{log "x"}}', '{{lookup this "constructor"}}', '{{unknownHelper title}}', '{{#with title}}x{{/with}}', '{{constructor.constructor "return 1"}}', '{{#each constructor}}{{/each}}', '{{#if constructor}}{{/if}}', '{{#if title}}{{/if}}', '{{#is missing "x"}}{{/is}}', '{{link missing}}', '{{#if}}{{/if}}', '{{missing}}', '{{__proto__}}'])('%s throws', (source) => {
    const { kind, facts } = factsOf('dispatch');
    expect(() => compileTemplate(source)(Object.freeze(Object.assign(Object.create(null), { kind, title: facts.title })))).toThrow();
  });

  test('a polluted prototype is no partial, no helper and no fact', () => {
    const { kind, facts } = factsOf('dispatch');
    const before = words(kind, 'zh', facts);
    pollute('zh/foot', '<script>alert(1)</script>');
    pollute('hasNote', true);
    pollute('note', 'polluted');
    expect(words(kind, 'zh', facts)).toEqual(before);
    delete facts.note;
    expect(render(kind, 'zh', facts)).toMatchObject({ refusal: { code: 'notice.placeholder_empty', field: 'note' } });
  });

  test('the same facts give the same words and the same hash', () => {
    fc.assert(fc.property(anyNotice, ({ sample, language }) => {
      expect(render(sample.kind, language, structuredClone(sample.facts))).toEqual(render(sample.kind, language, sample.facts));
    }), { numRuns: 50 });
  });
});

describe('the template files', () => {
  const root = join(import.meta.dirname, '../../templates');
  const files = ['notices/zh', 'notices/en', 'partials/zh', 'partials/en'].flatMap((f) => readdirSync(join(root, f)).map((name) => `${f}/${name}`));
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');

  test.each(files)('%s has no raw output, no context escape, no decorator and no HTML', (file) => {
    const source = read(file);
    expect(source).not.toMatch(/\{\{\{|\{\{~?&|@root|\.\.\/|\{\{~?#?\*|\blookup\b|\{\{#>|\{\{\s*this/);
    const allowed = new Set(['subject', 'title', 'mark', 'number', 'to', 'p', 'facts', 'fact', 'demands', 'demand', 'office', 'date', 'cc', 'foot', 'link']);
    for (const [, tag] of source.matchAll(/<\/?([a-z0-9]+)/g)) expect(allowed).toContain(tag);
    // An address comes from the helper, in quotes.
    for (const [, value] of source.matchAll(/href=(\S+)/g)) expect(value).toBe('"{{link');
    for (const [attribute] of source.matchAll(/ \w+="[^"]*"/g)) expect(attribute).toMatch(/^ (name="[^{}"]+"|href="\{\{link path\}\}"|\w+="[a-z_]+")$/);
  });

  test('each kind exists in each language, with the same partials', () => {
    for (const language of LANGUAGES) expect(readdirSync(join(root, 'notices', language)).sort()).toEqual([...NOTICE_KINDS].map((kind) => `${kind}.hbs`).sort());
    expect(readdirSync(join(root, 'partials/zh'))).toEqual(readdirSync(join(root, 'partials/en')));
  });

  test('zh and en of a kind use the same facts', () => {
    const used = (language: string, kind: NoticeKind): string[] => {
      const text = [read(`notices/${language}/${kind}.hbs`)];
      for (const part of text) for (const [, partial] of part.matchAll(/\{\{> [a-z]+\/([\w-]+)\}\}/g)) text.push(read(`partials/${language}/${partial}.hbs`));
      return [...new Set([...text.join('\n').matchAll(/\{\{(?!>|\/|else)(?:#?\w+ )?(\w+)/g)].map((m) => m[1]!))].sort();
    };
    for (const kind of NOTICE_KINDS) expect(used('zh', kind)).toEqual(used('en', kind));
  });

  test('every fact of a kind is used by its template', () => {
    // recipient and roles, dates and place come through partials; these are only for the choice of words.
    const known: FactName[] = ['timezone', 'copies', 'rejections', 'raisedAt', 'level'];
    for (const kind of NOTICE_KINDS) {
      const text = [read(`notices/zh/${kind}.hbs`)];
      for (const part of text) for (const [, partial] of part.matchAll(/\{\{> zh\/([\w-]+)\}\}/g)) text.push(read(`partials/zh/${partial}.hbs`));
      const all = text.join('\n');
      for (const name of NOTICE_FACTS[kind].filter((n) => !known.includes(n))) expect({ kind, name, used: new RegExp(`\\b${name}(Code)?\\b`).test(all) }).toEqual({ kind, name, used: true });
    }
  });
});

describe('numbers and instants', () => {
  test('measured values lose the noise of binary fractions and instants are written out in the park time', () => {
    const { kind, facts } = factsOf('alarm');
    const at: NoticeFacts = { ...facts, value: 0.1 + 0.2, limit: 1e-7, raisedAt: Date.UTC(2026, 11, 31, 16, 0, 5) };
    expect(words(kind, 'zh', at).text).toContain('测量值：0.3 kPa');
    expect(words(kind, 'zh', at).text).toContain('报警时间：2027年1月1日 00:00:05（北京时间）');
    expect(words(kind, 'en', at).text).toContain('Raised: 1 January 2027, 00:00:05 (Beijing time)');
    expect(words(kind, 'en', { ...at, timezone: 'UTC' }).text).toContain('Raised: 31 December 2026, 16:00:05 (UTC)');
  });

  test('a reminder that comes after its deadline does not claim time left', () => {
    const { kind, facts } = factsOf('reminder');
    expect(words(kind, 'zh', { ...facts, issuedAt: facts.dueAt! + 60_000 }).text).toContain('现已届满');
    expect(words(kind, 'en', { ...facts, issuedAt: facts.dueAt! - 90 * 60_000 }).text).toContain('Time left: 1 hour 30 minutes.');
  });
});
