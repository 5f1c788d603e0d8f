/** 自查 self-audit: what must hold of the record, the engine and the files at any instant, in words; and what a report of it looks like. */

export const AUDIT_AREAS = ['record', 'duties', 'deadlines', 'notices', 'evidence', 'engine', 'access', 'sensors', 'rules'] as const;
export type AuditArea = (typeof AUDIT_AREAS)[number];

/** error: the record is wrong or a rule was broken. warning: somebody should look. */
export type AuditSeverity = 'error' | 'warning';

export interface Invariant {
  area: AuditArea;
  severity: AuditSeverity;
  zh: string;
  en: string;
}

const error = (area: AuditArea, zh: string, en: string): Invariant => ({ area, severity: 'error', zh, en });
const warning = (area: AuditArea, zh: string, en: string): Invariant => ({ area, severity: 'warning', zh, en });

/** By stable id: an id never changes its meaning. */
export const INVARIANTS = {
  'record-seq-whole': error('record', '每个案卷的流转序号从 1 起连续无缺', 'The transitions of a case are numbered from 1 without a gap'),
  'record-first-is-open': error('record', '每个案卷以立案开始且只立案一次', 'A case begins with its opening and is opened once'),
  'record-moves-legal': error('record', '每次流转都是状态机允许的', 'Every transition is a move of the automaton'),
  'record-states-connected': error('record', '每次流转的起始状态等于上一次的结果状态', 'Every transition begins in the state that the one before it left'),
  'record-projection-current': error('record', '案卷的状态与序号等于最后一次流转', 'State and number of a case are those of its last transition'),
  'record-snapshot-agrees': error('record', '案卷各列与其快照一致', 'The columns of a case say what its snapshot says'),
  'record-closed-at': error('record', '有办结时间的案卷处于办结状态，反之亦然', 'A case has an instant of closing exactly when its state is a closed one'),
  'record-cycles': error('record', '轮次从 1 起，仅在重新开启时加一', 'The cycle begins at 1 and grows by one with each reopening and never else'),
  'record-refusals-apart': error('record', '被拒绝的操作不占流转序号，也不进入链', 'A refused act has a code, no number and no place in the chain'),
  'record-clock-forward': error('record', '同一案卷的服务器时间不倒退', 'Server time never runs backwards within a case'),
  'record-chain-whole': error('record', '每次流转的哈希与内容及前一哈希相符', 'The hash of every transition matches its content and the hash before it'),
  'record-chain-head': error('record', '案卷所记链头等于最后一次流转的哈希', 'The chain head of a case is the hash of its last transition'),
  'record-keys': error('record', '每次流转的幂等键由案卷与序号组成', 'The key of every transition is made of its case and number'),
  'record-persons-named': error('record', '人的操作都记有人员、单位与角色', 'Every act of a person names the person, the organisation and the role'),
  'record-persons-known': error('record', '流转所记人员与单位均在册', 'Whoever is named by a transition is on record'),
  'record-reasons-given': error('record', '须说明理由的操作都有理由', 'Every act that needs words has them'),
  'record-reports-taken': error('record', '每份上报都已归入一个案卷', 'Every report has a case'),
  'record-graded': error('record', '已派发的案卷均已分级，且与最后一次分级一致', 'A case that was dispatched has the grade of its last triage'),
  'record-items-agree': error('record', '整改项与案卷快照一致', 'The items of a case are those of its snapshot'),
  'record-merges-mutual': error('record', '合并的双方互相记录', 'A merged case and the one that took it name each other'),
  'record-redirects-mutual': error('record', '移交的双方互相记录', 'A redirected case and its successor name each other'),
  'record-append-only': error('record', '只增表的触发器齐全且启用', 'The tables of record refuse update, delete and truncate'),

  'duty-judge-not-rectifier': error('duties', '验收、驳回、会签与回看的人从未负责或参与该案整改', 'Nobody judges a case that they were responsible for or rectified, in whatever cycle'),
  'duty-judge-not-of-enterprise': error('duties', '验收人不以责任企业身份行事', 'Nobody judges a case for the enterprise that it belongs to'),
  'duty-judge-not-of-contractor': error('duties', '验收人不属于责任企业的承包商或发包方', 'Nobody of a contractor or principal of the enterprise judges its case'),
  'duty-judge-not-by-delegation': error('duties', '验收人不受整改人委托', 'Nobody judges a case for somebody who rectified it'),
  'duty-role-may': error('duties', '每次操作的角色有此权限', 'The role of every act has the permission for it'),
  'duty-own-cases-only': error('duties', '企业人员只处理本企业的案卷', 'People of an enterprise act on its own cases only'),
  'duty-major-two-persons': error('duties', '重大隐患由两名不同的人验收', 'A major hazard is accepted by two different persons'),
  'duty-signers-signed': error('duties', '加签的人都在验收前签署', 'Every added signer signed before the acceptance'),
  'duty-evidence-of-fix': error('duties', '每次验收前有整改之后提交的证据', 'Before every acceptance there is evidence that was submitted after the work began'),
  'duty-major-on-site': error('duties', '重大隐患验收附有现场证据', 'The acceptance of a major hazard has evidence from the site'),
  'duty-major-planned': error('duties', '重大隐患提交整改前有整改方案', 'A major hazard has a plan before its rectification is submitted'),
  'duty-dismisser-not-reporter': error('duties', '驳回人不是报告人', 'Nobody dismisses what they reported'),
  'duty-statutory-not-dismissed': error('duties', '法定限值触发的案卷从未被驳回', 'A case of a statutory limit is never dismissed'),
  'duty-extension-asked': error('duties', '每次延期决定之前都有申请', 'Every decision on an extension has a request before it'),
  'duty-extension-level': error('duties', '重大隐患的延期与再次延期由园区负责人决定', 'Extensions of a major hazard, and every further one, are decided by the head of the park'),
  'duty-extension-capped': error('duties', '延期的次数与长度不超过当时的园区策略', 'Extensions keep to the number and length of the policy in force'),
  'duty-pause-capped': error('duties', '暂停的次数与长度不超过当时的园区策略', 'Pauses keep to the number and length of the policy in force'),
  'duty-items-accepted': error('duties', '验收时所有整改项均已通过', 'A case is accepted only with all of its items'),
  'duty-accepted-at': error('duties', '已验收或归档的案卷记有其验收时间', 'A case that is accepted or archived has the instant of its acceptance'),
  'duty-listed-not-archived': error('duties', '挂牌案卷摘牌后才归档', 'A listed case is archived only after it was delisted'),
  'duty-responsible-member': warning('duties', '在办案卷的责任人仍属责任企业', 'The responsible person of an open case is still of its enterprise'),

  'deadline-of-state': error('deadlines', '每个在办案卷都有其状态要求的期限', 'Every open case has the deadline that its state demands'),
  'deadline-one-end': error('deadlines', '一个期限不会既完成又撤销', 'A deadline is not both met and withdrawn'),
  'deadline-in-order': error('deadlines', '期限的开始、到期与结束先后有序', 'A deadline does not end before it began, nor is it breached before it was due'),
  'deadline-agrees-with-case': error('deadlines', '在办案卷的期限与其快照逐一相同', 'The open deadlines on record are those that the case runs by'),
  'deadline-as-told': error('deadlines', '整改期限等于派发通知书所告知的期限', 'The rectification deadline is the one that the dispatch notice told'),
  'deadline-basis-known': error('deadlines', '每个期限的依据是在册的园区策略', 'The basis of every deadline is a policy on record'),
  'deadline-breach-told': error('deadlines', '每次逾期都有流转记录和逾期通知', 'Every breach is on the record and was told'),
  'deadline-breach-kept': error('deadlines', '到期的期限都已记为逾期', 'No deadline that has passed is still running'),
  'deadline-breach-on-time': warning('deadlines', '近两日的逾期在到期后不久即被记录', 'Every breach of the last two days was recorded shortly after it was due'),
  'deadline-none-after-close': error('deadlines', '办结案卷没有未了的整改期限', 'A closed case has no deadline of its handling left'),
  'supervision-by-cause': error('deadlines', '每级督办与其起因相符', 'Every level of supervision fits its cause'),
  'supervision-told': error('deadlines', '每次督办都有通知书和抄送', 'Every supervision was told by a notice with a copy'),
  'supervision-ends': error('deadlines', '结束的督办有结果，已验收案卷没有在办督办', 'A supervision that ended has its outcome; an accepted case has none open'),
  'supervision-one-open': error('deadlines', '一个案卷至多一级督办在办，且与案卷所记一致', 'At most one supervision of a case is open, and the case says so'),
  'supervision-has-deadline': error('deadlines', '每级督办有同一到期时间的期限', 'Every supervision has a deadline with the same due instant'),

  'task-overdue-kept': error('deadlines', '逾期未办的任务都已记为逾期', 'No task that has passed its time is still without its mark'),

  'notice-dispatch-copied': error('notices', '每次派发都有通知书和给应急办的抄送', 'Every dispatch has its notice and a copy to the emergency office'),
  'notice-same-transaction': error('notices', '案卷的通知书与抄送和其流转在同一事务中记录', 'The notices and copies of a transition were recorded in its own transaction'),
  'notice-verdict-told': error('notices', '每次驳回与验收都有通知书', 'Every rejection and every acceptance was told to the enterprise'),
  'notice-in-inbox': error('notices', '每份通知都在收件箱', 'Every notice is in the inbox of its recipient'),
  'notice-failure-has-task': error('notices', '每次未送达都有人负责处理', 'Every notice that could not be delivered is a task of somebody'),
  'notice-not-hanging': error('notices', '没有一份送达长久悬而未决', 'No delivery waits longer than a mail is tried'),
  'notice-of-known-matter': error('notices', '每份通知所属的案卷或报警在册且同属一家', 'Every notice is about a case or an alarm of the same tenant that is on record'),
  'notice-words-whole': error('notices', '通知的正文完整，没有空白或占位符', 'The words of a notice are whole: no empty text and no placeholder'),

  'evidence-on-record': error('evidence', '每个证据文件都有登记', 'Every file that evidence names is registered'),
  'evidence-file-there': error('evidence', '每个登记的文件都在且大小相符', 'Every registered file is there in its size'),
  'evidence-file-whole': error('evidence', '文件内容与其 SHA-256 相符', 'The content of every file has its hash'),
  'evidence-no-orphans': warning('evidence', '证据库中没有超过一天未登记的文件', 'No file lies unregistered in the store for more than a day'),
  'evidence-within-limit': error('evidence', '没有超过限制大小的证据', 'No file is larger than the limit'),
  'evidence-superseded-in-case': error('evidence', '证据只被同一案卷的证据取代', 'Evidence is superseded by evidence of the same case only'),
  'package-per-cycle': error('evidence', '每个归档的轮次都有归档包', 'Every archived cycle has its package'),
  'package-whole': error('evidence', '归档包的文件、哈希与链头均相符', 'Files, hashes and chain head of every package match the record'),

  'outbox-drained': error('engine', '发件箱中没有滞留的消息', 'Nothing in the outbox waits long after its turn'),
  'outbox-no-dead-letters': error('engine', '没有反复投递失败的消息', 'No message failed again and again'),
  'engine-open-case-runs': error('engine', '每个在办案卷有一个正在运行的工作流', 'Every case that is not finished has its running workflow'),
  'engine-closed-case-rests': error('engine', '已了结的案卷没有运行中的工作流', 'A finished case has no running workflow'),
  'engine-state-agrees': error('engine', '工作流的状态与记录一致', 'The workflow of a case is in the state of the record'),
  'engine-supervision-agrees': error('engine', '运行中的督办工作流与在办督办一致', 'Every running supervision workflow belongs to an open supervision'),
  'engine-supervision-watched': warning('engine', '每级在办督办有自己的工作流（缺失时由案卷自行计时）', 'Every open supervision has its own workflow; without it the case keeps the time itself'),
  'engine-open-task-runs': error('engine', '每个未办任务有一个正在运行的工作流', 'Every open task has its running workflow'),
  'engine-no-strays': error('engine', '没有无案卷的工作流', 'No workflow runs for a case that is not on record'),

  'access-rows-of-case': error('access', '案卷各表的租户与案卷一致', 'Reports and notices of a case are of the tenant of the case'),
  'access-row-security': error('access', '每张表都启用并强制行级安全', 'Row-level security is enabled and forced on every table'),
  'access-policies': error('access', '每张表有服务策略，且没有无条件的策略', 'Every table has its service policy and none that lets everybody in'),
  'access-role-bound': error('access', '应用角色不能绕过行级安全，也不拥有任何表', 'The role of the processes cannot bypass row-level security and owns nothing'),
  'access-foreign-keys': error('access', '所有外键均已校验', 'Every foreign key is validated'),
  'access-grants-formed': error('access', '授权只给监管机构、只针对企业、由在册人员批准', 'A grant is for a regulator, about an enterprise, approved by a person of the park'),
  'access-grants-short': warning('access', '授权期限不超过一年', 'No grant lasts longer than a year'),
  'access-disabled-out': error('access', '停用账户没有会话', 'A disabled account has no session'),
  'access-membership-fits': error('access', '每个任职的角色与单位性质相符', 'The role of every membership belongs into its kind of organisation'),
  'access-one-side': warning('access', '没有人同时在园区与企业任职', 'Nobody is of the park and of an enterprise at once'),
  'access-accounts-used': warning('access', '启用的账户都有任职', 'Every enabled account has a membership'),

  'sensor-case-born': error('sensors', '传感器案卷所记事件、规则与流程版本均在册', 'The event, rule version and flow version of a case from a sensor are on record'),
  'sensor-raised-has-alarm': error('sensors', '每个超限事件都有报警', 'Every raised event has its alarm'),
  'sensor-statutory-taken-up': error('sensors', '每个法定超限事件都已被处理且有案卷', 'Every statutory event was taken up and has its case'),
  'sensor-alarm-state': error('sensors', '报警状态与其事实相符', 'The state of an alarm follows from its facts'),
  'rule-one-active': error('rules', '每条规则至多一个版本生效', 'At most one version of a rule is active'),
  'rule-of-known-flow': error('rules', '流程规则的流程版本在册', 'The flow version of a rule is on record'),
  'rule-flows-whole': error('rules', '流程版本的内容与其哈希相符', 'The content of every flow version has its hash'),
  'rule-policies-clear': error('rules', '任一时刻适用的园区策略唯一', 'At any instant one policy is in force without doubt'),
  'rule-calendar-signed': error('rules', '每个载入年度的法定日历签名有效', 'The calendar of every loaded year verifies'),
} as const satisfies Record<string, Invariant>;

