/** Which characters a TrueType font can show, from its `cmap` table (formats 4 and 12). */
export type Coverage = (codePoint: number) => boolean;

const findTable = (font: Buffer, tag: string): number => {
  for (let i = 0, at = 12; i < font.readUInt16BE(4); i += 1, at += 16) {
    if (font.toString('latin1', at, at + 4) === tag) return font.readUInt32BE(at + 8);
  }
  throw new Error(`the font has no ${tag} table`);
};

/** Ranges of a subtable that covers more than the basic plane. */
const rangesOfFormat12 = (font: Buffer, at: number): [number, number][] => {
  const ranges: [number, number][] = [];
  for (let i = 0, group = at + 16; i < font.readUInt32BE(at + 12); i += 1, group += 12) ranges.push([font.readUInt32BE(group), font.readUInt32BE(group + 4)]);
  return ranges;
};

const rangesOfFormat4 = (font: Buffer, at: number): [number, number][] => {
  const segments = font.readUInt16BE(at + 6) / 2;
  const ends = at + 14;
  const starts = ends + segments * 2 + 2;
  const ranges: [number, number][] = [];
  for (let i = 0; i < segments; i += 1) ranges.push([font.readUInt16BE(starts + i * 2), font.readUInt16BE(ends + i * 2)]);
  return ranges.filter(([first]) => first !== 0xffff);
};

export const readCoverage = (font: Buffer): Coverage => {
  const cmap = findTable(font, 'cmap');
  const ranges: [number, number][] = [];
  for (let i = 0; i < font.readUInt16BE(cmap + 2); i += 1) {
    const at = cmap + font.readUInt32BE(cmap + 4 + i * 8 + 4);
    const format = font.readUInt16BE(at);
    if (format === 12) ranges.push(...rangesOfFormat12(font, at));
    if (format === 4) ranges.push(...rangesOfFormat4(font, at));
  }
  if (ranges.length === 0) throw new Error('the font has no cmap of format 4 or 12');
  ranges.sort((a, b) => a[0] - b[0]);
  return (codePoint) => {
    let low = 0;
    let high = ranges.length - 1;
    // The last range that starts at or before the character; ranges of the two formats may repeat each other.
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (ranges[middle]![0] <= codePoint) low = middle;
      else high = middle - 1;
    }
    for (let i = low; i >= 0 && low - i < 4; i -= 1) if (ranges[i]![0] <= codePoint && codePoint <= ranges[i]![1]) return true;
    return false;
  };
};
