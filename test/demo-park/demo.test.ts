/** The park as a newcomer meets it: `npm start` with its simulator, then `npm run demo`. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ParkClient } from '../../deploy/demo-park/park-client.ts';
import type { RunningPark } from '../system/park.ts';
import { startPark } from '../system/park.ts';

interface Alarm { id: string; level: string; value: number; limit: number; unit: string; substance: string | null; statutory: boolean; asset: { id: string; code: string; pathZh: string }; rule: { id: string; version: number }; hazardId: string | null }
interface Hazard { id: string; origin: string; state: string; source: { eventId: string; ruleId: string; ruleVersion: number; flowVersion: number | null; nodeId: string | null } | null }
interface Feature { id?: string; properties: { kind: string; alarm?: { id: string; level: string } | null } }

let park: RunningPark;
beforeAll(async () => { park = await startPark(); }, 300_000);
afterAll(async () => { await park.stop(); }, 60_000);

const until = async <T>(what: string, find: () => Promise<T | undefined>): Promise<T> => {
  const end = performance.now() + 120_000;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`not within two minutes: ${what}\n${park.output().slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
};

const demo = (lang: string): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const args = [join(import.meta.dirname, '../../deploy/demo-park/demo.ts'), '--url', park.urls.portal, '--data', park.dataDir, '--lang', lang];
    execFile(process.execPath, args, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }));
  });

describe('the running demo park', () => {
  test('[C-005] [C-006] raises the alarm of styrene tank A-3, at its place on the map, and its flow opens the case', async () => {
    const office = new ParkClient(park.urls.portal, park.account('lu.chengan'));
    await office.signIn();
    const alarm = await until('an alarm of tank A-3 with its case', async () => {
      const { body } = await office.get<{ items: Alarm[] }>('/api/v1/alarms?open=true');
      return body.items.find((a) => a.asset.id === 'asset-a3' && a.rule.id.startsWith('flow:') && a.hazardId !== null);
    });
    expect(alarm).toMatchObject({ level: 'H', limit: 13.5, unit: 'kPa', asset: { code: 'A-3' } });
    expect(alarm.substance).toContain('苯乙烯');
    expect(alarm.value).toBeGreaterThan(13.5);
    expect(alarm.asset.pathZh).toBe('汀海化工园区/A区 储罐区/沧澜聚苯材料有限公司/苯乙烯罐组/3号苯乙烯储罐');
    const { body: map } = await office.get<{ features: Feature[] }>('/api/v1/map');
    expect(map.features.find((f) => f.id === 'asset-a3')?.properties).toMatchObject({ kind: 'asset', alarm: { level: expect.stringMatching(/^HH?$/) } });

    const hazard = await until('the case', async () => {
      const { status, body } = await office.get<Hazard>(`/api/v1/hazards/${alarm.hazardId}`);
      return status === 200 ? body : undefined;
    });
    expect(hazard).toMatchObject({ origin: 'sensor', source: { ruleId: 'flow:a3-pressure-high:sensor-a3-pressure', ruleVersion: 1, flowVersion: 1, nodeId: 'a3-start-case' } });
    expect(hazard.source!.eventId).toMatch(/^\d+$/);
    // The statutory limit that is passed a moment later joins this case.
    const statutory = await until('the statutory alarm', async () => {
      const { body } = await office.get<{ items: Alarm[] }>('/api/v1/alarms?open=true');
      return body.items.find((a) => a.asset.id === 'asset-a3' && a.statutory && a.hazardId !== null);
    });
    expect(statutory).toMatchObject({ limit: 15, hazardId: alarm.hazardId });
  }, 200_000);

  test('lets simulated people close one case straight and one through rejection and second supervision, told in zh and en', async () => {
    const zh = await demo('zh');
    expect(zh).toMatchObject({ code: 0 });
    for (const words of ['法兰渗漏', '已归档', 'hazard.self_acceptance', '验收驳回', '督办 2 级: 启动', '抄送']) expect(zh.output).toContain(words);
    expect(zh.output.match(/归档 {2}→ 已归档/g)).toHaveLength(2);
    const en = await demo('en');
    expect(en).toMatchObject({ code: 0 });
    for (const words of ['archive  → archived', 'second supervision', 'supervision level 2: opened', 'Flange leak', 'Whoever rectified a hazard may not accept it']) expect(en.output).toContain(words);
  }, 200_000);

  test('says what is missing when it is pointed at no park', async () => {
    const args = [join(import.meta.dirname, '../../deploy/demo-park/demo.ts'), '--url', park.urls.portal, '--data', join(park.dataDir, 'nowhere')];
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) => resolve({ code: error ? Number(error.code ?? 1) : 0, output: stdout + stderr }));
    });
    expect(code).toBe(1);
    expect(output).toContain('demo-accounts.json cannot be read');
  });
});
