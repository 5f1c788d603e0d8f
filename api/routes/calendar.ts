/** 法定日历: what days are, and which years are loaded. Years are loaded by `npm run calendar`, never over HTTP. */
import { calendarDays } from '../../domain/calendar.ts';
import { loadCalendar, readCalendars } from '../../prisma/calendars.ts';
import { asActor } from '../deps.ts';
import { unwrap } from '../problem.ts';
import { route } from '../route.ts';
import { CalendarDays, CalendarQuery, CalendarYears } from '../schemas/calendar.ts';
import { iso } from '../views/refs.ts';

const tag = 'calendar';

const days = route({
  method: 'get', path: '/api/v1/calendar', tag, summary: 'What each day is 法定日历', access: 'calendar.read', query: CalendarQuery, response: CalendarDays, refusals: ['calendar.year_missing', 'calendar.invalid'],
  handle: async ({ query: q, session, deps }) => {
    const calendar = await asActor(deps.database, session, (client) =>
      loadCalendar(client, ({ year, version, problem }) => deps.logger.error({ year, version, problem }, 'the statutory calendar does not verify and is not used')),
    );
    return {
      body: {
        items: unwrap(calendarDays(calendar, q.from, q.to)).map(({ day, kind, name, special }) => ({
          day, kind, nameZh: name?.zh ?? null, nameEn: name?.en ?? null, special: special.map(({ zh, en }) => ({ nameZh: zh, nameEn: en })),
        })),
      },
    };
  },
});

const years = route({
  method: 'get', path: '/api/v1/calendar/years', tag, summary: 'Years that are loaded, newest version of each 已载入年度', access: 'calendar.read', response: CalendarYears,
  handle: async ({ session, deps }) => {
    const { years: found } = await asActor(deps.database, session, readCalendars);
    return { body: { items: found.map(({ year, version, source, sha256, signer, loadedAt, problem }) => ({ year, version, source, sha256, signer, loadedAt: iso(loadedAt), problem })) } };
  },
});

export const calendarRoutes = [days, years];
