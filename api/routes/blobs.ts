/** 证据文件: by content, in pieces that can be gone on with; others see a copy without metadata. */
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { EVIDENCE_LIMITS, maxBytesOf, MEDIA_TYPES, UPLOAD_LIMITS } from '../../domain/evidence.ts';
import type { MediaType } from '../../domain/evidence.ts';
import type { RefusalCode } from '../../domain/errors.ts';
import type { EvidenceCopy } from '../../platform/evidence-store.ts';
import { kindOf } from '../../platform/media/sniff.ts';
import { audit } from '../audit.ts';
import type { ApiDeps } from '../deps.ts';
import { asActor, asService } from '../deps.ts';
import { ensureView, finishUpload, uploadedBy } from '../evidence.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { Point, sha256 } from '../schemas/common.ts';
import type { SignedIn } from '../sign-in.ts';

const params = z.object({ sha256 });
const StoredBlob = z.object({ sha256: z.string(), bytes: z.number(), mediaType: z.string() }).meta({ id: 'StoredBlob' });
const UnfinishedBlob = z.object({ sha256: z.string(), offset: z.number(), total: z.number() }).meta({ id: 'UnfinishedBlob', description: 'Go on at offset' });

interface Sent {
  start: number;
  end: number;
  total: number;
  /** Without Content-Range: the whole file, from its beginning. */
  whole: boolean;
}

/** What the headers say about the body. Throws Refused where they contradict each other or say too much. */
const sentOf = (req: Request): Sent => {
  const length = req.get('Content-Length') === undefined ? null : Number(req.get('Content-Length'));
  const range = req.get('Content-Range');
  let sent: Sent;
  if (range === undefined) {
    if (length === null) throw new Refused('blob.range', { field: 'Content-Length' });
    sent = { start: 0, end: length, total: length, whole: true };
  } else {
    const [, first, last, size] = /^bytes (?:(\d{1,15})-(\d{1,15})|\*)\/(\d{1,15})$/.exec(range) ?? [];
    if (size === undefined) throw new Refused('blob.range', { field: 'Content-Range' });
    const total = Number(size);
    const start = first === undefined ? total : Number(first);
    const end = last === undefined ? total : Number(last) + 1;
    if (start > end || end > total || (length !== null && length !== end - start)) throw new Refused('blob.range', { field: 'Content-Range' });
    sent = { start, end, total, whole: false };
  }
  if (sent.total === 0) throw new Refused('blob.media_type');
  if (sent.total > EVIDENCE_LIMITS.videoBytes) throw new Refused('blob.too_large', { detail: { maxBytes: EVIDENCE_LIMITS.videoBytes } });
  return sent;
};

/** Of its first bytes: what the file is, and whether one of that kind may be so long. */
const refuseHead = (total: number) => (head: Buffer): RefusalCode | null => {
  const kind = kindOf(head);
  if (!kind) return 'blob.media_type';
  return total > maxBytesOf(kind) ? 'blob.too_large' : null;
};

const standing = (offset: number, total: number | null, complete: boolean): Record<string, string> => ({
  'Upload-Offset': String(offset), 'Upload-Complete': complete ? '?1' : '?0', ...(total === null ? {} : { 'Upload-Length': String(total) }),
});

type Received = { at: 'unfinished'; offset: number } | { at: 'finished'; isNew: boolean; file: z.input<typeof StoredBlob> };

