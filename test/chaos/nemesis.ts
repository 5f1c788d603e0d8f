/** What is done to a park while people work in it, by a plan that depends on the seed only, and the record of it. */
import { Connection } from '@temporalio/client';
import pg from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomOf } from './random.ts';
import type { KillablePark, Link, Target } from './running-park.ts';
import { LINKS, TARGETS } from './running-park.ts';
import type { Cut } from './tcp-proxy.ts';
import { CUTS } from './tcp-proxy.ts';
import type { Downtime } from './verify.ts';

export type Blow =
  | { kind: 'kill'; target: Target }
  /** SIGSTOP, and SIGCONT after so long. */
  | { kind: 'stop'; target: Target; ms: number }
  | { kind: 'cut'; target: Link; how: Cut; ms: number };
export type PlannedBlow = Blow & { /** 0 … 1: how much of the longest pause comes before it. */ pause: number };

/** Seconds. */
const STOP_S = { least: 1, most: 30 };
const CUT_S = { least: 1, most: 12 };

/** Rounds over all kinds and all targets, shuffled, so that everything is hit about as often. Endless. */
export function* nemesisPlan(seed: number): Generator<PlannedBlow> {
  const random = randomOf(seed, 'nemesis');
  // Short ones are the rule, long ones occur.
  const ms = ({ least, most }: { least: number; most: number }): number => Math.round((least + (most - least) * random.next() ** 3) * 1_000);
  for (;;) {
    const round: (() => Blow)[] = [
      ...TARGETS.map((target) => (): Blow => ({ kind: 'kill', target })),
      ...TARGETS.map((target) => (): Blow => ({ kind: 'stop', target, ms: ms(STOP_S) })),
      ...LINKS.map((target) => (): Blow => ({ kind: 'cut', target, how: random.pick(CUTS), ms: ms(CUT_S) })),
    ];
    for (const blow of random.shuffle(round)) yield { ...blow(), pause: random.next() };
  }
}

export const strike = async (park: KillablePark, blow: Blow): Promise<boolean> => {
  switch (blow.kind) {
    case 'kill':
      return await park.kill(blow.target);
    case 'stop':
      return await park.freeze(blow.target, blow.ms);
    case 'cut':
      await park.cut(blow.target, blow.how, blow.ms);
      return true;
  }
};

const LOOK_EVERY_MS = 200;
const ANSWER_MS = 1_000;

/** Looks all the time whether what timers need is there: worker, engine and database. */
export class Watch {
  readonly downtimes: Downtime[] = [];
  private stopped = false;
  private readonly running: Promise<void>;

  constructor(park: KillablePark) {
    this.running = this.look(park);
  }

  /** What the nemesis does to a connection is seen by our processes only. */
  note(downtime: Downtime): void { this.downtimes.push(downtime); }

  private async look(park: KillablePark): Promise<void> {
    const worker = async (): Promise<void> => {
      const response = await fetch(park.workerHealth, { signal: AbortSignal.timeout(ANSWER_MS) });
      await response.arrayBuffer();
      if (!response.ok) throw new Error('the worker is not ready');
    };
    const engine = async (): Promise<void> => {
      const connection = await Connection.connect({ address: park.engineAddress, connectTimeout: ANSWER_MS });
      await connection.withDeadline(Date.now() + ANSWER_MS, () => connection.workflowService.describeNamespace({ namespace: 'default' })).finally(() => connection.close());
    };
    const database = async (): Promise<void> => {
      const client = new pg.Client({ connectionString: park.databaseUrl, connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS });
      client.on('error', () => {});
      try {
        await client.connect();
        await client.query('SELECT 1');
      } finally {
        await client.end().catch(() => {});
      }
    };
    let since: number | null = null;
    while (!this.stopped) {
      const from = Date.now();
      const all = await Promise.allSettled([worker(), engine(), database()]);
      const now = Date.now();
      if (all.some((one) => one.status === 'rejected')) since ??= from - LOOK_EVERY_MS;
      else if (since !== null) {
        this.downtimes.push({ from: since, to: now });
        since = null;
      }
      await sleep(LOOK_EVERY_MS);
    }
    if (since !== null) this.downtimes.push({ from: since, to: Date.now() });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }
}
