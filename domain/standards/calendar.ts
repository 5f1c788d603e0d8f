/**
 * The calendars of the State Council's notices that ship with the product. A new park signs and loads them at set-up; a
 * later year is loaded from a file (`npm run calendar -- import`), or comes with a later release.
 *
 * Written from the notices (国务院办公厅关于2024/2025/2026年部分节假日安排的通知, as printed by 新华社 and 人民日报), then compared
 * day by day with two public tables that were made independently of us: chinesecalendar 1.11.0 and chinese-days 1.5.7.
 * They agree on every day; test/domain/calendar-days.ts holds their common answer.
 *
 * A correction gets a higher version; data that went out is not edited.
 */
import type { CalendarYear } from '../calendar.ts';

export interface VersionedCalendar {
  /** From 1 on; the highest version of a year counts. */
  version: number;
  calendar: CalendarYear;
}

const NEW_YEAR = { zh: '元旦', en: "New Year's Day" };
const SPRING_FESTIVAL = { zh: '春节', en: 'Spring Festival' };
const QINGMING = { zh: '清明节', en: 'Qingming Festival' };
const LABOUR_DAY = { zh: '劳动节', en: 'Labour Day' };
const DRAGON_BOAT = { zh: '端午节', en: 'Dragon Boat Festival' };
const MID_AUTUMN = { zh: '中秋节', en: 'Mid-Autumn Festival' };
const NATIONAL_DAY = { zh: '国庆节', en: 'National Day' };

export const SHIPPED_CALENDARS: readonly VersionedCalendar[] = [
  {
    version: 1,
    calendar: {
      year: 2024,
      holidays: [
        { name: NEW_YEAR, from: '2024-01-01', to: '2024-01-01' },
        { name: SPRING_FESTIVAL, from: '2024-02-10', to: '2024-02-17' },
        { name: QINGMING, from: '2024-04-04', to: '2024-04-06' },
        { name: LABOUR_DAY, from: '2024-05-01', to: '2024-05-05' },
        { name: DRAGON_BOAT, from: '2024-06-10', to: '2024-06-10' },
        { name: MID_AUTUMN, from: '2024-09-15', to: '2024-09-17' },
        { name: NATIONAL_DAY, from: '2024-10-01', to: '2024-10-07' },
      ],
      workdays: ['2024-02-04', '2024-02-18', '2024-04-07', '2024-04-28', '2024-05-11', '2024-09-14', '2024-09-29', '2024-10-12'],
      source: '国务院办公厅关于2024年部分节假日安排的通知（国办发明电〔2023〕7号，2023年10月25日）',
    },
  },
  {
    version: 1,
    calendar: {
      year: 2025,
      holidays: [
        { name: NEW_YEAR, from: '2025-01-01', to: '2025-01-01' },
        { name: SPRING_FESTIVAL, from: '2025-01-28', to: '2025-02-04' },
        { name: QINGMING, from: '2025-04-04', to: '2025-04-06' },
        { name: LABOUR_DAY, from: '2025-05-01', to: '2025-05-05' },
        { name: DRAGON_BOAT, from: '2025-05-31', to: '2025-06-02' },
        { name: { zh: '国庆节、中秋节', en: 'National Day and Mid-Autumn Festival' }, from: '2025-10-01', to: '2025-10-08' },
      ],
      workdays: ['2025-01-26', '2025-02-08', '2025-04-27', '2025-09-28', '2025-10-11'],
      source: '国务院办公厅关于2025年部分节假日安排的通知（国办发明电〔2024〕12号，2024年11月12日）',
    },
  },
  {
    version: 1,
    calendar: {
      year: 2026,
      holidays: [
        { name: NEW_YEAR, from: '2026-01-01', to: '2026-01-03' },
        { name: SPRING_FESTIVAL, from: '2026-02-15', to: '2026-02-23' },
        { name: QINGMING, from: '2026-04-04', to: '2026-04-06' },
        { name: LABOUR_DAY, from: '2026-05-01', to: '2026-05-05' },
        { name: DRAGON_BOAT, from: '2026-06-19', to: '2026-06-21' },
        { name: MID_AUTUMN, from: '2026-09-25', to: '2026-09-27' },
        { name: NATIONAL_DAY, from: '2026-10-01', to: '2026-10-07' },
      ],
      workdays: ['2026-01-04', '2026-02-14', '2026-02-28', '2026-05-09', '2026-09-20', '2026-10-10'],
      source: '国务院办公厅关于2026年部分节假日安排的通知（国办发明电〔2025〕7号，2025年11月4日）',
    },
  },
];

/** The shipped data as the domain reckons with it. */
export const SHIPPED_CALENDAR: readonly CalendarYear[] = SHIPPED_CALENDARS.map(({ calendar }) => calendar);
