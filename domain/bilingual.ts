/**
 * A text that the system writes for readers of both languages in one field of the record, and each reader's half of it.
 * What people wrote is left as it is: it has no half without Chinese after one with it.
 */
import type { Language } from './notices.ts';

const SEPARATORS = [' / ', '\n'] as const;
const HAN = /\p{Script=Han}/u;

/** One line, or with `lines` one line each. */
export const bilingual = (zh: string, en: string, lines = false): string => `${zh}${SEPARATORS[lines ? 1 : 0]}${en}`;

export const inLanguage = (text: string, language: Language): string => {
  for (const separator of SEPARATORS) {
    const at = text.indexOf(separator);
    if (at < 0) continue;
    const [zh, en] = [text.slice(0, at), text.slice(at + separator.length)];
    if (HAN.test(zh) && !HAN.test(en)) return language === 'en' ? en : zh;
  }
  return text;
};
