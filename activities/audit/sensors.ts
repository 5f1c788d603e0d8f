/** From the sensor to the case: events, alarms, rules, flows, policies and calendars. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import { readCalendars } from '../../prisma/calendars.ts';
import type { Check } from './check.ts';
import { interval, query, reading, stream } from './check.ts';

export const sensorChecks = {
  'sensor-case-born': query(`SELECT 'hazard/' || h.id AS record FROM hazard h WHERE h.origin IN ('sensor', 'floor') AND NOT (
      EXISTS (SELECT FROM sensor_event e WHERE e.id = h.event_id AND e.tenant_id = h.tenant_id AND (e.rule_id, e.rule_version) = (h.rule_id, h.rule_version))
      AND EXISTS (SELECT FROM rule_version r WHERE r.rule_id = h.rule_id AND r.version = h.rule_version)
      AND (h.flow_version IS NULL OR EXISTS (SELECT FROM flow_version f WHERE f.version = h.flow_version)))`),
  'sensor-raised-has-alarm': query(`SELECT 'event/' || e.id AS record FROM sensor_event e WHERE e.kind = 'raised' AND NOT EXISTS (SELECT FROM alarm a WHERE a.id = e.episode_id AND a.tenant_id = e.tenant_id)`),
  'sensor-statutory-taken-up': query(`SELECT 'event/' || e.id AS record FROM sensor_event e WHERE e.kind = 'raised' AND e.statutory AND e.stored_at < now() - ${interval(SELF_AUDIT.settleMs)}
    AND (e.handled_at IS NULL OR NOT EXISTS (SELECT FROM hazard_report r WHERE r.event_id = e.id))`),
  'sensor-alarm-state': query(`SELECT 'alarm/' || id AS record FROM alarm WHERE state <> pw_alarm_state(cleared_at, acknowledged_at)`),
  'rule-one-active': query(`SELECT 'rule/' || rule_id AS record FROM rule_version WHERE active_to IS NULL GROUP BY rule_id HAVING count(*) > 1`),
  'rule-of-known-flow': query(`SELECT 'rule/' || r.rule_id || '/' || r.version AS record FROM rule_version r WHERE r.origin = 'flow' AND NOT EXISTS (SELECT FROM flow_version f WHERE f.version = r.flow_version)`),
  'rule-flows-whole': reading(async function* ({ client, alive }) {
    for await (const { version, flows, sha256 } of stream<{ version: number; flows: unknown; sha256: string }>(client, 'SELECT version, flows, sha256 FROM flow_version ORDER BY version', 20)) {
      if (createHash('sha256').update(canonicalJson(flows)).digest('hex') !== sha256) yield `flow-version/${version}`;
      alive();
    }
  }),
  'rule-policies-clear': query(`SELECT 'policy/' || p.id AS record FROM park_policy p WHERE p.valid_to <= p.valid_from
    OR EXISTS (SELECT FROM park_policy o WHERE o.id < p.id AND o.valid_from = p.valid_from AND o.recorded_at = p.recorded_at)`),
  'rule-calendar-signed': reading(async function* ({ client }) {
    for (const { year, problem } of (await readCalendars(client)).years) if (problem !== null) yield `calendar/${year}`;
  }),
} satisfies Record<string, Check>;
