/** A package verifies itself: whatever byte is changed, it is found, and the record is named. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CasePackage, PackageContent, PackageTransition } from '../../domain/archive.ts';
import { filesOf, NOT_INCLUDED, PACKAGE_FORMAT, packageProblem, packageText } from '../../domain/archive.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { chainContent } from '../../domain/chain.ts';
import type { CommandName, HazardState, TransitionRecord } from '../../domain/hazard-case.ts';

const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const T0 = Date.UTC(2026, 10, 24, 17);
const photo = (n: number): string => sha256(`photo ${n}`);

const STEPS: [CommandName, HazardState, Record<string, unknown>][] = [
  ['open', 'reported', { report: { reportId: 'r', evidence: [{ sha256: photo(1) }, { detail: { words: '滴漏' } }] } }],
  ['join', 'reported', { reports: [{ evidence: [{ sha256: photo(2) }] }, { evidence: [] }] }],
  ['triage', 'triaged', { grade: 'general' }],
  ['dispatch', 'dispatched', { responsibleId: 'p-officer' }],
  ['start', 'rectifying', {}],
  ['submit', 'submitted', { note: '已更换', evidence: [{ sha256: photo(3) }] }],
  ['accept', 'accepted', { note: '合格 "ok" \\ 😀' }],
  ['archive', 'archived', {}],
];

/** The chain of some transitions as it would be written. */
const chained = (records: readonly TransitionRecord[]): PackageTransition[] => {
  let prev: string | null = null;
  return records.map((r) => {
    const prevHash = prev;
    const hash = (prev = sha256(chainContent('hz-1', r, prevHash)));
    return { ...r, prevHash, hash };
  });
};
const records: TransitionRecord[] = STEPS.map(([command, to, payload], i) => ({
  seq: i + 1, cycle: 1, command, commandId: `c-${i}`, from: i === 0 ? null : STEPS[i - 1]![1], to, actorId: 'p', actorOrgId: 'o', actorRole: 'inspector', serverAt: T0 + i * 1_000, clientAt: null, clockSkew: false,
  reason: i % 2 ? '原因' : null, payload,
}));

const contentOf = (transitions: PackageTransition[] = chained(records)): PackageContent => ({
  format: PACKAGE_FORMAT,
  park: { id: 'park', code: 'P', name: { zh: '园区', en: 'Park' }, timezone: 'Asia/Shanghai' },
  case: {
    id: 'hz-1', number: 'HZ-2026-000001', tenantId: 'ent', cycle: 1, origin: 'manual', type: 'leak', grade: 'general', title: '法兰泄漏', description: 'd', statutory: false, reportedAt: T0, acceptedAt: T0, archivedAt: T0,
    responsibleId: 'p', asset: null, zone: null, point: { type: 'Point', coordinates: [121.5, 29.9] },
  },
  chain: { algorithm: 'sha256', lastSeq: transitions.length, head: transitions.at(-1)!.hash },
  transitions,
  items: [{ cycle: 1, itemId: '1', title: 't', state: 'accepted', dueAt: null, rejections: 0 }],
  deadlines: [],
  supervisions: [],
  evidence: [1, 2, 3].map((n) => ({
    id: `e-${n}`, cycle: 1, purpose: 'report', sha256: photo(n), bytes: n, mediaType: 'image/png', detail: {}, uploaderId: 'p', capturedAt: null, recordedAt: T0, supersedesId: null, supersededById: null,
  })),
  notices: [], rules: [], policy: { id: 'default', content: { triageMs: 1 } }, calendars: [], decisions: [], refusals: [],
  people: [{ id: 'p', name: { zh: '王建国', en: 'Wang' } }], organisations: [], notIncluded: NOT_INCLUDED,
});

const text = packageText(contentOf(), sha256);
/** A package with something changed in it and sealed anew, as somebody with this code would. */
const resealed = (change: (content: PackageContent) => void): string => {
  const content = structuredClone(contentOf());
  change(content);
  return packageText(content, sha256);
};

test('an untouched package verifies, and is written in one spelling', () => {
  expect(packageProblem(text, sha256)).toBeNull();
  expect(packageText(JSON.parse(canonicalJson(contentOf())) as PackageContent, sha256)).toBe(text);
});

describe('every byte counts', () => {
  const bytes = Buffer.from(text, 'utf8');
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const isFound = (changed: Uint8Array): boolean => {
    let decoded: string;
    try {
      decoded = decoder.decode(changed);
    } catch {
      return true;
    }
    return packageProblem(decoded, sha256) !== null;
  };

  test('any bit of any byte, flipped', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= mask;
        expect(isFound(changed)).toBe(true);
      }),
      { numRuns: 1_500 },
    );
  });

  test('bytes put in, taken out, or said twice', () => {
    fc.assert(
      fc.property(fc.nat(bytes.length), fc.integer({ min: 0, max: 40 }), fc.uint8Array({ maxLength: 8 }), (at, out, put) => {
        const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + out)]);
        fc.pre(!changed.equals(bytes));
        expect(isFound(changed)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([['white space', `${text}\n`], ['another order of members', JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text) as object).reverse()))], ['another spelling of a character', text.replace('法', '\\u6cd5')], ['a member said twice', text.replace('"seal":', '"seal":"","seal":')], ['a byte order mark', `\ufeff${text}`]])(
    '%s', (_, changed) => {
      expect(packageProblem(changed, sha256)).not.toBeNull();
    },
  );
});

