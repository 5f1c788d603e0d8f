/** A sensor event as a hazard report: one wording and one set of facts, whoever takes the event up (a flow, or the floor). */
import { bilingual } from './bilingual.ts';
import { isBlankText } from './notices.ts';
import type { HazardReport } from './hazard.ts';
import type { HazardType } from './hazard-types.ts';

export interface SensorEventFacts {
  eventId: string;
  episodeId: string;
  ruleId: string;
  ruleVersion: number;
  flowVersion: number | null;
  nodeId: string | null;
  /** HH | H | L | LL | sustained */
  level: string;
  value: number;
  limit: number;
  unit: string;
  /** Epoch ms. */
  at: number;
  storedAt: number;
  statutory: boolean;
  sensor: { id: string; kind: string; nameZh: string; nameEn: string };
  asset: { id: string; code: string; nameZh: string; nameEn: string; zoneId: string; point: HazardReport['point'] };
}

/** What a flow may add; absent or blank fields get the standard wording. */
export interface ReportExtras {
  type?: HazardType;
  title?: string;
  description?: string;
  /** The flow that started the case and its node, where that is not where the rule came from. */
  flowVersion?: number | null;
  nodeId?: string | null;
}

const LEVEL_TEXT: Record<string, { zh: string; en: string }> = {
  HH: { zh: '超高高限', en: 'above its HH limit' },
  H: { zh: '超高限', en: 'above its H limit' },
  L: { zh: '低于低限', en: 'below its L limit' },
  LL: { zh: '低于低低限', en: 'below its LL limit' },
  sustained: { zh: '持续超限', en: 'beyond its limit for the set time' },
};

const words = (given: string | undefined, standard: string): string => (given === undefined || isBlankText(given) ? standard : given);

export const reportOfEvent = (e: SensorEventFacts, origin: 'sensor' | 'floor', receivedAt: number, extras: ReportExtras = {}): Omit<HazardReport, 'reportId'> => {
  const level = LEVEL_TEXT[e.level] ?? { zh: '超限', en: 'beyond its limit' };
  const flowVersion = extras.flowVersion ?? e.flowVersion;
  const nodeId = extras.nodeId ?? e.nodeId;
  return {
    origin,
    type: extras.type ?? 'over_limit',
    title: words(extras.title, bilingual(`${e.asset.nameZh}${e.sensor.nameZh}${level.zh}`, `${e.asset.nameEn}: ${e.sensor.nameEn} ${level.en}`)),
    description: words(
      extras.description,
      bilingual(
        `${e.asset.nameZh}(${e.asset.code})${e.sensor.nameZh}实测 ${e.value} ${e.unit}，限值 ${e.limit} ${e.unit}，${level.zh}。`,
        `${e.asset.nameEn} (${e.asset.code}): ${e.sensor.nameEn} measured ${e.value} ${e.unit}, limit ${e.limit} ${e.unit}, ${level.en}.`,
        true,
      ),
    ),
    reporterId: null,
    assetId: e.asset.id,
    zoneId: e.asset.zoneId,
    point: e.asset.point,
    statutory: e.statutory,
    event: { eventId: e.eventId, ruleId: e.ruleId, ruleVersion: e.ruleVersion, flowVersion, nodeId },
    receivedAt,
    clientAt: e.at,
    evidence: [
      {
        capturedAt: e.at,
        detail: {
          eventId: e.eventId, episodeId: e.episodeId, sensorId: e.sensor.id, sensorKind: e.sensor.kind, level: e.level, value: e.value, limit: e.limit, unit: e.unit,
          at: e.at, storedAt: e.storedAt, ruleId: e.ruleId, ruleVersion: e.ruleVersion, flowVersion, nodeId,
        },
      },
    ],
  };
};
