import { setLanguage, UI_LANGUAGES, useWords } from '../app/i18n.ts';

const OWN_NAME = { 'zh-CN': '中文', en: 'English' } as const;

export const LanguageSwitch = () => {
  const { t, language } = useWords();
  return (
    <div className="segments" role="group" aria-label={t('language.label')}>
      {UI_LANGUAGES.map((value) => (
        <button key={value} type="button" lang={value} aria-pressed={language === value} onClick={() => void setLanguage(value)}>
          {OWN_NAME[value]}
        </button>
      ))}
    </div>
  );
};
