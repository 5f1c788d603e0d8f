/** The readable document of an archive package, as data: what happened, by whom, when and why, in zh and en. */
import type { CasePackage, PackageTransition } from '../domain/archive.ts';
import { ARCHIVE_LIMITS } from '../domain/archive.ts';
import { HAZARD_TYPES, isHazardType } from '../domain/hazard-types.ts';
import type { Language, Named } from '../domain/notices.ts';
import { noticeText } from '../domain/notices.ts';
import type { ARCHIVE_WORDS } from './archive-words.ts';
import { archiveWord } from './archive-words.ts';
import { word } from './words.ts';

export interface ArchivePaper {
  /** Of the wording around the facts, which are in both languages. */
  language: Language;
  subject: string;
  title: string;
  office: string;
  number: string;
  /** Date of the document: the archiving, epoch ms. */
  archivedAt: number;
  blocks: ArchiveBlock[];
  footnotes: string[];
}

export type ArchiveBlock =
  | { kind: 'heading'; text: string }
  | { kind: 'note'; text: string }
  | { kind: 'facts'; facts: { name: string; value: string }[] }
  /** Widths in mm; 0 shares what is left. */
  | { kind: 'table'; columns: { head: string; width: number }[]; rows: string[][] };

const both = ({ zh, en }: Named): string => (zh === en || en === '' ? zh : `${zh} ${en}`);
const NONE: Named = { zh: '无', en: 'none' };
const SYSTEM: Named = { zh: '系统', en: 'the system' };

