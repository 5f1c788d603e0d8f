/** 证据文件: by content. */
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { EVIDENCE_LIMITS, MEDIA_TYPES } from '../../domain/evidence.ts';
import type { MediaType } from '../../domain/evidence.ts';
import { asActor, asService } from '../deps.ts';
import type { SniffedMedia } from '../media.ts';
import { sniffMedia } from '../media.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { sha256 } from '../schemas/common.ts';

const params = z.object({ sha256 });
const StoredBlob = z.object({ sha256: z.string(), bytes: z.number(), mediaType: z.string() }).meta({ id: 'StoredBlob' });

const put = route({
  method: 'put', path: '/api/v1/blobs/{sha256}', tag: 'evidence', summary: 'Upload a photo or video by its SHA-256 上传证据', access: 'evidence.upload', params, response: StoredBlob, statuses: [200, 201],
  raw: { body: Object.keys(MEDIA_TYPES) }, refusals: ['blob.hash_mismatch', 'blob.media_type', 'blob.too_large', 'blob.pixels'],
  handle: async ({ params: p, deps, req, res }) => {
    // The rest of a refused upload is not read: the connection ends with the answer.
    const refuse = (code: 'blob.too_large' | 'blob.hash_mismatch' | 'blob.media_type' | 'blob.pixels', detail: Record<string, unknown>): never => {
      res.set('Connection', 'close');
      throw new Refused(code, { detail });
    };
    if (Number(req.get('Content-Length') ?? 0) > EVIDENCE_LIMITS.bytes) refuse('blob.too_large', { maxBytes: EVIDENCE_LIMITS.bytes });
    let media: SniffedMedia | null = null;
    const outcome = await deps.evidence.put(p.sha256, req, EVIDENCE_LIMITS.bytes, (head) => {
      media = sniffMedia(head);
      return media !== null && (media.pixels ?? 0) <= EVIDENCE_LIMITS.pixels;
    });
    const found = media as SniffedMedia | null;
    if (!outcome.ok) {
      if (outcome.reason === 'too_large') return refuse('blob.too_large', { maxBytes: EVIDENCE_LIMITS.bytes });
      if (outcome.reason === 'hash_mismatch') return refuse('blob.hash_mismatch', {});
      return found ? refuse('blob.pixels', { maxPixels: EVIDENCE_LIMITS.pixels, pixels: found.pixels }) : refuse('blob.media_type', { accepted: Object.keys(MEDIA_TYPES) });
    }
    // The file is on disk before the row says so.
    const { rowCount } = await asService(deps.database, (client) =>
      client.query('INSERT INTO blob (sha256, bytes, media_type) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [p.sha256, outcome.bytes, found!.mediaType]),
    );
    return { status: rowCount === 1 ? 201 : 200, body: { sha256: p.sha256, bytes: outcome.bytes, mediaType: found!.mediaType } };
  },
});

const get = route({
  method: 'get', path: '/api/v1/blobs/{sha256}', tag: 'evidence', summary: 'The file, to those who may see a case that holds it 证据文件', access: 'evidence.read', params, raw: { response: Object.keys(MEDIA_TYPES) }, refusals: ['blob.not_found'],
  handle: async ({ params: p, session, deps, res }) => {
    const { rowCount } = await asActor(deps.database, session, (client) => client.query('SELECT FROM evidence WHERE sha256 = $1 LIMIT 1', [p.sha256]));
    if (!rowCount) throw new Refused('blob.not_found');
    const { rows } = await asService(deps.database, (client) => client.query<{ media_type: MediaType; bytes: string }>('SELECT media_type, bytes FROM blob WHERE sha256 = $1', [p.sha256]));
    const blob = rows[0];
    if (!blob || !(await deps.evidence.exists(p.sha256))) {
      deps.logger.error({ sha256: p.sha256 }, 'an evidence file is on record and not in the store');
      throw new Refused('blob.not_found');
    }
    res.set({
      'Content-Type': blob.media_type, 'Content-Length': blob.bytes, 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'",
      'Content-Disposition': `attachment; filename="${p.sha256.slice(0, 16)}.${MEDIA_TYPES[blob.media_type]}"`, 'Cache-Control': 'private, max-age=3600, immutable', ETag: `"${p.sha256}"`,
    });
    await pipeline(deps.evidence.read(p.sha256), res);
    return undefined;
  },
});

export const blobRoutes = [put, get];
