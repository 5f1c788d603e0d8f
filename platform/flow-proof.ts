/**
 * The proof that a request to the flow editor came through the API's sign-in: who acts and what they may, signed with a key
 * derived from INTERNAL_TOKEN. Made for each request, good for a minute.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const FLOW_PROOF_HEADER = 'x-pw-flow-proof';
export const FLOW_EDITOR_ROOT = '/flow-editor/';

export interface FlowActor {
  personId: string;
  name: string;
  /** False: may look, not change. */
  edit: boolean;
  language: 'zh' | 'en';
}

const GOOD_FOR_MS = 60_000;

/** A secret for one purpose, from the one that flow process and API share. */
export const deriveSecret = (internalToken: string, purpose: string): string => createHmac('sha256', internalToken).update(purpose).digest('hex');

const sign = (internalToken: string, body: string): Buffer => createHmac('sha256', deriveSecret(internalToken, 'flow-editor')).update(body).digest();

export const signFlowActor = (internalToken: string, actor: FlowActor, now: number): string => {
  const body = Buffer.from(JSON.stringify({ ...actor, until: now + GOOD_FOR_MS })).toString('base64url');
  return `${body}.${sign(internalToken, body).toString('base64url')}`;
};

/** Gives null for whatever was not signed here, or is too old. */
export const verifyFlowActor = (internalToken: string, proof: unknown, now: number): FlowActor | null => {
  if (typeof proof !== 'string') return null;
  const [body, signature, more] = proof.split('.');
  if (!body || !signature || more !== undefined) return null;
  const given = Buffer.from(signature, 'base64url');
  const expected = sign(internalToken, body);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const { until, personId, name, edit, language } = JSON.parse(Buffer.from(body, 'base64url').toString()) as FlowActor & { until: number };
  return until >= now ? { personId, name, edit, language } : null;
};
