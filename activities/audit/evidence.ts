/** Evidence and packages: what the record names is in the store, whole, and nothing else is. */
import { packageProblem } from '../../domain/archive.ts';
import { EVIDENCE_LIMITS } from '../../domain/evidence.ts';
import { SELF_AUDIT } from '../../domain/self-audit.ts';
import { sha256Of } from '../../platform/hash.ts';
import type { AuditContext, Check } from './check.ts';
import { interval, NotChecked, query, reading, stream } from './check.ts';
import type { EvidenceFiles } from './files.ts';

const filesOf = ({ files }: AuditContext): EvidenceFiles => {
  if (!files) throw new NotChecked('there is no evidence store in the data folder');
  return files;
};

const LARGEST = Math.max(EVIDENCE_LIMITS.photoBytes, EVIDENCE_LIMITS.videoBytes);
/** Names looked up in the record at a time. */
const AT_ONCE = 500;

interface PackageRow { id: string; hazard_id: string; cycle: number; json_sha256: string; json_bytes: string; pdf_sha256: string | null; pdf_bytes: string | null; chain_head: string; hash: string | null }

export const evidenceChecks = {
  'evidence-on-record': query(`SELECT 'evidence/' || e.id AS record FROM evidence e WHERE e.sha256 IS NOT NULL AND NOT EXISTS (SELECT FROM blob b WHERE b.sha256 = e.sha256)`),
  'evidence-file-there': reading(async function* (context) {
    const files = filesOf(context);
    for await (const { sha256, bytes } of stream<{ sha256: string; bytes: string }>(context.client, 'SELECT sha256, bytes FROM blob ORDER BY sha256')) {
      if ((await files.size(sha256)) !== Number(bytes)) yield `blob/${sha256}`;
      context.alive();
    }
  }),
  'evidence-file-whole': reading(async function* (context) {
    const files = filesOf(context);
    let read = 0;
    let hashed = 0;
    let left = 0;
    for await (const { sha256 } of stream<{ sha256: string }>(context.client, 'SELECT sha256 FROM blob ORDER BY stored_at DESC, sha256')) {
      const size = await files.size(sha256);
      if (size === null) continue;
      if (context.hashBytes !== null && read + size > context.hashBytes) {
        left += 1;
        continue;
      }
      read += size;
      hashed += 1;
      if ((await files.hash(sha256)) !== sha256) yield `blob/${sha256}`;
      context.alive();
    }
    return left > 0 ? `hashed the newest ${hashed} files (${read} bytes); ${left} older ones were not read` : undefined;
  }),
  'evidence-no-orphans': reading(async function* (context) {
    const files = filesOf(context);
    const before = Date.now() - SELF_AUDIT.orphanMs;
    let batch: string[] = [];
    const unknown = async (): Promise<string[]> => {
      const { rows } = await context.client.query<{ sha256: string }>(
        `SELECT f AS sha256 FROM unnest($1::text[]) f WHERE NOT EXISTS (SELECT FROM blob b WHERE b.sha256 = f) ORDER BY f`, [batch],
      );
      batch = [];
      context.alive();
      return rows.map((r) => `file/${r.sha256}`);
    };
    for await (const { sha256, changedAt } of files.all()) {
      if (changedAt < before) batch.push(sha256);
      if (batch.length === AT_ONCE) yield* await unknown();
    }
    yield* await unknown();
  }),
  'evidence-within-limit': query(`SELECT 'blob/' || sha256 AS record FROM blob WHERE bytes < 0 OR bytes > CASE WHEN media_type LIKE 'image/%' THEN ${EVIDENCE_LIMITS.photoBytes} ELSE ${LARGEST} END`),
  'evidence-superseded-in-case': query(`SELECT 'evidence/' || e.id AS record FROM evidence e WHERE e.supersedes_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM evidence o WHERE o.id = e.supersedes_id AND o.hazard_id = e.hazard_id AND o.recorded_at <= e.recorded_at)`),
  'package-per-cycle': query(`SELECT 'hazard/' || t.hazard_id || '/package/' || t.cycle AS record FROM hazard_transition t
    WHERE t.seq IS NOT NULL AND t.command = 'archive' AND t.recorded_at < now() - ${interval(SELF_AUDIT.settleMs)}
      AND NOT EXISTS (SELECT FROM archive_package p WHERE p.hazard_id = t.hazard_id AND p.cycle = t.cycle)`),
  'package-whole': reading(async function* ({ client, archive, alive }) {
    const rows = stream<PackageRow>(client,
      `SELECT p.*, (SELECT t.hash FROM hazard_transition t WHERE t.hazard_id = p.hazard_id AND t.seq = p.last_seq AND t.cycle = p.cycle) AS hash FROM archive_package p ORDER BY p.id`, AT_ONCE);
    const isWhole = async (p: PackageRow): Promise<boolean> => {
      if (p.hash !== p.chain_head || (await archive.size(p.json_sha256)) !== Number(p.json_bytes)) return false;
      const content = (await archive.load(p.json_sha256)).toString('utf8');
      if (packageProblem(content, sha256Of) !== null) return false;
      if (p.pdf_sha256 === null) return true;
      if ((await archive.size(p.pdf_sha256)) !== Number(p.pdf_bytes)) return false;
      await archive.load(p.pdf_sha256);
      return true;
    };
    for await (const p of rows) {
      // A file that was changed or cannot be read does not prove anything any more.
      if (!(await isWhole(p).catch(() => false))) yield `hazard/${p.hazard_id}/package/${p.cycle}`;
      alive();
    }
  }),
} satisfies Record<string, Check>;