/** Null: the sender is gone; what came is kept. */
const receive = async (deps: ApiDeps, req: Request, res: Response, personId: string, hash: string): Promise<Received | null> => {
  const { parts } = deps.evidence;
  const sent = sentOf(req);
  let receiving = true;
  return parts.hold(personId, hash, () => receiving && req.destroy(), async () => {
    const content = req.iterator({ destroyOnReturn: false });
    const outcome = await parts.append(personId, hash, { ...sent, content, refuseHead: refuseHead(sent.total) }, sent.whole);
    receiving = false;
    if (outcome.ok) {
      if (!outcome.complete) return { at: 'unfinished', offset: outcome.part.received };
      return { at: 'finished', ...(await finishUpload(deps, personId, hash, outcome.part)) };
    }
    switch (outcome.reason) {
      case 'broken':
        return null;
      case 'offset': {
        // The last piece again, whose answer was lost: it is finished already.
        const done = sent.end === sent.total ? await uploadedBy(deps, personId, hash) : null;
        if (done?.bytes === sent.total) return { at: 'finished', isNew: false, file: done };
        res.set(standing(outcome.received, null, false));
        throw new Refused('blob.offset', { field: 'Content-Range', detail: { offset: outcome.received } });
      }
      case 'range':
        throw new Refused('blob.range', { field: 'Content-Range' });
      case 'quota':
        throw new Refused('blob.quota', { detail: { maxBytes: UPLOAD_LIMITS.personBytes, maxFiles: UPLOAD_LIMITS.personFiles } });
      case 'full':
        throw new Refused('blob.storage_full');
      case 'head':
        throw new Refused(outcome.why as RefusalCode, { detail: outcome.why === 'blob.too_large' ? { maxBytes: EVIDENCE_LIMITS.photoBytes } : { accepted: Object.keys(MEDIA_TYPES) } });
    }
  });
};

const put = route({
  method: 'put', path: '/api/v1/blobs/{sha256}', tag: 'evidence', summary: 'Upload a photo or video by its SHA-256, whole or in pieces 上传证据', access: 'evidence.upload', params,
  response: z.union([StoredBlob, UnfinishedBlob]), statuses: [200, 201, 202], raw: { body: Object.keys(MEDIA_TYPES) },
  refusals: ['blob.hash_mismatch', 'blob.media_type', 'blob.too_large', 'blob.pixels', 'blob.frames', 'blob.undecodable', 'blob.range', 'blob.offset', 'blob.quota', 'blob.storage_full'],
  handle: async ({ params: p, session, deps, req, res }) => {
    try {
      const received = await receive(deps, req, res, session.actor.personId, p.sha256);
      if (!received) return undefined;
      if (received.at === 'finished') return { status: received.isNew ? 201 : 200, body: received.file, headers: standing(received.file.bytes, received.file.bytes, true) };
      const total = sentOf(req).total;
      return { status: 202, body: { sha256: p.sha256, offset: received.offset, total }, headers: standing(received.offset, total, false) };
    } catch (error) {
      if (Number(req.get('Content-Length') ?? Infinity) > UPLOAD_LIMITS.drainBytes) res.set('Connection', 'close');
      else req.resume();
      throw error;
    }
  },
});

const head = route({
  method: 'head', path: '/api/v1/blobs/{sha256}', tag: 'evidence', summary: 'How much of one’s own upload has arrived 上传进度', access: 'evidence.upload', params,
  handle: async ({ params: p, session, deps }) => {
    const done = await uploadedBy(deps, session.actor.personId, p.sha256);
    if (done) return { body: null, headers: standing(done.bytes, done.bytes, true) };
    const part = await deps.evidence.parts.find(session.actor.personId, p.sha256);
    return { body: null, headers: standing(part?.received ?? 0, part?.total ?? null, false) };
  },
});

/** To those who see a case that holds the file; to all others there is none. */
const visibleBlob = async (deps: ApiDeps, session: SignedIn, hash: string): Promise<{ mediaType: MediaType }> => {
  const { rowCount } = await asActor(deps.database, session, (client) => client.query('SELECT FROM evidence WHERE sha256 = $1 LIMIT 1', [hash]));
  if (!rowCount) throw new Refused('blob.not_found');
  const { rows } = await asService(deps.database, (client) => client.query<{ media_type: MediaType }>('SELECT media_type FROM blob WHERE sha256 = $1', [hash]));
  if (!rows[0] || !(await deps.evidence.exists(hash))) {
    deps.logger.error({ sha256: hash }, 'an evidence file is on record and not in the store');
    throw new Refused('blob.not_found');
  }
  return { mediaType: rows[0].media_type };
};

