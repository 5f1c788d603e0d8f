/** What flows may ask for, and how often (domain/flows FLOW_RATES). In memory: a restart forgives, it never loses a call. */
import type { Bucket } from '../../domain/flows.ts';
import { FLOW_RATES, takeToken } from '../../domain/flows.ts';

const KEPT = 10_000;

export interface Rates {
  /** Milliseconds to wait, 0 where the call may go on. */
  flow(flowId: string): number;
  /** The same event of a node costs once, however often it is sent again. */
  point(key: string, eventId: string): number;
  /** True once in a while for equal keys: refusals are audited, a storm of them is not. */
  mayAudit(key: string): boolean;
}

export const createRates = (now: () => number): Rates => {
  const flows = new Map<string, Bucket>();
  const points = new Map<string, Bucket & { eventId: string }>();
  const audits = new Map<string, number>();
  const put = <V>(map: Map<string, V>, key: string, value: V): void => {
    map.delete(key);
    map.set(key, value);
    if (map.size > KEPT) map.delete(map.keys().next().value!);
  };
  return {
    flow: (flowId) => {
      const { bucket, waitMs } = takeToken(flows.get(flowId), FLOW_RATES.perFlow, now());
      put(flows, flowId, bucket);
      return waitMs;
    },
    point: (key, eventId) => {
      const known = points.get(key);
      if (known?.eventId === eventId) return 0;
      const { bucket, waitMs } = takeToken(known, FLOW_RATES.perPoint, now());
      put(points, key, { ...bucket, eventId: waitMs === 0 ? eventId : (known?.eventId ?? '') });
      return waitMs;
    },
    mayAudit: (key) => {
      const last = audits.get(key);
      if (last !== undefined && now() - last < FLOW_RATES.auditEveryMs) return false;
      put(audits, key, now());
      return true;
    },
  };
};
