import type { UiLanguage } from './i18n.ts';

/**
 * The half in one's own language of a text that the system wrote in both ("中文 / English", or one line each). What people
 * wrote is left as it is: it has no half without Chinese beside one with it.
 */
export const ownHalf = (text: string, language: UiLanguage): string => {
  for (const separator of [' / ', '\n']) {
    const at = text.indexOf(separator);
    if (at < 0) continue;
    const halves = [text.slice(0, at), text.slice(at + separator.length)] as const;
    if (/\p{Script=Han}/u.test(halves[0]) && !/\p{Script=Han}/u.test(halves[1])) return halves[language === 'en' ? 1 : 0];
  }
  return text;
};
