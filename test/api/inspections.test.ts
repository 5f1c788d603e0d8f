/** From the recording of a due date to the case, with the real relay, engine and worker. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { World } from './world.ts';
import { startWorld, until } from './world.ts';

let w: World;
beforeAll(async () => {
  w = await startWorld({ engine: true });
}, 120_000);
afterAll(() => w?.close());

test('a due date that passes becomes a case that the park and the firm see, also when the workers were away at its instant; a renewed one does not', async () => {
  const officer = await w.as(w.park.enterprises[0]!.officer);
  const inspector = await w.as(w.park.people.inspector);
  const soon = new Date(Date.now() + 4_000);
  const later = new Date(Date.now() + 86_400_000);
  const record = async (asset: string, dueAt: Date): Promise<void> => {
    expect((await officer.post(`/api/v1/assets/${asset}/inspections`, { kind: 'special_equipment', dueAt: dueAt.toISOString() })).status).toBe(201);
  };
  await record('tank-1', soon);
  await record('pump-1', soon);
  await record('pump-1', later);
  const told = async () => (await w.db.pool.query(`SELECT FROM outbox WHERE key LIKE 'inspection/%' AND delivered_at IS NOT NULL`)).rowCount === 3;
  await until('the workflows are told', told);
  await w.worker!.stop();
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, soon.getTime() + 500 - Date.now())));
  await w.worker!.start();
  type Found = { id: string; type: string; origin: string; asset: { id: string } | null; reportedAt: string; state: string };
  const cases = async () => (await inspector.get<{ items: Found[] }>('/api/v1/hazards?type=special_equipment_inspection_expired')).body.items;
  const [found, ...others] = await until('the case', async () => {
    const items = await cases();
    return items.length > 0 && items;
  });
  expect(others).toEqual([]);
  expect(found).toMatchObject({ asset: { id: 'tank-1' }, origin: 'schedule', state: 'reported', reportedAt: soon.toISOString() });
  expect((await officer.get<Found>(`/api/v1/hazards/${found!.id}`)).body).toMatchObject({ id: found!.id });
  expect((await (await w.as(w.park.enterprises[1]!.officer)).get(`/api/v1/hazards/${found!.id}`)).status).toBe(404);
}, 120_000);
