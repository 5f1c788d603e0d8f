/** 账户与会话: sessions, lock-out, passwords, and which role belongs into which kind of organisation. */
import type { Result } from './errors.ts';
import { ok, refuse } from './errors.ts';
import type { OrganisationKind, Role } from './permissions.ts';

const MINUTE = 60_000;

export const SESSION = {
  /** Without any call for so long a session ends. */
  idleMs: 30 * MINUTE,
  /** However busy, a session ends after this. */
  maxMs: 12 * 60 * MINUTE,
  /** How often a call is noted as a sign of life. */
  touchMs: MINUTE,
} as const;

export const LOCK_OUT = { attempts: 5, forMs: 15 * MINUTE } as const;

export const PASSWORD_RULE = { minLength: 12, maxLength: 200 } as const;

/** Long enough and still the first that is tried. Compared without case, spaces and punctuation. */
const COMMON = [
  'password1234', 'passwordpassword', 'password12345', '123456789012', '1234567890123', '111111111111', '000000000000', 'qwertyuiop12', 'qwertyuiopas', 'qwerty123456',
  'administrator', 'admin1234567', 'adminadminadmin', 'letmeinletmein', 'welcome12345', 'iloveyou1234', 'abcdefghijkl', 'abcd12345678', 'woaini1314520', 'a12345678901',
  'parkwarden12', 'parkwarden123', 'parkwardenparkwarden', 'changemechangeme', 'changeme1234',
];

const plain = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** Whether a new password may be taken: length, not the user name, not one that everybody tries. */
export const checkPassword = (password: string, username: string): Result<true> => {
  const weak = (rule: string): Result<true> => refuse('auth.password_weak', { field: 'next', detail: { rule } });
  const length = [...password].length;
  if (length < PASSWORD_RULE.minLength) return weak('too_short');
  if (length > PASSWORD_RULE.maxLength) return weak('too_long');
  const bare = plain(password);
  const name = plain(username);
  if (name !== '' && bare.replaceAll(name, '').length < PASSWORD_RULE.minLength / 2 && bare.includes(name)) return weak('contains_username');
  if (COMMON.includes(bare) || new Set(bare).size < 5) return weak('common');
  return ok(true);
};

const ORG_KIND_OF: Record<Role, OrganisationKind> = {
  park_admin: 'park_department',
  emergency_office: 'park_department',
  inspector: 'park_department',
  investment_office: 'park_department',
  process_owner: 'park_department',
  enterprise_safety_officer: 'enterprise',
  regulator: 'regulator',
};

export const roleFits = (role: Role, kind: OrganisationKind): boolean => ORG_KIND_OF[role] === kind;
