/** Commands to sound-light alarms. Nothing else is ever actuated. */
import type { MqttClient } from 'mqtt';
import type { Database } from '../prisma/client.ts';

/** A connection to the broker; `publish` resolves when the broker has acknowledged (QoS 1). */
export interface CommandPublisher {
  publish(topic: string, payload: string): Promise<void>;
}

const ACKNOWLEDGE_WITHIN_MS = 10_000;

/** Publishes only over a live connection, so that no command waits in this process and comes out hours later. */
export const publisherOf = (client: MqttClient): CommandPublisher => ({
  publish: async (topic, payload) => {
    if (!client.connected) throw new Error('not connected to the broker');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the broker did not acknowledge the command')), ACKNOWLEDGE_WITHIN_MS);
    });
    try {
      await Promise.race([client.publishAsync(topic, payload, { qos: 1 }), late]);
    } finally {
      clearTimeout(timer);
    }
  },
});

export interface ActuatorDeps {
  db: Database;
  publisher: CommandPublisher;
}

export type ActuationOutcome =
  | 'sent'
  | 'already_sent'
  /** A later command of the same beacon has been sent: this one would undo it. */
  | 'superseded'
  /** Not a beacon: nothing is published, and the refusal is in the audit events. */
  | 'refused';

export const actuatorTopic = (assetId: string): string => `pw/v1/actuators/${assetId}/command`;

interface ActuationRow {
  asset_id: string;
  command: string;
  issued_at: Date;
  sent_at: Date | null;
  kind: string | null;
  is_superseded: boolean;
}

/**
 * Publishes one command and notes when the broker has it. Rejects when it should be tried again; a command that is
 * published twice, because the note was lost, carries the same actuationId, by which the beacon ignores it.
 */
export const deliverActuation = async ({ db, publisher }: ActuatorDeps, { actuationId }: { actuationId: string }): Promise<ActuationOutcome> =>
  await db.pgTransaction({ scope: 'service' }, async (client) => {
    // One command of a beacon at a time: what is superseded is judged after the one before has been noted.
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('actuator/' || asset_id, 0)) FROM actuation WHERE id = $1`, [actuationId]);
    const { rows } = await client.query<ActuationRow>(
      `SELECT c.asset_id, c.command, c.issued_at, c.sent_at, a.kind,
         EXISTS (SELECT FROM actuation l WHERE l.asset_id = c.asset_id AND l.sent_at IS NOT NULL AND (l.issued_at, l.id) > (c.issued_at, c.id)) AS is_superseded
       FROM actuation c LEFT JOIN asset a ON a.tenant_id = c.tenant_id AND a.id = c.asset_id WHERE c.id = $1 FOR UPDATE OF c`,
      [actuationId],
    );
    const row = rows[0];
    if (!row) throw new Error(`actuation ${actuationId} is not on record`);
    if (row.sent_at) return 'already_sent';
    if (row.kind !== 'beacon' || !['on', 'off'].includes(row.command) || !/^[\w.-]+$/.test(row.asset_id)) {
      await client.query(
        `INSERT INTO audit_event (id, action, object, outcome, detail) VALUES ($1, 'actuation.send', $2, 'refused', $3) ON CONFLICT (id) DO NOTHING`,
        [`actuation/${actuationId}/refused`, row.asset_id, JSON.stringify({ actuationId, command: row.command, kind: row.kind })],
      );
      return 'refused';
    }
    if (row.is_superseded) return 'superseded';
    await publisher.publish(actuatorTopic(row.asset_id), JSON.stringify({ actuationId, command: row.command, issuedAt: row.issued_at.toISOString() }));
    await client.query('UPDATE actuation SET sent_at = now() WHERE id = $1', [actuationId]);
    return 'sent';
  });
