/**
 * 归档包: one file per case cycle that shows the whole record of a case up to its archiving, without this system. Its one
 * spelling is canonical JSON (domain/canonical-json.ts). What the proof shows and what not is in docs/interfaces/archive.md.
 * All instants are epoch milliseconds, as they went into the chain.
 */
import { canonicalJson } from './canonical-json.ts';
import { chainContent } from './chain.ts';
import type { CommandName, TransitionRecord } from './hazard-case.ts';
import type { Named } from './notices.ts';

export const PACKAGE_FORMAT = 'parkwarden-case/1';

/** How much the readable document shows; the JSON file always holds everything. */
export const ARCHIVE_LIMITS = {
  /** Steps in the document: the first and the last half of so many. */
  pdfSteps: 2_000,
  /** Rows of each other table. */
  pdfRows: 1_000,
  /** Characters of one text. */
  pdfText: 1_500,
  /** The document must be made within this time. */
  pdfMs: 20_000,
} as const;

/** Lower-case hex SHA-256 of the text in UTF-8. */
export type Sha256 = (text: string) => string;

export type PackageTransition = TransitionRecord & { prevHash: string | null; hash: string };

export interface PackageEvidence {
  id: string;
  cycle: number;
  purpose: string;
  /** null: evidence without a file; `detail` is the evidence. */
  sha256: string | null;
  bytes: number | null;
  mediaType: string | null;
  detail: Record<string, unknown>;
  uploaderId: string | null;
  capturedAt: number | null;
  recordedAt: number;
  supersedesId: string | null;
  supersededById: string | null;
}

export interface PackageNotice {
  id: string;
  kind: string;
  recipientOrgId: string;
  isCopy: boolean;
  language: string;
  subject: string;
  /** Of the plain text as it was issued. */
  textSha256: string;
  /** Of the wording that it was made with. */
  templateSha256: string;
  issuedAt: number;
  readAt: number | null;
  readBy: string | null;
  acknowledgedAt: number | null;
  acknowledgedBy: string | null;
  /** 回执. Addresses are left out. */
  receipts: {
    channel: string; state: string; attempts: number; providerCode: string | null;
    sentAt: number | null; deliveredAt: number | null; openedAt: number | null; acknowledgedAt: number | null; failedAt: number | null;
  }[];
}

export interface PackagePlace {
  id: string;
  code: string;
  name: Named;
}

export interface PackageContent {
  format: typeof PACKAGE_FORMAT;
  park: { id: string; code: string; name: Named; timezone: string };
  case: {
    id: string; number: string; tenantId: string; cycle: number; origin: string; type: string; grade: string | null; title: string; description: string; statutory: boolean;
    reportedAt: number; acceptedAt: number | null; archivedAt: number; responsibleId: string | null;
    asset: PackagePlace | null; zone: PackagePlace | null; point: unknown;
  };
  chain: { algorithm: 'sha256'; lastSeq: number; head: string };
  /** From the first report on, through all cycles up to this one. */
  transitions: PackageTransition[];
  items: { cycle: number; itemId: string; title: string; state: string; dueAt: number | null; rejections: number }[];
  deadlines: { cycle: number; kind: string; level: number; item: string; startedAt: number; dueAt: number; metAt: number | null; breachedAt: number | null; withdrawnAt: number | null; basis: string }[];
  supervisions: { cycle: number; level: number; cause: string; openedAt: number; dueAt: number; closedAt: number | null; outcome: string | null }[];
  evidence: PackageEvidence[];
  notices: PackageNotice[];
  /** Rule versions that the reports name. */
  rules: { ruleId: string; version: number; origin: string; flowVersion: number | null; nodeId: string | null; sha256: string; activeFrom: number; spec: unknown }[];
  /** In force when the case was reported. */
  policy: { id: string; content: unknown };
  /** Years of the statutory calendar that the deadlines were reckoned by. */
  calendars: { year: number; version: number; sha256: string; source: string }[];
  decisions: { seq: number; command: string; actorId: string | null; onBehalfOf: string | null; actorRole: string | null; at: number; reason: string | null }[];
  /** Acts that were refused; they are no part of the chain. */
  refusals: { command: string; code: string; actorId: string | null; actorOrgId: string | null; actorRole: string | null; at: number; reason: string | null }[];
  people: { id: string; name: Named }[];
  organisations: { id: string; kind: string; code: string; name: Named }[];
  notIncluded: readonly Named[];
}

export interface CasePackage extends PackageContent {
  /** SHA-256 of each section, of a list one for each entry. */
  digests: Record<string, string | string[]>;
  /** SHA-256 of the canonical JSON of `digests`. */
  seal: string;
}

/** Acts by which somebody decides about the case. */
export const DECISIONS: readonly CommandName[] = [
  'triage', 'dispatch', 'returnDispatch', 'decideExtension', 'handover', 'redirect', 'reassess', 'pause', 'resume', 'addSigner', 'sign', 'acceptItems', 'accept', 'reject', 'list', 'delist',
  'dismiss', 'merge', 'unmerge', 'reopen', 'reconsider', 'lookBack',
];

