/** The analysis report as a paper: page and PDF are made from it as from a notice. */
import type { AnalysisSection } from '../domain/analysis.ts';
import type { Language } from '../domain/notices.ts';
import type { NoticePaper } from './paper.ts';
import { dateWords, listWords } from './words.ts';

export interface AnalysisPaperInput {
  sections: readonly AnalysisSection[];
  from: number;
  to: number;
  issuedAt: number;
  timezone: string;
  /** Whom it is about; null: the whole park. */
  enterprise: { zh: string; en: string } | null;
  office: { zh: string; en: string };
}

/** So many records are named in a sentence; of the rest the sentence says how many. The report as data names all. */
const NAMED = 12;

const WORDS = {
  zh: {
    title: '隐患治理分析报告', park: '全园区', none: '本期记录中没有需要指出的管理缺口。', basis: '报告中每句话均依据系统记录得出，方括号内为所依据的记录。', number: (day: string) => `统计期间 ${day}`,
    more: (n: number) => `等 ${n} 条`, span: (a: string, b: string) => `${a}至${b}`,
  },
  en: {
    title: 'Analysis of hazard management', park: 'The whole park', none: 'The records of the period show no gap to point out.', basis: 'Every sentence rests on records of the system; they are named in brackets.', number: (day: string) => `Period ${day}`,
    more: (n: number) => `and others, ${n} in all`, span: (a: string, b: string) => `${a} to ${b}`,
  },
} as const;

export const analysisPaper = ({ sections, from, to, issuedAt, timezone, enterprise, office }: AnalysisPaperInput, language: Language): NoticePaper => {
  const words = WORDS[language];
  const cited = (labels: readonly string[]): string => `[${listWords(labels.slice(0, NAMED), language)}${labels.length > NAMED ? ` ${words.more(labels.length)}` : ''}]`;
  return {
    language, subject: words.title, title: words.title, mark: null, number: words.number(words.span(dateWords(from, timezone, language), dateWords(to - 1, timezone, language))), addressee: enterprise?.[language] ?? words.park,
    body: sections.length === 0
      ? [{ kind: 'paragraph', text: words.none }]
      : sections.flatMap((s): NoticePaper['body'] => [
          { kind: 'paragraph', text: s.title[language] },
          { kind: 'demands', demands: s.sentences.map((x) => `${x[language]} ${cited(x.cites.map((c) => c.label))}`) },
        ]),
    office: office[language], date: dateWords(issuedAt, timezone, language), copies: null, footnotes: [words.basis], link: null,
  };
};
