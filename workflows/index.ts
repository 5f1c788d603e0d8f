/** The worker's only entry into workflow code. */
export { alarmHandling } from './alarm-handling/workflow.ts';
export { dutyTask } from './duty-task/workflow.ts';
export { hazardClosure } from './hazard-closure/workflow.ts';
export { inspectionExpiry } from './inspection-expiry/workflow.ts';
export { patrolPlan } from './patrol-plan/workflow.ts';
export { runningEffect } from './running-effect/workflow.ts';
export { secondSupervision } from './second-supervision/workflow.ts';
export { selfAudit } from './self-audit/workflow.ts';
