/**
 * Reading rows in the order in which their transactions can no longer change: (tx, id), and only of transactions that
 * ended before every one still open. A plain serial id would skip rows whose transaction commits late.
 */
export interface Position {
  tx: string;
  id: string;
}

export const START: Position = { tx: '0', id: '0' };

export const formatPosition = (p: Position): string => `${p.tx}.${p.id}`;

/** Gives null for anything that is not a position. */
export const parsePosition = (text: string): Position | null => {
  const match = /^(\d{1,19})\.(\d{1,19})$/.exec(text);
  return match ? { tx: match[1]!, id: match[2]! } : null;
};

/** SQL condition for "after position ($1 = tx, $2 = id) and settled"; the order is `ORDER BY tx, id`. */
export const AFTER_POSITION = `(tx, id) > ($1::text::xid8, $2::bigint) AND tx < pg_snapshot_xmin(pg_current_snapshot())`;