describe('what was changed and sealed anew is named', () => {
  test.each<[string, (c: PackageContent) => void, string]>([
    ['a reason', (c) => (c.transitions[3]!.reason = '别的原因'), 'transition 4'],
    ['a payload', (c) => (c.transitions[2]!.payload.grade = 'major'), 'transition 3'],
    ['an actor', (c) => (c.transitions[6]!.actorId = 'somebody'), 'transition 7'],
    ['a member of a transition that cannot be hashed', (c) => (c.transitions[1]!.reason = '\ud800'), 'transition 2'],
    ['a deleted transition', (c) => c.transitions.splice(4, 1), 'transition 6'],
    ['two transitions in another order', (c) => c.transitions.splice(2, 2, c.transitions[3]!, c.transitions[2]!), 'transition 4'],
    ['the newest transition cut off', (c) => c.transitions.pop(), 'chain'],
    ['another head', (c) => (c.chain.head = sha256('x')), 'chain'],
    ['another case', (c) => (c.case.id = 'hz-2'), 'transition 1'],
    ['another cycle', (c) => (c.case.cycle = 2), 'transition 8'],
    ['an evidence file exchanged', (c) => (c.evidence[2]!.sha256 = sha256('another photo')), 'transition 6'],
    ['an evidence file put in', (c) => c.evidence.push({ ...c.evidence[0]!, id: 'e-9', sha256: sha256('another photo') }), 'evidence 4 (e-9)'],
    ['evidence left out', (c) => c.evidence.splice(1, 1), 'transition 2'],
    ['a list that is none', (c) => Object.assign(c, { notices: {} }), 'notices'],
    ['a section too many', (c) => Object.assign(c, { more: 1 }), 'file'],
    ['another format', (c) => Object.assign(c, { format: 'parkwarden-case/2' }), 'format'],
    ['no transitions', (c) => Object.assign(c, { transitions: [] }), 'transitions'],
  ])('%s', (_, change, record) => {
    let changed: string;
    try {
      changed = resealed(change);
    } catch {
      // What has no canonical form cannot even be sealed; as it would stand in a file:
      const content = structuredClone(contentOf());
      change(content);
      changed = JSON.stringify({ ...content, digests: {}, seal: '' });
    }
    const problem = packageProblem(changed, sha256);
    expect(problem).toMatchObject({ record });
    expect(problem!.what).not.toBe('');
  });

  test.each<[string, (p: CasePackage) => void, string]>([
    ['a section without chain', (p) => (p.case.title = '别的'), 'case'],
    ['an entry of a list', (p) => (p.people[0]!.name.zh = '李明'), 'people 1 (p)'],
    ['an entry taken out of a list', (p) => p.items.pop(), 'items'],
    ['a digest', (p) => ((p.digests.people as string[])[0] = sha256('x')), 'people 1 (p)'],
    ['a digest too many', (p) => (p.digests.more = sha256('x')), 'digests'],
    ['the seal', (p) => (p.seal = sha256('x')), 'seal'],
  ])('%s, not sealed anew', (_, change, record) => {
    const p = JSON.parse(text) as CasePackage;
    change(p);
    expect(packageProblem(canonicalJson(p), sha256)).toMatchObject({ record });
  });
});

test('anything at all is answered, never thrown at', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json(), fc.jsonValue().map((v) => JSON.stringify({ ...contentOf(), digests: {}, seal: '', transitions: v, evidence: v }))), (anything) => {
    expect(packageProblem(anything, sha256)).not.toBeNull();
  }), { numRuns: 500 });
});

test('a story told anew from the beginning verifies by itself: only its SHA-256 kept elsewhere shows it', () => {
  const told = chained(records.map((r, i) => ({ ...r, reason: i === 6 ? 'another story' : r.reason })));
  const anew = packageText(contentOf(told), sha256);
  expect(packageProblem(anew, sha256)).toBeNull();
  expect(sha256(anew)).not.toBe(sha256(text));
});

test('files of a transition are found wherever it names them', () => {
  expect(records.flatMap(filesOf)).toEqual([photo(1), photo(2), photo(3)]);
  expect(filesOf({ payload: { evidence: 'none', report: null, reports: [null, 1, { evidence: [null, { sha256: 1 }] }] } })).toEqual([]);
});
