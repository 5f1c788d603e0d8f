/** Every activity, by the name that workflows call it. */
import { createAlarmActivities } from './alarms.ts';
import { createArchiveActivities } from './archive.ts';
import type { ActivityDeps } from './deps.ts';
import { createDispatchActivities } from './dispatch.ts';
import { createHazardActivities } from './hazards.ts';
import { createInspectionActivities } from './inspections.ts';
import { createRunningEffectActivities } from './running-effect.ts';
import { createTaskActivities } from './tasks.ts';

export const createActivities = (deps: ActivityDeps) => ({ ...createHazardActivities(deps), ...createAlarmActivities(deps), ...createArchiveActivities(deps), ...createDispatchActivities(deps), ...createInspectionActivities(deps), ...createRunningEffectActivities(deps), ...createTaskActivities(deps) });
export type Activities = ReturnType<typeof createActivities>;
