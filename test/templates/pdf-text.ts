/** Reads the words out of a PDF as Typst writes it (plain objects, Identity-H fonts with ToUnicode): enough for tests, no general reader. */
import { inflateSync } from 'node:zlib';

interface PdfObject {
  dictionary: string;
  stream: Buffer | null;
}

const readObjects = (pdf: Buffer): Map<string, PdfObject> => {
  const text = pdf.toString('latin1');
  const objects = new Map<string, PdfObject>();
  for (const match of text.matchAll(/(?:^|\n)(\d+) 0 obj\n?/g)) {
    const from = match.index + match[0].length;
    const streamAt = text.indexOf('stream\n', from);
    const endAt = text.indexOf('endobj', from);
    const hasStream = streamAt !== -1 && streamAt < endAt;
    const dictionary = text.slice(from, hasStream ? streamAt : endAt);
    let stream: Buffer | null = null;
    if (hasStream) {
      const length = Number(/\/Length (\d+)/.exec(dictionary)?.[1]);
      const raw = pdf.subarray(streamAt + 7, streamAt + 7 + length);
      stream = dictionary.includes('/FlateDecode') ? inflateSync(raw) : raw;
    }
    objects.set(match[1]!, { dictionary, stream });
  }
  return objects;
};

const utf16 = (hex: string): string => Buffer.from(hex, 'hex').swap16().toString('utf16le');

const readCmap = (cmap: string): Map<number, string> => {
  const map = new Map<number, string>();
  for (const [, lines = ''] of cmap.matchAll(/beginbfchar([\s\S]*?)endbfchar/g)) {
    for (const [, from = '', to = ''] of lines.matchAll(/<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g)) map.set(parseInt(from, 16), utf16(to));
  }
  for (const [, lines = ''] of cmap.matchAll(/beginbfrange([\s\S]*?)endbfrange/g)) {
    for (const [, first = '', last = '', to = ''] of lines.matchAll(/<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>/g)) {
      const start = utf16(to).codePointAt(0)!;
      for (let code = parseInt(first, 16); code <= parseInt(last, 16); code += 1) map.set(code, String.fromCodePoint(start + code - parseInt(first, 16)));
    }
  }
  return map;
};

/** The bytes of a PDF string, literal or hexadecimal. */
const stringBytes = (token: string): Buffer => {
  if (token.startsWith('<')) return Buffer.from(token.slice(1, -1), 'hex');
  const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
  const plain = token.slice(1, -1).replace(/\\([0-7]{1,3}|\r?\n|[\s\S])/g, (_whole, e: string) => (/^[0-7]/.test(e) ? String.fromCharCode(parseInt(e, 8)) : (escapes[e] ?? (e === '\n' ? '' : e))));
  return Buffer.from(plain, 'latin1');
};

/** Strings and font changes of a content stream, in order. A literal may hold balanced parentheses. */
const tokens = function* (content: string): Generator<string> {
  const start = /\/f\d+ [\d.]+ Tf|<[0-9A-Fa-f]+>|\(/g;
  for (let match = start.exec(content); match; match = start.exec(content)) {
    if (match[0] !== '(') {
      yield match[0];
      continue;
    }
    let end = match.index + 1;
    for (let depth = 1; depth > 0; end += 1) {
      if (content[end] === '\\') end += 1;
      else if (content[end] === '(') depth += 1;
      else if (content[end] === ')') depth -= 1;
    }
    yield content.slice(match.index, end);
    start.lastIndex = end;
  }
};

/** All words in the order of the pages, without any white space. */
export const pdfText = (pdf: Buffer): string => {
  const objects = readObjects(pdf);
  let out = '';
  for (const { dictionary } of objects.values()) {
    if (!/\/Type \/Page\n/.test(dictionary)) continue;
    const fonts = new Map<string, Map<number, string>>();
    for (const [, name = '', id = ''] of dictionary.matchAll(/\/(f\d+) (\d+) 0 R/g)) {
      const cmap = /\/ToUnicode (\d+) 0 R/.exec(objects.get(id)?.dictionary ?? '')?.[1];
      fonts.set(name, readCmap(objects.get(cmap ?? '')?.stream?.toString('latin1') ?? ''));
    }
    const contents = /\/Contents (\d+) 0 R/.exec(dictionary)?.[1] ?? '';
    let font = new Map<number, string>();
    for (const token of tokens(objects.get(contents)?.stream?.toString('latin1') ?? '')) {
      if (token.startsWith('/')) font = fonts.get(token.slice(1).split(' ')[0]!) ?? new Map<number, string>();
      else {
        const bytes = stringBytes(token);
        for (let i = 0; i + 1 < bytes.length; i += 2) out += font.get(bytes.readUInt16BE(i)) ?? '\ufffd';
      }
    }
  }
  return out.replace(/\s+/g, '');
};

export const pdfPages = (pdf: Buffer): number => Number(/\/Type \/Pages\n\s*\/Count (\d+)/.exec(pdf.toString('latin1'))?.[1]);
