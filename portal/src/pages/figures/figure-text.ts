/** A figure in words, and the list of cases behind it. */
import type { FigureDefinition } from '../../api/types.ts';
import { formatDuration } from '../../app/format.ts';
import type { UiLanguage } from '../../app/i18n.ts';

export const figureText = (value: number | null, unit: FigureDefinition['unit'], language: UiLanguage): string => {
  if (value === null) return '–';
  if (unit === 'ms') return formatDuration(value, language);
  if (unit === 'share') return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 1 }).format(value);
  return new Intl.NumberFormat(language).format(value);
};

export const listLink = (list: Record<string, string>): string => `/hazards?${new URLSearchParams(list).toString()}`;
