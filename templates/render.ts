/**
 * Notices from templates. Templates are files of this folder and nothing else: compiled from strings, strict, with known
 * helpers only. What a template sees is a frozen object without prototype, built from the facts of its kind.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';
import { inLanguage } from '../domain/bilingual.ts';
import type { Result } from '../domain/errors.ts';
import { ok, refuse } from '../domain/errors.ts';
import type { FactName, Language, Named, NoticeFacts, NoticeKind } from '../domain/notices.ts';
import { checkFacts, isNullable, LANGUAGES, NOTICE_FACTS, noticeText } from '../domain/notices.ts';
import type { NoticePaper } from './paper.ts';
import { parsePaper, toHtml, toText } from './paper.ts';
import { absentWord, dateWords, durationWords, hazardTypeWord, instantWords, isTimezone, listWords, numberWords, word } from './words.ts';

export interface RenderedNotice {
  subject: string;
  /** An <article>; see paper.ts. */
  html: string;
  text: string;
  /** What html and text were made from, and what the PDF is made from. */
  paper: NoticePaper;
  /** SHA-256 over the wording used. */
  templateSha: string;
}

export interface RenderOptions {
  /** Where people reach the portal; without it notices carry no link. */
  publicUrl: string | null;
}

class EmptyPlaceholder extends Error {
  readonly field: string;
  constructor(field: string) {
    super(`the placeholder ${field} is empty`);
    this.field = field;
  }
}
class LinkDenied extends Error {}

const folder = import.meta.dirname;
const engine = Handlebars.create();
for (const name of ['log', 'lookup', 'with', 'each', 'unless', 'helperMissing', 'blockHelperMissing']) engine.unregisterHelper(name);

// Handlebars is strict about what is printed but not about what is asked; these are strict about that too.
const known = <T>(value: T | undefined): T => {
  if (value === undefined) throw new Error('a template asks for what does not exist');
  return value;
};
engine.registerHelper('if', function choose(this: unknown, condition: unknown, options: Handlebars.HelperOptions) {
  if (typeof condition !== 'boolean') throw new Error('a template asks for what is neither true nor false');
  return condition ? options.fn(this) : options.inverse(this);
});
engine.registerHelper('is', function is(this: unknown, a: unknown, b: unknown, options: Handlebars.HelperOptions) {
  return known(a) === b ? options.fn(this) : options.inverse(this);
});
engine.registerHelper('link', (path: string | undefined, options: Handlebars.HelperOptions) => linkTo(known(path), (options.data as { publicUrl?: string }).publicUrl ?? ''));

const linkTo = (path: string, publicUrl: string): string => {
  const base = URL.parse(publicUrl);
  const url = base && URL.parse(`${base.pathname.replace(/\/$/, '')}${path}`, base);
  if (!base || !url || !['http:', 'https:'].includes(url.protocol) || url.origin !== base.origin || url.username !== '') throw new LinkDenied();
  return url.href;
};

const COMPILE: CompileOptions = { strict: true, knownHelpersOnly: true, knownHelpers: { if: true, is: true, link: true }, preventIndent: true };

/** Compiles the text of a template. Anything but a string is refused: a syntax tree given to Handlebars is code. */
export const compileTemplate = (source: unknown): Handlebars.TemplateDelegate => {
  if (typeof source !== 'string') throw new TypeError('a template is compiled from text only');
  return engine.compile(source, COMPILE);
};

const read = (path: string): string => readFileSync(join(folder, path), 'utf8');
const words = read('words.ts');

const partials: Record<Language, { name: string; source: string }[]> = { zh: [], en: [] };
for (const language of LANGUAGES) {
  for (const file of readdirSync(join(folder, 'partials', language)).sort()) {
    const name = `${language}/${file.replace(/\.hbs$/, '')}`;
    const source = read(`partials/${name}.hbs`);
    partials[language].push({ name, source });
    engine.registerPartial(name, compileTemplate(source));
  }
}

interface Template {
  write: Handlebars.TemplateDelegate;
  sha: string;
}
const templates = new Map<string, Template>();
const templateOf = (kind: NoticeKind, language: Language): Template => {
  const name = `${language}/${kind}`;
  const known = templates.get(name);
  if (known) return known;
  const source = read(`notices/${name}.hbs`);
  const hash = createHash('sha256');
  for (const part of [words, ...partials[language].map((p) => p.source), source]) hash.update(part).update('\0');
  const template = { write: compileTemplate(source), sha: hash.digest('hex') };
  templates.set(name, template);
  return template;
};