export const NOT_INCLUDED: readonly Named[] = [
  { zh: '证据文件本身：仅列其 SHA-256，文件另存于证据库。', en: 'The evidence files themselves: their SHA-256 is here, the files are in the evidence store.' },
  { zh: '通知书正文与收件地址：仅列正文的 SHA-256 与各渠道回执；回执为制作归档包时的状态。', en: 'The words of notices and the addresses they went to: the SHA-256 of the words and the receipts of each channel are here, as they stood when the package was made.' },
  { zh: '传感器原始读数。', en: 'The raw readings of sensors.' },
  { zh: '归档之后发生的事项，例如“回头看”与重新启用；其后的每一轮另有归档包。', en: 'What happened after the archiving, such as look-backs and reopening: each later cycle has a package of its own.' },
  { zh: '系统之外的见证：本包证明其内容前后一致，不能单独证明整份记录未被有权限者全部重写。', en: 'A witness outside the system: the package shows that it agrees with itself, not by itself that nobody with full rights wrote the whole record anew.' },
];

/** The files that a transition brought into the case. */
export const filesOf = (record: Pick<TransitionRecord, 'payload'>): string[] => {
  const found: string[] = [];
  const take = (said: unknown): void => {
    const evidence = isRecord(said) && Array.isArray(said.evidence) ? said.evidence : [];
    for (const item of evidence) if (isRecord(item) && typeof item.sha256 === 'string') found.push(item.sha256);
  };
  const { payload } = record;
  take(payload);
  take(payload.report);
  if (Array.isArray(payload.reports)) payload.reports.forEach(take);
  return found;
};

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const digestsOf = (content: object, sha256: Sha256): CasePackage['digests'] =>
  Object.fromEntries(Object.entries(content).map(([section, value]) => [section, Array.isArray(value) ? value.map((entry) => sha256(canonicalJson(entry))) : sha256(canonicalJson(value))]));

/** The text of the package file. */
export const packageText = (content: PackageContent, sha256: Sha256): string => {
  const digests = digestsOf(content, sha256);
  return canonicalJson({ ...content, digests, seal: sha256(canonicalJson(digests)) } satisfies CasePackage);
};

// ---- verification ----

/** The first record that does not hold, by its name in the package, and what is wrong with it. */
export interface PackageProblem {
  record: string;
  what: string;
}

const SECTIONS: readonly (keyof PackageContent)[] = [
  'format', 'park', 'case', 'chain', 'transitions', 'items', 'deadlines', 'supervisions', 'evidence', 'notices', 'rules', 'policy', 'calendars', 'decisions', 'refusals', 'people', 'organisations', 'notIncluded',
];

const SINGLE: readonly string[] = ['park', 'case', 'chain', 'policy', 'digests'];

