/** How each invariant of domain/self-audit.ts is looked at: one for every id, checked by the types. */
import type { InvariantId } from '../../domain/self-audit.ts';
import { accessChecks } from './access.ts';
import type { Check } from './check.ts';
import { deadlineChecks } from './deadlines.ts';
import { dutyChecks } from './duties.ts';
import { engineChecks } from './engine.ts';
import { evidenceChecks } from './evidence.ts';
import { noticeChecks } from './notices.ts';
import { recordChecks } from './record.ts';
import { sensorChecks } from './sensors.ts';

export const CHECKS: Record<InvariantId, Check> = {
  ...recordChecks, ...dutyChecks, ...deadlineChecks, ...noticeChecks, ...evidenceChecks, ...engineChecks, ...accessChecks, ...sensorChecks,
};
