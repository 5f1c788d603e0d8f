import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { SHIPPED_CALENDARS } from '../../domain/standards/calendar.ts';
import { openSigningKey } from '../../platform/signing-key.ts';
import { loadShippedCalendars } from '../../prisma/calendars.ts';
import type { World } from './world.ts';
import { startWorld } from './world.ts';

let w: World;
let dataDir: string;
beforeAll(async () => {
  w = await startWorld({ enterprises: 1 });
  dataDir = await mkdtemp(join(tmpdir(), 'parkwarden-calendar-api-'));
  const key = await openSigningKey(dataDir);
  await w.db.pgTransaction({ scope: 'service' }, (client) => loadShippedCalendars(client, key, 'test'));
});
afterAll(async () => {
  await w?.close();
  await rm(dataDir, { recursive: true, force: true });
});

interface Day { day: string; kind: string; nameZh: string | null; nameEn: string | null; special: unknown[] }
const officer = () => w.as(w.park.enterprises[0]!.officer);

describe('the days of the calendar', () => {
  test('are told with kind and name to the people of the park and of enterprises', async () => {
    for (const v of [await w.as(w.park.people.inspector), await officer()]) {
      const reply = await v.get<{ items: Day[] }>('/api/v1/calendar?from=2026-02-13&to=2026-02-16');
      expect(reply.status).toBe(200);
      expect(reply.body.items).toEqual([
        { day: '2026-02-13', kind: 'workday', nameZh: null, nameEn: null, special: [] },
        { day: '2026-02-14', kind: 'makeup_workday', nameZh: null, nameEn: null, special: [] },
        { day: '2026-02-15', kind: 'holiday', nameZh: '春节', nameEn: 'Spring Festival', special: [] },
        { day: '2026-02-16', kind: 'holiday', nameZh: '春节', nameEn: 'Spring Festival', special: [] },
      ]);
    }
  });

  test('of a year that is not loaded are refused with the year', async () => {
    const reply = await (await officer()).get('/api/v1/calendar?from=2026-12-30&to=2027-01-02');
    expect(reply).toMatchObject({ status: 409, body: { code: 'calendar.year_missing', year: 2027 } });
  });

  test('are refused for spans that are none, naming the field', async () => {
    const v = await officer();
    for (const [query, code, field] of [
      ['from=2026-02-30&to=2026-03-01', 'request.invalid', 'from'],
      ['from=2026-02-03', 'request.invalid', 'to'],
      ['from=2026-02-03&to=2026-02-02', 'calendar.invalid', 'to'],
      ['from=2024-01-01&to=2026-01-01', 'calendar.invalid', 'to'],
      ['from=2026-02-03&to=2026-02-04&year=1', 'request.invalid', 'year'],
    ]) {
      const reply = await v.get(`/api/v1/calendar?${query}`);
      expect([query, reply.status, reply.body.code, reply.body.errors?.[0]?.field]).toEqual([query, 422, code, field]);
    }
  });
});

describe('the years', () => {
  test('are told with version, source and signer', async () => {
    const reply = await (await officer()).get<{ items: Record<string, unknown>[] }>('/api/v1/calendar/years');
    expect(reply.body.items.map(({ year, version, source, problem }) => [year, version, source, problem])).toEqual(SHIPPED_CALENDARS.map(({ version, calendar }) => [calendar.year, version, calendar.source, null]));
    expect(reply.body.items[0]).toMatchObject({ signer: { kind: 'park', keyId: (await openSigningKey(dataDir)).keyId } });
    expect(JSON.stringify(reply.body)).not.toContain('loadedBy');
  });

  test('are for those who may, and are not loaded over HTTP', async () => {
    const anybody = await w.visitor().get('/api/v1/calendar/years');
    expect([anybody.status, anybody.body.code]).toEqual([401, 'auth.required']);
    const denied = await (await w.as(w.park.people.investment)).get('/api/v1/calendar/years');
    expect([denied.status, denied.body.code]).toEqual([403, 'permission.denied']);
    const post = await (await officer()).post('/api/v1/calendar/years', {});
    expect([post.status, post.body.code]).toEqual([405, 'request.method']);
  });

  // Last: it changes what the database holds.
  test('whose data somebody changed are told with the problem, and give no days', async () => {
    const owner = new pg.Client({ connectionString: w.database.url });
    await owner.connect();
    await owner.query(`SET session_replication_role = replica; UPDATE statutory_calendar SET data = jsonb_set(data, '{workdays}', '[]') WHERE year = 2026`);
    await owner.end();
    const v = await officer();
    const reply = await v.get<{ items: Record<string, unknown>[] }>('/api/v1/calendar/years');
    expect(reply.body.items.map(({ year, problem }) => [year, problem])).toEqual([[2024, null], [2025, null], [2026, 'content']]);
    expect(await v.get('/api/v1/calendar?from=2026-03-04&to=2026-03-04')).toMatchObject({ status: 409, body: { code: 'calendar.year_missing', year: 2026 } });
  });
});
