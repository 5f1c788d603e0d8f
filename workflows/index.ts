/** The worker's only entry into workflow code. */
export { alarmHandling } from './alarm-handling/workflow.ts';
export { hazardClosure } from './hazard-closure/workflow.ts';
export { inspectionExpiry } from './inspection-expiry/workflow.ts';
export { secondSupervision } from './second-supervision/workflow.ts';
