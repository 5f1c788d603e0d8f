import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LANGUAGES } from '../../domain/notices.ts';
import { renderNoticePdf, renderPdf } from '../../templates/document.ts';
import type { NoticePaper } from '../../templates/paper.ts';
import { renderNotice } from '../../templates/render.ts';
import { pdfPages, pdfText } from './pdf-text.ts';
import { OPTIONS, factsOf, samples } from './samples.ts';

const AT = Date.UTC(2026, 10, 20, 0, 15, 31);
const paperOf = (kind: string, language: string, facts: unknown): NoticePaper => {
  const rendered = renderNotice(kind, language, facts, OPTIONS);
  if (!rendered.ok) throw new Error(JSON.stringify(rendered.refusal));
  return rendered.value.paper;
};
const squeeze = (text: string): string => text.replace(/\s+/g, '');
/** Every piece of text of a paper. */
const pieces = (paper: NoticePaper): string[] => [
  paper.title, paper.number, paper.addressee, paper.office, paper.date, ...paper.footnotes, ...(paper.mark ? [paper.mark] : []), ...(paper.copies ? [paper.copies] : []),
  ...paper.body.flatMap((b) => (b.kind === 'paragraph' ? [b.text] : b.kind === 'demands' ? b.demands : b.facts.flatMap((f) => [f.name, f.value]))),
];

describe('the PDF', () => {
  for (const { name, kind, facts } of samples) {
    test.each([...LANGUAGES])(`of ${name} in %s holds every word of the paper`, (language) => {
      const paper = paperOf(kind, language, facts);
      const pdf = renderPdf(paper, facts.issuedAt!);
      const words = pdfText(pdf);
      for (const piece of pieces(paper)) expect(words).toContain(squeeze(piece));
      expect(words).not.toContain('\ufffd');
      expect(pdfPages(pdf)).toBeLessThanOrEqual(2);
    });
  }

  test('of the same paper is the same, byte by byte, and dated as issued', () => {
    const { kind, facts } = factsOf('dispatch');
    const paper = paperOf(kind, 'zh', facts);
    const pdf = renderPdf(paper, AT);
    expect(renderPdf(structuredClone(paper), AT).equals(pdf)).toBe(true);
    expect(renderPdf(paperOf(kind, 'zh', factsOf('dispatch').facts), AT).equals(pdf)).toBe(true);
    expect(pdf.toString('latin1')).toContain('/CreationDate (D:20261120001531Z)');
    expect(renderPdf(paper, AT + 1_000).equals(pdf)).toBe(false);
  });

  test('is PDF/A-2a: tagged, with language, with its fonts embedded as subsets', () => {
    const { kind, facts } = factsOf('dispatch');
    const raw = renderPdf(paperOf(kind, 'zh', facts), AT).toString('latin1');
    expect(raw).toMatch(/<pdfaid:part>2<\/pdfaid:part>|pdfaid:part="2"/);
    expect(raw).toMatch(/<pdfaid:conformance>A<\/pdfaid:conformance>|pdfaid:conformance="A"/);
    expect(raw).toContain('/Lang (zh-CN)');
    expect(raw).toContain('/StructTreeRoot');
    expect(raw).toMatch(/\/BaseFont \/[A-Z]{6}\+NotoSansSC-Regular/);
    expect(raw.length).toBeLessThan(200_000);
  });

  test('a notice on record is printed as it was issued', () => {
    const { kind, facts } = factsOf('rejection');
    const paper = paperOf(kind, 'zh', facts);
    const asIssued = { ...paper, title: '从前的标题' };
    expect(pdfText(renderNoticePdf({ data: { facts, paper: asIssued }, issuedAt: new Date(AT) }))).toContain('从前的标题');
    for (const data of [null, {}, { paper: null }, { paper: {} }, 'x']) expect(() => renderNoticePdf({ data, issuedAt: new Date(AT) })).toThrow('holds no paper');
  });

  test.each([
    '#panic("x")', '#image("/etc/passwd")', '#read("../package.json")', '*bold* _it_ $x^2$ @ref <label> `code`', '= heading', '- list', '\\ #sys.inputs', '#{while true {}}', '#import "@preview/cetz:0.3.0"', '</script>{{x}}', '"],"at":[]}',
  ])('what people typed is printed, not run: %s', (value) => {
    const { kind, facts } = factsOf('rejection');
    facts.reason = value;
    facts.title = value;
    facts.enterprise = { zh: value, en: value };
    const words = pdfText(renderPdf(paperOf(kind, 'zh', facts), AT));
    expect(words).toContain(squeeze(`不合格的原因：${value}`));
  });

  test('a character that the font lacks is marked, and said to be on record', () => {
    const { kind, facts } = factsOf('rejection');
    facts.reason = '泄漏 😀 مرحبا \u{2A6D6} ok';
    const words = pdfText(renderPdf(paperOf(kind, 'zh', facts), AT));
    expect(words).toContain(squeeze('不合格的原因：泄漏 〓 〓〓〓〓〓 〓 ok'));
    expect(words).toContain(squeeze('〓 表示印刷字体所缺的字符，原文见系统记录。'));
    expect(pdfText(renderPdf(paperOf(kind, 'zh', factsOf('rejection').facts), AT))).not.toContain('〓');
  });

  test('any text that people can type gives a PDF', () => {
    const { kind, facts } = factsOf('rejection');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), fc.constantFrom(...LANGUAGES), (typed, language) => {
        facts.reason = `a${typed}`;
        facts.title = `b${typed}`;
        expect(renderPdf(paperOf(kind, language, facts), AT).subarray(0, 5).toString()).toBe('%PDF-');
      }),
      { numRuns: 150 },
    );
  });

  test('very long text runs over pages without being lost', () => {
    const { kind, facts } = factsOf('rejection');
    facts.reason = '很长的原因'.repeat(400);
    facts.description = 'x'.repeat(1_900);
    const pdf = renderPdf(paperOf(kind, 'zh', facts), AT);
    expect(pdfPages(pdf)).toBeGreaterThan(1);
    const words = pdfText(pdf);
    expect(words.match(/很/g)).toHaveLength(400);
    expect(words.match(/x/g)).toHaveLength(1_900 + (paperOf(kind, 'zh', facts).link?.href.match(/x/g)?.length ?? 0));
  });
});
