/** 派发: who answers for a case by the responsibility rules in force now. */
import { chooseResponsible } from '../domain/dispatch.ts';
import { loadDispatchFacts, loadOfficers, loadRulesAt } from '../prisma/responsibility.ts';
import type { ActivityDeps } from './deps.ts';

export interface ChooseResponsibleInput {
  tenantId: string;
  hazardId: string;
}

/** Only 'rule' names the one person to dispatch to; of an ambiguous one the persons are those among whom somebody has to decide. */
export interface ChooseResponsibleResult {
  personIds: string[];
  /** null with 'rule': no rule matched, and the firm has exactly one safety officer. */
  ruleId: string | null;
  reason: 'rule' | 'ambiguous' | 'none';
}

export const createDispatchActivities = ({ database }: Pick<ActivityDeps, 'database'>) => ({
  chooseResponsible: ({ tenantId, hazardId }: ChooseResponsibleInput): Promise<ChooseResponsibleResult> =>
    database.pgTransaction({ scope: 'service' }, async (client) => {
      const facts = await loadDispatchFacts(client, tenantId, hazardId);
      if (!facts) throw new Error(`case ${hazardId} of ${tenantId} is not on record`);
      const at = Date.now();
      const choice = chooseResponsible({ rules: await loadRulesAt(client, tenantId, at), facts, officers: await loadOfficers(client, tenantId), at });
      switch (choice.kind) {
        case 'chosen':
          return { personIds: [choice.personId], ruleId: choice.ruleId, reason: 'rule' };
        case 'ambiguous':
          return { personIds: choice.personIds, ruleId: null, reason: 'ambiguous' };
        case 'none':
          return { personIds: [], ruleId: null, reason: 'none' };
      }
    }),
});
