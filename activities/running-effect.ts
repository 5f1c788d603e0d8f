/** The weekly scores on the record. */
import { recordRunningEffect } from '../prisma/running-effect.ts';
import type { ActivityDeps } from './deps.ts';

export const createRunningEffectActivities = ({ database }: ActivityDeps) => ({
  /** Scores the weeks that had ended at `now` (epoch ms) and have no score; a second run writes nothing. */
  scoreWeeks: ({ now }: { now: number }): Promise<string[]> => database.pgTransaction({ scope: 'service' }, (client) => recordRunningEffect(client, now)),
});