/** Never as part of a page: an attachment whose kind is not guessed, in a sandbox without origin. */
const sendFile = async (deps: ApiDeps, req: Request, res: Response, hash: string, copy: EvidenceCopy, mediaType: MediaType): Promise<undefined> => {
  const size = await deps.evidence.size(hash, copy);
  if (size === null) throw new Refused('blob.not_found');
  res.set({
    'Content-Type': copy === 'original' ? 'application/octet-stream' : mediaType, 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'",
    'Content-Disposition': `attachment; filename="${hash.slice(0, 16)}${copy === 'original' ? '-original' : ''}.${MEDIA_TYPES[mediaType]}"`,
    'Cache-Control': copy === 'original' ? 'no-store' : 'private, max-age=3600, immutable', ETag: `"${hash}-${copy}"`, 'Accept-Ranges': 'bytes',
  });
  const ranges = req.range(size, { combine: true });
  // Several ranges at once, or none that can be read, are answered with the whole.
  const range = Array.isArray(ranges) && ranges.type === 'bytes' && ranges.length === 1 ? ranges[0]! : null;
  if (ranges === -1) {
    res.status(416).set({ 'Content-Range': `bytes */${size}`, 'Content-Length': '0' }).end();
    return undefined;
  }
  res.status(range ? 206 : 200).set('Content-Length', String(range ? range.end - range.start + 1 : size));
  if (range) res.set('Content-Range', `bytes ${range.start}-${range.end}/${size}`);
  if (req.method === 'HEAD') res.end();
  else await pipeline(deps.evidence.read(hash, range ?? undefined, copy), res);
  return undefined;
};

const get = route({
  method: 'get', path: '/api/v1/blobs/{sha256}', tag: 'evidence', summary: 'The file as others may see it, to those who may see a case that holds it 证据文件', access: 'evidence.read', params,
  query: z.strictObject({ size: z.enum(['view', 'thumbnail']).default('view') }), statuses: [200, 206], raw: { response: Object.keys(MEDIA_TYPES) }, refusals: ['blob.not_found', 'blob.undecodable', 'blob.media_type', 'blob.pixels', 'blob.frames'],
  handle: async ({ params: p, query, session, deps, req, res }) => {
    const { mediaType } = await visibleBlob(deps, session, p.sha256);
    await ensureView(deps, p.sha256);
    return sendFile(deps, req, res, p.sha256, query.size, mediaType);
  },
});

const original = route({
  method: 'get', path: '/api/v1/blobs/{sha256}/original', tag: 'evidence', summary: 'The bytes as they were sent, metadata and all; audited 证据原件', access: 'evidence.original', params,
  statuses: [200, 206], raw: { response: ['application/octet-stream'] }, refusals: ['blob.not_found'],
  handle: async ({ params: p, session, deps, req, res }) => {
    const { mediaType } = await visibleBlob(deps, session, p.sha256);
    await asService(deps.database, (client) => audit.evidenceOriginal(client, { personId: session.actor.personId, sha256: p.sha256 }));
    return sendFile(deps, req, res, p.sha256, 'original', mediaType);
  },
});

const BlobClaim = z
  .object({ sha256: z.string(), capturedAt: z.string().nullable(), capturedLocal: z.string().nullable(), point: Point.nullable(), altitudeM: z.number().nullable(), camera: z.string().nullable(), readAt: z.string() })
  .meta({ id: 'BlobClaim', description: 'What the file says of its own origin: anybody can write anything there' });

const claim = route({
  method: 'get', path: '/api/v1/blobs/{sha256}/claim', tag: 'evidence', summary: 'When and where a file says it was taken: a claim, never proof 文件自述信息', access: 'evidence.claim', params, response: BlobClaim, refusals: ['blob.not_found'],
  handle: async ({ params: p, session, deps }) => {
    await visibleBlob(deps, session, p.sha256);
    await ensureView(deps, p.sha256);
    const { rows } = await asActor(deps.database, session, (client) =>
      client.query<{ captured_at: Date | null; captured_local: string | null; latitude: number | null; longitude: number | null; altitude_m: number | null; camera: string | null; read_at: Date }>('SELECT * FROM blob_claim WHERE sha256 = $1', [p.sha256]),
    );
    const row = rows[0];
    if (!row) throw new Refused('blob.not_found');
    return {
      body: {
        sha256: p.sha256, capturedAt: row.captured_at?.toISOString() ?? null, capturedLocal: row.captured_local,
        point: row.latitude === null || row.longitude === null ? null : { type: 'Point' as const, coordinates: [row.longitude, row.latitude] as [number, number] },
        altitudeM: row.altitude_m, camera: row.camera, readAt: row.read_at.toISOString(),
      },
    };
  },
});

export const blobRoutes = [head, put, get, original, claim];
