/** 园区规则: the terms, reminders and limits in force. */
import { z } from 'zod';
import { loadPolicyAt } from '../../prisma/policies.ts';
import { asService } from '../deps.ts';
import { route } from '../route.ts';

const ParkPolicy = z.object({ at: z.string(), policy: z.looseObject({ id: z.string() }) }).meta({ id: 'PolicyInForce', description: 'Durations in milliseconds; terms of days as {days, kind}' });

export const policyRoutes = [
  route({
    method: 'get', path: '/api/v1/policy', tag: 'administration', summary: 'The policy in force now 现行园区规则', access: 'policy.read', response: ParkPolicy,
    handle: async ({ deps }) => {
      const now = Date.now();
      return { body: { at: new Date(now).toISOString(), policy: { ...(await asService(deps.database, (client) => loadPolicyAt(client, now))) } } };
    },
  }),
];
