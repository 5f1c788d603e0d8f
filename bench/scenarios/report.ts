/**
 * Report: from the press of "send" to the moment at which another person sees the case in the list (C-079), on a whole demo
 * park as `npm start` makes it, gateways and flows running beside. One report after the other, each with a photo of its own
 * at an asset of its own turn; the reader asks for the list again as soon as it has answered. The upload of the photo counts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ParkClient } from '../../deploy/demo-park/park-client.ts';
import { makePhoto } from '../../deploy/demo-park/photo.ts';
import { HAZARD_TYPES } from '../../domain/hazard-types.ts';
import { startPark } from '../../test/system/park.ts';
import type { BenchOptions } from '../run.ts';

const WIDTH = 1280;
const HEIGHT = 960;
const READ_EVERY_MS = 10;

interface Visible { sentMs: number; visibleMs: number }

/** Types that need no field beyond words and photo. */
const TYPES = Object.entries(HAZARD_TYPES).filter(([, t]) => !t.expiry && t.fields.every((f) => !f.required)).map(([type]) => type);

const quantile = (sorted: readonly number[], q: number): number => Math.round(sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN);
const figuresOf = (values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p95Ms: quantile(sorted, 0.95), maxMs: quantile(sorted, 1) };
};

export const run = async ({ seconds }: BenchOptions): Promise<object> => {
  const park = await startPark();
  try {
    const client = async (username: string): Promise<ParkClient> => {
      const signedIn = new ParkClient(park.urls.portal, park.account(username));
      await signedIn.signIn();
      return signedIn;
    };
    const [reporter, reader] = await Promise.all([client('han.xi'), client('lu.chengan')]);
    const assets = (await reporter.get<{ items: { id: string }[] }>('/api/v1/assets?limit=200')).body.items;
    const measured: Visible[] = [];
    let joined = 0;
    const end = performance.now() + seconds * 1000;
    for (let n = 0; performance.now() < end; n++) {
      const photo = makePhoto(`${n} ${Date.now()}`, WIDTH, HEIGHT);
      // Each pair of asset and type once: what joins an open case is another way.
      const asset = assets[n % assets.length]!;
      const type = TYPES[Math.floor(n / assets.length) % TYPES.length]!;
      const from = performance.now();
      const stored = await reporter.upload(photo, 'image/png');
      const answer = await reporter.post<{ hazardId: string; joined: boolean }>('/api/v1/hazards', { type, description: `巡检发现 ${n}`, assetId: asset.id, photos: [stored], clientAt: new Date().toISOString() });
      if (answer.status > 202) throw new Error(`report: ${answer.status} ${JSON.stringify(answer.body)}`);
      const sentMs = performance.now() - from;
      if (answer.body.joined) {
        joined += 1;
        continue;
      }
      for (;;) {
        const list = await reader.get<{ items: { id: string }[] }>('/api/v1/hazards?limit=10');
        if (list.body.items.some((h) => h.id === answer.body.hazardId)) break;
        await sleep(READ_EVERY_MS);
      }
      measured.push({ sentMs, visibleMs: performance.now() - from });
    }
    return { reports: measured.length, joined, photoBytes: makePhoto('size', WIDTH, HEIGHT).length, answered: figuresOf(measured.map((m) => m.sentMs)), visible: figuresOf(measured.map((m) => m.visibleMs)) };
  } finally {
    await park.stop();
  }
};
