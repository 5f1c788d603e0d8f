/** The invariants in docs/self-audit.md, as domain/self-audit.ts words them. */
import { AUDIT_AREAS, INVARIANT_IDS, INVARIANTS } from '../../domain/self-audit.ts';

const BEGIN = '<!-- invariants: made by npm run generate -->';
const END = '<!-- end of invariants -->';
const TITLES: Record<(typeof AUDIT_AREAS)[number], string> = {
  record: 'Record 记录', duties: 'Duties 职责分离', deadlines: 'Deadlines and supervision 期限与督办', notices: 'Notices 通知', evidence: 'Evidence and packages 证据与归档包',
  engine: 'Engine and outbox 引擎与发件箱', access: 'Access 访问', sensors: 'Sensors 传感器', rules: 'Rules, policies, calendar 规则、策略与日历',
};

/** The page with its list as it is today. Throws where the page has no place for it. */
export const selfAuditText = (page: string): string => {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error('docs/self-audit.md has no place for the invariants');
  const list = AUDIT_AREAS.map((area) => {
    const rows = INVARIANT_IDS.filter((id) => INVARIANTS[id].area === area).map((id) => `| \`${id}\`${INVARIANTS[id].severity === 'warning' ? ' (warning)' : ''} | ${INVARIANTS[id].en} | ${INVARIANTS[id].zh} |`);
    return `### ${TITLES[area]}\n\n| Id | Holds | 内容 |\n|---|---|---|\n${rows.join('\n')}\n`;
  });
  return `${before}${BEGIN}\n\n${INVARIANT_IDS.length} invariants. A warning asks somebody to look; everything else is an error.\n\n${list.join('\n')}\n${END}${after}`;
};
