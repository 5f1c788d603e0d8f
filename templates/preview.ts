/** Writes every sample notice as page, text and PDF into a folder, for people who word notices: `node templates/preview.ts OUT`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANGUAGES } from '../domain/notices.ts';
import type { NoticeFacts, NoticeKind } from '../domain/notices.ts';
import { renderPdf } from './document.ts';
import { toPage } from './paper.ts';
import { renderNotice } from './render.ts';

const out = process.argv[2];
if (!out) {
  console.error('usage: node templates/preview.ts OUT');
  process.exit(64);
}
mkdirSync(out, { recursive: true });
const folder = join(import.meta.dirname, 'samples');
for (const file of readdirSync(folder).sort()) {
  const { kind, facts } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { kind: NoticeKind; facts: NoticeFacts };
  for (const language of LANGUAGES) {
    const rendered = renderNotice(kind, language, facts, { publicUrl: 'https://park.example' });
    if (!rendered.ok) {
      console.error(`${file} ${language}: ${rendered.refusal.code} ${JSON.stringify(rendered.refusal.detail ?? {})}`);
      process.exitCode = 1;
      continue;
    }
    const { subject, html, text, paper } = rendered.value;
    const name = join(out, `${file.replace(/\.json$/, '')}.${language}`);
    writeFileSync(`${name}.html`, toPage(subject, html, language));
    writeFileSync(`${name}.txt`, text);
    writeFileSync(`${name}.pdf`, renderPdf(paper, facts.issuedAt!));
    console.log(name);
  }
}