export type InvariantId = keyof typeof INVARIANTS;
export const INVARIANT_IDS = Object.keys(INVARIANTS) as InvariantId[];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** What is given to a running park before it counts as wrong, and how much a report holds. Milliseconds. */
export const SELF_AUDIT = {
  /** Between a row and what other transactions make of it: a case from its report, the other side of a merge, a package. */
  settleMs: 5 * MINUTE,
  /** A message whose turn has come leaves within this. */
  outboxMs: MINUTE,
  /** A message that failed so often needs a person. */
  deadAfterAttempts: 10,
  /** A timer that is later than this was lost. */
  timerMs: 10 * MINUTE,
  /** A breach that was recorded later than this is late. It is told for so long: that the park stood still cannot be mended afterwards. */
  lateMs: 5 * MINUTE,
  lateToldMs: 2 * DAY,
  orphanMs: DAY,
  grantMs: 366 * DAY,
  /** A disagreement with the engine is looked at again after this before it counts. */
  engineSettleMs: 5 * SECOND,
  /** A workflow that gives no answer within this is asked later. */
  engineAnswerMs: 10 * SECOND,
  /** Records that a report names of one invariant; all are counted. */
  named: 100,
  /** Somebody looks at a violation within this. */
  taskMs: DAY,
  /** The nightly run hashes so many bytes of evidence, the newest first. */
  hashBytes: 20 * 1024 ** 3,
} as const;

