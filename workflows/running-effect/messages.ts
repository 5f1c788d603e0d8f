export const RUNNING_EFFECT_WORKFLOW = 'runningEffect';
