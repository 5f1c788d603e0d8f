/** OpenAPI 3.1 from the routes: the same schemas that check every call. */
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiPathsObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { createDocument } from 'zod-openapi';
import type { RefusalCode } from '../domain/errors.ts';
import { REFUSALS } from '../domain/errors.ts';
import { PERMISSIONS } from '../domain/permissions.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes/index.ts';

const Problem = z
  .object({
    type: z.string(), title: z.string(), status: z.number().int(), detail: z.string(), code: z.enum(Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]]), titleZh: z.string(), titleEn: z.string(),
    errors: z.array(z.object({ field: z.string(), code: z.string(), messageZh: z.string(), messageEn: z.string() })).optional(), instance: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

const changes = (r: Route): boolean => r.method !== 'get' && r.method !== 'head';

/** Refusals that a route can give because of what it is. */
export const refusalsOf = (r: Route): RefusalCode[] => {
  const codes: RefusalCode[] = [...(r.refusals ?? [])];
  if (r.access !== 'public') codes.push('auth.required');
  if (r.access !== 'public' && changes(r)) codes.push('auth.csrf');
  if (r.access !== 'public' && r.access !== 'session.before_password_change') codes.push('auth.password_change_required');
  if (r.access in PERMISSIONS) codes.push('permission.denied');
  if (r.body) codes.push('request.invalid', 'request.malformed', 'request.too_large', 'request.media_type');
  if (r.query) codes.push('request.invalid', 'request.cursor_invalid');
  if (r.params) codes.push('request.not_found');
  if (r.idempotent) codes.push('request.idempotency_required', 'request.idempotency_mismatch', 'request.idempotency_running');
  if (r.path.startsWith('/api/')) codes.push('service.unavailable');
  return [...new Set(codes)];
};

const contentOf = (types: readonly string[]) => Object.fromEntries(types.map((type) => [type, { schema: { type: 'string' as const, ...(type.startsWith('text/') ? {} : { format: 'binary' }) } }]));

const responsesOf = (r: Route): ZodOpenApiResponsesObject => {
  const responses: Record<string, ZodOpenApiResponsesObject[`${1 | 2 | 3 | 4 | 5}${string}`]> = {};
  for (const status of r.statuses ?? [r.response || r.raw?.response ? 200 : 204]) {
    responses[String(status)] = {
      description: status === 202 ? 'Safe, and not registered yet' : 'Success',
      ...(r.response ? { content: { 'application/json': { schema: r.response } } } : r.raw?.response ? { content: contentOf(r.raw.response) } : {}),
    };
  }
  const byStatus = Map.groupBy(refusalsOf(r), (code) => REFUSALS[code].status);
  for (const [status, codes] of [...byStatus].sort((a, b) => a[0] - b[0])) {
    responses[String(status)] ??= { description: codes.map((code) => `\`${code}\` ${REFUSALS[code].zh} / ${REFUSALS[code].en}`).join('\n\n'), content: { 'application/problem+json': { schema: Problem } } };
  }
  return responses as ZodOpenApiResponsesObject;
};

const headersOf = (r: Route): z.ZodObject | undefined => {
  const shape: Record<string, z.ZodType> = {};
  if (r.access !== 'public' && changes(r)) shape['X-CSRF-Token'] = z.string().meta({ description: 'csrfToken of the session' });
  if (r.idempotent) shape['Idempotency-Key'] = z.string().min(8).max(128);
  if (r.path.endsWith('/acts')) shape['If-Match'] = z.string().optional().meta({ description: 'ETag of the case as it was read' });
  if (r.path === '/api/v1/blobs/{sha256}' && r.method === 'put') shape['Content-Range'] = z.string().optional().meta({ description: '`bytes 0-8388607/20971520`: a piece; `bytes */20971520`: all is there, finish' });
  if (r.path === '/api/v1/events') shape['Last-Event-ID'] = z.string().optional();
  return Object.keys(shape).length > 0 ? z.object(shape) : undefined;
};

const operationOf = (r: Route): ZodOpenApiOperationObject => {
  const header = headersOf(r);
  return {
    tags: [r.tag],
    summary: r.summary,
    operationId: `${r.method}_${r.path.replace(/^\/(api\/v1\/)?/, '').replace(/[^A-Za-z0-9]+/g, '_').replace(/_$/, '')}`,
    ...(r.access in PERMISSIONS ? { description: `Needs \`${r.access}\`: ${PERMISSIONS[r.access as keyof typeof PERMISSIONS].join(', ')}.` } : {}),
    ...(r.access === 'public' ? { security: [] } : {}),
    requestParams: { ...(r.params ? { path: r.params } : {}), ...(r.query ? { query: r.query } : {}), ...(header ? { header } : {}) },
    ...(r.body ? { requestBody: { required: true, content: { 'application/json': { schema: r.body } } } } : r.raw?.body ? { requestBody: { required: true, content: contentOf(r.raw.body) } } : {}),
    responses: responsesOf(r),
  };
};

export const openApiDocument = (): Record<string, unknown> => {
  const paths: ZodOpenApiPathsObject = {};
  for (const r of ROUTES) paths[r.path] = { ...paths[r.path], [r.method]: operationOf(r) };
  return createDocument({
    openapi: '3.1.0',
    info: { title: 'ParkWarden 园安', version: '1', description: 'What the form cannot say (who may, what is promised, how to retry) is in docs/interfaces/http.md.', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ session: [] }],
    paths,
    components: { securitySchemes: { session: { type: 'apiKey', in: 'cookie', name: 'pw_session', description: '`__Host-pw_session` where PUBLIC_URL is https' } } },
  }) as unknown as Record<string, unknown>;
};

/** As it is written to docs/openapi.json. */
export const openApiText = (): string => `${JSON.stringify(openApiDocument(), null, 2)}\n`;

if (import.meta.main) process.stdout.write(openApiText());