/** One link of a chain: what is wrong with it where it does not follow on the link before (null: it is the first). */
export const linkProblem = (hazardId: string, link: PackageTransition, before: PackageTransition | null, sha256: Sha256): string | null => {
  if (link.seq !== (before?.seq ?? 0) + 1) return `stands where ${(before?.seq ?? 0) + 1} is expected: a transition is missing or was put in`;
  if ((link.prevHash ?? null) !== (before?.hash ?? null)) return 'does not carry the hash of the transition before it';
  let hash: string;
  try {
    hash = sha256(chainContent(hazardId, link, link.prevHash));
  } catch {
    return 'holds what cannot be hashed';
  }
  if (hash !== link.hash) return 'does not have its hash: it was changed after it was recorded';
  if (before && link.from !== before.to) return 'does not start from the state that the transition before it led to';
  if (before && link.serverAt < before.serverAt) return 'is older than the transition before it';
  return null;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

const nameOf = (section: string, index: number, entry: unknown): string => {
  const id = isRecord(entry) ? (entry.seq ?? entry.id ?? entry.itemId ?? entry.ruleId ?? null) : null;
  if (section === 'transitions' && typeof id === 'number') return `transition ${id}`;
  return `${section} ${index + 1}${typeof id === 'string' || typeof id === 'number' ? ` (${id})` : ''}`;
};

const chainProblem = (p: CasePackage, sha256: Sha256): PackageProblem | null => {
  let before: PackageTransition | null = null;
  for (const [index, link] of p.transitions.entries()) {
    const name = nameOf('transitions', index, link);
    if (!isRecord(link.payload)) return { record: name, what: 'is no transition' };
    const what = linkProblem(p.case.id, link, before, sha256);
    if (what) return { record: name, what };
    before = link;
  }
  if (!before) return { record: 'transitions', what: 'there are none' };
  if (p.chain.head !== before.hash || p.chain.lastSeq !== before.seq) return { record: 'chain', what: `the chain ends with transition ${before.seq}, the package says ${String(p.chain.lastSeq)}: its newest transitions are missing, or more were added` };
  if (before.command !== 'archive' || before.cycle !== p.case.cycle) return { record: nameOf('transitions', p.transitions.length - 1, before), what: 'is not the archiving of the cycle of this package' };
  return null;
};

const evidenceProblem = (p: CasePackage): PackageProblem | null => {
  const listed = new Set(p.evidence.map((e) => e.sha256).filter((sha) => sha !== null));
  const chained = new Set<string>();
  for (const link of p.transitions) {
    for (const sha of filesOf(link)) {
      if (!listed.has(sha)) return { record: `transition ${link.seq}`, what: `brought the file ${sha}, which the evidence list lacks` };
      chained.add(sha);
    }
  }
  const strange = p.evidence.findIndex((e) => e.sha256 !== null && !chained.has(e.sha256));
  return strange < 0 ? null : { record: nameOf('evidence', strange, p.evidence[strange]), what: 'is a file that no transition brought' };
};

/** null for what has no canonical form. */
const digestOf = (value: unknown, sha256: Sha256): string | null => {
  try {
    return sha256(canonicalJson(value));
  } catch {
    return null;
  }
};

const digestProblem = (p: CasePackage, sha256: Sha256): PackageProblem | null => {
  const content: Record<string, unknown> = { ...p };
  for (const section of SECTIONS) {
    const value = content[section];
    const claimed = p.digests[section];
    if (!Array.isArray(value)) {
      if (digestOf(value, sha256) !== claimed) return { record: section, what: 'does not have its digest' };
      continue;
    }
    if (!Array.isArray(claimed)) return { record: `digests of ${section}`, what: 'is no list' };
    const wrong = value.findIndex((entry, i) => digestOf(entry, sha256) !== claimed[i]);
    if (wrong >= 0) return { record: nameOf(section, wrong, value[wrong]), what: 'does not have its digest' };
    if (claimed.length !== value.length) return { record: section, what: `has ${value.length} entries, ${claimed.length} are sealed` };
  }
  return null;
};

/** What becomes of a record after its archiving by right: receipts come in, and people, organisations and places get other names. */
const settled = (content: PackageContent): Record<string, unknown> => {
  const { asset, zone, ...facts } = content.case;
  return {
    case: { ...facts, asset: asset?.id ?? null, zone: zone?.id ?? null },
    chain: content.chain, transitions: content.transitions, items: content.items, deadlines: content.deadlines, supervisions: content.supervisions, evidence: content.evidence,
    notices: content.notices.map(({ readAt: _r, readBy: _b, acknowledgedAt: _a, acknowledgedBy: _c, receipts: _d, ...issued }) => issued),
    rules: content.rules, calendars: content.calendars, decisions: content.decisions, refusals: content.refusals,
  };
};

/** The first record of a package that the record of the park (`now`, read anew) no longer says the same of; null where they agree. */
export const packageDifference = (packed: PackageContent, now: PackageContent): PackageProblem | null => {
  const [then, today] = [settled(packed), settled(now)];
  for (const [section, was] of Object.entries(then)) {
    const is = today[section];
    if (!Array.isArray(was) || !Array.isArray(is)) {
      if (canonicalJson(was) !== canonicalJson(is)) return { record: section, what: 'is another on the record now' };
      continue;
    }
    const differs = was.findIndex((entry, i) => i >= is.length || canonicalJson(entry) !== canonicalJson(is[i]));
    if (differs >= 0) return { record: nameOf(section, differs, was[differs]), what: 'is another on the record now, or gone from it' };
    if (is.length > was.length) return { record: nameOf(section, was.length, is[was.length]), what: 'was put on the record after the archiving' };
  }
  return null;
};

/** Checks the text of a package file; null where everything in it agrees. */
export const packageProblem = (text: string, sha256: Sha256): PackageProblem | null => {
  const p = parse(text) as CasePackage | undefined;
  if (!isRecord(p)) return { record: 'file', what: 'is no JSON object' };
  if (p.format !== PACKAGE_FORMAT) return { record: 'format', what: `is not ${PACKAGE_FORMAT}` };
  const wanted = [...SECTIONS, 'digests', 'seal'] as string[];
  const odd = Object.keys(p).find((name) => !wanted.includes(name)) ?? wanted.find((name) => !Object.hasOwn(p, name));
  if (odd !== undefined) return { record: 'file', what: `the section "${odd}" is missing or unknown` };
  const broken = [...SECTIONS, 'digests' as const].filter((s) => s !== 'format').find((s) => {
    const value: unknown = p[s];
    return SINGLE.includes(s) ? !isRecord(value) : !Array.isArray(value) || !value.every(isRecord);
  });
  if (broken) return { record: broken, what: 'does not have its form' };
  const problem = chainProblem(p, sha256) ?? evidenceProblem(p) ?? digestProblem(p, sha256);
  if (problem) return problem;
  const strange = Object.keys(p.digests).find((section) => !(SECTIONS as readonly string[]).includes(section));
  if (strange !== undefined) return { record: 'digests', what: `name a section "${strange}" that there is not` };
  if (digestOf(p.digests, sha256) !== p.seal) return { record: 'seal', what: 'is not that of the digests' };
  return canonicalJson(p) === text ? null : { record: 'file', what: 'is not written in the one spelling of its content' };
};
