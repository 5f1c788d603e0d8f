/** Words for what stands in the document of an archive package, in zh and en. */
import type { CommandName, DeadlineKind, HazardCase } from '../domain/hazard-case.ts';
import type { Channel, DeliveryState } from '../domain/channels.ts';
import type { Named, NoticeKind } from '../domain/notices.ts';
import type { Role } from '../domain/permissions.ts';
import type { SupervisionCause } from '../domain/supervision.ts';

const COMMANDS = {
  open: { zh: '立案', en: 'Case opened' },
  join: { zh: '并入上报', en: 'Further report' },
  triage: { zh: '分级', en: 'Graded' },
  dismiss: { zh: '驳回（非隐患）', en: 'Dismissed' },
  reconsider: { zh: '重新受理', en: 'Taken up again' },
  merge: { zh: '并入另一隐患', en: 'Merged' },
  unmerge: { zh: '撤销合并', en: 'Merge undone' },
  absorb: { zh: '接收重复隐患', en: 'Duplicate taken in' },
  release: { zh: '放出重复隐患', en: 'Duplicate let go' },
  redirect: { zh: '转其他企业', en: 'Redirected' },
  needsOwner: { zh: '待指派责任人', en: 'Needs an owner' },
  dispatch: { zh: '派发', en: 'Dispatched' },
  returnDispatch: { zh: '退回派发', en: 'Dispatch returned' },
  reassess: { zh: '退回重新分级', en: 'Sent back to grading' },
  handover: { zh: '移交责任人', en: 'Handed over' },
  start: { zh: '开始整改', en: 'Rectification begun' },
  plan: { zh: '制定整改方案', en: 'Plan laid down' },
  progress: { zh: '整改进展', en: 'Progress' },
  split: { zh: '拆分整改项', en: 'Split into items' },
  requestExtension: { zh: '申请延期', en: 'Extension asked' },
  withdrawExtension: { zh: '撤回延期申请', en: 'Extension withdrawn' },
  decideExtension: { zh: '审批延期', en: 'Extension decided' },
  pause: { zh: '暂停计时', en: 'Clock paused' },
  resume: { zh: '恢复计时', en: 'Clock resumed' },
  submit: { zh: '提交验收', en: 'Submitted' },
  withdraw: { zh: '撤回提交', en: 'Submission withdrawn' },
  addSigner: { zh: '加签', en: 'Signer added' },
  sign: { zh: '签署验收意见', en: 'Signed' },
  acceptItems: { zh: '部分验收合格', en: 'Items accepted' },
  reject: { zh: '验收不合格', en: 'Rejected' },
  accept: { zh: '验收合格', en: 'Accepted' },
  list: { zh: '挂牌督办', en: 'Listed' },
  delist: { zh: '摘牌', en: 'Delisted' },
  archive: { zh: '归档', en: 'Archived' },
  lookBackDue: { zh: '“回头看”到期', en: 'Look-back due' },
  lookBack: { zh: '“回头看”', en: 'Look-back' },
  reopen: { zh: '重新启用', en: 'Reopened' },
  remind: { zh: '催办', en: 'Reminder' },
  breach: { zh: '期限届满未完成', en: 'Deadline passed' },
  supervise: { zh: '二次督办', en: 'Second supervision' },
  supervisionBreached: { zh: '督办期限届满', en: 'Supervision ran out' },
} as const satisfies Record<CommandName, Named>;

const ROLES = {
  park_admin: { zh: '园区管理', en: 'park administration' },
  emergency_office: { zh: '应急管理办公室', en: 'emergency office' },
  inspector: { zh: '检查人员', en: 'inspector' },
  enterprise_safety_officer: { zh: '企业安全员', en: 'enterprise safety officer' },
  investment_office: { zh: '招商部门', en: 'investment office' },
  process_owner: { zh: '流程负责人', en: 'process owner' },
  regulator: { zh: '监管部门', en: 'regulator' },
} as const satisfies Record<Role, Named>;

const DEADLINES = {
  triage: { zh: '分级期限', en: 'grading' },
  dispatch: { zh: '派发期限', en: 'dispatch' },
  rectify: { zh: '整改期限', en: 'rectification' },
  item: { zh: '整改项期限', en: 'item' },
  supervision: { zh: '督办期限', en: 'supervision' },
  delist: { zh: '摘牌期限', en: 'delisting' },
  look_back: { zh: '“回头看”期限', en: 'look-back' },
} as const satisfies Record<DeadlineKind, Named>;

