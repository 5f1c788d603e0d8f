import express from 'express';
import type { RequestHandler } from 'express';
import { nestsDeeperThan } from '../../domain/json-depth.ts';
import { Refused } from '../problem.ts';

export const BODY_LIMIT = 256 * 1024;
/** Our deepest body nests four levels. */
const DEPTH_LIMIT = 12;

/** JSON bodies, small and flat, looked at before they are parsed. */
export const jsonBody: RequestHandler = express.json({
  limit: BODY_LIMIT,
  strict: true,
  type: 'application/json',
  verify: (_req, _res, buffer) => {
    if (nestsDeeperThan(buffer.toString('utf8'), DEPTH_LIMIT)) throw new Refused('request.malformed', { detail: { maxDepth: DEPTH_LIMIT } });
  },
});
