/** A notice that cannot be delivered is somebody's task, never a log line. */
import type pg from 'pg';
import type { OutsideChannel, Channel } from '../domain/channels.ts';
import type { Named } from '../domain/notices.ts';
import { addTask } from '../prisma/tasks.ts';

const NAMES: Record<OutsideChannel, Named> = {
  smtp: { zh: '邮件', en: 'mail' },
  robot: { zh: '群机器人', en: 'group robot' },
  sms: { zh: '短信', en: 'text message' },
  voice: { zh: '语音电话', en: 'voice call' },
};

const DAY_MS = 24 * 60 * 60_000;

export interface Undeliverable {
  org: { id: string; name: Named };
  channel: Channel;
  /** null: the organisation has none. */
  address: string | null;
  /** What the provider said, or why it was not asked. */
  code: string;
  /** Epoch ms. */
  at: number;
  dueMs: number;
  deliveryId?: string;
}

/** One task a day for an address that fails, for the emergency office: whatever its number of notices, there is one thing to mend. */
export const addUndeliverableTask = async (client: pg.ClientBase, what: Undeliverable): Promise<void> => {
  if (what.channel === 'inbox') return;
  const { rows } = await client.query<{ id: string }>(
    `SELECT o.id FROM organisation o WHERE o.kind = 'park_department'
     ORDER BY EXISTS (SELECT FROM membership m WHERE m.org_id = o.id AND m.role = 'emergency_office') DESC, o.code LIMIT 1`,
  );
  const owner = rows[0];
  if (!owner) throw new Error('the park has no department to tell of a notice that cannot be delivered');
  const { zh, en } = NAMES[what.channel];
  await addTask(client, {
    tenantId: what.org.id,
    kind: 'notice_undeliverable',
    title: { zh: `通知未能送达${what.org.name.zh}（${zh}）`, en: `Notices to ${what.org.name.en} cannot be delivered (${en})` },
    detail: {
      channel: what.channel, address: what.address, code: what.code, ...(what.deliveryId ? { deliveryId: what.deliveryId } : {}),
      note: what.address === null ? `${zh}：未登记地址 / ${en}: no address on record` : `${zh}：${what.address}（${what.code}） / ${en}: ${what.address} (${what.code})`,
    },
    hazardId: null,
    assetId: null,
    ownerOrgId: owner.id,
    ownerPersonId: null,
    dueAt: what.at + what.dueMs,
    dedupeKey: `undeliverable/${what.org.id}/${what.channel}/${what.address ?? ''}/${Math.floor(what.at / DAY_MS)}`,
  });
};
