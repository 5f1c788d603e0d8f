/** Workflow ids and task queues: one place, deterministic. */
export const CLOSURE_QUEUE = 'closure';

export const hazardClosureId = (hazardId: string): string => `hazard/${hazardId}`;
export const secondSupervisionId = (hazardId: string, cycle: number, level: number): string => `hazard/${hazardId}/supervision/${cycle === 1 ? '' : `${cycle}.`}${level}`;
export const dutyTaskId = (taskId: string): string => `task/${taskId}`;
export const patrolPlanId = (planId: string): string => `patrol/${planId}`;
export const alarmHandlingId = (episodeId: string): string => `alarm/${episodeId}`;
export const inspectionExpiryId = (assetId: string, kind: string): string => `asset/${assetId}/inspection/${kind}`;
