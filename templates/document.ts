/**
 * The PDF of a notice or of an archive package, made from its paper by Typst in this process. Text reaches Typst as data only;
 * the compiler reads no file but the .typ file of the paper and the fonts. The same paper gives the same bytes.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import type { Language } from '../domain/notices.ts';
import type { ArchivePaper } from './archive.ts';
import type { Coverage } from './font-coverage.ts';
import { readCoverage } from './font-coverage.ts';
import type { NoticePaper } from './paper.ts';

const readMain = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
const mains = { notice: readMain('notice.typ'), archive: readMain('archive.typ') };
const fonts = dirname(fileURLToPath(import.meta.resolve('@expo-google-fonts/noto-sans-sc/package.json')));
const FACES = ['400Regular', '700Bold'];

/** 〓, the printer's mark for a sort that is missing from the case. */
const MISSING = '\u3013';
const MISSING_NOTE: Record<Language, string> = {
  zh: `${MISSING} 表示印刷字体所缺的字符，原文见系统记录。`,
  en: `${MISSING} stands for a character that the printing font lacks; the record has it.`,
};

interface Printer {
  compiler: NodeCompiler;
  covers: Coverage;
}
let printer: Printer | undefined;
const thePrinter = (): Printer => {
  if (printer) return printer;
  const coverages = FACES.map((face) => readCoverage(readFileSync(join(fonts, face, `NotoSansSC_${face}.ttf`))));
  printer = {
    compiler: NodeCompiler.create({ workspace: import.meta.dirname, fontArgs: [{ fontPaths: FACES.map((face) => join(fonts, face)) }] }),
    covers: (codePoint) => coverages.every((covers) => covers(codePoint)),
  };
  return printer;
};

/** The paper with every character in it that the font can show: an archival PDF with one it cannot is none. */
const printable = <P extends { language: Language; footnotes: string[] }>(paper: P, covers: Coverage): P => {
  let missing = false;
  const clean = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return [...value].map((c) => {
        if (c === '\n' || covers(c.codePointAt(0)!)) return c;
        missing = true;
        return MISSING;
      }).join('');
    }
    if (Array.isArray(value)) return value.map(clean);
    return value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, clean(inner)])) : value;
  };
  const cleaned = clean(paper) as P;
  return missing ? { ...cleaned, footnotes: [...cleaned.footnotes, MISSING_NOTE[paper.language]] } : cleaned;
};

/** Archival form PDF/A-2a: tagged, fonts embedded as subsets. Throws where Typst finds a fault. */
const print = (main: string, paper: { language: Language; footnotes: string[]; number: string }, instant: number): Buffer => {
  const at = new Date(instant);
  const when = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
  const { compiler, covers } = thePrinter();
  try {
    const compiled = compiler.compile({ mainFileContent: main, inputs: { paper: JSON.stringify({ ...printable(paper, covers), at: when }) } });
    const document = compiled.result;
    if (!document) throw new Error(`the PDF of ${paper.number} could not be made: ${JSON.stringify(compiled.takeDiagnostics()?.shortDiagnostics ?? null)}`);
    return compiler.pdf(document, { pdfStandard: 'a-2a' });
  } finally {
    compiler.evictCache(10);
  }
};

/** `issuedAt` is the date in the PDF (epoch ms). */
export const renderPdf = (paper: NoticePaper, issuedAt: number): Buffer => print(mains.notice, paper, issuedAt);

/** Takes long for a long case: see pdf-renderer.ts. */
export const renderArchivePdf = (paper: ArchivePaper): Buffer => print(mains.archive, paper, paper.archivedAt);

/** A row of `notice`: its `data` as activities/notices.ts wrote it, and `issued_at`. */
export interface NoticeRow {
  data: unknown;
  issuedAt: Date;
}

/** The PDF of a notice on record, in the words in which it was issued, whatever the templates say today. Throws for data that holds no paper. */
export const renderNoticePdf = (row: NoticeRow): Buffer => {
  const paper = (row.data as { paper?: NoticePaper } | null)?.paper;
  if (!paper || !Array.isArray(paper.body)) throw new Error('the notice holds no paper');
  return renderPdf(paper, row.issuedAt.getTime());
};
