/**
 * What a node may ask for, each in one transaction: the event is read again, the node and its configuration are taken from
 * the deployed version, and the same question gives the same answer. The flow process is believed in nothing but which event
 * reached which node.
 */
import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { Result } from '../../domain/errors.ts';
import { ok, refuse } from '../../domain/errors.ts';
import type { FlowNode, FlowRecipient } from '../../domain/flows.ts';
import { ACTUATOR_KIND, FLOW_RATES } from '../../domain/flows.ts';
import type { HazardType } from '../../domain/hazard-types.ts';
import type { Database } from '../../prisma/client.ts';
import { addToOutbox } from '../../prisma/outbox.ts';
import { signalEvent, takeEvent } from '../../prisma/sensor-events.ts';
import type { Rates } from './rates.ts';

export interface NodeCall {
  eventId: string;
  nodeId: string;
  flowVersion: number;
}
export type StartCaseCall = NodeCall & { type?: HazardType; title?: string; description?: string };
export type SignalCaseCall = NodeCall & { note?: string };
export type NotifyCall = NodeCall & { recipients?: FlowRecipient[] };
export type ActuateCall = NodeCall & { assetId?: string; command?: 'on' | 'off' };

interface EventFacts {
  tenantId: string;
  episodeId: string;
  sensorId: string;
  kind: 'raised' | 'cleared';
}

export interface Calls {
  startCase(call: StartCaseCall): Promise<Result<{ hazardId: string; joined: boolean; duplicate: boolean }>>;
  signalCase(call: SignalCaseCall): Promise<Result<{ hazardId: string | null; duplicate: boolean }>>;
  notify(call: NotifyCall): Promise<Result<{ accepted: true }>>;
  actuate(call: ActuateCall): Promise<Result<{ actuationId: string; duplicate: boolean }>>;
}