const CAUSES = {
  overdue: { zh: '逾期未整改', en: 'not rectified in time' },
  review_overdue: { zh: '逾期未验收', en: 'not reviewed in time' },
  rejected: { zh: '验收不合格', en: 'rejected' },
  supervision_breached: { zh: '上一级督办逾期', en: 'the level before ran out' },
} as const satisfies Record<SupervisionCause, Named>;

const OUTCOMES: Record<string, Named> = {
  accepted: { zh: '验收合格', en: 'accepted' },
  escalated: { zh: '升级', en: 'escalated' },
  exhausted: { zh: '用尽各级', en: 'all levels used' },
};

const PURPOSES: Record<string, Named> = {
  report: { zh: '上报', en: 'report' },
  sensor: { zh: '传感器', en: 'sensor' },
  progress: { zh: '进展', en: 'progress' },
  submission: { zh: '提交验收', en: 'submission' },
  acceptance: { zh: '验收', en: 'acceptance' },
  extension: { zh: '延期申请', en: 'extension' },
  look_back: { zh: '“回头看”', en: 'look-back' },
};

const ITEM_STATES = {
  open: { zh: '未完成', en: 'open' },
  submitted: { zh: '待验收', en: 'submitted' },
  accepted: { zh: '验收合格', en: 'accepted' },
} as const satisfies Record<HazardCase['items'][number]['state'], Named>;

const NOTICES = {
  alarm: { zh: '报警通知', en: 'alarm' },
  dispatch: { zh: '派发通知', en: 'dispatch' },
  reminder: { zh: '催办通知', en: 'reminder' },
  overdue: { zh: '逾期通知', en: 'overdue' },
  supervision: { zh: '督办通知', en: 'supervision' },
  rejection: { zh: '验收不合格通知', en: 'rejection' },
  acceptance: { zh: '验收合格通知', en: 'acceptance' },
  extension: { zh: '延期通知', en: 'extension' },
  handover: { zh: '移交通知', en: 'handover' },
  returned: { zh: '退回通知', en: 'returned' },
  merged: { zh: '合并通知', en: 'merged' },
  reopened: { zh: '重新启用通知', en: 'reopened' },
  look_back: { zh: '“回头看”通知', en: 'look-back' },
  listing: { zh: '挂牌通知', en: 'listing' },
  delisting: { zh: '摘牌通知', en: 'delisting' },
  major_report: { zh: '重大隐患报告', en: 'report of a major hazard' },
  task: { zh: '任务通知', en: 'task' },
} as const satisfies Record<NoticeKind, Named>;

const CHANNELS = {
  inbox: { zh: '站内', en: 'inbox' },
  smtp: { zh: '邮件', en: 'mail' },
  robot: { zh: '群机器人', en: 'group robot' },
  sms: { zh: '短信', en: 'text message' },
  voice: { zh: '语音', en: 'call' },
} as const satisfies Record<Channel, Named>;

const DELIVERIES = {
  pending: { zh: '待发送', en: 'pending' },
  collecting: { zh: '汇总中', en: 'collecting' },
  in_digest: { zh: '已并入摘要', en: 'in a digest' },
  sent: { zh: '已发送', en: 'sent' },
  delivered: { zh: '已送达', en: 'delivered' },
  failed: { zh: '发送失败', en: 'failed' },
  unknown: { zh: '结果不明', en: 'unknown' },
} as const satisfies Record<DeliveryState, Named>;

export const ARCHIVE_WORDS = {
  command: COMMANDS, role: ROLES, deadline: DEADLINES, cause: CAUSES, outcome: OUTCOMES, purpose: PURPOSES, itemState: ITEM_STATES, notice: NOTICES, channel: CHANNELS, delivery: DELIVERIES,
} as const satisfies Record<string, Record<string, Named>>;

/** The word of a code; a code that a later version brought stands for itself: an archive must be readable all the same. */
export const archiveWord = (list: keyof typeof ARCHIVE_WORDS, code: string): Named => {
  const words: Record<string, Named> = ARCHIVE_WORDS[list];
  return (Object.hasOwn(words, code) ? words[code] : undefined) ?? { zh: code, en: code };
};