/** not_checked: could not be looked at (the engine is away); never to be read as ok. */
export type FindingStatus = 'ok' | 'violated' | 'not_checked';

export interface Finding {
  id: InvariantId;
  severity: AuditSeverity;
  status: FindingStatus;
  /** How many violate it. */
  violations: number;
  /** The first of them by name, `hazard/{id}/{seq}`, `notice/{id}`, `blob/{sha256}` ... */
  records: string[];
  /** Why it was not checked, or how much of it was. */
  note: string | null;
}

export interface SelfAuditReport {
  format: 'parkwarden.self-audit/1';
  reportId: string;
  /** ISO instants. The database was read as of `snapshotAt`. */
  startedAt: string;
  snapshotAt: string;
  finishedAt: string;
  findings: Finding[];
}

export interface SignedSelfAudit {
  report: SelfAuditReport;
  /** Ed25519 over the canonical JSON of `report`, in base64, and the key that it verifies with. */
  signature: { keyId: string; publicKey: string; value: string };
}

export type SelfAuditOutcome = 'ok' | 'violated' | 'not_checked';

/** What was violated outweighs what could not be looked at. */
export const outcomeOf = (findings: readonly Finding[]): SelfAuditOutcome =>
  findings.some((f) => f.status === 'violated') ? 'violated' : findings.some((f) => f.status === 'not_checked') ? 'not_checked' : 'ok';

/** `npm run audit` ends with it. */
export const EXIT_CODES: Record<SelfAuditOutcome, number> = { ok: 0, violated: 2, not_checked: 3 };
