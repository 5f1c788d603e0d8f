/**
 * Refusals: every "no" of the product has a stable code, an HTTP status and words in zh and en.
 * A code never changes its meaning; a new meaning gets a new code.
 */
export interface RefusalText {
  status: 400 | 401 | 403 | 404 | 405 | 409 | 410 | 412 | 413 | 415 | 422 | 423 | 428 | 429 | 500 | 503;
  zh: string;
  en: string;
}

export const REFUSALS = {
  // request
  'request.invalid': { status: 422, zh: '请求内容不符合要求', en: 'The request is not valid' },
  'request.malformed': { status: 400, zh: '请求格式无法解析', en: 'The request could not be parsed' },
  'request.too_large': { status: 413, zh: '请求内容过大', en: 'The request is too large' },
  'request.media_type': { status: 415, zh: '不支持的媒体类型', en: 'The media type is not supported' },
  'request.not_found': { status: 404, zh: '未找到', en: 'Not found' },
  'request.method': { status: 405, zh: '不支持的请求方法', en: 'The method is not supported here' },
  'request.cursor_invalid': { status: 400, zh: '分页游标无效', en: 'The cursor is not valid' },
  'request.idempotency_mismatch': { status: 422, zh: '同一幂等键用于不同的请求', en: 'The Idempotency-Key was used for a different request' },
  'request.idempotency_running': { status: 409, zh: '同一幂等键的请求正在处理', en: 'A request with this Idempotency-Key is still running' },
  'request.idempotency_required': { status: 428, zh: '缺少 Idempotency-Key', en: 'An Idempotency-Key header is required' },
  'request.version_conflict': { status: 412, zh: '记录已被他人更新', en: 'The record has changed since it was read' },
  'request.rate_limited': { status: 429, zh: '请求过于频繁', en: 'Too many requests' },
  'service.unavailable': { status: 503, zh: '服务暂不可用，请稍后重试', en: 'The service is not available, try again later' },
  'service.failed': { status: 500, zh: '服务内部错误', en: 'The service failed' },
  // sign-in
  'auth.required': { status: 401, zh: '请先登录', en: 'Sign in first' },
  'auth.failed': { status: 401, zh: '用户名或密码错误', en: 'Wrong user name or password' },
  'auth.locked': { status: 423, zh: '账户已锁定，请稍后再试', en: 'The account is locked, try again later' },
  'auth.csrf': { status: 403, zh: '缺少或错误的 CSRF 令牌', en: 'The CSRF token is missing or wrong' },
  'auth.password_change_required': { status: 403, zh: '首次登录须修改密码', en: 'Change the password first' },
  'auth.password_weak': { status: 422, zh: '密码强度不足', en: 'The password is too weak' },
  'account.username_taken': { status: 409, zh: '用户名已被使用', en: 'The user name is taken' },
  'account.not_found': { status: 404, zh: '未找到该账户', en: 'There is no such account' },
  'account.role_mismatch': { status: 422, zh: '该角色不属于此类组织', en: 'This role does not belong into that kind of organisation' },
  'account.disables_itself': { status: 409, zh: '不得停用本人账户', en: 'Nobody may disable their own account' },
  'grant.invalid': { status: 422, zh: '授权内容无效', en: 'The grant is not valid' },
  'delegation.delegate_invalid': { status: 422, zh: '受托人须为同一单位（园区部门之间可互相委托）的其他人员', en: 'A delegate is another person of the same organisation, or of another department of the park' },
  'delegation.term_invalid': { status: 422, zh: '委托期限无效', en: 'The term of the delegation is not valid' },
  'delegation.not_found': { status: 404, zh: '未找到该委托', en: 'There is no such delegation' },
  'affiliation.invalid': { status: 422, zh: '承包关系无效', en: 'The affiliation is not valid' },
  'affiliation.not_found': { status: 404, zh: '未找到该承包关系', en: 'There is no such affiliation' },
  'permission.denied': { status: 403, zh: '没有此项权限', en: 'You may not do this' },
  // hazard
  'hazard.not_found': { status: 404, zh: '未找到该隐患', en: 'There is no such hazard' },
  'hazard.illegal_move': { status: 409, zh: '当前状态不允许此操作', en: 'This act is not possible in the present state' },
  'hazard.not_started': { status: 409, zh: '隐患尚未登记完成', en: 'The hazard is not registered yet' },
  'hazard.self_acceptance': { status: 403, zh: '整改人不得验收本人整改的隐患', en: 'Whoever rectified a hazard may not accept it' },
  'hazard.acceptor_from_enterprise': { status: 403, zh: '责任企业人员不得验收本企业隐患', en: 'Nobody of the responsible enterprise may accept its hazard' },
  'hazard.reporter_dismisses': { status: 403, zh: '报告人不得驳回本人上报的隐患', en: 'Whoever reported a hazard may not dismiss it' },
  'hazard.statutory_dismissal': { status: 409, zh: '法定限值触发的隐患不得驳回', en: 'A case opened by a statutory limit cannot be dismissed' },
  'hazard.reason_required': { status: 422, zh: '必须填写原因', en: 'A reason is required' },
  'hazard.evidence_required': { status: 422, zh: '必须附照片或视频证据', en: 'Photo or video evidence is required' },
  'hazard.evidence_unknown': { status: 422, zh: '证据文件尚未上传', en: 'The evidence file has not been uploaded' },
  'hazard.responsible_invalid': { status: 422, zh: '责任人不属于责任企业', en: 'The responsible person is not of the responsible enterprise' },
  'hazard.report_incomplete': { status: 422, zh: '隐患上报缺少必填项', en: 'The hazard report is incomplete' },
  'hazard.asset_unknown': { status: 422, zh: '未找到该设备', en: 'There is no such asset' },
  'hazard.tenant_required': { status: 422, zh: '必须指明责任企业', en: 'The responsible enterprise must be named' },
  'hazard.tenant_invalid': { status: 422, zh: '责任企业无效', en: 'The responsible enterprise is not valid' },
  'hazard.type_unknown': { status: 422, zh: '未知的隐患类型', en: 'Unknown hazard type' },
  'hazard.overdue': { status: 409, zh: '隐患已逾期或已被督办，不得改变整改时限', en: 'The hazard is overdue or supervised: its clock cannot be left' },
  'hazard.paused': { status: 409, zh: '整改时限暂停期间不能进行此操作', en: 'Not while the time of rectification stands still' },
  'hazard.pause_limit': { status: 409, zh: '暂停次数或时长超出上限', en: 'No more or no longer pause is allowed' },
  'hazard.extension_pending': { status: 409, zh: '已有延期申请待决定', en: 'An extension has been asked for already' },
  'hazard.extension_none': { status: 409, zh: '没有待决定的延期申请', en: 'No extension has been asked for' },
  'hazard.extension_limit': { status: 409, zh: '延期次数或时长超出上限', en: 'No more or no longer extension is allowed' },
  'hazard.extension_invalid': { status: 422, zh: '延期后的期限无效', en: 'The new deadline is not valid' },
  'hazard.decision_level': { status: 403, zh: '须由更高层级决定', en: 'A higher level has to decide this' },
  'hazard.plan_required': { status: 409, zh: '重大隐患须先制定整改方案', en: 'A major hazard needs a plan of rectification first' },
  'hazard.item_unknown': { status: 422, zh: '整改项不存在或状态不符', en: 'There is no such item in that state' },
  'hazard.item_invalid': { status: 422, zh: '整改项无效', en: 'The item is not valid' },
  'hazard.items_open': { status: 409, zh: '尚有整改项未提交', en: 'Items are still open' },
  'hazard.items_complete': { status: 409, zh: '全部整改项已完成，请验收整个隐患', en: 'Every item is done: accept the case' },
  'hazard.review_begun': { status: 409, zh: '验收已开始，不能撤回', en: 'The review has begun' },
  'hazard.already_signed': { status: 409, zh: '已签字', en: 'Signed already' },
  'hazard.signature_missing': { status: 409, zh: '验收签字不全', en: 'A signature is missing' },
  'hazard.on_site_required': { status: 422, zh: '重大隐患须现场验收', en: 'A major hazard is accepted on site' },
  'hazard.not_on_site': { status: 422, zh: '验收位置与隐患位置不符', en: 'The acceptance was not made at the hazard' },
  'hazard.not_major': { status: 409, zh: '仅重大隐患可以挂牌督办', en: 'Only a major hazard is listed' },
  'hazard.already_listed': { status: 409, zh: '已挂牌督办', en: 'Listed already' },
  'hazard.merge_target': { status: 422, zh: '不能合并到该隐患', en: 'It cannot be merged into that case' },
  'hazard.look_back_not_due': { status: 409, zh: '没有到期的回头看', en: 'No look-back is due' },
  // responsibility
  'responsibility.not_found': { status: 404, zh: '未找到该责任规则', en: 'There is no such responsibility rule' },
  'responsibility.ended': { status: 409, zh: '责任规则已终止', en: 'The responsibility rule has ended' },
  'responsibility.person_invalid': { status: 422, zh: '责任人不是该企业的安全员', en: 'The person is no safety officer of the enterprise' },
  // alarm
  'alarm.not_found': { status: 404, zh: '未找到该报警', en: 'There is no such alarm' },
  'alarm.already_acknowledged': { status: 409, zh: '报警已被确认收悉', en: 'The alarm is acknowledged already' },
  'alarm.already_judged': { status: 409, zh: '报警真伪已判定', en: 'The alarm is judged already' },
  'alarm.reason_required': { status: 422, zh: '判定误报必须填写原因', en: 'A false alarm needs a reason' },
  'alarm.closed': { status: 409, zh: '报警已关闭', en: 'The alarm is closed' },
  // evidence
  'blob.hash_mismatch': { status: 422, zh: '文件内容与 SHA-256 不符', en: 'The content does not match its SHA-256' },
  'blob.media_type': { status: 415, zh: '仅接受 JPEG、PNG、WebP 照片与 MP4 视频', en: 'Only JPEG, PNG or WebP photos and MP4 videos are accepted' },
  'blob.frames': { status: 422, zh: '照片只能有一帧', en: 'A photo has one frame' },
  'blob.undecodable': { status: 422, zh: '文件已损坏或无法在限定的时间与内存内解码', en: 'The file is damaged or cannot be decoded within the limits' },
  'blob.range': { status: 422, zh: '上传分段与声明的范围或总长度不符', en: 'The piece does not match the range or the total that it states' },
  'blob.offset': { status: 409, zh: '上传分段未从已接收的位置开始', en: 'The piece does not begin where the upload stands' },
  'blob.quota': { status: 429, zh: '未完成的上传过多，请先完成或等待其过期', en: 'Too much is begun and not finished: finish it, or wait until it expires' },
  'blob.storage_full': { status: 503, zh: '存储空间不足，请稍后重试', en: 'There is no room to store the file, try again later' },
  'blob.pixels': { status: 422, zh: '图片像素过大', en: 'The picture has too many pixels' },
  'blob.not_found': { status: 404, zh: '未找到该文件', en: 'There is no such file' },
  'blob.too_large': { status: 413, zh: '文件过大', en: 'The file is too large' },
  // archive
  'archive.not_found': { status: 404, zh: '未找到该归档包', en: 'There is no such archive package' },
  'archive.damaged': { status: 500, zh: '归档文件已损坏或缺失，请联系管理员', en: 'The archive file is damaged or missing: tell the administrator' },
  'archive.document_pending': { status: 404, zh: '归档文书正在生成', en: 'The document of the package is still being made' },
  // notices
  'notice.placeholder_empty': { status: 422, zh: '通知书存在空白项', en: 'The notice has an empty placeholder' },
  'notice.kind_unknown': { status: 422, zh: '未知的通知类型', en: 'Unknown kind of notice' },
  'notice.language_unknown': { status: 422, zh: '未知的通知语言', en: 'Unknown language of a notice' },
  'notice.fact_unknown': { status: 422, zh: '通知书不使用该事实项', en: 'The notice has no such fact' },
  'notice.fact_invalid': { status: 422, zh: '通知书事实项格式不正确', en: 'A fact of the notice does not have its form' },
  'notice.link_denied': { status: 422, zh: '通知书链接只能指向本系统', en: 'A notice may link to this system only' },
  'notice.not_found': { status: 404, zh: '未找到该通知', en: 'There is no such notice' },
  // tasks and patrols
  'task.not_found': { status: 404, zh: '未找到该任务', en: 'There is no such task' },
  'task.done_already': { status: 409, zh: '任务已办结', en: 'The task is done already' },
  'task.note_required': { status: 422, zh: '未按要求完成的任务必须说明情况', en: 'A task that was not done as asked needs a note' },
  'task.owner_invalid': { status: 422, zh: '任务承办单位或承办人无效', en: 'The owner of the task is not valid' },
  'task.asset_unknown': { status: 422, zh: '该单位没有此设备', en: 'The organisation has no such asset' },
  'task.due_invalid': { status: 422, zh: '办理期限必须晚于当前时间', en: 'The task must be due later than now' },
  'patrol.not_found': { status: 404, zh: '未找到该巡检计划', en: 'There is no such patrol plan' },
  'patrol.schedule_invalid': { status: 422, zh: '巡检计划的时间安排无效', en: 'The schedule of the patrol plan is not valid' },
  'patrol.place_invalid': { status: 422, zh: '巡检计划必须指明一个设备、区域或路线', en: 'A patrol plan names one asset, zone or route' },
  'patrol.ended': { status: 409, zh: '巡检计划已结束', en: 'The patrol plan has ended' },
  // text messages
  'sms.channel_invalid': { status: 422, zh: '模板渠道须为短信或语音', en: 'A template is for text messages or calls' },
  'sms.kind_unknown': { status: 422, zh: '未知的通知类型', en: 'Unknown kind of notice' },
  'sms.sign_invalid': { status: 422, zh: '短信签名须为 2 至 12 个字，不含方括号', en: 'A signature has 2 to 12 characters and no brackets' },
  'sms.body_empty': { status: 422, zh: '短信模板正文为空', en: 'The template has no text' },
  'sms.body_brackets': { status: 422, zh: '短信模板正文不得含有【】，签名由系统添加', en: 'The text may not contain 【】: the signature is added to it' },
  'sms.too_long': { status: 422, zh: '短信过长', en: 'The text message is too long' },
  'sms.variable_malformed': { status: 422, zh: '短信模板变量书写错误，应为 ${name}', en: 'A variable of the template is not written ${name}' },
  'sms.variable_unknown': { status: 422, zh: '该类通知没有此变量', en: 'This kind of notice has no such variable' },
  'sms.variables_adjacent': { status: 422, zh: '短信模板变量之间必须有固定文字', en: 'There must be words between two variables' },
  'sms.link_denied': { status: 422, zh: '短信模板不得含有链接', en: 'The template may not contain a link' },
  'sms.provider_code_invalid': { status: 422, zh: '服务商模板编号无效', en: "The provider's template code is not valid" },
  'sms.approval_invalid': { status: 422, zh: '未知的审核状态', en: 'Unknown state of approval' },
  'sms.variable_invalid': { status: 422, zh: '短信变量须为 1 至 35 个字符', en: 'A variable of a text message has 1 to 35 characters' },
  'sms.template_missing': { status: 422, zh: '该类通知没有审核通过的短信模板', en: 'There is no approved template for this kind of notice' },
  'notice.not_recipient': { status: 403, zh: '仅接收单位人员可签收', en: 'Only people of the recipient may do this' },
  // flows
  'flow.invalid': { status: 422, zh: '流程内容无效', en: 'The flow is not valid' },
  'flow.node_type_denied': { status: 422, zh: '流程使用了不允许的节点类型', en: 'The flow uses a node type that is not allowed' },
  'flow.too_large': { status: 413, zh: '流程过大', en: 'The flow is too large' },
  'flow.sensor_unknown': { status: 422, zh: '节点引用了未登记的传感器', en: 'A node names a sensor that is not registered' },
  'flow.rule_invalid': { status: 422, zh: '规则参数无效', en: 'A rule parameter is not valid' },
  'flow.rule_weakens_statutory': { status: 422, zh: '流程不得放宽法定限值', en: 'A flow may not weaken a statutory limit' },
  'flow.wire_loop': { status: 422, zh: '流程连线形成循环或过度分叉', en: 'The wires form a loop or branch without bound' },
  'flow.property_denied': { status: 422, zh: '节点使用了不允许的属性或取值方式', en: 'A node uses a property or a way to get values that is not allowed' },
  'flow.actuator_denied': { status: 422, zh: '流程只能控制声光报警器', en: 'A flow may actuate sound-light alarms only' },
  'flow.node_unknown': { status: 422, zh: '该流程版本中没有此节点', en: 'There is no such node in this flow version' },
  'flow.node_differs': { status: 422, zh: '请求与已部署的节点配置不符', en: 'The call differs from the deployed configuration of the node' },
  'flow.event_stale': { status: 422, zh: '传感器事件已过期', en: 'The sensor event is too old' },
  'flow.event_kind': { status: 422, zh: '恢复事件不能开启隐患', en: 'An event of return to normal opens no case' },
  'flow.version_unknown': { status: 404, zh: '没有该流程版本', en: 'There is no such flow version' },
  'flow.event_unknown': { status: 422, zh: '未知的传感器事件', en: 'There is no such sensor event' },
  'flow.token': { status: 401, zh: '流程进程令牌无效', en: 'The token of the flow process is not valid' },
  // figures
  'figures.too_many': { status: 422, zh: '数据过多，请缩小时间范围或筛选条件', en: 'There is too much; narrow the period or the filter' },
  // calendar
  'calendar.year_missing': { status: 409, zh: '该年度的法定日历尚未载入，请先载入国务院办公厅的节假日安排', en: 'The statutory calendar of that year is not loaded; load it first' },
  'calendar.term_invalid': { status: 422, zh: '期间不符合要求', en: 'The term is not valid' },
  'calendar.invalid': { status: 422, zh: '日历数据不符合要求', en: 'The calendar data is not valid' },
  'calendar.version_taken': { status: 409, zh: '该年度日历的同一版本号已用于其他内容', en: 'This version of the calendar of that year is taken by other content' },
  'calendar.key_unknown': { status: 422, zh: '未登记的签名公钥', en: 'The signing key is not known to this park' },
  'calendar.signature_invalid': { status: 422, zh: '日历数据的签名无效', en: 'The signature of the calendar data is not valid' },
  // self-audit
  'self_audit.not_found': { status: 404, zh: '未找到该自查报告', en: 'There is no such report of the self-audit' },
} as const satisfies Record<string, RefusalText>;

export type RefusalCode = keyof typeof REFUSALS;

export interface Refusal {
  code: RefusalCode;
  /** JSON pointer or name of the field that is wrong. */
  field?: string;
  /** Further facts for the reader (state, other fields); never a secret. */
  detail?: Record<string, unknown>;
}

export type Result<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

export const ok = <T>(value: T): Result<T> => ({ ok: true, value });
export const refuse = (code: RefusalCode, more: Omit<Refusal, 'code'> = {}): { ok: false; refusal: Refusal } => ({
  ok: false,
  refusal: { code, ...more },
});
export const isRefusalCode = (code: string): code is RefusalCode => Object.hasOwn(REFUSALS, code);
