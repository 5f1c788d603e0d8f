/** What each act asks for, in which order acts are offered, and which are rare. What is allowed is the server's to say. */
import type { ActName, Hazard } from '../../api/types.ts';

export type FieldName =
  | 'grade' | 'type' | 'criteria' | 'responsibleId' | 'tenantId' | 'personId' | 'intoHazardId' | 'level' | 'dueAt' | 'until' | 'granted' | 'passed' | 'n' | 'costYuan'
  | 'interimMeasures' | 'measures' | 'emergencyPlan' | 'note' | 'reason' | 'items' | 'itemIds' | 'evidence' | 'site';

interface ActForm {
  fields: readonly FieldName[];
  optional?: readonly FieldName[];
  tone?: 'danger';
  rare?: true;
}

const REASON = { fields: ['reason'] } as const;

export const ACT_FORMS: Record<ActName, ActForm> = {
  triage: { fields: ['type', 'criteria', 'grade', 'reason'], optional: ['type'] },
  dispatch: { fields: ['responsibleId', 'note'], optional: ['note'] },
  start: { fields: ['note'], optional: ['note'] },
  plan: { fields: ['interimMeasures', 'measures', 'costYuan', 'emergencyPlan'], optional: ['emergencyPlan'] },
  submit: { fields: ['itemIds', 'note', 'evidence'] },
  progress: { fields: ['note', 'evidence'], optional: ['evidence'] },
  accept: { fields: ['note', 'evidence', 'site'], optional: ['evidence', 'site'] },
  sign: { fields: ['note', 'evidence', 'site'], optional: ['evidence', 'site'] },
  acceptItems: { fields: ['itemIds', 'reason', 'evidence', 'site'], optional: ['evidence', 'site'] },
  reject: { fields: ['itemIds', 'reason'], tone: 'danger' },
  decideExtension: { fields: ['granted', 'dueAt', 'reason'], optional: ['dueAt'] },
  lookBack: { fields: ['n', 'passed', 'note', 'evidence'] },
  delist: REASON,
  resume: REASON,
  requestExtension: { fields: ['dueAt', 'reason', 'evidence'], optional: ['evidence'] },
  returnDispatch: { ...REASON, tone: 'danger' },
  merge: { fields: ['intoHazardId', 'reason'] },
  dismiss: { ...REASON, tone: 'danger' },
  unmerge: REASON,
  withdraw: { ...REASON, rare: true },
  withdrawExtension: { ...REASON, rare: true },
  split: { fields: ['items', 'reason'], rare: true },
  handover: { fields: ['responsibleId', 'reason'], rare: true },
  addSigner: { fields: ['personId', 'reason'], rare: true },
  list: { fields: ['level', 'reason'], rare: true },
  pause: { fields: ['until', 'reason'], rare: true },
  redirect: { fields: ['tenantId', 'reason'], rare: true },
  reassess: { ...REASON, rare: true },
  reopen: { ...REASON, rare: true },
  reconsider: { ...REASON, rare: true },
};

/** The next expected act first. A plan comes before the submission of a major hazard; a decision that is waited for before everything. */
const ORDER = Object.keys(ACT_FORMS) as ActName[];
const weight = (act: ActName, hazard: Hazard): number => {
  if (act === 'decideExtension') return -2;
  if (act === 'plan' && hazard.grade === 'major' && !hazard.planned) return hazard.state === 'rectifying' ? -1 : ORDER.indexOf('start') + 0.5;
  if (act === 'plan') return ORDER.indexOf('progress') + 0.5;
  return ORDER.indexOf(act);
};

export const offeredActs = (hazard: Hazard): { usual: ActName[]; rare: ActName[] } => {
  const known = hazard.allowedActs.filter((act) => Object.hasOwn(ACT_FORMS, act)).sort((a, b) => weight(a, hazard) - weight(b, hazard));
  const isRare = (act: ActName): boolean => ACT_FORMS[act].rare === true || (act === 'plan' && hazard.planned);
  const usual = known.filter((act) => !isRare(act));
  // Nothing but rare acts: then they are what is expected.
  return usual.length === 0 ? { usual: known, rare: [] } : { usual, rare: known.filter(isRare) };
};
