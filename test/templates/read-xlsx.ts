/** Reads an Excel file as any other program would: the parts of the archive, its sheets and their cells. */
import { inflateRawSync } from 'node:zlib';

const partsOf = (file: Buffer): Map<string, string> => {
  const parts = new Map<string, string>();
  const end = file.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const count = file.readUInt16LE(end + 10);
  let at = file.readUInt32LE(end + 16);
  for (let n = 0; n < count; n++) {
    const [method, size, nameLength, extra, comment, header] = [file.readUInt16LE(at + 10), file.readUInt32LE(at + 20), file.readUInt16LE(at + 28), file.readUInt16LE(at + 30), file.readUInt16LE(at + 32), file.readUInt32LE(at + 42)];
    const name = file.toString('utf8', at + 46, at + 46 + nameLength);
    const start = header + 30 + file.readUInt16LE(header + 26) + file.readUInt16LE(header + 28);
    const bytes = file.subarray(start, start + size);
    parts.set(name, (method === 8 ? inflateRawSync(bytes) : bytes).toString('utf8'));
    at += 46 + nameLength + extra + comment;
  }
  return parts;
};

const unescape = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&#39;', "'").replaceAll('&amp;', '&');

export interface XlsxCell {
  /** s: text by its number in the list of texts; n: number; b: boolean. */
  type: string;
  value: string;
  /** Number format of its style. */
  format: string;
}

export interface XlsxFile {
  sheets: { name: string; rows: XlsxCell[][]; hasFormula: boolean }[];
}

export const readXlsx = (file: Buffer): XlsxFile => {
  const parts = partsOf(file);
  const texts = [...(parts.get('xl/sharedStrings.xml') ?? '').matchAll(/<si>(.*?)<\/si>/gs)].map(([, inner]) => unescape([...inner!.matchAll(/<t[^>]*>(.*?)<\/t>/gs)].map((m) => m[1]!).join('')));
  const styles = parts.get('xl/styles.xml') ?? '';
  const formats = new Map([...styles.matchAll(/<numFmt numFmtId="(\d+)" formatCode="([^"]*)"/g)].map((m) => [m[1]!, unescape(m[2]!)]));
  const cellFormats = [...(/<cellXfs.*?<\/cellXfs>/s.exec(styles)?.[0] ?? '').matchAll(/<xf ([^>]*)>/g)].map(([, attributes = '']) => formats.get(/numFmtId="(\d+)"/.exec(attributes)?.[1] ?? '') ?? 'General');
  const names = [...(parts.get('xl/workbook.xml') ?? '').matchAll(/<sheet [^>]*name="([^"]*)"/g)].map((m) => unescape(m[1]!));
  const sheets = names.map((name, n) => {
    const xml = parts.get(`xl/worksheets/sheet${n + 1}.xml`)!;
    const rows = [...xml.matchAll(/<row [^>]*?(?:\/>|>(.*?)<\/row>)/gs)].map(([, inner = '']) =>
      [...inner.matchAll(/<c ([^>]*?)(?:\/>|>(.*?)<\/c>)/gs)].filter(([, , content]) => content !== undefined).map(([, attributes = '', content = '']): XlsxCell => {
        const type = / ?t="(\w+)"/.exec(attributes)?.[1] ?? 'n';
        const raw = /<v>(.*?)<\/v>/s.exec(content)?.[1] ?? '';
        return { type, value: type === 's' ? texts[Number(raw)]! : raw, format: cellFormats[Number(/ ?s="(\d+)"/.exec(attributes)?.[1] ?? 0)] ?? '' };
      }),
    );
    return { name, rows, hasFormula: /<f[ >]/.test(xml) };
  });
  return { sheets };
};

/** Serial number of Excel → the wall clock that it shows, as if it were UTC. */
export const wallClock = (serial: string): string => new Date(Math.round((Number(serial) - 25_569) * 86_400_000)).toISOString();
