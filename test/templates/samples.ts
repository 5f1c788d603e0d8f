/** The sample notices of templates/samples. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NoticeFacts, NoticeKind } from '../../domain/notices.ts';

export interface Sample {
  name: string;
  kind: NoticeKind;
  facts: NoticeFacts;
}

const folder = join(import.meta.dirname, '../../templates/samples');

export const samples: Sample[] = readdirSync(folder).sort().map((file) => ({
  name: file.replace(/\.json$/, ''),
  ...(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Omit<Sample, 'name'>),
}));

/** A fresh copy of one sample's facts. */
export const factsOf = (name: string): { kind: NoticeKind; facts: NoticeFacts } => {
  const found = samples.find((s) => s.name === name);
  if (!found) throw new Error(`no sample ${name}`);
  return structuredClone({ kind: found.kind, facts: found.facts });
};

export const OPTIONS = { publicUrl: 'https://park.example' };
