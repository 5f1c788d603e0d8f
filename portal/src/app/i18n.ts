import i18next from 'i18next';
import { initReactI18next, useTranslation } from 'react-i18next';
import en from '../../locales/en.json' with { type: 'json' };
import zh from '../../locales/zh-CN.json' with { type: 'json' };
import { setRequestLanguage } from '../api/client.ts';
import type { Named, ProblemBody } from '../api/types.ts';
import { inLanguage } from '../../../domain/bilingual.ts';

export const UI_LANGUAGES = ['zh-CN', 'en'] as const;
export type UiLanguage = (typeof UI_LANGUAGES)[number];
const STORED = 'pw.language';

const stored = (): string | null => {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // storage is switched off: the browser's language decides every time
  }
};

/** The chosen language; before that the browser's first one that we have; else Chinese. */
const initial = (): UiLanguage => {
  const chosen = stored();
  if (chosen === 'en' || chosen === 'zh-CN') return chosen;
  for (const tag of navigator.languages) {
    if (tag.toLowerCase().startsWith('zh')) return 'zh-CN';
    if (tag.toLowerCase().startsWith('en')) return 'en';
  }
  return 'zh-CN';
};

const apply = (language: UiLanguage): void => {
  document.documentElement.lang = language;
  document.title = i18next.t('app.title');
  setRequestLanguage(language);
};

export const startI18n = async (): Promise<void> => {
  const language = initial();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: 'zh-CN',
    resources: { 'zh-CN': { translation: zh }, en: { translation: en } },
    interpolation: { escapeValue: false }, // React escapes
  });
  apply(language);
};

export const setLanguage = async (language: UiLanguage): Promise<void> => {
  await i18next.changeLanguage(language);
  apply(language);
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // not kept: the page still changes its language
  }
};

/** Words and two-language data in the language of the page. */
export const useWords = () => {
  const { t, i18n } = useTranslation();
  const language: UiLanguage = i18n.language === 'en' ? 'en' : 'zh-CN';
  const pick = (zhText: string, enText: string): string => (language === 'en' ? enText || zhText : zhText || enText);
  return {
    t,
    language,
    name: (value: Named | null | undefined): string => (value ? pick(value.nameZh, value.nameEn) : ''),
    path: (value: { pathZh: string; pathEn: string }): string => pick(value.pathZh, value.pathEn),
    own: (text: string): string => inLanguage(text, language === 'en' ? 'en' : 'zh'),
    word: (value: { zh: string; en: string }): string => pick(value.zh, value.en),
    problemTitle: (body: ProblemBody): string => pick(body.titleZh, body.titleEn),
    fieldMessage: (error: { messageZh: string; messageEn: string }): string => pick(error.messageZh, error.messageEn),
  };
};
