/**
 * The PDF of a notice, made from its paper by Typst in this process. Text reaches Typst as data only; the compiler reads
 * no file but notice.typ and the fonts. The same paper gives the same bytes.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import type { NoticePaper } from './paper.ts';

const main = readFileSync(join(import.meta.dirname, 'notice.typ'), 'utf8');
const fonts = dirname(fileURLToPath(import.meta.resolve('@expo-google-fonts/noto-sans-sc/package.json')));

let compiler: NodeCompiler | undefined;
const theCompiler = (): NodeCompiler =>
  (compiler ??= NodeCompiler.create({ workspace: import.meta.dirname, fontArgs: [{ fontPaths: [join(fonts, '400Regular'), join(fonts, '700Bold')] }] }));

/** `issuedAt` is the date in the PDF (epoch ms). Archival form PDF/A-2a: tagged, fonts embedded as subsets. Throws where Typst finds a fault. */
export const renderPdf = (paper: NoticePaper, issuedAt: number): Buffer => {
  const at = new Date(issuedAt);
  const when = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate(), at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()];
  const typst = theCompiler();
  try {
    const compiled = typst.compile({ mainFileContent: main, inputs: { paper: JSON.stringify({ ...paper, at: when }) } });
    const document = compiled.result;
    if (!document) throw new Error(`the PDF of ${paper.number} could not be made: ${JSON.stringify(compiled.takeDiagnostics()?.shortDiagnostics ?? null)}`);
    return typst.pdf(document, { pdfStandard: 'a-2a' });
  } finally {
    typst.evictCache(10);
  }
};

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
