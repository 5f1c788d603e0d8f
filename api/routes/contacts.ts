/** Where notices reach an organisation: mail, duty phone, group robot. */
import { z } from 'zod';
import { asService } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id, text } from '../schemas/common.ts';
import { audit } from '../audit.ts';

const Contacts = z
  .object({ email: z.string().nullable(), phone: z.string().nullable(), robot: z.string().nullable().meta({ description: 'Name of a robot in the setting IM_ROBOTS' }), language: z.enum(['zh', 'en']) })
  .meta({ id: 'Contacts' });
const ContactsBody = z.strictObject({
  email: z.email().max(200).nullable(), phone: text(20).regex(/^\+?\d{5,19}$/).nullable(), robot: text(64).regex(/^[\w.-]+$/).nullable(), language: z.enum(['zh', 'en']),
});
const params = z.object({ id });
const tag = 'administration';
type Row = z.output<typeof Contacts>;

export const contactRoutes = [
  route({
    method: 'get', path: '/api/v1/organisations/{id}/contacts', tag, summary: 'Where notices reach an organisation 联系方式', access: 'contact.manage', params, response: Contacts, refusals: ['request.not_found'],
    handle: async ({ params: p, deps }) => {
      const { rows } = await asService(deps.database, (client) => client.query<Row>('SELECT email, phone, robot, language FROM organisation WHERE id = $1', [p.id]));
      if (!rows[0]) throw new Refused('request.not_found');
      return { body: rows[0] };
    },
  }),
  route({
    method: 'put', path: '/api/v1/organisations/{id}/contacts', tag, summary: 'Change where notices reach an organisation 修改联系方式', access: 'contact.manage', params, body: ContactsBody, response: Contacts, refusals: ['request.not_found'],
    handle: async ({ params: p, body, session, deps }) => {
      const row = await asService(deps.database, async (client) => {
        const { rows } = await client.query<Row>('UPDATE organisation SET email = $2, phone = $3, robot = $4, language = $5 WHERE id = $1 RETURNING email, phone, robot, language', [p.id, body.email, body.phone, body.robot, body.language]);
        if (rows[0]) await audit.contactsChanged(client, { personId: session.actor.personId, orgId: p.id });
        return rows[0];
      });
      if (!row) throw new Refused('request.not_found');
      return { body: row };
    },
  }),
];
