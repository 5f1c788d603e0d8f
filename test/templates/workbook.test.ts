import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WorkbookSheet } from '../../templates/workbook.ts';
import { writeWorkbook } from '../../templates/workbook.ts';
import { readXlsx, wallClock } from './read-xlsx.ts';

const write = async (sheets: WorkbookSheet[]): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of await writeWorkbook(sheets)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};
const sheet = (rows: WorkbookSheet['rows']): WorkbookSheet => ({ name: '隐患', columns: [{ title: '标题', width: 20 }], rows });

test('text stays text, whatever it begins with', async () => {
  const dangerous = ['=1+1', '=HYPERLINK("http://evil.example","x")', '+49', '-1+1', '@SUM(A1)', '\t=1', '\r=1', '=cmd|\' /C calc\'!A0', '<f>1+1</f>', '&lt;'];
  const { sheets } = readXlsx(await write([sheet(dangerous.map((text) => [text]))]));
  expect(sheets[0]!.hasFormula).toBe(false);
  expect(sheets[0]!.rows.slice(1).map((r) => r[0])).toEqual(dangerous.map((value) => ({ type: 's', value, format: '@' })));

  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'grapheme', minLength: 1 }), { minLength: 1, maxLength: 10 }), async (texts) => {
      const read = readXlsx(await write([sheet(texts.map((text) => [text]))])).sheets[0]!;
      expect(read.hasFormula).toBe(false);
      expect(read.rows.slice(1).every(([cell]) => cell === undefined || (cell.type === 's' && cell.format === '@'))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('instants are dates with the wall clock of Asia/Shanghai, numbers are numbers, names of sheets are taken by Excel', async () => {
  const at = new Date('2026-11-24T17:30:05.000Z');
  const { sheets } = readXlsx(await write([{ ...sheet([[at, 1.5, true, { share: 0.25 }, null]]), name: 'a/b:c?[d]*\\ 很长的名字很长的名字很长的名字很长的名字很长的名字' }]));
  const [date, number, yes, share] = sheets[0]!.rows[1]!;
  expect([date!.type, date!.format, wallClock(date!.value)]).toEqual(['n', 'yyyy-mm-dd hh:mm:ss', '2026-11-25T01:30:05.000Z']);
  expect([number, yes!.type, yes!.value, share!.value, share!.format]).toEqual([{ type: 'n', value: '1.5', format: expect.anything() }, 'b', '1', '0.25', '0.0%']);
  expect(sheets[0]!.name).toMatch(/^a b c .d/);
  expect(sheets[0]!.name.length).toBeLessThanOrEqual(31);
});
