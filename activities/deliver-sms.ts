/** Text messages and voice calls from approved templates. Nothing is sent that the provider would refuse. */
import type pg from 'pg';
import type { SmsApproval, SmsChannel, SmsKind, SmsTemplate } from '../domain/sms.ts';
import { fillSms } from '../domain/sms.ts';
import type { Language } from '../domain/notices.ts';
import type { TextMessages } from '../platform/text-messages.ts';
import { ProviderError } from '../platform/provider.ts';
import { digestTotal, smsValues } from '../templates/short.ts';
import type { ChannelPort, Outgoing } from './deliver.ts';

interface TemplateRow {
  channel: SmsChannel; kind: SmsKind; language: Language; sign: string; body: string; allows_link: boolean; provider_code: string; approval: SmsApproval;
}

/** The newest template of the kind, where that one is approved; one in the other language stands in for a language that has none. */
const templateFor = async (client: pg.ClientBase, channel: SmsChannel, kind: SmsKind, language: Language): Promise<SmsTemplate | null> => {
  const { rows } = await client.query<TemplateRow>(
    `SELECT * FROM (SELECT DISTINCT ON (language) * FROM sms_template WHERE channel = $1 AND kind = $2 ORDER BY language, version DESC) newest
     WHERE approval = 'approved' ORDER BY language = $3 DESC LIMIT 1`,
    [channel, kind, language],
  );
  const row = rows[0];
  return row ? { channel: row.channel, kind: row.kind, language: row.language, sign: row.sign, body: row.body, allowsLink: row.allows_link, providerCode: row.provider_code, approval: row.approval } : null;
};

const messageOf = async (client: pg.ClientBase, channel: SmsChannel, { notice, digest, org }: Outgoing): Promise<{ template: SmsTemplate; variables: Record<string, string> }> => {
  const template = await templateFor(client, channel, notice?.kind ?? 'digest', org.language);
  if (!template) throw new ProviderError(`no approved template for ${notice?.kind ?? 'digest'}`, 'refused', 'sms.template_missing');
  const values = notice ? smsValues(notice.kind, notice.facts, template.language) : { count: String(digestTotal(digest!.counts)), recipient: org.name[template.language] };
  const filled = fillSms(template, values);
  if (!filled.ok) throw new ProviderError(`${filled.refusal.code} ${filled.refusal.field ?? ''}`, 'refused', filled.refusal.code);
  return { template, variables: filled.value.variables };
};

export const textMessagePort = (channel: SmsChannel, provider: TextMessages): ChannelPort => ({
  idempotent: true,
  send: async (client, message) => {
    const { template, variables } = await messageOf(client, channel, message);
    return await provider.send({ phone: message.address, sign: template.sign, templateCode: template.providerCode, variables, outId: message.deliveryId, idempotencyKey: message.deliveryId });
  },
  query: (deliveryId) => provider.query(deliveryId),
});