const KEPT_VERSIONS = 20;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const createCalls = (database: Database, rates: Rates): Calls => {
  // Versions never change, so what was read once stays true.
  const versions = new Map<number, Map<string, FlowNode>>();

  const nodesOf = async (version: number): Promise<Map<string, FlowNode> | null> => {
    const known = versions.get(version);
    if (known) return known;
    const nodes = await database.pgTransaction({ scope: 'service' }, async (client) => {
      const { rows } = await client.query<{ flows: FlowNode[] }>('SELECT flows FROM flow_version WHERE version = $1', [version]);
      return rows[0] ? new Map(rows[0].flows.map((n) => [n.id, n])) : null;
    });
    if (nodes) {
      versions.set(version, nodes);
      if (versions.size > KEPT_VERSIONS) versions.delete(versions.keys().next().value!);
    }
    return nodes;
  };

  const limited = (waitMs: number) => refuse('request.rate_limited', { detail: { waitMs } });

  const onEvent = async <T>(call: NodeCall, type: string, run: (client: pg.ClientBase, node: FlowNode, event: EventFacts) => Promise<Result<T>>): Promise<Result<T>> => {
    const node = versions.get(call.flowVersion)?.get(call.nodeId);
    // A flow that names what does not exist shares one bucket with all others that do.
    const waitMs = rates.flow(node ? `${text(node.z) || node.id}/${type}` : 'unknown');
    if (waitMs > 0) return limited(waitMs);
    const nodes = await nodesOf(call.flowVersion);
    if (!nodes) return refuse('flow.version_unknown', { field: 'flowVersion' });
    const deployed = nodes.get(call.nodeId);
    if (deployed?.type !== type) return refuse('flow.node_unknown', { field: 'nodeId' });
    return await database.pgTransaction({ scope: 'service' }, async (client): Promise<Result<T>> => {
      const { rows } = await client.query<{ tenant_id: string; episode_id: string; sensor_id: string; kind: 'raised' | 'cleared'; stale: boolean }>(
        `SELECT tenant_id, episode_id, sensor_id, kind, stored_at < now() - make_interval(secs => $2) AS stale FROM sensor_event WHERE id = $1`,
        [call.eventId, FLOW_RATES.eventMaxAgeMs / 1000],
      );
      const event = rows[0];
      if (!event) return refuse('flow.event_unknown', { field: 'eventId' });
      if (event.stale) return refuse('flow.event_stale', { field: 'eventId' });
      const pointWaitMs = rates.point(`${call.nodeId}/${event.sensor_id}/${event.kind}`, call.eventId);
      if (pointWaitMs > 0) return limited(pointWaitMs);
      return await run(client, deployed, { tenantId: event.tenant_id, episodeId: event.episode_id, sensorId: event.sensor_id, kind: event.kind });
    });
  };

  const differs = (field: string) => refuse('flow.node_differs', { field });

  return {
    startCase: (call) =>
      onEvent(call, 'pw-start-case', async (client, node, event) => {
        if (event.kind !== 'raised') return refuse('flow.event_kind', { field: 'eventId' });
        const type = text(node.hazardType);
        if (call.type !== undefined && call.type !== (type || 'over_limit')) return differs('type');
        const taken = await takeEvent(client, call.eventId, 'flow', {
          ...(type === '' ? {} : { type: type as HazardType }),
          title: call.title ?? text(node.title),
          description: call.description ?? text(node.description),
          flowVersion: call.flowVersion,
          nodeId: call.nodeId,
        });
        if (!taken) return refuse('flow.event_unknown', { field: 'eventId' });
        return ok({ hazardId: taken.hazardId, joined: taken.joined, duplicate: taken.duplicate });
      }),
    signalCase: (call) =>
      onEvent(call, 'pw-signal-case', async (client, node) => {
        const joined = await signalEvent(client, call.eventId, { nodeId: call.nodeId, flowVersion: call.flowVersion, note: call.note ?? text(node.note) });
        return ok({ hazardId: joined?.hazardId ?? null, duplicate: joined?.duplicate ?? false });
      }),
    notify: (call) =>
      onEvent(call, 'pw-notify', async (client, node, event) => {
        const allowed = (node.recipients ?? []) as FlowRecipient[];
        const recipients = call.recipients ?? allowed;
        if (!recipients.every((r) => allowed.includes(r))) return differs('recipients');
        await addToOutbox(client, [{ topic: 'notify', key: `notify/${call.eventId}/${call.nodeId}`, tenantId: event.tenantId, payload: { episodeId: event.episodeId, recipients: [...recipients] } }]);
        return ok({ accepted: true as const });
      }),
    actuate: (call) =>
      onEvent<{ actuationId: string; duplicate: boolean }>(call, 'pw-actuate', async (client, node) => {
        const assetId = text(node.assetId);
        const command = text(node.command);
        if (call.assetId !== undefined && call.assetId !== assetId) return differs('assetId');
        if (call.command !== undefined && call.command !== command) return differs('command');
        const { rows: assets } = await client.query<{ tenant_id: string; kind: string }>('SELECT tenant_id, kind FROM asset WHERE id = $1', [assetId]);
        if (assets[0]?.kind !== ACTUATOR_KIND) return refuse('flow.actuator_denied', { field: 'assetId' });
        const dedupeKey = `actuate/${call.eventId}/${call.nodeId}`;
        const { rows } = await client.query<{ id: string }>(
          `INSERT INTO actuation (id, tenant_id, asset_id, command, event_id, flow_version, node_id, dedupe_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
           ON CONFLICT (dedupe_key) DO NOTHING RETURNING id`,
          [randomUUID(), assets[0].tenant_id, assetId, command, call.eventId, call.flowVersion, call.nodeId, dedupeKey],
        );
        if (!rows[0]) {
          const { rows: known } = await client.query<{ id: string }>('SELECT id FROM actuation WHERE dedupe_key = $1', [dedupeKey]);
          return ok({ actuationId: known[0]!.id, duplicate: true });
        }
        await addToOutbox(client, [{ topic: 'actuate', key: dedupeKey, tenantId: assets[0].tenant_id, payload: { actuationId: rows[0].id } }]);
        return ok({ actuationId: rows[0].id, duplicate: false });
      }),
  };
};
