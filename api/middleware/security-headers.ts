import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';

/** MapLibre runs its workers from blobs; everything else comes from here. */
const PAGE_POLICY = [
  "default-src 'self'", "script-src 'self'", "style-src 'self' 'unsafe-inline'", "img-src 'self' data: blob:", "media-src 'self' blob:", "font-src 'self' data:", "connect-src 'self'", "worker-src 'self' blob:",
  "child-src 'self' blob:", "frame-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'",
].join('; ');

const REQUEST_ID = /^[\w.-]{8,64}$/;

export const securityHeaders = (isHttps: boolean): RequestHandler => (req, res, next) => {
  const given = req.get('X-Request-Id');
  res.locals.requestId = given && REQUEST_ID.test(given) ? given : randomUUID();
  res.set({
    'X-Request-Id': res.locals.requestId as string, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'same-origin', 'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin', 'Permissions-Policy': 'camera=(self), geolocation=(self), microphone=()',
  });
  if (isHttps) res.set('Strict-Transport-Security', 'max-age=31536000');
  next();
};

export const pagePolicy: RequestHandler = (_req, res, next) => {
  res.set({ 'Content-Security-Policy': PAGE_POLICY, 'X-Frame-Options': 'DENY' });
  next();
};
