/** Documents made in a process of their own: what they say is tested with the activity that archives a case. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ARCHIVE_LIMITS, NOT_INCLUDED, PACKAGE_FORMAT } from '../../domain/archive.ts';
import type { CasePackage, PackageTransition } from '../../domain/archive.ts';
import { HAZARD_STATES, PERSON_COMMANDS } from '../../domain/hazard-case.ts';
import { archivePaper } from '../../templates/archive.ts';
import { ARCHIVE_WORDS, archiveWord } from '../../templates/archive-words.ts';
import { renderArchivePdf } from '../../templates/document.ts';
import { createPdfRenderer } from '../../templates/pdf-renderer.ts';
import { pdfPages, pdfText } from './pdf-text.ts';

const T0 = Date.UTC(2026, 10, 24, 3);
const packageOf = (steps: number, more: Partial<PackageTransition> = {}): CasePackage => ({
  format: PACKAGE_FORMAT,
  park: { id: 'park', code: 'P', name: { zh: '滨海精细化工园区', en: 'Binhai Park' }, timezone: 'Asia/Shanghai' },
  case: {
    id: 'hz', number: 'HZ-2026-000042', tenantId: 'ent', cycle: 1, origin: 'manual', type: 'leak', grade: 'general', title: '法兰泄漏', description: '滴漏', statutory: false, reportedAt: T0, acceptedAt: T0, archivedAt: T0 + 1,
    responsibleId: 'p', asset: null, zone: null, point: null,
  },
  chain: { algorithm: 'sha256', lastSeq: steps, head: 'ab'.repeat(32) },
  transitions: Array.from({ length: steps }, (_, i): PackageTransition => ({
    seq: i + 1, cycle: 1, command: 'progress', commandId: 'c', from: 'rectifying', to: 'rectifying', actorId: 'p', actorOrgId: 'ent', actorRole: 'enterprise_safety_officer', serverAt: T0 + i, clientAt: null, clockSkew: false,
    reason: `第${i + 1}步`, payload: {}, prevHash: null, hash: 'cd'.repeat(32), ...more,
  })),
  items: [], deadlines: [], supervisions: [], evidence: [], notices: [], rules: [], policy: { id: 'default', content: {} }, calendars: [], decisions: [], refusals: [],
  people: [{ id: 'p', name: { zh: '王建国', en: 'Wang Jianguo' } }], organisations: [{ id: 'ent', kind: 'enterprise', code: 'E', name: { zh: '海岳', en: 'Haiyue' } }], notIncluded: NOT_INCLUDED, digests: {}, seal: '',
});
const paper = archivePaper(packageOf(3), 'ef'.repeat(32));

let dir: string;
const entry = async (name: string, code: string): Promise<string> => {
  const path = join(dir, name);
  await writeFile(path, code);
  return path;
};
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parkwarden-pdf-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('orders that come together are made one after the other, as this process would make them', async () => {
  const renderer = createPdfRenderer();
  try {
    const made = await Promise.all([renderer.render(paper), renderer.render(paper), renderer.render(archivePaper(packageOf(4), 'ef'.repeat(32)))]);
    expect(made[0]!.equals(renderArchivePdf(paper))).toBe(true);
    expect(made[1]!.equals(made[0]!)).toBe(true);
    expect(pdfText(made[2]!)).toContain('第4步');
  } finally {
    renderer.close();
  }
});

test('while a long document is made, this process goes on', async () => {
  const renderer = createPdfRenderer();
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), 5);
  try {
    await renderer.render(archivePaper(packageOf(500, { reason: '已更换垫片，复查合格。'.repeat(20) }), 'ef'.repeat(32)));
    expect(ticks).toBeGreaterThan(10);
  } finally {
    clearInterval(ticking);
    renderer.close();
  }
});

test('a process that hangs is killed in time, and the next order has another', async () => {
  const hanging = await entry('hang.ts', `let n = 0; process.on('message', () => { for (;;) n += 1; });`);
  const renderer = createPdfRenderer({ entry: hanging, limitMs: 300 });
  try {
    await expect(renderer.render(paper)).rejects.toThrow('not made within 300 ms');
    await expect(renderer.render(paper)).rejects.toThrow('not made within 300 ms');
  } finally {
    renderer.close();
  }
});

test('a process that ends, and a document with a fault, are told as such', async () => {
  const ending = createPdfRenderer({ entry: await entry('end.ts', `process.on('message', () => process.exit(3));`) });
  await expect(ending.render(paper)).rejects.toThrow('ended while it made');
  ending.close();
  const renderer = createPdfRenderer();
  try {
    await expect(renderer.render({ ...paper, blocks: [{ kind: 'facts' }] as never })).rejects.toThrow(paper.number);
    expect(pdfText(await renderer.render(paper))).toContain('第3步');
  } finally {
    renderer.close();
  }
  await expect(renderer.render(paper)).rejects.toThrow('closed');
});

test('a case of 60,000 steps still has a document: its first and last steps, and a word about the rest', () => {
  const long = archivePaper(packageOf(60_000), 'ef'.repeat(32));
  const half = ARCHIVE_LIMITS.pdfSteps / 2;
  const shown = long.blocks.flatMap((b) => (b.kind === 'table' && b.columns.length === 5 ? b.rows.map((row) => row[0]) : []));
  expect(shown).toEqual([...Array.from({ length: half }, (_, i) => String(i + 1)), ...Array.from({ length: half }, (_, i) => String(60_001 - half + i))]);
  expect(long.blocks).toContainEqual({ kind: 'note', text: expect.stringContaining('58000') });
  expect(pdfPages(renderArchivePdf(long))).toBeGreaterThan(50);
});

test('text of people is data, whatever it holds', () => {
  const hostile = '#panic("x") $ \\ <a> *b* ${{}} ‮ \u0000 😀 "]#';
  const pdf = renderArchivePdf(archivePaper(packageOf(1, { reason: hostile }), 'ef'.repeat(32)));
  expect(pdfText(pdf)).toContain('#panic("x")');
  expect(pdfPages(pdf)).toBeGreaterThan(0);
});

test('every code has its words in both languages; one that is not known stands for itself', () => {
  for (const words of Object.values(ARCHIVE_WORDS)) for (const { zh, en } of Object.values(words)) expect({ zh: /\p{Script=Han}/u.test(zh), en: /^[\x20-\x7e]+$/.test(en) }).toEqual({ zh: true, en: true });
  for (const name of PERSON_COMMANDS) expect(archiveWord('command', name).zh).not.toBe(name);
  expect(archiveWord('command', 'constructor')).toEqual({ zh: 'constructor', en: 'constructor' });
  for (const state of HAZARD_STATES) expect(JSON.stringify(archivePaper(packageOf(1, { from: null, to: state }), 'x'))).not.toContain(`"${state}"`);
});
