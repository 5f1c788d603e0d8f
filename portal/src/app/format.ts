/** Instants in the park's time with its zone, and durations in words. */
import { useEffect, useState } from 'react';
import { serverNow } from '../api/client.ts';
import type { UiLanguage } from './i18n.ts';

const ZONE = 'Asia/Shanghai';
export const ZONE_NAME = 'UTC+8';

export const formatInstant = (iso: string, language: UiLanguage, style: 'full' | 'short' = 'full'): string => {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const parts = new Intl.DateTimeFormat(language, {
    timeZone: ZONE,
    ...(style === 'full' ? { year: 'numeric' } : {}),
    month: language === 'en' ? 'short' : '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    ...(style === 'full' ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
  });
  return parts.format(at);
};

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
] as const;

/** The two largest units: "2 days 3 hours", "2天 3小时". Seconds only below one minute. */
export const formatDuration = (ms: number, language: UiLanguage): string => {
  let rest = Math.max(0, Math.abs(ms));
  const words: string[] = [];
  for (const [unit, size] of UNITS) {
    if (unit === 'second' && words.length > 0) break;
    const count = Math.floor(rest / size);
    if (count === 0 && !(unit === 'second' && words.length === 0)) {
      if (words.length > 0) break;
      continue;
    }
    words.push(new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(count));
    rest -= count * size;
    if (words.length === 2) break;
  }
  return words.join(' ');
};

export const formatNumber = (value: number, language: UiLanguage): string => new Intl.NumberFormat(language, { maximumSignificantDigits: 5, useGrouping: false }).format(value);

/** The server's time, renewed every so often, for countdowns. */
export const useNow = (everyMs = 10_000): number => {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};
