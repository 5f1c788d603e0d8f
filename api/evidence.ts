/** 证据文件 on their way into the store and out of it: looked into in a process of their own, kept with a copy for others. */
import type pg from 'pg';
import { DECODING_LIMITS, EVIDENCE_LIMITS } from '../domain/evidence.ts';
import type { MediaType } from '../domain/evidence.ts';
import { isFull } from '../platform/evidence-parts.ts';
import type { Part } from '../platform/evidence-parts.ts';
import type { EvidenceStore } from '../platform/evidence-store.ts';
import type { Inspect, Inspection } from '../platform/media/inspect.ts';
import { createInspect } from '../platform/media/inspect.ts';
import type { ApiDeps } from './deps.ts';
import { asService } from './deps.ts';
import { Refused } from './problem.ts';

export interface StoredFile {
  sha256: string;
  bytes: number;
  mediaType: MediaType;
}

type Deps = Pick<ApiDeps, 'database' | 'evidence' | 'inspect'>;
type Found = Extract<Inspection, { ok: true }>;

export const createEvidenceInspect = (): Inspect => {
  const { pixels, viewPx, thumbnailPx } = EVIDENCE_LIMITS;
  return createInspect({ pixels, viewPx, thumbnailPx, ...DECODING_LIMITS });
};

const refusedInspection = (found: Extract<Inspection, { ok: false }>): Refused => {
  switch (found.reason) {
    case 'media_type':
      return new Refused('blob.media_type');
    case 'pixels':
      return new Refused('blob.pixels', { detail: { maxPixels: EVIDENCE_LIMITS.pixels, pixels: found.pixels } });
    case 'frames':
      return new Refused('blob.frames');
    case 'undecodable':
      return new Refused('blob.undecodable');
    case 'full':
      return new Refused('blob.storage_full');
  }
};

/** Looks into a file and puts its copies, and where it is not there yet the file itself, into the store. */
const inspectInto = (store: EvidenceStore, inspect: Inspect, sha256: string, path: string): Promise<Found> =>
  store.inFolder(async (folder) => {
    const found = await inspect(path, folder);
    if (!found.ok) throw refusedInspection(found);
    try {
      await store.keep(sha256, folder, found.copies, path);
    } catch (error) {
      throw isFull(error) ? new Refused('blob.storage_full') : error;
    }
    return found;
  });

const insertClaim = (client: pg.ClientBase, sha256: string, { claim }: Found): Promise<unknown> =>
  client.query(
    `INSERT INTO blob_claim (sha256, captured_at, captured_local, latitude, longitude, altitude_m, camera) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
    [sha256, claim.capturedAt, claim.capturedLocal, claim.position?.latitude, claim.position?.longitude, claim.position?.altitudeM, claim.camera],
  );

const storedFile = async (client: pg.ClientBase, sha256: string): Promise<StoredFile | null> => {
  const { rows } = await client.query<{ bytes: string; media_type: MediaType }>('SELECT bytes, media_type FROM blob WHERE sha256 = $1', [sha256]);
  return rows[0] ? { sha256, bytes: Number(rows[0].bytes), mediaType: rows[0].media_type } : null;
};

/** The file on record, if this person has sent the whole of it. */
export const uploadedBy = (deps: Pick<ApiDeps, 'database'>, personId: string, sha256: string): Promise<StoredFile | null> =>
  asService(deps.database, async (client) => {
    const { rowCount } = await client.query('SELECT FROM blob_upload WHERE sha256 = $1 AND person_id = $2', [sha256, personId]);
    return rowCount ? storedFile(client, sha256) : null;
  });

/**
 * All of a part has arrived: it becomes a file on record, or is refused and thrown away. Killed anywhere in between, the part
 * is still there and is finished by the next call. The files are on disk before their row says so.
 */
export const finishUpload = async (deps: Deps, personId: string, sha256: string, part: Part): Promise<{ isNew: boolean; file: StoredFile }> => {
  const { evidence, database, inspect } = deps;
  try {
    if (!(await evidence.parts.hasHash(part, sha256))) throw new Refused('blob.hash_mismatch');
    const known = (await evidence.exists(sha256)) && (await evidence.exists(sha256, 'view')) ? await asService(database, (client) => storedFile(client, sha256)) : null;
    const found = known ? null : await inspectInto(evidence, inspect, sha256, part.path);
    const result = await asService(database, async (client) => {
      let isNew = false;
      if (found) {
        const { rowCount } = await client.query('INSERT INTO blob (sha256, bytes, media_type) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [sha256, part.total, found.mediaType]);
        isNew = rowCount === 1;
        await insertClaim(client, sha256, found);
      }
      await client.query('INSERT INTO blob_upload (sha256, person_id) VALUES ($1, $2) ON CONFLICT DO NOTHING', [sha256, personId]);
      return { isNew, file: (await storedFile(client, sha256))! };
    });
    await evidence.parts.discard(personId, sha256);
    return result;
  } catch (error) {
    if (error instanceof Refused) await evidence.parts.discard(personId, sha256);
    throw error;
  }
};

const making = new Map<string, Promise<unknown>>();

/** Files from before copies were made get theirs when somebody asks for it. Refused where the file cannot be decoded. */
export const ensureView = async (deps: Deps, sha256: string): Promise<void> => {
  if (await deps.evidence.exists(sha256, 'view')) return;
  const made = making.get(sha256) ?? inspectInto(deps.evidence, deps.inspect, sha256, deps.evidence.path(sha256)).then((found) => asService(deps.database, (client) => insertClaim(client, sha256, found)));
  making.set(sha256, made);
  try {
    await made;
  } finally {
    making.delete(sha256);
  }
};