/** The document of the package whose file has this hash. The same package gives the same document. */
export const archivePaper = (p: CasePackage, jsonSha256: string): ArchivePaper => {
  const zone = p.park.timezone;
  const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  const at = (instant: number | null | undefined): string => (instant === null || instant === undefined ? '' : clock.format(instant));
  const text = (value: string | null | undefined): string => (value ? noticeText(value, '……', ARCHIVE_LIMITS.pdfText) : '');
  const named = (list: keyof typeof ARCHIVE_WORDS, code: string): string => both(archiveWord(list, code));
  const noted = (list: 'state' | 'grade' | 'origin' | 'level' | 'listing', code: string | number): string => {
    try {
      return both({ zh: word(list, code, 'zh'), en: word(list, code, 'en') });
    } catch {
      return String(code);
    }
  };
  const typeName = (type: string): string => (isHazardType(type) ? both(HAZARD_TYPES[type]) : type);
  const people = new Map(p.people.map((person) => [person.id, both(person.name)]));
  const organisations = new Map(p.organisations.map((org) => [org.id, both(org.name)]));
  const person = (id: string | null | undefined): string => (id ? text(people.get(id) ?? id) : '');
  const organisation = (id: string | null | undefined): string => (id ? text(organisations.get(id) ?? id) : '');
  const lines = (...parts: (string | false | null | undefined)[]): string => parts.filter((part) => part).join('\n');

  /** What a step said, beyond its reason. */
  const said = ({ command, payload }: PackageTransition): string => {
    const v = payload as Record<string, unknown>;
    const str = (name: string): string => (typeof v[name] === 'string' ? text(v[name]) : '');
    const instant = (name: string): string => (typeof v[name] === 'number' ? at(v[name]) : '');
    switch (command) {
      case 'open': {
        const report = v.report as { title?: string } | undefined;
        return text(report?.title);
      }
      case 'join':
        return `${Array.isArray(v.reports) ? v.reports.length : 0} ×`;
      case 'triage':
        return lines(str('grade') && noted('grade', str('grade')), str('type') && typeName(str('type')));
      case 'dispatch':
      case 'handover':
        return `${both({ zh: '责任人', en: 'responsible' })}: ${person(str('responsibleId'))}`;
      case 'addSigner':
        return person(str('personId'));
      case 'plan':
        return lines(str('interimMeasures'), str('measures'));
      case 'requestExtension':
        return instant('dueAt');
      case 'decideExtension':
        return lines(both(v.granted === true ? { zh: '同意', en: 'granted' } : { zh: '不同意', en: 'refused' }), instant('dueAt'));
      case 'pause':
        return instant('until');
      case 'remind':
      case 'breach':
        return named('deadline', str('deadline'));
      case 'supervise':
        return lines(noted('level', Number(v.level)), named('cause', str('cause')));
      case 'supervisionBreached':
        return noted('level', Number(v.level));
      case 'list':
        return noted('listing', str('level'));
      case 'lookBack':
        return `${String(v.n)}: ${both(v.passed === true ? { zh: '合格', en: 'passed' } : { zh: '不合格', en: 'failed' })}`;
      default:
        return '';
    }
  };
  const step = (t: PackageTransition): string[] => [
    String(t.seq),
    lines(at(t.serverAt), t.clockSkew && both({ zh: '终端时钟存疑', en: 'client clock off' })),
    lines(named('command', t.command), t.to !== t.from && noted('state', t.to)),
    lines(t.actorId === null ? both(SYSTEM) : person(t.actorId), organisation(t.actorOrgId), t.actorRole && named('role', t.actorRole), typeof t.payload.onBehalfOf === 'string' && `${both({ zh: '代', en: 'for' })} ${person(t.payload.onBehalfOf)}`),
    lines(said(t), text(t.reason), `# ${t.hash.slice(0, 16)}`),
  ];

  const blocks: ArchiveBlock[] = [];
  const heading = (words: Named): void => {
    blocks.push({ kind: 'heading', text: both(words) });
  };
  const note = (words: Named): void => {
    blocks.push({ kind: 'note', text: both(words) });
  };
  const table = (words: Named, columns: [Named, number][], rows: string[][], limit: number = ARCHIVE_LIMITS.pdfRows): void => {
    heading(words);
    if (rows.length === 0) return note(NONE);
    const head = { kind: 'table' as const, columns: columns.map(([name, width]) => ({ head: both(name), width })) };
    if (rows.length <= limit) {
      blocks.push({ ...head, rows });
      return;
    }
    const half = limit / 2;
    blocks.push({ ...head, rows: rows.slice(0, half) });
    note({ zh: `……此处省略 ${rows.length - limit} 行，全文见 JSON 文件……`, en: `… ${rows.length - limit} rows are left out here; the JSON file has them …` });
    blocks.push({ ...head, rows: rows.slice(-half) });
  };

  const c = p.case;
  const fact = (name: Named, value: string): { name: string; value: string } => ({ name: both(name), value: value || both(NONE) });
  blocks.push({
    kind: 'facts',
    facts: [
      fact({ zh: '隐患编号', en: 'Case' }, c.number),
      fact({ zh: '轮次', en: 'Cycle' }, String(c.cycle)),
      fact({ zh: '隐患', en: 'Hazard' }, text(c.title)),
      fact({ zh: '描述', en: 'Description' }, text(c.description)),
      fact({ zh: '类型', en: 'Type' }, typeName(c.type)),
      fact({ zh: '级别', en: 'Grade' }, c.grade === null ? '' : noted('grade', c.grade)),
      fact({ zh: '来源', en: 'Origin' }, noted('origin', c.origin)),
      fact({ zh: '责任企业', en: 'Enterprise' }, organisation(c.tenantId)),
      fact({ zh: '地点', en: 'Place' }, [c.zone, c.asset].filter((place) => place !== null).map((place) => text(`${both(place.name)} (${place.code})`)).join(' / ')),
      fact({ zh: '责任人', en: 'Responsible' }, person(c.responsibleId)),
      fact({ zh: '上报时间', en: 'Reported' }, at(c.reportedAt)),
      fact({ zh: '验收时间', en: 'Accepted' }, at(c.acceptedAt)),
      fact({ zh: '归档时间', en: 'Archived' }, at(c.archivedAt)),
      fact({ zh: '记录条数', en: 'Transitions' }, String(p.chain.lastSeq)),
      fact({ zh: '链末哈希', en: 'Head of the chain' }, p.chain.head),
      fact({ zh: 'JSON 文件 SHA-256', en: 'SHA-256 of the JSON file' }, jsonSha256),
    ],
  });
  note({ zh: `时间均为 ${zone}。`, en: `All times are of ${zone}.` });

  table(
    { zh: '经过', en: 'Steps' },
    [[{ zh: '序', en: 'No.' }, 10], [{ zh: '时间', en: 'Time' }, 22], [{ zh: '步骤', en: 'Step' }, 34], [{ zh: '何人', en: 'Who' }, 40], [{ zh: '内容与理由', en: 'Content and reason' }, 0]],
    p.transitions.map(step), ARCHIVE_LIMITS.pdfSteps,
  );
  table(
    { zh: '证据', en: 'Evidence' },
    [[{ zh: '用途', en: 'Purpose' }, 26], [{ zh: 'SHA-256', en: 'SHA-256' }, 0], [{ zh: '提交', en: 'Brought by' }, 44], [{ zh: '时间', en: 'Time' }, 22]],
    p.evidence.map((e) => [
      lines(named('purpose', e.purpose), p.case.cycle > 1 && `${both({ zh: '第', en: 'cycle' })} ${e.cycle}`),
      lines(e.sha256?.slice(0, 32), e.sha256?.slice(32) ?? both({ zh: '无文件（见 JSON）', en: 'no file (see JSON)' }), e.mediaType, e.supersededById !== null && both({ zh: '已被新版取代', en: 'superseded' })),
      e.uploaderId === null ? both(SYSTEM) : person(e.uploaderId), at(e.recordedAt),
    ]),
  );
  if (p.items.length > 1 || p.items.some((i) => i.rejections > 0)) {
    table(
      { zh: '整改项', en: 'Items' },
      [[{ zh: '轮次', en: 'Cycle' }, 16], [{ zh: '整改项', en: 'Item' }, 0], [{ zh: '状态', en: 'State' }, 36], [{ zh: '退回次数', en: 'Rejections' }, 24]],
      p.items.map((i) => [String(i.cycle), text(i.title), named('itemState', i.state), String(i.rejections)]),
    );
  }
  table(
    { zh: '期限', en: 'Deadlines' },
    [[{ zh: '期限', en: 'Deadline' }, 34], [{ zh: '起算', en: 'From' }, 22], [{ zh: '届满', en: 'Due' }, 22], [{ zh: '结果', en: 'Outcome' }, 40], [{ zh: '依据', en: 'Basis' }, 0]],
    p.deadlines.map((d) => [
      lines(named('deadline', d.kind), d.level > 0 && noted('level', d.level), text(d.item)), at(d.startedAt), at(d.dueAt),
      lines(d.breachedAt !== null && `${both({ zh: '逾期', en: 'breached' })} ${at(d.breachedAt)}`, d.metAt !== null && `${both({ zh: '按期', en: 'met' })} ${at(d.metAt)}`, d.withdrawnAt !== null && `${both({ zh: '撤销', en: 'withdrawn' })} ${at(d.withdrawnAt)}`),
      text(d.basis),
    ]),
  );
  table(
    { zh: '督办', en: 'Supervision' },
    [[{ zh: '级别', en: 'Level' }, 26], [{ zh: '原因', en: 'Cause' }, 0], [{ zh: '开始', en: 'From' }, 22], [{ zh: '届满', en: 'Due' }, 22], [{ zh: '结果', en: 'Outcome' }, 44]],
    p.supervisions.map((s) => [noted('level', s.level), named('cause', s.cause), at(s.openedAt), at(s.dueAt), lines(s.outcome !== null && named('outcome', s.outcome), at(s.closedAt))]),
  );
  table(
    { zh: '通知与回执', en: 'Notices and receipts' },
    [[{ zh: '通知', en: 'Notice' }, 34], [{ zh: '收件单位', en: 'Recipient' }, 0], [{ zh: '签发', en: 'Issued' }, 22], [{ zh: '回执', en: 'Receipts' }, 62]],
    p.notices.map((n) => [
      lines(named('notice', n.kind), n.isCopy && both({ zh: '抄送', en: 'copy' })), organisation(n.recipientOrgId), at(n.issuedAt),
      lines(
        ...n.receipts.map((r) => `${named('channel', r.channel)}: ${named('delivery', r.state)} ${at(r.deliveredAt ?? r.sentAt ?? r.failedAt)} ${text(r.providerCode)}`.trim()),
        n.readAt !== null && `${both({ zh: '已读', en: 'read' })} ${at(n.readAt)} ${person(n.readBy)}`.trim(), n.acknowledgedAt !== null && `${both({ zh: '签收', en: 'acknowledged' })} ${at(n.acknowledgedAt)} ${person(n.acknowledgedBy)}`.trim(),
      ),
    ]),
  );
  table(
    { zh: '被拒绝的操作', en: 'Refused acts' },
    [[{ zh: '时间', en: 'Time' }, 22], [{ zh: '步骤', en: 'Step' }, 34], [{ zh: '何人', en: 'Who' }, 0], [{ zh: '代码', en: 'Code' }, 52]],
    p.refusals.map((r) => [at(r.at), named('command', r.command), lines(person(r.actorId), organisation(r.actorOrgId)), r.code]),
  );
  heading({ zh: '依据', en: 'Bases' });
  blocks.push({
    kind: 'facts',
    facts: [
      fact({ zh: '园区策略', en: 'Park policy' }, text(p.policy.id)),
      fact({ zh: '规则版本', en: 'Rule versions' }, p.rules.slice(0, ARCHIVE_LIMITS.pdfRows).map((r) => text(`${r.ruleId} v${r.version}`)).join('; ')),
      fact({ zh: '法定日历', en: 'Statutory calendars' }, p.calendars.map((y) => text(`${y.year} v${y.version}: ${y.source}`)).join('; ')),
    ],
  });
  heading({ zh: '本包不含', en: 'What is not in the package' });
  for (const words of p.notIncluded) note(words);

  return {
    language: 'zh',
    subject: `${c.number} ${both({ zh: '归档包', en: 'archive package' })}`,
    title: both({ zh: '隐患归档记录', en: 'Archived hazard record' }),
    office: text(both(p.park.name)),
    number: `${c.number} · ${both({ zh: `第 ${c.cycle} 轮`, en: `cycle ${c.cycle}` })}`,
    archivedAt: c.archivedAt,
    blocks,
    footnotes: [
      both({ zh: '验证方法：取 JSON 文件，运行 npm run verify -- 文件。', en: 'To verify: take the JSON file and run npm run verify -- FILE.' }),
    ],
  };
};
