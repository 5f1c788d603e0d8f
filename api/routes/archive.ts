/** 归档包: what a closed cycle of a case leaves. */
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { asActor } from '../deps.ts';
import type { ApiDeps } from '../deps.ts';
import { Refused } from '../problem.ts';
import { route } from '../route.ts';
import { id } from '../schemas/common.ts';
import type { SignedIn } from '../sign-in.ts';
import { iso } from '../views/refs.ts';

const tag = 'archive';
const params = z.object({ id });
const packageParams = z.object({ id, cycle: z.string().regex(/^[1-9]\d{0,4}$/).transform(Number) });

const sha256 = z.string();
const ArchivePackage = z
  .object({
    cycle: z.number().int(), format: z.string(), json: z.object({ sha256, bytes: z.number().int() }), document: z.object({ sha256, bytes: z.number().int() }).nullable().meta({ description: 'null while it is still being made' }),
    chainHead: z.string(), lastSeq: z.number().int(), madeAt: z.string(),
  })
  .meta({ id: 'ArchivePackage' });
const ArchivePackageList = z.object({ items: z.array(ArchivePackage) }).meta({ id: 'ArchivePackageList' });

interface PackageRow {
  number: string; cycle: number; format: string; json_sha256: string; json_bytes: string; pdf_sha256: string | null; pdf_bytes: string | null; chain_head: string; last_seq: number; made_at: Date;
}

/** The packages of a case that this reader may see; refuses where the case is not for them. */
const packagesOf = (deps: ApiDeps, session: SignedIn, hazardId: string): Promise<PackageRow[]> =>
  asActor(deps.database, session, async (client) => {
    const { rowCount } = await client.query('SELECT FROM hazard WHERE id = $1', [hazardId]);
    if (rowCount === 0) throw new Refused('hazard.not_found');
    const { rows } = await client.query<PackageRow>('SELECT p.*, h.number FROM archive_package p JOIN hazard h ON h.tenant_id = p.tenant_id AND h.id = p.hazard_id WHERE p.hazard_id = $1 ORDER BY p.cycle', [hazardId]);
    return rows;
  });

const FILES = {
  json: { mediaType: 'application/json', summary: 'The package as it is verified 归档包' },
  pdf: { mediaType: 'application/pdf', summary: 'The package to read 归档文书' },
} as const;

const fileRoute = (kind: keyof typeof FILES) =>
  route({
    method: 'get', path: `/api/v1/hazards/{id}/packages/{cycle}.${kind}`, tag, summary: FILES[kind].summary, access: 'archive.read', params: packageParams, raw: { response: [FILES[kind].mediaType] },
    refusals: ['hazard.not_found', 'archive.not_found', 'archive.damaged', ...(kind === 'pdf' ? (['archive.document_pending'] as const) : [])],
    handle: async ({ params: p, session, deps, res }) => {
      const found = (await packagesOf(deps, session, p.id)).find((row) => row.cycle === p.cycle);
      if (!found) throw new Refused('archive.not_found');
      const sha = kind === 'json' ? found.json_sha256 : found.pdf_sha256;
      if (sha === null) throw new Refused('archive.document_pending');
      const bytes = Number(kind === 'json' ? found.json_bytes : found.pdf_bytes);
      if (!(await deps.archive.isIntact(sha))) {
        deps.logger.error({ sha256: sha, hazardId: p.id, cycle: p.cycle }, 'an archive file is not in the store as it was put there');
        throw new Refused('archive.damaged');
      }
      res.set({
        'Content-Type': FILES[kind].mediaType, 'Content-Length': String(bytes), 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'",
        'Content-Disposition': `attachment; filename="${found.number}-${found.cycle}.${kind}"`, 'Cache-Control': 'private, max-age=3600, immutable', ETag: `"${sha}"`,
      });
      await pipeline(deps.archive.stream(sha), res);
      return undefined;
    },
  });

export const archiveRoutes = [
  route({
    method: 'get', path: '/api/v1/hazards/{id}/packages', tag, summary: 'The packages of a case, one for each archived cycle 归档包列表', access: 'archive.read', params, response: ArchivePackageList, refusals: ['hazard.not_found'],
    handle: async ({ params: p, session, deps }) => ({
      body: {
        items: (await packagesOf(deps, session, p.id)).map((row) => ({
          cycle: row.cycle, format: row.format, json: { sha256: row.json_sha256, bytes: Number(row.json_bytes) }, document: row.pdf_sha256 === null ? null : { sha256: row.pdf_sha256, bytes: Number(row.pdf_bytes) },
          chainHead: row.chain_head, lastSeq: row.last_seq, madeAt: iso(row.made_at),
        })),
      },
    }),
  }),
  fileRoute('json'),
  fileRoute('pdf'),
];
