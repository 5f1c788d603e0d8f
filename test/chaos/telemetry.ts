/** Gateways that publish through all of it, with excursions over statutory limits; what is receipted must be stored once. */
import type { Receipt } from '../../domain/telemetry.ts';
import { gatewayPassword } from '../../platform/mqtt.ts';
import { Gateway } from '../../deploy/demo-park/gateway.ts';
import type { SensorSeed } from '../../deploy/demo-park/park.ts';
import { SENSORS } from '../../deploy/demo-park/park.ts';
import { randomOf } from './random.ts';

/** Statutory pressures: their off delay is the shortest. */
const EXCURSION_SENSORS = SENSORS.filter((s) => s.statutory && s.kind === 'pressure' && 'rest' in s.signal && s.id !== 'sensor-a3-pressure');
export const EXCURSION_ASSETS: readonly string[] = EXCURSION_SENSORS.map((s) => s.assetId);

/** Readings beyond the limit, then long enough at rest that the episode ends (the registry's off delay for pressure is 15 s). */
const BEYOND_S = 3;
const REST_S = { least: 20, most: 35 };

export interface Excursion { sensorId: string; from: number; to: number }
export interface GatewayRecord { gatewayId: string; boot: string; published: Map<number, number>; receipted: Set<number>; quarantined: Set<number> }

export class Telemetry {
  readonly excursions: Excursion[] = [];
  readonly records: GatewayRecord[] = [];
  private readonly gateways: Gateway[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(seed: number, mqttUrl: string, secret: string) {
    const ids = [...new Set(EXCURSION_SENSORS.map((s) => s.gatewayId))];
    const state = new Map<string, { beyondUntil: number; nextAt: number; random: ReturnType<typeof randomOf> }>();
    const start = Date.now();
    for (const s of EXCURSION_SENSORS) {
      const random = randomOf(seed, s.id);
      state.set(s.id, { beyondUntil: 0, nextAt: start + random.int(2, 15) * 1000, random });
    }
    for (const gatewayId of ids) {
      const record: GatewayRecord = { gatewayId, boot: '', published: new Map(), receipted: new Set(), quarantined: new Set() };
      const gateway = new Gateway({
        url: mqttUrl,
        connection: { protocolVersion: 5, username: gatewayId, password: gatewayPassword(secret, gatewayId), connectTimeout: 5_000, keepalive: 10 },
        gatewayId,
        onReceipt: (receipt: Receipt) => {
          for (const [from, to] of receipt.stored) for (let seq = from; seq <= to; seq++) record.receipted.add(seq);
          if (receipt.seq !== null) for (let seq = 0; seq <= receipt.seq; seq++) record.receipted.add(seq);
          for (const seq of receipt.quarantined) record.quarantined.add(seq);
        },
      });
      record.boot = gateway.boot;
      this.records.push(record);
      this.gateways.push(gateway);
    }
    const value = (s: SensorSeed, now: number): number => {
      const sensor = state.get(s.id)!;
      if (now >= sensor.nextAt && !this.quiet) {
        sensor.beyondUntil = now + BEYOND_S * 1000;
        sensor.nextAt = sensor.beyondUntil + sensor.random.int(REST_S.least, REST_S.most) * 1000;
        this.excursions.push({ sensorId: s.id, from: now, to: now + BEYOND_S * 1000 + 1000 });
      }
      // Over H, under HH: one limit, one episode.
      return now < sensor.beyondUntil ? (s.limits.H! + s.limits.HH!) / 2 : 'rest' in s.signal ? s.signal.rest : 0;
    };
    const tick = (): void => {
      const now = Date.now();
      this.gateways.forEach((gateway, i) => {
        const record = this.records[i]!;
        const points = EXCURSION_SENSORS.filter((s) => s.gatewayId === record.gatewayId).map((s) => ({ point: s.point, value: value(s, now), unit: s.unit }));
        record.published.set(gateway.publish(points, new Date(now)), points.length);
      });
    };
    this.timer = setInterval(tick, 1_000);
  }

  private quiet = false;

  get messages(): number { return this.records.reduce((n, r) => n + r.published.size, 0); }
  get waiting(): number { return this.gateways.reduce((n, g) => n + g.waiting, 0); }
  get lost(): number { return this.gateways.reduce((n, g) => n + g.lost, 0); }

  /** No new excursions; readings at rest go on, so that open episodes end. */
  calm(): void { this.quiet = true; }
  /** No new messages; what is kept is still sent. */
  halt(): void { clearInterval(this.timer); }
  async close(): Promise<void> {
    this.halt();
    await Promise.all(this.gateways.map((g) => g.close()));
  }
}
