/** A process that makes documents of archive packages for another one, so that a long one holds nobody up: started by pdf-renderer.ts. */
import { renderArchivePdf } from './document.ts';
import type { PdfAnswer, PdfOrder } from './pdf-renderer.ts';

process.on('message', ({ paper }: PdfOrder) => {
  let answer: PdfAnswer;
  try {
    answer = { pdf: renderArchivePdf(paper) };
  } catch (error) {
    answer = { fault: (error as Error).message };
  }
  process.send!(answer);
});
// The other process has ended.
process.on('disconnect', () => process.exit());
