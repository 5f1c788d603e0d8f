/** The words of every kind of notice, zh and en, against test/templates/golden. `UPDATE_GOLDEN=1` writes them anew. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LANGUAGES, NOTICE_KINDS } from '../../domain/notices.ts';
import { renderNotice } from '../../templates/render.ts';
import { OPTIONS, samples } from './samples.ts';

const folder = join(import.meta.dirname, 'golden');
const update = process.env.UPDATE_GOLDEN === '1';

describe('golden notices', () => {
  for (const { name, kind, facts } of samples) {
    for (const language of LANGUAGES) {
      test(`${name}, ${language}`, () => {
        const rendered = renderNotice(kind, language, facts, OPTIONS);
        if (!rendered.ok) throw new Error(JSON.stringify(rendered.refusal));
        const { subject, text, html } = rendered.value;
        const words = `${subject}\n\n${text}\n${html}\n`;
        const file = join(folder, `${name}.${language}.golden`);
        if (update) {
          mkdirSync(folder, { recursive: true });
          writeFileSync(file, words);
        }
        expect(words).toBe(readFileSync(file, 'utf8'));
      });
    }
  }

  test('there is a golden file for each sample and no other', () => {
    const wanted = samples.flatMap((s) => LANGUAGES.map((language) => `${s.name}.${language}.golden`)).sort();
    expect(readdirSync(folder).sort()).toEqual(wanted);
  });

  test('samples show every kind, every cause and level of supervision, every deadline, every decision, every phase of a task, and a copy', () => {
    expect([...new Set(samples.map((s) => s.kind))].sort()).toEqual([...NOTICE_KINDS].sort());
    expect(new Set(samples.filter((s) => s.kind === 'supervision').map((s) => s.facts.cause))).toEqual(new Set(['overdue', 'review_overdue', 'rejected', 'supervision_breached']));
    expect(new Set(samples.filter((s) => s.kind === 'supervision').map((s) => s.facts.level))).toEqual(new Set([1, 2, 3]));
    expect(new Set(samples.filter((s) => s.kind === 'overdue').map((s) => s.facts.deadline))).toEqual(new Set(['triage', 'dispatch', 'rectify', 'item', 'supervision', 'delist', 'look_back']));
    expect(new Set(samples.filter((s) => s.kind === 'extension').map((s) => s.facts.decision))).toEqual(new Set(['asked', 'granted', 'refused', 'withdrawn', 'paused', 'resumed']));
    expect(new Set(samples.filter((s) => s.kind === 'task').map((s) => s.facts.phase))).toEqual(new Set(['assigned', 'overdue', 'escalated']));
    expect(samples.some((s) => s.facts.isCopy)).toBe(true);
  });
});
