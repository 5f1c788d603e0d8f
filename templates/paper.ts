/**
 * The paper that a notice is, as data. A template writes it once, in a small markup; page, plain text and PDF are made
 * from the same structure, so that wording exists once.
 */
import type { Language } from '../domain/notices.ts';

export interface NoticePaper {
  language: Language;
  subject: string;
  title: string;
  /** Mark of a copy (抄送件). */
  mark: string | null;
  number: string;
  addressee: string;
  body: PaperBlock[];
  office: string;
  date: string;
  /** 抄送. */
  copies: string | null;
  /** What stands below the line: to whom it was served, from where it comes. */
  footnotes: string[];
  /** http(s) address of the matter in the portal. */
  link: { label: string; href: string } | null;
}

export type PaperBlock =
  | { kind: 'paragraph'; text: string }
  | { kind: 'facts'; facts: { name: string; value: string }[] }
  | { kind: 'demands'; demands: string[] };

/** A template that does not give a proper paper is a fault of the template. */
export class PaperError extends Error {
  override name = 'PaperError';
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#x27': "'", '#x60': '`', '#x3D': '=' };
const unescape = (text: string): string => text.replace(/&(\w+|#x[0-9A-F]+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

interface Element {
  tag: string;
  name: string | null;
  text: string;
  children: Element[];
}

const LEAVES = ['subject', 'title', 'mark', 'number', 'to', 'p', 'fact', 'demand', 'office', 'date', 'cc', 'foot', 'link'];
const GROUPS: Record<string, string> = { facts: 'fact', demands: 'demand' };

/** Values come escaped out of Handlebars, so a `<` here was written by the template. */
const parseElements = (markup: string, within: string | null): Element[] => {
  const elements: Element[] = [];
  const pattern = /\s*<([a-z]+)(?: (?:name|href)="([^"<>]*)")?>([\s\S]*?)<\/\1>\s*/y;
  while (pattern.lastIndex < markup.length) {
    const from = pattern.lastIndex;
    const match = pattern.exec(markup);
    if (!match) {
      if (markup.slice(from).trim() === '') break;
      throw new PaperError(`not markup of a notice: ${markup.slice(from, from + 60)}`);
    }
    const [, tag = '', attribute, inner = ''] = match;
    const group = GROUPS[tag];
    const isAllowed = within === null ? group !== undefined || (LEAVES.includes(tag) && !Object.values(GROUPS).includes(tag)) : tag === GROUPS[within];
    if (!isAllowed) throw new PaperError(`<${tag}> is not allowed ${within ? `in <${within}>` : 'here'}`);
    if (group === undefined && inner.includes('<')) throw new PaperError(`<${tag}> holds text only`);
    const text = group === undefined ? unescape(inner.replace(/\s+/g, ' ').trim()) : '';
    if (group === undefined && text === '') throw new PaperError(`<${tag}> is empty`);
    elements.push({ tag, name: attribute === undefined ? null : unescape(attribute), text, children: group === undefined ? [] : parseElements(inner, tag) });
  }
  return elements;
};

/** Reads what a template wrote. Throws PaperError. */
export const parsePaper = (markup: string, language: Language): NoticePaper => {
  const elements = parseElements(markup, null);
  const many = (tag: string): Element[] => elements.filter((e) => e.tag === tag);
  const atMostOne = (tag: string): Element | null => {
    const found = many(tag);
    if (found.length > 1) throw new PaperError(`<${tag}> stands twice`);
    return found[0] ?? null;
  };
  const one = (tag: string): string => {
    const found = atMostOne(tag);
    if (!found) throw new PaperError(`<${tag}> is missing`);
    return found.text;
  };
  const body: PaperBlock[] = [];
  for (const e of elements) {
    if (e.tag === 'p') body.push({ kind: 'paragraph', text: e.text });
    if (e.tag === 'demands') body.push({ kind: 'demands', demands: e.children.map((c) => c.text) });
    if (e.tag === 'facts') body.push({ kind: 'facts', facts: e.children.map((c) => ({ name: c.name ?? '', value: c.text })) });
  }
  if (body.some((b) => b.kind === 'facts' && b.facts.some((f) => f.name === ''))) throw new PaperError('a <fact> has no name');
  const link = atMostOne('link');
  return {
    language,
    subject: one('subject'),
    title: one('title'),
    mark: atMostOne('mark')?.text ?? null,
    number: one('number'),
    addressee: one('to'),
    body,
    office: one('office'),
    date: one('date'),
    copies: atMostOne('cc')?.text ?? null,
    footnotes: many('foot').map((e) => e.text),
    link: link ? { label: link.text, href: link.name ?? '' } : null,
  };
};

// ---- forms ----

const html = (text: string): string => text.replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
export const languageTag = (language: Language): string => (language === 'zh' ? 'zh-CN' : 'en');

/** An <article>, without styles: classes are `notice`, `notice-mark`, `notice-number`, `notice-facts`, `notice-demands`, `notice-signature`, `notice-foot`. */
export const toHtml = (paper: NoticePaper): string => {
  const block = (b: PaperBlock): string => {
    switch (b.kind) {
      case 'paragraph':
        return `<p>${html(b.text)}</p>`;
      case 'facts':
        return `<table class="notice-facts"><tbody>${b.facts.map((f) => `<tr><th scope="row">${html(f.name)}</th><td>${html(f.value)}</td></tr>`).join('')}</tbody></table>`;
      case 'demands':
        return `<ol class="notice-demands">${b.demands.map((d) => `<li>${html(d)}</li>`).join('')}</ol>`;
    }
  };
  return [
    `<article class="notice" lang="${languageTag(paper.language)}">`,
    paper.mark ? `<p class="notice-mark">${html(paper.mark)}</p>` : '',
    `<h1>${html(paper.title)}</h1>`,
    `<p class="notice-number">${html(paper.number)}</p>`,
    `<p class="notice-addressee">${html(paper.addressee)}</p>`,
    ...paper.body.map(block),
    `<div class="notice-signature"><p>${html(paper.office)}</p><p>${html(paper.date)}</p></div>`,
    '<footer class="notice-foot">',
    paper.copies ? `<p>${html(paper.copies)}</p>` : '',
    ...paper.footnotes.map((f) => `<p>${html(f)}</p>`),
    paper.link ? `<p>${html(paper.link.label)} <a href="${html(paper.link.href)}" rel="noopener noreferrer">${html(paper.link.href)}</a></p>` : '',
    '</footer>',
    '</article>',
  ].filter((line) => line !== '').join('\n');
};

export const toText = (paper: NoticePaper): string => {
  const colon = paper.language === 'zh' ? '：' : ': ';
  const block = (b: PaperBlock): string[] => {
    switch (b.kind) {
      case 'paragraph':
        return [b.text];
      case 'facts':
        return b.facts.map((f) => `  ${f.name}${colon}${f.value}`);
      case 'demands':
        return b.demands.map((d, i) => `  ${i + 1}. ${d}`);
    }
  };
  const head = [paper.mark, paper.title, paper.number].filter((line) => line !== null);
  const foot = [paper.copies, ...paper.footnotes, paper.link && `${paper.link.label} ${paper.link.href}`].filter((line) => line !== null);
  return [head, [paper.addressee], ...paper.body.map(block), [paper.office, paper.date], ['----', ...foot]].map((lines) => lines.join('\n')).join('\n\n') + '\n';
};

/** A whole page around the article: for mail and for looking at. */
export const toPage = (subject: string, article: string, language: Language): string => `<!doctype html>
<html lang="${languageTag(language)}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${html(subject)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${article}
</body>
</html>
`;

/** Plain text as a page, one paragraph a line. */
export const textPage = (subject: string, text: string, language: Language): string =>
  toPage(subject, `<article class="notice" lang="${languageTag(language)}">\n${text.split('\n').map((line) => `<p>${html(line)}</p>`).join('\n')}\n</article>`, language);

const PAGE_STYLE = `
body { margin: 0; padding: 24px 12px; background: #f2f3f5; color: #1f2329; font: 16px/1.75 "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
.notice { box-sizing: border-box; max-width: 720px; margin: 0 auto; padding: 32px 28px; background: #fff; border-top: 4px solid #b3261e; overflow-wrap: anywhere; }
.notice h1 { margin: 4px 0; font-size: 26px; line-height: 1.4; text-align: center; }
.notice-mark { margin: 0; text-align: right; color: #b3261e; font-weight: 700; }
.notice-number { margin: 0 0 24px; text-align: center; color: #4e5969; }
.notice-addressee { font-weight: 700; }
.notice-facts { width: 100%; border-collapse: collapse; }
.notice-facts th, .notice-facts td { padding: 6px 10px; border: 1px solid #c9cdd4; text-align: start; vertical-align: top; }
.notice-facts th { width: 28%; background: #f7f8fa; font-weight: 500; overflow-wrap: break-word; }
@media (max-width: 480px) { body { padding: 0; } .notice { padding: 24px 16px; } }
.notice-signature { margin: 32px 0 24px; text-align: right; }
.notice-signature p { margin: 0; }
.notice-foot { padding-top: 12px; border-top: 1px solid #c9cdd4; color: #4e5969; font-size: 14px; }
.notice-foot p { margin: 4px 0; }
`;
