/** Uploaded files as evidence of a report or an act. */
import type pg from 'pg';
import type { Result } from '../domain/errors.ts';
import { ok, refuse } from '../domain/errors.ts';
import type { EvidenceItem } from '../domain/hazard.ts';

interface FileRef {
  sha256: string;
  capturedAt?: string | undefined;
  supersedes?: string | undefined;
}

/** Files as evidence: every one must have been uploaded by the person who names it; its kind is what its bytes said. */
export const asEvidence = async (client: pg.ClientBase, personId: string, files: readonly FileRef[], field: string): Promise<Result<EvidenceItem[]>> => {
  if (files.length === 0) return ok([]);
  const { rows } = await client.query<{ sha256: string; media_type: string }>(
    'SELECT b.sha256, b.media_type FROM blob b JOIN blob_upload u ON u.sha256 = b.sha256 AND u.person_id = $2 WHERE b.sha256 = ANY ($1)', [files.map((f) => f.sha256), personId],
  );
  const kinds = new Map(rows.map((r) => [r.sha256, r.media_type]));
  const missing = files.findIndex((f) => !kinds.has(f.sha256));
  if (missing >= 0) return refuse('hazard.evidence_unknown', { field: `${field}.${missing}.sha256` });
  return ok(
    files.map((f) => ({
      sha256: f.sha256, mediaType: kinds.get(f.sha256)!, ...(f.capturedAt ? { capturedAt: Date.parse(f.capturedAt) } : {}), ...(f.supersedes ? { supersedes: f.supersedes } : {}),
    })),
  );
};
