/**
 * Excel files. Every cell has a type; text is text whatever it begins with, so that nothing that somebody wrote into a case
 * can become a formula. The format knows no time zones: instants stand as the wall-clock time of Asia/Shanghai.
 */
import type { Readable } from 'node:stream';
import type { CellObject, Row, Sheet } from 'write-excel-file/node';
import writeExcelFile from 'write-excel-file/node';

/** Asia/Shanghai has been UTC+8 throughout. */
const SHANGHAI_MS = 8 * 3_600_000;
const MAX_CELL = 32_000;
const MAX_SHEET_NAME = 31;

export interface WorkbookSheet {
  name: string;
  columns: { title: string; width: number }[];
  /** `Date` is an instant; a number with `share` is shown as a percentage. */
  rows: (string | number | Date | boolean | null | { share: number })[][];
}

const cellOf = (value: WorkbookSheet['rows'][number][number]): CellObject | null => {
  if (value === null) return null;
  if (typeof value === 'string') return value === '' ? null : { type: String, value: [...value].slice(0, MAX_CELL).join(''), format: '@', wrap: true, alignVertical: 'top' };
  if (value instanceof Date) return { type: Date, value: new Date(value.getTime() + SHANGHAI_MS), format: 'yyyy-mm-dd hh:mm:ss', alignVertical: 'top' };
  if (typeof value === 'boolean') return { type: Boolean, value, alignVertical: 'top' };
  if (typeof value === 'object') return { type: Number, value: value.share, format: '0.0%', alignVertical: 'top' };
  return { type: Number, value, alignVertical: 'top' };
};

/** Characters that Excel takes in no name of a sheet. */
const sheetName = (name: string): string => name.replace(/[\\/?*[\]:]/g, ' ').slice(0, MAX_SHEET_NAME);

/** The file as a stream; the first row of each sheet is its heading and stays in view. */
export const writeWorkbook = async (sheets: readonly WorkbookSheet[]): Promise<Readable> => {
  const made = sheets.map((s): Sheet<never> => ({
    sheet: sheetName(s.name),
    columns: s.columns.map(({ width }) => ({ width })),
    stickyRowsCount: 1,
    data: [s.columns.map(({ title }): CellObject => ({ type: String, value: title, format: '@', fontWeight: 'bold', backgroundColor: '#eef2f7', wrap: true })), ...s.rows.map((row): Row => row.map(cellOf))],
  }));
  const { toStream } = writeExcelFile(made as never);
  return await (toStream as () => Promise<Readable>)();
};
