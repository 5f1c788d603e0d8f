/** The short forms of a notice: what a robot says in a group, the variables of a text message, and digests. */
import { inLanguage } from '../domain/bilingual.ts';
import type { Language, Named, NoticeFacts, NoticeKind } from '../domain/notices.ts';
import { noticeText } from '../domain/notices.ts';
import type { NoticePaper } from './paper.ts';
import { clockWords, hazardTypeWord, listWords, numberWords, word } from './words.ts';

/** Subject, first paragraph and address. */
export const robotText = (paper: NoticePaper): string => {
  const first = paper.body.find((b) => b.kind === 'paragraph');
  return [paper.subject, first?.kind === 'paragraph' ? first.text : null, paper.link?.href ?? null].filter((line) => line !== null).join('\n');
};

/** How many notices of each kind. */
export type DigestCounts = Partial<Record<NoticeKind, number>>;

export const digestTotal = (counts: DigestCounts): number => Object.values(counts).reduce((sum, n) => sum + n, 0);

const digestParts = (counts: DigestCounts, language: Language): string =>
  listWords((Object.entries(counts) as [NoticeKind, number][]).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([kind, n]) => `${word('noticeKind', kind, language)} ${n}`), language);

export const digestSubject = (counts: DigestCounts, language: Language): string => {
  const n = digestTotal(counts);
  return language === 'zh' ? `【通知汇总】${n} 条：${digestParts(counts, language)}` : `[Notices] ${n}: ${digestParts(counts, language)}`;
};

/** Subjects that a digest quotes. */
export const DIGEST_SUBJECTS = 10;

/** `subjects`: the newest, at most DIGEST_SUBJECTS; `href`: the inbox in the portal. */
export const digestText = (counts: DigestCounts, subjects: readonly string[], href: string | null, language: Language): string => {
  const rest = digestTotal(counts) - subjects.length;
  return [
    digestSubject(counts, language),
    ...subjects.map((s) => `- ${s}`),
    ...(rest > 0 ? [language === 'zh' ? `……另有 ${rest} 条` : `… and ${rest} more`] : []),
    language === 'zh' ? '每条通知的全文均在收件箱中。' : 'The inbox has each notice in full.',
    ...(href === null ? [] : [href]),
  ].join('\n');
};

/** Values of the variables of domain/sms.ts SMS_VARIABLES; null where the notice has none. */
export const smsValues = (kind: NoticeKind, facts: NoticeFacts, language: Language): Record<string, string | null> => {
  const named = (value: Named | null | undefined): string | null => (value ? value[language] : null);
  const instant = (at: number | null | undefined): string | null => (typeof at === 'number' ? clockWords(at, facts.timezone!, language) : null);
  const measured = (value: number | null | undefined): string | null => (typeof value === 'number' ? `${numberWords(value)}${facts.unit ?? ''}` : null);
  const title = facts.title ?? (facts.type ? hazardTypeWord(facts.type, language) : null);
  return {
    number: facts.number ?? null,
    title: title && noticeText(inLanguage(title, language), '…'),
    enterprise: named(facts.enterprise),
    place: named(facts.place),
    recipient: named(facts.recipient),
    due: instant(facts.dueAt),
    level: kind === 'alarm' ? facts.alarmLevel ?? null : typeof facts.level === 'number' ? word('level', facts.level, language) : null,
    asset: facts.assetCode ? `${named(facts.asset) ?? ''} ${facts.assetCode}`.trim() : named(facts.asset),
    sensor: named(facts.sensor),
    value: measured(facts.value),
    limit: measured(facts.limit),
    time: instant(facts.raisedAt),
    task: named(facts.taskTitle),
    owner: named(facts.owner),
  };
};