/** What the template of this kind may use. A fact that is null and has no word of its own cannot be used at all. */
const viewOf = (kind: NoticeKind, facts: NoticeFacts, language: Language, options: RenderOptions): object => {
  const view = Object.create(null) as Record<string, unknown>;
  const zone = facts.timezone!;
  const text = (value: string): string => noticeText(value, word('more', '', language));
  const named = (value: Named): string => text(value[language]);
  const put = (name: string, value: unknown): void => {
    if (value === '') throw new EmptyPlaceholder(name);
    view[name] = value;
  };

  for (const name of NOTICE_FACTS[kind]) {
    const value = facts[name];
    if (isNullable(kind, name)) put(`has${name[0]!.toUpperCase()}${name.slice(1)}`, value !== null);
    if (value === null || value === undefined) {
      // A case without a title goes by its type.
      const absent = name === 'title' ? hazardTypeWord(facts.type!, language) : absentWord(name, language);
      if (absent) put(name, absent);
      else Object.defineProperty(view, name, { enumerable: true, get: () => { throw new EmptyPlaceholder(name); } });
      continue;
    }
    put(name, wordsOf(name, BILINGUAL.includes(name) ? inLanguage(value as string, language) : value, { text, named, zone, language }));
    if (CODES.includes(name)) put(`${name}Code`, value);
  }
  put('issuedDate', dateWords(facts.issuedAt!, zone, language));
  put('hasLink', options.publicUrl !== null);
  put('isForEnterprise', facts.roles!.includes('enterprise'));
  if (typeof facts.level === 'number') put('levelWord', word('level', facts.level, language));
  if (typeof facts.dueAt === 'number') {
    put('isPastDue', facts.dueAt <= facts.issuedAt!);
    put('remaining', durationWords(facts.dueAt - facts.issuedAt!, language));
  }
  if (kind === 'alarm') {
    put('isEscalation', facts.rung! > 0);
    put('isBelow', facts.alarmLevel === 'L' || facts.alarmLevel === 'LL' || (facts.alarmLevel === 'sustained' && facts.value! < facts.limit!));
    put('waited', durationWords(facts.issuedAt! - facts.raisedAt!, language));
  }
  return Object.freeze(view);
};

/** Facts that the system may have written in both languages; what people wrote in a reason or note stays whole. */
const BILINGUAL: readonly FactName[] = ['title', 'description'];

const CODES: readonly FactName[] = ['state', 'deadline', 'cause', 'decision', 'act', 'lookBackOutcome', 'taskKind', 'phase'];

interface Wording {
  text: (value: string) => string;
  named: (value: Named) => string;
  zone: string;
  language: Language;
}

const wordsOf = (name: FactName, value: NonNullable<NoticeFacts[FactName]>, { text, named, zone, language }: Wording): unknown => {
  switch (name) {
    case 'issuedAt':
    case 'reportedAt':
    case 'dueAt':
    case 'missedDueAt':
    case 'previousDueAt':
    case 'pausedUntil':
    case 'raisedAt':
      return instantWords(value as number, zone, language);
    case 'value':
    case 'limit':
      return numberWords(value as number);
    case 'grade':
    case 'state':
    case 'origin':
    case 'alarmLevel':
    case 'alarmState':
    case 'judgement':
    case 'listing':
    case 'taskKind':
      return word(name, value as string, language);
    case 'type':
      return hazardTypeWord(value as string, language);
    case 'roles':
      return listWords((value as string[]).map((role) => word('role', role, language)), language);
    default:
      if (Array.isArray(value)) return listWords((value as Named[]).map(named), language);
      if (typeof value === 'string') return text(value);
      return typeof value === 'object' ? named(value) : value;
  }
};

/**
 * A notice in words. `data` is NoticeFacts of domain/notices.ts. Refusals: those of checkFacts, `notice.language_unknown`,
 * `notice.link_denied`; `notice.placeholder_empty` names the field.
 */
export const renderNotice = (kind: string, language: string, data: unknown, options: RenderOptions): Result<RenderedNotice> => {
  const checked = checkFacts(kind, data);
  if (!checked.ok) return checked;
  if (!(LANGUAGES as readonly string[]).includes(language)) return refuse('notice.language_unknown', { field: 'language' });
  const facts = checked.value;
  if (!isTimezone(facts.timezone!)) return refuse('notice.fact_invalid', { field: 'timezone', detail: { kind, fields: ['timezone'] } });
  const template = templateOf(kind as NoticeKind, language as Language);
  try {
    const view = viewOf(kind as NoticeKind, facts, language as Language, options);
    const paper = parsePaper(template.write(view, { data: { publicUrl: options.publicUrl ?? '' } }), language as Language);
    return ok({ subject: paper.subject, html: toHtml(paper), text: toText(paper), paper, templateSha: template.sha });
  } catch (error) {
    if (error instanceof EmptyPlaceholder) return refuse('notice.placeholder_empty', { field: error.field, detail: { kind, fields: [error.field] } });
    if (error instanceof LinkDenied) return refuse('notice.link_denied', { field: 'path' });
    throw error;
  }
};
