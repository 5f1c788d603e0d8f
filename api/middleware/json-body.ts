import express from 'express';
import type { RequestHandler } from 'express';
import { Refused } from '../problem.ts';

export const BODY_LIMIT = 256 * 1024;
/** Our deepest body nests four levels. */
const DEPTH_LIMIT = 12;

const nestsTooDeep = (text: string): boolean => {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > DEPTH_LIMIT) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
};

/** JSON bodies, small and flat, looked at before they are parsed. */
export const jsonBody: RequestHandler = express.json({
  limit: BODY_LIMIT,
  strict: true,
  type: 'application/json',
  verify: (_req, _res, buffer) => {
    if (nestsTooDeep(buffer.toString('utf8'))) throw new Refused('request.malformed', { detail: { maxDepth: DEPTH_LIMIT } });
  },
});
