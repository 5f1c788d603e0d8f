/** 短信与语音模板: what the provider has approved, checked when it is saved. */
import { randomUUID } from 'node:crypto';
import type { SmsApproval, SmsChannel, SmsKind } from '../../domain/sms.ts';
import { checkSmsTemplate, SMS_VARIABLES } from '../../domain/sms.ts';
import type { Language } from '../../domain/notices.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { refused } from '../problem.ts';
import { route } from '../route.ts';
import type { SmsTemplate } from '../schemas/tasks.ts';
import { SmsTemplate as Answer, SmsTemplateBody, SmsTemplateList } from '../schemas/tasks.ts';
import { iso, personRefs, refOf } from '../views/refs.ts';
import type { z } from 'zod';

const tag = 'sms-templates';

interface TemplateRow {
  id: string; channel: SmsChannel; kind: SmsKind; language: Language; version: number; sign: string; body: string; allows_link: boolean; provider_code: string; approval: SmsApproval; recorded_at: Date; recorded_by: string; is_current: boolean;
}

const SELECT = `SELECT t.*, NOT EXISTS (SELECT FROM sms_template n WHERE n.channel = t.channel AND n.kind = t.kind AND n.language = t.language AND n.version > t.version) AS is_current FROM sms_template t`;

const viewOf = async (deps: ApiDeps, rows: readonly TemplateRow[]): Promise<z.input<typeof SmsTemplate>[]> => {
  const people = await personRefs(deps.database, rows.map((t) => t.recorded_by));
  return rows.map((t) => ({
    id: t.id, channel: t.channel, kind: t.kind, language: t.language, version: t.version, sign: t.sign, body: t.body, allowsLink: t.allows_link, providerCode: t.provider_code, approval: t.approval, recordedAt: iso(t.recorded_at),
    recordedBy: refOf(people, t.recorded_by), isCurrent: t.is_current,
  }));
};

export const smsTemplateRoutes = [
  route({
    method: 'get', path: '/api/v1/sms-templates', tag, summary: 'Templates of text messages and calls with all their versions 短信模板', access: 'sms.manage', response: SmsTemplateList,
    handle: async ({ session, deps }) => {
      const { rows } = await asActor(deps.database, session, (client) => client.query<TemplateRow>(`${SELECT} ORDER BY t.channel, t.kind, t.language, t.version DESC`));
      return { body: { items: await viewOf(deps, rows), variables: Object.fromEntries(Object.entries(SMS_VARIABLES).map(([kind, names]) => [kind, [...names]])) } };
    },
  }),
  route({
    method: 'post', path: '/api/v1/sms-templates', tag, summary: 'Save a version of a template 保存短信模板', access: 'sms.manage', idempotent: true, body: SmsTemplateBody, response: Answer, statuses: [201],
    refusals: ['sms.sign_invalid', 'sms.body_empty', 'sms.body_brackets', 'sms.too_long', 'sms.variable_malformed', 'sms.variable_unknown', 'sms.variables_adjacent', 'sms.link_denied', 'sms.provider_code_invalid'],
    handle: async ({ body, session, deps, keep }) => {
      const checked = checkSmsTemplate(body);
      if (!checked.ok) throw refused(checked.refusal);
      const id = randomUUID();
      return await asService(deps.database, async (client) => {
        await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`sms/${body.channel}/${body.kind}/${body.language}`]);
        await client.query(
          `INSERT INTO sms_template (id, channel, kind, language, version, sign, body, allows_link, provider_code, approval, recorded_by)
           SELECT $1, $2, $3, $4, coalesce(max(version), 0) + 1, $5, $6, $7, $8, $9, $10 FROM sms_template WHERE channel = $2 AND kind = $3 AND language = $4`,
          [id, body.channel, body.kind, body.language, body.sign, body.body, body.allowsLink, body.providerCode, body.approval, session.actor.personId],
        );
        const { rows } = await client.query<TemplateRow>(`${SELECT} WHERE t.id = $1`, [id]);
        const [view] = await viewOf(deps, rows);
        await keep(client, 201, view!);
        return { status: 201, body: view! };
      });
    },
  }),
];
