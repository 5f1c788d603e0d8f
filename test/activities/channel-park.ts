/** The small park of notices with every channel configured, its providers' stand-ins, and the relay's hand on the outbox. */
import { randomUUID } from 'node:crypto';
import type { ChannelPorts } from '../../activities/deliver.ts';
import { deliver } from '../../activities/deliver.ts';
import { robotPort } from '../../activities/deliver-robot.ts';
import { textMessagePort } from '../../activities/deliver-sms.ts';
import type { NoticeSettings } from '../../activities/notices.ts';
import type { SmsKind } from '../../domain/sms.ts';
import { smsVariablesOf } from '../../domain/sms.ts';
import { parseConfig } from '../../platform/config.ts';
import { openRobots } from '../../platform/robots.ts';
import { openTextMessages } from '../../platform/text-messages.ts';
import type { Database } from '../../prisma/client.ts';
import type { RobotServer } from '../providers/robots.ts';
import { DINGTALK_SECRET, startRobotServer } from '../providers/robots.ts';
import type { TextMessageServer } from '../providers/text-messages.ts';
import { SMS_ACCESS, startTextMessageServer } from '../providers/text-messages.ts';

export interface Channels {
  robots: RobotServer;
  sms: TextMessageServer;
  voice: TextMessageServer;
  ports: ChannelPorts;
  settings: NoticeSettings;
  close(): Promise<void>;
}

/** `robots`: of DingTalk, but for those whose name begins with "wecom". */
export const startChannels = async (robotNames: readonly string[]): Promise<Channels> => {
  const [robots, sms, voice] = await Promise.all([startRobotServer(), startTextMessageServer(), startTextMessageServer()]);
  const config = parseConfig({
    IM_ROBOTS: JSON.stringify(robotNames.map((name) => (name.startsWith('wecom') ? { name, kind: 'wecom', url: robots.url('wecom', name) } : { name, kind: 'dingtalk', url: robots.url('dingtalk', name), secret: DINGTALK_SECRET }))),
    SMS_URL: sms.url, SMS_KEY_ID: SMS_ACCESS.keyId, SMS_SECRET: SMS_ACCESS.secret, VOICE_URL: voice.url, VOICE_KEY_ID: SMS_ACCESS.keyId, VOICE_SECRET: SMS_ACCESS.secret,
  });
  const text = openTextMessages(config);
  return {
    robots, sms, voice,
    ports: { smtp: null, robot: robotPort(openRobots(config), 'https://park.example'), sms: textMessagePort('sms', text.sms!), voice: textMessagePort('voice', text.voice!) },
    settings: { smtpEnabled: false, publicUrl: 'https://park.example', channels: { robots: robotNames, sms: true, voice: true } },
    close: async () => void (await Promise.all([robots.close(), sms.close(), voice.close()])),
  };
};

/** An approved template on record and at the provider. */
export const addTemplate = async (db: Database, server: TextMessageServer, channel: 'sms' | 'voice', kind: SmsKind, body: string, approval: 'approved' | 'pending' = 'approved'): Promise<void> => {
  const code = `SMS_${kind}_${channel}`;
  await db.pool.query(
    `INSERT INTO sms_template (id, channel, kind, language, version, sign, body, provider_code, approval, recorded_by)
     VALUES ($1, $2, $3, 'zh', (SELECT count(*)::int + 1 FROM sms_template WHERE channel = $2 AND kind = $3), '园区安全', $4, $5, $6, 'test')`,
    [randomUUID(), channel, kind, body, code, approval],
  );
  server.templates.set(code, { sign: '园区安全', variables: smsVariablesOf(body), approved: approval === 'approved' });
};

/** What the relay does with the rows of the channels that are due, once; gives each outcome or error. */
export const relayChannels = async (db: Database, ports: ChannelPorts): Promise<string[]> => {
  const { rows } = await db.pool.query<{ id: string; key: string; payload: { deliveryId: string } }>(`SELECT id, key, payload FROM outbox WHERE topic IN ('urgent', 'channel', 'smtp') AND delivered_at IS NULL ORDER BY id`);
  const outcomes: string[] = [];
  for (const row of rows) {
    try {
      outcomes.push(await deliver(db, ports, { deliveryId: row.payload.deliveryId, key: row.key }));
      await db.pool.query('UPDATE outbox SET delivered_at = now() WHERE id = $1', [row.id]);
    } catch (error) {
      outcomes.push((error as Error).message);
    }
  }
  return outcomes;
};
